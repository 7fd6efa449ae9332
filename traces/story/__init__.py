"""A trace in words.

In: a trace. Out: sentences. `words` are for values and messages, `membership` for who the servers
are, `changes` for what a step changes, `sentences` for whole steps; `causal_slice` finds which
steps lead to what is violated, and `what_went_wrong` says it in a sentence, `of_features` and
`of_membership` where these went wrong; all from the `evidence` that a trace has.
"""

"""What a search found, whoever searched: verdict, coverage, counterexample, graph.

In: a system, and the steps that a search took. Out: a `Report` that is never rounded up.
"""

"""Why a line of a recorded trace is refused, told to who wrote it.

In: the verdict, with its search and the readings before the line. Out: a `Refusal`.

Each `candidate` is an action that might explain the line: all `candidates` are found by what the
search tries, or are the nearest of `messages` that nobody sent; their `differences` say which comes
first. Of the nearest one a `case` is made, of which the `reasons`, those `of_logs`, `of_features`,
`of_reads` and `of_membership` apart, tell in a sentence. The `ending` is what a picture shows;
`refusal` joins them.
"""

"""From Init and Next to states: what may come first, and what follows a state.

In: operators as Python functions. Out: successors, each computed once for all that it depends on.
"""

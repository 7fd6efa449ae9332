"""The embedded checker: all states of a specification, counted as TLC counts.

In: a module and its configuration, the `.cfg` (`config`). Out: a `Report` (`verdict`) with
a shortest counterexample, which `behavior` shows as text. `task` puts together what is to be
checked, `search` does it, breadth first, and `symmetry` lets states count as one. The states found
are in Python (`kept`), or in a native core that does what is ordinary (`core`). `liveness` looks
at whole behaviors on the graph of all states: for `fair_cycles` of its product with an automaton
that `tableau` makes of a formula.
"""

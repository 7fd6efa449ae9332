"""From Init and Next to states: what may come first, and what follows a state.

In: the tree of Init and Next, and a `Program`. Out: `Transitions`, from a state to its successors.

`actions` (with `inlining`) writes an action as Python code, which `successors` runs; `enabled` asks
whether there is any; `blame` finds the operator that leaves a variable without a value. That is all
that `transitions` needs. So that equal work is done once, an action is then specialized (partial
evaluation): `distribution` splits it where it begins with a choice, `binding_times` finds the
dynamic variables, `specialization` writes what can be computed without them, `residuals` the rest;
`memoization` keeps the results of both, for states that are rows of numbers (`interning`), and
`answers` has them for a native search that keeps them itself. In `slots` it is told which parts of
functions were read for an answer.
"""

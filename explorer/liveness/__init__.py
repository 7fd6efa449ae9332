"""Liveness: what must happen in the end, in every run that is fair.

A run begins in the initial state, and every step of it changes something. From some moment on it
takes no step at rest: those of the network's faults (`FAULTS`) always are, others where that is
assumed. It is infinite, or ends in a state out of which only steps at rest lead. It is fair if it
satisfies what is assumed: an action under weak fairness is not enabled for ever without being
taken, one under strong fairness is not enabled again and again without being taken again and again.
The goal must be met by every fair run; one that does not meet it is a lasso, a way to a loop (or to
an end).

Bounds are guards. A step that a bound forbids is not enabled, and so no fairness is owed to it. A
lasso that is there for that reason alone, because a bound keeps a step from being owed, refutes
nothing, nor does the goal hold then: the search ends incomplete, and shows it.

In: a system, a `goal`, `assumptions`. Out: a `report`, with the `lasso` that was found. `labels`
are what assumptions make of steps; `loops` says which sets of states a fair run can stay in for
ever. `plain` is the definition, `native` the same with the engine in C++; `choice` picks one.
"""

"""Functions for each server, slot by slot: what reads one is not remembered under all of them.

In: the actions of a specification and its initial states. Out: rows with a column for each slot,
and answers that tell which columns were read (`actions`, the front door). `writing` is how actions
are written so that they tell; what their text finds there for variables is in `reading`, and
`layout` makes rows of states. `answers` is what a native search asks.
"""

"""The embedded checker: all states of a specification, counted as TLC counts.

In: a module and its configuration (`.cfg`). Out: a `Report` with a shortest counterexample.
"""

"""The values of TLA+ and the operators on them, as TLC has them.

In: nothing of the others but errors. Out: immutable, hashable Python objects, and
functions of them.
"""

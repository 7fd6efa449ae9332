"""From operators to Python: a function for each.

In: a syntax tree whose names have a meaning. Out: Python functions over values.
"""

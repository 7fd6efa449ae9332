"""Random walks, far beyond what can be exhausted.

In: a system, its properties, a seed. Out: a violation with the fewest steps that shrinking reaches.
"""

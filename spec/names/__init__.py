"""What each name stands for, and what is known of an operator before it is evaluated.

In: a syntax tree. Out: the meaning of each name, instances, the actions that a next-state relation
falls apart into, and the kinds of formulas of behaviours.
"""

"""Real TLC, and the states that it prints.

In: a module and its configuration. Out: what TLC found.
"""

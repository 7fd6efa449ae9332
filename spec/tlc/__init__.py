"""Real TLC, where there is Java.

In: a module and its configuration. Out: what TLC counted and found (`run`), and the states that it
printed as values of ours (`states`).
"""

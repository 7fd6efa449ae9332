"""A trace in words, and which of its steps lead to what it violates.

In: a trace. Out: sentences.
"""

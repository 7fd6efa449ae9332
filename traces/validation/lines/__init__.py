"""From lines of a log to events, in the names of the spec.

In: files of any format that a profile reads. Out: events, in the order in which they are tried.
"""

"""What the spec lets one server do, and whether that is what was logged.

In: RaftTrace.tla and RaftInvariants.tla. Out: steps of one server on one message; agreement of
values, logs and properties.
"""

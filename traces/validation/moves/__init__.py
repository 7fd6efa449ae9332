"""Moves: what a server may have done at a line, and what that makes of a reading.

In: a `world`, which is a reading so far, and an event. Out: the worlds that one of the `moves`
leads to. Each takes steps of RaftTrace.tla (`taking`), by `sending` and `receiving` messages that
the `network` remembers; `others` is what other servers must have done for that, `reads` what reads
and leases add.
"""

"""The ladder: what `raft-ref check` searches when nobody says how far.

In: a request without bounds, and a budget of time. Out: a report on all rungs.

`rungs` are the searches and the reason for each; `ladder` climbs them, several at a time (`race`),
each in a process of its own (`forked`).
"""

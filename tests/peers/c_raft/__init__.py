"""Drives Canonical's C raft, a cluster in one process, as standard input says (traces/ADAPTER.md).

What to know of it:

- Every log begins with an entry for its members, of term 1, that is committed.
- A vote that is asked for twice is granted twice; a server that has heard of a leader lately does
  not vote, unless its clock says otherwise.
- A leader that hears of no majority for a while steps down.
- It compacts its log by itself, after many entries, and is not asked to.

`python -m tests.peers.c_raft`, with Debian's libraft-dev and a C compiler
"""

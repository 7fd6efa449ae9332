"""Playing: a schedule that a person writes, on the reference node or one of its mutants.

In: a `PlayRequest`, with a file: text that reads like a figure of the paper, or a schedule as
`raft_ref.traces.conformance` writes it. Out: a `PlayReport` with the trace of what happened, and
what of it is not as the file expects.

`script` reads the text (the words are in its head); a `player` plays it, step by step, on a
`cluster`; `request` joins them.
"""

from raft_ref.traces.playing.request import PlayReport, PlayRequest

__all__ = ["PlayReport", "PlayRequest"]

"""Watching: the verdict on logs while they are written, as validation gives it on files.

In: a `WatchRequest`, files that grow (or standard input) and the profile that reads their lines.
Out: what is to be told, as soon as it is found, and a `WatchReport` in the end.

`tailing` reads what is written to a file, whatever becomes of that; `arriving` puts the lines of
all into one order; `watch` has each judged, and lets go what no line to come can need.
"""

from raft_ref.traces.watching.watch import Kind, Told, Watched, WatchReport, WatchRequest

__all__ = ["Kind", "Told", "WatchReport", "WatchRequest", "Watched"]

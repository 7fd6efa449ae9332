"""Traces: what happened in a cluster, step by step, in one format whoever recorded it.

`format` reads and writes them. `story` tells a trace in sentences, `drawing` as a space-time
diagram or a page. `validation` says whether a recorded trace is a behaviour of the spec, and
`profiles` how to read the traces of other implementations for that. `conformance` drives an
implementation through scenarios, `playing` plays schedules that people write. Beside them, no
code: `gallery` has the traces of known bugs, `recorded` those of real clusters, `schedules` figures
of the paper.
"""

from raft_ref.traces.drawing.diagram import draw
from raft_ref.traces.drawing.render import FORMATS, RenderError, render
from raft_ref.traces.format.ndjson import read, write
from raft_ref.traces.format.trace import (
    JsonObject,
    Trace,
    TraceError,
    TraceStep,
    Violation,
    states,
)
from raft_ref.traces.story.sentences import tell

__all__ = [
    "FORMATS",
    "JsonObject",
    "RenderError",
    "Trace",
    "TraceError",
    "TraceStep",
    "Violation",
    "draw",
    "read",
    "render",
    "states",
    "tell",
    "write",
]

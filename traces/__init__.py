"""Traces: the format, the story in prose, the space-time diagram."""

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

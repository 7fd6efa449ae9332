"""Traces: the format, the story in prose, the space-time diagram."""

from traces.diagram import draw
from traces.format import read, write
from traces.render import FORMATS, RenderError, render
from traces.story import tell
from traces.trace import JsonObject, Trace, TraceError, TraceStep, Violation, states

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

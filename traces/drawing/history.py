"""The history of a store, as clients saw it, drawn: each operation is a bar from when to when.

Every operation has a row of its own, with its text beside it, so that nothing overlaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import graphviz

from raft_ref.traces.drawing.markup import fixed, point, write
from raft_ref.traces.drawing.metrics import LINE_HEIGHT, SMALLEST, Box, text_width
from raft_ref.traces.drawing.scene import RIGHT
from raft_ref.traces.drawing.style import LIGHT, SANS, Theme

_SIZE = 9.0
_ROW = 24.0
_TOP = 62.0
_TIMELINE = 360.0
_LEAST_BAR = 4.0


class Operation(NamedTuple):
    """An operation of a client: what it was and how it was answered, and seconds.

    `end` is None where there was no answer; `is_out_of_place` if the others can be put in order
    without it.
    """

    text: str
    start: float
    end: float | None
    is_out_of_place: bool = False


def draw_history(
    title: str, wrong: str, source: str, operations: Sequence[Operation], theme: Theme = LIGHT
) -> graphviz.Digraph:
    """Return the diagram of a history; its `source` is the .gv text.

    Arguments: what is violated; a sentence that says what is wrong; where the history comes from;
    the operations, in the order of their rows.
    """
    graph = graphviz.Digraph("history", engine="neato")
    graph.attr(
        layout="neato", inputscale="72", notranslate="true", splines="line", pad="0.15",
        outputorder="edgesfirst",
        bgcolor=theme.paper, fontname=SANS,
    )  # fmt: skip
    graph.attr("node", fontname=SANS, shape="plain", margin="0")
    left = max(text_width(each.text, _SIZE) for each in operations) + 16
    first = min(each.start for each in operations)
    last = max(each.end or each.start for each in operations)
    scale = _TIMELINE / max(last - first, 1e-9)
    bottom = _TOP + _ROW * len(operations)
    rows = ((title, 16, theme.ink), (wrong, 11, theme.lost), (source, 10, theme.quiet))
    for number, (text, size, colour) in enumerate(rows):
        _text(graph, f"title{number}", text, 0, 8 + 18 * number, size, colour)
    for number, each in enumerate(operations):
        y = _TOP + _ROW * (number + 0.5)
        end = _TIMELINE + left if each.end is None else left + (each.end - first) * scale
        _bar(graph, f"operation{number}", left + (each.start - first) * scale, end, y, each, theme)
        colour = theme.lost if each.is_out_of_place else theme.ink
        _text(graph, f"text{number}", each.text, 0, y, _SIZE, colour)
    for number, seconds in enumerate((first, last)):
        x = left + (seconds - first) * scale
        below = Box(x, bottom + 12, 60, 12)
        write(graph, f"time{number}", below, f"{seconds:.3f} s", SMALLEST, theme.quiet)
        above, under = f"tick{number}a", f"tick{number}b"
        point(graph, above, x, _TOP)
        point(graph, under, x, bottom)
        graph.edge(above, under, color=theme.guide, arrowhead="none")
    return graph


def _bar(
    graph: graphviz.Digraph, name: str, start: float, end: float, y: float, operation: Operation,
    theme: Theme,
) -> None:  # fmt: skip
    width = max(end - start, _LEAST_BAR)
    is_open = operation.end is None
    fill, line = theme.terms[0], theme.role_lines["Leader"]
    if operation.is_out_of_place:
        fill, line = theme.broken, theme.lost
    fixed(
        graph, name, Box(start + width / 2, y, width, 12), "", shape="box",
        style="filled,dashed" if is_open else "filled",
        fillcolor=theme.paper if is_open else fill, color=line,
    )  # fmt: skip


def _text(
    graph: graphviz.Digraph, name: str, text: str, x: float, y: float, size: float, colour: str
) -> None:
    width = text_width(text, size)
    write(graph, name, Box(x + width / 2, y, width, size * LINE_HEIGHT), text, size, colour, RIGHT)

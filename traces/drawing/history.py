"""The history of a store, as clients saw it, drawn: each operation is a bar from when to when.

Every operation has a row of its own, with its text beside it, so that nothing overlaps. Below them,
on the same clock, is each server: when it was up, led, and was cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import graphviz

from raft_ref.traces.drawing.markup import fixed, point, write
from raft_ref.traces.drawing.metrics import LINE_HEIGHT, SMALLEST, Box, text_width
from raft_ref.traces.drawing.scene import LEFT, RIGHT
from raft_ref.traces.drawing.style import LIGHT, SANS, Theme

_SIZE = 9.0
_ROW = 24.0
_TOP = 62.0
_TIMELINE = 420.0
_LEAST_BAR = 4.0
_SERVER = 40.0
_LEAST_STRETCH = 0.5


class Operation(NamedTuple):
    """An operation of a client: what it was and how it was answered, and seconds.

    `end` is None where there was no answer; `is_out_of_place` if the others can be put in order
    without it.
    """

    text: str
    start: float
    end: float | None
    is_out_of_place: bool = False


class Stretch(NamedTuple):
    """A server from when to when: whether it is up, the term that it leads, what cuts it off."""

    start: float
    end: float
    is_up: bool
    leads: int | None
    cut: str


class Lifetime(NamedTuple):
    """A server through all of a history."""

    name: str
    stretches: tuple[Stretch, ...]


class _Clock(NamedTuple):
    """Where moments are: the first and the last one, in seconds, and the x of the first."""

    first: float
    last: float
    left: float

    def x(self, seconds: float) -> float:
        part = (seconds - self.first) / max(self.last - self.first, 1e-9)
        return self.left + _TIMELINE * min(1.0, max(0.0, part))


def draw_history(
    title: str,
    wrong: str,
    source: str,
    operations: Sequence[Operation],
    servers: Sequence[Lifetime] = (),
    theme: Theme = LIGHT,
) -> graphviz.Digraph:
    """Return the diagram of a history; its `source` is the .gv text.

    Arguments: what is violated; a sentence that says what is wrong; where the history comes from;
    the operations, in the order of their rows; the servers, as far as they are known.
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
    clock = _Clock(first, max(each.end or each.start for each in operations), left)
    rows = ((title, 16, theme.ink), (wrong, 11, theme.lost), (source, 10, theme.quiet))
    for number, (text, size, colour) in enumerate(rows):
        _text(graph, f"title{number}", text, 0, 8 + 18 * number, size, colour)
    for number, each in enumerate(operations):
        y = _TOP + _ROW * (number + 0.5)
        end = clock.last if each.end is None else each.end
        _bar(graph, f"operation{number}", clock.x(each.start), clock.x(end), y, each, theme)
        colour = theme.lost if each.is_out_of_place else theme.ink
        _text(graph, f"text{number}", each.text, 0, y, _SIZE, colour)
    bottom = _TOP + _ROW * len(operations)
    _times(graph, clock, bottom, bottom + 30 + _SERVER * len(servers), theme)
    for number, server in enumerate(servers):
        _server(graph, f"server{number}", server, bottom + 30 + _SERVER * number, clock, theme)
    return graph


def _times(
    graph: graphviz.Digraph, clock: _Clock, middle: float, bottom: float, theme: Theme
) -> None:
    """Draw a line from the top to the bottom at the first and the last moment."""
    for number, seconds in enumerate((clock.first, clock.last)):
        x = clock.x(seconds)
        below = Box(x, middle + 12, 60, 12)
        write(graph, f"time{number}", below, f"{seconds:.3f} s", SMALLEST, theme.quiet)
        above, under = f"tick{number}a", f"tick{number}b"
        point(graph, above, x, _TOP)
        point(graph, under, x, bottom)
        graph.edge(above, under, color=theme.guide, arrowhead="none")


def _server(
    graph: graphviz.Digraph, name: str, server: Lifetime, y: float, clock: _Clock, theme: Theme
) -> None:
    """Draw when a server was up, thicker where it led; in red below, what cut it off and when."""
    at = Box(clock.left - 40, y + 8, 60, 12)
    write(graph, name, at, server.name, _SIZE, theme.ink, LEFT, is_bold=True)
    for number, each in enumerate(_joined(server.stretches, _is_seen)):
        start, end = clock.x(each.start), clock.x(each.end)
        if end - start >= _LEAST_STRETCH:
            _life(graph, f"{name} part {number}", each, start, end - start, y + 8, theme)
    for number, each in enumerate(_joined(server.stretches, _is_cut)):
        start, end = clock.x(each.start), clock.x(each.end)
        if each.cut and end - start >= _LEAST_STRETCH:
            under = Box((start + end) / 2, y + 18.5, end - start, 2)
            part = f"{name} cut {number}"
            write(graph, part, under, "", SMALLEST, theme.lost, background=theme.lost)
            beneath = Box((start + end) / 2, y + 26, end - start, 12)
            text = _fitting(end - start, each.cut, "cut")
            write(graph, f"{part} why", beneath, text, SMALLEST, theme.lost)


def _life(
    graph: graphviz.Digraph, name: str, each: Stretch, x: float, width: float, y: float,
    theme: Theme,
) -> None:  # fmt: skip
    """Draw that a server leads, is up or is down."""
    if not each.is_up:
        down = Box(x + width / 2, y, width, 12)
        write(graph, name, down, _fitting(width, "down"), SMALLEST, theme.quiet)
    elif each.leads is None:
        box, fill = Box(x + width / 2, y, width, 4), theme.role_lines["Follower"]
        write(graph, name, box, "", SMALLEST, theme.ink, background=fill)
    else:
        box, fill = Box(x + width / 2, y, width, 14), theme.role_lines["Leader"]
        text = _fitting(width, f"leads term {each.leads}", f"t{each.leads}")
        ink = theme.role_texts["Leader"]
        write(graph, name, box, text, SMALLEST, ink, is_bold=True, background=fill)


def _is_seen(each: Stretch) -> tuple[bool, int | None]:
    return each.is_up, each.leads


def _is_cut(each: Stretch) -> str:
    return each.cut


def _joined(stretches: Sequence[Stretch], key: Callable[[Stretch], Any]) -> Iterator[Stretch]:
    """Yield the stretches, with those together that look the same."""
    for _, alike in groupby(stretches, key):
        first, *others = alike
        yield first._replace(end=others[-1].end if others else first.end)


def _fitting(width: float, *texts: str) -> str:
    """Return the first of the texts that has room; "" if none has."""
    return next((each for each in texts if text_width(each, SMALLEST, bold=True) <= width), "")


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

"""Graphs in Graphviz's language: of states, of roles, of what leans on what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import graphviz

from raft_ref.traces.drawing.markup import plain_label, point, write
from raft_ref.traces.drawing.metrics import SMALLEST, Box, wrapped
from raft_ref.traces.drawing.scene import RIGHT
from raft_ref.traces.drawing.style import LIGHT, SANS, Theme

_NAMES_SHOWN = 4
_BETWEEN = 12.0
_LINE = 12.0
_LANE = 6.0
_NAMES = 186.0
_WORDS = 332.0


@dataclass(frozen=True)
class Node:
    """A node of a graph: lines of text, the role that colours it, and what is wrong there."""

    lines: Sequence[str]
    role: str = ""
    wrong: str = ""
    is_initial: bool = False


@dataclass(frozen=True)
class Drawing:
    """A graph to be drawn: a title; nodes; for each pair of them what leads from one to the other.

    `counts` says of an edge's names how often each occurs, nothing if that does not matter; `hot`
    are the edges that lead to what is wrong.
    """

    title: str
    nodes: Mapping[Any, Node]
    edges: Mapping[tuple[Any, Any], Mapping[str, int]]
    hot: frozenset[tuple[Any, Any]] = field(default_factory=frozenset)
    are_counted: bool = True


def draw_graph(drawing: Drawing, theme: Theme = LIGHT) -> graphviz.Digraph:
    """Return a graph as a diagram; its `source` is the .gv text."""
    graph = graphviz.Digraph("states", engine="dot")
    graph.attr(
        layout="dot",
        label=plain_label(drawing.title),
        labelloc="t",
        fontsize="11",
        fontcolor=theme.ink,
        bgcolor=theme.paper,
        fontname=SANS,
        pad="0.2",
        nodesep="0.3",
        ranksep="0.5",
    )
    graph.attr("node", fontname=SANS, shape="box", style="rounded,filled", margin="0.08,0.05")
    graph.attr("edge", fontname=SANS, arrowsize="0.6")
    names = {key: f"n{number}" for number, key in enumerate(drawing.nodes)}
    for key, node in drawing.nodes.items():
        _node(graph, names[key], node, theme)
    for edge, steps in drawing.edges.items():
        is_hot = edge in drawing.hot
        colour = theme.lost if is_hot else theme.quiet
        lines = _edge_lines(steps, drawing.are_counted)
        graph.edge(
            names[edge[0]],
            names[edge[1]],
            label=plain_label(*lines),
            fontsize=f"{SMALLEST:g}",
            fontcolor=colour,
            color=colour,
            penwidth="2" if is_hot else "1",
        )
    return graph


def _node(graph: graphviz.Digraph, name: str, node: Node, theme: Theme) -> None:
    if node.wrong:
        fill, line, ink = theme.broken, theme.lost, theme.lost
    else:
        fill = theme.role_fills.get(node.role, theme.head)
        line = theme.role_lines.get(node.role, theme.quiet)
        ink = theme.role_texts.get(node.role, theme.ink)
    lines = [*node.lines, node.wrong] if node.wrong else node.lines
    if node.role:
        lines = [lines[0].upper(), "", *lines[1:]]
    graph.node(
        name,
        plain_label(*lines),
        fontsize="9",
        fontcolor=ink,
        fillcolor=fill,
        color=theme.ink if node.is_initial else line,
        penwidth="2.5" if node.is_initial or node.wrong else "1",
    )


def _edge_lines(steps: Mapping[str, int], are_counted: bool) -> list[str]:
    if not are_counted:
        return sorted(steps)
    most = sorted(steps.items(), key=lambda each: (-each[1], each[0]))
    lines = [f"{name} {count:,}" for name, count in most[:_NAMES_SHOWN]]
    hidden = len(most) - _NAMES_SHOWN
    return [*lines, f"and {hidden} more"] if hidden > 0 else lines


class Leaning(NamedTuple):
    """What leans on others: its name, what it says, and the names of the others."""

    name: str
    says: str
    needs: Sequence[str]
    is_goal: bool = False


def draw_leanings(title: str, rows: Sequence[Leaning], theme: Theme = LIGHT) -> graphviz.Digraph:
    """Return a list of what leans on what as a diagram, one below the other; in the text is all.

    To each that others lean on a line leads from them, at the left of all.
    """
    graph = graphviz.Digraph("leanings", engine="neato")
    graph.attr(
        layout="neato", inputscale="72", notranslate="true", splines="line", pad="0.15",
        outputorder="edgesfirst", bgcolor=theme.paper, fontname=SANS,
    )  # fmt: skip
    lanes = _lanes(rows)
    left = _LANE * (max(lanes.values(), default=0) + 2)
    right = left + _NAMES + _WORDS
    write(graph, "title", Box(right / 2, -20, right, 16), title, 11, theme.ink, RIGHT)
    places: dict[str, float] = {}
    bottom = 0.0
    for number, each in enumerate(rows):
        height = _LINE * len(_told(each)) + _BETWEEN
        places[each.name] = bottom + height / 2
        bottom += height
        _leaning(graph, f"row{number}", each, left, places[each.name], theme)
    for number, (name, lane) in enumerate(lanes.items()):
        colours = [theme.role_lines["Leader"], theme.role_lines["Candidate"], theme.quiet]
        from_ = [places[each.name] for each in rows if name in each.needs]
        x = left - _LANE * (lane + 1)
        _lane(graph, f"to {name}", x, left, from_, places[name], colours[number % len(colours)])
    return graph


def _told(row: Leaning) -> list[tuple[str, float]]:
    """Return the lines beside a name, each with its size: what it says, and what it needs."""
    needs = f"needs {', '.join(row.needs) or 'nothing but the actions'}"
    return [
        (line, size)
        for text, size in ((row.says, 9.0), (needs, SMALLEST))
        for line in wrapped(text.split(), size, _WORDS)
    ]


def _leaning(
    graph: graphviz.Digraph, name: str, row: Leaning, left: float, y: float, theme: Theme
) -> None:
    fill = theme.role_fills["Candidate"] if row.is_goal else theme.head
    box = Box(left + _NAMES / 2 - 6, y, _NAMES - 12, 22)
    ink = theme.ink
    write(graph, name, box, row.name, 9, ink, is_bold=True, background=fill, border=theme.quiet)
    told = _told(row)
    top = y - _LINE * len(told) / 2
    for number, (line, size) in enumerate(told):
        colour = theme.quiet if size == SMALLEST else theme.ink
        at = Box(left + _NAMES + _WORDS / 2, top + _LINE * (number + 0.5), _WORDS, _LINE)
        write(graph, f"{name} line {number}", at, line, size, colour, RIGHT)


def _lanes(rows: Sequence[Leaning]) -> dict[str, int]:
    """Return for each that others lean on a lane of its own, from those to it; short ones first."""
    places = {each.name: number for number, each in enumerate(rows)}
    spans: dict[str, tuple[int, int]] = {}
    for row in rows:
        for other in row.needs:
            one, two = sorted((places[row.name], places[other]))
            first, last = spans.get(other, (one, two))
            spans[other] = min(first, one), max(last, two)
    lanes: dict[str, int] = {}
    taken: list[list[tuple[int, int]]] = []
    for name, (first, last) in sorted(spans.items(), key=lambda each: each[1][1] - each[1][0]):
        free = (n for n, there in enumerate(taken) if all(last < a or b < first for a, b in there))
        lane = next(free, len(taken))
        if lane == len(taken):
            taken.append([])
        taken[lane].append((first, last))
        lanes[name] = lane
    return lanes


def _lane(
    graph: graphviz.Digraph,
    name: str,
    x: float,
    left: float,
    from_: Sequence[float],
    to: float,
    colour: str,
) -> None:
    """Draw the line that leads to one, with a head, from all that lean on it: from a y to a y."""
    point(graph, f"{name} corner", x, to - 4)
    point(graph, f"{name} end", left, to - 4)
    graph.edge(f"{name} corner", f"{name} end", color=colour, arrowsize="0.6")
    for number, y in enumerate(from_):
        start, corner = f"{name} from {number}", f"{name} corner {number}"
        point(graph, start, left, y + 4)
        point(graph, corner, x, y + 4)
        graph.edge(start, corner, color=colour, arrowhead="none")
        graph.edge(corner, f"{name} corner", color=colour, arrowhead="none")

"""Graphs of states and of roles, in Graphviz's language (engine dot)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import graphviz

from raft_ref.traces.drawing.markup import plain_label
from raft_ref.traces.drawing.metrics import SMALLEST
from raft_ref.traces.drawing.style import LIGHT, SANS, Theme

_NAMES_SHOWN = 4


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

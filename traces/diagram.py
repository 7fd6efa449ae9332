"""A trace as a space-time diagram, in Graphviz's language.

`layout` decides where things are; this module writes them down: every node is pinned at its place
(engine neato), edges are straight, text stands on white above the arrows that pass behind it.
"""

from __future__ import annotations

import graphviz

from traces import frames
from traces.layout import (
    MARK_SIZE,
    NUMBERS,
    Box,
    Layout,
    PlacedNote,
    PlacedRow,
    lay_out,
)
from traces.markup import escaped, note_label
from traces.scene import Arrow, arrows, role_and_term
from traces.style import (
    ARROWS,
    FLYING,
    GUIDE,
    LIFELINE_WIDTHS,
    LOST,
    QUIET,
    ROLE_FILLS,
    ROLE_LINES,
    ROLE_TEXTS,
    SANS,
)
from traces.trace import Trace

_LEAST_WIDTH = 620.0


def draw(trace: Trace) -> graphviz.Digraph:
    """Return the diagram of a trace; its `source` is the .gv text.

    Raises TraceError where a step takes a message that is not in flight.
    """
    layout = lay_out(trace, _LEAST_WIDTH)
    graph = graphviz.Digraph("trace", engine="neato")
    graph.attr(
        layout="neato",
        inputscale="72",  # positions are points
        notranslate="true",
        splines="line",
        outputorder="edgesfirst",
        pad="0.15",
        bgcolor="white",
        fontname=SANS,
    )
    graph.attr("node", fontname=SANS, shape="plain", margin="0")
    graph.attr("edge", arrowsize="0.7")
    _title(graph, trace, layout)
    _guides(graph, layout)
    _lifelines(graph, trace, layout)
    for placed in layout.rows:
        _row(graph, placed)
    for arrow in arrows(trace):
        _arrow(graph, arrow)
    _end(graph, trace, layout)
    return graph


def _node(graph: graphviz.Digraph, name: str, box: Box, label: str, **attributes: str) -> None:
    graph.node(name, label, pos=f"{box.x:.1f},{-box.y:.1f}!", **attributes)


def _fixed(graph: graphviz.Digraph, name: str, box: Box, label: str, **attributes: str) -> None:
    """Draw a node whose shape has exactly the size of the box."""
    size = {"width": f"{box.width / 72:.4f}", "height": f"{box.height / 72:.4f}"}
    _node(graph, name, box, label, fixedsize="true", **size, **attributes)


def _point(graph: graphviz.Digraph, name: str, x: float, y: float) -> None:
    _fixed(graph, name, Box(x, y, 0.72, 0.72), "", shape="point", style="invis")


def _title(graph: graphviz.Digraph, trace: Trace, layout: Layout) -> None:
    label, height = frames.title(trace, layout.width)
    _node(graph, "title", Box(layout.width / 2, -height / 2 - 16, 0, 0), label)


def _guides(graph: graphviz.Digraph, layout: Layout) -> None:
    """Draw the number of each step and a faint line from it to the event."""
    for placed in layout.rows:
        name = f"number{placed.row.number}"
        label = (
            f'<<table border="0" cellborder="0" cellspacing="0" cellpadding="1" width="{NUMBERS}">'
            f'<tr><td align="right" width="20"><font point-size="10"><b>{placed.row.number}</b>'
            f'</font></td><td align="left" width="72"><font point-size="7.5" color="{QUIET}">'
            f"{escaped(placed.row.name)}</font></td></tr></table>>"
        )
        _node(graph, name, Box(NUMBERS / 2, placed.y, 0, 0), label)
        graph.edge(name, f"step{placed.row.number}", color=GUIDE, arrowhead="none")


def _lifelines(graph: graphviz.Digraph, trace: Trace, layout: Layout) -> None:
    for server, box in layout.heads.items():
        below = role_and_term(trace.initial[server])
        label = f"<<b>{escaped(server)}</b>"
        if below:
            label += f'<br/><font point-size="{MARK_SIZE}">{escaped(below)}</font>'
        style = {"shape": "box", "style": "filled", "fillcolor": "#f3f3f3", "color": "#555555"}
        _fixed(graph, f"head {server}", box, label + ">", fontsize="12", **style)
    for number, segment in enumerate(layout.segments):
        x = layout.lanes[segment.server]
        top, bottom = f"life{number}top", f"life{number}bottom"
        _point(graph, top, x, segment.top)
        _point(graph, bottom, x, segment.bottom)
        graph.edge(
            top,
            bottom,
            arrowhead="none",
            headclip="false",
            tailclip="false",
            color=ROLE_LINES.get(segment.role, ROLE_LINES[""]),
            penwidth=LIFELINE_WIDTHS.get(segment.role, LIFELINE_WIDTHS[""]),
        )


def _row(graph: graphviz.Digraph, placed: PlacedRow) -> None:
    row = placed.row
    name = f"step{row.number}"
    if row.towards is not None:
        cross = f'<<font point-size="20" color="{LOST}"><b>×</b></font>>'
        _fixed(graph, name, placed.mark, cross, shape="circle", style="invis")
        _node(graph, f"{name} cross", placed.mark, cross)
    elif row.mark:
        role = "crashed" if row.crashed else row.role
        _fixed(
            graph,
            name,
            placed.mark,
            f"<<b>{escaped(row.mark)}</b>>",
            shape="box",
            style="rounded,filled",
            fontsize=str(MARK_SIZE),
            fontcolor=ROLE_TEXTS.get(role, ROLE_TEXTS[""]),
            fillcolor=ROLE_FILLS.get(role, ROLE_FILLS[""]),
            color=ROLE_LINES.get(role, ROLE_LINES[""]),
        )
    else:
        _fixed(graph, name, placed.mark, "", shape="circle", style="filled", fillcolor="#333333")
    for note in placed.notes:
        _note(graph, name, note, placed.y)


def _note(graph: graphviz.Digraph, step: str, placed: PlacedNote, y: float) -> None:
    note, box = placed.note, placed.box
    name = f"{step} note {note.side}"
    _node(graph, name, box, note_label(note, box.width, box.height))
    if note.flying:
        _point(graph, f"{name} stub", box.x - note.side * box.width / 2, y)
        graph.edge(step, f"{name} stub", color=FLYING, style="dashed", arrowhead="open")


def _arrow(graph: graphviz.Digraph, arrow: Arrow) -> None:
    graph.edge(f"step{arrow.sent}", f"step{arrow.ended}", **ARROWS[arrow.kind])


def _end(graph: graphviz.Digraph, trace: Trace, layout: Layout) -> None:
    label, height = frames.last_state(trace, layout.width)
    _node(graph, "end", Box(layout.width / 2, layout.bottom + height / 2, 0, 0), label)

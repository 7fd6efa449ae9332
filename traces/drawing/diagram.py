"""A trace as a space-time diagram, in Graphviz's language.

`layout` decides where things are; this module writes them down: every node is pinned at its place
(engine neato), edges are straight between bends, text stands on white above what passes behind it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import graphviz

from raft_ref.traces.drawing import frames
from raft_ref.traces.drawing.cells import line_height, line_width
from raft_ref.traces.drawing.layout import (
    BANNER_HEIGHT,
    MARK_HEIGHT,
    MARK_SIZE,
    NUMBERS,
    Layout,
    PlacedNote,
    PlacedRow,
    PlacedValues,
    Point,
    below_name,
    lay_out,
)
from raft_ref.traces.drawing.markup import fixed, pinned, plain_label, point, write, write_line
from raft_ref.traces.drawing.metrics import SMALLEST, Box
from raft_ref.traces.drawing.scene import LEFT, RIGHT, Arrow, Row
from raft_ref.traces.drawing.style import LIFELINE_WIDTHS, LIGHT, SANS, Theme
from raft_ref.traces.format.parts import without_channels
from raft_ref.traces.format.trace import Trace
from raft_ref.traces.story.sentences import for_ever
from raft_ref.traces.story.words import shortened

_LEGEND_HEIGHT = 34.0
_LEGEND_LINE = 20.0
_KEY_GAP = 10
_FRAME_PADDING = 8.0
_NAME_LENGTH = 16
_LONG_NAME_LENGTH = 20
_NUMBER_WIDTH = 17.0
_NAME_LINE = 10.5
_HEAD_LINE = 15.0
_BELOW_NAME = 11.0
_LOOP_LEFT = -10.0
_CLEAR = "#ffffff00"


def draw(trace: Trace, theme: Theme = LIGHT) -> graphviz.Digraph:
    """Return the diagram of a trace; its `source` is the .gv text.

    What does not lead to the violation is faded. In the SVG the number and the
    mark of step 5 are groups with the ids "number5" and "step5".

    Raises TraceError where a step takes a message that is not in flight.
    """
    trace = without_channels(trace)
    layout = lay_out(trace)
    graph = graphviz.Digraph("trace", engine="neato")
    graph.attr(
        layout="neato",
        inputscale="72",  # positions are points
        notranslate="true",
        splines="line",
        outputorder="edgesfirst",
        pad="0.15",
        margin="0",
        bgcolor=theme.paper,
        fontname=SANS,
    )
    graph.attr("node", fontname=SANS, shape="plain", margin="0", fontcolor=theme.ink)
    graph.attr("edge", arrowsize="0.7")
    _title(graph, trace, layout, theme)
    _guides(graph, layout, theme)
    _lifelines(graph, trace, layout, theme)
    for placed in layout.rows:
        _row(graph, placed, layout, theme)
    for number, (arrow, bends) in enumerate(layout.arrows):
        _arrow(graph, f"arrow{number}", arrow, bends, layout, theme)
    _loop(graph, trace, layout, theme)
    _frame(graph, trace, layout, theme)
    return graph


def _title(graph: graphviz.Digraph, trace: Trace, layout: Layout, theme: Theme) -> None:
    lines = _in_lines(frames.legend(trace, theme), layout.width)
    above = _LEGEND_HEIGHT + _LEGEND_LINE * (len(lines) - 1)
    label, height = frames.title(trace, layout.width, theme)
    pinned(graph, "title", Box(layout.width / 2, -above - height / 2, layout.width, height), label)
    number = 0
    for place, line in enumerate(lines):
        left, y = 0.0, _LEGEND_LINE * (place + 1 - len(lines)) - _LEGEND_HEIGHT / 2 - 6
        for key in line:
            _key(graph, f"key{number}", key, left, y, theme)
            left += key.width + _KEY_GAP
            number += 1


def _key(
    graph: graphviz.Digraph, name: str, key: frames.Key, left: float, y: float, theme: Theme
) -> None:
    sign = Box(left + frames.SIGN_WIDTH / 2, y, key.sign_width, key.sign_height)
    write(
        graph, f"{name} sign", sign, key.sign, key.size, key.colour,
        is_bold=key.is_bold, background=key.fill, border=key.border,
    )  # fmt: skip
    text_width = key.width - frames.SIGN_WIDTH
    text = Box(left + frames.SIGN_WIDTH + text_width / 2, y, text_width, _LEGEND_LINE)
    write(graph, name, text, key.text, frames.KEY_SIZE, theme.ink, RIGHT)


def _in_lines(keys: list[frames.Key], width: float) -> list[list[frames.Key]]:
    """Break the key to the colours and marks into lines of at most this width."""
    lines: list[list[frames.Key]] = [[]]
    left = 0.0
    for key in keys:
        if lines[-1] and left + key.width > width:
            lines.append([])
            left = 0.0
        lines[-1].append(key)
        left += key.width + _KEY_GAP
    return lines


def _guides(graph: graphviz.Digraph, layout: Layout, theme: Theme) -> None:
    """Draw the number of each step and a faint line from it to the event."""
    for placed in layout.rows:
        name = f"number{placed.row.number}"
        ink, quiet = theme.ink, theme.quiet
        if not placed.row.leads:
            ink = quiet = theme.faded
        told = _in_two_lines(placed.row.name)
        if not placed.row.is_told:
            told.append("(no line)")
        nothing = {"shape": "box", "peripheries": "0", "style": "filled", "fillcolor": _CLEAR}
        whole = Box(NUMBERS / 2, placed.y, NUMBERS, MARK_HEIGHT)
        fixed(graph, name, whole, "", id=name, **nothing)
        graph.edge(name, f"step{placed.row.number}", color=theme.guide, arrowhead="none")
        at = Box(_NUMBER_WIDTH / 2, placed.y, _NUMBER_WIDTH, MARK_HEIGHT)
        number = str(placed.row.number)
        write(graph, f"{name} text", at, number, 10, ink, LEFT, is_bold=True)
        left, width = _NUMBER_WIDTH + 5, NUMBERS - _NUMBER_WIDTH - 5
        for place, line in enumerate(told):
            y = placed.y + (place - (len(told) - 1) / 2) * _NAME_LINE
            at = Box(left + width / 2, y, width, _NAME_LINE)
            write(graph, f"{name} line {place}", at, line, SMALLEST, quiet, RIGHT)


def _in_two_lines(name: str) -> list[str]:
    """Break the name of a step after its first word: Client, Request."""
    words = re.match("(.[^A-Z]*)([A-Z].*)", name)
    return [shortened(line, _NAME_LENGTH) for line in (words.groups() if words else [name])]


def _lifelines(graph: graphviz.Digraph, trace: Trace, layout: Layout, theme: Theme) -> None:
    for position, (server, box) in enumerate(layout.heads.items()):
        style = {"shape": "box", "style": "filled", "fillcolor": theme.head, "color": theme.quiet}
        name = f"head{position}"
        fixed(graph, name, box, "", **style)
        below = below_name(trace, server)
        top = box.y - (_HEAD_LINE + _BELOW_NAME * len(below)) / 2
        at = Box(box.x, top + _HEAD_LINE / 2, box.width, _HEAD_LINE)
        write(graph, f"{name} name", at, server, 12, theme.ink, is_bold=True)
        for place, text in enumerate(below):
            y = top + _HEAD_LINE + _BELOW_NAME * (place + 0.5)
            at = Box(box.x, y, box.width, _BELOW_NAME)
            write(graph, f"{name} line {place}", at, text, MARK_SIZE, theme.ink)
    for number, segment in enumerate(layout.segments):
        x = layout.lanes[segment.server]
        start, end = f"life{number}top", f"life{number}bottom"
        point(graph, start, x, segment.top)
        point(graph, end, x, segment.bottom)
        graph.edge(
            start,
            end,
            arrowhead="none",
            headclip="false",
            tailclip="false",
            color=theme.role_lines.get(segment.role, theme.role_lines[""]),
            penwidth=LIFELINE_WIDTHS.get(segment.role, LIFELINE_WIDTHS[""]),
        )


def _row(graph: graphviz.Digraph, placed: PlacedRow, layout: Layout, theme: Theme) -> None:
    row = placed.row
    name = f"step{row.number}"
    if row.towards is not None:
        fixed(graph, name, placed.mark, "", shape="circle", style="invis")
        write(graph, f"{name} cross", placed.mark, "×", 20, theme.lost, is_bold=True)
    elif row.mark:
        role = "crashed" if row.crashed else row.role
        fixed(
            graph,
            name,
            placed.mark,
            plain_label(row.mark),
            shape="box",
            style="rounded,filled",
            fontname=f"{SANS}-Bold",
            fontsize=str(MARK_SIZE),
            id=name,
            **_mark_style(role, row.leads, theme),
        )
    else:
        colour = theme.ink if row.leads else theme.faded
        dot = {"shape": "circle", "style": "filled", "fillcolor": colour, "color": colour}
        fixed(graph, name, placed.mark, "", id=name, **dot)
    if placed.configuration is not None:
        style = {"fontcolor": theme.ink, "color": theme.ink, "fillcolor": theme.paper}
        if not row.leads:
            style |= {"fontcolor": theme.faded, "color": theme.faded}
        fixed(
            graph,
            f"{name} configuration",
            placed.configuration,
            plain_label(row.configuration),
            shape="box",
            style="filled",
            fontname=f"{SANS}-Bold",
            fontsize=str(MARK_SIZE),
            **style,
        )
    for note in placed.notes:
        if note.note.at is not None:
            _dot(graph, placed, note.note.at, layout.lanes[note.note.at], theme)
        _note(graph, row, note, placed.y, theme)


def _dot(graph: graphviz.Digraph, placed: PlacedRow, server: str, x: float, theme: Theme) -> None:
    """Draw a dot where a step changes what is not of the server that acts."""
    name = f"step{placed.row.number} at {server}"
    colour = {"fillcolor": theme.quiet, "color": theme.quiet}
    fixed(graph, name, Box(x, placed.y, 6, 6), "", shape="circle", style="filled", **colour)
    graph.edge(f"step{placed.row.number}", name, color=theme.guide, arrowhead="none")


def _mark_style(role: str, leads: bool, theme: Theme) -> dict[str, str]:
    line = theme.role_lines.get(role, theme.role_lines[""])
    if not leads:
        return {"fontcolor": theme.faded, "fillcolor": theme.paper, "color": line}
    fill = theme.role_fills.get(role, theme.role_fills[""])
    return {"fontcolor": theme.role_texts.get(role, theme.ink), "fillcolor": fill, "color": line}


def _note(graph: graphviz.Digraph, row: Row, placed: PlacedNote, y: float, theme: Theme) -> None:
    note, box, step = placed.note, placed.box, f"step{row.number}"
    name = f"{step} note {note.side}" if note.at is None else f"{step} note at {note.at}"
    for number, (line, at) in enumerate(placed.lines):
        where = f"{name} line {number}"
        write_line(graph, where, at, line, theme, note.side, theme.note, is_faded=not row.leads)
    if note.flying:
        point(graph, f"{name} stub", box.x - note.side * box.width / 2, y)
        graph.edge(step, f"{name} stub", color=theme.flying, style="dashed", arrowhead="open")


def _arrow(
    graph: graphviz.Digraph,
    name: str,
    arrow: Arrow,
    bends: Sequence[Point],
    layout: Layout,
    theme: Theme,
) -> None:
    start = f"step{arrow.sent}" if arrow.sent else f"head{arrow.sender}"
    style = {"color": theme.ink if arrow.leads else theme.faded, "penwidth": "1.1"}
    if arrow.kind == "lost":
        style |= {"color": theme.lost, "arrowhead": "none"}
    elif arrow.kind == "duplicate":
        style["style"] = "dashed"
    end = f"step{arrow.ended}"
    if arrow.kind == "refused":
        style |= {"color": theme.lost, "penwidth": "1.8"}
    if not arrow.ended:
        end = f"{start} refused"
        at = layout.rows[arrow.sent - 1].y + MARK_HEIGHT / 2
        point(graph, end, list(layout.lanes.values())[arrow.dest], at)
    for number, (x, y) in enumerate(bends):
        bend = f"{name} bend {number}"
        point(graph, bend, x, y)
        graph.edge(start, bend, **{**style, "arrowhead": "none", "headclip": "false"})
        start = bend
    graph.edge(start, end, **style)


def _loop(graph: graphviz.Digraph, trace: Trace, layout: Layout, theme: Theme) -> None:
    """Draw a bracket from the last step back to the first of a loop, left of their numbers."""
    if trace.loop is None or trace.loop == len(trace.steps):
        return
    first, last = layout.rows[trace.loop].y, layout.rows[-1].y
    corners = ((0.0, last), (_LOOP_LEFT, last), (_LOOP_LEFT, first), (0.0, first))
    for number, (x, y) in enumerate(corners):
        point(graph, f"loop{number}", x, y)
    for number in range(3):
        head = "normal" if number == 2 else "none"
        style = {"color": theme.lost, "penwidth": "1.8", "arrowhead": head}
        graph.edge(f"loop{number}", f"loop{number + 1}", **style)


def _frame(graph: graphviz.Digraph, trace: Trace, layout: Layout, theme: Theme) -> None:
    """Frame the last state, each server's under its lifeline, with the property that it breaks."""
    label, height = frames.violation(trace, layout.width - 2 * _FRAME_PADDING, theme)
    top = layout.bottom + (BANNER_HEIGHT if trace.violation else 0)
    text_top = layout.last[-1].bottom + _FRAME_PADDING if layout.last else top
    bottom = text_top + (height + _FRAME_PADDING if height else 0)
    middle = layout.width / 2
    frame = Box(middle, (layout.bottom + bottom) / 2, layout.width, bottom - layout.bottom)
    style = {"shape": "box", "style": "filled", "color": theme.quiet, "fillcolor": theme.frame}
    if trace.violation:
        style |= {"color": theme.lost, "fillcolor": theme.broken, "penwidth": "2.5"}
    fixed(graph, "frame", frame, "", **style)
    if trace.violation:
        after = "" if trace.violation.is_refusal else f"After step {len(trace.steps)}: "
        if trace.loop is not None:
            after = f"{for_ever(trace)}: "
        text = f"{after}{trace.violation}"
        banner = Box(middle, layout.bottom + BANNER_HEIGHT / 2, layout.width, BANNER_HEIGHT)
        style = {"shape": "box", "style": "filled", "color": theme.lost, "fillcolor": theme.lost}
        style |= {"fontcolor": theme.on_lost, "fontsize": "12", "fontname": f"{SANS}-Bold"}
        fixed(graph, "banner", banner, plain_label(text), **style)
    for number, row in enumerate(layout.last):
        _last_values(graph, f"last{number}", row, layout, theme)
    if label:
        pinned(graph, "violation", Box(middle, text_top + height / 2, 0, height), label)


def _last_values(
    graph: graphviz.Digraph, name: str, row: PlacedValues, layout: Layout, theme: Theme
) -> None:
    text = shortened(row.name, _LONG_NAME_LENGTH)
    box = Box(_FRAME_PADDING + NUMBERS / 2, row.y, NUMBERS, row.height)
    write(graph, name, box, text, SMALLEST, theme.quiet, RIGHT)
    for position, (server, x) in enumerate(layout.lanes.items()):
        if server in row.values:
            value = row.values[server]
            at = Box(x, row.y, line_width(value), line_height(value))
            write_line(graph, f"{name} of {position}", at, value, theme)

"""What is written into a diagram: nodes pinned at their places, and text anchored there.

The text of a plain label in a box of fixed size is anchored where it is flush: in the middle of the
box, or at one of its ends. So it stands there in whatever font it is shown. In an HTML-like label
its place is measured, in the fonts of the machine that draws; so these are for lines that begin at
the left (`font`).
"""

from __future__ import annotations

import html

import graphviz

from raft_ref.traces.drawing.cells import (
    CELLS_HEIGHT,
    EMPTY_WIDTH,
    HIDDEN_WIDTH,
    NOTE_SIZE,
    Cells,
    Line,
    cell_width,
)
from raft_ref.traces.drawing.metrics import SMALLEST, Box
from raft_ref.traces.drawing.scene import Side
from raft_ref.traces.drawing.style import SANS, Theme
from raft_ref.traces.story.words import printable

BARE = 'border="0" cellborder="0" cellspacing="0" cellpadding="0"'
_FLUSH: dict[Side, str] = {-1: "\\r", 0: "", 1: "\\l"}
_CELL_HEIGHT = 16.0
_BAR_HEIGHT = 3.0
_INDEX_HEIGHT = CELLS_HEIGHT - _CELL_HEIGHT - _BAR_HEIGHT


def escaped(text: str) -> str:
    """Return text that an HTML-like label shows as it is, on one line."""
    if not text:
        return "&#160;"  # Graphviz's grammar knows no empty text
    # Graphviz replaces \N by the name of the node, in HTML-like labels too, and \\ by \.
    return html.escape(printable(text), quote=True).replace("\\", "\\\\")


def font(text: str, size: float, colour: str) -> str:
    """Return markup that shows the text in a size (points) and a colour."""
    return f'<font point-size="{size:g}" color="{colour}">{escaped(text)}</font>'


def plain_label(*lines: str, side: Side = 0) -> str:
    """Return a label that shows these lines as they are, each flush with the side."""
    shown = [printable(each).replace("\\", "\\\\").replace("&", "&amp;") for each in lines]
    end = _FLUSH[side]
    label: str = graphviz.nohtml((end or "\\n").join(shown) + end)
    return label


def pinned(graph: graphviz.Digraph, name: str, box: Box, label: str, **attributes: str) -> None:
    """Draw a node at the middle of the box."""
    graph.node(name, label, pos=f"{box.x:.1f},{-box.y:.1f}!", **attributes)


def fixed(graph: graphviz.Digraph, name: str, box: Box, label: str, **attributes: str) -> None:
    """Draw a node whose shape has exactly the size of the box."""
    size = {"width": f"{box.width / 72:.4f}", "height": f"{box.height / 72:.4f}"}
    pinned(graph, name, box, label, fixedsize="true", **size, **attributes)


def point(graph: graphviz.Digraph, name: str, x: float, y: float) -> None:
    """Put an end of edges where there is nothing to be seen."""
    fixed(graph, name, Box(x, y, 0.72, 0.72), "", shape="point", style="invis")


def write(
    graph: graphviz.Digraph,
    name: str,
    box: Box,
    text: str,
    size: float,
    colour: str,
    side: Side = 0,
    *,
    is_bold: bool = False,
    background: str = "",
    border: str = "",
    **attributes: str,
) -> None:
    """Write one line of text into the box.

    `side` is where the box stands of what it belongs to: the text is flush with that.
    """
    look = {"fontsize": f"{size:g}", "fontcolor": colour, "shape": "box"}
    look["fontname"] = f"{SANS}-Bold" if is_bold else SANS
    look |= {"color": border} if border else {"peripheries": "0"}
    if background:
        look |= {"style": "filled", "fillcolor": background}
    fixed(graph, name, box, plain_label(text, side=side) if text else "", **look, **attributes)


def write_line(
    graph: graphviz.Digraph,
    name: str,
    box: Box,
    line: Line,
    theme: Theme,
    side: Side = 0,
    background: str = "",
    *,
    is_faded: bool = False,
) -> None:
    """Write a line of a note, or of the last values, into the box that the layout gives it."""
    if not isinstance(line, Cells):
        colour = theme.text("faded" if is_faded else line.style)
        write(graph, name, box, line.text, NOTE_SIZE, colour, side, background=background)
        return
    quiet = theme.faded if is_faded else theme.quiet
    if not line.texts:
        at = Box(box.x - side * (box.width - EMPTY_WIDTH) / 2, box.y, EMPTY_WIDTH, box.height)
        colour = theme.lost if line.is_wrong else quiet
        write(graph, name, at, "empty log", SMALLEST, colour, background=background)
        return
    write(graph, name, box, "", NOTE_SIZE, quiet, background=background)
    _write_cells(graph, name, box, line, theme, is_faded)


def _write_cells(
    graph: graphviz.Digraph, name: str, box: Box, cells: Cells, theme: Theme, is_faded: bool
) -> None:
    """Write a log: above the indices, the entries coloured by term, a bar under the committed."""
    quiet, ink = (theme.faded, theme.faded) if is_faded else (theme.quiet, theme.ink)
    usual = theme.faded if is_faded else theme.cell_border
    top, left = box.y - box.height / 2, box.x - box.width / 2
    middle = top + _INDEX_HEIGHT + _CELL_HEIGHT / 2
    dots = [left + HIDDEN_WIDTH / 2] if cells.hidden else []
    left += HIDDEN_WIDTH * cells.hidden
    for place, (text, term) in enumerate(zip(cells.texts, cells.terms, strict=True)):
        width = cell_width(text)
        x, part = left + width / 2, f"{name} cell {place}"
        above = Box(x, top + _INDEX_HEIGHT / 2, width, _INDEX_HEIGHT)
        write(graph, f"{part} index", above, str(cells.first + place), SMALLEST, quiet)
        at = Box(x, middle, width, _CELL_HEIGHT)
        border = theme.lost if cells.is_wrong_at(place) else usual
        write(graph, part, at, text, NOTE_SIZE, ink, background=theme.term(term), border=border)
        if place < cells.committed:
            under = Box(x, top + box.height - _BAR_HEIGHT / 2, width, _BAR_HEIGHT)
            write(graph, f"{part} committed", under, "", SMALLEST, ink, background=ink)
        left += width
    dots += [left + HIDDEN_WIDTH / 2] if cells.goes_on else []
    for number, x in enumerate(dots):
        at = Box(x, middle, HIDDEN_WIDTH, _CELL_HEIGHT)
        write(graph, f"{name} dots {number}", at, "…", NOTE_SIZE, quiet)

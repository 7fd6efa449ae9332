"""Pieces of Graphviz's HTML-like labels: escaped text, notes, a log as a row of cells."""

from __future__ import annotations

import html

from raft_ref.traces.drawing.cells import (
    EMPTY_WIDTH,
    HIDDEN_WIDTH,
    NOTE_SIZE,
    Cells,
    Line,
    cell_width,
    line_height,
    line_width,
)
from raft_ref.traces.drawing.scene import Side
from raft_ref.traces.drawing.style import Theme
from raft_ref.traces.story.words import printable

BARE = 'border="0" cellborder="0" cellspacing="0" cellpadding="0"'
_ALIGN: dict[Side, str] = {-1: "right", 0: "center", 1: "left"}
_INDEX_SIZE = 7.0
_BAR_HEIGHT = 3


def escaped(text: str) -> str:
    """Return text that an HTML-like label shows as it is, on one line."""
    if not text:
        return "&#160;"  # Graphviz's grammar knows no empty text
    # Graphviz replaces \N by the name of the node, in HTML-like labels too, and \\ by \.
    return html.escape(printable(text), quote=True).replace("\\", "\\\\")


def font(text: str, size: float, colour: str) -> str:
    """Return markup that shows the text in a size (points) and a colour."""
    return f'<font point-size="{size:g}" color="{colour}">{escaped(text)}</font>'


def line_label(
    line: Line, theme: Theme, side: Side = 0, background: str = "", *, is_faded: bool = False
) -> str:
    """Return one line of a note as a label of the size that the layout gives it.

    `side` is where the note stands: its text is flush with the lifeline. `background` is a colour.
    """
    if isinstance(line, Cells):
        rows = _cell_rows(line, theme, is_faded)
    else:
        text = font(line.text, NOTE_SIZE, theme.text("faded" if is_faded else line.style))
        size = f'width="{line_width(line)}" height="{line_height(line):.0f}"'
        rows = f'<tr><td align="{_ALIGN[side]}" {size}>{text}</td></tr>'
    table = f'{BARE} bgcolor="{background}"' if background else BARE
    return f"<<table {table}>{rows}</table>>"


def _cell_rows(cells: Cells, theme: Theme, is_faded: bool) -> str:
    """Return three rows: the indices, the entries coloured by term, a bar under the committed."""
    quiet, ink = (theme.faded, theme.faded) if is_faded else (theme.quiet, theme.ink)
    border = theme.faded if is_faded else theme.cell_border
    if cells.is_wrong:
        border = theme.lost
    if not cells.texts:
        ink = theme.lost if cells.is_wrong else quiet
        return f'<tr><td width="{EMPTY_WIDTH}">{font("empty log", 8, ink)}</td></tr>'
    indices, values, bars = [], [], []
    if cells.hidden:
        indices.append(f'<td width="{HIDDEN_WIDTH}"></td>')
        values.append(f"<td>{font('…', NOTE_SIZE, quiet)}</td>")
        bars.append("<td></td>")
    for position, (text, term) in enumerate(zip(cells.texts, cells.terms, strict=True)):
        index = font(str(cells.first + position), _INDEX_SIZE, quiet)
        indices.append(f'<td width="{cell_width(text)}">{index}</td>')
        values.append(
            f'<td border="1" color="{border}" bgcolor="{theme.term(term)}" height="16">'
            f"{font(text, NOTE_SIZE, ink)}</td>"
        )
        bar = f' bgcolor="{ink}"' if position < cells.committed else ""
        bars.append(f'<td height="{_BAR_HEIGHT}"{bar}></td>')
    if cells.goes_on:
        indices.append(f'<td width="{HIDDEN_WIDTH}"></td>')
        values.append(f"<td>{font('…', NOTE_SIZE, quiet)}</td>")
        bars.append("<td></td>")
    return "".join(f"<tr>{''.join(row)}</tr>" for row in (indices, values, bars))

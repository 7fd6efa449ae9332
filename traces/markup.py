"""Pieces of Graphviz's HTML-like labels: escaped text, notes, a log as a row of cells."""

from __future__ import annotations

import html

from traces.metrics import LINE_HEIGHT
from traces.scene import NOTE_SIZE, Cells, Line, Note, Side, cell_text
from traces.style import INK, NOTE_COLOURS, QUIET, term_colour

_ALIGN: dict[Side, str] = {-1: "right", 0: "center", 1: "left"}
_BARE = 'border="0" cellborder="0" cellspacing="0" cellpadding="0"'


def escaped(text: str) -> str:
    """Return text that an HTML-like label shows as it is; what XML cannot hold becomes U+FFFD."""
    safe = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return html.escape(safe, quote=True)


def font(text: str, size: float, colour: str = INK) -> str:
    """Return markup that shows the text in a size (points) and a colour."""
    return f'<font point-size="{size:g}" color="{colour}">{escaped(text)}</font>'


def note_label(note: Note, width: float, height: float) -> str:
    """Return the label of a note that takes this much room (points); white behind each line."""
    align = _ALIGN[note.side]
    lines = "".join(
        f'<tr><td align="{align}" height="{NOTE_SIZE * LINE_HEIGHT:g}">{_line(line)}</td></tr>'
        for line in note.lines
    )
    return f'<<table {_BARE} width="{width:.0f}" height="{height:.0f}">{lines}</table>>'


def _line(line: Line) -> str:
    if isinstance(line, Cells):
        return cells_table(line)
    text = font(line.text, NOTE_SIZE, NOTE_COLOURS[line.style])
    return f'<table {_BARE} bgcolor="white"><tr><td>{text}</td></tr></table>'


def cells_table(cells: Cells) -> str:
    """Return a log as a table: indices, entries coloured by term, a bar under the committed."""
    if not cells.entries:
        return f'<table {_BARE} bgcolor="white"><tr><td>{font("empty log", 8, QUIET)}</td></tr></table>'
    indices, values, bars = [], [], []
    if cells.hidden:
        indices.append("<td></td>")
        values.append(f"<td>{font('…', NOTE_SIZE, QUIET)}</td>")
        bars.append('<td height="3"></td>')
    for position, entry in enumerate(cells.entries):
        committed = position < cells.committed
        indices.append(f"<td>{font(str(cells.first + position), 7, QUIET)}</td>")
        values.append(
            f'<td border="1" color="#777777" cellpadding="2" bgcolor="{term_colour(entry["term"])}">'
            f"{font(cell_text(entry), NOTE_SIZE)}</td>"
        )
        bars.append(f'<td height="3"{" bgcolor=" + chr(34) + INK + chr(34) if committed else ""}></td>')
    rows = "".join(f"<tr>{''.join(row)}</tr>" for row in (indices, values, bars))
    return f'<table {_BARE} bgcolor="white">{rows}</table>'

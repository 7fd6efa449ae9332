"""Colours, fonts and line styles of the diagrams.

Roles differ in lightness and in the width of the lifeline, so that they can be told apart in grey
and by the colour-blind; a lost message has its cross, a duplicate its dashes. The fonts are those
that PDF readers, browsers and Graphviz substitute everywhere.
"""

from __future__ import annotations

SANS = "Helvetica"
MONOSPACE = "Courier"

INK = "#222222"
QUIET = "#6b6b6b"
GUIDE = "#ececec"
FLYING = "#8a8a8a"
LOST = "#b3261e"
CELL_BORDER = "#777777"
BACKGROUND = "#ffffffcc"  # of notes: an arrow behind one shines through

ROLE_LINES = {"": "#8d99a6", "Follower": "#b9c5d1", "Candidate": "#d98600", "Leader": "#0b4f8a"}
ROLE_FILLS = {
    "": "#eef1f4",
    "Follower": "#e4ebf2",
    "Candidate": "#ffc857",
    "Leader": "#0b4f8a",
    "crashed": "#1a1a1a",
}
ROLE_TEXTS = {"": INK, "Leader": "#ffffff", "crashed": "#ffffff"}
LIFELINE_WIDTHS = {"": "3", "Follower": "3", "Candidate": "5", "Leader": "7"}

NOTE_COLOURS = {"message": INK, "note": QUIET, "flying": FLYING, "lost": LOST}
ARROWS = {
    "delivered": {"color": "#333333", "penwidth": "1.1"},
    "duplicate": {"color": "#333333", "penwidth": "1.1", "style": "dashed"},
    "lost": {"color": LOST, "penwidth": "1.1", "arrowhead": "none"},
}

FRAME = {"color": "#999999", "fillcolor": "#fafafa"}
BROKEN_FRAME = {"color": LOST, "fillcolor": "#fdf4f3", "penwidth": "2.5"}
BANNER = {"color": LOST, "fillcolor": LOST, "fontcolor": "#ffffff", "fontsize": "12"}

_TERMS = ("#cfe6ff", "#ffe19c", "#cdeec6", "#f8cfe2", "#ddd2f7", "#ffd0b8")


def term_colour(term: int) -> str:
    """Return the background of a log's cells that hold an entry of this term."""
    return _TERMS[(term - 1) % len(_TERMS)]

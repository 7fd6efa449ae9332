"""Colours, fonts and line styles of the diagrams, on light and on dark paper.

Roles differ in lightness and in the width of the lifeline, so that they can be told apart in grey
and by the colour-blind; a lost message has its cross, a duplicate its dashes. The fonts are those
that PDF readers, browsers and Graphviz substitute everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SANS = "Helvetica"
MONOSPACE = "Courier"
LIFELINE_WIDTHS = {"": "3", "Follower": "3", "Candidate": "5", "Leader": "7"}


@dataclass(frozen=True)
class Theme:
    """The colours of a diagram; `scheme` is what CSS calls them.

    `role_lines`, `role_fills` and `role_texts` are by role, "" for none and "crashed" for the mark
    of a crash; `terms` are the backgrounds of entries, term by term. `faded` is for what does not
    lead to the violation. `note` lies behind notes: an arrow behind one shines through. `changed`
    marks what a step changes, on pages.
    """

    scheme: str
    paper: str
    ink: str
    quiet: str
    faded: str
    guide: str
    flying: str
    lost: str
    on_lost: str
    cell_border: str
    note: str
    changed: str
    head: str
    frame: str
    broken: str
    role_lines: Mapping[str, str]
    role_fills: Mapping[str, str]
    role_texts: Mapping[str, str]
    terms: tuple[str, ...]

    def term(self, term: int) -> str:
        """Return the background of a log's cells that hold an entry of this term."""
        return self.terms[(term - 1) % len(self.terms)]

    def text(self, style: str) -> str:
        """Return the colour of a line of a note, by its style."""
        notes = {"note": self.quiet, "flying": self.flying, "lost": self.lost, "faded": self.faded}
        return notes.get(style, self.ink)


LIGHT = Theme(
    scheme="light",
    paper="#ffffff",
    ink="#222222",
    quiet="#6b6b6b",
    faded="#a8a8a8",
    guide="#ececec",
    flying="#8a8a8a",
    lost="#b3261e",
    on_lost="#ffffff",
    cell_border="#777777",
    note="#ffffffcc",
    changed="#fff1b8",
    head="#f3f3f3",
    frame="#fafafa",
    broken="#fdf4f3",
    role_lines={"": "#8d99a6", "Follower": "#b9c5d1", "Candidate": "#d98600", "Leader": "#0b4f8a"},
    role_fills={
        "": "#eef1f4", "Follower": "#e4ebf2", "Candidate": "#ffc857", "Leader": "#0b4f8a",
        "crashed": "#1a1a1a",
    },
    role_texts={"Leader": "#ffffff", "crashed": "#ffffff"},
    terms=("#cfe6ff", "#ffe19c", "#cdeec6", "#f8cfe2", "#ddd2f7", "#ffd0b8"),
)  # fmt: skip

DARK = Theme(
    scheme="dark",
    paper="#16191d",
    ink="#eceff1",
    quiet="#a3abb3",
    faded="#5f676f",
    guide="#262b31",
    flying="#8a939c",
    lost="#ff8a80",
    on_lost="#16191d",
    cell_border="#98a2ac",
    note="#16191dcc",
    changed="#4a4220",
    head="#23282e",
    frame="#1c2025",
    broken="#2b1d1e",
    role_lines={"": "#6f7a85", "Follower": "#55606b", "Candidate": "#e89c1f", "Leader": "#6cb6f5"},
    role_fills={
        "": "#2a3037", "Follower": "#2a323b", "Candidate": "#8a5a00", "Leader": "#6cb6f5",
        "crashed": "#f2f2f2",
    },
    role_texts={"Leader": "#10151a", "crashed": "#10151a"},
    terms=("#1f4a75", "#6b5200", "#23592a", "#702f52", "#49397d", "#7a3c1d"),
)  # fmt: skip

THEMES = {theme.scheme: theme for theme in (LIGHT, DARK)}

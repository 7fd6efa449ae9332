"""Sizes: boxes, and how wide a text is at most, in any font that a diagram may end up in.

Graphviz measures with the fonts of the machine that renders, the layout is made before. So widths
here are those of a wide sans serif (DejaVu Sans, which stands in for Helvetica on many machines):
a label never outgrows the box that was planned for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from raft_ref.traces.story.words import printable

LINE_HEIGHT = 1.25
SMALLEST = 8.5
"""The smallest letters: a point is four thirds of a pixel, so these have more than eleven."""
_NARROW = frozenset("ijlIf.,:;'|!()[]{} t/\\-")
_WIDE = frozenset("mwMW@%&+=<>—→…×✕")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its centre."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Box) -> bool:
        """Say whether the two have more than an edge in common."""
        return (
            abs(self.x - other.x) < (self.width + other.width) / 2
            and abs(self.y - other.y) < (self.height + other.height) / 2
        )


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return an upper estimate of the width of a text in points; `size` is that of the font."""
    ems = sum(map(_ems, printable(text)))
    return size * ems * (1.12 if bold else 1.0)


def _ems(character: str) -> float:
    if character in _NARROW:
        return 0.42
    if character in _WIDE:
        return 1.0
    if character.isupper():
        return 0.76
    return 0.64 if character.isascii() else 1.0


def monospace_width(text: str, size: float) -> float:
    """Return the width of a text in a font like Courier, in points."""
    return 0.61 * size * len(text)


def wrapped(phrases: list[str], size: float, width: float) -> list[str]:
    """Return the phrases in lines of at most this width; a longer phrase has its own line."""
    lines: list[str] = []
    for phrase in phrases:
        if lines and text_width(f"{lines[-1]} {phrase}", size) <= width:
            lines[-1] += " " + phrase
        else:
            lines.append(phrase)
    return lines

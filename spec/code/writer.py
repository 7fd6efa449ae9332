"""Writes the source text of Python functions, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

Lines: TypeAlias = list[tuple[int, str]]


class Writer:
    """The lines of one function so far, and the current depth of indentation.

    What is written are expressions without side effects over names that are bound once in their
    block; so a text that has a name already, in this block or around it, is not evaluated again.
    """

    def __init__(self) -> None:
        self._named: list[dict[str, str]] = [{}]
        self._lines: Lines = []
        self._depth = 0
        self._temporaries = 0

    def emit(self, line: str) -> None:
        """Add a line."""
        self._lines.append((self._depth, line))

    @contextmanager
    def indented(self) -> Iterator[None]:
        """Indent what is emitted meanwhile."""
        self._depth += 1
        self._named.append({})
        yield
        self._named.pop()
        self._depth -= 1

    @property
    def block(self) -> int:
        """How many blocks there are around what is emitted next, for `captured`."""
        return len(self._named)

    @contextmanager
    def captured(self, block: int | None = None) -> Iterator[Lines]:
        """Set aside what is emitted meanwhile, for `splice` to place: in that block, or here."""
        lines, depth, named = self._lines, self._depth, self._named
        captured: Lines = []
        self._lines, self._depth = captured, 0
        self._named = [*named[:block], {}]
        yield captured
        self._lines, self._depth, self._named = lines, depth, named

    def splice(self, captured: Lines) -> None:
        """Add captured lines at the current depth."""
        self._lines.extend((self._depth + depth, line) for depth, line in captured)

    def fresh(self) -> str:
        """Return a name that this function does not use yet."""
        self._temporaries += 1
        return f"t{self._temporaries}"

    def named(self, text: str) -> str:
        """Return a name for the value of an expression, which is evaluated now if need be."""
        if text.isidentifier():
            return text
        for known in self._named:
            if text in known:
                return known[text]
        name = self._named[-1][text] = self.fresh()
        self.emit(f"{name} = {text}")
        return name

    def source(self) -> str:
        """Return the text."""
        return "\n".join(" " * depth + line for depth, line in self._lines) + "\n"

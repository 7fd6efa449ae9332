"""What a mutant is: a file with one token replaced by another."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.files import ROOT

NODE = ROOT / "raft_ref" / "node.py"
SPEC = ROOT / "spec"
FEATURES = SPEC / "features"


@dataclass(frozen=True, order=True)
class Mutant:
    """A place in a file, the token that stands there, and what stands there instead.

    Lines count from 1 as columns do. An empty `instead` leaves the token out.
    """

    line: int
    column: int
    token: str
    instead: str

    def __str__(self) -> str:
        return f"{self.line}:{self.column}  {self.token} -> {self.instead or NOTHING}"

    def apply(self, text: str) -> str:
        """Return the file's text with the token replaced.

        Raises ValueError where the text has another token there.
        """
        lines = text.splitlines(keepends=True)
        at = self.column - 1
        there = lines[self.line - 1] if self.line <= len(lines) else ""
        if not there.startswith(self.token, at):
            raise ValueError(f"{self.line}:{self.column}: there is no {self.token}")
        rest = there[at + len(self.token) :]
        lines[self.line - 1] = there[:at] + self.instead + rest
        return "".join(lines)


NOTHING = "(nothing)"
"""How a token that is left out is written."""


def source_of(name: str) -> Path:
    """Return the file that mutants are made of, by its name alone."""
    if name == NODE.name:
        return NODE
    return next(path for path in (SPEC / name, FEATURES / name) if path.is_file())


def defined_at(path: Path, line: int) -> str | None:
    """Return the name of the definition of a file in which a line is."""
    lines = path.read_text(encoding="utf-8").splitlines()[:line]
    found = (re.match(r"(?:LOCAL )?(\w+)(?:\(.*?\))? ==", each) for each in reversed(lines))
    return next((each[1] for each in found if each), None)

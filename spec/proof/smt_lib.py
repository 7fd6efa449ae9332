"""The questions of the proof in SMT-LIB, one file each, for other solvers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from raft_ref.spec.proof.questions import (
    Kind,
    Question,
    questions,
    smt_lib,
)
from raft_ref.spec.proof.request import Asked, demand_known
from raft_ref.spec.requests import RequestError


@dataclass(frozen=True)
class SmtLibReport:
    """The questions that were written, and the folder that they stand in."""

    folder: Path
    questions: tuple[Question, ...]

    @property
    def proved_by_unsat(self) -> int:
        """How many are proved by unsat; the others by sat."""
        return sum(each.kind is not Kind.TAKEN for each in self.questions)


@dataclass(frozen=True)
class SmtLibRequest:
    """Write all questions of the proof, or of a known bug, to a folder.

    `membership` asks for those of Raft with changes of membership.

    Raises `RequestError` for a bug that the proof does not know.
    """

    folder: Path
    bug: str | None = None
    membership: bool = False

    def __post_init__(self) -> None:
        """Refuse what the proof does not know."""
        demand_known(self.bug, membership=self.membership)

    def run(self, on_progress: Callable[[Asked], None] = lambda asked: None) -> SmtLibReport:
        """Write them. Raises `RequestError` where the folder is none, `OSError` where it fails.

        It is soon done, and `on_progress` is not called.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise RequestError(f"smt-lib {self.folder}: is no folder") from None
        asked = tuple(questions(self.bug, membership=self.membership))
        for number, question in enumerate(asked, start=1):
            name = re.sub(r"[^A-Za-z0-9]+", "-", str(question)).strip("-")
            path = self.folder / f"{number:03}-{name}.smt2"
            path.write_text(smt_lib(question), encoding="utf-8")
        return SmtLibReport(self.folder, asked)

"""The request to prove Raft, or what a known bug makes of it, and the report: the proof."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import z3

from raft_ref.spec.files import RAFT, STEPS
from raft_ref.spec.module import load
from raft_ref.spec.proof.counterexamples import Induction, smallest
from raft_ref.spec.proof.membership.protocol import BUGS as MEMBERSHIP_BUGS
from raft_ref.spec.proof.protocol import BUGS
from raft_ref.spec.proof.questions import (
    Answer,
    Kind,
    Verdict,
    prove,
    questions,
)
from raft_ref.spec.proof.reads.protocol import READ_BUGS
from raft_ref.spec.requests import RequestError

SECONDS, SECONDS_WITH_A_BUG = 60.0, 20.0
"""How long to wait for each answer if nothing is said."""
SECONDS_FOR_THE_SMALLEST = 60.0
"""How long to look for the smallest counterexample."""


class Asked(NamedTuple):
    """How far it has come: so many answers to so many questions."""

    answers: int
    questions: int


@dataclass(frozen=True)
class Proof:
    """What became of a proof.

    `asked` is how many questions there are, `answers` stand in the order in which they came;
    `induction` is the smallest counterexample to the first question that is refuted, where one was
    found. `solver` says which z3 answered; `membership` that it is of changes of membership.
    """

    bug: str | None
    processes: int
    asked: int
    answers: tuple[Answer, ...]
    seconds: float
    is_interrupted: bool = False
    induction: Induction | None = None
    solver: str = ""
    membership: bool = False

    def of(self, verdict: Verdict) -> list[Answer]:
        """Return the answers of one kind, those of what breaks first first."""
        return _of(self.answers, verdict)

    @property
    def verdict(self) -> Verdict:
        """Proved only if each question is."""
        if self.of(Verdict.REFUTED):
            return Verdict.REFUTED
        is_whole = len(self.of(Verdict.PROVED)) == self.asked
        return Verdict.PROVED if is_whole else Verdict.UNKNOWN


@dataclass(frozen=True)
class ProofRequest:
    """Prove Raft for any number of servers, terms and entries, or refute a known bug.

    `membership` asks instead for Raft with changes of membership, one server at a time and by
    C_old,new. `seconds` is how long to wait for each answer, `processes` how many ask (None: one
    for each core). Raises `RequestError` for a bug that the proof does not know.
    """

    bug: str | None = None
    seconds: float | None = None
    processes: int | None = None
    membership: bool = False

    def __post_init__(self) -> None:
        """Refuse what the proof does not know."""
        demand_known(self.bug, membership=self.membership)

    def run(self, on_progress: Callable[[Asked], None] = lambda asked: None) -> Proof:
        """Ask all questions, or those until Ctrl-C; `on_progress` is called with each answer."""
        load(RAFT).demand_steps(STEPS)  # else what is proved is of something else
        seconds = self.seconds or (SECONDS if self.bug is None else SECONDS_WITH_A_BUG)
        processes = self.processes or os.cpu_count() or 1
        asked = sum(1 for _ in questions(self.bug, membership=self.membership))
        answers: list[Answer] = []
        on_progress(Asked(0, asked))

        def on_answer(answer: Answer) -> None:
            answers.append(answer)
            on_progress(Asked(len(answers), asked))

        started, is_interrupted = time.monotonic(), False
        try:
            prove(self.bug, seconds, processes, on_answer, membership=self.membership)
        except KeyboardInterrupt:
            is_interrupted = True
        taken = time.monotonic() - started
        return Proof(
            self.bug,
            processes,
            asked,
            tuple(answers),
            taken,
            is_interrupted,
            None if is_interrupted else _counterexample(answers),
            f"z3 {z3.get_version_string()}",
            self.membership,
        )


def demand_known(bug: str | None, *, membership: bool = False) -> None:
    """Raise `RequestError` for a bug that the proof, or that of membership, does not know."""
    known = MEMBERSHIP_BUGS if membership else {**BUGS, **READ_BUGS}
    if bug in MEMBERSHIP_BUGS and not membership:
        raise RequestError(f"bug {bug}: only --with membership")
    if bug is not None and bug not in known:
        raise RequestError(f"bug {bug}: the proof knows {', '.join(known)}")


def _of(answers: tuple[Answer, ...] | list[Answer], verdict: Verdict) -> list[Answer]:
    kinds = (Kind.LEMMA, *(kind for kind in Kind if kind is not Kind.LEMMA))
    found = [each for each in answers if each.verdict is verdict]
    return sorted(found, key=lambda each: -kinds.index(each.question.kind))


def _counterexample(answers: list[Answer]) -> Induction | None:
    """Return the smallest counterexample to the first question that is refuted."""
    for answer in _of(answers, Verdict.REFUTED):
        found = smallest(answer.question, SECONDS_FOR_THE_SMALLEST)
        if found is not None:
            return found
    return None

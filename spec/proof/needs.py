"""What a proof leans on: for each conjunct and property, a smallest set of others that prove it.

z3 names what it used (an unsat core); what can be left out of that is left out. In: a
`NeedsRequest`. Out: a `NeedsReport`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import z3

from raft_ref.spec.proof.invariant import PROPERTIES
from raft_ref.spec.proof.questions import (
    EVERY,
    Kind,
    Question,
    answered,
    is_about_reads,
    known,
    negation,
    questions,
)
from raft_ref.spec.proof.reads.invariant import READ_PROPERTIES
from raft_ref.spec.proof.request import SECONDS, Asked
from raft_ref.spec.workers import workers

GOALS = (*PROPERTIES, *READ_PROPERTIES)
LEMMA = "lemma "
_ABOUT_NO_OTHERS = (Kind.INITIAL, Kind.TAKEN)

Direct = Mapping[str, frozenset[str]]
"""For each property and conjunct the others that its proof needs."""


class Core(NamedTuple):
    """What was used to prove a question: conjuncts, properties and lemmas, by name.

    None where it was not proved in time.
    """

    question: Question
    used: frozenset[str] | None


def core(question: Question, seconds: float) -> Core:
    """Return what a question needs: without any one of it, it is not proved in the same way."""
    if is_about_reads(question):
        found = _core(question, known(question, reads_alone=True), min(seconds, 2.0))
        if found.used is not None:
            return found
    return _core(question, known(question), seconds)


def _core(question: Question, given: Mapping[str, z3.BoolRef], seconds: float) -> Core:
    named = {name: given[name] for name in given if name in EVERY or name.startswith(LEMMA)}
    others = [each for name, each in given.items() if name not in named]
    asked = negation(question)[-1]
    used = _used(named, [*others, asked], seconds)
    if used is None:
        return Core(question, None)
    for name in sorted(used):
        fewer = {each: named[each] for each in used if each != name}
        # What is not proved at once without it counts as not proved: that only keeps it.
        less = _used(fewer, [*others, asked], min(seconds, 1.0))
        used = used if less is None or name not in used else less
    return Core(question, frozenset(used))


def _used(
    named: Mapping[str, z3.BoolRef], others: Iterable[z3.BoolRef], seconds: float
) -> set[str] | None:
    solver = z3.Solver()
    solver.set("timeout", max(1, int(seconds * 1000)))
    solver.set(unsat_core=True)
    solver.add(*others)
    for name, formula in named.items():
        solver.assert_and_track(formula, name)
    if solver.check() != z3.unsat:
        return None
    return {str(name) for name in solver.unsat_core()}


def needs(
    seconds: float = 60.0,
    processes: int | None = None,
    on_core: Callable[[Core], None] = lambda core: None,
) -> dict[str, frozenset[str]]:
    """Return for each property and conjunct the others that its proof needs, at any action.

    Arguments: how long to wait for each answer; how many processes (default: one for each core);
    `on_core` is called with each answer. Raises ValueError, with the question, where one is not
    proved.
    """
    asked = [each for each in questions() if each.kind not in _ABOUT_NO_OTHERS]
    found: dict[str, set[str]] = {name: set() for name in EVERY}
    lemmas: dict[tuple[str, str], frozenset[str]] = {}
    cores = []
    with workers(processes) as pool:
        for each in answered(pool, core, asked, seconds):
            if each.used is None:
                raise ValueError(f"not proved: {each.question}")
            on_core(each)
            cores.append(each)
            if each.question.kind is Kind.LEMMA:
                lemmas[each.question.action, each.question.name] = each.used
    for question, used in cores:
        if question.kind is not Kind.LEMMA:
            assert used is not None
            found[question.name] |= _resolved(used, question.action, lemmas)
    return {name: frozenset(others - {name}) for name, others in found.items()}


def _resolved(
    used: frozenset[str], action: str, lemmas: Mapping[tuple[str, str], frozenset[str]]
) -> frozenset[str]:
    """Return what is used, with what lemmas use instead of these."""
    direct = frozenset(name for name in used if not name.startswith(LEMMA))
    numbers = (name.removeprefix(LEMMA) for name in used - direct)
    return direct.union(*(_resolved(lemmas[action, n], action, lemmas) for n in numbers))


def closure(name: str, direct: Direct) -> frozenset[str]:
    """Return all that a property or conjunct needs, and what that needs, and so on."""
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        for other in direct[waiting.pop()] - reached:
            reached.add(other)
            waiting.append(other)
    return frozenset(reached - {name})


def without_implied(direct: Direct) -> Iterator[tuple[str, str]]:
    """Yield each pair of one and what it needs, but for pairs that another way joins.

    Of conjuncts that need each other all pairs stay.
    """
    reached = {name: closure(name, direct) for name in direct}
    for name, others in direct.items():
        for other in sorted(others):
            ways = (each for each in others - {other} if other in reached[each])
            if not any(name not in reached[way] and way not in reached[other] for way in ways):
                yield name, other


@dataclass(frozen=True)
class NeedsReport:
    """What each property and conjunct needs; or `not_known`: why that could not be found out."""

    direct: Direct = field(default_factory=dict)
    not_known: str = ""

    @property
    def leant_on(self) -> frozenset[str]:
        """The names of all that some property needs."""
        return frozenset[str]().union(*(closure(each.name, self.direct) for each in GOALS))


@dataclass(frozen=True)
class NeedsRequest:
    """Find out what the proof leans on.

    `seconds` is how long to wait for each answer, `processes` how many ask (None: one for each
    core).
    """

    seconds: float | None = None
    processes: int | None = None

    def run(self, on_progress: Callable[[Asked], None] = lambda asked: None) -> NeedsReport:
        """Ask z3; `on_progress` is called with each answer."""
        total = sum(1 for each in questions() if each.kind not in _ABOUT_NO_OTHERS)
        done = 0
        on_progress(Asked(done, total))

        def on_core(_: Core) -> None:
            nonlocal done
            done += 1
            on_progress(Asked(done, total))

        try:
            return NeedsReport(needs(self.seconds or SECONDS, self.processes, on_core))
        except ValueError as error:
            return NeedsReport(not_known=str(error))

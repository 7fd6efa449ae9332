"""Asks z3: whether the conjuncts hold at first, whether each action keeps them, what follows.

The rule: a question is proved if and only if z3 says that its negation has no model (or, of whether
an action can be taken, shows a model); "unknown" is never a pass. Questions go to processes of
their own, which make the formulas anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple, TypeVar

import z3

from raft_ref.spec.proof.action import Action
from raft_ref.spec.proof.invariant import CONJUNCTS, PROPERTIES, Conjunct
from raft_ref.spec.proof.membership import hints
from raft_ref.spec.proof.membership.invariant import MEMBERSHIP_CONJUNCTS, MEMBERSHIP_PROPERTIES
from raft_ref.spec.proof.membership.majorities import majorities
from raft_ref.spec.proof.membership.protocol import protocol_with_membership
from raft_ref.spec.proof.membership.relations import MEMBERSHIP_RELATIONS, membership_init
from raft_ref.spec.proof.models import SIZES, SIZES_WITH_READS, has_model
from raft_ref.spec.proof.protocol import Protocol, protocol
from raft_ref.spec.proof.reads.invariant import READ_CONJUNCTS, READ_PROPERTIES
from raft_ref.spec.proof.reads.protocol import READ_BUGS, protocol_with_reads, read_actions
from raft_ref.spec.proof.reads.relations import ALL_RELATIONS
from raft_ref.spec.proof.relations import Formula, State, every, init
from raft_ref.spec.workers import workers


class Verdict(StrEnum):
    """What became of a question."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """What is asked."""

    FOLLOWS = "follows"
    """Whether a property follows from the conjuncts."""
    INITIAL = "holds at first"
    """Whether a conjunct holds at first."""
    LEMMA = "lemma"
    """Whether a lemma of an action follows from the conjuncts and its guard."""
    KEPT = "kept"
    """Whether an action keeps a conjunct."""
    QUORUMS = "is so of majorities"
    """Whether what is taken for granted of quorums is so of majorities."""
    TAKEN = "can be taken"
    """Whether an action can be taken where all conjuncts hold: else the proof is of nothing."""


class Question(NamedTuple):
    """One question to z3, by names.

    `name` is that of a conjunct or a property, of a lemma its number, "" where an action alone is
    asked about; `action` is its title, or "". `lemmas` is how many of the action's lemmas may be
    used.
    """

    kind: Kind
    name: str
    action: str = ""
    bug: str | None = None
    lemmas: int = 0
    membership: bool = False
    """Of the proof of changes of membership, and not of that of Raft and reads."""

    def __str__(self) -> str:
        match self.kind:
            case Kind.KEPT:
                return f"{self.action} keeps {self.name}"
            case Kind.LEMMA:
                return f"lemma {self.name} of {self.action} follows"
            case Kind.QUORUMS:
                return f"{self.name} {self.kind.value}"
            case Kind.TAKEN:
                return f"{self.action} can be taken"
        return f"{self.name} {self.kind.value}"


class Answer(NamedTuple):
    """The answer to a question, and after how many seconds."""

    question: Question
    verdict: Verdict
    seconds: float


Result = TypeVar("Result")

OLD = State()
OLD_WITH_READS = State(sorts=ALL_RELATIONS)
OLD_WITH_MEMBERSHIP = State(sorts=MEMBERSHIP_RELATIONS)

WITH_MEMBERSHIP = {each.name: each for each in (*MEMBERSHIP_PROPERTIES, *MEMBERSHIP_CONJUNCTS)}
"""Those of changes of membership, by name."""

EVERY = {each.name: each for each in (*PROPERTIES, *CONJUNCTS, *READ_PROPERTIES, *READ_CONJUNCTS)}
"""All properties and conjuncts, by name."""


class _Theory(NamedTuple):
    """What questions are about: its state before a step, protocol, Init, conjuncts by name."""

    old: State
    protocol: Callable[[str | None], Protocol]
    init: Callable[[State], Formula]
    every: Mapping[str, Conjunct]


_WITH_READS = _Theory(OLD_WITH_READS, protocol_with_reads, init, EVERY)
_WITH_CHANGES = _Theory(
    OLD_WITH_MEMBERSHIP, protocol_with_membership, membership_init, WITH_MEMBERSHIP
)


def _theory(question: Question) -> _Theory:
    return _WITH_CHANGES if question.membership else _WITH_READS


_OF_READS = {each.name for each in (*READ_PROPERTIES, *READ_CONJUNCTS)} | read_actions().keys()


def is_about_reads(question: Question) -> bool:
    """Return whether a question is of the proof of reads, and not of that of Raft alone."""
    return not (question.membership or _OF_READS.isdisjoint((question.name, question.action)))


def asked_of(question: Question, conjecture: Conjunct | None = None) -> Conjunct | None:
    """Return the conjunct or property that a question asks about; None where it is no such one."""
    return _theory(question).every.get(question.name, conjecture)


def state_of(question: Question) -> State:
    """Return the state before a step, with the relations that a question may be about."""
    is_of_raft_alone = not (question.membership or is_about_reads(question))
    return OLD if is_of_raft_alone else _theory(question).old


def action_of(question: Question) -> Action:
    """Return the action that a question is about."""
    return _theory(question).protocol(question.bug).actions[question.action]


def questions(bug: str | None = None, *, membership: bool = False) -> Iterator[Question]:
    """Yield all questions of the proof, or of what a bug makes of Raft or of reads.

    Or, instead, those of the proof of changes of membership.
    """
    if membership:
        for each in _of_membership(bug):
            yield each._replace(membership=True)
        return
    if bug not in READ_BUGS:
        yield from _of_raft(bug)
    if bug is None or bug in READ_BUGS:
        yield from _of_reads(bug)


def _of_raft(bug: str | None) -> Iterator[Question]:
    yield from _of_states(PROPERTIES, CONJUNCTS, bug)
    for title, action in protocol(bug).actions.items():
        yield Question(Kind.TAKEN, "", title, bug)
        yield from _lemmas(title, action, bug)
        yield from _kept(CONJUNCTS, title, action, bug)


def _of_membership(bug: str | None) -> Iterator[Question]:
    for name in majorities(bug):
        yield Question(Kind.QUORUMS, name, bug=bug)
    yield from _of_states(MEMBERSHIP_PROPERTIES, MEMBERSHIP_CONJUNCTS, bug)
    for title, action in protocol_with_membership(bug).actions.items():
        yield Question(Kind.TAKEN, "", title, bug)
        yield from _lemmas(title, action, bug, OLD_WITH_MEMBERSHIP)
        yield from _kept(MEMBERSHIP_CONJUNCTS, title, action, bug, OLD_WITH_MEMBERSHIP)


def _of_reads(bug: str | None) -> Iterator[Question]:
    """Yield what reads add; Raft's own conjuncts say nothing of what their actions change."""
    yield from _of_states(READ_PROPERTIES, READ_CONJUNCTS, bug)
    added = read_actions()
    for title, action in protocol_with_reads(bug).actions.items():
        if title in added:
            yield Question(Kind.TAKEN, "", title, bug)
        if title in added or bug is not None:  # else those of Raft are asked already
            yield from _lemmas(title, action, bug)
        yield from _kept(READ_CONJUNCTS, title, action, bug)


def _of_states(
    properties: Sequence[Conjunct], conjuncts: Sequence[Conjunct], bug: str | None
) -> Iterator[Question]:
    for each in properties:
        yield Question(Kind.FOLLOWS, each.name, bug=bug)
    for each in conjuncts:
        yield Question(Kind.INITIAL, each.name, bug=bug)


def _lemmas(
    title: str, action: Action, bug: str | None, old: State = OLD_WITH_READS
) -> Iterator[Question]:
    for number, _ in enumerate(action.lemmas_given(old)):
        yield Question(Kind.LEMMA, str(number + 1), title, bug, number)


def _kept(
    conjuncts: Sequence[Conjunct],
    title: str,
    action: Action,
    bug: str | None,
    old: State = OLD_WITH_READS,
) -> Iterator[Question]:
    lemmas = len(action.lemmas_given(old))
    for each in conjuncts:
        yield Question(Kind.KEPT, each.name, title, bug, lemmas)


@cache
def _of(conjunct: Conjunct, old: State) -> Formula:
    """Return a conjunct of a state, made once."""
    return conjunct.of(old)


def known(
    question: Question, conjecture: Conjunct | None = None, *, reads_alone: bool = False
) -> dict[str, Formula]:
    """Return what a question may build on, by name: the axioms, and what it is asked of.

    With a conjecture, of which it asks whether an action keeps it, also the conjecture. With
    `reads_alone` nothing of Raft's own invariant.
    """
    theory = _theory(question)
    axioms = theory.protocol(question.bug).axioms
    found = {f"axiom {number}": each for number, each in enumerate(axioms)}
    if question.kind is Kind.INITIAL:
        return {**found, "Init": theory.init(state_of(question))}
    conjuncts, properties = _invariant(question, reads_alone=reads_alone)
    found |= {each.name: _of(each, theory.old) for each in conjuncts}
    if question.kind is not Kind.TAKEN:  # what follows is known, but for what is asked, or later
        for each in properties:
            if question.kind is Kind.FOLLOWS and question.name == each.name:
                break
            found[each.name] = _of(each, theory.old)
    if conjecture is not None and question.kind is Kind.KEPT:
        found[conjecture.name] = conjecture.of(OLD)
    if question.action:
        action = action_of(question)
        found[action.title] = action.formula(state_of(question))
        lemmas = action.lemmas_given(state_of(question))[: question.lemmas]
        found |= {f"lemma {number}": each.formula for number, each in enumerate(lemmas, 1)}
    return found


def _invariant(
    question: Question, *, reads_alone: bool
) -> tuple[tuple[Conjunct, ...], tuple[Conjunct, ...]]:
    """Return the conjuncts and the properties that a question may build on."""
    if question.membership:
        return MEMBERSHIP_CONJUNCTS, MEMBERSHIP_PROPERTIES
    of_raft = ((), ()) if reads_alone else (CONJUNCTS, PROPERTIES)
    of_reads = (READ_CONJUNCTS, READ_PROPERTIES) if is_about_reads(question) else ((), ())
    return (*of_raft[0], *of_reads[0]), (*of_raft[1], *of_reads[1])


def negation(
    question: Question, conjecture: Conjunct | None = None, *, reads_alone: bool = False
) -> list[Formula]:
    """Return formulas that have a model if and only if the answer is no (of `TAKEN`: yes).

    Of what is known of `reads_alone`, to have no model is as good a proof.
    """
    if question.kind is Kind.QUORUMS:
        return majorities(question.bug)[question.name]
    formulas = [*known(question, conjecture, reads_alone=reads_alone).values()]
    if question.kind is Kind.TAKEN:
        return [*formulas, *_made_simple(question)]
    return [*formulas, _denied(question, conjecture)]


def _made_simple(question: Question) -> list[Formula]:
    """Return what is said of a state in which an action can be taken, so that one is found.

    Nothing was changed before, and one term has started: any state will do.
    """
    if not question.membership:
        return []
    old = OLD_WITH_MEMBERSHIP
    made = [z3.Const(f"x{n}", s) for n, s in enumerate(MEMBERSHIP_RELATIONS["changed"])]
    one_term = every(
        "ta tb", lambda a, b: z3.Implies(z3.And(old.started(a), old.started(b)), a == b)
    )
    return [z3.ForAll(made, z3.Not(old.changed(*made))), one_term]


def _denied(question: Question, conjecture: Conjunct | None = None) -> Formula:
    """Return that what is asked is not so: of a lemma, a property, a conjunct before or after."""
    asked, old = asked_of(question, conjecture), state_of(question)
    if not question.action:
        assert asked is not None
        return z3.Not(asked.of(old))
    action = action_of(question)
    if question.kind is Kind.KEPT:
        assert asked is not None
        return asked.fails(action.after(old))
    return z3.Not(action.lemmas_given(old)[int(question.name) - 1].formula)


def sizes_of(question: Question) -> Mapping[Any, Sequence[int]]:
    """Return how many elements of each sort a model may have that answers a question."""
    return SIZES_WITH_READS if is_about_reads(question) else SIZES


def ask(question: Question, seconds: float, conjecture: Conjunct | None = None) -> Answer:
    """Ask z3, for at most so many seconds; about a conjecture, if that is what is asked about.

    How long it takes hangs on chance, and where the answer is no it may search for ever: so it is
    asked for a short time first, then in other ways, then for longer, with another seed.
    """
    start = time.perf_counter()
    if _is_proved_of_reads_alone(question, seconds) or _is_proved_of_less(question, seconds):
        return Answer(question, Verdict.PROVED, time.perf_counter() - start)
    formulas = negation(question, conjecture)
    verdict, attempt, end = Verdict.UNKNOWN, 0, start + seconds
    while verdict is Verdict.UNKNOWN and time.perf_counter() < end:
        verdict = _attempt(question, formulas, 2 * 1.5**attempt, attempt, end)
        attempt += 1
    return Answer(question, verdict, time.perf_counter() - start)


def _is_proved_of_reads_alone(question: Question, seconds: float) -> bool:
    """Return whether what reads add suffices to prove a question about them: it mostly does.

    With all of Raft's invariant before it, z3 looks for the few formulas that matter for long.
    """
    if question.kind is Kind.TAKEN or not is_about_reads(question):
        return False
    found = _check(negation(question, reads_alone=True), min(seconds, 2.0))
    return bool(found == z3.unsat)


def _is_proved_of_less(question: Question, seconds: float) -> bool:
    """Return whether a part of what is known suffices for a question about membership."""
    if not question.membership or question.kind in (Kind.TAKEN, Kind.INITIAL, Kind.QUORUMS):
        return False
    everything, denied = known(question), _denied(question)
    always = [
        each
        for name, each in everything.items()
        if name.startswith("axiom") or name == question.action
    ]
    end = time.perf_counter() + seconds
    for attempt in (2.0, 15.0):
        for names in _less(question):
            formulas = [everything[name] for name in dict.fromkeys(names) if name in everything]
            for looks_for_models in (False, True):
                left = min(attempt, end - time.perf_counter())
                if left <= 0:
                    return False
                asked = [*always, *formulas, denied]
                if _check(asked, left, mbqi=looks_for_models) == z3.unsat:
                    return True
    return False


def _less(question: Question) -> Iterator[list[str]]:
    """Yield names of what a question may follow from, as `known` has them."""
    if not question.action:
        yield from map(list, hints.of_property(question.name))
        return
    lemmas = action_of(question).lemmas_given(state_of(question))
    numbers = {lemma.name: f"lemma {number}" for number, lemma in enumerate(lemmas, 1)}
    several: Sequence[tuple[str, ...]] = [*hints.of_kept(question.name, question.action)]
    if question.kind is Kind.LEMMA:
        by = lemmas[int(question.name) - 1].by
        several = [by or hints.OF_RAFT]
    for names in several:
        yield [numbers.get(name, name) for name in names]


def _attempt(
    question: Question, formulas: Sequence[Formula], seconds: float, seed: int, end: float
) -> Verdict:
    """Ask in each way for so many seconds, and for small models longer, to that end at most."""

    def at_most(limit: float) -> float:
        return max(0.001, min(limit, end - time.perf_counter()))

    for looks_for_models in (True, False):  # without, z3 is quicker where there are none
        if question.kind is Kind.TAKEN:
            break
        found = _check(formulas, at_most(seconds), random_seed=seed, mbqi=looks_for_models)
        if found != z3.unknown:
            return Verdict.PROVED if found == z3.unsat else Verdict.REFUTED
    if not has_model(formulas, at_most(4 * seconds), sizes_of(question)):
        return Verdict.UNKNOWN
    return Verdict.PROVED if question.kind is Kind.TAKEN else Verdict.REFUTED


def _check(formulas: Sequence[Formula], seconds: float, **options: bool | int) -> Any:
    """Ask z3, for so many seconds at most, whether formulas have a model."""
    solver = z3.Solver()
    solver.set(timeout=max(1, int(seconds * 1000)), ctrl_c=False, **options)  # an interrupt is told
    solver.add(*formulas)
    return solver.check()


def smt_lib(question: Question) -> str:
    """Return a question in SMT-LIB, for other solvers: "unsat" is a proof (of `TAKEN`: "sat")."""
    solver = z3.Solver()
    solver.add(*negation(question))
    return f"; {question}\n(set-logic ALL)\n{solver.to_smt2()}"


def prove(
    bug: str | None = None,
    seconds: float = 60.0,
    processes: int | None = None,
    on_answer: Callable[[Answer], None] = lambda answer: None,
    *,
    membership: bool = False,
) -> list[Answer]:
    """Ask all questions and return the answers, in the order of the questions.

    Arguments: a known bug to be proved instead; how long to wait for each answer; how many
    processes (default: one for each core); `on_answer` is called with each as it comes.
    """
    asked = [*questions(bug, membership=membership)]
    answers: dict[Question, Answer] = {}
    with workers(processes) as pool:
        lemmas = [each for each in asked if each.kind is Kind.LEMMA]
        for each in answered(pool, ask, lemmas, seconds):
            answers[each.question] = each
            on_answer(each)
        asked = [_with_lemmas(question, answers) for question in asked]
        others = [each for each in asked if each.kind is not Kind.LEMMA]
        for each in answered(pool, ask, others, seconds):
            answers[each.question] = each
            on_answer(each)
    return [answers[question] for question in asked]


def answered(
    pool: ProcessPoolExecutor,
    answer: Callable[[Question, float], Result],
    asked: Sequence[Question],
    seconds: float,
) -> Iterator[Result]:
    """Yield what a function gives for each question, as it comes from processes."""
    for each in as_completed([pool.submit(answer, question, seconds) for question in asked]):
        yield each.result()


def _with_lemmas(question: Question, answers: Mapping[Question, Answer]) -> Question:
    """Return a question that uses only lemmas which are proved."""
    if question.kind is not Kind.KEPT:
        return question
    proved = 0
    for number in range(question.lemmas):
        lemma = Question(
            Kind.LEMMA, str(number + 1), question.action, question.bug, number, question.membership
        )
        if answers[lemma].verdict is not Verdict.PROVED:
            break
        proved += 1
    return question._replace(lemmas=proved)

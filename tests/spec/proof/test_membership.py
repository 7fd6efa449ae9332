"""The proof of changes of membership: what is asked, what is proved, and what refutes a bug."""

from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import Any

import pytest

from raft_ref.features.bugs import MEMBERSHIP_BUGS
from raft_ref.spec.proof.evaluation import Structure, set_of, truth_of
from raft_ref.spec.proof.membership.invariant import MEMBERSHIP_CONJUNCTS, MEMBERSHIP_PROPERTIES
from raft_ref.spec.proof.membership.majorities import majorities
from raft_ref.spec.proof.membership.protocol import (
    BUGS,
    JOINT,
    ONE_SERVER,
    protocol_with_membership,
)
from raft_ref.spec.proof.membership.relations import MEMBERSHIP_RELATIONS, axioms
from raft_ref.spec.proof.questions import (
    Kind,
    Question,
    Verdict,
    action_of,
    ask,
    asked_of,
    prove,
    questions,
    state_of,
)
from raft_ref.spec.proof.relations import State

CHANGE, CHANGE_BY_JOINT = f"Change ({ONE_SERVER})", f"Change ({JOINT})"
BROKEN_BY = {
    "single-server-change-without-barrier": (Kind.LEMMA, CHANGE, "BeforeIsDecided"),
    "change-before-last-is-committed": (Kind.LEMMA, CHANGE, "BeforeIsDecided"),
    "committed-by-old-configuration": (Kind.KEPT, "AdvanceCommitIndex", "DecidedInForce"),
    "joint-left-before-committed": (Kind.LEMMA, CHANGE_BY_JOINT, "BeforeIsDecided"),
    "election-quorum-over-the-union": (Kind.QUORUMS, "", "MeetAcrossEntering"),
    "new-configuration-alone": (Kind.QUORUMS, "", "MeetAcrossEntering"),
}
"""A question that is not proved any more with each known bug."""


def named(question: Question) -> tuple[Kind, str, str]:
    """Return the kind, the action and the name of a question: of a lemma, its own."""
    name = question.name
    if question.kind is Kind.LEMMA:
        name = action_of(question).lemmas_given(state_of(question))[int(name) - 1].name
    return question.kind, question.action, name


def test_each_question_is_asked_once() -> None:
    asked = [*questions(membership=True)]
    assert len(set(map(str, asked))) == len(asked)
    conjuncts, actions = len(MEMBERSHIP_CONJUNCTS), {each.action for each in asked} - {""}
    assert conjuncts == 52
    assert len(actions) == 18
    kept = sum(each.kind is Kind.KEPT for each in asked)
    assert kept == conjuncts * len(actions)
    assert sum(each.kind is Kind.INITIAL for each in asked) == conjuncts
    assert sum(each.kind is Kind.FOLLOWS for each in asked) == len(MEMBERSHIP_PROPERTIES)


@pytest.mark.parametrize("name", majorities())
def test_what_is_taken_for_granted_is_so_of_majorities(name: str) -> None:
    question = Question(Kind.QUORUMS, name, membership=True)
    assert ask(question, 10).verdict is Verdict.PROVED


def test_whatever_a_lemma_is_proved_by_is_known() -> None:
    """A name that nothing has would be looked for in vain, and the proof be slow for it."""
    for question in questions(membership=True):
        if question.kind is not Kind.LEMMA:
            continue
        lemmas = action_of(question).lemmas_given(state_of(question))
        names = {each.name for each in lemmas[: int(question.name) - 1]}
        for name in lemmas[int(question.name) - 1].by:
            known = asked_of(question._replace(name=name)) is not None
            assert known or name in names, (question, name)


def test_bugs_have_the_names_of_the_zoo() -> None:
    assert MEMBERSHIP_BUGS.keys() >= BUGS.keys()
    assert BROKEN_BY.keys() == BUGS.keys()


def broken_by(bug: str) -> Question:
    (question,) = (
        each for each in questions(bug, membership=True) if named(each) == BROKEN_BY[bug]
    )
    return question


OF_QUORUMS = [bug for bug, (kind, *_) in BROKEN_BY.items() if kind is Kind.QUORUMS]


@pytest.mark.parametrize("bug", OF_QUORUMS)
def test_a_bug_of_quorums_is_refuted(bug: str) -> None:
    question = broken_by(bug)
    assert ask(question, 10).verdict is Verdict.REFUTED
    assert ask(question._replace(bug=None), 10).verdict is Verdict.PROVED


@pytest.mark.long
@pytest.mark.parametrize("bug", [bug for bug in BROKEN_BY if bug not in OF_QUORUMS])
def test_a_bug_of_changes_is_not_proved(bug: str) -> None:
    """What z3 proves in a moment without the bug, it does not with it, and says no more."""
    question = broken_by(bug)
    assert ask(question._replace(bug=None), 60).verdict is Verdict.PROVED
    assert ask(question, 4).verdict is not Verdict.PROVED


@pytest.mark.long
def test_the_argument_is_proved() -> None:
    """All lemmas, and what they are for."""
    for question in questions(membership=True):
        is_core = question.kind in (Kind.LEMMA, Kind.FOLLOWS) or named(question) in (
            (Kind.KEPT, CHANGE, "Settled"),
            (Kind.KEPT, "HandleRequestVoteResponse", "ChoosableIsLed"),
        )
        if is_core:
            assert ask(question, 60).verdict is Verdict.PROVED, question


@pytest.mark.long
@pytest.mark.deep
def test_all_is_proved() -> None:
    wrong = [each for each in prove(membership=True) if each.verdict is not Verdict.PROVED]
    assert wrong == []


# ---- A run of it: what is proved is not so for want of anything that can happen

VOTERS = {"C0": ("ab", ""), "C1": ("abc", ""), "C1,2": ("c", "abc"), "C2": ("c", "")}
QUORUMS = [frozenset(each) for size in (1, 2, 3) for each in combinations("abc", size)]
STATE = State(sorts=MEMBERSHIP_RELATIONS)
LEADER, TAKEN = "HandleRequestVoteResponse", "HandleAppendEntriesRequest"
FIRST, AT_2, AT_3 = (1, 1, "x"), (1, 2, "C1"), (1, 3, "C1,2")
RUN = [
    ("Timeout", "a", 1), ("UpdateTerm", "b", 1), ("UpdateTerm", "c", 1),
    ("HandleRequestVoteRequest", "b", "a", 1, 0, 0, "x", 0, 0, "x"),
    (LEADER, "a", 1, frozenset("ab"), 0, 0, 0, "C0"),
    ("ClientRequest", "a", 1, 1, "x"), ("AppendEntries", "a", 1, 0, 0, "x", 1, 1, "x"),
    (TAKEN, "b", 1, 0, 0, "x", 1, 1, "x"), (TAKEN, "c", 1, 0, 0, "x", 1, 1, "x"),
    ("HandleAppendEntriesResponse", "a", "b", 1, 1),
    ("AdvanceCommitIndex", "a", 1, 1, "x", frozenset("ab"), 0, 0, "C0"),
    (CHANGE, "a", 1, 2, "C1", 0, 0, "C0", 1, 1, "x", *FIRST, *FIRST),
    ("AppendEntries", "a", 1, 1, 1, "x", 2, 1, "C1"),
    (TAKEN, "b", 1, 1, 1, "x", 2, 1, "C1"), (TAKEN, "c", 1, 1, 1, "x", 2, 1, "C1"),
    ("HandleAppendEntriesResponse", "a", "b", 1, 2),
    ("HandleAppendEntriesResponse", "a", "c", 1, 2),
    ("AdvanceCommitIndex", "a", 1, 2, "C1", frozenset("bc"), 2, 1, "C1"),
    (CHANGE_BY_JOINT, "a", 1, 3, "C1,2", 2, 1, "C1", 2, 1, "C1", *AT_2, *AT_2),
    ("AppendEntries", "a", 1, 2, 1, "C1", 3, 1, "C1,2"), (TAKEN, "c", 1, 2, 1, "C1", 3, 1, "C1,2"),
    ("HandleAppendEntriesResponse", "a", "c", 1, 3),
    ("AdvanceCommitIndex", "a", 1, 3, "C1,2", frozenset("ac"), 3, 1, "C1,2"),
    ("AppendEntries (leaderCommit)", "a", 1, 3, *AT_3),
    (f"{TAKEN} (leaderCommit)", "c", 1, 3, 3, *AT_3),
    ("Timeout", "c", 2), ("UpdateTerm", "b", 2),
    ("HandleRequestVoteRequest", "b", "c", 2, 2, 1, "C1", 3, 1, "C1,2"),
    (LEADER, "c", 2, frozenset("bc"), 3, 3, 1, "C1,2"),
    (CHANGE_BY_JOINT, "c", 2, 4, "C2", 3, 1, "C1,2", 3, 1, "C1,2", *AT_3, *AT_3),
    ("AdvanceCommitIndex", "c", 2, 4, "C2", frozenset("c"), 4, 2, "C2"),
]  # fmt: skip
"""One server is added; then another leader than who entered it leaves C_old,new, and is alone."""


def is_quorum(servers: frozenset[str], configuration: str) -> bool:
    return all(2 * len(servers & {*part}) > len(part) for part in VOTERS[configuration] if part)


def beginning() -> Structure:
    """Return the state in which nothing has happened."""
    pairs = [(one, other) for one in VOTERS for other in VOTERS]
    quorums = {(each, name) for each in QUORUMS for name in VOTERS if is_quorum(each, name)}
    facts: dict[str, Any] = {
        "isConfiguration": {(name,) for name in VOTERS}, "isFirst": {("C0",)},
        "beforeFirst": {(0,)}, "quorumOf": quorums, "oneServer": {("C0", "C1"), ("C1", "C0")},
        "joint": {("C1", "C1,2"), ("C1,2", "C2")},
        "meets": {
            (one, other) for one, other in pairs
            if all(p & q for p, a in quorums for q, b in quorums if (a, b) == (one, other))
        },
    }  # fmt: skip
    elements = {
        "Server": [*"abc"], "Quorum": QUORUMS, "Term": [*range(3)], "Index": [*range(5)],
        "Value": ["x", *VOTERS],
    }  # fmt: skip
    relations = {name: frozenset(facts.get(name, ())) for name in MEMBERSHIP_RELATIONS}
    return Structure(elements, relations)


@cache
def compiled(title: str) -> tuple[list[Any], dict[str, Any]]:
    """Return what an action asks for, and what it makes of each relation that it changes."""
    action, sorts = protocol_with_membership().actions[title], MEMBERSHIP_RELATIONS
    given = action.given()
    guard = [truth_of(each, given) for each in action.guard(STATE, *given)]
    changes = action.changes(STATE, *given)
    return guard, {name: set_of(holds, sorts[name], given) for name, holds in changes}


def run() -> Iterator[Structure]:
    """Yield the states of the run; each step is one of the protocol."""
    state = beginning()
    yield state
    for title, *arguments in RUN:
        guard, changes = compiled(title)
        assert all(each.call(state, *arguments) for each in guard), (title, arguments)
        changed = {name: frozenset(made.call(state, *arguments)) for name, made in changes.items()}
        state = Structure(state.elements, {**state.relations, **changed})
        yield state


def test_all_that_is_proved_is_so_in_a_run_of_three_changes() -> None:
    *_, last = states = [*run()]
    assert len(last.relations["changed"]) == 3
    assert len(last.relations["decided"]) == 4
    for formula in axioms():
        assert truth_of(formula).call(last)
    for each in (*MEMBERSHIP_CONJUNCTS, *MEMBERSHIP_PROPERTIES):
        holds = truth_of(each.of(STATE))
        assert all(holds.call(state) for state in states), each.name

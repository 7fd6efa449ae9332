"""The proof of changes of membership: what is asked, what is proved, and what refutes a bug."""

import pytest

from raft_ref.features.bugs import MEMBERSHIP_BUGS
from raft_ref.spec.proof.membership.invariant import MEMBERSHIP_CONJUNCTS, MEMBERSHIP_PROPERTIES
from raft_ref.spec.proof.membership.majorities import majorities
from raft_ref.spec.proof.membership.protocol import BUGS, JOINT, ONE_SERVER
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

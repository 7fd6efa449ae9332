"""The proof without bounds: what z3 says of each question, and that it can say no."""

from collections.abc import Sequence

import pytest
import z3

from raft_ref.spec.proof import questions as prover
from raft_ref.spec.proof.counterexamples import smallest
from raft_ref.spec.proof.invariant import CONJUNCTS, PROPERTIES, Conjunct
from raft_ref.spec.proof.models import smallest_model
from raft_ref.spec.proof.protocol import BUGS, protocol
from raft_ref.spec.proof.questions import (
    OLD,
    Kind,
    Question,
    Verdict,
    ask,
    is_about_reads,
    negation,
    questions,
    smt_lib,
)
from raft_ref.spec.proof.relations import axioms
from tests.support.other_solver import cvc5_says

TITLES = [*protocol().actions]
OF_RAFT = [each for each in questions() if not is_about_reads(each)]


def verdicts(asked: Sequence[Question]) -> set[Verdict]:
    return {ask(question, 60.0).verdict for question in asked}


def test_what_is_asked() -> None:
    asked = OF_RAFT
    assert len(asked) == len(set(asked)) == 738
    assert len({str(each) for each in asked}) == 738
    kept = {(each.name, each.action) for each in asked if each.kind is Kind.KEPT}
    assert kept == {(conjunct.name, title) for conjunct in CONJUNCTS for title in TITLES}
    assert [each.name for each in PROPERTIES] == [
        "ElectionSafety", "LogMatching", "LeaderCompleteness", "StateMachineSafety",
    ]  # fmt: skip


def test_the_properties_follow_and_all_holds_at_first() -> None:
    asked = [each for each in OF_RAFT if not each.action]
    assert verdicts(asked) == {Verdict.PROVED}


@pytest.mark.parametrize("title", ["UpdateTerm", "StepDown"])
def test_what_features_need_keeps_all_conjuncts(title: str) -> None:
    """Of the steps that no step of Raft.tla is: RaftTrace.tla's AdoptTerm is UpdateTerm."""
    assert verdicts([each for each in OF_RAFT if each.action == title]) == {Verdict.PROVED}


@pytest.mark.parametrize("title", ["Timeout", "HandleRequestVoteResponse", "AdvanceCommitIndex"])
def test_an_action_keeps_all_conjuncts(title: str) -> None:
    assert verdicts([each for each in OF_RAFT if each.action == title]) == {Verdict.PROVED}


REFUTED = {
    # The question that refutes a bug; how many servers and terms the smallest counterexample to
    # induction has, and a relation that the action adds to (None: it takes away).
    "vote-forgotten-in-same-term": ("HandleRequestVoteRequest keeps OneVote", 2, 1, "voted"),
    "log-not-compared-before-vote": (
        "HandleRequestVoteRequest keeps ChoosableIsVotedFor", 2, 2, "voted",
    ),
    "quorum-of-half": ("HandleRequestVoteResponse keeps OneElected", 2, 1, "leads"),
    "older-term-committed": ("AdvanceCommitIndex keeps CommittedByQuorum", 1, 2, "committed"),
    "prev-log-term-ignored": ("HandleAppendEntriesRequest keeps LogMatchesLeaders", 2, 2, "log"),
    "vote-forgotten-at-step-down": ("StepDown keeps StartedByQuorum", 1, 1, None),
    "lower-term-adopted": ("UpdateTerm keeps VoteLeavesLowerTerms", 1, 2, None),
}  # fmt: skip


SLOW = ("older-term-committed", "prev-log-term-ignored")
"""Their smallest counterexamples to induction take some seconds."""


def refuting(bug: str) -> Question:
    """Return the question that refutes a bug."""
    (question,) = (each for each in questions(bug) if str(each) == REFUTED[bug][0])
    # Of the lemmas of this action, one is false where two quorums need not meet.
    return question._replace(lemmas=0) if bug == "quorum-of-half" else question


@pytest.mark.parametrize(
    "bug", [pytest.param(bug, marks=[pytest.mark.long] if bug in SLOW else []) for bug in BUGS]
)
def test_a_bug_is_refuted_by_a_conjunct(bug: str) -> None:
    _, servers, terms, added = REFUTED[bug]
    found = smallest(refuting(bug))
    assert found is not None
    assert (len(found.elements["Server"]), len(found.elements["Term"])) == (servers, terms)
    assert added is None or added in {fact[0] for fact in found.added()}
    assert found.added() or found.removed()
    assert found.falsified_by()


def test_a_lemma_of_a_bug_is_not_used() -> None:
    lemma = Question(Kind.LEMMA, "1", "HandleRequestVoteResponse", "quorum-of-half")
    assert ask(lemma, 60.0).verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    "bug",
    [
        "vote-forgotten-in-same-term",
        pytest.param("older-term-committed", marks=pytest.mark.long),
    ],
)
def test_what_a_bug_breaks_is_refuted_and_the_rest_is_not(bug: str) -> None:
    action = REFUTED[bug][0].split()[0]
    asked = [each for each in questions(bug) if each.action == action]
    refuted = {str(q) for q in asked if ask(q, 60.0).verdict is not Verdict.PROVED}
    assert refuted == {REFUTED[bug][0]}


MISSED_BY = {
    "OneVote": Question(Kind.LEMMA, "1", "HandleRequestVoteResponse"),
    "StartedByQuorum": Question(Kind.LEMMA, "1", "HandleRequestVoteResponse"),
    "AcknowledgedIsUsed": Question(Kind.LEMMA, "1", "ClientRequest"),
    "LogMatchesLeaders": Question(Kind.FOLLOWS, "LogMatching"),
    "ChoosableIsLed": Question(Kind.FOLLOWS, "LeaderCompleteness"),
    "MatchIndexAcknowledged": Question(Kind.KEPT, "CommittedByQuorum", "AdvanceCommitIndex"),
}


@pytest.mark.parametrize(
    "left_out",
    [pytest.param(name, marks=[] if name == "OneVote" else pytest.mark.long) for name in MISSED_BY],
)
def test_a_conjunct_that_is_left_out_is_missed(
    left_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    missed_by = MISSED_BY[left_out]
    assert ask(missed_by, 60.0).verdict is Verdict.PROVED
    without = tuple(each for each in CONJUNCTS if each.name != left_out)
    monkeypatch.setattr(prover, "CONJUNCTS", without)
    assert ask(missed_by, 60.0).verdict is Verdict.REFUTED


@pytest.mark.parametrize("conjunct", [*PROPERTIES, *CONJUNCTS], ids=lambda each: each.name)
def test_a_conjunct_can_be_false(conjunct: Conjunct) -> None:
    assert smallest_model([*axioms(), z3.Not(conjunct.of(OLD))], 60.0) is not None


def test_no_answer_in_time_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    question = Question(Kind.FOLLOWS, "StateMachineSafety")
    assert ask(question, 1e-9).verdict is Verdict.UNKNOWN
    monkeypatch.setattr(z3.Solver, "check", lambda self: z3.unknown)
    assert ask(question, 0.01).verdict is Verdict.UNKNOWN


def test_an_action_that_can_never_be_taken_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    question = Question(Kind.TAKEN, "", "Timeout")
    assert ask(question, 60.0).verdict is Verdict.PROVED
    never = [*axioms(), z3.BoolVal(False)]
    monkeypatch.setattr(prover, "negation", lambda *_: never)
    assert ask(question, 1.0).verdict is Verdict.UNKNOWN


def test_a_question_as_smt_lib() -> None:
    text = smt_lib(Question(Kind.KEPT, "OneVote", "Timeout"))
    assert text.startswith("; Timeout keeps OneVote\n(set-logic ALL)\n")
    assert text.rstrip().endswith("(check-sat)")
    solver = z3.Solver()
    solver.from_string(text)
    assert solver.check() == z3.unsat


@pytest.mark.parametrize("bug", BUGS)
def test_another_solver_refutes_a_bug(bug: str) -> None:
    assert cvc5_says(smt_lib(refuting(bug))) == "sat"


@pytest.mark.long
def test_another_solver_says_the_same() -> None:
    for each in OF_RAFT[::3]:  # all take minutes; of each action and kind some are asked
        assert cvc5_says(smt_lib(each)) == ("sat" if each.kind is Kind.TAKEN else "unsat"), each


def test_what_is_known_of_a_question() -> None:
    known = prover.known(Question(Kind.KEPT, "OneVote", "ClientRequest", lemmas=1))
    assert {"ElectionSafety", "OneVote", "ClientRequest", "lemma 1", "axiom 3"} <= known.keys()
    assert "StateMachineSafety" not in prover.known(Question(Kind.FOLLOWS, "StateMachineSafety"))
    assert len(negation(Question(Kind.INITIAL, "OneVote"))) == len(axioms()) + 2

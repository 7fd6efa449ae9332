"""The proof of reads by ReadIndex: what z3 says of it, and that it says no to wrong variants."""

import pytest
import z3

from raft_ref.cli import main
from raft_ref.spec.proof import questions as prover
from raft_ref.spec.proof.counterexamples import smallest
from raft_ref.spec.proof.invariant import Conjunct
from raft_ref.spec.proof.models import SIZES_WITH_READS, has_model
from raft_ref.spec.proof.needs import core
from raft_ref.spec.proof.protocol import BUGS, protocol
from raft_ref.spec.proof.questions import (
    OLD_WITH_READS,
    Kind,
    Question,
    Verdict,
    ask,
    is_about_reads,
    negation,
    questions,
    sizes_of,
    smt_lib,
)
from raft_ref.spec.proof.reads.invariant import READ_CONJUNCTS, READ_PROPERTIES
from raft_ref.spec.proof.reads.protocol import READ_BUGS, protocol_with_reads, read_actions
from raft_ref.spec.proof.reads.relations import READ_RELATIONS
from raft_ref.spec.proof.relations import RELATIONS, axioms
from tests.support.other_solver import cvc5_says

OF_READS = [each for each in questions() if is_about_reads(each)]


def named(text: str, bug: str | None = None) -> Question:
    (found,) = (each for each in questions(bug) if str(each) == text)
    return found


def verdicts(asked: list[Question]) -> set[Verdict]:
    return {ask(question, 60.0).verdict for question in asked}


def test_what_is_asked() -> None:
    kept = {(each.name, each.action) for each in OF_READS if each.kind is Kind.KEPT}
    titles = protocol_with_reads().actions
    assert kept == {(each.name, title) for each in READ_CONJUNCTS for title in titles}
    assert len(OF_READS) == len({str(each) for each in OF_READS}) == 238
    assert {each.action for each in OF_READS if each.kind is Kind.TAKEN} == read_actions().keys()


def test_reads_change_nothing_that_the_invariant_of_raft_says() -> None:
    assert not READ_RELATIONS.keys() & RELATIONS.keys()
    for action in read_actions().values():
        changed = {each.relation for each in action.changes(OLD_WITH_READS, *action.given())}
        assert changed <= READ_RELATIONS.keys(), action.title
    assert {**protocol_with_reads().actions, **read_actions()}.keys() - read_actions().keys() == (
        protocol().actions.keys()
    )


def test_the_properties_follow_and_all_holds_at_first() -> None:
    assert verdicts([each for each in OF_READS if not each.action]) == {Verdict.PROVED}


@pytest.mark.parametrize("title", read_actions())
def test_an_action_of_reads_keeps_all_conjuncts(title: str) -> None:
    assert verdicts([each for each in OF_READS if each.action == title]) == {Verdict.PROVED}


@pytest.mark.parametrize(
    "title",
    [
        pytest.param(
            title,
            marks=[] if title in ("AdvanceCommitIndex", "UpdateTerm") else [pytest.mark.long],
        )
        for title in protocol().actions
    ],
)
def test_an_action_of_raft_keeps_the_conjuncts_of_reads(title: str) -> None:
    assert verdicts([each for each in OF_READS if each.action == title]) == {Verdict.PROVED}


REFUTED = {
    "read-without-quorum": "ConfirmRead keeps ConfirmedCoversHistory",
    "read-confirmed-by-earlier-round": "ConfirmRead keeps ConfirmedCoversHistory",
    "read-before-first-commit-of-term": "NoteReadIndex keeps NotedCoversHistory",
    "read-from-own-commit-index": "ServeRead keeps ServedCoversHistory",
    "read-before-applied": "ServeRead keeps ServedCoversHistory",
}


def test_of_every_bug_it_is_known_what_refutes_it() -> None:
    assert REFUTED.keys() == READ_BUGS.keys()
    assert not READ_BUGS.keys() & BUGS.keys()


@pytest.mark.parametrize("bug", READ_BUGS)
def test_a_bug_has_a_counterexample_to_induction(bug: str) -> None:
    question = named(REFUTED[bug], bug)
    assert has_model(negation(question), 60.0, sizes_of(question))


@pytest.mark.long
@pytest.mark.parametrize("bug", READ_BUGS)
def test_what_a_bug_breaks_is_refuted_and_the_rest_is_not(bug: str) -> None:
    asked = [each for each in questions(bug) if each.action in read_actions()]
    refuted = {str(each) for each in asked if ask(each, 60.0).verdict is not Verdict.PROVED}
    assert refuted == {REFUTED[bug]}


def test_the_smallest_counterexample() -> None:
    bug = "read-from-own-commit-index"
    found = smallest(named(REFUTED[bug], bug))
    assert found is not None
    sizes = {name: len(each) for name, each in found.elements.items()}
    assert sizes == {"Server": 1, "Term": 1, "Index": 2, "Value": 1, "Read": 1, "Round": 1}
    assert [fact[0] for fact in found.added()] == ["readServed"]
    assert found.falsified_by()["r"] == "r1"


@pytest.mark.long
def test_a_bug_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--bug", "read-from-own-commit-index", "--timeout", "30"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("REFUTED: ServeRead does not keep ServedCoversHistory")
    assert "\n  + readServed(r1, 0, 1, 1, v1)\n" in out


@pytest.mark.parametrize("bug", READ_BUGS)
def test_another_solver_refutes_a_bug(bug: str) -> None:
    assert cvc5_says(smt_lib(named(REFUTED[bug], bug))) == "sat"


@pytest.mark.parametrize("text", sorted({*REFUTED.values(), "LinearizableReads follows"}))
def test_another_solver_says_the_same(text: str) -> None:
    assert cvc5_says(smt_lib(named(text))) == "unsat"


@pytest.mark.long
def test_another_solver_says_the_same_of_all() -> None:
    for each in OF_READS[::3]:  # all take long; of each action and kind some are asked
        assert cvc5_says(smt_lib(each)) == ("sat" if each.kind is Kind.TAKEN else "unsat"), each


MISSED_BY = {
    "StaleLeaderHasNoQuorum": "ConfirmRead keeps ConfirmedCoversHistory",
    "NotedCoversHistory": "ConfirmRead keeps ConfirmedCoversHistory",
    "ConfirmedCoversHistory": "ServeRead keeps ServedCoversHistory",
    "LeaderKnowsCommitted": "NoteReadIndex keeps NotedCoversHistory",
    "HistoryIsCommitted": "NoteReadIndex keeps NotedCoversHistory",
    "RoundWasBegun": "BeginRound keeps StaleLeaderHasNoQuorum",
    "ReadWasAsked": "AskRead keeps ConfirmedCoversHistory",
    "ServedCoversHistory": "LinearizableReads follows",
    "ReturnedMatches": "LinearizableReads follows",
    "ServedIsCommitted": "ReadsAreOfCommitted follows",
}


@pytest.mark.parametrize(
    "left_out",
    [
        pytest.param(name, marks=[] if name == "StaleLeaderHasNoQuorum" else [pytest.mark.long])
        for name in MISSED_BY
    ],
)
def test_a_conjunct_that_is_left_out_is_missed(
    left_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    missed_by = named(MISSED_BY[left_out])
    without = tuple(each for each in READ_CONJUNCTS if each.name != left_out)
    monkeypatch.setattr(prover, "READ_CONJUNCTS", without)
    assert has_model(negation(missed_by), 60.0, sizes_of(missed_by))


def test_every_conjunct_is_needed() -> None:
    assert MISSED_BY.keys() == {each.name for each in READ_CONJUNCTS}


@pytest.mark.parametrize(
    "conjunct", [*READ_PROPERTIES, *READ_CONJUNCTS], ids=lambda each: each.name
)
def test_a_conjunct_can_be_false(conjunct: Conjunct) -> None:
    assert has_model([*axioms(), z3.Not(conjunct.of(OLD_WITH_READS))], 60.0, SIZES_WITH_READS)


def test_what_a_question_needs() -> None:
    confirmed = named("ConfirmRead keeps ConfirmedCoversHistory")
    assert core(confirmed, 60.0).used == frozenset(
        {"ConfirmedCoversHistory", "NotedCoversHistory", "StaleLeaderHasNoQuorum"}
    )


def test_a_proof_of_reads_alone_needs_no_more() -> None:
    question = named("ConfirmRead keeps ConfirmedCoversHistory")
    few, all_of = ({*prover.known(question, reads_alone=alone)} for alone in (True, False))
    assert few < all_of
    assert all_of - few >= {"LeaderCompleteness", "CommittedByQuorum"}
    assert {"LinearizableReads", "StaleLeaderHasNoQuorum", "ConfirmRead", "axiom 3"} <= few

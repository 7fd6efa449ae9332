"""The proof as a user of the library meets it."""

from pathlib import Path

import pytest

from raft_ref.spec.proof import (
    BoundedRequest,
    BoundedVerdict,
    Kind,
    ProofRequest,
    Question,
    SmtLibRequest,
    Verdict,
)
from raft_ref.spec.proof.request import Asked
from raft_ref.spec.requests import RequestError, Sizes
from raft_ref.traces.sources.induction import trace_of
from raft_ref.verify.conjecture import ConjectureRequest

BUG = "vote-forgotten-in-same-term"
REFUTED = Question(Kind.KEPT, "OneVote", "HandleRequestVoteRequest", BUG)


@pytest.fixture
def one_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the proof be of one question: the one that refutes the bug."""
    for module in ("questions", "request", "smt_lib"):
        monkeypatch.setattr(
            f"raft_ref.spec.proof.{module}.questions",
            lambda bug=None, *, membership=False: iter([REFUTED]),
        )


@pytest.mark.usefixtures("one_question")
def test_a_bug_is_refuted_with_its_question_and_the_smallest_counterexample() -> None:
    seen: list[Asked] = []
    proof = ProofRequest(BUG, processes=1).run(seen.append)
    assert (proof.verdict, proof.bug, proof.asked) == (Verdict.REFUTED, BUG, 1)
    assert [each.question for each in proof.of(Verdict.REFUTED)] == [REFUTED]
    assert seen == [(0, 1), (1, 1)]
    found = proof.induction
    assert found is not None
    assert str(found.question) == "HandleRequestVoteRequest keeps OneVote"
    sizes = {name: len(each) for name, each in found.elements.items()}
    assert sizes == {"Server": 2, "Term": 1, "Index": 1, "Value": 1}
    trace = trace_of(found)
    assert [(step.step, step.actions) for step in trace.steps] == [
        ("Receive", ("HandleRequestVoteRequest",))
    ]
    assert str(trace.violation) == "OneVote is violated"


@pytest.mark.usefixtures("one_question")
def test_its_questions_are_written_down(tmp_path: Path) -> None:
    report = SmtLibRequest(tmp_path, BUG).run()
    assert (report.folder, report.questions, report.proved_by_unsat) == (tmp_path, (REFUTED,), 1)
    (path,) = tmp_path.iterdir()
    assert path.name == "001-HandleRequestVoteRequest-keeps-OneVote.smt2"


def test_a_conjecture_is_false_where_a_cluster_comes() -> None:
    report = ConjectureRequest(r"\A s \in Server : ~isCandidate(s)").run()
    assert (report.verdict, report.answers, report.induction) == (Verdict.REFUTED, [], None)
    assert report.trace is not None
    assert report.trace is report.counterexample
    assert [step.step for step in report.trace.steps] == ["Timeout"]


def test_nothing_is_violated_within_a_step() -> None:
    report = BoundedRequest(1, Sizes(servers=2, max_term=1)).run()
    assert (report.verdict, report.found.depth, report.found.ways) == (BoundedVerdict.HOLDS, 1, 4)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(RequestError, match=r"^bug server-wiped: the proof knows vote-forgotten"):
        ProofRequest("server-wiped")
    with pytest.raises(RequestError, match=r"^bounded: expected 0 steps or more$"):
        BoundedRequest(-1)
    with pytest.raises(RequestError, match=r"^max-term: -1 is too few$"):
        Sizes(max_term=-1)

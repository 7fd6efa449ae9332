"""Conjectures: formulas of TLA+ in the words of the proof."""

import pytest

from raft_ref.cli import main
from raft_ref.spec.proof.conjecture import conjecture
from raft_ref.spec.proof.needs import closure, core
from raft_ref.spec.proof.questions import (
    Kind,
    Question,
    questions,
)
from raft_ref.spec.proof.relations import State
from raft_ref.spec.syntax.errors import SpecError


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (
            r"\A s \in Server, t \in Term : voted(s, t, s) => requested(s, t)",
            "ForAll([s, t], Implies(voted(s, t, s), requested(s, t)))",
        ),
        (
            r"\A i, j \in Index : i >= j \/ ~(j # 0) <=> i = 0",
            "ForAll([i, j], Or(index_le(j, i), Not(j != zero)) == (i == zero))",
        ),
        (
            r"\A q \in Quorum : \E s \in Server : s \in q /\ isLeader(s)",
            "ForAll(q, Exists(s, And(member(s, q), isLeader(s))))",
        ),
    ],
)
def test_a_formula_is_read(text: str, read: str) -> None:
    assert " ".join(str(conjecture(text).of(State())).split()) == read


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (r"\A s \in Server : isLead(s)", "1:19: isLead is none of left, isCandidate"),
        (r"\E s \in Server : isLeader(s)", r'1:1: expected "\A ... : ..."'),
        (
            r"\A s \in Server : left(s, s)",
            "1:19: left(Server, Server): expected left(",
        ),
        (r"\A s \in Server : s < s", "1:19: <: a Server is neither higher nor lower"),
        (r"\A s \in Server, t \in Term : s = t", "1:31: = between a Server and a Term"),
        (r"\A s \in Nobody : isLeader(s)", "1:4: expected one of Server, Quorum, Term, Index"),
        (r"\A s \in Server : isLeader(d)", "1:28: d is not known"),
        (r"\A s \in Server : isLeader(1)", "1:28: expected a variable, or 0"),
        (r"\A s \in Server : isLeader(s) /\ (", "1:34: syntax error"),
        (r"\A s \in Server :" "\n" r"  s + s", "2:3: + is none of left"),
        (r"\A s \in Server : 1", "1:19: expected a formula"),
        ("", "1:1: expected one formula"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, error: str) -> None:
    with pytest.raises(SpecError) as raised:
        conjecture(text)
    assert error in str(raised.value)


SMALL = ["--max-log", "1", "--max-messages", "1", "--max-restarts", "0", "--timeout", "60"]


@pytest.mark.parametrize(
    ("text", "code", "title"),
    [
        (
            r"\A s \in Server, t \in Term : voted(s, t, s) => requested(s, t)",
            0,
            "PROVED: it follows from the conjuncts",
        ),
        (
            r"\A s \in Server, t \in Term : asked(t, 0, t) => started(t)",
            0,
            "PROVED: it is inductive, given the conjuncts",
        ),
        (r"\A s \in Server : ~isLeader(s)", 1, "FALSE: in a state that is reached in 3 steps"),
        pytest.param(
            # The proof lets a leader leave out indices; no cluster has such a log.
            r"\A s \in Server, i, j \in Index, t \in Term, v \in Value : "
            r"log(s, i, t, v) /\ 0 < j /\ j < i => \E u \in Term, w \in Value : log(s, j, u, w)",
            1,
            "NOT INDUCTIVE",
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_conjecture_is_decided(
    text: str, code: int, title: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prove", "--conjecture", text, *SMALL]) == code
    out = capsys.readouterr().out
    assert out.splitlines()[0] == title
    assert ("ClientRequest does not keep it" in out) == (title == "NOT INDUCTIVE")
    assert ("Conjecture is violated" in out) == title.startswith("FALSE")


def test_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--conjecture", r"\A s \in Server : isLeader(s)", "--servers", "1"]) == 2
    assert "raft-ref: --servers: 1 is too few" in capsys.readouterr().err


# What leans on what


def test_what_a_question_needs() -> None:
    found = core(Question(Kind.FOLLOWS, "ElectionSafety"), 60.0)
    assert found.used == frozenset({"LeaderLeads", "OneElected"})
    (kept,) = (each for each in questions() if str(each) == "Timeout keeps CandidateDoesNotLead")
    assert core(kept, 60.0).used == frozenset(
        {"CandidateDoesNotLead", "LeaderRequested", "RequestLeavesLowerTerms"}
    )
    wrong = Question(
        Kind.KEPT, "OneVote", "HandleRequestVoteRequest", "vote-forgotten-in-same-term"
    )
    assert core(wrong, 0.5).used is None


def test_all_that_is_needed() -> None:
    direct = {"a": frozenset("b"), "b": frozenset("cd"), "c": frozenset("a"), "d": frozenset("")}
    assert closure("a", direct) == {"b", "c", "d"}
    assert closure("d", direct) == frozenset()

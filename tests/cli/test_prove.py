"""`raft-ref prove` and `raft-ref check --conjuncts`, as a user meets them."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from raft_ref.cli import main
from raft_ref.spec.proof import questions as prover
from raft_ref.spec.proof.questions import Kind, Question
from tests.support import processes


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the proof be of a few questions."""
    real = prover.questions

    def some(bug: str | None = None, *, membership: bool = False) -> Iterator[Question]:
        every = [*real(bug, membership=membership)]
        of_action = (q for q in every if q.action == "HandleRequestVoteRequest")
        yield from (q for q in of_action if q.name in ("", "OneVote", "LogIsFunction"))
        yield from every[:2]

    for module in ("questions", "request", "smt_lib"):
        monkeypatch.setattr(f"raft_ref.spec.proof.{module}.questions", some)


@pytest.mark.usefixtures("few")
def test_a_proof_tells_what_it_is_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("PROVED for any number of servers, terms and entries\n")
    assert "  5 of 5 questions proved, 42 conjuncts, 16 actions, of reads 10 and 6 more; " in out
    assert all(each.says in out for each in prover.EVERY.values())
    assert "\nassumed: what z3 is given differs from Raft.tla, and allows more:\n" in out
    assert "\ncarried over:\n  - pre-vote, check-quorum, leadership transfer: " in out
    assert "\nnot covered:\n  - that anything ever happens (liveness)\n" in out


@pytest.mark.usefixtures("few")
def test_the_proof_of_membership_tells_what_it_is_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--with", "membership"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "PROVED for any number of servers, terms, entries and changes of membership\n"
    )
    assert "  5 of 5 questions proved, 52 conjuncts, 18 actions; " in out
    assert all(each.says in out for each in prover.WITH_MEMBERSHIP.values())
    assert "configurations that are used once they are applied" in out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--with", "x", "--bug", "list"], "--with x: expected membership, or membership,joint"),
        (["--with", "reads"], "--with reads: expected membership, or membership,joint"),
        (["--with", "membership", "--bounded", "2"], "--with: not with --bounded"),
        (["--bug", "new-configuration-alone"], "only --with membership"),
        (["--with", "membership", "--bug", "quorum-of-half"], "the proof knows"),
    ],
)
def test_what_is_not_proved_with_membership_is_refused(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prove", *arguments]) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.usefixtures("few")
def test_a_bug_is_refuted_and_drawn(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    picture = tmp_path / "bug.svg"
    bug = ["prove", "--bug", "vote-forgotten-in-same-term", "--processes", "1"]
    assert main([*bug, "--diagram", str(picture)]) == 1
    title, size, *lines = capsys.readouterr().out.splitlines()
    assert title == (
        "REFUTED: HandleRequestVoteRequest does not keep OneVote "
        "(with the bug vote-forgotten-in-same-term)"
    )
    assert size.startswith("  4 of 5 questions proved")
    assert lines[1:3] == [
        "refuted: HandleRequestVoteRequest does not keep OneVote",
        "  (a server votes once in a term: Raft paper, 5.2)",
    ]
    assert lines[4] == "a smallest state with all conjuncts (it need not be reachable):"
    assert any(line.startswith("HandleRequestVoteRequest: voter = ") for line in lines)
    assert lines[-2].startswith("and now OneVote is false: s = ")
    assert "OneVote is violated" in picture.read_text(encoding="utf-8")


@pytest.mark.usefixtures("few")
def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["questions"], found["refuted"]) == ("proved", 5, None)
    assert {each["verdict"] for each in found["answers"]} == {"proved"}
    assert main(["prove", "--json", "--bug", "vote-forgotten-in-same-term"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["refuted"]) == (
        "refuted", "HandleRequestVoteRequest keeps OneVote",
    )  # fmt: skip
    assert found["counterexample"]


@pytest.mark.usefixtures("few")
def test_what_is_not_known_is_not_proved(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--timeout", "0.000001", "--quiet"]) == 3
    assert capsys.readouterr().out == "NOT KNOWN\n"


def test_questions_for_another_solver(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, few: None
) -> None:
    assert main(["prove", "--smt-lib", str(tmp_path / "questions")]) == 0
    assert capsys.readouterr().out.startswith("5 questions written to ")
    names = sorted(each.name for each in (tmp_path / "questions").iterdir())
    assert names == [
        "001-HandleRequestVoteRequest-can-be-taken.smt2",
        "002-HandleRequestVoteRequest-keeps-OneVote.smt2",
        "003-HandleRequestVoteRequest-keeps-LogIsFunction.smt2",
        "004-ElectionSafety-follows.smt2",
        "005-LogMatching-follows.smt2",
    ]


def test_an_interrupt_ends_it_cleanly() -> None:
    process = processes.start(
        [*processes.COMMAND, "prove", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    processes.let_start(process)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (3, "")
    found = json.loads(out)
    assert (found["verdict"], found["interrupted"]) == ("unknown", True)
    assert len(found["answers"]) < found["questions"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["prove", "--bug", "server-wiped"], "--bug server-wiped: the proof knows vote-forgotten"),
        (["prove", "--bug", "quorum-of-half", "--bounded", "3"], "--bug: not with --bounded"),
        (["prove", "--diagram", "x.svg", "--needs", "y.svg"], "--diagram: not with --needs"),
        (["prove", "--processes", "0"], "--processes: expected 1 or more"),
        (["prove", "--diagram", "/no/such/bug.svg"], "--diagram /no/such/bug.svg: there is no"),
        (["prove", "--smt-lib", "/dev/null"], "--smt-lib /dev/null: is no folder"),
        (["check", "--conjuncts", "--random"], "--random: not with --conjuncts"),
        (["check", "--conjuncts", "--threads", "2"], "--threads: not with --conjuncts"),
        (["check", "--conjuncts", "--engine", "native"], "--engine native: the proof's conjuncts"),
        (["prove", "--needs", "needs.foo"], "--needs needs.foo: expected one of .svg, "),
        (["check", "--conjuncts", "--por"], "--por: not with --conjuncts"),
        (
            ["check", "--conjuncts", "--with", "membership,as-applied"],
            "--conjuncts: nothing is proved of configurations used as applied",
        ),
        (
            ["check", "--conjuncts", "--with", "membership,reads"],
            "--conjuncts: nothing is proved of reads while the membership changes",
        ),
        (["check", "--conjuncts", "--bug", "write-error-swallowed"], "is no raft_ref.Node"),
    ],
)
def test_bad_usage(arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert error in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["prove"], ["check", "--conjuncts"]])
def test_without_z3_it_says_what_to_install(arguments: list[str]) -> None:
    code = (
        "import sys; sys.modules['z3'] = None; "
        f"from raft_ref.cli import main; sys.exit(main({arguments}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "raft-ref: the proof needs z3: pip install 'raft-ref[prove]'\n"


SMALL = ["check", "--conjuncts", "--max-log", "1", "--max-snapshot", "0", "--max-restarts", "0"]


def test_conjuncts_hold_where_a_cluster_can_come(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(SMALL) == 0
    out = capsys.readouterr().out
    assert out.startswith("HOLDS WITHIN BOUNDS\n  reference node, 2 servers, network set\n")
    assert "  817 distinct states, 2,085 with what the proof remembers, 4,976 transitions; " in out
    assert "NEVER taken: HandleAppendEntriesRequest (refused), Restart\n" in out


def test_conjuncts_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["places"]) == ("HOLDS_WITHIN_BOUNDS", 2085)
    assert found["never_taken"] == ["HandleAppendEntriesRequest (refused)", "Restart"]


def test_a_bug_leaves_the_proof(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    trace = tmp_path / "bug.ndjson"
    bug = ["check", "--conjuncts", "--bug", "vote-not-persisted", "--trace", str(trace)]
    assert main(bug) == 1
    out = capsys.readouterr().out
    assert out.startswith("VIOLATED: FollowedByTheProof, in 2 steps\n")
    assert "falsified by after Restart(s1, 0): s1 voted for ['s1'] in the proof" in out
    assert trace.exists()


def test_what_is_asked_of_an_action_is_told_by_its_kind() -> None:
    assert str(Question(Kind.TAKEN, "", "Timeout")) == "Timeout can be taken"
    assert str(Question(Kind.LEMMA, "1", "ClientRequest")) == "lemma 1 of ClientRequest follows"

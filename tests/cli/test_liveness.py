"""`raft-ref check --live`: what is told, and with which exit code."""

import json
from pathlib import Path

import pytest

from raft_ref.cli import main
from raft_ref.traces import read, tell

SMALL = [
    "--servers", "2", "--max-log", "0", "--max-snapshot", "0", "--max-restarts", "0",
    "--max-drops", "0", "--max-duplicates", "0",
]  # fmt: skip
HEARTBEATS = [
    "--live", "<>LeaderIsElected", "--fair", "Receive:each", *SMALL, "--servers", "3",
    "--max-drops", "1", "--max-messages", "3",
]  # fmt: skip


def test_a_lasso_is_told_written_and_drawn_with_its_loop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace, picture = tmp_path / "lasso.ndjson", tmp_path / "lasso.gv"
    assert main(["check", *HEARTBEATS, "--trace", str(trace), "--diagram", str(picture)]) == 1
    told = capsys.readouterr().out
    assert told.startswith("VIOLATED: <>LeaderIsElected; after 6 steps a loop of 3 for ever")
    assert "weak fairness of Receive by each server" in told
    assert "And so on for ever, steps 7 to 9 again and again." in told
    found = read(trace)
    assert found.loop == 6
    assert "And so on for ever, steps 7 to 9 again and again." in tell(found)
    assert "loop0 -> loop1" in picture.read_text()


def test_machines_are_told_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *HEARTBEATS, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["steps"], told["loop"], told["due"]) == ("VIOLATED", 9, 6, 0)
    assert told["fair"][0] == {
        "action": "Receive",
        "arguments": None,
        "server": "s1",
        "strong": False,
    }


def test_each_in_an_argument_is_each_other_server(capsys: pytest.CaptureFixture[str]) -> None:
    due = ["--strongly-fair", "AppendEntries(each, *):each", "--json"]
    assert main(["check", "--live", "[]<>TRUE", *SMALL, *due]) == 3
    told = json.loads(capsys.readouterr().out)["fair"]
    found = [(each["arguments"], each["server"]) for each in told]
    assert found == [(["s2", "*"], "s1"), (["s1", "*"], "s2")]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (
            ["[]<>(CandidateIsAlone => LeaderIsElected)", "--rest", "Timeout", "--fair", "Receive"],
            0,
            "HOLDS WITHIN BOUNDS",
        ),
        (["<>LeaderIsElected", "--rest", "Timeout"], 1, "after 0 steps nothing more happens"),
        (["<>LeaderIsElected", "--fair", "Receive"], 3, "INCOMPLETE"),
        (['<>(\\A i \\in Server : role[i] = "Follower")'], 3, "HOLDS, VACUOUSLY"),
        (["[]<>TRUE", "--fair", "Restart"], 3, "NEVER enabled"),
    ],
)
def test_the_verdict_and_the_exit_code_are(
    words: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--live", *words, *SMALL]) == code
    assert says in capsys.readouterr().out


FAIR = [
    "--strongly-fair", "Timeout:each", "--strongly-fair", "RequestPreVotes:each",
    "--strongly-fair", "HandlePreVoteRequest:each", "--strongly-fair", "HandlePreVoteResponse:each",
    "--strongly-fair", "HandleRequestVoteRequest:each",
    "--strongly-fair", "HandleRequestVoteResponse:each",
    "--fair", "MissLeader:each", "--fair", "CheckQuorum:each",
]  # fmt: skip
OF_TWO = [
    "--max-term", "2", "--max-log", "1", "--max-snapshot", "0", "--max-messages", "2",
    "--max-restarts", "0", "--max-drops", "0", "--max-duplicates", "0",
]  # fmt: skip
LEADS = r"[]<>(LeaderIsElected \/ \A i \in {} : currentTerm[i] = 2)"
"""Either somebody leads, or all go on to a newer term: to the last one within bounds."""


@pytest.mark.parametrize(
    ("cluster", "goal"),
    [
        (["--servers", "2"], LEADS.format("Server")),
        # Of three, those that are up are the ones that move.
        (["--servers", "3", "--down", "1"], r"[]<>(LeaderIsElected \/ UpAreLast)"),
    ],
    ids=["both are up", "one of three is down"],
)
def test_pre_vote_and_check_quorum_elect_a_leader(
    cluster: list[str], goal: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And where who is at an older term is not answered, they lock each other out."""
    if "UpAreLast" in goal:
        both = r"\E i, j \in Server : i # j /\ currentTerm[i] = 2 /\ currentTerm[j] = 2"
        goal = goal.replace("UpAreLast", both)
    live = [*cluster, *OF_TWO, "--live", goal, *FAIR]
    assert main(["check", "--with", "pre-vote,check-quorum", *live]) == 0
    assert main(["check", "--bug", "pre-vote-and-check-quorum-deadlock", *live]) == 1
    assert "And so on for ever" in capsys.readouterr().out


def test_a_goal_may_be_about_the_variables_of_features(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = tmp_path / "Contact.tla"
    module.write_text(
        "---- MODULE Contact ----\nEXTENDS RaftLiveness\nVARIABLE heardFromLeader\n"
        "IsHeard == \\E i \\in Server : heardFromLeader[i]\n====\n"
    )
    asked = ["--spec", str(module), "--live", "<>IsHeard", *SMALL, "--max-term", "1", "--quiet"]
    assert main(["check", "--with", "pre-vote", *asked]) == 1
    assert main(["check", *asked]) == 2
    assert "IsHeard reads heardFromLeader, which no cluster here has" in capsys.readouterr().err


MEMBERSHIP = [
    "--live", "RestIsAsked ~> RestIsServed", "--fair", "Receive:each", "--fair", "Commit:each",
    "--rest", "Timeout", "--rest", "CompactLog", *SMALL, "--voters", "2", "--max-term", "2",
    "--max-log", "2", "--max-changes", "1", "--max-messages", "1",
]  # fmt: skip


def test_a_lasso_tells_the_configurations(tmp_path: Path) -> None:
    picture = tmp_path / "lasso.gv"
    asked = ["check", "--with", "as-applied", *MEMBERSHIP, "--quiet"]
    assert main([*asked, "--diagram", str(picture)]) == 1
    drawn = picture.read_text()
    assert "Nothing more happens: RestIsAsked ~> RestIsServed is violated" in drawn
    assert (
        drawn.count('configuration" [label="{s1}"') == 1
    )  # s1 applies that s2 is removed, and s2 never does
    assert main(["check", "--with", "as-applied,pre-vote", *MEMBERSHIP, "--quiet"]) == 0


@pytest.mark.parametrize("goal", ["LeaderIsElected", "CommitIsDone"])
def test_one_server_may_be_down_with_features(
    goal: str, capsys: pytest.CaptureFixture[str]
) -> None:
    down = ["--servers", "3", "--down", "1", *OF_TWO, "--progress", goal, "--json"]
    assert main(["check", "--with", "pre-vote,check-quorum", *down]) == 0
    assert json.loads(capsys.readouterr().out)["progress"]["Progress"]["stuck"] == 0


def test_a_node_that_is_no_raft_has_goals_in_the_names_of_its_properties(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cafe = ["check", "--node", "tests.toys:Cafe", "--servers", "2", "--max-drops", "0"]
    cafe += ["--max-restarts", "0", "--max-duplicates", "0"]
    assert main([*cafe, "--live", "S2Holds ~> S2Entered", "--fair", "Enter:s2"]) == 1
    assert main([*cafe, "--live", "S2Holds ~> S2Entered", "--strongly-fair", "Enter:s2"]) == 0
    assert main([*cafe, "--live", "[]<>S3Entered"]) == 2
    assert "S3Entered is no property of states" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--live", "LeaderIsElected"], "expected a goal: <>P"),
        (["--live", "<>Nonsense"], "line 1, column 3: unknown name Nonsense"),
        (["--live", "<>(role' = role)"], "goals are of states"),
        (["--live", "<>LeaderIsElected /\\ <>CommitIsDue"], "line 1, column 1: expected a goal"),
        (["--live", "<>LeaderIsElected", "--fair", "Fly"], "Fly is no step or action"),
        (["--live", "<>LeaderIsElected", "--fair", ":s1"], "--fair :s1: expected ACTION"),
        (["--live", "<>LeaderIsElected", "--fair", "Receive(s2"], "--fair Receive(s2: expected"),
        (["--live", "<>LeaderIsElected", "--symmetry"], "--symmetry: not with --live"),
        (["--live", "<>LeaderIsElected", "--depth", "3"], "--depth: not with --live"),
        (["--fair", "Receive"], "--fair: only with --live"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *words, *SMALL]) == 2
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1

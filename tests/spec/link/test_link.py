"""The properties that are checked are the operators of the .tla file, whatever stands there."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from raft_ref import AppendEntriesRequest, Entry, Node, RequestVoteResponse, Role, State
from raft_ref.explorer import Bounds, Kind, Property, Report, System, Verdict, View, search
from raft_ref.spec import SpecError, show
from raft_ref.spec.link import (
    INVARIANTS,
    Committed,
    CommittedEntry,
    RaftVariables,
    raft_properties,
)

SERVERS = ("s1", "s2", "s3")
BOUNDS = Bounds(max_messages=2, measures={"max_term": 2, "max_log_length": 1})
HEADER = """---- MODULE {name} ----
EXTENDS Naturals, Sequences
CONSTANTS Server, Value, Nil
VARIABLES currentTerm, votedFor, log, role, commitIndex, votesGranted, nextIndex, matchIndex,
          messages, committed, restarts
"""


def check(path: Path) -> Report:
    system = System(Node(SERVERS, ["v1"]), SERVERS, BOUNDS, history=Committed())
    return search(system, raft_properties(path, SERVERS, ["v1"]), symmetry=True)


def module(folder: Path, body: str) -> Path:
    path = folder / "Mine.tla"
    path.write_text(f"{HEADER.format(name='Mine')}{body}\n====\n")
    return path


@dataclass(frozen=True, slots=True)
class Asking(State):
    """A state with variables that a designer adds."""

    pre_votes: frozenset[str] = frozenset()
    asked: str | None = None
    rounds: tuple[int, ...] = ()


def test_a_variable_that_is_added_has_its_value_by_its_name() -> None:
    mapping = RaftVariables(SERVERS, ["v1"])
    state = Asking("s1", pre_votes=frozenset({"s3"}), asked="s2", rounds=(4, 5, 6))
    values = mapping.state(replace(state, next_index=(1, 1, 1), match_index=(0, 0, 0)))
    assert {show(values[name]) for name in ("preVotes", "asked", "rounds")} == {
        "{s3}", "s2", "(s1 :> 4 @@ s2 :> 5 @@ s3 :> 6)"
    }  # fmt: skip


def test_the_properties_of_raft_are_those_of_the_file() -> None:
    found = raft_properties(INVARIANTS, SERVERS, ["v1"])
    assert [prop.name for prop in found if prop.kind is Kind.STATE and not prop.is_sometimes] == [
        "TypeOK",
        "MessageTypeOK",
        "ElectionSafety",
        "LogMatching",
        "LogTermsMonotonic",
        "LeaderCompleteness",
        "StateMachineSafety",
        "SnapshotCommitted",
        "NextIndexAboveMatchIndex",
    ]
    assert [prop.name for prop in found if prop.kind is Kind.STEP and not prop.is_sometimes] == [
        "LeaderAppendOnly",
        "CurrentTermMonotonic",
        "CommitIndexMonotonic",
        "SnapshotMonotonic",
        "MatchIndexMonotonic",
        "CommittedRecorded",
    ]
    assert all(prop.name.startswith("Sometimes") == prop.is_sometimes for prop in found)


@pytest.mark.parametrize(
    ("name", "reads", "reads_after"),
    [
        ("TypeOK", {"states"}, set()),
        ("MessageTypeOK", {"messages"}, set()),
        ("LeaderCompleteness", {"states", "history"}, set()),
        ("LeaderAppendOnly", {"states"}, {"states"}),
        ("CommitIndexMonotonic", {"states", "restarts"}, {"states", "restarts"}),
        ("CommittedRecorded", {"history"}, {"states", "history"}),
    ],
)
def test_a_verdict_is_remembered_for_what_the_formula_reads(
    name: str, reads: set[str], reads_after: set[str]
) -> None:
    [prop] = [p for p in raft_properties(INVARIANTS, SERVERS, ["v1"]) if p.name == name]
    assert prop.reads == reads
    assert prop.kind is Kind.STATE or prop.reads_after == reads_after


def test_editing_the_file_changes_the_verdict(tmp_path: Path) -> None:
    text = INVARIANTS.read_text()
    assert check(INVARIANTS).verdict is Verdict.HOLDS_WITHIN_BOUNDS
    edited = tmp_path / "RaftInvariants.tla"
    edited.write_text(text.replace("committedIn < currentTerm[i]", "committedIn # currentTerm[i]"))
    report = check(edited)
    # With # for <, a stale leader of an older term is asked for what came after it.
    assert report.counterexample is not None
    assert report.counterexample.prop.name == "LeaderCompleteness"
    assert "committedIn # currentTerm[i]" in report.counterexample.prop.formula


def test_a_new_operator_is_a_new_property(tmp_path: Path) -> None:
    report = check(module(tmp_path, 'NoLeader == \\A i \\in Server : role[i] # "Leader"'))
    assert report.counterexample is not None
    assert report.counterexample.prop.name == "NoLeader"
    assert len(report.counterexample.events) == 3  # timeout, vote, count
    assert report.counterexample.instances == ["i = s1"]


def test_local_operators_and_those_with_parameters_are_helpers(tmp_path: Path) -> None:
    path = module(
        tmp_path,
        "LOCAL Half == Len(log)\nMore(n) == n + 1\nSometimesTermOne == \\E i \\in Server : "
        "More(0) = currentTerm[i]",
    )
    assert [prop.name for prop in raft_properties(path, SERVERS, ["v1"])] == ["SometimesTermOne"]
    assert check(path).sometimes == {"SometimesTermOne": True}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("Bad == \\A i \\in Server : currentTerm[i] > ", r"Mine.tla:\d+:\d+: "),
        ("Bad == unknown > 1", r"Mine.tla:6:8: .*unknown"),
        ("VARIABLE clock\nBad == clock > 1", "Bad reads clock, which no cluster here has"),
    ],
)
def test_a_bad_module_is_refused_with_its_place(tmp_path: Path, body: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        raft_properties(module(tmp_path, body), SERVERS, ["v1"])


def test_a_formula_that_cannot_be_evaluated_is_located(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"Mine.tla:6:\d+: "):
        check(module(tmp_path, "Bad == \\A i \\in Server : log[i][1].term > 0"))


# What a view is in TLA+


def view(**changes: Any) -> View:
    node = Node(SERVERS, ["v1"])
    first = replace(
        node.initial("s1"),
        current_term=2,
        voted_for="s1",
        log=(Entry(1, "v1"),),
        role=Role.CANDIDATE,
        votes_granted=frozenset({"s1"}),
    )
    states = {"s1": first, "s2": node.initial("s2"), "s3": node.initial("s3")}
    return View(
        states, **{"messages": (), "history": (), **changes}, restarts=0, drops=0, duplicates=0
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("currentTerm", "(s1 :> 2 @@ s2 :> 0 @@ s3 :> 0)"),
        ("votedFor", "(s1 :> s1 @@ s2 :> Nil @@ s3 :> Nil)"),
        ("log", "(s1 :> <<[term |-> 1, value |-> v1]>> @@ s2 :> <<>> @@ s3 :> <<>>)"),
        ("role", '(s1 :> "Candidate" @@ s2 :> "Follower" @@ s3 :> "Follower")'),
        ("votesGranted", "(s1 :> {s1} @@ s2 :> {} @@ s3 :> {})"),
        ("restarts", "0"),
    ],
)
def test_a_variable_of_the_servers_is_a_function(name: str, text: str) -> None:
    variables = RaftVariables(SERVERS, ["v1"])
    assert show(variables.of(view(), frozenset({name}))[name]) == text


def test_a_message_is_a_record_with_the_fields_of_the_spec() -> None:
    variables = RaftVariables(SERVERS, ["v1"])
    messages = (
        RequestVoteResponse("s2", "s1", 2, vote_granted=True),
        AppendEntriesRequest("s3", "s2", 1, 0, 0, (Entry(1, "v1"),), 0),
    )
    found = variables.of(view(messages=messages), frozenset({"messages"}))["messages"]
    assert isinstance(found, frozenset)
    assert sorted(show(message) for message in found) == [
        "[dest |-> s1, source |-> s2, term |-> 2, "
        'type |-> "RequestVoteResponse", voteGranted |-> TRUE]',
        "[dest |-> s2, entries |-> <<[term |-> 1, value |-> v1]>>, leaderCommit |-> 0, "
        "prevLogIndex |-> 0, prevLogTerm |-> 0, source |-> s3, term |-> 1, "
        'type |-> "AppendEntriesRequest"]',
    ]


def test_the_history_is_a_sequence() -> None:
    variables = RaftVariables(SERVERS, ["v1"])
    history = (CommittedEntry(1, "v1", 2),)
    found = variables.of(view(history=history), frozenset({"committed"}))["committed"]
    assert show(found) == "<<[committedIn |-> 2, term |-> 1, value |-> v1]>>"


# The history that Python keeps is the one that the spec defines


def test_a_history_that_forgets_is_refused_by_the_spec() -> None:
    class Forgetful(Committed):
        def observe(self, history: Any, before: Any, after: Any) -> Any:
            return ()

    system = System(Node(SERVERS, ["v1"]), SERVERS, BOUNDS, history=Forgetful())
    report = search(system, raft_properties(INVARIANTS, SERVERS, ["v1"]), symmetry=True)
    assert report.counterexample is not None
    broken: Property = report.counterexample.prop
    assert broken.name in ("CommittedRecorded", "StateMachineSafety")

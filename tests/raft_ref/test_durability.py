"""The node with its disk: a crash between a step and its write, and what goes wrong in practice."""

from typing import Any

import pytest

from raft_ref import (
    AppendEntries,
    AppendEntriesRequest,
    AppendEntriesResponse,
    ClientRequest,
    Node,
    RequestVoteRequest,
    RequestVoteResponse,
    Role,
)
from raft_ref.durability import (
    CommitCountedBeforeWritten,
    FailToWrite,
    SentBeforeWritten,
    SentWhileWriting,
    StoredNode,
    StoredStep,
    VoteWrittenBeforeTerm,
    Write,
    WriteErrorSwallowed,
)
from raft_ref.explorer import Bounds, Property, Report, System, Verdict, search
from raft_ref.node import Timeout
from raft_ref.spec.link import INVARIANTS, Committed, raft_properties

SERVERS = ["s1", "s2", "s3"]


def check(node: type[StoredNode], term: int, log: int, messages: int, *names: str) -> Report:
    """Check the properties of these names, or all, with one crash and one outcome not written."""
    actor = node(SERVERS, ["v1"])
    measures = {
        "max_term": term, "max_log_length": log, "max_snapshot_index": log, "max_pending": 1,
    }  # fmt: skip
    history = Committed(actor.as_raft)
    bounds = Bounds(messages, 1, measures=measures)
    system = System(actor, SERVERS, bounds, history=history)
    found: list[Property] = raft_properties(INVARIANTS, SERVERS, ["v1"], actor.as_raft)
    properties = [prop for prop in found if not names or prop.name in names]
    return search(system, properties, True, engine="auto")


def test_what_waits_for_the_disk_is_sent_once_it_is_written() -> None:
    node = StoredNode(SERVERS)
    first = node.initial("s1")
    asked = node.act(first, Timeout())
    assert asked is not None
    stored = asked.state
    assert asked.messages == ()
    assert (stored.state, stored.disk) == (first.state, first.disk)
    assert stored.memory.role is Role.CANDIDATE
    assert Write() in list(node.actions(stored))
    assert node.restart(stored) == first  # the step never happened
    written = node.act(stored, Write())
    assert written is not None
    assert [message.dest for message in written.messages] == ["s2", "s3"]
    assert written.state.state == stored.memory
    assert node.act(first, Write()) is None
    assert WriteErrorSwallowed(SERVERS).act(first, FailToWrite()) is None


def test_a_step_that_changes_nothing_durable_waits_for_nothing() -> None:
    node = StoredNode(SERVERS)
    refused = Node(SERVERS).act(Node(SERVERS).initial("s2"), Timeout())
    asked = node.act(node.initial("s1"), Timeout())
    assert refused is not None
    assert asked is not None
    candidate = node.act(asked.state, Write())
    assert candidate is not None
    step = node.receive(
        candidate.state, refused.messages[0]
    )  # of the same term: the vote is given away
    assert step.messages != ()
    assert step.state.pending == ()


def test_written_before_it_is_sent_all_holds() -> None:
    report = check(StoredNode, term=2, log=0, messages=2)
    assert report.verdict is Verdict.HOLDS_WITHIN_BOUNDS
    assert report.sometimes["SometimesTwoLeaders"]
    assert report.actions["Write"] > 0


@pytest.mark.long
def test_written_before_it_is_sent_all_holds_with_logs_and_snapshots() -> None:
    report = check(StoredNode, term=2, log=1, messages=2)
    assert (report.verdict, report.distinct_states) == (Verdict.HOLDS_WITHIN_BOUNDS, 923_553)
    assert all(report.sometimes.values())


@pytest.mark.long
def test_sent_while_it_is_written_all_holds() -> None:
    """What a leader sends may be lost with it, and is nobody's but its followers'."""
    report = check(SentWhileWriting, term=2, log=1, messages=2)
    assert report.verdict is Verdict.HOLDS_WITHIN_BOUNDS
    assert all(report.sometimes.values())


def lost(kind: type[SentWhileWriting]) -> tuple[int, int]:
    """Let a leader crash before it has written what a follower has; return what both know then.

    That is what is committed as the follower says, and how long the log of the leader is.
    """
    node = kind(SERVERS, ["v1"])
    servers = {name: node.initial(name) for name in SERVERS}
    sent: list[Any] = []

    def take(name: str, step: StoredStep | None, *, writes: bool = True) -> None:
        assert step is not None
        servers[name] = step.state
        sent.extend(step.messages)
        while writes and (written := node.write(servers[name])) is not None:
            servers[name] = written.state
            sent.extend(written.messages)

    def bring(kind: type[Any], dest: str, **options: bool) -> None:
        message = next(each for each in sent if isinstance(each, kind) and each.dest == dest)
        sent.remove(message)
        take(dest, node.receive(servers[dest], message), **options)

    take("s1", node.act(servers["s1"], Timeout()))
    bring(RequestVoteRequest, "s2")
    bring(RequestVoteResponse, "s1")
    assert servers["s1"].state.role is Role.LEADER
    take("s1", node.act(servers["s1"], ClientRequest("v1")), writes=False)
    take("s1", node.act(servers["s1"], AppendEntries("s2", 1)), writes=False)
    bring(AppendEntriesRequest, "s2")
    bring(AppendEntriesResponse, "s1", writes=False)
    assert servers["s1"].memory.commit_index == 1
    assert servers["s1"].state.commit_index == 0  # to others
    take("s1", node.act(servers["s1"], AppendEntries("s2", 0)), writes=False)
    while any(isinstance(each, AppendEntriesRequest) for each in sent):
        bring(AppendEntriesRequest, "s2")
    crashed = node.restart(servers["s1"])
    return servers["s2"].state.commit_index, crashed.state.last_index


def test_a_commit_for_which_a_leader_counts_itself_is_told_once_it_is_written() -> None:
    assert lost(SentWhileWriting) == (0, 0)
    assert lost(CommitCountedBeforeWritten) == (1, 0)  # s1 and s3 can elect a leader without it


@pytest.mark.parametrize(
    ("node", "steps"),
    [(SentBeforeWritten, 9), (VoteWrittenBeforeTerm, 13), (WriteErrorSwallowed, 11)],
)
def test_a_bug_elects_two_leaders(node: type[StoredNode], steps: int) -> None:
    report = check(node, 1, 0, 3, "ElectionSafety")
    assert report.counterexample is not None
    assert len(report.counterexample.events) == steps

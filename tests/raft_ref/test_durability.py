"""The node with its disk: a crash between a step and its write, and what goes wrong in practice."""

import pytest

from raft_ref import Node, Role
from raft_ref.durability import (
    FailToWrite,
    SentBeforeWritten,
    StoredNode,
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


@pytest.mark.parametrize(
    ("node", "steps"),
    [(SentBeforeWritten, 9), (VoteWrittenBeforeTerm, 13), (WriteErrorSwallowed, 11)],
)
def test_a_bug_elects_two_leaders(node: type[StoredNode], steps: int) -> None:
    report = check(node, 1, 0, 3, "ElectionSafety")
    assert report.counterexample is not None
    assert len(report.counterexample.events) == steps

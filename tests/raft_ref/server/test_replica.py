"""Replicas, one by one: when they save, send and answer."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raft_ref import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    Entry,
    Node,
    RequestVoteRequest,
    RequestVoteResponse,
    Role,
)
from raft_ref.server import KeyValueMachine, Replica, Status, StoreNode
from raft_ref.server.codec import Envelope
from raft_ref.server.store import Register, encoded

SERVERS = ("s1", "s2", "s3")
NODE = Node(SERVERS, machine=KeyValueMachine())


def replica(me: str = "s1", term: int = 0) -> Replica:
    saved = replace(NODE.initial(me), current_term=term)
    return Replica(NODE, me, random.Random(1), 0.0, saved)


def elected() -> Replica:
    """Return a leader of term 1 that has sent what it has to."""
    made = replica()
    made.tick(1.0)
    made.flush(1.0)
    made.receive(Envelope(RequestVoteResponse("s2", "s1", 1, vote_granted=True)), 1.0)
    made.flush(1.0)
    assert made.state.role is Role.LEADER
    return made


def accepted(round_: int, match: int, source: str = "s2", term: int = 1) -> Envelope:
    return Envelope(AppendEntriesResponse(source, "s1", term, True, match), round_)


def test_an_election_is_saved_before_anybody_is_asked() -> None:
    made = replica()
    made.tick(1.0)
    save, messages, _ = made.flush(1.0)
    assert save is not None
    assert (save.current_term, save.voted_for) == (1, "s1")
    assert {type(envelope.message) for envelope in messages} == {RequestVoteRequest}


def test_a_new_leader_commits_an_entry_of_its_own_before_it_answers_reads() -> None:
    leader = elected()
    leader.read("what is x", "x")
    assert leader.flush(1.0).replies == []
    leader.receive(accepted(0, match=1), 1.0)
    assert leader.flush(1.0).replies == []  # it may have been deposed since
    leader.receive(accepted(leader.asked_round, match=1), 1.0)
    [(request, reply)] = leader.flush(1.0).replies
    assert (request, reply.status, reply.result.value) == ("what is x", Status.DONE, None)


def test_a_round_that_began_before_a_read_does_not_confirm_it() -> None:
    leader = elected()
    leader.receive(accepted(0, match=1), 1.0)
    leader.read("first", "x")
    leader.flush(1.0)
    first = leader.asked_round
    leader.read("second", "x")
    leader.flush(1.0)
    leader.receive(accepted(first, match=1), 1.0)
    assert [request for request, _ in leader.flush(1.0).replies] == ["first"]
    leader.receive(accepted(leader.asked_round, match=1, source="s3"), 1.0)
    assert [request for request, _ in leader.flush(1.0).replies] == ["second"]


@pytest.mark.parametrize(("term", "echoed"), [(1, 0), (2, 50), (3, 50)])
def test_a_follower_echoes_a_round_of_the_term_alone(term: int, echoed: int) -> None:
    """An old leader, started again, may lead in a newer term and count its rounds anew."""
    follower = replica("s2", term=2)
    request = AppendEntriesRequest("s1", "s2", term, 0, 0, (), 0)
    follower.receive(Envelope(request, 50), 0.0)
    [envelope] = follower.flush(0.0).messages
    assert envelope.round == echoed


def test_a_request_is_answered_once_it_is_committed() -> None:
    leader = elected()
    leader.submit("register", encoded(Register()), 1.0)
    save, messages, replies = leader.flush(1.0)
    assert save is not None
    assert [entry.term for entry in save.entries] == [1]
    assert (len(messages), replies) == (2, [])
    leader.receive(accepted(0, match=2), 1.0)
    [(request, reply)] = leader.flush(1.0).replies
    assert (request, reply.status, reply.result.client) == ("register", Status.DONE, 1)


def test_a_deposed_leader_cannot_tell_what_becomes_of_a_write() -> None:
    leader = elected()
    leader.submit("write", encoded(Register()), 1.0)
    leader.read("read", "x")
    leader.flush(1.0)
    leader.receive(Envelope(AppendEntriesRequest("s3", "s1", 2, 0, 0, (), 0)), 1.0)
    found = {request: reply.status for request, reply in leader.flush(1.0).replies}
    assert found == {"write": Status.UNKNOWN, "read": Status.NOT_LEADER}
    leader.submit("another", encoded(Register()), 1.0)
    [(_, reply)] = leader.flush(1.0).replies
    assert (reply.status, reply.leader) == (Status.NOT_LEADER, "s3")


def entries_for(leader: Replica, server: str, now: float) -> int | None:
    """Return how many entries a leader sends to a server now; None if it says nothing to it."""
    sent = [each.message for each in leader.flush(now).messages]
    counts = [
        len(each.entries)
        for each in sent
        if isinstance(each, AppendEntriesRequest) and each.dest == server
    ]
    return counts[0] if counts else None


def test_what_is_not_answered_is_not_sent_again_but_a_heartbeat_is() -> None:
    """However long it takes: who is behind is not helped by more of the same."""
    leader = elected()
    assert leader.flush(1.0).messages == []
    for _ in range(100):
        assert entries_for(leader, "s2", leader.due) == 0


def test_what_is_lost_is_sent_again_once_what_was_sent_later_is_answered() -> None:
    leader = elected()
    first = leader.round - 1
    now = leader.due
    assert entries_for(leader, "s2", now) == 0
    leader.receive(accepted(first, match=0), now)  # of what was sent before
    assert entries_for(leader, "s2", now) is None
    leader.receive(accepted(leader.round, match=0), now)
    assert entries_for(leader, "s2", now) == 1
    leader.receive(accepted(leader.round - 1, match=1), now)
    assert entries_for(leader, "s2", leader.due) == 0


def test_so_much_is_on_its_way_and_what_is_new_waits() -> None:
    leader = elected()
    most = leader.timing.max_outstanding
    for number in range(most + 3):
        leader.submit(number, encoded(Register()), 1.0)
        sent = entries_for(leader, "s2", 1.0)
        assert sent == (number + 2 if number + 1 < most else None)
    leader.receive(accepted(0, match=1), 1.0)
    assert entries_for(leader, "s2", 1.0) == most + 3


# ---- How far a majority is


@given(
    match_index=st.lists(st.integers(0, 6), min_size=3, max_size=3),
    terms=st.lists(st.integers(1, 3), max_size=6).map(sorted),
    commit_index=st.integers(0, 6),
)
def test_only_what_some_server_is_at_is_tried(
    match_index: list[int], terms: list[int], commit_index: int
) -> None:
    node = StoreNode(("s1", "s2", "s3"), (), KeyValueMachine())
    state = replace(
        node.initial("s1"),
        current_term=3,
        role=Role.LEADER,
        log=tuple(Entry(term, "x") for term in terms),
        match_index=tuple(min(each, len(terms)) for each in match_index),
        commit_index=min(commit_index, len(terms)),
    )
    assert node.advance_commit_index(state) == Node.advance_commit_index(node, state)

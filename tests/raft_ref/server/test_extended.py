"""Replicas with features, one by one: when they take which step."""

import random
from collections.abc import Iterable
from typing import Any

import pytest

from raft_ref import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    RequestVoteRequest,
    RequestVoteResponse,
    Role,
)
from raft_ref.features import (
    ExtendedNode,
    Feature,
    ForcedRequestVoteRequest,
    PreVoteRequest,
    PreVoteResponse,
    TimeoutNowRequest,
)
from raft_ref.server import IN_PRODUCTION, ExtendedReplica, KeyValueMachine, Status, Timing
from raft_ref.server.codec import Envelope
from raft_ref.server.store import Register, encoded

SERVERS = ("s1", "s2", "s3")
TIMING = Timing(election_timeout=(0.2, 0.3), heartbeat=0.05)


def replica(me: str = "s1", features: Iterable[Feature] = IN_PRODUCTION) -> ExtendedReplica:
    node = ExtendedNode(SERVERS, (), KeyValueMachine(), features)
    return ExtendedReplica(node, me, random.Random(1), 0.0, timing=TIMING)


def sent(made: ExtendedReplica, now: float) -> list[Any]:
    return [envelope.message for envelope in made.flush(now).messages]


def tell(made: ExtendedReplica, now: float, *messages: Any) -> None:
    for message in messages:
        made.receive(Envelope(message), now)


def elected(features: Iterable[Feature] = IN_PRODUCTION) -> ExtendedReplica:
    """Return a leader of term 1 that both others follow, at 1 second."""
    made = replica(features=features)
    made.tick(1.0)
    tell(made, 1.0, PreVoteResponse("s2", "s1", 1, True), RequestVoteResponse("s2", "s1", 1, True))
    made.flush(1.0)
    assert made.state.role is Role.LEADER
    tell(made, 1.0, *(AppendEntriesResponse(each, "s1", 1, True, 1) for each in ("s2", "s3")))
    made.flush(1.0)
    return made


def test_a_server_asks_before_it_stands_and_saves_nothing_for_that() -> None:
    made = replica()
    made.tick(1.0)
    save, messages, _ = made.flush(1.0)
    assert save is None
    kinds: set[type] = {type(envelope.message) for envelope in messages}
    assert kinds == {PreVoteRequest}
    tell(made, 1.0, PreVoteResponse("s2", "s1", 1, True))
    save, messages, _ = made.flush(1.0)
    assert save is not None
    assert (save.current_term, save.voted_for) == (1, "s1")
    assert {type(envelope.message) for envelope in messages} == {RequestVoteRequest}


def test_without_an_answer_it_asks_again_soon_and_stands_for_no_term() -> None:
    made, now = replica(), 1.0
    for _ in range(20):
        made.tick(now)
        assert {type(message) for message in sent(made, now)} == {PreVoteRequest}
        assert TIMING.heartbeat <= made.due - now <= 2 * TIMING.heartbeat
        now = made.due
    assert made.state.current_term == 0


HEARTBEAT = AppendEntriesRequest("s2", "s1", 1, 0, 0, (), 0)
ASKED = PreVoteRequest("s3", "s1", 2, 0, 0)


@pytest.mark.parametrize("features", [IN_PRODUCTION, {Feature.CHECK_QUORUM}])
def test_a_server_whose_clock_is_set_back_stands_all_the_same(features: set[Feature]) -> None:
    """Of when it heard from a leader it knows by a clock that was ahead."""
    made = replica(features=features)
    tell(made, 100.0, HEARTBEAT)
    made._wait_for_leader(90.0)
    assert made.state.heard_from_leader
    made.tick(91.0)
    assert not made.state.heard_from_leader
    assert sent(made, 91.0)


@pytest.mark.parametrize(("after", "granted"), [(0.19, False), (0.2, True)])
def test_a_pre_vote_is_granted_after_the_least_timeout(after: float, granted: bool) -> None:
    made = replica()
    tell(made, 5.0, HEARTBEAT)
    made.flush(5.0)
    assert made.due == pytest.approx(5.2)
    tell(made, 5.0 + after, ASKED)
    [answer] = sent(made, 5.0 + after)
    assert answer == PreVoteResponse("s1", "s3", 2 if granted else 1, granted)


@pytest.mark.parametrize(("after", "term"), [(0.19, 1), (0.2, 2)])
def test_a_request_for_a_vote_is_ignored_until_then(after: float, term: int) -> None:
    made = replica()
    tell(made, 5.0, HEARTBEAT, RequestVoteRequest("s3", "s1", 1, 0, 0))
    made.flush(5.0)
    tell(made, 5.0 + after, RequestVoteRequest("s3", "s1", 2, 0, 0))
    assert made.state.current_term == term
    assert len(sent(made, 5.0 + after)) == term - 1


def test_a_leader_checks_once_in_the_longest_election_timeout() -> None:
    made = elected()
    made.tick(1.3)  # it was answered at 1.0
    assert made.state.role is Role.LEADER
    tell(made, 1.31, AppendEntriesResponse("s2", "s1", 1, True, 1))
    made.tick(1.59)
    made.tick(1.6)
    assert made.state.role is Role.LEADER
    made.submit("write", encoded(Register()), 1.7)
    assert made.due <= 1.91
    made.tick(1.91)
    assert (made.state.role, made.state.current_term) == (Role.FOLLOWER, 1)
    assert [(r, reply.status) for r, reply in made.flush(1.91).replies] == [
        ("write", Status.UNKNOWN)
    ]


def test_without_check_quorum_it_does_not() -> None:
    made = elected([Feature.PRE_VOTE])
    made.tick(9.0)
    assert made.state.role is Role.LEADER


def told(messages: list[Any]) -> list[str]:
    return [each.dest for each in messages if isinstance(each, TimeoutNowRequest)]


def test_the_target_of_a_transfer_is_told_once_in_a_heartbeat_when_its_log_is_as_long() -> None:
    made = elected()
    made.submit("write", encoded(Register()), 1.01)
    made.transfer("transfer", "s3", 1.01)
    assert told(sent(made, 1.01)) == []
    tell(made, 1.02, AppendEntriesResponse("s2", "s1", 1, True, 2))
    assert told(sent(made, 1.02)) == []
    tell(made, 1.03, AppendEntriesResponse("s3", "s1", 1, True, 2))
    assert told(sent(made, 1.03)) == ["s3"]
    assert told(sent(made, 1.07)) == []
    assert told(sent(made, 1.08)) == ["s3"]
    made.submit("another", encoded(Register()), 1.09)
    [(request, reply)] = made.flush(1.09).replies
    assert (request, reply.status, reply.leader) == ("another", Status.NOT_LEADER, "s3")
    assert made.state.last_index == 2


def test_who_is_told_stands_at_once_with_the_mark() -> None:
    made = replica()
    tell(made, 5.0, HEARTBEAT)
    made.flush(5.0)
    tell(made, 5.01, TimeoutNowRequest("s2", "s1", 1))
    save, messages, _ = made.flush(5.01)
    assert save is not None
    assert [envelope.message for envelope in messages] == [
        ForcedRequestVoteRequest("s1", each, 2, 0, 0) for each in ("s2", "s3")
    ]
    assert made.due >= 5.21
    # It comes again, and later once more.
    tell(made, 5.02, TimeoutNowRequest("s2", "s1", 1))
    tell(made, 5.03, RequestVoteResponse("s2", "s1", 2, True), TimeoutNowRequest("s2", "s1", 1))
    assert (made.state.role, made.state.current_term) == (Role.LEADER, 2)


def test_of_the_others_the_one_is_chosen_that_answers_and_has_the_longest_log() -> None:
    made = elected()
    made.submit("write", encoded(Register()), 1.1)
    made.flush(1.1)
    tell(made, 1.1, AppendEntriesResponse("s2", "s1", 1, True, 1))
    tell(made, 1.1, AppendEntriesResponse("s3", "s1", 1, True, 2))
    made.transfer("first", None, 1.2)
    assert made.state.transfer_target == "s3"
    made.tick(1.5)
    tell(made, 1.5, AppendEntriesResponse("s2", "s1", 1, True, 1))
    made.transfer("second", None, 1.5)
    assert made.state.transfer_target == "s2"
    made.tick(1.81)
    made.transfer("third", None, 1.81)
    replies = {request: reply.result.refused for request, reply in made.flush(1.81).replies}
    assert replies["third"] == "no other server answers"


def test_who_waits_for_a_transfer_is_answered_when_another_leads() -> None:
    made = elected()
    made.transfer("transfer", "s3", 1.1)
    made.flush(1.1)
    tell(made, 1.11, ForcedRequestVoteRequest("s3", "s1", 2, 1, 1))
    assert made.state.role is Role.FOLLOWER
    assert made.flush(1.11).replies == []
    tell(made, 1.12, AppendEntriesRequest("s3", "s1", 2, 1, 1, (), 1))
    [(request, reply)] = made.flush(1.12).replies
    assert (request, reply.result.succeeded, reply.result.value) == ("transfer", True, "s3")


def test_or_when_it_cannot_be_known() -> None:
    made = elected()
    made.transfer("transfer", "s3", 1.1)
    tell(made, 1.11, ForcedRequestVoteRequest("s3", "s1", 2, 1, 1))
    made.flush(1.11)
    made.tick(1.41)
    [(request, reply)] = made.flush(1.41).replies
    assert (request, reply.status) == ("transfer", Status.UNKNOWN)

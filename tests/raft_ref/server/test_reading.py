"""Replicas that read by ReadIndex and by lease, one by one: when they take which step."""

import random
from collections.abc import Iterable
from typing import Any

import pytest

from raft_ref import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    Entry,
    RequestVoteRequest,
    RequestVoteResponse,
    Role,
    State,
)
from raft_ref.features import (
    ExtendedNode,
    Feature,
    HeartbeatRequest,
    HeartbeatResponse,
    Promise,
    ReadIndexRequest,
    ReadIndexResponse,
    TimeoutNowRequest,
)
from raft_ref.server import KeyValueMachine, ReadingReplica, Status, Timing
from raft_ref.server.codec import Envelope
from raft_ref.server.replicas.reading import in_microseconds
from raft_ref.server.simulation.cluster import MemoryStorage
from raft_ref.server.store import NoOp, Register, encoded

SERVERS = ("s1", "s2", "s3")
TIMING = Timing(
    election_timeout=(0.2, 0.3), heartbeat=0.05, clock_drift=0.25, read_numbers=10
)  # a lease is 0.16 s
PROMISED = in_microseconds(TIMING.election_timeout[0])
READS = (Feature.READ_INDEX, Feature.LEADERSHIP_TRANSFER)
LEASES = (*READS, Feature.LEASES)


def replica(
    me: str = "s1",
    features: Iterable[Feature] = READS,
    now: float = 0.0,
    saved: State | None = None,
) -> ReadingReplica:
    node = ExtendedNode(SERVERS, (), KeyValueMachine(), features)
    return ReadingReplica(node, me, random.Random(1), now, saved, TIMING)


def tell(made: ReadingReplica, now: float, *messages: Any, promised: bool = True) -> None:
    """Let messages arrive; unless it is said, who answers a round promises as well."""
    for message in messages:
        number = PROMISED if promised and isinstance(message, HeartbeatResponse) else 0
        made.receive(Envelope(message, number), now)


def elected(features: Iterable[Feature] = READS, commits: bool = True) -> ReadingReplica:
    """Return a leader of term 1, at 1 second, that has committed an entry."""
    made = replica(features=features)
    made.tick(1.0)
    tell(made, 1.0, RequestVoteResponse("s2", "s1", 1, True))
    made.flush(1.0)
    assert made.state.role is Role.LEADER
    if commits:
        tell(made, 1.0, *(AppendEntriesResponse(each, "s1", 1, True, 1) for each in SERVERS[1:]))
        made.flush(1.0)
    return made


def of_reads(made: ReadingReplica, now: float) -> tuple[list[Any], list[Any]]:
    """Return what is sent for reads, and which requests are answered, with how they ended."""
    _, messages, replies = made.flush(now)
    kinds = HeartbeatRequest, ReadIndexRequest, ReadIndexResponse
    sent = [each.message for each in messages if isinstance(each.message, kinds)]
    return sent, [(request, reply.status) for request, reply in replies]


def round_of(number: int, *others: str) -> list[Any]:
    return [HeartbeatRequest("s1", each, 1, number) for each in others or SERVERS[1:]]


def done(*requests: str) -> list[tuple[str, Status]]:
    return [(each, Status.DONE) for each in requests]


def followed(number: int, source: str = "s2") -> HeartbeatResponse:
    return HeartbeatResponse(source, "s1", 1, number)


def test_reads_that_come_together_share_a_round_and_later_ones_have_the_next() -> None:
    leader = elected()
    leader.read("a", "x")
    leader.read("b", "y")
    assert of_reads(leader, 1.0) == (round_of(1), [])
    leader.read("c", "x")
    assert of_reads(leader, 1.0) == ([], [])
    tell(leader, 1.01, followed(1))
    assert of_reads(leader, 1.01) == (round_of(2), done("a", "b"))
    tell(leader, 1.02, followed(1, "s3"))
    assert of_reads(leader, 1.02) == ([], [])
    tell(leader, 1.02, followed(2, "s3"))
    assert of_reads(leader, 1.02) == ([], done("c"))


def test_a_leader_that_has_committed_nothing_of_its_term_waits() -> None:
    leader = elected(commits=False)
    leader.read("a", "x")
    assert of_reads(leader, 1.0) == ([], [])
    tell(leader, 1.01, AppendEntriesResponse("s2", "s1", 1, True, 1))
    assert of_reads(leader, 1.01) == (round_of(1), [])


def test_who_does_not_answer_is_asked_again_after_a_heartbeat() -> None:
    leader = elected()
    leader.read("a", "x")
    of_reads(leader, 1.0)
    assert leader.due <= 1.05
    assert of_reads(leader, 1.04) == ([], [])
    assert of_reads(leader, 1.05) == (round_of(1), [])


def test_a_leader_answers_other_servers_in_its_rounds() -> None:
    leader = elected()
    leader.read("a", "x")
    tell(leader, 1.0, ReadIndexRequest("s3", "s1", 1, 7))
    assert of_reads(leader, 1.0) == (round_of(1), [])
    tell(leader, 1.01, followed(1))
    assert of_reads(leader, 1.01) == ([ReadIndexResponse("s1", "s3", 1, 7, 1)], done("a"))


# ---- Servers that do not lead

ENTRY = Entry(1, encoded(NoOp()))


def follower(features: Iterable[Feature] = READS, now: float = 1.0) -> ReadingReplica:
    """Return a server that follows s1 in term 1, and has an entry that may be committed."""
    made = replica("s2", features, now)
    tell(made, now, AppendEntriesRequest("s1", "s2", 1, 0, 0, (ENTRY,), 0))
    made.flush(now)
    return made


def asks(number: int, leader: str = "s1", term: int = 1) -> ReadIndexRequest:
    return ReadIndexRequest("s2", leader, term, number)


def test_another_server_asks_the_leader_and_serves_what_it_has_applied() -> None:
    made = follower()
    made.read("a", "x", of_any=True)
    made.read("b", "y", of_any=True)
    assert of_reads(made, 1.0) == ([asks(1)], [])
    made.read("c", "x", of_any=True)
    tell(made, 1.01, ReadIndexResponse("s1", "s2", 1, 1, 1))
    assert of_reads(made, 1.01) == ([], [])
    tell(made, 1.02, AppendEntriesRequest("s1", "s2", 1, 1, 1, (), 1))
    assert of_reads(made, 1.02) == ([asks(2)], done("a", "b"))


def test_it_asks_again_with_what_has_come_since() -> None:
    made = follower()
    made.read("a", "x", of_any=True)
    of_reads(made, 1.0)
    made.read("b", "y", of_any=True)
    assert made.due == pytest.approx(1.1)
    assert of_reads(made, 1.09) == ([], [])
    assert of_reads(made, 1.1) == ([asks(2)], [])
    tell(made, 1.11, ReadIndexResponse("s1", "s2", 1, 1, 1))
    assert made.state.read_index == 0  # b was asked later than that was
    tell(made, 1.12, ReadIndexResponse("s1", "s2", 1, 2, 1))
    tell(made, 1.12, AppendEntriesRequest("s1", "s2", 1, 1, 1, (), 1))
    assert of_reads(made, 1.12) == ([], done("a", "b"))


def test_of_another_leader_it_asks_at_once() -> None:
    made = follower()
    made.read("a", "x", of_any=True)
    of_reads(made, 1.0)
    tell(made, 1.01, AppendEntriesRequest("s3", "s2", 2, 1, 1, (), 0))
    assert of_reads(made, 1.01) == ([asks(2, "s3", 2)], [])


def test_what_only_the_leader_may_answer_it_refuses_and_all_where_none_leads() -> None:
    made = follower()
    made.read("a", "x")
    assert of_reads(made, 1.0) == ([], [("a", Status.NOT_LEADER)])
    made.read("b", "x", of_any=True)
    assert of_reads(made, 1.0) == ([asks(1)], [])
    made.tick(1.3)  # it stands
    made.read("c", "x", of_any=True)
    refused = [(each, Status.NOT_LEADER) for each in "cb"]
    assert of_reads(made, 1.3) == ([], refused)


def test_a_leader_that_is_deposed_refuses_what_was_for_the_leader_and_asks_for_the_rest() -> None:
    made = elected()
    made.read("a", "x")
    made.read("b", "x", of_any=True)
    of_reads(made, 1.0)
    tell(made, 1.01, AppendEntriesRequest("s3", "s1", 2, 1, 1, (), 1))
    asked = [ReadIndexRequest("s1", "s3", 2, 2)]
    assert of_reads(made, 1.01) == (asked, [("a", Status.NOT_LEADER)])
    tell(made, 1.02, ReadIndexResponse("s3", "s1", 2, 2, 1))
    assert of_reads(made, 1.02) == ([], done("b"))


# ---- Leases


def leased() -> ReadingReplica:
    """Return a leader that began a round at 1 second, and that others followed."""
    leader = elected(LEASES)
    leader.read("first", "x")
    assert of_reads(leader, 1.0)[0] == round_of(1)
    # Sent again or not, what was acknowledged may be the first that was sent.
    assert of_reads(leader, 1.06)[0] == round_of(1)
    tell(leader, 1.07, followed(1))
    assert of_reads(leader, 1.07) == ([], done("first"))
    return leader


@pytest.mark.parametrize(("now", "asked"), [(1.08, False), (1.159, False), (1.16, True)])
def test_a_lease_is_as_long_as_clocks_may_drift_from_when_its_round_was_sent(
    now: float, asked: bool
) -> None:
    leader = leased()
    assert leader.due <= 1.16
    leader.read("a", "x")
    leader.read("b", "y")
    assert of_reads(leader, now) == ((round_of(2), []) if asked else ([], done("a", "b")))


def test_a_round_that_nobody_answered_is_no_lease() -> None:
    leader = elected(LEASES)
    leader.read("a", "x")
    of_reads(leader, 1.0)
    leader.read("b", "x")
    assert of_reads(leader, 1.01) == ([], [])


def test_nor_one_that_a_server_without_leases_answered() -> None:
    leader = elected(LEASES)
    leader.read("a", "x")
    of_reads(leader, 1.0)
    tell(leader, 1.01, followed(1), promised=False)
    leader.read("b", "x")
    assert of_reads(leader, 1.01) == (round_of(2), done("a"))
    tell(leader, 1.02, followed(1, "s3"))  # a promise, and of a round that is over
    tell(leader, 1.03, followed(2), promised=False)
    leader.read("c", "x")
    assert of_reads(leader, 1.03) == (round_of(3), done("b"))


@pytest.mark.parametrize(("features", "number"), [(READS, 0), (LEASES, PROMISED)])
def test_who_promises_says_so(features: tuple[Feature, ...], number: int) -> None:
    made = follower(features)
    tell(made, 1.0, HeartbeatRequest("s1", "s2", 1, 2))
    assert [each.round for each in made.flush(1.0).messages] == [number]
    tell(made, 1.0, HeartbeatRequest("s1", "s2", 1, 1))
    assert [each.round for each in made.flush(1.0).messages] == [0]  # overtaken


def test_who_promises_for_less_than_a_lease_lasts_promises_nothing() -> None:
    """Servers may have other timeouts."""
    leader = leased()
    leader._promised.clear()
    short = Envelope(HeartbeatResponse("s2", "s1", 1, 1), PROMISED - 1)
    leader.receive(short, 1.02)
    assert leader._promised == set()


def test_a_transfer_ends_all_leases_of_the_term() -> None:
    leader = leased()
    leader.transfer("transfer", "s3", 1.08)
    assert any(isinstance(e.message, TimeoutNowRequest) for e in leader.flush(1.08).messages)
    leader.read("a", "x")
    assert of_reads(leader, 1.09)[0] == round_of(2)
    tell(leader, 1.1, followed(2))
    assert of_reads(leader, 1.1) == ([], done("a"))
    leader.tick(1.4)  # the transfer is given up
    leader.read("b", "x")
    assert round_of(3) == of_reads(leader, 1.4)[0]


def test_a_promise_is_saved_before_it_is_given() -> None:
    made = follower(LEASES)
    tell(made, 1.01, HeartbeatRequest("s1", "s2", 1, 1))
    save, messages, _ = made.flush(1.01)
    assert save is not None
    assert save.reading is not None
    assert save.reading.promise == Promise("s1", 1, 1)
    sent: list[Any] = [each.message for each in messages]
    assert sent == [HeartbeatResponse("s2", "s1", 1, 1)]


ASKED = RequestVoteRequest("s3", "s2", 2, 1, 1)


@pytest.mark.parametrize(("after", "votes"), [(0.19, False), (0.2, True)])
@pytest.mark.parametrize("restarts", [False, True])
def test_it_binds_for_the_least_election_timeout_and_after_a_restart_again(
    after: float, votes: bool, restarts: bool
) -> None:
    made = follower(LEASES)
    disk = MemoryStorage(made.state)
    tell(made, 1.01, HeartbeatRequest("s1", "s2", 1, 1))
    save = made.flush(1.01).save
    assert save is not None
    disk.save(save)
    began = 1.01
    if restarts:
        began = 77.0
        made = replica("s2", LEASES, began, disk.load(made.state))
    assert made.due <= began + 0.2
    tell(made, began + after, ASKED)
    assert (made.state.voted_for == "s3") is votes


# ---- Numbers


def test_a_number_is_never_used_again() -> None:
    made = follower()
    disk = MemoryStorage(made.state)
    saves = 0
    for number in range(25):
        made.read(f"{number}", "x", of_any=True)
        save, messages, _ = made.flush(1.0)
        if save is not None:
            disk.save(save)
            saves += 1
        sent: list[Any] = [each.message for each in messages]
        assert sent == [asks(number + 1)]
        tell(made, 1.0, ReadIndexResponse("s1", "s2", 1, number + 1, 1))
        tell(made, 1.0, AppendEntriesRequest("s1", "s2", 1, 1, 1, (), 1))
        made.flush(1.0)
    assert saves == 3
    again = replica("s2", READS, 5.0, disk.load(made.state))
    tell(again, 5.0, AppendEntriesRequest("s1", "s2", 1, 1, 1, (), 1))
    again.flush(5.0)
    again.read("last", "x", of_any=True)
    [asked], _ = of_reads(again, 5.0)
    assert asked.number > 25


def test_leases_of_a_write_that_is_under_way() -> None:
    """What is read is what was committed, and the lease does not wait for the rest."""
    leader = leased()
    leader.submit("write", encoded(Register()), 1.08)
    leader.read("a", "x")
    assert of_reads(leader, 1.08) == ([], done("a"))

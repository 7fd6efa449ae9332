"""Slow disks, long ways, and timeouts that fit together."""

from dataclasses import replace
from typing import Any

import pytest

from raft_ref import AppendEntriesRequest, AppendEntriesResponse, Entry
from raft_ref.server import (
    IN_PRODUCTION,
    Conditions,
    Kind,
    Operation,
    SimulatedClient,
    Simulation,
    Timing,
)
from raft_ref.server.codec import Envelope
from raft_ref.server.replicas.replica import Output
from raft_ref.server.simulation.cluster import SimulatedServer
from raft_ref.server.simulation.linearizability import is_linearizable
from raft_ref.server.simulation.trial import run
from raft_ref.server.store import Result
from raft_ref.server.transport import Pulse, may_leave_early
from raft_ref.state import Role, State

SERVERS = ("s1", "s2", "s3")


class Silent(Pulse):
    """A leader is not heard while its disk is at work."""

    def again(self, state: State) -> list[Envelope]:
        return []


class SlowLeader(SimulatedServer):
    """Its disk is slow while it leads; those of the others are not."""

    def carry_out(self, output: Output) -> None:
        conditions = self.simulation.conditions
        assert self.replica is not None
        if self.replica.state.role is Role.LEADER:
            self.simulation.conditions = replace(conditions, saving=(0.4, 0.5))
        super().carry_out(output)
        self.simulation.conditions = conditions


class SlowFollower(SimulatedServer):
    """Its disk has become slow, and that of the leader has not."""

    def carry_out(self, output: Output) -> None:
        conditions = self.simulation.conditions
        assert self.replica is not None
        if self.replica.state.role is Role.FOLLOWER and self.replica.state.last_index > 1:
            self.simulation.conditions = replace(conditions, saving=(0.7, 0.8))
        super().carry_out(output)
        self.simulation.conditions = conditions


class Mute(Pulse):
    """A follower answers nothing."""

    def answered(self, message: Any, state: State) -> list[Envelope]:
        return []


class MuteServer(SlowFollower):
    """It answers nothing while it saves."""

    def __init__(self, simulation: Simulation, me: str) -> None:
        super().__init__(simulation, me)
        self.pulse = Mute()


class SilentServer(SlowLeader):
    """It says nothing while it saves."""

    def __init__(self, simulation: Simulation, me: str) -> None:
        super().__init__(simulation, me)
        self.pulse = Silent()


class Impatient(SimulatedServer):
    """It takes no account of how long disks take."""

    def _is_saved(self, seconds: float) -> None:
        super()._is_saved(0.0)


def written(
    conditions: Conditions,
    seconds: float,
    timing: Timing | None = None,
    server: Any = None,
    cluster: type[Simulation] = Simulation,
) -> tuple[int, int]:
    """Write for some seconds; return how many writes were done, and the term in the end."""
    made = type("Made", (cluster,), {"server": server or SimulatedServer})
    simulated: Simulation = made(SERVERS, 5, conditions, timing or Timing(), features=IN_PRODUCTION)
    client = SimulatedClient(simulated, "c", 4.0, lambda: 0.02)
    done: list[Result | None] = []

    def write() -> None:
        client.do(Operation(Kind.PUT, "x", f"{len(done)}"), is_done)

    def is_done(result: Result | None) -> None:
        done.append(result)
        write()

    simulated.at(0.5, write)
    simulated.run(seconds)
    terms = [each.replica.state.current_term for each in simulated.servers.values() if each.replica]
    return len(done), max(terms)


@pytest.mark.parametrize(
    "milliseconds", [300, *(pytest.param(each, marks=pytest.mark.long) for each in (100, 150))]
)
def test_a_disk_that_is_slower_than_elections(milliseconds: int) -> None:
    """The leader is heard while it saves, and candidates wait for as long as disks take."""
    saving = milliseconds / 1000
    done, term = written(Conditions(saving=(saving, 1.1 * saving)), 15.0)
    assert done >= 15 / (4 * saving) / 3
    assert term <= 12


def test_a_leader_whose_disk_is_slow_alone_is_heard_meanwhile() -> None:
    done, term = written(Conditions(), 20.0, server=SlowLeader)
    assert term == 1
    assert done >= 15
    assert written(Conditions(), 20.0, server=SilentServer)[1] > 10


def test_followers_whose_disks_are_slow_are_heard_meanwhile() -> None:
    """Or a leader whose own is quick would step down (check-quorum)."""
    done, term = written(Conditions(), 20.0, server=SlowFollower)
    assert term == 1
    assert done >= 15
    assert written(Conditions(), 20.0, server=MuteServer)[1] > 5


@pytest.mark.long
def test_where_no_account_is_taken_of_disks_there_is_hardly_a_leader() -> None:
    slow = Conditions(saving=(0.3, 0.33))
    assert written(slow, 20.0, server=Impatient)[0] < written(slow, 20.0)[0] / 2


def test_a_long_way_with_loss() -> None:
    far = Conditions(delay=(0.09, 0.11), loss=0.02)
    done, term = written(far, 60.0, Timing.of(1.0))
    assert done > 60
    assert term < 10


class Early(Simulation):
    """Leaders send while they save."""

    sends_early = True


@pytest.mark.parametrize("seeds", [range(3), pytest.param(range(3, 30), marks=pytest.mark.long)])
def test_clients_see_one_store_where_leaders_send_while_they_save(seeds: range) -> None:
    for seed in seeds:
        found = run(seed, simulation=Early, features=IN_PRODUCTION)
        assert found.is_idle
        assert is_linearizable(found.history)


@pytest.mark.long
def test_it_takes_the_time_of_one_disk_less() -> None:
    slow = Conditions(saving=(0.2, 0.2))
    late, early = (written(slow, 10.0, cluster=each)[0] for each in (Simulation, Early))
    assert early > 1.3 * late


def test_what_may_leave_early() -> None:
    written = replace(State("s1"), current_term=3, log=(Entry(1, "x"), Entry(3, "y")))
    for commit, term, may in ((2, 3, True), (3, 3, False), (2, 4, False)):
        sent = AppendEntriesRequest("s1", "s2", term, 2, 3, (Entry(3, "z"),), commit)
        assert may_leave_early(sent, written) == may
    answer = AppendEntriesResponse("s1", "s2", 3, True, 3)
    assert not may_leave_early(answer, written)


@pytest.mark.parametrize(
    ("election", "heartbeat", "why"),
    [
        (0.15, 0.08, "expected at most half of the election timeout"),
        (0.15, -1.0, "expected at most half"),
        (0.001, None, "expected 0.01 and more"),
    ],
)
def test_times_that_do_not_fit_together(election: float, heartbeat: float | None, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Timing.of(election, heartbeat)


def test_what_is_said_again_was_said_before() -> None:
    """Without its entries, and by a leader of that term alone."""
    pulse, sent = Pulse(), AppendEntriesRequest("s1", "s2", 3, 7, 2, (Entry(3, "x"),), 6)
    pulse.note(Envelope(sent, 5))
    leader = replace(State("s1"), current_term=3, role=Role.LEADER)
    assert pulse.again(leader) == [Envelope(replace(sent, entries=()), 5)]
    assert pulse.again(replace(leader, role=Role.FOLLOWER)) == []
    assert pulse.again(replace(leader, current_term=4)) == []


def test_what_is_answered_again_was_answered_before() -> None:
    """To the leader of that term alone."""
    pulse, answer = Pulse(), AppendEntriesResponse("s2", "s1", 3, True, 7)
    heartbeat = AppendEntriesRequest("s1", "s2", 3, 9, 3, (), 6)
    follower = replace(State("s2"), current_term=3)
    assert pulse.answered(heartbeat, follower) == []
    pulse.note(Envelope(answer, 5))
    pulse.note(Envelope(replace(answer, success=False, match_index=8), 6))
    assert pulse.answered(heartbeat, follower) == [Envelope(answer, 5)]
    assert pulse.answered(replace(heartbeat, term=4), follower) == []
    assert pulse.answered(replace(heartbeat, source="s3"), follower) == []
    assert pulse.answered(heartbeat, replace(follower, current_term=4)) == []


def test_what_is_to_be_sent_is_said_as_far_as_it_is_written() -> None:
    written = replace(State("s1"), current_term=3, log=(Entry(1, "x"), Entry(3, "y")))
    leader = replace(written, role=Role.LEADER)
    for prev, commit, term, is_said in (
        (2, 2, 3, True),
        (3, 2, 3, False),  # after an entry that is not written
        (2, 3, 3, False),  # that is committed, as far as the leader counts
        (2, 2, 4, False),  # and so the leader's vote is not either
    ):
        pulse = Pulse()
        sent = AppendEntriesRequest("s1", "s2", term, prev, 3, (), commit)
        pulse.foresee([Envelope(sent)], written)
        assert bool(pulse.again(replace(leader, current_term=term))) == is_said

"""Clocks and leases in simulated clusters: right while clocks drift no more than was assumed."""

from dataclasses import replace

import pytest

from raft_ref.features import Feature
from raft_ref.server import ReadingReplica, Simulation
from raft_ref.server.simulation.bugs import LEASES
from raft_ref.server.simulation.drills import RESTARTED_FOLLOWER, SLOW_LEADER, UNHEARD_TRANSFER
from raft_ref.server.simulation.linearizability import is_linearizable
from raft_ref.server.simulation.trial import SERVERS, Setting, run
from tests.support.clusters import Spec, mixed

DRILLS = {
    "slow leader": SLOW_LEADER,
    "restarted follower": RESTARTED_FOLLOWER,
    "unheard transfer": UNHEARD_TRANSFER,
}


@pytest.mark.parametrize(
    "seeds", [range(15), pytest.param(range(15, 300), marks=pytest.mark.long)], ids=str
)
@pytest.mark.parametrize("setting", DRILLS.values(), ids=DRILLS)
def test_leases_are_right_while_clocks_are_as_was_assumed(setting: Setting, seeds: range) -> None:
    for seed in seeds:
        found = run(seed, features=LEASES, setting=setting)
        assert is_linearizable(found.history), f"seed {seed}"
        assert found.is_idle, f"seed {seed}"
        assert found.all_agree, f"seed {seed}"


def test_where_they_drift_further_a_read_is_stale() -> None:
    """No server does anything wrong: it is what it was told of its clock that is."""
    told_too_little = replace(SLOW_LEADER, timing=replace(SLOW_LEADER.timing, clock_drift=0.25))
    histories = (run(seed, features=LEASES, setting=told_too_little).history for seed in range(40))
    assert not all(map(is_linearizable, histories))


def test_and_reads_by_read_index_are_right_whatever_clocks_do() -> None:
    for seed in range(15):
        found = run(seed, features=LEASES - {Feature.LEASES}, setting=SLOW_LEADER)
        assert is_linearizable(found.history), f"seed {seed}"


@pytest.mark.parametrize("setting", DRILLS.values(), ids=DRILLS)
def test_each_step_of_a_drill_is_one_of_the_spec(setting: Setting) -> None:
    spec = Spec(features=LEASES)
    for seed in range(3):
        run(seed, spec.look, spec.begin, features=LEASES, setting=setting)
    assert spec.actions["LeaseRead"] > 0
    assert spec.actions["EndPromise"] > 0


def test_a_clock_that_runs_at_another_rate_goes_on_from_where_it_was() -> None:
    cluster = Simulation(SERVERS, 1)
    cluster.run(2.0)
    server = cluster.servers["s1"]
    assert server.clock == pytest.approx(2.0)
    server.run_at(0.5)
    assert server.clock == pytest.approx(2.0)
    cluster.run(1.0)
    assert server.clock == pytest.approx(2.5)


# ---- Where some servers have no leases

OTHERS = LEASES - {Feature.LEASES}
FEATURES_OF = {"s1": LEASES, "s2": OTHERS, "s3": OTHERS}


Mixed = mixed(FEATURES_OF)


class Trusting(ReadingReplica):
    """A replica that takes every answer to a round for a promise."""

    def _has_lease(self) -> bool:
        return self._has_leases and self.node.has_lease(self.state)


TooTrusting = type("TooTrusting", (Mixed,), {"reading": Trusting})
"""The same with servers that take no notice of who promises."""


@pytest.mark.parametrize(("cluster", "is_right"), [(Mixed, True), (TooTrusting, False)])
def test_an_answer_that_is_no_promise_makes_no_lease(
    cluster: type[Simulation], is_right: bool
) -> None:
    histories = [
        run(seed, simulation=cluster, features=LEASES, setting=RESTARTED_FOLLOWER).history
        for seed in range(20)
    ]
    assert all(map(is_linearizable, histories)) is is_right

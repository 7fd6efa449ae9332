"""Drills: trials in which one thing goes wrong at a set time, for which leases must be ready.

The network is quick, so that much happens while a lease lasts. One client reads, and stays with
the leader while that answers; later the other one writes. What is left to chance is when.
"""

from dataclasses import replace

from raft_ref.messages import ServerId
from raft_ref.server.session import Kind
from raft_ref.server.simulation.cluster import Conditions, Simulation
from raft_ref.server.simulation.trial import QUICK, Setting

_QUIET = Setting(
    Conditions(delay=(0.0001, 0.0005), saving=(0.0001, 0.0005)),
    replace(QUICK, clock_drift=0.0),
    keys="x",
    wishes=((1.02, (Kind.PUT,)), (0.97, (Kind.GET,))),
    patience=0.01,
    retry=0.005,
    leisure=0.1,
    seconds=1.7,
)


def _others(cluster: Simulation, leader: ServerId) -> list[ServerId]:
    return sorted(cluster.servers.keys() - {leader})


def slow_down(cluster: Simulation) -> None:
    """Let the leader's clock run as slow as it may, those of the others as fast; cut it off."""
    leader, drift = cluster.leader, cluster.conditions.drift
    if leader is not None:
        cluster.cut_off([leader])
        for name, server in cluster.servers.items():
            server.run_at(1 - drift if name == leader else 1 + drift)


def part(cluster: Simulation) -> None:
    """Cut one server off from the leader alone."""
    leader = cluster.leader
    if leader is not None:
        other = _others(cluster, leader)[0]
        cluster.cut |= {(leader, other), (other, leader)}


def restart_apart(cluster: Simulation) -> None:
    """Cut the leader off; the server that heard from it crashes, and starts again at once."""
    leader = cluster.leader
    if leader is not None:
        cluster.cut_off([leader])
        last = cluster.servers[_others(cluster, leader)[-1]]
        last.crash()
        cluster.at(0.005, last.start)


def transfer_unheard(cluster: Simulation) -> None:
    """Let the leader transfer, and hear nothing of what follows."""
    leader = cluster.leader
    if leader is not None:
        others = _others(cluster, leader)
        cluster.servers[leader].take(
            lambda replica, now: replica.transfer("transfer", others[0], now)
        )
        cluster.cut_off(others, one_way=True)


SLOW_LEADER = replace(
    _QUIET,
    conditions=replace(_QUIET.conditions, drift=0.5),
    timing=replace(_QUIET.timing, clock_drift=2.0),
    drill=((1.0, slow_down), (1.6, Simulation.heal)),
)
"""A clock runs three times as fast as another, which the servers know that it may."""

RESTARTED_FOLLOWER = replace(
    _QUIET, drill=((0.6, part), (1.0, restart_apart), (1.6, Simulation.heal))
)
UNHEARD_TRANSFER = replace(_QUIET, drill=((1.0, transfer_unheard), (1.6, Simulation.heal)))

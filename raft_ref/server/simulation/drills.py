"""Drills: trials in which one thing goes wrong at a set time.

For most of them leases must be ready, for `TWO_REMOVALS` a change of the members, and a disk that
is lost. The network is quick, so that much happens while a lease lasts. One client reads, and stays
with the leader while that answers; later the other one writes. What is left to chance is when.
"""

from dataclasses import replace

from raft_ref.messages import ServerId
from raft_ref.server.replicas.replica import Change, ChangeKind
from raft_ref.server.session import Kind
from raft_ref.server.simulation.cluster import Conditions, MemoryStorage, Simulation
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


def remove(cluster: Simulation, leader: ServerId, server: ServerId) -> None:
    """Ask a leader to leave a server out."""
    change = Change(ChangeKind.REMOVE, server)
    cluster.servers[leader].take(lambda replica, now: replica.change(("drill", now), change, now))


def remove_apart(cluster: Simulation) -> None:
    """Let the leader of four remove one, unheard, and the next another; then that one crashes."""
    leader = cluster.leader
    if leader is None:
        return
    others = _others(cluster, leader)
    removed = others[0]
    remove(cluster, leader, removed)
    cluster.cut_off([leader])

    def remove_another() -> None:
        """Remove a second one as soon as there is a leader of a newer term, unheard by that one."""
        new = cluster.leader
        if new in (None, leader):
            cluster.at(0.00005, remove_another)
            return
        assert new is not None
        second = next(each for each in others if each not in (new, removed))
        cluster.cut |= {(new, second), (second, new)}
        remove(cluster, new, second)
        gone = sorted(cluster.servers.keys() - {leader, second})
        cluster.at(0.5, cluster.heal)
        for each in gone:
            cluster.at(0.5, cluster.servers[each].crash)

    remove_another()


def wipe(cluster: Simulation) -> None:
    """Let a server come back without its disk under its old name, beside one that was cut off."""
    _lose(cluster, comes_back=True)


def lose(cluster: Simulation) -> None:
    """Let a server be lost with its disk, as it should be: nobody takes its name again."""
    _lose(cluster, comes_back=False)


def _lose(cluster: Simulation, comes_back: bool) -> None:
    leader = cluster.leader
    if leader is None:
        return
    lost, behind = _others(cluster, leader)[:2]
    cluster.cut_off([behind])

    def lose_it() -> None:
        server = cluster.servers[lost]
        server.lose()
        if comes_back:
            server.is_lost = False
            server.storage = MemoryStorage(server.node.initial(lost))
            server.start()
        cluster.heal()
        cluster.cut_off([leader])

    cluster.at(0.3, lose_it)


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

TWO_REMOVALS = replace(
    _QUIET,
    timing=replace(_QUIET.timing, compact_after=1000),
    servers=("s1", "s2", "s3", "s4"),
    drill=((1.0, remove_apart), (3.0, Simulation.heal)),
    seconds=3.1,
)
"""Two leaders of four servers remove one each, by configurations that need not meet (2015)."""

WIPED = replace(_QUIET, drill=((1.0, wipe), (2.5, Simulation.heal)), seconds=2.6)
LOST = replace(WIPED, drill=((1.0, lose), (2.5, Simulation.heal)))

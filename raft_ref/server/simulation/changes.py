"""Somebody who changes the members of a simulated cluster, change by change, while it works.

What is refused for the moment, or not known to be done, is asked for again. A cluster grows,
shrinks, and has all of its members replaced; one of them has lost its disk.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple

from raft_ref.messages import ServerId
from raft_ref.server.replicas.replica import Change, ChangeKind
from raft_ref.server.session import Membership
from raft_ref.server.simulation.client import SimulatedClient
from raft_ref.server.simulation.cluster import Simulation
from raft_ref.server.store import Result

ADD, PROMOTE, REMOVE = ChangeKind.ADD, ChangeKind.PROMOTE, ChangeKind.REMOVE
LOSE = None
"""What happens to a server that is there no more, with its disk."""


class Stage(NamedTuple):
    """What is to happen to a server: a change, or that it is lost."""

    kind: ChangeKind | None
    server: ServerId


class Administrator:
    """Goes through a plan, stage by stage; `left` is what is still to be done."""

    def __init__(self, simulation: Simulation, plan: Sequence[Stage], seed: int) -> None:
        self.left = [*plan]
        self._chance = random.Random(seed)
        self._simulation = simulation
        pause = self._chance.random
        self._client = SimulatedClient(simulation, "administrator", 0.5, lambda: 0.02 * pause())
        if plan:
            simulation.at(0.4, self._go_on)

    def _go_on(self) -> None:
        stage = self.left[0]
        if stage.kind is LOSE:
            self._simulation.servers[stage.server].lose()
            self._take(Result())
        else:
            change = Change(stage.kind, stage.server, f"{stage.server}:1")
            self._client.do(Membership(change), self._take)

    def _take(self, result: Result | None) -> None:
        if result is not None and not result.refused:
            self._simulation.faults[f"{self.left[0].kind or 'lose'} server"] += 1
            del self.left[0]
        if self.left:
            self._simulation.at(0.2 * self._chance.random(), self._go_on)


def _joined(*servers: ServerId) -> tuple[Stage, ...]:
    return tuple(Stage(kind, server) for server in servers for kind in (ADD, PROMOTE))


GROW = _joined("s4", "s5")
"""From three servers to five."""

SHRINK = (Stage(REMOVE, "s2"), Stage(REMOVE, "s5"))
"""And back, without one of the first."""

ALONE = (Stage(REMOVE, "s1"), Stage(REMOVE, "s2"), *_joined("s4"))
"""From three servers to one, and to another two."""

REPLACE = (
    Stage(LOSE, "s1"),
    Stage(REMOVE, "s1"),
    *_joined("s4"),
    *_joined("s5"),
    Stage(REMOVE, "s2"),
    *_joined("s6"),
    Stage(REMOVE, "s3"),
)
"""One after the other, until none is left of the first three."""

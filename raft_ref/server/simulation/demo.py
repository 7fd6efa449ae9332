"""A simulated cluster to look at and to break: faults at set times, faults by keys, and a client.

In: a `DemoRequest`, keys, and time that passes. Out: a log of what happens, the cluster as it is
now, and all its steps. The same seed and the same faults give the same run.
"""

import random
from collections import deque
from dataclasses import dataclass, replace
from typing import Any

from raft_ref.features import Feature
from raft_ref.server.replicas.extended import IN_PRODUCTION
from raft_ref.server.replicas.replica import Happening
from raft_ref.server.session import Kind, Operation
from raft_ref.server.simulation.client import SimulatedClient
from raft_ref.server.simulation.cluster import Conditions, Simulation
from raft_ref.server.store import Result
from raft_ref.state import Role

FEWEST, MOST = 2, 9
"""Servers of a cluster: a key for each."""
SHARE = 0.2
"""How many messages a key makes be lost, or arrive twice."""


@dataclass(frozen=True, slots=True)
class DemoRequest:
    """A cluster, its network, and what befalls it.

    `loss` and `duplication` say how likely a message is lost or arrives twice, `delay` how many
    seconds it takes; the leader crashes `crashes` times, once a second, and is cut off `partitions`
    times, likewise. With `keeps_steps` all steps are kept; `features` are those of the servers.
    Raises ValueError for too few servers or too many, and for times below 0.
    """

    servers: int = 3
    seed: int = 1
    loss: float = 0.0
    duplication: float = 0.0
    delay: float = 0.02
    crashes: int = 0
    partitions: int = 0
    keeps_steps: bool = False
    features: frozenset[Feature] = IN_PRODUCTION

    def __post_init__(self) -> None:
        """Refuse what has no keys, and what cannot be counted."""
        if not FEWEST <= self.servers <= MOST:
            raise ValueError(f"servers {self.servers}: expected {FEWEST} to {MOST}")
        for name, times in (("crash", self.crashes), ("partition", self.partitions)):
            if times < 0:
                raise ValueError(f"{name} {times}: expected 0 or more")


class Demo:
    """A simulated cluster with a client that writes all the time, and a log of what happens.

    `first` are the states in which the servers begin, `steps` what happened from there, if that is
    kept; `log` are lines for people, `answered` how many writes were answered.
    """

    def __init__(self, request: DemoRequest) -> None:
        self.steps: list[Happening] = []
        self.log: deque[str] = deque(maxlen=1000)
        self.answered = 0
        self._keeps_steps = request.keeps_steps
        conditions = Conditions(
            delay=(request.delay / 2, request.delay * 1.5),
            loss=request.loss,
            duplication=request.duplication,
        )
        names = tuple(f"s{number}" for number in range(1, request.servers + 1))
        self.simulation = Simulation(
            names, request.seed, conditions, observe=self._note, features=request.features
        )
        self.first = dict(self.simulation.settled)
        self._client = SimulatedClient(self.simulation, "client", 0.5, lambda: 0.05)
        self._chance = random.Random(request.seed)
        self.simulation.at(0.3, self._write)
        for number in range(request.crashes):
            self.simulation.at(1.0 + number, self._crash_leader)
        for number in range(request.partitions):
            self.simulation.at(1.5 + number, self.cut_leader_off)
            self.simulation.at(2.0 + number, self.heal)

    def pass_time(self, seconds: float) -> None:
        """Let the cluster live for some seconds."""
        self.simulation.run(seconds)

    # Faults

    def press(self, key: str) -> None:
        """Do what a key stands for: 1 to 9 a server, l, h, t, x, d; others are passed over."""
        names = list(self.simulation.servers)
        if key.isdigit() and 0 < int(key) <= len(names):
            self.crash_or_start(names[int(key) - 1])
        elif key == "l":
            self.cut_leader_off()
        elif key == "h":
            self.heal()
        elif key == "t":
            self.transfer()
        elif key in "xd":
            self._change("loss" if key == "x" else "duplication")

    def crash_or_start(self, name: str) -> None:
        """Crash a server, or start it again."""
        server = self.simulation.servers[name]
        if server.replica is None:
            server.start()
        else:
            server.crash()
            self._log(f"{name} crashes")

    def _crash_leader(self) -> None:
        leader = self.simulation.leader
        if leader is not None:
            self.crash_or_start(leader)
            self.simulation.at(0.5, self.simulation.servers[leader].start)

    def cut_leader_off(self) -> None:
        """Cut the leader, if there is one, off from the others."""
        leader = self.simulation.leader
        if leader is not None:
            self._log(f"{leader} is cut off from the others")
            self.simulation.cut_off([leader])

    def transfer(self) -> None:
        """Let another server lead, if one does and its features allow for that."""
        leader = self.simulation.leader
        if leader is not None:
            self._log(f"{leader} is asked to let another server lead")
            name = "transfer", self.simulation.now
            self.simulation.servers[leader].take(
                lambda replica, now: replica.transfer(name, None, now)
            )

    def heal(self) -> None:
        """Let all servers reach each other again."""
        self._log("all servers reach each other")
        self.simulation.heal()

    def _change(self, name: str) -> None:
        conditions = self.simulation.conditions
        share = 0.0 if getattr(conditions, name) else SHARE
        changes: dict[str, Any] = {name: share}
        self.simulation.conditions = replace(conditions, **changes)
        self._log(f"{name} is {share:g}")

    # A client

    def _write(self) -> None:
        key = self._chance.choice("xyz")
        self._client.do(Operation(Kind.PUT, key, str(self.answered + 1)), self._is_written)

    def _is_written(self, result: Result | None) -> None:
        self.answered += 1
        self.simulation.at(0.1, self._write)

    # What happened

    def _note(self, happening: Happening) -> None:
        if self._keeps_steps:
            self.steps.append(happening)
        before, after = happening.before, happening.step.state
        if happening.event is None:
            self._log(f"{happening.server} starts again, in term {after.current_term}")
        elif (before.role, before.current_term) != (after.role, after.current_term) and (
            Role.LEADER in (before.role, after.role) or after.role is Role.CANDIDATE
        ):
            what = "leads" if after.role is Role.LEADER else f"is a {after.role.lower()}"
            self._log(f"{happening.server} {what} in term {after.current_term}")
        if after.compacted > before.compacted and happening.event is not None:
            self._log(f"{happening.server} has a snapshot up to index {after.compacted}")

    def _log(self, text: str) -> None:
        self.log.append(f"{self.simulation.now:8.3f} s  {text}")

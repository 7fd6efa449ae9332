"""A trial of a simulated cluster: clients want things of it while faults of all kinds happen.

The rule: a trial is drawn from its seed alone.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle

from raft_ref.features import Feature
from raft_ref.messages import ServerId
from raft_ref.server.replicas.extended import IN_PRODUCTION
from raft_ref.server.replicas.membership import MembershipReplica
from raft_ref.server.replicas.replica import Happening, Timing
from raft_ref.server.session import Kind, Operation
from raft_ref.server.simulation.changes import Administrator, Stage
from raft_ref.server.simulation.client import SimulatedClient
from raft_ref.server.simulation.cluster import Conditions, MemoryStorage, Simulation
from raft_ref.server.simulation.linearizability import Observation
from raft_ref.server.simulation.watching import Moment
from raft_ref.server.store import Result
from raft_ref.state import State

SERVERS = ("s1", "s2", "s3")
ROUGH = Conditions(
    delay=(0.0005, 0.03), loss=0.05, duplication=0.05, saving=(0.0002, 0.01), drift=0.1
)
QUICK = Timing(
    compact_after=6, keep=2, max_entries=3, max_outstanding=2, clock_drift=0.25, read_numbers=3
)
"""Clocks that run within a tenth of the true one run within 0.25 of each other."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a trial is like.

    - `conditions`: network, disks, clocks; `timing`: what servers know of them, and their timers.
    - `keys`: what clients want something of; `wishes`: when the first one begins and which kinds of
      things it wants, the second, and so on from the first again; `patience`: seconds that they
      wait for a reply, `retry`: at most until they ask again, `leisure`: at most until they want
      the next thing.
    - `servers`: all that there are; `voters`: those that the cluster begins with, where its members
      change by a `plan`.
    - `drill`: what happens, and when; if nothing does, it is faults of all kinds at random.
    - `damages`: whether what one server has saved can be damaged; then it is lost.
    - `seconds`: for how long; then the cluster recovers.
    """

    conditions: Conditions = ROUGH
    timing: Timing = QUICK
    keys: str = "xy"
    wishes: tuple[tuple[float, tuple[Kind, ...]], ...] = ((0.0, tuple(Kind)),)
    patience: float = 0.25
    retry: float = 0.02
    leisure: float = 0.0
    drill: tuple[tuple[float, Callable[[Simulation], None]], ...] = ()
    damages: bool = False
    seconds: float = 3.0
    servers: tuple[ServerId, ...] = SERVERS
    voters: tuple[ServerId, ...] | None = None
    plan: tuple[Stage, ...] = ()


USUAL = Setting()


def drawn(
    chance: random.Random,
    keys: Sequence[str],
    value: str,
    seen: Sequence[Observation],
    any_reads: bool = False,
    kinds: Sequence[Kind] = tuple(Kind),
) -> Operation:
    """Return something to want of one of the keys; what cas expects was seen there last.

    With `any_reads` every second value may come from any server.
    """
    kind, key = chance.choice(kinds), chance.choice(keys)
    known = [each.result.value for each in seen if each.result and each.operation.key == key]
    return Operation(
        kind,
        key,
        value if kind in (Kind.PUT, Kind.CAS) else None,
        known[-1] if kind is Kind.CAS and known else None,
        any_reads and kind is Kind.GET and chance.random() < 0.5,
    )


class Client:
    """A client that wants one thing after the other, and notes what it sees."""

    def __init__(
        self,
        simulation: Simulation,
        name: str,
        chance: random.Random,
        left: int,
        setting: Setting = USUAL,
        wishes: tuple[float, Sequence[Kind]] = USUAL.wishes[0],
    ) -> None:
        self._simulation = simulation
        self._name = name
        self._chance = chance
        self._left = left
        self._seen: list[Observation] = []
        self._wanted: Observation | None = None
        self._any_reads = simulation.has(Feature.READ_INDEX)
        nearest = chance.choice(setting.servers) if self._any_reads else None
        self._setting = setting
        begin, self._wishes = wishes
        self.does = SimulatedClient(
            simulation, name, setting.patience, lambda: setting.retry * chance.random(), nearest
        )
        if begin:
            simulation.at(begin, self.next)
        else:
            self.next()

    def next(self) -> None:
        """Want the next thing."""
        if self._left == 0:
            return
        self._left -= 1
        value = f"{self._name}-{self._left}"
        operation = drawn(
            self._chance, self._setting.keys, value, self._seen, self._any_reads, self._wishes
        )
        self._wanted = Observation(operation, self._simulation.now)
        self.does.do(operation, self._take)

    def _take(self, result: Result | None) -> None:
        assert self._wanted is not None
        if result is None:
            self._seen.append(self._wanted)
        else:
            self._seen.append(replace(self._wanted, end=self._simulation.now, result=result))
        self._wanted = None
        if self._setting.leisure and self._left:
            self._simulation.at(self._setting.leisure * self._chance.random(), self.next)
        else:
            self.next()

    @property
    def is_idle(self) -> bool:
        """Whether the client wants nothing any more."""
        return self._wanted is None and self._left == 0

    def history(self) -> list[Observation]:
        """Return what was seen, what is not answered included."""
        return self._seen if self._wanted is None else [*self._seen, self._wanted]


class Trouble:
    """Lets faults happen to a simulated cluster: those of a drill, or of all kinds at random."""

    def __init__(
        self, simulation: Simulation, chance: random.Random, setting: Setting = USUAL
    ) -> None:
        self.simulation = simulation
        self.chance = chance
        self.is_over = False
        self._has_transfer = simulation.has(Feature.LEADERSHIP_TRANSFER)
        self._has_leases = simulation.has(Feature.LEASES)
        self._damages = setting.damages
        for seconds, fault in setting.drill:
            simulation.at(seconds, partial(fault, simulation))
        if not setting.drill:
            self._later()

    def _later(self) -> None:
        self.simulation.at(0.4 * self.chance.random(), self._next)

    def _next(self) -> None:
        if self.is_over:
            return
        kinds: list[Callable[[str], None]] = [
            self._crash, self._crash, self._cut, self._cut_one_way, self._heal, self._heal,
            self._jump, self._fill, self._slow,
        ]  # fmt: skip
        if self._has_leases:  # which are for clocks that nobody sets
            kinds[kinds.index(self._jump)] = self._drift
        if self._has_transfer:
            kinds += [self._transfer, self._transfer, self._stop]
        if self._damages:
            kinds += [self._damage, self._damage]
        fault = self.chance.choice(kinds)
        self.simulation.faults[fault.__name__.strip("_")] += 1
        target = self.simulation.leader if self.chance.random() < 0.5 else None
        fault(target or self.chance.choice(sorted(self.simulation.servers)))
        self._later()

    def _crash(self, server: str) -> None:
        self.simulation.servers[server].crash()
        self._start_later(server)

    def _start_later(self, server: str) -> None:
        def start() -> None:
            if self.simulation.servers[server].replica is None:
                self.simulation.servers[server].start()

        self.simulation.at(0.3 * self.chance.random(), start)

    def _transfer(self, server: str) -> None:
        leader, name = self.simulation.leader, ("transfer", self.simulation.now)
        if leader is not None:
            self.simulation.servers[leader].take(
                lambda replica, now: replica.transfer(name, server, now)
            )

    def _stop(self, server: str) -> None:
        self.simulation.servers[server].stop(0.3)
        self.simulation.at(0.3, lambda: self._start_later(server))

    def _cut(self, server: str) -> None:
        self.simulation.cut_off([server])

    def _cut_one_way(self, server: str) -> None:
        self.simulation.cut_off([server], one_way=True)

    def _heal(self, server: str) -> None:
        self.simulation.heal()

    def _jump(self, server: str) -> None:
        self.simulation.servers[server].jump(self.chance.choice([-5.0, -0.2, 0.2, 5.0]))

    def _drift(self, server: str) -> None:
        """Let a clock run as slow or as fast as it may."""
        drift = self.simulation.conditions.drift
        self.simulation.servers[server].run_at(self.chance.choice((1 - drift, 1 + drift)))

    def _fill(self, server: str) -> None:
        storage = self.simulation.servers[server].storage
        assert isinstance(storage, MemoryStorage)
        storage.is_failing = True

        def repair() -> None:
            storage.is_failing = False
            self._start_later(server)

        self.simulation.at(0.3 * self.chance.random(), repair)

    def _damage(self, server: str) -> None:
        """Let a server crash, and find its disk damaged; the others go on without it."""
        self._damages = False
        target = self.simulation.servers[server]
        target.crash()
        assert isinstance(target.storage, MemoryStorage)
        target.storage.damage(self.chance)
        self._start_later(server)

    def _slow(self, server: str) -> None:
        conditions = self.simulation.conditions
        self.simulation.conditions = replace(conditions, saving=(0.05, 0.1))

        def recover() -> None:
            self.simulation.conditions = replace(self.simulation.conditions, saving=(0.0002, 0.01))

        self.simulation.at(0.5 * self.chance.random(), recover)

    def end(self) -> None:
        """Let everything be well again."""
        self.is_over = True
        self.simulation.heal()
        self.simulation.conditions = replace(
            self.simulation.conditions, loss=0.0, duplication=0.0, saving=(0.0002, 0.001)
        )
        for server in self.simulation.servers.values():
            if isinstance(server.storage, MemoryStorage):
                server.storage.is_failing = False
            if server.replica is None:
                server.start()


@dataclass
class Run:
    """What came of a run: what clients saw, which faults happened, how requests ended.

    And whether in the end nothing was waited for, and all servers held the same; how the cluster
    was meanwhile, if somebody looked.
    """

    history: list[Observation]
    faults: Counter[str]
    counts: Counter[str]
    is_idle: bool
    all_agree: bool
    moments: tuple[Moment, ...] = ()


def run(
    seed: int,
    look: Callable[[Happening], None] = lambda happening: None,
    begin: Callable[[dict[str, State]], None] = lambda states: None,
    simulation: type[Simulation] = Simulation,
    commands: int = 12,
    clients: int = 3,
    features: Iterable[Feature] = IN_PRODUCTION,
    setting: Setting = USUAL,
) -> Run:
    """Run a cluster under faults, then let it recover and finish."""
    how = setting.conditions, setting.timing
    cluster = simulation(setting.servers, seed, *how, look, features, setting.voters)
    begin(dict(cluster.settled))
    chance = random.Random(seed)
    wanting = [
        Client(cluster, f"c{number}", random.Random(chance.random()), commands, setting, wishes)
        for number, wishes in zip(range(1, clients + 1), cycle(setting.wishes))
    ]
    trouble = Trouble(cluster, chance, setting)
    changing = Administrator(cluster, setting.plan, seed)
    cluster.run(setting.seconds)
    trouble.end()
    for _ in range(30):
        cluster.run(1.0)
        is_idle = all(client.is_idle for client in wanting) and not changing.left
        if is_idle and all_agree(cluster):
            break
    counts: Counter[str] = Counter()
    for client in wanting:
        counts += client.does.counts
    history = [seen for client in wanting for seen in client.history()]
    is_idle = all(client.is_idle for client in wanting) and not changing.left
    return Run(history, cluster.faults, counts, is_idle, all_agree(cluster))


def all_agree(cluster: Simulation) -> bool:
    """Tell whether all servers hold the same; where members change, all that are, and not lost."""
    leads = None if cluster.leader is None else cluster.servers[cluster.leader].replica
    names = set(cluster.servers)
    if cluster.has(Feature.MEMBERSHIP):
        if not isinstance(leads, MembershipReplica) or leads.members is None:
            return False
        names = {*leads.members.members}
    members = [cluster.servers[name] for name in sorted(names)]
    replicas = [server.replica for server in members if not server.is_lost]
    return len({replica and replica.store.as_text() for replica in replicas}) == 1

"""A whole cluster in one process, on a clock and a network that are simulated.

The rule: everything that happens is drawn from one seed, so that a run can be repeated step by
step. The same scheduler drives tests, with faults of all kinds, and the demo.

Faults are those of the paper and of its practice: messages are delayed, lost, duplicated and
reordered; servers are cut off from each other, both ways or one way; servers crash at any moment,
also while they save, and lose what was not saved; disks are slow or fail; clocks run at different
rates and jump.
"""

import heapq
import random
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from raft_ref.features import ExtendedNode, Feature
from raft_ref.messages import ServerId
from raft_ref.node import Node, Step
from raft_ref.server.codec import Envelope
from raft_ref.server.replicas.extended import IN_PRODUCTION, ExtendedReplica
from raft_ref.server.replicas.membership import MembershipReplica
from raft_ref.server.replicas.reading import ReadingReplica
from raft_ref.server.replicas.replica import (
    IN_PRACTICE,
    Happening,
    Output,
    Replica,
    Reply,
    RequestId,
    Timing,
)
from raft_ref.server.storage import Save, Storage, StorageError
from raft_ref.server.store import KeyValueMachine
from raft_ref.server.store_node import StoreNode
from raft_ref.server.transport import Pulse, Transport, may_leave_early
from raft_ref.state import State


@dataclass(frozen=True, slots=True)
class Conditions:
    """How network, disks and clocks are.

    - `delay`: seconds that a message takes, the least and the most.
    - `loss`, `duplication`: how likely a message is to be lost, or to arrive twice.
    - `saving`: seconds that a save takes, the least and the most.
    - `drift`: how much faster or slower than the true one a clock may run (0.1: a tenth).
    """

    delay: tuple[float, float] = (0.0005, 0.002)
    loss: float = 0.0
    duplication: float = 0.0
    saving: tuple[float, float] = (0.0005, 0.002)
    drift: float = 0.0


CALM = Conditions()


class MemoryStorage:
    """A disk that is simulated: what was saved is there after a crash.

    It fails if told to, and can be damaged: then it says so, as a journal does.
    """

    def __init__(self, first: State) -> None:
        """Hold the state of a server at its first start."""
        self._state = first
        self._earlier = deque([first], maxlen=20)
        self.is_failing = False
        self.damaged: State | None = None  # what is whole before the damage, if there is any

    def load(self, first: State) -> State:
        """Return what was last saved. Raises StorageError where that is damaged."""
        if self.damaged is not None:
            raise StorageError("what was saved is damaged")
        return self._state

    def damage(self, chance: random.Random) -> None:
        """Let one of the latest saves not be readable any more."""
        self.damaged = chance.choice(self._earlier)

    def save(self, what: Save) -> None:
        """Keep the changes. Raises StorageError if it is failing."""
        if self.is_failing:
            raise StorageError("no space left on the device")
        self._earlier.append(self._state)
        self._state = saved(self._state, what)

    def close(self) -> None:
        """Do nothing."""


def saved(state: State, what: Save) -> State:
    """Return the durable state after a save; its volatile variables mean nothing."""
    snapshot = what.snapshot or state.snapshot
    reading = {} if what.reading is None else what.reading._asdict()
    return replace(
        state,
        current_term=what.current_term,
        voted_for=what.voted_for,
        snapshot=snapshot,
        log=state.entries(snapshot.last_included_index + 1, what.first - 1) + what.entries,
        **reading,
    )


class SimulatedServer:
    """A server: a replica while it is up, its disk, its clock, and what came in for it."""

    disk: type[MemoryStorage] = MemoryStorage

    def __init__(self, simulation: "Simulation", me: ServerId) -> None:
        self.simulation = simulation
        self.me = me
        self.storage: Storage = self.disk(self.node.initial(me))
        self.replica: Replica | None = None
        self.is_lost = False
        self.life = 0  # how often it was started or stopped: what an earlier life planned is void
        self._offset = 0.0
        self._rate = 1.0
        self._inbox: list[Callable[[Replica, float], None]] = []
        self._steps: list[Happening] = []
        self._saving: Output | None = None
        self._saving_since = 0.0
        self._due = 0.0
        self.pulse = Pulse()
        self._written = self.node.initial(me)
        self._stop: RequestId | None = None  # what is asked of the replica before it stops

    @property
    def node(self) -> Node:
        """The node that it runs."""
        return self.simulation.node

    @property
    def clock(self) -> float:
        """The time on the server's own clock."""
        return self._offset + self._rate * self.simulation.now

    # Life

    def start(self) -> None:
        """Start with what is on the disk, unless that is lost, or is damaged: which is the same."""
        if self.is_lost:
            return
        simulation = self.simulation
        first = self.node.initial(self.me)
        try:
            saved = self.storage.load(first)
        except StorageError:
            simulation.faults["damage refused"] += 1
            self.is_lost = True
            return
        self.life += 1
        drift = simulation.conditions.drift
        self._rate = simulation.chance.uniform(1 - drift, 1 + drift)
        node: Any = self.node
        self.replica = simulation.replica_of(node)(
            node,
            self.me,
            random.Random(simulation.chance.random()),
            self.clock,
            saved,
            simulation.timing,
            self._observe,
        )
        state = self.replica.state
        if self.life > 1:
            before = simulation.settled[self.me]
            simulation.settle(Happening(self.me, before, None, Step(state, (), ("Restart",))))
        self.wake()

    def crash(self) -> None:
        """Lose all that is not on the disk. A save that was under way was done, or not at all."""
        if self.replica is None:
            return
        self.life += 1
        self.replica = None
        self._inbox.clear()
        if self._saving is not None and self.simulation.chance.random() < 0.5:
            self.save(self._saving)
        self._steps.clear()
        self._saving = None

    def lose(self) -> None:
        """Crash, and lose the disk: there is no such server any more."""
        self.crash()
        self.is_lost = True

    def stop(self, seconds: float) -> None:
        """Crash once another server leads, if this one does, or after so many seconds."""
        name = self._stop = "stop", self.life
        self.take(lambda replica, now: replica.transfer(name, None, now))
        self.later(seconds, self.crash)

    def jump(self, seconds: float) -> None:
        """Set the clock forward or back."""
        self._offset += seconds
        self.wake()

    def run_at(self, rate: float) -> None:
        """Let the clock run at another rate from now on, as a share of the true one."""
        self._offset += (self._rate - rate) * self.simulation.now
        self._rate = rate
        self.wake()

    def _observe(self, before: State, event: Any, step: Step) -> None:
        self._steps.append(Happening(self.me, before, event, step))

    # What happens to it

    def take(self, event: Callable[[Replica, float], None]) -> None:
        """Let something happen to the replica, as soon as it is not saving."""
        if self.replica is not None:
            self._inbox.append(event)
            self.wake()

    def hear(self, envelope: Envelope) -> None:
        """Take a message, and let a leader hear something if the disk is at work for long."""
        self.take(lambda replica, now: replica.receive(envelope, now))
        is_long = self.simulation.now >= self._saving_since + self.simulation.timing.heartbeat
        if self.replica is not None and self._saving is not None and is_long:
            for again in self.pulse.answered(envelope.message, self.replica.state):
                self.simulation.send(again)

    def wake(self) -> None:
        """Take all that came in, and let time pass."""
        if self.replica is None or self._saving is not None:
            return
        replica, now = self.replica, self.clock
        events, self._inbox = self._inbox, []
        for event in events:
            event(replica, now)
        replica.tick(now)
        self._written = replica.written
        output = replica.flush(now)
        if output.save is not None:
            self.pulse.foresee(output.messages, self._written)
        self.carry_out(output)
        self._plan(replica.due)

    def carry_out(self, output: Output) -> None:
        """Save, and then send and answer."""
        written = self._written
        if output.save is None:
            self.finish(output)
            return
        simulation = self.simulation
        if simulation.sends_early:
            early = [each for each in output.messages if may_leave_early(each.message, written)]
            for envelope in early:
                simulation.send(envelope)
            rest = [each for each in output.messages if each not in early]
            output = output._replace(messages=rest)
        self._saving, self._saving_since = output, simulation.now
        seconds = simulation.chance.uniform(*simulation.conditions.saving)
        self.later(seconds, lambda: self._is_saved(seconds))
        self.later(simulation.timing.heartbeat, lambda: self._pulse_while(output))

    def _pulse_while(self, output: Output) -> None:
        """Let nobody take a leader for gone while it saves."""
        if self._saving is output and self.replica is not None:
            for envelope in self.pulse.again(self.replica.state):
                self.simulation.send(envelope)
            self.later(self.simulation.timing.heartbeat, lambda: self._pulse_while(output))

    def _is_saved(self, seconds: float) -> None:
        output, self._saving = self._saving, None
        assert output is not None
        if self.replica is not None:
            self.replica.was_saving(seconds * self._rate)
        if self.save(output):
            self.finish(output)
            self.wake()
        else:
            self.simulation.faults["disk full"] += 1
            self.crash()  # a server that cannot save stops

    def save(self, output: Output) -> bool:
        """Save what is to be saved; tell whether that was done."""
        assert output.save is not None
        try:
            self.storage.save(output.save)
        except StorageError:
            return False
        self.settle()
        return True

    def settle(self) -> None:
        """Tell of the steps that will not be undone any more."""
        for happening in self._steps:
            self.simulation.settle(happening)
        self._steps.clear()

    def finish(self, output: Output) -> None:
        """Send and answer."""
        self.settle()
        for envelope in output.messages:
            self.simulation.send(envelope)
            self.pulse.note(envelope)
        for request, reply in output.replies:
            self.simulation.answer(request, reply)
        if self._stop in (request for request, _ in output.replies):
            self.crash()

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call something later, unless the server crashes before."""
        life = self.life
        self.simulation.at(seconds, lambda: call() if self.life == life else None)

    def _plan(self, due: float) -> None:
        """Wake when the replica has something to do; a plan that is too early does no harm."""
        seconds = max(0.0, due - self.clock) / self._rate
        self._due = self.simulation.now + seconds
        planned = self._due
        self.later(seconds + 1e-6, lambda: self.wake() if planned == self._due else None)


class Simulation(Transport):
    """A cluster on a simulated clock.

    Arguments: the names of the servers; the seed; how things are; how long replicas wait.
    `observe` is told of each step that is settled; the `features` of the servers, which with none
    are Raft's, and nothing else; the `voters` that the cluster begins with (None: all), where the
    members can change, while the others are there, and empty. What servers are made of, `server`,
    `replica` (with features `extended`, with reads `reading`), `extended_node` and `machine` say,
    so that a part can be replaced.
    """

    sends_early = False
    """Whether leaders send while they save. What is sent then is sent before its step is settled,
    so that no step can be held against the spec."""
    server: type[SimulatedServer] = SimulatedServer
    replica: type[Replica] = Replica
    extended: type[ExtendedReplica] = MembershipReplica
    reading: type[ReadingReplica] = ReadingReplica
    extended_node: type[ExtendedNode] = StoreNode
    machine: type[KeyValueMachine] = KeyValueMachine

    def __init__(
        self,
        servers: Sequence[ServerId],
        seed: int,
        conditions: Conditions = CALM,
        timing: Timing = IN_PRACTICE,
        observe: Callable[[Happening], None] = lambda happening: None,
        features: Iterable[Feature] = IN_PRODUCTION,
        voters: Iterable[ServerId] | None = None,
    ) -> None:
        self.chance = random.Random(seed)
        self.voters = voters
        self.node = self.node_with(frozenset(features), servers)
        self.conditions = conditions
        self.timing = timing
        self.now = 0.0
        self.faults: Counter[str] = Counter()
        self.cut: set[tuple[ServerId, ServerId]] = set()
        self._observe = observe
        self._plans: list[tuple[float, int, Callable[[], None]]] = []
        self._planned = 0
        self._waiting: dict[RequestId, Callable[[Reply], None]] = {}
        self.servers = {server: self.server(self, server) for server in servers}
        self.settled = {name: each.node.initial(name) for name, each in self.servers.items()}
        for each in self.servers.values():
            each.start()

    def node_with(self, features: frozenset[Feature], servers: Sequence[ServerId]) -> Node:
        """Return the node that the servers have."""
        machine = self.machine()
        if not features:
            return Node(servers, (), machine)
        return self.extended_node(servers, (), machine, features, self.voters)

    def has(self, feature: Feature) -> bool:
        """Tell whether the servers have a feature."""
        return isinstance(self.node, ExtendedNode) and feature in self.node.features

    def replica_of(self, node: Node) -> type[Replica]:
        """Return what the replicas of a node are."""
        if not isinstance(node, ExtendedNode):
            return self.replica
        return self.reading if Feature.READ_INDEX in node.features else self.extended

    # Time

    def at(self, seconds: float, call: Callable[[], None]) -> None:
        """Call something in so many seconds."""
        self._planned += 1
        heapq.heappush(self._plans, (self.now + seconds, self._planned, call))

    def run(self, seconds: float) -> None:
        """Let so many seconds pass."""
        end = self.now + seconds
        while self._plans and self._plans[0][0] <= end:
            self.now, _, call = heapq.heappop(self._plans)
            call()
            self.happened()
        self.now = end

    def happened(self) -> None:
        """Do nothing: it is called after each thing that happens, for who wants to look."""

    # Network

    def send(self, envelope: Envelope) -> None:
        """Put a message on its way."""
        message, conditions = envelope.message, self.conditions
        if (message.source, message.dest) in self.cut:
            self.faults["cut off"] += 1
            return
        if self.chance.random() < conditions.loss:
            self.faults["lost"] += 1
            return
        copies = 1
        if self.chance.random() < conditions.duplication:
            self.faults["duplicated"] += 1
            copies = 2
        for _ in range(copies):
            self.at(self.chance.uniform(*conditions.delay), lambda: self._deliver(envelope))

    def _deliver(self, envelope: Envelope) -> None:
        self.servers[envelope.message.dest].hear(envelope)

    def cut_off(self, some: Iterable[ServerId], one_way: bool = False) -> None:
        """Cut some servers off from the others; one way: what they send is lost."""
        inside = set(some)
        outside = self.servers.keys() - inside
        self.cut |= {(a, b) for a in inside for b in outside}
        if not one_way:
            self.cut |= {(b, a) for a in inside for b in outside}

    def heal(self) -> None:
        """Let all servers reach each other again."""
        self.cut.clear()

    # Clients

    def request(
        self,
        server: ServerId,
        request: Hashable,
        ask: Callable[[Replica, float], None],
        on_reply: Callable[[Reply], None],
    ) -> None:
        """Let a client ask a server; either way takes as long as a message, and may be lost."""
        if self.chance.random() < self.conditions.loss:
            self.faults["request lost"] += 1
            return
        self._waiting[request] = on_reply
        self.at(self.chance.uniform(*self.conditions.delay), lambda: self.servers[server].take(ask))

    def answer(self, request: RequestId, reply: Reply) -> None:
        """Let a reply go its way back."""
        on_reply = self._waiting.pop(request, None)
        if on_reply is None:
            return
        if self.chance.random() < self.conditions.loss:
            self.faults["reply lost"] += 1
            return
        self.at(self.chance.uniform(*self.conditions.delay), lambda: on_reply(reply))

    # Steps

    def settle(self, happening: Happening) -> None:
        """Note a step that will not be undone, and tell of it."""
        self.settled[happening.server] = happening.step.state
        self._observe(happening)

    @property
    def leader(self) -> ServerId | None:
        """The server that leads in the newest term, if one does."""
        up = [s.replica for s in self.servers.values() if s.replica is not None]
        leaders = [r for r in up if r.state.role == "Leader"]
        return max(leaders, key=lambda r: r.state.current_term).me if leaders else None

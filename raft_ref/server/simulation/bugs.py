"""Known bugs of what runs a node: of replicas, servers and stores, each changing one rule.

They keep the rules of the node, so that no search of it finds them. They show in a simulated
cluster under faults: what its clients see cannot be explained by a single store.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from raft_ref.features import ExtendedNode, Feature
from raft_ref.node import Step
from raft_ref.server.replicas.extended import IN_PRODUCTION
from raft_ref.server.replicas.reading import ReadingReplica
from raft_ref.server.replicas.replica import Output, Replica
from raft_ref.server.simulation.cluster import SimulatedServer, Simulation
from raft_ref.server.simulation.drills import (
    RESTARTED_FOLLOWER,
    SLOW_LEADER,
    UNHEARD_TRANSFER,
)
from raft_ref.server.simulation.linearizability import is_linearizable
from raft_ref.server.simulation.trial import USUAL, Run, Setting, run
from raft_ref.server.simulation.watching import Moment, watched
from raft_ref.server.store import KeyValueMachine, Result, Session, Store
from raft_ref.state import State

SEEDS = range(400)
"""Of the trials in which a bug is looked for; those of drills are the first `DRILLS`."""

DRILLS = 40

MOST_COMMANDS = 12
"""How many operations each client asks for at most, in such a trial."""


class ReadBeforeCommitOfTerm(Replica):
    """A new leader answers reads before it has committed an entry of its own term (thesis 6.4)."""

    def knows_commits(self) -> bool:
        """Trust the commit index from the first moment on."""
        return True


class ReadWithoutQuorum(Replica):
    """A leader answers reads without asking whether it still leads (thesis 6.4)."""

    def confirmed_round(self) -> int:
        """Take every round for answered."""
        return self.round


class RetryAppliedTwice(KeyValueMachine):
    """A command that a client asks for again is done again (thesis 6.3)."""

    def store(self, data: Hashable) -> Store:
        """Return a store that remembers no results."""
        assert isinstance(data, str)
        return _Forgetful(data)


class _Forgetful(Store):
    def answered(self, session: Session, sequence: int) -> Result | None:
        return None


class SaveErrorSwallowed(SimulatedServer):
    """A save that failed is taken for done: what waited for it is sent and answered (figure 2)."""

    def save(self, output: Output) -> bool:
        """Go on whatever the disk says."""
        super().save(output)
        self.settle()
        return True


class SentBeforeSaved(SimulatedServer):
    """Messages leave while what they promise is still being saved (figure 2)."""

    def carry_out(self, output: Output) -> None:
        """Send at once, then save, then answer."""
        self.finish(output._replace(replies=[]))
        super().carry_out(output._replace(messages=[]))


class ClockDriftIgnored(ReadingReplica):
    """A leader reads by its lease while others are bound, by its own clock (thesis 6.4.1)."""

    def lease_time(self) -> float:
        """Take no account of what clocks may drift."""
        return self.promise_time()


class PromiseNotSaved(ReadingReplica):
    """A server that crashes forgets to whom it has promised its vote (thesis 6.4.1)."""

    def _durable(self) -> State:
        durable: Any = super()._durable()
        forgetful: State = replace(durable, promise=None)
        return forgetful


class LeaseKeptInTransfer(ExtendedNode):
    """A leader reads by its lease after it has told another server to stand (thesis 6.4.1)."""

    def given_up(self, step: Step) -> Step:
        """Trust as before."""
        return step


SLOW_DISKS = replace(USUAL, conditions=replace(USUAL.conditions, saving=(0.0002, 0.04)))
"""It takes a new leader a while to commit anything."""

LEASES = IN_PRODUCTION | {Feature.READ_INDEX, Feature.LEASES}


@dataclass(frozen=True, slots=True)
class ServerBug:
    """A known bug of what runs a node: the part that has it, and the threads that tell of it.

    And where it shows: the features of the servers, and what the trials are like.
    """

    part: type[Replica] | type[ExtendedNode] | type[KeyValueMachine] | type[SimulatedServer]
    seen_in: str
    features: frozenset[Feature] = frozenset()
    setting: Setting = USUAL
    breaks = "linearizability"
    found_by = "simulation"

    @property
    def rule(self) -> str:
        """What the bug is, in one sentence."""
        return (self.part.__doc__ or "").strip()

    def shortest(self) -> tuple[Run | None, int]:
        """Return a trial in which the bug shows, with the fewest operations, and how many were run.

        The seeds are those of `SEEDS`; None if it shows in none.
        """
        seeds = SEEDS[:DRILLS] if self.setting.drill else SEEDS
        tried = 0
        for commands in range(1, MOST_COMMANDS + 1):
            for seed in seeds:
                tried += 1
                found = run(seed, commands=commands, clients=2, **self.where)
                if not is_linearizable(found.history):
                    return replace(found, moments=self._watched(seed, commands)), tried
        return None, tried

    def _watched(self, seed: int, commands: int) -> tuple[Moment, ...]:
        """Run a trial again, and return how its cluster was meanwhile."""
        moments: list[Moment] = []
        where = self.where | {"simulation": watched(self.simulation, moments.append)}
        run(seed, commands=commands, clients=2, **where)
        return tuple(moments)

    @property
    def where(self) -> dict[str, Any]:
        """What `run` is told of the cluster: that its servers have the bug, and of the trial."""
        return {
            "simulation": self.simulation,
            "features": self.features,
            "setting": self.setting,
        }

    @property
    def simulation(self) -> type[Simulation]:
        """A simulation whose servers have the bug."""
        parts = {
            "reading": ReadingReplica,  # which is a Replica
            "replica": Replica,
            "extended_node": ExtendedNode,
            "machine": KeyValueMachine,
            "server": SimulatedServer,
        }
        name = next(name for name, base in parts.items() if issubclass(self.part, base))
        return type("Buggy", (Simulation,), {name: self.part})


SERVER_BUGS: Mapping[str, ServerBug] = {
    "read-before-commit-of-term": ServerBug(
        ReadBeforeCommitOfTerm, "etcd#7331, redisraft#22", setting=SLOW_DISKS
    ),
    "read-without-quorum": ServerBug(
        ReadWithoutQuorum, "d-engine#381, xraft-kv", setting=SLOW_LEADER
    ),
    "retry-applied-twice": ServerBug(RetryAppliedTwice, "akka-raft#64"),
    "save-error-swallowed": ServerBug(SaveErrorSwallowed, "dragonboat#409"),
    "sent-before-saved": ServerBug(SentBeforeSaved, "sofa-jraft"),
    "clock-drift-ignored": ServerBug(
        ClockDriftIgnored, "tikv#1127, etcd#6005", LEASES, SLOW_LEADER
    ),
    "promise-not-saved": ServerBug(PromiseNotSaved, "tikv#15035", LEASES, RESTARTED_FOLLOWER),
    "lease-kept-in-transfer": ServerBug(
        LeaseKeptInTransfer, "openraft#1748, etcd-io/raft#99", LEASES, UNHEARD_TRANSFER
    ),
}
"""The known bugs of what runs a node, by name."""

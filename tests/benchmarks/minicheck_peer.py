"""minicheck, a model checker in Python, on the same system: the very `Node`, the same bounds.

    python -m tests.benchmarks.minicheck_peer

The system is written as a user of minicheck would: a state is a tuple of values, every transition
calls the node, and the invariants are plain Python (RaftInvariants.tla, evaluated anew on each
state, would take most of the time). minicheck has no symmetry and no properties of steps: it
searches without the one, and is asked about the four invariants of figure 3 only.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from raft_ref import Node, State
from raft_ref.messages import Message
from raft_ref.spec.link import Committed
from raft_ref.spec.link.history import CommittedEntry
from raft_ref.state import Role
from tests.benchmarks.measurement import Measurement, UnavailableError
from tests.support.models import Model

FIELDS = ("servers", "messages", "committed", "restarts", "drops", "duplicates")

Servers = tuple[State, ...]
Values = tuple[Servers, frozenset[Message], Any, int, int, int]
"""A global state, in the order of `FIELDS`."""


class Cluster:
    """MCRaft over `Node`: the successors of a state, by value, every bound being a guard."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.node = Node(model.server_names, model.value_names)
        self.history = Committed()
        self.position = {server: number for number, server in enumerate(model.server_names)}

    def initial(self) -> Values:
        """Return the initial state."""
        servers = tuple(self.node.initial(server) for server in self.model.server_names)
        return servers, frozenset(), self.history.initial, 0, 0, 0

    def transitions(self, state: Values) -> list[tuple[str, Values]]:
        """Return the steps out of a state, each with its name, as minicheck wants them."""
        return [(name, after) for name, after in self._steps(state) if self._is_within(after)]

    def _steps(self, state: Values) -> Iterator[tuple[str, Values]]:
        servers, messages, committed, restarts, drops, duplicates = state
        faults = (restarts, drops, duplicates)
        for server in servers:
            for action in self.node.actions(server):
                if step := self.node.act(server, action):
                    sent = messages.union(step.messages)
                    after = self._after(state, step.state, sent)
                    yield type(action).__name__, (*after, *faults)
            if restarts < self.model.restarts:
                after = self._after(state, self.node.restart(server), messages)
                yield "Restart", (*after, restarts + 1, drops, duplicates)
        for message in messages:
            step = self.node.receive(servers[self.position[message.dest]], message)
            rest = messages - {message}
            after = self._after(state, step.state, rest.union(step.messages))
            yield "Receive", (*after, *faults)
            if duplicates < self.model.duplicates:
                after = self._after(state, step.state, messages.union(step.messages))
                yield "ReceiveDuplicate", (*after, restarts, drops, duplicates + 1)
            if drops < self.model.drops:
                yield "DropMessage", (servers, rest, committed, restarts, drops + 1, duplicates)

    def _after(
        self, state: Values, after: State, messages: frozenset[Message]
    ) -> tuple[Servers, frozenset[Message], Any]:
        """Return servers, messages and history once one server's state is `after`."""
        servers, at = state[0], self.position[after.me]
        committed = self.history.observe(state[2], servers[at], after)
        return (*servers[:at], after, *servers[at + 1 :]), messages, committed

    def _is_within(self, state: Values) -> bool:
        return len(state[1]) <= self.model.messages and all(
            server.current_term <= self.model.term
            and server.last_index <= self.model.log
            and server.compacted <= self.model.snapshot
            for server in state[0]
        )


Fields = Mapping[str, Any]
"""A global state as minicheck hands it to an invariant: by the names of `FIELDS`."""


def _leaders(state: Fields) -> list[State]:
    return [server for server in state["servers"] if server.role is Role.LEADER]


def _has_committed(server: State, committed: Sequence[CommittedEntry], index: int) -> bool:
    if index > min(len(committed), len(server.log)):
        return False
    own, known = server.log[index - 1], committed[index - 1]
    return (own.term, own.value) == (known.term, known.value)


def election_safety(state: Fields) -> bool:
    """At most one leader can be elected in a given term (5.2)."""
    terms = [leader.current_term for leader in _leaders(state)]
    return len(set(terms)) == len(terms)


def log_matching(state: Fields) -> bool:
    """Two logs with an entry of the same index and term are identical up to it (5.3)."""
    return all(
        one.log[: index + 1] == other.log[: index + 1]
        for one, other in combinations(state["servers"], 2)
        for index in range(min(len(one.log), len(other.log)))
        if one.log[index].term == other.log[index].term
    )


def leader_completeness(state: Fields) -> bool:
    """Leaders have all that was committed in older terms (5.4)."""
    committed = state["committed"]
    return all(
        _has_committed(leader, committed, index)
        for leader in _leaders(state)
        for index, entry in enumerate(committed, start=1)
        if entry.committed_in < leader.current_term
    )


def state_machine_safety(state: Fields) -> bool:
    """No two servers hold different entries to be committed at the same index (5.4.3)."""
    return all(
        _has_committed(server, state["committed"], index)
        for server in state["servers"]
        for index in range(1, server.commit_index + 1)
    )


INVARIANTS = {
    "ElectionSafety": election_safety,
    "LogMatching": log_matching,
    "LeaderCompleteness": leader_completeness,
    "StateMachineSafety": state_machine_safety,
}


def explore(model: Model) -> Measurement | None:
    """Search a model with minicheck, its invariants on; None for a model with symmetry.

    Raises `UnavailableError` where minicheck is not installed.
    """
    try:
        from minicheck import Protocol, check_safety  # noqa: PLC0415
    except ImportError:
        raise UnavailableError(
            "minicheck is not installed: pip install 'raft-ref[bench]'"
        ) from None
    if model.symmetry:
        return None
    cluster = Cluster(model)
    protocol = Protocol(
        name="MCRaft",
        candidate=False,
        fields=FIELDS,
        initial=cluster.initial(),
        transitions=cluster.transitions,
        invariants=INVARIANTS,
    )
    started = time.monotonic()
    found = check_safety(protocol, max_states=10**9)
    seconds = time.monotonic() - started
    violated = [name for name, verdict in found["properties"].items() if not verdict["holds"]]
    if violated or not found["exhaustive"]:
        raise AssertionError(f"minicheck: {model}: {violated or found['incomplete_reason']}")
    return Measurement(found["reachable_states"], None, None, seconds)


if __name__ == "__main__":
    print(explore(Model(log=1, restarts=1, symmetry=False)))

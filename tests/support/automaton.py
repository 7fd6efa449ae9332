"""The automaton of the node (figure 4): what the table says, and what searches observe."""

from dataclasses import replace
from typing import Any

from raft_ref import ROLE_CHANGES, Action, Message, Node, Role, Snapshot, State, Step
from raft_ref.explorer import Bounds, System, search

Edges = dict[tuple[str, str], set[str]]
"""By a role and an action: the roles that it leads to."""

SERVERS = ("s1", "s2", "s3")


class Recorder(Node):
    """The reference node, which notes each change of role and the action that made it."""

    def __init__(self, servers: tuple[str, ...], values: tuple[str, ...]) -> None:
        super().__init__(servers, values)
        self.observed: dict[tuple[Role, str], set[Role]] = {}
        self.names: set[str] = set()

    def note(self, before: State, after: State, actions: tuple[str, ...]) -> None:
        self.names.update(actions)
        for action in actions:
            if (before.role, action) in ROLE_CHANGES:
                self.observed.setdefault((before.role, action), set()).add(after.role)

    def act(self, state: State, action: Action) -> Step | None:
        step = super().act(state, action)
        if step is not None:
            self.note(state, step.state, step.actions)
        return step

    def receive(self, state: State, message: Message) -> Step:
        step = super().receive(state, message)
        self.note(state, step.state, step.actions)
        return step

    def restart(self, state: State) -> State:
        after = super().restart(state)
        self.note(state, after, ("Restart",))
        return after


class From:
    """A node whose servers begin in these states."""

    def __init__(self, node: Node, states: dict[str, State]) -> None:
        self._node = node
        self.initial = states.__getitem__

    def __getattr__(self, name: str) -> Any:
        return getattr(self._node, name)


def edges() -> Edges:
    """Return what the table says."""
    return {
        (role.value, action): {each.value for each in after}
        for (role, action), after in ROLE_CHANGES.items()
        if after
    }


def observed() -> Edges:
    """Return what two exhaustive searches observe.

    The second begins when s1 leads, and s3 lacks the entry that the others have compacted.
    """
    node = Recorder(SERVERS, ("v1",))
    bounds = Bounds(3, 1, max_drops=2, depth=16, measures={"max_term": 3, "max_log_length": 0})
    search(System(node, SERVERS, bounds), [], symmetry=True, engine="auto")
    states = {server: node.initial(server) for server in SERVERS}
    for server in ("s1", "s2"):
        followed = replace(states[server], current_term=1, voted_for="s1", commit_index=1)
        states[server] = replace(followed, snapshot=Snapshot(1, 1, ("v1",)))
    states["s1"] = replace(node.become_leader(states["s1"]), next_index=(2, 2, 1))
    measures = {"max_term": 3, "max_log_length": 2, "max_snapshot_index": 2}
    bounds = Bounds(3, 1, max_drops=2, depth=13, measures=measures)
    search(System(From(node, states), SERVERS, bounds), [], engine="auto")
    return {
        (role.value, action): {each.value for each in after}
        for (role, action), after in node.observed.items()
    }

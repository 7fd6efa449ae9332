"""The automaton of a node: which step leads from which role to which, in an exhaustive search."""

from collections import Counter
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, get_args

from raft_ref import ROLE_CHANGES, Message, Role
from raft_ref.explorer import (
    Progress,
    Renamed,
    Report,
    System,
    TellsApartError,
    Verdict,
    search,
)
from raft_ref.spec.link import AS_RAFT, AS_RAFT_MESSAGE, RaftWords
from raft_ref.spec.requests import RequestError
from raft_ref.traces.drawing.graphs import Drawing, Node
from raft_ref.verify.cluster import Cluster, ClusterRequest, build

RoleChanges = Mapping[tuple[Role, str], Counter[Role]]
"""By a role and an action: which roles it has led to, and in how many steps."""


class Watched:
    """A node, and which role each of its actions has led to from which, in Raft's words.

    `is_foreign` says that it has messages of its own, and no word of what they stand for.
    """

    def __init__(self, node: Any, words: RaftWords) -> None:
        self._node, self._words = node, words
        self.seen: dict[tuple[Role, str], Counter[Role]] = {}
        self.is_foreign = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._node, name)

    def act(self, state: Any, action: Any) -> Any:
        """Take an action, and note it."""
        return self._noted(state, action, None, self._node.act(state, action))

    def receive(self, state: Any, message: Any) -> Any:
        """Handle a message, and note that."""
        return self._noted(state, None, message, self._node.receive(state, message))

    def restart(self, state: Any) -> Any:
        """Crash and restart, and note that."""
        after = self._node.restart(state)
        self._note(state, after, ("Restart",))
        return after

    def _noted(self, state: Any, action: Any, message: Any, step: Any) -> Any:
        if step is not None:
            names = tuple(getattr(step, "actions", ()))
            if self._words.are_of_raft:
                names = self._words.names(state, action, message, step)
            elif not names and not isinstance(message, (NoneType, *get_args(Message))):
                self.is_foreign = True
            self._note(state, step.state, names)
        return step

    def _note(self, before: Any, after: Any, actions: tuple[str, ...]) -> None:
        old, new = self._words.state(before).role, self._words.state(after).role
        for action in actions:
            if (old, action) in ROLE_CHANGES:
                self.seen.setdefault((old, action), Counter())[new] += 1


def role_changes(
    request: ClusterRequest, on_progress: Callable[[Progress], None] = lambda progress: None
) -> RoleChanges:
    """Search, and return which role each action has led to from which, and in how many steps.

    Raises `RequestError` where the node does not say what in Raft its states, or its steps, are.
    """
    cluster = build(request)
    if not cluster.is_raft:
        raise RequestError(f"automaton: {cluster.description} has no {AS_RAFT}")
    symmetry = cluster.renamed(None)
    try:
        watched, report = _watched(cluster, symmetry, on_progress)
    except TellsApartError:
        watched, report = _watched(cluster, (), on_progress)
    if report.stopped_by == "interrupt":
        raise KeyboardInterrupt  # what was seen by then is not what there is
    if report.verdict is Verdict.INCOMPLETE:
        raise RequestError(f"automaton: stopped by {report.stopped_by}; lower the bounds")
    if watched.is_foreign:
        raise RequestError(f"automaton: {cluster.description} has no {AS_RAFT_MESSAGE}")
    return watched.seen


def _watched(
    cluster: Cluster, symmetry: tuple[Renamed, ...], on_progress: Callable[[Progress], None]
) -> tuple[Watched, Report]:
    system = cluster.system
    watched = Watched(system.guard.actor, cluster.words)
    again = System(
        watched, system.servers, system.bounds, system.network_kind, system.history, system.measures
    )
    return watched, search(again, [], symmetry, on_progress, engine="auto")


def unseen(seen: RoleChanges) -> list[str]:
    """Return what `raft_ref.ROLE_CHANGES` has and no step has shown, as text."""
    return [
        f"{before.value} to {after.value} by {action}"
        for (before, action), allowed in ROLE_CHANGES.items()
        for after in sorted(allowed - seen.get((before, action), Counter()).keys())
    ]


def automaton(seen: RoleChanges) -> Drawing:
    """Return the automaton of a node: the roles, and what leads from one to another (figure 4)."""
    edges: dict[tuple[Role, Role], Counter[str]] = {}
    for (before, action), after in seen.items():
        for role, count in after.items():
            if role is not before:
                edges.setdefault((before, role), Counter())[action] += count
    nodes = {
        role: Node(
            [role.value, *_kept(seen, role)], role=role.value, is_initial=role is Role.FOLLOWER
        )
        for role in Role
    }
    title = "The automaton of a node: what leads from one role to another"
    return Drawing(title, nodes, edges, are_counted=False)


def _kept(seen: RoleChanges, role: Role) -> list[str]:
    """Return the actions that can leave a server in its role."""
    names = sorted(action for (before, action), after in seen.items() if before is role in after)
    return ["stays one in:", *names] if names else []

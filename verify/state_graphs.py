"""State graphs and the automaton of a node, from an exhaustive search."""

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from raft_ref import ROLE_CHANGES, Role, State
from raft_ref.cli.commands import check
from raft_ref.cli.options.errors import UsageError
from raft_ref.explorer import System, search
from raft_ref.explorer.model.system import GlobalState
from raft_ref.explorer.results.graph import StateGraph, TooManyStatesError, state_graph
from raft_ref.traces.drawing.graphs import Drawing, Node
from raft_ref.traces.format.record import state_to_json
from raft_ref.traces.story.words import plain
from raft_ref.verify.cluster import DEFAULTS, Cluster, build

MOST_STATES = 200_000
MOST_DRAWN = 150
"""Of nodes: a picture of more is not read by anybody."""


def graph(options: argparse.Namespace, on_states: Callable[[int], None]) -> Drawing:
    """Return the graph of a cluster's states, or of the variables that are to be shown."""
    cluster = _cluster(options)
    names = options.show.split(",") if options.show else []
    show = _shown(cluster, names) if names else lambda state: state
    try:
        found = state_graph(cluster.system, cluster.properties, show, MOST_STATES, on_states)
    except TooManyStatesError as error:
        raise UsageError(f"--graph: {error}; lower the bounds") from None
    if len(found.nodes) > MOST_DRAWN:
        raise UsageError(
            f"--graph: {len(found.nodes):,} nodes are too many to look at; lower the bounds, or "
            "show fewer variables, with --show role,currentTerm for instance"
        )
    label: Callable[[Any], list[str]] = list if names else _of_state(cluster)
    nodes = {
        key: Node(
            [*label(key), *([f"{_count(count, 'state')}"] if names else [])],
            wrong=found.broken.get(key, ""),
            is_initial=key == found.initial,
        )
        for key, count in found.nodes.items()
    }
    return Drawing(
        _title(cluster, found), nodes, found.edges, frozenset(found.to_broken), bool(names)
    )


def _cluster(options: argparse.Namespace) -> Cluster:
    parser = argparse.ArgumentParser()
    check.configure(parser)
    asked = parser.parse_args([*(["--bug", options.bug] if options.bug else [])])
    for name in DEFAULTS:
        setattr(asked, name, getattr(options, name))
    asked.refine = None if options.bug else False
    return build(asked)


def _title(cluster: Cluster, found: StateGraph) -> str:
    states, steps = sum(found.nodes.values()), sum(sum(e.values()) for e in found.edges.values())
    bounds = ", ".join(f"{k} {v}" for k, v in cluster.system.bounds.as_dict().items() if v)
    many = f"{_count(states, 'state')}, {_count(steps, 'step')}"
    return f"{cluster.description}, {len(cluster.system.servers)} servers: {many} ({bounds})"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def _shown(cluster: Cluster, names: list[str]) -> Callable[[GlobalState], tuple[str, ...]]:
    """Return what maps a state to the values of these variables, whosever they are."""
    system = cluster.system
    known = state_to_json(cluster.project(system.local.states[system.initial().nodes[0]]))
    for name in names:
        if name not in known:
            raise UsageError(f"--show {name}: no such variable; there are {', '.join(known)}")
    of_server: dict[int, str] = {}

    def one(node: int) -> str:
        if node not in of_server:
            values = state_to_json(cluster.project(system.local.states[node]))
            of_server[node] = " ".join(_value(name, values[name]) for name in names)
        return of_server[node]

    return lambda state: _together(map(one, state.nodes))


def _together(texts: Iterable[str]) -> tuple[str, ...]:
    counts = Counter(texts)
    return tuple(f"{n} × {text}" if n > 1 else text for text, n in sorted(counts.items()))


def _value(name: str, value: Any) -> str:
    if name == "role":
        return str(value).lower()
    if name == "currentTerm":
        return f"t{value}"
    if isinstance(value, list):
        return f"{name} [{', '.join(map(plain, value))}]"
    return f"{name} {plain(value)}"


def _of_state(cluster: Cluster) -> Callable[[GlobalState], list[str]]:
    """Return what tells of a whole state: the servers, and what is in flight."""
    system = cluster.system

    def label(state: GlobalState) -> list[str]:
        view = system.view(state)
        lines = []
        for server, own in view.states.items():
            values = state_to_json(cluster.project(own))
            role, term = values.get("role"), values.get("currentTerm")
            told = [server, f"{str(role).lower()} t{term}" if role else plain(values)]
            if values.get("votedFor"):
                told.append(f"voted {values['votedFor']}")
            if values.get("log"):
                told.append("log " + " ".join(f"t{entry['term']}" for entry in values["log"]))
            if values.get("commitIndex"):
                told.append(f"commit {values['commitIndex']}")
            lines.append(" ".join(told))
        flying = Counter(type(message).__name__ for message in view.messages)
        return lines + [f"{n} {name}" for name, n in flying.items()]

    return label


# ---- The automaton


class Watched:
    """A node, and which role each of its actions has led to from which."""

    def __init__(self, node: Any, project: Callable[[Any], Any]) -> None:
        self._node, self._project = node, project
        self.seen: dict[tuple[Role, str], Counter[Role]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._node, name)

    def act(self, state: Any, action: Any) -> Any:
        """Take an action, and note it."""
        return self._noted(state, self._node.act(state, action))

    def receive(self, state: Any, message: Any) -> Any:
        """Handle a message, and note that."""
        return self._noted(state, self._node.receive(state, message))

    def restart(self, state: Any) -> Any:
        """Crash and restart, and note that."""
        after = self._node.restart(state)
        self._note(state, after, ("Restart",))
        return after

    def _noted(self, state: Any, step: Any) -> Any:
        if step is not None:
            self._note(state, step.state, step.actions)
        return step

    def _note(self, before: Any, after: Any, actions: tuple[str, ...]) -> None:
        old, new = self._project(before).role, self._project(after).role
        for action in actions:
            if (old, action) in ROLE_CHANGES:
                self.seen.setdefault((old, action), Counter())[new] += 1


def role_changes(options: argparse.Namespace) -> Mapping[tuple[Role, str], Counter[Role]]:
    """Search, and return which role each action has led to from which, and in how many steps."""
    cluster = _cluster(options)
    system = cluster.system
    actor = system.guard.actor
    if not isinstance(cluster.project(actor.initial(system.servers[0])), State):
        raise UsageError("--automaton: the node is no Raft")
    watched = Watched(actor, cluster.project)
    again = System(watched, system.servers, system.bounds, history=system.history)
    search(again, [], symmetry=True, engine="auto")
    return watched.seen


def unseen(seen: Mapping[tuple[Role, str], Counter[Role]]) -> list[str]:
    """Return what `raft_ref.ROLE_CHANGES` has and no step has shown, as text."""
    return [
        f"{before.value} to {after.value} by {action}"
        for (before, action), allowed in ROLE_CHANGES.items()
        for after in sorted(allowed - seen.get((before, action), Counter()).keys())
    ]


def automaton(seen: Mapping[tuple[Role, str], Counter[Role]]) -> Drawing:
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


def _kept(seen: Mapping[tuple[Role, str], Counter[Role]], role: Role) -> list[str]:
    """Return the actions that can leave a server in its role."""
    names = sorted(action for (before, action), after in seen.items() if before is role in after)
    return ["stays one in:", *names] if names else []

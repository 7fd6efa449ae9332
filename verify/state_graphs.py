"""State graphs, from an exhaustive search: whole states, or the variables that are of interest."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from raft_ref.explorer.model.system import GlobalState
from raft_ref.explorer.results.graph import StateGraph, TooManyStatesError, state_graph
from raft_ref.spec.requests import RequestError
from raft_ref.traces.drawing.graphs import Drawing, Node
from raft_ref.traces.sources.explored import state_to_json
from raft_ref.traces.story.words import plain
from raft_ref.verify.cluster import Cluster, ClusterRequest, build

MOST_STATES = 200_000
MOST_DRAWN = 150
"""Of nodes: a picture of more is not read by anybody."""


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """The states of which cluster are to be drawn.

    Where variables are named (`show`), states that have them alike are one, whosever they are.
    """

    cluster: ClusterRequest = field(default_factory=ClusterRequest)
    show: Sequence[str] = ()

    def run(self, on_states: Callable[[int], None] = lambda count: None) -> Drawing:
        """Search, and return the graph; `on_states` is called with how many states there are."""
        cluster = build(self.cluster)
        show = _shown(cluster, self.show) if self.show else lambda state: state
        try:
            found = state_graph(cluster.system, cluster.properties, show, MOST_STATES, on_states)
        except TooManyStatesError as error:
            raise RequestError(f"graph: {error}; lower the bounds") from None
        if len(found.nodes) > MOST_DRAWN:
            raise RequestError(
                f"graph: {len(found.nodes):,} nodes are too many to look at; lower the bounds, "
                "or show fewer variables, with --show role,currentTerm for instance"
            )
        label: Callable[[Any], list[str]] = list if self.show else _of_state(cluster)
        nodes = {
            key: Node(
                [*label(key), *([f"{_count(count, 'state')}"] if self.show else [])],
                wrong=found.broken.get(key, ""),
                is_initial=key == found.initial,
            )
            for key, count in found.nodes.items()
        }
        is_counted = bool(self.show)
        to_broken = frozenset(found.to_broken)
        return Drawing(_title(cluster, found), nodes, found.edges, to_broken, is_counted)


def _title(cluster: Cluster, found: StateGraph) -> str:
    states, steps = sum(found.nodes.values()), sum(sum(e.values()) for e in found.edges.values())
    bounds = ", ".join(f"{k} {v}" for k, v in cluster.system.bounds.as_dict().items() if v)
    many = f"{_count(states, 'state')}, {_count(steps, 'step')}"
    return f"{cluster.description}, {len(cluster.system.servers)} servers: {many} ({bounds})"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def _shown(cluster: Cluster, names: Sequence[str]) -> Callable[[GlobalState], tuple[str, ...]]:
    """Return what maps a state to the values of these variables, whosever they are."""
    system = cluster.system
    known = state_to_json(cluster.project(system.local.states[system.initial().nodes[0]]))
    for name in names:
        if name not in known:
            raise RequestError(f"show {name}: no such variable; there are {', '.join(known)}")
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
            words = [server, f"{str(role).lower()} t{term}" if role else plain(values)]
            if values.get("votedFor"):
                words.append(f"voted {values['votedFor']}")
            if values.get("log"):
                words.append("log " + " ".join(f"t{entry['term']}" for entry in values["log"]))
            if values.get("commitIndex"):
                words.append(f"commit {values['commitIndex']}")
            lines.append(" ".join(words))
        told = map(cluster.words.told, view.messages)
        flying = Counter(type(message).__name__ for message in told)
        return lines + [f"{n} {name}" for name, n in flying.items()]

    return label

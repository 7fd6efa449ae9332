"""The graph of what can be reached, or of what is shown of it: states that show alike are one.

The rule: every state is there, and every step but those out of a state that violates a property.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from raft_ref.explorer.model.properties import Checker, Property
from raft_ref.explorer.model.system import GlobalState, System
from raft_ref.explorer.results.behavior import violated_by

Shown = Hashable
Edge = tuple[Shown, Shown]


class TooManyStatesError(Exception):
    """More states can be reached than were asked for."""


@dataclass
class StateGraph:
    """What can be reached, by what is shown of it.

    `nodes` counts the states that show alike, `edges` for each pair of these the steps by name.
    `broken` are those with a state that violates a property, and `to_broken` the edges on a
    shortest way to each of them.
    """

    initial: Shown
    nodes: Counter[Shown] = field(default_factory=Counter)
    edges: dict[Edge, Counter[str]] = field(default_factory=dict)
    broken: dict[Shown, str] = field(default_factory=dict)
    to_broken: set[Edge] = field(default_factory=set)


def state_graph(
    system: System,
    properties: Sequence[Property],
    show: Callable[[GlobalState], Shown],
    most: int,
    on_states: Callable[[int], None] = lambda count: None,
) -> StateGraph:
    """Explore a system, breadth first, and return its graph.

    Arguments: the system; the properties; what is shown of a state; the most states to reach;
    `on_states` is called now and then with how many there are. Raises TooManyStatesError.
    """
    checker = Checker(system, properties)
    first = system.initial()
    graph = StateGraph(show(first))
    shown: dict[GlobalState, Shown] = {first: graph.initial}
    came_from: dict[GlobalState, GlobalState] = {}
    graph.nodes[graph.initial] += 1
    waiting = [first]
    for state in waiting:
        for step in system.steps(state, Counter()):
            after = step.after
            is_new = after not in shown
            if is_new:
                if len(shown) >= most:
                    raise TooManyStatesError(f"more than {most:,} states can be reached")
                shown[after] = show(after)
                came_from[after] = state
                graph.nodes[shown[after]] += 1
                if len(shown) % 1000 == 0:
                    on_states(len(shown))
            edge = shown[state], shown[after]
            graph.edges.setdefault(edge, Counter())[step.names[0]] += 1
            broken = violated_by(checker, state, step)
            if broken is not None and shown[after] not in graph.broken:
                graph.broken[shown[after]] = broken.name
                graph.to_broken |= {edge, *_way(state, came_from, shown)}
            if is_new and broken is None:
                waiting.append(after)
    return graph


def _way(
    state: GlobalState, came_from: dict[GlobalState, GlobalState], shown: dict[Any, Shown]
) -> set[Edge]:
    edges = set()
    while state in came_from:
        before = came_from[state]
        edges.add((shown[before], shown[state]))
        state = before
    return edges

"""Scenarios: a few behaviours of the reference node that together cover what it can do.

All states within bounds are explored, breadth first. What a step covers is a set of items; for
each item the first step that has it is kept, and behaviours that lead to the steps are chosen until
every item is on one, the longest first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple

from raft_ref.explorer import System
from raft_ref.explorer.model.local_steps import LocalStep
from raft_ref.explorer.model.symmetry import Symmetry, no_symmetry
from raft_ref.explorer.model.system import GlobalState, Transition
from raft_ref.explorer.results.counterexample import Walk
from raft_ref.traces.conformance.branches import Branch, Watched
from raft_ref.traces.format.trace import Trace
from raft_ref.traces.sources.explored import trace_of_events

Way = list[Transition]
Item = Any


class Cover(StrEnum):
    """What is to be covered.

    Actions of the spec, and pairs of a role and a message that is received in it; with these, each
    branch of the node's handlers; with these, each `Path` through them; or each step out of each
    state.
    """

    ACTIONS = "actions"
    BRANCHES = "branches"
    PATHS = "paths"
    TRANSITIONS = "transitions"


class Receives(NamedTuple):
    """A server in some role receives a message of some type."""

    role: str
    message: str


class Path(NamedTuple):
    """A step takes just these branches, changes these variables, and finds such indices.

    `indices` are `_INDICES`, each before the step and after it; `beyond` says for each number of a
    message how it compares with the last index before: -1, 0 or 1.
    """

    actions: tuple[str, ...]
    branches: frozenset[Branch]
    variables: frozenset[str]
    indices: tuple[tuple[int, int], ...]
    beyond: tuple[int, ...]


_INDICES = attrgetter("last_index", "compacted", "commit_index")
"""The indices of a server by which paths are told apart."""


@dataclass(frozen=True)
class Scenarios:
    """What was chosen.

    `system` is what was explored, `ways` are behaviours from the initial state; `covered` is how
    much of each kind they cover, `possible` are the branches of the code that was entered, `states`
    and `transitions` how many were explored.
    """

    system: System
    ways: list[Way]
    covered: Counter[str]
    possible: frozenset[Branch]
    states: int
    transitions: int

    def traces(self, source: str) -> Iterator[Trace]:
        """Yield each as a trace: every step with what it changes and sends."""
        for way in self.ways:
            walk = Walk(self.system)
            for step in way:
                walk.take(step)
            yield trace_of_events(self.system, walk.initial, walk.events, source)


class _Graph(NamedTuple):
    """The states that were explored, in their order, each with the step that found it."""

    found_by: dict[GlobalState, tuple[GlobalState, Transition] | None]
    transitions: int

    def way(self, state: GlobalState) -> Way:
        steps: Way = []
        while (found := self.found_by[state]) is not None:
            state, step = found
            steps.append(step)
        steps.reverse()
        return steps


def watched(system: System) -> tuple[System, Watched]:
    """Return the system with its actor watched."""
    actor = Watched(system.guard.actor)
    again = System(
        actor, system.servers, system.bounds, system.network_kind, system.history,
    )  # fmt: skip
    return again, actor


def scenarios(
    system: System,
    cover: Cover,
    known: set[Item] | None = None,
    on_progress: Callable[[tuple[int, int]], None] = lambda found: None,
) -> Scenarios:
    """Return scenarios that cover this of a system within its bounds.

    What is `known` is covered elsewhere, and need not be again; what is covered is added to it.
    `on_progress` is called with the states found, and how many of them are to be expanded.
    """
    if cover is Cover.TRANSITIONS:
        return _of_transitions(system, on_progress)
    actor = None
    if cover is not Cover.ACTIONS:
        system, actor = watched(system)
    items = _Items(system, actor, with_paths=cover is Cover.PATHS)
    first: dict[Item, tuple[GlobalState, Transition]] = {}
    covered_elsewhere = frozenset(known or ())

    def look(state: GlobalState, step: Transition) -> None:
        for item in items.of(step) - covered_elsewhere:
            first.setdefault(item, (state, step))

    graph = _explored(system, look, on_progress, is_up_to_symmetry=True)
    ways = _chosen(graph, first, items.of)
    covered = Counter(_kind(item) for item in first)
    if known is not None:
        known.update(first)
    possible = frozenset[Branch]() if actor is None else actor.branches.possible
    return Scenarios(system, ways, covered, possible, len(graph.found_by), graph.transitions)


def _explored(
    system: System,
    look: Callable[[GlobalState, Transition], None],
    on_progress: Callable[[tuple[int, int]], None],
    *,
    is_up_to_symmetry: bool,
) -> _Graph:
    initial = system.initial()
    canonical = Symmetry(system).canonical if is_up_to_symmetry else no_symmetry
    found_by: dict[GlobalState, tuple[GlobalState, Transition] | None] = {initial: None}
    seen = {canonical(initial)}
    queue, transitions = [initial], 0
    for number, state in enumerate(queue):
        if number % 1024 == 0:
            on_progress((len(queue), len(queue) - number))
        for step in system.steps(state, Counter()):
            transitions += 1
            look(state, step)
            after = canonical(step.after)
            if after not in seen:
                seen.add(after)
                found_by[step.after] = (state, step)
                queue.append(step.after)
    return _Graph(found_by, transitions)


def _chosen(
    graph: _Graph,
    first: dict[Item, tuple[GlobalState, Transition]],
    items: Callable[[Transition], frozenset[Item]],
) -> list[Way]:
    candidates = {id(step): [*graph.way(state), step] for state, step in first.values()}
    ways: list[Way] = []
    left = set(first)
    for way in sorted(candidates.values(), key=len, reverse=True):
        covered = frozenset[Item]().union(*map(items, way))
        if left & covered:
            left -= covered
            ways.append(way)
    return _needed(ways, items)


def _needed(ways: list[Way], items: Callable[[Transition], frozenset[Item]]) -> list[Way]:
    """Leave out each way whose items the others have all, the shortest first."""
    covers = [frozenset[Item]().union(*map(items, way)) for way in ways]
    counts = Counter(item for covered in covers for item in covered)
    kept: list[Way] = []
    for way, covered in sorted(zip(ways, covers, strict=True), key=lambda each: len(each[0])):
        if all(counts[item] > 1 for item in covered):
            counts.subtract(covered)
        else:
            kept.append(way)
    return kept


class _Items:
    """What the steps of a system cover; each local step is looked at once."""

    def __init__(self, system: System, actor: Watched | None, *, with_paths: bool) -> None:
        self._system = system
        self._with_paths = with_paths
        self._actor = actor
        self._known: dict[tuple[int, int], frozenset[Item]] = {}

    def of(self, step: Transition) -> frozenset[Item]:
        if step.local is None:
            return frozenset(step.names)
        key = id(step.local), step.message
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = frozenset(self._computed(step.local, step))
        return found

    def _computed(self, local: LocalStep, step: Transition) -> Iterator[Item]:
        yield from step.names
        states, messages = self._system.local.states, self._system.local.messages
        before, after = states[local.before], states[local.after]
        message = None if step.message < 0 else messages[step.message]
        if message is not None:
            yield Receives(str(getattr(before, "role", "")), type(message).__name__)
        if self._actor is not None:
            given = local.action if message is None else message
            taken = self._actor.taken(*((before,) if given is None else (before, given)))
            yield from taken
            if self._with_paths:
                indices = tuple(zip(_INDICES(before), _INDICES(after), strict=True))
                beyond = tuple(_beyond(message, before.last_index))
                yield Path(step.names, taken, frozenset(_changed(before, after)), indices, beyond)


def _beyond(message: Any, last_index: int) -> Iterator[int]:
    for each in () if message is None else fields(message):
        number = getattr(message, each.name)
        if type(number) is int and each.name != "term":
            yield (number > last_index) - (number < last_index)


def _changed(before: Any, after: Any) -> list[str]:
    names: Sequence[str] = [each.name for each in fields(before)]
    return [name for name in names if getattr(before, name) != getattr(after, name)]


def _kind(item: Item) -> str:
    match item:
        case str():
            return "actions"
        case Receives():
            return "(role, message) pairs"
        case Branch():
            return "branches"
        case _:
            return "paths"


def _of_transitions(system: System, on_progress: Callable[[tuple[int, int]], None]) -> Scenarios:
    """Cover every step out of every state: go to the farthest state with steps left, and on."""
    out: dict[GlobalState, list[Transition]] = {}
    graph = _explored(
        system,
        lambda state, step: out.setdefault(state, []).append(step),
        on_progress,
        is_up_to_symmetry=False,
    )
    total = graph.transitions
    left = {state: dict.fromkeys(map(id, steps)) for state, steps in out.items()}
    by_id = {id(step): step for steps in out.values() for step in steps}
    ways: list[Way] = []
    for state in reversed(graph.found_by):
        while left.get(state):
            way = graph.way(state)
            before = system.initial()
            for step in way:
                left[before].pop(id(step), None)
                before = step.after
            while remaining := left.get(before):
                step = by_id[remaining.popitem()[0]]
                way.append(step)
                before = step.after
            ways.append(way)
    covered = Counter({"transitions": total})
    return Scenarios(system, ways, covered, frozenset(), len(graph.found_by), total)

"""Progress: what is due can still happen. In temporal logic, AG (premise => EF goal).

A state is good if a state in which the goal holds can be reached from it within the bounds, in no
step or more. A state in which the premise holds and that is not good is stuck, and so is whatever
can be reached from it. That nothing else can happen there is shown by a search that has covered
everything within its bounds, and by no other.

A bound may be the only reason why a state is stuck. Such states are told apart: if the goal is
found from there within larger bounds (explorer/results/larger.py), nothing is violated. Where it is
not, with the shortest way to a stuck state comes how many steps each bound kept from happening, in
that state and in all that can be reached from it. (Crashes are never without a bound, so
`max_restarts` is always among those.)
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from raft_ref.explorer.model.properties import Kind, Property
from raft_ref.explorer.model.system import GlobalState, System
from raft_ref.explorer.results.counterexample import Counterexample, OnTheWay, Walk

OF_SERVERS = frozenset({"states", "history"})
"""The parts of a state that have one number in the native engine: see `explorer.core`."""

Follow = Callable[[GlobalState], Iterable[GlobalState]]
"""The states that the steps out of a state lead to."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What was found of a property of progress.

    - `asked`: the states in which its premise holds.
    - `stuck`: those of them from which its goal cannot be reached.
    - `kept`: those that are not among them because a bound alone keeps the goal away.
    - `cut_off`: for each bound that did, how many steps it kept from happening, in all that can be
      reached from the stuck state of the counterexample.
    """

    asked: int
    stuck: int
    cut_off: dict[str, int]
    kept: int = 0


def demand_unbounded_depth(system: System, properties: Iterable[Property]) -> None:
    """Raise ValueError where progress is asked for within a bound on depth.

    All states of the last level would be stuck.
    """
    if system.bounds.depth is not None and any(p.kind is Kind.PROGRESS for p in properties):
        raise ValueError("progress cannot be asked for within a bound on depth")


def good_states(
    states: Iterable[GlobalState], follow: Follow, goals: Iterable[GlobalState]
) -> set[GlobalState]:
    """Return the states from which one of the goals can be reached."""
    before: defaultdict[GlobalState, list[GlobalState]] = defaultdict(list)
    for state in states:
        for after in follow(state):
            before[after].append(state)
    good = set(goals)
    waiting = list(good)
    while waiting:
        for state in before[waiting.pop()]:
            if state not in good:
                good.add(state)
                waiting.append(state)
    return good


def cut_off_from(
    system: System, state: GlobalState, canonical: Callable[[GlobalState], GlobalState]
) -> dict[str, int]:
    """Return how many steps each bound keeps from happening, in all that follows a state."""
    cut_off: Counter[str] = Counter()
    met = {canonical(state)}
    waiting = list(met)
    while waiting:
        for step in system.steps(waiting.pop(), cut_off):
            after = canonical(step.after)
            if after not in met:
                met.add(after)
                waiting.append(after)
    return in_order(system, cut_off)


def in_order(system: System, cut_off: Counter[str]) -> dict[str, int]:
    """Return the bounds that kept a step from happening, in the order of the bounds."""
    return {bound: cut_off[bound] for bound in system.bounds.as_dict() if cut_off[bound]}


def first_way(
    system: System, prop: Property, on_the_way: OnTheWay, reach: int
) -> tuple[Counterexample, GlobalState]:
    """Return the first of the shortest ways to a stuck state, so many steps away, and the state."""
    walk = Walk(system)
    for number in range(1, reach + 1):
        walk.take(next(step for step in walk.steps() if on_the_way(number, step.after)))
    last = walk.events[-1].after if walk.events else walk.initial
    return Counterexample(prop, walk.initial, tuple(walk.events), (last,)), walk.state

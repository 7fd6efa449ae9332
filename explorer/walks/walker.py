"""One walk in plain Python: what a walk means, and what takes one again that is to be shown."""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from raft_ref.explorer.model.properties import Checker, Property
from raft_ref.explorer.model.system import GlobalState, System, Transition
from raft_ref.explorer.results.behavior import Behavior, violated_by
from raft_ref.explorer.walks.offers import Offer, offers, then_in_flight, tried
from raft_ref.explorer.walks.swarm import Swarm

_ALL = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Walked:
    """What one walk did.

    - `steps`: how many it took, the last of which violates a property if `is_violated`.
    - `names`: how often each combination of names was taken; `cut_off`: how many steps that were
      drawn each bound kept from happening.
    - `reached`: what must be reached, and was by this walk or one before it of the same walker.
    - `hashes`: a number of 64 bits for each state that it was in.
    """

    steps: int
    is_violated: bool
    names: Mapping[tuple[str, ...], int]
    cut_off: Mapping[str, int]
    reached: frozenset[str]
    hashes: bytes


class Walker(Protocol):
    """What takes walks."""

    def walk(self, seed: int, steps: int) -> Walked:
        """Take the walk of a seed, of so many steps at most."""


class PlainWalker:
    """Takes walks in Python, each with nothing interned: it depends on no other, nor keeps memory.

    Arguments: the system and its properties.
    """

    def __init__(self, system: System, properties: Sequence[Property]) -> None:
        self._system, self._properties = system, properties
        self._reached: frozenset[str] = frozenset()

    def walk(self, seed: int, steps: int) -> Walked:
        """Take the walk of a seed, of so many steps at most."""
        system = self._system.anew()
        checker = Checker(system, self._properties)
        cut_off: Counter[str] = Counter()
        behavior = behavior_of(system, checker, seed, steps, cut_off)
        self._reached |= {name for name, was in checker.sometimes.items() if was}
        states = [system.initial(), *(step.after for step in behavior.steps)]
        return Walked(
            len(behavior.steps),
            behavior.violated is not None,
            Counter(step.names for step in behavior.steps),
            cut_off,
            self._reached,
            array("Q", [_hash(system, state) for state in states]).tobytes(),
        )


def behavior_of(
    system: System, checker: Checker, seed: int, steps: int, cut_off: Counter[str]
) -> Behavior:
    """Return the walk of a seed, up to the first step that violates a property.

    It ends where there are steps enough, or none is enabled. Adds to `cut_off` by the name of the
    bound each step that was drawn and is not within it.
    """
    swarm = Swarm(seed)
    state, in_flight = system.initial(), system.network.content(system.network.empty)
    taken: list[Transition] = []
    violated = checker.violated_by_state(state)
    while violated is None and len(taken) < steps:
        offer, step = _drawn(system, state, swarm, offers(system, state, in_flight), cut_off)
        if offer is None or step is None:
            break
        violated = violated_by(checker, state, step)
        taken.append(step)
        sends = () if step.local is None else step.local.sends
        state, in_flight = step.after, then_in_flight(system, in_flight, offer, sends)
    return Behavior(tuple(taken), violated)


def _drawn(
    system: System,
    state: GlobalState,
    swarm: Swarm,
    may_be: Sequence[Offer],
    cut_off: Counter[str],
) -> tuple[Offer | None, Transition | None]:
    """Return the first offer drawn that is enabled, and its step."""
    for offer in swarm.draw(may_be):
        if step := tried(system, state, offer, cut_off):
            return offer, step
    return None, None


def _hash(system: System, state: GlobalState) -> int:
    """Return what a state is counted by; the order in a set of messages is the walk's own."""
    view = system.view(state)
    messages = frozenset(view.messages) if system.network_kind == "set" else view.messages
    counters = view.restarts, view.drops, view.duplicates
    return hash((tuple(view.states.values()), messages, view.history, counters)) & _ALL

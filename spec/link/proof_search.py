"""Explores a cluster beside the proof's protocol, and evaluates its conjuncts in every state.

This ties the proof to the node: within bounds, every step of the node is one or more of the proof's
protocol, and the conjuncts hold, with their ghosts, wherever a cluster can come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from raft_ref.explorer import Kind, Property
from raft_ref.explorer.model.interning import Interner
from raft_ref.explorer.model.system import GlobalState, System, Transition
from raft_ref.explorer.results.behavior import Behavior, counterexample
from raft_ref.explorer.results.counterexample import Counterexample
from raft_ref.spec.link.simulation_relation import (
    ServerStep,
    SimulationRelation,
    StrayedError,
    Taken,
)
from raft_ref.spec.proof.evaluation import Structure, as_text, falsified
from raft_ref.spec.proof.invariant import Conjunct
from raft_ref.spec.proof.relations import State

FOLLOWED = "FollowedByTheProof"
"""The name of the property that each step is one of the proof's protocol."""

Place = tuple[GlobalState, int]
"""A state of the cluster, and the number of the abstract state that belongs to it."""


@dataclass
class ConjunctsReport:
    """What was found.

    `properties` and `conjuncts` are the names of those of the protocol. `states` are those of the
    cluster alone, `places` with what the proof remembers of how they were reached; `titles` are the
    actions of the proof that a step may be, `actions` counts how often one was; `evaluated` is how
    many conjuncts were evaluated (where nothing that one reads has changed, it is not).
    """

    titles: Sequence[str] = ()
    properties: Sequence[str] = ()
    conjuncts: Sequence[str] = ()
    states: int = 0
    places: int = 0
    transitions: int = 0
    evaluated: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    counterexample: Counterexample | None = None

    @property
    def never_taken(self) -> list[str]:
        """The actions of the proof that no step was."""
        return [title for title in self.titles if not self.actions[title]]


class ConjunctsSearch:
    """The search.

    Arguments: a system of nodes with `raft_ref.State`; the simulation relation; the conjuncts
    (None: all of its protocol, with its properties).
    `run` may be interrupted (KeyboardInterrupt): `found` tells what was covered.
    """

    def __init__(
        self,
        system: System,
        relation: SimulationRelation,
        conjuncts: Iterable[Conjunct] | None = None,
    ) -> None:
        self.found = ConjunctsReport(
            relation.titles,
            [each.name for each in relation.properties],
            [each.name for each in relation.conjuncts],
        )
        self._system = system
        self._relation = relation
        asked = (*relation.properties, *relation.conjuncts) if conjuncts is None else conjuncts
        state = State(sorts=relation.sorts)
        self._conjuncts = [(each, falsified(each.of(state))) for each in asked]
        self._known: Interner[tuple[frozenset[Any], ...]] = Interner()
        self._followed: dict[Any, tuple[int, list[Taken]]] = {}
        self._right: set[Any] = set()
        self._came_from: dict[Place, tuple[Place, Transition] | None] = {}

    def run(
        self, on_progress: Callable[[ConjunctsReport], None] = lambda found: None
    ) -> ConjunctsReport:
        """Explore breadth first, up to the first state in which something is wrong."""
        initial = self._relation.initial()
        first = (self._system.initial(), self._number(initial))
        self._came_from[first] = None
        seen: set[GlobalState] = {first[0]}
        waiting = [first]
        for place in waiting:
            for step in self._system.steps(place[0], Counter()):
                try:
                    after = (step.after, self._follow(place[1], step))
                except _WrongError as wrong:
                    self.found.counterexample = self._way(place, step, wrong)
                    return self.found
                self.found.transitions += 1
                if after not in self._came_from:
                    self._came_from[after] = (place, step)
                    seen.add(after[0])
                    waiting.append(after)
                    self.found.states, self.found.places = len(seen), len(waiting)
                    if len(waiting) % 1000 == 0:
                        on_progress(self.found)
        return self.found

    def abstract_states(self) -> list[Structure]:
        """Return the abstract states that were met, each once, in the order in which they were."""
        return [self._abstract(number) for number in range(len(self._known))]

    def _number(self, abstract: Structure) -> int:
        return self._known.intern(tuple(abstract.relations[name] for name in self._relation.sorts))

    def _abstract(self, number: int) -> Structure:
        relations = dict(zip(self._relation.sorts, self._known[number], strict=True))
        return self._relation.initial()._replace(relations=relations)

    def _follow(self, number: int, step: Transition) -> int:
        """Return the abstract state's number after a step. Raises `_WrongError`."""
        local = step.local
        if local is None:  # the network loses a message: the proof keeps them all
            return number
        key = (number, local.before, local.after, step.message, local.action)
        if key not in self._followed:
            states, messages = self._system.local.states, self._system.local.messages
            received = None if step.message < 0 else messages[step.message]
            sends = tuple(messages[each] for each in local.sends)
            taken_by_server = ServerStep(
                states[local.before], states[local.after], received, local.action, sends
            )
            try:
                after, taken = self._relation.follow(self._abstract(number), taken_by_server)
            except StrayedError as strayed:
                raise _WrongError(
                    FOLLOWED, "every step is one of the proof's", str(strayed)
                ) from None
            self._evaluate(after)
            self._followed[key] = (self._number(after), taken)
        after_number, taken = self._followed[key]
        self.found.actions.update(each.action for each in taken)
        return after_number

    def _evaluate(self, abstract: Structure) -> None:
        for conjunct, compiled in self._conjuncts:
            key = (conjunct.name, *(abstract.relations[name] for name in sorted(compiled.reads)))
            if key in self._right:
                continue
            self.found.evaluated += 1
            wrong = compiled.call(abstract)
            if wrong is not None:
                raise _WrongError(conjunct.name, conjunct.says, as_text(wrong))
            self._right.add(key)

    def _way(self, place: Place, last: Transition, wrong: _WrongError) -> Counterexample:
        steps = [last]
        while (came := self._came_from[place]) is not None:
            place, step = came
            steps.append(step)
        broken = Property(
            wrong.name,
            holds=lambda *_: False,
            kind=Kind.STATE,
            formula=wrong.says,
            explain=lambda *_: [wrong.instance],
        )
        return counterexample(self._system, Behavior(tuple(reversed(steps)), broken))


class _WrongError(Exception):
    """A conjunct is false, or a step is none of the proof's."""

    def __init__(self, name: str, says: str, instance: str) -> None:
        super().__init__(name)
        self.name, self.says, self.instance = name, says, instance

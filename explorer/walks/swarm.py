"""Swarm testing: the chances of one random walk, drawn from its seed.

What is likely is drawn anew for each walk (Groce and others, "Swarm testing", 2012): some faults
never happen in one walk and are frequent in another, and a server that seldom gets its turn is as
good as cut off. A step's kind is chosen before the step, however many steps there are of it: so
the faults of a walk have their share, even if they are few among many messages in flight.

A choice depends on the seed and on what there is to choose from, and of `random` it uses nothing
but what is the same in every version of Python: seeding, and `random.random`.
"""

import random
from collections.abc import Sequence
from typing import TypeVar

from raft_ref.explorer.model.system import NETWORK_STEPS, Transition

T = TypeVar("T")

_RECEIVE, *_FAULTS = NETWORK_STEPS

_OF_RECEIVE = (64,)
_OF_FAULT = (0, 1, 8)
_OF_ACTION = (1, 4, 16)
_OF_SERVER = (0, 1, 4, 16)
_OF_NEWER = (1.0, 1.3, 2.0)
"""From which weights those of a walk are drawn: for the arrival of a message, for each kind of
fault, for each kind of step that an actor takes on its own, for each server, and for a message
against the one that was first sent before it."""


class Swarm:
    """Chooses the steps of one walk. Argument: the walk's seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._random = random.Random(seed)
        self._weights: dict[str, float] = {}

    def choose(self, steps: Sequence[Transition]) -> Transition:
        """Choose one of the steps that are enabled."""
        kinds: dict[str, list[Transition]] = {}
        for step in steps:
            kinds.setdefault(step.names[0], []).append(step)
        alike = kinds[self._pick([*kinds], [self._of_kind(kind) for kind in kinds])]
        return self._pick(alike, [self._of_step(age, step) for age, step in enumerate(alike)])

    def _of_kind(self, kind: str) -> float:
        if kind == _RECEIVE:
            return self._drawn(kind, _OF_RECEIVE)
        return self._drawn(kind, _OF_FAULT if kind in _FAULTS else _OF_ACTION)

    def _of_step(self, age: int, step: Transition) -> float:
        """Return the weight of one of the steps of a kind; `age` is its place among them."""
        weight = 1.0
        if step.position >= 0:
            weight = self._drawn(f"server {step.position}", _OF_SERVER)
        if step.message >= 0:
            weight *= self._drawn("newer", _OF_NEWER) ** age
        return weight

    def _drawn(self, name: str, weights: Sequence[float]) -> float:
        """Return what was drawn for a name: the same all through the walk."""
        found = self._weights.get(name)
        if found is None:
            chance = random.Random(f"{self._seed} {name}").random()
            found = self._weights[name] = weights[int(chance * len(weights))]
        return found

    def _pick(self, choices: Sequence[T], weights: Sequence[float]) -> T:
        """Choose by weight; where no choice has any, as if they were equal."""
        if not any(weights):
            weights = [1.0] * len(choices)
        left = self._random.random() * sum(weights)
        for choice, weight in zip(choices, weights, strict=True):
            left -= weight
            if left < 0:
                return choice
        # Rounding can leave nothing; a choice without weight is none.
        return next(c for c, w in zip(choices[::-1], weights[::-1], strict=True) if w)

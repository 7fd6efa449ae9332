"""A behaviour: steps from the initial state on, taken again on a system, and held to properties."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from raft_ref.explorer.model.properties import Checker, Property
from raft_ref.explorer.model.system import GlobalState, System, Transition
from raft_ref.explorer.results.counterexample import Counterexample, Walk


class Behavior(NamedTuple):
    """Steps, each from the state that the one before it leads to; what the last one violates."""

    steps: tuple[Transition, ...]
    violated: Property | None


def violated_by(checker: Checker, before: GlobalState, step: Transition) -> Property | None:
    """Return the first property that a step violates, or else the state that it leads to."""
    return checker.violated_by_step(before, step) or checker.violated_by_state(step.after)


def replay(
    system: System, checker: Checker, kept: tuple[Transition, ...], steps: Iterable[Transition]
) -> Behavior:
    """Take the steps again, after those of `kept`, as far as they are enabled there.

    A step that is not enabled is left out. A message is taken for one that is in flight no more
    if it is of the same type and between the same servers: without an election before it, the
    same message has another term. Ends with the first step that violates a property.
    """
    taken = list(kept)
    state = taken[-1].after if taken else system.initial()
    for step in steps:
        again = _again(system, state, step)
        if again is None:
            continue
        taken.append(again)
        if violated := violated_by(checker, state, again):
            return Behavior(tuple(taken), violated)
        state = again.after
    return Behavior(tuple(taken), None)


def counterexample(system: System, behavior: Behavior) -> Counterexample:
    """Return a behaviour that violates a property as values, for people."""
    steps, violated = behavior
    assert violated is not None
    walk = Walk(system)
    if not steps:
        return Counterexample(violated, walk.initial, (), (walk.initial,))
    for step in steps[:-1]:
        walk.take(step)
    return walk.end(steps[-1], violated)


def _again(system: System, state: GlobalState, step: Transition) -> Transition | None:
    """Return the step out of a state that is the same as one that was taken elsewhere."""
    like, alike = _identity(step), None
    for candidate in system.steps(state, Counter()):
        if _identity(candidate) != like:
            continue
        if candidate.message == step.message:
            return candidate
        if alike is None and _channel(system, candidate) == _channel(system, step):
            alike = candidate
    return alike


def _identity(step: Transition) -> tuple[str, int, Any]:
    return step.names[0], step.position, None if step.local is None else step.local.action


def _channel(system: System, step: Transition) -> tuple[Any, ...]:
    message = system.local.messages[step.message]
    return type(message), message.source, message.dest

"""The counterexample that a search reports: one and the same, whatever engine searched.

Of all shortest behaviours that end in a violation, it is the first in the order of their steps.
Steps out of a state are in the order of `System.steps`, but messages in the order in which this
very behaviour first sent them: so nothing depends on the order in which a search met them.

An engine tells which states are on a shortest way to a violation; the behaviour is then walked
from the initial state, with real steps, the servers under their own names.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from raft_ref.explorer.model.properties import Checker, Kind, Property
from raft_ref.explorer.model.system import Event, GlobalState, System, Transition, View

OnTheWay = Callable[[int, GlobalState], bool]
"""Whether a state, so many steps from the initial one, can reach a violation in the shortest time.

It is asked of any state, with symmetry not only of canonical ones.
"""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A shortest behaviour that violates a property: the initial state and the steps from it.

    `evidence` is what the property was asked about when it was false.
    """

    prop: Property
    initial: View
    events: tuple[Event, ...]
    evidence: tuple[Any, ...]

    @property
    def instances(self) -> list[str]:
        """What the property says of its violation, such as the instances that are false."""
        return self.prop.explain(*self.evidence)


class Walk:
    """A behaviour that grows step by step from the initial state."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._age: dict[int, int] = {}
        self.state = system.initial()
        for message in system.network.content(self.state.network):
            self._age.setdefault(message, len(self._age))
        self.initial = system.view(self.state)
        self.events: list[Event] = []

    def steps(self) -> list[Transition]:
        """Return the steps that may come next, in their order."""
        return sorted(
            self._system.steps(self.state, Counter()),
            key=lambda step: -1 if step.message < 0 else self._age[step.message],
        )

    def take(self, step: Transition) -> None:
        """Take a step."""
        for message in () if step.local is None else step.local.sends:
            self._age.setdefault(message, len(self._age))
        event = self._system.event(step)
        self.events.append(replace(event, after=self.view(step.after)))
        self.state = step.after

    def end(self, step: Transition, violated: Property) -> Counterexample:
        """Take the last step, which violates a property, or leads to a state that does."""
        before = self.view(self.state)
        self.take(step)
        event = self.events[-1]
        evidence: tuple[Any, ...] = {
            Kind.STATE: (event.after,),
            Kind.STEP: (before, event.after),
            Kind.LOCAL: (before, event),
        }[violated.kind]
        return Counterexample(violated, self.initial, tuple(self.events), evidence)

    def view(self, state: GlobalState) -> View:
        """Return a state as values, what is in flight in the order in which it was first sent."""
        view = self._system.view(state)
        if self._system.network_kind == "fifo":
            return view  # already in an order that is the network's own
        content = sorted(self._system.network.content(state.network), key=self._age.__getitem__)
        return replace(view, messages=tuple(self._system.local.messages[m] for m in content))


def first_counterexample(
    system: System, checker: Checker, on_the_way: OnTheWay, reach: int
) -> Counterexample:
    """Return the first of the shortest behaviours that violate a property.

    The violation is met at the initial state, or after `reach` steps: by the next step, by the
    state that it leads to, or by all steps out of the state there.
    """
    walk = Walk(system)
    if prop := checker.violated_by_state(walk.state):
        return Counterexample(prop, walk.initial, (), (walk.initial,))
    for number in range(1, reach + 1):
        walk.take(next(step for step in walk.steps() if on_the_way(number, step.after)))
    before, steps = walk.view(walk.state), walk.steps()
    if prop := checker.violated_by_expansion(walk.state, steps):
        events = tuple(walk.events)
        together = [system.event(step) for step in steps]
        return Counterexample(prop, walk.initial, events, (before, together))
    last, prop = next(
        (step, prop)
        for step in steps
        if (prop := checker.violated_by_step(walk.state, step))
        or (prop := checker.violated_by_state(step.after))
    )
    return walk.end(last, prop)

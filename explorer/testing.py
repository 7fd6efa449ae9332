"""A state machine of hypothesis for a node of one's own, to be run with one's own tests.

hypothesis chooses the steps, shrinks what breaks, keeps it for the next run, and replays it from
a seed (``pytest --hypothesis-seed=N``). This module alone needs it, and no other imports this one.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from raft_ref.explorer.model.properties import OF_ALL_THAT_FOLLOWS, Checker, Property
from raft_ref.explorer.model.system import Event, System, Transition
from raft_ref.explorer.results.behavior import Behavior, counterexample, violated_by
from raft_ref.explorer.results.counterexample import Counterexample

try:
    from hypothesis import Phase, settings
    from hypothesis import strategies as st
    from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
except ImportError as error:
    raise ImportError(
        "raft_ref.explorer.testing needs hypothesis, which raft-ref does not install: "
        "pip install hypothesis"
    ) from error

Tell = Callable[[Counterexample, System], Sequence[str]]
"""From a behaviour that violates a property to lines that tell it."""


def tell_events(counterexample: Counterexample, system: System) -> list[str]:
    """Return a line for each step, then what the property says of its violation."""
    lines = [f"{n}. {describe(event)}" for n, event in enumerate(counterexample.events, start=1)]
    return [*lines, *(f"    {each}" for each in counterexample.instances)]


def describe(event: Event) -> str:
    """Return a step in one line: its name, whose it is, what it takes and what it sends."""
    about = event.action if event.message is None else event.message
    who = "" if event.server is None else f"{event.server}: "
    sends = f", sends {', '.join(map(repr, event.sends))}" if event.sends else ""
    return f"{who}{event.step}{'' if about is None else f' {about!r}'}{sends}"


def state_machine(
    system: System, properties: Sequence[Property], tell: Tell = tell_events
) -> type[RuleBasedStateMachine]:
    """Return a state machine whose rule takes one enabled step, and that demands the properties.

    Arguments: the system, whose bounds are those of the test; the properties, each of which must
    hold (those that must be reached, `is_sometimes`, are left out); `tell`, how a violation is
    told. The result's `TestCase` is what pytest and unittest collect::

        TestMyNode = state_machine(system, properties).TestCase

    Raises ValueError on a property of all that may follow a state, because a test is one way.
    """
    if of_all := [prop.name for prop in properties if prop.kind in OF_ALL_THAT_FOLLOWS]:
        raise ValueError(
            f"the property {of_all[0]} is of all that may follow a state, and a test is one way"
        )
    demanded = [prop for prop in properties if not prop.is_sometimes]

    class Machine(_Machine):
        def __init__(self) -> None:
            super().__init__(system.anew(), demanded, tell)

    # To explain which lines fail, hypothesis traces them all: slow, and the lines are ours.
    default = Machine.TestCase.settings
    phases = [phase for phase in default.phases if phase is not Phase.explain]
    Machine.TestCase.settings = settings(default, phases=phases)
    Machine.__name__ = Machine.__qualname__ = type(system.guard.actor).__name__
    return Machine


class _Drawn:
    """A step as hypothesis prints it."""

    def __init__(self, step: Transition, text: str) -> None:
        self.step = step
        self._text = text

    def __repr__(self) -> str:
        return self._text


class _Machine(RuleBasedStateMachine):
    """One behaviour of a system, step by step."""

    def __init__(self, system: System, properties: Sequence[Property], tell: Tell) -> None:
        super().__init__()
        self._system = system
        self._checker = Checker(system, properties)
        self._tell = tell
        self._state = system.initial()
        self._taken: tuple[Transition, ...] = ()

    def _steps(self) -> dict[str, list[Transition]]:
        """Return the steps that are enabled, by their kind."""
        kinds: dict[str, list[Transition]] = {}
        for step in self._system.steps(self._state, Counter()):
            kinds.setdefault(step.names[0], []).append(step)
        return kinds

    # Properties are checked where they can break, and not as invariants of hypothesis, which would
    # put a line of its own after every step that is printed.

    @initialize()
    def start(self) -> None:
        """Demand the properties of the initial state."""
        self._demand(self._checker.violated_by_state(self._state))

    @rule(data=st.data())
    def step(self, data: Any) -> None:
        """Take one of the steps that are enabled: its kind is drawn first, so that faults occur."""
        kinds = self._steps()
        if not kinds:
            return  # the bounds leave nothing; hypothesis wants a rule that can be taken
        enabled = kinds[data.draw(st.sampled_from([*kinds]), "kind")]
        drawn = [_Drawn(step, describe(self._system.event(step))) for step in enabled]
        step = data.draw(st.sampled_from(drawn), "step").step
        before, self._state = self._state, step.after
        self._taken += (step,)
        self._demand(violated_by(self._checker, before, step))

    def _demand(self, violated: Property | None) -> None:
        """Fail with the whole behaviour if its last step, or where it leads, breaks a property."""
        if violated is None:
            return
        shown = counterexample(self._system, Behavior(self._taken, violated))
        told = self._tell(shown, self._system)
        raise AssertionError("\n".join([f"{violated.name} is violated:", *told]))

"""Shrinking: from a behaviour that violates a property to one in which every step counts.

Runs of steps are left out, halves first and single steps last, and the others taken again
(Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002).
"""

from collections import Counter

from raft_ref.explorer.model.properties import Checker, Kind
from raft_ref.explorer.model.system import Event, GlobalState, System, Transition
from raft_ref.explorer.results.behavior import Behavior, counterexample, replay
from raft_ref.explorer.results.counterexample import Counterexample


class Shrinker:
    """Shrinks one behaviour; `best` is what it has come to, at any time.

    Arguments: the system and the checker that the behaviour was found with; the behaviour.
    """

    def __init__(self, system: System, checker: Checker, behavior: Behavior) -> None:
        self._system = system
        self._checker = checker
        self.best = behavior

    def run(self) -> Behavior:
        """Leave out steps until none can be left out with the same property still violated."""
        size = len(self.best.steps) // 2
        while size:
            size = min(size, len(self.best.steps))
            if not self._leave_out(size) or size > 1:
                size //= 2
        return self.best

    def _leave_out(self, size: int) -> bool:
        """Try to do without each run of this many steps, the last first; tell if any went."""
        before = len(self.best.steps)
        end = before
        while end > 0:
            start = max(end - size, 0)
            steps = self.best.steps
            shorter = replay(self._system, self._checker, steps[:start], steps[end:])
            if shorter.violated is self.best.violated:
                self.best = shorter
            end = min(start, len(self.best.steps))
        return len(self.best.steps) < before


def within_wider_bounds(system: System, found: Counterexample) -> Counterexample:
    """Return a counterexample in which every step counts, of one that was found within bounds.

    Arguments: the same cluster within wider bounds; the counterexample. What bounds asked for alone
    is left out: where few messages may be in flight, some are received only to make room.
    """
    if found.prop.kind not in (Kind.STATE, Kind.STEP, Kind.LOCAL) or not found.events:
        return found
    steps: list[Transition] = []
    state = system.initial()
    for event in found.events:
        steps.append(_step_of(system, state, event))
        state = steps[-1].after
    checker = Checker(system, [found.prop])
    best = Shrinker(system, checker, Behavior(tuple(steps), found.prop)).run()
    return counterexample(system, best) if len(best.steps) < len(steps) else found


def _step_of(system: System, state: GlobalState, event: Event) -> Transition:
    """Return the step of a system that is told as an event of another."""
    told = event.step, event.server, event.action, event.message, event.after.states
    for step in system.steps(state, Counter()):
        here = system.event(step)
        if (here.step, here.server, here.action, here.message, here.after.states) == told:
            return step
    raise ValueError(f"{event.step} is no step of this system there")

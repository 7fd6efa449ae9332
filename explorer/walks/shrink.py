"""Shrinking: from a behaviour that violates a property to one in which every step counts.

Runs of steps are left out, halves first and single steps last, and the others taken again
(Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002).
"""

from raft_ref.explorer.model.properties import Checker
from raft_ref.explorer.model.system import System
from raft_ref.explorer.results.behavior import Behavior, replay


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

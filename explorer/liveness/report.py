"""What a search for liveness found: a verdict that is never rounded up."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from raft_ref.explorer.liveness.assumptions import Assumptions, Fairness
from raft_ref.explorer.liveness.goal import Goal
from raft_ref.explorer.liveness.lasso import Lasso
from raft_ref.explorer.results.report import Report, Verdict


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine says of a goal, once all states are known.

    - `awaited`: the states in which a run may be while it does not meet the goal.
    - `never_enabled`: the fairness of what is enabled in no state at all.
    - `lasso`: a fair run that does not meet the goal; `kept`: if there are such runs for the only
      reason that bounds keep steps from being owed, how many steps each bound keeps from
      happening where that run stays for ever.
    """

    awaited: int
    never_enabled: tuple[Fairness, ...]
    lasso: Lasso | None = None
    kept: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LiveReport:
    """The outcome of a search for liveness.

    `search` is the report of the search that found all states, which asks for no properties;
    `answer` is None if that, or what came after, was stopped, and `stopped_by` says by what.
    """

    goal: Goal
    assumed: Assumptions
    search: Report
    answer: Answer | None
    seconds: float
    stopped_by: str | None = None

    @property
    def verdict(self) -> Verdict:
        """What is found of the goal.

        HOLDS_WITHIN_BOUNDS: every fair run meets it. VIOLATED: `lasso` does not, whatever the
        bounds. INCOMPLETE: stopped, or no fair run refutes it but for the bounds. HOLDS_VACUOUSLY:
        it is never due, or something that is never enabled is assumed to be fair (of what is asked
        for together, all).
        """
        if self.answer is None:
            return Verdict.INCOMPLETE
        if self.answer.lasso is not None:
            return Verdict.INCOMPLETE if self.answer.kept else Verdict.VIOLATED
        is_vacuous = not self.answer.awaited or self.in_vain
        return Verdict.HOLDS_VACUOUSLY if is_vacuous else Verdict.HOLDS_WITHIN_BOUNDS

    @property
    def in_vain(self) -> tuple[Fairness, ...]:
        """The fairness that is owed in no state, and none either of what is asked for with it."""
        never = () if self.answer is None else self.answer.never_enabled
        owed = {(f.of_each, f.is_strong) for f in self.assumed.fair if f not in never and f.of_each}
        return tuple(f for f in never if (f.of_each, f.is_strong) not in owed)

    @property
    def lasso(self) -> Lasso | None:
        """A run that does not meet the goal, if one was found."""
        return None if self.answer is None else self.answer.lasso

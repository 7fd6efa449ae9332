"""The report: what was done with an implementation, what stands against it, what was left open.

The rule: nothing is rounded up. An implementation conforms where nothing stands against it and what
it was to be asked for was exercised; else there is no verdict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from raft_ref.traces.conformance.hunting.coverage import Pair
from raft_ref.traces.conformance.hunting.database import Replayed
from raft_ref.traces.conformance.hunting.findings import Finding
from raft_ref.traces.conformance.hunting.hunt import Hunted
from raft_ref.traces.conformance.run import Run
from raft_ref.traces.conformance.schedule import Schedule
from raft_ref.traces.format.features import CHANGES
from raft_ref.traces.validation.refusals.refusal import Refusal
from raft_ref.traces.validation.verdict import Outcome

NEEDED = ("Timeout", "ClientRequest", "Restart")
"""The steps that must have been answered, unless they are left out or not known."""
NEEDED_MESSAGES = (
    "RequestVoteRequest", "RequestVoteResponse", "AppendEntriesRequest", "AppendEntriesResponse",
)  # fmt: skip
"""The messages that must have been received."""
SILENT = 100
"""What was asked for so often and never answered is taken for what an implementation cannot do."""
OPTIONAL = ("CompactLog", "InstallSnapshot", "Tick")
"""What not every implementation can do; it is named where it was never exercised."""


class Conformance(StrEnum):
    """What became of an implementation: stopped is before anything stood against it."""

    CONFORMS = "conforms"
    REFUSED = "refused"
    FATAL = "fatal"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    STOPPED = "stopped"


@dataclass
class ConformanceReport:
    """What was done, and each kind of what stands against the implementation.

    `runs` of `of_runs` were made, of `steps` in all; of `of_steps` steps of scenarios, `departed`
    of `departing_runs` could not be taken, for want of the message, and `idle` were answered with
    nothing; `inconclusive` runs came to no verdict. `actions` says how often each action of the
    spec was taken; `known` how often what is known was met. `findings` are in the order in which
    they were met. A hunt has its `seed`, `hunted`, what it did, its `seconds`, and how many
    `states` of the spec it saw, told apart by their shape; `without` are the steps that were left
    out, `servers` how many there are; `shrinks` names the kind that is made short. `replayed` are
    the schedules of a database that were followed first.
    """

    of_runs: int = 0
    runs: int = 0
    steps: int = 0
    of_steps: int = 0
    departed: int = 0
    departing_runs: int = 0
    idle: Counter[str] = field(default_factory=Counter)
    inconclusive: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    is_interrupted: bool = False
    seed: int | None = None
    hunted: Hunted | None = None
    states: int | None = None
    seconds: float = 0.0
    without: frozenset[str] = frozenset()
    servers: int = 0
    shrinks: str = ""
    replayed: list[Replayed] = field(default_factory=list)

    def add(self, run: Run, asked: int) -> None:
        """Count a scenario that was followed, of so many steps."""
        assert run.verdict is not None
        self.runs += 1
        self.steps += len(run.commands)
        self.of_steps += asked if run.is_good else len(run.commands) + len(run.departed)
        self.departed += len(run.departed)
        self.departing_runs += bool(run.departed or run.idle)
        self.idle.update(command.step for command in run.idle)
        self.actions += run.verdict.actions
        self.known += run.adopted
        self.inconclusive += run.verdict.outcome is Outcome.INCONCLUSIVE

    def count(self, hunted: Hunted) -> None:
        """Count what a hunt has done."""
        self.hunted = hunted
        self.runs, self.steps, self.seconds = hunted.runs, hunted.steps, hunted.seconds
        self.inconclusive = hunted.inconclusive
        self.actions, self.known, self.states = hunted.actions, hunted.known, len(hunted.seen)

    @property
    def worst(self) -> Finding | None:
        """What stands against the implementation, the worst of it."""
        return min(self.findings, key=_rank, default=None)

    @property
    def outcome(self) -> Conformance:
        """What became of the implementation."""
        worst = self.worst
        if worst is not None and worst.replays:
            if worst.fatal is not None:
                return Conformance.FATAL
            return Conformance.FAILED if worst.run.failure else Conformance.REFUSED
        if worst is not None:
            return Conformance.INCONCLUSIVE
        if self.is_interrupted:
            return Conformance.STOPPED
        if self.inconclusive or any(self.not_exercised()):
            return Conformance.INCONCLUSIVE
        return Conformance.CONFORMS

    def not_exercised(self) -> Iterator[str]:
        """Yield what must be exercised for a verdict, and was not."""
        if self.hunted is None:
            if self.departed or self.idle:
                yield f"{self.departed + self.idle.total():,} of {self.of_steps:,} steps"
            if not self.departed and not self.idle and not self.steps:
                yield "any step"
            return
        hunted = self.hunted
        left_out = self.without | hunted.unknown
        for name in NEEDED:
            if name not in left_out and not hunted.told[name]:
                yield f"step {name}"
        kinds = {pair.action for pair in hunted.coverage.met}
        for name in NEEDED_MESSAGES:
            if name not in kinds:
                yield f"receipt of {name}"
        if not any(pair.outcome == "commits" for pair in hunted.coverage.met):
            yield "a commit"
        if self.asks_for_changes and not hunted.changes:
            yield "a change of the membership"

    def never_met(self) -> list[Pair]:
        """Return the branches of the spec that a hunt could have met, and has not."""
        hunted = self.hunted
        if hunted is None:
            return []
        silent = {
            step for step, count in hunted.asked.items()
            if count >= SILENT and not hunted.told[step]
        }  # fmt: skip
        left_out = self.without | hunted.unknown | silent
        are_few = self.servers < 4 and not self.asks_for_changes
        return hunted.coverage.missing(left_out, are_few=are_few)

    @property
    def is_enough(self) -> bool:
        """Whether a hunt that exercised all that it must will hardly meet a branch that is new."""
        hunted = self.hunted
        is_so = hunted is not None and hunted.coverage.is_enough(self.runs)
        return is_so and not any(self.not_exercised())

    @property
    def asks_for_changes(self) -> bool:
        """Whether the membership was to change in a hunt."""
        return self.hunted is not None and not self.hunted.of_features.isdisjoint(CHANGES)

    def not_exercised_but_optional(self) -> Iterator[str]:
        """Yield what not every implementation can do, and was never exercised."""
        if self.hunted is not None:
            for name in (*OPTIONAL, *sorted(self.hunted.of_features)):
                left_out = self.without | self.hunted.unknown
                met = self.hunted.changes if name in CHANGES else self.hunted.told
                if name not in left_out and not met[name]:
                    yield name

    # ---- What stands against it

    @property
    def found(self) -> Run | None:
        """The run that shows the worst; None if nothing stands against the implementation."""
        return None if self.worst is None else self.worst.run

    @property
    def name(self) -> str:
        """What that run is called; "" for none."""
        return "" if self.worst is None else self.worst.name

    @property
    def reason(self) -> str:
        """What stands against it, in a few words; "" for nothing."""
        return "" if self.worst is None else self.worst.reason

    @property
    def shrunk_from(self) -> int | None:
        """How many steps the run had that was shrunk to that one."""
        return None if self.worst is None else self.worst.shrunk_from

    @property
    def refusal(self) -> Refusal | None:
        """Why the run is refused; None where it was not, or failed."""
        return None if self.worst is None else self.worst.refusal

    @property
    def schedule(self) -> Schedule | None:
        """What happened in the worst run, to be followed again."""
        return None if self.worst is None else self.worst.schedule


def _rank(found: Finding) -> tuple[bool, ...]:
    return not found.replays, found.fatal is None, not found.run.failure

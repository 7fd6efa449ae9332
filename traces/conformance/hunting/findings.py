"""Findings: what stands against an implementation, made short, replayed, and followed up.

The rules: what is told was followed again by a fresh process of the adapter, from the schedule as
it is written; of several schedules that show the same the shortest is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from raft_ref.traces.conformance.hunting.alone import SOUGHT, seek
from raft_ref.traces.conformance.hunting.departures import kind
from raft_ref.traces.conformance.hunting.shrinking import TRIES, Shrinker
from raft_ref.traces.conformance.run import Run, Runner, following
from raft_ref.traces.conformance.schedule import Command, Schedule, as_written
from raft_ref.traces.validation.refusals.refusal import Refusal, explained
from raft_ref.traces.validation.verdict import Outcome

REPLAYS = 2
"""How many fresh processes must do the same."""


@dataclass
class Finding:
    """One kind of what stands against an implementation.

    `run` shows it, found by the `name`, in that `network`; `shrunk_from` so many steps in so many
    `tries`, perhaps `is_cut_short`. `times` runs met it. `replays` says whether a fresh process did
    the same again. `fatal` is a run with a consequence, sought for `sought` steps behind it.
    `kept` is where its schedule is written, if it is.
    """

    kind: str
    run: Run
    name: str
    network: str = "set"
    shrunk_from: int | None = None
    tries: int = 0
    is_cut_short: bool = False
    times: int = 1
    replays: bool = True
    fatal: Run | None = None
    sought: int = 0
    kept: Path | None = None

    @property
    def reason(self) -> str:
        """What stands against it, in a few words."""
        if self.shown.consequence is not None:
            return self.shown.consequence.text
        verdict = self.run.verdict
        assert verdict is not None
        if reason := self.run.failure or verdict.reason:
            return reason
        told = "" if verdict.event is None or self.refusal is None else self.refusal.why
        return told or "no step of the spec explains its last line"

    @cached_property
    def refusal(self) -> Refusal | None:
        """Why the run is refused; None where it was not, or failed."""
        verdict = self.run.verdict
        if self.run.failure or verdict is None or verdict.outcome is not Outcome.REFUSED:
            return None
        return explained(verdict)

    @property
    def shown(self) -> Run:
        """The run that shows the most."""
        return self.fatal or self.run

    @property
    def schedule(self) -> Schedule:
        """What happens in it, to be followed again."""
        return schedule_of(self.shown, self.network)


def schedule_of(run: Run, network: str) -> Schedule:
    """Return what happened in a run."""
    return Schedule(run.servers, tuple(run.commands), network, features=run.features)


@dataclass
class Settling:
    """Makes findings of runs.

    `runner` follows schedules, `seed` is that of the hunt; a schedule is followed `tries` times at
    most to make it shorter, and `steps` are taken in search of a consequence, none of them one of
    `without`.
    """

    runner: Runner
    seed: int = 0
    tries: int = TRIES
    steps: int = SOUGHT
    without: frozenset[str] = frozenset()

    def settled(
        self, schedule: Schedule, wanted: str, name: str, others: Callable[[], list[Schedule]]
    ) -> Finding:
        """Return what a schedule shows, as short as it can be shown.

        Arguments: the schedule; the kind that was found; what it is called; what draws more
        schedules of that kind, to begin from.
        """
        again = self._replayed(schedule, lambda run: is_of(run, wanted))
        if again is None:
            run = self._follow(schedule.servers, schedule.commands)
            return Finding(wanted, run, name, schedule.network, replays=False)
        found = Finding(wanted, again, name, schedule.network)
        self._shrink(found, others)
        if not again.failure and self.steps:
            self._follow_up(found, self._departed(found, again))
        return found

    def does_replay(self, run: Run, wanted: str) -> bool:
        """Say whether a fresh process does the same with what happened in a run."""
        network = "fifo" if self.runner.is_fifo else "set"
        again = self._replayed(schedule_of(run, network), lambda each: is_of(each, wanted))
        return again is not None

    def _shrink(self, found: Finding, others: Callable[[], list[Schedule]]) -> None:
        first = best = found.run
        found.shrunk_from = len(first.commands)
        best = self._shrunk(found, first)
        if not found.is_cut_short:
            for each in others():
                run = self._follow(each.servers, each.commands)
                if is_of(run, found.kind):
                    best = min(best, self._shrunk(found, run), key=lambda run: len(run.commands))
        # What was made shorter replays as well, or is not what is told.
        short = self._replayed(
            schedule_of(best, found.network), lambda each: is_of(each, found.kind)
        )
        found.run = short or first

    def _shrunk(self, found: Finding, run: Run) -> Run:
        left = self.tries - found.tries
        shrinker = Shrinker(self._follow, lambda each: is_of(each, found.kind), run, left)
        best = shrinker.run()
        found.tries += shrinker.tries
        found.is_cut_short |= shrinker.is_cut_short
        return best

    def _follow(self, servers: tuple[str, ...], commands: Sequence[Command]) -> Run:
        return self.runner.run(servers, following(commands))

    def _alone(self, servers: tuple[str, ...], commands: Sequence[Command]) -> Run:
        return self.runner.alone(servers, following(commands))

    def _departed(self, found: Finding, first: Run) -> list[Run]:
        """Return from where to follow a finding up: in the whole cluster, the shortest first."""
        if found.run.servers == first.servers:
            return [found.run, first]
        whole = self._follow(first.servers, found.run.commands)
        return [whole, first] if is_of(whole, found.kind) else [first]

    def _follow_up(self, found: Finding, departed: list[Run]) -> None:
        if found.run.consequence is not None:
            found.fatal = found.run
            return
        sought = seek(self.runner, departed, self.steps, self.seed, self.without)
        found.sought = sought.steps
        if sought.run is None:
            return
        wanted = sought.run.consequence
        assert wanted is not None

        def is_same(run: Run) -> bool:
            return run.consequence is not None and run.consequence.kind == wanted.kind

        shrinker = Shrinker(self._alone, is_same, sought.run, self.tries)
        for run in (shrinker.run(), sought.run):
            found.fatal = self._replayed(schedule_of(run, found.network), is_same)
            if found.fatal is not None:
                return

    def _replayed(self, schedule: Schedule, is_same: Callable[[Run], bool]) -> Run | None:
        """Return what fresh processes do with a schedule as it is written, if it is the same."""
        written = as_written(schedule)
        for _ in range(REPLAYS):
            self.runner.adapter.close()
            again = self.runner.run(written.servers, following(written.commands), goes_on=True)
            if not is_same(again):
                return None
        return again


def is_of(run: Run, wanted: str) -> bool:
    """Say whether a run has something of a kind against it."""
    return not run.is_good and kind(run) == wanted

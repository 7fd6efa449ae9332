"""Findings: what stands against an implementation, made short, replayed, and followed up.

The rules: what is told was followed again by a fresh process of the adapter, from the schedule as
it is written, also where an interrupt cuts the rest short; of several schedules that show the same
the shortest is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from raft_ref.traces.conformance.hunting.alone import SOUGHT, Sought, seek
from raft_ref.traces.conformance.hunting.departures import kind
from raft_ref.traces.conformance.hunting.shrinking import TRIES, Shrinker
from raft_ref.traces.conformance.run import Run, Runner, following
from raft_ref.traces.conformance.schedule import Command, Schedule, as_written
from raft_ref.traces.validation.refusals.refusal import Refusal, explained
from raft_ref.traces.validation.verdict import Outcome, Verdict

REPLAYS = 2
"""How many fresh processes must do the same."""


@dataclass
class Finding:
    """One kind of what stands against an implementation.

    `run` shows it, found by the `name`, in that `network`; `shrunk_from` so many steps in so many
    `tries`, perhaps `is_cut_short`. `times` runs met it. `replays` says whether a fresh process did
    the same again, None where an interrupt came before that was known; `is_interrupted` if one came
    before all was done. `fatal` is a run with a consequence, sought for `sought` steps behind it.
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
    replays: bool | None = None
    is_interrupted: bool = False
    fatal: Run | None = None
    sought: int = 0
    kept: Path | None = None
    _explained: tuple[Run, Refusal] | None = field(default=None, init=False)
    """Of which run it is known why it is refused."""

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
        return told or self.kind

    @property
    def refusal(self) -> Refusal | None:
        """Why the run is refused; None where it was not, or failed."""
        verdict = self.run.verdict
        if self.run.failure or verdict is None or verdict.outcome is not Outcome.REFUSED:
            return None
        if self._explained is None or self._explained[0] is not self.run:
            self._explained = self.run, explained(verdict)
        return self._explained[1]

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


def met(schedule: Schedule, wanted: str, name: str) -> Finding:
    """Return what a schedule showed, of a kind, under a name, before it is followed again."""
    run = Run(schedule.servers, [*schedule.commands], features=schedule.features)
    run.verdict = Verdict(Path(name))
    return Finding(wanted, run, name, schedule.network)


@dataclass
class Settling:
    """Makes of what was met what is told, one finding after the other.

    `runner` follows schedules, `seed` is that of the hunt; a schedule is followed `tries` times at
    most to make it shorter, and `steps` are taken in search of a consequence, none of them one of
    `without`.
    """

    runner: Runner
    seed: int = 0
    tries: int = TRIES
    steps: int = SOUGHT
    without: frozenset[str] = frozenset()
    _shortest: Run | None = field(default=None, init=False)
    """What the run of the finding has been shrunk to, before that is followed again."""
    _fatal: list[Run] = field(default_factory=list, init=False)
    """The same with a consequence, the shortest first."""

    def settled(
        self, schedule: Schedule, wanted: str, name: str, others: Callable[[], list[Schedule]]
    ) -> Finding:
        """Return what a schedule shows, as short as it can be shown.

        Arguments: the schedule; the kind that was found; what it is called; what draws more
        schedules of that kind, to begin from.
        """
        found = met(schedule, wanted, name)
        self.settle(found, others)
        return found

    def settle(self, found: Finding, others: Callable[[], list[Schedule]]) -> None:
        """Make a finding as short as it can be shown, and follow it up.

        On Ctrl-C with what it has come to by then; on the second while that is followed again,
        which is not handled here, as it is.
        """
        self._shortest, self._fatal = None, []
        try:
            self._seek(found, others)
        except KeyboardInterrupt:
            self.cut_short(found)

    def cut_short(self, found: Finding) -> None:
        """Follow what a finding has come to again, and leave it at that."""
        found.is_interrupted = found.is_cut_short = True
        self._confirm(found)

    def does_replay(self, run: Run, wanted: str) -> bool:
        """Say whether a fresh process does the same with what happened in a run."""
        network = "fifo" if self.runner.is_fifo else "set"
        again = self._replayed(schedule_of(run, network), lambda each: is_of(each, wanted))
        return again is not None

    def _seek(self, found: Finding, others: Callable[[], list[Schedule]]) -> None:
        self._confirm(found)
        if not found.replays:
            return
        first = found.run
        self._shrink(found, others)
        self._confirm(found)
        if not first.failure and self.steps:
            self._follow_up(found, self._departed(found, first))
            self._confirm(found)

    def _confirm(self, found: Finding) -> None:
        """Follow again what was come to: what does not replay is not what is told."""
        if found.replays is None:
            again = self._replayed(found.schedule, lambda run: is_of(run, found.kind))
            found.run = again or self._follow(found.run.servers, found.run.commands)
            found.replays = again is not None
        if self._shortest is not None:
            short = schedule_of(self._shortest, found.network)
            found.run = self._replayed(short, lambda run: is_of(run, found.kind)) or found.run
            self._shortest = None
        while self._fatal and found.fatal is None:
            fatal = schedule_of(self._fatal[0], found.network)
            found.fatal = self._replayed(fatal, _has_consequence_of(self._fatal[0]))
            del self._fatal[0]

    def _shrink(self, found: Finding, others: Callable[[], list[Schedule]]) -> None:
        found.shrunk_from = len(found.run.commands)
        self._shorten(found, found.run)
        if not found.is_cut_short:
            for each in others():
                run = self._follow(each.servers, each.commands)
                if is_of(run, found.kind):
                    self._shorten(found, run)

    def _shorten(self, found: Finding, run: Run) -> None:
        left = self.tries - found.tries
        shrinker = Shrinker(self._follow, lambda each: is_of(each, found.kind), run, left)
        try:
            shrinker.run()
        finally:
            found.tries += shrinker.tries
            found.is_cut_short |= shrinker.is_cut_short
            runs = [shrinker.best] if self._shortest is None else [self._shortest, shrinker.best]
            self._shortest = min(runs, key=lambda run: len(run.commands))

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
        sought = Sought()
        try:
            seek(self.runner, departed, self.steps, self.seed, self.without, sought)
        finally:
            found.sought = sought.steps
        if sought.run is None:
            return
        self._fatal = [sought.run]
        is_same = _has_consequence_of(sought.run)
        shrinker = Shrinker(self._alone, is_same, sought.run, self.tries)
        try:
            shrinker.run()
        finally:
            self._fatal = [shrinker.best, sought.run]

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


def _has_consequence_of(run: Run) -> Callable[[Run], bool]:
    """Return what says whether a run has a consequence of the same kind as another."""
    wanted = run.consequence
    assert wanted is not None

    def has(other: Run) -> bool:
        return other.consequence is not None and other.consequence.kind == wanted.kind

    return has

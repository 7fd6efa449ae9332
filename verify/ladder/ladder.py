"""Climbs the ladder: the rungs, then deeper ones while there is time, then walks at random."""

import importlib.util
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import Any

import raft_ref
from raft_ref.explorer import Report, Verdict, WalkLimits
from raft_ref.explorer.engines.choice import EngineName
from raft_ref.explorer.engines.memory import usable_bytes
from raft_ref.features import Feature
from raft_ref.spec.link import BISIMULATION, INITIAL_REFINEMENT, REFINEMENT
from raft_ref.traces import Trace
from raft_ref.verify.calibration import Calibration, Searched, calibrated
from raft_ref.verify.checks.exhaustive import ExhaustiveCheck
from raft_ref.verify.checks.walks import RandomCheck
from raft_ref.verify.cluster import Cluster, ClusterRequest, GivenSizes, Symmetry, build
from raft_ref.verify.ladder.forked import Tell
from raft_ref.verify.ladder.race import Job, Race
from raft_ref.verify.ladder.rungs import (
    FEATURE_RUNGS,
    NETWORK_RUNGS,
    OF_RAFT_ALONE,
    RUNGS,
    Rung,
    deeper,
)
from raft_ref.verify.vacuity import unreached

SECONDS = 60.0
"""How long the ladder is climbed if nobody says how long: the rungs, and then as deep as that."""

_HAS_NATIVE = importlib.util.find_spec("raft_ref.explorer._core") is not None
_TIES = (INITIAL_REFINEMENT, REFINEMENT, BISIMULATION)
_FOR_WALKS = 1 / 6
_QUICK = 6
_STEPS_OF_A_WALK = 200
WALKS = (
    Rung("walks at random", "far beyond what can be exhausted", {}),
    Rung("walks at random of five", "far beyond what can be exhausted", {"servers": 5}),
)


@dataclass(frozen=True, slots=True)
class Found:
    """What is violated: the property, and the behaviour; `seed` is that of a walk that found it."""

    prop: str
    trace: Trace
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class RungReport:
    """What became of one rung: the explorer's `report`, and what was `found`, if anything was.

    `report` is None of one that was ended before it could say anything. `is_deeper` are those that
    time alone limits; `walks` is how many were taken where they were at random; `properties` are
    the names of what was asked, and `note` is as in `ExhaustiveReport`.
    """

    rung: Rung
    report: Report | None
    found: Found | None = None
    is_deeper: bool = False
    walks: int | None = None
    properties: frozenset[str] = frozenset()
    note: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether all of it was searched."""
        return self.report is not None and self.report.verdict is Verdict.HOLDS_WITHIN_BOUNDS


@dataclass(frozen=True, slots=True)
class LadderProgress:
    """How far the ladder was climbed: rungs that are done, and states or steps of those at hand.

    `violated` is the tie to Raft.tla that is, while it is looked for what follows from that.
    """

    done: int
    rungs: int
    now: Mapping[str, int]
    seconds: float
    violated: str | None = None


@dataclass(frozen=True, slots=True)
class LadderReport:
    """What became of it.

    - `rungs`: in their order; those that were not begun are left out.
    - `found`: the first rung with a violation. Where that is of a tie to Raft.tla, `consequence` is
      the first rung on which something else is violated, if there is one.
    - `unreached`: what no rung reached or took, and was not allowed to be.
    - `planned`: how many rungs there are that time alone does not limit.
    - `budget`: the seconds that were given (None: nobody said how many).
    """

    cluster: Cluster
    rungs: Sequence[RungReport]
    found: RungReport | None
    consequence: RungReport | None
    unreached: Sequence[str]
    planned: int
    seconds: float
    processes: int
    is_interrupted: bool
    budget: float | None = None

    @property
    def verdict(self) -> Verdict:
        """The worst of all."""
        if self.found is not None:
            return Verdict.VIOLATED
        if self.is_interrupted or not self.is_whole:
            return Verdict.INCOMPLETE
        return Verdict.HOLDS_VACUOUSLY if self.unreached else Verdict.HOLDS_WITHIN_BOUNDS

    @property
    def is_whole(self) -> bool:
        """Whether each rung that time alone does not limit was searched as a whole."""
        return sum(each.is_whole for each in self.rungs if not each.is_deeper) == self.planned

    @property
    def calibration(self) -> Calibration:
        """Which known bugs would have shown in what was searched as a whole."""
        known, on = self.cluster.system.measures, self.cluster.features
        searched = (
            Searched(
                {**dict.fromkeys(known, each.rung.own), **each.rung.limits(known)},
                each.properties,
                each.rung.goal,
                _on(each.rung, on),
            )
            for each in self.rungs
            if each.is_whole
        )
        return calibrated(searched, on)

    @property
    def shown(self) -> RungReport | None:
        """The rung whose violation is shown: a consequence says more than a step that is wrong."""
        return self.consequence or self.found

    def trace(self, source: str = "") -> Trace | None:
        """Return the behaviour that is shown, if there is one."""
        if self.shown is None or self.shown.found is None:
            return None
        return replace(self.shown.found.trace, source=source)


@dataclass(frozen=True, slots=True)
class LadderCheck:
    """Explore a cluster without a word on how far.

    - `cluster`: without sizes, bounds and depth.
    - `seconds`: a budget (None: as long as the rungs take, and at least `SECONDS`).
    - `processes`: how many at a time (None: one for each core); `memory`: bytes for all together.
    - `allowed`: what need not be reached, by name.
    """

    cluster: ClusterRequest = field(default_factory=ClusterRequest)
    symmetry: Symmetry = None
    seconds: float | None = None
    processes: int | None = None
    memory: int | None = None
    allowed: frozenset[str] = frozenset()

    def run(
        self, on_progress: Callable[[LadderProgress], None] = lambda progress: None
    ) -> LadderReport:
        """Climb, and report. Raises what a check of one rung raises."""
        return _Climb(self, on_progress).run()


class _Climb:
    def __init__(self, check: LadderCheck, on_progress: Callable[[LadderProgress], None]) -> None:
        self._check = check
        self._tell = on_progress
        self._processes = check.processes or os.cpu_count() or 1
        self._memory = (check.memory or usable_bytes()) // self._processes
        self._began = time.monotonic()
        self._violated: str | None = None
        budget = check.seconds or SECONDS
        self._end = self._began + budget
        self._walks_from = self._end - budget * _FOR_WALKS
        # Here all is loaded that each process inherits, and what makes no sense is refused.
        self._cluster = build(check.cluster)
        asked = [rung for rung in self._kinds() if self._is_asked(rung)]
        # The plain engine begins with those that it can finish.
        self._rungs = [rung for rung in asked if _HAS_NATIVE or not rung.is_large]
        self._more = [rung for rung in asked if rung not in self._rungs]

    def run(self) -> LadderReport:
        jobs = chain(self._of_rungs(self._rungs), self._while_there_is_time())
        race, reports = self._raced(jobs)
        found = _first(reports)
        if found is not None:
            reports = reports[: reports.index(found) + 1]  # what came after it is chance
        consequence = None if found is None else self._consequence(found)
        return LadderReport(
            self._cluster,
            tuple(reports),
            found,
            consequence,
            unreached([each.report for each in reports], self._check.allowed),
            len(self._rungs),
            time.monotonic() - self._began,
            self._processes,
            race.is_interrupted,
            self._check.seconds,
        )

    def _raced(self, jobs: Iterator[tuple[Rung, bool, Job]]) -> tuple[Race, list[RungReport]]:
        """Run jobs, each with its rung and whether that is a deeper one; return the reports."""
        begun: dict[int, RungReport] = {}

        def counted() -> Iterator[Job]:
            for rung, is_deeper, job in jobs:
                begun[job.rank] = RungReport(rung, None, is_deeper=is_deeper)
                yield job

        def progress(now: Mapping[str, Any]) -> None:
            done = sum(not begun[number].is_deeper for number in race.results)
            numbers = {name: told.distinct_states for name, told in now.items()}
            seconds = time.monotonic() - self._began
            self._tell(LadderProgress(done, len(self._rungs), numbers, seconds, self._violated))

        race = Race(self._processes, lambda each: bool(each and each.found), progress)
        race.run(counted())
        return race, [race.results[n] or begun[n] for n in sorted(race.results)]

    # ---- Which rungs

    def _kinds(self) -> Sequence[Rung]:
        if on := self._cluster.features:
            return [rung for rung in FEATURE_RUNGS if _on(rung, on) <= on]
        if not self._cluster.is_raft:
            return NETWORK_RUNGS
        has_own = not self._cluster.system.measures.keys() <= {*OF_RAFT_ALONE}
        return [rung for rung in RUNGS if has_own or rung.own == 1]

    def _can_be_tied(self) -> bool:
        """Whether its steps can be compared with those of Raft.tla, and shall be."""
        asked = self._check.cluster.properties
        can = self._is_of_ours() or self._cluster.project_message is not None
        return can and asked.refine is not False and not asked.invariants

    def _is_of_ours(self) -> bool:
        return isinstance(self._cluster.system.guard.actor, raft_ref.Node)

    def _is_asked(self, rung: Rung) -> bool:
        asked, system = self._check.cluster.properties, self._cluster.system
        if rung.bisimulation and BISIMULATION in asked.excepted:
            return False
        if rung.bisimulation:
            is_comparable = self._is_of_ours() and system.network_kind == "set"
            return self._can_be_tied() and is_comparable and not asked.progress
        return rung.goal is None or not asked.invariants

    def _request(self, rung: Rung, is_tied: bool) -> ClusterRequest:
        """Return what one rung asks of the cluster."""
        request, properties = self._check.cluster, self._check.cluster.properties
        refines = bool(properties.refine) or (rung.refines and self._can_be_tied())
        properties = replace(properties, refine=is_tied and refines)
        if rung.goal is not None and properties.progress is None:
            properties = replace(properties, progress=rung.goal)
        if rung.bisimulation:
            properties = replace(properties, bisimulation=True)
        return replace(
            request,
            sizes=GivenSizes(**rung.limits(self._cluster.system.measures)),
            bounds={**self._own(rung), **request.bounds},
            properties=properties,
            features=_on(rung, self._cluster.features),
        )

    def _own(self, rung: Rung) -> dict[str, int]:
        """Return bounds on measures of the user's own: how far they may go from where they are."""
        system = self._cluster.system
        first = system.guard.initial(system.servers[0])
        actor: Any = system.guard.actor
        measures = system.measures
        if on := _on(rung, self._cluster.features):
            measures = actor.with_features(on).measures
        given = {*OF_RAFT_ALONE, *rung.sizes}
        own = {name: measure for name, measure in measures.items() if name not in given}
        return {name: measure(first) + rung.own for name, measure in own.items()}

    # ---- Jobs

    def _of_rungs(
        self, rungs: Sequence[Rung], is_tied: bool = True
    ) -> Iterator[tuple[Rung, bool, Job]]:
        until = self._end if self._check.seconds or not is_tied else float("inf")
        # The last takes longest; begun early, it does not keep one core busy alone.
        ranks = [*range(len(rungs))]
        early, late = ranks[:_QUICK], ranks[_QUICK:]
        for rank in [*early, *late[-1:], *late[:-1]]:
            work = partial(self._search, rungs[rank], False, is_tied)
            yield rungs[rank], False, Job(rank, rungs[rank].name, work, until)

    def _while_there_is_time(self) -> Iterator[tuple[Rung, bool, Job]]:
        first = rank = len(self._rungs)
        further = chain(self._more, deeper(self._cluster.is_raft, self._cluster.features))
        for rank, rung in enumerate(further, start=first):
            if time.monotonic() > self._walks_from - 1:
                break
            work = partial(self._search, rung, True, True)
            yield rung, True, Job(rank, rung.name, work, self._walks_from)
        if any(prop.kind == "progress" for prop in self._cluster.properties):
            return
        seed = int(time.time() * 1000) % 10**6
        for number in range(self._processes):
            if time.monotonic() < self._end - 1:
                rung = WALKS[number % len(WALKS)]
                work = partial(self._walk, rung, seed + 10**6 * number)
                yield rung, True, Job(rank + 1 + number, f"walks {number + 1}", work, self._end)

    def _search(self, rung: Rung, is_deeper: bool, is_tied: bool, tell: Tell) -> RungReport:
        request = self._request(rung, is_tied)
        # All steps out of a state at once are asked by the plain engine alone; the rung is small.
        engine: EngineName = "plain" if rung.bisimulation else "auto"
        check = ExhaustiveCheck(request, self._symmetry(rung), engine, 1, self._memory)
        done = check.run(tell)
        found = done.counterexample
        report = replace(done.search, counterexample=None)
        if report.stopped_by == "interrupt":
            report = replace(report, stopped_by="the time")
        trace = done.trace()
        shown = None if found is None or trace is None else Found(found.prop.name, trace)
        asked = frozenset(prop.name for prop in done.cluster.properties)
        return RungReport(rung, report, shown, is_deeper, None, asked, done.note)

    def _symmetry(self, rung: Rung) -> Symmetry:
        return () if rung.bisimulation else self._check.symmetry

    def _walk(self, rung: Rung, seed: int, tell: Tell) -> RungReport:
        properties = replace(self._check.cluster.properties, refine=self._can_be_tied())
        sizes = replace(self._check.cluster.sizes, **rung.sizes)
        request = replace(self._check.cluster, properties=properties, sizes=sizes)
        limits = WalkLimits(memory=self._memory)
        done = RandomCheck(request, seed, 10**6, _STEPS_OF_A_WALK, limits).run(tell)
        walks, found = done.walks, done.counterexample
        report = replace(walks.report, counterexample=None, stopped_by="the time")
        shown, trace = None, done.trace()
        if found is not None and trace is not None and walks.found is not None:
            shown = Found(found.prop.name, trace, walks.found.seed)
        return RungReport(rung, report, shown, is_deeper=True, walks=walks.runs_done)

    # ---- What follows from a step that is wrong

    def _consequence(self, found: RungReport) -> RungReport | None:
        if found.found is None or found.found.prop not in _TIES:
            return None
        rungs = [rung for rung in self._rungs if not rung.bisimulation]
        self._violated = found.found.prop
        rungs.sort(key=lambda rung: rung.goal is not None)  # what is unsafe says more
        _, reports = self._raced(self._of_rungs(rungs, is_tied=False))
        return _first(reports)


def _on(rung: Rung, features: frozenset[Feature]) -> frozenset[Feature]:
    """Return which features are on in a rung, of those that are on in what is checked."""
    return features if rung.features is None else rung.features


def _first(reports: Sequence[RungReport]) -> RungReport | None:
    return next((each for each in reports if each.found is not None), None)

"""The node, the spec and TLC on the spec, within the same bounds: what they do not agree on."""

import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path
from typing import Any, Final

from raft_ref import explorer
from raft_ref.explorer import Renamed
from raft_ref.explorer.engines.choice import row_search
from raft_ref.features import Feature
from raft_ref.spec.checker.config import parse_config
from raft_ref.spec.checker.core import Core
from raft_ref.spec.checker.search import Search, Task
from raft_ref.spec.checker.symmetry import CanonicalRows
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.checker.verdict import Verdict
from raft_ref.spec.files import RAFT
from raft_ref.spec.link import RaftVariables
from raft_ref.spec.link.features import ExtendedVariables
from raft_ref.spec.link.original import differences as of_the_original
from raft_ref.spec.module import load
from raft_ref.spec.requests import RequestError
from raft_ref.spec.steps.interning import Interner, State
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.spec.tlc.run import is_installed, run_tlc
from raft_ref.spec.tlc.states import read_dump
from raft_ref.spec.values.value import show
from raft_ref.verify.checkers import (
    CheckerResult,
    Progress,
    differences,
    of_exploration,
    of_report,
    of_tlc,
)
from raft_ref.verify.cluster import Cluster, ClusterRequest, GivenSizes, Symmetry, build
from raft_ref.verify.cluster.properties import PropertyRequest
from raft_ref.verify.model_files import ModelFiles

_BETWEEN_PROGRESS = 256


@dataclass(frozen=True, slots=True)
class StatesApart:
    """States that one checker has and another has not: how many, and one of them."""

    has: str
    has_not: str
    number: int
    example: str | None


@dataclass(frozen=True, slots=True)
class ComparisonProgress:
    """How far a comparison has come: what is `at` work, one of `STAGES`, and what it has found."""

    at: str
    seconds: float
    found: Progress | None = None


STAGES: Final = ("node", "embedded", "TLC", "states", "original")
"""What a comparison does: three checkers in turn, their states, the model beside the protocol."""


@dataclass(frozen=True, slots=True)
class ComparisonReport:
    """What each checker found; `states` is of each two of them, None if they were not compared.

    `original` is where MCRaft.tla is not Raft.tla, if it is known to differ. `stopped_in` is the
    stage that an interrupt ended, None without one; what that stage had found is the last result.
    """

    cluster: Cluster
    symmetry: tuple[Renamed, ...]
    results: Sequence[CheckerResult]
    states: Sequence[StatesApart] | None
    original: str | None = None
    stopped_in: str | None = None

    @property
    def whole(self) -> Sequence[CheckerResult]:
        """The results of those checkers that came to their end."""
        return [each for each in self.results if each.verdict != Verdict.INCOMPLETE.value]

    @property
    def differences(self) -> list[str]:
        """The names of what they do not agree on, of those that came to their end."""
        return differences(self.whole) if self.whole else []

    @property
    def apart(self) -> list[StatesApart]:
        """Which states not all of them have."""
        return [each for each in self.states or () if each.number]

    @property
    def are_same(self) -> bool | None:
        """Whether nothing tells them apart; None where not all was compared."""
        if self.stopped_in is not None:
            return None
        return not self.differences and not self.apart and self.original is None

    @property
    def holds(self) -> bool:
        """Whether they are the same, and each says that all properties hold."""
        all_hold = all(each.verdict == Verdict.HOLDS.value for each in self.results)
        return bool(self.are_same) and all_hold


@dataclass(frozen=True, slots=True)
class Comparison:
    """Explore the reference node, and check MCRaft.tla with the embedded checker and with TLC.

    `states` compares the sets of states too, one by one. `tlc` says whether TLC takes part (None:
    if it is installed), and `workers` how many threads it has. `raft` is a folder whose Raft.tla
    counts, and its MCRaft.tla, its .cfg and RaftInvariants.tla, if it has them (None: those that
    ship). With `features` on, it is their node, and MCExtendedRaft.tla.
    """

    sizes: GivenSizes = field(default_factory=GivenSizes)
    symmetry: Symmetry = None
    states: bool = False
    tlc: bool | None = None
    workers: int = 1
    raft: Path | None = None
    features: frozenset[Feature] = frozenset()

    def run(
        self, on_progress: Callable[[ComparisonProgress], None] = lambda progress: None
    ) -> ComparisonReport:
        """Compare, and report; an interrupt (Ctrl-C) ends it early, and the report says so.

        Raises `RequestError` and `SpecError`.
        """
        properties = PropertyRequest(refine=False, raft=self.raft)
        properties.file(RAFT)  # a folder without one is none of a protocol
        request = ClusterRequest(sizes=self.sizes, features=self.features, properties=properties)
        cluster = build(request)
        symmetry = cluster.renamed(self.symmetry)
        with tempfile.TemporaryDirectory(prefix="raft-ref-compare-") as scratch:
            files = ModelFiles(Path(scratch), self.raft, bool(self.features))
            try:
                files.write(cluster, symmetry)
                return _Run(self, cluster, symmetry, files, on_progress).report()
            except SpecError as error:
                raise RequestError(files.told(error), is_named=False) from error


# The three checkers


@dataclass(frozen=True, slots=True)
class _Checked:
    """What one found; `states` returns all distinct ones, as values of the variables."""

    result: CheckerResult
    states: Callable[[], Iterable[State]]


class _Run:
    """One comparison, stage by stage."""

    def __init__(
        self,
        asked: Comparison,
        cluster: Cluster,
        symmetry: tuple[Renamed, ...],
        files: ModelFiles,
        on_progress: Callable[[ComparisonProgress], None],
    ) -> None:
        self._asked, self._cluster, self._symmetry, self._files = asked, cluster, symmetry, files
        self._tell = on_progress
        self._at, self._began = STAGES[0], time.monotonic()
        config = parse_config(files.config.read_text(encoding="utf-8"), str(files.config))
        self._task = task_of(load(files.model), config, False, None)
        self._checked: list[_Checked] = []
        self._apart: list[StatesApart] | None = None
        self._differs: str | None = None
        self._stages = (
            self._explore, self._evaluate, self._run_tlc, self._compare_states, self._compare_model
        )  # fmt: skip

    def report(self) -> ComparisonReport:
        """Go through all stages, or as far as nobody interrupts, and report."""
        stopped_in = None
        try:
            for name, stage in zip(STAGES, self._stages, strict=True):
                self._at = name
                self._told()
                stage()
        except KeyboardInterrupt:
            stopped_in = self._at
        results = [each.result for each in self._checked]
        return ComparisonReport(
            self._cluster, self._symmetry, results, self._apart, self._differs, stopped_in
        )

    def _told(self, found: Progress | None = None) -> None:
        self._tell(ComparisonProgress(self._at, time.monotonic() - self._began, found))

    def _add(self, checked: _Checked) -> None:
        self._checked.append(checked)
        if checked.result.verdict == Verdict.INCOMPLETE.value:
            raise KeyboardInterrupt  # which the search has made its own end of

    def _explore(self) -> None:
        cluster, names = self._cluster, self._task.model.variables
        search = explorer.Search(cluster.system, cluster.properties, self._symmetry, self._told)
        servers, values, on = cluster.system.servers, cluster.values, cluster.features
        variables = RaftVariables(servers, values)
        if on:
            variables = ExtendedVariables(servers, values, on, cluster.voters)

        def states() -> Iterable[State]:
            for view in search.views():
                values = variables.of(view, frozenset(names))
                yield tuple(values[name] for name in names)

        self._add(_Checked(of_exploration(search.run()), states))

    def _evaluate(self) -> None:
        core = row_search()
        search = Search(self._task, self._told, core and Core(*core))
        self._add(_Checked(of_report(search.run()), search.states))

    def _run_tlc(self) -> None:
        asked, files = self._asked, self._files
        if not (is_installed() if asked.tlc is None else asked.tlc):
            return
        dump = files.config.with_suffix(".dump") if asked.states else None
        try:
            result = run_tlc(
                files.model,
                files.config,
                workers=asked.workers,
                dump=dump,
                on_wait=lambda _: self._told(),
            )
        except RuntimeError as error:
            raise RequestError(f"TLC: {error}", is_named=False) from error
        if result.error is not None:
            raise RequestError(f"TLC: {result.error}", is_named=False)
        model_values = [*self._cluster.system.servers, *self._cluster.values, "Nil"]

        def states() -> Iterable[State]:
            return read_dump(dump, self._task.model.variables, model_values) if dump else []

        self._add(_Checked(of_tlc(result), states))

    def _compare_states(self) -> None:
        if self._asked.states:
            self._apart = _apart(self._checked, self._task, self._told)

    def _compare_model(self) -> None:
        on = self._cluster.features
        more = {"Features": frozenset(each.value for each in on), "Voters": None} if on else {}
        found = of_the_original(raft=self._files.raft, model=self._files.model, more=more)
        self._differs = next(found, None)


# Comparing states


def _apart(
    checked: Sequence[_Checked], task: Task, on_states: Callable[[], None]
) -> list[StatesApart]:
    """Compare the sets of states, each state standing for its renamings."""
    interner = Interner(task.model.variables)
    canonical = CanonicalRows(interner, task.renamings)
    sets: dict[str, set[Any]] = {each.result.checker: set() for each in checked}
    for each in checked:
        rows = sets[each.result.checker]
        for number, state in enumerate(each.states()):
            rows.add(canonical(interner.row(state)))
            if number % _BETWEEN_PROGRESS == 0:
                on_states()
    found = []
    for has, has_not in permutations(sets, 2):
        rows = sets[has] - sets[has_not]
        example = _show(interner, min(rows)) if rows else None
        found.append(StatesApart(has, has_not, len(rows), example))
    return found


def _show(interner: Interner, row: tuple[int, ...]) -> str:
    named = zip(interner.variables, interner.state(row), strict=True)
    return " ".join(f"/\\ {name} = {show(value)}" for name, value in named)

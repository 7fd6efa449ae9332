"""The node, the spec and TLC on the spec, within the same bounds: what they do not agree on."""

import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path

from raft_ref import explorer
from raft_ref.explorer import Renamed
from raft_ref.spec.checker.config import parse_config
from raft_ref.spec.checker.search import Search, Task
from raft_ref.spec.checker.symmetry import canonical_rows
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.checker.verdict import Verdict
from raft_ref.spec.link import MODEL, MODEL_BOUNDS, MODEL_SYMMETRIES, RaftVariables
from raft_ref.spec.link.original import differences as of_the_original
from raft_ref.spec.module import load
from raft_ref.spec.requests import RequestError
from raft_ref.spec.steps.interning import Interner, State
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


@dataclass(frozen=True, slots=True)
class StatesApart:
    """States that one checker has and another has not: how many, and one of them."""

    has: str
    has_not: str
    number: int
    example: str | None


@dataclass(frozen=True, slots=True)
class ComparisonReport:
    """What each checker found; `states` is of each two of them, None if they were not compared.

    `original` is where MCRaft.tla is not Raft.tla, if it is known to differ.
    """

    cluster: Cluster
    symmetry: tuple[Renamed, ...]
    results: Sequence[CheckerResult]
    states: Sequence[StatesApart] | None
    original: str | None = None

    @property
    def differences(self) -> list[str]:
        """The names of what they do not agree on."""
        return differences(self.results)

    @property
    def apart(self) -> list[StatesApart]:
        """Which states not all of them have."""
        return [each for each in self.states or () if each.number]

    @property
    def are_same(self) -> bool:
        """Whether nothing is known that tells them apart."""
        return not self.differences and not self.apart and self.original is None

    @property
    def holds(self) -> bool:
        """Whether they are the same, and each says that all properties hold."""
        return self.are_same and all(each.verdict == Verdict.HOLDS.value for each in self.results)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Explore the reference node, and check MCRaft.tla with the embedded checker and with TLC.

    `states` compares the sets of states too, one by one. `tlc` says whether TLC takes part (None:
    if it is installed), and `workers` how many threads it has.
    """

    sizes: GivenSizes = field(default_factory=GivenSizes)
    symmetry: Symmetry = None
    states: bool = False
    tlc: bool | None = None
    workers: int = 1

    def run(
        self, on_progress: Callable[[Progress], None] = lambda progress: None
    ) -> ComparisonReport:
        """Compare, and report; raises KeyboardInterrupt: a part is not compared with anything."""
        cluster = build(ClusterRequest(sizes=self.sizes, properties=PropertyRequest(refine=False)))
        symmetry = cluster.renamed(self.symmetry)
        with tempfile.TemporaryDirectory(prefix="raft-ref-compare-") as scratch:
            config = Path(scratch) / "MCRaft.cfg"
            config.write_text(config_text(cluster, symmetry), encoding="utf-8")
            task = task_of(load(MODEL), parse_config(config.read_text(), str(config)), False, None)
            checked = [
                _explored(cluster, task, symmetry, on_progress),
                _evaluated(task, on_progress),
            ]
            if is_installed() if self.tlc is None else self.tlc:
                dump = config.with_suffix(".dump") if self.states else None
                checked.append(_checked_by_tlc(cluster, config, dump, self.workers))
            apart = _apart(checked, task) if self.states else None
        results = [each.result for each in checked]
        return ComparisonReport(cluster, symmetry, results, apart, next(of_the_original(), None))


def config_text(cluster: Cluster, symmetry: tuple[Renamed, ...]) -> str:
    """Return the configuration of MCRaft.tla that ships, with the cluster's numbers in it."""
    bounds = cluster.system.bounds.as_dict()
    numbers = {name: str(bounds[bound]) for name, bound in MODEL_BOUNDS.items()}
    numbers["Server"] = f"{{{', '.join(cluster.system.servers)}}}"
    numbers["Value"] = f"{{{', '.join(cluster.values)}}}"
    text = MODEL.with_suffix(".cfg").read_text(encoding="utf-8")
    for name, number in numbers.items():
        text = re.sub(rf"^( *{name} = ).*$", rf"\g<1>{number}", text, flags=re.MULTILINE)
    line = f"SYMMETRY {MODEL_SYMMETRIES[symmetry]}" if symmetry else ""
    return re.sub(r"^SYMMETRY.*$", line, text, flags=re.MULTILINE)


# The three checkers


@dataclass(frozen=True, slots=True)
class _Checked:
    """What one found; `states` returns all distinct ones, as values of the variables."""

    result: CheckerResult
    states: Callable[[], Iterable[State]]


def _explored(
    cluster: Cluster,
    task: Task,
    symmetry: tuple[Renamed, ...],
    on_progress: Callable[[Progress], None],
) -> _Checked:
    search = explorer.Search(cluster.system, cluster.properties, symmetry, on_progress)
    result = _complete(of_exploration(search.run()))
    names = task.model.variables
    variables = RaftVariables(cluster.system.servers, cluster.values)

    def states() -> Iterable[State]:
        for view in search.views():
            values = variables.of(view, frozenset(names))
            yield tuple(values[name] for name in names)

    return _Checked(result, states)


def _evaluated(task: Task, on_progress: Callable[[Progress], None]) -> _Checked:
    search = Search(task, on_progress)
    return _Checked(_complete(of_report(search.run())), search.states)


def _complete(result: CheckerResult) -> CheckerResult:
    """Return the result of a search; what was interrupted is not compared with anything."""
    if result.verdict == Verdict.INCOMPLETE.value:
        raise KeyboardInterrupt
    return result


def _checked_by_tlc(cluster: Cluster, config: Path, dump: Path | None, workers: int) -> _Checked:
    try:
        result = run_tlc(MODEL, config, workers=workers, dump=dump)
    except RuntimeError as error:
        raise RequestError(f"TLC: {error}", is_named=False) from error
    if result.error is not None:
        raise RequestError(f"TLC: {result.error}", is_named=False)
    model_values = [*cluster.system.servers, *cluster.values, "Nil"]

    def states() -> Iterable[State]:
        return read_dump(dump, load(MODEL).variables, model_values) if dump else []

    return _Checked(of_tlc(result), states)


# Comparing states


def _apart(checked: Sequence[_Checked], task: Task) -> list[StatesApart]:
    """Compare the sets of states, each state standing for its renamings."""
    interner = Interner(task.model.variables)
    canonical = canonical_rows(interner, task.renamings)
    sets = {
        each.result.checker: {canonical(interner.row(state)) for state in each.states()}
        for each in checked
    }
    found = []
    for has, has_not in permutations(sets, 2):
        rows = sets[has] - sets[has_not]
        example = _show(interner, min(rows)) if rows else None
        found.append(StatesApart(has, has_not, len(rows), example))
    return found


def _show(interner: Interner, row: tuple[int, ...]) -> str:
    named = zip(interner.variables, interner.state(row), strict=True)
    return " ".join(f"/\\ {name} = {show(value)}" for name, value in named)

"""A specification in the embedded checker, beside real TLC if asked."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from raft_ref.explorer.engines.choice import EngineName, row_search
from raft_ref.spec.checker.config import load_config
from raft_ref.spec.checker.core import Core
from raft_ref.spec.checker.search import Search, Task
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.checker.verdict import Progress, Report, Verdict
from raft_ref.spec.module import load
from raft_ref.spec.requests import RequestError
from raft_ref.spec.tlc.run import TlcResult, run_tlc
from raft_ref.verify.checkers import CheckerResult, differences, of_report, of_tlc


@dataclass(frozen=True, slots=True)
class SpecReport:
    """What became of it: `task` is what was checked, `embedded` and `tlc` what each found.

    TLC is None if it was not asked, or not run because the embedded checker was interrupted.
    """

    task: Task
    embedded: Report
    tlc: TlcResult | None

    @property
    def results(self) -> list[CheckerResult]:
        """What each checker found, in the same words."""
        tlc = [] if self.tlc is None else [of_tlc(self.tlc, self.embedded)]
        return [of_report(self.embedded), *tlc]

    @property
    def differences(self) -> list[str]:
        """The names of what the checkers do not agree on."""
        return differences(self.results)


@dataclass(frozen=True, slots=True)
class SpecCheck:
    """Check a module with its configuration (None: the .cfg beside it).

    `deadlock` says whether a state without successors is a violation (None: what the configuration
    says, or yes), `depth` bounds the levels of states, `tlc` runs TLC too, with so many `workers`,
    that of `tlc_jar` if there is one. A `library` is folders in which modules are looked for too.
    With the ``"plain"`` `engine` all is done in Python, with the ``"native"`` one what repeats
    itself in C++; what is found is the same.
    """

    module: Path
    config: Path | None = None
    deadlock: bool | None = None
    depth: int | None = None
    tlc: bool = False
    workers: int = 1
    tlc_jar: Path | None = None
    library: tuple[Path, ...] = ()
    engine: EngineName = "auto"

    def __post_init__(self) -> None:
        if self.tlc and self.depth is not None:
            raise RequestError("depth: TLC has no such bound, leave out --tlc")

    def run(self, on_progress: Callable[[Progress], None] = lambda progress: None) -> SpecReport:
        """Check, and report.

        Raises `SpecError`, `RequestError` where TLC is not installed, and `EngineError` where the
        native engine is asked for and was not built.
        """
        config = self.config or self.module.with_suffix(".cfg")
        task = task_of(
            load(self.module, self.library), load_config(config), self.deadlock, self.depth
        )
        core = row_search(self.engine)
        embedded = Search(task, on_progress, core and Core(*core)).run()
        is_over = embedded.verdict is not Verdict.INCOMPLETE
        return SpecReport(task, embedded, self._run_tlc(config, task) if is_over else None)

    def _run_tlc(self, config: Path, task: Task) -> TlcResult | None:
        if not self.tlc:
            return None
        try:
            return run_tlc(
                self.module,
                config,
                workers=self.workers,
                deadlock=task.check_deadlock,
                jar=self.tlc_jar,
                library=[each.resolve() for each in self.library],
            )
        except RuntimeError as error:
            raise RequestError(f"tlc: {error}") from error

"""A specification in the embedded checker, beside real TLC if asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from raft_ref.explorer.engines.choice import EngineName, row_search
from raft_ref.spec.checker.behavior import as_itf
from raft_ref.spec.checker.config import Config, Named, load_config
from raft_ref.spec.checker.core import Core
from raft_ref.spec.checker.search import Property, Search, Task
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.checker.verdict import Progress, Report, Step, Verdict
from raft_ref.spec.module import Module, load
from raft_ref.spec.requests import RequestError, probably
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.spec.tlc.run import TlcResult, run_tlc
from raft_ref.spec.values.value import Value, elements_of
from raft_ref.traces import Trace, TraceError, Violation
from raft_ref.traces.drawing.page import Annotations, Code
from raft_ref.traces.sources.behaviors import Behavior, Taken, trace_of_behavior
from raft_ref.verify.checkers import CheckerResult, differences, of_report, of_tlc
from raft_ref.verify.trace_properties import definition


@dataclass(frozen=True, slots=True)
class SpecReport:
    """What became of it: `task` is what was checked, `embedded` and `tlc` what each found.

    TLC is None if it was not asked, or not run because the embedded checker was interrupted.
    """

    task: Task
    embedded: Report
    tlc: TlcResult | None
    module: Path

    def trace(self, source: str = "") -> Trace | None:
        """Return the counterexample as a trace, if there is one; `source` is where it comes from.

        Raises `RequestError` where what is said to be the processes is none.
        """
        found = self.embedded.counterexample
        if found is None:
            return None
        last = [] if found.again is None else [found.again]
        behavior = Behavior(
            self.module.stem,
            [_as_itf(found.variables, each.state) for each in found.steps],
            [_taken(step) for step in (*found.steps[1:], *last)],
            found.back_to,
        )
        processes = () if self.task.processes is None else elements_of(self.task.processes)
        try:
            return trace_of_behavior(behavior, [*map(as_itf, processes)], source, self._violation())
        except TraceError as error:
            raise RequestError(f"processes: {error}") from None

    def _violation(self) -> Violation | None:
        if self.embedded.verdict is not Verdict.VIOLATED:
            return None
        if self.embedded.violated_at is None:
            return Violation("DeadlockFreedom", "every state has a successor")
        text, instances = falsified(self.embedded, self.task)
        assert self.embedded.violated is not None
        return Violation(self.embedded.violated, text, tuple(instances))

    def annotations(self, trace: Trace) -> Annotations:
        """Return what is known of its trace: which invariants are broken, the text of actions."""
        found, tests = self.embedded.counterexample, self.task.invariants
        assert found is not None
        broken: list[list[str]] = []
        for step in found.steps if found.again is None else (*found.steps, found.again):
            values = dict(zip(found.variables, step.state, strict=True))
            broken.append([each.name for each in tests if not _holds(each, values)])
        names = sorted({step.step for step in trace.steps})
        texts = {name: definition(name, self.module) for name in names}
        return Annotations(
            {each.name: each.condition.text for each in tests},
            broken,
            {name: Code(text, "") for name, text in texts.items() if text},
        )

    @property
    def results(self) -> list[CheckerResult]:
        """What each checker found, in the same words."""
        tlc = [] if self.tlc is None else [of_tlc(self.tlc, self.embedded)]
        return [of_report(self.embedded), *tlc]

    @property
    def differences(self) -> list[str]:
        """The names of what the checkers do not agree on."""
        return differences(self.results)


def falsified(report: Report, task: Task) -> tuple[str, Sequence[str]]:
    """Return the formula that a counterexample violates, and what of it falsifies that."""
    found = report.counterexample
    assert found is not None
    if found.back_to is not None:
        return next(e.text for e in task.behaviors.demands if e.at == report.violated_at), ()
    tests = (*task.invariants, *task.initial_properties, *task.step_properties)
    condition = next(each.condition for each in tests if each.at == report.violated_at)
    values = [dict(zip(found.variables, each.state, strict=True)) for each in found.steps]
    last = values[-2:] if condition.reads_primed else values[-1:]
    return condition.text, condition.failing_instances(*last)


def _holds(prop: Property, values: Mapping[str, Value]) -> bool:
    try:
        return prop.condition.holds(values)
    except SpecError:
        return True  # of what has no value nothing is said


def _as_itf(variables: Sequence[str], state: Sequence[Value]) -> dict[str, Any]:
    return {name: as_itf(value) for name, value in zip(variables, state, strict=True)}


def _taken(step: Step) -> Taken:
    assert step.action is not None
    named = zip(step.action.parameters, step.arguments, strict=True)
    return Taken(step.action.name, {name: as_itf(value) for name, value in named})


def _alone(name: str, module: Module, config: Config) -> Config:
    """Return a configuration that asks for one operator, and for nothing else."""
    try:
        is_invariant = module.is_of_states(name)
    except KeyError:
        known = [each.name for each in module.operators.values() if not each.parameters]
        reason = f"only: {module.name} has no operator {name} without parameters"
        raise RequestError(f"{reason}; {probably(name, known)}") from None
    one, none = (Named(name, module.operators[name].position),), tuple[Named, ...]()
    return replace(
        config,
        invariants=one if is_invariant else none,
        properties=none if is_invariant else one,
        postconditions=none,
        check_deadlock=False,
    )


@dataclass(frozen=True, slots=True)
class SpecCheck:
    """Check a module with its configuration (None: the .cfg beside it).

    `deadlock` says whether a state without successors is a violation (None: what the configuration
    says, or yes), `depth` bounds the levels of states, `tlc` runs TLC too, with so many `workers`,
    that of `tlc_jar` if there is one. A `library` is folders in which modules are looked for too.
    `processes` is an expression for the set of them, for the columns of a trace (None: found out).
    With the ``"plain"`` `engine` all is done in Python, with the ``"native"`` one what repeats
    itself in C++; what is found is the same. `only` is what is asked in the place of all that the
    configuration asks: an operator of the module, an invariant or a property.
    """

    module: Path
    config: Path | None = None
    deadlock: bool | None = None
    depth: int | None = None
    tlc: bool = False
    workers: int = 1
    tlc_jar: Path | None = None
    library: tuple[Path, ...] = ()
    processes: str | None = None
    engine: EngineName = "auto"
    only: str | None = None

    def __post_init__(self) -> None:
        if self.tlc and self.depth is not None:
            raise RequestError("depth: TLC has no such bound, leave out --tlc")
        if self.tlc and self.only is not None:
            raise RequestError(
                "only: TLC is asked for what the configuration says, leave out --tlc"
            )

    def run(self, on_progress: Callable[[Progress], None] = lambda progress: None) -> SpecReport:
        """Check, and report.

        Raises `SpecError`, `RequestError` where TLC is not installed, and `EngineError` where the
        native engine is asked for and was not built.
        """
        config = self.config or self.module.with_suffix(".cfg")
        module, asked = load(self.module, self.library), load_config(config)
        if self.only is not None:
            asked = _alone(self.only, module, asked)
        task = task_of(module, asked, self.deadlock, self.depth, self.processes)
        core = row_search(self.engine)
        embedded = Search(task, on_progress, core and Core(*core)).run()
        is_over = embedded.verdict is not Verdict.INCOMPLETE
        tlc = self._run_tlc(config, task) if is_over else None
        return SpecReport(task, embedded, tlc, self.module)

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

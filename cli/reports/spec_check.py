"""What the embedded checker found of a specification, beside TLC, as text and as JSON."""

from collections.abc import Iterator
from typing import Any

from raft_ref.cli.reports import comparison
from raft_ref.cli.reports.pictures import Written
from raft_ref.cli.reports.terminal import wrapped
from raft_ref.spec.checker.behavior import as_table, as_tlc, under_alias
from raft_ref.spec.checker.search import Task
from raft_ref.spec.checker.verdict import Behavior, Report, Verdict
from raft_ref.spec.values.value import show
from raft_ref.verify import SpecReport
from raft_ref.verify.spec_check import falsified


def as_text(report: SpecReport, where: Written, *, is_full: bool, quiet: bool) -> list[str]:
    """Return a report as lines.

    Arguments: the report; where its counterexample was written to; whether each of its states is
    shown in full, as TLC does; whether the verdict alone is wanted.
    """
    found, task = report.embedded, report.task
    lines = [_verdict(found, task)]
    if not quiet:
        lines = [*map(show, task.model.printed), *lines, _size(found)]
        lines += [f"  NOT CHECKED: {each}" for each in found.unchecked]
        lines += [f"  left aside: {each}" for each in task.left_aside]
        lines += [f"  warning: {each}" for each in task.model.warnings]
        lines.append("")
        behavior = found.counterexample
        if behavior is not None:
            shown = under_alias(behavior, task)
            lines += as_tlc(shown) if is_full else [*as_table(shown), ""]
            lines += _reason(found, task)
        elif found.verdict is Verdict.VIOLATED:
            text = next(e.condition.text for e in task.postconditions if e.at == found.violated_at)
            lines += [f"{found.violated} is violated:", f"    {text}"]
        else:
            lines += _covered(found, task)
    if report.tlc is not None:
        table = comparison.side_by_side(report.results, report.differences)
        lines += [] if quiet else ["", *table, f"TLC: {report.tlc.version}", ""]
        differ = ", ".join(report.differences)
        lines.append(f"DIFFERENT: {differ} in TLC" if differ else "the same in TLC")
    return [*lines, *(["", *told] if (told := where.as_text()) else [])]


def errors(report: SpecReport) -> Iterator[str]:
    """Yield what could not be evaluated, by TLC and by the embedded checker."""
    if report.tlc is not None and report.tlc.error is not None:
        yield f"TLC: {report.tlc.error}"
    if report.embedded.error is not None:
        yield str(report.embedded.error)


def as_json(report: SpecReport, where: Written) -> dict[str, Any]:
    """Return a report as a JSON object; `where` is where its counterexample was written to."""
    found, task = report.embedded, report.task
    behavior, error = found.counterexample, found.error
    return {
        "verdict": found.verdict.value,
        "violated": found.violated,
        "error": None if error is None else str(error),
        "distinct_states": found.distinct_states,
        "generated_states": found.generated_states,
        "depth": found.depth,
        "covered_depth": found.covered_depth,
        "seconds": round(found.seconds, 3),
        "left_aside": [*task.left_aside],
        "unchecked": [*found.unchecked],
        "printed": [*map(show, task.model.printed)],
        "warnings": [*task.model.warnings],
        "renamings": found.renamings,
        "actions": {name: each._asdict() for name, each in found.actions.items()},
        "states": None if behavior is None else len(behavior.steps),
        **where.as_json(),
        "tlc_version": None if report.tlc is None else report.tlc.version,
        "tlc": None if report.tlc is None else comparison.result_as_json(report.results[1]),
        "differences": report.differences,
    }


def _verdict(report: Report, task: Task) -> str:
    title = report.verdict.value.replace("_", " ")
    steps = 0 if report.counterexample is None else len(report.counterexample.steps) - 1
    match report.verdict:
        case Verdict.HOLDS if not task.model.variables:
            return f"{title}: the {task.assumptions} assumptions; no behavior is specified"
        case Verdict.HOLDS if report.distinct_states == 0:
            return f"{title}, of nothing: there is no initial state"
        case Verdict.HOLDS_IN_PART:
            return f"{title}: not all properties were checked"
        case Verdict.NOTHING_ASKED:
            return f"{title}: no invariant, no property, no check of deadlock"
        case Verdict.VIOLATED:
            return f"{title}: {report.violated}{_way(report.counterexample)}"
        case Verdict.ERROR:
            return f"{title}, in {steps} steps"
        case Verdict.HOLDS_WITHIN_BOUNDS:
            return f"{title}: depth {report.depth}, {report.queue:,} states were not expanded"
        case Verdict.INCOMPLETE:
            return (
                f"{title}: stopped at depth {report.depth}; every step was taken down to depth "
                f"{report.covered_depth}, {report.queue:,} states were left to expand"
            )
    return title


def _way(behavior: Behavior | None) -> str:
    """Return how far it is to what is violated."""
    if behavior is None:
        return ""
    if behavior.back_to is not None:
        return ", by a behavior without end"
    return f", in {len(behavior.steps) - 1} steps"


def _size(report: Report) -> str:
    rate = report.distinct_states / max(report.seconds, 1e-9)
    symmetry = f", up to {report.renamings} renamings" if report.renamings > 1 else ""
    return (
        f"  {report.distinct_states:,} distinct states{symmetry}, {report.generated_states:,} "
        f"generated, depth {report.depth}; {report.seconds:.1f} s, {rate:,.0f} states/s"
    )


def _reason(report: Report, task: Task) -> list[str]:
    if report.error is not None:
        lines = ["The last state, or the step from it, cannot be evaluated."]
        context = report.error.context
        if context is not None and context.operators:
            lines.append(f"    in {', called by '.join(context.operators)}")
        if context is not None and context.bound:
            lines.append(f"    where {', '.join(f'{name} = {v}' for name, v in context.bound)}")
        return lines
    if report.violated_at is None:
        return ["The last state has no successor: a deadlock."]
    text, instances = falsified(report, task)
    lines = [f"{report.violated} is violated:", *(f"    {line}" for line in text.splitlines())]
    return lines + [f"    falsified by {each}" for each in instances]


def _covered(report: Report, task: Task) -> list[str]:
    tests = (*task.invariants, *task.initial_properties, *task.step_properties)
    unchecked = {each.partition(":")[0] for each in report.unchecked}
    names = [each.name for each in (*tests, *task.postconditions)]
    names += [each.name for each in task.behaviors.demands if each.name not in unchecked]
    names = [*dict.fromkeys(names)]
    names += ["no deadlock"] if task.check_deadlock and task.model.variables else []
    width = max(map(len, report.actions), default=0)
    return [
        *(wrapped("hold", names) if report.verdict is not Verdict.INCOMPLETE else []),
        f"actions:{'successors':>{width + 7}}{'new states':>14}",
        *(
            f"  {name:<{width}}{generated:>13,}{distinct:>14,}"
            for name, (generated, distinct) in report.actions.items()
        ),
        *wrapped("NEVER taken", [name for name, each in report.actions.items() if not each[0]]),
    ]

"""`raft-ref spec check`: a TLA+ specification in the embedded checker, beside TLC if asked."""

import argparse
import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from raft_ref.cli.options.errors import EXIT_CODES, UsageError, demand_writable
from raft_ref.cli.reports.terminal import live_progress, wrapped
from raft_ref.spec.checker.behavior import as_ndjson, as_table, as_tlc
from raft_ref.spec.checker.config import load_config
from raft_ref.spec.checker.search import Search, Task
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.checker.verdict import Report, Verdict
from raft_ref.spec.module import load
from raft_ref.spec.tlc.run import TlcResult, run_tlc
from raft_ref.spec.values.value import show
from raft_ref.verify.comparison import Figures, differences, of_report, of_tlc, side_by_side

EXAMPLES = """\
examples:
  raft-ref spec check Counter.tla                 with Counter.cfg, which stands beside it
  raft-ref spec check Counter.tla --config Other.cfg --no-deadlock
  raft-ref spec check Counter.tla --full --trace bug.ndjson
                                                  a counterexample as TLC prints it, and kept
  raft-ref spec check Counter.tla --tlc           the same with real TLC, side by side
"""

EXIT = {
    Verdict.HOLDS: 0,
    Verdict.HOLDS_WITHIN_BOUNDS: 0,
    Verdict.VIOLATED: 1,
    Verdict.ERROR: 2,
    Verdict.INCOMPLETE: 3,
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Check all states of a TLA+ specification, as its TLC configuration says: "
        "invariants, properties of steps ([][A]_v), deadlock, constraints, symmetry and view. "
        "States are counted as TLC counts them. A violation comes with a shortest counterexample."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.set_defaults(run=run)
    parser.add_argument("module", metavar="FILE.tla", type=Path, help="the module")
    what = parser.add_argument_group("what to check")
    what.add_argument(
        "--config", metavar="FILE.cfg", type=Path, help="default: the .cfg beside the module"
    )
    what.add_argument(
        "--deadlock",
        action=argparse.BooleanOptionalAction,
        help="whether a state without successors is a violation "
        "(default: what CHECK_DEADLOCK says, or yes)",
    )
    what.add_argument(
        "--depth", type=_positive, metavar="N", help="levels of states, the initial one included"
    )
    tlc = parser.add_argument_group("real TLC (needs the extra [tlc])")
    tlc.add_argument("--tlc", action="store_true", help="run TLC too, and compare")
    tlc.add_argument(
        "--workers", type=_positive, metavar="N", default=1, help="threads of TLC (default: 1)"
    )
    _add_output(parser.add_argument_group("output"))


def _add_output(group: Any) -> None:
    group.add_argument(
        "--full", action="store_true", help="show each state of a counterexample in full, as TLC"
    )
    group.add_argument(
        "--trace", metavar="FILE", type=Path, help="write the counterexample (NDJSON)"
    )
    group.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    group.add_argument("--quiet", action="store_true", help="print the verdict alone")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected 1 or more")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    if options.tlc and options.depth is not None:
        raise UsageError("--depth: TLC has no such bound, leave out --tlc")
    if options.trace is not None:
        demand_writable("--trace", options.trace)
    config_path = options.config or options.module.with_suffix(".cfg")
    task = task_of(load(options.module), load_config(config_path), options.deadlock, options.depth)
    live = sys.stderr.isatty() and not options.quiet
    with live_progress() if live else nullcontext(lambda progress: None) as on_progress:
        report = Search(task, on_progress).run()
    if report.verdict is Verdict.INCOMPLETE or not options.tlc:
        tlc = None
    else:
        tlc = _run_tlc(options, config_path, task)
    columns = [of_report(report), *([of_tlc(tlc, report)] if tlc else [])]
    if report.counterexample is not None and options.trace is not None:
        lines = as_ndjson(report.counterexample)
        options.trace.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    if options.json:
        print(json.dumps(_as_json(report, task, columns, options.trace)))
    else:
        _print(report, task, columns, options)
        if tlc is not None and tlc.error is not None:
            print(f"raft-ref: TLC: {tlc.error}", file=sys.stderr)
        if report.error is not None:
            print(f"raft-ref: {report.error}", file=sys.stderr)
    return EXIT[report.verdict] or int(bool(differences(columns)))


def _run_tlc(options: argparse.Namespace, config_path: Path, task: Task) -> TlcResult:
    try:
        return run_tlc(
            options.module, config_path, workers=options.workers, deadlock=task.check_deadlock
        )
    except RuntimeError as error:
        raise UsageError(f"--tlc: {error}") from error


# Reports for people


def _print(report: Report, task: Task, columns: list[Figures], options: argparse.Namespace) -> None:
    lines = [_verdict(report)]
    if not options.quiet:
        lines = [*map(show, task.model.printed), *lines, _size(report)]
        lines += [f"  left aside: {each}" for each in task.left_aside]
        lines += [f"  warning: {each}" for each in task.model.warnings]
        lines.append("")
        behavior = report.counterexample
        if behavior is not None:
            lines += as_tlc(behavior) if options.full else [*as_table(behavior), ""]
            lines += _reason(report, task)
        else:
            lines += _covered(report, task)
    if len(columns) > 1:
        lines += [] if options.quiet else ["", *side_by_side(columns), ""]
        lines.append(f"{_agreement(columns)} in TLC")
    if report.counterexample is not None and options.trace is not None:
        lines += ["", f"trace written to {options.trace}"]
    print("\n".join(lines))


def _verdict(report: Report) -> str:
    title = report.verdict.value.replace("_", " ")
    steps = 0 if report.counterexample is None else len(report.counterexample.steps) - 1
    match report.verdict:
        case Verdict.HOLDS if report.distinct_states == 0:
            return f"{title}, of nothing: there is no initial state"
        case Verdict.VIOLATED:
            return f"{title}: {report.violated}, in {steps} steps"
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


def _size(report: Report) -> str:
    rate = report.distinct_states / max(report.seconds, 1e-9)
    symmetry = f", up to {report.renamings} renamings" if report.renamings > 1 else ""
    return (
        f"  {report.distinct_states:,} distinct states{symmetry}, {report.generated_states:,} "
        f"generated, depth {report.depth}; {report.seconds:.1f} s, {rate:,.0f} states/s"
    )


def _reason(report: Report, task: Task) -> list[str]:
    if report.error is not None:
        return ["The last state, or the step from it, cannot be evaluated."]
    if report.violated_at is None:
        return ["The last state has no successor: a deadlock."]
    tests = (*task.invariants, *task.initial_properties, *task.step_properties)
    text = next(each.condition.text for each in tests if each.at == report.violated_at)
    lines = [f"{report.violated} is violated:", *(f"    {line}" for line in text.splitlines())]
    assert report.counterexample is not None
    variables = report.counterexample.variables
    values = [dict(zip(variables, e.state, strict=True)) for e in report.counterexample.steps]
    failing = next(e.condition for e in tests if e.at == report.violated_at)
    last = values[-2:] if failing.reads_primed else values[-1:]
    return lines + [f"    falsified by {each}" for each in failing.failing_instances(*last)]


def _covered(report: Report, task: Task) -> list[str]:
    tests = (*task.invariants, *task.initial_properties, *task.step_properties)
    names = [*dict.fromkeys(each.name for each in tests)]
    names += ["no deadlock"] if task.check_deadlock else []
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


def _agreement(columns: list[Figures]) -> str:
    found = differences(columns)
    return f"DIFFERENT: {', '.join(found)}" if found else "the same"


def _as_json(
    report: Report, task: Task, columns: list[Figures], trace: Path | None
) -> dict[str, Any]:
    behavior, error = report.counterexample, report.error
    return {
        "verdict": report.verdict.value,
        "violated": report.violated,
        "error": None if error is None else str(error),
        "distinct_states": report.distinct_states,
        "generated_states": report.generated_states,
        "depth": report.depth,
        "covered_depth": report.covered_depth,
        "seconds": round(report.seconds, 3),
        "left_aside": [*task.left_aside],
        "printed": [*map(show, task.model.printed)],
        "warnings": [*task.model.warnings],
        "renamings": report.renamings,
        "actions": {name: each._asdict() for name, each in report.actions.items()},
        "states": None if behavior is None else len(behavior.steps),
        "trace": None if behavior is None or trace is None else str(trace),
        "tlc": columns[1].as_json() if len(columns) > 1 else None,
        "differences": differences(columns),
    }

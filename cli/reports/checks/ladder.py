"""What was found on the ladder, as text and as JSON."""

import argparse
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from raft_ref.cli.options.output import Output
from raft_ref.cli.options.sizes import flag_of
from raft_ref.cli.reports.checks import calibration
from raft_ref.cli.reports.checks.explored import TITLES, covered, held
from raft_ref.cli.reports.pictures import Written
from raft_ref.cli.reports.terminal import table, wrapped
from raft_ref.explorer import Verdict
from raft_ref.features import Feature
from raft_ref.spec.link import BISIMULATION, INITIAL_REFINEMENT, PROGRESS, REFINEMENT
from raft_ref.verify import LadderProgress, LadderReport, RungReport
from raft_ref.verify.ladder import ladder

_TIES = (INITIAL_REFINEMENT, REFINEMENT, BISIMULATION)
_WORDS = {
    "max_term": "term",
    "max_log_length": "log",
    "max_snapshot_index": "snapshot",
    "max_messages": "messages",
    "max_restarts": "restarts",
    "max_drops": "drops",
    "max_duplicates": "duplicates",
    "max_changes": "changes in a log",
}

_OF_CLUSTER = ("servers", "voters")


def progress_line(progress: LadderProgress) -> str:
    """Return how far the ladder was climbed, in one line."""
    now = "; ".join(f"{name}: {states:,} states" for name, states in progress.now.items())
    line = f"{progress.done} of {progress.rungs} searches, {progress.seconds:.0f} s; {now}"
    if progress.violated is None:
        return line
    return f"{progress.violated} is violated; what follows from that (Ctrl-C ends it): {line}"


def as_text(report: LadderReport, output: Output) -> list[str]:
    """Return a report as lines: the verdict first, then what each rung covered."""
    lines = [_verdict(report), *_setting(report)]
    if report.found is not None:
        return [*lines, *_where(report, output)]
    lines += calibration.as_text(report.calibration if report.cluster.is_raft else None)
    lines += wrapped("NOT reached", report.unreached)
    if output.quiet:
        return lines
    always = [prop.name for prop in report.cluster.properties if not prop.is_sometimes]
    hold = held(report.verdict)
    return [
        *lines,
        "",
        *_rungs(report),
        "",
        *wrapped(hold, [*dict.fromkeys([*always, *_ties(report)])]),
        *wrapped("reached", _reached(report)),
        "",
        *table("actions taken", _actions(report)),
    ]


def as_json(report: LadderReport, output: Output, written: Written) -> dict[str, Any]:
    """Return a report as a JSON object."""
    shown, trace = report.shown, report.trace()
    found = None if shown is None else shown.found
    return {
        "verdict": report.verdict.value,
        "property": None if found is None else found.prop,
        "rung": None if shown is None else shown.rung.name,
        "step_refinement": None if report.consequence is None else _step_as_json(report.found),
        "seconds": round(report.seconds, 3),
        "processes": report.processes,
        "is_interrupted": report.is_interrupted,
        "rungs_planned": report.planned,
        "rungs": [_rung_as_json(each) for each in report.rungs],
        "known_bugs": calibration.as_json(report.calibration if report.cluster.is_raft else None),
        "unreached": list(report.unreached),
        "actions": dict(_actions(report)),
        **written.as_json(),
        "steps": None if trace is None else len(trace.steps),
    }


def _verdict(report: LadderReport) -> str:
    title, shown = TITLES[report.verdict], report.shown
    if shown is not None and shown.found is not None:
        return f"{title}: {shown.found.prop}, in {len(shown.found.trace.steps)} steps"
    if report.verdict is Verdict.INCOMPLETE:
        whole = sum(each.is_whole for each in report.rungs if not each.is_deeper)
        why = "interrupt" if report.is_interrupted else _why(report)
        return f"{title}: stopped by {why} when {whole} of {report.planned} searches were whole"
    return title


def _why(report: LadderReport) -> str:
    always = [each.report for each in report.rungs if each.report and not each.is_deeper]
    return next((each.stopped_by for each in always if each.stopped_by), "the time")


def _setting(report: LadderReport) -> list[str]:
    states = sum(each.report.distinct_states for each in report.rungs if each.report)
    deeper = sum(each.is_deeper and each.walks is None for each in report.rungs)
    walks = sum(each.walks or 0 for each in report.rungs)
    more = [f"{deeper} deeper"] if deeper else []
    more += [f"{walks} random walks"] if walks else []
    cluster = report.cluster
    is_short = report.found is None and not report.is_interrupted and not deeper and not walks
    notes = dict.fromkeys(each.note for each in report.rungs if each.note)
    return [
        f"  {cluster.description}, network {cluster.system.network_kind}; "
        f"{', '.join([_several(len(report.rungs) - len(_others(report))), *more])}",
        f"  {states:,} distinct states in all; {report.seconds:.1f} s, "
        f"{report.processes} at a time",
        *([f"  no time was left for deeper searches and walks ({_time(report)})"] * is_short),
        *(f"  {note}" for note in notes),
    ]


def _time(report: LadderReport) -> str:
    """Return the time that there was, and where it comes from."""
    if report.budget is not None:
        return f"--time {report.budget:g}s"
    return f"{ladder.SECONDS:g} s without --time"


def _several(searches: int) -> str:
    return f"{searches} search{'es'[: 2 * (searches != 1)]}"


def _others(report: LadderReport) -> list[RungReport]:
    return [each for each in report.rungs if each.is_deeper]


def _where(report: LadderReport, output: Output) -> list[str]:
    """Tell which rung found it, how to search that alone, and what else is wrong."""
    shown = report.shown
    assert shown is not None
    assert report.found is not None
    assert report.found.found is not None
    lines = [f'  found by the search "{shown.rung.name}": {shown.rung.why}']
    if shown.found is not None and shown.found.seed is not None:
        sizes = [word for name, n in shown.rung.sizes.items() for word in (flag_of(name), str(n))]
        more = [*sizes, "--random", "--seed", str(shown.found.seed), "--runs", "1"]
        lines.append(f"  replay: {shlex.join(['raft-ref', *output.words, *more])}")
    else:
        lines.append(f"  alone: {_alone(shown, output)}")
    if report.consequence is None and report.found.found.prop in _TIES:
        lines.append(
            "  no other property was seen to fall after it: perhaps a liberty that Raft leaves "
            f"(--except {report.found.found.prop} goes on without)"
        )
    if report.consequence is not None:
        first = report.found
        steps = len(report.found.found.trace.steps)
        lines.append(
            f"  before that, {report.found.found.prop} is violated, in {steps} steps "
            f'("{first.rung.name}"): {_alone(first, output)}'
        )
    return lines


def _alone(shown: RungReport, output: Output) -> str:
    """Return the command that makes this search and no other."""
    timed = argparse.ArgumentParser(add_help=False)
    timed.add_argument("--time")
    _, kept = timed.parse_known_args(output.words)
    words = ["raft-ref", *kept]
    assert shown.found is not None
    for name, size in shown.rung.sizes.items():
        if shown.report is None or name in (*_OF_CLUSTER, "values") or name in shown.report.bounds:
            words += [flag_of(name), str(size)]
    for name, limit in (shown.report.bounds if shown.report else {}).items():
        if name not in shown.rung.sizes:
            words += ["--bound", f"{name}={limit}"]
    if shown.rung.features is not None:
        words += [
            "--with",
            ",".join(each.option for each in Feature if each in shown.rung.features),
        ]
    if shown.found.prop in (REFINEMENT, INITIAL_REFINEMENT):
        words.append("--refine")
    if shown.found.prop == BISIMULATION:
        words.append("--bisimulation")
    if shown.found.prop == PROGRESS and shown.rung.goal is not None:
        words += ["--progress", shown.rung.goal]
    return shlex.join(words)


def _rungs(report: LadderReport) -> Iterator[str]:
    shown = [each for each in report.rungs if each.walks is None]
    width = max((len(_name(each)) for each in shown), default=0)
    yield "searches:"
    for each in shown:
        row = f"  {_name(each):<{width}}"
        if each.report is None:
            yield f"{row}  stopped before it could say anything"
            continue
        row += f"{each.report.distinct_states:>12,} states {each.report.seconds:>6.1f} s"
        yield row if each.is_whole else f"{row}; {_left(each)}"
        yield f"    {_sizes(each)}"


def _name(each: RungReport) -> str:
    return "deeper" if each.is_deeper else each.rung.name


def _sizes(each: RungReport) -> str:
    """Return the sizes of a rung: those that are not 0, and that the node knows."""
    there = {**each.rung.sizes} if each.report is None else {**each.report.bounds}
    sizes = {
        name: size
        for name, size in each.rung.sizes.items()
        if size and (name in there or name in _OF_CLUSTER or (name, size > 1) == ("values", True))
    }
    words = [f"{_WORDS.get(name, name)} {size}" for name, size in sizes.items()]
    if each.rung.features is not None:
        words.append(f"with {' and '.join(f.option for f in Feature if f in each.rung.features)}")
    return ", ".join(words)


def _left(each: RungReport) -> str:
    assert each.report is not None
    return f"stopped by {each.report.stopped_by}, whole down to depth {each.report.covered_depth}"


def _ties(report: LadderReport) -> list[str]:
    ties = (*_TIES, PROGRESS)
    return [name for name in ties if any(name in each.properties for each in report.rungs)]


def _reached(report: LadderReport) -> list[str]:
    found: dict[str, bool] = {}
    for each in report.rungs:
        for name, was in (each.report.sometimes if each.report else {}).items():
            found[name] = found.get(name, False) or was
    return [name for name, was in found.items() if was]


def _actions(report: LadderReport) -> Mapping[str, int]:
    taken: Counter[str] = Counter()
    for each in report.rungs:
        if each.report is not None:
            taken.update(dict(each.report.actions))
    return taken


def _step_as_json(found: RungReport | None) -> dict[str, Any] | None:
    if found is None or found.found is None:
        return None
    return {
        "property": found.found.prop,
        "rung": found.rung.name,
        "steps": len(found.found.trace.steps),
    }


def _rung_as_json(each: RungReport) -> dict[str, Any]:
    return {
        "name": each.rung.name,
        "why": each.rung.why,
        "bounds": dict(each.rung.sizes),
        "is_deeper": each.is_deeper,
        "walks": each.walks,
        "found": None if each.found is None else each.found.prop,
        "covered": None if each.report is None else covered(each.report),
    }

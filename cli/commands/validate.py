"""`raft-ref validate`: whether recorded traces of any implementation are behaviours of the spec."""

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from raft_ref.cli.options.errors import UsageError, demand_writable
from raft_ref.cli.options.loading import loaded
from raft_ref.cli.reports.pictures import drawn
from raft_ref.cli.reports.terminal import bar
from raft_ref.spec.workers import workers
from raft_ref.traces import TraceError, draw, tell
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.profiles.mapped import mapped
from raft_ref.traces.validation.lines.merging import merge
from raft_ref.traces.validation.lines.profile import Profile
from raft_ref.traces.validation.refusal import as_text, explained
from raft_ref.traces.validation.validate import Outcome, validate

EXIT_CODES = (
    "exit codes: 0 all accepted; 1 one refused; 2 bad input or usage; 3 inconclusive, or stopped"
)

EXAMPLES = """\
examples:
  raft-ref validate demo.ndjson
  raft-ref validate --profile etcd recorded/*.ndjson --junit report.xml
  raft-ref validate --profile my_raft:profile run.ndjson --diagram refused.svg
  raft-ref validate --merge run.ndjson s1.ndjson s2.ndjson s3.ndjson
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Search RaftTrace.tla, which is Raft.tla with the liberties that "
        "implementations take, for a behaviour that says what a trace says. A refusal tells the "
        "first line that no step of the spec explains, what the spec allows there, and what stands "
        "against it."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.add_argument("traces", nargs="+", type=Path, metavar="TRACE", help="NDJSON files")
    parser.add_argument(
        "--profile",
        default="raft-ref",
        metavar="NAME",
        help=f"what wrote them: {', '.join(PROFILES)}, a mapping file (.toml) or module:function "
        "(default: %(default)s)",
    )
    parser.add_argument("--all", action="store_true", help="keep all partial matches of a refusal")
    parser.add_argument(
        "--merge", type=Path, metavar="FILE",
        help="the traces are of one run, say one a server: put their lines into FILE in the order "
        "of their clocks, and validate that",
    )  # fmt: skip
    parser.add_argument(
        "--reorder", type=int, default=0, metavar="N",
        help="let up to N lines wait for lines of other servers, as far as causality allows",
    )  # fmt: skip
    output = parser.add_argument_group("output")
    output.add_argument(
        "--diagram", type=Path, metavar="FILE", help="draw the end of the first refused trace"
    )
    output.add_argument("--junit", type=Path, metavar="FILE", help="write a JUnit report (XML)")
    output.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    output.add_argument("--quiet", action="store_true", help="print the verdicts alone")
    parser.set_defaults(run=run)


@dataclass
class Judged:
    """What was found of one file, as text and plain values, so that it can go between processes."""

    path: str
    outcome: str
    lines: int
    seconds: float
    readings: int = 1
    actions: Counter[str] | None = None
    checked: int = 0
    line: int | None = None
    reason: str = ""
    looked_back: int = 0
    why: tuple[str, ...] = ()
    story: tuple[str, ...] = ()
    graph: str = ""


def profile_of(name: str) -> Profile:
    """Return a profile by name, from a mapping file, or as `module:function`.

    Raises `UsageError` for none, `TraceError` for a mapping that makes no sense.
    """
    if name in PROFILES:
        return PROFILES[name]
    if name.endswith(".toml"):
        return mapped(Path(name))
    if ":" not in name:
        known = ", ".join(PROFILES)
        raise UsageError(f"no profile {name}: {known}, a mapping (.toml) or module:function")
    profile: Profile = loaded("--profile", name)
    return profile


def judged(
    path: Path,
    profile: str,
    keep_all: bool,
    reorder: int = 0,
    on_progress: Callable[[int], None] = lambda characters: None,
) -> Judged:
    """Judge one file; what is no trace is told as the error that it is."""
    started = time.perf_counter()
    try:
        verdict = validate(path, profile_of(profile), reorder, on_progress)
    except TraceError as error:
        return Judged(str(path), "bad input", 0, 0.0, reason=str(error))
    except OSError as error:
        return Judged(str(path), "bad input", 0, 0.0, reason=f"{path}: {error.strerror}")
    seconds = time.perf_counter() - started
    found = Judged(
        str(path), verdict.outcome.value, verdict.lines, seconds, verdict.readings,
        verdict.actions, verdict.checked, verdict.line, verdict.reason, verdict.looked_back,
    )  # fmt: skip
    if verdict.outcome is Outcome.REFUSED:
        refusal = explained(verdict, most=1_000 if keep_all else 10)
        found.why = tuple(as_text(refusal.candidates))
        found.story = tuple(tell(refusal.trace))
        found.graph = draw(refusal.trace).source
    return found


def run(options: argparse.Namespace) -> int:
    """Judge all files; return the exit code."""
    for option in ("diagram", "junit"):
        if getattr(options, option) is not None:
            demand_writable(f"--{option}", getattr(options, option))
    profile_of(options.profile)
    if options.reorder < 0:
        raise UsageError("--reorder: expected 0 or more")
    if options.merge is not None:
        demand_writable("--merge", options.merge)
        merge(options.traces, options.merge)
        options.traces = [options.merge]
    done: list[Judged] = []
    interrupted = False
    try:
        for each in _judged_all(options):
            done.append(each)
            if not options.json:
                print("\n".join(_as_text(each, options.quiet)), flush=True)
    except KeyboardInterrupt:
        interrupted = True
    _written(done, options)
    if options.json:
        print(json.dumps(_as_json(done, interrupted)))
    elif len(done) > 1 or interrupted:
        print(_summary(done, len(options.traces), interrupted))
    return _exit_code(done, interrupted)


def _judged_all(options: argparse.Namespace) -> Iterator[Judged]:
    paths: Sequence[Path] = options.traces
    if len(paths) == 1:
        yield _judged_alone(paths[0], options)
        return
    with ExitStack() as stack:
        pool = stack.enter_context(workers(None))
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        shown = stack.enter_context(bar(TextColumn("{task.description}"), *columns))
        task = shown.add_task("traces", total=len(paths))
        how = (options.profile, options.all, options.reorder)
        waiting = [pool.submit(judged, path, *how) for path in paths]
        for future in waiting:
            yield future.result()
            shown.advance(task)


def _judged_alone(path: Path, options: argparse.Namespace) -> Judged:
    how = (options.profile, options.all, options.reorder)
    columns = (BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with bar(TextColumn("{task.description}"), *columns) as shown:
        size = path.stat().st_size if path.is_file() else None
        task = shown.add_task(path.name, total=size)
        return judged(path, *how, lambda characters: shown.update(task, completed=characters))


def _as_text(found: Judged, quiet: bool) -> Iterator[str]:
    where = found.path if found.line is None else f"{found.path}:{found.line}"
    if found.outcome == "bad input":
        yield f"BAD INPUT: {found.reason}"
        return
    reason = f": {found.reason}" if found.reason else ""
    if found.outcome == "refused" and not reason:
        reason = ": no step of the spec explains this line"
    yield f"{found.outcome.upper()} {where}{reason}"
    if quiet:
        return
    rate = found.lines / max(found.seconds, 1e-9)
    readings = f"{found.readings} reading{'s' if found.readings > 1 else ''} at most"
    checked = f"invariants checked of {found.checked:,} steps"
    yield f"  {found.lines:,} lines, {found.seconds:.1f} s, {rate:,.0f}/s; {checked}; {readings}"
    if found.actions:
        counts = ", ".join(f"{name} {count:,}" for name, count in found.actions.most_common())
        yield f"  actions: {counts}"
    if found.looked_back:
        yield f"  the last {found.looked_back} lines were followed in all readings"
    if found.why:
        yield ""
        yield "what the spec allows there, and what stands against it:"
        yield from (f"  {line}" for line in found.why)
        yield ""
        yield "the steps before:"
        yield from (f"  {line}" if line else "" for line in found.story)


def _summary(done: Sequence[Judged], total: int, interrupted: bool) -> str:
    counts = Counter(each.outcome for each in done)
    listed = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    stopped = f"; interrupted, {total - len(done)} not judged" if interrupted else ""
    return f"{len(done)} of {total} traces: {listed or 'none'}{stopped}"


def _written(done: Sequence[Judged], options: argparse.Namespace) -> None:
    if options.junit is not None:
        options.junit.write_bytes(ElementTree.tostring(_junit(done), "utf-8", xml_declaration=True))
    graph = next((each.graph for each in done if each.graph), None)
    if options.diagram is None or graph is None:
        return
    path = drawn(graph, options.diagram)
    if not options.json:
        print(f"diagram written to {path}")


def _junit(done: Sequence[Judged]) -> ElementTree.Element:
    failures = sum(each.outcome == "refused" for each in done)
    errors = sum(each.outcome in ("bad input", "inconclusive") for each in done)
    suite = ElementTree.Element(
        "testsuite", name="raft-ref validate", tests=str(len(done)),
        failures=str(failures), errors=str(errors),
    )  # fmt: skip
    for each in done:
        case = ElementTree.SubElement(
            suite, "testcase", classname="trace", name=each.path, time=f"{each.seconds:.3f}"
        )
        if each.outcome != "accepted":
            kind = "failure" if each.outcome == "refused" else "error"
            first = next(iter(_as_text(each, quiet=True)))
            problem = ElementTree.SubElement(case, kind, message=first)
            problem.text = "\n".join([*each.why, *each.story])
    return suite


def _as_json(done: Sequence[Judged], interrupted: bool) -> dict[str, Any]:
    return {
        "interrupted": interrupted,
        "traces": [
            {
                "path": each.path,
                "outcome": each.outcome,
                "lines": each.lines,
                "seconds": round(each.seconds, 3),
                "readings": each.readings,
                "actions": dict(each.actions or {}),
                "steps_checked": each.checked,
                "line": each.line,
                "reason": each.reason,
                "looked_back": each.looked_back,
                "why": list(each.why),
                "steps_before": list(each.story),
            }
            for each in done
        ],
    }


def _exit_code(done: Sequence[Judged], interrupted: bool) -> int:
    outcomes = {each.outcome for each in done}
    if "bad input" in outcomes:
        return 2
    if "refused" in outcomes:
        return 1
    return 3 if interrupted or "inconclusive" in outcomes else 0

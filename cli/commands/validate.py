"""`raft-ref validate`: whether recorded traces of any implementation are behaviours of the spec."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from raft_ref.cli.options.errors import UsageError
from raft_ref.cli.options.output import demand_kept
from raft_ref.cli.reports.advice import as_json as advice_as_json
from raft_ref.cli.reports.advice import as_text as advice_as_text
from raft_ref.cli.reports.pictures import drawn
from raft_ref.cli.reports.terminal import bar
from raft_ref.cli.reports.validation import (
    annotations,
    as_json,
    as_junit,
    file_as_text,
    graph,
    summary,
)
from raft_ref.traces.profiles import PROFILES, profile_of
from raft_ref.traces.validation import FileReport, Outcome, ValidationReport, ValidationRequest
from raft_ref.traces.validation.advice import Advice, AdviceRequest

EXIT_CODES = (
    "exit codes: 0 all accepted, or advice given; 1 one refused; 2 bad input or usage; "
    "3 inconclusive, or stopped"
)

EXAMPLES = """\
examples:
  raft-ref validate demo.ndjson
  raft-ref validate --profile etcd recorded/*.ndjson --junit report.xml
  raft-ref validate --profile my_raft:profile run.ndjson --diagram refused.svg
  raft-ref validate --keep-going run.ndjson.gz
  raft-ref validate --merge run.ndjson s1.ndjson s2.ndjson s3.ndjson
  raft-ref validate --advice run.ndjson
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
    parser.add_argument(
        "--keep-going", action="store_true",
        help="tell the lines that are refused behind the first, too, going on from what a refused "
        "line shows: these may be consequences",
    )  # fmt: skip
    parser.add_argument(
        "--advice", action="store_true",
        help="instead of a verdict, tell what the lines leave out, how often, and which faults are "
        "seen if that is logged, what is worth most first; all of it with --all",
    )  # fmt: skip
    output = parser.add_argument_group("output")
    output.add_argument(
        "--diagram", type=Path, metavar="FILE", help="draw the end of the first refused trace"
    )
    output.add_argument("--junit", type=Path, metavar="FILE", help="write a JUnit report (XML)")
    output.add_argument(
        "--annotations", action="store_true",
        help="print what is refused as an annotation of its line, too, in the words of GitHub",
    )  # fmt: skip
    output.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    output.add_argument("--quiet", action="store_true", help="print the verdicts alone")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Validate all files, or say what their logs lack; return the exit code."""
    if options.advice:
        return _advise(options)
    for option in ("diagram", "junit", "merge"):
        if getattr(options, option) is not None:
            demand_kept(f"--{option}", getattr(options, option))
    request = _request(options)

    def print_file(found: FileReport) -> None:
        if not options.json:
            print("\n".join(file_as_text(found, options.quiet)), flush=True)
            if options.annotations:
                print("".join(f"{line}\n" for line in annotations(found)), end="", flush=True)

    report = (_one if request.total == 1 else _several)(request, print_file)
    _write(report, options)
    if options.json:
        print(json.dumps(as_json(report)))
    elif len(report.files) > 1 or report.is_interrupted:
        print(summary(report))
    return {Outcome.ACCEPTED: 0, Outcome.REFUSED: 1, Outcome.BAD_INPUT: 2}.get(report.outcome, 3)


def _advise(options: argparse.Namespace) -> int:
    """Say what the logs in all files lack; return the exit code."""
    for option in ("diagram", "junit", "merge", "reorder", "keep_going", "quiet"):
        if getattr(options, option):
            raise UsageError(f"--advice: not with --{option.replace('_', '-')}")
    request = AdviceRequest(tuple(options.traces), profile_of(options.profile))

    def print_file(found: Advice) -> None:
        if not options.json:
            print("\n".join(advice_as_text(found, is_whole=options.all)), flush=True)

    report = request.run(print_file)
    if options.json:
        print(json.dumps(advice_as_json(report)))
    if report.is_interrupted:
        left = report.total - len(report.files)
        print(f"raft-ref: interrupted, {left} not looked at", file=sys.stderr)
        return 3
    return 2 if any(each.problem for each in report.files) else 0


def _request(options: argparse.Namespace) -> ValidationRequest:
    return ValidationRequest(
        tuple(options.traces),
        profile_of(options.profile),
        options.reorder,
        options.merge,
        options.all,
        options.keep_going,
    )


def _several(
    request: ValidationRequest, print_file: Callable[[FileReport], None]
) -> ValidationReport:
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with bar(TextColumn("{task.description}"), *columns) as shown:
        task = shown.add_task("traces", total=request.total)

        def on_file(found: FileReport) -> None:
            print_file(found)
            shown.advance(task)

        return request.run(on_file)


def _one(request: ValidationRequest, print_file: Callable[[FileReport], None]) -> ValidationReport:
    columns = (BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with bar(TextColumn("{task.description}"), *columns) as shown:
        task = shown.add_task((request.merged or request.paths[0]).name, total=None)
        report = request.run(
            on_characters=lambda read, size: shown.update(task, completed=read, total=size)
        )
    for found in report.files:
        print_file(found)
    return report


def _write(report: ValidationReport, options: argparse.Namespace) -> None:
    if options.junit is not None:
        options.junit.write_bytes(as_junit(report))
    picture = None if options.diagram is None else graph(report)
    if picture is None:
        return
    path = drawn(picture, options.diagram)
    if not options.json:
        print(f"diagram written to {path}")

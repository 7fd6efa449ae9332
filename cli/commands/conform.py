"""`raft-ref conform`: drives an implementation, and holds what it does against the spec."""

import argparse
import json
import shlex
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

from raft_ref.cli.options.cluster import OF_LOGS
from raft_ref.cli.options.errors import UsageError
from raft_ref.cli.options.features import add_features, features_of
from raft_ref.cli.options.ladder import seconds
from raft_ref.cli.options.output import demand_kept
from raft_ref.cli.reports.conformance import annotations, as_json, as_junit, as_text, graph
from raft_ref.cli.reports.pictures import drawn
from raft_ref.cli.reports.terminal import bar
from raft_ref.traces.conformance import (
    ENOUGH,
    SOUGHT,
    TRIES,
    Conformance,
    ConformanceReport,
    Finding,
    FollowRequest,
    HuntRequest,
    Likely,
    read_known,
    schedule,
)
from raft_ref.traces.conformance.driving import RUNS, RUNS_IN_TIME, SERVERS, STEPS
from raft_ref.traces.conformance.hunting.database import FOLDER
from raft_ref.traces.profiles import PROFILES, profile_of

EXIT_CODES = (
    "exit codes: 0 nothing stands against it; 1 it does what the spec does not allow, or fails; "
    "2 bad input or usage; 3 inconclusive (what was never exercised is named), or stopped early"
)

HOW_MANY = f"""\
enough: a hunt says so when, by estimate, one in {ENOUGH:,} schedules to come or fewer would meet a
branch of the spec that is new. By Good and Turing that is the share of branches met in one schedule
alone: (1 + such branches) / (1 + schedules). Schedules are not drawn independently of each other,
so it is an estimate; what one has of another that it begins as is not counted for it
"""

EXAMPLES = """\
examples:
  raft-ref conform --cmd "python -m raft_ref.traces.conformance.reference" scenarios
  raft-ref conform --cmd ./my-adapter --random --runs 10000 --schedule found.ndjson
  raft-ref conform --cmd ./my-adapter found.ndjson --diagram found.svg
  raft-ref conform --cmd ./my-adapter --random --with pre-vote,check-quorum
  raft-ref conform --cmd ./my-adapter --random --servers 4 --with membership,joint
  raft-ref conform --cmd ./my-adapter --random --jobs 4 --keep-going --known known.txt
  raft-ref conform --cmd ./my-adapter --random --time 8h --database     every night
  raft-ref conform --cmd ./my-adapter --random --enough --time 8h       as long as it takes
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Drive an implementation through scenarios, or with --random through schedules "
        "drawn by chance, by an adapter that reads requests from its standard input and answers on "
        "its standard output (traces/ADAPTER.md). What it does is held against the spec as by "
        "raft-ref validate. What is found by chance is shrunk, and followed again by a fresh "
        "process before it is told; then the implementation goes on from there alone, in search of "
        "a consequence: two leaders in one term, two entries committed at one index, a committed "
        "entry lost. That is FATAL."
    )
    parser.epilog = f"{EXAMPLES}\n{HOW_MANY}\n{EXIT_CODES}"
    parser.add_argument(
        "scenarios", nargs="*", type=Path, metavar="SCENARIO",
        help="traces to follow, or directories of them (raft-ref generate)",
    )  # fmt: skip
    parser.add_argument("--cmd", required=True, metavar="COMMAND", help="starts the adapter")
    parser.add_argument(
        "--profile",
        default="raft-ref",
        metavar="NAME",
        help=f"what reads its lines: {', '.join(PROFILES)}, a mapping file (.toml) or "
        "module:function (default: %(default)s)",
    )
    hunting = parser.add_argument_group("random schedules")
    hunting.add_argument(
        "--random", action="store_true",
        help="draw schedules by chance, towards states of the spec that were not seen before",
    )  # fmt: skip
    hunting.add_argument(
        "--servers", metavar="N|NAMES",
        help=f"how many (s1, s2, ...), or their names with commas (default: {len(SERVERS)})",
    )  # fmt: skip
    hunting.add_argument(
        "--network", choices=("set", "fifo"),
        help="set: messages come in any order, some twice; fifo: those between two servers come in "
        "the order in which they were sent, once (default: set). Some are lost in both",
    )  # fmt: skip
    hunting.add_argument("--seed", type=int, metavar="S", help="(default: a new one)")
    for name, default in (("runs", RUNS), ("steps", STEPS)):
        what = "schedules" if name == "runs" else "steps of each"
        hunting.add_argument(
            f"--{name}", type=int, metavar="N", help=f"how many {what} (default: {default:,})"
        )
    hunting.add_argument(
        "--jobs", type=int, metavar="N",
        help="how many processes, each with an adapter; what a seed finds is the same for any "
        "(default: 1)",
    )  # fmt: skip
    hunting.add_argument(
        "--time", type=seconds, metavar="TIME",
        help="how long to hunt, such as 90s, 10m or 8h (then --runs is as many as there can be)",
    )  # fmt: skip
    hunting.add_argument(
        "--enough", action="store_true", default=None,
        help="hunt until that is enough, as said below (then --runs is as many as there can be)",
    )  # fmt: skip
    hunting.add_argument(
        "--database", type=Path, nargs="?", const=FOLDER, metavar="DIR",
        help=f"keep what is found in a folder ({FOLDER} if none is named), and follow that first "
        "the next time; what no longer fails is told, and removed",
    )  # fmt: skip
    hunting.add_argument(
        "--weigh", action="append", metavar="STEP=N", help="make a step N times as likely"
    )
    hunting.add_argument(
        "--shrink", type=int, metavar="N",
        help=f"follow at most N schedules to make one shorter (default: {TRIES:,})",
    )  # fmt: skip
    hunting.add_argument(
        "--consequence", type=int, metavar="N",
        help=f"take N steps from a departure, in search of a consequence (default: {SOUGHT:,})",
    )  # fmt: skip
    finding = parser.add_argument_group("what is asked for, and found")
    add_features(finding, OF_LOGS)
    finding.add_argument(
        "--known", type=Path, metavar="FILE",
        help="kinds that stand against nobody, one a line, as a report prints them",
    )  # fmt: skip
    finding.add_argument(
        "--without", metavar="STEP,...", help="steps that are not asked for, such as Restart"
    )
    finding.add_argument(
        "--keep-going", action="store_true", help="go on, and tell of all kinds that are met"
    )
    output = parser.add_argument_group("output")
    for name, what in (
        ("diagram", "draw the end of what is found"),
        ("schedule", "write the schedule of what is found, to be followed again"),
        ("trace", "write the lines that the implementation wrote, for raft-ref validate"),
    ):
        output.add_argument(f"--{name}", type=Path, metavar="FILE", help=what)
    output.add_argument(
        "--record", type=Path, metavar="DIR", help="write the trace of every run into it"
    )
    output.add_argument("--junit", type=Path, metavar="FILE", help="write a JUnit report (XML)")
    output.add_argument(
        "--annotations", action="store_true",
        help="print what is found as an annotation, too, in the words of GitHub, at the last line "
        "of its schedule where that is written",
    )  # fmt: skip
    output.add_argument(
        "--coverage", action="store_true", help="name all branches of the spec that were never met"
    )
    output.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    output.add_argument("--quiet", action="store_true", help="show no progress")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Drive the implementation; return the exit code."""
    _demand_sense(options)
    for option in ("diagram", "schedule", "trace", "junit"):
        if getattr(options, option) is not None:
            demand_kept(f"--{option}", getattr(options, option))
    request = _hunt(options) if options.random else _follow(options)
    report = _driven(request, is_shown=not options.quiet and not options.json)
    written = _written(report, options)
    if options.json:
        again = None if report.worst is None else _again(report, report.worst, options)
        print(json.dumps({**as_json(report), "to_see_it_again": again}))
    else:
        print("\n".join([*as_text(report, every_pair=options.coverage), *written]))
        if report.worst is not None:
            print(f"to see it again: {_again(report, report.worst, options)}")
        if options.annotations:
            print("".join(f"{line}\n" for line in annotations(report, options.schedule)), end="")
    return _CODES.get(report.outcome, 1)


def _again(report: ConformanceReport, found: Finding, options: argparse.Namespace) -> str:
    """Return the line that shows a finding once more: by its schedule if it is written, or seed."""
    path = options.schedule if found is report.worst and options.schedule else found.kept
    words = [*options.arguments]
    if options.random and path is not None:
        words = ["conform", "--cmd", options.cmd]
        if options.profile != "raft-ref":
            words += ["--profile", options.profile]
        if options.known is not None:
            words += ["--known", str(options.known)]
        words.append(str(path))
    elif options.random and options.seed is None:
        words += ["--seed", str(report.seed)]
    return shlex.join(["raft-ref", *words])


_CODES = {Conformance.CONFORMS: 0, Conformance.INCONCLUSIVE: 3, Conformance.STOPPED: 3}

_OF_HUNTS = (
    "servers", "network", "seed", "runs", "steps", "jobs", "weigh", "shrink", "consequence",
    "time", "database", "enough",
)  # fmt: skip


def _demand_sense(options: argparse.Namespace) -> None:
    if options.random == bool(options.scenarios):
        raise UsageError("expected scenarios (raft-ref generate writes them), or --random")
    for name in _OF_HUNTS:
        if getattr(options, name) is not None and not options.random:
            raise UsageError(f"--{name}: only with --random")


def _command(options: argparse.Namespace) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(options.cmd))
    except ValueError as error:
        raise UsageError(f"--cmd {options.cmd}: {error}") from error


def _follow(options: argparse.Namespace) -> FollowRequest:
    return FollowRequest(
        _command(options),
        profile_of(options.profile),
        tuple(options.scenarios),
        options.record,
        _known(options),
        options.keep_going,
        _without(options),
        _features(options),
    )


def _hunt(options: argparse.Namespace) -> HuntRequest:
    return HuntRequest(
        _command(options),
        profile_of(options.profile),
        SERVERS if options.servers is None else _servers(options.servers),
        options.network or "set",
        options.seed,
        _runs(options),
        STEPS if options.steps is None else options.steps,
        options.record,
        1 if options.jobs is None else options.jobs,
        _likely(options),
        _known(options),
        options.keep_going,
        TRIES if options.shrink is None else options.shrink,
        SOUGHT if options.consequence is None else options.consequence,
        options.time,
        options.database,
        bool(options.enough),
    )


def _runs(options: argparse.Namespace) -> int:
    if options.runs is not None:
        return int(options.runs)
    return RUNS if options.time is None and not options.enough else RUNS_IN_TIME


def _known(options: argparse.Namespace) -> frozenset[str]:
    return frozenset() if options.known is None else read_known(options.known)


def _likely(options: argparse.Namespace) -> Likely:
    times: dict[str, float] = {}
    for given in options.weigh or ():
        name, _, number = given.partition("=")
        try:
            times[name] = float(number)
        except ValueError:
            raise UsageError(f"--weigh {given}: expected STEP=N") from None
        if not 0 <= times[name] <= 1_000:
            raise UsageError(f"--weigh {given}: expected a number from 0 to 1,000")
    return Likely(_without(options), times, _features(options))


def _features(options: argparse.Namespace) -> frozenset[str]:
    return frozenset(each.value for each in features_of(options, OF_LOGS))


def _without(options: argparse.Namespace) -> frozenset[str]:
    names = (options.without or "").split(",")
    return frozenset(name.strip() for name in names if name.strip())


def _servers(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if len(names) == 1 and text.strip().isdecimal():
        names = tuple(f"s{number + 1}" for number in range(min(int(text), 1_000)))
    if len(set(names)) < max(2, len(names)) or not all(names):
        raise UsageError(f"--servers: expected two or more, all different, not {text}")
    return names


def _driven(request: FollowRequest | HuntRequest, is_shown: bool) -> ConformanceReport:
    what = "scenarios" if isinstance(request, FollowRequest) else "schedules"
    with bar(
        TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("{task.description}"), is_shown=is_shown,
    ) as shown:  # fmt: skip
        task = shown.add_task("", total=None)

        def on_progress(report: ConformanceReport) -> None:
            found = ""
            if report.shrinks:
                found = f"shrinking {report.shrinks}"[:70]
            elif report.states is not None:
                found = f"{report.steps:,} steps, {report.states:,} states of the spec"
            shown.update(task, total=report.of_runs, completed=report.runs, description=found)

        return request.run(on_progress)


_NOT_SO = {True: "", False: ", though it does not replay", None: ", and not followed again"}


def _written(report: ConformanceReport, options: argparse.Namespace) -> list[str]:
    """Write what was found to the files that were asked for; return what is said of it."""
    done: list[str] = []
    if options.junit is not None:
        options.junit.write_bytes(as_junit(report))
    worst = report.worst
    if worst is None:
        return done
    if options.schedule is not None:
        source = shlex.join(["raft-ref", *options.arguments])
        schedule.write(worst.schedule, options.schedule, source)
        done.append(f"schedule written to {options.schedule}{_NOT_SO[worst.replays]}")
    if options.trace is not None:
        worst.shown.write(options.trace)
        done.append(f"trace written to {options.trace}")
    picture = None if options.diagram is None else graph(report)
    if picture is not None:
        done.append(f"diagram written to {drawn(picture, options.diagram)}")
    return done

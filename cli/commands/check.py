"""`raft-ref check`: explore a cluster exhaustively within bounds."""

import argparse
import json
import shlex
import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from raft_ref.cli.options.engine import add_engine, checkpoints_of
from raft_ref.cli.options.errors import EXIT_CODES, NO_Z3, UsageError, demand_writable
from raft_ref.cli.options.sizes import add_sizes
from raft_ref.cli.options.symmetry import add_symmetry, symmetry_of
from raft_ref.cli.reports.pictures import drawn
from raft_ref.cli.reports.terminal import describe, live_progress
from raft_ref.explorer import Checkpoints, EngineError, Report, Verdict, search
from raft_ref.explorer.engines.checkpoint import digest
from raft_ref.spec.link import INVARIANTS
from raft_ref.traces import FORMATS, Trace, draw, tell, write
from raft_ref.traces.format.record import trace_of
from raft_ref.verify import walks
from raft_ref.verify.cluster import COMMIT_IS_DONE, COMMIT_IS_DUE, Cluster, build
from raft_ref.zoo import EXPLORED

EXAMPLES = """\
examples:
  raft-ref check                                  the reference node, within default bounds
  raft-ref check --max-term 3 --max-restarts 0    other bounds
  raft-ref check --bug list                       known bugs
  raft-ref check --bug vote-not-persisted --diagram bug.svg
                                                  how one breaks, as prose and as a picture
  raft-ref check --node my_raft:Node              your own node, a class in my_raft.py
  raft-ref check --spec MyInvariants.tla          your own properties, in TLA+
  raft-ref check --bug vote-not-persisted --refine
                                                  where the bug leaves the spec
  raft-ref check --progress                       what is due to be committed still can be
  raft-ref check --bisimulation                   the spec and the node do the same (slower)
  raft-ref check --conjuncts                      the proof is of what is explored (slower)
  raft-ref check --max-messages 4 --threads 2 --memory 4G
                                                  a long search, within limits
  raft-ref check --max-messages 4 --checkpoint found
  raft-ref check --max-messages 4 --resume found  a longer one, which may be killed and goes on
  raft-ref check --random --seed 1 --runs 1000    random walks, far beyond what can be exhausted
  raft-ref check --json                           for machines
"""

EXIT = {Verdict.HOLDS_WITHIN_BOUNDS: 0, Verdict.VIOLATED: 1, Verdict.INCOMPLETE: 3}


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Explore a cluster of Raft nodes exhaustively: every order of messages, loss, "
        "duplication, crash and restart within the bounds. Properties are the operators of a "
        "TLA+ module. A violation comes with a shortest counterexample."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.set_defaults(run=run)
    _add_cluster(parser.add_argument_group("what to explore"))
    _add_bounds(parser.add_argument_group("bounds (each is a guard: no step leaves them)"))
    add_engine(parser.add_argument_group("the search"))
    walks.add_options(parser.add_argument_group("random walks"))
    _add_output(parser.add_argument_group("output"))


def _add_cluster(group: Any) -> None:
    what = group.add_mutually_exclusive_group()
    what.add_argument(
        "--node",
        metavar="MODULE:CLASS",
        help="your own node: a class that is a raft_ref.explorer.Actor",
    )
    what.add_argument("--bug", metavar="NAME", help="a known bug; `--bug list` lists them")
    group.add_argument(
        "--spec", metavar="FILE.tla", help=f"the module of properties (default: {INVARIANTS.name})"
    )
    group.add_argument(
        "--invariant",
        metavar="NAME",
        action="append",
        default=[],
        help="check this property only (repeatable)",
    )
    group.add_argument(
        "--progress",
        metavar="GOAL",
        nargs="?",
        const=COMMIT_IS_DONE,
        help="demand that from every state one with GOAL can be reached, an operator of the module "
        f"(default: {COMMIT_IS_DONE}, from every state with {COMMIT_IS_DUE})",
    )
    group.add_argument(
        "--progress-from",
        metavar="PREMISE",
        help="demand it from every state with PREMISE, another operator",
    )
    group.add_argument(
        "--network",
        choices=["set", "fifo"],
        default="set",
        help="set: any message may arrive next; fifo: in order between two servers (default: set)",
    )
    group.add_argument(
        "--refine",
        action=argparse.BooleanOptionalAction,
        help="demand that every step of a server is a step of Raft.tla "
        "(default: for the reference node)",
    )
    group.add_argument(
        "--bisimulation",
        action="store_true",
        help="demand that in every state node and spec can take the same steps",
    )
    group.add_argument(
        "--conjuncts",
        action="store_true",
        help="demand that every step is one of the proof's (raft-ref prove), and that its "
        "conjuncts hold in every state",
    )
    add_symmetry(group, "the same")
    group.add_argument(
        "--por",
        action="store_true",
        help="partial-order reduction: receive messages at once that nobody will look at (fewer "
        "states, the same verdicts, but not always a shortest counterexample)",
    )


def _add_bounds(group: Any) -> None:
    add_sizes(group, "or what the bug needs")
    group.add_argument(
        "--depth", type=int, metavar="N", help="levels of states, the initial one included"
    )
    group.add_argument(
        "--bound",
        metavar="NAME=N",
        type=_bound,
        action="append",
        default=[],
        help="a bound on a measure of your own node (repeatable)",
    )


def _add_output(group: Any) -> None:
    group.add_argument(
        "--trace", metavar="FILE", type=Path, help="write the counterexample as a trace (NDJSON)"
    )
    group.add_argument(
        "--diagram",
        metavar="FILE",
        type=Path,
        help=f"draw the counterexample ({', '.join(FORMATS)})",
    )
    group.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    group.add_argument("--quiet", action="store_true", help="print the verdict alone")


def _bound(text: str) -> tuple[str, int]:
    name, equals, number = text.partition("=")
    if not equals or not number.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r}: expected NAME=N")
    return name, int(number)


def run(options: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    if options.bug == "list":
        _list_bugs(options.json)
        return 0
    _demand_writable(options)
    walks.demand_sense(options)
    if options.conjuncts:
        return _run_conjuncts(options)
    if options.random:
        return _run_walks(options)
    cluster = build(options)
    symmetry = symmetry_of(options, cluster.system)
    checkpoints = _checkpoints(options, cluster)
    live = sys.stderr.isatty() and not options.quiet
    with live_progress() if live else nullcontext(lambda progress: None) as on_progress:
        try:
            report = search(
                cluster.system,
                cluster.properties,
                symmetry,
                on_progress,
                engine=options.engine,
                threads=options.threads,
                memory=options.memory,
                checkpoints=checkpoints,
            )
        except EngineError as error:
            raise UsageError(f"--engine native: {error}") from error
        except ValueError as error:
            raise UsageError(f"--por: {error}") from error
    trace = _trace(report, cluster)
    if not options.json:
        _print_report(report, cluster, trace, options.quiet)
        if checkpoints is not None and report.verdict is Verdict.INCOMPLETE:
            print(
                f"to go on: the same command with --resume {shlex.quote(str(checkpoints.folder))}"
            )
    written = _write(trace, options)
    if options.json:
        print(json.dumps(_as_json(report, cluster, written)))
    return EXIT[report.verdict]


def _checkpoints(options: argparse.Namespace, cluster: Cluster) -> Checkpoints | None:
    about = {
        "what is explored": cluster.description,
        "values": cluster.values,
        "the module of properties": digest(Path(options.spec or INVARIANTS).read_text("utf-8")),
    }
    return checkpoints_of(options, about)


def _run_walks(options: argparse.Namespace) -> int:
    cluster, outcome = walks.run(options)
    report = outcome.report
    trace = _trace(report, cluster)
    if not options.json:
        lines = walks.describe(outcome, cluster, options)
        told = [] if trace is None or options.quiet else ["", *tell(trace)]
        print("\n".join([*lines, *told]))
    written = _write(trace, options)
    if options.json:
        about = walks.as_json(outcome, options)
        print(json.dumps({**_as_json(report, cluster, written), "random": about}))
    return EXIT[report.verdict]


def _run_conjuncts(options: argparse.Namespace) -> int:
    try:
        from raft_ref.verify import conjuncts as conjoined  # noqa: PLC0415 - z3 is an extra
    except ModuleNotFoundError as error:
        raise UsageError(NO_Z3) from error
    outcome = conjoined.run(options)
    if not options.json:
        print("\n".join(conjoined.describe(outcome, options.quiet)))
    written = _write(outcome.trace, options)
    if options.json:
        print(conjoined.as_json(outcome, written))
    return EXIT[outcome.verdict]


def _list_bugs(as_json: bool) -> None:
    rows = [
        {
            "name": name,
            "rule": bug.rule,
            "breaks": bug.breaks,
            "seen_in": bug.seen_in,
            "bounds": dict(bug.bounds),
        }
        for name, bug in EXPLORED.items()
    ]
    if as_json:
        print(json.dumps(rows))
        return
    for row in rows:
        print(f"{row['name']}\n    {row['rule']}\n    breaks {row['breaks']}; {row['seen_in']}")


def _demand_writable(options: argparse.Namespace) -> None:
    """Find out before a long search whether its result can be kept."""
    for option, path in (("--trace", options.trace), ("--diagram", options.diagram)):
        if path is None:
            continue
        demand_writable(option, path)
        if option == "--diagram" and path.suffix not in FORMATS:
            raise UsageError(f"{option} {path}: expected one of {', '.join(FORMATS)}")


def _trace(report: Report, cluster: Cluster) -> Trace | None:
    if report.counterexample is None:
        return None
    command = shlex.join(["raft-ref", *sys.argv[1:]])
    return trace_of(report.counterexample, cluster.system, command, cluster.project)


def _print_report(report: Report, cluster: Cluster, trace: Trace | None, quiet: bool) -> None:
    lines = describe(report, cluster, quiet)
    if trace is not None and not quiet:
        lines += ["", *tell(trace)]
    print("\n".join(lines))


def _write(trace: Trace | None, options: argparse.Namespace) -> dict[str, str | None]:
    """Write what was asked for; return the paths by kind."""
    written: dict[str, str | None] = {"trace": None, "diagram": None}
    if trace is None:
        return written
    if options.trace is not None:
        write(trace, options.trace)
        written["trace"] = str(options.trace)
    if options.diagram is not None:
        written["diagram"] = str(drawn(draw(trace).source, options.diagram))
    if not options.json:
        for kind, where in written.items():
            if where is not None:
                print(f"{kind} written to {where}")
    return written


def _as_json(report: Report, cluster: Cluster, written: dict[str, str | None]) -> dict[str, Any]:
    counterexample = report.counterexample
    return {
        "verdict": report.verdict.value,
        "property": None if counterexample is None else counterexample.prop.name,
        "distinct_states": report.distinct_states,
        "transitions": report.transitions,
        "depth": report.depth,
        "covered_depth": report.covered_depth,
        "seconds": round(report.seconds, 3),
        "engine": report.engine,
        "stopped_by": report.stopped_by,
        "symmetry": list(report.symmetry),
        "reduced": cluster.system.reduced,
        "bounds": dict(report.bounds),
        "properties": [prop.name for prop in cluster.properties if not prop.is_sometimes],
        "actions": dict(report.actions),
        "never_taken": list(report.never_taken),
        "cut_off": dict(report.cut_off),
        "sometimes": dict(report.sometimes),
        "progress": {name: asdict(outlook) for name, outlook in report.progress.items()},
        "trace": written["trace"],
        "diagram": written["diagram"],
        "steps": None if counterexample is None else len(counterexample.events),
    }

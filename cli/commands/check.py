"""`raft-ref check`: explore a cluster exhaustively within bounds, or in one of its other ways."""

import argparse
import json
import os
import shlex
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from raft_ref.cli.options.cluster import add_bounds, add_cluster, add_reduction, cluster_of
from raft_ref.cli.options.engine import add_engine, checkpoints_of, disk_of
from raft_ref.cli.options.errors import EXIT_CODES, NO_Z3, UsageError
from raft_ref.cli.options.ladder import add_ladder, allowed_of, is_ladder, ladder_of
from raft_ref.cli.options.live import add_live, demand_not_live, live_of
from raft_ref.cli.options.output import Output, add_output, demand_kept, output_of
from raft_ref.cli.options.ranks import demand_for_ranks, let_first_tell, ranks_of
from raft_ref.cli.options.symmetry import add_symmetry, symmetry_of
from raft_ref.cli.options.walks import add_walks, demand_no_walks, walks_of
from raft_ref.cli.reports.checks import all_violations, exhaustive, ladder, liveness, walks
from raft_ref.cli.reports.ci import junit
from raft_ref.cli.reports.pictures import Written, of_cluster, written
from raft_ref.cli.reports.terminal import live_progress
from raft_ref.explorer import Verdict
from raft_ref.explorer.model.watch import watch
from raft_ref.traces import tell
from raft_ref.verify import (
    AllViolationsCheck,
    AllViolationsReport,
    Check,
    ClusterRequest,
    ExhaustiveCheck,
)

EXAMPLES = """\
examples:
  raft-ref check                                  the reference node: many small searches,
                                                  then deeper ones for a minute
  raft-ref check --time 8h                        as long as a night
  raft-ref check --max-term 3 --max-restarts 0    one search, within bounds of your own
  raft-ref check --bug list                       known bugs
  raft-ref check --bug vote-not-persisted --diagram bug.svg
                                                  how one breaks, as prose and as a picture (or a
                                                  .html, to step through it beside the code)
  raft-ref check --node my_raft:MyRaft            your own node, a class in my_raft.py
                                                  (raft-ref new node writes one)
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
  raft-ref check --max-messages 6 --memory 4G --disk states
                                                  one that is larger than memory; it goes on, too
  mpirun -n 4 raft-ref check --max-messages 4     by four processes, on one machine or many
  mpirun -n 4 raft-ref check --max-messages 6 --disk states
                                                  each with its states on its disk; any number of
                                                  processes goes on with them
  raft-ref check --random --seed 1 --runs 1000    random walks, far beyond what can be exhausted
  raft-ref check --random --seed 1 --runs 1000000 --shard 3/16 --json
                                                  one of 16 jobs; raft-ref merge joins them
  raft-ref check --witness SometimesTwoLeaders    how two servers lead at a time
  raft-ref check --progress LeaderIsElected --down 1
                                                  with one server down, one can be elected
  raft-ref check --live '<>LeaderIsElected' --fair Receive:each --servers 2
                                                  a leader is elected in the end, if all servers
                                                  that can receive something do
  raft-ref check --live '[]<>(CandidateIsAlone => LeaderIsElected)' --rest Timeout \\
      --fair HandleRequestVoteRequest:each --fair HandleRequestVoteResponse:each --max-drops 0
                                                  if timeouts come to rest and votes arrive, it is
  raft-ref check --with pre-vote,check-quorum     with features on: a ladder of their own
  raft-ref check --with pre-vote,check-quorum --progress LeaderIsElected --down 1 \\
      --max-log 1 --max-snapshot 0 --max-restarts 0
                                                  with them, and one server down, one can lead
  raft-ref check --with membership                servers come and go, one at a time
  raft-ref check --with membership,joint --servers 2 --voters 1 --max-changes 2
                                                  or several, by way of C_old,new
  raft-ref check --bug term-not-persisted --all-violations --diagram bug.svg
                                                  all that it breaks, each with its picture
  raft-ref check --json                           for machines
"""

EXIT = {
    Verdict.HOLDS_WITHIN_BOUNDS: 0,
    Verdict.VIOLATED: 1,
    Verdict.HOLDS_VACUOUSLY: 3,
    Verdict.INCOMPLETE: 3,
}


class Reports(Protocol):
    """A module of `cli.reports` for one kind of check."""

    def progress_line(self, progress: Any, /) -> str:
        """Return how far the check has come, in one line."""

    def as_text(self, report: Any, output: Output, /) -> list[str]:
        """Return its report as lines."""

    def as_json(self, report: Any, output: Output, where: Written, /) -> dict[str, Any]:
        """Return its report as a JSON object."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Explore a cluster of Raft nodes exhaustively: every order of messages, loss, "
        "duplication, crash and restart within bounds. Without any, small searches are made that "
        "find every known bug of a node, then deeper ones and random walks until a minute is "
        "over. Properties are the operators of a TLA+ module. A violation comes with a shortest "
        "counterexample."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.set_defaults(run=run)
    what = parser.add_argument_group("what to explore")
    add_cluster(what)
    what.add_argument(
        "--conjuncts",
        action="store_true",
        help="demand that every step is one of the proof's (raft-ref prove), and that its "
        "conjuncts hold in every state",
    )
    add_symmetry(what, "the same")
    add_reduction(what)
    add_bounds(parser.add_argument_group("bounds (each is a guard: no step leaves them)"))
    add_live(parser.add_argument_group("liveness"))
    search = parser.add_argument_group("the search")
    add_ladder(search)
    add_engine(search)
    add_walks(parser.add_argument_group("random walks"))
    output = parser.add_argument_group("output")
    add_output(output)
    output.add_argument("--junit", type=Path, metavar="FILE", help="write a JUnit report (XML)")


def run(options: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    if options.bug == "list":
        _list_bugs(options.json)
        return 0
    is_told = let_first_tell()
    output = output_of(options)
    if options.junit is not None:
        demand_kept("--junit", options.junit)
    watch(_give_up)
    check, reports = _asked(options)
    with live_progress(reports.progress_line, is_shown=output.is_live) as on_progress:
        asked = AllViolationsCheck(check) if options.all_violations else check
        report = asked.run(on_progress)
    if isinstance(report, AllViolationsReport):
        _tell_all(report, check.cluster, reports, output)
        lines = all_violations.as_text(report, reports, output, tell)
        return _kept(options, EXIT[report.verdict], [*lines])
    if not is_told:
        return 0
    trace = report.trace(output.source)
    if options.witness is not None and trace is not None:
        trace = replace(trace, violation=None)  # it is what was wanted
    story = [] if trace is None or output.quiet else ["", *tell(trace)]
    lines = [*reports.as_text(report, output), *story]
    if not output.json:
        print("\n".join(lines))
    where = written(trace, output, partial(of_cluster, check.cluster))
    if output.json:
        print(json.dumps(reports.as_json(report, output, where)))
    else:
        print("".join(f"{line}\n" for line in where.as_text()), end="")
    code = _exit_code(report.verdict, is_witness=options.witness is not None)
    return _kept(options, code, lines)


def _kept(options: argparse.Namespace, code: int, lines: list[str]) -> int:
    """Write the JUnit report, if that is asked for; return the exit code."""
    if options.junit is not None:
        tested = shlex.join(["check", *options.arguments[1:]])
        options.junit.write_bytes(junit("check", tested, code, lines))
    return code


def _tell_all(
    report: AllViolationsReport, cluster: ClusterRequest, reports: Reports, output: Output
) -> None:
    if not output.json:
        print("\n".join(all_violations.as_text(report, reports, output, tell)))
    traces = report.traces(output.source)
    known = partial(of_cluster, cluster)
    where = {name: written(trace, output.of(name), known) for name, trace in traces.items()}
    if output.json:
        print(json.dumps(all_violations.as_json(report, reports, output, where)))
    for each in where.values():
        print("".join(f"{line}\n" for line in each.as_text() if not output.json), end="")


def _exit_code(verdict: Verdict, is_witness: bool) -> int:
    """Return the exit code; who wants a witness wants what would violate that there is none."""
    if is_witness and verdict is not Verdict.INCOMPLETE:
        return 0 if verdict is Verdict.VIOLATED else 1
    return EXIT[verdict]


def _give_up(what: str) -> None:
    """End where a node does not answer: nothing else can."""
    print(f"raft-ref: {what}", file=sys.__stderr__, flush=True)
    os._exit(2)


def _list_bugs(as_json: bool) -> None:
    from raft_ref.cli.reports import bugs  # noqa: PLC0415 - imports the server and its simulation

    print(json.dumps(bugs.known()) if as_json else "\n".join(bugs.known_as_text()))


def _asked(options: argparse.Namespace) -> tuple[Check, Reports]:
    """Return what is asked for, and what tells its report. Raises `UsageError`."""
    if not options.random:
        demand_no_walks(options)
    demand_for_ranks(options, is_ladder(options))
    if options.live is not None:
        return live_of(options, cluster_of(options)), liveness
    demand_not_live(options)
    if options.all_violations:
        for name in ("conjuncts", "witness", "checkpoint", "resume", "disk"):
            if getattr(options, name):
                raise UsageError(f"--{name}: not with --all-violations")
    if options.conjuncts:
        return _conjuncts(options)
    if options.random:
        return walks_of(options, cluster_of(options)), walks
    if is_ladder(options):
        return ladder_of(options, cluster_of(options)), ladder
    check = ExhaustiveCheck(
        cluster_of(options),
        symmetry_of(options),
        options.engine,
        options.threads,
        options.memory,
        checkpoints_of(options),
        allowed_of(options),
        disk_of(options),
        ranks_of(),
    )
    return check, exhaustive


def _conjuncts(options: argparse.Namespace) -> tuple[Check, Reports]:
    try:
        from raft_ref.cli.reports.checks import conjuncts  # noqa: PLC0415 - z3 is an extra
        from raft_ref.verify import ConjunctsCheck  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise UsageError(NO_Z3) from error
    for name in ("random", "symmetry", "threads", "memory", "checkpoint", "resume", "disk"):
        if getattr(options, name):
            raise UsageError(f"--{name}: not with --conjuncts")
    if options.engine == "native":
        raise UsageError("--engine native: the proof's conjuncts are looked at in Python")
    if options.checkpoint_every is not None:
        raise UsageError("--checkpoint-every: only with --checkpoint or --resume")
    return ConjunctsCheck(cluster_of(options)), conjuncts

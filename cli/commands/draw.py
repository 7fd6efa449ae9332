"""`raft-ref draw`: a trace as a diagram or a page to be stepped through, and graphs of states."""

import argparse
import re
from dataclasses import replace
from pathlib import Path

from raft_ref.cli.options.cluster import add_node, add_own_bounds, node_of
from raft_ref.cli.options.errors import UsageError, demand_writable
from raft_ref.cli.options.output import PAGE
from raft_ref.cli.options.sizes import add_sizes, given_sizes_of
from raft_ref.cli.reports.terminal import live_progress
from raft_ref.spec.files import INVARIANTS
from raft_ref.traces import Trace, draw, render
from raft_ref.traces.drawing.graphs import Drawing, draw_graph
from raft_ref.traces.drawing.page import Annotations, page
from raft_ref.traces.drawing.render import FORMATS
from raft_ref.traces.drawing.style import THEMES
from raft_ref.traces.format.ndjson import is_whole
from raft_ref.traces.format.parts import part
from raft_ref.traces.profiles import profile_of
from raft_ref.traces.sources.conversion import is_itf, read_any
from raft_ref.traces.validation.reading import read_recorded
from raft_ref.verify import (
    ClusterRequest,
    GraphRequest,
    NotTakenError,
    PropertyRequest,
    annotated,
    asked_annotations,
    automaton,
    role_changes,
    unseen,
)
from raft_ref.zoo import EXPLORED

EXIT_CODES = "exit codes: 0 drawn; 2 bad input or usage, or no Graphviz"

EXAMPLES = """\
examples:
  raft-ref draw trace.ndjson -o trace.svg
  raft-ref draw trace.ndjson -o trace.png --theme dark
  raft-ref draw trace.ndjson -o trace.html
  raft-ref draw trace.ndjson -o trace.html --node my_raft:MyRaft
                                      with the code of your own node that ran in each step
  raft-ref draw trace.ndjson -o trace.html --raft my_spec
  raft-ref draw violation.itf.json -o violation.svg
                                      what Apalache or Quint wrote
  raft-ref draw recorded.ndjson.gz -o part.svg --steps 100-140
  raft-ref draw traces/recorded/etcd/seed-1.ndjson --profile etcd -o etcd.html
  raft-ref draw --graph -o graph.svg --servers 2 --max-term 1 --max-log 0 --max-restarts 0
  raft-ref draw --graph -o graph.svg --show role,currentTerm --bug quorum-of-half
  raft-ref draw --automaton -o automaton.svg
  raft-ref draw --automaton -o automaton.svg --node my_raft:MyRaft
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Draw a trace as a space-time diagram (.svg, .png, .pdf, .gv), or as one page "
        "of HTML that needs no network (.html): step back and forward with the arrow keys, and see "
        "the cluster, the messages in flight, the properties, and each action in Raft.tla and in "
        "the node. Or draw what a cluster can reach within bounds."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.add_argument(
        "trace", type=Path, nargs="?", metavar="TRACE",
        help="a trace to draw (NDJSON, or ITF: .itf.json)",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE",
        help=f"where to draw it: {', '.join([*FORMATS, PAGE])}",
    )  # fmt: skip
    parser.add_argument(
        "--profile", metavar="NAME",
        help="what wrote the trace, as of validate: it is drawn as a reading of it has it "
        "(default: raft-ref, for one that logs only some of what happens)",
    )  # fmt: skip
    parser.add_argument(
        "--steps", metavar="FIRST-LAST", type=steps, help="draw these steps alone: 100-140"
    )
    parser.add_argument(
        "--theme", choices=[*THEMES], default="light", help="the colours (default: light)"
    )
    parser.add_argument(
        "--spec", metavar="FILE.tla", type=Path,
        help=f"the module of the properties that a page shows (default: {INVARIANTS.name})",
    )  # fmt: skip
    parser.add_argument(
        "--raft", metavar="DIR", type=Path,
        help="a folder with the Raft.tla whose actions a page shows, and with its "
        f"{INVARIANTS.name}, if you change that (default: the folder of --spec, if there is one)",
    )  # fmt: skip
    group = parser.add_argument_group("what a cluster can reach, instead of a trace")
    one = group.add_mutually_exclusive_group()
    one.add_argument("--graph", action="store_true", help="its states, and the steps between them")
    one.add_argument(
        "--automaton", action="store_true", help="the roles of a server, and what leads to which"
    )
    group.add_argument(
        "--show", metavar="VARIABLES",
        help="let states that have these variables alike be one, whosever they are, with counts: "
        "role,currentTerm for instance",
    )  # fmt: skip
    whose = parser.add_argument_group("whose trace it is (for its code in a .html), or cluster")
    add_node(whose, "a known bug; what it breaks is red")
    add_sizes(group, "or what the bug needs")
    add_own_bounds(group)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Draw; return the exit code."""
    output: Path = options.output
    is_of_states = options.graph or options.automaton
    if is_of_states == (options.trace is not None):
        raise UsageError("draw a TRACE, or --graph, or --automaton")
    kinds = FORMATS if is_of_states else (*FORMATS, PAGE)
    if output.suffix not in kinds:
        raise UsageError(f"-o {output}: it must end in one of {', '.join(kinds)}")
    demand_writable("-o", output)
    if options.trace is not None and output.suffix != PAGE and (options.node or options.bug):
        raise UsageError("--node, --bug: of a trace, only a page (.html) shows the code")
    if output.suffix != PAGE:
        for name in ("spec", "raft"):
            if getattr(options, name) is not None:
                raise UsageError(f"--{name}: of a page, -o FILE{PAGE}")
    theme = THEMES[options.theme]
    if is_of_states:
        render(draw_graph(_drawing(options), theme).source, output)
    elif output.suffix == PAGE:
        trace = _trace_of(options)
        output.write_text(page(trace, _annotations(options, trace), theme), encoding="utf-8")
    else:
        render(draw(_trace_of(options), theme).source, output)
    print(f"drawn to {output}")
    return 0


def steps(text: str) -> tuple[int, int]:
    """Return the numbers of the first and the last step of a part, for argparse."""
    first, dash, last = text.partition("-")
    if not dash or not first.isdecimal() or not last.isdecimal():
        raise argparse.ArgumentTypeError(f"{text}: expected FIRST-LAST, two numbers")
    return int(first), int(last)


def _trace_of(options: argparse.Namespace) -> Trace:
    """Return the trace, or the part of it, that is drawn."""
    path: Path = options.trace
    if options.profile is None and (is_itf(path) or is_whole(path)):
        trace = read_any(path)
    else:
        trace = read_recorded(path, profile_of(options.profile or "raft-ref"))
    return trace if options.steps is None else part(trace, *options.steps)


def _annotations(options: argparse.Namespace, trace: Trace) -> Annotations:
    """Return what is known of a trace: of which node it is, if that was said, or it says so."""
    cluster = _cluster_of(options)
    is_said = options.node is not None or options.bug is not None
    bug = None if is_said or trace.of is not None else _bug_of(trace)
    if trace.of is not None or not (is_said or bug):
        return asked_annotations(cluster.properties, trace)
    if bug:
        properties = replace(cluster.properties, refine=None)
        cluster = replace(cluster, bug=bug, properties=properties)
    try:
        return annotated(cluster, trace)
    except NotTakenError as error:
        if bug:  # whatever its header says
            return asked_annotations(cluster.properties, trace)
        raise UsageError(f"{options.trace}: {error}") from error


def _bug_of(trace: Trace) -> str | None:
    """Return the known bug that a trace is a counterexample of, by its header."""
    said = re.match(r"raft-ref (?:bugs|check .*--bug) (\S+)", trace.source)
    return said[1] if said and said[1] in EXPLORED else None


def _drawing(options: argparse.Namespace) -> Drawing:
    if options.automaton:
        with live_progress(lambda found: f"{found.distinct_states:,} states") as on_progress:
            seen = role_changes(_cluster_of(options), on_progress)
        for line in unseen(seen):
            print(f"not within these bounds: {line}")
        return automaton(seen)
    request = GraphRequest(_cluster_of(options), options.show.split(",") if options.show else ())
    with live_progress(lambda count: f"{count:,} states") as on_states:
        return request.run(on_states)


def _cluster_of(options: argparse.Namespace) -> ClusterRequest:
    """Return the cluster; whether it refines the spec is of interest where a bug breaks that."""
    refine = None if options.bug else False
    properties = PropertyRequest(spec=options.spec, raft=options.raft, refine=refine)
    return ClusterRequest(
        node=node_of(options),
        node_name=options.node,
        bug=options.bug or None,
        sizes=given_sizes_of(options),
        bounds=dict(options.bound),
        properties=properties,
    )

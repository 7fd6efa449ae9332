"""`raft-ref spec compare`: the node, the spec and TLC on the spec, within the same bounds."""

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

from raft_ref import explorer
from raft_ref.cli.options.errors import EXIT_CODES, UsageError
from raft_ref.cli.options.sizes import add_sizes
from raft_ref.cli.options.symmetry import add_symmetry, symmetry_of
from raft_ref.cli.reports.terminal import Progress, live_progress, setting
from raft_ref.explorer import Renamed
from raft_ref.spec.checker.config import parse_config
from raft_ref.spec.checker.search import Search, Task
from raft_ref.spec.checker.symmetry import canonical_rows
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.checker.verdict import Verdict
from raft_ref.spec.link import MODEL, MODEL_BOUNDS, MODEL_SYMMETRIES, RaftVariables
from raft_ref.spec.module import load
from raft_ref.spec.steps.interning import Interner, State
from raft_ref.spec.tlc.run import is_installed, run_tlc
from raft_ref.spec.tlc.states import read_dump
from raft_ref.spec.values.value import show
from raft_ref.verify.cluster import Cluster, build
from raft_ref.verify.comparison import (
    Figures,
    differences,
    of_exploration,
    of_report,
    of_tlc,
    side_by_side,
)

EXAMPLES = """\
examples:
  raft-ref spec compare                           within the default bounds of `raft-ref check`
  raft-ref spec compare --servers 2 --no-symmetry --max-restarts 0 --states
                                                  all states, one by one
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Explore the reference node, check spec/MCRaft.tla with the embedded checker, "
        "and with real TLC if the extra [tlc] is installed, all within the same bounds. Any "
        "difference is an error."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    # What `build` reads beside the sizes: the reference node, with all its properties.
    parser.set_defaults(run=run, node=None, bug=None, spec=None, invariant=[])
    parser.set_defaults(progress=None, progress_from=None)
    parser.set_defaults(
        network="set", bound=[], depth=None, refine=False, bisimulation=False, por=False
    )
    add_sizes(parser.add_argument_group("bounds (each is a guard: no step leaves them)"))
    add_symmetry(parser, "the same")
    parser.add_argument(
        "--states", action="store_true", help="compare the sets of states too, one by one"
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", default=1, help="threads of TLC (default: 1)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    parser.add_argument("--quiet", action="store_true", help="print whether they agree alone")


@dataclass(frozen=True)
class Column:
    """What one checker found; `states` returns all distinct ones, as values of the variables."""

    figures: Figures
    states: Callable[[], Iterable[State]]


def run(options: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    cluster = build(options)
    symmetry = symmetry_of(options, cluster.system)
    with tempfile.TemporaryDirectory(prefix="raft-ref-compare-") as scratch:
        config = Path(scratch) / "MCRaft.cfg"
        config.write_text(config_text(cluster, symmetry), encoding="utf-8")
        task = task_of(load(MODEL), parse_config(config.read_text(), str(config)), False, None)
        columns = [_explored(cluster, task, symmetry, options), _checked(task, options)]
        if is_installed():
            columns.append(_run_tlc(cluster, config, options))
        differ = differences([each.figures for each in columns])
        states = _compare_states(columns, task) if options.states else []
    _print(columns, differ, states, setting(cluster, symmetry), options)
    has_states_apart = any(each.number for each in states)
    is_bad = any(each.figures.verdict != Verdict.HOLDS.value for each in columns)
    return int(bool(differ) or has_states_apart or is_bad)


def config_text(cluster: Cluster, symmetry: tuple[Renamed, ...]) -> str:
    """Return the configuration of MCRaft.tla that ships, with the cluster's numbers in it."""
    bounds = cluster.system.bounds.as_dict()
    numbers = {name: str(bounds[bound]) for name, bound in MODEL_BOUNDS.items()}
    numbers["Server"] = f"{{{', '.join(cluster.system.servers)}}}"
    numbers["Value"] = f"{{{', '.join(cluster.values)}}}"
    text = MODEL.with_suffix(".cfg").read_text(encoding="utf-8")
    for name, number in numbers.items():
        text = re.sub(rf"^( *{name} = ).*$", rf"\g<1>{number}", text, flags=re.MULTILINE)
    line = f"SYMMETRY {MODEL_SYMMETRIES[symmetry]}" if symmetry else ""
    return re.sub(r"^SYMMETRY.*$", line, text, flags=re.MULTILINE)


# The three checkers


def _progress(
    options: argparse.Namespace,
) -> AbstractContextManager[Callable[[Progress], None]]:
    if sys.stderr.isatty() and not options.quiet:
        return live_progress()
    return nullcontext(lambda progress: None)


def _explored(
    cluster: Cluster, task: Task, symmetry: tuple[Renamed, ...], options: argparse.Namespace
) -> Column:
    with _progress(options) as on_progress:
        search = explorer.Search(cluster.system, cluster.properties, symmetry, on_progress)
        report = search.run()
    names = task.model.variables
    variables = RaftVariables(cluster.system.servers, cluster.values)

    def states() -> Iterable[State]:
        for view in search.views():
            values = variables.of(view, frozenset(names))
            yield tuple(values[name] for name in names)

    return Column(_complete(of_exploration(report)), states)


def _checked(task: Task, options: argparse.Namespace) -> Column:
    with _progress(options) as on_progress:
        search = Search(task, on_progress)
        report = search.run()
    return Column(_complete(of_report(report)), search.states)


def _complete(figures: Figures) -> Figures:
    """Return the figures; what was interrupted is not compared with anything."""
    if figures.verdict == Verdict.INCOMPLETE.value:
        raise KeyboardInterrupt
    return figures


def _run_tlc(cluster: Cluster, config: Path, options: argparse.Namespace) -> Column:
    dump = config.with_suffix(".dump") if options.states else None
    result = run_tlc(MODEL, config, workers=options.workers, dump=dump)
    if result.error is not None:
        raise UsageError(f"TLC: {result.error}")
    model_values = [*cluster.system.servers, *cluster.values, "Nil"]

    def states() -> Iterable[State]:
        return read_dump(dump, load(MODEL).variables, model_values) if dump else []

    return Column(of_tlc(result), states)


# Comparing and telling


@dataclass(frozen=True)
class Apart:
    """States that one checker has and another has not: how many, and one of them."""

    has: str
    has_not: str
    number: int
    example: str | None


def _compare_states(columns: list[Column], task: Task) -> list[Apart]:
    """Compare the sets of states, each state standing for its renamings."""
    interner = Interner(task.model.variables)
    canonical = canonical_rows(interner, task.renamings)
    sets = {
        each.figures.checker: {canonical(interner.row(state)) for state in each.states()}
        for each in columns
    }
    found = []
    for has, has_not in permutations(sets, 2):
        apart = sets[has] - sets[has_not]
        example = _show(interner, min(apart)) if apart else None
        found.append(Apart(has, has_not, len(apart), example))
    return found


def _show(interner: Interner, row: tuple[int, ...]) -> str:
    named = zip(interner.variables, interner.state(row), strict=True)
    return " ".join(f"/\\ {name} = {show(value)}" for name, value in named)


def _print(
    columns: list[Column],
    differ: list[str],
    states: list[Apart],
    heading: list[str],
    options: argparse.Namespace,
) -> None:
    figures = [each.figures for each in columns]
    apart = [each for each in states if each.number]
    if options.json:
        print(json.dumps(_as_json(figures, differ, states if options.states else None)))
        return
    lines = ["DIFFERENT" if differ or apart else "THE SAME"]
    if not options.quiet:
        lines += [*heading, "", *side_by_side(figures)]
        if len(figures) == 2:
            lines.append("TLC is not installed: install the extra, raft-ref[tlc]")
        if options.states:
            lines += ["", *_states_lines(apart, figures)]
    print("\n".join(lines))


def _states_lines(apart: list[Apart], figures: list[Figures]) -> list[str]:
    if not apart:
        names = " and ".join(each.checker for each in figures)
        return [f"states, one by one: the same in {names}"]
    return [
        f"states that {each.has} has and {each.has_not} has not: {each.number:,}, such as\n"
        f"    {each.example}"
        for each in apart
    ]


def _as_json(
    figures: list[Figures], differ: list[str], states: list[Apart] | None
) -> Mapping[str, Any]:
    return {
        "same": not differ and not any(each.number for each in states or []),
        "differences": differ,
        "columns": {each.checker: each.as_json() for each in figures},
        "states": None
        if states is None
        else [
            {"has": e.has, "has_not": e.has_not, "number": e.number, "example": e.example}
            for e in states
        ],
    }

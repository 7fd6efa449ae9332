"""`raft-ref generate`: scenarios that cover what the reference node can do, for others to run."""

import argparse
import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from itertools import chain, product
from pathlib import Path
from typing import Any, get_args

from raft_ref import Message, Node, Role
from raft_ref.cli.options.errors import UsageError
from raft_ref.cli.options.sizes import add_sizes
from raft_ref.cli.reports.terminal import live_progress
from raft_ref.explorer import Bounds, System
from raft_ref.traces import write
from raft_ref.traces.conformance.branches import Branch
from raft_ref.traces.conformance.scenarios import Cover, Item, Receives, Scenarios, scenarios
from raft_ref.verify.cluster import DEFAULTS

EXIT_CODES = "exit codes: 0 scenarios were written; 2 bad input or usage; 3 stopped early"

EXAMPLES = """\
examples:
  raft-ref generate -o scenarios
  raft-ref generate --cover actions -o scenarios
  raft-ref generate --cover transitions --servers 2 --max-term 1 --max-messages 1 -o scenarios
"""

_TWO = {
    **DEFAULTS, "servers": 2, "max_log_length": 2, "max_snapshot_index": 1, "max_messages": 2,
}  # fmt: skip
_NO_FAULTS = {**DEFAULTS, "max_restarts": 0, "max_drops": 0, "max_duplicates": 0}
_THREE = {**DEFAULTS, "max_drops": 0}
_FOUR = {
    **_NO_FAULTS, "servers": 4, "max_term": 1, "max_log_length": 0, "max_snapshot_index": 0,
    "max_messages": 4, "max_duplicates": 1,
}  # fmt: skip
_SNAPSHOTS = {**_NO_FAULTS, "max_term": 1, "max_log_length": 2, "max_snapshot_index": 2}
_LOGS = {**_NO_FAULTS, "max_log_length": 2}
_TERMS = {**_NO_FAULTS, "max_term": 3, "max_snapshot_index": 0}
_SMALL = {**DEFAULTS, "servers": 2, "max_term": 1, "max_messages": 1}

CLUSTERS: Mapping[Cover, tuple[Mapping[str, int], ...]] = {
    Cover.ACTIONS: (_TWO, _THREE),
    Cover.BRANCHES: (_TWO, _THREE, _FOUR),
    Cover.PATHS: (_TWO, _THREE, _FOUR, _SNAPSHOTS, _LOGS, _TERMS),
    Cover.TRANSITIONS: (_SMALL,),
}
"""Which clusters are explored one after the other, where no size is given."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Explore the reference node, and write a set of traces that together cover "
        "what it can do, each step with the state that is expected after it. raft-ref conform "
        "drives an implementation through them."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.add_argument(
        "--cover",
        type=Cover,
        choices=[*Cover],
        default=Cover.PATHS,
        metavar="WHAT",
        help="actions: each action of the spec, and each message in each role; branches: also each "
        "branch of the node's handlers; paths: also each path through them, by what it changes "
        "and by the indices of the server; transitions: each step out of each state (default: "
        "%(default)s)",
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="where to write them"
    )
    sizes = parser.add_argument_group(
        "sizes", "without any, several small clusters are explored, chosen for what is covered"
    )
    add_sizes(sizes, "if another size is given")
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    output.add_argument("--quiet", action="store_true", help="show no progress")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the scenarios; return the exit code."""
    directory: Path = options.output
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f"--output: {directory} is there, and is no empty directory")
    known: set[Item] = set()
    found: list[Scenarios] = []
    is_shown = not options.quiet and not options.json
    with live_progress(_progress) if is_shown else nullcontext(lambda found: None) as update:
        for sizes in _clusters(options):
            found.append(scenarios(system_of(sizes), options.cover, known, update))
    directory.mkdir(parents=True, exist_ok=True)
    source = shlex.join(["raft-ref", *options.arguments])
    traces = chain.from_iterable(each.traces(source) for each in found)
    for number, trace in enumerate(traces, start=1):
        write(trace, directory / f"{number:04}.ndjson")
    missing = [*_missing(found, known)] if options.cover is not Cover.TRANSITIONS else []
    if options.json:
        print(json.dumps(_as_json(found, missing, directory)))
    else:
        print("\n".join(_as_text(found, missing, directory)))
    return 0


def _missing(found: list[Scenarios], known: set[Item]) -> Iterator[str]:
    """Yield what is possible, as far as the code shows, and was not met within the bounds."""
    for role, message in product(Role, get_args(Message)):
        if Receives(role, message.__name__) not in known:
            yield f"a {role} receives {message.__name__}"
    for branch in sorted(frozenset[Branch]().union(*(each.possible for each in found)) - known):
        yield str(branch)


def _progress(found: tuple[int, int]) -> str:
    states, queue = found
    return f"{states:,} states, queue {queue:,}"


def _clusters(options: argparse.Namespace) -> tuple[Mapping[str, int], ...]:
    given = {name: getattr(options, name) for name in DEFAULTS}
    if all(value is None for value in given.values()):
        return CLUSTERS[options.cover]
    sizes = {name: DEFAULTS[name] if value is None else value for name, value in given.items()}
    for name, number in sizes.items():
        if number < {"servers": 2, "values": 1}.get(name, 0):
            raise UsageError(f"--{name.replace('_', '-')}: {number} is too few")
    return (sizes,)


def system_of(sizes: Mapping[str, int]) -> System:
    """Return a cluster of reference nodes of these sizes, by the names of `DEFAULTS`."""
    left = dict(sizes)
    servers = [f"s{number + 1}" for number in range(left.pop("servers"))]
    values = [f"v{number + 1}" for number in range(left.pop("values"))]
    node = Node(servers, values)
    measures = {name: left.pop(name) for name in node.measures}
    return System(node, servers, Bounds(measures=measures, **left))


def _as_text(found: list[Scenarios], missing: list[str], directory: Path) -> Iterator[str]:
    ways = [way for each in found for way in each.ways]
    steps = sum(map(len, ways))
    yield f"{len(ways):,} scenarios of {steps:,} steps written to {directory}"
    states, transitions = (sum(getattr(e, n) for e in found) for n in ("states", "transitions"))
    clusters = f"{len(found)} cluster{'s' if len(found) > 1 else ''}"
    yield f"  explored: {clusters}, {states:,} states, {transitions:,} transitions"
    covered = sum((each.covered for each in found), Counter[str]())
    yield f"  covered: {', '.join(f'{count:,} {what}' for what, count in covered.items())}"
    if missing:
        yield "  not met within the bounds, or where the spec does not allow the step:"
        yield from (f"    {each}" for each in missing)


def _as_json(found: list[Scenarios], missing: list[str], directory: Path) -> dict[str, Any]:
    return {
        "directory": str(directory),
        "scenarios": sum(len(each.ways) for each in found),
        "steps": sum(len(way) for each in found for way in each.ways),
        "states": sum(each.states for each in found),
        "transitions": sum(each.transitions for each in found),
        "covered": dict(sum((each.covered for each in found), Counter[str]())),
        "missing": missing,
    }

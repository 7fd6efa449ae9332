"""The options that say which cluster is explored, and what is asked of it."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from raft_ref.cli.options.errors import UsageError
from raft_ref.cli.options.features import add_features, features_of
from raft_ref.cli.options.sizes import add_sizes, given_sizes_of
from raft_ref.features import Feature
from raft_ref.spec.link import INVARIANTS
from raft_ref.spec.link.others import shipped
from raft_ref.spec.requests import named
from raft_ref.traces.format.features import FEATURES
from raft_ref.verify import ClusterRequest, PropertyRequest
from raft_ref.verify.cluster.properties import COMMIT_IS_DONE, COMMIT_IS_DUE


def add_cluster(group: Any) -> None:
    """Add what is explored, and its properties: what `cluster_of` reads beside the bounds."""
    add_node(group, "a known bug; `--bug list` lists them")
    add_features(group)
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
        "--except", dest="excepted", metavar="NAME", action="append", default=[],
        help="do not demand this property (repeatable)",
    )  # fmt: skip
    group.add_argument(
        "--all-violations", action="store_true",
        help="show the shortest violation of each property, and not only of the first; --trace "
        "and --diagram FILE.svg write FILE-PROPERTY.svg for each",
    )  # fmt: skip
    group.add_argument(
        "--raft", metavar="DIR", type=Path,
        help="a folder with your own Raft.tla, which counts for --refine and --bisimulation, and "
        "with its MCRaft.tla and RaftInvariants.tla, if you change them (default: the folder of "
        "--spec, if there is a Raft.tla)",
    )  # fmt: skip
    group.add_argument(
        "--witness", metavar="NAME",
        help="show the shortest way to a Sometimes..., instead of demanding anything",
    )  # fmt: skip
    group.add_argument(
        "--down", type=int, default=0, metavar="N",
        help="let the last N servers be down for good; with --progress, that is fault tolerance",
    )  # fmt: skip
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
        "--refines", metavar="FILE.tla", type=Path,
        help="demand that every step of a server is some steps of another specification of Raft",
    )  # fmt: skip
    group.add_argument(
        "--mapping", metavar="FILE.toml", type=Path,
        help="how a server is a state of that: a file, or the name of one that ships "
        f"({', '.join(shipped())})",
    )  # fmt: skip
    group.add_argument(
        "--bisimulation",
        action="store_true",
        help="demand that in every state node and spec can take the same steps",
    )


def add_node(group: Any, about_bugs: str) -> None:
    """Add whose cluster it is: what `node_of` reads, and a known bug."""
    what = group.add_mutually_exclusive_group()
    what.add_argument(
        "--node",
        metavar="MODULE:CLASS",
        help="your own node: a class that is a raft_ref.explorer.Actor",
    )
    what.add_argument("--bug", metavar="NAME", help=about_bugs)


OF_LOGS = frozenset(Feature(name) for name in FEATURES)
"""Those that a log can be held to."""


def add_own_bounds(group: Any) -> None:
    """Add bounds on what only a node of the user's own measures."""
    group.add_argument(
        "--bound",
        metavar="NAME=N",
        type=_bound,
        action="append",
        default=[],
        help="a bound on a measure of your own node (repeatable)",
    )


def add_reduction(group: Any) -> None:
    """Add partial-order reduction."""
    group.add_argument(
        "--por",
        action="store_true",
        help="partial-order reduction: receive messages at once that nobody will look at (fewer "
        "states, the same verdicts, but not always a shortest counterexample)",
    )


def add_bounds(group: Any) -> None:
    """Add the bounds of the cluster."""
    add_sizes(group, "or what the bug needs")
    group.add_argument(
        "--depth", type=int, metavar="N", help="levels of states, the initial one included"
    )
    add_own_bounds(group)


def cluster_of(options: argparse.Namespace) -> ClusterRequest:
    """Return the cluster that is asked for. Raises `UsageError`."""
    return ClusterRequest(
        node=node_of(options),
        node_name=options.node,
        bug=options.bug,
        sizes=given_sizes_of(options),
        bounds=dict(options.bound),
        depth=options.depth,
        network=options.network,
        reduced=options.por,
        features=features_of(options),
        down=options.down,
        properties=PropertyRequest(
            spec=Path(options.spec) if options.spec else None,
            invariants=tuple(options.invariant),
            progress=options.progress,
            progress_from=options.progress_from,
            refine=options.refine,
            refines=options.refines,
            mapping=options.mapping,
            bisimulation=options.bisimulation,
            excepted=tuple(options.excepted),
            witness=options.witness,
            raft=options.raft,
            beside_bug=True,
        ),
    )


def node_of(options: argparse.Namespace) -> Callable[..., Any] | None:
    """Return the user's own node, if there is one. Raises `UsageError` or `RequestError`."""
    if options.node is None:
        return None
    name: str = options.node
    module_name, _, class_name = name.partition(":")
    if not module_name or not class_name:
        raise UsageError(f"--node {name}: expected MODULE:CLASS")
    found: Callable[..., Any] = named("node", name)
    return found


def _bound(text: str) -> tuple[str, int]:
    name, equals, number = text.partition("=")
    if not equals or not number.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r}: expected NAME=N")
    return name, int(number)

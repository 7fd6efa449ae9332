"""Whether and how the ladder is climbed: what is searched where nobody says how far."""

import argparse
import re
from typing import Any

from raft_ref.cli.options.errors import UsageError
from raft_ref.cli.options.symmetry import symmetry_of
from raft_ref.verify import DEFAULTS, ClusterRequest, LadderCheck

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_OF_ONE_SEARCH = (
    "bug", "depth", "bound", "checkpoint", "resume", "checkpoint_every", "bisimulation", "por",
    "witness", "down", "disk",
)  # fmt: skip


def add_ladder(group: Any) -> None:
    """Add the options that `ladder_of` and `allowed_of` read."""
    group.add_argument(
        "--time",
        type=seconds,
        metavar="TIME",
        help="without bounds: how long to search, such as 90s, 10m or 8h "
        "(default: the rungs to their end, and up to 60s deeper)",
    )
    group.add_argument(
        "--allow-unreached",
        metavar="NAME",
        action="append",
        default=[],
        help="a Sometimes... or an action that need not be met (repeatable); without it, what "
        "holds for want of it HOLDS, VACUOUSLY",
    )


def allowed_of(options: argparse.Namespace) -> frozenset[str]:
    """Return what need not be reached."""
    return frozenset(options.allow_unreached)


def is_ladder(options: argparse.Namespace) -> bool:
    """Whether nobody says how far to search. Raises `UsageError` for a time where somebody does."""
    is_one = options.engine != "auto"
    is_one |= any(getattr(options, name) not in (None, False, 0, []) for name in _OF_ONE_SEARCH)
    sizes = (*DEFAULTS, "voters", "max_changes")
    is_one |= any(getattr(options, name) is not None for name in sizes)
    if is_one and options.time is not None:
        raise UsageError("--time: of a search without bounds; leave them out, or it")
    return not is_one


def ladder_of(options: argparse.Namespace, cluster: ClusterRequest) -> LadderCheck:
    """Return the request to climb the ladder."""
    return LadderCheck(
        cluster,
        symmetry_of(options),
        options.time,
        options.threads,
        options.memory,
        allowed_of(options),
    )


def seconds(text: str) -> float:
    """Return the seconds of a time with its unit, such as 10m."""
    parts = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if parts is None or float(parts[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a time such as 90s, 10m or 8h")
    return float(parts[1]) * _UNITS[parts[2]]

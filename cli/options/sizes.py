"""The options that say how large a cluster is, and how far it is explored."""

import argparse
from collections.abc import Mapping
from typing import Any

from raft_ref.verify.cluster import DEFAULTS, GivenSizes

_SHORTER = {"max_log_length": "--max-log", "max_snapshot_index": "--max-snapshot"}


def add_sizes(group: Any, or_else: str = "", *, with_membership: bool = True) -> None:
    """Add the options that `given_sizes_of` reads; `or_else` is for their help.

    Those of changes of membership are of no use to everybody.
    """
    for name, what in (
        ("servers", "servers in the cluster"),
        ("values", "different values that clients may ask to store"),
        ("max_term", "the highest term"),
        ("max_log_length", "the longest log, what is compacted included"),
        ("max_snapshot_index", "the highest index that is compacted"),
        ("max_messages", "messages in flight at a time"),
        ("max_restarts", "crashes and restarts in all"),
        ("max_drops", "lost messages in all"),
        ("max_duplicates", "messages delivered twice in all"),
    ):
        flags = dict.fromkeys([flag_of(name), "--" + name.replace("_", "-")])
        group.add_argument(
            *flags,
            dest=name,
            type=int,
            metavar="N",
            help=f"{what} (default: {DEFAULTS[name]}{or_else and f', {or_else}'})",
        )

    of_membership = (
        ("voters", "servers that the cluster begins with (default: all but one)"),
        ("max_changes", "changes of membership in a log (default: 1)"),
    )
    for name, what in of_membership if with_membership else ():
        flag = "--" + name.replace("_", "-")
        group.add_argument(flag, type=int, metavar="N", help=f"with membership: {what}")


def flag_of(name: str) -> str:
    """Return the option for a size, the shorter one of two."""
    return _SHORTER.get(name, "--" + name.replace("_", "-"))


def given_sizes_of(options: argparse.Namespace) -> GivenSizes:
    """Return the sizes that were given; what they are otherwise is for others to say."""
    of_membership = ("voters", "max_changes")
    return GivenSizes(**{name: getattr(options, name) for name in (*DEFAULTS, *of_membership)})


def sizes_of(options: argparse.Namespace, otherwise: Mapping[str, int]) -> dict[str, int]:
    """Return the sizes of a cluster that were asked for, or else others."""
    given = {name: getattr(options, name) for name in otherwise}
    return {name: otherwise[name] if given[name] is None else given[name] for name in otherwise}

"""The options that say how large a cluster is, and how far it is explored."""

from typing import Any

from raft_ref_cli.cluster import DEFAULTS

_SHORTER = {"max_log_length": "--max-log", "max_snapshot_index": "--max-snapshot"}


def add_sizes(group: Any, or_else: str = "") -> None:
    """Add the options that `cluster.build` reads as `DEFAULTS`; `or_else` is for their help."""
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
        flags = ["--" + name.replace("_", "-")]
        if name in _SHORTER:
            flags.insert(0, _SHORTER[name])
        group.add_argument(
            *flags,
            dest=name,
            type=int,
            metavar="N",
            help=f"{what} (default: {DEFAULTS[name]}{or_else and f', {or_else}'})",
        )

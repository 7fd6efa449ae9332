"""The options that say what may be renamed in states that count as one."""

import argparse
from typing import Any

from raft_ref.explorer import Renamed
from raft_ref.verify import Symmetry

_CHOICES: dict[str, tuple[Renamed, ...]] = {
    "servers": ("servers",),
    "values": ("values",),
    "both": ("servers", "values"),
    "none": (),
}


def add_symmetry(group: Any, default: str) -> None:
    """Add the options that `symmetry_of` reads; `default` says what holds without them."""
    group.add_argument(
        "--symmetry",
        nargs="?",
        choices=[*_CHOICES],
        const=True,
        help="count states that differ by a renaming of servers, and of values, as one; with no "
        f"more said, of all that the node can rename (default: {default})",
    )
    group.add_argument(
        "--no-symmetry",
        dest="symmetry",
        action="store_const",
        const="none",
        help="count every state",
    )


def symmetry_of(options: argparse.Namespace) -> Symmetry:
    """Return what may be renamed."""
    choice: str | bool | None = options.symmetry
    return _CHOICES[choice] if isinstance(choice, str) else choice

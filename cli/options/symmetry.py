"""The options that say what may be renamed in states that count as one."""

import argparse
from typing import Any

from raft_ref.cli.options.errors import UsageError
from raft_ref.explorer import Renamed, System, what_is_renamed

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


def symmetry_of(options: argparse.Namespace, system: System) -> tuple[Renamed, ...]:
    """Return what is renamed; raises UsageError where it cannot be."""
    choice: str | bool | None = options.symmetry
    if choice is None:
        choice = system.guard.has_rename
    try:
        return what_is_renamed(system, _CHOICES[choice] if isinstance(choice, str) else choice)
    except ValueError as error:
        raise UsageError(f"--symmetry: {error}") from error


def renaming_text(symmetry: tuple[Renamed, ...]) -> str:
    """Return what is told of a symmetry, after what was explored."""
    if not symmetry:
        return ""
    what = " and ".join(symmetry)
    return f", up to a renaming of {'the ' if len(symmetry) == 1 else ''}{what}"

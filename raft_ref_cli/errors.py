"""What the command line says about its own arguments."""

from pathlib import Path


class UsageError(Exception):
    """The arguments make no sense; the message says in one line what would."""


def demand_writable(option: str, path: Path) -> None:
    """Find out before a long search whether its result can be kept. Raises `UsageError`."""
    if not path.parent.is_dir():
        raise UsageError(f"{option} {path}: there is no folder {path.parent}")
    if path.is_dir():
        raise UsageError(f"{option} {path}: is a folder")

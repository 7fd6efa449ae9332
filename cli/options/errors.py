"""What the command line says about its own arguments."""

import argparse
from pathlib import Path


class UsageError(Exception):
    """The arguments make no sense; the message says in one line what would."""


EXIT_CODES = (
    "exit codes: 0 holds within the bounds; 1 violated; 2 bad input or usage; 3 stopped early, or "
    "holds for want of anything happening"
)

NO_Z3 = "the proof needs z3: pip install 'raft-ref[prove]'"
"""What is said where it is not installed."""


def demand_writable(option: str, path: Path) -> None:
    """Find out before a long search whether its result can be kept. Raises `UsageError`."""
    if not path.parent.is_dir():
        raise UsageError(f"{option} {path}: there is no folder {path.parent}")
    if path.is_dir():
        raise UsageError(f"{option} {path}: is a folder")


def positive(text: str) -> float:
    """Return a number of more than 0, for argparse."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: expected more than 0")
    return number

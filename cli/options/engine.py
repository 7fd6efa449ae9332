"""The options that say what searches, and with how much of the machine."""

import argparse
import re
import sys
from pathlib import Path
from typing import Any

from raft_ref.cli.options.errors import UsageError
from raft_ref.explorer import Checkpoints, Disk

_EVERY = 60.0
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def add_engine(group: Any) -> None:
    """Add the options that say which engine searches, and what it may use."""
    group.add_argument(
        "--engine",
        choices=["auto", "native", "plain"],
        default="auto",
        help="native: in C++; plain: in Python, the definition of what a search means "
        "(default: native where it can)",
    )
    group.add_argument(
        "--threads",
        type=_threads,
        metavar="N",
        help="threads of the native engine (default: one for each core)",
    )
    group.add_argument(
        "--memory",
        type=_size,
        metavar="SIZE",
        help="end incomplete rather than use more memory, such as 800M or 4G "
        "(default: most of what is available)",
    )
    keep = group.add_mutually_exclusive_group()
    keep.add_argument(
        "--checkpoint",
        metavar="DIR",
        type=Path,
        help="keep what was found in this folder, so that a run that was killed can go on",
    )
    keep.add_argument(
        "--resume",
        metavar="DIR",
        type=Path,
        help="go on with what is kept there, with the same options as before (but for threads and "
        "memory), and keep it there",
    )
    keep.add_argument(
        "--disk",
        metavar="DIR",
        type=Path,
        help="for what is larger than memory: have the states in this folder, in one to four bytes "
        "each; --memory counts all else. A run that was killed goes on with the same command",
    )
    group.add_argument(
        "--checkpoint-every",
        metavar="SECONDS",
        type=_seconds,
        help=f"how often, at most; 0 is after each level (default: {_EVERY:.0f})",
    )


def checkpoints_of(options: argparse.Namespace) -> Checkpoints | None:
    """Return how checkpoints are kept, if they are. Raises `UsageError`."""
    folder = options.resume or options.checkpoint
    every = options.checkpoint_every
    if folder is None:
        if every is not None:
            raise UsageError("--checkpoint-every: only with --checkpoint or --resume")
        return None
    _demand_folder(folder)
    return Checkpoints(
        folder,
        resume=options.resume is not None,
        every=_EVERY if every is None else every,
        on_trouble=lambda what: print(f"raft-ref: {what}", file=sys.stderr),
    )


def disk_of(options: argparse.Namespace) -> Disk | None:
    """Return where the states are on disk, if they are. Raises `UsageError`."""
    if options.disk is None:
        return None
    if options.progress is not None:
        raise UsageError("--progress: asked of a search with its states in memory; not with --disk")
    _demand_folder(options.disk)
    return Disk(options.disk)


def _demand_folder(folder: Path) -> None:
    """Demand that there is such a folder, or that it can be made."""
    if not folder.parent.is_dir():
        raise UsageError(f"{folder}: there is no folder {folder.parent}")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is not a folder")


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number of seconds")
    return float(text)


def _threads(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number from 1 to 256")
    return int(text)


def _size(text: str) -> int:
    """Return a number of bytes."""
    parts = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)i?B?", text, re.IGNORECASE)
    if parts is None:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a size such as 800M or 4G")
    return int(float(parts[1]) * _UNITS[parts[2].upper()])

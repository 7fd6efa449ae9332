"""The options that say what searches, and with how much of the machine."""

import argparse
import re
from typing import Any

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def add_engine(group: Any) -> None:
    """Add the options that `explorer.search` takes as engine, threads and memory."""
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

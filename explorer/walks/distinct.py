"""Distinct states, counted by their hashes: numbers of 64 bits, so that two may seem to be one."""

from array import array
from typing import Protocol


class CounterOfHashes(Protocol):
    """Counts each number once."""

    def add(self, hashes: bytes) -> None:
        """Add numbers of 8 bytes each."""

    def __len__(self) -> int:
        """Return how many different ones were added."""


class PlainHashes:
    """Counts in Python."""

    def __init__(self) -> None:
        self._met: set[int] = set()

    def add(self, hashes: bytes) -> None:
        """Add numbers of 8 bytes each."""
        self._met.update(array("Q", hashes))

    def __len__(self) -> int:
        return len(self._met)


def counter_of_hashes() -> CounterOfHashes:
    """Return what counts; that of the native engine, if it was built."""
    try:
        from raft_ref.explorer._core import Hashes  # noqa: PLC0415 - not there without a compiler
    except ImportError:
        return PlainHashes()
    return Hashes()

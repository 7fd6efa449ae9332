"""Chance, the same in Python and in C++: whole numbers alone, and nothing but a seed behind them.

The generator is splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
generators", 2014). `explorer/core/chance.hpp` is its twin.
"""

from collections.abc import Sequence
from functools import cache
from typing import Final

_ALL: Final = 2**64 - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15

SEEDS: Final = 2**64
"""How many seeds there are."""


def mixed(number: int) -> int:
    """Return 64 bits that look like chance; different ones for different numbers of 64 bits."""
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & _ALL
    number = (number ^ number >> 27) * 0x94D049BB133111EB & _ALL
    return number ^ number >> 31


@cache
def hashed(text: str) -> int:
    """Return a number of 64 bits for a text, the same in every process (FNV-1a)."""
    found = 0xCBF29CE484222325
    for byte in text.encode():
        found = (found ^ byte) * 0x100000001B3 & _ALL
    return found


class Chance:
    """Numbers drawn one after the other. Argument: a seed of 64 bits."""

    def __init__(self, seed: int) -> None:
        self._seed = mixed(seed)
        self._state = self._seed

    def below(self, limit: int) -> int:
        """Draw a number from 0 to below a limit of 64 bits."""
        self._state = self._state + _GOLDEN & _ALL
        return mixed(self._state) * limit >> 64

    def pick(self, weights: Sequence[int]) -> int:
        """Draw a place by weight; where no place has any, as if they were equal."""
        total = sum(weights)
        if total == 0:
            return self.below(len(weights))
        left = self.below(total)
        for place, weight in enumerate(weights):
            if left < weight:
                return place
            left -= weight
        raise AssertionError("a number below the sum of weights is within one of them")

    def of_name(self, name: int, count: int) -> int:
        """Return a number below `count` that depends on the seed and a name's hash alone."""
        return mixed(self._seed ^ name) * count >> 64

"""The modules of what is drawn at random, the same way in every run, and the time."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from typing import Final

from raft_ref.spec.syntax.errors import NoValueError
from raft_ref.spec.values.arithmetic import LARGEST, number
from raft_ref.spec.values.builtin import Builtin, table
from raft_ref.spec.values.value import Value, elements_of, show

_DRAWN: Final = random.Random(0)


def random_element(value: Value) -> Value:
    """RandomElement(value)."""
    elements = [*elements_of(value)]
    if not elements:
        raise NoValueError("RandomElement of an empty set")
    return _DRAWN.choice(elements)


def random_subset(size: Value, value: Value) -> Value:
    """RandomSubset(size, value)."""
    elements = [*elements_of(value)]
    wanted = number(size, "RandomSubset")
    if not 0 <= wanted <= len(elements):
        raise NoValueError(f"RandomSubset: {show(value)} has no subset of {wanted} elements")
    return frozenset(_DRAWN.sample(elements, wanted))


def random_set_of_subsets(many: Value, size: Value, value: Value) -> Value:
    """RandomSetOfSubsets(many, size, value): subsets of that size on average."""
    elements = [*elements_of(value)]
    wanted, mean = number(many, "RandomSetOfSubsets"), number(size, "RandomSetOfSubsets")
    share = mean / len(elements) if elements else 0.0
    return frozenset(
        frozenset(each for each in elements if _DRAWN.random() < share) for _ in range(wanted)
    )


def seconds() -> int:
    """JavaTime."""
    return int(time.time()) & LARGEST


MODULES: Final[Mapping[str, Mapping[str, Builtin]]] = {
    "Randomization": table(
        Builtin("RandomSubset", 2, random_subset, "set", varies=True, is_drawn=True),
        Builtin("RandomSetOfSubsets", 3, random_set_of_subsets, "set", varies=True, is_drawn=True),
    ),
}

"""The operators of the standard module Bags.

A bag is a function from its elements to how often each occurs.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from raft_ref.spec.syntax.errors import NoValueError
from raft_ref.spec.values.value import Value, finite, function, items_of, results_of, show


def bag(value: Value, operator: str) -> dict[Value, int]:
    """Return the counts of a bag; raises `NoValueError` naming the operator for anything else."""
    if not is_bag(value):
        raise NoValueError(f"{operator} needs a bag, not {show(value)}")
    return dict(items_of(value))  # type: ignore[arg-type]


def is_bag(value: Value) -> bool:
    """IsABag(value)."""
    return type(value) is tuple and all(
        type(count) is int and count > 0 for count in results_of(value)
    )


def bag_of(value: Value) -> Value:
    """SetToBag(value)."""
    return function(dict.fromkeys(finite(value), 1))


def bag_elements(value: Value) -> Value:
    """BagToSet(value)."""
    return frozenset(bag(value, "BagToSet"))


def bag_sum(left: Value, right: Value) -> Value:
    """Left (+) right."""
    counts = bag(left, "(+)")
    for each, count in bag(right, "(+)").items():
        counts[each] = counts.get(each, 0) + count
    return function(counts)


def bag_difference(left: Value, right: Value) -> Value:
    """Left (-) right."""
    taken = bag(right, "(-)")
    counts = {each: n - taken.get(each, 0) for each, n in bag(left, "(-)").items()}
    return function({each: count for each, count in counts.items() if count > 0})


def copies(element: Value, value: Value) -> int:
    """CopiesIn(element, value)."""
    return bag(value, "CopiesIn").get(element, 0)


def bag_size(value: Value) -> int:
    """BagCardinality(value)."""
    return sum(bag(value, "BagCardinality").values())


def bag_union(value: Value) -> Value:
    """BagUnion(value): the sum of a set of bags."""
    total: Value = function({})
    for each in finite(value):
        total = bag_sum(total, each)
    return total


def bag_of_all(operator: Callable[[Value], Value], value: Value) -> Value:
    """BagOfAll(operator, value): the images of all elements, each as often as they come."""
    counts: dict[Value, int] = {}
    for each, count in bag(value, "BagOfAll").items():
        image = operator(each)
        counts[image] = counts.get(image, 0) + count
    return function(counts)


def bag_included(left: Value, right: Value) -> bool:
    r"""Left \sqsubseteq right."""
    counts = bag(right, "\\sqsubseteq")
    return all(n <= counts.get(each, 0) for each, n in bag(left, "\\sqsubseteq").items())


def sub_bags(value: Value) -> Value:
    """SubBag(value): all bags that are included in it."""
    counts = bag(value, "SubBag")
    rows = itertools.product(*[range(n + 1) for n in counts.values()])
    return frozenset(
        function({each: n for each, n in zip(counts, row, strict=True) if n}) for row in rows
    )

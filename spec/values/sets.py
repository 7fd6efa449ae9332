"""Sets that are asked for membership more often than they are enumerated, and infinite ones.

Each behaves like the `frozenset` of its elements under `==` and `hash`; an infinite set equals
only a set that is written the same way.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from raft_ref.spec.syntax.errors import NoValueError
from raft_ref.spec.values.value import (
    FALSE,
    TRUE,
    Boolean,
    FiniteSet,
    LazySet,
    ModelValue,
    Value,
    domain_in,
    domain_of,
    finite,
    function,
    is_sequence,
    results_of,
    sequence,
    show,
    sort_key,
)

SMALL_INTERVAL: Final = 64

BOOLEAN: Final[FiniteSet] = frozenset((TRUE, FALSE))


class InfiniteSet(LazySet):
    """Nat, Int or STRING."""

    __slots__ = ("lowest", "name", "python_type")

    is_infinite = True

    def __init__(self, name: str, python_type: type, lowest: int | None = None) -> None:
        super().__init__()
        self.name = name
        self.python_type = python_type
        self.lowest = lowest

    def _contains(self, value: Value) -> bool:
        if type(value) is self.python_type:
            return self.lowest is None or (isinstance(value, int) and value >= self.lowest)
        raise NoValueError(f"cannot tell whether {show(value)} is in {self.name}")

    def __str__(self) -> str:
        return self.name


NAT: Final = InfiniteSet("Nat", int, 0)
INT: Final = InfiniteSet("Int", int)
REAL: Final = InfiniteSet("Real", int)
"""Numbers with a fraction are no values here, as they are none to TLC."""
STRING: Final = InfiniteSet("STRING", str)


class AnySet(LazySet):
    """Any, of the module TLC: everything is an element."""

    __slots__ = ()

    is_infinite = True

    def contains(self, value: Value) -> bool:
        """Yes."""
        return True

    def __str__(self) -> str:
        return "Any"


ANY: Final = AnySet()


class Interval(LazySet):
    """The numbers low..high, when they are many; see `interval`."""

    __slots__ = ("high", "low")

    def __init__(self, low: int, high: int) -> None:
        super().__init__()
        self.low = low
        self.high = high

    def _contains(self, value: Value) -> bool:
        if type(value) is int:
            return self.low <= value <= self.high
        raise NoValueError(f"cannot tell whether {show(value)} is in {self}")

    def _elements(self) -> Iterator[Value]:
        return iter(range(self.low, self.high + 1))

    def _size(self) -> int:
        return self.high - self.low + 1

    def __str__(self) -> str:
        return f"{self.low}..{self.high}"


_small_intervals: dict[tuple[int, int], FiniteSet] = {}
_MOST_KEPT = 1 << 14
"""How many of them are kept: indices of a log that grows are never the same again."""


def interval(low: int, high: int) -> FiniteSet | Interval:
    """Return low..high: a small one as a kept `frozenset`, a large one as an `Interval`."""
    known = _small_intervals.get((low, high))
    if known is not None:
        return known
    if high - low >= SMALL_INTERVAL:
        return Interval(low, high)
    small = frozenset(range(low, high + 1))
    if len(_small_intervals) >= _MOST_KEPT:
        _small_intervals.clear()
    _small_intervals[low, high] = small
    return small


class PowerSet(LazySet):
    """SUBSET base."""

    __slots__ = ("base",)

    def __init__(self, base: Value) -> None:
        super().__init__()
        self.base = base

    def _text(self) -> str:
        return f"SUBSET {show(self.base)}"

    def _contains(self, value: Value) -> bool:
        return all(contains(self.base, each) for each in finite(value))

    def _elements(self) -> Iterator[Value]:
        base = sorted(finite(self.base), key=sort_key)
        for size in range(len(base) + 1):
            for chosen in itertools.combinations(base, size):
                yield frozenset(chosen)

    def _size(self) -> int:
        return _power(2, len(finite(self.base)))


class FunctionSet(LazySet):
    """[arguments -> results]."""

    __slots__ = ("arguments", "results")

    def __init__(self, arguments: Value, results: Value) -> None:
        super().__init__()
        self.arguments = arguments
        self.results = results

    def _text(self) -> str:
        return f"[{show(self.arguments)} -> {show(self.results)}]"

    def _contains(self, value: Value) -> bool:
        if type(value) is not tuple:
            raise NoValueError(f"cannot tell whether {show(value)} is in a set of functions")
        same_domain = domain_in(value).keys_as_set == self.arguments
        return same_domain and all(contains(self.results, each) for each in results_of(value))

    def _elements(self) -> Iterator[Value]:
        domain = domain_of(finite(self.arguments))
        results = sorted(finite(self.results), key=sort_key)
        for chosen in itertools.product(results, repeat=len(domain)):
            yield (domain, *chosen)

    def _size(self) -> int:
        return _power(len(finite(self.results)), len(finite(self.arguments)))


class RecordSet(LazySet):
    """[field : set, ...]."""

    __slots__ = ("fields",)

    def __init__(self, fields: dict[str, Value]) -> None:
        super().__init__()
        self.fields = fields

    def _text(self) -> str:
        return "[" + ", ".join(f"{name} : {show(each)}" for name, each in self.fields.items()) + "]"

    def _contains(self, value: Value) -> bool:
        if type(value) is not tuple:
            raise NoValueError(f"cannot tell whether {show(value)} is in a set of records")
        domain = domain_in(value)
        if domain.is_sequence and domain:
            raise NoValueError(f"cannot tell whether {show(value)} is in a set of records")
        if domain.keys() != self.fields.keys():
            return False
        return all(
            contains(self.fields[str(name)], each)
            for name, each in zip(domain, results_of(value), strict=True)
        )

    def _elements(self) -> Iterator[Value]:
        names = sorted(self.fields)
        columns = [sorted(finite(self.fields[name]), key=sort_key) for name in names]
        for row in itertools.product(*columns):
            yield function(dict(zip(names, row, strict=True)))

    def _size(self) -> int:
        return _product(len(finite(each)) for each in self.fields.values())


class ProductSet(LazySet):
    r"""S \X T \X ..., the set of tuples."""

    __slots__ = ("factors",)

    def __init__(self, *factors: Value) -> None:
        super().__init__()
        self.factors = factors

    def _text(self) -> str:
        return "(" + " \\X ".join(show(each) for each in self.factors) + ")"

    def _contains(self, value: Value) -> bool:
        if not is_sequence(value):
            raise NoValueError(f"cannot tell whether {show(value)} is in a set of tuples")
        assert isinstance(value, tuple)
        parts = results_of(value)
        return len(parts) == len(self.factors) and all(
            contains(factor, part) for factor, part in zip(self.factors, parts, strict=True)
        )

    def _elements(self) -> Iterator[Value]:
        columns = [sorted(finite(each), key=sort_key) for each in self.factors]
        return (sequence(row) for row in itertools.product(*columns))

    def _size(self) -> int:
        return _product(len(finite(each)) for each in self.factors)


class SequenceSet(LazySet):
    """Seq(base): all finite sequences over base."""

    __slots__ = ("base",)

    is_infinite = True

    def __init__(self, base: Value) -> None:
        super().__init__()
        self.base = base

    def _contains(self, value: Value) -> bool:
        if not is_sequence(value):
            raise NoValueError(f"cannot tell whether {show(value)} is in a set of sequences")
        assert isinstance(value, tuple)
        return all(contains(self.base, each) for each in results_of(value))

    def __str__(self) -> str:
        return f"Seq({show(self.base)})"


class CombinedSet(LazySet):
    r"""A union, intersection or difference of which a part is infinite."""

    __slots__ = ("left", "operator", "right")

    is_infinite = True

    def __init__(self, operator: str, left: Value, right: Value) -> None:
        super().__init__()
        self.operator = operator
        self.left = left
        self.right = right

    def contains(self, value: Value) -> bool:
        """Whether the value is an element; a model value may be one of a finite part."""
        if self.operator == "\\cup":
            return contains(self.left, value) or contains(self.right, value)
        return contains(self.left, value) and contains(self.right, value) == (
            self.operator == "\\cap"
        )

    def __str__(self) -> str:
        return f"({show(self.left)} {self.operator} {show(self.right)})"


def contains(candidates: Value, value: Value) -> bool:
    r"""Whether value \in candidates.

    Raises `NoValueError` if `candidates` is no set, or its elements cannot be compared with the
    value.
    """
    if type(candidates) is frozenset:
        if value in candidates:
            return True
        for each in candidates:  # one stands for all: the elements of a set are comparable
            comparable(each, value)
            break
        return False
    if isinstance(candidates, LazySet):
        return candidates.contains(value)
    raise NoValueError(f"{show(candidates)} is not a set")


def equal(left: Value, right: Value) -> bool:
    """Whether two values are equal; raises `NoValueError` where TLC refuses to compare them."""
    if left == right:
        return True
    if type(left) is not type(right) or type(left) in _STRUCTURED:
        comparable(left, right)
    return False


_SCALARS: Final = (int, str, Boolean)
_STRUCTURED: Final = (tuple, frozenset, ModelValue)


def comparable(left: Value, right: Value) -> None:
    """Check that two values may be compared at all, as TLC does: on the way to a difference."""
    if type(left) is ModelValue or type(right) is ModelValue:
        kinds = {each.kind if type(each) is ModelValue else "" for each in (left, right)}
        if len(kinds - {None}) > 1:
            raise NoValueError(f"cannot compare {show(left)} with {show(right)}")
        return
    if type(left) in _SCALARS or type(right) in _SCALARS:
        if type(left) is not type(right):
            raise NoValueError(f"cannot compare {show(left)} with {show(right)}")
    elif type(left) is tuple or type(right) is tuple:
        if type(left) is not tuple or type(right) is not tuple:
            raise NoValueError(f"cannot compare {show(left)} with {show(right)}")
        if domain_in(left) is domain_in(right):
            _first_difference_comparable(results_of(left), results_of(right))
        elif len(left) == len(right):
            _first_difference_comparable(tuple(domain_in(left)), tuple(domain_in(right)))
    elif not (getattr(left, "is_infinite", False) or getattr(right, "is_infinite", False)):
        lefts, rights = finite(left), finite(right)
        if len(lefts) == len(rights):
            _first_difference_comparable(
                tuple(sorted(lefts, key=sort_key)), tuple(sorted(rights, key=sort_key))
            )


def _first_difference_comparable(lefts: tuple[Value, ...], rights: tuple[Value, ...]) -> None:
    for left, right in zip(lefts, rights, strict=True):
        if left != right:
            comparable(left, right)
            return


def _product(sizes: Iterator[int]) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total


def _power(base: int, exponent: int) -> int:
    """Return base to the exponent, or some number too large to enumerate."""
    return int(base ** min(exponent, 64))

"""Sets that are asked for membership more often than they are enumerated, and infinite ones.

Each behaves like the `frozenset` of its elements under `==` and `hash`; an infinite set equals
only a set that is written the same way.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Final

from raft_ref.spec.syntax.errors import NoValueError
from raft_ref.spec.values.value import (
    FALSE,
    LARGEST_ENUMERATION,
    LEFT_OUT,
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

    def __init__(self, name: str, python_type: type, lowest: int | None = None) -> None:
        super().__init__()
        self.name = name
        self.python_type = python_type
        self.lowest = lowest

    def _contains(self, value: Value) -> bool:
        if type(value) is self.python_type:
            return self.lowest is None or (isinstance(value, int) and value >= self.lowest)
        raise NoValueError(f"cannot tell whether {show(value)} is in {self.name}")

    @property
    def is_infinite(self) -> bool:
        """Yes."""
        return True

    def text(self) -> str:
        """Return its name."""
        return self.name


NAT: Final = InfiniteSet("Nat", int, 0)
INT: Final = InfiniteSet("Int", int)
REAL: Final = InfiniteSet("Real", int)
"""Numbers with a fraction are no values here, as they are none to TLC."""
STRING: Final = InfiniteSet("STRING", str)


class AnySet(LazySet):
    """Any, of the module TLC: everything is an element."""

    __slots__ = ()

    @property
    def is_infinite(self) -> bool:
        """Yes."""
        return True

    def contains(self, value: Value) -> bool:
        """Yes."""
        return True

    def text(self) -> str:
        """Return its name."""
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

    def elements(self) -> Iterator[Value]:
        """Yield the elements."""
        return iter(range(self.low, self.high + 1))

    def size(self) -> int:
        """Return how many elements there are."""
        return max(self.high - self.low + 1, 0)

    def text(self) -> str:
        """Return the two ends."""
        return f"{self.low}..{self.high}"

    def __str__(self) -> str:
        return self.text()


_small_intervals: dict[tuple[int, int], FiniteSet] = {}
MOST_KEPT = 1 << 12
"""How many of them are kept: indices of a log that grows are never the same again."""


def interval(low: int, high: int) -> FiniteSet | Interval:
    """Return low..high: a small one as a kept `frozenset`, a large one as an `Interval`."""
    known = _small_intervals.get((low, high))
    if known is not None:
        return known
    if high - low >= SMALL_INTERVAL:
        return Interval(low, high)
    small = frozenset(range(low, high + 1))
    if len(_small_intervals) >= MOST_KEPT:
        _small_intervals.clear()
    _small_intervals[low, high] = small
    return small


class PowerSet(LazySet):
    """SUBSET base."""

    __slots__ = ("base",)

    def __init__(self, base: Value) -> None:
        super().__init__()
        self.base = base

    @property
    def is_infinite(self) -> bool:
        """Whether its base is."""
        return infinite(self.base)

    def text(self) -> str:
        """Return how it is written."""
        return f"SUBSET {show(self.base)}"

    def _contains(self, value: Value) -> bool:
        return all(contains(self.base, each) for each in finite(value))

    def elements(self) -> Iterator[Value]:
        """Yield the elements."""
        base = [*listed(self.base)]
        for size in range(len(base) + 1):
            for chosen in itertools.combinations(base, size):
                yield frozenset(chosen)

    def size(self) -> int:
        """Return how many elements there are."""
        return _power(2, size_of(self.base))


class FunctionSet(LazySet):
    """[arguments -> results]."""

    __slots__ = ("arguments", "results")

    def __init__(self, arguments: Value, results: Value) -> None:
        super().__init__()
        self.arguments = arguments
        self.results = results

    @property
    def is_infinite(self) -> bool:
        """Whether one of its parts is."""
        return infinite(self.arguments) or infinite(self.results)

    def text(self) -> str:
        """Return how it is written."""
        return f"[{show(self.arguments)} -> {show(self.results)}]"

    def _contains(self, value: Value) -> bool:
        if type(value) is not tuple:
            raise NoValueError(f"cannot tell whether {show(value)} is in a set of functions")
        same_domain = domain_in(value).keys_as_set == self.arguments
        return same_domain and all(contains(self.results, each) for each in results_of(value))

    def elements(self) -> Iterator[Value]:
        """Yield the functions."""
        domain = domain_of(finite(self.arguments))
        results = [*listed(self.results)]
        for chosen in itertools.product(results, repeat=len(domain)):
            yield (domain, *chosen)

    def size(self) -> int:
        """Return how many elements there are."""
        return _power(size_of(self.results), size_of(self.arguments))


class RecordSet(LazySet):
    """[field : set, ...]."""

    __slots__ = ("fields",)

    def __init__(self, fields: dict[str, Value]) -> None:
        super().__init__()
        self.fields = fields

    @property
    def is_infinite(self) -> bool:
        """Whether one of its parts is."""
        return any(map(infinite, self.fields.values()))

    def text(self) -> str:
        """Return how it is written."""
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

    def elements(self) -> Iterator[Value]:
        """Yield the elements."""
        names = sorted(self.fields)
        columns = [[*listed(self.fields[name])] for name in names]
        for row in itertools.product(*columns):
            yield function(dict(zip(names, row, strict=True)))

    def size(self) -> int:
        """Return how many elements there are."""
        return _product(size_of(each) for each in self.fields.values())


class ProductSet(LazySet):
    r"""S \X T \X ..., the set of tuples."""

    __slots__ = ("factors",)

    def __init__(self, *factors: Value) -> None:
        super().__init__()
        self.factors = factors

    @property
    def is_infinite(self) -> bool:
        """Whether one of its factors is."""
        return any(map(infinite, self.factors))

    def text(self) -> str:
        """Return how it is written."""
        return "(" + " \\X ".join(show(each) for each in self.factors) + ")"

    def _contains(self, value: Value) -> bool:
        if not is_sequence(value):
            raise NoValueError(f"cannot tell whether {show(value)} is in a set of tuples")
        assert isinstance(value, tuple)
        parts = results_of(value)
        return len(parts) == len(self.factors) and all(
            contains(factor, part) for factor, part in zip(self.factors, parts, strict=True)
        )

    def elements(self) -> Iterator[Value]:
        """Yield the elements."""
        columns = [[*listed(each)] for each in self.factors]
        return (sequence(row) for row in itertools.product(*columns))

    def size(self) -> int:
        """Return how many elements there are."""
        return _product(size_of(each) for each in self.factors)


class SequenceSet(LazySet):
    """Seq(base): all finite sequences over base."""

    __slots__ = ("base",)

    def __init__(self, base: Value) -> None:
        super().__init__()
        self.base = base

    def _contains(self, value: Value) -> bool:
        if not is_sequence(value):
            raise NoValueError(f"cannot tell whether {show(value)} is in a set of sequences")
        assert isinstance(value, tuple)
        return all(contains(self.base, each) for each in results_of(value))

    @property
    def is_infinite(self) -> bool:
        """Yes."""
        return True

    def text(self) -> str:
        """Return how it is written."""
        return f"Seq({show(self.base)})"


class CombinedSet(LazySet):
    r"""A union, intersection or difference of sets that are not all listed."""

    __slots__ = ("left", "operator", "right")

    def __init__(self, operator: str, left: Value, right: Value) -> None:
        super().__init__()
        self.operator = operator
        self.left = left
        self.right = right

    @property
    def is_infinite(self) -> bool:
        """Whether it is, as far as the parts tell."""
        if self.operator == "\\cup":
            return infinite(self.left) or infinite(self.right)
        if self.operator == "\\cap":
            return infinite(self.left) and infinite(self.right)
        return infinite(self.left)

    def contains(self, value: Value) -> bool:
        """Whether the value is an element; a model value may be one of a finite part."""
        if self.operator == "\\cup":
            return contains(self.left, value) or contains(self.right, value)
        return contains(self.left, value) and contains(self.right, value) == (
            self.operator == "\\cap"
        )

    def elements(self) -> Iterator[Value]:
        """Yield the elements of the parts, as far as they are some of the whole."""
        if self.operator == "\\cup":
            return itertools.chain(listed(self.left), listed(self.right))
        left, right = self.left, self.right
        if self.operator == "\\cap" and infinite(left):
            left, right = right, left
        wanted = self.operator == "\\cap"
        return (each for each in listed(left) if contains(right, each) == wanted)

    def size(self) -> int:
        """Return a bound."""
        if self.operator == "\\cup":
            return size_of(self.left) + size_of(self.right)
        if self.operator == "\\cap" and infinite(self.left):
            return size_of(self.right)
        return size_of(self.left)

    def text(self) -> str:
        """Return how it is written."""
        return f"({show(self.left)} {self.operator} {show(self.right)})"


class UnionSet(LazySet):
    """UNION of a family some of whose sets are not listed."""

    __slots__ = ("family",)

    def __init__(self, family: tuple[Value, ...]) -> None:
        super().__init__()
        self.family = family

    @property
    def is_infinite(self) -> bool:
        """Whether one of the family is."""
        return any(map(infinite, self.family))

    def contains(self, value: Value) -> bool:
        """Whether one of the family contains the value."""
        return any(contains(each, value) for each in self.family)

    def elements(self) -> Iterator[Value]:
        """Yield the elements of all."""
        return itertools.chain.from_iterable(map(listed, self.family))

    def size(self) -> int:
        """Return a bound."""
        return sum(map(size_of, self.family))

    def text(self) -> str:
        """Return how it is written."""
        return "UNION {" + ", ".join(map(show, self.family)) + "}"


class FilteredSet(LazySet):
    r"""{x \in base : test(x)} of a base that is not listed."""

    __slots__ = ("base", "test")

    def __init__(self, base: Value, test: Callable[[Value], bool]) -> None:
        super().__init__()
        self.base = base
        self.test = test

    @property
    def is_infinite(self) -> bool:
        """Whether the base is: what the test says of all its elements is not known."""
        return infinite(self.base)

    def contains(self, value: Value) -> bool:
        """Whether an element of the base passes the test."""
        return contains(self.base, value) and self.test(value)

    def elements(self) -> Iterator[Value]:
        """Yield what passes the test."""
        return filter(self.test, listed(self.base))

    def size(self) -> int:
        """Return a bound."""
        return size_of(self.base)

    def text(self) -> str:
        """Return how it is written, the test left out."""
        return f"{{x \\in {show(self.base)} : {LEFT_OUT}}}"


def written(value: Value) -> str:
    """Return how a set is written, without listing it if it is not listed."""
    return value.text() if isinstance(value, LazySet) else show(value)


MANY: Final = 1 << 16
"""Of so many elements, sets are combined without listing them."""


def is_many(value: Value) -> bool:
    """Whether a set is better not listed: it is infinite, or very large."""
    if type(value) is frozenset:
        return False
    try:
        return infinite(value) or size_of(value) > MANY
    except NoValueError:
        return True


def infinite(value: Value) -> bool:
    """Whether a value is an infinite set."""
    return isinstance(value, LazySet) and value.is_infinite


def size_of(value: Value) -> int:
    """Return how many elements a set has, or a bound."""
    return value.size() if isinstance(value, LazySet) else len(finite(value))


def listed(value: Value) -> Iterator[Value]:
    """Yield the elements of a set, however many they are, in a fixed order."""
    if isinstance(value, LazySet) and (is_sorted(value) or not value.is_enumerable):
        return value.elements()
    return iter(sorted(finite(value), key=sort_key))


COUNTED: Final = (Interval, PowerSet, FunctionSet, RecordSet, ProductSet)
"""The kinds whose `size` is no bound but their number of elements."""


def is_sorted(value: Value) -> bool:
    """Whether `elements` of a set come in the order of `sort_key`, each once."""
    if isinstance(value, FilteredSet):
        return is_sorted(value.base)
    return isinstance(value, COUNTED)


def is_known_subset(left: Value, right: Value) -> bool:
    """Whether one set is part of another, as far as their forms tell."""
    if left == right:
        return True
    if isinstance(left, InfiniteSet) and isinstance(right, InfiniteSet):
        return left.python_type is right.python_type and right.lowest is None
    if isinstance(right, AnySet):
        return True
    if isinstance(right, CombinedSet) and right.operator == "\\cup":
        return is_known_subset(left, right.left) or is_known_subset(left, right.right)
    if isinstance(left, FilteredSet):
        return is_known_subset(left.base, right)
    pairs = _parts(left, right)
    return pairs is not None and all(is_within(*pair) for pair in pairs)


def is_within(left: Value, right: Value) -> bool:
    """Whether one set is part of another; raises `NoValueError` where that cannot be told."""
    if is_many(left):
        if is_known_subset(left, right):
            return True
        if size_of(left) > LARGEST_ENUMERATION:
            raise NoValueError(f"{show(left)} has too many elements to look at each")
    return all(contains(right, each) for each in listed(left))


def _parts(left: Value, right: Value) -> list[tuple[Value, Value]] | None:
    """Return the parts of two sets of one kind, each of which must be within the other's."""
    match left, right:
        case PowerSet(), PowerSet():
            return [(left.base, right.base)]
        case SequenceSet(), SequenceSet():
            return [(left.base, right.base)]
        case FunctionSet(), FunctionSet() if left.arguments == right.arguments:
            return [(left.results, right.results)]
        case RecordSet(), RecordSet() if left.fields.keys() == right.fields.keys():
            return [(left.fields[name], right.fields[name]) for name in left.fields]
        case ProductSet(), ProductSet() if len(left.factors) == len(right.factors):
            return [*zip(left.factors, right.factors, strict=True)]
    return None


def filtered(base: Value, test: Callable[[Value], bool]) -> Value:
    r"""{x \in base : test(x)}, of which only what is not too many is listed."""
    if isinstance(base, LazySet) and is_many(base):
        return FilteredSet(base, test)
    return frozenset(filter(test, finite(base)))


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
        one = left.kind if type(left) is ModelValue else ""
        other = right.kind if type(right) is ModelValue else ""
        if one is not None and other is not None and one != other:
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
    elif not (is_many(left) or is_many(right)):
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

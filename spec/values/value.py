"""TLA+ values as immutable, hashable Python objects.

Numbers are `int` and strings are `str`. Every function (a record, a tuple and a sequence are
functions) is one plain tuple `(domain, v1, v2, ...)`, where `domain` is the interned `Domain` that
gives each argument its place; so Python's equality and hash of tuples are equality and hash of
functions. Finite sets are `frozenset`; sets that are better not enumerated stand in `sets`.
TRUE and FALSE are two objects of their own, because Python's `True` equals and hashes like 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias, Union

from raft_ref.spec.syntax.errors import NoValueError


class Boolean:
    """TRUE or FALSE as a value; never a condition of Python's."""

    __slots__ = ("holds",)

    def __init__(self, holds: bool) -> None:
        self.holds = holds

    def __bool__(self) -> bool:
        raise TypeError("a TLA+ Boolean is not a Python condition")

    def __repr__(self) -> str:
        return "TRUE" if self.holds else "FALSE"


LARGEST_ENUMERATION: Final = 2_000_000  # elements; more than TLC's default of 1,000,000

LEFT_OUT: Final = "..."
"""In the text of a set, what stands for a test."""

TRUE: Final = Boolean(True)
FALSE: Final = Boolean(False)


class ModelValue:
    """A value that equals itself only, made by `model_value`.

    One named like `A_x`, a letter before the line, has that letter as its `kind`: TLC refuses to
    compare it with what is not a model value, or is one of another kind.
    """

    __slots__ = ("kind", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.kind = name[0] if name[1:2] == "_" and name[0].isalpha() else None

    def __repr__(self) -> str:
        return self.name


class Domain(dict["Value", int]):
    """The arguments of a function, each with the place of its result; interned by `domain_of`."""

    __slots__ = ("is_sequence", "keys_as_set")

    is_sequence: bool
    keys_as_set: frozenset[Value]

    __hash__ = object.__hash__  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other


class LazySet:
    """A set known by its membership test; subclasses give `_contains`, `_elements` and `_size`.

    One that is infinite, or too large to enumerate, equals only a set that is written the same way.
    """

    __slots__ = ("_enumerated",)

    _enumerated: FiniteSet | None

    def __init__(self) -> None:
        self._enumerated = None

    @property
    def is_infinite(self) -> bool:
        """Whether it is infinite, judged by its form."""
        return False

    @property
    def is_enumerable(self) -> bool:
        """Whether its elements can be listed, being not too many."""
        if self._enumerated is not None:
            return True
        try:
            return not self.is_infinite and self.size() <= LARGEST_ENUMERATION
        except NoValueError:
            return False

    def contains(self, value: Value) -> bool:
        """Whether the value is an element; raises `NoValueError` where TLC cannot compare."""
        return type(value) is not ModelValue and self._contains(value)

    def _contains(self, value: Value) -> bool:
        raise NotImplementedError

    def elements(self) -> Iterator[Value]:
        """Yield the elements, in a fixed order, however many they are; one may come twice."""
        raise NoValueError(f"{self.text()} is infinite and cannot be enumerated")

    def size(self) -> int:
        """Return how many elements it has, or more; raises `NoValueError` if it is infinite."""
        raise NoValueError(f"{self.text()} is infinite and cannot be enumerated")

    def enumerated(self) -> FiniteSet:
        """Return the set with its elements at hand; raises `NoValueError` if there are too many."""
        if self._enumerated is None:
            if self.is_infinite or self.size() > LARGEST_ENUMERATION:
                kind = "is infinite" if self.is_infinite else "has too many elements"
                raise NoValueError(f"{self.text()} {kind} and cannot be enumerated")
            self._enumerated = frozenset(self.elements())
        return self._enumerated

    def __iter__(self) -> Iterator[Value]:
        return iter(self.enumerated()) if self.is_enumerable else self.elements()

    def __contains__(self, value: Value) -> bool:
        return self.contains(value)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, LazySet):
            if self.is_enumerable and other.is_enumerable:
                return self.enumerated() == other.enumerated()
            if type(self) is not type(other):
                return False
            if LEFT_OUT in self.text() + other.text():
                raise NoValueError(f"cannot compare {self.text()} with {other.text()}")
            return self.text() == other.text()
        if isinstance(other, frozenset):
            return self.is_enumerable and self.enumerated() == other
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.enumerated()) if self.is_enumerable else hash(self.text())

    def text(self) -> str:
        """Return how the set is written."""
        raise NotImplementedError

    def __str__(self) -> str:
        return show(self.enumerated()) if self.is_enumerable else self.text()


Function: TypeAlias = tuple[Union[Domain, "Value"], ...]
FiniteSet: TypeAlias = frozenset["Value"]
Value: TypeAlias = int | str | Boolean | ModelValue | Function | FiniteSet | LazySet

_model_values: dict[str, ModelValue] = {}
_domains: dict[frozenset[Value], Domain] = {}
_sequence_domains: list[Domain] = []
_sort_keys: dict[Value, tuple[object, ...]] = {}


def model_value(name: str) -> ModelValue:
    """Return the one model value of that name."""
    return _model_values.setdefault(name, ModelValue(name))


def boolean(holds: bool) -> Boolean:
    """Return TRUE or FALSE."""
    return TRUE if holds else FALSE


def domain_of(keys: frozenset[Value]) -> Domain:
    """Return the one domain with these keys, in the order of `sort_key`."""
    found = _domains.get(keys)
    if found is None:
        ordered = sorted(keys, key=_sort_key_of_argument)
        found = Domain((key, place) for place, key in enumerate(ordered, start=1))
        found.keys_as_set = keys
        found.is_sequence = ordered == list(range(1, len(ordered) + 1))
        _domains[keys] = found
    return found


def sequence_domain(length: int) -> Domain:
    """Return the domain 1..length."""
    if length >= len(_sequence_domains):
        for each in range(len(_sequence_domains), length + 1):
            _sequence_domains.append(domain_of(frozenset(range(1, each + 1))))
    return _sequence_domains[length]


def function(mapping: Mapping[Value, Value]) -> Function:
    """Return the function that maps as `mapping` does."""
    domain = domain_of(frozenset(mapping))
    return (domain, *[mapping[key] for key in domain])


def record(fields: Mapping[str, Value]) -> Function:
    """Return the record with these fields."""
    domain = domain_of(frozenset(fields))
    return (domain, *[fields[str(name)] for name in domain])


def sequence(elements: Iterable[Value]) -> Function:
    """Return the sequence, or tuple, of these elements."""
    listed = tuple(elements)
    return (sequence_domain(len(listed)), *listed)


def domain_in(value: Function) -> Domain:
    """Return the domain of a function."""
    return value[0]  # type: ignore[return-value]


def results_of(value: Function) -> tuple[Value, ...]:
    """Return the results of a function, in the order of its domain."""
    return value[1:]  # type: ignore[return-value]


def items_of(value: Function) -> Iterable[tuple[Value, Value]]:
    """Return the pairs of argument and result, in the order of the domain."""
    return zip(domain_in(value), results_of(value), strict=True)


def is_sequence(value: Value) -> bool:
    """Whether the value is a sequence; the empty function is one."""
    return type(value) is tuple and domain_in(value).is_sequence


def elements_of(value: Value) -> Iterable[Value]:
    """Return the elements of a set in a fixed order.

    Raises `NoValueError` for what is no set, or an infinite one.
    """
    elements = finite(value)
    if len(elements) < 2:
        return elements
    if {type(each) for each in elements} <= {int}:
        return sorted(elements)  # type: ignore[type-var]  # as sort_key would, but quickly
    return sorted(elements, key=sort_key)


def finite(value: Value) -> FiniteSet:
    """Return a set with all its elements at hand.

    Raises `NoValueError` for what is no set, or an infinite one.
    """
    if type(value) is frozenset:
        return value
    enumerate_set = getattr(value, "enumerated", None)
    if enumerate_set is None:
        raise NoValueError(f"{show(value)} is not a set")
    return enumerate_set()  # type: ignore[no-any-return]


def sort_key(value: Value) -> tuple[object, ...]:
    """Return the key of a total order over all values: by type, then by value."""
    if type(value) is Boolean:
        return (0, value.holds)
    if type(value) is int:
        return (1, value)
    if type(value) is str:
        return (2, value)
    if type(value) is ModelValue:
        return (3, value.name)
    if type(value) is tuple:
        arguments = [sort_key(key) for key in domain_in(value)]
        return (4, len(arguments), arguments, [sort_key(each) for each in results_of(value)])
    if getattr(value, "is_infinite", False):
        return (6, show(value))
    members = sorted(sort_key(each) for each in finite(value))
    return (5, len(members), members)


def _sort_key_of_argument(value: Value) -> tuple[object, ...]:
    """Return the same; of records, which are in many domains, it is kept."""
    if type(value) is not tuple:
        return sort_key(value)
    found = _sort_keys.get(value)
    if found is None:
        found = _sort_keys[value] = sort_key(value)
    return found


def from_python(value: object) -> Value:
    """Return a plain Python value as a TLA+ value.

    A list or tuple becomes a sequence, a dict a function (a record, if its keys are strings), a
    set a set; what is a TLA+ value already, but for functions, stays.

    Raises `TypeError` for any other type, `None` among them.
    """
    match value:
        case bool():
            return boolean(value)
        case int() | str() | Boolean() | ModelValue():
            return value
        case tuple() if value and isinstance(value[0], Domain):
            return value
        case list() | tuple():
            return sequence(from_python(each) for each in value)
        case dict():
            return function({from_python(key): from_python(each) for key, each in value.items()})
        case set() | frozenset():
            return frozenset(from_python(each) for each in value)
    raise TypeError(f"no TLA+ value: {value!r}")


def to_python(value: Value) -> object:
    """Return a value as plain Python: bool, int, str, list, dict, frozenset.

    A sequence becomes a list at the top but a tuple where it must be hashable, that is inside a
    set or as a key; there, another function becomes a frozenset of pairs. Model values become
    their names.
    """
    return _to_python(value, hashable=False)


def _to_python(value: Value, *, hashable: bool) -> object:
    if type(value) is Boolean:
        return value.holds
    if type(value) is ModelValue:
        return value.name
    if type(value) is int or type(value) is str:
        return value
    if type(value) is not tuple:
        return frozenset(_to_python(each, hashable=True) for each in finite(value))
    if is_sequence(value):
        listed = [_to_python(each, hashable=hashable) for each in results_of(value)]
        return tuple(listed) if hashable else listed
    pairs = [
        (_to_python(key, hashable=True), _to_python(each, hashable=hashable))
        for key, each in items_of(value)
    ]
    return frozenset(pairs) if hashable else dict(pairs)


def show(value: Value) -> str:
    """Return a value as TLA+ text, in TLC's style; sets in the order of `sort_key`."""
    if type(value) is str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if type(value) is tuple:
        return _show_function(value)
    if type(value) is frozenset:
        return "{" + ", ".join(show(each) for each in sorted(value, key=sort_key)) + "}"
    return str(value)


def _show_function(value: Function) -> str:
    domain = domain_in(value)
    if domain.is_sequence:
        return "<<" + ", ".join(show(each) for each in results_of(value)) + ">>"
    if all(type(key) is str and key.isidentifier() and key.isascii() for key in domain):
        fields = (f"{key} |-> {show(each)}" for key, each in items_of(value))
        return "[" + ", ".join(fields) + "]"
    return "(" + " @@ ".join(f"{show(key)} :> {show(each)}" for key, each in items_of(value)) + ")"

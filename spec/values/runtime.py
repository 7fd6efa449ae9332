"""What generated code calls beside the operators of TLA+: delayed and recursive values, checks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NoReturn, TypeGuard

from raft_ref.spec.syntax.errors import NoValueError, Position, SpecError
from raft_ref.spec.values import sets
from raft_ref.spec.values.value import (
    FALSE,
    TRUE,
    Boolean,
    FiniteSet,
    LazySet,
    Value,
    domain_of,
    elements_of,
    finite,
    show,
)

NO_WITNESS: Final = object()

SHORT: Final = 64
"""So many elements are listed and sorted once."""

MOST_STEPS: Final = 1 << 24
"""From a set of more elements nobody waits for the states that come of picking each."""


class Lazy:
    """A definition of a LET or an argument of an operator, evaluated at its first use."""

    __slots__ = ("_compute", "_value")

    def __init__(self, compute: Callable[[], Any]) -> None:
        self._compute: Callable[[], Any] | None = compute
        self._value: Any = None

    def __call__(self) -> Any:
        """Return the value."""
        if self._compute is not None:
            self._value = self._compute()
            self._compute = None
        return self._value


class RecursiveFunction:
    r"""The function of `f[x \in S] == ...`, each result computed when it is asked for."""

    __slots__ = ("_compute", "_domain", "_known")

    def __init__(self, domain: Value, compute: Callable[[Value], Value]) -> None:
        self._domain = domain
        self._compute = compute
        self._known: dict[Value, Value] = {}

    def result(self, argument: Value) -> Value:
        """Return the function's result; raises `NoValueError` outside of its domain."""
        known = self._known.get(argument)
        if known is None:
            if not sets.contains(self._domain, argument):
                raise NoValueError(f"{show(argument)} is not in the domain of the function")
            known = self._known[argument] = self._compute(argument)
        return known

    def value(self) -> Value:
        """Return the whole function; raises `NoValueError` if its domain is infinite."""
        domain = domain_of(finite(self._domain))
        return (domain, *[self.result(each) for each in domain])


def argument_within(argument: Value, domain: Value) -> Value:
    """Return the argument of a function; raises `NoValueError` outside of its domain."""
    if not sets.contains(domain, argument):
        raise NoValueError(f"{show(argument)} is not in the domain of the function")
    return argument


def located(positions: list[Position], index: int, operator: Callable[..., Any], *on: Any) -> Any:
    """Apply an operator; a `NoValueError` becomes a `SpecError` at the position of that index."""
    try:
        return operator(*on)
    except NoValueError as fault:
        raise SpecError(positions[index], fault.reason) from None


def truth(value: Value) -> bool:
    """Return a Boolean as Python's; raises `NoValueError` for any other value."""
    if type(value) is not Boolean:
        raise NoValueError(f"a Boolean is expected, not {show(value)}")
    return value.holds


def wrapped(holds: bool) -> Value:
    """Return TRUE or FALSE."""
    return TRUE if holds else FALSE


def witness(found: Value | object) -> Value:
    """Return what CHOOSE found; raises `NoValueError` if that is nothing."""
    if found is NO_WITNESS:
        raise NoValueError("CHOOSE finds no element that satisfies its formula")
    return found  # type: ignore[return-value]


def no_case() -> NoReturn:
    """Raise the `NoValueError` of a CASE none of whose conditions holds."""
    raise NoValueError("no condition of the CASE holds")


def domain_from(elements: Value) -> Value:
    """Return the interned domain of a function over a finite set."""
    return domain_of(finite(elements))  # type: ignore[return-value]


def iterated(value: Value) -> Iterable[Value]:
    """Return the elements of a set in any order, those of a very large one without listing them."""
    if type(value) is frozenset:
        return value
    return value if isinstance(value, LazySet) else finite(value)


def in_order(value: Value) -> Iterable[Value]:
    """Return the elements of a set in a fixed order, those of a large one one by one."""
    return _OneByOne(value) if _is_in_order(value) else elements_of(value)


class _OneByOne:
    """The elements of a set that gives them in order, as often as they are asked for."""

    __slots__ = ("_elements",)

    def __init__(self, of: LazySet) -> None:
        self._elements = of

    def __iter__(self) -> Iterator[Value]:
        return self._elements.elements()


def _is_in_order(value: Value) -> TypeGuard[LazySet]:
    """Whether a set gives its elements in order by itself, and is too large to list them anew."""
    if not isinstance(value, LazySet) or value.is_infinite:
        return False
    return not value.is_enumerable or (sets.is_sorted(value) and value.size() > SHORT)


@functools.lru_cache(maxsize=sets.MOST_KEPT)
def _kept_order(elements: FiniteSet) -> tuple[Value, ...]:
    return tuple(elements_of(elements))


def in_kept_order(value: Value) -> Iterable[Value]:
    """Return the elements of a set in a fixed order; that of many sets is kept."""
    if _is_in_order(value):
        if value.size() > MOST_STEPS:
            raise NoValueError(f"{value.text()} has {value.size():,} elements, a step for each")
        return _OneByOne(value)
    return _kept_order(finite(value))


def unassigned(at: Position, name: str) -> NoReturn:
    """Raise the `SpecError` of an action that reads a variable before it gives it a value."""
    raise SpecError(at, f"{name} has no value yet")


NAMESPACE: Final[dict[str, Any]] = {
    "Lazy": Lazy,
    "RecursiveFunction": RecursiveFunction,
    "NO_WITNESS": NO_WITNESS,
    "TRUE": TRUE,
    "FALSE": FALSE,
    "located": located,
    "truth": truth,
    "wrapped": wrapped,
    "witness": witness,
    "no_case": no_case,
    "finite": finite,
    "in_order": in_order,
    "iterated": iterated,
    "domain_from": domain_from,
    "unassigned": unassigned,
}

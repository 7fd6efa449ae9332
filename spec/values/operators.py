"""The operators of TLA+ on sets and functions, and some of module TLC's, as Python functions.

Each takes values and returns a value, or a Python bool where the operator is a formula. Each
raises `NoValueError` where TLC reports an error.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from raft_ref.spec.syntax.errors import NoValueError
from raft_ref.spec.values import sets
from raft_ref.spec.values.arithmetic import in_range
from raft_ref.spec.values.value import (
    Boolean,
    Function,
    LazySet,
    Value,
    domain_in,
    domain_of,
    finite,
    function,
    items_of,
    sequence_domain,
    show,
)

# Sets


def _same_kind(left: Value, right: Value) -> None:
    """Refuse sets that TLC could not merge: of numbers and of strings, for example."""
    if type(left) is frozenset and type(right) is frozenset:
        for one in left:
            for other in right:
                if type(one) is not type(other):
                    sets.comparable(one, other)
                return


def _is_many(left: Value, right: Value) -> bool:
    """Whether one of two sets is better not listed."""
    return sets.is_many(as_set(left)) or sets.is_many(as_set(right))


def union(left: Value, right: Value) -> Value:
    r"""Left \cup right."""
    if type(left) is frozenset and type(right) is frozenset:  # the most frequent case
        if left and right:
            _same_kind(left, right)
        return left | right
    if _is_many(left, right):
        return sets.CombinedSet("\\cup", left, right)
    _same_kind(left, right)
    return finite(left) | finite(right)


def intersection(left: Value, right: Value) -> Value:
    r"""Left \cap right."""
    if type(left) is frozenset and type(right) is frozenset:
        common = left & right
        if not common:
            _same_kind(left, right)
        return common
    as_set(left), as_set(right)
    if sets.is_many(left) and sets.is_many(right):
        return sets.CombinedSet("\\cap", left, right)
    if sets.is_many(left):
        left, right = right, left
    return frozenset(each for each in finite(left) if sets.contains(right, each))


def difference(left: Value, right: Value) -> Value:
    r"""Left \ right."""
    if type(left) is frozenset and type(right) is frozenset:
        if left and right:
            _same_kind(left, right)
        return left - right
    as_set(right)
    if sets.is_many(as_set(left)):
        return sets.CombinedSet("\\", left, right)
    _same_kind(left, right)
    if type(right) is frozenset:
        return finite(left) - right
    return frozenset(each for each in finite(left) if not sets.contains(right, each))


def is_subset(left: Value, right: Value) -> bool:
    r"""Left \subseteq right."""
    if type(left) is frozenset and type(right) is frozenset:
        _same_kind(left, right)
        return left <= right
    as_set(right)
    if sets.infinite(left) and type(right) is frozenset:
        return False
    return sets.is_within(left, right)


def is_element(value: Value, candidates: Value) -> bool:
    r"""Value \in candidates."""
    return sets.contains(candidates, value)


def power_set(base: Value) -> Value:
    """SUBSET base."""
    as_set(base)
    return sets.PowerSet(base)


def big_union(family: Value) -> Value:
    """UNION family."""
    members = [as_set(each) for each in finite(family)]
    if any(map(sets.is_many, members)):
        return sets.UnionSet(tuple(sorted(members, key=sets.written)))
    result: Value = frozenset()
    for each in members:
        result = union(result, each)
    return result


def set_of(*elements: Value) -> Value:
    """Return the set of the given elements."""
    for each in elements[1:]:
        sets.comparable(elements[0], each)
    return frozenset(elements)


def function_set(arguments: Value, results: Value) -> Value:
    """[arguments -> results]."""
    return sets.FunctionSet(as_set(arguments), as_set(results))


def record_set(names: tuple[str, ...], *choices: Value) -> Value:
    """[name : set, ...]."""
    return sets.RecordSet(dict(zip(names, map(as_set, choices), strict=True)))


def product(*factors: Value) -> Value:
    r"""Factor \X factor ...."""
    return sets.ProductSet(*map(as_set, factors))


def as_set(value: Value) -> Value:
    """Return the value if it is a set; raises `NoValueError` otherwise."""
    if type(value) is not frozenset and not isinstance(value, LazySet):
        raise NoValueError(f"{show(value)} is not a set")
    return value


def cardinality(value: Value) -> int:
    """Cardinality(value)."""
    if isinstance(value, sets.COUNTED) and sets.is_many(value):
        return in_range(sets.size_of(value), "Cardinality")
    return len(finite(value))


def is_finite_set(value: Value) -> bool:
    """IsFiniteSet(value)."""
    return not sets.infinite(as_set(value))


# Functions


def _function(value: Value, operator: str) -> Function:
    if type(value) is not tuple:
        raise NoValueError(f"{operator} needs a function, not {show(value)}")
    return value


def domain(value: Value) -> Value:
    """DOMAIN value."""
    return domain_in(_function(value, "DOMAIN")).keys_as_set


def apply(applied: Value, argument: Value) -> Value:
    """applied[argument]."""
    if type(applied) is not tuple:
        raise NoValueError(f"{show(applied)} is not a function, and is applied to {show(argument)}")
    places = domain_in(applied)
    place = places.get(argument)
    if place is None:
        raise NoValueError(f"{show(argument)} is not in the domain of {show(applied)}")
    return applied[place]  # type: ignore[return-value]


def field_of(owner: Value, name: str) -> Value:
    """owner.name."""
    if type(owner) is not tuple:
        raise NoValueError(f"{show(owner)} is not a record, and its field {name} is asked for")
    if name not in domain_in(owner):
        raise NoValueError(f"no field {name} in {show(owner)}")
    return apply(owner, name)


def updated(
    original: Value,
    path: tuple[Value, ...],
    replacement: Callable[[Value], Value],
    outside: Callable[[Value], None],
) -> Value:
    """[original EXCEPT !path = replacement(@)].

    Where the path leaves the domain, nothing changes and `outside` is told the argument.
    """
    if not path:
        return replacement(original)
    old = _function(original, "EXCEPT")
    place = domain_in(old).get(path[0])
    if place is None:
        return unchanged(old, path[0], outside)
    new = updated(old[place], path[1:], replacement, outside)  # type: ignore[arg-type]
    return (*old[:place], new, *old[place + 1 :])


def unchanged(original: Function, argument: Value, outside: Callable[[Value], None]) -> Value:
    """Return the function itself, after an EXCEPT for what is not in its domain."""
    for each in domain_in(original):  # one stands for all
        sets.comparable(each, argument)
        break
    outside(argument)
    return original


def single(argument: Value, result: Value) -> Value:
    """Argument :> result."""
    return function({argument: result})


def merged(left: Value, right: Value) -> Value:
    """Left @@ right; where both are defined, left counts."""
    return function(
        {**dict(items_of(_function(right, "@@"))), **dict(items_of(_function(left, "@@")))}
    )


def unpacked(value: Value, length: int) -> Value:
    """Return a tuple of the given length as it is; raises `NoValueError` for anything else."""
    if type(value) is not tuple or value[0] is not sequence_domain(length):
        raise NoValueError(f"{show(value)} is not a tuple of {length}")
    return value


# Booleans


def holds(value: Value, operator: str) -> bool:
    """Return a Boolean as a Python bool; raises `NoValueError` naming the operator otherwise."""
    if type(value) is not Boolean:
        raise NoValueError(f"{operator} needs a Boolean, not {show(value)}")
    return value.holds


# TLC


def permutations(value: Value) -> Value:
    """Permutations(value): all functions that rearrange the set."""
    places = domain_of(finite(value))
    return frozenset((places, *order) for order in itertools.permutations(places))


def asserted(value: Value, message: Value) -> bool:
    """Assert(value, message): an error that says the message unless the value is TRUE."""
    if not holds(value, "Assert"):
        raise NoValueError(f"assertion failed: {show(message)}")
    return True

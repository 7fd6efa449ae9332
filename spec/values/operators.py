"""The operators of TLA+ and of its standard modules as Python functions over values.

Each takes values and returns a value, or a Python bool where the operator is a formula. Each
raises `NoValueError` where TLC reports an error.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Final

from raft_ref.spec.syntax.errors import NoValueError
from raft_ref.spec.values import sets
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
    results_of,
    sequence,
    sequence_domain,
    show,
)

LARGEST: Final = 2**31 - 1
SMALLEST: Final = -(2**31)


# Numbers


def number(value: Value, operator: str) -> int:
    """Return the value if it is a number; raises `NoValueError` naming the operator otherwise."""
    if type(value) is not int:
        raise NoValueError(f"{operator} needs numbers, not {show(value)}")
    return value


def in_range(result: int, operator: str) -> int:
    """Return the result of an operator; raises `NoValueError` if it needs more than 32 bits."""
    if SMALLEST <= result <= LARGEST:
        return result
    raise NoValueError(f"the result of {operator} does not fit in 32 bits")


def add(left: Value, right: Value) -> int:
    """Left + right."""
    return in_range(number(left, "+") + number(right, "+"), "+")


def subtract(left: Value, right: Value) -> int:
    """Left - right."""
    return in_range(number(left, "-") - number(right, "-"), "-")


def multiply(left: Value, right: Value) -> int:
    """Left * right."""
    return in_range(number(left, "*") * number(right, "*"), "*")


def negate(value: Value) -> int:
    """-value."""
    return in_range(-number(value, "-"), "-")


def divide(left: Value, right: Value) -> int:
    r"""Left \div right, rounded down."""
    if number(right, "\\div") == 0:
        raise NoValueError("division by zero")
    return in_range(number(left, "\\div") // number(right, "\\div"), "\\div")


def modulo(left: Value, right: Value) -> int:
    """Left % right, for a positive right."""
    if number(right, "%") <= 0:
        raise NoValueError(f"the second argument of % must be positive, not {show(right)}")
    return number(left, "%") % number(right, "%")


def power(left: Value, right: Value) -> int:
    """Left ^ right, for a right that is not negative."""
    base, exponent = number(left, "^"), number(right, "^")
    if exponent < 0:
        raise NoValueError(f"the exponent {exponent} is negative")
    if base == exponent == 0:
        raise NoValueError("0 ^ 0 is not defined")
    if abs(base) > 1 and exponent > 31:
        raise NoValueError("the result of ^ does not fit in 32 bits")
    if base in (-1, 1):
        exponent %= 2
    return in_range(base**exponent, "^")


def less(left: Value, right: Value) -> bool:
    """Left < right."""
    return number(left, "<") < number(right, "<")


def at_most(left: Value, right: Value) -> bool:
    """Left <= right."""
    return number(left, "<=") <= number(right, "<=")


def greater(left: Value, right: Value) -> bool:
    """Left > right."""
    return number(left, ">") > number(right, ">")


def at_least(left: Value, right: Value) -> bool:
    """Left >= right."""
    return number(left, ">=") >= number(right, ">=")


def interval(low: Value, high: Value) -> Value:
    """Low .. high."""
    return sets.interval(number(low, ".."), number(high, ".."))


# Sets


def _same_kind(left: Value, right: Value) -> None:
    """Refuse sets that TLC could not merge: of numbers and of strings, for example."""
    if type(left) is frozenset and type(right) is frozenset:
        for one in left:
            for other in right:
                if type(one) is not type(other):
                    sets.comparable(one, other)
                return


def _is_infinite(value: Value) -> bool:
    return getattr(value, "is_infinite", False)


def union(left: Value, right: Value) -> Value:
    r"""Left \cup right."""
    if type(left) is frozenset and type(right) is frozenset:  # the most frequent case
        if left and right:
            _same_kind(left, right)
        return left | right
    if _is_infinite(left) or _is_infinite(right):
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
    if _is_infinite(left):
        left, right = right, left
    if _is_infinite(left):
        return sets.CombinedSet("\\cap", left, right)
    return frozenset(each for each in finite(left) if sets.contains(right, each))


def difference(left: Value, right: Value) -> Value:
    r"""Left \ right."""
    if type(left) is frozenset and type(right) is frozenset:
        if left and right:
            _same_kind(left, right)
        return left - right
    if _is_infinite(left):
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
    return all(sets.contains(right, each) for each in finite(left))


def is_element(value: Value, candidates: Value) -> bool:
    r"""Value \in candidates."""
    return sets.contains(candidates, value)


def power_set(base: Value) -> Value:
    """SUBSET base."""
    _set(base)
    return sets.PowerSet(base)


def big_union(family: Value) -> Value:
    """UNION family."""
    result: Value = frozenset()
    for each in finite(family):
        result = union(result, each)
    return result


def set_of(*elements: Value) -> Value:
    """Return the set of the given elements."""
    for each in elements[1:]:
        sets.comparable(elements[0], each)
    return frozenset(elements)


def function_set(arguments: Value, results: Value) -> Value:
    """[arguments -> results]."""
    return sets.FunctionSet(_set(arguments), _set(results))


def record_set(names: tuple[str, ...], *choices: Value) -> Value:
    """[name : set, ...]."""
    return sets.RecordSet(dict(zip(names, map(_set, choices), strict=True)))


def product(*factors: Value) -> Value:
    r"""Factor \X factor ...."""
    return sets.ProductSet(*map(_set, factors))


def _set(value: Value) -> Value:
    if type(value) is not frozenset and not isinstance(value, LazySet):
        raise NoValueError(f"{show(value)} is not a set")
    return value


def cardinality(value: Value) -> int:
    """Cardinality(value)."""
    return len(finite(value))


def is_finite_set(value: Value) -> bool:
    """IsFiniteSet(value)."""
    return not _is_infinite(_set(value))


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


# Sequences


def _sequence(value: Value, operator: str) -> Function:
    if type(value) is not tuple or not domain_in(value).is_sequence:
        raise NoValueError(f"{operator} needs a sequence, not {show(value)}")
    return value


def sequence_set(base: Value) -> Value:
    """Seq(base)."""
    return sets.SequenceSet(_set(base))


def length(value: Value) -> int:
    """Len(value), of a sequence or a string."""
    if type(value) is tuple and value[0].is_sequence:  # type: ignore[union-attr]
        return len(value) - 1
    if type(value) is str:
        return len(value)
    raise NoValueError(f"Len needs a sequence, not {show(value)}")


def append(value: Value, element: Value) -> Value:
    """Append(value, element)."""
    old = _sequence(value, "Append")
    return (sequence_domain(len(old)), *old[1:], element)


def head(value: Value) -> Value:
    """Head(value), of a sequence or a string."""
    if type(value) is str and value:
        return value[0]
    if len(_sequence(value, "Head")) == 1:
        raise NoValueError("Head of an empty sequence")
    return value[1]  # type: ignore[index, return-value]


def tail(value: Value) -> Value:
    """Tail(value), of a sequence or a string."""
    if type(value) is str and value:
        return value[1:]
    old = _sequence(value, "Tail")
    if len(old) == 1:
        raise NoValueError("Tail of an empty sequence")
    return (sequence_domain(len(old) - 2), *old[2:])


def subsequence(value: Value, first: Value, last: Value) -> Value:
    """SubSeq(value, first, last), of a sequence or a string."""
    if type(value) is str:  # a string is cut like the sequence of its characters
        characters = results_of(subsequence(sequence(value), first, last))  # type: ignore[arg-type]
        return "".join(map(str, characters))
    old = _sequence(value, "SubSeq")
    low, high = number(first, "SubSeq"), number(last, "SubSeq")
    if 1 <= low <= high < len(old):
        return (sequence_domain(high - low + 1),) + old[low : high + 1]  # noqa: RUF005  # quicker
    if low > high:
        return (sequence_domain(0),)
    raise NoValueError(f"SubSeq({show(value)}, {low}, {high}) reaches outside of the sequence")


def concatenation(left: Value, right: Value) -> Value:
    r"""Left \o right, of two sequences or two strings."""
    if type(left) is str and type(right) is str:
        return left + right
    one, other = _sequence(left, "\\o"), _sequence(right, "\\o")
    return (sequence_domain(len(one) + len(other) - 2), *one[1:], *other[1:])


def selected(value: Value, test: Callable[[Value], Value]) -> Value:
    """SelectSeq(value, test)."""
    old = _sequence(value, "SelectSeq")
    return sequence(each for each in results_of(old) if holds(test(each), "SelectSeq"))


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


def sort_sequence(value: Value, precedes: Callable[[Value, Value], Value]) -> Value:
    """SortSeq(value, precedes), stable."""

    def compare(left: Value, right: Value) -> int:
        before = holds(precedes(left, right), "SortSeq")
        return -1 if before else int(holds(precedes(right, left), "SortSeq"))

    listed = results_of(_sequence(value, "SortSeq"))
    return sequence(sorted(listed, key=functools.cmp_to_key(compare)))

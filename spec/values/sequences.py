"""The operators of the standard module Sequences, and SortSeq of TLC."""

from __future__ import annotations

import functools
from collections.abc import Callable

from raft_ref.spec.syntax.errors import NoValueError
from raft_ref.spec.values import sets
from raft_ref.spec.values.arithmetic import number
from raft_ref.spec.values.operators import as_set, holds
from raft_ref.spec.values.value import (
    Function,
    Value,
    domain_in,
    results_of,
    sequence,
    sequence_domain,
    show,
)


def _sequence(value: Value, operator: str) -> Function:
    if type(value) is not tuple or not domain_in(value).is_sequence:
        raise NoValueError(f"{operator} needs a sequence, not {show(value)}")
    return value


def sequence_set(base: Value) -> Value:
    """Seq(base)."""
    return sets.SequenceSet(as_set(base))


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


def sort_sequence(value: Value, precedes: Callable[[Value, Value], Value]) -> Value:
    """SortSeq(value, precedes), stable."""

    def compare(left: Value, right: Value) -> int:
        before = holds(precedes(left, right), "SortSeq")
        return -1 if before else int(holds(precedes(right, left), "SortSeq"))

    listed = results_of(_sequence(value, "SortSeq"))
    return sequence(sorted(listed, key=functools.cmp_to_key(compare)))

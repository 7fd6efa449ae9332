"""The operators on numbers: of 32 bits, as TLC has them."""

from __future__ import annotations

from typing import Final

from raft_ref.spec.syntax.errors import NoValueError
from raft_ref.spec.values import sets
from raft_ref.spec.values.value import Value, show

LARGEST: Final = 2**31 - 1
SMALLEST: Final = -(2**31)


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

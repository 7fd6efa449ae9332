"""What a single store could have shown its clients, and what not."""

from itertools import permutations
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raft_ref.server.session import Kind, Operation
from raft_ref.server.simulation.linearizability import (
    Observation,
    done,
    is_linearizable,
    out_of_place,
)
from raft_ref.server.store import Result


def put(value: str, start: float, end: float = inf, key: str = "x") -> Observation:
    result = Result() if end < inf else None
    return Observation(Operation(Kind.PUT, key, value), start, end, result)


def get(value: str | None, start: float, end: float, key: str = "x") -> Observation:
    return Observation(Operation(Kind.GET, key), start, end, Result(value=value))


def cas(expected: str | None, value: str, seen: Result, start: float, end: float) -> Observation:
    return Observation(Operation(Kind.CAS, "x", value, expected), start, end, seen)


def delete(seen: Result, start: float, end: float) -> Observation:
    return Observation(Operation(Kind.DELETE, "x"), start, end, seen)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], True),
        ([get(None, 0, 1)], True),
        ([get("a", 0, 1)], False),  # out of thin air
        ([put("a", 0, 1), get("a", 2, 3)], True),
        ([put("a", 0, 1), get(None, 2, 3)], False),  # a stale read
        ([put("a", 0, 2), get(None, 1, 3)], True),  # at one time: either order
        ([put("a", 0, 2), get("a", 1, 3)], True),
        ([put("a", 0, 9), get("a", 1, 2), get(None, 3, 4)], False),  # there, and gone again
        ([put("a", 0), get("a", 5, 6)], True),  # it was never answered, and done
        ([put("a", 0), get(None, 5, 6)], True),  # or not
        ([put("a", 0), get("a", 5, 6), get(None, 7, 8)], False),
        ([put("a", 0, 1), put("b", 2, 3), get("a", 4, 5)], False),
        ([put("a", 0, 3), put("b", 1, 2), get("a", 4, 5)], True),
        ([put("a", 0, 1), put("b", 0, 1, "y"), get("b", 2, 3, "y"), get("a", 2, 3)], True),
        ([put("a", 0, 1), cas("a", "b", Result(True, "a"), 2, 3), get("b", 4, 5)], True),
        ([put("a", 0, 1), cas("a", "b", Result(False, "c"), 2, 3)], False),
        # One that succeeds twice, though the value was there once.
        (
            [
                put("a", 0, 1),
                cas("a", "b", Result(True, "a"), 2, 5),
                cas("a", "c", Result(True, "a"), 2, 5),
            ],
            False,
        ),
        ([put("a", 0, 1), delete(Result(True, "a"), 2, 3), get(None, 4, 5)], True),
        ([put("a", 0, 1), delete(Result(True, "a"), 2, 3), delete(Result(True, "a"), 4, 5)], False),
    ],
)
def test_histories(history: list[Observation], expected: bool) -> None:
    assert is_linearizable(history) == expected


def by_brute_force(history: list[Observation]) -> bool:
    """Try every order of every choice of what was done."""
    certain = [seen for seen in history if seen.result is not None]
    open_ends = [seen for seen in history if seen.result is None]
    for chosen in range(1 << len(open_ends)):
        some = [seen for at, seen in enumerate(open_ends) if chosen >> at & 1]
        if any(explains(order) for order in permutations([*certain, *some])):
            return True
    return False


def explains(order: tuple[Observation, ...]) -> bool:
    value: str | None = None
    for at, seen in enumerate(order):
        if any(later.end < seen.start for later in order[at + 1 :]):
            return False
        value, result = done(seen.operation, value)
        if seen.result not in (None, result):
            return False
    return True


values = st.sampled_from(["a", "b"])
operations = st.one_of(
    st.just(Operation(Kind.GET, "x")),
    st.just(Operation(Kind.DELETE, "x")),
    st.builds(lambda v: Operation(Kind.PUT, "x", v), values),
    st.builds(lambda e, v: Operation(Kind.CAS, "x", v, e), st.none() | values, values),
)


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    operation, start = draw(operations), draw(st.integers(0, 8))
    end = draw(st.integers(start, 10))
    if draw(st.integers(0, 4)) == 0:
        return Observation(operation, start)
    _, result = done(operation, draw(st.none() | values))
    return Observation(operation, start, end, result)


@given(st.lists(observations(), max_size=5))
def test_the_search_finds_what_brute_force_finds(history: list[Observation]) -> None:
    assert is_linearizable(history) == by_brute_force(history)


@pytest.mark.parametrize(
    ("history", "wrong"),
    [
        ([put("a", 0, 1), get(None, 2, 3)], 1),  # not the write, though that would do as well
        ([put("a", 0, 1), get("b", 2, 3), get("a", 4, 5)], 1),
        ([put("a", 0, 1), put("b", 2, 3), get("a", 4, 5), get("b", 6, 7)], 2),
        ([put("a", 0, 1), get(None, 2, 3), get("b", 4, 5)], None),  # two of them
        ([put("a", 0, 1), cas("a", "b", Result(False, "c"), 2, 3)], 1),
    ],
)
def test_what_is_out_of_place(history: list[Observation], wrong: int | None) -> None:
    assert not is_linearizable(history)
    assert out_of_place(history) == (None if wrong is None else history[wrong])

"""Whether what clients saw of the key-value store could have been seen of a single map.

The search of Wing and Gong ("Testing and verifying concurrent objects", 1993): take the operations
one by one in an order that keeps to real time, and see whether the results come out. What was tried
before is remembered (Lowe, "Testing for linearizability", 2017). Keys are independent of each
other, so that each is looked at alone (Herlihy and Wing, 1990: linearizability is local).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import inf

from raft_ref.server.session import Kind, Operation
from raft_ref.server.store import Result


@dataclass(frozen=True)
class Observation:
    """An operation as a client saw it: from when to when, and its result.

    One without a result may have been done at any time after it began, or never; its end is
    infinite.
    """

    operation: Operation
    start: float
    end: float = inf
    result: Result | None = None


def done(operation: Operation, value: str | None) -> tuple[str | None, Result]:
    """Return what an operation makes of a key's value, and its result."""
    match operation.kind:
        case Kind.GET:
            return value, Result(value=value)
        case Kind.PUT:
            return operation.value, Result()
        case Kind.DELETE:
            return None, Result(value is not None, value)
        case Kind.CAS:
            if value == operation.expected:
                return operation.value, Result(True, value)
            return value, Result(False, value)


def is_linearizable(history: Iterable[Observation]) -> bool:
    """Tell whether some order explains all that was seen."""
    return unexplained(history) is None


def unexplained(history: Iterable[Observation]) -> list[Observation] | None:
    """Return what was seen of a key that no order explains, by when it began; None if none is."""
    by_key = sorted(history, key=lambda seen: (seen.operation.key, seen.start, seen.end))
    for _, group in groupby(by_key, key=lambda seen: seen.operation.key):
        of_key = list(group)
        if not _of_one_key(of_key):
            return of_key
    return None


def out_of_place(history: Sequence[Observation]) -> Observation | None:
    """Return the latest answer to one key without which some order explains the others, if one is.

    Not one that changes what is there: without it, what was read of it would be out of place.
    """
    for at in reversed(range(len(history))):
        seen = history[at]
        is_read = seen.operation.kind is Kind.GET or (seen.result and not seen.result.succeeded)
        if seen.result is not None and is_read and _of_one_key([*history[:at], *history[at + 1 :]]):
            return seen
    return None


def _of_one_key(history: Sequence[Observation]) -> bool:
    certain = sum(1 << at for at, seen in enumerate(history) if seen.result is not None)
    tried: set[tuple[int, str | None]] = set()
    waiting: list[tuple[int, str | None]] = [(0, None)]
    while waiting:
        taken, value = waiting.pop()
        if taken & certain == certain:
            return True
        for at in _next(history, taken):
            after, result = done(history[at].operation, value)
            state = taken | 1 << at, after
            if history[at].result in (None, result) and state not in tried:
                tried.add(state)
                waiting.append(state)
    return False


def _next(history: Sequence[Observation], taken: int) -> list[int]:
    """Return the operations that may come next: none that is left ended before they began."""
    found: list[int] = []
    first_end = inf
    for at, seen in enumerate(history):
        if taken >> at & 1:
            continue
        if seen.start > first_end:
            break
        found.append(at)
        first_end = min(first_end, seen.end)
    return [at for at in found if history[at].start <= first_end]

"""Symmetry over model values: states that differ by a renaming of them count as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from raft_ref.spec.steps.interning import Interner, Row, Table
from raft_ref.spec.syntax.errors import NoValueError
from raft_ref.spec.values.value import (
    ModelValue,
    Value,
    domain_in,
    elements_of,
    finite,
    function,
    items_of,
    results_of,
    sequence,
    show,
)

Renaming: TypeAlias = Mapping[Value, Value]


def renamings_of(permutations: Value) -> list[Renaming]:
    """Return the renamings that a set of permutations generates, without the identity.

    Raises `NoValueError` for what is no set of permutations of model values.
    """
    given = [_renaming(each) for each in elements_of(permutations)]
    moved = sorted({key for each in given for key in each}, key=show)
    identity = tuple(moved)
    found = {identity: None}
    waiting = [identity]
    while waiting:
        images = waiting.pop()
        for each in given:
            composed = tuple(each.get(value, value) for value in images)
            if composed not in found:
                found[composed] = None
                waiting.append(composed)
    del found[identity]
    return [dict(zip(moved, images, strict=True)) for images in found]


def _renaming(permutation: Value) -> Renaming:
    if type(permutation) is tuple:
        pairs = dict(items_of(permutation))
        if set(pairs) == set(pairs.values()) and all(type(key) is ModelValue for key in pairs):
            return pairs
    raise NoValueError(f"{show(permutation)} is not a permutation of model values")


def renamed(value: Value, renaming: Renaming, known: dict[Value, Value] | None = None) -> Value:
    """Return a value with the model values in it renamed.

    What parts of it become is added to what is `known` of the renaming.
    """
    parts = {} if known is None else known

    def part(each: Value) -> Value:
        if type(each) is not tuple and type(each) is not frozenset:
            return renamed(each, renaming)
        found = parts.get(each)
        if found is None:
            found = parts[each] = renamed(each, renaming, parts)
        return found

    if type(value) is ModelValue:
        return renaming.get(value, value)
    if type(value) is tuple:
        if domain_in(value).is_sequence:
            return sequence(part(each) for each in results_of(value))
        return function({part(key): part(each) for key, each in items_of(value)})
    if type(value) is frozenset:
        return frozenset(part(each) for each in value)
    if getattr(value, "is_infinite", True):
        return value  # an infinite set, such as Nat, or what contains no model value
    return frozenset(part(each) for each in finite(value))


class CanonicalRows:
    """A function from a row to the one that stands for all its renamings.

    That is the least row; the numbers of values are given once, so it is the same for all. It is
    found variable by variable: after each, those renamings are left that give the least numbers
    so far, and what follows from a number is remembered.

    If states are to be told apart by some variables alone (`seen`), all others are 0.
    """

    def __init__(
        self,
        interner: Interner,
        renamings: Iterable[Renaming],
        seen: frozenset[str] | None = None,
    ) -> None:
        every: list[tuple[Renaming, dict[Value, Value]]] = [({}, {}), *((r, {}) for r in renamings)]
        tables: list[Sequence[dict[int, int]]] = [
            [_RenamedNumbers(table, *each) for each in every]
            if seen is None or name in seen
            else [_Unseen()] * len(every)
            for name, table in zip(interner.variables, interner.whole_tables, strict=True)
        ]
        self._interner = interner
        self._choices = _Choices(tables)
        self._start = self._choices.choice(0, tuple(range(len(every))))

    def __call__(self, row: Row) -> Row:
        """Return the least of a row's renamings."""
        choice = self._start
        image = []
        for number in self._interner.whole_row(row):
            least, choice = choice[number]
            image.append(least)
        return tuple(image)

    def least(self, renamings: int, number: int) -> tuple[int, int]:
        """Return the least renamed number of the next variable's value, and what is left then.

        The renamings that are left have a number; 0 are all, before the first variable.
        """
        least, choice = self._choices.listed[renamings][number]
        return least, choice.number


def canonical_values(renamings: Iterable[Renaming]) -> Callable[[Value], int]:
    """Return a function from a value to a number that all its renamings have, and no others."""
    table = Table()
    images = [_RenamedNumbers(table, each, {}) for each in renamings]

    def canonical(value: Value) -> int:
        number = table[value]
        return min([number, *(each[number] for each in images)])

    return canonical


class _Choices:
    """All choices so far, each under a number."""

    def __init__(self, tables: list[Sequence[dict[int, int]]]) -> None:
        self.tables = tables
        self.listed: list[_Choice] = []
        self._known: dict[tuple[int, tuple[int, ...]], _Choice] = {}

    def choice(self, place: int, left: tuple[int, ...]) -> _Choice:
        """Return the choice at a place among the renamings that are left."""
        if (place, left) not in self._known:
            self._known[place, left] = found = _Choice(self, len(self.listed), place, left)
            self.listed.append(found)
        return self._known[place, left]


class _Choice(dict[int, tuple[int, "_Choice"]]):
    """From the number of a variable's value to the least renamed one, and the choice after it.

    `left` are the renamings among which this is the least.
    """

    def __init__(self, choices: _Choices, number: int, place: int, left: tuple[int, ...]) -> None:
        super().__init__()
        self._choices = choices
        self.number = number
        self._place = place
        self._left = left

    def __missing__(self, number: int) -> tuple[int, _Choice]:
        tables = self._choices.tables[self._place]
        images = [tables[each][number] for each in self._left]
        least = min(images)
        left = tuple(e for e, image in zip(self._left, images, strict=True) if image == least)
        found = self[number] = least, self._choices.choice(self._place + 1, left)
        return found


class _Unseen(dict[int, int]):
    """From every number to 0."""

    def __missing__(self, number: int) -> int:
        return 0


class _RenamedNumbers(dict[int, int]):
    """From the number of a value to that of the renamed value, each computed once."""

    def __init__(self, table: Table, renaming: Renaming, parts: dict[Value, Value]) -> None:
        super().__init__()
        self._table = table
        self._renaming = renaming
        self._parts = parts

    def __missing__(self, number: int) -> int:
        value = self._table.values_by_number[number]
        image = self[number] = self._table[renamed(value, self._renaming, self._parts)]
        return image

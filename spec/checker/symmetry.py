"""Symmetry over model values: states that differ by a renaming of them count as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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


def renamed(value: Value, renaming: Renaming) -> Value:
    """Return a value with the model values in it renamed."""
    if type(value) is ModelValue:
        return renaming.get(value, value)
    if type(value) is tuple:
        if domain_in(value).is_sequence:
            return sequence(renamed(each, renaming) for each in results_of(value))
        pairs = items_of(value)
        return function({renamed(key, renaming): renamed(each, renaming) for key, each in pairs})
    if type(value) is frozenset:
        return frozenset(renamed(each, renaming) for each in value)
    if getattr(value, "is_infinite", True):
        return value  # an infinite set, such as Nat, or what contains no model value
    return frozenset(renamed(each, renaming) for each in finite(value))


def canonical_rows(interner: Interner, renamings: Iterable[Renaming]) -> Callable[[Row], Row]:
    """Return a function from a row to the one that stands for all its renamings.

    That is the least row; the numbers of values are given once, so it is the same for all. It is
    found variable by variable: after each, those renamings are left that give the least numbers
    so far, and what follows from a number is remembered.
    """
    every = [{}, *renamings]
    tables = [[_RenamedNumbers(table, each) for each in every] for table in interner.tables]
    start = _Choice(tables, 0, tuple(range(len(every))), {})

    def canonical(row: Row) -> Row:
        choice = start
        image = []
        for number in row:
            least, choice = choice[number]
            image.append(least)
        return tuple(image)

    return canonical


def canonical_values(renamings: Iterable[Renaming]) -> Callable[[Value], int]:
    """Return a function from a value to a number that all its renamings have, and no others."""
    table = Table()
    images = [_RenamedNumbers(table, each) for each in renamings]

    def canonical(value: Value) -> int:
        number = table[value]
        return min([number, *(each[number] for each in images)])

    return canonical


class _Choice(dict[int, tuple[int, "_Choice"]]):
    """From the number of a variable's value to the least renamed one, and the choice after it.

    `left` are the renamings among which this is the least; `known` are all choices so far.
    """

    def __init__(
        self,
        tables: list[list[_RenamedNumbers]],
        place: int,
        left: tuple[int, ...],
        known: dict[tuple[int, tuple[int, ...]], _Choice],
    ) -> None:
        super().__init__()
        self._tables = tables
        self._place = place
        self._left = left
        self._known = known

    def __missing__(self, number: int) -> tuple[int, _Choice]:
        images = [self._tables[self._place][each][number] for each in self._left]
        least = min(images)
        left = tuple(e for e, image in zip(self._left, images, strict=True) if image == least)
        key = self._place + 1, left
        if key not in self._known:
            self._known[key] = _Choice(self._tables, *key, self._known)
        found = self[number] = least, self._known[key]
        return found


class _RenamedNumbers(dict[int, int]):
    """From the number of a value to that of the renamed value, each computed once."""

    def __init__(self, table: Table, renaming: Renaming) -> None:
        super().__init__()
        self._table = table
        self._renaming = renaming

    def __missing__(self, number: int) -> int:
        value = renamed(self._table.values_by_number[number], self._renaming)
        image = self[number] = self._table[value]
        return image

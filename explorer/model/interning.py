"""Interning: every distinct value becomes a small integer, in the order of its first use."""

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Interner(Generic[T]):
    """A table between values and the integers 0, 1, 2, ... that stand for them."""

    def __init__(self) -> None:
        self._values: list[T] = []
        self._ids: dict[Hashable, int] = {}

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[T]:
        return iter(self._values)

    def __getitem__(self, identity: int) -> T:
        return self._values[identity]

    def intern(self, value: T) -> int:
        """Return the integer that stands for a value."""
        identity = self._ids.get(value)
        if identity is None:
            identity = self._ids[value] = len(self._values)
            self._values.append(value)
        return identity


class InternerByKind(Interner[T]):
    """Such a table in which values of two classes are never one.

    Named tuples of equal contents are equal, whatever they are called.
    """

    def intern(self, value: T) -> int:
        """Return the integer that stands for a value."""
        key = type(value), value
        identity = self._ids.get(key)
        if identity is None:
            identity = self._ids[key] = len(self._values)
            self._values.append(value)
        return identity

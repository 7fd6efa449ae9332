"""The namespace of generated code: what its global names stand for."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any

from raft_ref.spec.syntax.errors import Position
from raft_ref.spec.values.runtime import NAMESPACE


class Namespace:
    """What generated functions find by name: each other, the runtime, positions, constants."""

    def __init__(self, objects: Mapping[str, Any]) -> None:
        self._positions: list[Position] = []
        self._objects: dict[str, Any] = {
            **NAMESPACE,
            "positions": self._positions,
            "cache": functools.cache,
            **objects,
        }
        self._last_number = 0

    def add(self, objects: Mapping[str, Any]) -> None:
        """Let generated code find objects by their names."""
        self._objects.update(objects)

    def run(self, source: str, name: str) -> None:
        """Run generated code, which defines functions; raises what `compile` raises."""
        exec(_compiled(source, name), self._objects)

    def number(self) -> int:
        """Return a number that makes a name unique."""
        self._last_number += 1
        return self._last_number

    def position(self, at: Position) -> int:
        """Return the index by which generated code finds a position."""
        self._positions.append(at)
        return len(self._positions) - 1

    def unique(self, purpose: str) -> str:
        """Return a name for another function."""
        return f"{purpose}{self.number()}"

    def kept(self, value: object) -> str:
        """Return the name by which generated code finds an object."""
        name = f"d{len(self._objects)}"
        self._objects[name] = value
        return name

    def defined(self, name: str) -> Callable[..., Any]:
        """Return a function that was generated under that name; what it calls may not be yet."""
        found: Callable[..., Any] = self._objects[name]
        return found

    def helper(self, function: Callable[..., Any]) -> str:
        """Return the name by which generated code calls a Python function."""
        name = function.__name__ if function.__name__.isidentifier() else "helper"
        while self._objects.setdefault(name, function) is not function:
            name += "_"
        return name


@functools.lru_cache(maxsize=1 << 14)  # one module under many constants is one text mostly
def _compiled(source: str, name: str) -> CodeType:
    return compile(source, name, "exec")

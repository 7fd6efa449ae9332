"""One renaming of servers and of values: of what an actor has, and of numbers for that."""

from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import Any, Literal

from raft_ref.explorer.model.interning import Interner
from raft_ref.explorer.model.system import System

Renamed = Literal["servers", "values"]
"""What a renaming renames."""


class Renaming:
    """One renaming, on values and on interned values, each computed once.

    `whats` are what is renamed.
    """

    def __init__(self, system: System, targets: tuple[int, ...], values: tuple[str, ...]) -> None:
        """Rename the server at each position to the one at the position in `targets`.

        `values` are the new names of the values.
        """
        servers, old_values = system.servers, system.guard.symmetric_values
        new_servers = tuple(servers[target] for target in targets)
        self.names: Mapping[str, str] = {
            **dict(zip(servers, new_servers, strict=True)),
            **dict(zip(old_values, values, strict=True)),
        }
        changed: dict[Renamed, bool] = {
            "servers": new_servers != servers,
            "values": values != old_values,
        }
        self.whats = tuple(what for what, is_changed in changed.items() if is_changed)
        self._system = system
        # By their types too: of two kinds of message that are named tuples one may equal the other.
        self.value = lru_cache(maxsize=None, typed=True)(self._value)
        self.state = self.on(system.local.states)
        self.message = self.on(system.local.messages)
        self.history = self.on_histories(system.histories)

    def _value(self, value: Any) -> Any:
        """Return a state, message or action, renamed by the actor."""
        return self._system.guard.renamed(value, self.names)

    def on(self, numbered: Interner[Any]) -> Callable[[int], int]:
        """Return the renaming of the numbers of states, messages or actions."""
        return _by_number(numbered, self.value)

    def on_histories(self, numbered: Interner[Any]) -> Callable[[int], int]:
        """Return the renaming of the numbers of histories."""
        return _by_number(numbered, self.history_value)

    def history_value(self, history: Hashable) -> Any:
        """Return a history, renamed."""
        return self._system.history.rename(history, self.names)


def _by_number(numbered: Interner[Any], rename: Callable[[Any], Any]) -> Callable[[int], int]:
    """Return what a renaming of values is on the numbers that stand for them."""
    return translated(numbered, numbered, rename)


def translated(
    numbered: Interner[Any],
    other: Interner[Any],
    change: Callable[[Any], Any] = lambda value: value,
) -> Callable[[int], int]:
    """Return what leads from the number of a value to that of what it is changed to elsewhere."""
    known: dict[int, int] = {}

    def translate(number: int) -> int:
        found = known.get(number)
        if found is None:
            found = known[number] = other.intern(change(numbered[number]))
        return found

    return translate

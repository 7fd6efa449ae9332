"""State machines: what the values of committed entries do, and what a snapshot holds.

A node knows no more of its state machine than is said here, so that the node which is explored,
with a state machine that forgets nothing, is also the one that runs a key-value store.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Protocol

from raft_ref.messages import Entry, Value

Data = Hashable
"""The state of a state machine: an immutable value."""


class StateMachine(Protocol):
    """A state machine as pure functions (section 2 of the paper; 7 for snapshots)."""

    @property
    def initial(self) -> Data:
        """Its state before any entry is applied."""

    def apply(self, data: Data, entries: Sequence[Entry]) -> Data:
        """Return its state once these entries are applied, in their order."""

    def rename(self, data: Data, renaming: Mapping[str, str]) -> Data:
        """Return its state with the values in it renamed."""


class AppliedValues:
    """The simplest state machine that forgets nothing: the values applied (Applied in Raft.tla)."""

    initial: tuple[Value, ...] = ()

    def apply(self, data: Data, entries: Sequence[Entry]) -> tuple[Value, ...]:
        """Append the values of the entries."""
        assert isinstance(data, tuple)
        return (*data, *(entry.value for entry in entries))

    def rename(self, data: Data, renaming: Mapping[str, str]) -> tuple[Value, ...]:
        """Return the values renamed; one that is not in the renaming keeps its name."""
        assert isinstance(data, tuple)
        return tuple(renaming.get(value, value) for value in data)

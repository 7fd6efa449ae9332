"""What one server knows: the variables of Raft.tla at one server, and the helpers that read them.

A state is an immutable value. Equality and hash are derived from all fields, so two states are
one exactly if no step and no property can tell them apart.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

from raft_ref.messages import Entry, ServerId, Snapshot


class Role(StrEnum):
    """The three roles of a server (5.1, figure 4)."""

    FOLLOWER = "Follower"
    CANDIDATE = "Candidate"
    LEADER = "Leader"


NO_SNAPSHOT = Snapshot(0, 0, ())
"""What a server has that has compacted nothing, with the simplest state machine (NoSnapshot)."""

_ON_STABLE_STORAGE: Mapping[str, bool] = {"durable": True}


@dataclass(frozen=True, slots=True)
class State:
    """The variables of one server, in the order of Raft.tla (figure 2).

    `log` holds the entries after those that `snapshot` stands for. An index counts from the first
    entry ever, compacted or not, and that one has index 1 (7).

    `next_index` and `match_index` hold one number a server, in the order of the node's
    `servers`; they mean something in a leader only, and `votes_granted` in a candidate only.
    """

    me: ServerId
    current_term: int = field(default=0, metadata=_ON_STABLE_STORAGE)
    voted_for: ServerId | None = field(default=None, metadata=_ON_STABLE_STORAGE)
    snapshot: Snapshot = field(default=NO_SNAPSHOT, metadata=_ON_STABLE_STORAGE)
    log: tuple[Entry, ...] = field(default=(), metadata=_ON_STABLE_STORAGE)
    role: Role = Role.FOLLOWER
    commit_index: int = 0
    votes_granted: frozenset[ServerId] = frozenset()
    next_index: tuple[int, ...] = ()
    match_index: tuple[int, ...] = ()

    @property
    def compacted(self) -> int:
        """The index of the last entry that the snapshot stands for; 0 where there is none."""
        return self.snapshot.last_included_index

    @property
    def last_index(self) -> int:
        """The index of the last entry, compacted or not (LastIndex)."""
        return self.snapshot.last_included_index + len(self.log)

    @property
    def last_term(self) -> int:
        """The term of the last entry, compacted or not; 0 where there is none (LastTerm)."""
        return self.log[-1].term if self.log else self.snapshot.last_included_term

    def term_at(self, index: int) -> int:
        """Return the term of an entry that is not compacted, or the last that is (TermAt).

        0 at index 0, before the first entry.
        """
        position = index - self.snapshot.last_included_index
        return self.log[position - 1].term if position else self.snapshot.last_included_term

    def entries(self, first: int, last: int) -> tuple[Entry, ...]:
        """Return the entries from index `first` to `last`, none of them compacted (Entries)."""
        compacted = self.snapshot.last_included_index
        return self.log[first - 1 - compacted : last - compacted]


DURABLE: frozenset[str] = frozenset(f.name for f in fields(State) if f.metadata.get("durable"))
"""The fields of `State` that are on stable storage (figure 2; durableVars in Raft.tla)."""

_Value = TypeVar("_Value")


def replace(value: _Value, **changes: Any) -> _Value:
    """Return a value with some fields changed: as `dataclasses.replace`, in a third of the time.

    Each step makes a new state.
    """
    cls: Any = type(value)
    slots = _slots(cls)
    if slots is None:
        return dataclasses.replace(value, **changes)  # type: ignore[type-var]
    read, writers, by_name = slots
    after: _Value = object.__new__(cls)
    for write, found in zip(writers, read(value), strict=True):
        write(after, found)
    for name, found in changes.items():
        by_name[name](after, found)
    return after


_Writer = Callable[[Any, Any], None]
_Slots = tuple[Callable[[Any], tuple[Any, ...]], tuple[_Writer, ...], Mapping[str, _Writer]]


@cache
def _slots(cls: Any) -> _Slots | None:
    """Return what reads all fields of a class, and what writes each; None if it takes more."""
    found = fields(cls)
    slots = [getattr(cls, each.name, None) for each in found]
    is_plain = not hasattr(cls, "__post_init__") and all(each.init for each in found)
    if not is_plain or len(found) < 2 or "__dict__" in dir(cls):
        return None
    writers = {f.name: slot.__set__ for f, slot in zip(found, slots, strict=True) if slot}
    return attrgetter(*writers), tuple(writers.values()), writers

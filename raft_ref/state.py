"""What one server knows: the variables of Raft.tla at one server, and the helpers that read them.

A state is an immutable value. Equality and hash are derived from all fields, so two states are
one exactly if no step and no property can tell them apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum

from raft_ref.messages import Entry, ServerId


class Role(StrEnum):
    """The three roles of a server (5.1, figure 4)."""

    FOLLOWER = "Follower"
    CANDIDATE = "Candidate"
    LEADER = "Leader"


_ON_STABLE_STORAGE: Mapping[str, bool] = {"durable": True}


@dataclass(frozen=True, slots=True)
class State:
    """The variables of one server, in the order of Raft.tla (figure 2).

    `next_index` and `match_index` hold one number a server, in the order of the node's
    `servers`; they mean something in a leader only, and `votes_granted` in a candidate only.
    """

    me: ServerId
    current_term: int = field(default=0, metadata=_ON_STABLE_STORAGE)
    voted_for: ServerId | None = field(default=None, metadata=_ON_STABLE_STORAGE)
    log: tuple[Entry, ...] = field(default=(), metadata=_ON_STABLE_STORAGE)
    role: Role = Role.FOLLOWER
    commit_index: int = 0
    votes_granted: frozenset[ServerId] = frozenset()
    next_index: tuple[int, ...] = ()
    match_index: tuple[int, ...] = ()


DURABLE: frozenset[str] = frozenset(f.name for f in fields(State) if f.metadata.get("durable"))
"""The fields of `State` that are on stable storage (figure 2; durableVars in Raft.tla)."""


def term_at(entries: Sequence[Entry], index: int) -> int:
    """Return the term of the entry at a 1-based index; 0 before the first entry (TermAt)."""
    return entries[index - 1].term if index else 0


def last_term(entries: Sequence[Entry]) -> int:
    """Return the term of the last entry, or 0 where there is none (LastTerm)."""
    return term_at(entries, len(entries))

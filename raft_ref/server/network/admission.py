"""What of a message could not have been sent by a server that works: it is not let in.

A peer is believed, as Raft has it; but one that is damaged, or no peer at all, must not end this
server. So nothing is taken in that could not be applied, saved or counted, or that contradicts what
is known: a term that nobody reaches by elections, entries out of order or against what is
committed, answers to what was never sent, commands and snapshots that cannot be read.
"""

from typing import Any

from raft_ref.messages import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    Entry,
    InstallSnapshotRequest,
    InstallSnapshotResponse,
)
from raft_ref.server.members import Members
from raft_ref.server.network.addresses import parse_address
from raft_ref.server.network.names import check_name
from raft_ref.server.store import check_command, members_in
from raft_ref.state import Role, State

MOST_TERMS = 2**32
"""Terms that a message may be ahead; with an election each 100 ms that takes 13 years."""

MOST_ENTRIES = 2**40
"""Entries that a snapshot may be ahead; at 10,000 a second they take three years."""

CHANGED = "the members of the cluster have changed, and this server runs without membership"


def check_message(message: Any, state: State, *, changes_members: bool) -> None:
    """Raise ValueError, with why, for a message that must not come to a server in this state."""
    if message.term > state.current_term + MOST_TERMS:
        raise ValueError(f"its term {message.term} is far beyond {state.current_term}")
    match message:
        case AppendEntriesRequest(term=term, prev_log_index=index, prev_log_term=before):
            _check_order(term, index, before, message.entries)
            _check_committed(index, message.entries, state)
            for entry in message.entries:
                check_value(entry.value, changes_members=changes_members)
        case InstallSnapshotRequest(term=term, snapshot=held):
            index, last = held.last_included_index, held.last_included_term
            if not index or not 0 < last <= term:
                raise ValueError(f"a snapshot up to {index} of term {last} in term {term}")
            if index > state.last_index + MOST_ENTRIES:
                raise ValueError(f"a snapshot up to {index}, far beyond {state.last_index}")
            if members_in(held.data) is not None and not changes_members:
                raise ValueError(CHANGED)
        case AppendEntriesResponse() | InstallSnapshotResponse():
            is_heard = state.role is Role.LEADER and message.term == state.current_term
            if is_heard and message.match_index > state.last_index:
                raise ValueError(f"it has {message.match_index} of {state.last_index} entries")


def _check_order(term: int, index: int, before: int, entries: tuple[Entry, ...]) -> None:
    if (index == 0) != (before == 0):
        raise ValueError(f"entries after {index} of term {before}")
    last = max(before, 1)
    for entry in entries:
        if not last <= entry.term <= term:
            raise ValueError(f"an entry of term {entry.term} after {last} in term {term}")
        last = entry.term
    if before > term:
        raise ValueError(f"entries after one of term {before} in term {term}")


def _check_committed(index: int, entries: tuple[Entry, ...], state: State) -> None:
    first = max(index + 1, state.compacted + 1)
    for at in range(first, min(index + len(entries), state.commit_index) + 1):
        if state.term_at(at) != entries[at - index - 1].term:
            raise ValueError(f"another entry {at} than the one that is committed")


def check_value(value: Any, *, changes_members: bool) -> None:
    """Raise ValueError where no log should take a value in."""
    if not isinstance(value, Members):
        check_command(value)
    elif not changes_members:
        raise ValueError(CHANGED)
    else:
        for name in value.members | value.removed:
            check_name(name)
        for _, address in value.addresses:
            parse_address(address)

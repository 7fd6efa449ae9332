"""States and messages of a trace of Raft, as those of the reference node.

Whatever lacks what its name promises raises `KeyError`, `TypeError` or `ValueError`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from raft_ref import State
from raft_ref import messages as raft_messages
from raft_ref.messages import Entry, Message, Snapshot
from raft_ref.state import NO_SNAPSHOT, Role

_TYPES: Mapping[str, type[Message]] = {
    name: getattr(raft_messages, name)
    for name in (
        "RequestVoteRequest", "RequestVoteResponse", "AppendEntriesRequest",
        "AppendEntriesResponse", "InstallSnapshotRequest", "InstallSnapshotResponse",
    )
}  # fmt: skip


def state_of(name: str, variables: Mapping[str, Any]) -> State:
    """Return the state of a server, from its variables as a trace has them (no snapshot: none)."""
    return State(
        me=name,
        current_term=int(variables["currentTerm"]),
        voted_for=variables["votedFor"],
        snapshot=_snapshot(variables["snapshot"]) if "snapshot" in variables else NO_SNAPSHOT,
        log=_entries(variables["log"]),
        role=Role(variables["role"]),
        commit_index=int(variables["commitIndex"]),
        votes_granted=frozenset(variables["votesGranted"]),
        next_index=tuple(map(int, variables["nextIndex"])),
        match_index=tuple(map(int, variables["matchIndex"])),
    )


def message_of(message: Mapping[str, Any]) -> Message:
    """Return a message, from its fields as a trace has them."""
    fields = {_snake_case(name): value for name, value in message.items() if name != "type"}
    if "entries" in fields:
        fields["entries"] = _entries(fields["entries"])
    if "snapshot" in fields:
        fields["snapshot"] = _snapshot(fields["snapshot"])
    return _TYPES[message["type"]](**fields)


def _snapshot(shown: Mapping[str, Any]) -> Snapshot:
    last = int(shown["lastIncludedIndex"]), int(shown["lastIncludedTerm"])
    return Snapshot(*last, tuple(map(str, shown["data"])))


def _entries(shown: Sequence[Mapping[str, Any]]) -> tuple[Entry, ...]:
    return tuple(Entry(int(each["term"]), str(each["value"])) for each in shown)


def _snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)

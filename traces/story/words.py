"""Values and messages in few words, for the story and for the diagram.

The rule: nothing here trusts a message or a state to be Raft's. What lacks the fields that its name
promises is told field by field.
"""

from __future__ import annotations

import json
from typing import Any, TypeGuard

from raft_ref.traces.format.trace import NOT_LOGGED, JsonObject

ENVELOPE = ("type", "source", "dest")


def plain(value: Any) -> str:
    """Return a JSON value as text for people: strings bare, null as "none", entries as such.

    Sets and functions of a specification, as ITF has them, stand in braces.
    """
    if value is None:
        return "none"
    if isinstance(value, str):
        return value or '""'
    if isinstance(value, list):
        return "[" + ", ".join(map(plain, value)) + "]"
    if isinstance(value, dict):
        if is_entry(value):
            others = [f"{name} {plain(value[name])}" for name in value if name != "value"]
            what = "an entry" if value["value"] == NOT_LOGGED else plain(value["value"])
            return f"{what} ({', '.join(others)})"
        if is_configuration(value):
            return configuration(value)
        if "#set" in value:
            return "{" + ", ".join(map(plain, value["#set"])) + "}"
        parts = value["#map"] if "#map" in value else value.items()
        return "{" + ", ".join(f"{plain(name)}: {plain(part)}" for name, part in parts) + "}"
    return json.dumps(value)


def printable(text: str) -> str:
    """Return the text with what is not printable, a newline too, as an escape sequence."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


def shortened(text: str, length: int) -> str:
    """Return the text, cut to at most this many characters."""
    return text if len(text) <= length else text[: length - 1] + "…"


def short_value(entry: JsonObject) -> str:
    """Return the value of an entry for where there is little room; "?" where it is not known.

    A configuration is told as far as it goes: which servers they are is what matters there.
    """
    value = entry["value"]
    if is_configuration(value):
        return shortened_within(configuration(value), 24)
    return "?" if value == NOT_LOGGED else shortened_within(plain(value), 8)


_PARTS = ("voters", "outgoingVoters", "learners")


def is_configuration(value: Any) -> TypeGuard[JsonObject]:
    """Tell whether a value says who the servers of a cluster are (thesis, 4)."""
    return isinstance(value, dict) and all(type(value.get(part)) is list for part in _PARTS)


def configuration(value: JsonObject) -> str:
    """Return voters in braces, the outgoing ones first where there are some, then learners."""
    new, old, learners = (" ".join(map(plain, value[part])) for part in _PARTS)
    told = f"{{{old}}}→{{{new}}}" if old else f"{{{new}}}"
    return f"{told}+{learners}" if learners else told


def shortened_within(text: str, length: int) -> str:
    """Return the text, cut in its middle: of numbered names the ends differ."""
    end = length // 2 - 1
    return text if len(text) <= length else f"{text[: length - end - 1]}…{text[-end:]}"


def apart(one: str, other: str, length: int) -> tuple[str, str]:
    """Return two texts, each cut to at most this many characters, so that both show the difference.

    What is cut away in front is what they have in common.
    """
    if max(len(one), len(other)) <= length:
        return one, other
    common = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    start = max(0, common - length // 3)
    if start:
        one, other = (f"…{each[start:]}" for each in (one, other))
    return shortened(one, length), shortened(other, length)


def listed(names: list[str]) -> str:
    """Return "s1", "s1 and s2", "s1, s2 and s3"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def is_number(value: Any) -> TypeGuard[int]:
    """Say whether this is an integer; in JSON, unlike in Python, true is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_entry(value: Any) -> bool:
    """Say whether this is an entry of a log: an object with a term and a value."""
    return isinstance(value, dict) and is_number(value.get("term")) and "value" in value


def entries(value: Any) -> list[JsonObject] | None:
    """Return the entries of a log, or None for a value that is no log."""
    if isinstance(value, list) and all(map(is_entry, value)):
        return value
    return None


def is_snapshot(value: Any) -> TypeGuard[JsonObject]:
    """Say whether this is a snapshot: what stands for the entries up to an index."""
    return isinstance(value, dict) and all(
        is_number(value.get(name)) for name in ("lastIncludedIndex", "lastIncludedTerm")
    )


def up_to(snapshot: JsonObject) -> str:
    """Return in words what a snapshot stands for."""
    last, term = snapshot["lastIncludedIndex"], snapshot["lastIncludedTerm"]
    return f"up to index {last} (term {term})"


def compacted(state: JsonObject) -> int:
    """Return the index of the last entry that a state's snapshot stands for; 0: none."""
    snapshot = state.get("snapshot")
    return snapshot["lastIncludedIndex"] if is_snapshot(snapshot) else 0


def message_phrases(message: JsonObject) -> list[str]:
    """Return a message as short phrases, each too short to break: ["RequestVote t1"]."""
    known = _raft_phrases(message)
    if known is not None:
        return known
    fields = [f"{name} {plain(message[name])}" for name in message if name not in ENVELOPE]
    return [shortened(phrase, 28) for phrase in [message["type"], *fields]]


def _raft_phrases(message: JsonObject) -> list[str] | None:
    term = f"t{plain(message.get('term'))}"
    match message:
        case {"type": "RequestVoteRequest", "term": _}:
            return [f"RequestVote {term}", *(["forced"] if message.get("isForced") is True else [])]
        case {"type": "PreVoteRequest", "term": _}:
            return [f"PreVote {term}"]
        case {"type": "PreVoteResponse", "term": _, "voteGranted": bool(granted)}:
            return [f"pre-vote {'granted' if granted else 'refused'} {term}"]
        case {"type": "TimeoutNowRequest", "term": _}:
            return [f"TimeoutNow {term}"]
        case {"type": "RequestVoteResponse", "term": _, "voteGranted": bool(granted)}:
            return [f"vote {'granted' if granted else 'refused'} {term}"]
        case {"type": "AppendEntriesResponse", "term": _, "success": True, "matchIndex": index}:
            return [f"appended {term}", f"match {plain(index)}"]
        case {"type": "AppendEntriesResponse", "term": _, "success": False}:
            return [f"append refused {term}"]
        case {"type": "AppendEntriesRequest", "term": _, "entries": carried}:
            return _append_phrases(message, term, entries(carried))
        case {"type": "InstallSnapshotRequest", "term": _, "snapshot": held} if is_snapshot(held):
            last = f"{held['lastIncludedIndex']}:t{held['lastIncludedTerm']}"
            return [f"InstallSnapshot {term}", f"up to {last}"]
        case {"type": "InstallSnapshotResponse", "term": _, "matchIndex": index}:
            return [f"installed {term}", f"match {plain(index)}"]
    return None


def _append_phrases(
    message: JsonObject, term: str, carried: list[JsonObject] | None
) -> list[str] | None:
    previous = message.get("prevLogIndex")
    if carried is None or not is_number(previous):
        return None
    cells = [
        shortened(f"{index}:t{entry['term']} {short_value(entry)}", 18)
        for index, entry in enumerate(carried, start=previous + 1)
    ]
    if len(cells) > 3:
        cells = [cells[0], "…", cells[-1]]
    if cells:
        cells[0] = "[" + cells[0]
        cells[-1] += "]"
        title = f"AppendEntries {term}"
    else:
        title = f"heartbeat {term}"
        cells = [f"after {previous}:t{plain(message.get('prevLogTerm'))}"]
    return [title, *cells, f"commit {plain(message.get('leaderCommit'))}"]

"""What lines say against each other, whatever they leave out: then no other reading need be tried.

The rules, of one server each, hold in every behaviour of RaftTrace.tla: a term does not go back; a
vote that was given in a term stays; a commit index goes back at a restart alone; the log of a
leader grows while it leads a term; it ends no sooner than what is committed. A server that tells
of its vote has given no other one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.lines.profile import Liberties


@dataclass(slots=True)
class _Known:
    """What the lines of a server have told: its latest term, and in that its vote; its commits.

    `led` is how long its log was while it led that term, 0 if it did not.
    """

    term: int = 0
    vote: str | None = None
    commit: int = 0
    led: int = 0


class Told:
    """What lines have told so far.

    Argument: the liberties; a server that may lose what it has written, or restart in silence, may
    be as it was.
    """

    def __init__(self, liberties: Liberties) -> None:
        self._is_kept = not (liberties.unsynced or "Restart" in liberties.silent)
        self._known: dict[str, _Known] = {}

    def add(self, event: Event) -> None:
        """Note a line that was followed."""
        known = self._known.setdefault(event.server, _Known())
        if _may_restart(event):
            known.commit = 0
        for state in (event.before, event.after):
            _note(known, state)

    def contradict(self, event: Event) -> bool:
        """Say whether a line cannot be so, however those before it are read."""
        if not self._is_kept:
            return False
        known = self._known.get(event.server, _Known())
        states = [state for state in (event.before, event.after) if state]
        commit = 0 if _may_restart(event) else known.commit
        return (
            any(_is_against(known, state) for state in states)
            or any(state.get("commitIndex", commit) < commit for state in states)
            or self._is_against_vote(event)
        )

    def _is_against_vote(self, event: Event) -> bool:
        """Say whether a line receives the vote of a server that has voted for another then."""
        message: Mapping[str, Any] = event.message or {}
        if message.get("type") != "RequestVoteResponse" or message.get("voteGranted") is not True:
            return False
        voter = self._known.get(message["source"])
        if voter is None or voter.vote is None or message.get("term") != voter.term:
            return False
        return bool(voter.vote != message["dest"])


def _may_restart(event: Event) -> bool:
    return not event.moves or not {"Restart", "Start"}.isdisjoint(event.moves)


def _note(known: _Known, state: JsonObject) -> None:
    term = state.get("currentTerm")
    if term is not None:
        if term > known.term:
            known.term, known.vote, known.led = term, None, 0
        known.vote = state.get("votedFor", known.vote)
        if state.get("role") == "Leader":
            known.led = max(known.led, _last(state))
    known.commit = max(known.commit, state.get("commitIndex", 0))


def _is_against(known: _Known, state: JsonObject) -> bool:
    last = _last(state)
    if 0 < last < state.get("commitIndex", 0):
        return True
    term = state.get("currentTerm")
    if term is None or term > known.term:
        return False
    if term < known.term or (known.vote and state.get("votedFor", known.vote) != known.vote):
        return True
    return state.get("role") == "Leader" and 0 < last < known.led


def _last(state: JsonObject) -> int:
    """Return where a log ends, if that was told; else 0."""
    log = state.get("log")
    if isinstance(log, dict):
        return int(log.get("lastIndex", 0))
    if isinstance(log, list) and "lastIncludedIndex" in state.get("snapshot", {}):
        return int(state["snapshot"]["lastIncludedIndex"]) + len(log)
    return 0

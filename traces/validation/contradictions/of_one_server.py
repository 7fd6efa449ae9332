"""What lines of one server say against each other, and against a reading.

The rules hold in every behaviour of RaftTrace.tla: a term does not go back; a vote that was given
in a term stays; a commit index goes back at a restart alone; the log of a leader grows while it
leads a term; it ends no sooner than what is committed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.validation.contradictions.between_servers import Between
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.lines.profile import Liberties
from raft_ref.traces.validation.moves.world import World
from raft_ref.traces.validation.rules.protocol import NIL, ServerState


@dataclass(slots=True)
class _Known:
    """What the lines of a server have told: its latest term, and in that its vote; its commits.

    It `leads` if it was last told to, and `led` is how long its log was then, in that term.
    """

    term: int = 0
    vote: str | None = None
    commit: int = 0
    leads: bool = False
    led: int = 0


KEPT = 4_096
"""How many lines are kept that nobody has asked about yet; of more, the first are forgotten."""


class Told:
    """What lines have told so far, made out only where a line is asked about.

    Argument: the liberties; a server that may lose what it has written, or restart in silence, may
    be as it was.
    """

    def __init__(self, liberties: Liberties) -> None:
        self._is_kept = is_kept(liberties)
        # Where nothing is open, a line is followed or refused at once.
        self._is_open = liberties.may_decline
        self._lines: list[Event] = []
        self._forget()

    def _forget(self) -> None:
        self._known: defaultdict[str, _Known] = defaultdict(_Known)
        self._between = Between()

    def add(self, event: Event) -> None:
        """Note a line that was followed."""
        if not self._is_kept:
            return
        self._lines.append(event)
        if len(self._lines) > KEPT:
            # A trace may begin anywhere: what is said behind that stands for itself.
            self._forget()
            del self._lines[: KEPT // 2]

    def contradiction(self, event: Event) -> str:
        """Return in a sentence why a line cannot be so, however those before it are read, or ""."""
        if not self._is_kept:
            return ""
        for each in self._lines:
            self._makes_out(each)
        self._lines.clear()
        name, known = event.server, self._known.get(event.server, _Known())
        commit = 0 if _may_restart(event) else known.commit
        for state in (event.before, event.after):
            if state and (told := _against(name, known, state)):
                return told
            now = state.get("commitIndex", commit)
            if now < commit:
                return f"the commit index of {name} goes back from {commit} to {now}"
        return self._between.contradiction(event) if self._is_open else ""

    def _makes_out(self, event: Event) -> None:
        known = self._known[event.server]
        if _may_restart(event):
            known.commit = 0
        for state in (event.before, event.after):
            _note(known, state)
        if self._is_open:
            self._between.add(event)


class _Next(NamedTuple):
    """What a server tells next of its term, its vote in that, its commits, its log as a leader."""

    term: int | None = None
    vote: tuple[int, str | None] | None = None
    commit: int | None = None
    led: tuple[int, int] | None = None


Ahead = Mapping[str, _Next]
"""What each server tells next."""


def ahead(events: Sequence[Event], liberties: Liberties) -> list[Ahead]:
    """Return what each server tells next from each line on."""
    if not is_kept(liberties):
        return [{}] * len(events)
    found: list[Ahead] = []
    known: Ahead = {}
    for event in reversed(events):
        following = known.get(event.server, _Next())
        if _may_restart(event):
            following = following._replace(commit=None)
        for state in (event.after, event.before):
            following = _told_first(state, following, may_restart=_may_restart(event))
        known = {**known, event.server: following}
        found.append(known)
    return found[::-1]


def _told_first(state: JsonObject, later: _Next, *, may_restart: bool) -> _Next:
    term = state.get("currentTerm")
    if "commitIndex" in state and not may_restart:
        later = later._replace(commit=state["commitIndex"])
    if term is None:
        return later
    vote = (term, state["votedFor"]) if "votedFor" in state else later.vote
    leads = state.get("role") == "Leader" and _last(state)
    return later._replace(term=term, vote=vote, led=(term, leads) if leads else later.led)


def is_over(world: World, servers: Sequence[str], next_told: Ahead) -> bool:
    """Say whether a reading has gone beyond what a line to come tells."""
    return any(
        state is not None and name in next_told and _is_beyond(state, next_told[name])
        for name, state in zip(servers, world.states, strict=True)
    )


def _is_beyond(state: ServerState, told: _Next) -> bool:
    if told.term is not None and state.current_term > told.term:
        return True
    if told.commit is not None and state.commit_index > told.commit:
        return True
    if told.vote is not None and state.voted_for is not NIL and told.vote[0] == state.current_term:
        return bool(state.voted_for.name != told.vote[1])
    leads = state.role == "Leader" and told.led is not None and told.led[0] == state.current_term
    return bool(leads and told.led and state.log.index > told.led[1])


def is_kept(liberties: Liberties) -> bool:
    """Say whether what a server has written is never lost, and it restarts in no silence."""
    return not (liberties.unsynced or "Restart" in liberties.silent)


def _may_restart(event: Event) -> bool:
    return not event.moves or not {"Restart", "Start"}.isdisjoint(event.moves)


def _note(known: _Known, state: JsonObject) -> None:
    term = state.get("currentTerm")
    if term is not None:
        if term > known.term:
            known.term, known.vote, known.leads, known.led = term, None, False, 0
        known.vote = state.get("votedFor", known.vote)
    # Where it leads the same term later on, it has led that since it was told to.
    known.leads = state.get("role", "Leader" if known.leads else "") == "Leader"
    known.led = max(known.led, _last(state)) if known.leads else 0
    known.commit = max(known.commit, state.get("commitIndex", 0))


def _against(name: str, known: _Known, state: JsonObject) -> str:
    last, commit, term = _last(state), state.get("commitIndex", 0), state.get("currentTerm")
    if 0 < last < commit:
        return f"{name} commits up to {commit}, and its log ends at {last}"
    if term is None or term > known.term:
        return ""
    if term < known.term:
        return f"the term of {name} goes back from {known.term} to {term}"
    vote = state.get("votedFor", known.vote)
    if known.vote and vote is None:
        return f"{name} forgets its vote of term {term}, for {known.vote}"
    if known.vote and vote != known.vote:
        return f"{name} votes for {vote} in term {term}, in which it has voted for {known.vote}"
    if state.get("role") == "Leader" and 0 < last < known.led:
        return f"{name} leads term {term}, and its log ends at {last} and no more at {known.led}"
    return ""


def _last(state: JsonObject) -> int:
    """Return where a log ends, if that was told; else 0."""
    log = state.get("log")
    if isinstance(log, dict):
        return int(log.get("lastIndex", 0))
    if isinstance(log, list) and "lastIncludedIndex" in state.get("snapshot", {}):
        return int(state["snapshot"]["lastIncludedIndex"]) + len(log)
    return 0

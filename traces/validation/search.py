"""The search: all readings of a trace, line by line.

A reading is a behaviour of RaftTrace.tla that says what the lines say. The rules: each line takes
one of its moves, and before and after it the server may make moves that its profile calls silent;
the fewest silent moves that explain a line are taken, unless the search is `thorough`: then all
within the profile's bounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.validation.alternatives import distinct
from raft_ref.traces.validation.contradictions import Ahead, is_over
from raft_ref.traces.validation.lines.events import STAY, Event
from raft_ref.traces.validation.moves.moves import Moves
from raft_ref.traces.validation.moves.others import AT_MOST
from raft_ref.traces.validation.moves.taking import Attempt
from raft_ref.traces.validation.moves.world import Step, World
from raft_ref.traces.validation.rules.protocol import Message, ServerState

WRITES = {
    "ClientRequest": "log",
    "Commit": "commitIndex",
    "MoveNextIndex": "nextIndex",
    "ForgetMatch": "matchIndex",
    "StepDown": "role",
    "TakeLead": "role",
    "AdoptTerm": "currentTerm",
    "Timeout": "currentTerm",
    "CompactLog": "snapshot",
    "MissLeader": "heardFromLeader",
    "RequestPreVotes": "preVotesGranted",
    "ForgetPreVotes": "preVotesGranted",
    "CheckQuorum": "heardFrom",
    "TransferLeadership": "transferTarget",
    "AbortTransfer": "transferTarget",
    "Read": "readNumber",
    "RequestReadIndex": "readNumber",
    "BeginRound": "readRound",
    "Heartbeat": "",
    "AnswerReads": "readIndex",
    "ServeRead": "readIndex",
    "LeaseRead": "readNumber",
    "EndLease": "isTrusting",
    "EndPromise": "promise",
    "AddServer": "log",
    "RemoveServer": "log",
    "AddLearner": "log",
    "PromoteLearner": "log",
    "EnterJoint": "log",
    "LeaveJoint": "log",
    "ChangeTo": "log",
    "ApplyConfiguration": "configuration",
    "Receive": "",
}
"""What a silent move changes: it is of no use where that is logged, and as it should be."""


BY_OTHERS = "by others"
"""The moves of other servers, beside the silent moves of the server of a line."""


TRIED_TO_EXPLAIN = 300
"""How many ways to read a line are tried from one reading, to say why there is none."""


class TooManyReadingsError(Exception):
    """There are more ways to read a line than can be looked at."""


class _Partial(NamedTuple):
    """A line of which some moves are taken; `begun` is where its own move was, if it was."""

    world: World
    begun: World | None
    left: Mapping[str, int]
    """How many silent moves there may still be, by name."""


class Search:
    """Follows the lines of one trace.

    Arguments: the moves of its servers, which also hold the messages that all readings have sent;
    whether a server of which nothing was told yet is as in Init.
    """

    def __init__(self, moves: Moves, begins_at_init: bool = False) -> None:
        self.moves = moves
        self._begins_at_init = moves.begins_at_init = begins_at_init
        self.matching = moves.matching
        nobody, nothing = (None,) * len(moves.names), ((),) * len(moves.names)
        self.worlds = [World(nobody, nothing, left=nothing, unsynced=nothing, applied=nobody)]
        self._silent = {**moves.liberties.silent, BY_OTHERS: AT_MOST}
        self.ahead: Ahead = {}
        """What each server tells next, where lines are followed once more."""
        self.tries = 0
        """How many more ways to read a line are looked at, before nobody can say."""

    def follow(self, event: Event) -> list[World]:
        """Return the readings that a line allows; the caller decides whether to go on with them."""
        found = [each for world in self.worlds for each in self.readings(world, event)]
        silent = self.moves.liberties.silent
        may_resend = bool(silent.get("Send"))
        return distinct(found, self.moves.told, may_resend=may_resend)

    def go_on(self, worlds: list[World]) -> Step | None:
        """Go on with these readings; with one alone, return its new steps, the latest first."""
        self.worlds = worlds
        if len(worlds) > 1:
            return None
        (world,) = worlds
        for message in world.sent:
            self.moves.network.add(message)
        for message in world.gone:
            self.moves.network.remove(message)
        self.worlds = [world._replace(sent=(), gone=frozenset(), path=None)]
        return world.path

    def settle(self) -> list[Step]:
        """Take what all readings have in common out of each; return their steps, the first first.

        Else what they were would only grow, where they never become one.
        """
        worlds, network = self.worlds, self.moves.network
        if len(worlds) < 2:
            return []
        paths = [[*world.steps()][::-1] for world in worlds]
        shared = 0
        while len({id(path[shared]) if shared < len(path) else None for path in paths}) == 1:
            if shared == len(paths[0]):
                break
            shared += 1
        sent = frozenset[Message].intersection(*(frozenset(world.sent) for world in worlds))
        gone = frozenset[Message].intersection(*(world.gone for world in worlds))
        for message in [each for each in worlds[0].sent if each in sent]:
            network.add(message)
        for message in gone:
            network.remove(message)
        copies: dict[int, Step] = {}
        self.worlds = [
            world._replace(
                sent=tuple(each for each in world.sent if each not in sent),
                gone=world.gone - gone,
                path=_copied(path[shared:], copies),
            )
            for world, path in zip(worlds, paths, strict=True)
        ]
        return paths[0][:shared]

    def begun(self, world: World, place: int, event: Event) -> World:
        """Return a reading in which the server of a line has started, unless that is the line."""
        if world.states[place] is not None or "Start" in event.moves:
            return world
        told = {} if self._begins_at_init else {**event.before, **event.after}
        return self.moves.started(world, place, told)

    def readings(self, world: World, event: Event) -> list[World]:
        """Return what one reading becomes with a line."""
        place = self.moves.places[event.server]
        world = self.begun(world, place, event)
        if self.moves.is_thorough:
            return self._all_readings(world, place, event)
        level = [_Partial(world, None, self._silent)]
        seen: set[Any] = set()
        while level:
            following: list[_Partial] = []
            self._counts(len(level))
            for partial in level:
                accepted, begun = self._advanced(partial, place, event)
                if accepted:
                    return accepted
                following += begun
                following += self._silently(partial, place, event)
            level = [each for each in following if _is_new(each, seen)]
        return []

    def attempts(self, world: World, event: Event) -> list[Attempt]:
        """Return what is tried to explain a line, for whoever asks why nothing does.

        With the fewest silent moves first, as far as some hundred ways go: what takes many is far
        from the line, and tells nobody why.
        """
        found: list[Attempt] = []
        was_thorough = self.moves.is_thorough
        self.moves.attempts, self.moves.is_thorough = found, False
        self.tries = TRIED_TO_EXPLAIN
        try:
            with suppress(TooManyReadingsError):
                self.readings(world, event)
        finally:
            self.moves.attempts, self.moves.is_thorough = None, was_thorough
        return found

    def _all_readings(self, world: World, place: int, event: Event) -> list[World]:
        """Return what one reading becomes with a line, however much happens in silence.

        A silent move that could as well come later is left to the lines that ask for it: one after
        a line's own move that nothing asks for, and one before it that could stand behind it.
        """
        level = [_Partial(world, None, self._silent)]
        readings: list[World] = []
        seen: set[Any] = set()
        later: dict[Any, set[Any]] = {}
        done: set[Any] = set()
        while level:
            following: list[_Partial] = []
            self._counts(len(level))
            for partial in level:
                accepted, begun = self._advanced(partial, place, event)
                following += begun
                readings += [each for each in accepted if self._may_be(each)]
                if partial.begun is None and not (accepted and _changes_nothing(event)):
                    for now, then in self._one_move_later(accepted, partial, place, event, done):
                        later.setdefault(now, set()).add(then)
                    following += self._silently(partial, place, event)
                elif not accepted:
                    following += self._silently(partial, place, event)
            level = [each for each in following if self._may_be(each.world) and _is_new(each, seen)]
        return _without_later(readings, later)

    def _may_be(self, world: World) -> bool:
        """Say whether no line to come stands against a reading."""
        return not (self.ahead and is_over(world, self.moves.names, self.ahead))

    def _one_move_later(
        self, accepted: list[World], partial: _Partial, place: int, event: Event, done: set[Any]
    ) -> Iterator[tuple[Any, Any]]:
        """Yield what readings are, and what they may become with one more silent move.

        Those that are `done` were asked about.
        """
        unknown = self.moves.unknown
        for world in accepted:
            key, left = world.key, tuple(partial.left.values())
            if (key, left) in done or not self._may_be(world):
                continue
            done.add((key, left))
            behind = _Partial(world, partial.world, partial.left)
            for each in self._silently(behind, place, Event(event.line, event.server, "")):
                if each.world.key != key:
                    yield key, each.world.key
        # What is not known there, no line has asked for.
        self.moves.unknown = unknown

    def _counts(self, ways: int) -> None:
        self.tries -= ways
        if self.tries < 0:
            raise TooManyReadingsError

    def _advanced(
        self, partial: _Partial, place: int, event: Event
    ) -> tuple[list[World], list[_Partial]]:
        """Return what a line becomes now, and what it may become with moves behind its own."""
        now, begun, left = partial
        if begun is not None:
            return ([now] if self._agrees(event, place, begun, now) else []), []
        accepted: list[World] = []
        following: list[_Partial] = []
        for after in self._moved(now, place, event):
            if self._agrees(event, place, now, after):
                accepted.append(after)
            else:
                following.append(_Partial(after, now, left))
        return accepted, following

    def _agrees(self, event: Event, place: int, before: World, after: World) -> bool:
        state = after.state(place)
        if event.after and not self.matching.agrees(state, event.after):
            return False
        if state.commit_index < event.least_commit:
            return False
        was = before.states[place]
        if was is None or not event.is_complete:
            return True
        return not self.matching.unlogged(was, state, event.after)

    def _moved(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it after the move of a line, if its server is as the line says it was before."""
        state = world.states[place]
        if state is not None and event.before and not self.matching.agrees(state, event.before):
            return
        if event.moves:
            for move in event.moves:
                yield from self._taken(move, world, place, event)
        elif event.message is not None:
            is_sent = event.message["source"] == event.server
            yield from self.moves.move("Send" if is_sent else "Receive", world, place, event)
            if self.moves.is_thorough and not is_sent:
                yield from self._taken("Await", world, place, event)
        else:
            yield from self.moves.told_sends(world, event)
            for move in (*UNNAMED, *self.moves.of_features):
                yield from self.moves.silent(move, world, place, event)

    def _taken(self, move: str, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it after a move, and with what the line sends if the move itself sends nothing."""
        for after in self.moves.move(move, world, place, event):
            if event.sends and move in SEND_NOTHING:
                yield from self.moves.told_sends(after, event)
            else:
                yield after

    # ---- Moves that no line tells of

    def _silently(self, partial: _Partial, place: int, event: Event) -> Iterator[_Partial]:
        world, begun, left = partial
        if world.states[place] is None:
            return
        state = world.state(place)
        wanted = event.before if begun is None and event.before else event.after
        if event.least_commit > state.commit_index and "commitIndex" not in wanted:
            wanted = {**wanted, "commitIndex": event.least_commit}
        if world.waiting[place]:
            for after in self.moves.waited(world, place, event):
                yield _Partial(after.in_silence(world), begun, left)
        if self.moves.liberties.may_decline and wanted.get("commitIndex", 0) > state.commit_index:
            for after in self.moves.learnt(world, place, event, wanted["commitIndex"]):
                yield _Partial(after.in_silence(world), begun, left)
        if begun is None:
            for after in self.moves.by_others(world, place, event):
                if not left[BY_OTHERS]:
                    self.moves.unknown = f"more than {AT_MOST} moves that no line tells of"
                    break
                counted = {**left, BY_OTHERS: left[BY_OTHERS] - 1}
                yield _Partial(after.in_silence(world), begun, counted)
        for move, count in left.items():
            # What is sent in silence is sent when somebody receives it.
            if (
                move not in ("Send", BY_OTHERS)
                and count
                and self._may_help(move, state, wanted, event)
            ):
                bare = Event(event.line, event.server, move, after=wanted)
                for after in self.moves.silent(move, world, place, bare):
                    yield _Partial(after.in_silence(world), begun, {**left, move: count - 1})

    def _may_be_compacted(self, state: ServerState, wanted: JsonObject, event: Event) -> bool:
        """Say whether a line tells of a log that is compacted, or of what is sent then.

        Else it may as well be compacted later, and nobody need know what it holds. A line that
        tells of nothing asks what could come later at all.
        """
        if not (wanted or event.moves or event.message):
            return True
        if "snapshot" in wanted:
            return self.matching.differs(state, "snapshot", wanted["snapshot"])
        log, message = wanted.get("log"), event.message or {}
        if isinstance(log, list) and len(log) < state.log.index - state.compacted:
            return True
        is_at_what_is_gone = message.get("prevLogTerm") == 0 and message.get("prevLogIndex", 0) > 0
        return "InstallSnapshot" in event.moves or is_at_what_is_gone

    def _may_help(self, move: str, state: ServerState, wanted: JsonObject, event: Event) -> bool:
        if move == "CompactLog" and not self._may_be_compacted(state, wanted, event):
            return False
        if move in _ASKED_FOR and not _asks_for(move, wanted, event):
            return False
        name = WRITES.get(move, "")
        if name not in wanted:
            return True
        if move == "Receive":
            return bool(self.matching.differing(state, wanted))
        return self.matching.differs(state, name, wanted[name])


SEND_NOTHING = frozenset({STAY, "Start", "Await", "Apply", "AdoptTerm"})
"""Moves that are no step which sends: a line that tells of one, too, tells of both."""


UNNAMED = (
    "Timeout", "ClientRequest", "CompactLog", "Commit", "TakeLead", "StepDown", "Restart",
    "Receive",
)  # fmt: skip
"""What a line without the name of a step, and without a message, may tell of, besides sending."""


class _Use(NamedTuple):
    """What has a use for a silent move besides the variable that it writes."""

    moves: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()


_ASKED_FOR: Mapping[str, _Use] = {
    "ForgetPreVotes": _Use(),
    "TransferLeadership": _Use(moves=("TimeoutNow",)),
    "AbortTransfer": _Use(moves=("ClientRequest",), variables=("log",)),
    "Read": _Use(moves=("AnswerReads", "ServeRead"), variables=("readIndex", "pendingReads")),
    "RequestReadIndex": _Use(
        moves=("ServeRead",), variables=("readIndex",), messages=("ReadIndexResponse",)
    ),
    "BeginRound": _Use(variables=("pendingReads", "roundAcks", "isTrusting")),
    "Heartbeat": _Use(),
    "AnswerReads": _Use(moves=("ServeRead",), variables=("pendingReads",)),
    "ServeRead": _Use(moves=("LeaseRead",), variables=("pendingReads",)),
    "LeaseRead": _Use(moves=("ServeRead",), variables=("readIndex",)),
    "EndLease": _Use(variables=("isTrusting",)),
    "LeaveJoint": _Use(variables=("log", "configuration")),
    "EndPromise": _Use(
        moves=("Timeout",),
        variables=("currentTerm", "votedFor", "role"),
        messages=("RequestVoteRequest",),
    ),
}
"""Silent moves that only some lines have a use for: each undoes another, or is undone."""


def _asks_for(move: str, wanted: JsonObject, event: Event) -> bool:
    """Say whether a line may need a move that not every line has a use for."""
    use, kind = _ASKED_FOR[move], (event.message or {}).get("type")
    return (
        (WRITES[move] in wanted and bool(WRITES[move]))
        or not {*use.moves}.isdisjoint(event.moves)
        or not {*use.variables}.isdisjoint(wanted)
        or kind in use.messages
    )


def _without_later(readings: list[World], later: Mapping[Any, set[Any]]) -> list[World]:
    """Return readings without those that others become with one more silent move each.

    Of some that become each other, one is left.
    """
    reached = {key for keys in later.values() for key in keys}
    covered: set[Any] = set()
    found = []
    for each in [
        *(one for one in readings if one.key not in reached),
        *(one for one in readings if one.key in reached),
    ]:
        if each.key not in reached or each.key not in covered:
            found.append(each)
            left = [each.key]
            while left:
                if (key := left.pop()) not in covered:
                    covered.add(key)
                    left += later.get(key, ())
    return found


def _copied(steps: Sequence[Step], copies: dict[int, Step]) -> Step | None:
    """Return steps anew, as a path with nothing before; those that readings share are shared."""
    last: Step | None = None
    for each in steps:
        if id(each) not in copies:
            copies[id(each)] = replace(each, previous=last)
        last = copies[id(each)]
    return last


def _changes_nothing(event: Event) -> bool:
    """Say whether a line leaves its server as it is, whatever that has done before."""
    match event.moves:
        case ("Stay",) | ("Await",) | ("DropMessage",):
            return True
        case ("Send",):
            message = event.message or {}
            needed = (
                ("prevLogIndex", "entries") if message["type"] == "AppendEntriesRequest" else ()
            )
            return all(name in message for name in needed)
    return False


def _is_new(partial: _Partial, seen: set[Any]) -> bool:
    key = partial.world.key, partial.begun is None
    if key in seen:
        return False
    seen.add(key)
    return True

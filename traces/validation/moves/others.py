"""What other servers must have done in silence, for a line of one server to be explained.

The rule: only what tells the server of the line something new. A server takes part whose log
leaves out what it receives, or of which nothing is logged at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.moves.receiving import Receiving
from raft_ref.traces.validation.moves.sending import latest
from raft_ref.traces.validation.moves.world import World
from raft_ref.traces.validation.rules.logs import UNLOGGED, common
from raft_ref.traces.validation.rules.protocol import Message, field

MOST_TERMS = 64
"""For how many terms a server is let stand, one after another, before a line."""
AT_MOST = 16
"""How many such moves are made before a line."""
_LOST = ("DropMessage",)


class Others(Receiving):
    """The moves of servers that no line tells of, made for the line of another."""

    def who_may_help(self, world: World, place: int, event: Event) -> list[int]:
        """Return the other servers of which a line of a server may take something in.

        That is who sent its message, if it has one. Who logs nothing may be any of them; of the
        others each line says what they received, unless that may be left out.
        """
        sources = self._sources(world, place, event)
        is_lost = event.moves == _LOST  # the network tells that, and its server may log nothing
        others = [each for each in range(len(self.names)) if each != place or is_lost]
        if not self.liberties.silent.get("Receive"):
            others = [each for each in others if self.names[each] in self.liberties.unlogged]
            return others if sources is None or sources & {self.names[at] for at in others} else []
        return others

    def _sources(self, world: World, place: int, event: Event) -> set[str] | None:
        """Return whose message a line may take in, None if anybody's."""
        if _term(event) > world.state(place).current_term:
            return None  # A term is learnt from anybody.
        if event.message is not None:
            source = {event.message["source"]}
            return source if event.moves == _LOST else source - {event.server}
        return None if not event.moves or "AdoptTerm" in event.moves else set()

    def by_others(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it with a move of another server that tells something new."""
        for other in self.who_may_help(world, place, event):
            if world.states[other] is None:
                continue
            is_unlogged = self.names[other] in self.liberties.unlogged
            if is_unlogged:
                yield from self._stands(world, other, event)
                yield from self._is_asked_to_follow(world, other, event)
            for after, message in self._told_to(world, other, event.line):
                for each in self.handled(after, other, message, event, logged={}):
                    if each is not after and _is_more(world, each, other):
                        yield each
            if is_unlogged:
                for after, message in self._told_to(world, place, event.line):
                    if field(message, "source") is self.servers[other] and after is not world:
                        yield after

    def _stands(self, world: World, other: int, event: Event) -> Iterator[World]:
        """Yield it with a server of which nothing is logged standing for a term, or leading.

        If that is what a line asks for: in a term up to the one that is told, with a log up to the
        one that is told.
        """
        me, state = self.servers[other], world.state(other)
        logged: JsonObject = event.message or {}
        if "MissLeader" in self.of_features:
            yield from self._acts(world, other, event.line, "MissLeader", me)
        yield from self._in_later_terms(world, other, event)
        if state.role == "Leader":
            if state.log.index < _length(logged.get("entries"), logged, event.after.get("log")):
                yield from self._acts(world, other, event.line, "ClientRequest", me, UNLOGGED)
            for index in range(state.log.index, state.commit_index, -1):
                yield from self._acts(world, other, event.line, "Commit", me, index)

    def _is_asked_to_follow(self, world: World, other: int, event: Event) -> Iterator[World]:
        """Yield it with the heartbeat sent to a server of which a line takes in the answer."""
        logged: JsonObject = event.message or {}
        if logged.get("type") != "HeartbeatResponse" or logged["source"] != self.names[other]:
            return
        ends = {"source": logged["dest"], "dest": logged["source"]}
        of_round = {name: logged[name] for name in ("term", "round") if name in logged}
        asks = {"type": "HeartbeatRequest", **ends, **of_round}
        if self.liberties.silent.get("Send"):
            yield from self.beats(world, asks, event)

    def _in_later_terms(self, world: World, other: int, event: Event) -> Iterator[World]:
        """Yield it with a server standing for the term that a line tells of, and the one before."""
        term = _term(event)
        if term - world.state(other).current_term > MOST_TERMS:
            self.unknown = f"{self.names[other]} may have stood for any term up to {term}"
            return
        while world.state(other).current_term < term:
            stands = self._acts(world, other, event.line, "Timeout", self.servers[other])
            if not stands:
                return
            world = stands[0]
            if world.state(other).current_term >= term - 1:
                yield world

    def _told_to(
        self, world: World, other: int, line: int, length: int | None = None
    ) -> Iterator[tuple[World, Message]]:
        """Yield the messages to a server that it may have received, sent in silence if need be.

        With those that make its log so long.
        """
        for message in self._in_flight(world, other):
            yield world, message
        log = world.state(other).log
        for source, states in enumerate(self._states(world)):
            for state in () if source == other else states[:1]:
                index = common(state.log, log)
                if state.role != "Leader" or index is None or index < state.compacted:
                    continue
                most = state.log.index
                ends = dict.fromkeys([most if length is None else min(length, most), most])
                for end in [end for end in ends if end >= index]:
                    for after in self._sends_as(
                        world, source, state, line, "SendEntries", self.servers[source],
                        self.servers[other], index, end - index, state.commit_index,
                    ):  # fmt: skip
                        yield after, latest(after)


def _term(event: Event) -> int:
    """Return the latest term that a line tells of."""
    logged: JsonObject = event.message or {}
    return int(max(logged.get("term", 0), event.after.get("currentTerm", 0)))


def _length(entries: Any, message: JsonObject, log: Any) -> int:
    """Return how long a log has to be for what a line tells of."""
    sent = entries if isinstance(entries, int) else len(entries or ())
    return int(max(length_of(log), message.get("prevLogIndex", 0) + sent))


def length_of(log: Any) -> int:
    """Return how long a log is, as far as that was logged."""
    if isinstance(log, list):
        return len(log)
    return int(log.get("lastIndex", 0)) if isinstance(log, dict) else 0


def _is_more(before: World, after: World, place: int) -> bool:
    return after.states[place] != before.states[place] or {*after.sent} > {*before.sent}

"""What a server sends, or may have sent: in the state that it has, could have, or has left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from raft_ref.spec.values.value import ModelValue
from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.moves.reads import Reads
from raft_ref.traces.validation.moves.world import World
from raft_ref.traces.validation.rules.checks import fields_of
from raft_ref.traces.validation.rules.configurations import shows_configuration
from raft_ref.traces.validation.rules.logs import UNLOGGED
from raft_ref.traces.validation.rules.matching import message_agrees
from raft_ref.traces.validation.rules.protocol import (
    Message,
    ServerState,
    field,
)


class Sending(Reads):
    """The moves by which servers send."""

    def _send_line(self, world: World, place: int, event: Event) -> Iterator[World]:
        assert event.message is not None
        yield from self._sends(world, event.message, event)

    def told_sends(self, world: World, event: Event) -> list[World]:
        """Return it with all sent that a line tells of which names no step."""
        worlds = [world]
        for message in event.sends or ():
            worlds = [after for each in worlds for after in self._sends(each, message, event)]
        return worlds

    def _sends(self, world: World, logged: JsonObject, event: Event) -> Iterator[World]:
        """Yield it with such a message sent, now or before; for a line of whoever takes it in."""
        if logged["type"] == "HeartbeatRequest":
            yield from self.beats(world, logged, event)
            return
        is_known = any(True for _ in self.messages(world, logged))
        is_open = logged["type"] == "AppendEntriesRequest" and "leaderCommit" not in logged
        is_asked = is_open or not is_known or (self.is_thorough and not _is_whole(logged))
        made = [*self._sent_now(world, logged, event)] if is_asked else []
        # What is known may be told again; a leader that sends tells of its latest commit.
        new = [each for each in made if each.sent != world.sent]
        yield from new
        if is_known and (self.is_thorough or not new):
            yield world
        elif not new:
            yield from made

    def _sent_now(self, world: World, logged: JsonObject, event: Event) -> Iterator[World]:
        """Yield it with such a message sent: as the sender is, could be, or was before."""
        line = event.line
        place = self.places[logged["source"]]
        if world.states[place] is None and self.begins_at_init and _may_be_first(logged):
            world = self.started(world, place, {})
        state = world.states[place]
        if state is None:
            return
        found = [*self._sent_in(world, state, logged, line)]
        if (not found and not self.is_patient) or self.is_thorough:
            for now in self._ready_to_send(world, place, logged, event):
                ready = now.in_silence(world)
                found += self._sent_in(ready, ready.state(place), logged, line)
        if self.liberties.silent.get("Send"):
            for earlier in reversed(world.left[place]):
                is_then = earlier.current_term == logged.get("term", earlier.current_term)
                if is_then and (not found or self.is_thorough):
                    found += self._sent_in(world, earlier, logged, line)
        yield from found

    def _ready_to_send(
        self, world: World, place: int, logged: JsonObject, event: Event
    ) -> Iterator[World]:
        """Yield it with what a server may have done in silence before it sent a message."""
        silent, me, line = self.liberties.silent, self.servers[place], event.line
        if logged["type"] == "PreVoteRequest" and silent.get("MissLeader"):
            yield from self._acts(world, place, line, "MissLeader", me)
        if logged["type"] != "AppendEntriesRequest":
            return
        if world.state(place).role == "Candidate" and silent.get("TakeLead"):
            for leading in self._acts(world, place, line, "TakeLead", me):
                world = leading
                yield world
        if world.state(place).role != "Leader":
            return
        received = event.after if event.server == logged["dest"] else {}
        most, last = silent.get("ClientRequest", 0), world.state(place).log.index
        told = self._lacking(world, logged, received, last)
        if told is None and event.server == logged["source"]:
            # What it may do in silence before its own line is tried with the line.
            told = []
        elif told is None and "entries" in logged:
            # So many, behind what its receiver has, or one behind that for it to refuse.
            entries, held = logged["entries"], world.states[self.places[logged["dest"]]]
            count = entries if isinstance(entries, int) else len(entries)
            most = min(most, (held.log.index if held else 0) + count + 1 - last)
        if any(map(shows_configuration, told or ())):
            return  # a change is none of what clients ask for
        for number, value in enumerate([UNLOGGED] * most if told is None else told[:most], 1):
            (world,) = self._acts(world, place, line, "ClientRequest", me, value)
            # Where nobody tells how many there were, there may be any number of them.
            if told is None or number == len(told):
                yield world
        commit = logged.get("leaderCommit", received.get("commitIndex", 0))
        if commit > world.state(place).commit_index and silent.get("Commit"):
            yield from self._acts(world, place, line, "Commit", me, commit)

    def _lacking(
        self, world: World, logged: JsonObject, received: JsonObject, last: int
    ) -> list[Any] | None:
        """Return the values behind an index of a log that a message tells of, or who received it.

        None where neither does.
        """
        entries, log = logged.get("entries"), received.get("log")
        first = logged.get("prevLogIndex")
        if entries is None or first is None:
            entries, first = log, self._compacted(world, logged["dest"], received)
        if isinstance(entries, dict):
            entries = entries["lastIndex"] - first if "lastIndex" in entries else None
        if isinstance(entries, int):
            return [UNLOGGED] * (first + entries - last)
        if entries is None:
            return None
        return [each.get("value", UNLOGGED) for each in entries[max(last - first, 0) :]]

    def _compacted(self, world: World, server: str, received: JsonObject) -> int:
        state = world.states[self.places[server]]
        index = received.get("snapshot", {}).get("lastIncludedIndex")
        return int(index if index is not None else state.compacted if state else 0)

    def _sent_in(
        self, world: World, state: ServerState, logged: JsonObject, line: int
    ) -> Iterator[World]:
        """Yield it with such a message sent in a state that its sender has, or has left since."""
        place, me, to = self._ends(logged)
        kind = logged["type"]
        made: Iterable[World] = ()
        if kind == "AppendEntriesRequest":
            made = self._entries(world, state, logged, line)
        elif kind == "InstallSnapshotRequest":
            index = logged.get("snapshot", {}).get("lastIncludedIndex")
            for each in (
                range(max(1, state.compacted), state.commit_index + 1) if index is None else [index]
            ):
                sent = self._sends_as(world, place, state, line, "SendSnapshot", me, to, each)
                made = [*made, *sent]
        elif not self.liberties.may_decline:
            pass
        elif kind in _OF_READS:
            made = self.sent_of_reads(world, state, logged, line)
        elif kind == "PreVoteRequest":
            made = self._sends_as(world, place, state, line, "RequestPreVotes", me)
        elif kind == "TimeoutNowRequest":
            made = self._sends_as(world, place, state, line, "TellToStand", me, to)
        elif logged.get("success") is not False and kind in (
            "AppendEntriesResponse",
            "InstallSnapshotResponse",
        ):
            made = self._acknowledgements(world, state, logged, line)
        elif kind in _REFUSALS and logged.get("voteGranted") is not True:
            made = self._sends_as(world, place, state, line, "Refuse", me, to, kind)
        for after in made:
            if after.path and any(message_agrees(each, logged) for each in after.path.sends):
                yield after

    def _ends(self, logged: JsonObject) -> tuple[int, ModelValue, ModelValue]:
        """Return who sends a message, by its place and name, and to whom."""
        place = self.places[logged["source"]]
        return place, self.servers[place], self.servers[self.places[logged["dest"]]]

    def _entries(
        self, world: World, state: ServerState, logged: JsonObject, line: int
    ) -> Iterator[World]:
        place, me, to = self._ends(logged)
        entries, previous = logged.get("entries"), logged.get("prevLogIndex")
        first = range(state.log.index, state.compacted - 1, -1) if previous is None else [previous]
        commit = logged.get("leaderCommit", state.commit_index)
        for index in first:
            most = state.log.index - index
            counts = (
                range(most + 1)
                if entries is None
                else [entries if isinstance(entries, int) else len(entries)]
            )
            for count in counts:
                yield from self._sends_as(
                    world, place, state, line, "SendEntries", me, to, index, count, commit
                )

    def _acknowledgements(
        self, world: World, state: ServerState, logged: JsonObject, line: int
    ) -> Iterator[World]:
        place, me, to = self._ends(logged)
        yield from self._less(world, logged, line)
        index = logged.get("matchIndex", state.commit_index)
        yield from self._sends_as(
            world, place, state, line, "Acknowledge", me, to, logged["type"], index
        )

    def _less(self, world: World, logged: JsonObject, line: int) -> Iterator[World]:
        """Yield it with less acknowledged than could be."""
        index = logged.get("matchIndex")
        if logged["type"] != "AppendEntriesResponse" or index is None:
            return
        place = self.places[logged["source"]]
        wider = {name: value for name, value in logged.items() if name != "matchIndex"}
        for message in self.messages(world, wider):
            if field(message, "matchIndex") > index:
                made = self._take(
                    "AcknowledgeLess", self.servers[place], world.state(place), message, index
                )
                for taken in made:
                    yield self._taken(
                        world, place, line, "AcknowledgeLess", (message, index), taken, None
                    )
                return

    def _told(self, world: World, place: int, term: int | None, line: int) -> Iterator[World]:
        """Yield it with a server told of a term that another one has reached.

        As by a message that Raft.tla knows nothing of: a refusal tells no more than its term.
        """
        for other, states in enumerate(self._states(world)):
            for state in () if other == place else states:
                if self._asks_alone(state):
                    continue
                if state.current_term > world.state(place).current_term and term in (
                    None, state.current_term,
                ):  # fmt: skip
                    yield from self._sends_as(
                        world, other, state, line, "Refuse",
                        self.servers[other], self.servers[place], "RequestVoteResponse",
                    )  # fmt: skip
                    break

    def _asks_alone(self, state: ServerState) -> bool:
        """Say whether a server tells others of its term by requests for votes alone.

        Where these are ignored by who has a leader, that is no way to tell.
        """
        return state.role == "Candidate" and "CheckQuorum" in self.protocol.features


_OF_READS = ("ReadIndexRequest", "ReadIndexResponse")
_REFUSALS = ("RequestVoteResponse", "AppendEntriesResponse", "PreVoteResponse")
"""The answers by which no may be said."""


def latest(world: World) -> Message:
    """Return the message that the last step sent."""
    assert world.path is not None
    return world.path.sends[0]


def _may_be_first(logged: JsonObject) -> bool:
    """Say whether a message may be the first of its sender, and sent without a line of it."""
    return logged["type"] in ("PreVoteRequest", "ReadIndexRequest")


def _is_whole(logged: JsonObject) -> bool:
    """Say whether of a message all was logged but values, and what is the same for all."""
    return all(name in logged for name in fields_of(logged["type"]))

"""The steps of reads, as lines tell of them, or as a server may have taken them in silence.

The rule: what can only help is done as soon as it may be, so that it need not be searched for: a
round of heartbeats covers all that its leader may have noted by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from raft_ref.spec.values.value import FALSE, items_of
from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.moves.taking import Steps
from raft_ref.traces.validation.moves.world import World
from raft_ref.traces.validation.rules.matching import message_agrees
from raft_ref.traces.validation.rules.protocol import NIL, ServerState, field

_BETWEEN = 8
"""How many reads before one of which a message tells may have begun without a line."""


def _fields(record: Any) -> dict[str, Any]:
    return {str(name): value for name, value in items_of(record)}


class Reads(Steps):
    """The moves by which servers read, but for what they make of messages."""

    def variable(self, state: ServerState, name: str) -> Any:
        """Return a variable of a feature at a server, as a value of the spec."""
        return state.features[self.protocol.beside.index(name)]

    def _pending(self, state: ServerState) -> list[dict[str, Any]]:
        return [_fields(each) for each in self.variable(state, "pendingReads")]

    def _open(self, state: ServerState) -> list[int]:
        """Return the numbers of a server's reads of which it does not know the index."""
        earlier = [_fields(each) for each in self.variable(state, "earlierReads")]
        found = [each["number"] for each in earlier if each["index"] == 0]
        if self.variable(state, "readIndex") == 0:
            found.append(self.variable(state, "readNumber"))
        return sorted(found)

    # ---- A client reads

    def reads(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it with a client reading at a leader."""
        me, line, state = self.servers[place], event.line, world.state(place)
        number = self._numbered(state, event)
        noted = self._acts(world, place, line, "ReadBeside", me, number)
        made = [self._by_clock(each, place, line, me, number) for each in noted]
        # Who has committed nothing in its term notes the read later, or never.
        yield from made or self._acts(world, place, line, "AskRead", me, number)
        if "pendingReads" in self.told:
            # The read before is given up.
            yield from self._acts(world, place, line, "Read", me)

    def requests(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it with a client reading at a server that asks another."""
        me, line = self.servers[place], event.line
        number, peer = self._numbered(world.state(place), event), event.arguments.get("peer")
        if peer == self.names[place]:
            return  # nobody asks itself
        for each in event.sends or ():
            if each["type"] != "ReadIndexRequest":
                continue
            if each.get("number", number) != number and _tells_number(event):
                return
            number, peer = each.get("number", number), each["dest"]
        if peer is None:
            # Whom it has asked, who is asked tells.
            yield from self._acts(world, place, line, "AskRead", me, number)
            return
        to = self.protocol.servers[peer]
        yield from self._acts(world, place, line, "AskAgain", me, to, number)
        yield from self._acts(world, place, line, "RequestBeside", me, to, number)

    def _numbered(self, state: ServerState, event: Event) -> int:
        """Return the number of a read that begins: the one that was logged, or the next."""
        told = event.arguments.get("number", event.after.get("readNumber"))
        return int(self.variable(state, "readNumber") + 1 if told is None else told)

    def _by_clock(self, world: World, place: int, line: int, reader: Any, number: int) -> World:
        """Return it with the leader trusting in its clock for what it notes, if that is allowed.

        Not where somebody knows more to be committed (NobodyKnowsMore): such a read would miss it.
        """
        newest = max(state.commit_index for state in world.states if state is not None)
        if "TrustClock" in self.liberties.allowed and newest <= world.state(place).commit_index:
            me = self.servers[place]
            for after in self._acts(world, place, line, "TrustClock", me, reader, number):
                return after
        return world

    def _late_by_clock(self, world: World, place: int, line: int) -> World:
        """Return it with what was asked before anything was committed in the term, likewise."""
        if "TrustClock" not in self.liberties.allowed:
            return world
        before = self.variable(world.state(place), "pendingReads")
        (world,) = self._with_all_noted(world, place, line)
        for each in self.variable(world.state(place), "pendingReads") - before:
            read = _fields(each)
            world = self._by_clock(world, place, line, read["server"], read["number"])
        return world

    # ---- Rounds

    def begins_round(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it with a leader beginning a round."""
        told = event.after.get("readRound")
        for ready in self._with_all_noted(world, place, event.line):
            yield from self._in_next_round(ready, place, event.line, told)

    def _in_next_round(self, world: World, place: int, line: int, told: int | None) -> list[World]:
        following = self.variable(world.state(place), "readRound") + 1
        number = following if told is None else told
        return self._acts(world, place, line, "BeginRoundAs", self.servers[place], number)

    def _with_all_noted(self, world: World, place: int, line: int) -> Iterator[World]:
        """Yield it with a leader having noted all that it was asked, if it may."""
        for message in world.waiting[place]:
            if field(message, "type") == "ReadIndexRequest":
                for after in self._receives(world, place, line, "NoteRead", message):
                    left = tuple(each for each in after.waiting[place] if each != message)
                    world = after.waits(place, left)
        for number in self._open(world.state(place)):
            for after in self._acts(world, place, line, "NoteOwnRead", self.servers[place], number):
                world = after
        yield world

    def beats(self, world: World, logged: JsonObject, event: Event) -> Iterator[World]:
        """Yield it with a heartbeat of a round sent, now or before; the round begins if need be."""
        place = self.places[logged["source"]]
        state, known = world.states[place], next(self.messages(world, logged), None)
        made: list[World] = []
        if state is not None and state.role == "Leader":
            for ready in self._ready_to_beat(world, place, logged, event):
                made += self._sent_beat(ready, ready.state(place), logged, event.line)
        for earlier in world.left[place] if not made and known is None else ():
            made += self._sent_beat(world, earlier, logged, event.line)
        yield from made
        if known is not None and not made:
            yield world

    def _sent_beat(
        self, world: World, state: ServerState, logged: JsonObject, line: int
    ) -> Iterator[World]:
        place, to = self.places[logged["source"]], self.protocol.servers[logged["dest"]]
        me = self.servers[place]
        for after in self._sends_as(world, place, state, line, "Heartbeat", me, to):
            if after.path and any(message_agrees(each, logged) for each in after.path.sends):
                yield after

    def _ready_to_beat(
        self, world: World, place: int, logged: JsonObject, event: Event
    ) -> Iterator[World]:
        """Yield it with a leader in the round that a heartbeat is of, or in the best."""
        if not self.liberties.silent.get("BeginRound"):
            yield world
            return
        number, told = self.variable(world.state(place), "readRound"), logged.get("round")
        if told is not None and told <= number:
            yield world
            return
        are_told = "readRound" in self.told
        if told is None and number and are_told:
            # Which round it is, others tell: most are of the latest.
            yield world
            if not self.is_thorough:
                return
        (ready,) = self._with_all_noted(world, place, event.line)
        is_asked = any(each["isCovered"] is FALSE for each in self._pending(ready.state(place)))
        if told is not None or is_asked or not number:
            yield from self._in_next_round(ready, place, event.line, told)
        elif not are_told:
            yield world

    # ---- Answers

    def answers(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it with a leader answering reads: one that is named, or what is confirmed."""
        me, line = self.servers[place], event.line
        number, peer = event.arguments.get("number"), event.arguments.get("peer")
        index = event.arguments.get("index")
        if len(self.names) == 1:
            (world,) = self._in_next_round(world, place, line, None) or (world,)
        world = self._late_by_clock(world, place, line)
        if (number, peer, index) == (None, None, None):
            made = self._acts(world, place, line, "AnswerReads", me)
            yield from made
            if made and not self.is_thorough:
                return
        yield from self._answers_one(world, place, line, peer, number, index)

    def _answers_one(
        self,
        world: World,
        place: int,
        line: int,
        peer: str | None,
        number: int | None,
        index: int | None = None,
    ) -> Iterator[World]:
        """Yield it with a leader answering a read: whose, of which number and index, if told."""
        me, told = self.servers[place], (peer, number, index)
        for read in self._pending(world.state(place)):
            has = (read["server"].name, read["number"], read["index"])
            if all(one in (None, other) for one, other in zip(told, has, strict=True)):
                yield from self._acts(
                    world, place, line, "AnswerRead", me, read["server"], read["number"]
                )

    def serves(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it with a client getting what it waits for."""
        me, line, state = self.servers[place], event.line, world.state(place)
        number, latest = event.arguments.get("number"), self.variable(state, "readNumber")
        if number in (None, latest):
            yield from self._acts(world, place, line, "ServeRead", me)
        earlier = {int(_fields(each)["number"]) for each in self.variable(state, "earlierReads")}
        for each in sorted(earlier):
            if number in (None, each):
                yield from self._acts(world, place, line, "ServeEarlier", me, each)
        if number is not None and number < latest and number not in earlier:
            yield world  # What it waits for has been committed since, and it was let go.

    def sent_of_reads(
        self, world: World, state: ServerState, logged: JsonObject, line: int
    ) -> Iterable[World]:
        """Yield it with a message of reads sent that a server sends of itself."""
        place, number = self.places[logged["source"]], logged.get("number")
        if logged["type"] == "ReadIndexRequest":
            yield from self._requested(world, state, logged, line)
        elif world.states[place] is state:
            world = self._late_by_clock(world, place, line)
            yield from self._answers_one(world, place, line, logged["dest"], number)

    def _requested(
        self, world: World, then: ServerState, logged: JsonObject, line: int
    ) -> Iterator[World]:
        """Yield it with an index asked for, in a state that a server has, or has left since."""
        place = self.places[logged["source"]]
        me, to = self.servers[place], self.protocol.servers[logged["dest"]]
        now = world.state(place)
        last = self.variable(now, "readNumber")
        told = logged.get("number")
        for number in [*self._open(now), last + 1] if told is None else [told]:
            begun = [world]
            if number > last and self.liberties.silent.get("RequestReadIndex"):
                # Of those between, too, nobody tells when they began.
                for between in range(max(last + 1, number - _BETWEEN), number + 1):
                    begun = self._acts(begun[0], place, line, "AskRead", me, between)
            elif number > last:
                begun = []
                yield from self._acts(world, place, line, "RequestBeside", me, to, number)
            elif number not in self._open(now) and self.liberties.silent.get("RequestReadIndex"):
                self.unknown = f"when {me.name} began read {number} is not logged"
            for each in begun:
                state = each.state(place)
                if then is not now:
                    state = state._replace(current_term=then.current_term)
                yield from self._sends_as(each, place, state, line, "AskAgain", me, to, number)

    # ---- Leases

    def ends_promise(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it with a promise ending, unless its leader still trusts in it (ClocksAgree)."""
        promise = self.variable(world.state(place), "promise")
        if promise is NIL:
            return
        held = _fields(promise)
        leader = world.states[self.places[held["leader"].name]]
        if leader is not None and leader.current_term == held["term"]:
            is_trusting = self.variable(leader, "isTrusting") is not FALSE
            if is_trusting and self.variable(leader, "readRound") == held["round"]:
                return
        yield from self._acts(world, place, event.line, "EndPromise", self.servers[place])


def _tells_number(event: Event) -> bool:
    """Say whether a line tells the number of a read, besides what it sends."""
    return "number" in event.arguments or "readNumber" in event.after

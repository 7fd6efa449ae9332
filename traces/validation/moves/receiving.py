"""What a server makes of a message: at once, when a line asks for it, or less than it could."""

from __future__ import annotations

from collections.abc import Iterator

from raft_ref.traces.format.features import MAY_BE_ALLOWED
from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.moves.sending import Sending, latest
from raft_ref.traces.validation.moves.world import World
from raft_ref.traces.validation.rules.checks import MESSAGES
from raft_ref.traces.validation.rules.earlier import as_message, may_have_sent, some_message
from raft_ref.traces.validation.rules.matching import message_agrees
from raft_ref.traces.validation.rules.protocol import (
    NOTHING_ELSE,
    Message,
    ServerState,
    field,
)

WAITING = 16
"""How many messages that a server has received may wait to be handled."""


class Receiving(Sending):
    """The moves by which servers receive."""

    def _available(
        self, world: World, logged: JsonObject, event: Event
    ) -> Iterator[tuple[World, Message]]:
        """Yield the messages that may be the logged one, sent in silence if need be."""
        found = [*self.messages(world, logged)]
        if found and not self.is_thorough:
            yield from ((world, message) for message in found)
            return
        source = self.places[logged["source"]]
        if world.waiting[source]:
            # What waits there may have been handled by now, and answered so.
            for after in self.waited(world, source, Event(event.line, logged["source"], "")):
                yield from (
                    (after.in_silence(world), each) for each in self.messages(after, logged)
                )
        if self.liberties.may_decline:
            for after in self._less(world, logged, event.line):
                yield after.in_silence(world), latest(after)
        if not found and self._is_from_before(logged):
            yield from ((world, message) for message in self._from_before(world, logged))
        if not self.liberties.silent.get("Send"):
            yield from ((world, message) for message in found)
            return
        for after in self._sends(world, logged, event):
            for message in self.messages(after, logged):
                yield after.in_silence(world), message

    def _from_before(self, world: World, logged: JsonObject) -> Iterator[Message]:
        """Yield what may be the logged message, sent before the trace begins.

        Of one that is not logged in full nobody knows what it was; but whatever it was, it is
        answered with no, or ignored, if it is of an earlier term than that of who receives it.
        """
        message = as_message(self.protocol, logged)
        if message is not None:
            yield message
            return
        sender, receiver = self.begun[logged["source"]], world.states[self.places[logged["dest"]]]
        if receiver is not None and logged["type"] in MESSAGES:
            term = min(sender[0].current_term, receiver.current_term - 1)
            for each in (logged["term"],) if "term" in logged else (term, term - 1):
                told = {**logged, "term": each}
                if 0 < each < receiver.current_term and may_have_sent(*sender, told):
                    yield some_message(self.protocol, told)
                    break
        if self._may_tell_more(world, logged):
            self.unknown = "what was sent before the trace begins is not logged"

    def _may_tell_more(self, world: World, logged: JsonObject) -> bool:
        """Say whether a message of before the beginning may matter, and be none that is sent now.

        One of an earlier term tells nothing, unless it asks what term would come; a leader of this
        one can send now what it sent then.
        """
        sender, _ = self.begun[logged["source"]]
        receiver = world.states[self.places[logged["dest"]]]
        if logged["type"] not in MESSAGES:
            return True
        if receiver is None or sender.current_term != receiver.current_term:
            return receiver is None or sender.current_term > receiver.current_term
        is_request = logged["type"] in ("AppendEntriesRequest", "InstallSnapshotRequest")
        may_send = bool(self.liberties.silent.get("Send"))
        return not (is_request and may_send and sender.role == "Leader")

    def _receive(self, world: World, place: int, event: Event) -> Iterator[World]:
        assert event.message is not None
        for now, message in self._available(world, event.message, event):
            for after in self.handled(now, place, message, event, event.after):
                for sent in self._with_sends(now, after, event):
                    yield sent if event.keeps_message else _without(sent, message)

    def _with_sends(self, before: World, after: World, event: Event) -> Iterator[World]:
        """Yield it if a step sends what was logged, or if that may be sent besides.

        What is made of a message without an answer may be answered with less than it could.
        """
        is_answered = after.path is not before.path and after.path and after.path.sends
        if self._sends_agree(before, after, event):
            yield after
        elif not is_answered and self.liberties.may_decline:
            yield from self.told_sends(after, event)

    def _hear(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it with a message of reads taken at once, or as soon as it may be.

        Of heartbeats, and answers to them, of which the round is not told, that is the latest that
        was sent, which says most; none, if there was none.
        """
        assert event.message is not None
        found = [*self.messages(world, event.message)]
        if not found:
            if event.message["type"] in ("HeartbeatRequest", "HeartbeatResponse"):
                yield world
            return
        if event.message["type"] == "ReadIndexRequest":
            noted = self._noted(world, place, found[0], event.line)
            waiting = tuple(each for each in world.waiting[place] if each != found[0])
            is_kept = world.state(place).role == "Leader"
            waits = world.waits(place, (*waiting, found[0])[-WAITING:]) if is_kept else world
            yield waits if noted is None else noted
            return
        latest_round = max(found, key=lambda each: field(each, "round"))
        yield from self._receives(world, place, event.line, "Handle", latest_round)

    def _await(self, world: World, place: int, event: Event) -> Iterator[World]:
        assert event.message is not None
        for now, message in self._available(world, event.message, event):
            after = self._noted(now, place, message, event.line)
            if after is not None and not self._is_told_of(message):
                yield after
            elif _may_matter(now.state(place), message):
                earlier = [each for each in now.waiting[place] if each != message]
                if len(earlier) >= WAITING:
                    self.unknown = f"more than {WAITING} messages wait at {self.names[place]}"
                    del earlier[0]
                yield self._answered(now.waits(place, (*earlier, message)), place, event.line)
            else:
                yield now

    def _is_told_of(self, message: Message) -> bool:
        kind = field(message, "type")
        if kind not in _NOTED:
            return kind == "ReadIndexRequest" and (self.is_thorough or "pendingReads" in self.told)
        name, move, _ = _NOTED[kind]
        return name in self.told or (bool(move) and not self.liberties.silent.get(move))

    def _noted(self, world: World, place: int, message: Message, line: int) -> World | None:
        """Return it with what an answer tells, where that is of use: it may be used later."""
        kind, state = field(message, "type"), world.state(place)
        if kind == "PreVoteResponse":
            return self._counted(world, place, message, line)
        if kind == "ReadIndexRequest":
            # Noted at once, it waits for no more than it has to.
            found = self._receives(world, place, line, "NoteRead", message)
            noted = found[0] if found else world
            after = self._asked_by_clock(noted, place, message, line)
            return after if found or after is not world else None
        if field(message, "term") != state.current_term or kind not in _NOTED:
            return None
        *_, action = _NOTED[kind]
        found = self._receives(world, place, line, action, message)
        return found[0] if found else None

    def _asked_by_clock(self, world: World, place: int, message: Message, line: int) -> World:
        source, number = field(message, "source"), field(message, "number")
        return self._by_clock(world, place, line, source, number)

    def _counted(self, world: World, place: int, message: Message, line: int) -> World | None:
        """Return it with a pre-vote counted, if it is one."""
        if "preVotesGranted" in self.told or not message_agrees(message, {"voteGranted": True}):
            return None
        event = Event(line, self.names[place], "Receive")
        for each in self.handled(world, place, message, event, logged={}):
            if each.states[place] != world.states[place]:
                return each
        return world

    def waited(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it with one of the messages handled that a server has received before."""
        before = world.states[place]
        for message in world.waiting[place]:
            for each in self.handled(world, place, message, event, logged={}):
                if each.states[place] != before:
                    yield self._answered(each, place, event.line)
                elif field(message, "type") == "PreVoteRequest" and each is not world:
                    left = tuple(one for one in each.waiting[place] if one != message)
                    yield each.waits(place, left)

    def _answered(self, world: World, place: int, line: int) -> World:
        """Return it with all handled that waits and can do no more than be answered."""
        left = []
        for message in world.waiting[place]:
            if not _may_matter(world.state(place), message):
                if field(message, "type") == "ReadIndexRequest":
                    left.append(message)  # whoever leads again may note it then
                continue
            answered = self._without_change(world, place, message, line)
            if answered is None:
                left.append(message)
            else:
                world = answered
        return world.waits(place, tuple(left))

    def _without_change(
        self, world: World, place: int, message: Message, line: int
    ) -> World | None:
        """Return it with a message accepted that tells a server nothing new, or None."""
        kind = field(message, "type")
        if kind in ("HeartbeatRequest", "HeartbeatResponse", "ReadIndexResponse"):
            for each in self._receives(world, place, line, "Handle", message):
                if each.states[place] == world.states[place]:
                    return each
        if kind != "AppendEntriesRequest":
            return None
        for each in self._receives(world, place, line, "Handle", message):
            assert each.path is not None
            (answer,) = each.path.sends
            is_success = message_agrees(answer, {"success": True})
            if is_success and each.states[place] == world.states[place]:
                return each
        return None

    def learnt(self, world: World, place: int, event: Event, index: int) -> Iterator[World]:
        """Yield it with a server knowing that its log is committed up to an index.

        As one of the messages tells that were sent to it, or one that a leader could have sent.
        """
        dest = self.servers[place]
        for message in self._in_flight(world, place):
            if field(message, "type") != "AppendEntriesRequest":
                continue
            if field(message, "leaderCommit") >= index:
                found = self._receives(world, place, event.line, "LearnCommit", message, index)
                if found:
                    yield from found
                    return
        if not self.liberties.silent.get("Send"):
            return
        for other, states in enumerate(self._states(world)):
            for state in () if other == place else states:
                if state.role == "Leader" and state.commit_index >= index >= state.compacted:
                    for sent in self._sends_as(
                        world, other, state, event.line, "SendEntries",
                        self.servers[other], dest, index, 0, index,
                    ):  # fmt: skip
                        found = self._receives(
                            sent, place, event.line, "LearnCommit", latest(sent), index
                        )
                        if found:
                            yield from found
                            return

    def handled(
        self, world: World, place: int, message: Message, event: Event, logged: JsonObject
    ) -> Iterator[World]:
        """Yield it with a message handled: as Raft.tla does, or with a liberty."""
        line = event.line
        done = [*self._receives(world, place, line, "Handle", message)]
        if field(message, "type") == "ReadIndexRequest":
            done = [self._asked_by_clock(each, place, message, line) for each in done]
        yield from done
        if not self.liberties.may_decline:
            return
        if action := self._of_read(world.state(place), message):
            yield from self._receives(world, place, line, action, message)
        # Of an answer alone the line may tell that sends it.
        is_open = field(message, "type") == "PreVoteRequest" and event.sends is not None
        if (
            not self.is_thorough
            and not is_open
            and any(
                self.matching.agrees(each.state(place), logged or event.before) for each in done
            )
        ):
            return
        kind = field(message, "type")
        if kind == "AppendEntriesRequest":
            yield from self._with_commit(world, place, message, event, logged)
            yield from self._with_vote(done, place, message, event, logged)
            yield from self._without_answer(world, place, message, line)
        elif kind == "AppendEntriesResponse":
            yield from self._receives(world, place, line, "RecordMatch", message)
        elif kind == "RequestVoteResponse":
            yield from self._receives(world, place, line, "RecordVote", message)
        elif kind == "InstallSnapshotRequest":
            yield from self._receives(world, place, line, "MatchSnapshot", message)
        for action in PRE_VOTES.get(kind, ()):
            if action not in MAY_BE_ALLOWED or action in self.liberties.allowed:
                yield from self._receives(world, place, line, action, message)
        yield from self._receives(world, place, line, "AdoptTerm", message)
        yield world

    def _of_read(self, state: ServerState, message: Message) -> str:
        """Return what else may be made of a message of reads, if anything."""
        kind = field(message, "type")
        if kind == "ReadIndexRequest":
            is_newer = field(message, "term") > state.current_term
            return "NoteRead" if is_newer and state.role == "Leader" else ""
        if kind == "ReadIndexResponse":
            is_earlier = field(message, "number") != self.variable(state, "readNumber")
            return "LearnIndex" if is_earlier else ""
        return ""

    def _with_commit(
        self, world: World, place: int, message: Message, event: Event, logged: JsonObject
    ) -> Iterator[World]:
        """Let a follower learn of fewer commits."""
        wanted = {**event.before, **event.after}.get("commitIndex")
        told = field(message, "leaderCommit")
        # What is not learnt now may be learnt later (`learnt`).
        for commit in dict.fromkeys([0] if wanted is None else [wanted, 0]):
            if commit < told:
                yield from self._receives(
                    world, place, event.line, "ReceiveCommit", message, commit
                )

    def _without_answer(
        self, world: World, place: int, message: Message, line: int
    ) -> Iterator[World]:
        """Let a server that may lose what it has written not have answered yet.

        What nobody was told of is not promised to be on its disk.
        """
        if self.is_thorough and self.liberties.unsynced:
            me, state = self.servers[place], world.state(place)
            for taken in self._take("Handle", me, state, message, NOTHING_ELSE):
                unsaid = taken._replace(sends=())
                yield self._taken(world, place, line, "Handle", (message,), unsaid, message)

    def _with_vote(
        self,
        worlds: list[World],
        place: int,
        message: Message,
        event: Event,
        logged: JsonObject,
    ) -> Iterator[World]:
        """Let a follower note its leader in the place of a vote, where that was logged."""
        if (logged or event.before).get("votedFor") == field(message, "source").name:
            for each in worlds:
                yield from self._receives(each, place, event.line, "NoteLeader", message)

    def _adopt(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Adopt the term of a message that waits, and still waits then; or of one from anybody."""
        wanted = {**event.before, **event.after}.get("currentTerm")
        made: list[World] = []
        for message in reversed(world.waiting[place]):
            made += self._receives(world, place, event.line, "AdoptTerm", message)
        yield from made
        for sent in () if made else self._told(world, place, wanted, event.line):
            for after in self._receives(sent, place, event.line, "AdoptTerm", latest(sent)):
                # It stands for a message that the spec does not know: nobody else receives it.
                yield after._replace(sent=world.sent)


PRE_VOTES = {
    "PreVoteRequest": (
        "GrantInSameTerm", "RefuseInTermAsked", "GrantInSpiteOfLeader", "GrantInOwnTerm",
    ),
    "PreVoteResponse": ("CountOfEarlierTerm",),
}  # fmt: skip
"""What may be made of the messages of pre-vote besides what ExtendedRaft.tla does."""

_NOTED = {
    "RequestVoteResponse": ("votesGranted", "TakeLead", "RecordVote"),
    "AppendEntriesResponse": ("matchIndex", "Commit", "RecordMatch"),
    "HeartbeatResponse": ("roundAcks", "", "Handle"),
}
"""The variable in which an answer is noted, the silent move that makes use of it later, if one
does, and the action by which it is noted."""


def _may_matter(state: ServerState, message: Message) -> bool:
    """Say whether a message can do more than be answered: what is of an earlier term cannot."""
    term, kind = field(message, "term"), field(message, "type")
    if kind == "TimeoutNowRequest" and state.role == "Leader" and term == state.current_term:
        return False
    if kind == "ReadIndexRequest" and term <= state.current_term:
        return state.role == "Leader"
    if term != state.current_term and kind != "ReadIndexResponse":
        return bool(term > state.current_term)
    needed = {
        "RequestVoteResponse": "Candidate",
        "AppendEntriesResponse": "Leader",
        "InstallSnapshotResponse": "Leader",
        "HeartbeatResponse": "Leader",
    }
    return state.role == needed.get(kind, state.role)


def _without(world: World, message: Message) -> World:
    if message in world.sent:
        return world._replace(sent=tuple(each for each in world.sent if each != message))
    return world._replace(gone=world.gone | {message})

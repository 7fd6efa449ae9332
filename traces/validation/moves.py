"""The moves: what one thing that a server may have done makes of a reading.

The rule: a move takes the steps of RaftTrace.tla that it names, for each message and argument that
agrees with what was logged; whether the states agree is the business of the search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from raft_ref.spec.values.value import ModelValue
from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.validation.lines.events import STAY, Event
from raft_ref.traces.validation.lines.profile import Liberties
from raft_ref.traces.validation.network import Network
from raft_ref.traces.validation.rules.logs import UNLOGGED
from raft_ref.traces.validation.rules.matching import Matching, message_agrees, unmatched
from raft_ref.traces.validation.rules.protocol import (
    NOTHING_ELSE,
    Message,
    Protocol,
    ServerState,
    Taken,
    field,
)
from raft_ref.traces.validation.world import Step, World

RECEIVING = frozenset(
    {
        "Handle", "AdoptTerm", "ReceiveCommit", "LearnCommit", "NoteLeader", "RecordVote",
        "RecordMatch", "MatchSnapshot",
    }
)  # fmt: skip
"""The actions that take a message, and what else the network holds."""


PHASES = 16
"""How many states in which a server left a term or a role are remembered."""
WAITING = 16
"""How many messages that a server has received may wait to be handled."""


class Attempt(NamedTuple):
    """An action that was tried for a line, and what it leads to."""

    world: World
    place: int
    action: str
    arguments: tuple[Any, ...]
    results: list[World]


class Moves:
    """The moves of the servers of one trace.

    Arguments: the actions of the spec; the servers in the order of the trace; the profile's
    liberties.
    """

    def __init__(self, protocol: Protocol, servers: Iterable[str], liberties: Liberties) -> None:
        self.protocol = protocol
        self.names = tuple(servers)
        self.places = {name: place for place, name in enumerate(self.names)}
        self.servers: tuple[ModelValue, ...] = tuple(protocol.servers[each] for each in self.names)
        self.matching = Matching(self.servers, [protocol.domain[each] for each in self.servers])
        self.network = Network(liberties.remembers)
        self.liberties = liberties
        self.attempts: list[Attempt] | None = None
        """What is tried, for whoever asks why a line is refused."""
        self.told: set[str] = set()
        """The variables that lines tell of, up to the one at hand."""
        self.is_thorough = False
        """Whether to make of a message all that the liberties allow, though less explains it."""
        self._by_name: dict[str, Callable[[World, int, Event], Iterator[World]]] = {
            "Start": self._start,
            "Timeout": self._own("Timeout"),
            "TakeLead": self._own("TakeLead"),
            "StepDown": self._own("StepDown"),
            "ClientRequest": self._client_request,
            "CompactLog": self._compact,
            "Commit": self._commit,
            "MoveNextIndex": self._move_next_index,
            "ForgetMatch": self._forget_match,
            "Restart": self._restart,
            "AppendEntries": self._append_entries,
            "InstallSnapshot": self._install_snapshot,
            "AdoptTerm": self._adopt,
            "Receive": self._receive,
            "Await": self._await,
            "Send": self._send_line,
            "DropMessage": self._drop,
            STAY: lambda world, _place, _event: iter([world]),
        }

    def move(self, name: str, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield what a move of a server makes of a reading."""
        return self._by_name[name](world, place, event)

    def silent(self, name: str, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield what a move makes of it that no line tells of: any message may be received."""
        if name != "Receive":
            yield from self.move(name, world, place, event)
            return
        for message in self._in_flight(world, place):
            yield from self.handled(world, place, message, event, logged={})

    def _in_flight(self, world: World, place: int) -> Iterator[Message]:
        """Yield the messages to a server that it might receive."""
        dest = self.names[place]
        for message in world.sent:
            if field(message, "dest") is self.servers[place]:
                yield message
        yield from self.network.to(dest)

    def _taken(
        self,
        world: World,
        place: int,
        line: int,
        action: str,
        arguments: tuple[Any, ...],
        taken: Taken,
        message: Message | None = None,
    ) -> World:
        """Return it after a step of one server."""
        before = world.states[place]
        path = Step(
            line, self.names[place], action, arguments, message, before, taken.state, taken.sends,
            world.path,
        )  # fmt: skip
        sent, left = world.sent, world.left
        for each in taken.sends:
            if (each not in sent and each not in self.network) or each in world.gone:
                sent = (*sent, each)
        states = (*world.states[:place], taken.state, *world.states[place + 1 :])
        gone = world.gone.difference(taken.sends) if world.gone else world.gone
        if before is not None and _phase(before) != _phase(taken.state):
            earlier = (*left[place][-PHASES:], before)
            left = (*left[:place], earlier, *left[place + 1 :])
        return World(states, world.waiting, sent, gone, path, world.committed, left)

    def _acts(
        self, world: World, place: int, line: int, action: str, *arguments: Any
    ) -> list[World]:
        """Yield it after an action of a server that takes no message."""
        me, state = self.servers[place], world.state(place)
        return self._tried(world, place, action, arguments, [
            self._taken(world, place, line, action, arguments, taken)
            for taken in self.protocol.take(action, me, state, *arguments)
        ])  # fmt: skip

    def _does(
        self, world: World, place: int, event: Event, action: str, *arguments: Any
    ) -> Iterator[World]:
        """Yield it after an action that a line tells of, if it sends what was logged."""
        me = self.servers[place]
        for after in self._acts(world, place, event.line, action, me, *arguments):
            if self._sends_agree(world, after, event):
                yield after

    def _own(self, action: str) -> Callable[[World, int, Event], Iterator[World]]:
        return lambda world, place, event: self._does(world, place, event, action)

    def started(self, world: World, place: int, logged: JsonObject) -> World:
        """Return it with a server started, in a state of which this was logged."""
        state = self.matching.started(self.protocol, logged)
        states = (*world.states[:place], state, *world.states[place + 1 :])
        return world._replace(states=states)

    def _start(self, world: World, place: int, event: Event) -> Iterator[World]:
        if world.states[place] is None:
            yield self.started(world, place, {**event.before, **event.after})

    def _client_request(self, world: World, place: int, event: Event) -> Iterator[World]:
        value = event.arguments.get("value")
        if value is None:
            value = _next_value(world.state(place), event.after.get("log"))
        yield from self._does(world, place, event, "ClientRequest", value)

    def _compact(self, world: World, place: int, event: Event) -> Iterator[World]:
        index = event.arguments.get("index")
        if index is None:
            index = event.after.get("snapshot", {}).get("lastIncludedIndex")
        state = world.state(place)
        # What is compacted least leaves most open.
        most = state.commit_index + 1 if self.is_thorough else state.compacted + 2
        indices = range(state.compacted + 1, most) if index is None else [index]
        for each in indices:
            yield from self._does(world, place, event, "CompactLog", each)

    def _commit(self, world: World, place: int, event: Event) -> Iterator[World]:
        state = world.state(place)
        index = event.after.get("commitIndex", event.before.get("commitIndex"))
        indices = range(state.log.index, state.commit_index, -1) if index is None else [index]
        for each in indices:
            yield from self._does(world, place, event, "Commit", each)

    def _move_next_index(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it with what is to be sent next to each peer as it was logged."""
        logged = {**event.before, **event.after}.get("nextIndex", {})
        if isinstance(logged, list):
            logged = dict(zip(self.names, logged, strict=True))
        worlds = [world]
        for peer, index in logged.items():
            if self.matching.differs(world.state(place), "nextIndex", {peer: index}):
                to = self.protocol.servers[peer]
                worlds = [
                    after
                    for each in worlds
                    for after in self._does(each, place, event, "MoveNextIndex", to, index)
                ]
        yield from worlds

    def _forget_match(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it with less known of its peers, as it was logged."""
        logged = {**event.before, **event.after}.get("matchIndex", {})
        if isinstance(logged, list):
            logged = dict(zip(self.names, logged, strict=True))
        worlds = [world]
        for peer, index in logged.items():
            if self.matching.differs(world.state(place), "matchIndex", {peer: index}):
                to = self.protocol.servers[peer]
                worlds = [
                    after
                    for each in worlds
                    for after in self._does(each, place, event, "ForgetMatch", to, index)
                ]
        yield from worlds

    def _restart(self, world: World, place: int, event: Event) -> Iterator[World]:
        state = world.state(place)
        commit = event.after.get("commitIndex")
        commits = dict.fromkeys(
            [state.compacted, state.commit_index] if commit is None else [commit]
        )
        for each in commits:
            for after in self._does(world, place, event, "RestartAt", each):
                yield after.waits(place, ())

    def _append_entries(self, world: World, place: int, event: Event) -> Iterator[World]:
        to, count = self.protocol.servers[event.arguments["peer"]], event.arguments["count"]
        yield from self._does(world, place, event, "AppendEntries", to, count)

    def _install_snapshot(self, world: World, place: int, event: Event) -> Iterator[World]:
        to = self.protocol.servers[event.arguments["peer"]]
        yield from self._does(world, place, event, "InstallSnapshot", to)

    def _adopt(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Adopt the term of a message that waits, and still waits then; or of one from anybody."""
        wanted = {**event.before, **event.after}.get("currentTerm")
        made: list[World] = []
        for message in reversed(world.waiting[place]):
            made += self._receives(world, place, event.line, "AdoptTerm", message)
        yield from made
        for sent in () if made else self._told(world, place, wanted, event.line):
            yield from self._receives(sent, place, event.line, "AdoptTerm", _latest(sent))

    def _told(self, world: World, place: int, term: int | None, line: int) -> Iterator[World]:
        """Yield it with a server told of a term that another one has reached.

        As by a message that Raft.tla knows nothing of: a refusal tells no more than its term.
        """
        for other, states in enumerate(self._states(world)):
            for state in () if other == place else states:
                if state.current_term > world.state(place).current_term and term in (
                    None, state.current_term,
                ):  # fmt: skip
                    yield from self._sends_as(
                        world, other, state, line, "Refuse",
                        self.servers[other], self.servers[place], "RequestVoteResponse",
                    )  # fmt: skip
                    break

    def _states(self, world: World) -> Iterator[tuple[ServerState, ...]]:
        """Yield the states that each server has, and has left, the latest first."""
        for state, left in zip(world.states, world.left, strict=True):
            yield (() if state is None else (state,)) + left[::-1]

    def _sends_as(
        self, world: World, place: int, state: ServerState, line: int, action: str, *arguments: Any
    ) -> Iterator[World]:
        """Yield it with what a server sent in a state that it has, or has left since."""
        before = world.states[place]
        if before is None or before is state:
            yield from self._acts(world, place, line, action, *arguments)
            return
        for taken in self.protocol.take(action, self.servers[place], state, *arguments):
            sent = taken._replace(state=before)
            yield self._taken(world, place, line, action, arguments, sent)

    def _drop(self, world: World, _: int, event: Event) -> Iterator[World]:
        assert event.message is not None
        for message in self.messages(world, event.message):
            yield world._replace(gone=world.gone | {message})

    # ---- Messages that are received

    def messages(self, world: World, logged: JsonObject) -> Iterator[Message]:
        """Yield the messages that may be the logged one."""
        for message in world.sent:
            if message_agrees(message, logged):
                yield message
        for message in self.network.agreeing(logged):
            if message not in world.gone:
                yield message

    def _available(
        self, world: World, logged: JsonObject, line: int
    ) -> Iterator[tuple[World, Message]]:
        """Yield the messages that may be the logged one, sent in silence if need be."""
        found = [*self.messages(world, logged)]
        if found:
            yield from ((world, message) for message in found)
            return
        if self.liberties.may_decline:
            for after in self._less(world, logged, line):
                yield after.in_silence(world), _latest(after)
        if self.liberties.silent.get("Send"):
            for after in self._sends(world, logged, line):
                for message in self.messages(after, logged):
                    yield after.in_silence(world), message

    def _receive(self, world: World, place: int, event: Event) -> Iterator[World]:
        assert event.message is not None
        for now, message in self._available(world, event.message, event.line):
            for after in self.handled(now, place, message, event, event.after):
                if self._sends_agree(now, after, event):
                    yield after if event.keeps_message else _without(after, message)

    def _await(self, world: World, place: int, event: Event) -> Iterator[World]:
        assert event.message is not None
        for now, message in self._available(world, event.message, event.line):
            after = self._noted(now, place, message, event.line)
            if after is not None and not self._is_told_of(message):
                yield after
            elif _may_matter(now.state(place), message):
                earlier = [each for each in now.waiting[place][-WAITING:] if each != message]
                yield self._answered(now.waits(place, (*earlier, message)), place, event.line)
            else:
                yield now

    def _is_told_of(self, message: Message) -> bool:
        kind = field(message, "type")
        name, move = _NOTED[kind]
        return name in self.told or not self.liberties.silent.get(move)

    def _noted(self, world: World, place: int, message: Message, line: int) -> World | None:
        """Return it with what an answer tells, where that is of use: it may be used later."""
        kind, state = field(message, "type"), world.state(place)
        if field(message, "term") != state.current_term or kind not in _NOTED:
            return None
        action = "RecordVote" if kind == "RequestVoteResponse" else "RecordMatch"
        found = self._receives(world, place, line, action, message)
        return found[0] if found else None

    def waited(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it with one of the messages handled that a server has received before."""
        before = world.states[place]
        for message in world.waiting[place]:
            for each in self.handled(world, place, message, event, logged={}):
                if each.states[place] != before:
                    yield self._answered(each, place, event.line)

    def _answered(self, world: World, place: int, line: int) -> World:
        """Return it with all handled that waits and can do no more than be answered."""
        left = []
        for message in world.waiting[place]:
            if not _may_matter(world.state(place), message):
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
        if field(message, "type") != "AppendEntriesRequest":
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
            if field(message, "type") == "AppendEntriesRequest":
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
                            sent, place, event.line, "LearnCommit", _latest(sent), index
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
        yield from done
        if not self.liberties.may_decline:
            return
        if not self.is_thorough and any(
            self.matching.agrees(each.state(place), logged or event.before) for each in done
        ):
            return
        kind = field(message, "type")
        if kind == "AppendEntriesRequest":
            yield from self._with_commit(world, place, message, event, logged)
            yield from self._with_vote(done, place, message, event, logged)
        elif kind == "AppendEntriesResponse":
            yield from self._receives(world, place, line, "RecordMatch", message)
        elif kind == "RequestVoteResponse":
            yield from self._receives(world, place, line, "RecordVote", message)
        elif kind == "InstallSnapshotRequest":
            yield from self._receives(world, place, line, "MatchSnapshot", message)
        yield from self._receives(world, place, line, "AdoptTerm", message)
        yield world

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

    def _receives(
        self, world: World, place: int, line: int, action: str, message: Message, *arguments: Any
    ) -> list[World]:
        me, state = self.servers[place], world.state(place)
        given = (message, *arguments)
        return self._tried(world, place, action, given, [
            self._taken(world, place, line, action, given, taken, message)
            for taken in self.protocol.take(action, me, state, *given, NOTHING_ELSE)
        ])  # fmt: skip

    def _tried(
        self,
        world: World,
        place: int,
        action: str,
        arguments: tuple[Any, ...],
        results: list[World],
    ) -> list[World]:
        if self.attempts is not None:
            self.attempts.append(Attempt(world, place, action, arguments, results))
        return results

    def failing_condition(self, attempt: Attempt) -> str | None:
        """Return the condition for which an action is not enabled, as the spec has it."""
        world, place, action, arguments, _ = attempt
        others = (NOTHING_ELSE,) if action in RECEIVING else ()
        return self.protocol.failing_condition(
            action, self.servers[place], world.state(place), *arguments, *others
        )

    # ---- Messages that are sent

    def _sends_agree(self, before: World, after: World, event: Event) -> bool:
        """Say whether a step sends what was logged, if that was."""
        if event.sends is None or after.path is None:
            return True
        made = after.path.sends if after.path is not before.path else ()
        if not made and not event.sends:
            return True
        extra, missing = unmatched(made, event.sends)
        return not missing and (not extra or self.liberties.may_decline)

    def _send_line(self, world: World, place: int, event: Event) -> Iterator[World]:
        assert event.message is not None
        yield from self._sends(world, event.message, event.line)

    def _sends(self, world: World, logged: JsonObject, line: int) -> Iterator[World]:
        """Yield it with such a message sent, now or before."""
        is_known = any(True for _ in self.messages(world, logged))
        is_open = logged["type"] == "AppendEntriesRequest" and "leaderCommit" not in logged
        made = [*self._sent_now(world, logged, line)] if is_open or not is_known else []
        # What is known may be told again; a leader that sends tells of its latest commit.
        new = [each for each in made if each.sent != world.sent]
        yield from new
        if is_known and (self.is_thorough or not new):
            yield world
        elif not new:
            yield from made

    def _sent_now(self, world: World, logged: JsonObject, line: int) -> Iterator[World]:
        """Yield it with such a message sent: as the sender is, could be, or was before."""
        place = self.places[logged["source"]]
        state = world.states[place]
        if state is None:
            return
        found = [*self._sent_in(world, state, logged, line)]
        if not found or self.is_thorough:
            for now in self._ready_to_send(world, place, logged, line):
                found += self._sent_in(now, now.state(place), logged, line)
        if not found and "term" in logged and self.liberties.silent.get("Send"):
            for earlier in reversed(world.left[place]):
                if earlier.current_term == logged["term"] and not found:
                    found += self._sent_in(world, earlier, logged, line)
        yield from found

    def _ready_to_send(
        self, world: World, place: int, logged: JsonObject, line: int
    ) -> Iterator[World]:
        """Yield it with what a server may have done in silence before it sent a message."""
        silent = self.liberties.silent
        if logged["type"] != "AppendEntriesRequest":
            return
        if world.state(place).role == "Candidate" and silent.get("TakeLead"):
            for world in self._acts(world, place, line, "TakeLead", self.servers[place]):
                yield world
        if world.state(place).role != "Leader":
            return
        entries, last = logged.get("entries", 0), world.state(place).log.index
        count = entries if isinstance(entries, int) else len(entries)
        lacking = logged.get("prevLogIndex", 0) + count - last
        if 0 < lacking <= silent.get("ClientRequest", 0):
            told = [] if isinstance(entries, int) else entries[-lacking:]
            for number in range(lacking):
                value = told[number].get("value", UNLOGGED) if told else UNLOGGED
                me = self.servers[place]
                (world,) = self._acts(world, place, line, "ClientRequest", me, value)
            yield world
        commit = logged.get("leaderCommit", 0)
        if commit > world.state(place).commit_index and silent.get("Commit"):
            yield from self._acts(world, place, line, "Commit", self.servers[place], commit)

    def _sent_in(
        self, world: World, state: ServerState, logged: JsonObject, line: int
    ) -> Iterator[World]:
        """Yield it with such a message sent in a state that its sender has, or has left since."""
        place, to = self.places[logged["source"]], self.servers[self.places[logged["dest"]]]
        me, kind = self.servers[place], logged["type"]
        made: Iterable[World] = ()
        if kind == "AppendEntriesRequest":
            made = self._entries(world, state, place, to, logged, line)
        elif kind == "InstallSnapshotRequest":
            index = logged.get("snapshot", {}).get("lastIncludedIndex")
            for each in (
                range(max(1, state.compacted), state.commit_index + 1) if index is None else [index]
            ):
                sent = self._sends_as(world, place, state, line, "SendSnapshot", me, to, each)
                made = [*made, *sent]
        elif not self.liberties.may_decline:
            pass
        elif logged.get("success") is not False and kind in (
            "AppendEntriesResponse",
            "InstallSnapshotResponse",
        ):
            made = self._acknowledgements(world, state, place, to, logged, line)
        elif kind != "RequestVoteRequest" and logged.get("voteGranted") is not True:
            made = self._sends_as(world, place, state, line, "Refuse", me, to, kind)
        for after in made:
            if after.path is not None and message_agrees(after.path.sends[0], logged):
                yield after

    def _entries(
        self,
        world: World,
        state: ServerState,
        place: int,
        to: ModelValue,
        logged: JsonObject,
        line: int,
    ) -> Iterator[World]:
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
                    world, place, state, line, "SendEntries", self.servers[place], to, index,
                    count, commit,
                )  # fmt: skip

    def _acknowledgements(
        self,
        world: World,
        state: ServerState,
        place: int,
        to: ModelValue,
        logged: JsonObject,
        line: int,
    ) -> Iterator[World]:
        yield from self._less(world, logged, line)
        index = logged.get("matchIndex", state.commit_index)
        yield from self._sends_as(
            world, place, state, line, "Acknowledge", self.servers[place], to, logged["type"], index
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
                made = self.protocol.take(
                    "AcknowledgeLess", self.servers[place], world.state(place), message, index
                )
                for taken in made:
                    yield self._taken(
                        world, place, line, "AcknowledgeLess", (message, index), taken, None
                    )
                return


_NOTED = {
    "RequestVoteResponse": ("votesGranted", "TakeLead"),
    "AppendEntriesResponse": ("matchIndex", "Commit"),
}
"""The variable in which an answer is noted, and the silent move that makes use of it later."""


def _may_matter(state: ServerState, message: Message) -> bool:
    """Say whether a message can do more than be answered: what is of an earlier term cannot."""
    term = field(message, "term")
    if term != state.current_term:
        return bool(term > state.current_term)
    needed = {
        "RequestVoteResponse": "Candidate",
        "AppendEntriesResponse": "Leader",
        "InstallSnapshotResponse": "Leader",
    }
    return state.role == needed.get(field(message, "type"), state.role)


def _phase(state: ServerState) -> tuple[Any, ...]:
    return state.current_term, state.role, state.compacted if state.role == "Leader" else 0


def _next_value(state: ServerState, logged: Any) -> Any:
    """Return the value behind a log, where the log that it is to become was logged as a list."""
    place = state.log.index - state.compacted
    if isinstance(logged, list) and place < len(logged):
        return logged[place].get("value", UNLOGGED)
    return UNLOGGED


def _latest(world: World) -> Message:
    assert world.path is not None
    return world.path.sends[0]


def _without(world: World, message: Message) -> World:
    if message in world.sent:
        return world._replace(sent=tuple(each for each in world.sent if each != message))
    return world._replace(gone=world.gone | {message})

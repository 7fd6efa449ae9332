"""The moves: what one thing that a server may have done makes of a reading.

The rule: a move takes the steps of RaftTrace.tla that it names, for each message and argument that
agrees with what was logged; whether the states agree is the business of the search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from raft_ref.traces.validation.lines.events import STAY, Event
from raft_ref.traces.validation.lines.profile import Liberties
from raft_ref.traces.validation.moves.others import Others, length_of
from raft_ref.traces.validation.moves.world import World
from raft_ref.traces.validation.rules.configurations import (
    configuration,
    is_as_shown,
    shows_configuration,
    to_json,
    wanted,
)
from raft_ref.traces.validation.rules.logs import UNLOGGED
from raft_ref.traces.validation.rules.protocol import (
    Protocol,
    ServerState,
)
from raft_ref.traces.validation.rules.remembered import Remembered

Move = Callable[[World, int, Event], Iterator[World]]


class Moves(Others):
    """The moves of the servers of one trace, by name; arguments as of `Steps`."""

    def __init__(
        self,
        protocol: Protocol,
        servers: Iterable[str],
        liberties: Liberties,
        remembered: Remembered | None = None,
    ) -> None:
        super().__init__(protocol, servers, liberties, remembered)
        self._by_name: dict[str, Move] = {
            "Start": self._start,
            "Timeout": self._own("Timeout"),
            "TakeLead": self._own("TakeLead"),
            "StepDown": self._own("StepDown"),
            "ClientRequest": self._client_request,
            "CompactLog": self._compact,
            "Commit": self._commit,
            "MoveNextIndex": self._by_peer("nextIndex", "MoveNextIndex"),
            "ForgetMatch": self._by_peer("matchIndex", "ForgetMatch"),
            "Restart": self._restart,
            "AppendEntries": self._append_entries,
            "InstallSnapshot": self._install_snapshot,
            "AdoptTerm": self._adopt,
            "Apply": self._apply,
            "Receive": self._receive,
            "Await": self._await,
            "Send": self._send_line,
            "DropMessage": self._drop,
            "MissLeader": self._own("MissLeader"),
            "RequestPreVotes": self._own("RequestPreVotes"),
            "ForgetPreVotes": self._own("ForgetPreVotes"),
            "CheckQuorum": self._own("CheckQuorum"),
            "TransferLeadership": self._transfer,
            "AbortTransfer": self._own("AbortTransfer"),
            "TimeoutNow": self._timeout_now,
            "Read": self._or_as_it_is(self.reads, "Read"),
            "RequestReadIndex": self._or_as_it_is(self.requests, "RequestReadIndex"),
            "BeginRound": self._or_as_it_is(self.begins_round, "BeginRound"),
            "Heartbeat": self._heartbeat,
            "AnswerReads": self._or_as_it_is(self.answers, "AnswerReads"),
            "ServeRead": self._or_as_it_is(self.serves, "ServeRead"),
            "LeaseRead": self._own("LeaseRead"),
            "EndLease": self._own("EndLease"),
            "EndPromise": self.ends_promise,
            "Hear": self._hear,
            "AddServer": self._of_peer("AddServer"),
            "RemoveServer": self._of_peer("RemoveServer"),
            "AddLearner": self._of_peer("AddLearner"),
            "PromoteLearner": self._of_peer("PromoteLearner"),
            "EnterJoint": self._enter_joint,
            "LeaveJoint": self._own("LeaveJoint"),
            "ChangeTo": self._change_to,
            "ApplyConfiguration": self._apply_configuration,
            STAY: lambda world, _place, _event: iter([world]),
        }

    def move(self, name: str, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield what a move of a server makes of a reading."""
        return self._by_name[name](world, place, event)

    def silent(self, name: str, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield what a move makes of it that no line tells of.

        Any message may be received, also one that a leader has sent in silence.
        """
        if name != "Receive":
            yield from self.move(name, world, place, event)
            return
        if not self.liberties.silent.get("Send"):
            for message in self._in_flight(world, place):
                yield from self.handled(world, place, message, event, logged={})
            return
        length = length_of(event.after.get("log")) or None
        for now, message in self._told_to(world, place, event.line, length):
            for after in self.handled(now, place, message, event, logged={}):
                if after is not now:
                    yield after

    def _does(
        self, world: World, place: int, event: Event, action: str, *arguments: Any
    ) -> Iterator[World]:
        """Yield it after an action that a line tells of, if it sends what was logged."""
        me = self.servers[place]
        for after in self._acts(world, place, event.line, action, me, *arguments):
            if self._sends_agree(world, after, event):
                yield after

    def _own(self, action: str) -> Move:
        return lambda world, place, event: self._does(world, place, event, action)

    def _or_as_it_is(self, move: Move, action: str) -> Move:
        """Return a move with its liberties, or, where there are none, the action of its name."""

        def moved(world: World, place: int, event: Event) -> Iterator[World]:
            if self.liberties.may_decline:
                for after in move(world, place, event):
                    if self._sends_agree(world, after, event):
                        yield after
                return
            to = self.protocol.servers.get(event.arguments.get("peer", ""))
            peers = (to,) if to and action == "RequestReadIndex" else ()
            yield from self._does(world, place, event, action, *peers)

        return moved

    def _heartbeat(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it with a leader asking a server whether it follows; if none is named, all."""
        named = event.arguments.get("peer")
        if not self.liberties.may_decline:
            to = self.protocol.servers[str(named)]
            yield from self._does(world, place, event, "Heartbeat", to)
            return
        me, worlds, told = self.names[place], [world], [*(event.sends or ())]
        if named == me:
            return
        asked = [named] if named is not None else [] if told else self.names
        head = {"type": "HeartbeatRequest", "source": me}
        named_so_far = {each["dest"] for each in told} | {me}
        told += [{**head, "dest": each} for each in asked if each not in named_so_far]
        for each in told:
            worlds = [after for world in worlds for after in self._sends(world, each, event)]
        yield from worlds

    def _start(self, world: World, place: int, event: Event) -> Iterator[World]:
        if world.states[place] is None:
            yield self.started(world, place, {**event.before, **event.after})

    def _client_request(self, world: World, place: int, event: Event) -> Iterator[World]:
        value = event.arguments.get("value")
        if value is None:
            value = _next_value(world.state(place), event.after.get("log"))
        if not shows_configuration(value):
            yield from self._does(world, place, event, "ClientRequest", value)

    def _compact(self, world: World, place: int, event: Event) -> Iterator[World]:
        index = event.arguments.get("index")
        if index is None:
            index = event.after.get("snapshot", {}).get("lastIncludedIndex")
        state = world.state(place)
        # What is compacted least leaves most open.
        most = state.commit_index + 1 if self.is_thorough else state.compacted + 2
        # Up to where nobody knows the entries, nobody can tell whether they are compacted.
        known = max(state.compacted, 0 if state.log.forgotten else state.log.first) + 1
        indices = range(known, most) if index is None else [index]
        for each in indices:
            yield from self._does(world, place, event, "CompactLog", each)

    def _commit(self, world: World, place: int, event: Event) -> Iterator[World]:
        state = world.state(place)
        index = event.after.get("commitIndex", event.before.get("commitIndex"))
        most = self.protocol.most_stored(self.servers[place], state)
        indices = range(most, state.commit_index, -1) if index is None else [index]
        for each in indices:
            yield from self._does(world, place, event, "Commit", each)

    def _by_peer(self, variable: str, action: str) -> Move:
        """Return the move by which a leader changes what it has for its peers, as was logged."""

        def move(world: World, place: int, event: Event) -> Iterator[World]:
            logged = {**event.before, **event.after}.get(variable, {})
            if isinstance(logged, list):
                logged = dict(zip(self.names, logged, strict=True))
            worlds = [world]
            for peer, index in logged.items():
                if self.matching.differs(world.state(place), variable, {peer: index}):
                    to = self.protocol.servers[peer]
                    worlds = [
                        after
                        for each in worlds
                        for after in self._does(each, place, event, action, to, index)
                    ]
            yield from worlds

        return move

    def _restart(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it with a server restarted, and all of its state, or part of what is on a disk.

        What it lost might as well not have happened: it has told nobody of it.
        """
        yield from self._restarted(world, place, event)
        state = world.state(place)
        for earlier, is_whole in reversed(world.unsynced[place]):
            of_log = state._replace(
                log=earlier.log,
                compacted=earlier.compacted,
                commit_index=min(state.commit_index, earlier.log.index),
            )
            for each in (of_log, earlier) if is_whole else (of_log,):
                yield from self._restarted(world.with_state(place, each), place, event)

    def _restarted(self, world: World, place: int, event: Event) -> Iterator[World]:
        state = world.state(place)
        commit = event.after.get("commitIndex")
        commits = dict.fromkeys(
            [state.compacted, state.commit_index] if commit is None else [commit]
        )
        for each in commits:
            for after in self._does(world, place, event, "RestartAt", each):
                yield after.waits(place, ()).applies(place, None)
            for index in self.protocol.earlier_configurations(state):
                for after in self._does(world, place, event, "RestartFrom", each, index):
                    yield after.waits(place, ()).applies(place, None)

    def _apply(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it with the next entry given to the state machine of a server.

        After a restart that begins anywhere (what was compacted at the latest); a snapshot that
        was installed is given whole. Only what is committed is given.
        """
        state, last = world.state(place), world.applied[place]
        index = event.arguments.get("index")
        following: list[Any] = [] if last is None else [last + 1]
        if last is not None and state.compacted > last:
            following.append(state.compacted + 1)
        if last is None and index is None:
            self.unknown = f"which entry {self.names[place]} applies first is not logged"
        elif last is None:
            following = [index]
        for at in following:
            is_committed = 0 < at <= state.commit_index
            if index in (None, at) and is_committed and self._holds(state, at, event):
                yield world.applies(place, at)

    def _holds(self, state: ServerState, index: int, event: Event) -> bool:
        """Say whether the entry at an index is, or may be, as it was logged."""
        try:
            entry = state.log.at(index).entry
        except IndexError:
            return True
        value = event.arguments.get("value")
        if entry is None or value is None or entry[2] == UNLOGGED:
            return True
        if shows_configuration(value):
            return is_as_shown(entry[2], value)
        return bool(entry[2] == value)

    def _append_entries(self, world: World, place: int, event: Event) -> Iterator[World]:
        to, count = self.protocol.servers[event.arguments["peer"]], event.arguments["count"]
        yield from self._does(world, place, event, "AppendEntries", to, count)

    def _install_snapshot(self, world: World, place: int, event: Event) -> Iterator[World]:
        to = self.protocol.servers[event.arguments["peer"]]
        yield from self._does(world, place, event, "InstallSnapshot", to)

    def _transfer(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it with a leader asked to have another server lead, or another than before."""
        named = event.arguments.get("peer") or event.after.get("transferTarget")
        for peer in [named] if named else self.names:
            to = self.protocol.servers[peer]
            yield from self._does(world, place, event, "TransferLeadership", to)
            if self.liberties.may_decline:
                yield from self._does(world, place, event, "ChangeTarget", to)

    def _timeout_now(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it with a server told to stand: the one to whom leadership is transferred."""
        yield from self._does(world, place, event, "TimeoutNow")
        for message in (event.sends or ()) if self.liberties.may_decline else ():
            to = self.protocol.servers[message["dest"]]
            yield from self._does(world, place, event, "TellToStand", to)

    def _of_peer(self, action: str) -> Move:
        """Return the move by which a leader is asked to do something about a server."""

        def move(world: World, place: int, event: Event) -> Iterator[World]:
            named = event.arguments.get("peer")
            for each in self.names if named is None else [named]:
                yield from self._does(world, place, event, action, self.protocol.servers[each])

        return move

    def _enter_joint(self, world: World, place: int, event: Event) -> Iterator[World]:
        told = event.arguments.get("voters", event.after.get("configuration", {}).get("voters"))
        if told is not None:
            voters = frozenset(self.protocol.servers[each] for each in told)
            yield from self._does(world, place, event, "EnterJoint", voters)

    def _change_to(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it with a configuration appended, of which what is not told stays as it is."""
        state, asked = world.state(place), event.arguments
        if not asked:
            told = _next_value(state, event.after.get("log"))
            asked = {"configuration": told} if shows_configuration(told) else {}
        old = to_json(self.protocol.configuration(state))
        for new in wanted(old, asked) if asked else ():
            value = configuration(self.protocol.servers, new)
            yield from self._does(world, place, event, "ChangeTo", value)

    def _apply_configuration(self, world: World, place: int, event: Event) -> Iterator[World]:
        """Yield it with the next configuration applied, or the last that is committed."""
        if not self.liberties.may_decline:
            yield from self._does(world, place, event, "ApplyConfiguration")
            return
        state = world.state(place)
        applied = self.protocol.applied_configuration(state)
        found = state.log.changes(applied, state.commit_index)
        for index in reversed([each.index for each in found]):
            yield from self._does(world, place, event, "ApplyUpTo", index)

    def _drop(self, world: World, _: int, event: Event) -> Iterator[World]:
        assert event.message is not None
        for after, message in self._available(world, event.message, event):
            yield after._replace(gone=after.gone | {message})
        if self._is_from_before(event.message):
            yield world


def _next_value(state: ServerState, logged: Any) -> Any:
    """Return the value behind a log, where the log that it is to become was logged as a list."""
    place = state.log.index - state.compacted
    if isinstance(logged, list) and 0 <= place < len(logged):
        return logged[place].get("value", UNLOGGED)
    return UNLOGGED

"""A step of the spec in a reading: what one server does, in the state that it has or had."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from raft_ref.spec import SpecError
from raft_ref.spec.values.value import ModelValue, results_of
from raft_ref.traces.format.features import STEPS, known
from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.lines.profile import Liberties
from raft_ref.traces.validation.moves.network import Network
from raft_ref.traces.validation.moves.world import Step, Unsynced, World
from raft_ref.traces.validation.rules.earlier import may_have_sent
from raft_ref.traces.validation.rules.logs import Log, common
from raft_ref.traces.validation.rules.matching import Matching, message_agrees, unmatched
from raft_ref.traces.validation.rules.protocol import (
    NOTHING_ELSE,
    Message,
    Protocol,
    ServerState,
    Taken,
    UnknownEntriesError,
    field,
)
from raft_ref.traces.validation.rules.remembered import Remembered

RECEIVING = frozenset(
    {
        "Handle", "AdoptTerm", "ReceiveCommit", "LearnCommit", "NoteLeader", "RecordVote",
        "RecordMatch", "MatchSnapshot", "GrantInSameTerm", "RefuseInTermAsked",
        "GrantInSpiteOfLeader", "GrantInOwnTerm", "CountOfEarlierTerm", "NoteRead", "LearnIndex",
    }
)  # fmt: skip
"""The actions that take a message, and what else the network holds."""

ROLES = {
    "ClientRequest": ("Leader",),
    "Commit": ("Leader",),
    "MoveNextIndex": ("Leader",),
    "ForgetMatch": ("Leader",),
    "TakeLead": ("Candidate",),
    "StepDown": ("Candidate", "Leader"),
    "Timeout": ("Follower", "Candidate"),
    "RequestPreVotes": ("Follower", "Candidate"),
    "CheckQuorum": ("Leader",),
    "TransferLeadership": ("Leader",),
    "ChangeTarget": ("Leader",),
    "AbortTransfer": ("Leader",),
    "TimeoutNow": ("Leader",),
    "TellToStand": ("Leader",),
    "Read": ("Leader",),
    "ReadBeside": ("Leader",),
    "NoteOwnRead": ("Leader",),
    "RequestReadIndex": ("Follower", "Candidate"),
    "RequestBeside": ("Follower", "Candidate"),
    "BeginRound": ("Leader",),
    "BeginRoundAs": ("Leader",),
    "Heartbeat": ("Leader",),
    "AnswerReads": ("Leader",),
    "AnswerRead": ("Leader",),
    "TrustClock": ("Leader",),
    "LeaseRead": ("Leader",),
    "EndLease": ("Leader",),
    "AddServer": ("Leader",),
    "RemoveServer": ("Leader",),
    "AddLearner": ("Leader",),
    "PromoteLearner": ("Leader",),
    "EnterJoint": ("Leader",),
    "LeaveJoint": ("Leader",),
    "ChangeTo": ("Leader",),
}
"""Who may take an action: of others nobody need ask the spec, unless to tell why not."""

PHASES = 16
"""How many states in which a server left a term or a role are remembered."""


class Attempt(NamedTuple):
    """An action that was tried for a line, and what it leads to."""

    world: World
    place: int
    action: str
    arguments: tuple[Any, ...]
    results: list[World]


class Steps:
    """Takes steps of the servers of one trace.

    Arguments: the actions of the spec; the servers in the order of the trace; the profile's
    liberties; what is remembered of other traces, if anything is.
    """

    def __init__(
        self,
        protocol: Protocol,
        servers: Iterable[str],
        liberties: Liberties,
        remembered: Remembered | None = None,
    ) -> None:
        self.protocol = protocol
        self.names = tuple(servers)
        self.places = {name: place for place, name in enumerate(self.names)}
        self.servers: tuple[ModelValue, ...] = tuple(protocol.servers[each] for each in self.names)
        places = [protocol.domain[each] for each in self.servers]
        self.matching = Matching(self.servers, places, protocol)
        self.network = Network(liberties.remembers)
        self.liberties = liberties
        self.attempts: list[Attempt] | None = None
        """What is tried, for whoever asks why a line is refused."""
        self.told: set[str] = set()
        """The variables that lines tell of, up to the one at hand."""
        self.is_patient = False
        """Whether lines to come may tell of what a sender did before."""
        self.unknown = ""
        """What nobody knows, though a step would need it: such steps were left out."""
        self.begun: dict[str, tuple[ServerState, JsonObject]] = {}
        """The states in which servers began, and what of them was logged."""
        self.open_beginning = ""
        """What of them nobody knows, though all that follows hangs on it."""
        self.of_features = known(STEPS, protocol.features)
        """The moves that only a feature knows of."""
        self.begins_at_init = False
        """Whether a server of which nothing was told yet is as in Init."""
        self._remembered = remembered
        self._known = remembered or Remembered()
        """What actions lead to: readings beside each other often differ in other servers."""
        self.is_thorough = False
        """Whether to make of a message all that the liberties allow, though less explains it."""

    def started(self, world: World, place: int, logged: JsonObject) -> World:
        """Return it with a server started, in a state of which this was logged."""
        state = self._known.state(self.matching.started(self.protocol, logged))
        self.begun[self.names[place]] = state, logged
        log = logged.get("log")
        if isinstance(log, dict) and state.log.index > state.compacted and "lastTerm" not in log:
            self.open_beginning = f"the trace begins with a log of {self.names[place]} whose "
            self.open_beginning += '"lastTerm" is not told'
        return world.with_state(place, state)

    def forget(self) -> None:
        """Forget what actions led to: states of the past do not come back."""
        self._known.forget()

    def _in_flight(self, world: World, place: int) -> Iterator[Message]:
        """Yield the messages to a server that it might receive."""
        dest = self.names[place]
        for message in world.sent:
            if field(message, "dest") is self.servers[place]:
                yield message
        yield from self.network.to(dest)

    def messages(self, world: World, logged: JsonObject) -> Iterator[Message]:
        """Yield the messages that may be the logged one."""
        for message in world.sent:
            if message_agrees(message, logged):
                yield message
        for message in self.network.agreeing(logged):
            if message not in world.gone:
                yield message

    def _is_from_before(self, logged: JsonObject) -> bool:
        """Say whether a message may have been sent before the trace begins."""
        begun = self.begun.get(logged["source"])
        return begun is not None and may_have_sent(*begun, logged)

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
        unsynced = world.unsynced
        if self.liberties.unsynced and before is not None:
            kept = self._still_unsynced(unsynced[place], before, action, taken)
            unsynced = (*unsynced[:place], kept, *unsynced[place + 1 :])
        return World(
            states, world.waiting, sent, gone, path, world.committed, left, unsynced, world.applied
        )

    def _still_unsynced(
        self,
        earlier: tuple[Unsynced, ...],
        before: ServerState,
        action: str,
        taken: Taken,
    ) -> tuple[Unsynced, ...]:
        """Return the earlier states that a server may fall back to, after a step.

        What it tells of its log it has flushed, and what it counts in a quorum; whatever it sends
        tells of its term and vote.
        """
        if action.startswith("Restart"):
            return ()
        after = taken.state
        if after != before:
            most = self.liberties.unsynced - 1
            earlier = (*(earlier[-most:] if most else ()), Unsynced(before, is_whole=True))
        if taken.sends:
            earlier = tuple(each._replace(is_whole=False) for each in earlier)
        told = max(map(_told_of_log, taken.sends), default=0)
        if after.role == "Leader" and after.commit_index > before.commit_index:
            told = max(told, after.commit_index)
        if not told:
            return earlier
        return tuple(each for each in earlier if _has(each.state.log, after.log, told))

    def _acts(
        self, world: World, place: int, line: int, action: str, *arguments: Any
    ) -> list[World]:
        """Yield it after an action of a server that takes no message."""
        me, state = self.servers[place], world.state(place)
        if self.attempts is None and state.role not in ROLES.get(action, (state.role,)):
            return []
        return self._tried(world, place, action, arguments, [
            self._taken(world, place, line, action, arguments, taken)
            for taken in self._take(action, me, state, *arguments)
        ])  # fmt: skip

    def _take(
        self, action: str, me: ModelValue, state: ServerState, *arguments: Any
    ) -> list[Taken]:
        step = (action, me, state, arguments)
        remembers = self.is_thorough or self._remembered is not None
        found = self._known.taken(step) if remembers else None
        if found is not None:
            return found
        try:
            found = self.protocol.take(action, me, state, *arguments)
            return self._known.take(step, found) if remembers else found
        except UnknownEntriesError as error:
            self.unknown = str(error)
        except SpecError as error:
            # Such as a number that is too large for the spec: nobody can say.
            self.unknown = error.reason
        return []

    def _receives(
        self, world: World, place: int, line: int, action: str, message: Message, *arguments: Any
    ) -> list[World]:
        me, state = self.servers[place], world.state(place)
        given = (message, *arguments)
        return self._tried(world, place, action, given, [
            self._taken(world, place, line, action, given, taken, message)
            for taken in self._take(action, me, state, *given, NOTHING_ELSE)
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
        try:
            return self.protocol.failing_condition(
                action, self.servers[place], world.state(place), *arguments, *others
            )
        except UnknownEntriesError as error:
            return str(error)
        except SpecError as error:
            return error.reason

    def _sends_agree(self, before: World, after: World, event: Event) -> bool:
        """Say whether a step sends what was logged, if that was."""
        if event.sends is None:
            return True
        made = after.path.sends if after.path and after.path is not before.path else ()
        if not made and not event.sends:
            return True
        extra, missing = unmatched(made, event.sends)
        return not missing and (not extra or self.liberties.may_decline)

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
        for taken in self._take(action, self.servers[place], state, *arguments):
            sent = taken._replace(state=before)
            yield self._taken(world, place, line, action, arguments, sent)


def _told_of_log(message: Message) -> int:
    """Return up to where its sender's log is told to be by a message: that is on its disk."""
    match field(message, "type"):
        case "AppendEntriesResponse" | "InstallSnapshotResponse":
            return int(field(message, "matchIndex"))
        case "AppendEntriesRequest":
            return int(field(message, "prevLogIndex")) + len(results_of(field(message, "entries")))
    return 0


def _has(log: Log, other: Log, index: int) -> bool:
    """Say whether a log has what another one has up to an index."""
    if log.index < index:
        return False
    known = common(log, other)
    return known is None or known >= index


def _phase(state: ServerState) -> tuple[Any, ...]:
    return state.current_term, state.role, state.compacted if state.role == "Leader" else 0

"""What RaftTrace.tla lets one server do: its actions, evaluated on one server and one message.

Why it is enough to show an action one server is told in `spec.link.refinement`. Here the log is
shown in part as well: the entries up to an index that the action does not look behind are shown as
a snapshot would tell of them (its index and term), so that the cost of a step is that of what it
reads, however long the log is. An action that did look there would be refused: what it reads is
not in the log that it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from raft_ref.spec.files import RAFT_TRACE
from raft_ref.spec.link.refinement import ANOTHER_MESSAGE, UNREADABLE
from raft_ref.spec.link.shared import shared
from raft_ref.spec.module import Module
from raft_ref.spec.steps.transitions import Action
from raft_ref.spec.values.sets import STRING
from raft_ref.spec.values.value import (
    FALSE,
    Function,
    ModelValue,
    Value,
    domain_in,
    domain_of,
    function,
    model_value,
    results_of,
    sequence,
)
from raft_ref.traces.validation.rules.logs import Log, Logs

NIL = model_value("Nil")
SNAPSHOT = domain_of(frozenset({"data", "lastIncludedIndex", "lastIncludedTerm"}))
NO_DATA = sequence([])
NOTHING_ELSE = frozenset({ANOTHER_MESSAGE})

Message = Function
"""A message, as the record that it is in the spec; the `data` of a snapshot in it is a `Log`."""


class ServerState(NamedTuple):
    """The variables of Raft.tla at one server, as values of the spec; but for the log.

    `log` is the whole log, compacted entries included, and `compacted` the lastIncludedIndex of the
    snapshot. `features` are those of the features that are on, as `Protocol.beside` names them.
    """

    current_term: int
    voted_for: ModelValue
    role: str
    commit_index: int
    votes_granted: frozenset[ModelValue]
    next_index: Function
    match_index: Function
    compacted: int
    log: Log
    features: tuple[Any, ...] = ()


OF_A_SERVER = (
    "currentTerm", "votedFor", "role", "commitIndex", "votesGranted", "nextIndex", "matchIndex",
    "snapshot", "log",
)  # fmt: skip
"""The variables of one server, in the order of `ServerState`."""
VARIABLES = (
    "currentTerm", "votedFor", "snapshot", "log", "role", "commitIndex", "votesGranted",
    "nextIndex", "matchIndex", "messages",
)  # fmt: skip
"""The variables of Raft.tla, in the order of their declaration."""


class Taken(NamedTuple):
    """What an action does to its server: the next state, and the messages that it sends."""

    state: ServerState
    sends: tuple[Message, ...]


def is_nothing(value: Value) -> bool:
    """Say whether a variable has nothing in it: no server, no number, nobody, or FALSE."""
    return value is NIL or value is FALSE or value in (0, frozenset())


def field(message: Message, name: str) -> Any:
    """Return a field of a message."""
    return message[domain_in(message)[name]]


def stored(voters: Iterable[ModelValue], me: ModelValue, state: ServerState) -> int:
    """Return up to where a leader knows its log to be on a majority of these servers."""
    known = [state.log.index if each is me else _of(state.match_index, each) for each in voters]
    known.sort(reverse=True)
    return min(state.log.index, known[len(known) // 2])


def _of(values: Function, argument: Value) -> Any:
    return values[domain_in(values)[argument]]


def _last(state: ServerState, _: tuple[Any, ...]) -> int:
    return state.log.index


def _of_request(state: ServerState, arguments: tuple[Any, ...]) -> int:
    """Return where the handler of a message begins to look."""
    message = arguments[0]
    match field(message, "type"):
        case "AppendEntriesRequest":
            return int(field(message, "prevLogIndex"))
        case "AppendEntriesResponse":
            return state.commit_index
        case "InstallSnapshotRequest":
            return int(field(message, "snapshot")[2])
        case _:
            return state.log.index


FIRST_READ: Mapping[str, Callable[[ServerState, tuple[Any, ...]], int]] = {
    "Timeout": _last,
    "ClientRequest": _last,
    "AppendEntries": lambda state, arguments: int(_of(state.next_index, arguments[1])) - 1,
    "InstallSnapshot": lambda state, _: state.compacted,
    "CompactLog": lambda _, arguments: int(arguments[1]) - 1,
    "SendEntries": lambda _, arguments: int(arguments[2]),
    "SendSnapshot": lambda _, arguments: int(arguments[2]) - 1,
    "ForgetMatch": _last,
    "LearnCommit": lambda state, arguments: max(
        state.commit_index, int(field(arguments[0], "prevLogIndex")) - 1
    ),
    "NoteLeader": _last,
    "Acknowledge": _last,
    "AcknowledgeLess": _last,
    "Refuse": _last,
    "Handle": _of_request,
    "AdoptTerm": _last,
    "ReceiveCommit": _of_request,
    "RecordVote": _last,
    "RecordMatch": _last,
    "MatchSnapshot": _of_request,
    "TakeLead": _last,
    "Commit": lambda state, _: state.commit_index,
    "StepDown": _last,
    "MoveNextIndex": _last,
    "RestartAt": lambda state, _: state.compacted,
}
"""The index behind which an action looks into the log; it knows the term there, too."""

WITHOUT_LOG = frozenset({"InstallSnapshot", "RestartAt"})
"""The actions that look at the snapshot, but at no entry behind it."""


class Protocol:
    """The actions of RaftTrace.tla for the servers of one cluster.

    Arguments: the servers; the file of the protocol. Raises `SpecError` if it cannot be loaded.
    """

    def __init__(self, servers: Sequence[str], path: Path = RAFT_TRACE) -> None:
        self.servers = {each: model_value(each) for each in servers}
        self.module: Module = shared(path)
        if self.module.variables[: len(VARIABLES)] != VARIABLES:
            raise ValueError(f"{path}: the variables must be those of Raft.tla, in their order")
        self.features: frozenset[str] = frozenset()
        """The features that are on."""
        self.beside: tuple[str, ...] = ()
        """The variables of a server that they add."""
        self.untold: frozenset[str] = frozenset()
        """Those of them that no trace tells of."""
        self.constants: Mapping[str, Value] = {
            "Server": frozenset(self.servers.values()),
            "Value": STRING,
            "Nil": NIL,
        }
        self.logs = Logs()
        self.domain = domain_of(frozenset(self.servers.values()))
        self._around = {server: self._slots(server) for server in self.domain}
        self._actions: dict[str, Action] = {}
        ones, zeros = (function(dict.fromkeys(self.domain, number)) for number in (1, 0))
        self.first = ServerState(
            0, NIL, "Follower", 0, frozenset(), ones, zeros, 0, self.logs.empty
        )  # fmt: skip
        """The state of a server at its first start (Init)."""

    def _slots(self, server: Value) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        before = self.domain[server] - 1
        after = len(self.domain) - before - 1
        return (self.domain, *[UNREADABLE] * before), (UNREADABLE,) * after

    def take(self, name: str, me: ModelValue, state: ServerState, *arguments: Any) -> list[Taken]:
        """Return what an action of server `me` may do; nothing where it is not enabled.

        Arguments: the action; its server and its state; the arguments of the action, but that
        `others` stands for no message. Raises `SpecError` for one that cannot be evaluated so.
        """
        if self.begins_among_forgotten(name, state, arguments):
            return self._taken_behind(name, me, state, arguments)
        shown = self.shown(name, me, state, arguments)
        found = self._action(name).successors(shown, *self.given(arguments))
        return [self._lifted(me, state, shown, after) for after in found]

    def begins_among_forgotten(
        self, name: str, state: ServerState, arguments: tuple[Any, ...]
    ) -> bool:
        """Say whether an action looks behind its commit index, at entries that are forgotten."""
        commits = state.commit_index
        begins = self.reads_from(name)(state, arguments)
        return begins == commits and commits < state.log.forgotten

    def _taken_behind(
        self, name: str, me: ModelValue, state: ServerState, arguments: tuple[Any, ...]
    ) -> list[Taken]:
        """Return what an action leads to where entries behind the commit index are forgotten.

        A server that has started again knows of no commit, and whoever leads then commits no entry
        but with one of its own term, which is behind them all: they are shown as committed.
        """
        commits, forgotten = state.commit_index, state.log.forgotten
        given = arguments
        if name == "Commit" and commits < arguments[1] <= forgotten:
            given = (me, forgotten + 1)
        found = self.take(name, me, state._replace(commit_index=forgotten), *given)
        taken = []
        for each in found:
            after = each.state
            if given is not arguments:
                after = after._replace(commit_index=arguments[1])
            elif after.commit_index == forgotten:
                after = after._replace(commit_index=commits)
            taken.append(each._replace(state=after))
        return taken

    def failing_condition(
        self, name: str, me: ModelValue, state: ServerState, *arguments: Any
    ) -> str | None:
        """Return the first condition of an action that does not hold; arguments as of `take`."""
        shown = self.shown(name, me, state, arguments)
        return self._action(name).failing_condition(shown, *self.given(arguments))

    def _of_module(self) -> Mapping[str, Value]:
        """Return what the constants of the module stand for."""
        return self.constants

    def given(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return arguments of an action as the module has them."""
        return arguments

    def of_raft(self, message: Message) -> Message | None:
        """Return a message as Raft.tla has it; None for one that it knows nothing of."""
        return message

    def configuration(self, state: ServerState) -> Function:
        """Return the configuration that a server goes by. Raises `ValueError`: there is none."""
        raise ValueError(f"{state.log}: there is one configuration, for good")

    def most_stored(self, me: ModelValue, state: ServerState) -> int:
        """Return up to where a leader knows its log to be on a quorum, whatever the terms."""
        return stored(self.servers.values(), me, state)

    def applied_configuration(self, state: ServerState) -> int:
        """Return the index of the configuration that a server has applied."""
        return 0

    def earlier_configurations(self, state: ServerState) -> list[int]:
        """Return where configurations stand that a server may fall back to as it restarts."""
        return []

    def reads_from(self, name: str) -> Callable[[ServerState, tuple[Any, ...]], int]:
        """Return the function that says behind which index an action looks into the log."""
        return FIRST_READ[name]

    def base(self, name: str, state: ServerState, arguments: tuple[Any, ...]) -> int:
        """Return the index up to which an action is shown no entry of the log."""
        return max(state.compacted, min(self.reads_from(name)(state, arguments), state.log.index))

    def is_without_log(self, name: str, state: ServerState) -> bool:
        """Say whether an action looks at no entry behind the snapshot."""
        return name in WITHOUT_LOG

    def snapshot_of(self, data: Any) -> Log | None:
        """Return the log that the data of a snapshot stands for; None for what was made of one."""
        return data if isinstance(data, Log) else None

    def _action(self, name: str) -> Action:
        if name not in self._actions:
            self._actions[name] = self.module.action(name, self._of_module())
        return self._actions[name]

    def shown(
        self, name: str, me: ModelValue, state: ServerState, arguments: tuple[Any, ...]
    ) -> tuple[Value, ...]:
        """Return the state of the spec that an action is shown.

        Raises `UnknownEntriesError` where it would need what nobody knows.
        """
        log, base = state.log, self.base(name, state, arguments)
        if base == log.index:
            term, entries = log.term, sequence(())
        else:
            try:
                term = log.at(base).term
                entries = sequence(() if self.is_without_log(name, state) else log.entries(base))
            except IndexError:
                raise UnknownEntriesError(base) from None
        before, after = self._around[me]
        return (
            (*before, state.current_term, *after),
            (*before, state.voted_for, *after),
            (*before, (SNAPSHOT, NO_DATA, base, term), *after),
            (*before, entries, *after),
            (*before, state.role, *after),
            (*before, state.commit_index, *after),
            (*before, state.votes_granted, *after),
            (*before, state.next_index, *after),
            (*before, state.match_index, *after),
            NOTHING_ELSE,
        )

    def _lifted(
        self,
        me: ModelValue,
        state: ServerState,
        shown: tuple[Any, ...],
        after: tuple[Any, ...],
    ) -> Taken:
        place = self.domain[me]
        term, vote, snapshot, log, role, commit, votes, following, match, messages = after
        compacted, whole = state.compacted, state.log
        if snapshot is not shown[2] or log is not shown[3]:
            held: Any = snapshot[place]
            compacted, whole = self._log(state, held, log[place], shown[2][place])
        sends = [] if messages is NOTHING_ELSE else [
            self._sent(state, each) for each in messages if each is not ANOTHER_MESSAGE
        ]  # fmt: skip
        if len(sends) > 1:
            sends.sort(key=lambda each: self.domain[field(each, "dest")])
        return Taken(
            ServerState(
                term[place], vote[place], role[place], commit[place], votes[place],
                following[place], match[place], compacted, whole,
            ),
            tuple(sends),
        )  # fmt: skip

    def _log(self, state: ServerState, held: Any, entries: Function, shown: Any) -> tuple[int, Log]:
        _, data, index, term = held
        whole = self.snapshot_of(data)
        if whole is None and held == shown:
            return state.compacted, state.log.continued(index, results_of(entries))
        if whole is not None:
            base = whole
        elif index <= state.log.index:
            return index, state.log.continued(index, results_of(entries))
        else:
            base = self.logs.unknown(index, term)
        return index, base.with_entries(results_of(entries))

    def _sent(self, state: ServerState, message: Message) -> Message:
        """Let a snapshot that is sent have the entries that it stands for."""
        if message[domain_in(message)["type"]] != "InstallSnapshotRequest":
            return message
        place = domain_in(message)["snapshot"]
        held: Any = message[place]
        _, _, index, term = held
        snapshot: Any = (SNAPSHOT, state.log.at(index), index, term)
        return (*message[:place], snapshot, *message[place + 1 :])


class UnknownEntriesError(Exception):
    """A step needs entries of a log that the trace does not tell of."""

    def __init__(self, index: int) -> None:
        super().__init__(f"the entries up to index {index} and behind it are unknown")

"""What ExtendedRaftTrace.tla lets one server do, while features are on.

What `protocol` says of RaftTrace.tla is so here. The variables that the module has beside Raft's
stand in `ServerState.features`. The mark of a forced election is a field of a message here, and in
the module the set of those in flight that carry it.

With Membership a part of the log that is not shown may hold configurations. The one that was in
force there is shown as that with which the server was started, at index 0: what is shown of the log
begins before the first configuration that is not settled, and so no action can tell the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from raft_ref.spec.files import EXTENDED_TRACE
from raft_ref.spec.values.value import (
    TRUE,
    Function,
    ModelValue,
    Value,
    domain_in,
    function,
    items_of,
)
from raft_ref.traces.format.features import MARK, MESSAGES
from raft_ref.traces.validation.rules.configurations import Values
from raft_ref.traces.validation.rules.logs import Log
from raft_ref.traces.validation.rules.protocol import (
    FIRST_READ,
    VARIABLES,
    Message,
    Protocol,
    ServerState,
    Taken,
    field,
    stored,
)

_MARKED = "forcedRequests"
OF_TRACES_ALONE = frozenset({"earlierReads", "confirmations"})
"""The variables of the module that no trace tells of."""

_AT_COMMITS = frozenset({
    "Read", "ReadBeside", "NoteOwnRead", "NoteRead", "LeaseRead",
    "AddServer", "RemoveServer", "AddLearner", "PromoteLearner", "ChangeTo",
})  # fmt: skip
"""The actions that ask for the term of the last entry that is committed."""
_AT_THE_SNAPSHOT = frozenset({"RestartAt", "RestartFrom", "InstallSnapshot"})
_VALUES = Values()
_NOTHING: frozenset[Value] = frozenset()


class ExtendedProtocol(Protocol):
    """The actions of ExtendedRaftTrace.tla; arguments: the servers, the features that are on."""

    def __init__(self, servers: Sequence[str], features: Iterable[str]) -> None:
        super().__init__(servers, EXTENDED_TRACE)
        self.features = frozenset(features)
        self._is_changeable = "Membership" in self.features
        self._is_used_when_applied = "AppliedMembership" in self.features
        self._brought: tuple[Any, Log | None] = (None, None)
        (initial,) = self.module.transitions(self._of_module(), next="Init").initial()
        self._of_features = self.module.variables[len(VARIABLES) :]
        self._first = dict(zip(self.module.variables, initial, strict=True))
        self.beside = tuple(each for each in self._of_features if self._is_of_servers(each))
        mine = self.domain[self.servers[servers[0]]]
        self.untold = OF_TRACES_ALONE
        held: list[Any] = [self._first[name] for name in self.beside]
        self.first = self.first._replace(features=tuple(each[mine] for each in held))

    def _is_of_servers(self, name: str) -> bool:
        value = self._first[name]
        return isinstance(value, tuple) and value[0] is self.domain

    def _of_module(self) -> Mapping[str, Value]:
        features: frozenset[Value] = frozenset(self.features)
        # Who the cluster begins with is told server by server (`bootstrap`).
        constants = {**self.constants, "Features": features, "Voters": _NOTHING}
        return {**constants, "Value": _VALUES} if self._is_changeable else constants

    def configuration(self, state: ServerState) -> Function:
        """Return the configuration that a server goes by (InForce in Configuration.tla)."""
        last = state.log.index
        if self._is_used_when_applied:
            last = self._of(state, "configurationIndex")
        found = state.log.changed_by(last)
        held: Function = self._of(state, "bootstrap")
        return held if found is None else found.configuration

    def most_stored(self, me: ModelValue, state: ServerState) -> int:
        """Return up to where a leader knows its log to be on a quorum, whatever the terms."""
        if not self._is_changeable:
            return super().most_stored(me, state)
        held: dict[Any, Any] = dict(items_of(self.configuration(state)))
        parts = [part for part in (held["voters"], held["outgoingVoters"]) if part]
        return min((stored(part, me, state) for part in parts), default=0)

    def applied_configuration(self, state: ServerState) -> int:
        """Return the index of the configuration that a server has applied."""
        return int(self._of(state, "configurationIndex")) if self._is_used_when_applied else 0

    def earlier_configurations(self, state: ServerState) -> list[int]:
        """Return where configurations stand that a server may fall back to as it restarts.

        Where its log begins, what was in force there stands at index 0.
        """
        applied = self.applied_configuration(state)
        kept = [each.index for each in state.log.changes(state.compacted, applied)]
        return [*kept[1:], 0] if kept else []

    def _of(self, state: ServerState, variable: str) -> Any:
        return state.features[self.beside.index(variable)]

    def reads_from(self, name: str) -> Callable[[ServerState, tuple[Any, ...]], int]:
        """Return behind which index an action looks into the log; few of a feature's do."""
        if name in _AT_COMMITS:
            return _commits
        if self._is_changeable and name in _AT_THE_SNAPSHOT:
            return lambda state, _: state.compacted
        return FIRST_READ_WITH_FEATURES.get(name, lambda state, _: state.log.index)

    def base(self, name: str, state: ServerState, arguments: tuple[Any, ...]) -> int:
        """Return up to where a log is not shown: no further than what is settled of changes."""
        base = super().base(name, state, arguments)
        if not self._is_changeable:
            return base
        settled = state.commit_index
        if self._is_used_when_applied:
            settled = self._of(state, "configurationIndex")
        following = [each.index for each in state.log.changes(settled, state.log.index)]
        return max(state.compacted, min(base, following[-1] - 1)) if following else base

    def is_without_log(self, name: str, state: ServerState) -> bool:
        """Say whether an action looks at no entry; a configuration may be any of them."""
        is_known = state.log.first <= state.compacted
        return super().is_without_log(name, state) and not (self._is_changeable and is_known)

    def given(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return arguments as the module has them: messages without their marks.

        Of the values that a snapshot stands for only the configurations are shown.
        """
        given = tuple(_unmarked(each) if _is_marked(each) else each for each in arguments)
        if not self._is_changeable:
            return given
        return tuple(
            self._with_configurations(each) if _is_snapshot(each) else each for each in given
        )

    def _with_configurations(self, message: Message) -> Message:
        place = domain_in(message)["snapshot"]
        held: Any = message[place]
        log: Log = held[1]
        data = function({each.index: each.configuration for each in log.changes(0, log.index)})
        self._brought = data, log
        return (*message[:place], (held[0], data, *held[2:]), *message[place + 1 :])

    def snapshot_of(self, data: Any) -> Log | None:
        """Return the log that the data of a snapshot stands for."""
        shown, log = self._brought
        return log if shown is not None and data is shown else super().snapshot_of(data)

    def of_raft(self, message: Message) -> Message | None:
        """Return a message as Raft.tla has it; None for one that it knows nothing of."""
        if field(message, "type") in MESSAGES:
            return None
        return _unmarked(message) if _is_marked(message) else message

    def shown(
        self, name: str, me: ModelValue, state: ServerState, arguments: tuple[Any, ...]
    ) -> tuple[Value, ...]:
        """Return the state of the spec that an action is shown."""
        before, after = self._around[me]
        raft = super().shown(name, me, state, arguments)
        own = dict(zip(self.beside, state.features, strict=True))
        if self._is_changeable:
            own |= self._configured(state, self._base_shown(raft, self.domain[me]))
        marked = frozenset(_unmarked(each) for each in arguments if _is_marked(each))
        network: Mapping[str, Any] = {**self._first, _MARKED: marked or _NOTHING}
        return (
            *raft,
            *(
                (*before, own[each], *after) if each in own else network[each]
                for each in self._of_features
            ),
        )

    def _base_shown(self, shown: tuple[Any, ...], place: int) -> int:
        """Return the index behind which a log is shown."""
        _, _, base, _ = shown[2][place]
        return int(base)

    def _configured(self, state: ServerState, base: int) -> dict[str, Any]:
        """Return what is shown of configurations where the log is shown from an index."""
        found, index = state.log.changed_by(base), self._of(state, "configurationIndex")
        return {
            "bootstrap": self._of(state, "bootstrap") if found is None else found.configuration,
            "configurationIndex": index if index > base else 0,
        }

    def _lifted(
        self,
        me: ModelValue,
        state: ServerState,
        shown: tuple[Any, ...],
        after: tuple[Any, ...],
    ) -> Taken:
        taken = super()._lifted(me, state, shown, after[: len(VARIABLES)])
        place = self.domain[me]
        own = dict(zip(self._of_features, after[len(VARIABLES) :], strict=True))
        if self._is_changeable:
            own |= self._reconfigured(state, shown, own, place)
        features = tuple(own[name][place] for name in self.beside)
        sends = taken.sends
        if marked := own[_MARKED]:
            sends = tuple(_marked(each) if each in marked else each for each in sends)
        return Taken(taken.state._replace(features=features), sends)

    def _reconfigured(
        self, state: ServerState, shown: tuple[Any, ...], own: Mapping[str, Any], place: int
    ) -> dict[str, Any]:
        """Return the variables of membership after a step, as they are where all is shown."""
        index, before = own["configurationIndex"][place], self._of(state, "configurationIndex")
        if not index:
            base = self._base_shown(shown, place)
            found = state.log.changed_by(base)
            # Else it has started again, as of the snapshot.
            index = before if before <= base else found.index if found else 0
        return {
            "bootstrap": {place: self._of(state, "bootstrap")},
            "configurationIndex": {place: index},
        }


def _commits(state: ServerState, _: tuple[Any, ...]) -> int:
    return state.commit_index


def _of_request(state: ServerState, arguments: tuple[Any, ...]) -> int:
    """Return where the handler of a message begins to look; for a read, at what is committed."""
    if field(arguments[0], "type") == "ReadIndexRequest":
        return state.commit_index
    return FIRST_READ["Handle"](state, arguments)


FIRST_READ_WITH_FEATURES = {**FIRST_READ, "Handle": _of_request}


def _is_snapshot(value: Any) -> bool:
    """Say whether an argument is a message that carries a snapshot."""
    is_message = isinstance(value, tuple) and bool(value) and isinstance(value[0], dict)
    return is_message and "snapshot" in domain_in(value)


def _is_marked(value: Any) -> bool:
    """Say whether an argument is a message that carries the mark."""
    return (
        isinstance(value, tuple)
        and bool(value)
        and isinstance(value[0], dict)
        and MARK in domain_in(value)
    )


@lru_cache(maxsize=4096)
def _marked(message: Message) -> Message:
    return function({**dict(items_of(message)), MARK: TRUE})


@lru_cache(maxsize=4096)
def _unmarked(message: Message) -> Message:
    return function({name: value for name, value in items_of(message) if name != MARK})

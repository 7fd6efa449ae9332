"""What ExtendedRaftTrace.tla lets one server do, while features are on.

What `protocol` says of RaftTrace.tla is so here. The variables that the module has beside Raft's
stand in `ServerState.features`. The mark of a forced election is a field of a message here, and in
the module the set of those in flight that carry it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from raft_ref.spec.files import EXTENDED_TRACE
from raft_ref.spec.values.value import (
    TRUE,
    ModelValue,
    Value,
    domain_in,
    function,
    items_of,
)
from raft_ref.traces.format.features import MARK, MESSAGES
from raft_ref.traces.validation.rules.protocol import (
    FIRST_READ,
    VARIABLES,
    Message,
    Protocol,
    ServerState,
    Taken,
    field,
)

_MARKED = "forcedRequests"
OF_TRACES_ALONE = frozenset({"earlierReads", "confirmations"})
"""The variables of the module that no trace tells of."""

_AT_COMMITS = frozenset({"Read", "ReadBeside", "NoteOwnRead", "NoteRead", "LeaseRead"})
"""The actions that ask for the term of the last entry that is committed."""
_NOTHING: frozenset[Value] = frozenset()


class ExtendedProtocol(Protocol):
    """The actions of ExtendedRaftTrace.tla; arguments: the servers, the features that are on."""

    def __init__(self, servers: Sequence[str], features: Iterable[str]) -> None:
        super().__init__(servers, EXTENDED_TRACE)
        self.features = frozenset(features)
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
        return {**self.constants, "Features": features}

    def reads_from(self, name: str) -> Callable[[ServerState, tuple[Any, ...]], int]:
        """Return behind which index an action looks into the log; few of a feature's do."""
        if name in _AT_COMMITS:
            return _commits
        return FIRST_READ_WITH_FEATURES.get(name, lambda state, _: state.log.index)

    def given(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return arguments as the module has them: messages without their marks."""
        return tuple(_unmarked(each) if _is_marked(each) else each for each in arguments)

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
        own = dict(zip(self.beside, state.features, strict=True))
        marked = frozenset(_unmarked(each) for each in arguments if _is_marked(each))
        network: Mapping[str, Any] = {**self._first, _MARKED: marked or _NOTHING}
        return (
            *super().shown(name, me, state, arguments),
            *(
                (*before, own[each], *after) if each in own else network[each]
                for each in self._of_features
            ),
        )

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
        features = tuple(own[name][place] for name in self.beside)
        sends = taken.sends
        if marked := own[_MARKED]:
            sends = tuple(_marked(each) if each in marked else each for each in sends)
        return Taken(taken.state._replace(features=features), sends)


def _commits(state: ServerState, _: tuple[Any, ...]) -> int:
    return state.commit_index


def _of_request(state: ServerState, arguments: tuple[Any, ...]) -> int:
    """Return where the handler of a message begins to look; for a read, at what is committed."""
    if field(arguments[0], "type") == "ReadIndexRequest":
        return state.commit_index
    return FIRST_READ["Handle"](state, arguments)


FIRST_READ_WITH_FEATURES = {**FIRST_READ, "Handle": _of_request}


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

"""The variables of Raft.tla, as a view of the explorer gives them their values."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, Protocol

from raft_ref import Entry, Role, Snapshot, State
from raft_ref.explorer import ServerId, View
from raft_ref.spec.values.value import (
    Domain,
    Value,
    boolean,
    domain_of,
    function,
    items_of,
    model_value,
    record,
    sequence,
)

Project = Callable[[Any], Any]
"""From a node's own state to the `raft_ref.State` that it stands for."""


def itself(state: Any) -> Any:
    """Return a state that is a `raft_ref.State` already."""
    return state


@cache
def camel_case(name: str) -> str:
    """Return the spec's spelling of a Python name: ``prev_log_index`` is ``prevLogIndex``."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


class Variables(Protocol):
    """How a view of the explorer gives the constants and variables of a TLA+ module a value."""

    @property
    def constants(self) -> Mapping[str, Value]:
        """The constants of the module."""

    @property
    def parts(self) -> Mapping[str, str]:
        """For each variable, the part of a view (`explorer.PARTS`) that it is read from."""

    def of(self, view: View, names: frozenset[str]) -> Mapping[str, Value]:
        """Return the values of the named variables in a view."""

    def server(self, server: ServerId) -> Value:
        """Return the value that stands for a server in the module."""

    def state(self, state: Any) -> Mapping[str, Value]:
        """Return the values of the servers' variables at one server, from its state."""

    def message(self, message: Any) -> Value:
        """Return a message as the module has it."""


_LAST = 4096
"""How many states are known by their identity."""


class RaftVariables:
    """The variables of RaftInvariants.tla in a view of the explorer.

    Arguments: the servers and the values of the cluster; `project`. Each state of a server and
    each message is mapped once.
    """

    parts: Mapping[str, str] = {
        **{camel_case(f.name): "states" for f in fields(State) if f.name != "me"},
        "messages": "messages",
        "committed": "history",
        "restarts": "restarts",
        "drops": "drops",
        "duplicates": "duplicates",
    }
    """Which part of a view each variable is read from."""

    def __init__(
        self, servers: Sequence[ServerId], values: Sequence[str], project: Project = itself
    ) -> None:
        self._servers = {server: model_value(server) for server in servers}
        self._values = {value: model_value(value) for value in values}
        self._project = project
        self._states: dict[Any, dict[str, Value]] = {}
        self._last: dict[int, tuple[Any, dict[str, Value]]] = {}
        self._messages: dict[Any, Value] = {}
        self._domains: dict[tuple[ServerId, ...], tuple[Domain, tuple[ServerId, ...]]] = {}

    @property
    def constants(self) -> dict[str, Value]:
        """What the constants of the module stand for: model values, as in MCRaft.cfg."""
        return {
            "Server": frozenset(self._servers.values()),
            "Value": frozenset(self._values.values()),
            "Nil": model_value("Nil"),
        }

    def of(self, view: View, names: frozenset[str]) -> dict[str, Value]:
        """Return the values of the named variables in a view."""
        found: dict[str, Value] = {}
        mapped: list[Mapping[str, Value]] | None = None
        for name in names:
            if self.parts[name] != "states":
                found[name] = self._variable(view, name)
                continue
            if mapped is None:
                domain, servers = self._domain(tuple(view.states))
                mapped = [self.state(view.states[server]) for server in servers]
            # What `function` makes, whose domain is the same for all.
            found[name] = (domain, *[state[name] for state in mapped])
        return found

    def _domain(self, servers: tuple[ServerId, ...]) -> tuple[Domain, tuple[ServerId, ...]]:
        """Return the domain of what maps these servers, and the servers in its order."""
        found = self._domains.get(servers)
        if found is None:
            domain = domain_of(frozenset(self._servers[server] for server in servers))
            by_value: dict[Value, str] = {self._servers[each]: each for each in servers}
            found = self._domains[servers] = domain, tuple(by_value[key] for key in domain)
        return found

    def _variable(self, view: View, name: str) -> Value:
        """Return one that is not of each server."""
        match name:
            case "messages":
                return self.in_flight(view.messages)[name]
            case "committed":
                return sequence(
                    record(
                        {
                            "term": entry.term,
                            "value": self.value(entry.value),
                            "committedIn": entry.committed_in,
                        }
                    )
                    for entry in self._committed(view)
                )
            case _:
                count: int = getattr(view, name)
                return count

    def _committed(self, view: View) -> Iterable[Any]:
        return view.history  # type: ignore[no-any-return]

    def in_flight(self, messages: Iterable[Any]) -> dict[str, frozenset[Value]]:
        """Return the variables of the network when these are the messages in flight."""
        return {"messages": frozenset(map(self.message, messages))}

    def state(self, state: Any) -> Mapping[str, Value]:
        """Return the values of the servers' variables at one server, from its state."""
        # A state is asked for again and again, and comparing it takes longer than all else.
        last = self._last.get(id(state))
        if last is not None and last[0] is state:
            return last[1]
        found = self._states.get(state)
        if found is None:
            found = self._states[state] = self._map_state(self._project(state))
        if len(self._last) >= _LAST:
            self._last.clear()
        self._last[id(state)] = state, found
        return found

    def _map_state(self, state: State) -> dict[str, Value]:
        held = {f.name: getattr(state, f.name) for f in fields(state) if f.name != "me"}
        return {camel_case(name): self._held(value) for name, value in held.items()}

    def _held(self, value: Any) -> Value:
        """Return what a server holds in a variable: so it is of one that a designer adds, too."""
        match value:
            case None:
                return model_value("Nil")
            case Role():
                return value.value
            case frozenset():
                return frozenset(map(self._member, value))
            case (int(), *_):
                return self._by_server(value)
            case bool() | int() | str() | Snapshot() | tuple():
                return self._field(value)
            case _:
                return self._member(value)

    def _member(self, member: Any) -> Value:
        """Return what stands in a set that a server holds: a server, or a record."""
        if isinstance(member, str):
            return self._servers[member]
        named = {f.name: getattr(member, f.name) for f in fields(member)}
        return record({camel_case(name): self._field(value) for name, value in named.items()})

    def message(self, message: Any) -> Value:
        """Return a message as the record that it is in the spec."""
        found = self._messages.get(message)
        if found is None:
            content = {
                camel_case(f.name): self._field(getattr(message, f.name)) for f in fields(message)
            }
            found = record({"type": self._type(message), **content})
            self._messages[message] = found
        return found

    def _type(self, message: Any) -> str:
        return type(message).__name__

    def _field(self, content: Any) -> Value:
        match content:
            case bool():
                return boolean(content)
            case int():
                return content
            case str():
                return self._servers[content]
            case Snapshot():
                return self._snapshot(content)
            case frozenset():
                return frozenset(map(self._member, content))
            case _:
                return self._log(content)

    def _log(self, entries: Sequence[Entry]) -> Value:
        return sequence(
            record({"term": entry.term, "value": self.value(entry.value)}) for entry in entries
        )

    def _snapshot(self, snapshot: Snapshot) -> Value:
        # The state machine of the spec: its state is the sequence of the values applied.
        values: Any = snapshot.data
        return record(
            {
                "lastIncludedIndex": snapshot.last_included_index,
                "lastIncludedTerm": snapshot.last_included_term,
                "data": sequence(self.value(value) for value in values),
            }
        )

    def server(self, server: ServerId) -> Value:
        """Return the model value that stands for a server."""
        return self._servers[server]

    def value(self, value: str) -> Value:
        """Return the model value that stands for what a client asks to store."""
        # What no client asked for is a value all the same, so that TypeOK can say that it is wrong.
        return self._values.get(value) or model_value(value)

    def _by_server(self, numbers: Sequence[int]) -> Value:
        return function(dict(zip(self._servers.values(), numbers, strict=True)))


OWN_SLOTS: Mapping[str, int] = {"nextIndex": 1, "matchIndex": 0}
"""What a server holds for each server, and what it has for itself where it does not lead.

No rule of Raft.tla reads what a leader has there for itself.
"""


def without_own_slot(name: str, server: Value, value: Any) -> Value:
    """Return a variable at one server without what it has for itself, which no rule reads."""
    if name not in OWN_SLOTS:
        return value  # type: ignore[no-any-return]
    return function({**dict(items_of(value)), server: OWN_SLOTS[name]})

"""The link: how a cluster of nodes is a state of Raft.tla.

The one module of `spec` that knows the node and the explorer. It maps what the explorer sees to
the variables of a module, and makes properties of the module's operators: `RaftVariables` and
RaftInvariants.tla for Raft, or a `Variables` and a module of one's own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol

from explorer import Property, ServerId, View
from raft_ref import Entry, State
from spec.errors import SpecError
from spec.module import Predicate, load
from spec.values import Value, boolean, function, model_value, record, sequence

INVARIANTS = Path(__file__).with_name("RaftInvariants.tla")
"""The properties of Raft."""

SOMETIMES = "Sometimes"
"""What the name of a property begins with that must be reached, rather than always hold."""

Project = Callable[[Any], Any]
"""From a node's own state to the `raft_ref.State` that it stands for."""


def _itself(state: Any) -> Any:
    return state


@dataclass(frozen=True, slots=True)
class CommittedEntry:
    """An entry that was committed, and the term of the server that first committed it."""

    term: int
    value: str
    committed_in: int


class Committed:
    """The history variable `committed`: the longest log that was ever committed.

    CommittedRecorded in RaftInvariants.tla says the same, and is checked of every step.
    """

    name = "committed"
    initial: tuple[CommittedEntry, ...] = ()

    def __init__(self, project: Project = _itself) -> None:
        self._project = project

    def observe(
        self, history: tuple[CommittedEntry, ...], before: Any, after: Any
    ) -> tuple[CommittedEntry, ...]:
        """Return the history, and what a server in state `after` is the first to commit."""
        state: State = self._project(after)
        new = state.log[len(history) : state.commit_index]
        return history + tuple(
            CommittedEntry(entry.term, entry.value, state.current_term) for entry in new
        )

    def rename(
        self, history: tuple[CommittedEntry, ...], renaming: Mapping[ServerId, ServerId]
    ) -> tuple[CommittedEntry, ...]:
        """Return the history: there are no servers in it."""
        return history


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


class RaftVariables:
    """The variables of RaftInvariants.tla in a view of the explorer.

    Arguments: the servers and the values of the cluster; `project`. Each state of a server and
    each message is mapped once.
    """

    parts: Mapping[str, str] = {
        "currentTerm": "states",
        "votedFor": "states",
        "log": "states",
        "role": "states",
        "commitIndex": "states",
        "votesGranted": "states",
        "nextIndex": "states",
        "matchIndex": "states",
        "messages": "messages",
        "committed": "history",
        "restarts": "restarts",
        "drops": "drops",
        "duplicates": "duplicates",
    }
    """Which part of a view each variable is read from."""

    def __init__(
        self, servers: Sequence[ServerId], values: Sequence[str], project: Project = _itself
    ) -> None:
        self._servers = {server: model_value(server) for server in servers}
        self._values = {value: model_value(value) for value in values}
        self._project = project
        self._states: dict[Any, dict[str, Value]] = {}
        self._messages: dict[Any, Value] = {}

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
        return {name: self._variable(view, name) for name in names}

    def _variable(self, view: View, name: str) -> Value:
        match name:
            case "messages":
                return frozenset(self._message(message) for message in view.messages)
            case "committed":
                return sequence(
                    record(
                        {
                            "term": entry.term,
                            "value": self._value(entry.value),
                            "committedIn": entry.committed_in,
                        }
                    )
                    for entry in view.history
                )
            case "restarts" | "drops" | "duplicates":
                count: int = getattr(view, name)
                return count
            case _:
                return function(
                    {
                        self._servers[server]: self._state(state)[name]
                        for server, state in view.states.items()
                    }
                )

    def _state(self, state: Any) -> dict[str, Value]:
        found = self._states.get(state)
        if found is None:
            found = self._states[state] = self._map_state(self._project(state))
        return found

    def _map_state(self, state: State) -> dict[str, Value]:
        vote = state.voted_for
        return {
            "currentTerm": state.current_term,
            "votedFor": model_value("Nil") if vote is None else self._servers[vote],
            "log": self._log(state.log),
            "role": state.role.value,
            "commitIndex": state.commit_index,
            "votesGranted": frozenset(self._servers[server] for server in state.votes_granted),
            "nextIndex": self._by_server(state.next_index),
            "matchIndex": self._by_server(state.match_index),
        }

    def _message(self, message: Any) -> Value:
        found = self._messages.get(message)
        if found is None:
            content = {
                camel_case(f.name): self._field(getattr(message, f.name)) for f in fields(message)
            }
            found = record({"type": type(message).__name__, **content})
            self._messages[message] = found
        return found

    def _field(self, content: Any) -> Value:
        match content:
            case bool():
                return boolean(content)
            case int():
                return content
            case str():
                return self._servers[content]
            case _:
                return self._log(content)

    def _log(self, entries: Sequence[Entry]) -> Value:
        return sequence(
            record({"term": entry.term, "value": self._value(entry.value)}) for entry in entries
        )

    def _value(self, value: str) -> Value:
        # What no client asked for is a value all the same, so that TypeOK can say that it is wrong.
        return self._values.get(value) or model_value(value)

    def _by_server(self, numbers: Sequence[int]) -> Value:
        return function(dict(zip(self._servers.values(), numbers, strict=True)))


def camel_case(name: str) -> str:
    """Return the spec's spelling of a Python name: ``prev_log_index`` is ``prevLogIndex``."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def raft_properties(
    path: Path,
    servers: Sequence[ServerId],
    values: Sequence[str],
    project: Project | None = None,
) -> list[Property]:
    """Return the properties of a module over Raft's variables; see `tla_properties`.

    With `project`, for nodes that are not ours, those that read `messages` are left out, because
    the messages are not ours either.
    """
    found = tla_properties(path, RaftVariables(servers, values, project or _itself))
    return [
        prop for prop in found if project is None or "messages" not in prop.reads | prop.reads_after
    ]


def tla_properties(path: Path, variables: Variables) -> list[Property]:
    """Return the properties that a TLA+ module defines, in the order of the file.

    Every operator without parameters that is not LOCAL is one: of steps if it reads a primed
    variable, to be reached if its name begins with Sometimes. Raises `SpecError` for a module
    that cannot be loaded, and for one that needs a constant or a variable that is not there.
    """
    module = load(path)
    constants = {
        name: value for name, value in variables.constants.items() if name in module.constants
    }
    predicates = [module.predicate(each.name, constants) for each in module.properties()]
    for predicate in predicates:
        for name in sorted((predicate.reads | predicate.reads_primed) - variables.parts.keys()):
            raise SpecError(
                predicate.position, f"{predicate.name} reads {name}, which no cluster here has"
            )
    return [_property(predicate, variables) for predicate in predicates]


def _property(predicate: Predicate, variables: Variables) -> Property:
    reads, reads_primed = predicate.reads, predicate.reads_primed

    def values(views: tuple[View, ...]) -> tuple[Mapping[str, Value], ...]:
        names = (reads, reads_primed)
        return tuple(variables.of(view, n) for view, n in zip(views, names, strict=False))

    return Property(
        name=predicate.name,
        holds=lambda *views: predicate.holds(*values(views)),
        is_step=predicate.is_step,
        is_sometimes=predicate.name.startswith(SOMETIMES),
        reads=frozenset(variables.parts[name] for name in reads),
        reads_after=frozenset(variables.parts[name] for name in reads_primed),
        formula=predicate.text,
        explain=lambda *views: list(predicate.failing_instances(*values(views))),
    )

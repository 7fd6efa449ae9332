"""Step refinement: what a server of the node does in one step, Raft.tla lets it do.

Why it is enough to look at one server at a time, and at each of its steps once: an action of
Raft.tla that server i takes on message m reads and writes the variables at i only, and of
`messages` it knows no more than m. So whether the spec allows a step, and what it leads to, is the
same whatever the other servers' states and the other messages are; and what the node does is the
same by construction, because its handlers get nothing else. A local step that the spec allows once
is therefore allowed wherever it is taken, and every step of the system that is one server's step is
a step of the spec. (The steps of the network, which lose a message, have no handler.)

That the actions are local is not taken on trust. They are evaluated on a state in which every
other server's slot is `UNREADABLE`, and in which the one other message is a model value, which has
no fields: an action that looks into either is refused.
"""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, NoReturn

from raft_ref import AppendEntries, ClientRequest, CompactLog, InstallSnapshot
from raft_ref.explorer import Event, Kind, Property, ServerId, View
from raft_ref.spec.files import RAFT
from raft_ref.spec.link.composition import Composed, composed, miscalled
from raft_ref.spec.link.shared import shared
from raft_ref.spec.link.variables import RaftVariables, without_own_slot
from raft_ref.spec.steps.transitions import Action
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.spec.values.value import (
    Value,
    domain_in,
    domain_of,
    model_value,
    results_of,
    show,
)

REFINEMENT = "StepRefinement"
"""The name of the property that each step is one of Raft.tla."""
INITIAL_REFINEMENT = "InitialRefinement"
"""The name of the property that servers start as Raft.tla says."""


class Unreadable:
    """What stands for the state of another server: nobody may look."""

    def _refuse(self, *_: object) -> NoReturn:
        raise RuntimeError("an action reads what is not its own")

    __eq__ = __ne__ = __lt__ = __bool__ = __len__ = __iter__ = __contains__ = _refuse
    __getitem__ = __getattr__ = __call__ = _refuse

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return "(unreadable)"


UNREADABLE: Any = Unreadable()
ANOTHER_MESSAGE = model_value("anotherMessage")


def step_refinement(differences: Callable[[View, Event], list[str]], protocol: str) -> Property:
    """Return the property of each server's steps that they do not differ from a protocol's."""
    return Property(
        REFINEMENT,
        holds=lambda before, event: not differences(before, event),
        kind=Kind.LOCAL,
        formula=f"every step of a server is a step of {protocol}",
        explain=differences,
    )


def initial_refinement(differences: Sequence[str], initial: View, protocol: str) -> Property:
    """Return the property that servers start as a protocol says, which they do not."""
    return Property(
        INITIAL_REFINEMENT,
        holds=lambda view: view != initial,
        formula=f"every server starts as Init of {protocol} says",
        explain=lambda view: [*differences],
    )


class Refinement:
    """Compares the steps of servers with the actions of Raft.tla.

    Arguments: the servers and the values of the cluster; the file of the protocol; whether the node
    is `foreign`: then the names of the actions that a step composes are not tied, nor what a leader
    has for itself in nextIndex and matchIndex; the `mapping` to the file's variables (None: those
    of Raft.tla); whether `all_actions` count, and not only those of Next; what tells the `names` of
    the actions that a step composes. Raises `SpecError` if the file cannot be loaded.
    """

    def __init__(
        self,
        servers: Sequence[ServerId],
        values: Sequence[str],
        path: Path = RAFT,
        *,
        foreign: bool = False,
        mapping: RaftVariables | None = None,
        all_actions: bool = False,
        names: Composed = composed,
    ) -> None:
        self._is_foreign, self._names = foreign, names
        self._mapping = mapping or RaftVariables(servers, values)
        self._servers = tuple(servers)
        self._domain = domain_of(frozenset(map(self._mapping.server, servers)))
        self._module = shared(path)
        self._places = {name: at for at, name in enumerate(self._module.variables)}
        self._actions: dict[str, Action] = {}
        self._shown: dict[tuple[ServerId, Any], tuple[Value, ...]] = {}
        self._steps = None if all_actions else frozenset(self._module.steps())

    @property
    def name(self) -> str:
        """The name of the module that holds the protocol."""
        return self._module.name

    @property
    def as_property(self) -> Property:
        """The comparison, as a property of each server's steps."""
        return step_refinement(self.differences, self.name)

    def differences(self, before: View, event: Event) -> list[str]:
        """Return how a server's step differs from what the spec allows, as text; none if not."""
        assert event.server is not None
        name, arguments = event.step, self._arguments(event)
        received = [] if event.message is None else [event.message]
        kept = received if event.step == "ReceiveDuplicate" else []
        sent = event.sends
        start = self._state(event.server, before, received)
        if not self._has(name):
            return self._of_no_action(name, start, self._state(event.server, event.after, sent))
        if self._steps is not None and name not in self._steps:
            return [f"Next of {self._module.name} has no step {name}"]
        try:
            allowed = self._action(name).successors(start, *arguments)
        except SpecError as error:
            text = _text(name, arguments)
            return [f"{text} cannot be evaluated on one server and one message: {error}"]
        except TypeError as error:
            return [f"{self._module.name}: {error}, and the node gives {len(arguments)}"]
        if not allowed:
            why = self._why(name, start, arguments)
            return [f"the spec has no next states for {_text(name, arguments)} here{why}"]
        if len(allowed) > 1:
            return [f"the spec has {len(allowed)} next states for {_text(name, arguments)} here"]
        after = self._state(event.server, event.after, [*kept, *sent])
        names = [] if self._is_foreign else miscalled(before, event, self._names)
        return self._compared(after, allowed[0]) or names

    def initial_differences(self, view: View) -> list[str]:
        """Return how the servers do not start as Init says, as text; none if they do."""
        allowed = self._module.transitions(self._mapping.constants).initial()
        found: list[str] = []
        for server in self._servers:
            own = self._mapping.state(view.states[server])
            mine = self._with_slots(server, own)
            there = (self._with_slots(server, self._slots(server, own, each)) for each in allowed)
            found += sorted((self._compared(mine, theirs) for theirs in there), key=len)[0]
        return found

    def _slots(
        self, server: ServerId, names: Container[str], state: Sequence[Value]
    ) -> dict[str, Value]:
        """Return what a state of the spec has of one server in the named variables."""
        me = self._mapping.server(server)
        return {
            name: dict(zip(domain_in(value), results_of(value), strict=True))[me]
            for name, value in zip(self._module.variables, state, strict=True)
            if name in names and isinstance(value, tuple)
        }

    def _why(self, name: str, start: tuple[Value, ...], arguments: Sequence[Value]) -> str:
        """Return which condition of the action does not hold, if that can be told."""
        try:
            failing = self._action(name).failing_condition(start, *arguments)
        except (SpecError, RuntimeError):
            return ""
        return "" if failing is None else f": {' '.join(failing.split())} is false"

    def _has(self, name: str) -> bool:
        try:
            self._action(name)
        except KeyError:
            return False
        return True

    def _of_no_action(
        self, name: str, before: tuple[Value, ...], after: tuple[Value, ...]
    ) -> list[str]:
        """Tell of a step that the spec has no name for: it may change nothing that it knows."""
        differing = self._compared(after, before)
        lacks = f"{self._module.name} has no action {name}, and so nothing may change"
        return [lacks, *differing] if differing else []

    def _compared(self, ours: tuple[Value, ...], theirs: tuple[Value, ...]) -> list[str]:
        if _same(ours, theirs):
            return []
        named = zip(self._module.variables, ours, theirs, strict=True)
        seen = without_own_slot if self._is_foreign else lambda name, server, value: value
        return [text for name, own, other in named for text in _differences(name, own, other, seen)]

    def _action(self, name: str) -> Action:
        if name not in self._actions:
            self._actions[name] = self._module.action(name, self._mapping.constants)
        return self._actions[name]

    def _arguments(self, event: Event) -> list[Value]:
        if event.message is not None:
            return [self._mapping.message(event.message)]
        assert event.server is not None
        me = self._mapping.server(event.server)
        match event.action:
            case AppendEntries(peer, count):
                return [me, self._mapping.server(peer), count]
            case InstallSnapshot(peer):
                return [me, self._mapping.server(peer)]
            case ClientRequest(value):
                return [me, self._mapping.value(value)]
            case CompactLog(index):
                return [me, index]
            case _:
                return [me, *self._of_own(event.action)]

    def _of_own(self, action: Any) -> list[Value]:
        """Return the arguments of an action that a designer adds: its fields, in their order."""
        if not is_dataclass(action):
            return []
        given = [getattr(action, each.name) for each in fields(action)]
        if not all(isinstance(each, int | str | frozenset) for each in given):
            return []
        return [self._argument(each) for each in given]

    def _argument(self, given: Any) -> Value:
        match given:
            case int():
                return given
            case frozenset():
                return frozenset(map(self._mapping.server, given))
            case _ if given in self._servers:
                return self._mapping.server(given)
            case _:
                return self._mapping.value(given)

    def _state(self, server: ServerId, view: View, messages: Sequence[Any]) -> tuple[Value, ...]:
        """Return the spec's state that shows one server and some messages, and nothing else."""
        state = view.states[server]
        of_servers = self._shown.get((server, state))
        if of_servers is None:
            of_servers = self._shown[server, state] = self._alone(server, state)
        shown = list(of_servers)
        for name, in_flight in self._mapping.in_flight(messages).items():
            others = {ANOTHER_MESSAGE} if name == "messages" else ()
            shown[self._places[name]] = in_flight.union(others)
        return tuple(shown)

    def _alone(self, server: ServerId, state: Any) -> tuple[Value, ...]:
        """Return the variables with one server's values, and nothing for the network's."""
        return self._with_slots(server, self._mapping.state(state))

    def _with_slots(self, server: ServerId, own: Mapping[str, Value]) -> tuple[Value, ...]:
        me = self._mapping.server(server)
        # What `function` makes, whose domain is always the same.
        return tuple(
            (self._domain, *[own[name] if each is me else UNREADABLE for each in self._domain])
            if name in own
            else frozenset()
            for name in self._module.variables
        )


def _text(name: str, arguments: Sequence[Value]) -> str:
    """Return a step as it is written."""
    return f"{name}({', '.join(map(show, arguments))})"


def _same(ours: tuple[Value, ...], theirs: tuple[Value, ...]) -> bool:
    """Whether two states are equal; where nothing is said of another server, it is not looked at.

    What is unreadable is equal to itself alone, and in a comparison with anything else it refuses.
    """
    try:
        return ours == theirs
    except RuntimeError:
        return False


def _differences(
    name: str, own: Value, other: Value, seen: Callable[[str, Value, Any], Value]
) -> Iterator[str]:
    """Tell where a variable differs, slot by slot: nobody may look into an unreadable one.

    Of a server's slot, what is `seen` of it counts.
    """
    if isinstance(own, tuple) and isinstance(other, tuple) and own[0] is other[0]:
        for slot, *both in zip(domain_in(own), results_of(own), results_of(other), strict=True):
            mine, theirs = (_readable(name, slot, each, seen) for each in both)
            if _differ(mine, theirs):
                yield _difference(f"{name}[{show(slot)}]", mine, theirs)
    elif _differ(own, other):
        yield _difference(name, own, other)


def _differ(mine: Value, theirs: Value) -> bool:
    if mine is theirs:
        return False
    return mine is UNREADABLE or theirs is UNREADABLE or mine != theirs


def _difference(where: str, mine: Value, theirs: Value) -> str:
    return f"{where}: the node has {_shown(mine)}, the spec has {_shown(theirs)}"


def _readable(
    name: str, slot: Value, value: Value, seen: Callable[[str, Value, Any], Value]
) -> Value:
    return value if value is UNREADABLE else seen(name, slot, value)


def _shown(value: Value) -> str:
    return show(value - {ANOTHER_MESSAGE} if isinstance(value, frozenset) else value)

"""Whether each step of a server is at most so many steps of another's specification.

As with Raft.tla it is enough to look at one server and its messages: what an action of one server
reads of others is refused (`refinement` beside this folder says why that is enough). A step of the
node begins in the state that the mapping makes of the server's, with the message that it receives
in flight. From there the actions that the mapping names are taken, breadth first, until a state is
met that is what the mapping makes of the server's state afterwards, with the messages that it
sends in flight. What the mapping hides begins as it says, and is not looked at in the end; so a
hidden variable is one that no later step depends on, or depends on as the mapping has it.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from raft_ref.explorer import Event, Property, ServerId, View
from raft_ref.spec.link.as_raft import RaftWords
from raft_ref.spec.link.others.mapping import Mapped, load_mapping
from raft_ref.spec.link.refinement import ANOTHER_MESSAGE, UNREADABLE, step_refinement
from raft_ref.spec.link.shared import shared
from raft_ref.spec.link.variables import RaftVariables
from raft_ref.spec.module import Module, load
from raft_ref.spec.requests import RequestError
from raft_ref.spec.steps.transitions import Action
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.spec.values.value import (
    TRUE,
    Value,
    domain_of,
    elements_of,
    function,
    items_of,
    show,
)

REFINES_ANOTHER = "RefinesAnother"
"""The name of the property that each step is some of another's specification."""

_MOST_STATES = 20_000
"""How many states are looked at for one step of the node."""
_NO_MESSAGE = ANOTHER_MESSAGE

State = tuple[Value, ...]


_PREFIX = "HeldTo"
"""What the actions begin with that set all variables."""


_OWN = RaftWords()
"""The words of Raft's own nodes."""


class _Reached(NamedTuple):
    """A state of the specification, and the actions that lead to it."""

    state: State
    taken: tuple[str, ...]


class _Wanted(NamedTuple):
    """Of one server, the states before and after a step, and what is not looked at after it."""

    server: ServerId
    start: State
    goal: State
    hidden: frozenset[str]


class MappedRefinement:
    """Compares the steps of servers with those of another's specification.

    Arguments: its file; the file of the mapping; the variables of the node; its servers; how its
    states, messages and steps are told in Raft's words, if they are not Raft's own.
    Raises `SpecError` if the specification cannot be loaded, `RequestError` for a mapping that
    makes no sense.
    """

    def __init__(
        self,
        path: Path,
        mapping: Path,
        variables: RaftVariables,
        servers: Sequence[ServerId],
        words: RaftWords = _OWN,
    ) -> None:
        self._module = shared(path)
        self._ours = variables
        names = [name for name, part in variables.parts.items() if part == "states"]
        self._mapped = load_mapping(mapping, self._module, names, variables.constants)
        self._servers = tuple(servers)
        self._names = names
        self._domain = domain_of(frozenset(map(variables.server, servers)))
        self._steps_of = _with_unset(path, self._module, self._mapped)
        self._actions: dict[str, Action] = {}
        self._words = words

    @property
    def as_property(self) -> Property:
        """The comparison, as a property of each server's steps."""
        left = "; ".join(dict.fromkeys(each.why for each in self._mapped.differences))
        formula = f"every step of a server is some steps of {self._module.name}"
        formula += f", but where it is known to be none: {left}" if left else ""
        found = step_refinement(self.differences, self._module.name)
        return replace(found, name=REFINES_ANOTHER, formula=formula)

    def initial_differences(self, view: View) -> list[str]:
        """Return how the servers do not start as Init says, as text; none if they do."""
        allowed = self._module.transitions(self._mapped.constants).initial()
        found: list[str] = []
        for server in self._servers:
            values = self._variables(server, view.states[server])
            begun = self._state(server, values, ())
            wanted = _Wanted(server, begun, begun, self._hidden(values))
            each = [self._compared(wanted, theirs) for theirs in allowed]
            found += sorted(each, key=len)[0] if each else ["there is no initial state"]
        return found

    def differences(self, before: View, event: Event) -> list[str]:
        """Return how a server's step differs from what the specification allows; none if not."""
        server = event.server
        assert server is not None
        step = self._words.event(before, event).step
        received = next(self._messages([event.message]), None)
        sends = [*self._messages(event.sends)]
        old = self._variables(server, before.states[server])
        told = received or next(iter(sends), None)
        if self._is_known(step, old, told):
            return []
        new = self._variables(server, event.after.states[server])
        flying = [] if received is None else [received]
        kept = flying if step == "ReceiveDuplicate" else []
        start = self._state(server, old, [self._as_theirs(each, old) for each in flying])
        after = [self._as_theirs(each, old) for each in kept]
        after += [self._as_theirs(each, new) for each in sends]
        goal = self._state(server, new, after)
        return self._search(step, _Wanted(server, start, goal, self._hidden(new)))

    def _search(self, step: str, wanted: _Wanted) -> list[str]:
        """Look for steps from one state to another; return how the nearest differs."""
        start = wanted.start
        nearest, best = self._compared(wanted, start), _Reached(start, ())
        errors: list[str] = []
        level, met = [best], {start}
        for _ in range(self._mapped.within):
            if not nearest or len(met) > _MOST_STATES:
                break
            found: list[_Reached] = []
            for each in level:
                for after in self._steps(step, wanted, each, errors):
                    if after.state in met:
                        continue
                    met.add(after.state)
                    found.append(after)
                    left = self._compared(wanted, after.state)
                    if len(left) < len(nearest):
                        nearest, best = left, after
            level = found
        if not nearest:
            return []
        name = self._module.name
        tried = f"the nearest is {', '.join(best.taken)}" if best.taken else "the nearest is none"
        return [
            f"{step} is no {self._mapped.within} steps of {name}, or less; {tried}",
            *nearest,
            *(errors[:1] if len(met) == 1 else []),
        ]

    def _steps(
        self, step: str, wanted: _Wanted, at: _Reached, errors: list[str]
    ) -> Iterator[_Reached]:
        for name in self._mapped.steps.get(step, self._mapped.actions):
            for arguments in self._arguments(name, wanted.server, at.state):
                text = f"{name}({', '.join(map(show, arguments))})"
                try:
                    allowed = self._action(name).successors(at.state, *arguments)
                except (SpecError, RuntimeError) as error:
                    errors.append(f"{text} cannot be evaluated on one server: {error}")
                    continue
                for state in allowed:
                    if self._may_lead(wanted, state):
                        yield _Reached(state, (*at.taken, text))

    def _may_lead(self, wanted: _Wanted, state: State) -> bool:
        """Whether what is in flight to others is in flight in the end: nobody else receives it."""
        dest = self._mapped.dest
        if dest is None:
            return True
        me, ends = self._ours.server(wanted.server), self._flying(wanted.goal)
        for message, number in self._flying(state).items():
            if number > ends.get(message, 0) and _field(message, dest) is not me:
                return False
        return True

    def _arguments(self, name: str, server: ServerId, state: State) -> Iterable[tuple[Value, ...]]:
        me, choices = self._ours.server(server), []
        for each in self._mapped.actions[name]:
            if each == "i":
                choices.append([me])
            elif each == "m":
                choices.append([*self._to(me, state)])
            else:
                assert not isinstance(each, str)
                choices.append([*elements_of(each.value({"i": me}))])
        return itertools.product(*choices)

    def _to(self, me: Value, state: State) -> Iterator[Value]:
        dest = self._mapped.dest
        for message in self._flying(state):
            if dest is None or _field(message, dest) is me:
                yield message

    def _action(self, name: str) -> Action:
        if name not in self._actions:
            self._actions[name] = self._steps_of.action(
                f"{_PREFIX}{name}" if self._mapped.unset else name, self._mapped.constants
            )
        return self._actions[name]

    # ---- What a server is

    def _variables(self, server: ServerId, state: Any) -> dict[str, Value]:
        """Return the node's variables, in which one server can be read."""
        own = self._ours.state(self._words.state(state))
        me = self._ours.server(server)
        values: dict[str, Any] = {
            name: (
                self._domain,
                *[own[name] if each is me else UNREADABLE for each in self._domain],
            )
            for name in self._names
        }
        return {**values, "i": me, "m": _NO_MESSAGE}

    def _state(
        self, server: ServerId, values: Mapping[str, Value], messages: Sequence[Value]
    ) -> State:
        """Return the state of the specification that a server and some messages are."""
        return tuple(self._one(name, server, values, messages) for name in self._module.variables)

    def _one(
        self, name: str, server: ServerId, values: Mapping[str, Value], messages: Sequence[Value]
    ) -> Any:
        if name == self._mapped.network:
            flying = (*messages, *([] if self._mapped.is_alone else [ANOTHER_MESSAGE]))
            if self._mapped.is_bag:
                return function({each: flying.count(each) for each in flying})
            return frozenset(flying)
        if name in self._mapped.rest:
            return self._mapped.rest[name].value(values)
        me = self._ours.server(server)
        mine = self._mapped.variables[name].value(values)
        return (self._domain, *[mine if each is me else UNREADABLE for each in self._domain])

    def _hidden(self, values: Mapping[str, Value]) -> frozenset[str]:
        hidden = {name for name, when in self._mapped.hidden.items() if when.value(values) is TRUE}
        return frozenset(hidden)

    def _messages(self, messages: Iterable[Any]) -> Iterator[Value]:
        """Yield messages as Raft.tla has them, but for those of which it knows nothing."""
        found = self._words.messages(each for each in messages if each is not None)
        return map(self._ours.message, found)

    def _as_theirs(self, message: Value, values: Mapping[str, Value]) -> Value:
        kind = _field(message, "type")
        told = self._mapped.messages.get(str(kind))
        if told is None:
            raise RequestError(f"mapping: [messages] has no {kind}")
        return told.value({**values, "m": message})

    def _is_known(self, step: str, values: Mapping[str, Value], message: Value | None) -> bool:
        given = {**values, "m": _NO_MESSAGE if message is None else message}
        return any(
            each.step == step and each.when.value(given) is TRUE
            for each in self._mapped.differences
        )

    # ---- How two states differ

    def _flying(self, state: State) -> dict[Value, int]:
        """Return what is in flight, and how often, but for what stands for other messages."""
        value: Any = state[self._module.variables.index(self._mapped.network)]
        counts: Any = items_of(value) if self._mapped.is_bag else ((each, 1) for each in value)
        return {
            message: number
            for message, number in counts
            if number > 0 and message is not ANOTHER_MESSAGE
        }

    def _compared(self, wanted: _Wanted, state: State) -> list[str]:
        """Return how a state differs from the one that is wanted, as far as that is seen."""
        found = []
        me = self._ours.server(wanted.server)
        states: Any = (wanted.start, wanted.goal, state)
        for name, *parts in zip(self._module.variables, *states, strict=True):
            if name not in self._mapped.variables or name in wanted.hidden:
                continue
            before, mine, other = (dict(items_of(each))[me] for each in parts)
            if mine != other and not self._agrees(name, me, before, mine, other):
                where = f"{name}[{show(me)}]"
                found.append(f"{where}: the node has {show(mine)}, the spec has {show(other)}")
        ours, theirs = self._flying(wanted.goal), self._flying(state)
        found += [
            f"the node sends {show(each)}" for each in ours if ours[each] > theirs.get(each, 0)
        ]
        found += [
            f"the spec sends {show(each)}" for each in theirs if theirs[each] > ours.get(each, 0)
        ]
        return found

    def _agrees(self, name: str, me: Value, before: Value, ours: Value, theirs: Value) -> bool:
        condition = self._mapped.agrees.get(name)
        if condition is None:
            return False
        values = {"i": me, "before": before, "ours": ours, "theirs": theirs}
        return condition.value(values) is TRUE


def _field(message: Any, name: str) -> Value | None:
    return dict(items_of(message)).get(name)


def _with_unset(path: Path, module: Module, mapped: Mapped) -> Module:
    """Return a module whose actions set all variables: those that Next sets for all stay."""
    if not mapped.unset:
        return module
    text = [f"---- MODULE {_PREFIX} ----", f"EXTENDS {path.stem}"]
    for name in mapped.actions:
        parameters = ", ".join(f"{_PREFIX}{at}" for at, _ in enumerate(mapped.actions[name]))
        call = f"{name}({parameters})" if parameters else name
        kept = f"UNCHANGED <<{', '.join(mapped.unset)}>>"
        text.append(f"{_PREFIX}{call} == {call} /\\ {kept}")
    with tempfile.TemporaryDirectory() as folder:
        held = Path(folder) / f"{_PREFIX}.tla"
        held.write_text("\n".join([*text, "====", ""]), encoding="utf-8")
        return load(held, [path.parent])

"""Properties of the explorer, made of the operators of a TLA+ module."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import indent
from typing import Any

from raft_ref.explorer import Kind, Property, ServerId, View
from raft_ref.spec.code.predicate import ByElement, Predicate
from raft_ref.spec.files import INVARIANTS
from raft_ref.spec.link.shared import shared
from raft_ref.spec.link.variables import Project, RaftVariables, Variables, itself
from raft_ref.spec.module import Module
from raft_ref.spec.syntax.errors import Position, SpecError
from raft_ref.spec.values.value import Value

PROGRESS = "Progress"
"""The name of the property that something stays possible."""

SOMETIMES = "Sometimes"
"""What the name of a property begins with that must be reached, rather than always hold."""


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
    found = tla_properties(path, RaftVariables(servers, values, project or itself))
    return [
        prop for prop in found if project is None or "messages" not in prop.reads | prop.reads_after
    ]


def tla_properties(
    path: Path, variables: Variables, inherited: Sequence[str] = ()
) -> list[Property]:
    """Return the properties that a TLA+ module defines, in the order of the file.

    Every operator without parameters that is not LOCAL is one: of steps if it reads a primed
    variable, to be reached if its name begins with Sometimes. A module that extends RaftInvariants
    has its properties too, and so has one that extends one of those `inherited`, by name. Raises
    `SpecError` for a module that cannot be loaded, and for one that needs a constant or a variable
    that is not there.
    """
    return properties_of_modules([path], variables, inherited)


def properties_of_modules(
    paths: Iterable[Path], variables: Variables, inherited: Sequence[str] = ()
) -> list[Property]:
    """Return the properties of several TLA+ modules, of each as `tla_properties` does.

    What more than one of them has from the same place is there once, and made once.
    """
    made: set[Position] = set()
    found = []
    for path in paths:
        module = shared(path)
        properties = module.properties(inherited=(INVARIANTS.stem, *inherited))
        own = [each for each in properties if each.position not in made]
        made.update(each.position for each in own)
        found += _properties(module, [each.name for each in own], variables)
    return found


def _properties(module: Module, names: Iterable[str], variables: Variables) -> list[Property]:
    constants = {
        name: value for name, value in variables.constants.items() if name in module.constants
    }
    predicates = [module.predicate(each, constants) for each in names]
    for predicate in predicates:
        for name in sorted((predicate.reads | predicate.reads_primed) - variables.parts.keys()):
            raise SpecError(
                predicate.position, f"{predicate.name} reads {name}, which no cluster here has"
            )
    return [_property(predicate, variables) for predicate in predicates]


def raft_progress(
    path: Path,
    servers: Sequence[ServerId],
    values: Sequence[str],
    goal: str,
    premise: str | None,
    project: Project | None = None,
) -> Property:
    """Return a property of progress over Raft's variables; see `tla_progress`.

    Raises ValueError for what reads messages that are not ours as well.
    """
    found = tla_progress(path, RaftVariables(servers, values, project or itself), goal, premise)
    if project is not None and MESSAGES in found.reads:
        raise ValueError("messages are read, and those of the node are its own")
    return found


def tla_progress(path: Path, variables: Variables, goal: str, premise: str | None) -> Property:
    """Return the property that from every state with `premise`, `goal` can be reached.

    Both are operators of a module, or of one that it extends. Raises ValueError for a name that is
    none, and for what reads variables that are not there.
    """
    module = shared(path)
    constants = {
        name: value for name, value in variables.constants.items() if name in module.constants
    }
    found = {name: _state_predicate(module, name, constants) for name in (premise, goal) if name}
    reads = frozenset[str]().union(*(predicate.reads for predicate in found.values()))
    for name in sorted(reads - variables.parts.keys()):
        raise ValueError(f"{name} is read, which no cluster here has")

    def holds(name: str) -> Callable[[View], bool]:
        predicate = found[name]
        return lambda view: predicate.holds(variables.of(view, predicate.reads))

    origin = f"every state with {premise}" if premise else "every state"
    return Property(
        PROGRESS,
        holds(goal),
        Kind.PROGRESS,
        reads=frozenset(variables.parts[name] for name in reads),
        premise=holds(premise) if premise else lambda view: True,
        formula="\n".join(
            [
                f"from {origin}, one with {goal} can be reached, where",
                *(f"{name} ==\n{indent(each.text, '    ')}" for name, each in found.items()),
            ]
        ),
    )


def _state_predicate(module: Module, name: str, constants: Mapping[str, Value]) -> Predicate:
    try:
        predicate = module.predicate(name, constants)
    except KeyError as error:
        raise ValueError(error.args[0]) from error
    if predicate.is_step:
        raise ValueError(f"{name} is true of steps, not of states")
    return predicate


SERVERS = "Server"
"""The constant that is the set of servers."""

MESSAGES = "messages"
"""The variable that is what is in flight."""


def _property(predicate: Predicate, variables: Variables) -> Property:
    reads, reads_primed = predicate.reads, predicate.reads_primed
    of_servers = frozenset(name for name, part in variables.parts.items() if part == "states")

    def values(views: tuple[View, ...]) -> tuple[Mapping[str, Value], ...]:
        names = (reads, reads_primed)
        return tuple(variables.of(view, n) for view, n in zip(views, names, strict=False))

    prop = Property(
        name=predicate.name,
        holds=lambda *views: predicate.holds(*values(views)),
        kind=Kind.STEP if predicate.is_step else Kind.STATE,
        is_sometimes=predicate.name.startswith(SOMETIMES),
        reads=frozenset(variables.parts[name] for name in reads),
        reads_after=frozenset(variables.parts[name] for name in reads_primed),
        formula=predicate.text,
        explain=lambda *views: list(predicate.failing_instances(*values(views))),
        project=_projection(variables, of_servers & (reads | reads_primed)),
    )
    by_server = predicate.by_element(SERVERS, of_servers)
    if by_server is not None and by_server.is_universal != prop.is_sometimes:
        return replace(
            prop, slots=by_server.elements, holds_of=_of_servers(by_server, variables, values)
        )
    if reads | reads_primed == {MESSAGES} and (
        (by_message := predicate.by_element(MESSAGES, frozenset({MESSAGES})))
        and by_message.is_universal
        and by_message.elements == 1
        and prop.kind is Kind.STATE
        and not prop.is_sometimes
    ):
        return replace(prop, holds_of_message=_of_message(by_message, variables))
    return prop


def _projection(variables: Variables, names: frozenset[str]) -> Callable[[Any], Any]:
    """Return what gives the named variables at one server, from its state."""
    in_order = sorted(names)

    def project(state: Any) -> tuple[Value, ...]:
        mapped = variables.state(state)
        return tuple(mapped[name] for name in in_order)

    return project


def _of_servers(
    by_server: ByElement,
    variables: Variables,
    values: Callable[[tuple[View, ...]], tuple[Mapping[str, Value], ...]],
) -> Callable[..., bool]:
    def holds_of(servers: tuple[ServerId, ...], *views: View) -> bool:
        # The other servers are left out, so that reading them is an error.
        wanted = {*servers}
        shown = tuple(
            view
            if view.states.keys() == wanted
            else replace(view, states={server: view.states[server] for server in servers})
            for view in views
        )
        elements = tuple(variables.server(server) for server in servers)
        return by_server.holds(elements, *values(shown))

    return holds_of


def _of_message(by_message: ByElement, variables: Variables) -> Callable[[Any], bool]:
    def holds_of(message: Any) -> bool:
        found = variables.message(message)
        return by_message.holds((found,), {MESSAGES: frozenset({found})})

    return holds_of

"""Properties of the explorer, made of the operators of a TLA+ module."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from explorer import Kind, Property, ServerId, View
from spec.errors import SpecError
from spec.link.variables import Project, RaftVariables, Variables, itself
from spec.module import Predicate, load
from spec.values import Value

INVARIANTS = Path(__file__).parent.with_name("RaftInvariants.tla")
"""The properties of Raft."""

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
        kind=Kind.STEP if predicate.is_step else Kind.STATE,
        is_sometimes=predicate.name.startswith(SOMETIMES),
        reads=frozenset(variables.parts[name] for name in reads),
        reads_after=frozenset(variables.parts[name] for name in reads_primed),
        formula=predicate.text,
        explain=lambda *views: list(predicate.failing_instances(*values(views))),
    )

"""What each name in a module refers to.

Names are resolved once, when a module is loaded: an unknown name, a wrong number of arguments or
a name defined twice is then an error, as it is to SANY, and later stages look meanings up.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Final, NamedTuple, Protocol, TypeAlias

from raft_ref.spec.names.order import called_by, called_first
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import Position, SpecError
from raft_ref.spec.syntax.expressions import Declaration
from raft_ref.spec.values.builtin import Builtin
from raft_ref.spec.values.standard import LANGUAGE

Meaning: TypeAlias = Declaration | Builtin
Names: TypeAlias = Mapping[str, Meaning]

_MOST_FAULTS: Final = 10


class Within(NamedTuple):
    """What ENABLED or fairness is about, in the words of the module that an instance is of.

    The next state that is asked for is one of that module's own variables: they are bound there, so
    nothing is substituted for them. `values` are what is substituted for them as they are now.
    """

    operands: tuple[tree.Expression, ...]
    values: Mapping[tree.Variable, tree.Call]


class Resolution:
    """The meaning of each `Call` of a module, and its definitions, inner ones first."""

    def __init__(self) -> None:
        self.meanings: dict[tree.Call, Meaning] = {}
        self.definitions: list[tree.Definition] = []
        self.of_modules: set[tree.Definition] = set()  # not those of a LET
        self.within: dict[tree.Node, Within] = {}  # of ENABLED and fairness in an instance
        self.overridable: set[Meaning] = set()  # by way of shipped modules: others may be defined

    def copy_from(self, other: Resolution) -> None:
        """Add all that another resolution knows."""
        self.meanings.update(other.meanings)
        self.definitions.extend(other.definitions)
        self.of_modules.update(other.of_modules)
        self.overridable.update(other.overridable)
        self.within.update(other.within)


def arity_of(meaning: Meaning) -> int:
    """Return how many arguments a name takes."""
    if isinstance(meaning, tree.Definition):
        return len(meaning.parameters)
    if isinstance(meaning, tree.Variable | tree.Bound):
        return 0
    return meaning.arity


class Modules(Protocol):
    """What finds the modules that another one refers to."""

    def instantiate(self, instance: tree.Instance, names: Names) -> Names:
        """Return the names that an INSTANCE brings, for the names known before it."""

    def part(self, name: str, names: Names) -> Meaning | None:
        """Return the part of a definition that a name with `!` means, as an operator."""

    def unknown(self, node: tree.Call, names: Names) -> str:
        """Return what to say of a name that means nothing."""

    def within(self, nested: tree.ModuleSource, names: Names) -> None:
        """Resolve a module within another, which sees the names known before it."""


def resolve(
    source: tree.ModuleSource,
    imported: Names,
    into: Resolution,
    modules: Modules,
    around: Names | None = None,
) -> tuple[Names, Names]:
    """Resolve all names of a module; return those that its operators see, and those not LOCAL.

    Arguments: the module, the names that EXTENDS brings, where to note the meanings, what finds
    other modules, and the names known where it stands, if that is within another.
    Raises `SpecError` for an unknown name, a wrong number of arguments, or a second definition: all
    that are found in one go.
    """
    resolver = Resolver(into, modules)
    names: dict[str, Meaning] = {**LANGUAGE, **(around or {}), **imported}
    into.of_modules.update(source.definitions)
    into.of_modules.update(source.assumptions)
    resolver.announce(source.definitions, names)
    local: set[str] = set()
    for unit in source.units:
        before = set(names)
        resolver.unit(unit, names)
        if isinstance(unit, tree.Definition | tree.Instance) and unit.is_local:
            local |= names.keys() - before
    resolver.finish()
    own = {name: each for name, each in names.items() if name not in local}
    if around is not None:
        own = {name: each for name, each in own.items() if around.get(name) is not each}
    return names, own


def _declare(
    names: dict[str, Meaning],
    overridable: Container[Meaning],
    declared: Iterable[tree.Constant | tree.Variable | tree.Parameter | tree.Bound],
) -> None:
    for each in declared:
        _refuse_second(names, overridable, each.name, each.at)
        names[each.name] = each


def _refuse_second(names: Names, overridable: Container[Meaning], name: str, at: Position) -> None:
    earlier = names.get(name)
    if earlier is None or earlier in overridable:
        return
    where = f" at {earlier.at}" if isinstance(earlier, tree.Node) else ""
    raise SpecError(at, f"{name} is defined already{where}")


class Resolver:
    """Notes what the names in definitions and expressions mean.

    What is wrong with a name is kept until `finish`, so that more is told than the first.
    """

    def __init__(self, into: Resolution, modules: Modules) -> None:
        self.into = into
        self.modules = modules
        self._faults: list[SpecError] = []

    def finish(self) -> None:
        """Raise what has been found wrong, if anything has."""
        if self._faults:
            first, *others = self._faults
            raise SpecError(first.position, first.reason, tuple(others[: _MOST_FAULTS - 1]))

    def unit(self, unit: tree.Unit, names: dict[str, Meaning]) -> None:
        """Resolve what a module declares, defines or assumes, and add its names."""
        if isinstance(unit, tree.ModuleSource):
            self.modules.within(unit, names)
        elif isinstance(unit, tree.Instance):
            self.instance(unit, names)
        elif isinstance(unit, tree.Assumption) and not unit.name:
            self.expression(unit.body, names)
            self.into.definitions.append(unit)
        elif isinstance(unit, tree.Definition):
            try:
                self.definition(unit, names)
            except SpecError as error:  # a second definition: the others are looked at all the same
                self._faults.append(error)
        else:
            _declare(names, self.into.overridable, [unit])

    def instance(self, unit: tree.Instance, names: dict[str, Meaning]) -> None:
        """Add the names that an INSTANCE brings."""
        for name, meaning in self.modules.instantiate(unit, names).items():
            if names.get(name) is not meaning:
                _refuse_second(names, self.into.overridable, name, unit.at)
                names[name] = meaning

    def announce(self, definitions: Iterable[tree.Definition], names: dict[str, Meaning]) -> None:
        """Add the names of recursive definitions, which may be used before they are defined."""
        for each in definitions:
            if each.is_recursive:
                _refuse_second(names, self.into.overridable, each.name, each.at)
                names[each.name] = each

    def definition(self, definition: tree.Definition, names: dict[str, Meaning]) -> None:
        """Resolve a definition, and add its name."""
        if not definition.is_recursive or names[definition.name] is not definition:
            _refuse_second(names, self.into.overridable, definition.name, definition.at)
        inner = dict(names)
        _declare(inner, self.into.overridable, definition.parameters)
        self.expression(definition.body, inner)
        names[definition.name] = definition
        self.into.definitions.append(definition)

    def expression(self, node: tree.Node, names: Names) -> None:
        """Resolve the names in an expression."""
        if isinstance(node, tree.Call):
            self.call(node, names)
        elif isinstance(node, tree.BINDERS):
            self.binder(node, names)
        elif isinstance(node, tree.Let):
            self.let(node, names)
        elif isinstance(node, tree.Lambda):
            inner = dict(names)
            _declare(inner, self.into.overridable, node.parameters)
            self.expression(node.body, inner)
        elif isinstance(node, tree.Update):
            for step in node.path:
                self.expression(step, names)
            self.expression(node.value, {**names, "@": node.previous})
        else:
            for child in tree.children(node):
                self.expression(child, names)

    def let(self, node: tree.Let, names: Names) -> None:
        """Resolve a LET; what an INSTANCE in it brings is defined in it."""
        inner = dict(names)
        self.announce(node.definitions, inner)
        ordered: list[tree.Definition] = []
        for unit in node.units:
            if isinstance(unit, tree.Definition):
                self.definition(unit, inner)
                ordered.append(unit)
                continue
            known = len(self.into.definitions)
            self.instance(unit, inner)
            made = [e for e in self.into.definitions[known:] if e in self.into.of_modules]
            self.into.of_modules.difference_update(made)
            ordered += called_first({each: called_by(each, self.into.meanings) for each in made})
        node.definitions[:] = ordered
        self.expression(node.body, inner)

    def binder(self, node: tree.Binder, names: Names) -> None:
        """Resolve the names in what binds names of its own."""
        inner = dict(names)
        if isinstance(node, tree.FunctionLiteral) and node.itself is not None:
            inner[node.itself.name] = node.itself
        for binding in node.bindings:
            self.expression(binding.domain, names)
            for pattern in binding.patterns:
                _declare(inner, self.into.overridable, pattern.names)
        self.expression(node.body, inner)

    def call(self, node: tree.Call, names: Names) -> None:
        """Note what a name means, and resolve its arguments."""
        meaning = self._meaning(node, names)
        if meaning is None:
            for argument in node.arguments:
                self.expression(argument, names)
            return
        self.into.meanings[node] = meaning
        if not (node.name in ("/\\", "\\/") and len(node.arguments) > 1):
            self._check_count(node, meaning)
        for place, argument in enumerate(node.arguments):
            wanted = _arity_of_argument(meaning, place)
            if wanted == 0:
                self.expression(argument, names)
            else:
                self.operator(argument, wanted, names)

    def _meaning(self, node: tree.Call, names: Names) -> Meaning | None:
        """Return what a name means; None if nothing, which is kept as a fault."""
        meaning = names.get(node.name)
        if meaning is None and "!" in node.name:
            meaning = self.modules.part(node.name, names)
        if meaning is None:
            self._faults.append(SpecError(node.at, self.modules.unknown(node, names)))
        return meaning

    def _check_count(self, node: tree.Call, meaning: Meaning) -> None:
        arity = arity_of(meaning)
        if len(node.arguments) != arity:
            reason = f"{node.name} takes {_counted(arity)}, not {len(node.arguments)}"
            where = f" ({meaning.at})" if isinstance(meaning, tree.Definition) else ""
            self._faults.append(SpecError(node.at, reason + where))

    def operator(self, argument: tree.Node, arity: int, names: Names) -> None:
        """Resolve an argument that must be an operator."""
        if isinstance(argument, tree.Lambda) and len(argument.parameters) == arity:
            self.expression(argument, names)
            return
        if isinstance(argument, tree.Call) and not argument.arguments:
            meaning = self._meaning(argument, names)
            if meaning is None:
                return
            if arity_of(meaning) == arity:
                self.into.meanings[argument] = meaning
                return
        self._faults.append(
            SpecError(argument.at, f"an operator of {_counted(arity)} is expected here")
        )


def _arity_of_argument(meaning: Meaning, place: int) -> int:
    if isinstance(meaning, Builtin):
        return meaning.operator_arguments.get(place, 0)
    if isinstance(meaning, tree.Definition) and place < len(meaning.parameters):
        return meaning.parameters[place].arity
    return 0


def _counted(arity: int) -> str:
    return "1 argument" if arity == 1 else f"{arity} arguments"

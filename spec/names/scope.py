"""What each name in a module refers to.

Names are resolved once, when a module is loaded: an unknown name, a wrong number of arguments or
a name defined twice is then an error, as it is to SANY, and later stages look meanings up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import Position, SpecError
from raft_ref.spec.syntax.expressions import Declaration
from raft_ref.spec.values.standard import LANGUAGE, Builtin

Meaning: TypeAlias = Declaration | Builtin
Names: TypeAlias = Mapping[str, Meaning]


class Resolution:
    """The meaning of each `Call` of a module, and its definitions, inner ones first."""

    def __init__(self) -> None:
        self.meanings: dict[tree.Call, Meaning] = {}
        self.definitions: list[tree.Definition] = []
        self.of_modules: set[tree.Definition] = set()  # not those of a LET

    def copy_from(self, other: Resolution) -> None:
        """Add all that another resolution knows."""
        self.meanings.update(other.meanings)
        self.definitions.extend(other.definitions)
        self.of_modules.update(other.of_modules)


def arity_of(meaning: Meaning) -> int:
    """Return how many arguments a name takes."""
    if isinstance(meaning, tree.Definition):
        return len(meaning.parameters)
    if isinstance(meaning, tree.Variable | tree.Bound):
        return 0
    return meaning.arity


def resolve(
    source: tree.ModuleSource,
    imported: Names,
    into: Resolution,
    instantiate: Callable[[tree.Instance, Names], Names],
) -> tuple[Names, Names]:
    """Resolve all names of a module; return those that its operators see, and those not LOCAL.

    Arguments: the module, the names that EXTENDS brings, where to note the meanings, and what
    gives the names that an INSTANCE brings, for the names known before it.
    Raises `SpecError` for an unknown name, a wrong number of arguments, or a second definition.
    """
    resolver = Resolver(into)
    names: dict[str, Meaning] = {**LANGUAGE, **imported}
    _declare(names, source.constants)
    _declare(names, source.variables)
    into.of_modules.update(source.definitions)
    resolver.announce(source.definitions, names)
    local: set[str] = set()
    for unit in source.units:
        before = set(names)
        if isinstance(unit, tree.Definition):
            resolver.definition(unit, names)
        else:
            for name, meaning in instantiate(unit, names).items():
                if names.get(name) is not meaning:
                    _refuse_second(names, name, unit.at)
                    names[name] = meaning
        if unit.is_local:
            local |= names.keys() - before
    for assumption in source.assumptions:
        resolver.expression(assumption.body, names)
        into.definitions.append(assumption)
        into.of_modules.add(assumption)
    return names, {name: meaning for name, meaning in names.items() if name not in local}


def _declare(
    names: dict[str, Meaning],
    declared: Iterable[tree.Constant | tree.Variable | tree.Parameter | tree.Bound],
) -> None:
    for each in declared:
        _refuse_second(names, each.name, each.at)
        names[each.name] = each


def _refuse_second(names: Names, name: str, at: Position) -> None:
    earlier = names.get(name)
    if earlier is None:
        return
    where = f" at {earlier.at}" if isinstance(earlier, tree.Node) else ""
    raise SpecError(at, f"{name} is defined already{where}")


class Resolver:
    """Notes what the names in definitions and expressions mean."""

    def __init__(self, into: Resolution) -> None:
        self.into = into

    def announce(self, definitions: Iterable[tree.Definition], names: dict[str, Meaning]) -> None:
        """Add the names of recursive definitions, which may be used before they are defined."""
        for each in definitions:
            if each.is_recursive:
                _refuse_second(names, each.name, each.at)
                names[each.name] = each

    def definition(self, definition: tree.Definition, names: dict[str, Meaning]) -> None:
        """Resolve a definition, and add its name."""
        if not definition.is_recursive or names[definition.name] is not definition:
            _refuse_second(names, definition.name, definition.at)
        inner = dict(names)
        _declare(inner, definition.parameters)
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
            inner = dict(names)
            self.announce(node.definitions, inner)
            for each in node.definitions:
                self.definition(each, inner)
            self.expression(node.body, inner)
        elif isinstance(node, tree.Lambda):
            inner = dict(names)
            _declare(inner, node.parameters)
            self.expression(node.body, inner)
        elif isinstance(node, tree.Update):
            for step in node.path:
                self.expression(step, names)
            self.expression(node.value, {**names, "@": node.previous})
        else:
            for child in tree.children(node):
                self.expression(child, names)

    def binder(self, node: tree.Binder, names: Names) -> None:
        """Resolve the names in what binds names of its own."""
        inner = dict(names)
        if isinstance(node, tree.FunctionLiteral) and node.itself is not None:
            inner[node.itself.name] = node.itself
        for binding in node.bindings:
            self.expression(binding.domain, names)
            for pattern in binding.patterns:
                _declare(inner, pattern.names)
        self.expression(node.body, inner)

    def call(self, node: tree.Call, names: Names) -> None:
        """Note what a name means, and resolve its arguments."""
        meaning = names.get(node.name)
        if meaning is None:
            raise SpecError(node.at, _unknown(node, names))
        self.into.meanings[node] = meaning
        if not (node.name in ("/\\", "\\/") and len(node.arguments) > 1):
            _check_count(node, arity_of(meaning))
        for place, argument in enumerate(node.arguments):
            wanted = _arity_of_argument(meaning, place)
            if wanted == 0:
                self.expression(argument, names)
            else:
                self.operator(argument, wanted, names)

    def operator(self, argument: tree.Node, arity: int, names: Names) -> None:
        """Resolve an argument that must be an operator."""
        if isinstance(argument, tree.Lambda) and len(argument.parameters) == arity:
            self.expression(argument, names)
            return
        if isinstance(argument, tree.Call) and not argument.arguments:
            meaning = names.get(argument.name)
            if meaning is None:
                raise SpecError(argument.at, f"unknown operator {argument.name}")
            if arity_of(meaning) == arity:
                self.into.meanings[argument] = meaning
                return
        raise SpecError(argument.at, f"an operator of {_counted(arity)} is expected here")


def _unknown(node: tree.Call, names: Names) -> str:
    kind = "operator" if node.arguments else "name"
    reason = f"unknown {kind} {node.name}"
    instance = node.name.rpartition("!")[0]
    if instance and not any(name.startswith(f"{instance}!") for name in names):
        reason += f": no INSTANCE is named {instance}"
    return reason


def _arity_of_argument(meaning: Meaning, place: int) -> int:
    if isinstance(meaning, Builtin):
        return meaning.operator_arguments.get(place, 0)
    if isinstance(meaning, tree.Definition) and place < len(meaning.parameters):
        return meaning.parameters[place].arity
    return 0


def _check_count(node: tree.Call, arity: int) -> None:
    if len(node.arguments) != arity:
        reason = f"{node.name} takes {_counted(arity)}, not {len(node.arguments)}"
        raise SpecError(node.at, reason)


def _counted(arity: int) -> str:
    return "1 argument" if arity == 1 else f"{arity} arguments"

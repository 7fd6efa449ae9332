"""INSTANCE: a module's operators again, with other meanings for what it declares.

An instance is a copy of the module's definitions. Each constant and variable of the module becomes
what is substituted for it: another declaration or operator, or a new operator without arguments
whose body is the substituted expression, so that a prime on the variable is one on the expression.
The parameters of `Name(x) == INSTANCE ...` become the first parameters of each copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from raft_ref.spec.names.scope import (
    Meaning,
    Modules,
    Names,
    Resolution,
    Resolver,
    Within,
    arity_of,
)
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import Position, SpecError
from raft_ref.spec.syntax.expressions import Declaration
from raft_ref.spec.values.builtin import Builtin


def instantiate(
    instance: tree.Instance, exported: Names, names: Names, into: Resolution, modules: Modules
) -> dict[str, Meaning]:
    """Return the names that an INSTANCE brings.

    Arguments: the instance, the names of its module, those known where it stands, where to note
    the meanings, and what finds other modules.
    Raises `SpecError` for a declaration without a value, or a value without a declaration.
    """
    declared = {
        each.name: each
        for each in exported.values()
        if isinstance(each, tree.Constant | tree.Variable)
    }
    given = {each.name: each for each in instance.substitutions}
    for name, each in given.items():
        if name not in declared:
            reason = f"{name} is no constant or variable of {instance.module}"
            raise SpecError(each.at, reason)
    prefix = f"{instance.name}!" if instance.name else ""
    copier = _Copier(prefix, instance.parameters, into)
    for name, declaration in declared.items():
        if name not in given:
            copier.meanings[declaration] = _of_equal_name(declaration, instance, names)
            continue
        value = _substituted(
            given[name], declaration, instance, names, Resolver(into, modules), prefix
        )
        copier.meanings[declaration] = value
        if isinstance(value, tree.Definition) and value not in names.values():
            copier.with_parameters.add(value)
    defined = {name: each for name, each in exported.items() if name not in declared}
    if declared or instance.parameters:
        defined = {name: copier.copied(each) for name, each in defined.items()}
        copier.finish()
    return {f"{prefix}{name}": each for name, each in defined.items()}


def _of_equal_name(
    declared: tree.Constant | tree.Variable, instance: tree.Instance, names: Names
) -> Meaning:
    """Return what an instance takes for a declaration that its WITH does not mention."""
    own = {each.name: each for each in instance.parameters}
    meaning = own.get(declared.name) or names.get(declared.name)
    if meaning is None or arity_of(meaning) != arity_of(declared):
        reason = f"INSTANCE {instance.module} gives no value to {declared.name}"
        raise SpecError(instance.at, reason)
    return meaning


def _substituted(
    given: tree.Substitution,
    declared: tree.Constant | tree.Variable,
    instance: tree.Instance,
    names: Names,
    resolver: Resolver,
    prefix: str,
) -> Meaning:
    """Return the meaning of `declared <- value`."""
    into = resolver.into
    own = {each.name: each for each in instance.parameters}
    arity = arity_of(declared)
    if arity:
        resolver.operator(given.value, arity, {**names, **own})
    else:
        resolver.expression(given.value, {**names, **own})
    resolver.finish()
    value = given.value
    if isinstance(value, tree.Call) and not value.arguments:
        return into.meanings[value]
    parameters: tuple[tree.Parameter, ...] = ()
    if isinstance(value, tree.Lambda):
        parameters, value = value.parameters, value.body
    name = f"{prefix}{declared.name}"
    made = tree.Definition(given.at, name, parameters, value)
    into.definitions.append(made)
    into.of_modules.add(made)
    if not instance.parameters:
        return made
    copier = _Copier(prefix, instance.parameters, into, copies_others=False)
    copy = copier.definition(replace(made, name=declared.name))
    copier.finish()
    return copy


class _Copier:
    """Copies definitions of a module; `meanings` says what becomes of its declarations."""

    def __init__(
        self,
        prefix: str,
        parameters: tuple[tree.Parameter, ...],
        into: Resolution,
        *,
        copies_others: bool = True,
    ) -> None:
        self.meanings: dict[Declaration, Meaning] = {}
        self.with_parameters: set[Meaning] = set()  # of what is substituted, the new operators
        self._prefix = prefix
        self._parameters = parameters
        self._into = into
        self._copies_others = copies_others
        self._of_module: _Copier | None = None  # the same, but nothing stands for variables
        self._own: Mapping[Meaning, tree.Parameter] = {}
        self._calls: list[tuple[tree.Call, Meaning, Mapping[Meaning, tree.Parameter]]] = []

    def copied(self, meaning: Meaning) -> Meaning:
        """Return what becomes of a meaning."""
        if isinstance(meaning, Builtin):
            return meaning
        if meaning in self.meanings:
            return self.meanings[meaning]
        if self._is_copied(meaning):
            return self.definition(meaning)  # type: ignore[arg-type]
        return meaning  # a name of where the instance stands, within a substituted value

    def _is_copied(self, meaning: Meaning) -> bool:
        return self._copies_others and meaning in self._into.of_modules

    def definition(self, original: tree.Definition) -> tree.Definition:
        """Return the copy of a definition that stands at the top of a module."""
        outer = self._own
        own = tuple(replace(each) for each in self._parameters)
        self._own = dict(zip(self._parameters, own, strict=True))
        inner = self._declared(original.parameters)
        copy = replace(
            original,
            name=f"{self._prefix}{original.name}",
            parameters=(*own, *inner),
            body=self._copy(original.body),
        )
        self.meanings[original] = copy
        self._into.of_modules.add(copy)
        self._into.definitions.append(copy)
        self._own = outer
        return copy

    def finish(self) -> None:
        """Note the meanings of what was copied, copying what it refers to in its turn."""
        if self._of_module is not None:
            self._of_module.finish()
        while self._calls:
            call, meaning, own = self._calls.pop()
            copied = self.copied(meaning)
            self._into.meanings[call] = own.get(copied, copied)

    def _declared(self, parameters: tuple[tree.Parameter, ...]) -> tuple[tree.Parameter, ...]:
        copies = tuple(replace(each) for each in parameters)
        self.meanings.update(zip(parameters, copies, strict=True))
        return copies

    def _copy(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self._copy(each) for each in node]
        if isinstance(node, tuple) and not isinstance(node, Position):
            return tuple(self._copy(each) for each in node)
        if isinstance(node, tree.Call):
            return self._call(node)
        if not isinstance(node, tree.Node):
            return node
        if isinstance(node, tree.Let):
            return tree.Let(node.at, (), self._copy(node.definitions), self._copy(node.body))
        kind: Any = type(node)
        if isinstance(node, tree.Unsupported) and "fairness" in node.construct:
            return self._with_variables(node, node.operands)
        copy = kind(*[self._copy(getattr(node, each)) for each in tree.fields_of(kind)])
        if isinstance(node, tree.Definition):
            self._into.definitions.append(copy)  # of a LET
        if isinstance(node, tree.Definition | tree.Parameter | tree.Bound):
            self.meanings[node] = copy
        return copy

    def _with_variables(
        self, node: tree.Unsupported | tree.Call, operands: tuple[tree.Expression, ...]
    ) -> Any:
        """Copy what asks for a next state, which is one of the module's own variables."""
        if isinstance(node, tree.Call):
            copy: Any = self._noted(node, self._into.meanings[node], self._copy(operands))
        else:
            copy = replace(node, operands=self._copy(operands))
        substituted = {
            each: meaning
            for each, meaning in self.meanings.items()
            if isinstance(each, tree.Variable) and not isinstance(meaning, tree.Variable)
        }
        known = self._into.within.get(node)
        if known is not None:
            values = {each: self._copy(value) for each, value in known.values.items()}
            self._into.within[copy] = Within(self._copy(known.operands), values)
            return copy
        if not substituted or self._parameters:
            return copy
        if self._of_module is None:
            self._of_module = _Copier(self._prefix, (), self._into)
            self._of_module.meanings = {
                each: meaning
                for each, meaning in self.meanings.items()
                if isinstance(each, tree.Constant)
            }
        values = {}
        for each, meaning in self.meanings.items():
            if isinstance(each, tree.Variable):
                values[each] = call = tree.Call(node.at, each.name)
                self._into.meanings[call] = meaning
        self._into.within[copy] = Within(self._of_module._copy(operands), values)
        return copy

    def _call(self, node: tree.Call) -> tree.Expression:
        meaning = self._into.meanings[node]
        if node.name == "ENABLED" and isinstance(meaning, Builtin):
            return self._with_variables(node, node.arguments)  # type: ignore[no-any-return]
        arguments: tuple[tree.Expression, ...] = self._copy(node.arguments)
        if not self._parameters or not self._takes_parameters(meaning):
            return self._noted(node, meaning, arguments)
        own = tuple(
            self._noted(replace(node, name=each.name), each, ()) for each in self._parameters
        )
        if len(arguments) == arity_of(meaning):
            return self._noted(node, meaning, (*own, *arguments))
        # The operator itself is an argument of another.
        names = [tree.Parameter(node.at, f"x{n}", 0) for n in range(arity_of(meaning))]
        given = tuple(self._noted(replace(node, name=each.name), each, ()) for each in names)
        return tree.Lambda(node.at, tuple(names), self._noted(node, meaning, (*own, *given)))

    def _noted(
        self, node: tree.Call, meaning: Meaning, arguments: tuple[tree.Expression, ...]
    ) -> tree.Call:
        call = replace(node, arguments=arguments)
        self._calls.append((call, meaning, self._own))
        return call

    def _takes_parameters(self, meaning: Meaning) -> bool:
        """Whether the parameters of the instance come before those of an operator."""
        if isinstance(meaning, Builtin):
            return False
        substituted = self.meanings.get(meaning, meaning)
        if isinstance(meaning, tree.Constant | tree.Variable):
            return substituted in self.with_parameters
        return self._is_copied(meaning)

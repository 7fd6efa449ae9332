"""Expressions again, with other expressions in the place of names: of parameters, for example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from raft_ref.spec.names.scope import Meaning, Resolution, Within
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import Position, SpecError


def substituted(
    node: tree.Expression, given: Mapping[Any, tree.Expression], into: Resolution
) -> tree.Expression:
    """Return a copy of an expression in which others stand for some of its names.

    Arguments: the expression; for declarations what takes their place; where meanings are noted.
    Raises `SpecError` where an operator would have to be written out that cannot be.
    """
    if not given:
        return node
    copier = _Substitution(given, into)
    copy: tree.Expression = copier.copy(node)
    copier.finish()
    return copy


def applied(call: tree.Call, definition: tree.Definition, into: Resolution) -> tree.Expression:
    """Return the body of an operator with the arguments of a call in the place of parameters."""
    given = dict(zip(definition.parameters, call.arguments, strict=True))
    return substituted(definition.body, given, into)


class _Substitution:
    """Copies what names are substituted in."""

    def __init__(self, given: Mapping[Any, tree.Expression], into: Resolution) -> None:
        self._given = given
        self._into = into
        self._copies: dict[Any, Any] = {}
        self._calls: list[tuple[tree.Call, Meaning]] = []

    def finish(self) -> None:
        """Note the meanings of the names in the copy."""
        for call, meaning in self._calls:
            self._into.meanings[call] = self._copies.get(meaning, meaning)

    def copy(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.copy(each) for each in node]
        if isinstance(node, tuple) and not isinstance(node, Position):
            return tuple(self.copy(each) for each in node)
        if isinstance(node, tree.Call):
            return self._call(node)
        if not isinstance(node, tree.Node):
            return node
        if isinstance(node, tree.Let):
            return tree.Let(node.at, (), self.copy(node.definitions), self.copy(node.body))
        kind: Any = type(node)
        copy = kind(*[self.copy(getattr(node, each)) for each in tree.fields_of(kind)])
        if isinstance(node, tree.Definition):
            self._into.definitions.append(copy)
        if isinstance(node, tree.Definition | tree.Parameter | tree.Bound):
            self._copies[node] = copy
        self._within(node, copy)
        return copy

    def _within(self, node: tree.Node, copy: tree.Node) -> None:
        known = self._into.within.get(node)
        if known is not None:
            operands, values = known
            copied = {each: self.copy(value) for each, value in values.items()}
            self._into.within[copy] = Within(self.copy(operands), copied)

    def _call(self, node: tree.Call) -> tree.Expression:
        meaning = self._into.meanings[node]
        arguments = self.copy(node.arguments)
        instead = self._given.get(meaning)
        if instead is None:
            call = self._noted(replace(node, arguments=arguments), meaning)
            self._within(node, call)
            return call
        if not arguments:
            return instead
        if isinstance(instead, tree.Lambda):
            given = dict(zip(instead.parameters, arguments, strict=True))
            return substituted(instead.body, given, self._into)
        if isinstance(instead, tree.Call) and not instead.arguments:
            call = replace(instead, arguments=arguments)
            return self._noted(call, self._into.meanings[instead])
        raise SpecError(node.at, "not supported here: this operator as an argument")

    def _noted(self, call: tree.Call, meaning: Meaning) -> tree.Call:
        self._calls.append((call, meaning))
        return call

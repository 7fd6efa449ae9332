r"""A conjecture: a formula of TLA+ in the words of the proof, as a conjunct.

Its words are the relations of `relations.RELATIONS` and `InTerm(server, term)`, the sets Server,
Quorum, Term, Index and Value, `\in` between a server and a quorum, `=` and `#`, `<` and `<=` (and
their converses) between terms or indices, and 0, the index before the first entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import z3

from raft_ref.spec.proof.invariant import Conjunct
from raft_ref.spec.proof.relations import (
    RELATIONS,
    ZERO,
    Formula,
    Index,
    Quorum,
    Server,
    State,
    Term,
    Value,
    index_le,
    is_in,
    member,
    term_le,
)
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import Position, SpecError
from raft_ref.spec.syntax.parser import parse_module

NAME = "Conjecture"
"""What a conjecture is called."""

_SORTS: Mapping[str, Any] = {str(sort): sort for sort in (Server, Quorum, Term, Index, Value)}
_CONNECTIVES: Mapping[str, Callable[..., Formula]] = {
    "/\\": z3.And,
    "\\/": z3.Or,
    "~": z3.Not,
    "=>": z3.Implies,
    "<=>": lambda one, other: one == other,
}
_ORDERS: Mapping[Any, Any] = {Term: term_le, Index: index_le}


def conjecture(text: str) -> Conjunct:
    """Return a conjecture from its text. Raises `SpecError` where it makes no sense."""
    if not text.strip():
        raise SpecError(Position(NAME, 1, 1), "expected one formula")
    begin = "---- MODULE Conjecture ----\nEXTENDS Naturals\nConjecture ==\n"
    try:
        module = parse_module(f"{begin}{text}\n====\n", NAME)
        (definition,) = (each for each in module.units if isinstance(each, tree.Definition))
    except SpecError as error:
        raise SpecError(_place(error.position), error.reason) from None
    except ValueError:
        raise SpecError(Position(NAME, 1, 1), "expected one formula") from None
    if not (isinstance(definition.body, tree.Quantified) and definition.body.is_universal):
        raise SpecError(Position(NAME, 1, 1), 'expected "\\A ... : ..."')
    body = definition.body
    _Reader(State()).formula(body, {})  # errors are told now
    return Conjunct(NAME, text.strip(), "", lambda state: _Reader(state).formula(body, {}))


def _place(at: Position) -> Position:
    return Position(at.file, max(1, at.line - 3), at.column)


class _Reader:
    """Reads formulas about a state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def formula(self, node: Any, names: Mapping[str, Any]) -> Formula:
        """Return a formula in which these names are bound to variables."""
        match node:
            case tree.Quantified(is_universal=is_universal, bindings=bindings, body=body):
                bound = dict(self._bound(bindings))
                quantify = z3.ForAll if is_universal else z3.Exists
                return quantify([*bound.values()], self.formula(body, {**names, **bound}))
            case tree.Call(name=name, arguments=arguments) if name in _CONNECTIVES:
                return _CONNECTIVES[name](*(self.formula(each, names) for each in arguments))
            case tree.Call(name="TRUE" | "FALSE" as name):
                return z3.BoolVal(name == "TRUE")
            case tree.Call(name=name, arguments=(one, other)) if name in _COMPARED:
                return self._compared(node, name, self._term(one, names), self._term(other, names))
            case tree.Call(name=name, arguments=arguments):
                return self._related(node, name, [self._term(each, names) for each in arguments])
        raise self._error(node, "expected a formula of the proof's words")

    def _bound(self, bindings: tuple[tree.Binding, ...]) -> list[tuple[str, Any]]:
        found = []
        for binding in bindings:
            sort = binding.domain.name if isinstance(binding.domain, tree.Call) else ""
            if sort not in _SORTS:
                raise self._error(binding, f"expected one of {', '.join(_SORTS)} behind \\in")
            for pattern in binding.patterns:
                found += [(each.name, z3.Const(each.name, _SORTS[sort])) for each in pattern.names]
        return found

    def _term(self, node: Any, names: Mapping[str, Any]) -> Formula:
        match node:
            case tree.Number(value=0):
                return ZERO
            case tree.Call(name=name, arguments=()) if name in names:
                return names[name]
            case tree.Call(name=name, arguments=()):
                raise self._error(node, f"{name} is not known")
        raise self._error(node, "expected a variable, or 0")

    def _compared(self, node: Any, name: str, one: Formula, other: Formula) -> Formula:
        if name == "\\in":
            self._expect(node, name, [one, other], (Server, Quorum))
            return member(one, other)
        if one.sort() != other.sort():
            raise self._error(node, f"{name} between a {one.sort()} and a {other.sort()}")
        if name in ("=", "#", "/="):
            return one == other if name == "=" else one != other
        if one.sort() not in _ORDERS:
            raise self._error(node, f"{name}: a {one.sort()} is neither higher nor lower")
        le = _ORDERS[one.sort()]
        if name in (">", ">=", "\\geq"):
            one, other = other, one
        return z3.And(le(one, other), one != other) if name in "<>" else le(one, other)

    def _related(self, node: Any, name: str, given: list[Formula]) -> Formula:
        if name == "InTerm":
            self._expect(node, name, given, (Server, Term))
            return is_in(self._state, *given)
        if name not in RELATIONS:
            raise self._error(node, f"{name} is none of {', '.join(RELATIONS)}, InTerm")
        self._expect(node, name, given, RELATIONS[name])
        return self._state.relations[name](*given)

    def _expect(self, node: Any, name: str, given: list[Formula], sorts: tuple[Any, ...]) -> None:
        if tuple(each.sort() for each in given) != sorts:
            expected, found = (", ".join(map(str, each)) for each in (
                sorts, [each.sort() for each in given]
            ))  # fmt: skip
            raise self._error(node, f"{name}({found}): expected {name}({expected})")

    def _error(self, node: Any, reason: str) -> SpecError:
        return SpecError(_place(node.at), reason)


_COMPARED = ("=", "#", "/=", "<", "<=", "\\leq", "=<", ">", ">=", "\\geq", "\\in")

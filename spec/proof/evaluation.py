"""Evaluates the formulas of the proof in a finite state, as Python compiled from z3's syntax.

A formula is first brought to conjunctions, disjunctions, literals and "there is" (and "there is
no"). What there is, is then looked for by loops: over the facts of a relation where one binds a
variable, over the elements of its sort where none does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

import z3

from raft_ref.spec.proof.relations import ZERO, Formula, index_le, member, term_le


class Structure(NamedTuple):
    """A finite state: the elements of each sort, and the relations.

    Servers and values are named, quorums sets of servers, terms and indices numbers (indices
    from 0), reads and rounds what the servers call them. `relations` has the facts of each.
    """

    elements: Mapping[str, Sequence[Any]]
    relations: Mapping[str, frozenset[tuple[Any, ...]]]


# ---- Formulas without implications, equivalences and negations but of atoms


@dataclass(frozen=True)
class _Atom:
    """`text` is the test in Python, `relation` where its variables may be looked for."""

    text: str
    variables: frozenset[str]
    relation: str = ""
    arguments: tuple[str, ...] = ()
    """Of a relation, or the two sides of an equality, where it is not negated."""


@dataclass(frozen=True)
class _Several:
    """All of the parts hold, or one of them."""

    parts: tuple[_Node, ...]
    is_all: bool

    @property
    def variables(self) -> frozenset[str]:
        return frozenset[str]().union(*(part.variables for part in self.parts))


@dataclass(frozen=True)
class _Exists:
    """There are such elements, or there are none; by their sorts."""

    sorts: Mapping[str, str]
    body: _Node
    is_negated: bool

    @property
    def variables(self) -> frozenset[str]:
        return self.body.variables - self.sorts.keys()


_Node = _Atom | _Several | _Exists

_EQUAL = "="
_MEMBER = "member"


@dataclass
class _Reader:
    """Reads z3's formulas. `names` are those of constants, by which the text calls them."""

    names: dict[str, str]
    reads: set[str] = field(default_factory=set)
    fresh: Iterator[int] = field(default_factory=count)

    def read(self, formula: Formula, is_positive: bool = True) -> _Node:
        if z3.is_quantifier(formula):
            return self._quantified(formula, is_positive)
        parts = formula.children()
        match formula.decl().kind():
            case z3.Z3_OP_NOT:
                return self.read(parts[0], not is_positive)
            case z3.Z3_OP_AND:
                return self._several(parts, is_positive, is_positive)
            case z3.Z3_OP_OR:
                return self._several(parts, is_positive, not is_positive)
            case z3.Z3_OP_IMPLIES:
                return self.read(z3.Or(z3.Not(parts[0]), parts[1]), is_positive)
            case z3.Z3_OP_ITE:
                test, then, other = parts
                both = z3.And(test, then), z3.And(z3.Not(test), other)
                if not is_positive:
                    both = z3.And(test, z3.Not(then)), z3.And(z3.Not(test), z3.Not(other))
                return self._several(both, True, False)
            case z3.Z3_OP_EQ if z3.is_bool(parts[0]):
                one, other = parts
                if is_positive:
                    same = z3.And(one, other), z3.And(z3.Not(one), z3.Not(other))
                else:
                    same = z3.And(one, z3.Not(other)), z3.And(z3.Not(one), other)
                return self._several(same, True, False)
        return self._atom(formula, parts, is_positive)

    def _several(self, parts: Sequence[Formula], is_positive: bool, is_all: bool) -> _Node:
        return _Several(tuple(self.read(part, is_positive) for part in parts), is_all)

    def _quantified(self, formula: Formula, is_positive: bool) -> _Node:
        names = [f"x{next(self.fresh)}" for _ in range(formula.num_vars())]
        sorts = [formula.var_sort(number) for number in range(formula.num_vars())]
        constants = [z3.Const(name, sort) for name, sort in zip(names, sorts, strict=True)]
        self.names |= {name: name for name in names}
        body = z3.substitute_vars(formula.body(), *reversed(constants))
        is_forall = formula.is_forall()
        read = self.read(body, not is_forall)
        return _Exists(
            {name: str(sort) for name, sort in zip(names, sorts, strict=True)},
            read,
            is_negated=is_forall == is_positive,
        )

    def _atom(self, formula: Formula, parts: Sequence[Formula], is_positive: bool) -> _Node:
        if not parts:
            return _Atom(str(z3.is_true(formula) == is_positive), frozenset())
        given = tuple("0" if part.eq(ZERO) else self.names[str(part)] for part in parts)
        variables = frozenset(given) - {"0"}
        name = formula.decl().name()
        kind = formula.decl().kind()
        if kind in (z3.Z3_OP_EQ, z3.Z3_OP_DISTINCT):
            is_equal = (kind == z3.Z3_OP_EQ) == is_positive
            text = f"{given[0]} {'==' if is_equal else '!='} {given[1]}"
            return _Atom(text, variables, *((_EQUAL, given) if is_equal else ()))
        if formula.decl() in (term_le, index_le):
            return _Atom(f"{given[0]} {'<=' if is_positive else '>'} {given[1]}", variables)
        test = "in" if is_positive else "not in"
        if formula.decl() == member:
            text = f"{given[0]} {test} {given[1]}"
            return _Atom(text, variables, *((_MEMBER, given) if is_positive else ()))
        self.reads.add(name)
        text = f"({', '.join(given)},) {test} {name}"
        return _Atom(text, variables, *((name, given) if is_positive else ()))


# ---- Python


@dataclass
class _Writer:
    """Writes Python: tests, and the loops that look for what there is."""

    fresh: Iterator[int] = field(default_factory=count)

    def test(self, node: _Node) -> str:
        """Return the text that says whether a formula holds whose variables are all bound."""
        match node:
            case _Atom(text):
                return text
            case _Several(parts, is_all):
                texts = [self.test(part) for part in parts]
                return f"({(' and ' if is_all else ' or ').join(texts) or str(is_all)})"
            case _Exists(sorts, body, is_negated):
                found = [f"any(True{loops})" for loops in self.loops(sorts, body)]
                return f"{'not ' if is_negated else ''}({' or '.join(found)})"

    def loops(self, sorts: Mapping[str, str], body: _Node) -> list[str]:
        """Return loops that together find all elements of which the body holds."""
        found = self._loops(dict(sorts), [body])
        return [each if each.startswith(" for") else f" for _ in (0,){each}" for each in found]

    def _loops(self, unbound: dict[str, str], todo: list[_Node]) -> list[str]:
        text = ""
        while todo or unbound:
            node = self._next(unbound, todo)
            if node is None:
                name, sort = unbound.popitem()
                text += f" for {name} in {sort}"
                continue
            todo.remove(node)
            match node:
                case _Several(parts, is_all=True):
                    todo += parts
                case _Exists(sorts, body, is_negated=False) if unbound:
                    unbound |= sorts
                    todo.append(body)
                case _ if not node.variables & unbound.keys():
                    text += f" if {self.test(node)}"
                case _Atom():
                    text += self._bound(node, unbound)
                case _Several(parts):
                    return [
                        text + rest
                        for part in parts
                        for rest in self._loops(dict(unbound), [part, *todo])
                    ]
                case _:
                    raise AssertionError(node)
        return [text]

    def _next(self, unbound: Mapping[str, str], todo: Sequence[_Node]) -> _Node | None:
        """Return what is best done next; None for an element of a sort."""

        def cost(node: _Node) -> int | None:
            missing = len(node.variables & unbound.keys())
            match node:
                case _Several(is_all=True) | _Exists(is_negated=False):
                    return 0
                case _ if not missing:
                    return 0
                case _Atom(relation="=", arguments=(one, other)):
                    return 1 if missing == 1 and one != other else None
                case _Atom(relation="member", arguments=(_, quorum)):
                    return 2 if quorum not in unbound else None
                case _Atom(relation=relation) if relation:
                    return 2 + missing
                case _Several():
                    return 10
            return None

        costs = [(found, at) for at, node in enumerate(todo) if (found := cost(node)) is not None]
        return todo[min(costs)[1]] if costs else None

    def _bound(self, atom: _Atom, unbound: dict[str, str]) -> str:
        """Return the loop over what an atom may bind its variables to."""
        if atom.relation == _EQUAL:
            one, other = atom.arguments
            if other in unbound:
                one, other = other, one
            del unbound[one]
            return f" for {one} in ({other},)"
        if atom.relation == _MEMBER:
            del unbound[atom.arguments[0]]
            return f" for {atom.arguments[0]} in {atom.arguments[1]}"
        targets, tests = [], []
        for argument in atom.arguments:
            if argument in unbound:
                del unbound[argument]
                targets.append(argument)
            else:
                targets.append(f"y{next(self.fresh)}")
                tests.append(f" if {targets[-1]} == {argument}")
        return f" for {', '.join(targets)}, in {atom.relation}{''.join(tests)}"


class Compiled(NamedTuple):
    """A formula as a function of a structure and arguments, and the relations that it reads."""

    call: Callable[..., Any]
    reads: frozenset[str]


def _compiled(
    parameters: Sequence[Formula], expression: Callable[[_Reader, _Writer], str]
) -> Compiled:
    names = {str(each): f"a{number}" for number, each in enumerate(parameters)}
    reader = _Reader(names)
    given = [*names.values()]
    text = expression(reader, _Writer())
    sorts = ("Server", "Quorum", "Term", "Index", "Value", "Read", "Round")
    lines = [
        f"def call({', '.join(['structure', *given])}):",
        *(f"    {sort} = structure.elements[{sort!r}]" for sort in sorts if sort in text),
        *(f"    {name} = structure.relations[{name!r}]" for name in sorted(reader.reads)),
        f"    return {text}",
    ]
    space: dict[str, Any] = {}
    exec(compile("\n".join(lines), "<a formula of the proof>", "exec"), space)
    return Compiled(space["call"], frozenset(reader.reads))


def truth_of(formula: Formula, parameters: Sequence[Formula] = ()) -> Compiled:
    """Return a formula as a function from a structure and the parameters to whether it holds."""
    return _compiled(parameters, lambda reader, writer: writer.test(reader.read(formula)))


def set_of(
    holds: Callable[..., Formula], sorts: Sequence[Any], parameters: Sequence[Formula] = ()
) -> Compiled:
    """Return what `holds` says of a relation of these sorts, as a function that gives its facts."""
    made = [z3.Const(f"r{number}", sort) for number, sort in enumerate(sorts)]

    def expression(reader: _Reader, writer: _Writer) -> str:
        reader.names |= {str(each): str(each) for each in made}
        loops = writer.loops(
            {str(each): str(each.sort()) for each in made}, reader.read(holds(*made))
        )
        fact = f"({', '.join(map(str, made))},)"
        return f"frozenset().union({', '.join(f'({fact}{each})' for each in loops)})"

    return _compiled(parameters, expression)


def falsified(formula: Formula) -> Compiled:
    """Return a formula "for all ..." as a function that gives the first elements it fails for.

    They are by the names that the formula gives its variables; None where it holds.
    """
    assert z3.is_quantifier(formula)
    assert formula.is_forall()

    def expression(reader: _Reader, writer: _Writer) -> str:
        node = reader.read(formula)
        assert isinstance(node, _Exists)
        names = [formula.var_name(number) for number in range(formula.num_vars())]
        pairs = ", ".join(
            f"{name!r}: {found}" for name, found in zip(names, node.sorts, strict=True)
        )
        found = [f"({{{pairs}}}{loops})" for loops in writer.loops(node.sorts, node.body)]
        return f"next((each for some in ({', '.join(found)},) for each in some), None)"

    return _compiled((), expression)


def as_text(elements: Mapping[str, Any]) -> str:
    """Return as text what a formula is false of, "s = s1, q = {s1, s2}"."""
    return ", ".join(f"{name} = {shown(element)}" for name, element in elements.items())


def shown(element: Any) -> str:
    """Return an element as text: a quorum as a set of servers."""
    if isinstance(element, frozenset):
        return "{" + ", ".join(sorted(map(str, element))) + "}"
    return str(element)

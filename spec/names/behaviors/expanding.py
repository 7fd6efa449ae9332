r"""From the tree of a temporal formula to its connectives.

Operators are written out, and so is \A or \E over a constant set: an operand for each element.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping

from raft_ref.spec.names.behaviors.formulas import (
    Always,
    And,
    Atom,
    Eventually,
    Fairness,
    Formula,
    Not,
    Or,
    implies,
    leads_to,
)
from raft_ref.spec.names.scope import Meaning, Resolution, Within
from raft_ref.spec.names.substitution import applied, substituted
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.spec.syntax.expressions import STEP_NO_STUTTER, STEP_OR_STUTTER
from raft_ref.spec.values.standard import LANGUAGE
from raft_ref.spec.values.value import Value

FAIRNESS = {"weak fairness": False, "strong fairness": True}
"""The constructs of WF and SF, and whether each is the strong one."""

Elements = Callable[[tree.Definition, Mapping[str, Value]], Iterable[Value]]
"""What gives the elements of a constant set, given values of further constants."""


def is_temporal(node: tree.Node, meanings: Mapping[tree.Call, Meaning]) -> bool:
    """Whether a temporal operator stands in an expression, or in what it names."""
    waiting, known = [node], set[tree.Node]()
    while waiting:
        each = waiting.pop()
        if isinstance(each, tree.Unsupported) and each.operands:
            return True
        meaning = meanings.get(each) if isinstance(each, tree.Call) else None
        if isinstance(meaning, tree.Definition) and meaning not in known:
            known.add(meaning)
            waiting.append(meaning.body)
        waiting += tree.children(each)
    return False


class Expander:
    """Makes connectives of trees; `constants` are those that stand for elements of sets.

    Arguments: where meanings are noted, and what gives the elements of a set.
    """

    def __init__(self, into: Resolution, elements: Elements) -> None:
        self.into = into
        self.constants: dict[str, Value] = {}
        self._elements = elements
        self._lets: tuple[tree.Let, ...] = ()

    def formula(self, node: tree.Expression) -> Formula:
        """Return an expression in the connectives; raises `SpecError` for what is none."""
        if not is_temporal(node, self.into.meanings):
            return self._atom(node)
        match node:
            case tree.Call():
                return self._call(node)
            case tree.Quantified():
                parts = tuple(map(self.formula, self._instances(node)))
                return And(parts) if node.is_universal else Or(parts)
            case tree.If():
                condition = self.formula(node.condition)
                then, otherwise = self.formula(node.then), self.formula(node.otherwise)
                return And((implies(condition, then), Or((condition, otherwise))))
            case tree.Let():
                outer, self._lets = self._lets, (*self._lets, node)
                try:
                    return self.formula(node.body)
                finally:
                    self._lets = outer
            case tree.Unsupported():
                return self._temporal(node)
        raise SpecError(node.at, "not supported here: this expression around a temporal formula")

    def conjuncts(self, node: tree.Expression) -> Iterator[tree.Expression | Fairness]:
        """Yield the conjuncts of an expression, fairness as what it is."""
        if not is_temporal(node, self.into.meanings):
            yield node
        elif isinstance(node, tree.Call) and node.name == "/\\":
            for each in node.arguments:
                yield from self.conjuncts(each)
        elif isinstance(node, tree.Call) and isinstance(self.into.meanings[node], tree.Definition):
            yield from self.conjuncts(self._applied(node))
        elif isinstance(node, tree.Quantified) and node.is_universal:
            for instance in self._instances(node):
                yield from self.conjuncts(instance)
        elif isinstance(node, tree.Unsupported) and node.construct in FAIRNESS:
            yield self._fairness(node)
        else:
            yield node

    def _applied(self, node: tree.Call) -> tree.Expression:
        meaning = self.into.meanings[node]
        assert isinstance(meaning, tree.Definition)
        if meaning.is_recursive:
            raise SpecError(node.at, "not supported here: a recursive temporal formula")
        return applied(node, meaning, self.into)

    def _call(self, node: tree.Call) -> Formula:
        if isinstance(self.into.meanings[node], tree.Definition):
            return self.formula(self._applied(node))
        operands = tuple(map(self.formula, node.arguments))
        match node.name:
            case "/\\":
                return And(operands)
            case "\\/":
                return Or(operands)
            case "~":
                return Not(operands[0])
            case "=>":
                return implies(*operands)
            case "<=>" | "=":
                return And((implies(*operands), implies(*operands[::-1])))
        raise SpecError(node.at, f"not supported here: {node.name} of temporal formulas")

    def _temporal(self, node: tree.Unsupported) -> Formula:
        match node.construct:
            case "operator []":
                return Always(self._operand(node, "[A]_v"))
            case "operator <>":
                return Eventually(self._operand(node, "<<A>>_v"))
            case "operator ~>":
                return leads_to(*map(self.formula, node.operands))
            case kind if kind in FAIRNESS:
                return self._fairness(node).formula
            case kind if kind == STEP_OR_STUTTER:
                return Or((self._of_step(node.operands[0]), Not(self._changed(node.operands[1]))))
            case kind if kind == STEP_NO_STUTTER:
                return And((self._of_step(self._both(node.operands)),))
        raise SpecError(node.at, f"not supported here: {node.construct} in a property")

    def _operand(self, node: tree.Unsupported, form: str) -> Formula:
        """Return what [] or <> says; of steps, it must be in the form that allows stuttering."""
        operand = self.formula(node.operands[0])
        if isinstance(operand, Atom):
            self._demand_of_states(operand.definition, f"{node.construct[9:]}{form}")
        return operand

    def _demand_of_states(self, definition: tree.Definition, form: str) -> None:
        if is_step(definition.body, self.into.meanings):
            raise SpecError(definition.at, f"this is of steps: write {form}")

    def _fairness(self, node: tree.Unsupported) -> Fairness:
        both = self._both(node.operands)
        enabled = tree.Call(node.at, "ENABLED", (both,))
        self.into.meanings[enabled] = LANGUAGE["ENABLED"]
        within = self.into.within.get(node)
        if within is not None:
            operands = (self._both(within.operands),)
            self.into.within[enabled] = Within(operands, within.values)
        return Fairness(
            FAIRNESS[node.construct], self._atom(enabled), self._of_step(both), node.text
        )

    def _both(self, operands: tuple[tree.Expression, ...]) -> tree.Expression:
        r"""Return `A /\ v' # v` for the operands A and v."""
        action, subscript = operands
        changed = self._noted("#", tree.Prime(subscript.at, subscript), subscript)
        return self._noted("/\\", action, changed)

    def _changed(self, subscript: tree.Expression) -> Formula:
        return self._of_step(self._noted("#", tree.Prime(subscript.at, subscript), subscript))

    def _noted(self, name: str, *operands: tree.Expression) -> tree.Call:
        call = tree.Call(operands[0].at, name, operands)
        self.into.meanings[call] = LANGUAGE[name]
        return call

    def _of_step(self, node: tree.Expression) -> Atom:
        if is_temporal(node, self.into.meanings):
            raise SpecError(node.at, "not supported here: a temporal formula within an action")
        return self._atom(node)

    def _atom(self, node: tree.Expression) -> Atom:
        for let in reversed(self._lets):
            node = tree.Let(node.at, (), let.definitions, node)
        made = tree.Definition(node.at, "condition", (), node)
        self.into.definitions.append(made)
        self.into.of_modules.add(made)
        return Atom(made)

    def _instances(self, node: tree.Quantified) -> Iterator[tree.Expression]:
        """Yield the body of a quantifier for each choice of elements."""
        ranges: list[list[dict[tree.Bound, Value]]] = []
        for binding in node.bindings:
            domain = self._atom(binding.domain).definition
            elements = [*self._elements(domain, self.constants)]
            for pattern in binding.patterns:
                if pattern.is_tuple:
                    raise SpecError(node.at, "not supported here: tuples of names in a property")
                ranges.append([{pattern.names[0]: each} for each in elements])
        for chosen in itertools.product(*ranges):
            given = {name: self._constant(name, v) for each in chosen for name, v in each.items()}
            yield substituted(node.body, given, self.into)

    def _constant(self, name: tree.Bound, value: Value) -> tree.Expression:
        known = f"element{len(self.constants)}_{name.name}"
        self.constants[known] = value
        call = tree.Call(name.at, known)
        self.into.meanings[call] = tree.Constant(name.at, known, 0)
        return call


def is_step(node: tree.Node, meanings: Mapping[tree.Call, Meaning]) -> bool:
    """Whether an expression is of two states: primes stand in it, or in what it names."""
    waiting, known = [node], set[tree.Node]()
    while waiting:
        each = waiting.pop()
        if isinstance(each, tree.Prime) or (
            isinstance(each, tree.Call) and each.name == "UNCHANGED"
        ):
            return True
        if isinstance(each, tree.Call) and each.name == "ENABLED":
            continue
        meaning = meanings.get(each) if isinstance(each, tree.Call) else None
        if isinstance(meaning, tree.Definition) and meaning not in known:
            known.add(meaning)
            waiting.append(meaning.body)
        waiting += tree.children(each)
    return False

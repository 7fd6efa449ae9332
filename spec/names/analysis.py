"""What is known of an operator before it is evaluated.

Three questions, each answered by a fixpoint over the definitions: which names an expression reads
(each as it is or primed), which of them it is certain to evaluate, and whether its value is a
formula. A name read twice, unprimed and primed, is two reads: `Op(x)'` reads what `Op(x)` reads,
all of it primed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from raft_ref.spec.names.order import called_by, called_first
from raft_ref.spec.names.scope import Resolution
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import Position
from raft_ref.spec.syntax.expressions import STEP_NO_STUTTER, STEP_OR_STUTTER, Declaration
from raft_ref.spec.values.builtin import Builtin

Read: TypeAlias = tuple[Declaration, bool]
Reads: TypeAlias = frozenset[Read]

_NOTHING: Final[Reads] = frozenset()

STEPS: Final = (STEP_OR_STUTTER, STEP_NO_STUTTER)
"""The constructs of [A]_v and <<A>>_v, which are formulas of two states like A."""

VARYING: Final = tree.Bound(Position("", 0, 0), "varying")
"""Read by what depends on more than values of variables: on TLCGet, for example."""

DRAWN: Final = tree.Bound(Position("", 0, 0), "drawn")
"""Read by what is drawn at random."""


class Analysis:
    """The answers for all definitions of a specification.

    With `known`, what is known of some of the definitions, those are not looked at again.
    """

    def __init__(self, resolution: Resolution, known: Analysis | None = None) -> None:
        self.resolution = resolution
        self.meanings = resolution.meanings
        self._of_modules = resolution.of_modules
        self._reads: dict[tree.Definition, Reads] = {**known._reads} if known else {}
        self._certain: dict[tree.Definition, Reads] = {**known._certain} if known else {}
        self._formulas: dict[tree.Definition, bool] = {**known._formulas} if known else {}
        unknown = [each for each in resolution.definitions if each not in self._reads]
        for each in unknown:
            self._certain[each] = _both(each.parameters)
        self._reads_of_node: dict[tuple[tree.Node, bool], Reads] | None = None
        self._settle(unknown)
        self._reads_of_node = {}  # what is found from now on stays

    def _settle(self, definitions: list[tree.Definition]) -> None:
        """Find the answers: for what is called first, and again for callers of what has changed."""
        called = {each: called_by(each, self.meanings) for each in definitions}
        callers: dict[tree.Definition, list[tree.Definition]] = {each: [] for each in definitions}
        for caller, others in called.items():
            for each in others:
                if each in callers:
                    callers[each].append(caller)
        in_order, waiting = called_first(called), {*definitions}
        while waiting:
            for each in in_order:
                if each not in waiting:
                    continue
                waiting.remove(each)
                found = (self.reads(each.body), self.certain(each.body), self.is_formula(each.body))
                if found != (
                    self._reads.get(each),
                    self._certain.get(each),
                    self._formulas.get(each),
                ):
                    self._reads[each], self._certain[each], self._formulas[each] = found
                    waiting.update(callers[each])

    # Reads

    def reads_of(self, definition: tree.Definition) -> Reads:
        """Return all that the body of a definition reads, its parameters included."""
        return self._reads.get(definition, _NOTHING)

    def is_constant(self, node: tree.Expression) -> bool:
        """Whether the expression has one value, whatever the state and the place."""
        return not self.reads(node)

    def reads(self, node: tree.Node, primed: bool = False) -> Reads:
        """Return what a node reads: variables, parameters, bound names and LET definitions."""
        known = self._reads_of_node
        if known is not None and (node, primed) in known:
            return known[node, primed]
        # In one function, with what is kept: nesting is as deep as Python's stack goes.
        if isinstance(node, tree.Prime):
            found = self.reads(node.operand, True)
        elif isinstance(node, tree.Call):
            found = self._reads_of_call(node, primed)
        elif isinstance(node, tree.Let):
            found = self.reads(node.body, primed) - _both(node.definitions)
        elif isinstance(node, tree.Unsupported) and node.construct in STEPS:
            action, variables = node.operands
            found = self.reads(action, primed) | self.reads(variables) | self.reads(variables, True)
        else:
            below = [self.reads(each, primed) for each in tree.children(node)]
            found = _NOTHING.union(*below) - bound_by(node)
        if known is not None:
            known[node, primed] = found
        return found

    def _reads_of_call(self, node: tree.Call, primed: bool) -> Reads:
        meaning = self.meanings[node]
        if isinstance(meaning, tree.Definition):
            return self._reads_through(meaning, node, primed)
        found = _NOTHING.union(*[self.reads(each, primed) for each in node.arguments])
        if isinstance(meaning, Builtin):
            if meaning.name == "UNCHANGED":
                found |= self.reads(node.arguments[0], True)
            if meaning.varies:
                found |= {(DRAWN if meaning.is_drawn else VARYING, False)}
            return self._reads_of_enabled(node, found) if meaning.name == "ENABLED" else found
        if isinstance(meaning, tree.Constant):
            return found
        is_rigid = isinstance(meaning, tree.Bound)
        return found | {(meaning, primed and not is_rigid)}

    def _reads_of_enabled(self, node: tree.Call, found: Reads) -> Reads:
        """Return what ENABLED reads: the next state that it asks for is not given."""
        within = self.resolution.within.get(node)
        if within is not None:
            found = _NOTHING.union(*[self.reads(each) for each in within.operands])
            found = frozenset(read for read in found if read[0] not in within.values)
            found = found.union(*[self.reads(each) for each in within.values.values()])
        return frozenset(
            (name, p) for name, p in found if not (p and isinstance(name, tree.Variable))
        )

    def _reads_through(self, definition: tree.Definition, node: tree.Call, primed: bool) -> Reads:
        """Return the reads of a call, its parameters replaced by what the arguments read."""
        arguments = dict(zip(definition.parameters, node.arguments, strict=False))
        found: set[Read] = set()
        if definition not in self._of_modules:
            found.add((definition, primed))
        for name, is_primed in self.reads_of(definition):
            if name in definition.parameters:
                if name in arguments:
                    found |= self.reads(arguments[name], primed or is_primed)
            else:
                is_rigid = isinstance(name, tree.Bound)
                found.add((name, (primed or is_primed) and not is_rigid))
        return frozenset(found)

    def is_of_let(self, definition: tree.Definition) -> bool:
        """Whether a definition stands in a LET, not at the top of a module."""
        return definition not in self._of_modules

    def varies(self, definition: tree.Definition) -> bool:
        """Whether a definition may have another value although all that it reads is the same."""
        return not self.reads_of(definition).isdisjoint({(VARYING, False), (DRAWN, False)})

    def is_kept(self, definition: tree.Definition) -> bool:
        """Whether the value of a definition that reads no variable is computed once."""
        return (VARYING, False) not in self.reads_of(definition)

    # Certain evaluation

    def is_certain(self, definition: tree.Definition, parameter: tree.Parameter, p: bool) -> bool:
        """Whether a call always evaluates that argument, so that it need not be delayed."""
        return (parameter, p) in self._certain[definition]

    def certain(self, node: tree.Node, primed: bool = False) -> Reads:
        """Return the names that every evaluation of the node evaluates."""
        match node:
            case tree.Prime():
                return self.certain(node.operand, True)
            case tree.Call() if node.name != "ENABLED":
                return self._certain_of_call(node, primed)
            case tree.If():
                either = self.certain(node.then, primed) & self.certain(node.otherwise, primed)
                return self.certain(node.condition, primed) | either
            case tree.Case():
                return self.certain(node.conditions[0], primed) if node.conditions else _NOTHING
            case tree.Let():
                return self.certain(node.body, primed)
            case tree.Lambda() | tree.Definition() | tree.Unsupported() | tree.Call(name="ENABLED"):
                return _NOTHING
            case tree.FunctionLiteral() if node.itself is not None:
                return _NOTHING
            case tree.Except():
                return self.certain(node.function, primed)
        if isinstance(node, tree.BINDERS):
            return self.certain(node.bindings[0].domain, primed)
        return _NOTHING.union(*[self.certain(each, primed) for each in tree.children(node)])

    def _certain_of_call(self, node: tree.Call, primed: bool) -> Reads:
        meaning = self.meanings[node]
        if node.name in ("/\\", "\\/", "=>") and node.arguments:
            return self.certain(node.arguments[0], primed)
        if isinstance(meaning, tree.Definition):
            if len(node.arguments) < len(meaning.parameters):
                return _NOTHING  # handed on as an operator, perhaps never called
            arguments = dict(zip(meaning.parameters, node.arguments, strict=True))
            found: set[Read] = {(meaning, primed)}
            for name, is_primed in self._certain[meaning]:
                if isinstance(name, tree.Parameter) and name in arguments:
                    found |= self.certain(arguments[name], primed or is_primed)
                else:
                    found.add((name, primed or is_primed))
            return frozenset(found)
        found = set(_NOTHING.union(*[self.certain(each, primed) for each in node.arguments]))
        if not isinstance(meaning, Builtin | tree.Constant):
            found.add((meaning, primed))
        return frozenset(found)

    # Formulas

    def is_formula(self, node: tree.Node) -> bool:
        """Whether the value of the node is a Boolean, judged by its form."""
        match node:
            case tree.Quantified():
                return True
            case tree.Prime():
                return self.is_formula(node.operand)
            case tree.Let():
                return self.is_formula(node.body)
            case tree.If():
                return self.is_formula(node.then) and self.is_formula(node.otherwise)
            case tree.Case():
                results = [*node.results, *([node.otherwise] if node.otherwise else [])]
                return all(self.is_formula(each) for each in results)
            case tree.Call():
                meaning = self.meanings[node]
                if isinstance(meaning, Builtin):
                    return meaning.returns == "formula"
                return isinstance(meaning, tree.Definition) and self._formulas.get(meaning, False)
        return False


def bound_by(node: tree.Node) -> Reads:
    """Return the names that have a meaning within the node alone, those of a LET left out."""
    bound: list[Declaration] = []
    if isinstance(node, tree.BINDERS):
        bound += [
            name
            for binding in node.bindings
            for pattern in binding.patterns
            for name in pattern.names
        ]
    if isinstance(node, tree.FunctionLiteral) and node.itself is not None:
        bound.append(node.itself)
    if isinstance(node, tree.Update):
        bound.append(node.previous)
    if isinstance(node, tree.Lambda):
        bound += node.parameters
    return _both(bound)


def _both(names: Iterable[Declaration]) -> Reads:
    return frozenset((name, primed) for name in names for primed in (False, True))

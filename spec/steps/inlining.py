"""Operators written out in place of their calls: what the names in them stand for.

A parameter stands for its argument, wherever that reads what has no value yet or is a formula,
and else for its value. A definition of a LET that reads what has no value yet is defined anew for
each expression that uses it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Final

from raft_ref.spec.code.call_forms import operator
from raft_ref.spec.code.generator import Generator
from raft_ref.spec.names.analysis import Read
from raft_ref.spec.names.environment import EMPTY, Assignment, Environment, Local, Values
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.spec.syntax.expressions import Declaration
from raft_ref.spec.values.builtin import Builtin
from raft_ref.spec.values.runtime import in_kept_order

_LOOPS_IN_A_FUNCTION: Final = 10


class Inlining:
    """Writes expressions of an action, and the names in them, into a generator's function.

    `primed` says whether primed variables get their values, or unprimed ones as in Init.
    """

    def __init__(
        self, generator: Generator, variables: Sequence[tree.Variable], *, primed: bool
    ) -> None:
        self.generator = generator
        self.variables = frozenset(variables)
        self.primed = primed
        self._loops = 0

    def evaluating(
        self, node: tree.Expression, environment: Environment, values: Values
    ) -> AbstractContextManager[None]:
        """Let the generator write an expression of the action."""
        return self._evaluating(node, environment, values)

    @contextmanager
    def _evaluating(
        self, node: tree.Expression, environment: Environment, values: Values
    ) -> Iterator[None]:
        generator = self.generator
        outer = generator.locals, generator.assignment
        generator.assignment = Assignment(self.primed, values)
        try:
            known = dict(environment.locals)
            certain = generator.analysis.certain(node)
            for definition, primed, own in self._needed(node, environment, False):
                is_own = own is environment and not primed
                is_certain = is_own and (definition, False) in certain
                generator.locals = known if is_own else own.locals
                generator.local(definition, primed, is_certain=is_certain)
                if is_certain:
                    known[definition] = known[definition]._replace(is_delayed=False)
            generator.locals = known
            yield
        finally:
            generator.locals, generator.assignment = outer

    @contextmanager
    def naming(self, environment: Environment) -> Iterator[None]:
        """Let the generator refer to the names of an environment."""
        outer, self.generator.locals = self.generator.locals, environment.locals
        yield
        self.generator.locals = outer

    @contextmanager
    def looping(self, head: str) -> Iterator[None]:
        """Write a loop, now and then with a function around its body: Python nests 20 loops."""
        writer = self.generator.writer
        writer.emit(head)
        self._loops += 1
        with writer.indented():
            if self._loops % _LOOPS_IN_A_FUNCTION:
                yield
            else:
                name = writer.fresh()
                writer.emit(f"def {name}():")
                with writer.indented():
                    yield
                writer.emit(f"{name}()")
        self._loops -= 1

    def _needed(
        self, node: tree.Expression, environment: Environment, primed: bool
    ) -> list[tuple[tree.Definition, bool, Environment]]:
        """Return the late definitions that an expression uses, each with its environment."""
        reads = self.generator.analysis.reads(node, primed)
        found = [
            each
            for name, p in reads
            if (behind := _expression_of(name, p, environment)) is not None
            for each in self._needed(behind[0], behind[1], p)
        ]
        return found + [
            (each, p, environment)
            for each in environment.late
            for p in (False, True)
            if (each, p) in reads
        ]

    def _reads(
        self, node: tree.Node, environment: Environment, primed: bool = False
    ) -> frozenset[Read]:
        """Return what an expression reads, the arguments that parameters stand for included."""
        reads = self.generator.analysis.reads(node, primed)
        for name, p in reads:
            behind = _expression_of(name, p, environment)
            if behind is not None:
                reads |= self._reads(*behind, p)
        return reads

    def reads_assigned(self, node: tree.Node, environment: Environment) -> bool:
        """Whether an expression reads a variable of those that the action gives values."""
        reads = self._reads(node, environment)
        return any(isinstance(name, tree.Variable) and p == self.primed for name, p in reads)

    def inlined(
        self, node: tree.Call, definition: tree.Definition, environment: Environment, values: Values
    ) -> Environment:
        """Return the environment of an operator's body that is written in place of a call."""
        if definition in environment.inside:
            raise SpecError(node.at, f"not supported here: recursive action {definition.name}")
        given = {
            parameter: self.argument(definition, parameter, argument, environment, values)
            for parameter, argument in zip(definition.parameters, node.arguments, strict=True)
        }
        is_of_let = self.generator.analysis.is_of_let(definition)
        base = environment if is_of_let else EMPTY
        return replace(
            base.with_locals(given),
            late=environment.late,
            inside=(*environment.inside, definition),
        )

    def argument(
        self,
        definition: tree.Definition,
        parameter: tree.Parameter,
        argument: tree.Expression,
        environment: Environment,
        values: Values,
    ) -> Local:
        """Return what stands for a parameter: its argument, or the name of its value."""
        generator = self.generator
        argument, environment = behind(argument, environment, generator)
        written_out = Local(None, False, argument, environment)
        if self.reads_assigned(argument, environment):
            return written_out
        if parameter.arity:
            with self.evaluating(argument, environment, values):
                return Local(operator(generator, argument, parameter.arity, False))
        if _is_plain(argument, generator) or generator.analysis.is_formula(argument):
            return written_out
        with self.evaluating(argument, environment, values):
            is_certain = generator.analysis.is_certain(definition, parameter, False)
            if is_certain or self._is_cheap(argument):
                text = generator.writer.named(generator.value(argument, False).text)
                return Local(text, False, argument, environment)
            delayed = generator.delayed_text(lambda: generator.value(argument, False).text)
            return Local(generator.writer.named(delayed), True, argument, environment)

    def _is_cheap(self, node: tree.Expression) -> bool:
        """Whether to evaluate what may not be needed: if it fails, the oracle is asked."""
        if self.generator.careful:
            return False
        if isinstance(node, tree.SetLiteral):
            return all(self._is_cheap(each) for each in node.elements)
        if isinstance(node, tree.Application):
            return self._is_cheap(node.function) and _is_plain(node.argument, self.generator)
        if isinstance(node, tree.Call) and node.name in ("\\", "\\cup", "\\cap", "+", "-"):
            return all(self._is_cheap(each) for each in node.arguments)
        return _is_plain(node, self.generator)

    def let(self, node: tree.Let, environment: Environment, values: Values) -> Environment:
        """Write the definitions of a LET; return the environment of its body."""
        generator = self.generator
        names = {each: Local(generator.fresh_name(each)) for each in node.definitions}
        inner = environment.with_locals(names)
        used = generator.analysis.reads(node.body)
        certain = generator.analysis.certain(node.body)
        late = list(environment.late)
        for each in node.definitions:
            if self.reads_assigned(each.body, inner):
                names[each] = names[each]._replace(is_delayed=not each.parameters)
                late.append(each)
            elif (each, False) in used:
                with self.evaluating(each.body, inner, values):
                    is_certain = (each, False) in certain or self._is_cheap(each.body)
                    generator.local(each, False, is_certain=is_certain)
                is_delayed = generator.is_delayed(each, False)
                names[each] = names[each]._replace(is_delayed=is_delayed)
            inner = environment.with_locals(names)
        return replace(inner, late=tuple(late))

    def elements(self, domain: tree.Expression, environment: Environment, values: Values) -> str:
        """Return a name for the elements of a set in a fixed order."""
        generator = self.generator
        in_order = generator.constant_in_order(domain)
        if in_order is not None:
            return in_order
        if generator.analysis.is_constant(domain):
            return generator.writer.named(f"{generator.once(domain, in_kept_order)}()")
        with self.evaluating(domain, environment, values):
            text = generator.value(domain, False).text
        helper = generator.namespace.helper(in_kept_order)
        return generator.writer.named(generator.fallible(domain, helper, text))

    def bound(self, node: tree.Quantified, environment: Environment) -> Environment:
        """Return the environment within a quantifier."""
        names = names_of(node)
        return environment.with_locals(
            {each: Local(self.generator.fresh_name(each)) for each in names}
        )


def _expression_of(
    name: Declaration, primed: bool, environment: Environment
) -> tuple[tree.Expression, Environment] | None:
    """Return the expression that a name stands for, if it is not a text."""
    local = environment.locals.get(name)
    if local is None or local.expression is None or (local.text is not None and not primed):
        return None
    return local.expression, local.environment


def behind(
    node: tree.Expression, environment: Environment, generator: Generator
) -> tuple[tree.Expression, Environment]:
    """Follow parameters that stand for an expression to that expression."""
    while isinstance(node, tree.Call):
        meaning = generator.analysis.meanings[node]
        if not isinstance(meaning, tree.Parameter):
            break
        behind = _expression_of(meaning, False, environment)
        if behind is None:
            break
        expression, inner = behind
        if not node.arguments:
            node, environment = expression, inner
            continue
        if isinstance(expression, tree.Lambda):
            pairs = zip(expression.parameters, node.arguments, strict=True)
            given = {each: Local(None, False, of, environment) for each, of in pairs}
            node, environment = expression.body, inner.with_locals(given)
            continue
        if not isinstance(expression, tree.Call):
            raise SpecError(node.at, "not supported here: this operator as an action")
        call = tree.Call(node.at, expression.name, node.arguments)
        generator.analysis.meanings[call] = generator.analysis.meanings[expression]
        node = call
    return node, environment


def _is_plain(node: tree.Expression, generator: Generator) -> bool:
    """Whether an expression is a name or a literal, which costs nothing to evaluate."""
    if isinstance(node, tree.Call) and not node.arguments:
        meaning = generator.analysis.meanings[node]
        return not isinstance(meaning, tree.Definition | Builtin)
    return isinstance(node, tree.Number | tree.String)


def names_of(node: tree.Quantified) -> list[tree.Bound]:
    """Return the names that a quantifier binds."""
    return [name for each in node.bindings for p in each.patterns for name in p.names]

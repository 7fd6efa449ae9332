r"""Residuals: what of an action is evaluated only when the dynamic variables are known.

A test or a new value that reads a dynamic variable becomes a residual: a function of what it reads
of the dynamic variables, and of its largest parts that read none, which are evaluated before.

Residuals keep their order, and are evaluated even where a later static test fails: an error in one
is not lost.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Final, get_args

from raft_ref.spec.code.generator import Code, Generator
from raft_ref.spec.code.writer import Lines
from raft_ref.spec.names.analysis import bound_by
from raft_ref.spec.names.environment import Environment, Values
from raft_ref.spec.names.scope import arity_of
from raft_ref.spec.steps.actions import Actions, Then
from raft_ref.spec.steps.binding_times import Division
from raft_ref.spec.steps.inlining import behind
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.expressions import Declaration
from raft_ref.spec.values.value import Boolean, ModelValue

_LOCAL: Final = re.compile(r"([vp]\d*_\w*|t\d+|residual\d+)")
"""The names in generated text that a function is given or gives a value."""


@dataclass(frozen=True, eq=False)
class Residual:
    """An expression that is left when the static variables are known: a function, and its inputs.

    The function takes its static parts, and then the `inputs`: variables by their place in a
    state, each as it is or primed. The result is the next value of the variable at `to`, or
    a Python bool if that is None.
    """

    function: Callable[..., object]
    inputs: tuple[tuple[int, bool], ...]
    to: int | None = None


_VALUES: Final = (int, str, bool, Boolean, ModelValue, tuple, frozenset)


def demand_values(given: Iterable[Any]) -> None:
    """Raise `TypeError` if a static part of a residual is no value, but a LAMBDA for example."""
    if not all(type(each) in _VALUES for each in given):
        raise TypeError("a static part is no value")


class NotCongruentError(Exception):
    """A division is not congruent: the next value of a static variable is dynamic."""

    def __init__(self, variable: tree.Variable) -> None:
        self.variable = variable


class NotSpecializedError(Exception):
    """An action cannot be specialized."""


class ResidualActions(Actions):
    """Writes the static part of an action; what is dynamic becomes residuals.

    Arguments: the generator, the variables, and which of them are dynamic.
    """

    def __init__(
        self, generator: Generator, variables: tuple[tree.Variable, ...], division: Division
    ) -> None:
        super().__init__(generator, variables, primed=True)
        self.ordered = variables
        self.division = division
        self._marks: list[tree.Variable] = []  # these stand among Values for residuals
        self._is_residual = False

    # Ends of paths

    def emit_end(self, shown: str, pairs: str, known: Values) -> None:
        """Write the end of a path: what is shown, pairs of a place and a value, the residuals."""
        residuals = "".join(f"{known[each]}, " for each in self._marks if each in known)
        self.generator.writer.emit(f"into(({shown}, ({pairs}), ({residuals})))")

    def _dead_end(self, values: Values) -> None:
        """Write that the residuals so far are to be evaluated, but nothing comes of it."""
        if any(each in values for each in self._marks):
            self.emit_end("None", "", values)

    # What is dynamic

    def reads_assigned(self, node: tree.Node, environment: Environment) -> bool:
        """Whether an expression cannot have a value of its own where its operator is called."""
        return super().reads_assigned(node, environment) or self.is_dynamic(node, environment)

    def is_dynamic(self, node: tree.Node, environment: Environment) -> bool:
        """Whether an expression reads a dynamic variable."""
        return any(self.division.is_dynamic(*read) for read in self._reads(node, environment))

    def evaluating(
        self, node: tree.Expression, environment: Environment, values: Values
    ) -> AbstractContextManager[None]:
        """Let the generator write an expression, in which what is dynamic has no value."""
        seen = {
            each: text
            for each, text in values.items()
            if each not in self._marks and each not in self.division.primed
        }
        if self._is_residual:
            seen |= {each: f"p_{each.name}" for each in values if each in self.division.primed}
        return super().evaluating(node, environment, seen)

    @contextmanager
    def residual_code(
        self, node: tree.Expression, environment: Environment, values: Values
    ) -> Iterator[None]:
        """Let the generator write the expression of a residual."""
        self._is_residual = True
        try:
            with self.evaluating(node, environment, values):
                yield
        finally:
            self._is_residual = False
            self.generator.given.clear()

    def _residualize(
        self,
        node: tree.Expression,
        environment: Environment,
        values: Values,
        text_of: Callable[[], str],
        to: tree.Variable | None = None,
    ) -> Values:
        """Write a residual for an expression whose text `text_of` gives.

        Returns the values with a mark for it, and the variable that it is the value of.
        """
        writer = self.generator.writer
        parts = {
            each: self._part(each, environment, values) for each in self._parts(node, environment)
        }
        with writer.captured() as lines, self.residual_code(node, environment, values):
            self.generator.given.update(parts)
            text = text_of()
        residual, given = self.residual(node, lines, text, to)
        place = sum(each in values for each in self._marks)
        if place == len(self._marks):
            self._marks.append(tree.Variable(node.at, f"residual{place}"))
        mark = self._marks[place]
        name = self._name(mark)
        writer.emit(f"{name} = ({', '.join([self.generator.namespace.kept(residual), *given])},)")
        return {**values, mark: name, **({} if to is None else {to: name})}

    def _name(self, variable: tree.Variable) -> str:
        return variable.name if variable in self._marks else super()._name(variable)

    def residual(
        self, node: tree.Expression, lines: Lines, text: str, to: tree.Variable | None
    ) -> tuple[Residual, list[str]]:
        """Define the function of a residual; return it, and its static parts."""
        generator = self.generator
        free = local_names([*lines, (0, text)])
        inputs = {
            generator.reference(each, False): (place, False)
            for place, each in enumerate(self.ordered)
        }
        inputs |= {
            f"p_{each.name}": (place, True)
            for place, each in enumerate(self.ordered)
            if each in self.division.primed
        }
        given = sorted(free - inputs.keys())
        used = sorted(free & inputs.keys())
        name = generator.namespace.unique("second")

        def body() -> str:
            generator.writer.splice(lines)
            return text

        generator.run(name, ", ".join([*given, *used]), body, node.at, keep=False)
        place = None if to is None else self.ordered.index(to)
        function = generator.namespace.defined(name)
        return Residual(function, tuple(inputs[each] for each in used), place), given

    def _parts(
        self,
        node: tree.Node,
        environment: Environment,
        inside: frozenset[Declaration] = frozenset(),
    ) -> Iterator[tree.Expression]:
        """Yield the largest parts of an expression that are static."""
        if isinstance(node, tree.Lambda | tree.Prime | tree.Unsupported):
            return
        reads = self.generator.analysis.reads(node)
        if not reads:
            return
        is_free = inside.isdisjoint(name for name, _ in reads)
        if is_free and self._is_value(node) and not self.is_dynamic(node, environment):
            yield node  # type: ignore[misc]
            return
        inner = inside | {name for name, _ in bound_by(node)}
        if isinstance(node, tree.Let):
            inner |= {*node.definitions, *(p for d in node.definitions for p in d.parameters)}
        for each in tree.children(node):
            yield from self._parts(each, environment, inner)

    def _is_value(self, node: tree.Node) -> bool:
        """Whether a node is an expression that has a value, not an operator that is handed on."""
        if not isinstance(node, tree.Call):
            return isinstance(node, get_args(tree.Expression))
        meaning = self.generator.analysis.meanings[node]
        arity = arity_of(meaning)
        return arity == len(node.arguments)

    def _part(self, node: tree.Expression, environment: Environment, values: Values) -> Code:
        generator = self.generator
        with self.evaluating(node, environment, values):
            if generator.analysis.is_formula(node):
                code = Code(generator.formula(node, False), "formula")
            else:
                code = generator.value(node, False)
            return code._replace(text=generator.writer.named(code.text))

    # Forms

    def _test(
        self, node: tree.Expression, environment: Environment, values: Values, then: Then
    ) -> None:
        node, environment = behind(node, environment, self.generator)
        if not self.is_dynamic(node, environment):
            self._test_now(node, environment, values, then)
            return
        match node:
            case tree.Let():
                self._test(node.body, self.let(node, environment, values), values, then)
                return
            case tree.Call(name="/\\"):
                self._tests(list(node.arguments), environment, values, then)
                return
            case tree.Call():
                meaning = self.generator.analysis.meanings[node]
                if isinstance(meaning, tree.Definition) and meaning not in environment.inside:
                    inner = self.inlined(node, meaning, environment, values)
                    self._test(meaning.body, inner, values, then)
                    return
        then(
            self._residualize(
                node, environment, values, lambda: self.generator.formula(node, False)
            )
        )

    def _test_now(
        self, node: tree.Expression, environment: Environment, values: Values, then: Then
    ) -> None:
        writer = self.generator.writer
        with self.evaluating(node, environment, values):
            text = self.generator.formula(node, False)
        self._if(text, lambda: then(values))
        if text != "True" and any(each in values for each in self._marks):
            writer.emit("else:")
            with writer.indented():
                self._dead_end(values)

    def _assign(
        self, node: tree.Call, environment: Environment, values: Values, then: Then
    ) -> None:
        variable, given = self._assigned(node.arguments[0], environment), node.arguments[1]
        assert variable is not None
        is_dynamic = self.is_dynamic(given, environment)
        if variable in values or not (is_dynamic or variable in self.division.primed):
            if node.name == "\\in":
                self._dead_end(values)  # of a set that may be empty
            super()._assign(node, environment, values, then)
        elif variable not in self.division.primed:
            raise NotCongruentError(variable)
        elif node.name == "\\in":
            raise NotSpecializedError
        else:
            then(
                self._residualize(
                    given,
                    environment,
                    values,
                    lambda: self.generator.value(given, False).text,
                    variable,
                )
            )

    def _unchanged(
        self, node: tree.Expression, environment: Environment, values: Values, then: Then
    ) -> None:
        variable = self._variable(node, environment)
        if variable is None or variable in values or variable not in self.division.primed:
            super()._unchanged(node, environment, values, then)
            return
        before = self.generator.valued(f"v_{variable.name}")
        then(self._residualize(node, environment, values, lambda: before, variable))

    def _for_all(
        self, node: tree.Quantified, environment: Environment, values: Values, then: Then
    ) -> None:
        if self.is_dynamic(node, environment):
            raise NotSpecializedError  # there is no telling how many residuals there would be
        super()._for_all(node, environment, values, then)

    def _call_recursive(self, node: tree.Call, *_: object) -> None:
        raise NotSpecializedError

    def _apply(self, node: tree.Application, *_: object) -> None:
        raise NotSpecializedError

    def exists(
        self,
        node: tree.Quantified,
        environment: Environment,
        values: Values,
        body: Callable[[Environment], None],
    ) -> None:
        """Write the loops of a quantifier, whose set may be empty."""
        self._dead_end(values)
        super().exists(node, environment, values, body)


def local_names(lines: Lines) -> frozenset[str]:
    """Return the names in generated lines that are given from outside of them."""
    source = "\n".join(" " * depth + line for depth, line in lines)
    nodes = list(ast.walk(ast.parse(source)))
    names = [each for each in nodes if isinstance(each, ast.Name)]
    read = {each.id for each in names if isinstance(each.ctx, ast.Load)}
    bound = {each.id for each in names if isinstance(each.ctx, ast.Store)}
    bound |= {each.arg for each in nodes if isinstance(each, ast.arg)}
    bound |= {each.name for each in nodes if isinstance(each, ast.FunctionDef)}
    return frozenset(each for each in read - bound if _LOCAL.fullmatch(each))

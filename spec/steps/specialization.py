r"""How an action is generated in two stages, so that what it does can be remembered.

The first stage is a function of the elements that are picked of pools (`pools`), and of those
variables alone that its text names. It is the action as `actions` writes it, save that each test
and each new value that reads a pool is left to the second stage, along with the parts of it that
read none, already evaluated.

What is left keeps its order, and is evaluated even where a later test of the first stage fails:
an error in it is not lost. Nothing is lost either if the first stage fails where the action would
not: then the action is evaluated as ever.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Final, get_args

from raft_ref.spec.code.binder_forms import target, unpack
from raft_ref.spec.code.generator import Code, Generator
from raft_ref.spec.code.inlining import NO_SCOPE, behind
from raft_ref.spec.code.writer import Lines, Writer
from raft_ref.spec.names.analysis import bound_by
from raft_ref.spec.names.labels import Label
from raft_ref.spec.names.environment import Scope, Values
from raft_ref.spec.names.scope import arity_of
from raft_ref.spec.steps.actions import Actions, Then
from raft_ref.spec.steps.binding_times import conjuncts_of, picked_by
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.spec.syntax.expressions import Declaration
from raft_ref.spec.values.runtime import in_kept_order
from raft_ref.spec.values.standard import LANGUAGE

_LOCAL: Final = re.compile(r"([vp]\d*_\w*|t\d+|left\d+)")
"""The names in generated text that a function is given or gives a value."""


@dataclass(frozen=True, eq=False)
class Left:
    """An expression that is left to the second stage: a function, and what it is called with.

    After what the first stage gives come `inputs`: variables by their place in a state, each as it
    is or primed. The result is the next value of the variable at `to`, or a Python bool if that is
    None.
    """

    function: Callable[..., object]
    inputs: tuple[tuple[int, bool], ...]
    to: int | None = None


@dataclass(frozen=True)
class FirstStage:
    """The first stage of an action.

    `picks` give the elements of the pools, to be evaluated in any state. `guard` and `body` take
    what to call with each end, and a tuple of the values of the variables at `reads`; the body
    takes an element for each pick as well. Where the guard calls nothing, there is no successor.

    An end is a tuple of the values to be shown as the action's (None: there is no successor), of
    pairs of a place and a new value, and of what is left, in order: each a `Left` and what to call
    it with.
    """

    reads: tuple[int, ...]
    picks: tuple[Left, ...]
    guard: Callable[..., None] | None
    body: Callable[..., None]


class _ReadsPoolError(Exception):
    """The next value of another variable depends on a pool."""

    def __init__(self, variable: tree.Variable) -> None:
        self.variable = variable


class _NotStagedError(Exception):
    """An action has no first stage."""


def first_stage(
    label: Label,
    generator: Generator,
    variables: tuple[tree.Variable, ...],
    pools: frozenset[tree.Variable],
) -> FirstStage | None:
    """Return the first stage of an action; None if it has none.

    A variable is no pool to an action that looks at it in its first stage.
    """
    depending = pools
    outer = generator.locals, generator.goal, generator.writer
    while True:
        generator.writer = Writer()
        try:
            stage = _Staging(generator, variables, pools, depending).stage(label)
            looked_at = pools & {variables[place] for place in stage.reads}
            if not looked_at:
                return stage
            depending = pools = pools - looked_at
        except _ReadsPoolError as error:
            depending |= {error.variable}
        except (_NotStagedError, SpecError, RecursionError):
            return None  # the action as a whole tells what is wrong, if anything is
        finally:
            generator.locals, generator.goal, generator.writer = outer


class _Staging(Actions):
    """Writes the first stage of one action.

    Arguments: the generator, the variables, the pools, and the variables whose next value may
    depend on a pool.
    """

    def __init__(
        self,
        generator: Generator,
        variables: tuple[tree.Variable, ...],
        pools: frozenset[tree.Variable],
        depending: frozenset[tree.Variable],
    ) -> None:
        super().__init__(generator, variables, primed=True)
        self._ordered = variables
        self._pools = pools
        self._depending = depending
        self._marks: list[tree.Variable] = []  # these stand among Values for what is left
        self._is_leaving = False
        self._picks: list[Left] = []
        self._elements: list[str] = []

    def stage(self, label: Label) -> FirstStage:
        """Return the first stage of an action."""
        tests, label = self._outward(label)
        writer = self.generator.writer
        with writer.captured() as guard:
            if tests:
                self._tests(tests, self._walk(label.steps), {}, lambda _: writer.emit("into(None)"))
        with writer.captured() as body:
            self._along(label, 0, NO_SCOPE)
        named = _local_names([*guard, *body])
        reads = [
            place
            for place, variable in enumerate(self._ordered)
            if self.generator.reference(variable, False) in named
        ]
        return FirstStage(
            tuple(reads),
            tuple(self._picks),
            self._function(label, guard, reads, []) if tests else None,
            self._function(label, body, reads, self._elements),
        )

    def _function(
        self, label: Label, lines: Lines, reads: list[int], elements: list[str]
    ) -> Callable[..., None]:
        generator = self.generator

        def body() -> str:
            for index, place in enumerate(reads):
                name = generator.reference(self._ordered[place], False)
                generator.writer.emit(f"{name} = given[{index}]")
            generator.writer.splice(lines)
            return "None"

        parameters = ", ".join(["into", "given", *elements])
        name = generator.unique("stage")
        return generator.function_of_text(name, parameters, body, label.position, {})

    # From the relation to the action

    def _outward(self, label: Label) -> tuple[list[tree.Expression], Label]:
        r"""Move an \E over a pool out of a conjunction, over the tests before it.

        Returns these tests, which are what is evaluated if the pool is empty, and the action.
        """
        if any(isinstance(each, tree.Quantified) for each in label.steps):
            return [], label
        with self.generator.writer.captured():
            scope = self._walk(label.steps)
        conjuncts = conjuncts_of(label.node)
        for place, each in enumerate(conjuncts):
            if self._picks_of_pool(each):
                assert isinstance(each, tree.Quantified)
                rest = (*conjuncts[:place], each.body, *conjuncts[place + 1 :])
                node = tree.Call(label.node.at, "/\\", rest)
                self.generator.analysis.meanings[node] = LANGUAGE["/\\"]
                return list(conjuncts[:place]), replace(
                    label, steps=(*label.steps, each), node=node
                )
            if not self.is_test(each, scope) or self._reads_pool(each, scope):
                break
        return [], label

    def _picks_of_pool(self, node: tree.Expression) -> bool:
        return not picked_by(node, self.generator.analysis).isdisjoint(self._pools)

    def _walk(self, steps: Sequence[tree.Expression]) -> Scope:
        """Write the steps from the relation to an action, without those that bind."""
        scope = NO_SCOPE
        for step in steps:
            if not isinstance(step, tree.Quantified):
                scope = self._step(step, scope)
        return scope

    def _step(self, step: tree.Expression, scope: Scope) -> Scope:
        if isinstance(step, tree.Let):
            return self.let(step, scope, {})
        assert isinstance(step, tree.Call)
        meaning = self.generator.analysis.meanings[step]
        assert isinstance(meaning, tree.Definition)
        return self.inlined(step, meaning, scope, {})

    def _along(self, label: Label, place: int, scope: Scope) -> None:
        if place == len(label.steps):
            self.write(label.node, scope, {}, lambda known: self._end(label, scope, known))
            return
        step = label.steps[place]
        if not isinstance(step, tree.Quantified):
            self._along(label, place + 1, self._step(step, scope))
        elif any(self._picks_of_pool(each) for each in label.steps[place:]):
            self._along(label, place + 1, self._picking(step, scope))
        else:
            self.exists(step, scope, {}, lambda inner: self._along(label, place + 1, inner))

    def _picking(self, step: tree.Quantified, scope: Scope) -> Scope:
        r"""Make the elements of an \E parameters of the function."""
        inner = self.bound(step, scope)
        for binding in step.bindings:
            for pattern in binding.patterns:
                self._picks.append(self._pick(binding.domain, scope))
                with self.naming(inner):
                    self._elements.append(target(self.generator, pattern))
                    unpack(self.generator, pattern, self._elements[-1])
        return inner

    def _pick(self, domain: tree.Expression, scope: Scope) -> Left:
        generator = self.generator
        with generator.writer.captured() as lines, self._leaving(domain, scope, {}):
            value = generator.value(domain, False).text
            text = f"{generator.helper(in_kept_order)}({value})"
        left, given = self._left(domain, lines, text, None)
        if given:
            raise _NotStagedError
        return left

    # Ends

    def _end(self, label: Label, scope: Scope, known: Values) -> None:
        if not self.variables <= known.keys():
            self.generator.writer.emit("raise LookupError")  # an error, if it comes to that
            return
        shown = "".join(f"{self._shown(each, scope)}, " for each in label.bound)
        pairs = "".join(
            f"({place}, {known[each]}), "
            for place, each in enumerate(self._ordered)
            if each not in self._depending and known[each] != self.generator.reference(each, False)
        )
        self._emit_end(f"({shown})", pairs, known)

    def _emit_end(self, shown: str, pairs: str, known: Values) -> None:
        left = "".join(f"{known[each]}, " for each in self._marks if each in known)
        self.generator.writer.emit(f"into(({shown}, ({pairs}), ({left})))")

    def _shown(self, name: Declaration, scope: Scope) -> str:
        local = scope.locals[name]
        if local.text is not None:
            return f"{local.text}()" if local.is_delayed else local.text
        assert local.expression is not None
        with self.evaluating(local.expression, local.scope, {}):
            return self.generator.value(local.expression, False).text

    def _dead_end(self, values: Values) -> None:
        """Write that what is left so far is to be evaluated, but nothing comes of it."""
        if any(each in values for each in self._marks):
            self._emit_end("None", "", values)

    # What is left to the second stage

    def reads_goal(self, node: tree.Node, scope: Scope) -> bool:
        """Whether an expression cannot have a value of its own where its operator is called."""
        return super().reads_goal(node, scope) or self._reads_pool(node, scope)

    def _reads_pool(self, node: tree.Node, scope: Scope) -> bool:
        return any(
            name in (self._depending if primed else self._pools)
            for name, primed in self._reads(node, scope)
        )

    def evaluating(
        self, node: tree.Expression, scope: Scope, values: Values
    ) -> AbstractContextManager[None]:
        """Let the generator write an expression, in which what depends on a pool has no value."""
        seen = {
            each: text
            for each, text in values.items()
            if each not in self._marks and each not in self._depending
        }
        if self._is_leaving:
            seen |= {each: f"p_{each.name}" for each in values if each in self._depending}
        return super().evaluating(node, scope, seen)

    @contextmanager
    def _leaving(self, node: tree.Expression, scope: Scope, values: Values) -> Iterator[None]:
        """Let the generator write an expression of the second stage."""
        self._is_leaving = True
        try:
            with self.evaluating(node, scope, values):
                yield
        finally:
            self._is_leaving = False
            self.generator.given.clear()

    def _leave(
        self,
        node: tree.Expression,
        scope: Scope,
        values: Values,
        text_of: Callable[[], str],
        to: tree.Variable | None = None,
    ) -> Values:
        """Leave an expression, whose text `text_of` gives, to the second stage.

        Returns the values with a mark for what is left, and the variable that it is the value of.
        """
        writer = self.generator.writer
        parts = {each: self._part(each, scope, values) for each in self._parts(node, scope)}
        with writer.captured() as lines, self._leaving(node, scope, values):
            self.generator.given.update(parts)
            text = text_of()
        left, given = self._left(node, lines, text, to)
        place = sum(each in values for each in self._marks)
        if place == len(self._marks):
            self._marks.append(tree.Variable(node.at, f"left{place}"))
        mark = self._marks[place]
        name = self._name(mark)
        writer.emit(f"{name} = ({', '.join([self.generator.kept(left), *given])},)")
        return {**values, mark: name, **({} if to is None else {to: name})}

    def _name(self, variable: tree.Variable) -> str:
        return variable.name if variable in self._marks else super()._name(variable)

    def _left(
        self, node: tree.Expression, lines: Lines, text: str, to: tree.Variable | None
    ) -> tuple[Left, list[str]]:
        """Define the function of what is left; return it, and what the first stage gives it."""
        generator = self.generator
        free = _local_names([*lines, (0, text)])
        inputs = {
            generator.reference(each, False): (place, False)
            for place, each in enumerate(self._ordered)
        }
        inputs |= {
            f"p_{each.name}": (place, True)
            for place, each in enumerate(self._ordered)
            if each in self._depending
        }
        given = sorted(free - inputs.keys())
        used = sorted(free & inputs.keys())
        name = generator.unique("left_over")

        def body() -> str:
            generator.writer.splice(lines)
            return text

        generator.run(name, ", ".join([*given, *used]), body, node.at, keep=False)
        place = None if to is None else self._ordered.index(to)
        function = generator.defined(name)
        return Left(function, tuple(inputs[each] for each in used), place), given

    def _parts(
        self, node: tree.Node, scope: Scope, inside: frozenset[Declaration] = frozenset()
    ) -> Iterator[tree.Expression]:
        """Yield the largest parts of an expression that can be evaluated in the first stage."""
        if isinstance(node, tree.Lambda | tree.Prime | tree.Unsupported):
            return
        reads = self.generator.analysis.reads(node)
        if not reads:
            return
        is_free = inside.isdisjoint(name for name, _ in reads)
        if is_free and self._is_value(node) and not self._reads_pool(node, scope):
            yield node  # type: ignore[misc]
            return
        inner = inside | {name for name, _ in bound_by(node)}
        if isinstance(node, tree.Let):
            inner |= {*node.definitions, *(p for d in node.definitions for p in d.parameters)}
        for each in tree.children(node):
            yield from self._parts(each, scope, inner)

    def _is_value(self, node: tree.Node) -> bool:
        """Whether a node is an expression that has a value, not an operator that is handed on."""
        if not isinstance(node, tree.Call):
            return isinstance(node, get_args(tree.Expression))
        meaning = self.generator.analysis.meanings[node]
        arity = arity_of(meaning)
        return arity == len(node.arguments)

    def _part(self, node: tree.Expression, scope: Scope, values: Values) -> Code:
        generator = self.generator
        with self.evaluating(node, scope, values):
            if generator.analysis.is_formula(node):
                code = Code(generator.formula(node, False), "formula")
            else:
                code = generator.value(node, False)
            return code._replace(text=generator.writer.named(code.text))

    # Forms

    def _test(self, node: tree.Expression, scope: Scope, values: Values, then: Then) -> None:
        node, scope = behind(node, scope, self.generator)
        if not self._reads_pool(node, scope):
            self._test_now(node, scope, values, then)
            return
        match node:
            case tree.Let():
                self._test(node.body, self.let(node, scope, values), values, then)
                return
            case tree.Call(name="/\\"):
                self._tests(list(node.arguments), scope, values, then)
                return
            case tree.Call():
                meaning = self.generator.analysis.meanings[node]
                if isinstance(meaning, tree.Definition) and meaning not in scope.inside:
                    inner = self.inlined(node, meaning, scope, values)
                    self._test(meaning.body, inner, values, then)
                    return
        then(self._leave(node, scope, values, lambda: self.generator.formula(node, False)))

    def _test_now(self, node: tree.Expression, scope: Scope, values: Values, then: Then) -> None:
        writer = self.generator.writer
        with self.evaluating(node, scope, values):
            text = self.generator.formula(node, False)
        self._if(text, lambda: then(values))
        if text != "True" and any(each in values for each in self._marks):
            writer.emit("else:")
            with writer.indented():
                self._dead_end(values)

    def _assign(self, node: tree.Call, scope: Scope, values: Values, then: Then) -> None:
        variable, given = self._assigned(node.arguments[0], scope), node.arguments[1]
        assert variable is not None
        reads_pool = self._reads_pool(given, scope)
        if variable in values or not (reads_pool or variable in self._depending):
            if node.name == "\\in":
                self._dead_end(values)  # of a set that may be empty
            super()._assign(node, scope, values, then)
        elif variable not in self._depending:
            raise _ReadsPoolError(variable)
        elif node.name == "\\in":
            raise _NotStagedError
        else:
            then(
                self._leave(
                    given, scope, values, lambda: self.generator.value(given, False).text, variable
                )
            )

    def _unchanged(self, node: tree.Expression, scope: Scope, values: Values, then: Then) -> None:
        variable = self._variable(node, scope)
        if variable is None or variable in values or variable not in self._depending:
            super()._unchanged(node, scope, values, then)
            return
        before = f"v_{variable.name}"
        then(self._leave(node, scope, values, lambda: before, variable))

    def _for_all(self, node: tree.Quantified, scope: Scope, values: Values, then: Then) -> None:
        if self._reads_pool(node, scope):
            raise _NotStagedError  # there is no telling how much would be left
        super()._for_all(node, scope, values, then)

    def exists(
        self, node: tree.Quantified, scope: Scope, values: Values, body: Callable[[Scope], None]
    ) -> None:
        """Write the loops of a quantifier, whose set may be empty."""
        self._dead_end(values)
        super().exists(node, scope, values, body)


def _local_names(lines: Lines) -> frozenset[str]:
    """Return the names in generated lines that are given from outside of them."""
    source = "\n".join(" " * depth + line for depth, line in lines)
    nodes = list(ast.walk(ast.parse(source)))
    names = [each for each in nodes if isinstance(each, ast.Name)]
    read = {each.id for each in names if isinstance(each.ctx, ast.Load)}
    bound = {each.id for each in names if isinstance(each.ctx, ast.Store)}
    bound |= {each.arg for each in nodes if isinstance(each, ast.arg)}
    bound |= {each.name for each in nodes if isinstance(each, ast.FunctionDef)}
    return frozenset(each for each in read - bound if _LOCAL.fullmatch(each))

r"""How an action is specialized, so that what it does can be memoized: partial evaluation.

Of each action a generating extension is written (`actions`, with `residuals`): a function of the
static variables that the action reads, whose result is the action specialized to their values. The
elements that the action picks of dynamic sets are arguments of it too: each is tried in its turn,
so it is static although the set is not (in the literature, "the trick": Jones, Gomard and Sestoft,
"Partial Evaluation and Automatic Program Generation", 1993).

Nothing is lost if the extension fails where the action would not: then the action is evaluated as
ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from raft_ref.spec.code.binder_forms import target, unpack
from raft_ref.spec.code.generator import Generator
from raft_ref.spec.code.writer import Lines, Writer
from raft_ref.spec.names.environment import EMPTY, Environment, Values
from raft_ref.spec.names.labels import Label
from raft_ref.spec.steps.binding_times import Division, conjuncts_of, picked_from
from raft_ref.spec.steps.residuals import (
    NotCongruentError,
    NotSpecializedError,
    Residual,
    ResidualActions,
    local_names,
)
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.spec.syntax.expressions import Declaration
from raft_ref.spec.values.runtime import in_kept_order
from raft_ref.spec.values.standard import LANGUAGE

Writing: TypeAlias = "Callable[[Generator, tuple[tree.Variable, ...], Division], ExtensionWriter]"

End: TypeAlias = tuple[Any, tuple[Any, ...], tuple[Any, ...]]
"""An end of a path of a generating extension; see there."""


@dataclass(frozen=True)
class GeneratingExtension:
    """What specializes an action.

    `domains` give the elements of the dynamic sets, to be evaluated in any state. `guard` and
    `body` take what to call with each end of a path, and a tuple of the values of the variables at
    `reads`; the body takes an element of each domain as well. Where the guard calls nothing, there
    is no successor.

    An end is a tuple of the values to be shown as the action's (None: there is no successor), of
    pairs of a place and a new value, and of residuals, in order: each a `Residual` and its static
    parts. `dynamic` are the places of the variables of which residuals tell.
    """

    reads: tuple[int, ...]
    dynamic: frozenset[int]
    domains: tuple[Residual, ...]
    guard: Callable[..., None] | None
    body: Callable[..., None]


def generating_extension(
    label: Label,
    generator: Generator,
    variables: tuple[tree.Variable, ...],
    dynamic: frozenset[tree.Variable],
    writing: Writing | None = None,
) -> GeneratingExtension | None:
    """Return the generating extension of an action; None if it has none.

    A variable is static to an action that must look at it to be specialized. `writing` makes what
    writes it.
    """
    writing = writing or ExtensionWriter
    division = Division(dynamic, dynamic)
    outer = generator.locals, generator.assignment, generator.writer
    while True:
        generator.writer = Writer()
        try:
            extension = writing(generator, variables, division).extension(label)
            looked_at = division.unprimed & {variables[place] for place in extension.reads}
            if not looked_at:
                return extension
            dynamic = division.unprimed - looked_at
            division = Division(dynamic, dynamic)
        except NotCongruentError as error:
            division = division._replace(primed=division.primed | {error.variable})
        except (NotSpecializedError, SpecError, RecursionError):
            return None  # the action as a whole tells what is wrong, if anything is
        finally:
            generator.locals, generator.assignment, generator.writer = outer


def distinct(ends: list[End]) -> list[End]:
    """Return the ends without those dead ones that only repeat what others evaluate."""
    found = [end for end in ends if end[0] is not None]
    evaluated = {path[:length] for _, _, path in found for length in range(len(path) + 1)}
    dead = dict.fromkeys(path for shown, _, path in ends if shown is None)
    return found + [(None, (), path) for path in dead if path not in evaluated]


class ExtensionWriter(ResidualActions):
    """Writes the generating extension of one action."""

    def __init__(
        self, generator: Generator, variables: tuple[tree.Variable, ...], division: Division
    ) -> None:
        super().__init__(generator, variables, division)
        self._domains: list[Residual] = []
        self._elements: list[str] = []

    def extension(self, label: Label) -> GeneratingExtension:
        """Return the generating extension of an action."""
        tests, label = self._outward(label)
        writer = self.generator.writer
        with writer.captured() as guard:
            if tests:
                self._tests(tests, self._walk(label.steps), {}, lambda _: writer.emit("into(None)"))
        with writer.captured() as body:
            self._along(label, 0, EMPTY)
        named = local_names([*guard, *body])
        reads = [
            place
            for place, variable in enumerate(self.ordered)
            if self.generator.reference(variable, False) in named
        ]
        dynamic = self.division.unprimed | self.division.primed
        return GeneratingExtension(
            tuple(reads),
            frozenset(place for place, each in enumerate(self.ordered) if each in dynamic),
            tuple(self._domains),
            self._function(label, guard, reads, []) if tests else None,
            self._function(label, body, reads, self._elements),
        )

    def _function(
        self, label: Label, lines: Lines, reads: list[int], elements: list[str]
    ) -> Callable[..., None]:
        generator = self.generator

        def body() -> str:
            for index, place in enumerate(reads):
                name = generator.reference(self.ordered[place], False)
                generator.writer.emit(f"{name} = given[{index}]")
            generator.writer.splice(lines)
            return "None"

        parameters = ", ".join(["into", "given", *elements])
        name = generator.namespace.unique("extension")
        return generator.function_of_text(name, parameters, body, label.position, {})

    # From the relation to the action

    def _outward(self, label: Label) -> tuple[list[tree.Expression], Label]:
        r"""Move an \E whose elements are parameters out of a conjunction, over the tests before it.

        Returns these tests, which are what is evaluated if the set is empty, and the action.
        """
        if any(isinstance(each, tree.Quantified) for each in label.steps):
            return [], label
        with self.generator.writer.captured():
            environment = self._walk(label.steps)
        conjuncts = conjuncts_of(label.node)
        for place, each in enumerate(conjuncts):
            if isinstance(each, tree.Quantified) and self.is_moved_outward(each):
                rest = (*conjuncts[:place], each.body, *conjuncts[place + 1 :])
                node = tree.Call(label.node.at, "/\\", rest)
                self.generator.analysis.meanings[node] = LANGUAGE["/\\"]
                return list(conjuncts[:place]), replace(
                    label, steps=(*label.steps, each), node=node
                )
            if not self.is_test(each, environment) or self.is_dynamic(each, environment):
                break
        return [], label

    def is_moved_outward(self, node: tree.Quantified) -> bool:
        r"""Whether all that an \E binds becomes parameters."""
        return self._picks_of_dynamic(node)

    def _picks_of_dynamic(self, node: tree.Expression) -> bool:
        return not picked_from(node, self.generator.analysis).isdisjoint(self.division.unprimed)

    def _walk(self, steps: Sequence[tree.Expression]) -> Environment:
        """Write the steps from the relation to an action, without those that bind."""
        environment = EMPTY
        for step in steps:
            if not isinstance(step, tree.Quantified):
                environment = self._step(step, environment)
        return environment

    def _step(self, step: tree.Expression, environment: Environment) -> Environment:
        if isinstance(step, tree.Let):
            return self.let(step, environment, {})
        assert isinstance(step, tree.Call)
        meaning = self.generator.analysis.meanings[step]
        assert isinstance(meaning, tree.Definition)
        return self.inlined(step, meaning, environment, {})

    def _along(self, label: Label, place: int, environment: Environment) -> None:
        if place == len(label.steps):
            self.write(
                label.node, environment, {}, lambda known: self._end(label, environment, known)
            )
            return
        step = label.steps[place]
        if not isinstance(step, tree.Quantified):
            self._along(label, place + 1, self._step(step, environment))
            return
        count = self.parameters(label, place)
        if count:
            first = replace(step, bindings=step.bindings[:count])
            environment = self._parametrized(first, environment)
        rest = step.bindings[count:]
        if not rest:
            self._along(label, place + 1, environment)
            return
        self.exists(
            replace(step, bindings=rest),
            environment,
            {},
            lambda inner: self._along(label, place + 1, inner),
        )

    def parameters(self, label: Label, place: int) -> int:
        r"""Return how many bindings of an \E on the way to an action become parameters."""
        step = label.steps[place]
        assert isinstance(step, tree.Quantified)
        is_before = any(self._picks_of_dynamic(each) for each in label.steps[place:])
        return len(step.bindings) if is_before else 0

    def _parametrized(self, step: tree.Quantified, environment: Environment) -> Environment:
        r"""Make the elements of an \E parameters of the function."""
        inner = self.bound(step, environment)
        for binding in step.bindings:
            for pattern in binding.patterns:
                self._domains.append(self._domain(binding.domain, environment))
                with self.naming(inner):
                    self._elements.append(target(self.generator, pattern))
                    unpack(self.generator, pattern, self._elements[-1])
        return inner

    def _domain(self, domain: tree.Expression, environment: Environment) -> Residual:
        generator = self.generator
        with generator.writer.captured() as lines, self.residual_code(domain, environment, {}):
            value = generator.value(domain, False).text
            text = f"{generator.namespace.helper(in_kept_order)}({value})"
        residual, given = self.residual(domain, lines, text, None)
        if given:
            raise NotSpecializedError
        return residual

    # Ends

    def _end(self, label: Label, environment: Environment, known: Values) -> None:
        if not self.variables <= known.keys():
            self.generator.writer.emit("raise LookupError")  # an error, if it comes to that
            return
        shown = "".join(f"{self._shown(each, environment)}, " for each in label.bound)
        pairs = "".join(
            f"({place}, {known[each]}), "
            for place, each in enumerate(self.ordered)
            if each not in self.division.primed
            and known[each] != self.generator.reference(each, False)
        )
        self.emit_end(f"({shown})", pairs, known)

    def _shown(self, name: Declaration, environment: Environment) -> str:
        local = environment.locals[name]
        if local.text is not None:
            return f"{local.text}()" if local.is_delayed else local.text
        assert local.expression is not None
        with self.evaluating(local.expression, local.environment, {}):
            return self.generator.value(local.expression, False).text

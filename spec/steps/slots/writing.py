r"""How actions are written where it is told which slots of functions they read and change.

`x' = [x EXCEPT ![i] = e]` changes one slot and reads no other, and so does `x' = [j \in S |-> IF
j = i THEN e ELSE x[j]]`. The elements of \E over the servers are parameters: for each there is
an answer of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from raft_ref.spec.code.function_forms import spliced
from raft_ref.spec.code.generator import Generator
from raft_ref.spec.names.environment import Environment, Values
from raft_ref.spec.names.labels import Label
from raft_ref.spec.steps.actions import Then
from raft_ref.spec.steps.binding_times import Division
from raft_ref.spec.steps.inlining import behind
from raft_ref.spec.steps.slots.reading import Edit, Held, Mapped
from raft_ref.spec.steps.specialization import ExtensionWriter
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.values.runtime import domain_from
from raft_ref.spec.values.value import Domain, LazySet

_MOST_ELEMENTS: Final = 16
"""Of a set, whose elements may be slots."""


class Slotting:
    r"""Which sets are those of slots: `domains`, and those of them that some \E is over: `used`."""

    def __init__(self, generator: Generator, domains: frozenset[Domain]) -> None:
        self._generator = generator
        self._domains = domains
        self._known: dict[tree.Expression, bool] = {}
        self.used: set[Domain] = set()

    def is_of_slots(self, node: tree.Expression) -> bool:
        """Whether an expression is such a set, whatever the state."""
        if node not in self._known:
            found = self._value(node) if self._generator.analysis.is_constant(node) else None
            self._known[node] = found in self._domains
            self.used |= {found} & self._domains if found is not None else set()
        return self._known[node]

    def _value(self, node: tree.Expression) -> Domain | None:
        generator = self._generator
        outer = generator.locals, generator.assignment
        try:
            generator.locals, generator.assignment = {}, None
            name = generator.namespace.unique("k")
            function = generator.function_of_text(
                name, "", lambda: generator.value(node, False).text, node.at, {}
            )
            value = function()
            if isinstance(value, LazySet) and value.size() > _MOST_ELEMENTS:
                return None
            return domain_from(value)  # type: ignore[return-value]
        except Exception:  # any, as in the quick text: whoever takes the action tells
            return None
        finally:
            generator.locals, generator.assignment = outer


class SlotWriter(ExtensionWriter):
    """Writes the generating extension of one action."""

    def __init__(
        self,
        slotting: Slotting,
        generator: Generator,
        variables: tuple[tree.Variable, ...],
        division: Division,
    ) -> None:
        super().__init__(generator, variables, division)
        self._slotting = slotting

    # Parameters

    def parameters(self, label: Label, place: int) -> int:
        """Return how many bindings become parameters: the first ones, if they are over slots."""
        for at, step in enumerate(label.steps[: place + 1]):
            if not isinstance(step, tree.Quantified):
                continue
            count = super().parameters(label, at) or self._over_slots(step)
            if at == place:
                return count
            if count < len(step.bindings):
                return 0
        raise AssertionError

    def is_moved_outward(self, node: tree.Quantified) -> bool:
        r"""Whether all that an \E binds becomes parameters."""
        if super().is_moved_outward(node):
            return True
        return not node.is_universal and self._over_slots(node) == len(node.bindings)

    def _over_slots(self, step: tree.Quantified) -> int:
        for count, each in enumerate(step.bindings):
            if not self._slotting.is_of_slots(each.domain):
                return count
        return len(step.bindings)

    # New values

    def holding(self, name: str, text: str) -> str:
        """Write an object that holds a new value; return its name."""
        helper = self.generator.namespace.helper(Held)
        self.generator.writer.emit(f"{name} = {helper}({text})")
        return name

    def _assign(
        self, node: tree.Call, environment: Environment, values: Values, then: Then
    ) -> None:
        variable, given = self._assigned(node.arguments[0], environment), node.arguments[1]
        assert variable is not None
        is_new = variable not in values and variable not in self.division.primed
        if node.name == "=" and is_new and not self.is_dynamic(given, environment):
            editing = _Editing(self, variable, values)
            if editing.is_edit(given, environment):
                name = self._name(variable)
                editing.write(name, given, environment)
                then({**values, variable: name})
                return
        super()._assign(node, environment, values, then)

    def variable_behind(
        self, node: tree.Expression, environment: Environment
    ) -> tree.Variable | None:
        """Return the variable that an expression is."""
        return self._variable(node, environment)


class _Editing:
    """Writes the next value of a variable as an edit of the one that it has."""

    def __init__(self, writer: SlotWriter, variable: tree.Variable, values: Values) -> None:
        self._actions = writer
        self._variable = variable
        self._values = values
        self._generator = writer.generator

    def is_edit(self, node: tree.Expression, environment: Environment) -> bool:
        """Whether an expression is one, in one of its branches at least."""
        node, environment = behind(node, environment, self._generator)
        match node:
            case tree.If():
                return self.is_edit(node.then, environment) or self.is_edit(
                    node.otherwise, environment
                )
            case tree.Except():
                return self._is_variable(node.function, environment)
            case tree.FunctionLiteral():
                return self._is_mapped(node)
        return self._is_variable(node, environment)

    def write(self, name: str, node: tree.Expression, environment: Environment) -> None:
        """Write what an expression makes of the variable, under a name."""
        generator, emit = self._generator, self._generator.writer.emit
        node, environment = behind(node, environment, generator)
        before = generator.reference(self._variable, False)
        if isinstance(node, tree.If):
            self._write_branches(
                node,
                environment,
                lambda: self.write(name, node.then, environment),
                lambda: self.write(name, node.otherwise, environment),
            )
        elif isinstance(node, tree.Except) and self._is_variable(node.function, environment):
            emit(f"{name} = {generator.namespace.helper(Edit)}({before})")
            for update in node.updates:
                self._write_update(name, node, update, environment)
        elif isinstance(node, tree.FunctionLiteral) and self._is_mapped(node):
            self._write_mapped(name, before, node, environment)
        elif self._is_variable(node, environment):
            emit(f"{name} = {generator.namespace.helper(Edit)}({before})")
        else:
            with self._evaluating(node, environment):
                self._actions.holding(name, generator.value(node, False).text)

    def _is_variable(self, node: tree.Expression, environment: Environment) -> bool:
        return self._actions.variable_behind(node, environment) is self._variable

    def _evaluating(self, node: tree.Expression, environment: Environment) -> Any:
        return self._actions.evaluating(node, environment, self._values)

    def _write_branches(
        self,
        node: tree.If,
        environment: Environment,
        then: Callable[[], None],
        otherwise: Callable[[], None],
    ) -> None:
        writer = self._generator.writer
        with self._evaluating(node.condition, environment):
            condition = self._generator.formula(node.condition, False)
        for head, body in ((f"if {condition}:", then), ("else:", otherwise)):
            writer.emit(head)
            with writer.indented():
                body()
                writer.emit("pass")

    def _write_update(
        self, name: str, node: tree.Except, update: tree.Update, environment: Environment
    ) -> None:
        generator, writer = self._generator, self._generator.writer
        with self._evaluating(node, environment):
            path = generator.names_of(update.path, False)
            old = writer.fresh()
            is_old_read = (update.previous, False) in generator.analysis.reads(update.value)
            if is_old_read or path[1:]:
                writer.emit(f"{old} = {name}.at({path[0]})")
            text = spliced(generator, update, old, path[1:], False)
            writer.emit(f"{name}.put({path[0]}, {text})")

    # Functions that are given for each argument

    def _is_mapped(self, node: tree.FunctionLiteral) -> bool:
        patterns = [each for binding in node.bindings for each in binding.patterns]
        if len(patterns) != 1 or patterns[0].is_tuple or node.itself is not None:
            return False
        body = node.body
        return isinstance(body, tree.If) or self._is_kept(body, node)

    def _is_kept(self, leaf: tree.Expression, node: tree.FunctionLiteral) -> bool:
        """Whether what an argument is mapped to is what the variable maps it to."""
        meanings = self._generator.analysis.meanings
        if not (isinstance(leaf, tree.Application) and isinstance(leaf.argument, tree.Call)):
            return False
        function, (bound,) = leaf.function, node.bindings[0].patterns[0].names
        is_variable = isinstance(function, tree.Call) and meanings[function] is self._variable
        return is_variable and meanings[leaf.argument] is bound

    def _write_mapped(
        self, name: str, before: str, node: tree.FunctionLiteral, environment: Environment
    ) -> None:
        generator, writer = self._generator, self._generator.writer
        (bound,) = node.bindings[0].patterns[0].names
        with self._evaluating(node, environment):
            domain = generator.value(node.bindings[0].domain, False).text
            writer.emit(f"{name} = {generator.namespace.helper(Mapped)}({before}, {domain})")
            argument = generator.reference(bound, False)
            writer.emit(f"for {argument} in {name}.domain:")
            with writer.indented():
                self._write_leaf(name, argument, node.body, node)
                writer.emit("pass")

    def _write_leaf(
        self, name: str, argument: str, leaf: tree.Expression, node: tree.FunctionLiteral
    ) -> None:
        generator, writer = self._generator, self._generator.writer
        if isinstance(leaf, tree.If):
            condition = generator.formula(leaf.condition, False)
            for head, body in ((f"if {condition}:", leaf.then), ("else:", leaf.otherwise)):
                writer.emit(head)
                with writer.indented():
                    self._write_leaf(name, argument, body, node)
                    writer.emit("pass")
        elif not self._is_kept(leaf, node):
            writer.emit(f"{name}.put({argument}, {generator.value(leaf, False).text})")

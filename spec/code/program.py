"""A specification under one choice of constants, ready to be evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from raft_ref.spec.code.context import with_context
from raft_ref.spec.code.effects import Effects
from raft_ref.spec.code.explain import conditions_function, instances_function
from raft_ref.spec.code.forms import FORMS, SLOT_FORMS
from raft_ref.spec.code.generator import Form, Generator
from raft_ref.spec.code.indexed_formulas import IndexedFormula, instance_function
from raft_ref.spec.names.analysis import Analysis, Read
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import NoValueError, SpecError
from raft_ref.spec.values.value import Value


class Program:
    """The generated functions, quick and careful.

    Arguments: what is known of the definitions, the values of the constants, where side effects are
    kept, and the forms of operators that this folder does not know, by their names.
    """

    def __init__(
        self,
        analysis: Analysis,
        constants: Mapping[str, Value | Callable[..., Value]],
        effects: Effects | None = None,
        special: Mapping[str, Form] | None = None,
    ) -> None:
        self.analysis = analysis
        self.effects = effects or Effects()
        self.quick, self.careful = (
            Generator(
                analysis, constants, FORMS, careful=careful, effects=self.effects, special=special
            )
            for careful in (False, True)
        )

    @cached_property
    def slotted(self) -> Generator:
        """The quick text in which variables are objects with slots; see `forms`.

        It has no operators that this folder does not know.
        """
        quick = self.quick
        return Generator(
            self.analysis,
            quick.constants,
            SLOT_FORMS,
            careful=False,
            effects=self.effects,
            slotted=True,
        )

    def signature(self, definition: tree.Definition) -> list[Read]:
        """Return what the function of a definition takes."""
        return self.quick.signature(definition)

    def function(self, definition: tree.Definition) -> Callable[..., Any]:
        """Return the function of a definition; it raises `SpecError` where TLC has an error."""
        quick = self.quick.function(definition)
        return self._guarded(definition, quick, lambda: self.careful.function(definition))

    def instances(self, definition: tree.Definition) -> Callable[..., list[str]]:
        """Return the function that lists the failing instances of a universal formula."""
        quick = instances_function(self.quick, definition)
        return self._guarded(
            definition, quick, lambda: instances_function(self.careful, definition)
        )

    def conditions(self, definition: tree.Definition) -> Callable[..., list[str]]:
        """Return the function that lists the condition of an action that fails."""
        quick = conditions_function(self.quick, definition)
        return self._guarded(
            definition, quick, lambda: conditions_function(self.careful, definition)
        )

    def instance(self, definition: tree.Definition, formula: IndexedFormula) -> Callable[..., Any]:
        """Return the function that evaluates one instance of a formula; see `indexed_formulas`."""
        quick = instance_function(self.quick, definition, formula)
        return self._guarded(
            definition, quick, lambda: instance_function(self.careful, definition, formula)
        )

    def _guarded(
        self,
        definition: tree.Definition,
        quick: Callable[..., Any],
        careful: Callable[[], Callable[..., Any]],
    ) -> Callable[..., Any]:
        def evaluate(*arguments: Any) -> Any:
            printed = len(self.effects.printed)
            try:
                return quick(*arguments)
            except Exception:  # any: the quick text does not tell what went wrong, or where
                del self.effects.printed[printed:]
            try:
                return careful()(*arguments)
            except SpecError as error:
                raise with_context(error) from None
            except NoValueError as error:  # out of a comparison that Python made by itself
                raise SpecError(definition.at, error.reason) from None
            except RecursionError:
                raise SpecError(definition.at, "the recursion is too deep or endless") from None

        return evaluate

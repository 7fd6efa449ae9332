"""The states of a specification: its initial states, and what follows a state.

A state is a tuple of the variables' values, in the order in which they are declared.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from raft_ref.spec.code.effects import Effects
from raft_ref.spec.code.generator import Generator
from raft_ref.spec.code.program import Program
from raft_ref.spec.names.labels import ActionName, Label, labels_of
from raft_ref.spec.steps.binding_times import dynamic_variables
from raft_ref.spec.steps.distribution import parts_of
from raft_ref.spec.steps.interning import Interner, State
from raft_ref.spec.steps.memoization import MemoizedActions
from raft_ref.spec.steps.slots.actions import SlotActions, domains_of
from raft_ref.spec.steps.slots.layout import SlotInterner
from raft_ref.spec.steps.slots.writing import Slotting, SlotWriter
from raft_ref.spec.steps.specialization import (
    ExtensionWriter,
    GeneratingExtension,
    Writing,
    generating_extension,
)
from raft_ref.spec.steps.successors import ActionWriter, Generated, Successor, WithOracle, taken
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.values.value import Value


class _WithEffects:
    """The side effects of all that is evaluated under the same constants."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects

    @property
    def printed(self) -> list[Value]:
        """What Print and PrintT have shown; the caller may empty the list."""
        return self._effects.printed

    @property
    def facts(self) -> dict[Value, Value | Callable[[], Value]]:
        """What TLCGet tells, by its names; the caller may add to it."""
        return self._effects.facts

    @property
    def warnings(self) -> list[str]:
        """What TLC warns of, once for each place: updates of functions outside of the domain."""
        return [f"{at}: {reason}" for at, reason in self._effects.warnings.items()]


class Action(_WithEffects):
    """An operator of a module as an action; made by `Module.action`."""

    def __init__(
        self, definition: tree.Definition, program: Program, variables: tuple[tree.Variable, ...]
    ) -> None:
        super().__init__(program.effects)
        self.name = definition.name
        self.position = definition.at
        self._definition = definition
        self._program = program
        self._variables = variables
        self._conditions: Callable[..., list[str]] | None = None
        self.parameters = tuple(each.name for each in definition.parameters)
        self._function = WithOracle(
            program,
            definition.at,
            lambda generator: [ActionWriter(generator, variables, primed=True).whole(definition)],
            [definition.name],
        )

    def successors(self, state: State, *arguments: Value) -> list[State]:
        """Return the states to which the action leads, one for each way of taking it.

        Of a function in the state, it looks at the results only that the action itself reads.
        Raises `SpecError` where TLC has an error, `TypeError` for a wrong number of arguments.
        """
        if len(arguments) != len(self.parameters):
            raise TypeError(f"{self.name} takes {len(self.parameters)} arguments")
        return self._function.results(state, *arguments)

    def failing_condition(self, state: State, *arguments: Value) -> str | None:
        """Return the first condition of the action that does not hold, as the file has it.

        None if all do: then the action is enabled, or what it says of the next state is at fault.
        Raises `SpecError` where a condition has no value.
        """
        given: dict[object, Any] = dict(zip(self._variables, state, strict=True))
        given |= dict(zip(self._definition.parameters, arguments, strict=True))
        if self._conditions is None:
            self._conditions = self._program.conditions(self._definition)
        values = []
        for name, primed in self._program.signature(self._definition):
            value = None if primed else given[name]
            is_delayed = self._program.quick.is_delayed(name, primed)
            values.append(functools.partial(lambda each: each, value) if is_delayed else value)
        return next(iter(self._conditions(*values)), None)


class Nothing(_WithEffects):
    """What happens where there is no specification of behaviors, but assumptions alone."""

    variables: tuple[str, ...] = ()
    actions: tuple[ActionName, ...] = ()

    def initial(self) -> list[State]:
        """Return no state."""
        return []

    def successors(self, state: State) -> list[Successor]:
        """Return no successors."""
        return []

    def memoized(self, interner: Interner) -> MemoizedActions:
        """Return the same on rows."""
        return MemoizedActions([], self.successors, interner, self._effects)

    def slotted(self) -> None:
        """Return nothing: there is no function."""


class Transitions(_WithEffects):
    """The initial states and the next-state relation; made by `Module.transitions`."""

    def __init__(
        self,
        init: tuple[tree.Definition, Program],
        relation: tuple[tree.Definition, Program],
        variables: tuple[tree.Variable, ...],
    ) -> None:
        super().__init__(relation[1].effects)
        self.variables = tuple(each.name for each in variables)
        start, start_program = init
        next_, program = relation
        self._program = program
        self._declared = variables
        self._known_initial: list[State] | None = None
        self._labels = labels = labels_of(next_, program.analysis)
        actions = [each.action for each in labels]
        self.actions: tuple[ActionName, ...] = tuple(actions)
        self._init = WithOracle(
            start_program,
            start.at,
            lambda generator: [ActionWriter(generator, variables, primed=False).whole(start)],
            [start.name],
        )
        self._next = WithOracle(
            program,
            next_.at,
            lambda generator: [
                ActionWriter(generator, variables, primed=True).labelled(
                    label, action, list(label.bound)
                )
                for label, action in zip(labels, actions, strict=True)
            ],
            [each.name for each in actions],
        )

    def initial(self) -> list[State]:
        """Return the initial states, as often as Init gives them.

        Raises `SpecError` where TLC has an error.
        """
        if self._known_initial is not None:
            return self._known_initial
        return self._init.results(())

    def successors(self, state: State) -> list[Successor]:
        """Return what follows a state, as often as the relation gives it.

        Raises `SpecError` where TLC has an error.
        """
        return self._next.results(state)

    def memoized(self, interner: Interner) -> MemoizedActions:
        """Return the same relation on the rows of an interner, memoized."""
        actions = self._specialized(self._program.quick, ExtensionWriter)
        return MemoizedActions(actions, self.successors, interner, self._effects)

    def slotted(self) -> SlotActions | None:
        """Return the same on rows with slots; None if there is no function that has any.

        Those have that are functions over the same arguments in all initial states, if some
        action is taken for each of these, reads one of them, and treats the function as static.
        """
        try:
            states = self._effects.purely(self._init.results, ())
        except Exception:  # any: the search tells of it, in its time
            return None
        self._known_initial = states
        domains = domains_of(states)
        slotting = Slotting(self._program.quick, frozenset(domains.values()))
        if not domains:
            return None
        generator = self._program.slotted
        actions = self._specialized(generator, functools.partial(SlotWriter, slotting))
        extensions = [extension for _, extension, _ in actions if extension is not None]
        dynamic = frozenset().union(*[each.dynamic for each in extensions])
        chosen = {
            place: domain
            for place, domain in domains.items()
            if domain in slotting.used
            and place not in dynamic
            and self._declared[place] in generator.by_slot
        }
        if not chosen:
            return None
        interner = SlotInterner(self.variables, chosen)
        return SlotActions(actions, self.successors, interner, self._effects)

    def _specialized(
        self, generator: Generator, writing: Writing
    ) -> list[tuple[ActionName, GeneratingExtension | None, Callable[..., list[Any]]]]:
        """Return each action with its generating extension, and what computes its successors."""
        analysis = self._program.analysis
        parts = [parts_of(label, analysis) for label in self._labels]
        dynamic = dynamic_variables([part for each in parts for part in each], analysis)
        return [
            (
                action,
                generating_extension(part, generator, self._declared, dynamic, writing),
                functools.partial(self._next.quick, place)
                if len(parts[place]) == 1
                else functools.partial(taken, self._written(part, action)),
            )
            for place, action in enumerate(self.actions)
            for part in parts[place]
        ]

    def _written(self, part: Label, action: ActionName) -> Generated:
        """Return the function of a part of an action, in the quick text."""
        writer = ActionWriter(self._program.quick, self._declared, primed=True)
        return writer.labelled(part, action, list(part.bound))

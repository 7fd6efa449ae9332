"""The states of a specification: its initial states, and what follows a state.

A state is a tuple of the variables' values, in the order in which they are declared.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from raft_ref.spec.code.effects import Effects
from raft_ref.spec.code.generator import Generator
from raft_ref.spec.code.program import Program
from raft_ref.spec.names.environment import EMPTY, Environment, Local, Values
from raft_ref.spec.names.labels import ActionName, Label, labels_of
from raft_ref.spec.steps.actions import Actions
from raft_ref.spec.steps.binding_times import dynamic_variables
from raft_ref.spec.steps.interning import Interner, State
from raft_ref.spec.steps.memoization import MemoizedActions
from raft_ref.spec.steps.specialization import generating_extension
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import NoValueError, Position, SpecError
from raft_ref.spec.syntax.expressions import Declaration
from raft_ref.spec.values.value import Value, show

Generated: TypeAlias = Callable[..., None]


class Successor(NamedTuple):
    """A state that an action leads to, and the values of the names that the action binds."""

    action: ActionName
    arguments: tuple[Value, ...]
    state: State

    @property
    def label(self) -> str:
        """The action with its arguments, like `Timeout(i = s1)`."""
        pairs = zip(self.action.parameters, self.arguments, strict=True)
        listed = ", ".join(f"{name} = {show(value)}" for name, value in pairs)
        return f"{self.action.name}({listed})" if listed else self.action.name


class _Writer:
    """Generates the functions of one action in one text."""

    def __init__(
        self, generator: Generator, variables: tuple[tree.Variable, ...], *, primed: bool
    ) -> None:
        self._generator = generator
        self._variables = variables
        self._actions = Actions(generator, variables, primed=primed)
        self._primed = primed

    def whole(self, definition: tree.Definition) -> Generated:
        """Return the function that adds the states which an operator gives."""
        names = {each: Local(self._generator.fresh_name(each)) for each in definition.parameters}
        environment = Environment(names, (), (definition,))
        return self._function(
            definition.body.at,
            [str(each.text) for each in names.values()],
            lambda: self._actions.write(
                definition.body,
                environment,
                {},
                lambda known: self._add(definition.body.at, known, "{}"),
            ),
        )

    def labelled(self, label: Label, action: ActionName, shown: list[Declaration]) -> Generated:
        """Return the function that adds the successors by one action of the relation."""
        kept = self._generator.namespace.kept(action)

        def along(place: int, environment: Environment) -> None:
            if place == len(label.steps):
                self._actions.write(
                    label.node, environment, {}, lambda known: finish(environment, known)
                )
                return
            step = label.steps[place]
            if isinstance(step, tree.Quantified):
                self._actions.exists(step, environment, {}, lambda inner: along(place + 1, inner))
            elif isinstance(step, tree.Let):
                along(place + 1, self._actions.let(step, environment, {}))
            else:
                meaning = self._generator.analysis.meanings[step]
                assert isinstance(meaning, tree.Definition)
                along(place + 1, self._actions.inlined(step, meaning, environment, {}))

        def finish(environment: Environment, known: Values) -> None:
            arguments = "".join(f"{self._shown(each, environment)}, " for each in shown)
            self._add(label.position, known, f"new(Successor, ({kept}, ({arguments}), {{}}))")

        return self._function(label.position, [], lambda: along(0, EMPTY))

    def _shown(self, name: Declaration, environment: Environment) -> str:
        local = environment.locals[name]
        if local.text is not None:
            return f"{local.text}()" if local.is_delayed else local.text
        assert local.expression is not None
        with self._actions.evaluating(local.expression, local.environment, {}):
            return self._generator.value(local.expression, False).text

    def _add(self, at: Position, known: Values, form: str) -> None:
        missing = [each.name for each in self._variables if each not in known]
        if missing:
            kind = "successor" if self._primed else "initial"
            reason = f"the {kind} state is not completely specified: {', '.join(missing)}"
            index = self._generator.namespace.position(at)
            self._generator.writer.emit(f"incomplete(positions[{index}], {reason!r})")
            return
        state = "".join(f"{known[each]}, " for each in self._variables)
        self._generator.writer.emit(f"into({form.format(f'({state})')})")

    def _function(
        self, at: Position, parameters: list[str], write: Callable[[], None]
    ) -> Generated:
        generator = self._generator
        writer_names = ", ".join(["into", "state", *parameters])

        def body() -> str:
            generator.used.clear()
            with generator.writer.captured() as lines:
                write()
            if self._primed:
                for place, variable in enumerate(self._variables):
                    if variable in generator.used:
                        name = generator.reference(variable, False)
                        generator.writer.emit(f"{name} = state[{place}]")
            generator.writer.splice(lines)
            return "None"

        name = generator.namespace.unique("action")
        return generator.function_of_text(name, writer_names, body, at, _HELPERS)


def _incomplete(at: Position, reason: str) -> None:
    raise SpecError(at, reason)


_HELPERS: Final[Mapping[str, Any]] = {
    "new": tuple.__new__,
    "Successor": Successor,
    "incomplete": _incomplete,
}


class _WithOracle:
    """Functions in the quick text and, if that fails, in the careful one, which is the oracle."""

    def __init__(
        self, program: Program, at: Position, generate: Callable[[Generator], list[Generated]]
    ) -> None:
        self._at = at
        self._generate = generate
        self._program = program
        self._quick = generate(program.quick)
        self._careful: list[Generated] | None = None

    def quick(self, place: int, state: State) -> list[Any]:
        """Return what one function adds in the quick text, which raises any exception."""
        found: list[Any] = []
        self._quick[place](found.append, state)
        return found

    def results(self, state: State, *arguments: Value) -> list[Any]:
        """Return what the functions add."""
        found: list[Any] = []
        add = found.append
        printed = len(self._program.effects.printed)
        try:
            for each in self._quick:
                each(add, state, *arguments)
        except Exception:  # any: the quick text does not tell what went wrong, or where
            del self._program.effects.printed[printed:]
            return self._by_oracle(state, arguments)
        return found

    def _by_oracle(self, state: State, arguments: tuple[Value, ...]) -> list[Any]:
        if self._careful is None:
            self._careful = self._generate(self._program.careful)
        found: list[Any] = []
        try:
            for each in self._careful:
                each(found.append, state, *arguments)
        except NoValueError as error:
            raise SpecError(self._at, error.reason) from None
        except RecursionError:
            raise SpecError(self._at, "the recursion is too deep or endless") from None
        return found


class _WithEffects:
    """The side effects of all that is evaluated under the same constants."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects

    @property
    def printed(self) -> list[Value]:
        """What Print and PrintT have shown; the caller may empty the list."""
        return self._effects.printed

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
        self._function = _WithOracle(
            program,
            definition.at,
            lambda generator: [_Writer(generator, variables, primed=True).whole(definition)],
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
        self._labels = labels = labels_of(next_, program.analysis)
        actions = [each.action for each in labels]
        self.actions: tuple[ActionName, ...] = tuple(actions)
        self._init = _WithOracle(
            start_program,
            start.at,
            lambda generator: [_Writer(generator, variables, primed=False).whole(start)],
        )
        self._next = _WithOracle(
            program,
            next_.at,
            lambda generator: [
                _Writer(generator, variables, primed=True).labelled(
                    label, action, list(label.bound)
                )
                for label, action in zip(labels, actions, strict=True)
            ],
        )

    def initial(self) -> list[State]:
        """Return the initial states, as often as Init gives them.

        Raises `SpecError` where TLC has an error.
        """
        return self._init.results(())

    def successors(self, state: State) -> list[Successor]:
        """Return what follows a state, as often as the relation gives it.

        Raises `SpecError` where TLC has an error.
        """
        return self._next.results(state)

    def memoized(self, interner: Interner) -> MemoizedActions:
        """Return the same relation on the rows of an interner, memoized."""
        dynamic = dynamic_variables(self._labels, self._program.analysis)
        actions = [
            (
                action,
                generating_extension(label, self._program.quick, self._declared, dynamic),
                functools.partial(self._next.quick, place),
            )
            for place, (action, label) in enumerate(zip(self.actions, self._labels, strict=True))
        ]
        return MemoizedActions(actions, self.successors, interner, self._effects)

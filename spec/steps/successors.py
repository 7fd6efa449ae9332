"""The functions that find the states which an action leads to, quick and careful."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from raft_ref.spec.code.context import with_context
from raft_ref.spec.code.generator import Generator
from raft_ref.spec.code.program import Program
from raft_ref.spec.names.environment import EMPTY, Environment, Local, Values
from raft_ref.spec.names.labels import ActionName, Label
from raft_ref.spec.steps.actions import Actions
from raft_ref.spec.steps.blame import incomplete
from raft_ref.spec.steps.interning import State
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


class ActionWriter:
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
            origins, given = self._actions.origins, [each.name for each in known]
            self._generator.writer.emit(
                f"incomplete(positions[{index}], {reason!r}, {origins}, {given!r})"
            )
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


_HELPERS: Final[Mapping[str, Any]] = {
    "new": tuple.__new__,
    "Successor": Successor,
    "incomplete": incomplete,
}


def taken(function: Generated, state: State) -> list[Any]:
    """Return what a generated function adds in a state."""
    found: list[Any] = []
    function(found.append, state)
    return found


class WithOracle:
    """Functions in the quick text and, if that fails, in the careful one, which is the oracle.

    Arguments: the program, the place of what they are of, what writes them, and the actions' names.
    """

    def __init__(
        self,
        program: Program,
        at: Position,
        generate: Callable[[Generator], list[Generated]],
        names: Sequence[str],
    ) -> None:
        self._names = names
        self._at = at
        self._generate = generate
        self._program = program
        self._quick = generate(program.quick)
        self._careful: list[Generated] | None = None

    def quick(self, place: int, state: State) -> list[Any]:
        """Return what one function adds in the quick text, which raises any exception."""
        return taken(self._quick[place], state)

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
        within = ""
        try:
            for name, each in zip(self._names, self._careful, strict=True):
                within = name
                each(found.append, state, *arguments)
        except SpecError as error:
            raise with_context(error, within) from None
        except NoValueError as error:
            raise SpecError(self._at, error.reason) from None
        except RecursionError:
            raise SpecError(self._at, "the recursion is too deep or endless") from None
        return found

"""Loads a TLA+ module and evaluates its operators."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from raft_ref.spec.code.effects import Effects
from raft_ref.spec.code.predicate import Predicate
from raft_ref.spec.code.program import Program
from raft_ref.spec.files import LIBRARY
from raft_ref.spec.names.analysis import Analysis
from raft_ref.spec.names.behaviors.expanding import is_step, is_temporal
from raft_ref.spec.names.behaviors.goals import goal_of
from raft_ref.spec.names.behaviors.properties import (
    Conjunct,
    When,
    conjunct_of,
    parts_of,
)
from raft_ref.spec.names.behaviors.specification import Specification, specification_of
from raft_ref.spec.names.labels import labels_of
from raft_ref.spec.names.loading import Loader
from raft_ref.spec.names.scope import Meaning, Names, Resolution, arity_of, resolve
from raft_ref.spec.steps.enabled import enabled
from raft_ref.spec.steps.transitions import Action, Nothing, Transitions
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import Position, SpecError
from raft_ref.spec.syntax.parser import parse_module
from raft_ref.spec.temporal import Behaviors, BehaviorsWriter
from raft_ref.spec.values.value import Value

Constants = Mapping[str, Value | Callable[..., Value]]


@dataclass(frozen=True)
class Operator:
    """A definition of a module; `text` is the source of its body."""

    name: str
    parameters: tuple[str, ...]
    position: Position
    is_local: bool
    text: str


def _parts_of(node: tree.Expression) -> list[tree.Expression]:
    if isinstance(node, tree.Call) and node.name == "/\\":
        return [part for each in node.arguments for part in _parts_of(each)]
    if isinstance(node, tree.Quantified) and node.is_universal:
        return [replace(node, body=part) for part in _parts_of(node.body)]
    return [node]


class Module:
    """A loaded module with all that it extends; made by `load`."""

    def __init__(
        self, sources: list[tree.ModuleSource], names: Names, resolution: Resolution
    ) -> None:
        own = sources[-1]
        self.name = own.name
        self.algorithm = own.algorithm
        """A PlusCal algorithm that is not translated."""
        declared = list(names.values())
        self.constants = tuple(e.name for e in declared if isinstance(e, tree.Constant))
        self._variables = tuple(e for e in declared if isinstance(e, tree.Variable))
        self.variables = tuple(each.name for each in self._variables)
        self._names = names
        self._sources = sources
        self._own = frozenset(own.definitions)
        self._assumptions = [each for source in sources for each in source.assumptions]
        self._analysis = Analysis(resolution)
        self._definitions = {
            name: meaning for name, meaning in names.items() if isinstance(meaning, tree.Definition)
        }
        self.operators: Mapping[str, Operator] = {
            name: _operator(definition) for name, definition in self._definitions.items()
        }
        self._programs: dict[frozenset[tuple[str, object]], Program] = {}
        self._predicates: dict[tuple[str, Program], Predicate] = {}
        self._parts: dict[tuple[tuple[str, ...], Program], list[Predicate]] = {}
        self._actions: dict[tuple[str, Program], Action] = {}
        self._transitions: dict[tuple[str, str, Program], Transitions] = {}

    def properties(self, inherited: Container[str] = ()) -> tuple[Operator, ...]:
        """Return the properties: this file's operators without parameters that are not LOCAL.

        Those of modules that it extends are among them, as far as these are `inherited`, by name.
        """
        own = self._own.union(*(s.definitions for s in self._sources if s.name in inherited))
        return tuple(
            self.operators[name]
            for name, definition in self._definitions.items()
            if definition in own and not definition.parameters and not definition.is_local
        )

    def is_of_states(self, name: str) -> bool:
        """Say whether an operator without parameters is about single states, as an invariant is.

        Raises `KeyError` for a name that is no such operator.
        """
        body, meanings = self._definition(name).body, self._analysis.resolution.meanings
        return not (is_temporal(body, meanings) or is_step(body, meanings))

    def predicate(self, name: str, constants: Constants | None = None) -> Predicate:
        """Return an operator without parameters, to be evaluated under these constants.

        Raises `SpecError` for what is not supported or an ASSUME that does not hold, `KeyError`
        for a name that is no such operator or a constant that is none of this module.
        """
        definition, program = self._definition(name), self._program(constants or {})
        if (name, program) not in self._predicates:
            self._predicates[name, program] = Predicate(definition, program)
        return self._predicates[name, program]

    def _definition(self, name: str) -> tree.Definition:
        definition = self._definitions.get(name)
        if definition is None or definition.parameters:
            raise KeyError(f"{self.name} has no operator {name} without parameters")
        return definition

    def conjuncts(
        self, name: str, constants: Constants | None = None
    ) -> list[tuple[When, Predicate, Predicate | None]]:
        """Return the conjuncts of a property that states and steps decide, and when each must hold.

        For a conjunct `[A]_v` that is A and `v' = v`, one of which must hold in each step.

        The others are among `behaviors`. Raises `SpecError` for what is no property, and as
        `predicate` does.
        """
        resolution, conjuncts = self._conjuncts(name, constants)
        program = _program(Analysis(resolution, self._analysis), constants or {})
        return [
            (when, Predicate(formula, program), Predicate(exempt, program) if exempt else None)
            for when, formula, exempt in conjuncts
            if when is not When.OF_BEHAVIORS
        ]

    def _conjuncts(
        self, name: str, constants: Constants | None
    ) -> tuple[Resolution, list[Conjunct]]:
        self._program(constants or {})  # whose assumptions are checked
        definition = self._definition(name)
        resolution = Resolution()
        resolution.copy_from(self._analysis.resolution)
        parts = parts_of(definition.body, resolution)
        return resolution, [conjunct_of(each, name, definition.text, resolution) for each in parts]

    def behaviors(
        self,
        specification: str | None,
        properties: Iterable[str],
        constants: Constants | None = None,
    ) -> Behaviors:
        """Return what a specification assumes, and properties demand, of whole behaviors.

        Properties that cannot be checked are among what is returned. Raises `SpecError` and
        `KeyError` as `predicate` does.
        """
        effects = self._program(constants or {}).effects
        resolution = Resolution()
        resolution.copy_from(self._analysis.resolution)

        def program(analysis: Analysis, more: Mapping[str, Value]) -> Program:
            return _program(analysis, {**(constants or {}), **more}, effects)

        writer = BehaviorsWriter(resolution, self._analysis, program)
        if specification is not None:
            parts = specification_of(self._definition(specification), resolution)
            for node, text in zip(parts.temporal, parts.ignored, strict=True):
                writer.assume(node, text)
        for name in properties:
            definition = self._definition(name)
            try:
                for part in parts_of(definition.body, resolution):
                    if part.when is When.OF_BEHAVIORS:
                        writer.demand(name, part.at, definition.text, part.formula)
            except SpecError as error:
                writer.refuse(name, error)
        return writer.behaviors()

    def parts(self, names: Iterable[str], constants: Constants | None = None) -> list[Predicate]:
        r"""Return operators as `predicate` does, those that fall into parts part by part.

        What `\A x \in S : A /\ B` says is what `\A x \in S : A` and `\A x \in S : B` say, and each
        may read less. A part has the name of the operator. Raises as `predicate`.
        """
        key = tuple(names), self._program(constants or {})  # whose assumptions are checked
        if key not in self._parts:
            self._parts[key] = self._made_parts(key[0], constants or {})
        return [*self._parts[key]]

    def _made_parts(self, names: Iterable[str], constants: Constants) -> list[Predicate]:
        resolution = Resolution()
        resolution.copy_from(self._analysis.resolution)
        made = []
        for definition in map(self._definition, names):
            for body in _parts_of(definition.body):
                part = replace(definition, body=body)
                resolution.definitions.append(part)
                resolution.of_modules.add(part)
                made.append(part)
        program = _program(Analysis(resolution, self._analysis), constants)
        return [Predicate(each, program) for each in made]

    def replaced(
        self,
        by: Mapping[str, str],
        values: Iterable[str] = (),
        within: Mapping[tuple[str, str], str] | None = None,
        values_within: Iterable[tuple[str, str]] = (),
    ) -> Module:
        """Return the module with other meanings for some of its names, wherever they stand.

        Arguments: for each name the operator whose meaning it takes; operators that become
        constants; and for a module and a name in it the operator that is meant there alone, or that
        it becomes a constant there (`constant_within` has its name).
        Raises `KeyError` for a name that is none, `ValueError` where two names do not take the
        same number of arguments.
        """
        new = {self._names[name]: self._names[other] for name, other in by.items()}
        for name in values:
            new[self._names[name]] = tree.Constant(self._definition(name).at, name, 0)
        for old, meaning in new.items():
            if arity_of(old) != arity_of(meaning):
                raise ValueError(f"expected {arity_of(old)} arguments, not {arity_of(meaning)}")
        resolution = Resolution()
        resolution.copy_from(self._analysis.resolution)
        there: dict[tuple[str, str], Meaning] = {
            place: self._names[other] for place, other in (within or {}).items()
        }
        inner = {
            place: tree.Constant(Position(place[0], 1, 1), constant_within(place[1], place[0]), 0)
            for place in values_within
        }
        there |= inner
        for call, meaning in resolution.meanings.items():
            place = Path(call.at.file).stem, call.name
            instead = there.get(place)
            if instead is None and isinstance(meaning, tree.Definition):
                defined = Path(meaning.at.file).stem, meaning.name.rpartition("!")[2]
                instead = there.get(defined)  # what an instance has of it
            resolution.meanings[call] = instead or new.get(meaning, meaning)
        names = {name: new.get(meaning, meaning) for name, meaning in self._names.items()}
        names |= {each.name: each for each in inner.values()}
        return Module(self._sources, names, resolution)

    def transitions(
        self,
        constants: Constants | None = None,
        *,
        init: str = "Init",
        next: str = "Next",
        specification: str | None = None,
    ) -> Transitions:
        r"""Return the initial states and the next-state relation under these constants.

        `init` and `next` are names of operators without parameters, or any formulas; if
        `specification` is given, they are those of an operator like `Init /\ [][Next]_vars`.
        Raises `SpecError` for what is not supported or an ASSUME that does not hold, `KeyError`
        for a constant that is none of this module.
        """
        given = constants or {}
        if specification is not None:
            effects = self._program(given).effects
            parts, analysis = self._taken_apart(specification)
            program = _program(analysis, given, effects)
            return Transitions((parts.init, program), (parts.next, program), self._variables)
        if not {init, next} <= self._definitions.keys():
            formulas = self._formula(init, given), self._formula(next, given)
            return Transitions(*formulas, self._variables)
        key = init, next, self._program(given)
        if key not in self._transitions:
            formulas = self._formula(init, given), self._formula(next, given)
            self._transitions[key] = Transitions(*formulas, self._variables)
        return self._transitions[key]

    def nothing(self, constants: Constants | None = None) -> Nothing:
        """Return what happens where no specification is given; assumptions are checked.

        Raises `SpecError` and `KeyError` as `predicate` does.
        """
        return Nothing(self._program(constants or {}).effects)

    @property
    def assumptions(self) -> int:
        """How many assumptions there are."""
        return len(self._assumptions)

    def action(self, name: str, constants: Constants | None = None) -> Action:
        """Return any operator, with or without parameters, as an action under these constants.

        Raises `SpecError` and `KeyError` as `predicate` does.
        """
        if name not in self._definitions:
            raise KeyError(f"{self.name} has no operator {name}")
        program = self._program(constants or {})
        if (name, program) not in self._actions:
            action = Action(self._definitions[name], program, self._variables)
            self._actions[name, program] = action
        return self._actions[name, program]

    def steps(self, relation: str = "Next") -> tuple[str, ...]:
        """Return the operators that a next-state relation chooses among, in their order.

        Raises `KeyError` if there is no such relation.
        """
        definition = self._definition(relation)
        chosen = []
        for label in labels_of(definition, self._analysis):
            calls = (step.name for step in label.steps if isinstance(step, tree.Call))
            chosen.append(next(calls, label.name))
        return tuple(dict.fromkeys(chosen))

    def demand_steps(self, names: Iterable[str]) -> None:
        """Raise `SpecError` unless Next chooses among these operators and no others."""
        steps, wanted = self.steps(), (*names,)
        at = self._definition("Next").at
        if missing := [name for name in wanted if name not in steps]:
            raise SpecError(at, f"Next of {self.name} has no step {', '.join(missing)}")
        if unknown := [name for name in steps if name not in wanted]:
            raise SpecError(at, f"nothing is known here of Next's step {', '.join(unknown)}")

    def specification(self, name: str) -> Specification:
        """Return the parts of an operator that is a specification formula.

        Raises `SpecError` if it has another form, `KeyError` if there is no such operator.
        """
        return self._taken_apart(name)[0]

    def _taken_apart(self, name: str) -> tuple[Specification, Analysis]:
        resolution = Resolution()
        resolution.copy_from(self._analysis.resolution)
        parts = specification_of(self._definition(name), resolution)
        return parts, Analysis(resolution, self._analysis)

    def _formula(self, formula: str, constants: Constants) -> tuple[tree.Definition, Program]:
        definition = self._definitions.get(formula)
        if definition is not None and not definition.parameters:
            return definition, self._program(constants)
        effects = self._program(constants).effects
        definition, analysis = self._parsed(formula)
        return definition, _program(analysis, constants, effects)

    def goal(self, formula: str, constants: Constants | None = None) -> tuple[str, list[Predicate]]:
        """Return what a formula demands in the end: its form, and its formulas of states.

        The forms are those of `names.behaviors.goals.FORMS`. Raises `SpecError` for another, and as
        `predicate` does.
        """
        definition, analysis = self._parsed(formula)
        resolution = Resolution()
        resolution.copy_from(analysis.resolution)
        form, definitions = goal_of(definition, resolution)
        program = _program(Analysis(resolution, self._analysis), constants or {})
        return form, [Predicate(each, program) for each in definitions]

    def constant(self, expression: str, constants: Constants | None = None) -> Value:
        """Return the value of an operator's name, or of any expression, that reads no variable.

        Raises `SpecError` as `predicate` does, and if the expression reads a variable.
        """
        found = self.expression(expression, constants)
        if found.reads or found.reads_primed:
            first = min(found.reads | found.reads_primed)
            raise SpecError(found.position, f"{first} is a variable, and no state is given")
        return found.value({})

    def expression(self, expression: str, constants: Constants | None = None) -> Predicate:
        """Return an operator's name, or any expression, to be evaluated under these constants.

        Raises `SpecError` as `predicate` does.
        """
        if expression in self._definitions:
            return Predicate(self._definitions[expression], self._program(constants or {}))
        definition, analysis = self._parsed(expression)
        return Predicate(definition, _program(analysis, constants or {}))

    def _parsed(self, expression: str) -> tuple[tree.Definition, Analysis]:
        text = f"---- MODULE expression ----\nexpression ==\n{expression}\n===="
        source = parse_module(text, "expression")
        resolution = Resolution()
        resolution.copy_from(self._analysis.resolution)
        loader = Loader([Path()], LIBRARY, resolution)
        resolve(source, self._names, resolution, loader)
        return source.definitions[-1], Analysis(resolution, self._analysis)

    def _program(self, constants: Constants) -> Program:
        unknown = constants.keys() - set(self.constants)
        if unknown:
            raise KeyError(f"{self.name} has no constant {min(unknown)}")
        key = frozenset(constants.items())
        if key not in self._programs:
            program = _program(self._analysis, constants)
            if constants.keys() == set(self.constants):
                self._check_assumptions(program)
            self._programs[key] = program
        return self._programs[key]

    def _check_assumptions(self, program: Program) -> None:
        for each in self._assumptions:
            formula = Predicate(each, program)
            if formula.reads or formula.reads_primed:
                raise SpecError(each.at, "an assumption reads no variables")
            if not formula.holds({}):
                raise SpecError(each.at, "the assumption does not hold of these constants")


def constant_within(name: str, module: str | None) -> str:
    """Return what a constant is called that has another meaning within one module."""
    return name if module is None else f"{name}_within_{module}"


def load(path: Path | str, library: Iterable[Path] = ()) -> Module:
    """Load a module and those it uses.

    These stand beside it or in the folders of a `library`, unless they are standard ones.
    Raises `SpecError` for a syntax error, a module that is missing, a name that is unknown or
    defined twice, and `OSError` if the file cannot be read.
    """
    loader = Loader([Path(path).parent, *library], LIBRARY)
    loaded = loader.load(Path(path))
    return Module(loaded.sources, loaded.names, loader.resolution)


def _program(analysis: Analysis, constants: Constants, effects: Effects | None = None) -> Program:
    return Program(analysis, constants, effects, {"ENABLED": enabled})


def _operator(definition: tree.Definition) -> Operator:
    return Operator(
        definition.name,
        tuple(each.name for each in definition.parameters),
        definition.at,
        definition.is_local,
        definition.text,
    )

"""From a module and its configuration to what the embedded checker checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from raft_ref.spec.checker.config import Config, Named
from raft_ref.spec.checker.search import Model, Property, Task
from raft_ref.spec.checker.symmetry import Renaming, renamings_of
from raft_ref.spec.code.predicate import Predicate
from raft_ref.spec.module import Module, constant_within
from raft_ref.spec.names.behaviors.properties import When
from raft_ref.spec.names.suggestions import close_to
from raft_ref.spec.syntax.errors import NoValueError, Position, SpecError
from raft_ref.spec.temporal import Behaviors
from raft_ref.spec.values.value import Value, finite

_Found = TypeVar("_Found")


def task_of(
    module: Module,
    config: Config,
    check_deadlock: bool | None = None,
    depth: int | None = None,
    processes: str | None = None,
) -> Task:
    """Return what a configuration asks for.

    Arguments: the module, its configuration, whether to check for deadlock (None: what the
    configuration says, or yes, as TLC), a bound on the levels of states, and an expression for the
    set of processes.
    Raises `SpecError` where the two do not fit, and for what is not supported here.
    """
    asked = _Asked(module, config)
    properties = asked.properties()
    if check_deadlock is None:
        check_deadlock = config.check_deadlock is not False
    behaviors = asked.behaviors()
    invariants = (*asked.invariants(), *properties[When.ALWAYS])
    alias = asked.alias()
    return Task(
        model=asked.model(),
        invariants=invariants,
        initial_properties=tuple(properties[When.INITIALLY]),
        step_properties=tuple(properties[When.IN_EACH_STEP]),
        constraints=tuple(asked.state_formula(each) for each in config.constraints),
        action_constraints=tuple(asked.predicate(each) for each in config.action_constraints),
        renamings=tuple(asked.renamings()),
        view=None if config.view is None else asked.state_formula(config.view),
        check_deadlock=check_deadlock,
        depth=depth,
        left_aside=(*asked.left_aside(), *behaviors.ignored, *asked.aside),
        unchecked=tuple(asked.unchecked),
        behaviors=behaviors,
        postconditions=tuple(asked.postconditions()),
        assumptions=module.assumptions,
        alias=alias,
        processes=None if processes is None else asked.processes(processes),
    )


class _Asked:
    """A module under the constants of a configuration."""

    def __init__(self, module: Module, config: Config) -> None:
        self._config = config
        self._module = _with_replacements(module, config)
        self._constants = _constants(self._module, config)
        self.unchecked: list[str] = []
        self.aside: list[str] = []

    def model(self) -> Model:
        config = self._config
        if config.specification is not None:
            return self._at(
                config.specification,
                lambda name: self._module.transitions(self._constants, specification=name),
            )
        if config.init is None:
            return self._module.nothing(self._constants)
        assert config.next is not None
        init, relation = self.defined(config.init), self.defined(config.next)
        return self._module.transitions(self._constants, init=init, next=relation)

    def left_aside(self) -> tuple[str, ...]:
        known = {*self._module.constants, *self._module.operators}
        unknown = [
            each.name
            for each in self._config.constants
            if each.name not in known and each.module is None
        ]
        left = (f"the constant {name}, which is not declared" for name in unknown)
        return (*left, *self._config.left_aside)

    def behaviors(self) -> Behaviors:
        named, properties = self._config.specification, self._config.properties
        for each in (*properties, *([] if named is None else [named])):
            if self._module.operators[self.defined(each)].parameters:
                raise SpecError(
                    each.at, f"{each.name} takes arguments, and is no formula by itself"
                )
        names = [each.name for each in properties]
        return self._module.behaviors(None if named is None else named.name, names, self._constants)

    def postconditions(self) -> Iterable[Property]:
        for named in self._config.postconditions:
            condition = self.predicate(named)
            if condition.reads or condition.reads_primed:
                raise SpecError(named.at, f"{named.name} reads variables, when all is over")
            yield Property(named.name, condition.position, condition)

    def defined(self, named: Named) -> str:
        """Return a name after a look whether it is an operator's, not an expression."""
        if named.name not in self._module.operators:
            hint = close_to(named.name, self._module.operators)
            if self._module.algorithm is not None and not hint:
                hint = f": the PlusCal algorithm {self._module.algorithm} is not translated"
            raise SpecError(named.at, f"{self._module.name} has no operator {named.name}{hint}")
        return named.name

    def predicate(self, named: Named) -> Predicate:
        return self._at(named, lambda name: self._module.predicate(name, self._constants))

    def state_formula(self, named: Named) -> Predicate:
        found = self.predicate(named)
        if found.is_step:
            raise SpecError(named.at, f"{named.name} reads primed variables, of a state")
        return found

    def invariants(self) -> Iterable[Property]:
        for named in self._config.invariants:
            try:
                condition = self.state_formula(named)
            except SpecError as error:
                if not error.reason.startswith("not supported here"):
                    raise
                self.unchecked.append(f"{named.name}: {error}")
            else:
                yield Property(named.name, condition.position, condition)

    def alias(self) -> Predicate | None:
        named = self._config.alias
        if named is None:
            return None
        try:
            return self.predicate(named)
        except SpecError as error:
            self.aside.append(f"ALIAS {named.name}: {error}")
            return None

    def properties(self) -> Mapping[When, list[Property]]:
        found: dict[When, list[Property]] = {when: [] for when in When}
        for named in self._config.properties:
            parts = self._at(named, lambda name: self._module.conjuncts(name, self._constants))
            for when, condition, exempt in parts:
                found[when].append(Property(named.name, condition.position, condition, exempt))
        return found

    def processes(self, expression: str) -> Value:
        found = self._module.constant(expression, self._constants)
        try:
            return finite(found)
        except NoValueError as error:
            raise SpecError(Position(expression, 1, 1), error.reason) from None

    def renamings(self) -> list[Renaming]:
        named = self._config.symmetry
        if named is None:
            return []
        value = self._at(named, lambda name: self._module.constant(name, self._constants))
        try:
            return renamings_of(value)
        except NoValueError as error:
            raise SpecError(named.at, error.reason) from None

    def _at(self, named: Named, find: Callable[[str], _Found]) -> _Found:
        """Look an operator up; say where the configuration names it, if there is none."""
        self.defined(named)
        try:
            return find(named.name)
        except KeyError as error:
            raise SpecError(named.at, str(error.args[0])) from None


def _with_replacements(module: Module, config: Config) -> Module:
    overridden = [
        each for each in config.constants if each.module or _is_operator(module, each.name)
    ]
    for name, at, by, place in config.replacements:
        try:
            module.replaced({} if place else {name: by}, (), {(place or "", name): by})
        except KeyError as error:
            hint = close_to(str(error.args[0]), module.operators)
            reason = f"{module.name} has no operator {error.args[0]}{hint}"
            raise SpecError(at, reason) from None
        except ValueError as error:
            raise SpecError(at, f"{by} cannot stand for {name}: {error}") from None
    everywhere = {each.name: each.by for each in config.replacements if each.module is None}
    within = {(each.module, each.name): each.by for each in config.replacements if each.module}
    values = [each.name for each in overridden if each.module is None]
    there = [(each.module, each.name) for each in overridden if each.module is not None]
    changed = bool(config.replacements or overridden)
    return module.replaced(everywhere, values, within, there) if changed else module


def _is_operator(module: Module, name: str) -> bool:
    return name in module.operators and name not in module.constants


def _constants(module: Module, config: Config) -> dict[str, Value]:
    # What the configuration gives a value and the module does not know is left aside, as by TLC.
    constants = {
        name: each.value
        for each in config.constants
        if (name := constant_within(each.name, each.module)) in module.constants
    }
    for name in module.constants:
        if name not in constants:
            at = Position(config.path, 1, 1)
            raise SpecError(at, f"the constant {name} of {module.name} is given no value")
    return constants

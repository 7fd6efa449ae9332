"""How a server of the node, and what it sends, is a part of a state of another's specification.

The mapping is TOML; what stands in it is TLA+ over the variables of Raft.tla (of a server `i`, of a
message `m`), with the constants of both modules. The tables:

- `within`: of how many steps of the specification a step of the node may be made.
- `[constants]`: what its constants are. Left out: what is called so in Raft.tla, or else a model
  value of that name.
- `[variables]`: for each that is a function of servers, what it is at server `i`.
- `[hidden]`: when such a variable may be anything after a step: a condition on the node's state.
- `[agrees]`: when what such a variable is there (`theirs`) does for what it should be (`ours`): a
  condition on both, and on what it was (`before`). Left out: if it is equal.
- `[rest]`: for each other variable, what it is before a step; afterwards it may be anything.
- `unset`: which of the rest no action sets, but Next for all of them.
- `[network]`: the `variable` that holds the messages, as a `kind` of "set" or "bag" (a function to
  how many there are), and the field with the addressee (`dest`). There is one more message in
  flight, which nobody can look into, unless `alone` is true: for actions that look through all of
  them by themselves, and that read no more of them than one.
- `[messages]`: for each type of message, the record that it is, by who receives or sends it (`i`).
- `[actions]`: the actions that a step may be made of, and the arguments of each: "i" the server,
  "m" any message in flight to it, or a set.
- `[steps]`: for each step of the node, which of these it may be made of (left out: of all).
- `[[differences]]`: steps that are known to be none: `step`, `when` it is not (of server `i` before
  the step, and of the message `m` that it receives, or else sends first), and `why`.
"""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from raft_ref.spec.code.predicate import Predicate
from raft_ref.spec.module import Module, load
from raft_ref.spec.requests import RequestError
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.spec.values.value import Value, model_value

_TABLES: Final[Mapping[str, Any]] = {
    "within": 1,
    "constants": {},
    "variables": {},
    "hidden": {},
    "agrees": {},
    "rest": {},
    "unset": [],
    "network": {},
    "messages": {},
    "actions": {},
    "steps": {},
    "differences": [],
}
_KINDS = ("set", "bag")
_SHIPPED: Final = Path(__file__).parents[2] / "mappings"
"""The folder of the mappings that ship, to be asked for by their names alone."""


def shipped() -> list[str]:
    """Return the names of the mappings that ship."""
    return sorted(path.stem for path in _SHIPPED.glob("*.toml"))


@dataclass(frozen=True, slots=True)
class Difference:
    """A step that is known to be none of the specification: when, and why."""

    step: str
    when: Predicate
    why: str


@dataclass(frozen=True)
class Mapped:
    """A mapping, its expressions ready to be evaluated; see the head of the module."""

    within: int
    constants: Mapping[str, Value]
    variables: Mapping[str, Predicate]
    hidden: Mapping[str, Predicate]
    agrees: Mapping[str, Predicate]
    rest: Mapping[str, Predicate]
    unset: Sequence[str]
    network: str
    is_bag: bool
    dest: str | None
    is_alone: bool
    messages: Mapping[str, Predicate]
    actions: Mapping[str, Sequence[Predicate | str]]
    steps: Mapping[str, Sequence[str]]
    differences: Sequence[Difference]


def load_mapping(
    path: Path,
    module: Module,
    variables: Iterable[str],
    constants: Mapping[str, Value],
) -> Mapped:
    """Load the mapping to a module.

    Arguments: the file, or the name of one that ships; the module; the variables of the node's own
    specification, and its constants. Raises `RequestError` where it cannot be read or makes no
    sense, naming what.
    """
    if not path.is_file() and str(path) in shipped():
        path = _SHIPPED / f"{path}.toml"
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RequestError(f"mapping {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RequestError(f"mapping {path}: {error}") from None
    try:
        return _Reader(given, module, variables, constants).mapped()
    except _MappingError as error:
        raise RequestError(f"mapping {path}: {error}") from None


class _MappingError(Exception):
    """What is wrong in a mapping, and where."""


class _Reader:
    def __init__(
        self,
        given: Mapping[str, Any],
        module: Module,
        variables: Iterable[str],
        constants: Mapping[str, Value],
    ) -> None:
        if unknown := sorted(given.keys() - _TABLES.keys()):
            raise _MappingError(f"unknown {unknown[0]}; a mapping has {', '.join(_TABLES)}")
        for name, default in _TABLES.items():
            if type(given.get(name, default)) is not type(default):
                raise _MappingError(f"{name} must be a {_WORDS[type(default)]}")
        self._given = {**_TABLES, **given}
        self._module = module
        known = {each: constants.get(each, model_value(each)) for each in module.constants}
        self._own = _own_module(variables, (*constants, *known))
        self._constants = {**known, **constants}
        for name, text in self._texts("constants"):
            if name not in module.constants:
                raise _MappingError(f"[constants] {name}: {module.name} has no such constant")
            try:
                known[name] = self._own.constant(text, self._constants)
            except SpecError as error:
                raise _MappingError(f"[constants] {name}: {error.reason}") from None
        self._theirs = known

    def mapped(self) -> Mapped:
        network = self._given["network"]
        if network.get("kind", "set") not in _KINDS:
            raise _MappingError(f"[network] kind must be one of {', '.join(_KINDS)}")
        found = Mapped(
            within=self._given["within"],
            constants=self._theirs,
            variables=self._all("variables"),
            hidden=self._all("hidden"),
            agrees=self._all("agrees"),
            rest=self._all("rest"),
            unset=self._given["unset"],
            network=network.get("variable", "messages"),
            is_bag=network.get("kind", "set") == "bag",
            dest=network.get("dest"),
            is_alone=network.get("alone") is True,
            messages=self._all("messages"),
            actions={name: self._arguments(name) for name in self._given["actions"]},
            steps=self._given["steps"],
            differences=[self._difference(each) for each in self._given["differences"]],
        )
        self._demand_whole(found)
        return found

    def _demand_whole(self, found: Mapped) -> None:
        """Demand that each variable is mapped, once, and that no step is made of what is none."""
        told = [*found.variables, *found.rest, found.network]
        for name in self._module.variables:
            if told.count(name) != 1:
                raise _MappingError(
                    f"{name} of {self._module.name} is told {told.count(name)} times"
                )
        for name in told:
            if name not in self._module.variables:
                raise _MappingError(f"{self._module.name} has no variable {name}")
        for name in found.unset:
            if name not in found.rest:
                raise _MappingError(f"unset: {name} is none of [rest]")
        for table in ("hidden", "agrees"):
            for name in getattr(found, table):
                if name not in found.variables:
                    raise _MappingError(f"[{table}] {name} is none of [variables]")
        for step, names in found.steps.items():
            for name in names:
                if name not in found.actions:
                    raise _MappingError(f"[steps] {step}: {name} is none of [actions]")

    def _texts(self, table: str) -> Iterable[tuple[str, str]]:
        for name, text in self._given[table].items():
            if type(text) is not str:
                raise _MappingError(f"[{table}] {name} must be text: an expression of TLA+")
            yield name, text

    def _all(self, table: str) -> dict[str, Predicate]:
        return {name: self._one(f"[{table}] {name}", text) for name, text in self._texts(table)}

    def _one(self, where: str, text: str) -> Predicate:
        try:
            return self._own.expression(text, self._constants)
        except SpecError as error:
            raise _MappingError(f"{where}: {error.reason}") from None

    def _arguments(self, name: str) -> list[Predicate | str]:
        given = self._given["actions"][name]
        operator = self._module.operators.get(name)
        if operator is None:
            raise _MappingError(f"[actions] {name}: {self._module.name} has no such operator")
        if type(given) is not list or len(given) != len(operator.parameters):
            wanted = ", ".join(operator.parameters)
            raise _MappingError(f"[actions] {name}: expected a list of its arguments: {wanted}")
        return [
            each if each in ("i", "m") else self._one(f"[actions] {name}", str(each))
            for each in given
        ]

    def _difference(self, given: Any) -> Difference:
        if type(given) is not dict or given.keys() != {"step", "when", "why"}:
            raise _MappingError("[[differences]] has step, when and why")
        when = self._one("[[differences]] when", str(given["when"]))
        return Difference(given["step"], when, str(given["why"]))


_NAMES = ("i", "m", "ours", "theirs", "before")
"""What the expressions of a mapping speak of besides the variables."""
_WORDS = {int: "number", dict: "table", list: "list"}


def _own_module(variables: Iterable[str], constants: Iterable[str]) -> Module:
    """Return a module in which the expressions of a mapping mean something."""
    text = (
        "---- MODULE Mapping ----\n"
        "EXTENDS Integers, Sequences, FiniteSets, TLC\n"
        f"CONSTANTS {', '.join(dict.fromkeys(constants))}\n"
        f"VARIABLES {', '.join(dict.fromkeys((*variables, *_NAMES)))}\n"
        "====\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Mapping.tla"
        path.write_text(text, encoding="utf-8")
        return load(path)

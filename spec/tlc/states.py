r"""Reads states as TLC prints them: each a conjunction of `/\ variable = value`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from raft_ref.spec.files import LIBRARY
from raft_ref.spec.module import Module
from raft_ref.spec.names.loading import Loader
from raft_ref.spec.names.scope import Resolution, resolve
from raft_ref.spec.steps.interning import State
from raft_ref.spec.syntax.parser import parse_module
from raft_ref.spec.values.standard import STANDARD_MODULES
from raft_ref.spec.values.value import Value, model_value

_HEADING: Final = re.compile(r"^State \d+:.*$", re.MULTILINE)
_CONJUNCT: Final = re.compile(r"^(?:/\\ )?(\w+) = ", re.MULTILINE)


def read_dump(path: Path, variables: Iterable[str], model_values: Iterable[str]) -> list[State]:
    """Return the states of a file that TLC wrote with `-dump`.

    Arguments: the file, the variables in the order in which a state lists them, and the names of
    all model values. Raises `SpecError` for what is no value, `ValueError` for what is no state.
    """
    reader = _Reader(model_values)
    ordered = list(variables)
    with path.open(encoding="utf-8") as file:
        return [reader.state(text, ordered) for text in _states(file)]


def _states(lines: Iterable[str]) -> Iterator[str]:
    """Yield the text of each state."""
    state: list[str] = []
    for line in lines:
        if _HEADING.match(line):
            if state:
                yield "".join(state)
            state = []
        else:
            state.append(line)
    if state:
        yield "".join(state)


class _Reader:
    """Evaluates values, each text once."""

    def __init__(self, model_values: Iterable[str]) -> None:
        self._constants = {name: model_value(name) for name in model_values}
        self._module = _module_of(self._constants)
        self._values: dict[str, Value] = {}

    def state(self, text: str, variables: list[str]) -> State:
        parts = _CONJUNCT.split(text)
        texts = dict(zip(parts[1::2], parts[2::2], strict=True))
        if set(texts) != set(variables):
            raise ValueError(f"expected the variables {', '.join(variables)} in: {text.strip()}")
        return tuple(self._value(texts[name].strip()) for name in variables)

    def _value(self, text: str) -> Value:
        found = self._values.get(text)
        if found is None:
            found = self._values[text] = self._module.constant(text, self._constants)
        return found


def _module_of(constants: Iterable[str]) -> Module:
    """Return a module in which values can be written."""
    declared = ", ".join(constants)
    declared = f"CONSTANTS {declared}\n" if declared else ""
    source = parse_module(f"---- MODULE values ----\n{declared}====", "values")
    resolution = Resolution()
    imported = {**STANDARD_MODULES["Integers"], **STANDARD_MODULES["TLC"]}
    loader = Loader([Path()], LIBRARY, resolution)
    names, _ = resolve(source, imported, resolution, loader)
    return Module([source], names, resolution)

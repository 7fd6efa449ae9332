"""Behaviors as text: as TLC prints them, as a table of what changes, and as NDJSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from spec.values import (
    Value,
    domain_in,
    elements_of,
    is_sequence,
    items_of,
    show,
    to_python,
)
from spec.verdict import Action, Behavior, State


def as_tlc(behavior: Behavior) -> list[str]:
    """Return the lines that TLC prints for a behavior."""
    lines = []
    for number, (action, state) in enumerate(behavior.steps, start=1):
        lines.append(f"State {number}: <{label(action)}>")
        bullet = "" if len(state) == 1 else "/\\ "
        for name, value in zip(behavior.variables, state, strict=True):
            lines.append(f"{bullet}{name} = {show(value)}")
        lines.append("")
    return lines


def label(action: Action | None) -> str:
    """Return what led to a state, with its place."""
    if action is None:
        return "Initial predicate"
    return f"{action.name} line {action.position.line}, col {action.position.column}"


def as_table(behavior: Behavior) -> list[str]:
    """Return a behavior as lines that show the first state, and then only what changes.

    A function is shown argument by argument, so that one changed result is one line:
    `role[s1]`.
    """
    lines = []
    before: dict[str, str] = {}
    for number, (action, state) in enumerate(behavior.steps, start=1):
        lines.append(f"{number}. {'Init' if action is None else action.name}")
        now = dict(_parts(behavior.variables, state))
        changes = _changes(before, now, is_first=number == 1)
        width = max((len(name) for name, _ in changes), default=0)
        lines += [f"     {name:<{width}}  {text}" for name, text in changes]
        if not changes:
            lines.append("     (nothing changes)")
        before = now
    return lines


def _changes(before: dict[str, str], now: dict[str, str], is_first: bool) -> list[tuple[str, str]]:
    if is_first:
        return [*now.items()]
    changed = [
        (name, f"{before[name]} -> {text}" if name in before else text)
        for name, text in now.items()
        if before.get(name) != text
    ]
    return changed + [(name, "(gone)") for name in before if name not in now]


def _parts(variables: tuple[str, ...], state: State) -> Iterator[tuple[str, str]]:
    for name, value in zip(variables, state, strict=True):
        if type(value) is tuple and not is_sequence(value) and domain_in(value):
            for key, result in items_of(value):
                yield f"{name}[{show(key)}]", show(result)
        else:
            yield name, show(value)


def as_ndjson(behavior: Behavior) -> list[str]:
    """Return a behavior as lines of JSON: one for what it is, then one for each state.

    The first line has `format`, `version` and `variables`. A state has `action` (null for the
    initial one), its `line` and `column`, and `state`, which maps each variable to its value:
    numbers, strings and Booleans as JSON has them, model values as strings, sequences and sets as
    arrays (sets in a fixed order), records as objects, and other functions as arrays of pairs.
    """
    heading = {"format": "raft-ref-behavior", "version": 1, "variables": [*behavior.variables]}
    lines = [json.dumps(heading)]
    for action, state in behavior.steps:
        named = zip(behavior.variables, state, strict=True)
        lines.append(
            json.dumps(
                {
                    "action": None if action is None else action.name,
                    "line": None if action is None else action.position.line,
                    "column": None if action is None else action.position.column,
                    "state": {name: as_json(value) for name, value in named},
                }
            )
        )
    return lines


def as_json(value: Value) -> Any:
    """Return a value as JSON; see `as_ndjson`."""
    if type(value) is not tuple:
        if type(value) is frozenset or hasattr(value, "enumerated"):
            return [as_json(each) for each in elements_of(value)]
        return to_python(value)
    if is_sequence(value):
        return [as_json(each) for _, each in items_of(value)]
    if all(type(key) is str for key in domain_in(value)):
        return {str(key): as_json(each) for key, each in items_of(value)}
    return [[as_json(key), as_json(each)] for key, each in items_of(value)]

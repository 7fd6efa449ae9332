"""Behaviors as text: as TLC prints them, and as a table of what changes; values as ITF has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from raft_ref.spec.checker.search import Task
from raft_ref.spec.checker.verdict import Action, Behavior, Step
from raft_ref.spec.steps.interning import State
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.spec.values.value import (
    Value,
    domain_in,
    elements_of,
    is_sequence,
    items_of,
    results_of,
    show,
    to_python,
)


def as_tlc(behavior: Behavior) -> list[str]:
    """Return the lines that TLC prints for a behavior."""
    lines = []
    for number, (action, _, state) in enumerate(behavior.steps, start=1):
        lines.append(f"State {number}: <{place_of(action)}>")
        bullet = "" if len(state) == 1 else "/\\ "
        for name, value in zip(behavior.variables, state, strict=True):
            lines.append(f"{bullet}{name} = {show(value)}")
        lines.append("")
    return [*lines, *_end(behavior, "State ")]


def _end(behavior: Behavior, prefix: str) -> list[str]:
    """Return the lines that say how a behavior goes on forever, if it does."""
    if behavior.back_to is None:
        return []
    if behavior.back_to == len(behavior.steps) - 1:
        return [f"Stuttering: from {prefix}{len(behavior.steps)} on nothing happens.", ""]
    return [f"Back to {prefix}{behavior.back_to + 1}, and round again forever.", ""]


def under_alias(behavior: Behavior, task: Task) -> Behavior:
    """Return a behavior with what the alias of a configuration shows in place of the variables.

    Where that is no record, or has no value, the variables are shown after all.
    """
    if task.alias is None:
        return behavior
    states = [dict(zip(behavior.variables, each.state, strict=True)) for each in behavior.steps]
    last = states[len(states) - 1 if behavior.back_to is None else behavior.back_to]
    shown = []
    for level, (state, after) in enumerate(zip(states, [*states[1:], last], strict=True), start=1):
        task.model.facts["level"] = level
        try:
            shown.append(task.alias.value(state, after))
        except SpecError:
            return behavior
    names = {domain_in(each) if type(each) is tuple else None for each in shown}
    if len(names) != 1 or None in names or not all(type(n) is str for n in domain_in(shown[0])):  # type: ignore[arg-type]
        return behavior
    steps = [
        step._replace(state=results_of(each))  # type: ignore[arg-type]
        for step, each in zip(behavior.steps, shown, strict=True)
    ]
    return replace(behavior, variables=tuple(domain_in(shown[0])), steps=tuple(steps))  # type: ignore[arg-type]


def place_of(action: Action | None) -> str:
    """Return what led to a state, with its place."""
    if action is None:
        return "Initial predicate"
    return f"{action.name} line {action.position.line}, col {action.position.column}"


def as_table(behavior: Behavior) -> list[str]:
    """Return a behavior as lines that show the first state, and then only what changes.

    A function is shown argument by argument, so that one changed result is one line
    (`role[s1]`), and of a set that changes what comes and goes.
    """
    lines = []
    before: dict[str, Value] = {}
    for number, step in enumerate(behavior.steps, start=1):
        lines.append(f"{number}. {_label(step)}")
        now = dict(_parts(behavior.variables, step.state))
        rows = [row for name in {**before, **now} for row in _changes(name, before, now)]
        width = max((len(name) for name, _ in rows), default=0)
        lines += [f"     {name:<{width}}  {text}" for name, text in rows]
        if not rows:
            lines.append("     (nothing changes)")
        before = now
    return [*lines, *_end(behavior, "")]


def _label(step: Step) -> str:
    """Return the action with its arguments, like `Timeout(i = s1)`."""
    if step.action is None:
        return "Init"
    pairs = zip(step.action.parameters, step.arguments, strict=True)
    listed = ", ".join(f"{name} = {show(value)}" for name, value in pairs)
    return f"{step.action.name}({listed})" if listed else step.action.name


def _changes(
    name: str, before: dict[str, Value], now: dict[str, Value]
) -> Iterator[tuple[str, str]]:
    if name not in now:
        yield name, "(gone)"
    elif name not in before:
        yield name, show(now[name])
    elif (old := before[name]) != (new := now[name]):
        if type(old) is frozenset and type(new) is frozenset:
            yield from ((name, f"- {show(each)}") for each in elements_of(old - new))
            yield from ((name, f"+ {show(each)}") for each in elements_of(new - old))
        else:
            yield name, f"{show(old)} -> {show(new)}"


def _parts(variables: tuple[str, ...], state: State) -> Iterator[tuple[str, Value]]:
    for name, value in zip(variables, state, strict=True):
        if type(value) is tuple and not is_sequence(value):
            yield from ((f"{name}[{show(key)}]", result) for key, result in items_of(value))
        else:
            yield name, value


def as_itf(value: Value) -> Any:
    """Return a value as JSON, as ITF has it; model values are strings, as there.

    An infinite set is its text.
    """
    if type(value) is not tuple:
        if getattr(value, "is_infinite", False):
            return show(value)
        if type(value) is frozenset or hasattr(value, "enumerated"):
            return {"#set": [as_itf(each) for each in elements_of(value)]}
        return to_python(value)
    if is_sequence(value):
        return [as_itf(each) for _, each in items_of(value)]
    if all(type(key) is str for key in domain_in(value)):
        return {str(key): as_itf(each) for key, each in items_of(value)}
    return {"#map": [[as_itf(key), as_itf(each)] for key, each in items_of(value)]}

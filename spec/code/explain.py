r"""Why a formula is false: which instances of a universal one fail, which condition of an action.

For `\A i, j \in S : P(i, j)` the answer is a list like `i = s1, j = s2`. Nested quantifiers,
conjunctions, implications, LET and plain names of formulas are looked through; of a conjunction,
the first part that fails is explained.

For `A(i) == /\ P(i) /\ Q(i) /\ x' = i` the conditions are `P(i)` and `Q(i)`: the conjuncts that
read no primed variable. LET is looked through; the first that fails is shown as it stands in the
file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from raft_ref.spec.code.binder_forms import elements_in_order, loop
from raft_ref.spec.code.generator import Generator
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.values.value import show


def instances_function(
    generator: Generator, definition: tree.Definition
) -> Callable[..., list[str]]:
    """Return a function with the same parameters as the definition's that lists what fails.

    Raises `SpecError` for what is not supported.
    """
    bound: list[tuple[tree.Bound, int]] = []  # each with which others it was bound

    def explain(node: tree.Expression) -> None:
        if isinstance(node, tree.Quantified) and node.is_universal:
            targets = elements_in_order(generator, node.bindings, False)
            names = [
                (name, id(each))
                for each in node.bindings
                for pattern in each.patterns
                for name in pattern.names
            ]
            bound.extend(names)
            loop(generator, targets, lambda: explain(node.body))
            del bound[-len(names) :]
        elif isinstance(node, tree.Call) and node.name == "/\\":
            explain_in_turn(list(node.arguments))
        elif isinstance(node, tree.Call) and node.name == "=>":
            premise, conclusion = node.arguments
            generator.writer.emit(f"if {generator.formula(premise, False)}:")
            with generator.writer.indented():
                explain(conclusion)
                generator.writer.emit("pass")
        elif isinstance(node, tree.Let):
            generator.local_definitions(node, False)
            explain(node.body)
        else:
            places = [place for _, place in bound]
            shown = [
                f"({each.name!r}, {places.index(place)}, {generator.reference(each, False)})"
                for each, place in bound
            ]
            generator.writer.emit(f"if not {generator.formula(node, False)}:")
            generator.writer.emit(f" found.append([{', '.join(shown)}])")

    def explain_in_turn(conjuncts: list[tree.Expression]) -> None:
        """Explain the first that fails: those after it may have no value."""
        before = generator.writer.fresh()
        generator.writer.emit(f"{before} = len(found)")
        explain(conjuncts[0])
        if conjuncts[1:]:
            generator.writer.emit(f"if len(found) == {before}:")
            with generator.writer.indented():
                explain_in_turn(conjuncts[1:])

    def body() -> str:
        generator.writer.emit("found = []")
        explain(_behind_names(generator, definition.body))
        return "told(found)"

    return generator.extra_function(definition, "instances", body, {"told": _told})


def _behind_names(generator: Generator, node: tree.Expression) -> tree.Expression:
    """Follow `Safety == Inv` to the formula that it names."""
    while isinstance(node, tree.Call) and not node.arguments:
        meaning = generator.analysis.meanings[node]
        if not isinstance(meaning, tree.Definition) or meaning.parameters:
            break
        node = meaning.body
    return node


_Instance = list[tuple[str, int, Any]]
"""Names, each with the place of the first that was bound with it, and values."""


def _told(found: list[_Instance]) -> list[str]:
    r"""Return instances as text: of those of `\A i, j \in S` that swap their values the first.

    One without names is a failure without an instance.
    """
    told: dict[object, str] = {}
    for each in found:
        values = tuple(sorted((place, show(value)) for _, place, value in each))
        told.setdefault(values, ", ".join(f"{name} = {show(value)}" for name, _, value in each))
    return [each for each in told.values() if each]


def conditions_function(
    generator: Generator, definition: tree.Definition
) -> Callable[..., list[str]]:
    """Return a function with the same parameters as the definition's that lists what fails.

    The list has one text at most. Raises `SpecError` for what is not supported.
    """

    def check(node: tree.Expression, end: tree.Expression | None) -> None:
        if isinstance(node, tree.Let):
            generator.local_definitions(node, False)
            check(node.body, end)
        elif isinstance(node, tree.Call) and node.name == "/\\":
            conjuncts = node.arguments
            for each, following in zip(conjuncts, (*conjuncts[1:], end), strict=True):
                check(each, following)
        elif not any(primed for _, primed in generator.analysis.reads(node)):
            text = _text(definition, node, end)
            generator.writer.emit("if not found:")
            with generator.writer.indented():
                generator.writer.emit(f"if not {generator.formula(node, False)}:")
                generator.writer.emit(f" found.append({text!r})")

    def body() -> str:
        generator.writer.emit("found = []")
        check(definition.body, None)
        return "found"

    return generator.extra_function(definition, "conditions", body, {})


def _text(definition: tree.Definition, node: tree.Expression, end: tree.Expression | None) -> str:
    """Return a conjunct as it stands in the file, on one line."""
    lines = Path(node.at.file).read_text(encoding="utf-8").expandtabs(8).split("\n")
    last = definition.at.line + definition.text.count("\n") if end is None else end.at.line
    shown = lines[node.at.line - 1 : last]
    if end is not None:
        shown[-1] = shown[-1][: end.at.column - 1]
    shown[0] = shown[0][node.at.column - 1 :]
    text = " ".join(line.split("\\*")[0].strip() for line in shown)
    return " ".join(text.split()).removesuffix("/\\").strip()

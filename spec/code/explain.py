r"""Which instances of a universal formula fail.

For `\A i, j \in S : P(i, j)` the answer is a list like `i = s1, j = s2`. Nested quantifiers,
conjunctions, implications, LET and plain names of formulas are looked through; of a conjunction,
the first part that fails is explained.
"""

from __future__ import annotations

from collections.abc import Callable
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
    bound: list[tree.Bound] = []

    def explain(node: tree.Expression) -> None:
        if isinstance(node, tree.Quantified) and node.is_universal:
            targets = elements_in_order(generator, node.bindings, False)
            names = [n for each in node.bindings for p in each.patterns for n in p.names]
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
            shown = [f"({each.name!r}, {generator.reference(each, False)})" for each in bound]
            generator.writer.emit(f"if not {generator.formula(node, False)}:")
            generator.writer.emit(f" found.append(describe([{', '.join(shown)}]))")

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
        return "[each for each in dict.fromkeys(found) if each]"  # "" is a failure without names

    return generator.extra_function(definition, "instances", body, {"describe": _describe})


def _behind_names(generator: Generator, node: tree.Expression) -> tree.Expression:
    """Follow `Safety == Inv` to the formula that it names."""
    while isinstance(node, tree.Call) and not node.arguments:
        meaning = generator.analysis.meanings[node]
        if not isinstance(meaning, tree.Definition) or meaning.parameters:
            break
        node = meaning.body
    return node


def _describe(bindings: list[tuple[str, Any]]) -> str:
    return ", ".join(f"{name} = {show(value)}" for name, value in bindings)

r"""Which condition of an action does not hold.

For `A(i) == /\ P(i) /\ Q(i) /\ x' = i` these are `P(i)` and `Q(i)`: the conjuncts that read no
primed variable. LET is looked through; the first that fails is told as it stands in the file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from raft_ref.spec.code.generator import Generator
from raft_ref.spec.syntax import expressions as tree


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

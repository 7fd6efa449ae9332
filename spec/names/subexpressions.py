r"""Names of parts of definitions, as `Inv!2` or `Op(x)!1!(y)`: which part is meant.

`!n` is the n-th operand of an operator, item of a list or element; `!<<` and `!>>` are the first
and second operand. `!(e)` is the body of a quantifier or constructor with `e` for what it binds.
`!:` is the definition itself.
"""

from __future__ import annotations

from dataclasses import replace

from raft_ref.spec.names.scope import Names, Resolution
from raft_ref.spec.names.substitution import substituted
from raft_ref.spec.syntax import expressions as tree


def subexpression(name: str, names: Names, into: Resolution) -> tree.Definition | None:
    """Return an operator whose body is the part of a definition that a name with `!` means.

    Its parameters are those of the definition, and after them what the part is within and binds.
    """
    parts = name.split("!")
    for known in range(len(parts) - 1, 0, -1):
        owner = names.get("!".join(parts[:known]))
        if isinstance(owner, tree.Definition) and owner.body is not None:
            return _part(name, owner, parts[known:], into)
    return None


def _part(
    name: str, owner: tree.Definition, path: list[str], into: Resolution
) -> tree.Definition | None:
    node: tree.Node | None = owner.body
    bound: list[tree.Parameter | tree.Bound] = [*owner.parameters]
    for step in path:
        if step == ":":
            continue
        if step.startswith("("):
            own = _bound(node)
            if not isinstance(node, tree.BINDERS) or step != f"({len(own)})":
                return None
            bound += own
            node = node.body
        else:
            node = _operand(node, step)
    if node is None:
        return None
    parameters = tuple(
        replace(each) if isinstance(each, tree.Parameter) else tree.Parameter(each.at, each.name, 0)
        for each in bound
    )
    given: dict[tree.Node, tree.Expression] = {}
    for old, new in zip(bound, parameters, strict=True):
        given[old] = call = tree.Call(new.at, new.name)
        into.meanings[call] = new
    body = substituted(node, given, into)  # type: ignore[arg-type]
    made = tree.Definition(node.at, name, parameters, body)
    into.definitions.append(made)
    if owner in into.of_modules:
        into.of_modules.add(made)
    return made


def _bound(node: tree.Node | None) -> list[tree.Bound]:
    if not isinstance(node, tree.BINDERS):
        return []
    return [name for each in node.bindings for p in each.patterns for name in p.names]


def _operand(node: tree.Node | None, step: str) -> tree.Node | None:
    place = {"<<": 1, ">>": 2}.get(step) or (int(step) if step.isdecimal() else 0)
    operands = _operands(node)
    return operands[place - 1] if 1 <= place <= len(operands) else None


def _operands(node: tree.Node | None) -> list[tree.Node]:
    if isinstance(node, tree.Let):
        return [node.body]
    if isinstance(node, tree.Case):
        pairs = zip(node.conditions, node.results, strict=True)
        return [each for pair in pairs for each in pair]
    if isinstance(node, tree.BINDERS):
        return [each.domain for each in node.bindings]
    return [] if node is None else [*tree.children(node)]

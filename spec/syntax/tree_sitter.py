"""Access to the trees of tree-sitter-tlaplus."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Final

import tree_sitter
import tree_sitter_tlaplus

from raft_ref.spec.syntax.symbols import INFIX, POSTFIX, PREFIX, Symbol

Syntax = tree_sitter.Node


def parser() -> tree_sitter.Parser:
    """Return a parser of TLA+."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the grammar hands over an integer
        return tree_sitter.Parser(tree_sitter.Language(tree_sitter_tlaplus.language()))


# Names that the grammar gives to nodes but that are punctuation where we look.
_PUNCTUATION: Final = frozenset(
    {"comment", "block_comment", "header_line", "single_line", "double_line", "def_eq", "set_in"}
    | {"langle_bracket", "rangle_bracket", "bullet_conj", "bullet_disj"}
)


# What the parser makes of the line that ends a module when it has lost its way.
_END: Final = frozenset({"subexpr_component", "==", "=", "eq", "====", "double_line"})


def has_fault(node: Syntax) -> bool:
    """Whether the parser gave up at a node or within it; what stands in comments is nobody's."""
    if node.type == "block_comment" or not (node.has_error or node.is_missing):
        return False
    return node.type == "ERROR" or node.is_missing or any(map(has_fault, node.children))


def first_fault(node: Syntax) -> Syntax:
    """Return the innermost node, the first of several, at which the parser gave up."""
    for each in node.children:
        if has_fault(each):
            return first_fault(each)
    if node.type == "ERROR" and node.parent is None:
        read = [each for each in node.children if each.type not in _END]
        return read[-1] if read else node
    return node


def parts_of(node: Syntax) -> list[Syntax]:
    """Return the named children that carry meaning."""
    return [each for each in node.named_children if each.type not in _PUNCTUATION]


def fields_of(node: Syntax, name: str) -> list[Syntax]:
    """Return the children of that field that carry meaning."""
    found = node.children_by_field_name(name)
    return [each for each in found if each.is_named and each.type not in _PUNCTUATION]


def field_of(node: Syntax, name: str) -> Syntax:
    """Return the child of that field."""
    return fields_of(node, name)[0]


def text_of(node: Syntax) -> str:
    """Return the source text of a node."""
    return (node.text or b"").decode(errors="replace")


def symbol_of(node: Syntax) -> Symbol:
    """Return the symbol that an `infix_op_symbol`, or one before or after its operand, names."""
    kind = node.named_children[0].type if node.named_children else node.type
    tables = {"prefix_op_symbol": PREFIX, "postfix_op_symbol": POSTFIX}
    table = tables.get(node.type, INFIX)
    return table.get(kind, Symbol(text_of(node), 0, 0))


def unescape(text: str) -> str:
    """Return a string with its escapes replaced by what they stand for."""
    return "".join(_characters(text))


def _characters(text: str) -> Iterator[str]:
    remaining = iter(text)
    for each in remaining:
        if each != "\\":
            yield each
            continue
        escaped = next(remaining, "\\")
        yield {"n": "\n", "t": "\t", "f": "\f", "r": "\r"}.get(escaped, escaped)

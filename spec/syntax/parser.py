"""From the text of a module to the syntax tree of `spec.syntax.expressions`.

tree-sitter-tlaplus parses; this module translates its tree and refuses what SANY refuses though
that grammar accepts it. Tabs are expanded first: in TLA+ the column of a bullet has a meaning.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Final

from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import Position, SpecError
from raft_ref.spec.syntax.expressions import STEP_NO_STUTTER, STEP_OR_STUTTER
from raft_ref.spec.syntax.symbols import INFIX, POSTFIX, PREFIX, TEMPORAL, Symbol, conflict
from raft_ref.spec.syntax.tree_sitter import (
    Syntax,
    field_of,
    fields_of,
    first_fault,
    has_fault,
    parser,
    parts_of,
    symbol_of,
    text_of,
    unescape,
)


def parse_module(text: str, file: str) -> tree.ModuleSource:
    """Parse the first module of a file.

    Arguments: the text, and the name by which errors call the file.
    Raises `SpecError` at the first thing that is not TLA+.
    """
    source = text.expandtabs(8).encode()
    root = parser().parse(source).root_node
    try:
        return _Translator(source, file).module(root)
    except RecursionError:
        raise SpecError(Position(file, 1, 1), "expressions are nested too deeply") from None


_CONSTRUCTS: Final = {
    "unbounded_quantification": "unbounded quantifier",
    "real_number": "real number",
}


class _Translator:
    """Translates the tree of one file."""

    def __init__(self, source: bytes, file: str) -> None:
        self.file = file
        self.lines = source.split(b"\n")
        self.expression_kinds: dict[str, Callable[[Syntax], tree.Expression]] = {
            "identifier_ref": self.name,
            "nat_number": lambda node: tree.Number(self.at(node), int(text_of(node))),
            "binary_number": lambda node: tree.Number(self.at(node), int(text_of(node)[2:], 2)),
            "octal_number": lambda node: tree.Number(self.at(node), int(text_of(node)[2:], 8)),
            "hex_number": lambda node: tree.Number(self.at(node), int(text_of(node)[2:], 16)),
            "string": self.string,
            "boolean": self.name,
            "boolean_set": self.name,
            "string_set": self.name,
            "nat_number_set": lambda node: tree.Call(self.at(node), "Nat"),
            "real_number_set": lambda node: tree.Call(self.at(node), "Real"),
            "int_number_set": lambda node: tree.Call(self.at(node), "Int"),
            "parentheses": lambda node: self.expression(parts_of(node)[0]),
            "label": lambda node: self.expression(field_of(node, "expression")),
            "bound_op": self.call,
            "bound_infix_op": self.infix,
            "bound_prefix_op": self.prefix,
            "bound_postfix_op": self.postfix,
            "infix_op_symbol": self.symbol_name,
            "prefix_op_symbol": self.symbol_name,
            "conj_list": lambda node: self.bulleted(node, "/\\"),
            "disj_list": lambda node: self.bulleted(node, "\\/"),
            "bounded_quantification": self.quantified,
            "choose": self.choose,
            "finite_set_literal": lambda node: tree.SetLiteral(self.at(node), self.all(node)),
            "set_filter": self.set_filter,
            "set_map": self.set_map,
            "function_literal": self.function_literal,
            "set_of_functions": self.function_set,
            "function_evaluation": self.application,
            "record_value": self.field_of_record,
            "record_literal": lambda node: tree.Record(self.at(node), *self.named_values(node)),
            "set_of_records": lambda node: tree.RecordSet(self.at(node), *self.named_values(node)),
            "except": self.except_,
            "prev_func_val": lambda node: tree.Call(self.at(node), "@"),
            "tuple_literal": lambda node: tree.Tuple(self.at(node), self.all(node)),
            "if_then_else": self.if_,
            "case": self.case,
            "let_in": self.let,
            "lambda": self.lambda_,
            "prefixed_op": self.of_instance,
            "bound_nonfix_op": self.symbol_call,
            "step_expr_or_stutter": self.step_or_stutter,
            "step_expr_no_stutter": self.step_no_stutter,
            "subexpression": self.subexpression,
            "fairness": self.fairness,
        }

    # Places and errors

    def at(self, node: Syntax) -> Position:
        row, column = node.start_point
        before = self.lines[row][:column] if row < len(self.lines) else b""
        return Position(self.file, row + 1, len(before.decode(errors="replace")) + 1)

    def refuse_errors(self, root: Syntax) -> None:
        if not has_fault(root):
            return
        fault = first_fault(root)
        if fault.is_missing:
            raise SpecError(self.at(fault), f"expected {fault.type}")
        found = text_of(fault).split("\n")[0].strip()
        raise SpecError(self.at(fault), f"syntax error at {found!r}")

    # Modules

    def module(self, root: Syntax) -> tree.ModuleSource:
        node = next((each for each in root.children if each.type == "module"), None)
        if node is None:
            self.refuse_errors(root)
            raise SpecError(Position(self.file, 1, 1), "no module found")
        self.refuse_errors(node)
        return self.module_source(node)

    def module_source(self, node: Syntax) -> tree.ModuleSource:
        parts = parts_of(node)
        extends = [each for unit in parts if unit.type == "extends" for each in parts_of(unit)]
        return tree.ModuleSource(
            self.at(node),
            text_of(field_of(node, "name")),
            tuple(tree.Call(self.at(each), text_of(each)) for each in extends),
            self.units(parts),
            self.untranslated(node),
        )

    def untranslated(self, node: Syntax) -> str | None:
        """Return the name of a PlusCal algorithm without a translation."""
        if b"BEGIN TRANSLATION" in (node.text or b""):
            return None
        waiting = [*node.children]
        while waiting:
            each = waiting.pop()
            if each.type == "pcal_algorithm":
                return text_of(field_of(each, "name"))
            if each.type in ("block_comment", "ERROR"):
                waiting += each.children
        return None

    def units(self, units: list[Syntax]) -> tuple[tree.Unit, ...]:
        recursive = {
            text_of(declared if declared.type == "identifier" else field_of(declared, "name"))
            for unit in units
            if unit.type == "recursive_declaration"
            for declared in parts_of(unit)
        }
        return tuple(made for unit in units for made in self.unit(unit, recursive))

    def unit(self, unit: Syntax, recursive: set[str]) -> list[tree.Unit]:
        """Translate a declaration or definition; what evaluates to nothing gives nothing."""
        is_local = unit.type == "local_definition"
        node = parts_of(unit)[0] if is_local else unit
        match node.type:
            case "variable_declaration":
                return [tree.Variable(self.at(each), text_of(each)) for each in parts_of(node)]
            case "constant_declaration":
                return [tree.Constant(*self.declared(each)) for each in parts_of(node)]
            case "operator_definition" | "function_definition":
                return [self.definition(node, is_local, recursive)]
            case "module_definition" | "instance":
                return [self.instance(node, is_local)]
            case "assumption":
                name, body = self.named(node), parts_of(node)[-1]
                text = self.text_of(body)
                return [tree.Assumption(self.at(node), name, (), self.expression(body), text=text)]
            case "theorem" if self.named(node):
                body = field_of(node, "statement")
                formula = self.expression(body)
                return [tree.Definition(self.at(node), self.named(node), (), formula)]
            case "module":
                return [self.module_source(node)]
        return []

    def named(self, node: Syntax) -> str:
        """Return the name of an assumption or theorem, or an empty one."""
        found = node.child_by_field_name("name")
        return "" if found is None else text_of(found)

    def instance(self, node: Syntax, is_local: bool) -> tree.Instance:
        name, made = "", node
        parameters: tuple[tree.Parameter, ...] = ()
        if node.type == "module_definition":
            name, made = text_of(field_of(node, "name")), field_of(node, "definition")
            parameters = self.parameters(node)
        module, *substitutions = parts_of(made)
        return tree.Instance(
            self.at(made),
            name,
            parameters,
            text_of(module),
            tuple(self.substitution(each) for each in substitutions),
            is_local,
        )

    def substitution(self, node: Syntax) -> tree.Substitution:
        name, value = (each for each in parts_of(node) if each.type != "gets")
        return tree.Substitution(self.at(node), self.defined_name(name), self.expression(value))

    def parameters(self, node: Syntax) -> tuple[tree.Parameter, ...]:
        given = fields_of(node, "parameter")
        return tuple(tree.Parameter(*self.declared(each)) for each in given)

    def definition(self, node: Syntax, is_local: bool, recursive: set[str]) -> tree.Definition:
        name_node = field_of(node, "name")
        body_node = field_of(node, "definition")
        name = self.defined_name(name_node)
        parameters: tuple[tree.Parameter, ...] = ()
        body: tree.Expression
        if node.type == "function_definition":
            bounds = [each for each in parts_of(node) if each.type == "quantifier_bound"]
            body = tree.FunctionLiteral(
                self.at(node),
                tuple(self.binding(each) for each in bounds),
                self.expression(body_node),
                tree.Bound(self.at(name_node), name, is_function=True),
            )
        else:
            parameters = self.parameters(node)
            body = self.expression(body_node)
        return tree.Definition(
            self.at(node),
            name,
            parameters,
            body,
            is_local,
            name in recursive,
            self.text_of(body_node),
        )

    def declared(self, node: Syntax) -> tuple[Position, str, int]:
        """Return place, name and arity of a declared constant or parameter."""
        if node.type != "operator_declaration":
            return self.at(node), text_of(node), 0
        arity = sum(each.type == "placeholder" for each in node.children)
        return self.at(node), self.defined_name(field_of(node, "name")), arity

    def defined_name(self, node: Syntax) -> str:
        return symbol_of(node).name if node.type.endswith("_symbol") else text_of(node)

    def text_of(self, node: Syntax) -> str:
        indent = " " * (self.at(node).column - 1)
        return textwrap.dedent(indent + text_of(node)).strip("\n")

    # Expressions

    def expression(self, node: Syntax) -> tree.Expression:
        translate = self.expression_kinds.get(node.type)
        if translate is None:
            construct = _CONSTRUCTS.get(node.type, node.type.replace("_", " "))
            return tree.Unsupported(self.at(node), construct)
        return translate(node)

    def all(self, node: Syntax) -> tuple[tree.Expression, ...]:
        return tuple(self.expression(each) for each in parts_of(node))

    def name(self, node: Syntax) -> tree.Expression:
        return tree.Call(self.at(node), text_of(node))

    def string(self, node: Syntax) -> tree.Expression:
        return tree.String(self.at(node), unescape(text_of(node)[1:-1]))

    def symbol_name(self, node: Syntax) -> tree.Expression:
        return tree.Call(self.at(node), symbol_of(node).name)

    def call(self, node: Syntax) -> tree.Expression:
        arguments = tuple(self.expression(each) for each in fields_of(node, "parameter"))
        return tree.Call(self.at(node), text_of(field_of(node, "name")), arguments)

    def symbol_call(self, node: Syntax) -> tree.Expression:
        symbol, *arguments = parts_of(node)
        return tree.Call(
            self.at(node), symbol_of(symbol).name, tuple(self.expression(e) for e in arguments)
        )

    def of_instance(self, node: Syntax) -> tree.Expression:
        """Translate `A(x)!B!Op(y)` into a call of `A!B!Op` with the arguments x, y."""
        parts = [*self.steps_of(field_of(node, "prefix")), field_of(node, "op")]
        return self.path(node, parts)

    def subexpression(self, node: Syntax) -> tree.Expression:
        """Translate `Op(x)!1!(y)` into a call of `Op!1!(1)` with the arguments x, y."""
        prefix, last = parts_of(node)
        return self.path(node, [*self.steps_of(prefix), last])

    def steps_of(self, prefix: Syntax) -> list[Syntax]:
        return [
            parts_of(each)[0] if each.type == "subexpr_component" else each
            for each in parts_of(prefix)
        ]

    def path(self, node: Syntax, parts: list[Syntax]) -> tree.Expression:
        names: list[str] = []
        arguments: list[tree.Expression] = []
        for each in parts:
            if each.type != "subexpr_tree_nav":
                called = self.expression(each)
                if not isinstance(called, tree.Call):
                    return tree.Unsupported(self.at(node), "subexpression name")
                names.append(called.name)
                arguments += called.arguments
            elif each.named_children and each.named_children[0].type == "operator_args":
                given = self.all(each.named_children[0])
                names.append(f"({len(given)})")
                arguments += given
            else:
                names.append(text_of(each))
        return tree.Call(self.at(node), "!".join(names), tuple(arguments))

    def step_or_stutter(self, node: Syntax) -> tree.Expression:
        return self.temporal(node, STEP_OR_STUTTER, *self.all(node))

    def step_no_stutter(self, node: Syntax) -> tree.Expression:
        parts = [each for each in parts_of(node) if each.type != "rangle_bracket_sub"]
        return self.temporal(node, STEP_NO_STUTTER, *(self.expression(each) for each in parts))

    def fairness(self, node: Syntax) -> tree.Expression:
        variables, action = self.all(node)
        kind = "strong fairness" if text_of(node).startswith("SF") else "weak fairness"
        return self.temporal(node, kind, action, variables)

    def temporal(
        self, node: Syntax, construct: str, *operands: tree.Expression
    ) -> tree.Unsupported:
        return tree.Unsupported(self.at(node), construct, operands, self.text_of(node))

    def infix(self, node: Syntax) -> tree.Expression:
        symbol_node = field_of(node, "symbol")
        symbol = INFIX[symbol_node.type]
        left, right = field_of(node, "lhs"), field_of(node, "rhs")
        if symbol is None:
            return tree.Unsupported(self.at(node), f"operator {text_of(symbol_node)}")
        self.refuse_conflict(symbol_node, symbol, left, is_left=True)
        self.refuse_conflict(symbol_node, symbol, right, is_left=False)
        if symbol.name in TEMPORAL:
            both = self.expression(left), self.expression(right)
            name = f"operator {symbol.name}"
            return tree.Unsupported(self.at(symbol_node), name, both, self.text_of(node))
        if symbol.name in ("/\\", "\\/", "\\X"):
            operands = tuple(self.expression(each) for each in self.chain(node, symbol_node.type))
            if symbol.name == "\\X":
                return tree.Product(self.at(node), operands)
            return tree.Call(self.at(node), symbol.name, operands)
        return tree.Call(
            self.at(node), symbol.name, (self.expression(left), self.expression(right))
        )

    def chain(self, node: Syntax, kind: str) -> list[Syntax]:
        r"""Return the operands of `a /\ b /\ c`, which arrives as `(a /\ b) /\ c`."""
        operands = []
        while node.type == "bound_infix_op" and field_of(node, "symbol").type == kind:
            symbol_node, right = field_of(node, "symbol"), field_of(node, "rhs")
            self.refuse_conflict(symbol_node, INFIX[kind], right, is_left=False)
            operands.append(right)
            node = field_of(node, "lhs")
            self.refuse_conflict(symbol_node, INFIX[kind], node, is_left=True)
        return [node, *reversed(operands)]

    def refuse_conflict(self, at: Syntax, outer: Symbol, operand: Syntax, *, is_left: bool) -> None:
        inner = None
        if operand.type == "bound_infix_op":
            inner = INFIX.get(field_of(operand, "symbol").type)
        elif operand.type == "bound_prefix_op" and is_left:
            inner = PREFIX.get(field_of(operand, "symbol").type)
        # A prefix on the left of an infix of the same precedence takes its own operand first.
        is_prefix_of_same = operand.type == "bound_prefix_op" and inner and inner[1:3] == outer[1:3]
        if inner is None or is_prefix_of_same:
            return
        if conflict(outer, inner, inner_is_left=is_left):
            reason = f"precedence conflict between {inner.name} and {outer.name}"
            raise SpecError(self.at(at), reason)

    def prefix(self, node: Syntax) -> tree.Expression:
        symbol = PREFIX[field_of(node, "symbol").type]
        operand = field_of(node, "rhs")
        if operand.type == "bound_infix_op":
            self.refuse_conflict(field_of(node, "symbol"), symbol, operand, is_left=False)
        if symbol.name in TEMPORAL:
            return self.temporal(node, f"operator {symbol.name}", self.expression(operand))
        return tree.Call(self.at(node), symbol.name, (self.expression(operand),))

    def postfix(self, node: Syntax) -> tree.Expression:
        symbol = field_of(node, "symbol")
        operand = self.expression(field_of(node, "lhs"))
        if symbol.type == "prime":
            return tree.Prime(self.at(node), operand)
        return tree.Call(self.at(node), POSTFIX[symbol.type].name, (operand,))

    def bulleted(self, node: Syntax, name: str) -> tree.Expression:
        items = tuple(self.expression(parts_of(item)[-1]) for item in parts_of(node))
        return items[0] if len(items) == 1 else tree.Call(self.at(node), name, items)

    # Binders

    def pattern(self, node: Syntax) -> tree.Pattern:
        if node.type == "tuple_of_identifiers":
            names = tuple(tree.Bound(self.at(e), text_of(e)) for e in parts_of(node))
            return tree.Pattern(self.at(node), names, is_tuple=True)
        only = tree.Bound(self.at(node), text_of(node))
        return tree.Pattern(self.at(node), (only,), is_tuple=False)

    def binding(self, node: Syntax) -> tree.Binding:
        patterns = tuple(self.pattern(each) for each in fields_of(node, "intro"))
        return tree.Binding(self.at(node), patterns, self.expression(field_of(node, "set")))

    def quantified(self, node: Syntax) -> tree.Expression:
        return tree.Quantified(
            self.at(node),
            field_of(node, "quantifier").type == "forall",
            tuple(self.binding(each) for each in fields_of(node, "bound")),
            self.expression(field_of(node, "expression")),
        )

    def choose(self, node: Syntax) -> tree.Expression:
        if node.child_by_field_name("set") is None:
            return tree.Unsupported(self.at(node), "unbounded CHOOSE")
        binding = self.binding(node)
        body = self.expression(field_of(node, "expression"))
        return tree.Choose(self.at(node), (binding,), body)

    def set_filter(self, node: Syntax) -> tree.Expression:
        binding = self.binding(field_of(node, "generator"))
        return tree.SetFilter(self.at(node), (binding,), self.expression(field_of(node, "filter")))

    def set_map(self, node: Syntax) -> tree.Expression:
        bindings = tuple(self.binding(each) for each in fields_of(node, "generator"))
        return tree.SetMap(self.at(node), bindings, self.expression(field_of(node, "map")))

    def function_literal(self, node: Syntax) -> tree.Expression:
        *bounds, body = [each for each in parts_of(node) if each.type != "all_map_to"]
        bindings = tuple(self.binding(each) for each in bounds)
        return tree.FunctionLiteral(self.at(node), bindings, self.expression(body))

    # Functions and records

    def function_set(self, node: Syntax) -> tree.Expression:
        arguments, _, results = parts_of(node)
        return tree.FunctionSet(self.at(node), self.expression(arguments), self.expression(results))

    def index(self, parts: list[Syntax], at: Position) -> tree.Expression:
        indices = tuple(self.expression(each) for each in parts)
        return indices[0] if len(indices) == 1 else tree.Tuple(at, indices)

    def application(self, node: Syntax) -> tree.Expression:
        applied, *arguments = parts_of(node)
        return tree.Application(
            self.at(node), self.expression(applied), self.index(arguments, self.at(node))
        )

    def field_of_record(self, node: Syntax) -> tree.Expression:
        owner, name = parts_of(node)
        field = tree.String(self.at(name), text_of(name))
        return tree.Application(self.at(node), self.expression(owner), field, is_field=True)

    def named_values(self, node: Syntax) -> tuple[tuple[str, ...], tuple[tree.Expression, ...]]:
        parts = [each for each in parts_of(node) if each.type not in ("all_map_to", "colon")]
        names = tuple(text_of(each) for each in parts[0::2])
        for place, name in enumerate(names):
            if name in names[:place]:
                raise SpecError(self.at(parts[2 * place]), f"the field {name} is given twice")
        return names, tuple(self.expression(each) for each in parts[1::2])

    def except_(self, node: Syntax) -> tree.Expression:
        updates = [each for each in parts_of(node) if each.type == "except_update"]
        return tree.Except(
            self.at(node),
            self.expression(field_of(node, "expr_to_update")),
            tuple(self.update(each) for each in updates),
        )

    def update(self, node: Syntax) -> tree.Update:
        specifier = next(e for e in parts_of(node) if e.type == "except_update_specifier")
        path: list[tree.Expression] = []
        for step in parts_of(specifier):
            parts = parts_of(step)
            if step.type == "except_update_record_field":
                path.append(tree.String(self.at(parts[0]), text_of(parts[0])))
            else:
                path.append(self.index(parts, self.at(step)))
        at = self.at(node)
        value = self.expression(field_of(node, "new_val"))
        return tree.Update(at, tuple(path), value, tree.Bound(at, "@"))

    # Choices and definitions

    def if_(self, node: Syntax) -> tree.Expression:
        condition, then, otherwise = (
            self.expression(field_of(node, each)) for each in ("if", "then", "else")
        )
        return tree.If(self.at(node), condition, then, otherwise)

    def case(self, node: Syntax) -> tree.Expression:
        arms = [
            (each.type, [part for part in parts_of(each) if part.type != "case_arrow"])
            for each in parts_of(node)
            if each.type != "case_box"
        ]
        guarded = [parts for kind, parts in arms if kind == "case_arm"]
        other = [parts for kind, parts in arms if kind == "other_arm"]
        return tree.Case(
            self.at(node),
            tuple(self.expression(condition) for condition, _ in guarded),
            tuple(self.expression(result) for _, result in guarded),
            self.expression(other[0][-1]) if other else None,
        )

    def let(self, node: Syntax) -> tree.Expression:
        units = tuple(
            each
            for each in self.units(fields_of(node, "definitions"))
            if isinstance(each, tree.Definition | tree.Instance)
        )
        definitions = [each for each in units if isinstance(each, tree.Definition)]
        body = self.expression(field_of(node, "expression"))
        return tree.Let(self.at(node), units, definitions, body)

    def lambda_(self, node: Syntax) -> tree.Expression:
        *names, body = parts_of(node)
        names = [each for each in names if each.type == "identifier"]
        parameters = tuple(tree.Parameter(self.at(each), text_of(each), 0) for each in names)
        return tree.Lambda(self.at(node), parameters, self.expression(body))

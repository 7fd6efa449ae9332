"""How functions, records, tuples and their sets are generated."""

from __future__ import annotations

import functools
from typing import Final

from raft_ref.spec.code.binder_forms import target, unpack
from raft_ref.spec.code.generator import Code, Form, Generator
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.values import operators
from raft_ref.spec.values.value import domain_of, sequence_domain


def _function_literal(generator: Generator, node: tree.FunctionLiteral, primed: bool) -> Code:
    patterns = [pattern for binding in node.bindings for pattern in binding.patterns]
    domain = _domain(generator, node, primed)
    if node.itself is not None:
        name = generator.reference(node.itself, False)
        compute = generator.nested(
            "argument",
            lambda: _function_body(generator, node, patterns, "argument", primed),
        )
        generator.writer.emit(f"{name} = RecursiveFunction({domain}, {compute})")
        return Code(name, "recursive")
    interned = generator.writer.fresh()
    results = generator.writer.fresh()
    at = node.bindings[0].domain
    generator.writer.emit(f"{interned} = {generator.fallible(at, 'domain_from', domain)}")
    generator.writer.emit(f"{results} = [{interned}]")
    argument = generator.writer.fresh()
    generator.writer.emit(f"for {argument} in {interned}:")
    with generator.writer.indented():
        text = _function_body(generator, node, patterns, argument, primed)
        generator.writer.emit(f"{results}.append({text})")
    return Code(f"tuple({results})", "function")


def _domain(generator: Generator, node: tree.FunctionLiteral, primed: bool) -> str:
    """Return the text of the set of arguments; several names are one tuple."""
    factors = [
        name
        for binding in node.bindings
        for name in [generator.writer.named(generator.value(binding.domain, primed).text)]
        * len(binding.patterns)
    ]
    if len(factors) == 1:
        return factors[0]
    product = generator.namespace.helper(operators.product)
    return generator.fallible(node.bindings[0].domain, product, *factors)


def _function_body(
    generator: Generator,
    node: tree.FunctionLiteral,
    patterns: list[tree.Pattern],
    argument: str,
    primed: bool,
) -> str:
    if len(patterns) == 1 and not patterns[0].is_tuple:
        generator.writer.emit(f"{target(generator, patterns[0])} = {argument}")
    elif len(patterns) == 1:
        unpack(generator, patterns[0], argument)
    else:
        parts = [target(generator, each) for each in patterns]
        generator.writer.emit(f"_, {', '.join(parts)} = {argument}")
        for pattern, part in zip(patterns, parts, strict=True):
            unpack(generator, pattern, part)
    return generator.value(node.body, primed).text


def _application(generator: Generator, node: tree.Application, primed: bool) -> Code:
    function = generator.code(node.function, primed)
    if function.kind == "recursive":
        argument = generator.value(node.argument, primed).text
        return Code(generator.fallible(node, f"{function.text}.result", argument))
    function = generator.value(node.function, primed)
    argument = generator.value(node.argument, primed).text
    if not generator.careful:
        name = generator.writer.named(function.text)
        return Code(generator.writer.named(f"{name}[{name}[0][{argument}]]"))
    helper = generator.namespace.helper(operators.field_of if node.is_field else operators.apply)
    return Code(generator.fallible(node, helper, function.text, argument))


def _except(generator: Generator, node: tree.Except, primed: bool) -> Code:
    text = generator.value(node.function, primed).text
    for update in node.updates:
        path = generator.names_of(update.path, primed)
        if generator.careful:
            text = _updated(generator, update, text, path, primed)
        else:
            text = spliced(generator, update, text, path, primed)
    return Code(text, "function")


def _updated(
    generator: Generator, update: tree.Update, text: str, path: list[str], primed: bool
) -> str:
    replacement = generator.nested(
        generator.reference(update.previous, False),
        lambda: generator.value(update.value, primed).text,
    )
    helper = generator.namespace.helper(operators.updated)
    outside = _outside(generator, update)
    steps = "".join(f"{each}, " for each in path)
    return generator.fallible(update, helper, text, f"({steps})", replacement, outside)


def spliced(
    generator: Generator, update: tree.Update, text: str, path: list[str], primed: bool
) -> str:
    """Return the text of an update as slices of the function's tuple."""
    writer = generator.writer
    if not path:
        if (update.previous, False) in generator.analysis.reads(update.value):
            writer.emit(f"{generator.reference(update.previous, False)} = {text}")
        return generator.value(update.value, primed).text
    old = writer.named(text)
    place = writer.named(f"{old}[0].get({path[0]})")
    new = spliced(generator, update, f"{old}[{place}]", path[1:], primed)
    unchanged = generator.namespace.helper(operators.unchanged)
    otherwise = f"{unchanged}({old}, {path[0]}, {_outside(generator, update)})"
    sliced = f"{old}[:{place}] + ({new},) + {old}[{place} + 1:]"
    return f"({otherwise} if {place} is None else {sliced})"


def _outside(generator: Generator, update: tree.Update) -> str:
    return generator.namespace.kept(functools.partial(generator.effects.warn_outside, update.at))


def _record(generator: Generator, node: tree.Record, primed: bool) -> Code:
    texts = dict(zip(node.names, generator.names_of(node.values, primed), strict=True))
    domain = generator.namespace.kept(domain_of(frozenset(node.names)))
    return Code(f"({domain}, {', '.join(texts[name] for name in sorted(texts))})", "function")


def _tuple(generator: Generator, node: tree.Tuple, primed: bool) -> Code:
    texts = [generator.value(each, primed).text for each in node.elements]
    domain = generator.namespace.kept(sequence_domain(len(texts)))
    return Code(f"({''.join(f'{each}, ' for each in [domain, *texts])})", "function")


def _record_set(generator: Generator, node: tree.RecordSet, primed: bool) -> Code:
    texts = generator.names_of(node.values, primed)
    helper = generator.namespace.helper(operators.record_set)
    return Code(generator.fallible(node, helper, repr(node.names), *texts), "set")


def _function_set(generator: Generator, node: tree.FunctionSet, primed: bool) -> Code:
    texts = generator.names_of((node.arguments, node.results), primed)
    helper = generator.namespace.helper(operators.function_set)
    return Code(generator.fallible(node, helper, *texts), "set")


def _product(generator: Generator, node: tree.Product, primed: bool) -> Code:
    texts = generator.names_of(node.factors, primed)
    return Code(
        generator.fallible(node, generator.namespace.helper(operators.product), *texts), "set"
    )


FUNCTION_FORMS: Final[dict[type, Form]] = {
    tree.FunctionLiteral: _function_literal,
    tree.Application: _application,
    tree.Except: _except,
    tree.Record: _record,
    tree.Tuple: _tuple,
    tree.RecordSet: _record_set,
    tree.FunctionSet: _function_set,
    tree.Product: _product,
}

"""How calls are generated: of definitions, parameters and constants, and operators handed on.

Arguments that are not certain to be evaluated are passed as functions.
"""

from __future__ import annotations

from raft_ref.spec.code.generator import Code, Generator
from raft_ref.spec.names.environment import Local
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.spec.syntax.expressions import Declaration
from raft_ref.spec.values.builtin import Builtin


def call(generator: Generator, node: tree.Call, meaning: Declaration, primed: bool) -> Code:
    """Return the code of a call of anything but an operator that Python evaluates."""
    if isinstance(meaning, tree.Definition):
        return _call_definition(generator, node, meaning, primed)
    if isinstance(meaning, tree.Constant):
        return _call_constant(generator, node, meaning, primed)
    local = generator.locals.get(meaning)
    if local is not None and local.expression is not None and (local.text is None or primed):
        return _written_out(generator, local, primed)
    text = generator.reference(meaning, primed, node.at)
    if isinstance(meaning, tree.Parameter) and meaning.arity:
        arguments = [generator.value(each, primed).text for each in node.arguments]
        return Code(generator.fallible(node, text, *arguments))
    if local.is_delayed if local is not None else generator.is_delayed(meaning, primed):
        return Code(f"{text}()")
    is_itself = isinstance(meaning, tree.Bound) and meaning.is_function
    return Code(text, "recursive" if is_itself else "any")


def _written_out(generator: Generator, local: Local, primed: bool) -> Code:
    """Return the code of the argument that a parameter stands for."""
    assert local.expression is not None
    outer, generator.locals = generator.locals, local.environment.locals
    try:
        return generator.code(local.expression, primed)
    finally:
        generator.locals = outer


def _call_constant(
    generator: Generator, node: tree.Call, meaning: tree.Constant, primed: bool
) -> Code:
    if meaning.name not in generator.constants:
        raise SpecError(node.at, f"no value is given for the constant {meaning.name}")
    text = generator.reference(meaning, False)
    if meaning.arity:
        arguments = [generator.value(each, primed).text for each in node.arguments]
        return Code(generator.fallible(node, text, *arguments))
    return Code(text, _kind_of(generator.constants[meaning.name]))


def _call_definition(
    generator: Generator, node: tree.Call, meaning: tree.Definition, primed: bool
) -> Code:
    kind = generator.kind_of_result(meaning)
    is_of_let = generator.analysis.is_of_let(meaning)
    if is_of_let and not meaning.parameters:
        text = generator.reference(meaning, primed)
        local = generator.locals.get(meaning) if not primed else None
        delayed = local.is_delayed if local else generator.is_delayed(meaning, primed)
        return Code(f"{text}()" if delayed else text, kind)
    arguments = dict(zip(meaning.parameters, node.arguments, strict=True))
    texts = []
    for name, is_primed in generator.passed(meaning):
        if primed and is_primed:
            raise SpecError(node.at, f"a prime within a prime: {meaning.name} has one")
        at = primed or is_primed
        if isinstance(name, tree.Variable):
            texts.append(generator.reference(name, at, node.at))
        elif isinstance(name, tree.Parameter):
            texts.append(_argument(generator, meaning, name, is_primed, arguments[name], at))
    called = generator.reference(meaning, primed) if is_of_let else generator.name_of(meaning)
    return Code(f"{called}({', '.join(texts)})", kind)


def _argument(
    generator: Generator,
    definition: tree.Definition,
    parameter: tree.Parameter,
    is_primed: bool,
    argument: tree.Expression,
    primed: bool,
) -> str:
    if parameter.arity:
        return operator(generator, argument, parameter.arity, primed)
    if generator.analysis.is_certain(definition, parameter, is_primed):
        return generator.value(argument, primed).text
    return generator.delayed_text(lambda: generator.value(argument, primed).text)


def operator(generator: Generator, node: tree.Expression, arity: int, primed: bool) -> str:
    """Return the text of a Python function from values to a value, for an operator."""
    if isinstance(node, tree.Lambda):
        return _lambda(generator, node, primed)
    assert isinstance(node, tree.Call)
    meaning = generator.analysis.meanings[node]
    names = [generator.writer.fresh() for _ in range(arity)]
    listed = ", ".join(names)
    if isinstance(meaning, Builtin):
        if meaning.function is None:
            raise SpecError(node.at, f"not supported here: {meaning.name}")
        called = f"{generator.namespace.helper(meaning.function)}({listed})"
        wrap = meaning.returns == "formula"
        return f"(lambda {listed}: {f'wrapped({called})' if wrap else called})"
    if not isinstance(meaning, tree.Definition):
        return generator.reference(meaning, primed)
    texts = []
    given = dict(zip(meaning.parameters, names, strict=True))
    for name, is_primed in generator.passed(meaning):
        if isinstance(name, tree.Variable):
            texts.append(generator.reference(name, primed or is_primed, node.at))
        elif is_primed:
            raise SpecError(node.at, "not supported here: primed parameter of an argument")
        elif isinstance(name, tree.Parameter):
            certain = generator.analysis.is_certain(meaning, name, is_primed)
            texts.append(given[name] if certain else f"(lambda: {given[name]})")
    is_of_let = generator.analysis.is_of_let(meaning)
    function = generator.reference(meaning, primed) if is_of_let else generator.name_of(meaning)
    called = f"{function}({', '.join(texts)})"
    wrap = generator.kind_of_result(meaning) == "formula"
    return f"(lambda {listed}: {f'wrapped({called})' if wrap else called})"


def _lambda(generator: Generator, node: tree.Lambda, primed: bool) -> str:
    reads = generator.analysis.reads(node.body)
    if any((each, True) in reads for each in node.parameters):
        raise SpecError(node.at, "not supported here: primed parameter of LAMBDA")
    generator.rigid.update(node.parameters)
    parameters = ", ".join(generator.reference(each, False) for each in node.parameters)
    return generator.nested(parameters, lambda: generator.value(node.body, primed).text)


def _kind_of(value: object) -> str:
    if type(value) is int:
        return "number"
    if type(value) is str:
        return "string"
    return "set" if type(value) is frozenset else "any"

"""How each form of expression is generated: the table `FORMS`, from node type to function.

Where the quick text does without a call, the form says so at `if not generator.careful`; such an
inline form gives the right value or raises some exception, and never a wrong value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from spec import expressions as tree
from spec import operators
from spec.errors import SpecError
from spec.generator import Code, Form, Generator
from spec.operators import LARGEST, SMALLEST
from spec.sets import contains, equal, interval
from spec.standard import Builtin
from spec.values import domain_of, sequence_domain

_PYTHON_TYPES: Final = {"number": "int", "string": "str"}
_INLINE_COMPARISONS: Final = {"<": "<", ">": ">", "<=": "<=", ">=": ">="}


def _number(_generator: Generator, node: tree.Number, _primed: bool) -> Code:
    if not SMALLEST <= node.value <= LARGEST:
        raise SpecError(node.at, f"{node.value} does not fit in 32 bits")
    return Code(str(node.value), "number")


def _string(_generator: Generator, node: tree.String, _primed: bool) -> Code:
    return Code(repr(node.value), "string")


# Operators


def _call(generator: Generator, node: tree.Call, primed: bool) -> Code:
    meaning = generator.analysis.meanings[node]
    assert isinstance(meaning, Builtin)
    special = _SPECIAL.get(meaning.name)
    if special is not None:
        return special(generator, node, primed)
    if meaning.function is None:
        raise SpecError(node.at, f"not supported here: {meaning.name}")
    codes = [
        Code(generator.operator(each, meaning.operator_arguments[place], primed))
        if place in meaning.operator_arguments
        else generator.value(each, primed)
        for place, each in enumerate(node.arguments)
    ]
    if not generator.careful:
        inline = _inline(generator, meaning, codes)
        if inline is not None:
            return Code(inline, meaning.returns)
    name = generator.helper(meaning.function)
    text = generator.fallible(node, name, *[each.text for each in codes])
    return Code(text, meaning.returns)


def _inline(generator: Generator, meaning: Builtin, codes: list[Code]) -> str | None:
    """Return a text without a call, where one is right or fails for all values."""
    kinds = [each.kind for each in codes]
    if meaning.name in _INLINE_COMPARISONS and "number" in kinds:
        return f"({codes[0].text} {_INLINE_COMPARISONS[meaning.name]} {codes[1].text})"
    if meaning.name == ".." and kinds == ["number", "number"]:
        return f"{generator.helper(interval)}({codes[0].text}, {codes[1].text})"
    if meaning.name in ("+", "-") and "number" in kinds:
        # A sum of a number and anything else is a TypeError, as it should be.
        helper = generator.helper(operators.in_range)
        sum_ = generator.writer.fresh()
        text = f"{codes[0].text} {meaning.name} {codes[1].text}"
        within = f"{SMALLEST} <= ({sum_} := {text}) <= {LARGEST}"
        return f"({sum_} if {within} else {helper}({sum_}, {meaning.name!r}))"
    return None


def _junction(generator: Generator, node: tree.Call, primed: bool) -> Code:
    r"""/\, \/ and =>: from left to right, and no further than needed."""
    word = "and" if node.name == "/\\" else "or"
    first = generator.formula(node.arguments[0], primed)
    texts = [f"not {first}" if node.name == "=>" else first]
    for operand in node.arguments[1:]:
        with generator.writer.captured() as statements:
            text = generator.formula(operand, primed)
        if statements:
            so_far = generator.writer.fresh()
            generator.writer.emit(f"{so_far} = {f' {word} '.join(texts)}")
            generator.writer.emit(f"if {so_far}:" if word == "and" else f"if not {so_far}:")
            with generator.writer.indented():
                generator.writer.splice(statements)
                generator.writer.emit(f"{so_far} = {text}")
            texts = [so_far]
        else:
            texts.append(text)
    return Code(f"({f' {word} '.join(texts)})" if len(texts) > 1 else texts[0], "formula")


def _equivalence(generator: Generator, node: tree.Call, primed: bool) -> Code:
    left, right = (
        generator.writer.named(generator.formula(each, primed)) for each in node.arguments
    )
    return Code(f"({left} is {right})", "formula")


def _negation(generator: Generator, node: tree.Call, primed: bool) -> Code:
    return Code(f"(not {generator.formula(node.arguments[0], primed)})", "formula")


def _truth(_generator: Generator, node: tree.Call, _primed: bool) -> Code:
    return Code("True" if node.name == "TRUE" else "False", "formula")


def _unchanged(generator: Generator, node: tree.Call, primed: bool) -> Code:
    if primed:
        raise SpecError(node.at, "a prime within a prime: UNCHANGED has one")
    before = generator.value(node.arguments[0], False)
    after = generator.value(node.arguments[0], True)
    return Code(_equal(generator, node, after, before), "formula")


def _equality(generator: Generator, node: tree.Call, primed: bool) -> Code:
    left, right = (generator.value(each, primed) for each in node.arguments)
    text = _equal(generator, node, left, right)
    return Code(text if node.name == "=" else f"(not {text})", "formula")


def _equal(generator: Generator, node: tree.Node, left: Code, right: Code) -> str:
    helper = generator.helper(equal)
    if generator.careful:
        return generator.fallible(node, helper, left.text, right.text)
    if left.kind == right.kind and left.kind in _PYTHON_TYPES:
        return f"({left.text} == {right.text})"
    one, other = generator.writer.named(left.text), generator.writer.named(right.text)
    if left.kind in _PYTHON_TYPES:
        wrong = f"type({other}) is not {_PYTHON_TYPES[left.kind]} and "
    elif right.kind in _PYTHON_TYPES:
        wrong = f"type({one}) is not {_PYTHON_TYPES[right.kind]} and "
    else:
        wrong = ""
    return f"({one} == {other} or {wrong}{helper}({one}, {other}))"


def _membership(generator: Generator, node: tree.Call, primed: bool) -> Code:
    value, candidates = (generator.value(each, primed) for each in node.arguments)
    helper = generator.helper(contains)
    one = generator.writer.named(value.text)
    if not generator.careful and candidates.kind == "set":
        many = generator.writer.named(candidates.text)
        text = f"({one} in {many} or {helper}({many}, {one}))"
    else:
        text = generator.fallible(node, helper, candidates.text, one)
    return Code(text if node.name == "\\in" else f"(not {text})", "formula")


# Choices


def _if(generator: Generator, node: tree.If, primed: bool) -> Code:
    arms = [(node.condition, node.then)]
    return _branches(generator, node, arms, node.otherwise, primed)


def _case(generator: Generator, node: tree.Case, primed: bool) -> Code:
    arms = list(zip(node.conditions, node.results, strict=True))
    return _branches(generator, node, arms, node.otherwise, primed)


def _branches(
    generator: Generator,
    node: tree.Expression,
    arms: list[tuple[tree.Expression, tree.Expression]],
    otherwise: tree.Expression | None,
    primed: bool,
) -> Code:
    is_formula = generator.analysis.is_formula(node)

    def result(branch: tree.Expression) -> str:
        if is_formula:
            return generator.formula(branch, primed)
        return generator.value(branch, primed).text

    def rest(place: int) -> str:
        if place == len(arms):
            return result(otherwise) if otherwise else generator.fallible(node, "no_case")
        condition = generator.formula(arms[place][0], primed)
        with generator.writer.captured() as statements:
            then = result(arms[place][1])
        with generator.writer.captured() as other_statements:
            other = rest(place + 1)
        if not statements and not other_statements:
            return f"({then} if {condition} else {other})"
        chosen = generator.writer.fresh()
        for head, lines, text in (
            (f"if {condition}:", statements, then),
            ("else:", other_statements, other),
        ):
            generator.writer.emit(head)
            with generator.writer.indented():
                generator.writer.splice(lines)
                generator.writer.emit(f"{chosen} = {text}")
        return chosen

    return Code(rest(0), "formula" if is_formula else "any")


# Binders


def _elements(
    generator: Generator, node: tree.Expression, primed: bool, *, ordered: bool = False
) -> str:
    """Return a name for what a `for` runs through."""
    code = generator.value(node, primed)
    if ordered:
        return generator.writer.named(generator.fallible(node, "in_order", code.text))
    if code.kind == "set" and not generator.careful:
        return generator.writer.named(code.text)
    return generator.writer.named(generator.fallible(node, "finite", code.text))


def elements_in_order(
    generator: Generator, bindings: tuple[tree.Binding, ...], primed: bool
) -> list[tuple[tree.Pattern, str]]:
    """Evaluate the sets of a binder for `loop`, to run through them in a fixed order."""
    return _targets(generator, bindings, primed, ordered=True)


def _targets(
    generator: Generator, bindings: tuple[tree.Binding, ...], primed: bool, *, ordered: bool = False
) -> list[tuple[tree.Pattern, str]]:
    """Evaluate the sets of a binder, once each; return what ranges over what."""
    domains = [_elements(generator, each.domain, primed, ordered=ordered) for each in bindings]
    return [
        (pattern, domain)
        for binding, domain in zip(bindings, domains, strict=True)
        for pattern in binding.patterns
    ]


def _target(generator: Generator, pattern: tree.Pattern) -> str:
    if pattern.is_tuple:
        return generator.writer.fresh()
    return generator.reference(pattern.names[0], False)


def _unpack(generator: Generator, pattern: tree.Pattern, element: str) -> None:
    if pattern.is_tuple:
        helper = generator.helper(operators.unpacked)
        names = ", ".join(generator.reference(each, False) for each in pattern.names)
        checked = generator.fallible(pattern, helper, element, str(len(pattern.names)))
        generator.writer.emit(f"_, {names} = {checked}")


def loop(
    generator: Generator,
    targets: list[tuple[tree.Pattern, str]],
    body: Callable[[], None],
    stop: str | None = None,
) -> None:
    """Emit nested `for` statements; an outer one ends when the condition `stop` holds."""
    if not targets:
        body()
        return
    (pattern, domain), *others = targets
    element = _target(generator, pattern)
    generator.writer.emit(f"for {element} in {domain}:")
    with generator.writer.indented():
        _unpack(generator, pattern, element)
        loop(generator, others, body, stop)
        if stop and others:
            generator.writer.emit(f"if {stop}:")
            generator.writer.emit(" break")


def _quantified(generator: Generator, node: tree.Quantified, primed: bool) -> Code:
    targets = _targets(generator, node.bindings, primed)
    result = generator.writer.fresh()
    generator.writer.emit(f"{result} = {node.is_universal}")

    def body() -> None:
        text = generator.formula(node.body, primed)
        generator.writer.emit(f"if not {text}:" if node.is_universal else f"if {text}:")
        generator.writer.emit(f" {result} = {not node.is_universal}")
        generator.writer.emit(" break")

    loop(generator, targets, body, f"not {result}" if node.is_universal else result)
    return Code(result, "formula")


def _choose(generator: Generator, node: tree.Choose, primed: bool) -> Code:
    ((pattern, domain),) = _targets(generator, node.bindings, primed, ordered=True)
    found = generator.writer.fresh()
    generator.writer.emit(f"{found} = NO_WITNESS")
    with _each(generator, pattern, domain) as element:
        generator.writer.emit(f"if {generator.formula(node.body, primed)}:")
        generator.writer.emit(f" {found} = {element}")
        generator.writer.emit(" break")
    return Code(generator.writer.named(generator.fallible(node, "witness", found)))


def _set_filter(generator: Generator, node: tree.SetFilter, primed: bool) -> Code:
    ((pattern, domain),) = _targets(generator, node.bindings, primed)
    kept = generator.writer.fresh()
    generator.writer.emit(f"{kept} = []")
    with _each(generator, pattern, domain) as element:
        generator.writer.emit(f"if {generator.formula(node.body, primed)}:")
        generator.writer.emit(f" {kept}.append({element})")
    return Code(f"frozenset({kept})", "set")


@contextmanager
def _each(generator: Generator, pattern: tree.Pattern, domain: str) -> Iterator[str]:
    """Emit one `for`, and let the caller emit its body."""
    element = _target(generator, pattern)
    generator.writer.emit(f"for {element} in {domain}:")
    with generator.writer.indented():
        _unpack(generator, pattern, element)
        yield element


def _set_map(generator: Generator, node: tree.SetMap, primed: bool) -> Code:
    targets = _targets(generator, node.bindings, primed)
    collected = generator.writer.fresh()
    generator.writer.emit(f"{collected} = []")

    def body() -> None:
        generator.writer.emit(f"{collected}.append({generator.value(node.body, primed).text})")

    loop(generator, targets, body)
    return Code(f"frozenset({collected})", "set")


def _set_literal(generator: Generator, node: tree.SetLiteral, primed: bool) -> Code:
    codes = [generator.value(each, primed) for each in node.elements]
    texts = [each.text for each in codes]
    if len(texts) < 2 or (codes[0].kind in _PYTHON_TYPES and len({c.kind for c in codes}) == 1):
        return Code(f"frozenset(({''.join(f'{each}, ' for each in texts)}))", "set")
    return Code(
        generator.fallible(node, generator.helper(operators.set_of), *texts),
        "set",
    )


# Functions


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
    product = generator.helper(operators.product)
    return generator.fallible(node.bindings[0].domain, product, *factors)


def _function_body(
    generator: Generator,
    node: tree.FunctionLiteral,
    patterns: list[tree.Pattern],
    argument: str,
    primed: bool,
) -> str:
    if len(patterns) == 1 and not patterns[0].is_tuple:
        generator.writer.emit(f"{_target(generator, patterns[0])} = {argument}")
    elif len(patterns) == 1:
        _unpack(generator, patterns[0], argument)
    else:
        parts = [_target(generator, each) for each in patterns]
        generator.writer.emit(f"_, {', '.join(parts)} = {argument}")
        for pattern, part in zip(patterns, parts, strict=True):
            _unpack(generator, pattern, part)
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
    helper = generator.helper(operators.field_of if node.is_field else operators.apply)
    return Code(generator.fallible(node, helper, function.text, argument))


def _except(generator: Generator, node: tree.Except, primed: bool) -> Code:
    text = generator.value(node.function, primed).text
    for update in node.updates:
        path = generator.names_of(update.path, primed)
        reads_previous = (update.previous, False) in generator.analysis.reads(update.value)
        if len(path) == 1 and not reads_previous:
            value = generator.value(update.value, primed).text
            helper = generator.helper(operators.replaced)
            text = generator.fallible(update, helper, text, path[0], value)
        else:
            replacement = generator.nested(
                generator.reference(update.previous, False),
                lambda value=update.value: generator.value(value, primed).text,  # type: ignore[misc]
            )
            helper = generator.helper(operators.updated)
            steps = "".join(f"{each}, " for each in path)
            text = generator.fallible(update, helper, text, f"({steps})", replacement)
    return Code(text, "function")


def _record(generator: Generator, node: tree.Record, primed: bool) -> Code:
    texts = dict(zip(node.names, generator.names_of(node.values, primed), strict=True))
    domain = generator.kept(domain_of(frozenset(node.names)))
    return Code(f"({domain}, {', '.join(texts[name] for name in sorted(texts))})", "function")


def _tuple(generator: Generator, node: tree.Tuple, primed: bool) -> Code:
    texts = [generator.value(each, primed).text for each in node.elements]
    domain = generator.kept(sequence_domain(len(texts)))
    return Code(f"({''.join(f'{each}, ' for each in [domain, *texts])})", "function")


def _record_set(generator: Generator, node: tree.RecordSet, primed: bool) -> Code:
    texts = generator.names_of(node.values, primed)
    helper = generator.helper(operators.record_set)
    return Code(generator.fallible(node, helper, repr(node.names), *texts), "set")


def _function_set(generator: Generator, node: tree.FunctionSet, primed: bool) -> Code:
    texts = generator.names_of((node.arguments, node.results), primed)
    helper = generator.helper(operators.function_set)
    return Code(generator.fallible(node, helper, *texts), "set")


def _product(generator: Generator, node: tree.Product, primed: bool) -> Code:
    texts = generator.names_of(node.factors, primed)
    return Code(generator.fallible(node, generator.helper(operators.product), *texts), "set")


_SPECIAL: Final[dict[str, Form]] = {
    "TRUE": _truth,
    "FALSE": _truth,
    "/\\": _junction,
    "\\/": _junction,
    "=>": _junction,
    "<=>": _equivalence,
    "~": _negation,
    "UNCHANGED": _unchanged,
    "=": _equality,
    "#": _equality,
    "\\in": _membership,
    "\\notin": _membership,
}

FORMS: Final[dict[type, Form]] = {
    tree.Number: _number,
    tree.String: _string,
    tree.Call: _call,
    tree.If: _if,
    tree.Case: _case,
    tree.Quantified: _quantified,
    tree.Choose: _choose,
    tree.SetFilter: _set_filter,
    tree.SetMap: _set_map,
    tree.SetLiteral: _set_literal,
    tree.FunctionLiteral: _function_literal,
    tree.Application: _application,
    tree.Except: _except,
    tree.Record: _record,
    tree.Tuple: _tuple,
    tree.RecordSet: _record_set,
    tree.FunctionSet: _function_set,
    tree.Product: _product,
}

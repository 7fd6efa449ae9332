"""How each form of expression is generated: the table `FORMS`, from node type to function.

Where the quick text does without a call, the form says so at `if not generator.careful`; such an
inline form gives the right value or raises some exception, and never a wrong value.
"""

from __future__ import annotations

from typing import Final

from raft_ref.spec.code.binder_forms import BINDER_FORMS
from raft_ref.spec.code.call_forms import call, operator
from raft_ref.spec.code.function_forms import FUNCTION_FORMS
from raft_ref.spec.code.generator import PYTHON_TYPES, Code, Form, Generator
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.spec.values import arithmetic, sequences
from raft_ref.spec.values.arithmetic import LARGEST, SMALLEST
from raft_ref.spec.values.builtin import Builtin
from raft_ref.spec.values.sets import contains, equal, interval

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
    if not isinstance(meaning, Builtin):
        return call(generator, node, meaning, primed)
    special = _SPECIAL.get(meaning.name) or generator.special.get(meaning.name)
    if special is not None:
        return special(generator, node, primed)
    if meaning.function is None:
        raise SpecError(node.at, f"not supported here: {meaning.name}")
    codes = [
        Code(operator(generator, each, meaning.operator_arguments[place], primed))
        if place in meaning.operator_arguments
        else generator.value(each, primed)
        for place, each in enumerate(node.arguments)
    ]
    if not generator.careful:
        inline = _inline(generator, meaning, codes)
        if inline is not None:
            return Code(inline, meaning.returns)
    name = generator.namespace.helper(meaning.function)
    texts = [each.text for each in codes]
    if meaning.varies:
        name, texts = "effects.varying", [name, *texts]
    return Code(generator.fallible(node, name, *texts), meaning.returns)


def _inline(generator: Generator, meaning: Builtin, codes: list[Code]) -> str | None:
    """Return a text without a call, where one is right or fails for all values."""
    kinds = [each.kind for each in codes]
    if meaning.name in _INLINE_COMPARISONS and "number" in kinds:
        return f"({codes[0].text} {_INLINE_COMPARISONS[meaning.name]} {codes[1].text})"
    if meaning.name in _INLINE_COMPARISONS:
        one, other = (generator.writer.named(each.text) for each in codes)
        helper = generator.namespace.helper(meaning.function) if meaning.function else ""
        return (
            f"({one} {meaning.name} {other} if type({one}) is int is type({other}) "
            f"else {helper}({one}, {other}))"
        )
    if meaning.name == "Len":
        of = generator.writer.named(codes[0].text)
        helper = generator.namespace.helper(sequences.length)
        return f"(len({of}) - 1 if type({of}) is tuple and {of}[0].is_sequence else {helper}({of}))"
    if meaning.name == ".." and kinds == ["number", "number"]:
        return f"{generator.namespace.helper(interval)}({codes[0].text}, {codes[1].text})"
    if meaning.name in ("+", "-") and "number" in kinds:
        # A sum of a number and anything else is a TypeError, as it should be.
        helper = generator.namespace.helper(arithmetic.in_range)
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


def _print(generator: Generator, node: tree.Call, primed: bool) -> Code:
    shown, *results = (generator.value(each, primed).text for each in node.arguments)
    if results:
        return Code(f"printed({shown}, {results[0]})")
    return Code(f"printed({shown}, True)", "formula")


def _told(generator: Generator, node: tree.Call, primed: bool) -> Code:
    """TLCGet and TLCSet, and what TLCExt makes of them."""
    name, *others = (generator.value(each, primed).text for each in node.arguments)
    match node.name:
        case "TLCSet":
            return Code(generator.fallible(node, "effects.set", name, *others), "formula")
        case "TLCGetOrDefault":
            told = generator.fallible(node, "effects.told", name)
            return Code(f"({told} if effects.is_told({name}) else {others[0]})")
    return Code(generator.fallible(node, "effects.told", name))


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
    helper = generator.namespace.helper(equal)
    if generator.careful:
        return generator.fallible(node, helper, left.text, right.text)
    if left.kind == right.kind and left.kind in PYTHON_TYPES:
        return f"({left.text} == {right.text})"
    one, other = generator.writer.named(left.text), generator.writer.named(right.text)
    if left.kind in PYTHON_TYPES:
        wrong = f"type({other}) is not {PYTHON_TYPES[left.kind]} and "
    elif right.kind in PYTHON_TYPES:
        wrong = f"type({one}) is not {PYTHON_TYPES[right.kind]} and "
    else:
        wrong = ""
    return f"({one} == {other} or {wrong}{helper}({one}, {other}))"


def _membership(generator: Generator, node: tree.Call, primed: bool) -> Code:
    value, candidates = (generator.value(each, primed) for each in node.arguments)
    helper = generator.namespace.helper(contains)
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


_SPECIAL: Final[dict[str, Form]] = {
    "TRUE": _truth,
    "FALSE": _truth,
    "/\\": _junction,
    "\\/": _junction,
    "=>": _junction,
    "<=>": _equivalence,
    "~": _negation,
    "UNCHANGED": _unchanged,
    "Print": _print,
    "PrintT": _print,
    "TLCGet": _told,
    "TLCSet": _told,
    "TLCGetOrDefault": _told,
    "=": _equality,
    "#": _equality,
    "\\in": _membership,
    "\\notin": _membership,
}

FORMS: Final[dict[type, Form]] = {
    **BINDER_FORMS,
    **FUNCTION_FORMS,
    tree.Number: _number,
    tree.String: _string,
    tree.Call: _call,
    tree.If: _if,
    tree.Case: _case,
}


# Slots


def _variable_behind(
    generator: Generator, node: tree.Expression, primed: bool
) -> tuple[tree.Variable, bool] | None:
    """Return the variable that an expression is, and whether it is primed."""
    names = generator.locals
    while True:
        if node in generator.given and not primed:
            return None
        if isinstance(node, tree.Prime) and not primed:
            node, primed = node.operand, True
            continue
        if not isinstance(node, tree.Call) or node.arguments:
            return None
        meaning = generator.analysis.meanings[node]
        local = None if isinstance(meaning, Builtin) else names.get(meaning)
        if local is None:
            return (meaning, primed) if isinstance(meaning, tree.Variable) else None
        if local.expression is None or (local.text is not None and not primed):
            return None
        node, names = local.expression, local.environment.locals


def _slotted_call(generator: Generator, node: tree.Call, primed: bool) -> Code:
    meaning = generator.analysis.meanings[node]
    if isinstance(meaning, tree.Variable) and meaning not in generator.locals:
        return Code(generator.valued(generator.reference(meaning, primed, node.at)))
    return _call(generator, node, primed)


def _slotted_application(generator: Generator, node: tree.Application, primed: bool) -> Code:
    found = _variable_behind(generator, node.function, primed)
    if found is None:
        return FORMS[tree.Application](generator, node, primed)
    generator.by_slot.add(found[0])
    name = generator.reference(*found, node.at)
    argument = generator.value(node.argument, primed).text
    return Code(generator.writer.named(f"{name}.at({argument})"))


SLOT_FORMS: Final[dict[type, Form]] = {
    **FORMS,
    tree.Call: _slotted_call,
    tree.Application: _slotted_application,
}
"""The forms of a text in which what stands for a variable is an object.

There `at(argument)` is what it maps an argument to, `whole()` its value: so of a function for each
server, `currentTerm[i]` reads one slot, wherever it stands, and it can be told what is read. An
operator is given the object.
"""

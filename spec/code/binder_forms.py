r"""How what binds names is generated: quantifiers, CHOOSE, and sets in braces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from raft_ref.spec.code.generator import PYTHON_TYPES, Code, Form, Generator
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.values import operators, sets


def _elements(
    generator: Generator, node: tree.Expression, primed: bool, *, ordered: bool, listed: bool
) -> str:
    """Return a name for what a `for` runs through; it is not too much if it must be `listed`."""
    in_order = generator.constant_in_order(node)
    if in_order is not None:
        return in_order
    code = generator.value(node, primed)
    if listed:
        code = Code(generator.fallible(node, "finite", code.text), "set")
    if ordered or generator.careful:  # the oracle goes the same way every time
        return generator.writer.named(generator.fallible(node, "in_order", code.text))
    if code.kind == "set":
        return generator.writer.named(code.text)
    return generator.writer.named(generator.fallible(node, "iterated", code.text))


def elements_in_order(
    generator: Generator, bindings: tuple[tree.Binding, ...], primed: bool
) -> list[tuple[tree.Pattern, str]]:
    """Evaluate the sets of a binder for `loop`, to run through them in a fixed order."""
    return _targets(generator, bindings, primed, ordered=True)


def _targets(
    generator: Generator,
    bindings: tuple[tree.Binding, ...],
    primed: bool,
    *,
    ordered: bool = False,
    listed: bool = False,
) -> list[tuple[tree.Pattern, str]]:
    """Evaluate the sets of a binder, once each; return what ranges over what."""
    domains = [
        _elements(generator, each.domain, primed, ordered=ordered, listed=listed)
        for each in bindings
    ]
    return [
        (pattern, domain)
        for binding, domain in zip(bindings, domains, strict=True)
        for pattern in binding.patterns
    ]


def target(generator: Generator, pattern: tree.Pattern) -> str:
    """Return the name that an element is bound to, before it is unpacked."""
    if pattern.is_tuple:
        return generator.writer.fresh()
    return generator.reference(pattern.names[0], False)


def unpack(generator: Generator, pattern: tree.Pattern, element: str) -> None:
    """Bind the names of a tuple of names."""
    if pattern.is_tuple:
        helper = generator.namespace.helper(operators.unpacked)
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
    element = target(generator, pattern)
    generator.writer.emit(f"for {element} in {domain}:")
    with generator.writer.indented():
        unpack(generator, pattern, element)
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
    domain_node = node.bindings[0].domain
    if may_be_many(generator, domain_node):
        return _filtered(generator, node, primed)
    ((pattern, domain),) = _targets(generator, node.bindings, primed)
    kept = generator.writer.fresh()
    generator.writer.emit(f"{kept} = []")
    with _each(generator, pattern, domain) as element:
        generator.writer.emit(f"if {generator.formula(node.body, primed)}:")
        generator.writer.emit(f" {kept}.append({element})")
    return Code(f"frozenset({kept})", "set")


def _filtered(generator: Generator, node: tree.SetFilter, primed: bool) -> Code:
    """Return the code of a filter that lists nothing until it must."""
    (binding,) = node.bindings
    (pattern,) = binding.patterns
    base = generator.writer.named(generator.value(binding.domain, primed).text)
    element = target(generator, pattern)

    def test() -> str:
        unpack(generator, pattern, element)
        return generator.formula(node.body, primed)

    passes = generator.nested(element, test)
    helper = generator.namespace.helper(sets.filtered)
    return Code(generator.fallible(binding.domain, helper, base, passes))


_MANY: Final = frozenset({"Nat", "Int", "Real", "STRING", "Seq", "SUBSET", "UNION"})
_COMBINING: Final = frozenset({"\\cup", "\\cap", "\\"})


def may_be_many(generator: Generator, node: tree.Node) -> bool:
    """Whether an expression may be a set that is infinite or very large, judged by its form."""
    if isinstance(node, tree.FunctionSet | tree.RecordSet | tree.Product):
        return True
    if isinstance(node, tree.SetFilter):
        return may_be_many(generator, node.bindings[0].domain)
    if not isinstance(node, tree.Call):
        return False
    meaning = generator.analysis.meanings[node]
    if isinstance(meaning, tree.Definition) and not meaning.is_recursive:
        return may_be_many(generator, meaning.body)
    if node.name in _COMBINING:
        return any(may_be_many(generator, each) for each in node.arguments)
    return node.name in _MANY


@contextmanager
def _each(generator: Generator, pattern: tree.Pattern, domain: str) -> Iterator[str]:
    """Emit one `for`, and let the caller emit its body."""
    element = target(generator, pattern)
    generator.writer.emit(f"for {element} in {domain}:")
    with generator.writer.indented():
        unpack(generator, pattern, element)
        yield element


def _set_map(generator: Generator, node: tree.SetMap, primed: bool) -> Code:
    targets = _targets(generator, node.bindings, primed, listed=True)
    collected = generator.writer.fresh()
    generator.writer.emit(f"{collected} = []")

    def body() -> None:
        generator.writer.emit(f"{collected}.append({generator.value(node.body, primed).text})")

    loop(generator, targets, body)
    return Code(f"frozenset({collected})", "set")


def _set_literal(generator: Generator, node: tree.SetLiteral, primed: bool) -> Code:
    codes = [generator.value(each, primed) for each in node.elements]
    texts = [each.text for each in codes]
    if len(texts) < 2 or (codes[0].kind in PYTHON_TYPES and len({c.kind for c in codes}) == 1):
        return Code(f"frozenset(({''.join(f'{each}, ' for each in texts)}))", "set")
    return Code(
        generator.fallible(node, generator.namespace.helper(operators.set_of), *texts),
        "set",
    )


BINDER_FORMS: Final[dict[type, Form]] = {
    tree.Quantified: _quantified,
    tree.Choose: _choose,
    tree.SetFilter: _set_filter,
    tree.SetMap: _set_map,
    tree.SetLiteral: _set_literal,
}

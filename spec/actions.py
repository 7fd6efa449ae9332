r"""How actions are generated: formulas that give variables their next (or initial) values.

An action is written out in place, depth first and from left to right, as TLC evaluates it: what
follows a conjunct is generated inside of it. `x' = e` gives x' its value where it has none yet on
that path, and is a test where it has one; which of the two is known when the text is generated.
Each disjunct, and each element of an \E, is a path of its own, even if it gives no variable a
value; but once all variables have values, what conjuncts are left are tests. So the number of
successors is TLC's.

What follows a choice is generated once. If several of its branches lead there, it becomes a
function within the function, with the variables that the branches gave a value as parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from spec import expressions as tree
from spec.analysis import Read
from spec.binder_forms import target, unpack
from spec.errors import SpecError
from spec.expressions import Declaration
from spec.generator import Generator, Goal, Local, Scope
from spec.runtime import in_kept_order
from spec.standard import LANGUAGE, Builtin
from spec.writer import Lines

Values = Mapping[tree.Variable, str]
Then = Callable[[Values], None]


NO_SCOPE: Final = Scope()
STEP_OR_STUTTER: Final = "temporal operator [A]_v"


class Actions:
    """Writes actions into a generator's current function.

    `primed` says whether primed variables get their values, or unprimed ones as in Init.
    """

    def __init__(
        self, generator: Generator, variables: Sequence[tree.Variable], *, primed: bool
    ) -> None:
        self.generator = generator
        self.variables = frozenset(variables)
        self.primed = primed

    # Expressions

    @contextmanager
    def evaluating(self, node: tree.Expression, scope: Scope, values: Values) -> Iterator[None]:
        """Let the generator write an expression of the action."""
        generator = self.generator
        outer = generator.locals, generator.goal
        generator.goal = Goal(self.primed, values)
        try:
            known = dict(scope.locals)
            certain = generator.analysis.certain(node)
            for definition, primed, own in self._needed(node, scope, False):
                is_own = own is scope and not primed
                is_certain = is_own and (definition, False) in certain
                generator.locals = known if is_own else own.locals
                generator.local(definition, primed, is_certain=is_certain)
                if is_certain:
                    known[definition] = known[definition]._replace(is_delayed=False)
            generator.locals = known
            yield
        finally:
            generator.locals, generator.goal = outer

    @contextmanager
    def naming(self, scope: Scope) -> Iterator[None]:
        """Let the generator refer to the names of a scope."""
        outer, self.generator.locals = self.generator.locals, scope.locals
        yield
        self.generator.locals = outer

    def _needed(
        self, node: tree.Expression, scope: Scope, primed: bool
    ) -> list[tuple[tree.Definition, bool, Scope]]:
        """Return the late definitions that an expression uses, each with its scope."""
        reads = self.generator.analysis.reads(node, primed)
        found = [
            each
            for name, p in reads
            if (behind := _expression_of(name, p, scope)) is not None
            for each in self._needed(behind[0], behind[1], p)
        ]
        return found + [
            (each, p, scope) for each in scope.late for p in (False, True) if (each, p) in reads
        ]

    def _reads(self, node: tree.Node, scope: Scope, primed: bool = False) -> frozenset[Read]:
        """Return what an expression reads, the arguments that parameters stand for included."""
        reads = self.generator.analysis.reads(node, primed)
        for name, p in reads:
            behind = _expression_of(name, p, scope)
            if behind is not None:
                reads |= self._reads(*behind, p)
        return reads

    def _reads_goal(self, node: tree.Node, scope: Scope) -> bool:
        reads = self._reads(node, scope)
        return any(isinstance(name, tree.Variable) and p == self.primed for name, p in reads)

    # Forms

    def write(self, node: tree.Expression, scope: Scope, values: Values, then: Then) -> None:
        """Write an action, and where it succeeds what follows it."""
        node, scope = _behind(node, scope, self.generator)
        if self.is_test(node, scope):
            self._test(node, scope, values, then)
            return
        match node:
            case tree.Quantified(is_universal=True):
                self._for_all(node, scope, values, then)
            case tree.Quantified():
                self.exists(
                    node, scope, values, lambda inner: self.write(node.body, inner, values, then)
                )
            case tree.If():
                arms = [(node.condition, node.then)]
                self._choice(node, arms, node.otherwise, scope, values, then)
            case tree.Case():
                arms = list(zip(node.conditions, node.results, strict=True))
                self._choice(node, arms, node.otherwise, scope, values, then)
            case tree.Let():
                self.write(node.body, self.let(node, scope, values), values, then)
            case tree.Unsupported():
                action, variables = node.operands
                branches = [
                    self._branch_of(action, scope, values),
                    lambda joined: self._unchanged(variables, scope, values, joined),
                ]
                self._branch(branches, values, then)
            case tree.Call():
                self._call(node, scope, values, then)

    def is_test(self, node: tree.Node, scope: Scope) -> bool:
        """Whether an action neither gives values nor has several paths: a formula."""
        if isinstance(node, tree.Call):
            node, scope = _behind(node, scope, self.generator)
        match node:
            case tree.Quantified():
                return node.is_universal and self.is_test(node.body, scope)
            case tree.If():
                return self.is_test(node.then, scope) and self.is_test(node.otherwise, scope)
            case tree.Case():
                results = [*node.results, *([node.otherwise] if node.otherwise else [])]
                return all(self.is_test(each, scope) for each in results)
            case tree.Let():
                return self.is_test(node.body, scope)
            case tree.Unsupported():
                return node.construct != STEP_OR_STUTTER
            case tree.Call():
                return self._is_test_call(node, scope)
        return True

    def _is_test_call(self, node: tree.Call, scope: Scope) -> bool:
        meaning = self.generator.analysis.meanings[node]
        if isinstance(meaning, tree.Definition):
            if meaning in scope.inside:
                return True  # a recursive operator: no action, unless another branch is one
            inner = replace(scope, inside=(*scope.inside, meaning))
            given = {
                parameter: Local(None, False, argument, scope)
                for parameter, argument in zip(meaning.parameters, node.arguments, strict=False)
            }
            return self.is_test(meaning.body, inner.with_locals(given))
        match node.name:
            case "/\\":
                return all(self.is_test(each, scope) for each in node.arguments)
            case "\\/" | "UNCHANGED":
                return False
            case "=>":
                return self.is_test(node.arguments[1], scope)
            case "=" | "\\in":
                return self._assigned(node.arguments[0], scope) is None
        return True

    def _test(self, node: tree.Expression, scope: Scope, values: Values, then: Then) -> None:
        with self.evaluating(node, scope, values):
            text = self.generator.formula(node, False)
        self._if(text, lambda: then(values))

    def _if(self, condition: str, body: Callable[[], None]) -> None:
        if condition == "True":
            body()
            return
        self.generator.writer.emit(f"if {condition}:")
        with self.generator.writer.indented():
            body()

    def _call(self, node: tree.Call, scope: Scope, values: Values, then: Then) -> None:
        meaning = self.generator.analysis.meanings[node]
        if isinstance(meaning, tree.Definition):
            self.write(meaning.body, self.inlined(node, meaning, scope, values), values, then)
            return
        match node.name:
            case "/\\":
                self._in_turn(list(node.arguments), scope, values, then)
            case "\\/":
                branches = [self._branch_of(each, scope, values) for each in node.arguments]
                self._branch(branches, values, then)
            case "=>":
                premise, conclusion = node.arguments
                true = tree.Call(node.at, "TRUE")
                self.generator.analysis.meanings[true] = LANGUAGE["TRUE"]
                self._choice(node, [(premise, conclusion)], true, scope, values, then)
            case "UNCHANGED":
                self._unchanged(node.arguments[0], scope, values, then)
            case _:
                self._assign(node, scope, values, then)

    def _in_turn(
        self, conjuncts: list[tree.Expression], scope: Scope, values: Values, then: Then
    ) -> None:
        if not conjuncts:
            then(values)
            return

        def others(known: Values) -> None:
            if self.variables <= known.keys():
                self._tests(conjuncts[1:], scope, known, then)
            else:
                self._in_turn(conjuncts[1:], scope, known, then)

        self.write(conjuncts[0], scope, values, others)

    def _tests(
        self, conjuncts: list[tree.Expression], scope: Scope, values: Values, then: Then
    ) -> None:
        if not conjuncts:
            then(values)
            return
        self._test(
            conjuncts[0],
            scope,
            values,
            lambda known: self._tests(conjuncts[1:], scope, known, then),
        )

    # Values

    def _assigned(self, node: tree.Expression, scope: Scope) -> tree.Variable | None:
        """Return the variable to which `node = e` gives a value."""
        node, scope = _behind(node, scope, self.generator)
        if isinstance(node, tree.Prime) and self.primed:
            return self._variable(node.operand, scope)
        if isinstance(node, tree.Call):
            meaning = self.generator.analysis.meanings[node]
            if isinstance(meaning, tree.Variable) and not self.primed:
                return meaning
            if isinstance(meaning, tree.Definition) and not meaning.parameters:
                return self._assigned(meaning.body, scope)
        return None

    def _variable(self, node: tree.Expression, scope: Scope) -> tree.Variable | None:
        node, scope = _behind(node, scope, self.generator)
        if isinstance(node, tree.Call):
            meaning = self.generator.analysis.meanings[node]
            if isinstance(meaning, tree.Variable):
                return meaning
            if isinstance(meaning, tree.Definition) and not meaning.parameters:
                return self._variable(meaning.body, scope)
        return None

    def _assign(self, node: tree.Call, scope: Scope, values: Values, then: Then) -> None:
        r"""`x' = e` or `x' \in S`."""
        generator, writer = self.generator, self.generator.writer
        variable = self._assigned(node.arguments[0], scope)
        assert variable is not None
        if variable in values:
            self._test(node, scope, values, then)
            return
        given = node.arguments[1]
        with self.evaluating(given, scope, values):
            text = generator.value(given, False).text
        name = self._name(variable)
        if node.name == "=":
            if not text.isidentifier():
                writer.emit(f"{name} = {text}")
            then({**values, variable: text if text.isidentifier() else name})
            return
        elements = generator.fallible(given, generator.helper(in_kept_order), text)
        writer.emit(f"for {name} in {elements}:")
        with writer.indented():
            then({**values, variable: name})

    def _name(self, variable: tree.Variable) -> str:
        return f"{'p' if self.primed else 'v'}_{variable.name}"

    def _unchanged(self, node: tree.Expression, scope: Scope, values: Values, then: Then) -> None:
        node, scope = _behind(node, scope, self.generator)
        if isinstance(node, tree.Tuple):
            self._unchanged_in_turn(list(node.elements), scope, values, then)
            return
        variable = self._variable(node, scope)
        if variable is not None and variable not in values and self.primed:
            then({**values, variable: self.generator.reference(variable, False)})
            return
        if isinstance(node, tree.Call) and variable is None:
            meaning = self.generator.analysis.meanings[node]
            if isinstance(meaning, tree.Definition) and not meaning.parameters:
                self._unchanged(meaning.body, scope, values, then)
                return
        test = tree.Call(node.at, "UNCHANGED", (node,))
        self.generator.analysis.meanings[test] = LANGUAGE["UNCHANGED"]
        self._test(test, scope, values, then)

    def _unchanged_in_turn(
        self, nodes: list[tree.Expression], scope: Scope, values: Values, then: Then
    ) -> None:
        if not nodes:
            then(values)
            return
        self._unchanged(
            nodes[0],
            scope,
            values,
            lambda known: self._unchanged_in_turn(nodes[1:], scope, known, then),
        )

    # Names

    def inlined(
        self, node: tree.Call, definition: tree.Definition, scope: Scope, values: Values
    ) -> Scope:
        """Return the scope in which the body of an operator is written in place of its call."""
        if definition in scope.inside:
            raise SpecError(node.at, f"not supported here: recursive action {definition.name}")
        given = {
            parameter: self.argument(definition, parameter, argument, scope, values)
            for parameter, argument in zip(definition.parameters, node.arguments, strict=True)
        }
        is_of_let = self.generator.analysis.is_of_let(definition)
        base = scope if is_of_let else NO_SCOPE
        return replace(
            base.with_locals(given),
            late=scope.late,
            inside=(*scope.inside, definition),
        )

    def argument(
        self,
        definition: tree.Definition,
        parameter: tree.Parameter,
        argument: tree.Expression,
        scope: Scope,
        values: Values,
    ) -> Local:
        """Return what stands for a parameter: its argument, or the name of its value."""
        generator = self.generator
        argument, scope = _behind(argument, scope, generator)
        written_out = Local(None, False, argument, scope)
        if self._reads_goal(argument, scope):
            return written_out
        if parameter.arity:
            with self.evaluating(argument, scope, values):
                return Local(generator.operator(argument, parameter.arity, False))
        if _is_plain(argument, generator) or generator.analysis.is_formula(argument):
            return written_out
        with self.evaluating(argument, scope, values):
            is_certain = generator.analysis.is_certain(definition, parameter, False)
            if is_certain or self._is_cheap(argument):
                text = generator.writer.named(generator.value(argument, False).text)
                return Local(text, False, argument, scope)
            delayed = generator.delayed_text(lambda: generator.value(argument, False).text)
            return Local(generator.writer.named(delayed), True, argument, scope)

    def _is_cheap(self, node: tree.Expression) -> bool:
        """Whether to evaluate what may not be needed: if it fails, the careful text judges."""
        if self.generator.careful:
            return False
        if isinstance(node, tree.SetLiteral):
            return all(self._is_cheap(each) for each in node.elements)
        if isinstance(node, tree.Application):
            return self._is_cheap(node.function) and _is_plain(node.argument, self.generator)
        if isinstance(node, tree.Call) and node.name in ("\\", "\\cup", "\\cap", "+", "-"):
            return all(self._is_cheap(each) for each in node.arguments)
        return _is_plain(node, self.generator)

    def let(self, node: tree.Let, scope: Scope, values: Values) -> Scope:
        """Write the definitions of a LET; return the scope of its body."""
        generator = self.generator
        names = {each: Local(generator.fresh_name(each)) for each in node.definitions}
        inner = scope.with_locals(names)
        used = generator.analysis.reads(node.body)
        certain = generator.analysis.certain(node.body)
        late = list(scope.late)
        for each in node.definitions:
            if self._reads_goal(each.body, inner):
                names[each] = names[each]._replace(is_delayed=not each.parameters)
                late.append(each)
            elif (each, False) in used:
                with self.evaluating(each.body, inner, values):
                    is_certain = (each, False) in certain or self._is_cheap(each.body)
                    generator.local(each, False, is_certain=is_certain)
                is_delayed = generator.is_delayed(each, False)
                names[each] = names[each]._replace(is_delayed=is_delayed)
            inner = scope.with_locals(names)
        return replace(inner, late=tuple(late))

    # Choices

    def exists(
        self, node: tree.Quantified, scope: Scope, values: Values, body: Callable[[Scope], None]
    ) -> None:
        """Write the loops of a quantifier."""
        domains = [self.elements(each.domain, scope, values) for each in node.bindings]
        inner = self.bound(node, scope)
        targets = [
            (pattern, domain)
            for binding, domain in zip(node.bindings, domains, strict=True)
            for pattern in binding.patterns
        ]

        def loops(place: int) -> None:
            if place == len(targets):
                body(inner)
                return
            pattern, domain = targets[place]
            writer = self.generator.writer
            with self.naming(inner):
                element = target(self.generator, pattern)
            writer.emit(f"for {element} in {domain}:")
            with writer.indented():
                with self.naming(inner):
                    unpack(self.generator, pattern, element)
                loops(place + 1)

        loops(0)

    def elements(self, domain: tree.Expression, scope: Scope, values: Values) -> str:
        """Return a name for the elements of a set in a fixed order."""
        generator = self.generator
        in_order = generator.constant_in_order(domain)
        if in_order is not None:
            return in_order
        if generator.analysis.is_constant(domain):
            return generator.writer.named(f"{generator.once(domain, in_kept_order)}()")
        with self.evaluating(domain, scope, values):
            text = generator.value(domain, False).text
        helper = generator.helper(in_kept_order)
        return generator.writer.named(generator.fallible(domain, helper, text))

    def bound(self, node: tree.Quantified, scope: Scope) -> Scope:
        """Return the scope within a quantifier."""
        names = _names_of(node)
        return scope.with_locals({each: Local(self.generator.fresh_name(each)) for each in names})

    def _for_all(self, node: tree.Quantified, scope: Scope, values: Values, then: Then) -> None:
        """Write a conjunction with a conjunct for each element, which calls itself for the next.

        What has a value differs from the first conjunct to the next: each case is a function.
        """
        writer = self.generator.writer
        rows, place = writer.fresh(), writer.fresh()
        writer.emit(f"{rows} = []")
        inner = scope

        def collect(within: Scope) -> None:
            nonlocal inner
            inner = within
            names = [within.locals[n].text for n in _names_of(node)]
            writer.emit(f"{rows}.append(({''.join(f'{each}, ' for each in names)}))")

        self.exists(node, scope, values, collect)
        functions: dict[frozenset[tree.Variable], str] = {}
        written: list[Lines] = []

        def call(known: Values, index: str) -> None:
            given = {each: text for each, text in known.items() if each not in values}
            key = frozenset(given)
            if key not in functions:
                functions[key] = writer.fresh()
                with writer.captured() as lines:
                    conjunct(functions[key], given)
                written.append(lines)
            arguments = [f"{self._name(each)}={text}" for each, text in given.items()]
            writer.emit(f"{functions[key]}({', '.join([index, *arguments])})")

        def conjunct(name: str, given: Values) -> None:
            own = {each: self._name(each) for each in given}
            known = {**values, **own}
            writer.emit(f"def {name}({', '.join([place, *own.values()])}):")
            with writer.indented():
                writer.emit(f"if {place} == len({rows}):")
                with writer.indented():
                    then(known)
                writer.emit("else:")
                with writer.indented():
                    names = "".join(f"{inner.locals[n].text}, " for n in _names_of(node))
                    writer.emit(f"{names}= {rows}[{place}]")
                    write = self._test if self.variables <= known.keys() else self.write
                    write(node.body, inner, known, lambda now: call(now, f"{place} + 1"))

        with writer.captured() as start:
            call(values, "0")
        for lines in written:
            writer.splice(lines)
        writer.splice(start)

    def _choice(
        self,
        node: tree.Expression,
        arms: list[tuple[tree.Expression, tree.Expression]],
        otherwise: tree.Expression | None,
        scope: Scope,
        values: Values,
        then: Then,
    ) -> None:
        """IF and CASE: one branch is taken."""
        writer = self.generator.writer

        def rest(place: int, joined: Then) -> None:
            if place == len(arms):
                if otherwise is None:
                    writer.emit(self.generator.fallible(node, "no_case"))
                else:
                    self.write(otherwise, scope, values, joined)
                return
            condition, result = arms[place]
            with self.evaluating(condition, scope, values):
                text = self.generator.formula(condition, False)
            writer.emit(f"if {text}:")
            with writer.indented():
                self.write(result, scope, values, joined)
            writer.emit("else:")
            with writer.indented():
                rest(place + 1, joined)

        self._branch([lambda joined: rest(0, joined)], values, then)

    def _branch_of(
        self, node: tree.Expression, scope: Scope, values: Values
    ) -> Callable[[Then], None]:
        return lambda then: self.write(node, scope, values, then)

    def _branch(self, branches: list[Callable[[Then], None]], values: Values, then: Then) -> None:
        """Write branches side by side, and once, for each set of new values, what follows."""
        writer = self.generator.writer
        mark = writer.fresh()
        joins: list[tuple[tree.Variable, ...]] = []

        def joined(known: Values) -> None:
            given = {each: known[each] for each in known if each not in values}
            key = tuple(sorted(given, key=lambda each: each.name))
            if key not in joins:
                joins.append(key)
            for each in key:
                if given[each] != self._name(each):
                    writer.emit(f"{self._name(each)} = {given[each]}")
            writer.emit(f"{mark} {joins.index(key)}")

        lines: Lines = []
        for each in branches:
            with writer.captured() as captured:
                each(joined)
            lines += captured
        for index, key in enumerate(joins):
            lines = self._joined(lines, f"{mark} {index}", key, values, then)
        writer.splice(lines)

    def _joined(
        self,
        lines: Lines,
        mark: str,
        key: tuple[tree.Variable, ...],
        values: Values,
        then: Then,
    ) -> Lines:
        """Return the lines of branches with what follows them at the marks."""
        writer = self.generator.writer
        with writer.captured() as following:
            then({**values, **{each: self._name(each) for each in key}})
        is_short = len(following) <= 2
        if is_short or sum(line == mark for _, line in lines) == 1:
            return [
                (depth + deeper, text)
                for depth, line in lines
                for deeper, text in (following if line == mark else [(0, line)])
            ]
        name = writer.fresh()
        parameters = ", ".join(self._name(each) for each in key)
        writer.emit(f"def {name}({parameters}):")
        with writer.indented():
            writer.splice(following)
        return [(d, f"{name}({parameters})" if line == mark else line) for d, line in lines]


def _expression_of(
    name: Declaration, primed: bool, scope: Scope
) -> tuple[tree.Expression, Scope] | None:
    """Return the expression that a name stands for, if it is not a text."""
    local = scope.locals.get(name)
    if local is None or local.expression is None or (local.text is not None and not primed):
        return None
    return local.expression, local.scope


def _behind(
    node: tree.Expression, scope: Scope, generator: Generator
) -> tuple[tree.Expression, Scope]:
    """Follow parameters that stand for an expression to that expression."""
    while isinstance(node, tree.Call):
        meaning = generator.analysis.meanings[node]
        if not isinstance(meaning, tree.Parameter):
            break
        behind = _expression_of(meaning, False, scope)
        if behind is None:
            break
        expression, inner = behind
        if not node.arguments:
            node, scope = expression, inner
            continue
        if not isinstance(expression, tree.Call):
            raise SpecError(node.at, "not supported here: an action as LAMBDA")
        call = tree.Call(node.at, expression.name, node.arguments)
        generator.analysis.meanings[call] = generator.analysis.meanings[expression]
        node = call
    return node, scope


def _is_plain(node: tree.Expression, generator: Generator) -> bool:
    """Whether an expression is a name or a literal, which costs nothing to evaluate."""
    if isinstance(node, tree.Call) and not node.arguments:
        meaning = generator.analysis.meanings[node]
        return not isinstance(meaning, tree.Definition | Builtin)
    return isinstance(node, tree.Number | tree.String)


def _names_of(node: tree.Quantified) -> list[tree.Bound]:
    return [name for each in node.bindings for p in each.patterns for name in p.names]

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

from collections.abc import Callable, Sequence
from dataclasses import replace

from raft_ref.spec.code.binder_forms import target, unpack
from raft_ref.spec.code.generator import Generator
from raft_ref.spec.code.writer import Lines
from raft_ref.spec.names.environment import Environment, Local, Values
from raft_ref.spec.steps.blame import Origin
from raft_ref.spec.steps.inlining import Inlining, behind, names_of
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.expressions import STEP_NO_STUTTER, STEP_OR_STUTTER
from raft_ref.spec.values.runtime import argument_within, in_kept_order
from raft_ref.spec.values.standard import LANGUAGE

Then = Callable[[Values], None]


class Actions(Inlining):
    """Writes actions into a generator's current function."""

    def __init__(
        self, generator: Generator, variables: Sequence[tree.Variable], *, primed: bool
    ) -> None:
        super().__init__(generator, variables, primed=primed)
        self.origins = generator.namespace.kept({})
        """What the careful text calls the `Origin` of each variable's value, by its name."""
        self._recursive: dict[tuple[tree.Definition, frozenset[tree.Variable]], str] = {}

    # Forms

    def write(
        self, node: tree.Expression, environment: Environment, values: Values, then: Then
    ) -> None:
        """Write an action, and where it succeeds what follows it."""
        node, environment = behind(node, environment, self.generator)
        if self.is_test(node, environment):
            self._test(node, environment, values, then)
            return
        match node:
            case tree.Quantified(is_universal=True):
                self._for_all(node, environment, values, then)
            case tree.Quantified():
                self.exists(
                    node,
                    environment,
                    values,
                    lambda inner: self.write(node.body, inner, values, then),
                )
            case tree.If():
                arms = [(node.condition, node.then)]
                self._choice(node, arms, node.otherwise, environment, values, then)
            case tree.Case():
                arms = list(zip(node.conditions, node.results, strict=True))
                self._choice(node, arms, node.otherwise, environment, values, then)
            case tree.Let():
                self.write(node.body, self.let(node, environment, values), values, then)
            case tree.Unsupported(construct=kind) if kind == STEP_NO_STUTTER:
                action, variables = node.operands
                self._in_turn([action, self._changed(variables)], environment, values, then)
            case tree.Unsupported():
                action, variables = node.operands
                branches = [
                    self._branch_of(action, environment, values),
                    lambda joined: self._unchanged(variables, environment, values, joined),
                ]
                self._branch(branches, values, then)
            case tree.Application():
                self._apply(node, environment, values, then)
            case tree.Call():
                self._call(node, environment, values, then)

    def _changed(self, variables: tree.Expression) -> tree.Expression:
        """Return `v' # v`."""
        changed = tree.Call(variables.at, "#", (tree.Prime(variables.at, variables), variables))
        self.generator.analysis.meanings[changed] = LANGUAGE["#"]
        return changed

    def is_test(self, node: tree.Node, environment: Environment) -> bool:
        """Whether an action neither gives values nor has several paths: a formula."""
        if isinstance(node, tree.Call):
            node, environment = behind(node, environment, self.generator)
        match node:
            case tree.Quantified():
                return node.is_universal and self.is_test(node.body, environment)
            case tree.If():
                return self.is_test(node.then, environment) and self.is_test(
                    node.otherwise, environment
                )
            case tree.Case():
                results = [*node.results, *([node.otherwise] if node.otherwise else [])]
                return all(self.is_test(each, environment) for each in results)
            case tree.Let():
                return self.is_test(node.body, environment)
            case tree.Unsupported():
                return node.construct not in (STEP_OR_STUTTER, STEP_NO_STUTTER)
            case tree.Application():
                function = self._unevaluated(node)
                return function is None or self.is_test(function.body, environment)
            case tree.Call():
                return self._is_test_call(node, environment)
        return True

    def _unevaluated(self, node: tree.Application) -> tree.FunctionLiteral | None:
        """Return the function that is applied, if TLC takes its body for the action.

        That is so of a function that is not computed yet: one that a LET defines, or that varies.
        """
        function, analysis = node.function, self.generator.analysis
        if isinstance(function, tree.Call) and not function.arguments:
            meaning = analysis.meanings[function]
            if not isinstance(meaning, tree.Definition) or meaning.parameters:
                return None
            if not analysis.is_of_let(meaning) and analysis.is_constant(function):
                return None
            function = meaning.body
        if not isinstance(function, tree.FunctionLiteral):
            return None
        patterns = [each for binding in function.bindings for each in binding.patterns]
        is_recursive = (function.itself, False) in analysis.reads(function.body)
        if len(patterns) != 1 or patterns[0].is_tuple or is_recursive:
            return None
        return function

    def _apply(
        self, node: tree.Application, environment: Environment, values: Values, then: Then
    ) -> None:
        """Write the body of a function that is applied, after a look whether it may be."""
        function = self._unevaluated(node)
        assert function is not None
        (name,) = function.bindings[0].patterns[0].names
        inner = environment.with_locals({name: Local(self.generator.fresh_name(name))})
        with self.evaluating(node.argument, environment, values):
            argument = self.generator.value(node.argument, False).text
        domain = function.bindings[0].domain
        with self.evaluating(domain, environment, values):
            elements = self.generator.value(domain, False).text
        helper = self.generator.namespace.helper(argument_within)
        checked = self.generator.fallible(node, helper, argument, elements)
        self.generator.writer.emit(f"{inner.locals[name].text} = {checked}")
        self.write(function.body, inner, values, then)

    def _is_test_call(self, node: tree.Call, environment: Environment) -> bool:
        meaning = self.generator.analysis.meanings[node]
        if isinstance(meaning, tree.Definition):
            if any(meaning is each for each, _ in self._recursive):
                return False  # it is being written, as the action that it is
            if meaning in environment.inside:
                return True  # a recursive operator: no action, unless another branch is one
            inner = replace(environment, inside=(*environment.inside, meaning))
            given = {
                parameter: Local(None, False, argument, environment)
                for parameter, argument in zip(meaning.parameters, node.arguments, strict=False)
            }
            return self.is_test(meaning.body, inner.with_locals(given))
        match node.name:
            case "/\\":
                return all(self.is_test(each, environment) for each in node.arguments)
            case "\\/" | "UNCHANGED":
                return False
            case "=>":
                return self.is_test(node.arguments[1], environment)
            case "=" | "\\in":
                return self._assigned(node.arguments[0], environment) is None
        return True

    def _test(
        self, node: tree.Expression, environment: Environment, values: Values, then: Then
    ) -> None:
        with self.evaluating(node, environment, values):
            text = self.generator.formula(node, False)
        self._if(text, lambda: then(values))

    def _if(self, condition: str, body: Callable[[], None]) -> None:
        if condition == "True":
            body()
            return
        self.generator.writer.emit(f"if {condition}:")
        with self.generator.writer.indented():
            body()

    def _call(self, node: tree.Call, environment: Environment, values: Values, then: Then) -> None:
        meaning = self.generator.analysis.meanings[node]
        if isinstance(meaning, tree.Definition) and meaning.is_recursive:
            self._call_recursive(node, meaning, environment, values, then)
            return
        if isinstance(meaning, tree.Definition):
            self.write(meaning.body, self.inlined(node, meaning, environment, values), values, then)
            return
        match node.name:
            case "/\\":
                self._in_turn(list(node.arguments), environment, values, then)
            case "\\/":
                branches = [self._branch_of(each, environment, values) for each in node.arguments]
                self._branch(branches, values, then)
            case "=>":
                premise, conclusion = node.arguments
                true = tree.Call(node.at, "TRUE")
                self.generator.analysis.meanings[true] = LANGUAGE["TRUE"]
                self._choice(node, [(premise, conclusion)], true, environment, values, then)
            case "UNCHANGED":
                self._unchanged(node.arguments[0], environment, values, then)
            case _:
                self._assign(node, environment, values, then)

    def _call_recursive(
        self,
        node: tree.Call,
        meaning: tree.Definition,
        environment: Environment,
        values: Values,
        then: Then,
    ) -> None:
        """Write a recursive action as a function, and what follows as a function that it calls.

        It is the same function for all calls before which the same variables have a value. Every
        path through it gives all others that it primes a value.
        """
        generator, writer = self.generator, self.generator.writer
        primed = {name for name, p in generator.analysis.reads_of(meaning) if p}
        mine = [each for each in sorted(self.variables, key=lambda one: one.name) if each in primed]
        before = [each for each in mine if each in values]
        after = [each for each in mine if each not in values]
        key = meaning, frozenset(before)
        with self.evaluating(node, environment, values):
            arguments = [generator.value(each, False).text for each in node.arguments]
        arguments = [writer.named(each) for each in arguments]
        follow, rest = writer.fresh(), writer.fresh()
        if key not in self._recursive:
            self._recursive[key] = name = writer.fresh()
            own = {each: Local(generator.fresh_name(each)) for each in meaning.parameters}
            base = environment if generator.analysis.is_of_let(meaning) else Environment()
            inner = replace(base.with_locals(own), inside=(*environment.inside, meaning))
            parameters = [str(each.text) for each in own.values()]
            writer.emit(f"def {name}({', '.join([*parameters, *map(self._name, before), rest])}):")
            with writer.indented():
                known = {**values, **{each: self._name(each) for each in before}}
                self.write(meaning.body, inner, known, lambda now: self._go_on(rest, after, now))
                writer.emit("pass")
            called = self._recursive.pop(key)
        else:
            called = self._recursive[key]
        writer.emit(f"def {follow}({', '.join(map(self._name, after))}):")
        with writer.indented():
            then({**values, **{each: self._name(each) for each in after}})
            writer.emit("pass")
        given = [*arguments, *(values[each] for each in before), follow]
        writer.emit(f"{called}({', '.join(given)})")

    def _go_on(self, rest: str, after: list[tree.Variable], known: Values) -> None:
        if all(each in known for each in after):
            self.generator.writer.emit(f"{rest}({', '.join(known[each] for each in after)})")
        else:
            self.generator.writer.emit("raise LookupError")

    def _in_turn(
        self, conjuncts: list[tree.Expression], environment: Environment, values: Values, then: Then
    ) -> None:
        if not conjuncts:
            then(values)
            return

        def others(known: Values) -> None:
            if self.variables <= known.keys():
                self._tests(conjuncts[1:], environment, known, then)
            else:
                self._in_turn(conjuncts[1:], environment, known, then)

        self.write(conjuncts[0], environment, values, others)

    def _tests(
        self, conjuncts: list[tree.Expression], environment: Environment, values: Values, then: Then
    ) -> None:
        if not conjuncts:
            then(values)
            return
        self._test(
            conjuncts[0],
            environment,
            values,
            lambda known: self._tests(conjuncts[1:], environment, known, then),
        )

    # Values

    def _assigned(self, node: tree.Expression, environment: Environment) -> tree.Variable | None:
        """Return the variable to which `node = e` gives a value."""
        node, environment = behind(node, environment, self.generator)
        if isinstance(node, tree.Prime) and self.primed:
            return self._variable(node.operand, environment)
        if isinstance(node, tree.Call):
            meaning = self.generator.analysis.meanings[node]
            if isinstance(meaning, tree.Variable) and not self.primed:
                return meaning
            if isinstance(meaning, tree.Definition) and not meaning.parameters:
                return self._assigned(meaning.body, environment)
        return None

    def _variable(self, node: tree.Expression, environment: Environment) -> tree.Variable | None:
        node, environment = behind(node, environment, self.generator)
        if isinstance(node, tree.Call):
            meaning = self.generator.analysis.meanings[node]
            if isinstance(meaning, tree.Variable):
                return meaning
            if isinstance(meaning, tree.Definition) and not meaning.parameters:
                return self._variable(meaning.body, environment)
        return None

    def _assign(
        self, node: tree.Call, environment: Environment, values: Values, then: Then
    ) -> None:
        r"""`x' = e` or `x' \in S`."""
        generator = self.generator
        variable = self._assigned(node.arguments[0], environment)
        assert variable is not None
        if variable in values:
            self._test(node, environment, values, then)
            return
        given = node.arguments[1]
        with self.evaluating(given, environment, values):
            text = generator.value(given, False).text
        name = self._name(variable)
        self._note(variable, node, environment)
        if node.name == "=":
            then({**values, variable: self.holding(name, text)})
            return
        elements = generator.fallible(given, generator.namespace.helper(in_kept_order), text)
        with self.looping(f"for {name} in {elements}:"):
            then({**values, variable: self.holding(name, name)})

    def holding(self, name: str, text: str) -> str:
        """Return what stands for a variable with a new value: its name, or that of the value."""
        if text.isidentifier():
            return text
        self.generator.writer.emit(f"{name} = {text}")
        return name

    def _note(self, variable: tree.Variable, node: tree.Node, environment: Environment) -> None:
        """Let the careful text note what gives a variable its value on this path.

        Along a path each variable gets its value once, before what follows; so what was noted last
        is of the path at hand.
        """
        if self.generator.careful:
            origin = self.generator.namespace.kept(Origin(node.at.file, environment.inside))
            self.generator.writer.emit(f"{self.origins}[{variable.name!r}] = {origin}")

    def _name(self, variable: tree.Variable) -> str:
        return f"{'p' if self.primed else 'v'}_{variable.name}"

    def _unchanged(
        self, node: tree.Expression, environment: Environment, values: Values, then: Then
    ) -> None:
        node, environment = behind(node, environment, self.generator)
        if isinstance(node, tree.Tuple):
            self._unchanged_in_turn(list(node.elements), environment, values, then)
            return
        variable = self._variable(node, environment)
        if variable is not None and variable not in values and self.primed:
            self._note(variable, node, environment)
            then({**values, variable: self.generator.reference(variable, False)})
            return
        if isinstance(node, tree.Call) and variable is None:
            meaning = self.generator.analysis.meanings[node]
            if isinstance(meaning, tree.Definition) and not meaning.parameters:
                self._unchanged(meaning.body, environment, values, then)
                return
        test = tree.Call(node.at, "UNCHANGED", (node,))
        self.generator.analysis.meanings[test] = LANGUAGE["UNCHANGED"]
        self._test(test, environment, values, then)

    def _unchanged_in_turn(
        self, nodes: list[tree.Expression], environment: Environment, values: Values, then: Then
    ) -> None:
        if not nodes:
            then(values)
            return
        self._unchanged(
            nodes[0],
            environment,
            values,
            lambda known: self._unchanged_in_turn(nodes[1:], environment, known, then),
        )

    # Choices

    def exists(
        self,
        node: tree.Quantified,
        environment: Environment,
        values: Values,
        body: Callable[[Environment], None],
    ) -> None:
        """Write the loops of a quantifier."""
        domains = [self.elements(each.domain, environment, values) for each in node.bindings]
        inner = self.bound(node, environment)
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
            with self.naming(inner):
                element = target(self.generator, pattern)
            with self.looping(f"for {element} in {domain}:"):
                with self.naming(inner):
                    unpack(self.generator, pattern, element)
                loops(place + 1)

        loops(0)

    def _for_all(
        self, node: tree.Quantified, environment: Environment, values: Values, then: Then
    ) -> None:
        """Write a conjunction with a conjunct for each element, which calls itself for the next.

        What has a value differs from the first conjunct to the next: each case is a function.
        """
        writer = self.generator.writer
        rows, place = writer.fresh(), writer.fresh()
        writer.emit(f"{rows} = []")
        inner = environment

        def collect(within: Environment) -> None:
            nonlocal inner
            inner = within
            names = [within.locals[n].text for n in names_of(node)]
            writer.emit(f"{rows}.append(({''.join(f'{each}, ' for each in names)}))")

        self.exists(node, environment, values, collect)
        block = writer.block
        functions: dict[frozenset[tree.Variable], str] = {}
        written: list[Lines] = []

        def call(known: Values, index: str) -> None:
            given = {each: text for each, text in known.items() if each not in values}
            key = frozenset(given)
            if key not in functions:
                functions[key] = writer.fresh()
                with writer.captured(block) as lines:
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
                    names = "".join(f"{inner.locals[n].text}, " for n in names_of(node))
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
        environment: Environment,
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
                    self.write(otherwise, environment, values, joined)
                return
            condition, result = arms[place]
            with self.evaluating(condition, environment, values):
                text = self.generator.formula(condition, False)
            writer.emit(f"if {text}:")
            with writer.indented():
                self.write(result, environment, values, joined)
            writer.emit("else:")
            with writer.indented():
                rest(place + 1, joined)

        self._branch([lambda joined: rest(0, joined)], values, then)

    def _branch_of(
        self, node: tree.Expression, environment: Environment, values: Values
    ) -> Callable[[Then], None]:
        return lambda then: self.write(node, environment, values, then)

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

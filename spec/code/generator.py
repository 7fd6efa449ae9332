"""Generates Python source from operators: one function for each.

A function's parameters are the variables that the operator reads, `v_x` as it is and `p_x` primed,
then its own parameters. Expressions that need statements (loops) emit them before they are used;
where TLA+ evaluates only one of two operands, their statements stand under an `if`.

The same operator is generated twice. The quick text has no places: a fault in it is an exception
of any kind. The careful text wraps each operation that can fail, and names its place. Whoever
evaluates runs the quick text, and after an exception the careful one, which is the oracle.

Arguments and LET definitions that are not certain to be evaluated are passed as functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from raft_ref.spec.code.effects import Effects
from raft_ref.spec.code.namespace import Namespace
from raft_ref.spec.code.writer import Writer
from raft_ref.spec.names.analysis import STEPS, Analysis, Read
from raft_ref.spec.names.environment import Assignment, Local
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import Position, SpecError
from raft_ref.spec.syntax.expressions import STEP_OR_STUTTER, Declaration
from raft_ref.spec.values.standard import LANGUAGE
from raft_ref.spec.values.value import Value, elements_of


class Code(NamedTuple):
    """A Python expression and what is known of its value.

    "formula" is a Python bool and "recursive" a `RecursiveFunction`; "number", "string", "set",
    "function" and "any" are values.
    """

    text: str
    kind: str = "any"


Form: TypeAlias = Callable[["Generator", Any, bool], Code]

PYTHON_TYPES: Final = {"number": "int", "string": "str"}  # kinds that `==` may compare

# Worth computing once where nothing in them varies.
_HOISTED: Final = (
    tree.FunctionSet,
    tree.RecordSet,
    tree.Product,
    tree.SetLiteral,
    tree.SetFilter,
    tree.SetMap,
    tree.FunctionLiteral,
    tree.Record,
    tree.Tuple,
)


class Generator:
    """Generates the functions of one specification under one choice of constants."""

    def __init__(
        self,
        analysis: Analysis,
        constants: Mapping[str, Value | Callable[..., Value]],
        forms: Mapping[type, Form],
        *,
        careful: bool,
        effects: Effects | None = None,
        special: Mapping[str, Form] | None = None,
        slotted: bool = False,
    ) -> None:
        self.analysis = analysis
        self.slotted = slotted
        self.by_slot: set[tree.Variable] = set()
        self.special = special or {}
        self.careful = careful
        self.effects = effects or Effects()
        self.locals: Mapping[Declaration, Local] = {}
        self.assignment: Assignment | None = None
        self.used: set[tree.Variable] = set()
        self.given: dict[tree.Expression, Code] = {}  # what has been written already
        self.writer = Writer()
        self._forms = forms
        self.constants = constants
        self.namespace = Namespace({f"c_{name}": value for name, value in constants.items()})
        self.namespace.add({"printed": self.effects.print, "effects": self.effects})
        self._names: dict[tree.Definition, str] = {}
        self._waiting: list[tree.Definition] = []
        self._delayed: set[Read] = set()
        self.rigid: set[tree.Parameter] = set()
        self._numbers: dict[Read, int] = {}
        self._hoisting = False

    # Functions

    def function(self, definition: tree.Definition) -> Callable[..., Any]:
        """Return the function of a definition; raises `SpecError` for what is not supported.

        It returns a Python bool if the definition is a formula, else a value.
        """
        name = self.name_of(definition)
        self._define_waiting()
        return self.namespace.defined(name)

    def name_of(self, definition: tree.Definition) -> str:
        """Return the name of a definition's function, which is generated in its turn."""
        if definition not in self._names:
            self._names[definition] = f"o{len(self._names)}_{identifier(definition.name)}"
            self._waiting.append(definition)
        return self._names[definition]

    def signature(self, definition: tree.Definition) -> list[Read]:
        """Return the parameters of a definition's function: variables by name, then its own."""
        reads = self.analysis.reads_of(definition)
        variables = sorted(
            (read for read in reads if isinstance(read[0], tree.Variable)),
            key=lambda read: (read[1], read[0].name),
        )
        own = [
            (parameter, primed)
            for parameter in definition.parameters
            for primed in (False, True)
            if (parameter, primed) in reads
        ]
        return [*variables, *own]

    def _define(self, definition: tree.Definition) -> None:
        signature = self.signature(definition)
        self._delay_parameters(definition, primed=False)
        parameters = ", ".join(self.reference(*read) for read in signature)
        self.run(
            self.name_of(definition),
            parameters,
            lambda: self._result(definition, False),
            definition.at,
            keep=not (parameters or definition.parameters) and self.analysis.is_kept(definition),
        )

    def extra_function(
        self,
        definition: tree.Definition,
        purpose: str,
        body: Callable[[], str],
        helpers: Mapping[str, Callable[..., Any]],
        more: Sequence[str] = (),
    ) -> Callable[..., Any]:
        """Return another function with the parameters of a definition's, and some more."""
        self.function(definition)
        name = f"{purpose}_{self.name_of(definition)}"
        reads = [self.reference(*read) for read in self.signature(definition)]
        return self.function_of_text(name, ", ".join([*reads, *more]), body, definition.at, helpers)

    def function_of_text(
        self,
        name: str,
        parameters: str,
        body: Callable[[], str],
        at: Position,
        helpers: Mapping[str, Any],
    ) -> Callable[..., Any]:
        """Return a function that is generated by `body`, and may use the helpers by name."""
        self.namespace.add(helpers)
        self.run(name, parameters, body, at, keep=False)
        self._define_waiting()
        return self.namespace.defined(name)

    def _define_waiting(self) -> None:
        while self._waiting:
            self._define(self._waiting.pop())

    def run(
        self, name: str, parameters: str, body: Callable[[], str], at: Position, *, keep: bool
    ) -> None:
        """Generate a function whose result is the text that `body` returns, and define it."""
        outer, self.writer = self.writer, Writer()
        try:
            if keep:
                self.writer.emit("@cache")
            self.writer.emit(f"def {name}({parameters}):")
            with self.writer.indented():
                self.writer.emit(f"return {body()}")
            source = self.writer.source()
        except RecursionError:
            raise SpecError(at, "the expression is nested too deeply") from None
        finally:
            self.writer = outer
        try:
            self.namespace.run(source, f"<{name}>")
        except (SyntaxError, RecursionError, MemoryError):
            raise SpecError(at, "the expression is nested too deeply") from None

    def _result(self, definition: tree.Definition, primed: bool) -> str:
        """Return the text of what a definition's function returns."""
        if self.kind_of_result(definition) == "any":
            return self.value(definition.body, primed).text
        return self.code(definition.body, primed).text

    def _delay_parameters(self, definition: tree.Definition, *, primed: bool) -> None:
        """Note which parameters are passed as functions; `primed` if the whole body is."""
        for parameter, p in self.analysis.reads_of(definition):
            if isinstance(parameter, tree.Parameter) and parameter in definition.parameters:
                certain = self.analysis.is_certain(definition, parameter, p)
                if not certain and not parameter.arity:
                    self._delayed.add((parameter, p or primed))

    # Expressions

    def code(self, node: tree.Expression, primed: bool) -> Code:
        """Return the code of an expression, in whatever mode comes naturally."""
        if node in self.given and not primed:
            return self.given[node]
        if self._is_worth_hoisting(node):
            return self._hoisted(node)
        if isinstance(node, tree.Prime):
            if primed:
                raise SpecError(node.at, "a prime within a prime")
            return self.code(node.operand, True)
        if isinstance(node, tree.Let):
            return self._let(node, primed)
        if isinstance(node, tree.Unsupported) and node.construct in STEPS:
            return self.code(self._of_step(node), primed)
        if isinstance(node, tree.Unsupported):
            raise SpecError(node.at, f"not supported here: {node.construct}")
        return self._forms[type(node)](self, node, primed)

    def _of_step(self, node: tree.Unsupported) -> tree.Expression:
        r"""Return `A \/ v' = v` for [A]_v, `A /\ v' # v` for <<A>>_v."""
        action, variables = node.operands
        names = ("=", "\\/") if node.construct == STEP_OR_STUTTER else ("#", "/\\")
        pair = tree.Prime(variables.at, variables), variables
        compared = tree.Call(variables.at, names[0], pair)
        joined = tree.Call(node.at, names[1], (action, compared))
        self.analysis.meanings[compared] = LANGUAGE[names[0]]
        self.analysis.meanings[joined] = LANGUAGE[names[1]]
        return joined

    def value(self, node: tree.Expression, primed: bool) -> Code:
        """Return the code of a value."""
        code = self.code(node, primed)
        if code.kind == "formula":
            return Code(f"(TRUE if {code.text} else FALSE)", "boolean")
        if code.kind == "recursive":
            return Code(self.fallible(node, f"{code.text}.value"))
        return code

    def formula(self, node: tree.Expression, primed: bool) -> str:
        """Return the code of a Python bool."""
        code = self.code(node, primed)
        if code.kind == "formula":
            return code.text
        if self.careful:
            return self.fallible(node, "truth", self.value(node, primed).text)
        name = self.writer.named(code.text)
        return f"({name} is TRUE or ({name} is not FALSE and truth({name})))"

    def names_of(self, nodes: tuple[tree.Expression, ...], primed: bool) -> list[str]:
        """Return names for the values of several expressions."""
        return [self.writer.named(self.value(each, primed).text) for each in nodes]

    def fallible(self, node: tree.Node, function: str, *arguments: str) -> str:
        """Return the text of a call that may raise `NoValueError`, which belongs to the node."""
        if not self.careful:
            return f"{function}({', '.join(arguments)})"
        index = str(self.namespace.position(node.at))
        return f"located({', '.join(['positions', index, function, *arguments])})"

    def _is_worth_hoisting(self, node: tree.Expression) -> bool:
        if not isinstance(node, _HOISTED) or self._hoisting:
            return False
        is_recursive = isinstance(node, tree.FunctionLiteral) and node.itself is not None
        return not is_recursive and self.analysis.is_constant(node)

    def once(self, node: tree.Expression, function: Callable[[Any], Any] | None = None) -> str:
        """Return the name of a function that gives a constant's value, computed once.

        If a function is given, it is applied to the value.
        """
        name = self.namespace.unique("k")

        def body() -> str:
            text = self.value(node, False).text
            if function is None:
                return text
            return self.fallible(node, self.namespace.helper(function), text)

        self._hoisting = True
        try:
            self.run(name, "", body, node.at, keep=True)
        finally:
            self._hoisting = False
        return name

    def _hoisted(self, node: tree.Expression) -> Code:
        name = self.once(node)
        is_set = isinstance(
            node, tree.FunctionSet | tree.RecordSet | tree.Product | tree.SetLiteral
        )
        return Code(f"{name}()", "set" if is_set else "any")

    # Names and calls

    def reference(self, name: Declaration, primed: bool, at: Position | None = None) -> str:
        """Return the Python name, or text, that stands for a name of TLA+ that is used there."""
        if isinstance(name, tree.Constant):
            return f"c_{name.name}"
        if isinstance(name, tree.Variable):
            return self._variable(name, primed, at or name.at)
        if isinstance(name, tree.Bound) or name in self.rigid:
            primed = False
        local = self.locals.get(name)
        if local is not None and local.text is not None and not primed:
            return local.text
        # One name may stand for several things in one function: a variable and, in an instance, a
        # parameter; or the definitions of two LETs.
        if (name, primed) not in self._numbers:
            self._renumber(name, primed)
        number = self._numbers[name, primed]
        return f"{'p' if primed else 'v'}{number}_{identifier(name.name)}"

    def _renumber(self, name: Declaration, primed: bool) -> None:
        self._numbers[name, primed] = self.namespace.number()

    def is_delayed(self, name: Declaration, primed: bool) -> bool:
        """Whether the name stands for a function that gives the value."""
        return (name, primed) in self._delayed

    def fresh_name(self, name: Declaration) -> str:
        """Return a new Python name to stand for a name of TLA+."""
        return f"v{self.namespace.number()}_{identifier(name.name)}"

    def _variable(self, name: tree.Variable, primed: bool, at: Position) -> str:
        if self.assignment is None or primed != self.assignment.primed:
            if primed and self.assignment is not None:
                raise SpecError(at, f"{name.name}' is read in an initial state")
            self.used.add(name)
            return f"{'p' if primed else 'v'}_{identifier(name.name)}"
        text = self.assignment.texts.get(name)
        if text is not None:
            return text
        index = self.namespace.position(at)
        return f"unassigned(positions[{index}], {name.name + chr(39) * primed!r})"

    def valued(self, name: str) -> str:
        """Return the text of the value of the variable that has a name; see `forms`."""
        return f"{name}.whole()" if self.slotted else name

    def constant_in_order(self, node: tree.Expression) -> str | None:
        """Return the name of the sorted elements if the node is a declared, finite set."""
        meaning = self.analysis.meanings[node] if isinstance(node, tree.Call) else None
        if not isinstance(meaning, tree.Constant):
            return None
        value = self.constants.get(meaning.name)
        if not isinstance(value, frozenset):
            return None
        name = f"s_{identifier(meaning.name)}"
        self.namespace.add({name: tuple(elements_of(value))})
        return name

    def passed(self, meaning: tree.Definition) -> list[Read]:
        """Return what is passed to a function; one of a LET sees its surroundings anyway."""
        signature = self.signature(meaning)
        if self.analysis.is_of_let(meaning):
            return [read for read in signature if read[0] in meaning.parameters]
        return signature

    def kind_of_result(self, definition: tree.Definition) -> str:
        """Return what is known of the result of a definition's function; see `Code`."""
        if self.analysis.is_formula(definition.body):
            return "formula"
        body = definition.body
        is_recursive = isinstance(body, tree.FunctionLiteral) and body.itself is not None
        return "recursive" if is_recursive else "any"

    def delayed_text(self, text: Callable[[], str]) -> str:
        """Return the text of a function that gives, when called, the value of another text."""
        with self.writer.captured() as statements:
            result = text()
        if not statements and result.isidentifier():
            return f"(lambda: {result})"
        if not statements and result.endswith("()") and result[:-2].isidentifier():
            return result[:-2]
        name = self.writer.fresh()
        self.writer.emit(f"def {name}():")
        with self.writer.indented():
            self.writer.splice(statements)
            self.writer.emit(f"return {result}")
        return f"Lazy({name})"

    def nested(self, parameters: str, body: Callable[[], str], name: str | None = None) -> str:
        """Define a function within the current one; return its name."""
        name = name or self.writer.fresh()
        self.writer.emit(f"def {name}({parameters}):")
        with self.writer.indented():
            self.writer.emit(f"return {body()}")
        return name

    # LET

    def _let(self, node: tree.Let, primed: bool) -> Code:
        self.local_definitions(node, primed)
        return self.code(node.body, primed)

    def local_definitions(self, node: tree.Let, primed: bool) -> None:
        """Define what the body of a LET uses of it."""
        used = self.analysis.reads(node.body, primed)
        certain = self.analysis.certain(node.body, primed)
        for definition in node.definitions:
            for p in (False, True):
                if (definition, p) in used:
                    self.local(definition, p, is_certain=(definition, p) in certain)

    def local(self, definition: tree.Definition, primed: bool, *, is_certain: bool) -> None:
        """Define a definition of a LET, for what follows in its block."""
        self._renumber(definition, primed)
        name = self.reference(definition, primed)
        self._delayed.discard((definition, primed))
        if definition.parameters:
            self._delay_parameters(definition, primed=primed)
            own = [(each, primed or p) for each, p in self.passed(definition)]
            parameters = ", ".join(self.reference(*read) for read in own)
            self.nested(parameters, lambda: self._result(definition, primed), name)
        elif is_certain:
            self.writer.emit(f"{name} = {self._result(definition, primed)}")
        else:
            delayed = self.delayed_text(lambda: self._result(definition, primed))
            self.writer.emit(f"{name} = {delayed}")
            self._delayed.add((definition, primed))


def identifier(name: str) -> str:
    """Return a name as part of a Python name; operator symbols by their characters' codes."""
    if name == "@":
        return "previous"
    return "".join(each if each.isalnum() or each == "_" else f"_{ord(each)}" for each in name)

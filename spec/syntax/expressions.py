r"""The syntax tree of TLA+ as this package uses it: small, immutable, each node with its place.

A node is equal to itself only, so that what is found out about one (what a name refers to, what
an operator reads) can be kept in a dictionary beside the tree. Every operator symbol has one
spelling here: `\land` reads `/\`, `\leq` reads `<=`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, TypeAlias

from raft_ref.spec.syntax.errors import Position

if TYPE_CHECKING:
    from collections.abc import Iterator

STEP_OR_STUTTER: Final = "temporal operator [A]_v"
"""The construct of `[A]_v`, as an `Unsupported` has it."""

STEP_NO_STUTTER: Final = "temporal operator <<A>>_v"
"""The construct of `<<A>>_v`."""


@dataclass(frozen=True, eq=False)
class Node:
    """A piece of the specification."""

    at: Position


@dataclass(frozen=True, eq=False)
class Variable(Node):
    """A declared variable."""

    name: str


@dataclass(frozen=True, eq=False)
class Constant(Node):
    """A declared constant, an operator if its arity is above zero."""

    name: str
    arity: int


@dataclass(frozen=True, eq=False)
class Parameter(Node):
    """A parameter of a definition or LAMBDA, an operator if its arity is above zero."""

    name: str
    arity: int


@dataclass(frozen=True, eq=False)
class Bound(Node):
    """A name bound by a quantifier, CHOOSE, set or function; or a function within itself."""

    name: str
    is_function: bool = False


@dataclass(frozen=True, eq=False)
class Definition(Node):
    """`name(parameters) == body`, of a module or of a LET."""

    name: str
    parameters: tuple[Parameter, ...]
    body: Expression
    is_local: bool = False
    is_recursive: bool = False
    text: str = ""


@dataclass(frozen=True, eq=False)
class Assumption(Definition):
    """`ASSUME name == body`; the name is empty if it has none."""


@dataclass(frozen=True, eq=False)
class Number(Node):
    """A numeral."""

    value: int


@dataclass(frozen=True, eq=False)
class String(Node):
    """A string, without its quotes."""

    value: str


@dataclass(frozen=True, eq=False)
class Call(Node):
    """A name or an operator symbol with its arguments, none for a plain name.

    Conjunctions and disjunctions have two or more arguments.
    """

    name: str
    arguments: tuple[Expression, ...] = ()


@dataclass(frozen=True, eq=False)
class Lambda(Node):
    """LAMBDA parameters : body."""

    parameters: tuple[Parameter, ...]
    body: Expression


@dataclass(frozen=True, eq=False)
class Prime(Node):
    """`operand'`."""

    operand: Expression


@dataclass(frozen=True, eq=False)
class Pattern(Node):
    r"""What one element is bound to: a name, or a tuple of names."""

    names: tuple[Bound, ...]
    is_tuple: bool


@dataclass(frozen=True, eq=False)
class Binding(Node):
    r"""`x, y \in domain`; the names range over it independently."""

    patterns: tuple[Pattern, ...]
    domain: Expression


@dataclass(frozen=True, eq=False)
class Quantified(Node):
    r"""\A or \E bindings : body."""

    is_universal: bool
    bindings: tuple[Binding, ...]
    body: Expression


@dataclass(frozen=True, eq=False)
class Choose(Node):
    r"""CHOOSE pattern \in domain : body."""

    bindings: tuple[Binding, ...]
    body: Expression


@dataclass(frozen=True, eq=False)
class SetLiteral(Node):
    """{elements}."""

    elements: tuple[Expression, ...]


@dataclass(frozen=True, eq=False)
class SetFilter(Node):
    r"""{pattern \in domain : body}."""

    bindings: tuple[Binding, ...]
    body: Expression


@dataclass(frozen=True, eq=False)
class SetMap(Node):
    r"""{body : bindings}."""

    bindings: tuple[Binding, ...]
    body: Expression


@dataclass(frozen=True, eq=False)
class FunctionLiteral(Node):
    r"""[bindings |-> body]; `itself` is bound in the body of `f[x \in S] == ...`."""

    bindings: tuple[Binding, ...]
    body: Expression
    itself: Bound | None = None


@dataclass(frozen=True, eq=False)
class Application(Node):
    """`function[argument]`; several arguments are one tuple, and `r.a` is `r["a"]`."""

    function: Expression
    argument: Expression
    is_field: bool = False


@dataclass(frozen=True, eq=False)
class Update(Node):
    """`![i].a = value` within EXCEPT; `previous` is what `@` stands for in the value."""

    path: tuple[Expression, ...]
    value: Expression
    previous: Bound


@dataclass(frozen=True, eq=False)
class Except(Node):
    """[function EXCEPT updates]."""

    function: Expression
    updates: tuple[Update, ...]


@dataclass(frozen=True, eq=False)
class Record(Node):
    """[name |-> value, ...]."""

    names: tuple[str, ...]
    values: tuple[Expression, ...]


@dataclass(frozen=True, eq=False)
class RecordSet(Node):
    """[name : set, ...]."""

    names: tuple[str, ...]
    values: tuple[Expression, ...]


@dataclass(frozen=True, eq=False)
class FunctionSet(Node):
    """[arguments -> results]."""

    arguments: Expression
    results: Expression


@dataclass(frozen=True, eq=False)
class Tuple(Node):
    """<<elements>>."""

    elements: tuple[Expression, ...]


@dataclass(frozen=True, eq=False)
class Product(Node):
    r"""factor \X factor ...."""

    factors: tuple[Expression, ...]


@dataclass(frozen=True, eq=False)
class If(Node):
    """IF condition THEN then ELSE otherwise."""

    condition: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True, eq=False)
class Case(Node):
    """CASE condition -> result [] ... [] OTHER -> otherwise."""

    conditions: tuple[Expression, ...]
    results: tuple[Expression, ...]
    otherwise: Expression | None


@dataclass(frozen=True, eq=False)
class Let(Node):
    """LET definitions IN body.

    `units` are what stands in the text, instances of modules among it; `definitions` is a list
    because those of the instances are added to it when names are resolved.
    """

    units: tuple[Definition | Instance, ...]
    definitions: list[Definition]
    body: Expression


@dataclass(frozen=True, eq=False)
class Unsupported(Node):
    """A construct that only a definition nobody evaluates may contain.

    Of the parts of a specification formula, `[A]_v` or `WF_v(A)`, the operands are A and v.
    """

    construct: str
    operands: tuple[Expression, ...] = ()
    text: str = ""


@dataclass(frozen=True, eq=False)
class Substitution(Node):
    """`name <- value` within INSTANCE."""

    name: str
    value: Expression


@dataclass(frozen=True, eq=False)
class Instance(Node):
    """`name(parameters) == INSTANCE module WITH substitutions`, or without a name."""

    name: str
    parameters: tuple[Parameter, ...]
    module: str
    substitutions: tuple[Substitution, ...]
    is_local: bool


Expression: TypeAlias = (
    Number
    | String
    | Call
    | Lambda
    | Prime
    | Quantified
    | Choose
    | SetLiteral
    | SetFilter
    | SetMap
    | FunctionLiteral
    | Application
    | Except
    | Record
    | RecordSet
    | FunctionSet
    | Tuple
    | Product
    | If
    | Case
    | Let
    | Unsupported
)
Binder: TypeAlias = Quantified | Choose | SetFilter | SetMap | FunctionLiteral
Declaration: TypeAlias = Variable | Constant | Parameter | Bound | Definition

Unit: TypeAlias = "Constant | Variable | Definition | Instance | ModuleSource"

BINDERS: Final = (Quantified, Choose, SetFilter, SetMap, FunctionLiteral)


@dataclass(frozen=True)
class ModuleSource:
    """One parsed module: what it extends, and what it declares and defines, in order.

    `algorithm` is a PlusCal algorithm of the file that is not translated.
    """

    at: Position
    name: str
    extends: tuple[Call, ...]
    units: tuple[Unit, ...]
    algorithm: str | None = None

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """The module's own operators."""
        return tuple(
            each
            for each in self.units
            if isinstance(each, Definition) and not isinstance(each, Assumption)
        )

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """What the module assumes."""
        return tuple(each for each in self.units if isinstance(each, Assumption))


_FIELDS: Final[dict[type[Node], tuple[str, ...]]] = {}
"""What `fields_of` has been asked for."""


def fields_of(kind: type[Node]) -> tuple[str, ...]:
    """Return the names of what a kind of node is made of, in their order.

    `units` of a LET are left out: what is meant of them is among its definitions.
    """
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(each.name for each in fields(kind) if each.name != "units")
    return _FIELDS[kind]


def children(node: Node) -> Iterator[Node]:
    """Yield the nodes directly below one, in the order of the text."""
    for name in fields_of(type(node)):
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple | list):
            yield from (item for item in value if isinstance(item, Node))

"""Every form of expression: its value, or the place and reason of the error."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from raft_ref import spec
from raft_ref.spec.code.forms import FORMS
from raft_ref.spec.files import LIBRARY
from raft_ref.spec.names.loading import Loader
from raft_ref.spec.names.scope import Resolution, resolve
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.parser import parse_module
from raft_ref.spec.values.builtin import Builtin
from raft_ref.spec.values.community import COMMUNITY
from raft_ref.spec.values.standard import LANGUAGE, STANDARD_MODULES
from tests.support.golden import EXTENDED, Case, evaluated, golden_cases, golden_module
from tests.support.modules import CONSTANTS, load_text, module_text

CASES = golden_cases()


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> spec.Module:
    return golden_module(tmp_path_factory.mktemp("spec"))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_golden_case(module: spec.Module, case: Case) -> None:
    assert evaluated(module, case.expression) == case.expected


@pytest.fixture(scope="module")
def met() -> dict[type[tree.Node] | Builtin, set[bool]]:
    """Return which forms and operators the golden cases meet, and if in errors and in values."""
    found = defaultdict[type[tree.Node] | Builtin, set[bool]](set)
    definitions = "\n".join(f"P{k} ==\n{case.expression}" for k, case in enumerate(CASES))
    source = parse_module(module_text(definitions, extended=EXTENDED), "Case.tla")
    resolution = Resolution()
    names: dict[str, Builtin] = {}
    for each in EXTENDED.split(", "):
        names.update(STANDARD_MODULES[each])
    resolve(source, names, resolution, Loader([Path()], LIBRARY, resolution))
    for definition, case in zip(source.definitions, CASES, strict=True):
        for node in nodes(definition):
            found[type(node)].add(case.is_error)
            meaning = resolution.meanings.get(node) if isinstance(node, tree.Call) else None
            if isinstance(meaning, Builtin):
                found[meaning].add(case.is_error)
    return found


def nodes(node: tree.Node) -> Iterator[tree.Node]:
    yield node
    for each in tree.children(node):
        yield from nodes(each)


@pytest.mark.parametrize(
    "form", [*FORMS, tree.Let, tree.Lambda], ids=lambda form: str(form.__name__)
)
def test_every_form_has_golden_cases(
    met: dict[type[tree.Node] | Builtin, set[bool]], form: type[tree.Node]
) -> None:
    assert met[form] == {False, True}, "a value and an error are needed in tests/data/golden"


OF_A_STEP = "UNCHANGED"
"""The one operator that no constant expression has; test_module.py has its cases."""
NOT_OF_TLC = "Real"
"""Of which TLC knows no element; test_community.py has its case."""
OPERATORS = [
    operator
    for table in (LANGUAGE, *(t for name, t in STANDARD_MODULES.items() if name not in COMMUNITY))
    for operator in table.values()
    if operator.name not in (OF_A_STEP, NOT_OF_TLC)
]


@pytest.mark.parametrize("operator", dict.fromkeys(OPERATORS), ids=lambda each: str(each.name))
def test_every_standard_operator_has_golden_cases(
    met: dict[type[tree.Node] | Builtin, set[bool]], operator: Builtin
) -> None:
    needed = {operator.function is None}  # an error alone, where it is not supported
    if operator.function is not None and operator.arity > 0:
        needed = {False, True}
    assert met[operator] >= needed, "cases are needed in tests/data/golden"


@pytest.mark.parametrize(
    ("expression", "first", "second"),
    [
        ("TRUE /\\ TRUE \\/ TRUE", "/\\", "\\/"),
        ("TRUE => TRUE => TRUE", "=>", "=>"),
        ("1 = 1 = TRUE", "=", "="),
        ("{1} \\cup {2} \\ {1}", "\\cup", "\\"),
        ("8 \\div 4 \\div 2", "\\div", "\\div"),
        ("{1} \\cap {1} \\cup {2}", "\\cap", "\\cup"),
        ("TRUE <=> TRUE ~> TRUE", "<=>", "~>"),
    ],
)
def test_operators_that_need_parentheses(
    module: spec.Module, expression: str, first: str, second: str
) -> None:
    with pytest.raises(spec.SpecError, match="precedence conflict") as error:
        module.constant(expression, CONSTANTS)
    assert error.value.reason == f"precedence conflict between {first} and {second}"


def test_bullets_are_aligned_by_column_and_a_tab_stops_every_eighth(tmp_path: Path) -> None:
    lists = """
A == \\/ /\\ FALSE
        /\\ FALSE
     \\/ TRUE
B == \\/ FALSE
\t/\\ TRUE
C == \t/\\ TRUE
        /\\ FALSE"""
    module = load_text(tmp_path, lists)
    values = [spec.show(module.constant(each, CONSTANTS)) for each in "ABC"]
    assert values == ["TRUE", "FALSE", "FALSE"]

"""The two texts of one operator, quick and careful, mean the same."""

from pathlib import Path

import pytest

from raft_ref.spec.code.forms import FORMS
from raft_ref.spec.code.generator import Generator
from raft_ref.spec.files import LIBRARY
from raft_ref.spec.names.analysis import Analysis
from raft_ref.spec.names.loading import Loader
from raft_ref.spec.names.scope import Resolution, resolve
from raft_ref.spec.steps.enabled import enabled
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.spec.syntax.expressions import ModuleSource
from raft_ref.spec.syntax.parser import parse_module
from raft_ref.spec.values.builtin import Builtin
from raft_ref.spec.values.standard import STANDARD_MODULES
from raft_ref.spec.values.value import boolean, show
from tests.support.golden import EXTENDED, golden_cases
from tests.support.modules import CONSTANTS, module_text

CASES = golden_cases()
VALUES = [(case.expression, case.expected) for case in CASES if not case.is_error]
ERRORS = [case.expression for case in CASES if case.is_error]
EXPRESSIONS = [*(text for text, _ in VALUES), *ERRORS]


@pytest.fixture(scope="module")
def source() -> ModuleSource:
    definitions = [f"P{k} ==\n{text}" for k, text in enumerate(EXPRESSIONS)]
    return parse_module(module_text("\n".join(definitions), extended=EXTENDED), "Case.tla")


@pytest.fixture(scope="module")
def analysis(source: ModuleSource) -> Analysis:
    resolution = Resolution()
    names: dict[str, Builtin] = {}
    for each in EXTENDED.split(", "):
        names.update(STANDARD_MODULES[each])
    resolve(source, names, resolution, Loader([Path()], LIBRARY, resolution))
    return Analysis(resolution)


@pytest.mark.parametrize("careful", [False, True], ids=["quick", "careful"])
def test_both_texts_give_each_value(
    source: ModuleSource, analysis: Analysis, careful: bool
) -> None:
    generator = Generator(analysis, CONSTANTS, FORMS, careful=careful, special={"ENABLED": enabled})
    for definition, (text, value) in zip(source.definitions, VALUES, strict=False):
        found = generator.function(definition)()
        assert show(boolean(found) if isinstance(found, bool) else found) == value, text


def test_the_quick_text_gives_no_value_where_there_is_none(
    source: ModuleSource, analysis: Analysis
) -> None:
    quick = Generator(analysis, CONSTANTS, FORMS, careful=False)
    careful = Generator(analysis, CONSTANTS, FORMS, careful=True)
    for definition in source.definitions[len(VALUES) :]:
        with pytest.raises(Exception):  # noqa: B017, PT011  # any: the careful text says which
            quick.function(definition)()
        with pytest.raises(SpecError):
            careful.function(definition)()

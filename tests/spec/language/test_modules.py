"""The modules that many specifications extend: shipped, and the same here and in TLC."""

from pathlib import Path

import pytest

from raft_ref.spec import load
from raft_ref.spec.files import LIBRARY
from raft_ref.spec.tlc.run import run_tlc
from tests.support.files import SPECS

COMMON = SPECS / "Common.tla"
FACTS = ["OfSequences", "OfSets", "OfBags", "OfFunctions"]


@pytest.mark.parametrize("name", FACTS)
def test_what_the_operators_give(name: str) -> None:
    assert load(COMMON).predicate(name).holds({})


def test_every_operator_is_used() -> None:
    text = COMMON.read_text()
    for path in LIBRARY.glob("*.tla"):
        for name, operator in load(path).operators.items():
            assert operator.is_local or f"{name}(" in text, f"{path.name}: {name}"


def test_tlc_agrees(tmp_path: Path) -> None:
    config = tmp_path / "Common.cfg"
    config.write_text("INIT Init\nNEXT Next\nINVARIANTS " + " ".join(FACTS))
    result = run_tlc(COMMON, config)
    assert result.ok, result.output
    config.write_text("INIT Init\nNEXT Next\nINVARIANT Wrong")
    assert "Wrong is equal to FALSE" in run_tlc(COMMON, config).output
    assert not load(COMMON).predicate("Wrong").holds({})


def test_a_module_beside_the_specification_takes_precedence(tmp_path: Path) -> None:
    (tmp_path / "Functions.tla").write_text("---- MODULE Functions ----\nRange(f) == 7\n====\n")
    mine = tmp_path / "Mine.tla"
    mine.write_text("---- MODULE Mine ----\nEXTENDS Functions\nSeven == Range(<<1>>)\n====\n")
    assert load(mine).constant("Seven") == 7

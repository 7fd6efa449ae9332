"""The embedded checker finds in every specification of the corpus what real TLC found there.

tests/data/specs/corpus/README.md says what the specifications are;
`python -m tests.support.record_corpus` runs TLC over them again.
"""

import json
import re
from typing import Any

import pytest

from raft_ref.spec import SpecError, load
from raft_ref.spec.checker.config import load_config
from raft_ref.spec.checker.search import Search
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.checker.verdict import Report, Verdict
from tests.support.files import CORPUS

EXPECTED: dict[str, dict[str, Any]] = json.loads((CORPUS / "expected.json").read_text())
FAST = 5_000
"""A model with more generated states is for the long tests."""

LENIENT = {
    # TLC refuses BagOfAll of an operator that does not look at its argument.
    "ErrBagOfAllConstant",
    # It refuses \\A i : [][A]_v.
    "CfgProperty.each",
}
"""What TLC refuses and the embedded checker takes."""


def check(name: str) -> Report:
    module = load(CORPUS / f"{name.partition('.')[0]}.tla")
    config = load_config(CORPUS / f"{name}.cfg")
    return Search(task_of(module, config)).run()


def names(fast: bool, is_error: bool) -> list[str]:
    return [
        name
        for name, row in EXPECTED.items()
        if ((row["generated"] or 0) <= FAST) == fast
        and (row["verdict"] == "error") == is_error
        and name not in LENIENT
    ]


def compare(name: str) -> None:
    """Compare everything; but what was counted when a violation is met depends on TLC's order."""
    expected, report = EXPECTED[name], check(name)
    kind, _, violated = expected["verdict"].partition(" ")
    if kind != "ok":
        assert report.verdict is Verdict.VIOLATED
        at = report.violated_at
        place = "nowhere" if at is None else f"line {at.line}, col {at.column} to "
        assert violated in (report.violated, "") or violated.startswith(place)
        assert (report.violated == "Deadlock") == (kind == "deadlock")
        assert report.counterexample is not None
        assert len(report.counterexample.steps) == expected["trace"]
        return
    assert report.verdict in (Verdict.HOLDS, Verdict.NOTHING_ASKED), report.violated
    assert (report.distinct_states, report.generated_states, report.depth) == (
        expected["distinct"],
        expected["generated"],
        expected["depth"],
    )


@pytest.mark.parametrize("name", names(fast=True, is_error=False))
def test_what_tlc_finds(name: str) -> None:
    compare(name)


@pytest.mark.long
@pytest.mark.parametrize("name", names(fast=False, is_error=False))
def test_what_tlc_finds_in_more_states(name: str) -> None:
    compare(name)


@pytest.mark.parametrize("name", [*names(True, is_error=True), *names(False, is_error=True)])
def test_what_tlc_refuses(name: str) -> None:
    """An error of TLC's is a located error here, in the same line."""
    try:
        report = check(name)
    except SpecError as error:
        found = error
    else:
        assert report.verdict is Verdict.ERROR, report.verdict
        assert report.error is not None
        found = report.error
    places = f"{EXPECTED[name].get('position')} {EXPECTED[name].get('message')}"
    if re.search(r"ine \d+, col", places):
        assert f"ine {found.position.line}," in places


@pytest.mark.parametrize("name", sorted(LENIENT))
def test_what_only_tlc_refuses(name: str) -> None:
    assert EXPECTED[name]["verdict"] == "error"
    assert check(name).verdict is Verdict.HOLDS


def test_the_corpus_is_complete() -> None:
    assert {path.stem for path in CORPUS.glob("*.cfg")} == EXPECTED.keys()

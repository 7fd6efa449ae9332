"""The embedded checker and TLC both find what a rule dropped from Raft.tla breaks.

test_refinement.py shows that the bisimulation with the node notices it too.
"""

from pathlib import Path

import pytest

from raft_ref.spec import load
from raft_ref.spec.checker.config import load_config
from raft_ref.spec.checker.search import Search
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.checker.verdict import Verdict
from raft_ref.spec.tlc.run import run_tlc
from tests.support.spec_mutants import MOST, SHORT, SPEC_MUTANTS, SpecMutant

ALL = pytest.mark.parametrize("mutant", SPEC_MUTANTS, ids=lambda mutant: mutant.name)


@pytest.mark.parametrize(
    "mutant",
    [
        # Those with a long way to the violation.
        pytest.param(each, marks=[pytest.mark.long] if each.model.term > 2 else [], id=each.name)
        for each in SPEC_MUTANTS
    ],
)
def test_the_embedded_checker_finds_what_a_mutant_breaks(
    mutant: SpecMutant, tmp_path: Path
) -> None:
    module = load(mutant.write(tmp_path))
    report = Search(task_of(module, load_config(tmp_path / "MCRaft.cfg"), False)).run()
    assert report.verdict is Verdict.VIOLATED
    assert report.violated in (mutant.breaks, f"{mutant.breaks}Always")
    # How soon: what tests/spec/proof/test_bounded.py finds again, in as many steps.
    assert report.counterexample is not None
    steps = len(report.counterexample.steps) - 1  # the first is the initial state
    assert SHORT.get(mutant.name) == (steps if steps <= MOST else None)


@pytest.mark.long
@ALL
def test_tlc_finds_what_a_mutant_breaks(mutant: SpecMutant, tmp_path: Path) -> None:
    """With one worker, so that TLC too goes strictly breadth first."""
    result = run_tlc(mutant.write(tmp_path), tmp_path / "MCRaft.cfg")
    report = Search(
        task_of(load(tmp_path / "MCRaft.tla"), load_config(tmp_path / "MCRaft.cfg"), False)
    ).run()
    assert result.violated in (mutant.breaks, f"{mutant.breaks}Always")
    assert report.counterexample is not None
    assert result.steps == len(report.counterexample.steps)

"""Real TLC and the explorer count the same states: the node and the spec are one protocol.

TLC counts the initial state as generated, and the explorer does not count it as a transition.
"""

from pathlib import Path

import pytest

from raft_ref.spec.checker.config import load_config
from raft_ref.spec.link import MODEL, MODEL_BOUNDS
from raft_ref.spec.tlc.run import run_tlc
from raft_ref.verify.cluster import DEFAULTS
from tests.support.models import CONFIG, Model

Counts = tuple[int, int, int]
"""Distinct states, generated states, depth."""

CASES: list[tuple[Model, Counts]] = [
    (Model(servers=2, term=2, log=1, symmetry=False), (817, 1_997, 21)),
    (Model(servers=2, values=2, term=2, log=1, restarts=1, duplicates=1), (4_509, 14_332, 25)),
    (Model(servers=2, values=3, log=3), (2_254, 7_231, 18)),  # of 23,572
    (Model(term=2, log=1), (3_908, 10_999, 31)),
]

LONG_CASES: list[tuple[Model, Counts]] = [
    (Model(values=2, term=2, log=1), (4_286, 12_292, 31)),  # of 50,692; 8,490 up to servers
    (Model(servers=4, messages=4, duplicates=1), (2_819, 17_526, 24)),
    (Model(term=2, log=1, snapshot=1), (16_165, 59_190, 33)),
    (Model(servers=2, values=2, term=2, log=2, snapshot=1, drops=1), (20_861, 83_685, 27)),
    (
        Model(servers=2, values=2, term=2, log=1, restarts=1, duplicates=1, symmetry=False),
        (16_700, 52_095, 25),
    ),
    (
        Model(servers=2, values=2, term=2, log=1, restarts=1, duplicates=1, symmetry=("servers",)),
        (8_374, 26_104, 25),
    ),
    (
        Model(servers=2, values=2, term=2, log=1, restarts=1, duplicates=1, symmetry=("values",)),
        (8_982, 28_571, 25),  # more than half: states without a value stand for themselves alone
    ),
    (Model(servers=2, log=1, restarts=1, drops=1, symmetry=False), (598, 1_969, 15)),
    (Model(term=2, log=1, drops=1, duplicates=1), (45_225, 163_219, 35)),
    (Model(log=1, snapshot=1, restarts=1), (10_017, 42_754, 23)),
    (Model(servers=2, term=2, log=2, snapshot=2), (6_021, 23_105, 26)),
]  # fmt: skip


@pytest.mark.parametrize(("model", "counts"), CASES)
def test_tlc_counts_as_the_explorer_does(tmp_path: Path, model: Model, counts: Counts) -> None:
    compare(tmp_path, model, counts)


@pytest.mark.long
@pytest.mark.parametrize(("model", "counts"), LONG_CASES)
def test_tlc_counts_as_the_explorer_does_on_more_states(
    tmp_path: Path, model: Model, counts: Counts
) -> None:
    compare(tmp_path, model, counts)


def compare(folder: Path, model: Model, counts: Counts) -> None:
    tlc = model.run_tlc(folder)
    assert tlc.ok, tlc.output
    assert (tlc.distinct_states, tlc.generated_states, tlc.depth) == counts
    report = model.explore()
    assert report.counterexample is None
    assert (report.distinct_states, report.transitions + 1, report.depth) == counts


def test_the_shipped_model_is_the_default_of_check() -> None:
    """See tests/cli/test_spec.py for its states, as TLC and the explorer count them."""
    constants = {each.name: each.value for each in load_config(CONFIG).constants}
    bounds = {bound: constants[name] for name, bound in MODEL_BOUNDS.items()}
    assert bounds == {name: DEFAULTS[name] for name in bounds}


def test_tlc_refuses_a_spec_that_breaks_a_property(tmp_path: Path) -> None:
    """Who may vote matters to TLC too: without 5.4.1, a leader lacks what was committed."""
    for path in MODEL.parent.glob("*.tla"):
        broken = path.read_text().replace("/\\ upToDate\n", "\n")
        (tmp_path / path.name).write_text(broken)
    model = Model(term=2, log=1)
    (tmp_path / "MCRaft.cfg").write_text(model.config())
    tlc = run_tlc(tmp_path / "MCRaft.tla", tmp_path / "MCRaft.cfg", workers=1)
    assert not tlc.ok
    assert tlc.violated == "LeaderCompleteness"

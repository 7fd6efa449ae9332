"""Whatever a server knows and is sent: its liberties are what a second opinion says they are."""

import shutil
from pathlib import Path

import pytest

from raft_ref.features import Feature
from raft_ref.spec.files import RAFT_TRACE
from raft_ref.spec.link.shared import shared
from raft_ref.spec.module import load
from tests.support.opinions import extended_liberties, liberties, trace_models


def test_a_liberty_is_what_it_means() -> None:
    assert liberties.first_difference(["Commit", "LearnCommit"], 100) is None


@pytest.mark.long
def test_the_liberties_are_what_they_mean() -> None:
    assert liberties.first_difference() is None


@pytest.mark.long
@pytest.mark.parametrize(
    "features", extended_liberties.SETS, ids=lambda on: "-".join(sorted(on)) or "none"
)
def test_the_liberties_with_features_are_what_they_mean(features: frozenset[Feature]) -> None:
    assert extended_liberties.first_difference(features, cases=60) is None
    assert extended_liberties.difference_of_node(features, cases=60) is None


@pytest.mark.long
def test_with_features_all_begin_as_they_do() -> None:
    assert extended_liberties.initial_difference(frozenset(Feature)) is None


def test_each_has_a_second_opinion() -> None:
    """Of RaftTrace.tla, whose actions are those that change messages or servers."""
    module, raft = shared(RAFT_TRACE), shared(RAFT_TRACE.with_name("Raft.tla"))
    assert module.operators.keys() - raft.operators.keys() == {*liberties.LIBERTIES}


def test_one_that_allows_another_thing_is_noticed(tmp_path: Path) -> None:
    for path in RAFT_TRACE.parent.glob("*.tla"):
        shutil.copy(path, tmp_path)
    changed = tmp_path / RAFT_TRACE.name
    text = changed.read_text(encoding="utf-8")
    assert "matchIndex[i][j] >= top" in text
    changed.write_text(text.replace("matchIndex[i][j] >= top", "matchIndex[i][j] > top"))
    assert liberties.first_difference(["Commit"], path=changed) == "Commit"


@pytest.mark.long
@pytest.mark.deep
def test_the_model_takes_each_liberty_within_its_bounds() -> None:
    assert trace_models.first_difference() is None


def test_the_properties_of_steps_that_the_model_asks_for() -> None:
    operators = load(trace_models.model()).operators
    names = [name for name in operators if name.endswith("Always")]
    assert names
    for name in names:
        assert operators[name].text == f"[][{name.removesuffix('Always')}]_vars"

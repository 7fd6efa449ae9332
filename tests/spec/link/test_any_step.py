"""Whatever a step is: what the properties of spec/features say of it, they say in Python too."""

import shutil
from pathlib import Path

import pytest

from raft_ref.features import Feature
from raft_ref.spec.files import EXTENDED_MODEL, FEATURES, RAFT
from raft_ref.spec.link.shared import shared
from tests.support.opinions.properties import RULES
from tests.support.opinions.steps import ON, first_difference, steps
from tests.support.quorums import SETS, wrong_majority

COUNT = 150
"""How many steps are looked at here; tests.support.mutants asks of more."""


@pytest.mark.long
@pytest.mark.parametrize("features", ON, ids=lambda on: "-".join(sorted(on)) or "none")
def test_the_properties_are_what_they_mean(features: frozenset[Feature]) -> None:
    found = {module: first_difference(module, features, count=COUNT) for module in RULES}
    assert found == dict.fromkeys(RULES)


@pytest.mark.long
@pytest.mark.deep
def test_each_is_true_of_some_step_and_false_of_another() -> None:
    told: set[tuple[tuple[str, str], bool]] = set()
    for features in ON:
        for _, _, opinions in steps(features, 700):
            told |= {*opinions.items()}
    assert told == {
        ((module, name), said)
        for module, rules in RULES.items()
        for name in rules
        for said in (True, False)
    }


def test_there_is_an_opinion_of_each_but_of_types() -> None:
    for module, rules in RULES.items():
        if module != EXTENDED_MODEL.stem:
            known = {each.name for each in shared(FEATURES / f"{module}.tla").properties()}
            assert {name for name in known if "TypeOK" not in name} - rules.keys() <= {
                "ForcedRequestsAreInFlight"  # of which no step at random could say otherwise
            }


@pytest.mark.parametrize("features", SETS, ids=lambda on: "-".join(sorted(on)))
def test_a_quorum_is_a_majority(features: frozenset[Feature]) -> None:
    assert wrong_majority(features) is None


@pytest.mark.long
def test_a_property_that_says_otherwise_is_noticed(tmp_path: Path) -> None:
    for path in (*RAFT.parent.glob("*.tla"), *FEATURES.glob("*.tla")):
        shutil.copy(path, tmp_path)
    changed = tmp_path / "LeaderContactInvariants.tla"
    text = changed.read_text(encoding="utf-8")
    assert "/\\ m.dest = i" in text
    changed.write_text(text.replace("/\\ m.dest = i", "/\\ m.dest # i"), encoding="utf-8")
    found = first_difference(changed.stem, ON[0], tmp_path, COUNT)
    assert found == "LeaderIsHeardFrom"

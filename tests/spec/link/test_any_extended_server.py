"""Whatever a server with features knows and is sent: its steps are those of ExtendedRaft's Next."""

from typing import Any

import pytest

from raft_ref.features import Feature
from raft_ref.features.bugs import FEATURE_BUGS, MEMBERSHIP_BUGS, READ_BUGS
from tests.support.any_extended_server import CASES, SETS, first_difference

BUGS = {**FEATURE_BUGS, **READ_BUGS, **MEMBERSHIP_BUGS}


@pytest.mark.long
@pytest.mark.parametrize("features", SETS, ids=lambda on: "-".join(sorted(on)) or "none")
def test_the_steps_of_any_server_are_those_of_the_spec(features: frozenset[Feature]) -> None:
    assert first_difference(features, cases=60) is None


@pytest.mark.long
@pytest.mark.deep
@pytest.mark.parametrize("name", BUGS)
def test_each_bug_of_the_zoo_differs(name: str) -> None:
    node: Any = BUGS[name].node
    assert first_difference(frozenset(node.on), node, CASES) is not None


def test_a_bug_of_the_zoo_differs() -> None:
    node: Any = FEATURE_BUGS["leader-grants-pre-vote"].node
    assert first_difference(frozenset(node.on), node, CASES) == "PreVoteRequest"

"""Whatever a server with features knows and is sent: its steps are those of ExtendedRaft's Next."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from raft_ref.features import ExtendedNode, Feature
from raft_ref.features.bugs import FEATURE_BUGS, MEMBERSHIP_BUGS, READ_BUGS
from raft_ref.spec.files import EXTENDED_TRACE
from tests.support.any_extended_server import (
    CASES,
    SETS,
    first_difference,
    first_step_difference,
    forgotten,
    initial_difference,
)
from tests.support.extended_servers import asked_for_pre_vote, in_joint, reading

BUGS = {**FEATURE_BUGS, **READ_BUGS, **MEMBERSHIP_BUGS}


@pytest.mark.long
@pytest.mark.parametrize("features", SETS, ids=lambda on: "-".join(sorted(on)) or "none")
def test_the_steps_of_any_server_are_those_of_the_spec(features: frozenset[Feature]) -> None:
    assert first_difference(features, cases=60) is None


def test_a_cluster_begins_as_the_spec_does() -> None:
    assert initial_difference(SETS[-1]) is None


def test_all_variables_are_among_vars() -> None:
    assert forgotten() is None


@pytest.mark.long
def test_all_variables_are_among_vars_of_the_liberties() -> None:
    assert forgotten(EXTENDED_TRACE) is None


def test_a_variable_that_is_not_is_named(tmp_path: Path) -> None:
    path = tmp_path / "Two.tla"
    path.write_text("---- MODULE Two ----\nVARIABLES one, other\nvars == <<one>>\n====\n")
    assert forgotten(path) == "other"


@pytest.mark.long
def test_the_first_steps_of_a_cluster_are_those_of_the_spec() -> None:
    assert first_step_difference(SETS[-1]) is None


class StandsNever(ExtendedNode):
    """Does nothing of its own."""

    def actions(self, state: Any) -> Any:
        return iter(())


@pytest.mark.long
def test_a_node_that_takes_no_first_step_differs() -> None:
    assert first_step_difference(frozenset(), StandsNever) == "Timeout"


class BeginsWithContact(ExtendedNode):
    """Begins as if it had heard from a leader."""

    def initial(self, me: Any) -> Any:
        return replace(super().initial(me), heard_from_leader=True)


@pytest.mark.long
def test_a_node_that_begins_otherwise_differs() -> None:
    assert initial_difference(frozenset({Feature.PRE_VOTE}), BeginsWithContact) == "Init"


@pytest.mark.long
def test_pre_votes_are_given_as_the_spec_gives_them() -> None:
    on = frozenset({Feature.PRE_VOTE})
    assert first_difference(on, cases=60, situation=asked_for_pre_vote) is None


@pytest.mark.long
def test_reads_are_answered_as_the_spec_answers_them() -> None:
    assert first_difference(frozenset({Feature.READ_INDEX}), cases=60, situation=reading) is None


@pytest.mark.long
def test_a_joint_configuration_is_left_as_the_spec_leaves_it() -> None:
    on = frozenset({Feature.MEMBERSHIP, Feature.JOINT_CONSENSUS})
    assert first_difference(on, cases=60, situation=in_joint) is None


class GivesToShorterLogs(ExtendedNode):
    """Looks at the last term alone."""

    def grants_pre_vote(self, state: Any, m: Any) -> bool:
        return super().grants_pre_vote(state, replace(m, last_log_index=state.last_index))


@pytest.mark.long
def test_who_gives_a_pre_vote_to_a_shorter_log_differs() -> None:
    on = frozenset({Feature.PRE_VOTE})
    found = first_difference(on, GivesToShorterLogs, CASES, asked_for_pre_vote)
    assert found == "PreVoteRequest"


@pytest.mark.long
@pytest.mark.deep
@pytest.mark.parametrize("name", BUGS)
def test_each_bug_of_the_zoo_differs(name: str) -> None:
    node: Any = BUGS[name].node
    assert first_difference(frozenset(node.on), node, CASES) is not None


def test_a_bug_of_the_zoo_differs() -> None:
    node: Any = FEATURE_BUGS["leader-grants-pre-vote"].node
    assert first_difference(frozenset(node.on), node, CASES) == "PreVoteRequest"

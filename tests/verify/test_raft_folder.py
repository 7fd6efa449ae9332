"""A Raft.tla of one's own counts for what is tied to it."""

from dataclasses import replace
from pathlib import Path

import pytest

from raft_ref import Node, State
from raft_ref.node import Step
from raft_ref.spec.files import INVARIANTS, MODEL, RAFT
from raft_ref.verify import (
    ClusterRequest,
    ExhaustiveCheck,
    GivenSizes,
    PropertyRequest,
    RequestError,
)

BOX = GivenSizes(servers=2, max_term=1, max_log_length=1, max_restarts=1, max_drops=0)


class Modest(Node):
    """Stands for election without a vote for itself."""

    def timeout(self, state: State) -> Step | None:
        """Time out; the votes that are granted are none yet."""
        step = super().timeout(state)
        return step and step._replace(state=replace(step.state, votes_granted=frozenset()))


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """Return a folder with a protocol in which a candidate does not count itself."""
    text = RAFT.read_text(encoding="utf-8")
    vote = "votesGranted' = [votesGranted EXCEPT ![i] = {i}]"
    assert vote in text
    (tmp_path / RAFT.name).write_text(text.replace(vote, vote.replace("{i}", "{}")))
    return tmp_path


def property_broken(node: type[Node] | None, **properties: object) -> str | None:
    asked = PropertyRequest(refine=True, **properties)  # type: ignore[arg-type]
    report = ExhaustiveCheck(ClusterRequest(node=node, sizes=BOX, properties=asked)).run()
    return None if report.counterexample is None else report.counterexample.prop.name


def test_a_protocol_of_ones_own(changed: Path) -> None:
    assert property_broken(Modest) == "StepRefinement"
    assert property_broken(Modest, raft=changed) is None
    assert property_broken(Node, raft=changed) == "StepRefinement"


def test_it_may_stand_beside_the_properties(changed: Path) -> None:
    spec = changed / INVARIANTS.name
    spec.write_text(INVARIANTS.read_text(encoding="utf-8"))
    assert property_broken(Modest, spec=spec) is None
    assert property_broken(Node, spec=spec) == "StepRefinement"


def test_a_model_that_is_of_another_protocol_is_refused(changed: Path) -> None:
    with pytest.raises(RequestError, match=r"bisimulation: MCRaft\.tla is not Raft\.tla: "):
        property_broken(Modest, raft=changed, bisimulation=True)
    for path in (MODEL, INVARIANTS):
        (changed / path.name).write_text(path.read_text(encoding="utf-8"))
    assert property_broken(Modest, raft=changed, bisimulation=True) is None


def test_a_folder_without_a_protocol_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"there is no Raft\.tla"):
        property_broken(Node, raft=tmp_path)

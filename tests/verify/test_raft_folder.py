"""A Raft.tla of one's own counts for what is tied to it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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


def with_text(folder: Path, old: str, new: str) -> Path:
    """Write a Raft.tla that differs in one place."""
    text = RAFT.read_text(encoding="utf-8")
    assert text.count(old) == 1
    (folder / RAFT.name).write_text(text.replace(old, new))
    return folder


def told(node: type[Node] | None, raft: Path) -> list[str]:
    """Return how steps differ from those of a protocol of one's own."""
    asked = PropertyRequest(refine=True, raft=raft, invariants=("StepRefinement",))
    report = ExhaustiveCheck(ClusterRequest(node=node, sizes=BOX, properties=asked)).run()
    return [] if report.counterexample is None else report.counterexample.instances


def test_a_step_that_is_not_enabled_is_told_with_the_condition(tmp_path: Path) -> None:
    role = '/\\ role[i] \\in {"Follower", "Candidate"}'
    raft = with_text(tmp_path, role, f"{role}\n    /\\ commitIndex[i] > 0")
    assert told(Node, raft) == [
        "the spec has no next states for Timeout(s1) here: commitIndex[i] > 0 is false"
    ]


@dataclass(frozen=True, slots=True)
class Nudge:
    """What the protocol does not have: a step of a server that thinks of another one."""

    peer: str
    times: int


class Nudging(Node):
    """Takes that step, in which nothing happens."""

    action_names = (*Node.action_names, "Nudge")

    def actions(self, state: State) -> Iterator[Any]:
        """Yield it too."""
        yield from super().actions(state)
        yield Nudge(next(self._peers(state)), 2)

    def act(self, state: State, action: Any) -> Step | None:
        """Take it."""
        return (
            Step(state, (), ("Nudge",)) if action == Nudge("s2", 2) else super().act(state, action)
        )


@pytest.mark.parametrize(
    ("action", "differences"),
    [
        ("Nudge(i, j, times) == i # j /\\ times = 2 /\\ UNCHANGED vars", []),
        (
            "Nudge(i, j, times) == i # j /\\ times = 3 /\\ UNCHANGED vars",
            ["the spec has no next states for Nudge(s1, s2, 2) here: times = 3 is false"],
        ),
        (
            "Nudge(i, j) == i # j /\\ UNCHANGED vars",
            ["Raft: Nudge takes 2 arguments, and the node gives 3"],
        ),
    ],
)
def test_an_action_of_ones_own_has_its_fields_as_arguments(
    tmp_path: Path, action: str, differences: list[str]
) -> None:
    call = action.partition(" ==")[0].replace("times", "2")
    step = "    \\/ \\E i \\in Server : Timeout(i)\n"
    text = with_text(tmp_path, step, f"{step}    \\/ \\E i, j \\in Server : {call}\n")
    raft = text / RAFT.name
    raft.write_text(raft.read_text().replace("\nNext ==", f"\n{action}\n\nNext ==", 1))
    assert told(Nudging, tmp_path) == differences


def test_a_folder_without_a_protocol_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"there is no Raft\.tla"):
        property_broken(Node, raft=tmp_path)

"""What is right holds, and what is made wrong is found: small searches, of seconds."""

from dataclasses import replace
from typing import Any

import pytest
from my_raft import MyRaft, Peer, Server

from raft_ref.explorer import Verdict
from raft_ref.verify import (
    ClusterRequest,
    ExhaustiveCheck,
    ExhaustiveReport,
    GivenSizes,
    PropertyRequest,
)

NO_FAULTS = {"max_restarts": 0, "max_drops": 0, "max_duplicates": 0}
# One election with a crash; and two terms of entries, with lost messages and late ones.
ELECTION = GivenSizes(max_term=1, max_log_length=0, max_messages=3)
ENTRIES = GivenSizes(servers=2, max_term=2, max_log_length=1)
# Two candidates of one term, each with half of the votes; leaders of four terms, as in figure 8.
HALVES = GivenSizes(servers=4, max_term=1, max_log_length=0, max_messages=5, **NO_FAULTS)
FIGURE_8 = GivenSizes(max_term=4, max_log_length=1, **NO_FAULTS)
# Without faults, for what looks at all steps out of each state.
FAULTLESS = GivenSizes(servers=2, max_term=2, max_log_length=1, **NO_FAULTS)


def searched(node: type[MyRaft], sizes: GivenSizes, **properties: Any) -> ExhaustiveReport:
    """Search all that a cluster can do within bounds."""
    asked = PropertyRequest(**properties)
    return ExhaustiveCheck(ClusterRequest(node=node, sizes=sizes, properties=asked)).run()


def broken(report: ExhaustiveReport) -> str | None:
    """Return the property that is violated; None if all hold."""
    return None if report.counterexample is None else report.counterexample.prop.name


@pytest.mark.parametrize("sizes", [ELECTION, ENTRIES])
def test_each_step_is_one_of_raft(sizes: GivenSizes) -> None:
    """And all properties of Raft hold, and no search ended early."""
    report = searched(MyRaft, sizes, refine=True)
    assert broken(report) is None
    assert report.search.verdict is Verdict.HOLDS_WITHIN_BOUNDS


def test_each_step_of_raft_can_be_taken() -> None:
    """But for snapshots, this Raft does all that Raft.tla does: none of its rules is too strict."""
    assert broken(searched(MyRaft, FAULTLESS, bisimulation=True)) is None


class ForgetsItsVote(MyRaft):
    """A Raft that does not write its vote to disk."""

    def restart(self, server: Server) -> Server:
        """Start again without the vote."""
        return replace(super().restart(server), vote=None)


class TakesHalfForAMajority(MyRaft):
    """A Raft in which half of the servers are enough."""

    def is_majority(self, count: int) -> bool:
        """Count one too few."""
        return 2 * count >= len(self.servers)


class CountsAnyTerm(MyRaft):
    """A Raft that commits what a majority has, of whatever term (figure 8)."""

    def commit(self, server: Server) -> Server:
        """Forget to look at the term."""
        ends = sorted([len(server.log), *(peer.match for peer in server.peers)])
        return replace(server, committed=max(server.committed, ends[(len(ends) - 1) // 2]))


class SendsTooLittle(MyRaft):
    """A Raft that never goes back to an earlier entry: safe, and it stands still."""

    def on_appended(self, server: Server, answer: Any) -> Any:
        """Learn nothing from a refusal."""
        step = super().on_appended(server, answer)
        if answer.accepted or step.state.role != "leader":
            return step
        before: frozenset[Peer] = server.peers
        return replace(step, state=replace(step.state, peers=before))


@pytest.mark.parametrize(
    ("node", "sizes", "properties", "found"),
    [
        (ForgetsItsVote, ELECTION, {}, "ElectionSafety"),
        (TakesHalfForAMajority, HALVES, {}, "ElectionSafety"),
        (CountsAnyTerm, FIGURE_8, {}, "LeaderCompleteness"),
        (SendsTooLittle, ENTRIES, {"refine": True}, "StepRefinement"),
    ],
)
def test_what_is_made_wrong_is_found(
    node: type[MyRaft], sizes: GivenSizes, properties: dict[str, Any], found: str
) -> None:
    """Each class above breaks a rule, and what follows from it."""
    assert broken(searched(node, sizes, **properties)) == found

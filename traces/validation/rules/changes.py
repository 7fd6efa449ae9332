"""Which change of the membership a step is: what a leader appended, whatever it was asked for.

The rule: a change is told by what it makes of the configuration before it, so that it is counted
under the same name for who says `AddServer` and for who says `ChangeTo`. One that was asked for and
not begun is none.
"""

from __future__ import annotations

from collections.abc import Sequence

from raft_ref.traces.format.features import CHANGES
from raft_ref.traces.format.trace import JsonObject

DEMOTION = "a voter becomes a learner"
OF_THE_LEADER = "a leader leaves itself out"
KINDS = (*CHANGES, DEMOTION)
"""What a change can be, in the order in which they are told."""


def kind(before: JsonObject, after: JsonObject) -> str:
    """Return what a change makes of a configuration, by the name of its step."""
    if after["outgoingVoters"]:
        return "EnterJoint"
    if before["outgoingVoters"]:
        return "LeaveJoint"
    if _new(after["voters"], before["voters"]):
        is_promoted = _new(after["voters"], before["voters"]) <= {*before["learners"]}
        return "PromoteLearner" if is_promoted else "AddServer"
    if _new(before["voters"], after["voters"]):
        is_left = _new(before["voters"], after["voters"]) <= {*after["learners"]}
        return DEMOTION if is_left else "RemoveServer"
    return "AddLearner" if _new(after["learners"], before["learners"]) else "RemoveServer"


def kinds(leader: str, before: JsonObject, after: JsonObject) -> list[str]:
    """Return what a change of a leader counts as: its kind, and whether it is no voter then."""
    found = [kind(before, after)]
    if leader in before["voters"] and leader not in after["voters"]:
        found.append(OF_THE_LEADER)
    return found


def _new(some: Sequence[str], before: Sequence[str]) -> set[str]:
    return {*some} - {*before}

"""Which actions of Raft.tla a step of a server composes, told by what it does.

A node names them itself, for coverage, traces and diagrams. So that the names mean what the spec
means by them, they are held against what happened.
"""

from raft_ref import Role
from raft_ref.explorer import Event, View


def composed(before: View, event: Event) -> tuple[str, ...]:
    """Return the actions within a step, in their order.

    A newer term is adopted first (UpdateTerm), then the handler takes the message. A candidate who
    leads after it became the leader (BecomeLeader), and a leader who has committed more did so by
    AdvanceCommitIndex.
    """
    assert event.server is not None
    old, new = before.states[event.server], event.after.states[event.server]
    names = []
    if event.message is not None:
        names += ["UpdateTerm"] if new.current_term > old.current_term else []
        names += [f"Handle{type(event.message).__name__}"]
    if new.role is Role.LEADER:
        names += ["BecomeLeader"] if old.role is not Role.LEADER else []
        names += ["AdvanceCommitIndex"] if new.commit_index > old.commit_index else []
    return tuple(names)


def miscalled(before: View, event: Event) -> list[str]:
    """Return how the names that a node gives differ from what it did, as text; none if not."""
    expected, given = composed(before, event), tuple(event.actions[1:])
    if expected == given:
        return []
    told = [", ".join(names) or "no others" for names in (given, expected)]
    return [f"{event.step} is said to compose {told[0]}, and composes {told[1]}"]

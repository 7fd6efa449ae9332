"""The reference node of Raft: pure, sans-IO, one handler for each action of spec/Raft.tla.

In: a state and an event (a message, a timeout, a client's request, a crash). Out: the next state
and the messages to send. `state`, `messages` and `node` are the node; `machine` is what committed
values do. Known bugs are nodes, too: `bugs` has those that change a rule, `durability` those of
writing to disk, `concurrency` one of doing two things at a time; `zoo` lists them all, and what
the node would need for others. `server` makes the node run.
"""

from raft_ref.machine import AppliedValues, StateMachine
from raft_ref.messages import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    Entry,
    InstallSnapshotRequest,
    InstallSnapshotResponse,
    Message,
    RequestVoteRequest,
    RequestVoteResponse,
    ServerId,
    Snapshot,
    Value,
)
from raft_ref.node import (
    ROLE_CHANGES,
    Action,
    AppendEntries,
    ClientRequest,
    CompactLog,
    InstallSnapshot,
    Node,
    Step,
    Timeout,
)
from raft_ref.state import DURABLE, Role, State

__version__ = "0.1.0"

__all__ = [
    "DURABLE",
    "ROLE_CHANGES",
    "Action",
    "AppendEntries",
    "AppendEntriesRequest",
    "AppendEntriesResponse",
    "AppliedValues",
    "ClientRequest",
    "CompactLog",
    "Entry",
    "InstallSnapshot",
    "InstallSnapshotRequest",
    "InstallSnapshotResponse",
    "Message",
    "Node",
    "RequestVoteRequest",
    "RequestVoteResponse",
    "Role",
    "ServerId",
    "Snapshot",
    "State",
    "StateMachine",
    "Step",
    "Timeout",
    "Value",
]

"""The reference node of Raft: pure, sans-IO, one handler for each action of spec/Raft.tla."""

from raft_ref.messages import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    Entry,
    Message,
    RequestVoteRequest,
    RequestVoteResponse,
    ServerId,
    Value,
)
from raft_ref.node import (
    ROLE_CHANGES,
    Action,
    AppendEntries,
    ClientRequest,
    Node,
    Step,
    Timeout,
)
from raft_ref.state import DURABLE, Role, State

__all__ = [
    "DURABLE",
    "ROLE_CHANGES",
    "Action",
    "AppendEntries",
    "AppendEntriesRequest",
    "AppendEntriesResponse",
    "ClientRequest",
    "Entry",
    "Message",
    "Node",
    "RequestVoteRequest",
    "RequestVoteResponse",
    "Role",
    "ServerId",
    "State",
    "Step",
    "Timeout",
    "Value",
]

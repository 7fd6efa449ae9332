"""What a line of a trace says, in the names of the spec: the form that all profiles read into.

The rules: whatever a line does not say is open; the values are JSON, as they were logged; one event
is about one server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from raft_ref.traces.format.trace import JsonObject

STAY: Final = "Stay"
"""Nothing happens: the line only tells of the state, or of a step that another line told of."""

MOVES: Final[Mapping[str, str]] = {
    "Start": "the server starts for the first time, or the trace begins",
    "Timeout": "it stands for a new term",
    "ClientRequest": "it takes a client's request into its log",
    "CompactLog": "it compacts its log",
    "Restart": "it crashes and starts again",
    "Receive": "it receives a message, handles it and replies",
    "Await": "it has received a message, and handles it before its next line that asks for it",
    "Send": "it sends a message",
    "AppendEntries": "as a leader it sends what nextIndex says",
    "InstallSnapshot": "as a leader it sends its snapshot",
    "DropMessage": "the network loses a message",
    "TakeLead": "it leads, with the votes that it has",
    "StepDown": "it gives up being a leader or candidate",
    "Apply": "its state machine is given the next entry",
    "AdoptTerm": "it adopts the term of a message, and handles it later",
    "Commit": "it advances its commit index as a leader",
    "MoveNextIndex": "as a leader it chooses anew what it sends next",
    "ForgetMatch": "as a leader it knows less of a peer than before",
    STAY: "nothing happens, or has happened already",
}
"""What a server may do at a line, or at a step that no line tells of."""

MOVES_OF_FEATURES: Final[Mapping[str, str]] = {
    "MissLeader": "the time in which it should have heard from a leader passes",
    "RequestPreVotes": "it asks all others whether they would vote for it",
    "ForgetPreVotes": "it asks no more",
    "CheckQuorum": "as a leader it looks whether a majority has answered, and else gives up",
    "TransferLeadership": "as a leader it is asked to have another server lead",
    "AbortTransfer": "it gives up having another server lead",
    "TimeoutNow": "as a leader it tells the other server to stand",
    "Read": "as a leader it is asked by a client to read",
    "RequestReadIndex": "it is asked by a client to read, and asks the leader for the index",
    "BeginRound": "as a leader it begins a round of heartbeats, for the reads noted so far",
    "Heartbeat": "as a leader it asks another server whether that still follows",
    "AnswerReads": "as a leader it answers what a majority has confirmed",
    "ServeRead": "its client gets what its state machine has",
    "LeaseRead": "as a leader it is asked to read, and trusts in its lease",
    "EndLease": "as a leader it trusts in its lease no more",
    "EndPromise": "its promise of a vote ends",
    "AddServer": "as a leader it is asked to make another server a voter",
    "RemoveServer": "as a leader it is asked to leave out a server, which can be itself",
    "AddLearner": "as a leader it is asked to send entries to a server that does not vote",
    "PromoteLearner": "as a leader it is asked to make a voter of a learner",
    "EnterJoint": "as a leader it is asked for other voters, by way of C_old,new",
    "LeaveJoint": "as a leader it goes on from C_old,new to C_new",
    "ChangeTo": "as a leader it appends a configuration, whichever change that is",
    "ApplyConfiguration": "it goes by a configuration that is committed",
}
"""What it may do while features are on (`format.features.STEPS`)."""


@dataclass(slots=True)  # not frozen: there is one for each line, made three times as fast
class Event:
    """What one line says.

    `line` is its number; `moves` are what its server may have done, one of them (empty: any);
    `name` is what the line calls it. `message` is what was received, or sent; `arguments` those of
    the move (`value`, `index`). `before` and `after` are variables of the server before and after
    it, as far as they were logged; with `is_complete`, `after` has all that changed. `sends` are
    the messages that it sent; None if that was not logged. `beyond` is what the line tells of that
    Raft.tla knows nothing of: nobody can say whether it is right. The commit index is
    `least_commit` or more, after it.
    """

    line: int
    server: str
    name: str
    moves: tuple[str, ...] = ()
    message: JsonObject | None = None
    arguments: JsonObject = field(default_factory=dict)
    before: JsonObject = field(default_factory=dict)
    after: JsonObject = field(default_factory=dict)
    is_complete: bool = False
    sends: tuple[JsonObject, ...] | None = None
    keeps_message: bool = True
    beyond: str = ""
    least_commit: int = 0

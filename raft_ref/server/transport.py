"""What a replica's messages travel by. The node and the replica are the same whatever it is."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Protocol

from raft_ref.messages import AppendEntriesRequest, AppendEntriesResponse, ServerId
from raft_ref.server.codec import Envelope
from raft_ref.state import Role, State


class Transport(Protocol):
    """A way to the other servers of a cluster, as the paper has it: what is sent may be lost.

    There are two: `Simulation`, in one process and on a simulated clock, and `SocketTransport`,
    between processes and machines. What arrives they hand to whoever made them.
    """

    def send(self, envelope: Envelope) -> None:
        """Send a message to its `dest`. Returns at once, and raises nothing."""


def may_leave_early(message: Any, written: State) -> bool:
    """Tell whether a message may leave while what it says is being saved (thesis, 10.2.1).

    Entries of a leader may, whose vote is written, and which tells of no commit for which it counts
    itself before it has written it (`SentWhileWriting` in `raft_ref.durability`).
    """
    return (
        isinstance(message, AppendEntriesRequest)
        and message.term == written.current_term
        and message.leader_commit <= written.last_index
    )


class Pulse:
    """What a server says again while its disk is at work, so that nobody takes it for gone.

    Nothing new may leave before it is written. But what has left may be said again: it is what a
    network may do with it at any time (what it had of entries left out, which could have been sent
    so then). So a slow disk silences no leader; and no followers, without whom a leader steps down.
    """

    def __init__(self) -> None:
        self._said: dict[ServerId, Envelope] = {}
        self._answered: Envelope | None = None

    def note(self, envelope: Envelope) -> None:
        """Take in what has been sent."""
        message = envelope.message
        if isinstance(message, AppendEntriesRequest):
            alone = replace(message, entries=())
            self._said[message.dest] = envelope._replace(message=alone)
        elif isinstance(message, AppendEntriesResponse) and message.success:
            self._answered = envelope

    def foresee(self, envelopes: Iterable[Envelope], written: State) -> None:
        """Take in what is to be sent, as far as it says nothing that is not written yet.

        A leader whose vote is written may be heard before its first entry is.
        """
        for envelope in envelopes:
            message = envelope.message
            if may_leave_early(message, written) and message.prev_log_index <= written.last_index:
                self.note(envelope)

    def again(self, state: State) -> list[Envelope]:
        """Return what a server in this state says again."""
        if state.role is not Role.LEADER:
            return []
        said = self._said.values()
        return [each for each in said if each.message.term == state.current_term]

    def answered(self, message: Any, state: State) -> list[Envelope]:
        """Return what a server in this state answers again to its leader, which has said more."""
        said = self._answered
        if said is None or not isinstance(message, AppendEntriesRequest):
            return []
        is_of_term = message.term == said.message.term == state.current_term
        return [said] if is_of_term and message.source == said.message.dest else []

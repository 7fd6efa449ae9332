"""What a replica's messages travel by. The node and the replica are the same whatever it is."""

from typing import Protocol

from raft_ref.server.codec import Envelope


class Transport(Protocol):
    """A way to the other servers of a cluster, as the paper has it: what is sent may be lost.

    There are two: `Simulation`, in one process and on a simulated clock, and `SocketTransport`,
    between processes and machines. What arrives they hand to whoever made them.
    """

    def send(self, envelope: Envelope) -> None:
        """Send a message to its `dest`. Returns at once, and raises nothing."""

"""What a server tells of itself to who asks: its role, how far it is, its disk, its peers."""

import asyncio
import ssl

import msgspec

from raft_ref.messages import ServerId
from raft_ref.server.network.addresses import Address
from raft_ref.server.network.framing import FrameError, frame, read_frame
from raft_ref.server.network.hello import VERSION, Hello
from raft_ref.server.replicas.replica import Replica
from raft_ref.server.session import Request


class PeerReport(msgspec.Struct, frozen=True):
    """A peer, as a server sees it.

    Whether there is a connection to it; and of who leads how many entries of its log it lacks, as
    far as is known, and the seconds of the last way there and back (with a save, if there was one).
    """

    is_connected: bool
    lag: int | None = None
    round_trip: float | None = None


class Report(msgspec.Struct, frozen=True):
    """A server as it is: `disk` is how many seconds a save has taken lately."""

    name: ServerId
    cluster: str
    role: str
    term: int
    leader: ServerId | None
    last_index: int
    commit_index: int
    applied: int
    snapshot_index: int
    disk: float
    peers: dict[ServerId, PeerReport]


def report_of(replica: Replica, cluster: str, connected: dict[ServerId, bool]) -> Report:
    """Return what is to be told of a replica and its connections."""
    state, followers = replica.state, replica.followers
    peers = {
        name: PeerReport(is_connected, *followers.get(name, (None, None)))
        for name, is_connected in sorted(connected.items())
    }
    return Report(
        replica.me,
        cluster,
        state.role.lower(),
        state.current_term,
        replica.leader,
        state.last_index,
        state.commit_index,
        replica.applied,
        state.compacted,
        replica.slack,
        peers,
    )


_decode = msgspec.msgpack.Decoder(tuple[int, Report]).decode


async def reported(address: Address, seconds: float, tls: ssl.SSLContext | None = None) -> Report:
    """Ask a server for its report. Raises OSError, FrameError and TimeoutError."""
    async with asyncio.timeout(seconds):
        reader, writer = await address.connect(tls)
        try:
            for said in (Hello(VERSION, None, None), Request(0, None, status=True)):
                writer.write(frame(msgspec.msgpack.encode(said)))
            payload = await read_frame(reader)
        finally:
            writer.close()
    try:
        return _decode(payload or b"")[1]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FrameError(f"no report: {error}") from None

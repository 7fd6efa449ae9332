"""What makes the node run: replicas, storage, transports, a key-value store.

In: the node of `raft_ref` as it is explored, a disk, a network, a clock. Out: a replicated
key-value store. A replica, of `replicas`, is a node with timers (no I/O), which saves by a
`storage`, sends by a `transport`, and applies what is committed to a `store`. `members` are who the
servers are, and a `store_node` is a node that has them in its log. A `process` runs a replica over
the sockets of `network`, with messages as bytes (`codec`), and its state in the files of `disk`;
`asked` is what it has to answer, and `serving` says which it is. A `client` talks to servers as a
`session` says. `simulation` has a whole cluster in one process.
"""

from raft_ref.server.client import Client, FailedError, OperationRequest, reason_of
from raft_ref.server.disk.storage import DiskStorage
from raft_ref.server.members import Members
from raft_ref.server.network.addresses import Address, parse_address
from raft_ref.server.network.framing import FrameError
from raft_ref.server.network.names import check_name
from raft_ref.server.network.report import Report, reported
from raft_ref.server.network.tls import Certificate, TlsError
from raft_ref.server.process import Server
from raft_ref.server.replicas.extended import IN_PRODUCTION, SERVED, ExtendedReplica, named
from raft_ref.server.replicas.membership import Member, MembershipReplica
from raft_ref.server.replicas.reading import ReadingReplica
from raft_ref.server.replicas.replica import (
    IN_PRACTICE,
    VOTES,
    Change,
    ChangeKind,
    Happening,
    Replica,
    Reply,
    Status,
    Timing,
)
from raft_ref.server.serving import ServerRequest
from raft_ref.server.session import Kind, Membership, Operation, Session, Transfer
from raft_ref.server.simulation.client import SimulatedClient
from raft_ref.server.simulation.cluster import Conditions, Simulation
from raft_ref.server.storage import Storage, StorageError
from raft_ref.server.store import KeyValueMachine, Result, Store
from raft_ref.server.store_node import StoreNode

__all__ = [
    "IN_PRACTICE",
    "IN_PRODUCTION",
    "SERVED",
    "VOTES",
    "Address",
    "Certificate",
    "Change",
    "ChangeKind",
    "Client",
    "Conditions",
    "DiskStorage",
    "ExtendedReplica",
    "FailedError",
    "FrameError",
    "Happening",
    "KeyValueMachine",
    "Kind",
    "Member",
    "Members",
    "Membership",
    "MembershipReplica",
    "Operation",
    "OperationRequest",
    "ReadingReplica",
    "Replica",
    "Reply",
    "Report",
    "Result",
    "Server",
    "ServerRequest",
    "Session",
    "SimulatedClient",
    "Simulation",
    "Status",
    "Storage",
    "StorageError",
    "Store",
    "StoreNode",
    "Timing",
    "TlsError",
    "Transfer",
    "check_name",
    "named",
    "parse_address",
    "reason_of",
    "reported",
]

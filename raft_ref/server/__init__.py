"""What makes the node run: replicas, storage, transports, a key-value store.

The node of `raft_ref` is the one that is explored; nothing of it is changed here. A `Replica` is a
node with timers and a store; a `Simulation` runs a cluster of them in one process, on a clock and a
network that are simulated; a `Server` runs one of them over sockets, with a disk; a `Client` talks
to these.
"""

from raft_ref.server.client import Client, FailedError, OperationRequest
from raft_ref.server.process import Server, ServerRequest
from raft_ref.server.replica import Happening, Replica, Reply, Status, Timing
from raft_ref.server.session import Kind, Operation, Session
from raft_ref.server.simulation.client import SimulatedClient
from raft_ref.server.simulation.cluster import Conditions, Simulation
from raft_ref.server.sockets import Address, parse_address
from raft_ref.server.storage import SqliteStorage, Storage, StorageError
from raft_ref.server.store import KeyValueMachine, Result, Store
from raft_ref.server.tls import Certificate, TlsError

__all__ = [
    "Address",
    "Certificate",
    "Client",
    "Conditions",
    "FailedError",
    "Happening",
    "KeyValueMachine",
    "Kind",
    "Operation",
    "OperationRequest",
    "Replica",
    "Reply",
    "Result",
    "Server",
    "ServerRequest",
    "Session",
    "SimulatedClient",
    "Simulation",
    "SqliteStorage",
    "Status",
    "Storage",
    "StorageError",
    "Store",
    "Timing",
    "TlsError",
    "parse_address",
]

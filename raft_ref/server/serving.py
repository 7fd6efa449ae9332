"""Which server is to run, as a user says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from raft_ref.features import Feature
from raft_ref.messages import ServerId
from raft_ref.server.disk.storage import DiskStorage
from raft_ref.server.network.addresses import Address
from raft_ref.server.network.tls import Certificate, TlsError
from raft_ref.server.process import Server
from raft_ref.server.replicas.extended import SERVED
from raft_ref.server.replicas.replica import IN_PRACTICE, Timing


@dataclass(frozen=True)
class ServerRequest:
    """One server of a cluster: which of the peers it is, its disk, and who may speak with it.

    The peers are those that the cluster began with; or, if it joined, itself and some others. Its
    first start is asked for: it `bootstraps` a new cluster with its peers, or `joins` theirs. At
    later ones that says nothing, and without it there is no first one.
    It listens at its address among the peers, or at `listen`. Beyond this machine it does so with a
    certificate alone, unless `lets_everybody_in`. Raises ValueError if it is none of the peers, or
    the only one.
    """

    me: ServerId
    peers: Mapping[ServerId, Address]
    data: Path
    listen: Address | None = None
    certificate: Certificate | None = None
    lets_everybody_in: bool = False
    features: frozenset[Feature] = SERVED
    timing: Timing = IN_PRACTICE
    joins: bool = False
    bootstraps: bool = False

    def __post_init__(self) -> None:
        """Refuse who is none of the peers, or has none."""
        if self.me not in self.peers:
            raise ValueError(f"id: {self.me} is not among --peers {', '.join(self.peers)}")
        if len(self.peers) < 2:
            raise ValueError(
                "peers: expected some servers of the cluster as well"
                if self.joins
                else "peers: a cluster has two servers or more"
            )
        if self.joins and Feature.MEMBERSHIP not in self.features:
            raise ValueError("join: only with membership")

    @property
    def address(self) -> Address:
        """Where it listens."""
        return self.listen or self.peers[self.me]

    @property
    def is_exposed(self) -> bool:
        """Whether it would let in whom it should not."""
        is_guarded = self.certificate is not None or self.address.is_local
        return not is_guarded and not self.lets_everybody_in

    def server(self) -> Server:
        """Return the server, which runs by `run(request.address)`.

        Raises TlsError if it is exposed, or its certificate cannot be used, and StorageError.
        """
        if self.is_exposed:
            raise TlsError(f"{self.address} can be reached from other machines, without TLS")
        files = self.certificate
        tls = None if files is None else (files.for_listening(), files.for_connecting())
        begins = self.bootstraps or self.joins
        storage = DiskStorage.of(self.data, self.me, self.peers, begins=begins, joins=self.joins)
        return Server(self.me, self.peers, storage, self.timing, tls, features=self.features)

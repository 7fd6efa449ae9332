"""What of a simulated cluster can be seen from above: who is up, who leads, who is cut off."""

from collections.abc import Callable
from dataclasses import dataclass

from raft_ref.messages import ServerId
from raft_ref.server.simulation.cluster import Simulation
from raft_ref.state import Role


@dataclass(frozen=True, slots=True)
class Seen:
    """A server from a moment on: the term that it leads, if it does, and who does not hear it.

    `unheard_by` are those to whom its messages are lost, `deaf_to` those whose messages it loses.
    """

    is_up: bool
    leads: int | None
    unheard_by: frozenset[ServerId]
    deaf_to: frozenset[ServerId]


@dataclass(frozen=True, slots=True)
class Moment:
    """How a cluster is from a time (seconds) on."""

    at: float
    servers: dict[ServerId, Seen]


def watched(kind: type[Simulation], on_moment: Callable[[Moment], None]) -> type[Simulation]:
    """Return the same kind of simulation, that tells how it is whenever that changes."""

    class Watched(kind):  # type: ignore[valid-type, misc]
        _last: dict[ServerId, Seen] | None = None

        def happened(self) -> None:
            now = {server: _seen(self, server) for server in self.servers}
            if now != self._last:
                self._last = now
                on_moment(Moment(self.now, now))

    return Watched


def _seen(cluster: Simulation, server: ServerId) -> Seen:
    replica = cluster.servers[server].replica
    state = None if replica is None else replica.state
    return Seen(
        is_up=state is not None,
        leads=state.current_term if state is not None and state.role is Role.LEADER else None,
        unheard_by=frozenset(b for a, b in cluster.cut if a == server),
        deaf_to=frozenset(a for a, b in cluster.cut if b == server),
    )

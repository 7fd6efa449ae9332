"""A client of a simulated cluster: it asks again where it has waited for too long."""

from collections import Counter
from collections.abc import Callable

from raft_ref.messages import ServerId
from raft_ref.server.replicas.replica import Reply
from raft_ref.server.session import ExpiredError, Session, Wanted
from raft_ref.server.simulation.cluster import Simulation
from raft_ref.server.store import Result


class SimulatedClient:
    """A client that does one thing at a time.

    Arguments: the cluster; the client's name there; seconds that it waits for a reply, and that it
    pauses (drawn or fixed) before it asks once more; the server that is nearest to it, if one is.
    `counts` tells how requests ended.
    """

    def __init__(
        self,
        simulation: Simulation,
        name: str,
        patience: float,
        pause: Callable[[], float],
        nearest: ServerId | None = None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._simulation = simulation
        self._name = name
        self._patience = patience
        self._pause = pause
        self._session = Session(tuple(simulation.servers), nearest)
        self._attempt = 0  # what belongs to an earlier one comes too late

    def do(self, wanted: Wanted, then: Callable[[Result | None], None]) -> None:
        """Do something; `then` is called with the result, or None where nobody will ever know."""
        self._then = then
        self._session.begin(wanted)
        self._ask()

    def _ask(self) -> None:
        self._attempt += 1
        request = self._session.ask()
        name = self._name, request.number
        attempt = self._attempt

        def on_reply(reply: Reply) -> None:
            if attempt == self._attempt:
                self._take(request.number, reply)

        self._simulation.request(
            self._session.target,
            name,
            lambda replica, now: request.put_to(replica, name, now),
            on_reply,
        )
        self._later(self._patience, self._ask_another)

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call something later, unless more has happened by then."""
        attempt = self._attempt
        self._simulation.at(seconds, lambda: call() if attempt == self._attempt else None)

    def _ask_another(self) -> None:
        self.counts["asked again"] += 1
        self._session.give_up_waiting()
        self._ask()

    def _take(self, number: int, reply: Reply) -> None:
        self.counts[reply.status] += 1
        self._attempt += 1
        try:
            result = self._session.take(number, reply)
        except ExpiredError:
            self.counts["expired"] += 1
            self._then(None)
            return
        if result is not None:
            self._then(result)
            return
        self._later(self._pause(), self._ask)

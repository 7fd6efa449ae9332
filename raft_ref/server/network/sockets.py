"""The network of a real cluster: sockets between servers, and from clients to servers.

They are TCP's, from machine to machine, or Unix's, between processes of one machine.

Two rules hold here.
 - Nothing blocks a server: what cannot be sent now waits in a queue of a limited size, and what
   does not fit is lost. Raft takes a lost message as any other loss.
 - Whoever connects may send anything. A connection that does not speak our frames, or speaks for a
   server that is not let in, is closed with one line in the log, and nothing else happens.

A connection carries frames one way (from a server to its peer) or requests and replies (from a
client, and back). Its first frame says which, and who speaks. To a server the other one says who it
is as well, or why it does not let it in, before anything else is sent; and, later, if it is spoken
with no more, why.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from raft_ref.messages import ServerId
from raft_ref.server.codec import Envelope, encode
from raft_ref.server.network.addresses import Address, Contexts
from raft_ref.server.network.hello import VERSION, Answer, Greeting, Hello, take
from raft_ref.server.network.incoming import Asked
from raft_ref.server.network.links import DEFAULT_LIMITS, Limits, Link
from raft_ref.server.network.listener import Listener
from raft_ref.server.network.tls import speaks_for
from raft_ref.server.transport import Transport

__all__ = ["VERSION", "Hello", "SocketTransport"]


class SocketTransport(Transport):
    """All connections of one server: a link to each peer, and a listener.

    `addresses` are those of the servers of the cluster that are known at first. `hello` returns
    what the server says of itself; `greet` answers another that speaks to it, and `hear` is told
    what each peer answers, and says whether to go on.
    """

    def __init__(
        self,
        addresses: Mapping[ServerId, Address],
        hello: Callable[[], Hello],
        greet: Greeting,
        deliver: Callable[[Envelope], None],
        answer: Callable[[Asked], None],
        limits: Limits = DEFAULT_LIMITS,
        tls: Contexts | None = None,
        hear: Callable[[ServerId, Answer], Awaitable[bool]] = lambda peer, answer: take(answer),
        is_at_work: Callable[[], bool] = lambda: True,
    ) -> None:
        """Open nothing yet. `tls` is for listening and for connecting.

        `is_at_work` says whether clients that wait for long are told to wait on.
        """
        first = hello()
        assert first.source is not None
        self._hello = hello
        self._me = first.source
        self._tls = tls
        self._limits = limits
        self._hear = hear
        self.links: dict[ServerId, Link] = {}
        self._running: dict[ServerId, asyncio.Task[None]] = {}
        for peer, address in addresses.items():
            self._add(peer, address)
        self._is_started = False
        self._own = addresses.get(self._me)
        self._listener = Listener(
            *(self._me, greet, deliver, answer, limits),
            features=first.features,
            known=self._known,
            is_at_work=is_at_work,
        )

    def _known(self) -> dict[ServerId, Address]:
        known = {peer: link.address for peer, link in self.links.items()}
        return known if self._own is None else {self._me: self._own, **known}

    def _is_of(self, peer: ServerId, address: Address, certificate: Mapping[str, Any]) -> bool:
        return speaks_for(certificate, peer, address.host, self._known())

    def _add(self, peer: ServerId, address: Address) -> None:
        if peer != self._me:
            connecting = None if self._tls is None else self._tls[1]
            hear = partial(self._hear, peer)
            said = partial(self._said_to, peer)
            is_of = partial(self._is_of, peer, address)
            self.links[peer] = Link(address, said, connecting, self._limits, hear, is_of)

    def _said_to(self, peer: ServerId) -> Hello:
        return msgspec.structs.replace(self._hello(), dest=peer)

    async def start(self, address: Address) -> Address:
        """Listen at an address, and connect to all peers; return the address. Raises OSError."""
        bound = await self._listener.start(address, None if self._tls is None else self._tls[0])
        self._is_started = True
        for peer in self.links:
            self._run(peer)
        return bound

    def _run(self, peer: ServerId) -> None:
        if self._is_started:
            self._running[peer] = asyncio.ensure_future(self.links[peer].run())

    def connect(self, peer: ServerId, address: Address) -> None:
        """Let a server be a peer, if it is none yet at that address."""
        known = self.links.get(peer)
        if peer == self._me or (known is not None and known.address == address):
            return
        self._close(peer)
        self._add(peer, address)
        self._run(peer)

    def dismiss(self, peer: ServerId, farewell: Answer) -> None:
        """Speak with a peer no more, and tell it why."""
        self.replace(peer, farewell)
        self._close(peer)

    def cut(self, peer: ServerId) -> None:
        """Close the connections of a peer, which may come back."""
        self._listener.cut(peer)

    def replace(self, peer: ServerId, farewell: Answer) -> None:
        """Listen no more to who has spoken for a peer, and tell it why."""
        self._listener.dismiss(peer, farewell)

    def _close(self, peer: ServerId) -> None:
        self.links.pop(peer, None)
        task = self._running.pop(peer, None)
        if task is not None:
            task.cancel()

    def taken(self) -> None:
        """Read on from peers: what was delivered has been taken up."""
        self._listener.taken()

    def send(self, envelope: Envelope) -> None:
        """Send a message to a peer; it may be lost."""
        link = self.links.get(envelope.message.dest)
        if link is not None:
            link.send(encode(envelope))

    async def close(self) -> None:
        """Close all connections."""
        running = [*self._running.values()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._listener.close()

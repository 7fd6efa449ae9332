"""Where servers listen."""

import asyncio
import ipaddress
import ssl
from collections.abc import Callable
from typing import NamedTuple, TypeVar

_Protocol = TypeVar("_Protocol", bound=asyncio.Protocol)


class Address(NamedTuple):
    """Where a server listens: a host and a port, or (port 0) the path of a Unix socket."""

    host: str
    port: int

    def __str__(self) -> str:
        if self.is_unix:
            return f"unix:{self.host}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_unix(self) -> bool:
        """Whether it is the path of a Unix socket."""
        return "/" in self.host

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.is_unix or self.host == "localhost" or _is_loopback(self.host)

    async def open(self, make: Callable[[], _Protocol], tls: ssl.SSLContext | None) -> _Protocol:
        """Open a connection, which is given to what `make` returns. Raises OSError."""
        loop = asyncio.get_running_loop()
        if self.is_unix:
            return (await loop.create_unix_connection(make, self.host))[1]
        host = self.host if tls else None
        return (
            await loop.create_connection(make, self.host, self.port, ssl=tls, server_hostname=host)
        )[1]

    async def connect(
        self, tls: ssl.SSLContext | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection. Raises OSError."""
        if self.is_unix:
            return await asyncio.open_unix_connection(self.host)
        host = self.host if tls else None
        return await asyncio.open_connection(self.host, self.port, ssl=tls, server_hostname=host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


Contexts = tuple[ssl.SSLContext, ssl.SSLContext]
"""TLS for listening and for connecting."""


def parse_address(text: str) -> Address:
    """Return the address that ``host:port``, ``[host]:port`` or ``unix:/path`` names.

    Raises ValueError.
    """
    if text.startswith("unix:/"):
        return Address(text.removeprefix("unix:"), 0)
    host, separator, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not separator or not host or not port.isascii() or not port.isdigit():
        raise ValueError(f"{text}: expected host:port")
    if not 0 < int(port) < 2**16:
        raise ValueError(f"{text}: a port is a number from 1 to 65535")
    return Address(host, int(port))

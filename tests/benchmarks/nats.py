"""Three servers of NATS with a replicated stream as a key-value store (JetStream, Raft in Go)."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

Do = Callable[[bool, int], Awaitable[None]]

_STREAM = {
    "name": "KV_b",
    "subjects": ["$KV.b.>"],
    "num_replicas": 3,
    "max_msgs_per_subject": 1,
    "storage": "file",
}


class Connection:
    """A client that asks one thing after the other, in NATS' own protocol."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def opened(cls, port: int) -> "Connection":
        """Connect. Raises OSError."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()  # what the server says of itself
        made = cls(reader, writer)
        asked = f'CONNECT {{"verbose":false,"headers":false}}\r\nSUB _I.{id(made)} 1\r\n'
        writer.write(asked.encode())
        return made

    async def asked(self, subject: str, content: bytes) -> Any:
        """Return the answer to what is published under a subject."""
        head = f"PUB {subject} _I.{id(self)} {len(content)}\r\n"
        self._writer.write(head.encode() + content + b"\r\n")
        while True:
            line = await self._reader.readline()
            if not line:
                raise OSError("the server closed the connection")
            if line.startswith(b"PING"):
                self._writer.write(b"PONG\r\n")
            elif line.startswith(b"MSG"):
                size = int(line.split()[-1])
                return json.loads((await self._reader.readexactly(size + 2))[:size])


class Nats:
    """Three servers; what is written is in a majority's files, and synced later."""

    name = "NATS"

    def __init__(self, folder: Path, numbers: list[int]) -> None:
        self._ports, routes = numbers[:3], numbers[3:]
        among = ",".join(f"nats://127.0.0.1:{port}" for port in routes)
        self.commands = [
            [
                "nats-server",
                *("-n", f"n{at}", "-a", "127.0.0.1", "-p", str(port)),
                *("-js", "-sd", str(folder / f"n{at}"), "--cluster_name", "c"),
                *("--cluster", f"nats://127.0.0.1:{routes[at]}", "--routes", among),
            ]
            for at, port in enumerate(self._ports)
        ]

    async def workers(self, count: int) -> list[Do]:
        """Return clients that are connected, to the leader of the stream: that spares a hop."""
        leader = await self._leader()
        return [self._doing(await Connection.opened(leader)) for _ in range(count)]

    async def _leader(self) -> int:
        while True:
            for port in self._ports:
                with suppress(OSError, KeyError, TimeoutError):
                    async with asyncio.timeout(5):
                        content = json.dumps(_STREAM).encode()
                        connection = await Connection.opened(port)
                        said = await connection.asked("$JS.API.STREAM.CREATE.KV_b", content)
                        return self._ports[int(said["cluster"]["leader"][1:])]
            await asyncio.sleep(0.2)

    def _doing(self, connection: Connection) -> Do:
        async def do(is_write: bool, number: int) -> None:
            if is_write:
                said = await connection.asked(f"$KV.b.key{number}", b"x" * 100)
                assert "seq" in said, said
            else:
                wanted = json.dumps({"last_by_subj": f"$KV.b.key{number}"}).encode()
                said = await connection.asked("$JS.API.STREAM.MSG.GET.KV_b", wanted)
                assert "message" in said, said

        return do

"""One run: servers, clients, faults, and what is made of it."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from raft_ref.server import (
    Address,
    Change,
    ChangeKind,
    Client,
    FailedError,
    Kind,
    Membership,
    Operation,
)
from raft_ref.server.simulation.linearizability import Observation, is_linearizable
from raft_ref.server.simulation.trial import drawn
from tests.raft_ref.server.test_processes import Cluster

CLIENTS = 4
EPOCH = 5.0
"""Seconds after which clients go on with other keys, so that histories are short."""


class Servers(Cluster):
    """Processes that come and go; those after the first three have joined."""

    def told(self, server: str) -> list[str]:
        """Return what a server is told of the others: who the cluster began with, and itself."""
        names = ["1", "2", "3", *([] if server in "123" else [server])]
        return ["--peers", ",".join(f"{name}={self.addresses[name]}" for name in names)]

    def first_start(self, server: str) -> list[str]:
        """Return what is said at the first start of a server."""
        return super().first_start(server) if server in "123" else ["--join"]

    def added(self) -> str:
        """Return the name of a new server."""
        name = str(len(self.addresses) + 1)
        self.addresses[name] = Address(str(self.folder / f"{name}.sock"), 0)
        return name


class Nemesis:
    """A run, drawn from a seed."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._chance = random.Random(seed)
        self._seed = seed
        self._servers = Servers(folder)
        self._members = list("123")
        self._seen: list[Observation] = []
        self._failed = 0
        self._faults: Counter[str] = Counter()
        self._wrong: list[str] = []

    async def run(self, seconds: float) -> None:
        """Let clients work, and disturb the servers, for so long."""
        for name in self._members:
            self._servers.start(name)
        self._servers.wait()
        end = time.monotonic() + seconds
        clients = [asyncio.ensure_future(self._work(number, end)) for number in range(CLIENTS)]
        self._administrator = self._client(0)
        await self._administrator.do(Operation(Kind.PUT, "ready", "yes"), 30.0)
        while time.monotonic() < end:
            await asyncio.sleep(self._chance.uniform(0.2, 1.0))
            fault = self._chance.choice((self._kill, self._kill, self._stop, self._flip))
            await fault(self._chance.choice(self._members))
        await asyncio.gather(*clients)
        if not is_linearizable(self._seen):
            self._wrong.append("what clients saw is not explained by one store")
        for code, log in self._servers.stop_all():
            if code or "Traceback" in log:
                self._wrong.append(f"a server ended with {code}: {log.splitlines()[-1:]}")

    def _client(self, number: int) -> Client:
        where = [self._servers.addresses[name] for name in self._members]
        return Client(where[number % 3 :] + where[: number % 3])

    async def _work(self, number: int, end: float) -> None:
        chance, epoch = random.Random(f"{self._seed} {number}"), 0
        client, begun = self._client(number), time.monotonic()
        while (start := time.monotonic()) < end:
            if start > begun + EPOCH:  # with other keys, and who the members are now
                await client.close()
                client, begun, epoch = self._client(number), start, epoch + 1
            keys = [f"{epoch}{each}" for each in "xyz"]
            name = f"{number}-{len(self._seen)}-{start}"
            operation = drawn(chance, keys, name, self._seen[-50:], False)
            try:
                result = await client.do(operation, 10.0)
                self._seen.append(Observation(operation, start, time.monotonic(), result))
            except FailedError as error:
                self._failed += 1
                if not error.is_definite:
                    self._seen.append(Observation(operation, start))
        await client.close()

    # Faults

    async def _kill(self, name: str) -> None:
        self._faults["killed"] += 1
        self._servers.kill(name)
        await asyncio.sleep(self._chance.uniform(0, 0.5))
        self._servers.start(name)
        await asyncio.sleep(0.8)

    async def _stop(self, name: str) -> None:
        self._faults["stopped for a while"] += 1
        self._servers.processes[name].send_signal(signal.SIGSTOP)
        await asyncio.sleep(self._chance.uniform(0.1, 1.0))
        self._servers.processes[name].send_signal(signal.SIGCONT)

    async def _flip(self, name: str) -> None:
        self._faults["a byte of the disk flipped, and replaced"] += 1
        self._servers.kill(name)
        path = self._servers.folder / name / self._chance.choice(("raft.journal", "raft.mark"))
        content = bytearray(path.read_bytes())
        at = self._chance.randrange(len(content.rstrip(b"\0")))
        content[at] ^= 1 << self._chance.randrange(8)
        path.write_bytes(content)
        self._servers.start(name)
        process = self._servers.processes.pop(name)
        code = await asyncio.to_thread(process.wait, 30)
        log = process.communicate()[1]
        if code != 2 or str(path) not in log:
            self._wrong.append(f"{path}: byte {at} flipped: exit code {code}: {log}")
        await self._replace(name)

    async def _replace(self, name: str) -> None:
        new = self._servers.added()
        self._servers.start(new)
        while not Path(self._servers.addresses[new].host).exists():
            await asyncio.sleep(0.02)
        for kind, server in (
            (ChangeKind.ADD, new),
            (ChangeKind.PROMOTE, new),
            (ChangeKind.REMOVE, name),
        ):
            await self._change(Change(kind, server, str(self._servers.addresses[server])))
        self._members = [new if each == name else each for each in self._members]
        await self._administrator.close()
        self._administrator = self._client(0)

    async def _change(self, change: Change) -> None:
        for _ in range(60):
            try:
                await self._administrator.do(Membership(change), 10.0)
                return
            except FailedError:
                await asyncio.sleep(0.2)
        self._wrong.append(f"{change} was not made")

    # What came of it

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not self._wrong

    def figures(self) -> Iterator[str]:
        """Yield what was done, what befell the servers, and what is wrong."""
        done = sum(each.result is not None for each in self._seen)
        yield f"{done:,} operations done, {self._failed} not, or not known to be"
        for what, times in sorted(self._faults.items()):
            yield f"{times} times {what}"
        yield from (f"WRONG: {each}" for each in self._wrong)
        yield "nothing acknowledged was lost" if self.is_well else "SOMETHING IS WRONG"

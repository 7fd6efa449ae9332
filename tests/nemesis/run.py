"""One run: servers, clients, faults, and what is made of it."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from raft_ref.server import (
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
from tests.nemesis import porcupine
from tests.nemesis.servers import Servers

CLIENTS = 4
Fault = Callable[[str], Awaitable[None]]
EPOCH = 5.0
"""Seconds after which clients go on with other keys, so that histories are short."""


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
        self._judged = "porcupine was not asked: Go is missing"
        self._folder = folder
        self._judge: Path | None = None

    async def run(self, seconds: float) -> None:
        """Let clients work, and disturb the servers, for so long."""
        self._judge = await asyncio.to_thread(porcupine.built, self._folder)
        try:
            self._servers.open()
            await self._run(seconds)
        finally:
            self._servers.close()

    def _all_faults(self) -> list[Fault]:
        """Return what can be done to servers here."""
        kills, disks = [self._kill, self._kill, self._stop], [self._flip, self._fill, self._slow]
        every: list[Fault] = [*kills, *disks]
        if self._servers.clocks is not None:
            every += [self._set_clock, self._run_at_another_rate]
        if self._servers.network is not None:
            every += [self._cut, self._cut]
        return every

    async def _run(self, seconds: float) -> None:
        for name in self._members:
            self._servers.start(name)
        await asyncio.to_thread(self._servers.wait)
        end = time.monotonic() + seconds
        clients = [asyncio.ensure_future(self._work(number, end)) for number in range(CLIENTS)]
        self._administrator = self._client(0)
        await self._administrator.do(Operation(Kind.PUT, "ready", "yes"), 30.0)
        kinds, faults = list[Fault](), self._all_faults()
        while time.monotonic() < end:
            await asyncio.sleep(self._chance.uniform(0.2, 1.0))
            kinds = kinds or self._chance.sample(faults, len(faults))
            await kinds.pop()(self._chance.choice(self._members))
        await asyncio.gather(*clients)
        await asyncio.to_thread(self._look)

    def _look(self) -> None:
        """See what came of it."""
        if not is_linearizable(self._seen):
            self._wrong.append("what clients saw is not explained by one store")
        if self._judge is not None:
            found = porcupine.verdict(self._judge, self._seen)
            self._judged = f"porcupine says {found}"
            if found != "Ok":
                self._wrong.append(f"what clients saw: {self._judged}")
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
        code, log = await asyncio.to_thread(self._servers.ended, process, 60)
        if code != 2 or str(path) not in log:
            self._wrong.append(f"{path}: byte {at} flipped: exit code {code}: {log}")
        await self._replace(name)

    async def _fill(self, name: str) -> None:
        """Let a disk be full: who cannot save stops, and says why; with room it comes back."""
        self._faults["a full disk"] += 1
        self._servers.fill(name)
        process = self._servers.processes.pop(name)
        code, log = await asyncio.to_thread(self._servers.ended, process, 60)
        if code not in (1, 2) or "File too large" not in log:
            self._wrong.append(f"{name} with a full disk: exit code {code}: {log[-300:]}")
        self._servers.start(name)
        await asyncio.sleep(0.8)

    async def _slow(self, name: str) -> None:
        self._faults["a slow disk"] += 1
        self._servers.slow_down(name, self._chance.uniform(0.05, 0.4))
        await asyncio.sleep(self._chance.uniform(0.5, 2.0))
        self._servers.slow_down(name, 0.0)

    async def _set_clock(self, name: str) -> None:
        """Set a clock, and set it back: what waits for a time waits for longer then."""
        self._faults["a clock set, and set back"] += 1
        self._servers.set_clock(name, self._chance.choice((-2.0, 1.0, 5.0)))
        await asyncio.sleep(self._chance.uniform(0.5, 2.0))
        self._servers.set_clock(name)
        await asyncio.sleep(0.5)

    async def _run_at_another_rate(self, name: str) -> None:
        self._faults["killed, and a clock runs at another rate"] += 1
        self._servers.kill(name)
        self._servers.set_clock(name, rate=self._chance.choice((0.8, 1.0, 1.25)))
        self._servers.start(name)
        await asyncio.sleep(0.8)

    async def _cut(self, name: str) -> None:
        """Cut a server off from the others, or one way, or two from each other."""
        assert self._servers.network is not None
        others = [each for each in self._members if each != name]
        kind = self._chance.choice(("cut off", "cut off one way", "cut off from one other"))
        self._faults[kind] += 1
        if kind == "cut off from one other":
            others = others[:1]
        ways = [(name, each) for each in others]
        if kind != "cut off one way":
            ways += [(each, name) for each in others]
        self._servers.network.cut(ways)
        await asyncio.sleep(self._chance.uniform(0.5, 3.0))
        self._servers.network.heal()
        await asyncio.sleep(0.5)

    async def _replace(self, name: str) -> None:
        new = self._servers.added()
        self._servers.start(new)
        await asyncio.to_thread(self._servers.wait_for, new)
        for kind, server in (
            (ChangeKind.ADD, new),
            (ChangeKind.PROMOTE, new),
            (ChangeKind.REMOVE, name),
        ):
            await self._change(Change(kind, server, str(self._servers.addresses[server])))
        self._members = [new if each == name else each for each in self._members]
        self._servers.members = self._members
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
        yield from self._servers.without()
        yield self._judged
        yield from (f"WRONG: {each}" for each in self._wrong)
        yield "nothing acknowledged was lost" if self.is_well else "SOMETHING IS WRONG"

"""The store beside its peers: three servers on loopback, every write synced to the disk.

    python -m tests.benchmarks.store [--seconds N] [--clients N ...] [--only NAME ...]

Prints a line for each system and number of clients that work at one time: writes and linearizable
reads a second, with the median and the 99th percentile of their latency, the microseconds that all
servers together work for one (by the processor's clock, and so the same on a machine that is busy),
and the ratio of rates to PySyncObj's; then for how long nothing can be written when the leader is
killed (SIGKILL), and when it is stopped (SIGTERM).

- raft-ref: three `raft-ref serve` over TCP, and clients of its own kind. Where they are named,
  uvloop is the same on that event loop, and reads-index, reads-any and reads-lease with other
  reads: at the leader in rounds of their own, at all servers, at the leader by lease.
- PySyncObj (with the extra `[bench]`): three processes, each with a journal on disk. Its clients
  live within a server, here the leader, and so save a hop. It does not sync its journal, and has
  no linearizable reads. It sends entries one by one, which is faster than its batches: these wait.
- NATS, if it is installed (Debian: nats-server): three servers, a stream as a key-value store. It
  syncs its files from time to time only, and reads at the leader without asking the others.
- etcd, if it is installed (Debian: etcd-server): three members, and clients over its JSON gateway,
  which costs it more than its own protocol would.
"""

import argparse
import asyncio
import base64
import json
import math
import os
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raft_ref.server import Address, Client, FailedError, Kind, Operation
from tests.benchmarks.nats import Nats

Do = Callable[[bool, int], Awaitable[None]]
"""Write (True) or read (False) a key of this number."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Operations a second, and the latencies (milliseconds) of the median and of one in 100.

    And the microseconds that the servers worked for one, all of them together.
    """

    rate: float
    median: float
    late: float
    work: float = math.nan

    def __str__(self) -> str:
        work = "-" if math.isnan(self.work) else f"{self.work:,.0f}"
        return f"{self.rate:>8,.0f} {self.median:>7.2f} {self.late:>8.2f} {work:>7}"


def rate_of(latencies: list[float], seconds: float, worked: float = math.nan) -> Rate:
    """Return the rate of operations that took so long each, in so many seconds altogether.

    And for which servers worked for so many seconds.
    """
    ranked = sorted(latencies)
    late = ranked[min(len(ranked) - 1, int(0.99 * len(ranked)))]
    work = 1e6 * worked / len(ranked)
    return Rate(len(ranked) / seconds, 1000 * statistics.median(ranked), 1000 * late, work)


Servers = list["subprocess.Popen[bytes]"]


def worked(servers: Servers) -> float:
    """Return for how many seconds processes have worked, by the processor's clock."""
    total = 0
    for each in servers:
        # What stands in parentheses, the program's name, may have spaces in it.
        fields = Path(f"/proc/{each.pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


async def load(workers: list[Do], servers: Servers, seconds: float, is_write: bool) -> Rate:
    """Let all workers do one thing after the other for some seconds."""
    latencies: list[float] = []
    begin, before = time.perf_counter(), worked(servers)

    async def work(do: Do, number: int) -> None:
        while time.perf_counter() - begin < seconds:
            start = time.perf_counter()
            await do(is_write, number)
            latencies.append(time.perf_counter() - start)

    await asyncio.gather(*(work(do, number) for number, do in enumerate(workers)))
    return rate_of(latencies, time.perf_counter() - begin, worked(servers) - before)


async def longest_pause(write: Callable[[], Awaitable[bool]]) -> float:
    """Write for some seconds; return the longest time between two writes that were done."""
    start = last = time.perf_counter()
    longest = 0.0
    while last - start < 3.0:
        if await write():
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
    return longest


def ports(count: int) -> list[int]:
    """Return ports that are free."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    found = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return found


@contextmanager
def processes(commands: list[list[str]]) -> Iterator[Servers]:
    """Run commands until the end of the block."""
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = [subprocess.Popen(command, **quiet) for command in commands]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()


# ---- raft-ref


class Ours:
    """Three servers of ours."""

    name = "raft-ref"
    reads = "leader"
    of_any = False
    more: tuple[str, ...] = ()

    def __init__(self, folder: Path) -> None:
        numbers = ports(3)
        self.addresses = [Address("127.0.0.1", port) for port in numbers]
        peers = ",".join(f"{n}={a}" for n, a in enumerate(self.addresses, start=1))
        main = "import sys; from raft_ref.cli import main; sys.exit(main())"
        self.commands = [
            [
                sys.executable,
                "-c",
                main,
                "serve",
                "--bootstrap",
                "--quiet",
                "--reads",
                self.reads,
                "--id",
                str(n),
                "--peers",
                peers,
                "--data",
                str(folder / str(n)),
                *self.more,
            ]
            for n in (1, 2, 3)
        ]

    async def workers(self, count: int) -> list[Do]:
        """Return clients that are connected."""
        turned = [self.addresses[at:] + self.addresses[:at] for at in range(3)]
        clients = [Client(turned[number % 3]) for number in range(count)]

        def doing(client: Client) -> Do:
            async def do(is_write: bool, number: int) -> None:
                kind = Kind.PUT if is_write else Kind.GET
                value = "x" * 100 if is_write else None
                of_any = self.of_any and not is_write
                await client.do(Operation(kind, f"key {number}", value, of_any=of_any), 30.0)

            return do

        found = [doing(client) for client in clients]
        await asyncio.gather(*(do(True, number) for number, do in enumerate(found)))
        return found

    async def failover(self, started: Servers, number: int) -> float:
        """Send the leader a signal; return for how many seconds nothing could be written."""
        client = Client(self.addresses)
        operation = Operation(Kind.PUT, "key", "value")
        await client.do(operation, 30.0)
        leader = [str(address) for address in self.addresses].index(client.leader)
        started[leader].send_signal(number)

        async def write() -> bool:
            with suppress(FailedError):
                await client.do(operation, 10.0)
                return True
            return False

        return await longest_pause(write)


class OursOfReadIndex(Ours):
    """The same, with reads at the leader as a feature."""

    name = "reads-index"
    reads = "any"


class OursOfAny(OursOfReadIndex):
    """The same, with reads at any server."""

    name = "reads-any"
    of_any = True


class OursByLease(Ours):
    """The same, with reads by lease."""

    name = "reads-lease"
    reads = "lease"


class OursOnUvloop(Ours):
    """The same on another event loop."""

    name = "uvloop"
    more = ("--uvloop",)


BY_NAME = {
    each.name: each for each in (Ours, OursOnUvloop, OursOfReadIndex, OursOfAny, OursByLease)
}


# ---- etcd


class Etcd:
    """Three members of etcd."""

    name = "etcd"

    def __init__(self, folder: Path) -> None:
        numbers = ports(6)
        self.clients, peers = numbers[:3], numbers[3:]
        cluster = ",".join(f"n{n}=http://127.0.0.1:{port}" for n, port in enumerate(peers))
        self.commands = [
            [
                "etcd",
                "--name",
                f"n{n}",
                "--data-dir",
                str(folder / f"n{n}"),
                "--listen-peer-urls",
                f"http://127.0.0.1:{peers[n]}",
                "--initial-advertise-peer-urls",
                f"http://127.0.0.1:{peers[n]}",
                "--listen-client-urls",
                f"http://127.0.0.1:{port}",
                "--advertise-client-urls",
                f"http://127.0.0.1:{port}",
                "--initial-cluster",
                cluster,
                "--initial-cluster-state",
                "new",
            ]
            for n, port in enumerate(self.clients)
        ]

    async def workers(self, count: int) -> list[Do]:
        """Return clients that are connected, to the leader: that spares it a hop."""
        leader = await self._leader()
        return [await self._client(leader) for _ in range(count)]

    async def _leader(self) -> int:
        while True:
            for port in self.clients:
                with suppress(OSError, KeyError, ValueError, asyncio.IncompleteReadError):
                    said = await _post(port, "maintenance/status", {})
                    if said["leader"] == said["header"]["member_id"]:
                        return port
            await asyncio.sleep(0.1)

    async def _client(self, port: int) -> Do:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def do(is_write: bool, number: int) -> None:
            key = base64.b64encode(f"key {number}".encode()).decode()
            if is_write:
                value = base64.b64encode(b"x" * 100).decode()
                await _said(reader, writer, "kv/put", {"key": key, "value": value})
            else:
                await _said(reader, writer, "kv/range", {"key": key})

        await do(True, 0)
        return do

    async def failover(self, started: Servers, number: int) -> float:
        """Send the leader a signal; return for how many seconds nothing could be written."""
        leader = await self._leader()
        started[self.clients.index(leader)].send_signal(number)
        others = [port for port in self.clients if port != leader]
        content = {"key": "eA==", "value": "eA=="}

        async def write() -> bool:
            for port in others:
                with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                    async with asyncio.timeout(0.5):
                        if "header" in await _post(port, "kv/put", content):
                            return True
            return False

        return await longest_pause(write)


async def _post(port: int, path: str, content: dict[str, str]) -> Any:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await _said(reader, writer, path, content)
    finally:
        writer.close()


async def _said(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    path: str,
    content: dict[str, str],
) -> Any:
    body = json.dumps(content).encode()
    head = f"POST /v3/{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    [length] = [
        int(line.partition(b":")[2])
        for line in answer.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    return json.loads(await reader.readexactly(length))


# ---- PySyncObj

_PEER = """
import json, sys, threading, time
from pysyncobj import SyncObj, SyncObjConf, SyncObjException
from pysyncobj.batteries import ReplDict
me, others, journal, seconds, clients = sys.argv[1], sys.argv[2].split(","), *sys.argv[3:]
stored = ReplDict()
conf = SyncObjConf(journalFile=journal, appendEntriesUseBatch=False)
cluster = SyncObj(me, others, consumers=[stored], conf=conf)
while not cluster.isReady():
    time.sleep(0.01)
time.sleep(1.0)
if not cluster._isLeader():
    time.sleep(1000)
latencies, end = [], time.perf_counter() + float(seconds)
def work(number):
    while time.perf_counter() < end:
        start = time.perf_counter()
        try:
            stored.set(f"key {number}", "x" * 100, sync=True, timeout=10)
        except SyncObjException:
            continue
        latencies.append(time.perf_counter() - start)
threads = [threading.Thread(target=work, args=(n,)) for n in range(int(clients))]
begin = time.perf_counter()
for each in threads: each.start()
for each in threads: each.join()
print(json.dumps([latencies, time.perf_counter() - begin]), flush=True)
"""


def pysyncobj(folder: Path, clients: int, seconds: float) -> Rate:
    """Let so many threads of the leader of three servers write."""
    addresses = [f"127.0.0.1:{port}" for port in ports(3)]
    started = []
    for number, address in enumerate(addresses):
        others = ",".join(each for each in addresses if each != address)
        journal = str(folder / f"journal{number}")
        arguments = [address, others, journal, f"{seconds:g}", str(clients)]
        command = [sys.executable, "-c", _PEER, *arguments]
        quiet = subprocess.DEVNULL  # it warns of entries that it truncates after they were applied
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=quiet, text=True))
    try:
        pipes = [process.stdout for process in started if process.stdout is not None]
        [said, *_], _, _ = select.select(pipes, [], [], 60 + seconds)
        latencies, took = json.loads(said.readline())
    finally:
        for process in started:
            process.kill()
            process.wait()
    return rate_of(latencies, took)


# ---- The table


def _line(name: str, clients: int, writes: Rate, reads: Rate | None, baseline: Rate | None) -> str:
    ratio = f"x {writes.rate / baseline.rate:.2f}" if baseline else "-"
    of_reads = reads or "       -       -        -       -"
    return f"{name:<11} {clients:>8} {writes} {of_reads} {ratio:>8}"


Rows = list[tuple[int, Rate, Rate]]


async def measured(system: Ours | Etcd | Nats, counts: list[int], seconds: float) -> Rows:
    """Return for each number of clients the rates of writes and reads."""
    found: Rows = []
    with processes(system.commands) as servers:
        for count in counts:
            workers = await system.workers(count)
            writes = await load(workers, servers, seconds, is_write=True)
            reads = await load(workers, servers, seconds, is_write=False)
            found.append((count, writes, reads))
    return found


async def paused(system: Ours | Etcd, number: int) -> float:
    """Return for how many seconds nothing can be written after the leader got a signal."""
    with processes(system.commands) as started:
        await system.workers(1)
        await asyncio.sleep(1.0)
        return await system.failover(started, number)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--pauses", type=int, default=5, help="times that a leader is stopped")
    parser.add_argument("--only", nargs="+", choices=["PySyncObj", "etcd", "NATS", *BY_NAME])
    options = parser.parse_args()
    wanted = options.only or ["PySyncObj", "NATS", "raft-ref", "etcd"]
    of_each = "median   99th %    work"
    head = f"  writes/s  {of_each}   reads/s  {of_each}    ratio"
    print(f"{'':<11} {'clients':>8} {head}")
    baselines: dict[int, Rate] = {}
    if "PySyncObj" in wanted:
        for count in options.clients:
            with tempfile.TemporaryDirectory() as folder:
                baselines[count] = pysyncobj(Path(folder), count, options.seconds)
            print(_line("PySyncObj", count, baselines[count], None, baselines[count]), flush=True)
    if "NATS" in wanted and shutil.which("nats-server"):
        with tempfile.TemporaryDirectory() as folder:
            rows = asyncio.run(
                measured(Nats(Path(folder), ports(6)), options.clients, options.seconds)
            )
        for count, writes, reads in rows:
            print(_line("NATS", count, writes, reads, baselines.get(count)), flush=True)
    systems: list[type[Ours] | type[Etcd]] = [BY_NAME[name] for name in wanted if name in BY_NAME]
    if "etcd" in wanted and shutil.which("etcd"):
        systems.append(Etcd)
    for system in systems:
        with tempfile.TemporaryDirectory() as folder:
            made = system(Path(folder))
            rows = asyncio.run(measured(made, options.clients, options.seconds))
        for count, writes, reads in rows:
            print(_line(system.name, count, writes, reads, baselines.get(count)), flush=True)
        signals = ((signal.SIGKILL, "killed"), (signal.SIGTERM, "stopped"))
        for number, what in signals if options.pauses else ():
            pauses = []
            for _ in range(options.pauses):
                with tempfile.TemporaryDirectory() as folder:
                    pauses.append(asyncio.run(paused(system(Path(folder)), number)))
            pause = 1000 * statistics.median(pauses)
            print(f"{system.name:<11} the leader was {what}: {pause:.0f} ms", flush=True)


if __name__ == "__main__":
    main()

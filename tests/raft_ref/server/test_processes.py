"""Real servers, each a process, that are killed and stopped while clients work with them."""

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from itertools import count, permutations
from pathlib import Path

import pytest

from raft_ref import Node
from raft_ref.cli import main
from raft_ref.server import Address, Client, DiskStorage, FailedError, Kind, Operation
from raft_ref.server.simulation.linearizability import Observation, is_linearizable
from raft_ref.server.simulation.trial import drawn
from tests.support import processes


class Cluster:
    """Three processes that speak over Unix sockets, each way over one of its own.

    A `Wire` may stand between two of them.
    """

    def __init__(self, folder: Path, names: str = "123") -> None:
        self.folder = folder
        self.addresses = {name: Address(str(folder / f"{name}.sock"), 0) for name in names}
        self.processes: dict[str, subprocess.Popen[str]] = {}
        self.reads = "leader"
        self.wires: dict[tuple[str, str], Wire] = {}

    @property
    def peers(self) -> str:
        return self.peers_of("")

    def peers_of(self, server: str) -> str:
        """Return the peers as a server knows them: behind wires, where there are any."""
        where = {
            name: self.wires[server, name].address if (server, name) in self.wires else address
            for name, address in self.addresses.items()
        }
        return ",".join(f"{name}={address}" for name, address in where.items())

    def told(self, server: str) -> list[str]:
        """Return what a server is told of the others."""
        return ["--peers", self.peers_of(server)]

    def first_start(self, server: str) -> list[str]:
        """Return what is said at the first start of a server."""
        return [] if (self.folder / server).exists() else ["--bootstrap"]

    async def lay_wires(self) -> None:
        """Put a wire between each two servers, before they start."""
        for source, dest in permutations("123", 2):
            address = Address(str(self.folder / f"{source}-{dest}.sock"), 0)
            self.wires[source, dest] = wire = Wire(address, self.addresses[dest])
            await wire.start()

    @property
    def where(self) -> str:
        return ",".join(map(str, self.addresses.values()))

    def start(
        self, name: str, command: Sequence[str] = processes.COMMAND, features: str = ""
    ) -> None:
        arguments = ["--id", name, *self.told(name), *self.first_start(name)]
        arguments += ["--with", features] if features else []
        arguments += ["--reads", self.reads, "--data", str(self.folder / name)]
        self.processes[name] = processes.start(
            [*command, "serve", *arguments], stderr=subprocess.PIPE
        )

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.communicate()

    def stop_all(self) -> list[tuple[int, str]]:
        """Stop all servers; return their exit codes and what they logged."""
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        ended = [(p, p.communicate()[1]) for p in self.processes.values()]
        self.processes.clear()
        return [(p.returncode, log) for p, log in ended]

    def wait(self) -> None:
        """Wait until all servers listen."""
        while not all(Path(address.host).exists() for address in self.addresses.values()):
            time.sleep(0.01)


class Wire:
    """What one server sends to another goes through here, while it is not cut."""

    def __init__(self, address: Address, dest: Address) -> None:
        self.address = address
        self._dest = dest
        self._writers: set[asyncio.StreamWriter] = set()
        self.is_cut = False
        self.carried = 0  # bytes

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._carry, self.address.host)

    def cut(self) -> None:
        """Close the connection, and every new one, until it is mended."""
        self.is_cut = True
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        self._writers.add(back)
        with contextlib.suppress(OSError):
            if not self.is_cut:
                answers, writer = await self._dest.connect(None)
                self._writers.add(writer)
                await asyncio.gather(self._pump(reader, writer), self._pump(answers, back))
        for each in (back, *self._writers):
            each.close()
        self._writers.clear()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(2**16):
                self.carried += len(data)
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()  # so the other way ends, too


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    for name in made.addresses:
        made.start(name)
    yield made
    made.stop_all()


@pytest.fixture
def leased(tmp_path: Path) -> Iterator[Cluster]:
    """Return a cluster that reads by lease."""
    made = Cluster(tmp_path)
    made.reads = "lease"
    for name in made.addresses:
        made.start(name)
    yield made
    made.stop_all()


@contextlib.asynccontextmanager
async def clients(cluster: Cluster, count: int) -> AsyncIterator[list[Client]]:
    """Return clients, to each of which another server is the nearest."""
    where = list(cluster.addresses.values())
    made = [Client(where[at % 3 :] + where[: at % 3]) for at in range(count)]
    yield made
    for each in made:
        await each.close()


async def work(
    client: Client, name: str, seed: int, seen: list[Observation], end: float, any_reads: bool
) -> None:
    """Do one thing after the other, and note what is seen."""
    chance = random.Random(seed)
    for number in count(1):
        start = time.monotonic()
        if start >= end:
            return
        operation = drawn(chance, "xyz", f"{name}-{number}", seen, any_reads)
        try:
            result = await client.do(operation, 10.0)
            seen.append(Observation(operation, start, time.monotonic(), result))
        except FailedError as error:
            if not error.is_definite:
                seen.append(Observation(operation, start))


async def while_clients_work(
    cluster: Cluster, seconds: float, disturb: Callable[[random.Random], Awaitable[int]]
) -> tuple[list[Observation], int]:
    """Disturb a cluster again and again; return what clients saw, and what `disturb` counted."""
    async with clients(cluster, 4) as made:
        await made[0].do(Operation(Kind.PUT, "ready", "yes"), 20.0)
        seen: list[Observation] = []
        end = time.monotonic() + seconds
        tasks = [
            asyncio.ensure_future(
                work(client, f"c{number}", number, seen, end, cluster.reads != "leader")
            )
            for number, client in enumerate(made)
        ]
        chance, counted = random.Random(1), 0
        while time.monotonic() < end:
            counted += await disturb(chance)
        await asyncio.gather(*tasks)
        return seen, counted


async def under_trouble(cluster: Cluster, seconds: float) -> tuple[list[Observation], int]:
    """Kill and start servers, and stop them for a while; count the kills."""

    async def trouble(chance: random.Random) -> int:
        await asyncio.sleep(chance.random() * 0.5)
        name = chance.choice("123")
        if chance.random() < 0.3:
            cluster.processes[name].send_signal(signal.SIGSTOP)
            await asyncio.sleep(chance.random() * 0.6)
            cluster.processes[name].send_signal(signal.SIGCONT)
            return 0
        cluster.kill(name)
        cluster.start(name)
        await asyncio.sleep(0.5)  # it takes a while to be there
        return 1

    return await while_clients_work(cluster, seconds, trouble)


def test_nothing_acknowledged_is_lost_by_kill_and_stop(cluster: Cluster) -> None:
    seen, kills = asyncio.run(under_trouble(cluster, 6.0))
    assert is_linearizable(seen)
    assert kills >= 2
    assert sum(each.result is not None for each in seen) > 50


@pytest.mark.long
def test_nor_by_servers_that_read_by_lease(leased: Cluster) -> None:
    seen, kills = asyncio.run(under_trouble(leased, 12.0))
    assert is_linearizable(seen)
    assert kills >= 4
    assert sum(each.operation.of_any and each.result is not None for each in seen) > 10


async def cut_off(cluster: Cluster, seconds: float) -> tuple[list[Observation], int]:
    """Cut servers off from each other, one way or both, while clients reach all of them."""
    await cluster.lay_wires()
    for name in "123":
        cluster.start(name)

    async def cut(chance: random.Random) -> int:
        await asyncio.sleep(0.2 + chance.random() * 0.5)
        alone, is_one_way = chance.choice("123"), chance.random() < 0.3
        for (source, dest), wire in cluster.wires.items():
            if source == alone or (dest == alone and not is_one_way):
                wire.cut()
        await asyncio.sleep(0.2 + chance.random() * 0.8)
        for wire in cluster.wires.values():
            wire.is_cut = False
        return 1

    return await while_clients_work(cluster, seconds, cut)


def test_servers_that_are_cut_off_from_each_other(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    try:
        seen, cuts = asyncio.run(cut_off(cluster, 6.0))
    finally:
        cluster.stop_all()
    assert is_linearizable(seen)
    assert cuts >= 3
    assert sum(each.result is not None for each in seen) > 50
    assert all(wire.carried > 0 for wire in cluster.wires.values())


@pytest.mark.long
def test_nothing_acknowledged_is_lost_by_many_kills(cluster: Cluster) -> None:
    seen, kills = asyncio.run(under_trouble(cluster, 30.0))
    assert is_linearizable(seen)
    assert kills >= 15


def test_a_server_alone_is_killed_while_it_saves(tmp_path: Path) -> None:
    """What is on the disk is a prefix of what was asked for, and all that was acknowledged."""
    script = """
import sys
from pathlib import Path
from raft_ref import Entry
from raft_ref.server import DiskStorage
from raft_ref.server.storage import Save
storage = DiskStorage.of(Path(sys.argv[1]), "1", ("1", "2"), begins=True)
first = int(sys.argv[2])
for index in range(first, first + 100_000):
    storage.save(Save(index, "1", None, index, (Entry(index, f"value {index}"),)))
    print(index, flush=True)
"""
    chance, acknowledged = random.Random(1), 0
    for _ in range(12):
        arguments = [sys.executable, "-c", script, str(tmp_path), str(acknowledged + 1)]
        process = processes.start(arguments, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.random() * 0.05)
        process.kill()
        rest = process.stdout.read().split()
        process.wait()
        storage = DiskStorage(tmp_path, "1", ("1", "2"))
        state = storage.load(Node(("1", "2")).initial("1"))
        storage.close()
        said = int(rest[-1]) if rest else acknowledged + 1
        assert state.last_index == state.current_term
        assert said <= state.last_index <= said + 1
        assert [entry.value for entry in state.log] == [
            f"value {index}" for index in range(1, state.last_index + 1)
        ]
        acknowledged = state.last_index


def kv(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["kv", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_commands(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--cluster", cluster.where, "--timeout", "20"]
    assert kv(capsys, "put", "color", "blue", *where) == (0, "", "")
    assert kv(capsys, "get", "color", *where) == (0, "blue\n", "")
    assert kv(capsys, "cas", "color", "blue", "red", *where) == (0, "", "")
    assert kv(capsys, "cas", "color", "blue", "green", *where) == (
        1,
        "",
        "raft-ref: the key has the value red\n",
    )
    code, out, _ = kv(capsys, "get", "color", "--json", *where)
    assert (code, json.loads(out)) == (0, {"succeeded": True, "value": "red"})
    assert kv(capsys, "delete", "color", *where)[0] == 0
    assert kv(capsys, "get", "color", *where) == (1, "", "raft-ref: there is no such key\n")
    assert kv(capsys, "cas", "color", "-", "new", *where)[0] == 0
    code, out, _ = kv(capsys, "transfer", *where, "--json")
    assert code == 0
    first = json.loads(out)["value"]
    other = next(name for name in "123" if name != first)
    assert kv(capsys, "transfer", other, *where) == (0, f"{other} leads\n", "")
    assert kv(capsys, "get", "color", *where)[:2] == (0, "new\n")
    assert kv(capsys, "transfer", "4", *where) == (
        3,
        "",
        "raft-ref: there is no server 4; nothing was done\n",
    )
    assert main(["status", "--cluster", cluster.where]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[:4] == ["server", "address", "role", "term"]
    assert sorted(row.split()[2] for row in rows) == ["follower", "follower", "leader"]
    # Without a majority there is no session, and so nothing that could still be done.
    for name in "23":
        cluster.kill(name)
    code, _, err = kv(capsys, "put", "color", "x", "--cluster", cluster.where, "--timeout", "1")
    assert code == 3
    assert err.endswith("; nothing was done\n")
    assert main(["status", "--json", "--cluster", cluster.where, "--timeout", "1"]) == 1
    told = json.loads(capsys.readouterr().out)
    one = told[str(cluster.addresses["1"])]
    assert (one["name"], one["peers"]["2"]["is_connected"]) == ("1", False)
    assert "error" in told[str(cluster.addresses["2"])]
    code, _, err = kv(capsys, "get", "color", "--cluster", cluster.where, "--timeout", "1")
    assert (code, err.count("\n"), err.endswith("; nothing was read\n")) == (3, 1, True)


def test_any_server_answers_where_it_is_asked_to(
    leased: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--cluster", leased.where, "--timeout", "20"]
    assert kv(capsys, "put", "color", "blue", *where) == (0, "", "")
    for address in map(str, leased.addresses.values()):
        own = ["--cluster", address, "--timeout", "20"]
        assert kv(capsys, "get", "color", "--from-any", *own) == (0, "blue\n", "")
    for name, (_, log) in zip("123", leased.stop_all(), strict=True):
        [assumed] = [line for line in log.splitlines() if "reads by lease" in line]
        assert f"{name} reads by lease: that is right if no clock of the cluster" in assumed
        assert "runs more than 10 % faster than another" in assumed


def test_where_servers_have_no_such_reads_the_leader_answers(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--cluster", cluster.where, "--timeout", "20"]
    assert kv(capsys, "put", "color", "blue", *where) == (0, "", "")
    assert kv(capsys, "get", "color", "--from-any", *where) == (0, "blue\n", "")
    ended = [
        kv(capsys, "get", "color", "--from-any", "--cluster", str(address), "--timeout", "1")[0]
        for address in cluster.addresses.values()
    ]
    assert ended == [0, 0, 0]  # who does not lead says who does


def test_nobody_answers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    where = f"unix:{tmp_path}/nobody"
    code, out, err = kv(capsys, "put", "a", "b", "--cluster", where, "--timeout", "0.2")
    assert (code, out) == (3, "")
    assert err == f"raft-ref: {where}: No such file or directory, for 0.2 s; nothing was done\n"


def test_a_folder_has_one_server(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    folder = cluster.folder / "1"
    cluster.wait()
    arguments = ["--id", "1", "--peers", cluster.peers, "--data", str(cluster.folder / "1")]
    assert main(["serve", *arguments]) == 2
    assert capsys.readouterr().err == f"raft-ref: {folder}: another process uses it\n"
    cluster.stop_all()
    other = ["--id", "2", "--peers", cluster.peers, "--data", str(cluster.folder / "1")]
    assert main(["serve", *other]) == 2
    assert "belongs to 1 of the cluster 1,2,3, not to 2" in capsys.readouterr().err


def test_a_full_disk_stops_the_server(tmp_path: Path) -> None:
    """What stands for a full disk is a limit on the size of files."""
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000,) * 2); "
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "from raft_ref.cli import main; sys.exit(main())"
    )
    made = Cluster(tmp_path)
    for name in made.addresses:
        made.start(name, [sys.executable, "-c", script])

    async def fill() -> None:
        client = Client(list(made.addresses.values()))
        for number in range(1000):
            await client.do(Operation(Kind.PUT, "key", f"{number:03}" * 10_000), 3.0)

    with pytest.raises(FailedError):
        asyncio.run(fill())
    ended = made.stop_all()
    assert any(
        code == 1 and log.splitlines()[-1].startswith("raft-ref: ") and "the server stops" in log
        for code, log in ended
    )


def test_an_orderly_stop(cluster: Cluster) -> None:
    cluster.wait()
    ended = cluster.stop_all()
    assert [code for code, _ in ended] == [0, 0, 0]
    assert not any("Traceback" in log for _, log in ended)
    assert os.listdir(cluster.folder / "1")


async def stopped_while_it_leads(cluster: Cluster) -> tuple[str, float, list[Observation]]:
    """Stop the leader while clients write; return which, and the longest that one had to wait."""
    async with clients(cluster, 3) as made:
        await made[0].do(Operation(Kind.PUT, "ready", "yes"), 20.0)
        seen: list[Observation] = []
        end = time.monotonic() + 1.5
        tasks = [
            asyncio.ensure_future(
                work(client, f"c{number}", number, seen, end, cluster.reads != "leader")
            )
            for number, client in enumerate(made)
        ]
        await asyncio.sleep(0.3)
        name = next(n for n, at in cluster.addresses.items() if str(at) == made[0].leader)
        cluster.processes[name].terminate()
        await asyncio.gather(*tasks)
    return name, max(each.end - each.start for each in seen if each.result), seen


def test_a_leader_that_is_stopped_lets_another_lead_first(cluster: Cluster) -> None:
    name, _, seen = asyncio.run(stopped_while_it_leads(cluster))
    process = cluster.processes.pop(name)
    log = process.communicate()[1]
    assert process.returncode == 0
    assert any(f"{name}: {other} leads in term" in log for other in "123" if other != name)
    assert is_linearizable(seen)


def test_a_second_signal_stops_at_once_who_cannot_be_replaced(tmp_path: Path) -> None:
    made = Cluster(tmp_path)
    for name in made.addresses:
        made.start(name)

    async def lead() -> str:
        async with clients(made, 1) as [client]:
            await client.do(Operation(Kind.PUT, "ready", "yes"), 20.0)
            return next(n for n, at in made.addresses.items() if str(at) == client.leader)

    leader = made.processes[asyncio.run(lead())]
    for process in made.processes.values():
        if process is not leader:
            process.send_signal(signal.SIGSTOP)
    leader.terminate()
    leader.terminate()
    began = time.monotonic()
    assert leader.wait(5) == 0
    made.stop_all()
    assert time.monotonic() - began < 5


def test_servers_with_different_features_work_together(tmp_path: Path) -> None:
    made = Cluster(tmp_path)
    for name, features in (("1", "all"), ("2", "none"), ("3", "check-quorum")):
        made.start(name, features=features)

    async def write() -> None:
        async with clients(made, 1) as [client]:
            await client.do(Operation(Kind.PUT, "x", "y"), 20.0)

    asyncio.run(write())
    time.sleep(0.5)
    logs = [log for _, log in made.stop_all()]
    for log in logs:
        assert log.count(" runs with the features ") == 2
        assert "closed the connection" not in log


class OnUvloop(Cluster):
    """Servers on another event loop."""

    def told(self, server: str) -> list[str]:
        return [*super().told(server), "--uvloop"]


@pytest.mark.long
def test_servers_on_another_event_loop(tmp_path: Path) -> None:
    cluster = OnUvloop(tmp_path)
    for name in "123":
        cluster.start(name)
    cluster.wait()

    async def test() -> None:
        client = Client([*cluster.addresses.values()])
        for number in range(20):
            await client.do(Operation(Kind.PUT, "key", f"{number}"), 30.0)
            if number == 10:
                cluster.kill("1")
                cluster.start("1")
        assert (await client.do(Operation(Kind.GET, "key"), 30.0)).value == "19"
        large = "x" * 2**20
        await client.do(Operation(Kind.PUT, "large", large), 30.0)
        assert (await client.do(Operation(Kind.GET, "large"), 30.0)).value == large
        await client.close()
        again = Client([cluster.addresses["1"]])  # it is up, and says who leads
        await again.do(Operation(Kind.GET, "key"), 30.0)
        await again.close()

    asyncio.run(test())
    for code, log in cluster.stop_all():
        assert (code, "Traceback" in log) == (0, False), log

"""Real servers, each a process, that are added, removed and killed while clients work."""

import asyncio
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from raft_ref.server import Change, ChangeKind, Client, FailedError, Kind, Membership, Operation
from raft_ref.server.simulation.linearizability import Observation, is_linearizable
from tests.raft_ref.server.test_processes import Cluster, kv, work

ADD, PROMOTE, REMOVE = ChangeKind.ADD, ChangeKind.PROMOTE, ChangeKind.REMOVE


class Changing(Cluster):
    """Six processes, of which the first three are a cluster, and the others wait to be added."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "123456")

    def told(self, server: str) -> list[str]:
        joins = server not in "123"
        named = {name: self.addresses[name] for name in ("123" + server if joins else "123")}
        peers = ",".join(f"{name}={address}" for name, address in named.items())
        return ["--peers", peers]

    def first_start(self, server: str) -> list[str]:
        return super().first_start(server) if server in "123" else ["--join"]

    @property
    def first(self) -> str:
        """Where the first three listen."""
        return ",".join(str(self.addresses[name]) for name in "123")

    def ended(self, name: str) -> tuple[int, str]:
        """Wait until a server stops by itself; return its exit code and what it logged."""
        process = self.processes.pop(name)
        log = process.communicate(timeout=20)[1]
        return process.returncode, log


@contextmanager
def running(folder: Path, names: str) -> Iterator[Changing]:
    """Return servers that run, of these names."""
    made = Changing(folder)
    for name in names:
        made.start(name)
    try:
        yield made
    finally:
        made.stop_all()


async def change(client: Client, kind: ChangeKind, server: str, cluster: Changing) -> None:
    """Change the members; who has not caught up will have soon."""
    wanted = Membership(Change(kind, server, str(cluster.addresses[server])))
    while True:
        try:
            await client.do(wanted, 20.0)
            return
        except FailedError as error:
            soon = ("has not caught up", "no majority", "no server answers at")
            if not any(each in str(error) for each in soon):
                raise


async def replace_all(cluster: Changing, rounds: int) -> list[Observation]:
    """Replace all members, with others killed meanwhile; return what clients saw."""
    first = [cluster.addresses[name] for name in "123"]
    clients = [Client(first[at % 3 :] + first[: at % 3]) for at in range(4)]
    administrator = clients.pop()
    await administrator.do(Operation(Kind.PUT, "ready", "yes"), 20.0)
    seen: list[Observation] = []
    is_over = [False]
    tasks = [
        asyncio.ensure_future(until_over(client, f"c{number}", number, seen, is_over))
        for number, client in enumerate(clients)
    ]
    members = list("123")
    for new, old in zip("456", "123", strict=True):
        await change(administrator, ADD, new, cluster)
        await change(administrator, PROMOTE, new, cluster)
        members.append(new)
        for at in range(rounds):  # one of them is killed, and comes back with its disk
            killed = members[at % len(members)]
            cluster.kill(killed)
            await asyncio.sleep(0.1)
            cluster.start(killed)
            await asyncio.sleep(0.4)
        await change(administrator, REMOVE, old, cluster)
        members.remove(old)
    is_over[0] = True
    await asyncio.gather(*tasks)
    for each in (administrator, *clients):
        await each.close()
    return seen


async def until_over(
    client: Client, name: str, seed: int, seen: list[Observation], is_over: list[bool]
) -> None:
    """Work as `work` does, a little at a time, until that is over."""
    part = 0
    while not is_over[0]:
        part += 1
        await work(client, f"{name}-{part}", 100 * seed + part, seen, time.monotonic() + 0.3, False)


@pytest.mark.parametrize("rounds", [1, pytest.param(4, marks=pytest.mark.long)])
def test_all_members_are_replaced_while_clients_work(tmp_path: Path, rounds: int) -> None:
    with running(tmp_path, "123456") as cluster:
        seen = asyncio.run(replace_all(cluster, rounds))
        assert is_linearizable(seen)
        assert sum(each.result is not None for each in seen) > 30
        for name in "123":
            code, log = cluster.ended(name)
            assert code == 0
            assert f"{name} was removed from the cluster" in log
        for code, log in cluster.stop_all():
            assert code == 0
            assert "Traceback" not in log


async def grow_and_shrink(cluster: Changing) -> list[Observation]:
    """Grow to five members and shrink to three; return what clients saw."""
    client, administrator = (Client([cluster.addresses[name] for name in "123"]) for _ in "12")
    seen: list[Observation] = []
    is_over = [False]
    task = asyncio.ensure_future(until_over(client, "c", 1, seen, is_over))
    for new in "45":
        await change(administrator, ADD, new, cluster)
        await change(administrator, PROMOTE, new, cluster)
    for old in "14":
        await change(administrator, REMOVE, old, cluster)
    is_over[0] = True
    await task
    for each in (administrator, client):
        await each.close()
    return seen


def test_a_cluster_grows_and_shrinks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(tmp_path, "12345") as cluster:
        assert is_linearizable(asyncio.run(grow_and_shrink(cluster)))
        assert [cluster.ended(name)[0] for name in "14"] == [0, 0]
        # One of those that are left is enough to be told of the others.
        where = ["--cluster", str(cluster.addresses["5"]), "--timeout", "20"]
        assert kv(capsys, "put", "x", "y", *where) == (0, "", "")
        # What the members are is on the disk.
        for name in "235":
            cluster.kill(name)
            cluster.start(name)
        assert kv(capsys, "get", "x", *where) == (0, "y\n", "")
        # Who comes back after it was removed is told so.
        cluster.start("1")
        code, log = cluster.ended("1")
        assert code == 0
        assert "1 was removed from the cluster" in log


def test_a_server_that_lost_its_disk_stops(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(tmp_path, "123") as cluster:
        where = ["--cluster", cluster.first, "--timeout", "20"]
        assert kv(capsys, "put", "x", "y", *where)[0] == 0
        time.sleep(0.3)  # all three have met
        cluster.kill("3")
        shutil.rmtree(cluster.folder / "3")
        cluster.start("3")
        code, log = cluster.ended("3")
        assert code == 1
        last = log.splitlines()[-1]
        assert " says that 3 has another disk than before: " in last
        assert last.endswith("; the server stops")
        assert kv(capsys, "get", "x", *where)[1] == "y\n"


def test_a_server_without_membership_takes_no_part_in_changes(tmp_path: Path) -> None:
    """It refuses entries that change the members, and its disk is not read without."""
    with running(tmp_path, "124") as made:

        async def add() -> None:
            administrator = Client([made.addresses[name] for name in "12"])
            await change(administrator, ADD, "4", made)
            await administrator.close()

        asyncio.run(add())
        made.start("3", features="pre-vote")  # not before, or it may lead
        told = made.processes["3"].stderr
        assert told is not None
        assert any("members of the cluster have changed" in line for line in told)
        made.kill("1")
        made.start("1", features="pre-vote")
        code, log = made.ended("1")
        assert code == 2
        [line] = [each for each in log.splitlines() if each.startswith("raft-ref: ")]
        assert "have changed, and this server runs without membership" in line

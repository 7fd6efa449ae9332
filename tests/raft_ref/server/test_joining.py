"""Who is to be added is there, and a client that finds no leader is told what each server says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from raft_ref.server import (
    Address,
    Change,
    ChangeKind,
    Client,
    DiskStorage,
    FailedError,
    Kind,
    Membership,
    Operation,
    Result,
    Server,
    ServerRequest,
)
from tests.raft_ref.server.test_greeting import SERVERS, running


@asynccontextmanager
async def two_and_one_that_waits(
    folder: Path, cluster: str = ""
) -> AsyncIterator[dict[str, Address]]:
    """Return where s1 and s2 listen, which are a cluster, and s3, which waits to be added.

    It may belong to another cluster already.
    """
    where = {name: Address(str(folder / f"{name}.sock"), 0) for name in SERVERS}
    two = {name: where[name] for name in ("s1", "s2")}
    tasks = []
    for name, peers in (("s1", two), ("s2", two), ("s3", where)):
        joins = name == "s3"
        storage = DiskStorage.of(folder / name, name, peers, begins=True, joins=joins)
        if joins and cluster:
            storage.belong(cluster)
        server = Server(name, peers, storage)
        tasks.append(asyncio.ensure_future(server.run(where[name])))
    while not all(Path(each.host).exists() for each in where.values()):
        await asyncio.sleep(0.005)
    yield where
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_before_a_name_is_used_it_is_looked_who_is_there(tmp_path: Path) -> None:
    """What is refused burns no name."""

    async def test() -> None:
        async with two_and_one_that_waits(tmp_path) as where:
            client = Client([where["s1"], where["s2"]])

            async def added(name: str, address: Address) -> Result:
                wanted = Membership(Change(ChangeKind.ADD, name, str(address)))
                return await client.do(wanted, 20.0)

            await client.do(Operation(Kind.PUT, "x", "y"), 20.0)
            nobody, there = Address(str(tmp_path / "nobody.sock"), 0), where["s3"]
            for name, address, why in (
                ("s3", nobody, f"no server answers at {nobody} (No such file or directory)"),
                ("s4", there, f"who answers at {there} is s3, not s4"),
                ("s3", where["s2"], f"{where['s2']} is where s2 listens"),
            ):
                with pytest.raises(FailedError) as error:
                    await added(name, address)
                assert (str(error.value), error.value.is_definite) == (why, True)
            for name in ("s1", "s2"):
                alias = Address(str(tmp_path / f"link to {name}.sock"), 0)
                Path(alias.host).symlink_to(where[name].host)
                with pytest.raises(FailedError, match="does not wait to be added"):
                    await added("s5", alias)
            assert await added("s3", there) == Result()
            await client.close()

    asyncio.run(test())


def test_who_joined_another_cluster_is_not_added(tmp_path: Path) -> None:
    async def test() -> None:
        async with two_and_one_that_waits(tmp_path, "another") as where:
            client = Client([where["s1"], where["s2"]])
            change = Change(ChangeKind.ADD, "s3", str(where["s3"]))
            with pytest.raises(
                FailedError, match=r"s3 is of another cluster: .* has an empty disk"
            ):
                await client.do(Membership(change), 20.0)
            await client.close()

    asyncio.run(test())


def test_where_nobody_leads_it_is_told_what_each_says(tmp_path: Path) -> None:
    """And nothing was done, as no leader was asked."""

    async def test() -> None:
        joins = ServerRequest("s4", {"s4": Address(str(tmp_path / "s4.sock"), 0),
                                     "s1": Address(str(tmp_path / "s1.sock"), 0)},
                              tmp_path / "s4", joins=True)  # fmt: skip
        waiting = asyncio.ensure_future(joins.server().run(joins.address))
        async with running(tmp_path) as (_, where):
            nobody = Address(str(tmp_path / "nobody.sock"), 0)
            client = Client([nobody, where, joins.address])
            for wanted in (
                Membership(Change(ChangeKind.ADD, "s5", "host:1")),
                Operation(Kind.PUT, "x", "y"),
            ):
                said = (
                    "no server leads, for 0.3 s (unix:",
                    f"{nobody}: No such file or directory",
                    f"{where}: does not lead",
                    f"{joins.address}: s4 waits to be added",
                )
                # Whoever is being asked as the time ends may have done it; nor may all be asked.
                for _ in range(20):
                    with pytest.raises(FailedError) as error:
                        await client.do(wanted, 0.3)
                    if error.value.is_definite and all(each in str(error.value) for each in said):
                        break
                else:
                    raise error.value
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(test())

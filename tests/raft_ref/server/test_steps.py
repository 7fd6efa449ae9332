"""Servers over sockets, with disks: each of their steps is one that the specification allows."""

import asyncio
import random
from pathlib import Path

from raft_ref import State
from raft_ref.features import ExtendedNode
from raft_ref.server import Address, Client, Kind, Operation, Server, SqliteStorage, Timing
from raft_ref.server.replica import Happening
from raft_ref.server.simulation.trial import SERVERS
from raft_ref.server.store import KeyValueMachine
from tests.support.clusters import Spec

NODE = ExtendedNode(SERVERS, machine=KeyValueMachine())
TIMING = Timing(compact_after=6, keep=2, max_entries=3)


async def run(folder: Path, spec: Spec) -> None:
    """Run a cluster in which a server is stopped and started again, with the spec looking on."""
    addresses = {name: Address(str(folder / f"{name}.sock"), 0) for name in SERVERS}
    tasks: dict[str, asyncio.Task[None]] = {}
    servers: dict[str, Server] = {}
    states: dict[str, State] = {name: NODE.initial(name) for name in SERVERS}
    spec.begin(states)

    def settle(happening: Happening) -> None:
        states[happening.server] = happening.step.state
        spec.look(happening)

    def start(name: str) -> None:
        storage = SqliteStorage(folder / name, name, SERVERS)
        server = servers[name] = Server(name, addresses, storage, TIMING, settle=settle)
        tasks[name] = asyncio.ensure_future(server.run(addresses[name]))
        spec.restart(name, states[name], server.replica.state)

    async def stop(name: str) -> None:
        await servers[name].stop()
        await tasks[name]

    for name in SERVERS:
        start(name)
    client, chance = Client(list(addresses.values())), random.Random(1)
    for number in range(30):
        await client.do(Operation(Kind.PUT, "x", str(number)), 20.0)
        if number in (8, 16, 24):
            leader = servers["s1"].replica.leader
            name = leader if number == 16 and leader else chance.choice(SERVERS)
            await stop(name)
            for more in range(10):
                await client.do(Operation(Kind.PUT, "y", str(more)), 20.0)
            start(name)
    for task in tasks.values():
        assert not task.done()
    await client.close()
    for name in SERVERS:
        await stop(name)


def test_each_step_over_sockets_is_one_of_the_spec(tmp_path: Path) -> None:
    spec = Spec()
    asyncio.run(run(tmp_path, spec))
    assert spec.actions["InstallSnapshot"] > 0
    assert spec.actions["HandleInstallSnapshotRequest"] > 0
    assert spec.actions["CompactLog"] > 0
    assert spec.actions["BecomeLeader"] > 0
    assert spec.actions["HandlePreVoteResponse"] > 0
    assert spec.actions["CheckQuorum"] > 0
    assert spec.actions["TimeoutNow"] > 0
    assert spec.actions["HandleTimeoutNowRequest"] > 0
    assert spec.actions["Restart"] == 3 + 3

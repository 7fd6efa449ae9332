"""Servers over sockets, with disks: each of their steps is one that the specification allows."""

import asyncio
import random
from pathlib import Path

import pytest

from raft_ref import State
from raft_ref.features import ExtendedNode, Feature
from raft_ref.server import (
    IN_PRODUCTION,
    SERVED,
    Address,
    Client,
    DiskStorage,
    Kind,
    Operation,
    Server,
    Timing,
    named,
)
from raft_ref.server.replicas.replica import Happening
from raft_ref.server.simulation.trial import SERVERS
from raft_ref.server.store import KeyValueMachine
from tests.support.clusters import Spec

TIMING = Timing(compact_after=6, keep=2, max_entries=3, read_numbers=5)
BY_LEASE = IN_PRODUCTION | {Feature.READ_INDEX, Feature.LEASES}


async def run(folder: Path, spec: Spec, features: frozenset[Feature]) -> None:
    """Run a cluster in which a server is stopped and started again, with the spec looking on."""
    node = ExtendedNode(SERVERS, machine=KeyValueMachine(), features=features)
    addresses = {name: Address(str(folder / f"{name}.sock"), 0) for name in SERVERS}
    tasks: dict[str, asyncio.Task[None]] = {}
    servers: dict[str, Server] = {}
    states: dict[str, State] = {name: node.initial(name) for name in SERVERS}
    spec.begin(states)

    def settle(happening: Happening) -> None:
        states[happening.server] = happening.step.state
        spec.look(happening)

    def start(name: str) -> None:
        storage = DiskStorage.of(folder / name, name, SERVERS, begins=True)
        server = servers[name] = Server(
            name, addresses, storage, TIMING, settle=settle, features=features
        )
        tasks[name] = asyncio.ensure_future(server.run(addresses[name]))
        spec.restart(name, states[name], server.replica.state)

    async def stop(name: str) -> None:
        await servers[name].stop()
        await tasks[name]

    for name in SERVERS:
        start(name)
    client, chance = Client(list(addresses.values())), random.Random(1)
    others = [Client([addresses[name]]) for name in SERVERS]
    for number in range(30):
        await client.do(Operation(Kind.PUT, "x", str(number)), 20.0)
        await client.do(Operation(Kind.GET, "x"), 20.0)
        for each in others if Feature.READ_INDEX in features else ():
            read = await each.do(Operation(Kind.GET, "x", of_any=True), 20.0)
            assert read.value == str(number)
        if number in (8, 16, 24):
            leader = servers["s1"].replica.leader
            name = leader if number == 16 and leader else chance.choice(SERVERS)
            await stop(name)
            for more in range(10):
                await client.do(Operation(Kind.PUT, "y", str(more)), 20.0)
            start(name)
    for task in tasks.values():
        assert not task.done()
    for each in (client, *others):
        await each.close()
    for name in SERVERS:
        await stop(name)


@pytest.mark.parametrize("features", [IN_PRODUCTION, BY_LEASE, SERVED], ids=named)
def test_each_step_over_sockets_is_one_of_the_spec(
    tmp_path: Path, features: frozenset[Feature]
) -> None:
    spec = Spec(features=features, voters=SERVERS if features == SERVED else None)
    asyncio.run(run(tmp_path, spec, features))
    assert spec.actions["InstallSnapshot"] > 0
    assert spec.actions["HandleInstallSnapshotRequest"] > 0
    assert spec.actions["CompactLog"] > 0
    assert spec.actions["BecomeLeader"] > 0
    assert spec.actions["HandlePreVoteResponse"] > 0
    assert spec.actions["CheckQuorum"] > 0
    assert spec.actions["TimeoutNow"] > 0
    assert spec.actions["HandleTimeoutNowRequest"] > 0
    if features == BY_LEASE:
        assert spec.actions["LeaseRead"] > 0
        assert spec.actions["HandleReadIndexResponse"] > 0
        assert spec.actions["EndPromise"] > 0
    else:
        assert spec.actions["Restart"] == 3 + 3

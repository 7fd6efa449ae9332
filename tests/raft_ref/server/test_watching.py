"""What of a simulated cluster is seen from above, and told of a history."""

import itertools

import pytest

from raft_ref.server.simulation.cluster import Simulation
from raft_ref.server.simulation.watching import Moment, watched
from raft_ref.verify import find

SERVERS = ("s1", "s2", "s3")


def test_who_leads_who_is_down_and_who_is_cut_off() -> None:
    moments: list[Moment] = []
    cluster = watched(Simulation, moments.append)(SERVERS, 1)
    cluster.run(1.0)
    leader = cluster.leader
    assert leader is not None
    other, third = sorted({*SERVERS} - {leader})
    cluster.servers[other].crash()
    cluster.cut_off([leader], one_way=True)
    cluster.run(0.05)
    last = moments[-1].servers
    assert last[leader].leads == 1
    assert last[leader].unheard_by == {other, third}
    assert last[third].deaf_to == {leader}
    assert not last[other].is_up
    assert [each.at for each in moments] == sorted(each.at for each in moments)
    assert all(one.servers != two.servers for one, two in itertools.pairwise(moments))


@pytest.mark.long
def test_a_report_of_a_bug_tells_of_its_servers() -> None:
    found = find("retry-applied-twice")
    assert [each.name for each in found.servers] == [*SERVERS]
    terms = {part.leads for each in found.servers for part in each.stretches}
    assert terms - {None}
    for each in found.servers:
        parts = each.stretches
        assert all(one.end == two.start for one, two in itertools.pairwise(parts))

"""A way that was found where few messages may be in flight, without what only makes room."""

import pytest

from raft_ref.explorer import Counterexample
from raft_ref.explorer.walks.shrink import within_wider_bounds
from raft_ref.traces import Trace, read
from raft_ref.verify import ClusterRequest, GivenSizes, build
from raft_ref.verify.replay import replayed
from tests.support.files import TRACES

CROWDED = TRACES / "crowded" / "truncated-without-conflict.ndjson"


def counterexample(trace: Trace, breaks: str) -> Counterexample:
    cluster = build(ClusterRequest(bug="truncated-without-conflict"))
    [prop] = [each for each in cluster.properties if each.name == breaks]
    replay = replayed(ClusterRequest(bug="truncated-without-conflict"), trace)
    return Counterexample(prop, replay.views[0], tuple(replay.events), ())


@pytest.mark.long
def test_every_step_counts_in_the_end() -> None:
    found = counterexample(read(CROWDED), "LeaderCompleteness")
    wide = build(ClusterRequest(bug="truncated-without-conflict", sizes=GivenSizes(max_messages=9)))
    lean = within_wider_bounds(wide.system, found)
    assert (len(found.events), len(lean.events)) == (15, 12)
    assert max(len(event.after.messages) for event in lean.events) == 4
    assert not lean.prop.holds(*lean.evidence)
    assert within_wider_bounds(wide.system, lean) is lean


@pytest.mark.long
def test_a_step_that_is_none_of_the_wider_system_is_refused() -> None:
    found = counterexample(read(CROWDED), "LeaderCompleteness")
    other = build(ClusterRequest(sizes=GivenSizes(servers=2)))
    with pytest.raises(ValueError, match="is no step of this system there"):
        within_wider_bounds(other.system, found)

"""What is said of a search within one box: the known bugs that are known to show within it."""

import pytest

from raft_ref.features.bugs import MEMBERSHIP_BUGS
from raft_ref.verify import ClusterRequest, ExhaustiveCheck
from raft_ref.verify.cluster import BUG_DEFAULTS, GivenSizes


@pytest.mark.parametrize("name", ["removed-leader-counts-itself", "joint-left-before-committed"])
def test_a_bug_is_known_to_show_within_its_own_bounds(name: str) -> None:
    bug = MEMBERSHIP_BUGS[name]
    sizes = {**BUG_DEFAULTS, **bug.bounds}
    features = frozenset(bug.node.on)
    report = ExhaustiveCheck(ClusterRequest(sizes=GivenSizes(**sizes), features=features)).run()
    assert report.calibration is not None
    assert name in report.calibration.shown
    sizes["voters"] = 3 - sizes["voters"]
    report = ExhaustiveCheck(ClusterRequest(sizes=GivenSizes(**sizes), features=features)).run()
    assert report.calibration is not None
    assert name in report.calibration.others

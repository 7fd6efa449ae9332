"""RaftTrace.tla allows what it allows: on a small model, as many states and steps as ever."""

from raft_ref.spec.checker.config import parse_config
from raft_ref.spec.checker.search import check
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.files import RAFT_TRACE
from raft_ref.spec.module import load
from tests.support.files import ROOT

CONFIG = ROOT / "spec" / "MCRaftTrace.cfg"
SMALL = {"MaxTerm = 2": "MaxTerm = 1", "MaxMessages = 2": "MaxMessages = 1"}
COUNTS = ("HOLDS", 2_305, 28_998, 17)


def small_counts() -> tuple[str, int, int, int]:
    """Return how a small model ends: states, successors, depth."""
    text = CONFIG.read_text(encoding="utf-8")
    for large, small in SMALL.items():
        text = text.replace(large, small)
    model = load(RAFT_TRACE.with_name("MCRaftTrace.tla"))
    report = check(task_of(model, parse_config(text, CONFIG.name), False))
    return report.verdict.name, report.distinct_states, report.generated_states, report.depth


def test_the_liberties_are_as_many_as_they_were() -> None:
    assert small_counts() == COUNTS

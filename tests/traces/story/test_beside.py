"""What a server holds beside what others know of it is shown and told: a disk, a queue."""

from raft_ref.durability import StoredNode
from raft_ref.traces import tell
from raft_ref.traces.sources.explored import shown_to_json
from raft_ref.verify import ClusterRequest, ExhaustiveCheck
from tests.toys import Wrapped


def test_a_disk_and_a_queue() -> None:
    node = StoredNode(("s1", "s2"))
    first = node.initial("s1")
    step = node.act(first, next(iter(node.actions(first))))
    assert step is not None
    shown = shown_to_json(step.state, node.as_raft(step.state))
    assert (shown["currentTerm"], shown["disk.currentTerm"], shown["pending"]) == (0, 0, 1)
    written = node.write(step.state)
    assert written is not None
    shown = shown_to_json(written.state, node.as_raft(written.state))
    assert (shown["currentTerm"], shown["disk.votedFor"], shown["pending"]) == (1, "s1", 0)


def test_what_stands_for_itself_has_nothing_beside() -> None:
    state = StoredNode(("s1", "s2")).initial("s1").state
    assert "disk.log" not in shown_to_json(state, state)
    beside = shown_to_json(Wrapped("s1", state), state)
    assert beside == {**shown_to_json(state, state), "note": "mine"}


def test_a_step_that_only_the_disk_sees_is_told() -> None:
    report = ExhaustiveCheck(ClusterRequest(bug="sent-before-written")).run()
    trace = report.trace()
    assert trace is not None
    story = tell(trace)
    assert story[0] == "1. s1 times out: pending: 0 -> 1, asks s2 and s3 for their votes."
    assert "nothing changes" not in "\n".join(story)

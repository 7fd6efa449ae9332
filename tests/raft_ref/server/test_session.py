"""Whom a client asks."""

from raft_ref.server.replicas.replica import Reply, Status
from raft_ref.server.session import Kind, Operation, Session
from raft_ref.server.store import Result


def test_a_leader_that_is_out_of_reach_keeps_nobody_from_asking_the_others() -> None:
    """The first server names it again and again, by an address that only servers can use."""
    session = Session(("1", "2", "3"))
    session.begin(Operation(Kind.PUT, "x", "y"))
    asked = []
    for _ in range(7):
        request = session.ask()
        asked.append(session.target)
        if session.target == "1":
            session.take(request.number, Reply(Status.NOT_LEADER, Result(), "inner"))
        else:
            session.give_up_waiting()
    assert asked == ["1", "inner", "2", "3", "inner", "1", "inner"]

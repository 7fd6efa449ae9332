"""Whatever a server knows and whatever it is sent: its steps are those of Raft.tla's Next.

A search sees the servers to which its bounds lead; here they are taken at random, so with more
servers, terms and entries than a search has at once.
"""

from typing import Any

import pytest

from raft_ref import Message, Node, State
from raft_ref.bugs import BUGS
from tests.support import servers
from tests.support.any_server import CASES, first_difference, situations


def made(node: Any) -> Any:
    return node(servers.SERVERS, servers.VALUES)


def test_the_steps_of_any_server_are_those_of_the_spec() -> None:
    assert first_difference(made(Node)) is None


@pytest.mark.parametrize("name", BUGS)
def test_each_bug_of_the_zoo_differs(name: str) -> None:
    assert first_difference(made(BUGS[name].node)) is not None


def test_the_servers_are_of_all_kinds() -> None:
    """Each role meets each message, of the term before its own, of its own, and of a later one."""

    def kind(server: State, message: Message) -> tuple[object, ...]:
        later = (message.term > server.current_term) - (message.term < server.current_term)
        return server.role, type(message), later

    assert len({kind(*each) for each in situations(CASES)}) == 3 * 6 * 3

"""A client of the store, without any I/O: whom to ask, what to ask again, and what to believe.

A client asks one server after the other until one leads. It numbers its commands, so that one that
may or may not have been done can be asked for again: it is done once (thesis 6.3). Whoever runs a
client carries requests and replies, and says when it has waited for too long.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from raft_ref.messages import ServerId
from raft_ref.server.replicas.replica import MEMBERS, Change, Replica, Reply, RequestId, Status
from raft_ref.server.store import CompareAndSet, Delete, Put, Register, Result, encoded


class Kind(StrEnum):
    """What a client wants."""

    GET = "get"
    PUT = "put"
    DELETE = "delete"
    CAS = "cas"


class Operation(msgspec.Struct, frozen=True):
    """What a client wants of a key: `expected` is for cas alone, `value` for put and cas.

    With `of_any` a value may come from any server that is up to date, and not from the leader
    alone.
    """

    kind: Kind
    key: str
    value: str | None = None
    expected: str | None = None
    of_any: bool = False

    @property
    def is_write(self) -> bool:
        """Whether it may have an effect, and so is asked for in a session."""
        return self.kind is not Kind.GET


class Transfer(msgspec.Struct, frozen=True):
    """What a client wants of the cluster: that another server leads, `to` or (None) any.

    The result is the server that leads then, and whether it is that one.
    """

    to: ServerId | None = None
    is_write = False


class Membership(msgspec.Struct, frozen=True):
    """What a client wants of the members: a change, or (None) to know who they are.

    The result of the latter is JSON, a list of `raft_ref.server.replicas.membership.Member`; that
    of who is added and votes already is `VOTES`.
    """

    change: Change | None = None
    is_write = False


Wanted = Operation | Transfer | Membership


class Request(msgspec.Struct, frozen=True, array_like=True):
    """What is asked of a server: to do a command (for the log), or else for the value of a key.

    With `status` it is asked how it is (see `raft_ref.server.network.report`).
    With `successor` it is asked to let that server lead, or (empty) any other. With `of_any` it is
    asked for a value even if it does not lead. With `membership` it is asked to change the members,
    or (None in it) who they are.
    """

    number: int
    command: str | None
    key: str = ""
    successor: str | None = None
    of_any: bool = False
    membership: tuple[Change | None] | None = None
    status: bool = False

    def put_to(self, replica: Replica, name: RequestId, now: float) -> None:
        """Ask a replica, which knows the request by a name."""
        if self.membership is not None:
            [change] = self.membership
            if change is None:
                replica.read(name, MEMBERS)
            else:
                replica.change(name, change, now)
        elif self.successor is not None:
            replica.transfer(name, self.successor or None, now)
        elif self.command is None:
            replica.read(name, self.key, self.of_any)
        else:
            replica.submit(name, self.command, now)


class ExpiredError(Exception):
    """The session of a client is gone: whether its last command was done, nobody can tell."""


class Session:
    """A client that does one thing at a time.

    `ask` returns what to send, `target` to whom; `take` whether that was the end of it. What any
    server may answer the `nearest` is asked first (None: the first one).
    """

    def __init__(self, servers: Sequence[ServerId], nearest: ServerId | None = None) -> None:
        self._servers = tuple(servers)
        self._given = len(self._servers)  # the others were named as leaders
        self._named_by: int | None = None
        self._leader = self._servers[0]  # as far as is known
        self._nearest = nearest or self._servers[0]
        self._client = 0
        self._sequence = 0
        self._number = 0
        self._wanted: Wanted | None = None

    @property
    def target(self) -> ServerId:
        """The server to ask."""
        return self._nearest if self._is_for_any else self._leader

    @property
    def _is_for_any(self) -> bool:
        return isinstance(self._wanted, Operation) and self._wanted.of_any

    @property
    def is_open(self) -> bool:
        """Whether the client has a session; what it asks for before has no effect on any key."""
        return self._client != 0

    def begin(self, wanted: Wanted) -> None:
        """Want something new."""
        self._wanted = wanted
        if wanted.is_write:
            self._sequence += 1

    def ask(self) -> Request:
        """Return the next request for `target`: what is wanted, or a session to ask for it in."""
        self._number += 1
        operation = self._wanted
        assert operation is not None
        if isinstance(operation, Transfer):
            return Request(self._number, None, successor=operation.to or "")
        if isinstance(operation, Membership):
            return Request(self._number, None, membership=(operation.change,))
        if operation.kind is Kind.GET:
            return Request(self._number, None, operation.key, of_any=operation.of_any)
        if not self._client:
            return Request(self._number, encoded(Register()))
        client, sequence, key = self._client, self._sequence, operation.key
        match operation.kind:
            case Kind.PUT:
                assert operation.value is not None
                command = encoded(Put(client, sequence, key, operation.value))
            case Kind.DELETE:
                command = encoded(Delete(client, sequence, key))
            case _:
                value, expected = operation.value, operation.expected
                command = encoded(CompareAndSet(client, sequence, key, expected, value))
        return Request(self._number, command)

    def take(self, number: int, reply: Reply) -> Result | None:
        """Return the result of what is wanted, or None if there is more to ask.

        A reply to another request than the last one says nothing. Raises ExpiredError.
        """
        if number != self._number or self._wanted is None:
            return None
        if reply.status is Status.OVERLOADED:
            return None  # it is asked again
        if reply.status is not Status.DONE:
            self._look_elsewhere(reply.leader)
            return None
        if not isinstance(self._wanted, Operation):
            return reply.result
        if self._wanted.is_write and not self._client:
            self._client = reply.result.client
            return None
        if reply.result.refused:
            self._client = 0
            raise ExpiredError(reply.result.refused)
        return reply.result

    def give_up_waiting(self) -> None:
        """Ask another server the next time."""
        self._look_elsewhere(None)

    def _look_elsewhere(self, leader: ServerId | None) -> None:
        at = self._servers.index(self.target)
        if leader is not None and leader not in self._servers:
            self._servers += (leader,)  # one that became a member since
        if leader is None:
            # Who was named may be out of reach, and the first one would name it again.
            behind = at if self._named_by is None else self._named_by
            leader, self._named_by = self._servers[(behind + 1) % len(self._servers)], None
        elif self._servers.index(leader) >= self._given:
            self._named_by = at
        if self._is_for_any:
            self._nearest = leader
        else:
            self._leader = leader

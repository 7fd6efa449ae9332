"""How a connection begins: who speaks, and what is answered."""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated

import msgspec

from raft_ref.messages import ServerId
from raft_ref.server.network.framing import FrameError, read_frame

VERSION = 5
"""The version of what is spoken on a connection."""

HELLO_TIMEOUT = 5.0
"""Seconds in which a new connection must have said who speaks."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**62)]

LONGEST_GREETING = 4096
"""Bytes that the first frames may have."""


class Hello(msgspec.Struct, frozen=True, tag="raft-ref", forbid_unknown_fields=True):
    """The first frame of a connection: who speaks, a server or (None) a client, and to whom.

    `features` are those of a server, by their names, and `address` is where it listens. `cluster`
    is what its cluster is known by (empty: it does not know yet), `founders` are the servers that
    this began with (none: it joined). `disk` is what its disk is known by, `times` how often it was
    started from it, and `run` is drawn anew each time. `reached` are its term and the last index of
    its log, if that is told.
    """

    version: int
    source: ServerId | None
    dest: ServerId | None
    features: str = "none"
    address: str = ""
    cluster: str = ""
    founders: tuple[ServerId, ...] = ()
    disk: str = ""
    times: Count = 0
    run: str = ""
    reached: tuple[Count, Count] | None = None


class Farewell(StrEnum):
    """Why a server is not spoken with."""

    STRANGER = "is not in the cluster"
    REMOVED = "was removed from the cluster"
    ANOTHER_DISK = (
        "has another disk than before: a server that has lost its disk joins as a new one, with a "
        "name of its own, and the old one is removed"
    )
    OLDER_DISK = (
        "has an older state of its disk than before, and has forgotten what it promised since: it "
        "joins as a new one, with a name of its own, and the old one is removed"
    )
    TWICE = "runs twice, with one disk or a copy of it"
    ANOTHER_CLUSTER = "is of another cluster: one that is added has an empty disk, and joins"
    OTHER_FOUNDERS = "was told of other servers to begin a cluster with"
    NOT_YET = "is not told yet which cluster it belongs to"

    @property
    def is_for_now(self) -> bool:
        """Whether it may be otherwise soon, without anybody's doing."""
        return self is Farewell.NOT_YET


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a server says to another that speaks to it: who it is, or why it does not listen.

    `detail` says what differs. The other fields are as in `Hello`.
    """

    farewell: Farewell | None = None
    detail: str = ""
    cluster: str = ""
    founders: tuple[ServerId, ...] = ()
    disk: str = ""
    times: Count = 0
    run: str = ""

    @property
    def reason(self) -> str:
        """Why, in words."""
        return f"{self.farewell}{f' ({self.detail})' if self.detail else ''}"


Greeting = Callable[[Hello], Awaitable[Answer]]
Hearing = Callable[[Answer], Awaitable[bool]]

_decode_answer = msgspec.msgpack.Decoder(Answer).decode

decode_hello = msgspec.msgpack.Decoder(Hello).decode


async def answer_of(reader: asyncio.StreamReader) -> Answer | None:
    """Return what a peer answers; None at the end. Raises FrameError and OSError."""
    payload = await read_frame(reader, LONGEST_GREETING)
    try:
        return None if payload is None else _decode_answer(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FrameError(f"no answer to a greeting: {error}") from None


async def take(answer: Answer) -> bool:
    """Go on with whom one is welcome to."""
    return answer.farewell is None


def texts(hello: Hello) -> list[str]:
    """Return all that stands in a greeting as text."""
    values = [*msgspec.structs.astuple(hello), *hello.founders]
    return [each for each in values if isinstance(each, str)]

"""Who the servers of a running cluster are, and where each of them listens.

It is a value in the log, as a client's command is, and on the wire and on the disk it is text, as
that is. A snapshot holds the latest that it stands for.

A name is used once: who was removed is remembered for good, and nobody is added under that name
again. So a server that has lost its disk, and with it what it voted for, comes back as another one.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from raft_ref.features import Configuration
from raft_ref.messages import ServerId


@dataclass(frozen=True, slots=True)
class Members(Configuration):
    """A configuration with what a running cluster needs beside it.

    `addresses` say where members listen, of whom that was told; `removed` are the servers that were
    members once.
    """

    addresses: tuple[tuple[ServerId, str], ...] = ()
    removed: frozenset[ServerId] = frozenset()

    def address_of(self, server: ServerId) -> str | None:
        """Return where a server listens; None if that was not told."""
        return dict(self.addresses).get(server)


class _Text(msgspec.Struct, frozen=True, array_like=True, tag="Members"):
    voters: list[ServerId]
    learners: list[ServerId]
    addresses: dict[ServerId, str]
    removed: list[ServerId]


_BEGIN = '["Members",'
_decode = msgspec.json.Decoder(_Text).decode


def as_text(value: Any) -> str:
    """Return the value of an entry as text: a command is text already."""
    if isinstance(value, str):
        return value
    assert isinstance(value, Members)
    assert not value.outgoing_voters  # one server is changed at a time here
    parts = sorted(value.voters), sorted(value.learners)
    text = _Text(*parts, dict(value.addresses), sorted(value.removed))
    return msgspec.json.encode(text).decode()


def of_text(text: str) -> Any:
    """Return the value of an entry that is this text. Raises ValueError."""
    if not text.startswith(_BEGIN):
        return text
    try:
        found = _decode(text)
    except msgspec.DecodeError as error:
        raise ValueError(f"no members: {error}") from None
    return Members(
        voters=frozenset(found.voters),
        learners=frozenset(found.learners),
        addresses=tuple(sorted(found.addresses.items())),
        removed=frozenset(found.removed),
    )

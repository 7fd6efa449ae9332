"""Messages as bytes, and back. What comes from a network is checked, type by type.

A message is the number of its class, and its fields in order as msgpack, the members of a cluster
as text; see `Envelope` for the number that travels with it.
"""

from collections.abc import Callable
from dataclasses import fields
from types import GenericAlias
from typing import Annotated, Any, NamedTuple, get_args

import msgspec

from raft_ref.features import FeatureMessage, ForcedRequestVoteRequest
from raft_ref.messages import (
    AppendEntriesRequest,
    Entry,
    InstallSnapshotRequest,
    Message,
    Snapshot,
)
from raft_ref.server.members import as_text, of_text
from raft_ref.server.network.pieces import Piece, PieceAnswer


class CodecError(ValueError):
    """Bytes are no message; the text says why."""


class Envelope(NamedTuple):
    """A message on its way, and the round in which a leader sent it.

    A reply carries the round of its request, so that a leader learns that it still led when that
    round began (thesis 6.4). The node knows nothing of rounds.
    """

    message: Any
    round: int = 0


_Number = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
_WIRE: dict[Any, Any] = {
    str: str,
    int: _Number,
    bool: bool,
    bytes: bytes,
    tuple[Entry, ...]: list[tuple[_Number, str]],
    Snapshot: tuple[_Number, _Number, str],
}
_CLASSES: tuple[type[Any], ...] = (
    *get_args(Message),
    *get_args(FeatureMessage),
    ForcedRequestVoteRequest,
    Piece,
    PieceAnswer,
)
_NUMBERS = {cls: number for number, cls in enumerate(_CLASSES)}
_encoder = msgspec.msgpack.Encoder()


def _decoder(cls: type[Any]) -> Callable[[bytes], tuple[Any, ...]]:
    wire = tuple(_WIRE[f.type] for f in fields(cls))
    return msgspec.msgpack.Decoder(GenericAlias(tuple, (_Number, *wire))).decode


_DECODERS = [_decoder(cls) for cls in _CLASSES]


def encode(envelope: Envelope) -> bytes:
    """Return a message as bytes; what its snapshot holds is text."""
    message = envelope.message
    content: tuple[Any, ...]
    match message:
        case AppendEntriesRequest(source, dest, term, index, prev_term, entries, commit):
            carried = [(entry.term, as_text(entry.value)) for entry in entries]
            content = source, dest, term, index, prev_term, carried, commit
        case InstallSnapshotRequest(source, dest, term, held):
            snapshot = held.last_included_index, held.last_included_term, held.data
            content = source, dest, term, snapshot
        case _:
            content = tuple(getattr(message, f.name) for f in fields(message))
    return bytes([_NUMBERS[type(message)]]) + _encoder.encode((envelope.round, *content))


def decode(data: bytes) -> Envelope:
    """Return the message that the bytes hold. Raises CodecError."""
    if not data or data[0] >= len(_CLASSES):
        raise CodecError(f"no message begins with {data[:1]!r}")
    cls = _CLASSES[data[0]]
    try:
        number, *content = _DECODERS[data[0]](data[1:])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CodecError(f"no {cls.__name__}: {error}") from None
    if cls is AppendEntriesRequest:
        try:
            content[5] = tuple(Entry(term, of_text(value)) for term, value in content[5])
        except ValueError as error:
            raise CodecError(f"no {cls.__name__}: {error}") from None
    if cls is InstallSnapshotRequest:
        content[3] = Snapshot(*content[3])
    return Envelope(cls(*content), number)

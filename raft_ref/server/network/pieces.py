"""Snapshots on their way, in pieces: as many at a time as are answered, and on from where it broke.

A snapshot may be larger than any message. So it goes as `Piece`s, a few of which are on their way
at a time; each is answered with how much is there, and after a loss it goes on from that. With them
goes what a leader says where it has nothing to send, so that it is followed meanwhile, and knows
that it is. What arrives in the end is the message that was sent (7, figure 13).
"""

from collections.abc import Callable
from dataclasses import dataclass

from raft_ref.messages import AppendEntriesRequest, InstallSnapshotRequest, ServerId, Snapshot

PIECE = 2**18
"""Bytes of a piece; a snapshot that has no more goes as a message."""

WINDOW = 4
"""Pieces that are on their way at a time."""

AGAIN_AFTER = 1.0
"""Seconds without an answer after which what is on its way is sent again."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a snapshot of some size, from an offset on, which a leader of a term sends."""

    source: ServerId
    dest: ServerId
    term: int
    index: int
    last_term: int
    size: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class PieceAnswer:
    """How much of a snapshot is there."""

    source: ServerId
    dest: ServerId
    term: int
    index: int
    last_term: int
    offset: int


@dataclass(slots=True)
class _Outgoing:
    index: int
    last_term: int
    data: bytes
    heard: float  # when there was an answer, or it was begun
    answered: int = 0
    sent: int = 0


Carried = AppendEntriesRequest | InstallSnapshotRequest | Piece | PieceAnswer


class Carrier:
    """What a server sends and receives in pieces.

    `send` is called with what is to be sent, and the round of the message that it is of.
    """

    def __init__(self, send: Callable[[Carried, int], None]) -> None:
        self._send = send
        self._outgoing: dict[ServerId, _Outgoing] = {}
        self._encoded: tuple[str, bytes] = ("", b"")
        self._incoming: tuple[tuple[ServerId, int, int, int], bytearray] | None = None

    # From a leader

    def carry(self, message: InstallSnapshotRequest, number: int, now: float) -> None:
        """Bring a snapshot to a server, which may be under way already."""
        held = message.snapshot
        if len(self._bytes(held)) <= PIECE:
            self._send(message, number)
            return
        source, dest, term = message.source, message.dest, message.term
        self._send(AppendEntriesRequest(source, dest, term, 0, 0, (), 0), number)
        found = self._outgoing.get(dest)
        # One that is under way goes on, though there is a newer one: it might never arrive.
        index, last_term = held.last_included_index, held.last_included_term
        is_over = found is not None and found.answered == len(found.data) and index != found.index
        if found is None or is_over or now >= found.heard + 10 * AGAIN_AFTER:
            found = _Outgoing(index, last_term, self._bytes(held), now)
            self._outgoing[dest] = found
        elif now >= found.heard + AGAIN_AFTER and found.answered < len(found.data):
            found.sent, found.heard = found.answered, now
        self._fill(message, number, found)

    def _bytes(self, held: Snapshot) -> bytes:
        assert isinstance(held.data, str)
        if self._encoded[0] is not held.data:
            self._encoded = held.data, held.data.encode()
        return self._encoded[1]

    def _fill(self, of: InstallSnapshotRequest | PieceAnswer, number: int, it: _Outgoing) -> None:
        """Send what may be on its way; `of` says from whom to whom, or is the answer to that."""
        is_answer = isinstance(of, PieceAnswer)
        source, dest = (of.dest, of.source) if is_answer else (of.source, of.dest)
        while it.sent < min(len(it.data), it.answered + WINDOW * PIECE):
            data = it.data[it.sent : it.sent + PIECE]
            piece = Piece(
                source, dest, of.term, it.index, it.last_term, len(it.data), it.sent, data
            )
            it.sent += len(data)
            self._send(piece, number)

    def hear(self, answer: PieceAnswer, now: float) -> None:
        """Take in how much a server has, and send on."""
        found = self._outgoing.get(answer.source)
        if found is None or (found.index, found.last_term) != (answer.index, answer.last_term):
            return
        if answer.offset == found.answered or answer.offset > len(found.data):
            return
        is_back = answer.offset < found.answered  # it was started again, and has lost what it had
        found.answered, found.heard = answer.offset, now
        found.sent = answer.offset if is_back else max(found.sent, answer.offset)
        self._fill(answer, 0, found)

    # To a follower

    def take(self, piece: Piece) -> InstallSnapshotRequest | None:
        """Take a piece in, and answer it; return the message once it is whole.

        Raises ValueError where that is no text.
        """
        key = piece.source, piece.index, piece.last_term, piece.size
        if self._incoming is None or self._incoming[0] != key:
            self._incoming = key, bytearray()
        data = self._incoming[1]
        if piece.offset == len(data) and len(data) + len(piece.data) <= piece.size:
            data += piece.data
        source, dest, term = piece.dest, piece.source, piece.term
        self._send(PieceAnswer(source, dest, term, piece.index, piece.last_term, len(data)), 0)
        if len(data) < piece.size:
            return None
        self._incoming = None
        snapshot = Snapshot(piece.index, piece.last_term, data.decode())
        return InstallSnapshotRequest(piece.source, piece.dest, piece.term, snapshot)

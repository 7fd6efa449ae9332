"""The key-value store: a state machine, with sessions of clients so that nothing is done twice.

Two rules hold here.
 - What a command does depends on the commands before it and on nothing else, so that all servers
   that apply the same log hold the same.
 - A client numbers its commands. One that comes again, because the client saw no reply, is answered
   from its session and not done again (thesis 6.3).

`Store` is the store of a running server, changed in place; as text it is what a snapshot holds.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any

import msgspec

from raft_ref.messages import Entry
from raft_ref.server.members import Members, as_text, of_text


class _Command(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """What a log entry asks of the store."""


class NoOp(_Command, frozen=True):
    """Nothing: a new leader commits it, and what comes before it (5.4.2; thesis 6.4)."""


class Register(_Command, frozen=True):
    """Open a session; the result is the client's number."""


Number = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
"""A number that can be counted on, and still be told to others."""


class Put(_Command, frozen=True):
    """Store a value under a key."""

    client: Number
    sequence: Number
    key: str
    value: str


class Delete(_Command, frozen=True):
    """Remove a key; the result is the value that it had."""

    client: Number
    sequence: Number
    key: str


class CompareAndSet(_Command, frozen=True):
    """Store a value under a key if it has the expected one; None is no value.

    The result is the value that it had, and whether the new one was stored.
    """

    client: Number
    sequence: Number
    key: str
    expected: str | None
    value: str | None


Command = NoOp | Register | Put | Delete | CompareAndSet


class Result(msgspec.Struct, frozen=True, array_like=True):
    """What a command did: whether it had its way, a value, or a number; or why it was not done."""

    succeeded: bool = True
    value: str | None = None
    client: int = 0
    refused: str = ""


EXPIRED = Result(succeeded=False, refused="session expired")
STALE = Result(succeeded=False, refused="a later command of the client was done already")

AT_ONCE = 2**20
"""Bytes of a store that are written as text, or of commands that are done, before others have their
turn; a command or a key counts for as many more as take as long."""

_EACH = 1000

MAX_SESSIONS = 10_000
"""Sessions that are kept; the one that was not used for longest goes first."""


class Session(msgspec.Struct, array_like=True):
    """The last command of a client that was done, and its result."""

    sequence: Number
    result: Result


class _Content(msgspec.Struct, array_like=True):
    values: dict[str, str]
    sessions: dict[Number, Session]
    clients: Number
    members: str = ""  # those of the latest change; nothing before the first


_encode = msgspec.json.Encoder().encode
_decode_command = msgspec.json.Decoder(Command).decode
_decode_content = msgspec.json.Decoder(_Content).decode


def encoded(command: Command) -> str:
    """Return a command as the value of a log entry: JSON, which a reader of a trace can read."""
    return msgspec.json.encode(command).decode()


MAX_COMMAND = 4 * 2**20
"""Bytes that a command may have, with its key and values: it has to fit into a message."""


def size_of(value: Any) -> int:
    """Return the bytes of the value of an entry, as it is sent."""
    text = value if isinstance(value, str) else as_text(value)
    return len(text) if text.isascii() else len(text.encode())


def check_command(value: str) -> None:
    """Raise ValueError where a value is no command, so that no log takes it in."""
    if size_of(value) > MAX_COMMAND:
        raise ValueError(too_large(value))
    try:
        _decode_command(value)
    except msgspec.DecodeError as error:
        raise ValueError(f"no command: {error}") from None


def can_come_again(command: str) -> bool:
    """Tell whether a command that is the same text is the same command, asked for once more."""
    return not command.startswith(('["NoOp"', '["Register"'))


def too_large(value: str) -> str:
    """Say that a command has more bytes than it may."""
    return f"it has {size_of(value)} bytes, and {MAX_COMMAND} are taken at most"


class Store:
    """The state of the key-value store, and what commands do to it.

    `members` are those of the latest change that was applied, None before the first.
    `max_sessions` must be the same on all servers.
    """

    def __init__(self, data: str = "", max_sessions: int = MAX_SESSIONS) -> None:
        """Hold what `data` holds, as `as_text` returned it; nothing at first."""
        content = _decode_content(data) if data else _Content({}, {}, 0)
        self._values = content.values
        self._sessions = content.sessions  # the one that was used last comes last
        self._clients = content.clients
        self.members = _members(content.members)
        self._max_sessions = max_sessions

    def as_text(self) -> str:
        """Return all of it, for a snapshot."""
        return "".join(self.pieces())

    def pieces(self) -> Iterator[str]:
        """Yield the text in pieces (of a `_Content`); nothing may change until it has ended."""
        yield "[{"
        yield from _pieces(self._values)
        yield "},{"
        yield from _pieces(self._sessions)
        members = "" if self.members is None else as_text(self.members)
        yield f"}},{self._clients},{_encode(members).decode()}]"

    def get(self, key: str) -> str | None:
        """Return the value of a key, or None."""
        return self._values.get(key)

    def apply(self, value: Any) -> Result:
        """Do what a log entry asks, once, and return its result."""
        if isinstance(value, Members):
            self.members = value
            return Result()
        command = _decode_command(value)
        if isinstance(command, NoOp):
            return Result()
        if isinstance(command, Register):
            return self._register()
        session = self._sessions.pop(command.client, None)
        if session is None:
            return EXPIRED
        self._sessions[command.client] = session
        if (answered := self.answered(session, command.sequence)) is not None:
            return answered
        session.sequence, session.result = command.sequence, self._done(command)
        return session.result

    def known(self, value: str) -> Result | None:
        """Return the result of a command that was done before; None if it was not."""
        command = _decode_command(value)
        if not isinstance(command, Put | Delete | CompareAndSet):
            return None
        session = self._sessions.get(command.client)
        return None if session is None else self.answered(session, command.sequence)

    def answered(self, session: Session, sequence: int) -> Result | None:
        """Return the result of a command that comes again; None for one that is new."""
        if sequence > session.sequence:
            return None
        return session.result if sequence == session.sequence else STALE

    def _register(self) -> Result:
        self._clients += 1
        self._sessions[self._clients] = Session(0, Result())
        while len(self._sessions) > self._max_sessions:
            del self._sessions[next(iter(self._sessions))]
        return Result(client=self._clients)

    def _done(self, command: Put | Delete | CompareAndSet) -> Result:
        before = self._values.get(command.key)
        match command:
            case Put(value=value):
                self._values[command.key] = value
                return Result()
            case Delete():
                self._values.pop(command.key, None)
                return Result(before is not None, before)
            case CompareAndSet(expected=expected, value=value):
                if before != expected:
                    return Result(False, before)
                if value is None:
                    self._values.pop(command.key, None)
                else:
                    self._values[command.key] = value
                return Result(True, before)


def _pieces(content: Mapping[Any, Any]) -> Iterator[str]:
    """Yield what stands in JSON within the braces of an object, in pieces."""
    piece: dict[Any, Any] = {}
    size, comma = 0, ""
    for key, value in content.items():
        piece[key] = value
        text = value if isinstance(value, str) else value.result.value or ""
        size += len(text) + _EACH
        if size > AT_ONCE:
            yield comma + _encode(piece)[1:-1].decode()
            piece, size, comma = {}, 0, ","
    if piece:
        yield comma + _encode(piece)[1:-1].decode()


class KeyValueMachine:
    """The store as a state machine of the node: its state is the text of a `Store`.

    To make a large text takes long. So it can be made a little at a time (`preparing`), before it
    is asked for: what was prepared last, `apply` has at once.
    """

    def __init__(self, max_sessions: int = MAX_SESSIONS) -> None:
        self._max_sessions = max_sessions
        # The store of the text that was made last, as it is what comes next that is asked for.
        self._latest: tuple[str, Store] | None = None
        self._members: tuple[str, Members | None] = "", None
        self._prepared: tuple[str, Sequence[Entry], str] | None = None

    @property
    def initial(self) -> str:
        """The text of an empty store."""
        return ""

    def store(self, data: Hashable) -> Store:
        """Return the store that the text holds."""
        assert isinstance(data, str)
        return Store(data, self._max_sessions)

    def members(self, data: Hashable) -> Members | None:
        """Return the members as of the entries that the text stands for; None for the first."""
        assert isinstance(data, str)
        known, members = self._members
        return members if known is data else members_in(data)

    def apply(self, data: Hashable, entries: Sequence[Entry]) -> str:
        """Return the text once these entries are applied."""
        prepared, self._prepared = self._prepared, None
        if prepared is None or prepared[0] is not data or prepared[1] != entries:
            for _ in self.preparing(data, entries):
                pass
            prepared, self._prepared = self._prepared, None
        assert prepared is not None
        return prepared[2]

    def preparing(self, data: Hashable, entries: Sequence[Entry]) -> Iterator[None]:
        """Make the text that `apply` returns for the same, with a pause wherever it takes long."""
        known, self._latest = self._latest, None
        store = known[1] if known is not None and known[0] is data else self.store(data)
        size = 0
        for entry in entries:
            store.apply(entry.value)
            size += size_of(entry.value) + _EACH
            if size > AT_ONCE:
                size = 0
                yield
        made: list[str] = []
        for piece in store.pieces():
            made.append(piece)
            size += len(piece)
            if size > AT_ONCE:
                size = 0
                yield
        text = "".join(made)
        assert isinstance(data, str)
        self._latest, self._members = (text, store), (text, store.members)
        self._prepared = data, entries, text

    def rename(self, data: Hashable, renaming: Mapping[str, str]) -> Hashable:
        """Return the text as it is: no value here is renamed."""
        return data


def _members(text: str) -> Members | None:
    found: Members | None = of_text(text) if text else None
    return found


@lru_cache(maxsize=2)  # a server asks for those of its snapshot again and again
def members_in(data: Hashable) -> Members | None:
    """Return the members that the text of a store holds, if any. Raises ValueError."""
    if not data:
        return None
    assert isinstance(data, str)
    try:
        return _members(_decode_content(data).members)
    except msgspec.DecodeError as error:
        raise ValueError(f"no store: {error}") from None

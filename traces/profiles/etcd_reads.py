"""What etcd's raft library writes of reads, with ReadOnlySafe: a part of the profile `etcd`.

What to know of it:

- A read has a context in the place of a number, and a server as many reads as it likes.
- `ReceiveReadIndex` is a client's read, or that of a follower (`from` in its message), at whom it
  arrives; a leader that has committed nothing in its term keeps it until it has.
- Each read begins a round of heartbeats, and an answer to that confirms all reads before. Which
  round a heartbeat is of is not shown: any may be of the latest that was begun when it was sent.
- Where there is one voter, a leader answers at once, as if a round had been begun.
- `ReadIndexQuorumAck` answers one read, and those before it without a line. The library says no
  more; who drives it can tell what is forwarded and answered (`SendReadIndex`,
  `SendReadIndexResponse`, `ReceiveReadIndexResponse`), and what the client is told (`ReadState`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from raft_ref.traces.format.trace import JsonObject, TraceError
from raft_ref.traces.validation.lines.events import Event

SILENT = ("BeginRound", "ServeRead")
"""What happens to reads without a line."""

NAMES = (
    "ReceiveReadIndex", "SendReadIndex", "ReadIndexQuorumAck", "SendReadIndexResponse",
    "ReceiveReadIndexResponse", "ReadState",
)  # fmt: skip
"""What lines about reads are called."""

_BEATS = {
    "MsgHeartbeat": "HeartbeatRequest",
    "MsgHeartbeatResp": "HeartbeatResponse",
}
_OF_A_CLIENT = ("0", "", None)


class Reads:
    """Reads the lines about reads. Argument: the servers."""

    def __init__(self, servers: tuple[str, ...]) -> None:
        self._servers = servers
        self._numbers: dict[str, dict[str, int]] = {each: {} for each in servers}
        """The number of each server's read by its context."""
        self._sent: set[tuple[str, str, int]] = set()
        """Who was asked by whom, for which read."""
        self._answered: set[tuple[str, int]] = set()
        self._heard: set[tuple[str, int]] = set()
        """Reads of which a line says that the answer has come."""
        self._told_to_clients: set[tuple[str, int]] = set()

    def events(
        self, number: int, server: str, name: str, state: JsonObject, line: JsonObject
    ) -> Iterator[Event]:
        """Yield what a line about a read says; `state` is that of its server."""
        context = _context(line)
        if name in ("ReadState", "SendReadIndexResponse") and _asks_nobody(line):
            yield Event(number, server, name, ("BeginRound",), after=state)
        match name:
            case "ReceiveReadIndex":
                yield from self._received(number, server, context, state, line)
            case "ReadIndexQuorumAck":
                peer = self._asker(server, context)
                told = (line.get("prop") or {}).get("readIndex")
                yield self._answers(number, server, name, peer, context, told, state)
            case "ReadState":
                yield self._told(number, server, context, state, line)
            case "SendReadIndex":
                source, dest = self._ends(line)
                message = self._request(source, dest, context)
                self._sent.add((source, dest, message["number"]))
                # Who does not lead passes it on as it is.
                after = state if source == server else {}
                yield Event(number, source, name, ("Send",), message, after=after)
            case _:
                yield self._response(number, server, name, context, state, line)

    def restarts(self, server: str) -> None:
        """Note that the clients of a server wait no more: it has forgotten what they asked."""
        numbers = self._numbers[server].values()
        self._told_to_clients.update((server, number) for number in numbers)

    def beat(self, number: int, server: str, name: str, line: JsonObject) -> Iterator[Event]:
        """Yield what a heartbeat, or an answer to one, says of rounds."""
        shown: Any = line.get("msg") or {}
        kind = _BEATS.get(shown.get("type"))
        if kind is None or shown.get("from") == shown.get("to"):
            return
        head = {"source": shown["from"], "dest": shown["to"], "term": shown["term"]}
        message = {"type": kind, **head}
        if name.startswith("Receive"):
            yield Event(number, server, name, ("Hear",), message)
        elif kind == "HeartbeatRequest":
            yield Event(number, server, name, ("Send",), message)

    def _received(
        self, number: int, server: str, context: str, state: JsonObject, line: JsonObject
    ) -> Iterator[Event]:
        name, shown = "ReceiveReadIndex", line.get("msg")
        source = shown.get("from") if type(shown) is dict else None
        if source in (*_OF_A_CLIENT, server):
            is_new = context not in self._numbers[server]
            asked = {"number": self._number(server, context)}
            # Whom a follower asks, another line tells.
            move = "Read" if state["role"] == "Leader" else "RequestReadIndex"
            moves = (move,) if is_new else ("Stay",)
            yield Event(number, server, name, moves, arguments=asked, before=state)
            return
        self._known(source)
        message = self._request(source, server, context)
        if (source, server, message["number"]) not in self._sent:
            yield Event(number, source, name, ("Send",), message)
        yield Event(number, server, name, ("Hear",), message, before=state)

    def _answers(
        self,
        number: int,
        server: str,
        name: str,
        peer: str,
        context: str,
        index: Any,
        state: JsonObject,
    ) -> Event:
        if type(index) is not int:
            raise TraceError(f'{name} needs its "readIndex"')
        read = self._number(peer, context)
        self._answered.add((peer, read))
        if peer == server:
            self._heard.add((peer, read))
        told = {"peer": peer, "number": read, "index": index}
        return Event(number, server, name, ("AnswerReads",), arguments=told, after=state)

    def _told(
        self, number: int, server: str, context: str, state: JsonObject, line: JsonObject
    ) -> Event:
        """Return that a client is told the index of its read."""
        index = (line.get("prop") or {}).get("readIndex")
        read = self._number(server, context)
        if state["role"] == "Leader" and (server, read) not in self._answered:
            return self._answers(number, server, "ReadState", server, context, index, state)
        # A request that came twice is answered twice; the client waits for the first alone.
        is_first = (server, read) not in self._told_to_clients
        is_known = (server, read) in self._answered & self._heard
        self._told_to_clients.add((server, read))
        is_latest = read == len(self._numbers[server])
        after = {**state, "readIndex": index} if is_latest and is_first and is_known else state
        return Event(number, server, "ReadState", ("Stay",), after=after)

    def _response(
        self,
        number: int,
        server: str,
        name: str,
        context: str,
        state: JsonObject,
        line: JsonObject,
    ) -> Event:
        source, dest = self._ends(line)
        if (source if name.startswith("Send") else dest) != server:
            raise TraceError(f'{name}: the "msg" is not of {server}')
        read, shown = self._number(dest, context), line["msg"]
        head = {"source": source, "dest": dest, "term": shown.get("term")}
        message = {"type": "ReadIndexResponse", **head}
        message |= {"number": read, "index": shown.get("index")}
        if not all(type(message[each]) is int for each in ("term", "index")):
            raise TraceError(f'{name} needs the "term" and the "index" of its "msg"')
        if name.startswith("Send"):
            self._answered.add((dest, read))
            return Event(number, server, name, ("Send",), message, after=state)
        self._heard.add((dest, read))
        return Event(number, server, name, ("Receive",), message, before=state)

    def _request(self, source: str, dest: str, context: str) -> JsonObject:
        ends = {"source": source, "dest": dest}
        return {"type": "ReadIndexRequest", **ends, "number": self._number(source, context)}

    def _asker(self, leader: str, context: str) -> str:
        """Return whose read has a context."""
        for each in (leader, *self._servers):
            if context in self._numbers[each]:
                return each
        return leader

    def _number(self, server: str, context: str) -> int:
        return self._numbers[server].setdefault(context, len(self._numbers[server]) + 1)

    def _ends(self, line: JsonObject) -> tuple[str, str]:
        shown = line.get("msg")
        if type(shown) is not dict:
            raise TraceError('a line about a read needs its "msg"')
        self._known(shown.get("from"))
        self._known(shown.get("to"))
        return shown["from"], shown["to"]

    def _known(self, server: Any) -> None:
        if server not in self._servers:
            raise TraceError(f'unknown server "{server}" in a "msg"')


def _asks_nobody(line: JsonObject) -> bool:
    """Say whether a leader answers at once, since it takes itself for the only voter."""
    conf: Any = line.get("conf")
    voters = conf if type(conf) is list else []
    return line.get("role") == "StateLeader" and sum(len(half or ()) for half in voters) == 1


def _context(line: JsonObject) -> str:
    prop = line.get("prop")
    context = prop.get("ctx") if type(prop) is dict else None
    if type(context) is not str:
        raise TraceError('a line about a read needs the "ctx" in its "prop"')
    return context

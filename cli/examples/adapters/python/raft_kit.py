"""To be copied: writes traces (traces/FORMAT.md of raft-ref), and is driven (traces/ADAPTER.md)."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

Fields = dict[str, Any]
"""Has the names of traces/FORMAT.md: those of a line, a state, a message."""


class Trace:
    """Writes what servers do, whichever thread says so, to the file that RAFT_TRACE names.

    One for each process, which goes on at its end; without the variable nothing is written.
    Argument: the names of all servers.
    """

    def __init__(self, servers: Sequence[str]) -> None:
        self._lock = Lock()
        self._file = None
        # Lamport's: by it `raft-ref validate --merge` orders the files of processes.
        self._clock = 0
        if path := os.environ.get("RAFT_TRACE"):
            self._file = Path(path).open("a+", 1 << 20, encoding="utf-8")
            self._file.seek(0)
            before = self._file.read()
            if before:
                self._clock = _behind_colon(before.rstrip("}\n"))
            else:
                self._file.write(_text(_header(servers, {})) + "\n")

    def line(self, step: str | None, server: str, **parts: Any) -> str:
        """Tell of a step, with the `state` after it, `arguments`, `message`; None is any step.

        "Send" comes before the message leaves; returned is the id to go with it, by which its
        receipt is told.
        """
        if self._file is None:
            return ""
        with self._lock:
            message = parts.get("message", {})
            id = str(message.get("id", ""))
            self._clock = max(self._clock, _behind_colon(id)) + 1
            if step == "Send":
                message["id"] = id = f"{server}:{self._clock}"
            line = {"step": step, "server": server, **parts, "clock": self._clock}
            self._file.write(_text(line) + "\n")
            if step == "Send":
                self._file.flush()  # a crash loses nothing that others know of
        return id

    def flush(self) -> None:
        """Write what waits in the buffer."""
        if self._file is not None:
            with self._lock:
                self._file.flush()


def _behind_colon(text: str) -> int:
    number = text.rpartition(":")[2].strip()
    return int(number) if number.isdecimal() else 0


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _header(servers: Sequence[str], initial: Fields) -> Fields:
    return {
        "format": "raft-ref-trace", "version": 1, "servers": [*servers], "logged": "some",
        "unlogged": [], "initial": initial,
    }  # fmt: skip


class Server(Protocol):
    """One of a cluster in one process, without clock, threads and network.

    A step returns what it sends; who cannot take it now does nothing. A message may come twice,
    late or never.
    """

    def timeout(self) -> list[Any]: ...  # the election timeout fires
    def receive(self, message: Any) -> list[Any]: ...  # a message arrives
    def client_request(self, value: str) -> list[Any]: ...  # a client asks to store a value
    def append_entries(self, peer: str, count: int) -> list[Any]: ...  # a leader is to send entries
    def restart(self) -> list[Any]: ...  # a crash, and a start with what was stored
    def state(self) -> Fields: ...  # currentTerm, votedFor, role, commitIndex, log
    def fields(self, message: Any) -> Fields: ...  # type, source, dest, term, and what it has more


class Cluster:
    """Answers requests. `start` makes a server that has nothing stored."""

    def __init__(self, start: Callable[[str, list[str]], Server]) -> None:
        self._start = start
        self._servers: dict[str, Server] = {}
        self._sent: list[Any] = []

    def answer(self, request: Fields) -> Fields:
        """Return the answer to one request."""
        step, name = request["step"], request.get("server", "")
        if step == "Init":
            names = request["servers"]
            self._servers, self._sent = {me: self._start(me, names) for me in names}, []
            initial = {me: server.state() for me, server in self._servers.items()}
            return {"lines": [_header(names, initial)]}
        server, arguments = self._servers[name], request.get("arguments", {})
        line, before = {"step": step, "server": name}, _text(server.state())
        match step:
            case "Timeout":
                taken = server.timeout()
            case "Receive" | "ReceiveDuplicate":
                message = self._sent[request["id"]]
                line |= {"step": "Receive", "message": server.fields(message)}
                taken = server.receive(message)
            case "ClientRequest":
                taken = server.client_request(arguments["value"])
            case "AppendEntries":
                line["step"] = "Stay"  # what is sent says more
                taken = server.append_entries(arguments["peer"], arguments["count"])
            case "Restart":
                taken = server.restart()
            case _:  # room for CompactLog; for InstallSnapshot (told as "Stay"), for Tick (as None)
                return {"lines": [], "unknown": True}
        line["state"] = server.state()
        told = [server.fields(message) for message in taken]
        lines = [line, *({"step": "Send", "server": name, "message": each} for each in told)]
        sends = [{"id": id, "message": each} for id, each in enumerate(told, len(self._sent))]
        self._sent += taken
        is_told = taken or "message" in line or step == "Restart" or before != _text(line["state"])
        return {"lines": lines if is_told else [], "sends": sends}


def serve(start: Callable[[str, list[str]], Server]) -> None:
    """Answer requests from standard input."""
    cluster = Cluster(start)
    try:
        for line in sys.stdin:
            print(_text(cluster.answer(json.loads(line))), flush=True)
    except BrokenPipeError:  # who asked has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

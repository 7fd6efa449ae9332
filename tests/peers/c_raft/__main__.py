"""Answers requests until there are no more."""

import ctypes
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from raft_ref.traces.conformance.serving import begun, serve
from tests.peers.as_text import as_text

ELECTION, HEARTBEAT = 5_000, 150
"""After how many milliseconds a server surely campaigns, or a leader sends."""


def built(folder: Path) -> ctypes.CDLL:
    """Compile the cluster, and load it."""
    library = folder / "cluster.so"
    source = Path(__file__).with_name("cluster.c")
    compiler = ["cc", "-O1", "-shared", "-fPIC", "-o", str(library), str(source), "-lraft"]
    subprocess.run(compiler, check=True)
    loaded = ctypes.CDLL(str(library))
    for name in ("cluster_state", "cluster_message"):
        getattr(loaded, name).restype = ctypes.c_char_p
    loaded.cluster_sent.restype = ctypes.c_size_t
    loaded.cluster_message.argtypes = loaded.cluster_receive.argtypes = [ctypes.c_size_t]
    return loaded


class Cluster:
    """A cluster that does what it is told."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.library = library
        self.names: list[str] = []
        self.seen = 0

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        step = request["step"]
        if step == "Init":
            return self._init(request["servers"])
        name, message = request["server"], None
        number = self.names.index(name) + 1
        is_leader = bool(self.library.cluster_is_leader(number))
        if step in ("Receive", "ReceiveDuplicate"):
            message = self._message(request["id"])
            self.library.cluster_receive(request["id"])
        elif step == "Restart":
            self.library.cluster_restart(number)
        elif step == "Timeout" and not is_leader:
            self.library.cluster_tick(number, ELECTION)
        elif step == "ClientRequest" and is_leader:
            self.library.cluster_apply(number, request["arguments"]["value"].encode())
        elif step == "AppendEntries" and is_leader:
            self.library.cluster_tick(number, HEARTBEAT)
        else:
            return {"lines": []}
        return as_text(step, name, self._state(name), message, self._sent())

    def _init(self, names: list[str]) -> dict[str, Any]:
        self.names, self.seen = names, 0
        self.library.cluster_init(len(names))
        return begun(names, {name: self._state(name) for name in names}, logged="some")

    def _state(self, name: str) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(
            self.library.cluster_state(self.names.index(name) + 1).decode()
        )
        vote = state["votedFor"]
        state["votedFor"] = self.names[vote - 1] if vote else None
        return state

    def _message(self, number: int) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.library.cluster_message(number).decode())
        ends = {end: self.names[message[end] - 1] for end in ("source", "dest")}
        return {**message, **ends}

    def _sent(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield what was sent since, each message with its number."""
        for number in range(self.seen, self.library.cluster_sent()):
            yield number, self._message(number)
        self.seen = self.library.cluster_sent()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        serve(Cluster(built(Path(folder))).answer)


if __name__ == "__main__":
    main()

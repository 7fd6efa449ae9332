"""Drives PySyncObj, a cluster in one process, as it is told on standard input (traces/ADAPTER.md).

What to know of it:

- Its clock stands still: a server campaigns, or sends, when it is told to, and its tick follows on
  each message.
- Every log begins with an entry of term 0 that is committed, at index 1: it is counted off.
- It votes or is silent; its answers to entries carry no term, so that a leader counts one that it
  was sent in an earlier term. With --answers-in-term such an answer is lost on its way, to see what
  else there is.
- It compacts its log in a process of its own, and so is not asked to.

`python -m tests.peers.pysyncobj_adapter [--answers-in-term]`
"""

import pickle
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pysyncobj.syncobj
from pysyncobj import SyncObj, SyncObjConf, replicated
from pysyncobj.node import Node
from pysyncobj.transport import Transport

from raft_ref.traces.conformance.serving import begun, serve
from tests.peers.as_text import as_text

pysyncobj.syncobj.monotonicTime = lambda: 0.0

ROLES = ("Follower", "Candidate", "Leader")


class Wire(Transport):
    """Keeps what a server sends."""

    ready = True

    def __init__(self) -> None:
        super().__init__(None, None, [])
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def send(self, node: Node, message: dict[str, Any]) -> bool:
        # What it sends may hold its own lists.
        self.sent.append((node.id, pickle.loads(pickle.dumps(message))))
        return True

    def receive(self, source: Node, message: dict[str, Any]) -> None:
        self._onMessageReceived(source, message)

    def connect(self, node: Node) -> None:
        self._onNodeConnected(node)


class Store(SyncObj):
    """A server: a list of values."""

    def __init__(self, me: str, servers: list[str], directory: Path) -> None:
        self.wire = Wire()
        self.values: list[str] = []
        self.peers = {each: Node(each) for each in servers}
        conf = SyncObjConf(
            autoTick=False, journalFile=str(directory / me), dynamicMembershipChange=False,
            pollerType="select", logCompactionMinEntries=1 << 30, logCompactionMinTime=1 << 30,
        )  # fmt: skip
        others = [node for name, node in self.peers.items() if name != me]
        super().__init__(self.peers[me], others, conf, transport=self.wire)
        for node in others:
            self.wire.connect(node)

    @replicated
    def put(self, value: str) -> None:
        self.values.append(value)

    def own(self, name: str) -> Any:
        return getattr(self, f"_SyncObj__{name}")

    def let(self, name: str, value: Any) -> None:
        setattr(self, f"_SyncObj__{name}", value)

    @property
    def is_leader(self) -> bool:
        return bool(self.own("raftState") == 2)


class Cluster:
    """A cluster that does what it is told."""

    def __init__(self, answers_in_term: bool) -> None:
        self.answers_in_term = answers_in_term
        self.directory = Path(tempfile.mkdtemp(prefix="pysyncobj-"))
        self.names: list[str] = []
        self.servers: dict[str, Store] = {}
        self.sent: list[tuple[str, str, int, dict[str, Any]]] = []

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        step = request["step"]
        if step == "Init":
            return self._init(request["servers"])
        name = request["server"]
        server, message = self.servers[name], None
        if step in ("Receive", "ReceiveDuplicate"):
            source, _, term, carried = self.sent[request["id"]]
            is_late = carried["type"] == "next_node_idx" and term != server.own("raftCurrentTerm")
            if self.answers_in_term and is_late:
                return {"lines": []}
            message = shown(source, name, carried)
            server.wire.receive(server.peers[source], pickle.loads(pickle.dumps(carried)))
        elif step == "Restart":
            server = self._start(name)
        elif step == "Timeout" and not server.is_leader:
            server.let("raftElectionDeadline", -1.0)
        elif step == "ClientRequest" and server.is_leader:
            server.put(request["arguments"]["value"])
        elif step == "AppendEntries" and server.is_leader:
            server.let("newAppendEntriesTime", -1.0)
        else:
            return {"lines": []}
        if step != "Restart":
            server._onTick(0.0)
        return as_text(step, name, self._state(name), message, self._sent(name))

    def _init(self, names: list[str]) -> dict[str, Any]:
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir()
        self.names, self.sent = names, []
        for each in names:
            self._start(each)
        return begun(names, {each: self._state(each) for each in names}, logged="some")

    def _start(self, name: str) -> Store:
        """Start a server with what is in its files; one that runs is gone."""
        self.servers[name] = Store(name, self.names, self.directory)
        return self.servers[name]

    def _state(self, name: str) -> dict[str, Any]:
        server = self.servers[name]
        matched = server.own("raftMatchIndex")
        state: dict[str, Any] = {
            "currentTerm": server.own("raftCurrentTerm"),
            "votedFor": server.own("votedForNodeId"),
            "role": ROLES[server.own("raftState")],
            "commitIndex": server.own("raftCommitIndex") - 1,
            "log": entries([*server.own("raftLog")][1:]),
        }
        if server.is_leader:
            state["matchIndex"] = {node.id: max(index - 1, 0) for node, index in matched.items()}
        return state

    def _sent(self, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield what a server has sent since, each with its number."""
        server = self.servers[name]
        # It sends to its peers in the order of a set, which is another in each process.
        for dest, carried in sorted(server.wire.sent, key=lambda each: each[0]):
            yield len(self.sent), shown(name, dest, carried)
            self.sent.append((name, dest, server.own("raftCurrentTerm"), carried))
        server.wire.sent.clear()


def entries(some: list[tuple[bytes, int, int]]) -> list[dict[str, Any]]:
    """Return entries as the spec has them."""
    return [{"term": term, "value": command.hex()} for command, _, term in some]


def shown(source: str, dest: str, m: dict[str, Any]) -> dict[str, Any]:
    """Return a message as the spec has it."""
    ends = {"source": source, "dest": dest}
    match m["type"]:
        case "request_vote":
            return {
                "type": "RequestVoteRequest", **ends, "term": m["term"],
                "lastLogIndex": m["last_log_index"] - 1, "lastLogTerm": m["last_log_term"],
            }  # fmt: skip
        case "response_vote":
            return {"type": "RequestVoteResponse", **ends, "term": m["term"], "voteGranted": True}
        case "append_entries":
            return {
                "type": "AppendEntriesRequest", **ends, "term": m["term"],
                "prevLogIndex": m["prevLogIdx"] - 1, "prevLogTerm": m["prevLogTerm"],
                "entries": entries(m["entries"]), "leaderCommit": m["commit_index"] - 1,
            }  # fmt: skip
        case "next_node_idx":
            matched = m["next_node_idx"] - 2 if m["success"] else 0
            return {
                "type": "AppendEntriesResponse", **ends,
                "success": m["success"], "matchIndex": matched,
            }  # fmt: skip
    raise ValueError(f"a message of type {m['type']}")


def main() -> None:
    cluster = Cluster("--answers-in-term" in sys.argv[1:])
    try:
        serve(cluster.answer)
    finally:
        shutil.rmtree(cluster.directory, ignore_errors=True)


if __name__ == "__main__":
    main()

"""A toy Raft: elections, replication, restarts. Put your own in its place; the kit stays as it is.

`python toy_raft.py` is driven; with `RAFT_TRACE` set, `python toy_raft.py run` is traced.
"""

import random
import sys
from queue import Empty, Queue
from threading import Thread
from typing import Any

from raft_kit import Trace, serve

FORGETS_VOTE = "--forgets-vote" in sys.argv  # a known bug, to see it found

Message = dict[str, Any]


class Server:
    """One server; its messages have the names of traces/FORMAT.md."""

    def __init__(self, me: str, servers: list[str]) -> None:
        self.me, self.peers = me, [each for each in servers if each != me]
        # Stored:
        self.current_term = 0
        self.voted_for: str | None = None
        self.log: list[tuple[int, str]] = []
        # In memory:
        self.role, self.commit_index = "Follower", 0
        self.votes_granted: set[str] = set()
        self.next_index: dict[str, int] = {}
        self.match_index: dict[str, int] = {}

    def restart(self) -> list[Message]:
        self.role, self.commit_index = "Follower", 0
        if FORGETS_VOTE:
            self.voted_for = None
        return []

    def timeout(self) -> list[Message]:
        if self.role == "Leader":
            return []
        self.current_term, self.voted_for = self.current_term + 1, self.me
        self.role, self.votes_granted = "Candidate", {self.me}
        end = {"lastLogIndex": len(self.log), "lastLogTerm": self.term_at(len(self.log))}
        return [self.message("RequestVoteRequest", peer, **end) for peer in self.peers]

    def client_request(self, value: str) -> list[Message]:
        if self.role == "Leader":
            self.log.append((self.current_term, value))
        return []

    def append_entries(self, peer: str, count: int) -> list[Message]:
        if self.role != "Leader":
            return []
        prev = self.next_index[peer] - 1
        return [self.message(
            "AppendEntriesRequest", peer, prevLogIndex=prev, prevLogTerm=self.term_at(prev),
            entries=entries(self.log[prev : prev + count]), leaderCommit=self.commit_index,
        )]  # fmt: skip

    def receive(self, message: Message) -> list[Message]:
        if message["term"] > self.current_term:
            self.current_term, self.voted_for, self.role = message["term"], None, "Follower"
        is_of_term, source = message["term"] == self.current_term, message["source"]
        match message["type"]:
            case "RequestVoteRequest":
                mine = self.term_at(len(self.log)), len(self.log)
                is_up_to_date = (message["lastLogTerm"], message["lastLogIndex"]) >= mine
                grants = is_of_term and is_up_to_date and self.voted_for in (None, source)
                if grants:
                    self.voted_for = source
                return [self.message("RequestVoteResponse", source, voteGranted=grants)]
            case "RequestVoteResponse":
                if is_of_term and self.role == "Candidate" and message["voteGranted"]:
                    self.votes_granted.add(source)
                    self.lead()
            case "AppendEntriesRequest":
                prev, success = message["prevLogIndex"], False
                if is_of_term:
                    self.role = "Follower"
                    success = prev <= len(self.log) and self.term_at(prev) == message["prevLogTerm"]
                end = self.store(message) if success else 0
                answer = {"success": success, "matchIndex": end}
                return [self.message("AppendEntriesResponse", source, **answer)]
            case "AppendEntriesResponse":
                if is_of_term and self.role == "Leader":
                    self.count(message)
        return []

    def message(self, kind: str, dest: str, **more: Any) -> Message:
        ends = {"type": kind, "source": self.me, "dest": dest}
        return {**ends, "term": self.current_term, **more}

    def term_at(self, index: int) -> int:
        return self.log[index - 1][0] if index else 0

    def is_quorum(self, count: int) -> bool:
        return 2 * count > len(self.peers) + 1

    def lead(self) -> None:
        if self.is_quorum(len(self.votes_granted)):
            self.role = "Leader"
            self.next_index = dict.fromkeys(self.peers, len(self.log) + 1)
            self.match_index = dict.fromkeys(self.peers, 0)

    def store(self, message: Message) -> int:
        at: int = message["prevLogIndex"]
        for each in message["entries"]:
            if self.log[at : at + 1] != [(each["term"], each["value"])]:
                self.log[at:] = [(each["term"], each["value"])]  # what conflicts goes
            at += 1
        self.commit_index = max(self.commit_index, min(message["leaderCommit"], at))
        return at

    def count(self, message: Message) -> None:
        peer, match = message["source"], message["matchIndex"]
        if message["success"]:
            self.match_index[peer] = max(self.match_index[peer], match)
            self.next_index[peer] = max(self.next_index[peer], match + 1)
        else:
            self.next_index[peer] = max(self.next_index[peer] - 1, self.match_index[peer] + 1)
        for index in range(self.commit_index + 1, len(self.log) + 1):
            have = 1 + sum(match >= index for match in self.match_index.values())
            if self.is_quorum(have) and self.term_at(index) == self.current_term:
                self.commit_index = index

    # What it is in the names of traces/FORMAT.md

    def state(self) -> dict[str, Any]:
        return {
            "currentTerm": self.current_term, "votedFor": self.voted_for, "role": self.role,
            "commitIndex": self.commit_index, "log": entries(self.log),
        }  # fmt: skip

    def fields(self, message: Message) -> dict[str, Any]:
        return {**message}


def entries(log: list[tuple[int, str]]) -> list[dict[str, Any]]:
    """Return entries in the names of traces/FORMAT.md."""
    return [{"term": term, "value": value} for term, value in log]


# A run that is traced: each server is a thread, and some messages are lost

Inboxes = dict[str, Queue[tuple[str, Message]]]


def run(steps: int) -> None:
    """Run three servers."""
    names = ["s1", "s2", "s3"]
    inboxes: Inboxes = {name: Queue() for name in names}
    trace = Trace(names)
    threads = [Thread(target=live, args=(Server(me, names), steps, inboxes, trace)) for me in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    trace.flush()


def live(server: Server, steps: int, inboxes: Inboxes, trace: Trace) -> None:
    """Let a server take so many steps: it waits for a message, or does something by itself."""
    for _ in range(steps):
        parts: dict[str, Any] = {}
        try:
            patience = 1 if server.role == "Leader" else random.uniform(2, 6)
            id, message = inboxes[server.me].get(timeout=patience / 1000)
            step, sends, parts["message"] = "Receive", server.receive(message), {"id": id}
        except Empty:
            if random.random() < 0.05:
                step, sends = "Restart", server.restart()
            elif server.role == "Leader":
                step, sends = "ClientRequest", server.client_request("v")
                for peer in server.peers:
                    sends += server.append_entries(peer, 2)
            else:
                step, sends = "Timeout", server.timeout()
        trace.line(step, server.me, state=server.state(), **parts)
        for each in sends:
            id = trace.line("Send", server.me, message=server.fields(each))
            if random.random() < 0.9:
                inboxes[each["dest"]].put((id, each))


if __name__ == "__main__":
    if "run" in sys.argv:
        run(100)
    else:
        serve(Server)

"""A toy Raft: elections, replication, restarts. Put your own in its place; the kit stays as it is.

`python toy_raft.py` is driven; with `RAFT_TRACE` set, `python toy_raft.py run` is traced.
"""

import random
import sys
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, Queue
from typing import Any

from raft_kit import Trace, serve

Message = dict[str, Any]  # in the names of traces/FORMAT.md, as what is in the log


class Server:
    """One server."""

    def __init__(self, me: str, servers: list[str]) -> None:
        self.me, self.peers = me, [each for each in servers if each != me]
        self.current_term, self.log = 0, list[Message]()
        self.voted_for: str | None = None
        self.role, self.commit_index = "Follower", 0

    def restart(self) -> list[Message]:
        self.role, self.commit_index = "Follower", 0
        if "--forgets-vote" in sys.argv:  # a known bug, to see it found
            self.voted_for = None
        return []

    def timeout(self) -> list[Message]:
        if self.role == "Leader":
            return []
        self.current_term, self.voted_for = self.current_term + 1, self.me
        self.role, self.votes = "Candidate", {self.me}
        end = {"lastLogIndex": len(self.log), "lastLogTerm": self.term_at(len(self.log))}
        return [self.message("RequestVoteRequest", peer, **end) for peer in self.peers]

    def client_request(self, value: str) -> list[Message]:
        if self.role == "Leader":
            self.log.append({"term": self.current_term, "value": value})
        return []

    def append_entries(self, peer: str, count: int) -> list[Message]:
        if self.role != "Leader":
            return []
        prev = self.next_index[peer] - 1
        return [self.message(
            "AppendEntriesRequest", peer, prevLogIndex=prev, prevLogTerm=self.term_at(prev),
            entries=self.log[prev : prev + count], leaderCommit=self.commit_index,
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
            case "AppendEntriesRequest":
                prev, success = message["prevLogIndex"], False
                if is_of_term:
                    self.role = "Follower"
                    success = prev <= len(self.log) and self.term_at(prev) == message["prevLogTerm"]
                answer = {"success": success, "matchIndex": self.store(message) if success else 0}
                return [self.message("AppendEntriesResponse", source, **answer)]
            case "RequestVoteResponse" if is_of_term and self.role == "Candidate":
                self.count_vote(message)
            case "AppendEntriesResponse" if is_of_term and self.role == "Leader":
                self.count_match(message)
        return []

    def message(self, kind: str, dest: str, **more: Any) -> Message:
        return {"type": kind, "source": self.me, "dest": dest, "term": self.current_term, **more}

    def term_at(self, index: int) -> int:
        return int(self.log[index - 1]["term"]) if index else 0

    def store(self, message: Message) -> int:
        end = message["prevLogIndex"]
        for each in message["entries"]:
            if self.log[end : end + 1] != [each]:
                self.log[end:] = [each]  # what conflicts goes, with all behind it
            end += 1
        self.commit_index = max(self.commit_index, min(message["leaderCommit"], end))
        return int(end)

    def count_vote(self, message: Message) -> None:
        self.votes |= {message["source"]} if message["voteGranted"] else set()
        if 2 * len(self.votes) > len(self.peers) + 1:
            self.role = "Leader"
            self.next_index = dict.fromkeys(self.peers, len(self.log) + 1)
            self.match_index = dict.fromkeys(self.peers, 0)

    def count_match(self, message: Message) -> None:
        peer, next_index, match_index = message["source"], self.next_index, self.match_index
        match_index[peer] = max(match_index[peer], message["matchIndex"])
        next_index[peer] -= not message["success"]
        next_index[peer] = max(next_index[peer], match_index[peer] + 1)
        # So far have a majority come, with this server:
        index = sorted([len(self.log), *match_index.values()])[len(self.peers) // 2]
        if index > self.commit_index and self.term_at(index) == self.current_term:
            self.commit_index = index

    # What it is in the names of traces/FORMAT.md:

    def state(self) -> Message:
        return {
            "currentTerm": self.current_term, "votedFor": self.voted_for, "role": self.role,
            "commitIndex": self.commit_index, "log": [*self.log],
        }  # fmt: skip

    def fields(self, message: Message) -> Message:
        return {**message}


# A run that is traced: each server is a thread, and some messages are lost


def live(server: Server, inboxes: dict[str, Queue[Message]], trace: Trace) -> None:
    """Take a hundred steps: as messages come, or, where none does, of itself."""
    for _ in range(100):
        told: dict[str, Any] = {}
        try:
            patience = 1 if server.role == "Leader" else random.uniform(2, 6)
            told["message"] = inboxes[server.me].get(timeout=patience / 1000)
            step, sends = "Receive", server.receive(told["message"])
        except Empty:
            if random.random() < 0.05:
                step, sends = "Restart", server.restart()
            elif server.role == "Leader":
                step, sends = "ClientRequest", server.client_request("v")
                sends = [each for peer in server.peers for each in server.append_entries(peer, 2)]
            else:
                step, sends = "Timeout", server.timeout()
        trace.line(step, server.me, state=server.state(), **told)
        for each in sends:
            trace.line("Send", server.me, message=each)  # which has an id then
            if random.random() < 0.9:
                inboxes[each["dest"]].put(each)


def run(names: list[str]) -> None:
    """Let servers live."""
    trace, inboxes = Trace(names), {name: Queue[Message]() for name in names}
    with ThreadPoolExecutor(len(names)) as threads:
        list(threads.map(lambda me: live(Server(me, names), inboxes, trace), names))
    trace.flush()


if __name__ == "__main__":
    if "run" in sys.argv:
        run(["s1", "s2", "s3"])
    else:
        serve(Server)

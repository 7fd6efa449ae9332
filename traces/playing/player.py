"""Plays a script: what each verb lets a cluster do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise

from raft_ref import (
    AppendEntries,
    ClientRequest,
    CompactLog,
    InstallSnapshot,
    Message,
    Role,
    State,
    Timeout,
)
from raft_ref.messages import Entry
from raft_ref.spec.requests import probably
from raft_ref.traces.format.trace import TraceError
from raft_ref.traces.playing.cluster import Cluster
from raft_ref.traces.playing.script import KINDS, Instruction
from raft_ref.traces.story.words import listed


class ExpectationError(Exception):
    """Something is not as a script expects it."""


class Player:
    """Lets a cluster do what instructions say. Argument: the cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._verbs: Mapping[str, Callable[[Instruction], None]] = {
            "begins": self._begins,
            "times": lambda each: self._acts(each, Timeout()),
            "is": lambda each: (self._is_elected if each.others else self._is_a)(each),
            "takes": lambda each: self._acts(each, ClientRequest(each.words[0])),
            "appends": self._appends,
            "replicates": self._replicates,
            "sends": self._sends,
            "->": lambda each: cluster.receives(self._message(each)),
            "=>": lambda each: cluster.receives(self._message(each), keeps=True),
            "-x": lambda each: cluster.loses(self._message(each)),
            "crashes": lambda each: cluster.crashes(each.server),
            "restarts": lambda each: cluster.restarts(each.server),
            "compacts": lambda each: self._acts(each, CompactLog(each.numbers[0])),
            "leads": self._leads,
            "has": self._has,
        }

    def play(self, instruction: Instruction) -> None:
        """Let one instruction happen.

        Raises `TraceError` where that is no step of the node, `ExpectationError` where what is
        expected is not so.
        """
        self._verbs[instruction.verb](instruction)

    def _state(self, server: str) -> State:
        return self._cluster.states[server]

    def _acts(self, each: Instruction, action: Timeout | ClientRequest | CompactLog) -> None:
        self._cluster.acts(each.server, action)

    def _begins(self, each: Instruction) -> None:
        terms = each.numbers
        if any(one > other for one, other in pairwise(terms)):
            raise TraceError("the terms along a log do not go down")
        term = int(each.words[0]) if each.words else max(terms, default=0)
        if term < max(terms, default=0):
            raise TraceError(f"a server with an entry of term {max(terms)} is not in term {term}")
        log = tuple(Entry(term, f"e{index}") for index, term in enumerate(terms, start=1))
        self._cluster.begins(each.server, lambda state: replace(state, current_term=term, log=log))

    def _is_elected(self, each: Instruction) -> None:
        me, cluster = each.server, self._cluster
        cluster.acts(me, Timeout())
        for voter in each.others:
            for source, dest, kind in (
                (me, voter, "RequestVoteRequest"), (voter, me, "RequestVoteResponse"),
            ):  # fmt: skip
                cluster.receives(cluster.sent(source, dest, _of_type(kind)))
        state = self._state(me)
        if state.role is not Role.LEADER:
            votes = listed(sorted(state.votes_granted)) or "nobody"
            raise TraceError(
                f"{me} is not elected in term {state.current_term}: it has the votes of {votes}"
            )

    def _send_all(self, me: str, peer: str) -> str:
        """Let a leader send all that a peer lacks, as far as it knows; return of which type."""
        state, node = self._state(me), self._cluster.node
        if state.role is Role.LEADER and node.next_index(state, peer) <= state.compacted:
            self._cluster.acts(me, InstallSnapshot(peer))
            return "InstallSnapshot"
        count = 0
        if state.role is Role.LEADER:
            count = state.last_index + 1 - node.next_index(state, peer)
        self._cluster.acts(me, AppendEntries(peer, count))
        return "AppendEntries"

    def _appends(self, each: Instruction) -> None:
        for peer in each.others:
            kind = self._send_all(each.server, peer)
            self._cluster.receives(
                self._cluster.sent(each.server, peer, _of_type(f"{kind}Request"))
            )

    def _replicates(self, each: Instruction) -> None:
        for peer in each.others:
            place = self._cluster.servers.index(peer)
            for _ in range(self._state(each.server).last_index + 2):
                self._appends(replace(each, others=(peer,)))
                answer = self._cluster.sent(peer, each.server, _is_answer)
                self._cluster.receives(answer)
                state = self._state(each.server)
                if state.role is not Role.LEADER:
                    break
                if state.match_index[place] == state.last_index:
                    break

    def _sends(self, each: Instruction) -> None:
        (peer,) = each.others
        if each.words == ("snapshot",):
            self._cluster.acts(each.server, InstallSnapshot(peer))
        else:
            count = each.numbers[0] if each.numbers else 0
            self._cluster.acts(each.server, AppendEntries(peer, count))

    def _message(self, each: Instruction) -> Message:
        """Return the last message in flight that an instruction may mean."""
        wanted = None
        if each.words:
            kind = each.words[0]
            if kind not in KINDS and kind not in KINDS.values():
                raise TraceError(f"{kind} is no message; {probably(kind, KINDS)}")
            wanted = KINDS.get(kind, kind)

        def fits(message: Message) -> bool:
            return wanted in (None, type(message).__name__) and (
                not each.numbers or message.term == each.numbers[0]
            )

        return self._cluster.sent(each.server, each.others[0], fits)

    # ---- What is expected

    def _leads(self, each: Instruction) -> None:
        state = self._state(each.server)
        if state.role is not Role.LEADER or state.current_term != each.numbers[0]:
            role = state.role.value.lower()
            raise ExpectationError(f"it is a {role} in term {state.current_term}")

    def _is_a(self, each: Instruction) -> None:
        state = self._state(each.server)
        if state.role.value.lower() != each.words[0]:
            raise ExpectationError(f"it is a {state.role.value.lower()}")

    def _has(self, each: Instruction) -> None:
        state = self._state(each.server)
        if each.words == ("committed",):
            if len(each.numbers) != 1:
                raise TraceError('expected "has committed INDEX"')
            if state.commit_index != each.numbers[0]:
                raise ExpectationError(f"it has committed {state.commit_index}")
        elif tuple(entry.term for entry in state.log) != each.numbers:
            log = " ".join(str(entry.term) for entry in state.log)
            raise ExpectationError(f"it has log {log}".rstrip())


def _of_type(kind: str) -> Callable[[Message], bool]:
    return lambda message: type(message).__name__ == kind


def _is_answer(message: Message) -> bool:
    return type(message).__name__ in ("AppendEntriesResponse", "InstallSnapshotResponse")

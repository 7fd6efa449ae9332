"""Coverage: which branches of the spec's actions were met, and which never.

A pair is an action, the role that its server has before it, the message and its term beside the
server's, and one outcome. The rule: `POSSIBLE` is what Raft.tla has, branch by branch, and a test
holds the reference node to it; what an implementation does beyond that is a liberty, and no part of
it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from raft_ref.traces.validation.moves.world import Step
from raft_ref.traces.validation.onward import DEPARTED
from raft_ref.traces.validation.rules.logs import common
from raft_ref.traces.validation.rules.protocol import ServerState
from raft_ref.traces.validation.rules.protocol import field as of_message

ENOUGH = 1_000
"""Enough is a hunt where, by estimate, one more of so many schedules would meet a new pair."""


class Pair(NamedTuple):
    """One outcome of an action; `term` is "older", "same" or "newer" for a message, or ""."""

    action: str
    role: str
    term: str
    outcome: str

    def __str__(self) -> str:
        message = f" of {'an' if self.term == 'older' else 'the' if self.term == 'same' else 'a'}"
        message = f"{message} {self.term} term" if self.term else ""
        return f"{self.role}: {self.action}{message}: {self.outcome}"


_TAKEN = ("matches", "appends", "truncates", "commits", "below its snapshot")
_COUNTS = "counts (of four servers or more)"
_ROWS: Final = (
    ("Timeout", "", "FC", ("stands",)),
    ("ClientRequest", "", "L", ("appends",)),
    ("AppendEntries", "", "L", ("heartbeat", "entries")),
    ("InstallSnapshot", "", "L", ("sends",)),
    ("CompactLog", "", "FCL", ("compacts",)),
    ("RestartAt", "", "FCL", ("restarts",)),
    ("RequestVoteRequest", "older", "FCL", ("refuses",)),
    ("RequestVoteRequest", "same", "F", ("grants", "refuses")),
    ("RequestVoteRequest", "same", "CL", ("refuses",)),
    ("RequestVoteRequest", "newer", "FCL", ("grants", "refuses")),
    ("RequestVoteResponse", "older", "FCL", ("ignores",)),
    ("RequestVoteResponse", "same", "FL", ("ignores",)),
    ("RequestVoteResponse", "same", "C", ("ignores", _COUNTS, "leads")),
    ("RequestVoteResponse", "newer", "FCL", ("adopts",)),
    ("AppendEntriesRequest", "older", "FCL", ("refuses",)),
    ("AppendEntriesRequest", "same", "FC", ("refuses", *_TAKEN)),
    ("AppendEntriesRequest", "newer", "FCL", ("refuses", *_TAKEN)),
    ("AppendEntriesResponse", "older", "FCL", ("ignores",)),
    ("AppendEntriesResponse", "same", "F", ("ignores",)),
    ("AppendEntriesResponse", "same", "L", ("ignores", "matches", "retries", "commits")),
    ("AppendEntriesResponse", "newer", "FCL", ("adopts",)),
    ("InstallSnapshotRequest", "older", "FCL", ("refuses",)),
    ("InstallSnapshotRequest", "same", "FC", ("ignores", "installs", "keeps what follows")),
    ("InstallSnapshotRequest", "newer", "FCL", ("ignores", "installs", "keeps what follows")),
    ("InstallSnapshotResponse", "older", "FCL", ("ignores",)),
    ("InstallSnapshotResponse", "same", "F", ("ignores",)),
    ("InstallSnapshotResponse", "same", "L", ("ignores", "matches")),
    ("InstallSnapshotResponse", "newer", "FCL", ("adopts",)),
)
_ROLES = {"F": "Follower", "C": "Candidate", "L": "Leader"}
ALL: Final = tuple(
    Pair(action, _ROLES[role], term, outcome)
    for action, term, roles, outcomes in _ROWS
    for role in roles
    for outcome in outcomes
)
"""What the actions of Raft.tla can do, in their order."""
POSSIBLE: Final = frozenset(ALL)

_OF_SNAPSHOTS = ("InstallSnapshot", "InstallSnapshotRequest", "InstallSnapshotResponse")
_NEEDS: Final[Mapping[str, frozenset[Pair]]] = {
    step: frozenset(pair for pair in ALL if pair.action in actions or pair.outcome == outcome)
    for step, actions, outcome in (
        ("CompactLog", ("CompactLog", *_OF_SNAPSHOTS), "below its snapshot"),
        ("InstallSnapshot", _OF_SNAPSHOTS, ""),
        ("ClientRequest", ("ClientRequest",), ""),
        ("Restart", ("RestartAt",), ""),
    )
}
"""What nobody meets without a step, unless a server takes it by itself."""


def pairs(step: Step) -> Iterator[Pair]:
    """Yield what a step of the spec meets."""
    before = step.before
    if before is None or step.action == DEPARTED:
        return
    if step.message is None:
        yield Pair(step.action, before.role, "", _alone(step))
        return
    kind, term = of_message(step.message, "type"), of_message(step.message, "term")
    beside = ("same", "newer", "older")[(term > before.current_term) - (term < before.current_term)]
    if kind not in _OUTCOMES:
        return  # a feature's
    for outcome in _OUTCOMES[kind](before, step):
        yield Pair(kind, before.role, beside, outcome)


_AS_IN_RAFT: Final[Mapping[str, str]] = {
    "SendEntries": "AppendEntries", "SendSnapshot": "InstallSnapshot", "RestartFrom": "RestartAt",
}  # fmt: skip


def is_otherwise_in_raft(step: Step) -> bool:
    """Say whether Raft.tla calls a step otherwise."""
    return step.action in _AS_IN_RAFT


def covered(step: Step) -> Iterator[Pair]:
    """Yield what a step meets of Raft.tla: what leaders send when they like is sent, too."""
    action = _AS_IN_RAFT.get(step.action)
    yield from pairs(step if action is None else replace(step, action=action))


def _alone(step: Step) -> str:
    if step.action == "AppendEntries":
        (message,) = step.sends or (None,)
        return "entries" if message and len(of_message(message, "entries")) > 1 else "heartbeat"
    return {
        "Timeout": "stands", "ClientRequest": "appends", "InstallSnapshot": "sends",
        "CompactLog": "compacts", "RestartAt": "restarts",
    }.get(step.action, "does")  # fmt: skip


def _answers(step: Step, name: str) -> bool:
    return any(bool(getattr(of_message(each, name), "holds", False)) for each in step.sends)


def _vote(before: ServerState, step: Step) -> Iterator[str]:
    yield "grants" if _answers(step, "voteGranted") else "refuses"


def _counted(before: ServerState, step: Step) -> Iterator[str]:
    after = step.after
    if after.current_term > before.current_term:
        yield "adopts"
    elif after.role == "Leader" != before.role:
        yield "leads"
    else:
        yield _COUNTS if after.votes_granted != before.votes_granted else "ignores"


def _entries(before: ServerState, step: Step) -> Iterator[str]:
    if not _answers(step, "success"):
        yield "refuses"
        return
    after, message = step.after, step.message
    assert message is not None
    if after.log is before.log:
        yield "matches"
    else:
        yield "appends" if common(before.log, after.log) == before.log.index else "truncates"
    if after.commit_index > before.commit_index:
        yield "commits"
    if of_message(message, "prevLogIndex") < before.compacted:
        yield "below its snapshot"


def _matched(before: ServerState, step: Step) -> Iterator[str]:
    after = step.after
    if after.current_term > before.current_term:
        yield "adopts"
    elif after.match_index != before.match_index:
        yield "matches"
    else:
        yield "retries" if after.next_index != before.next_index else "ignores"
    if after.commit_index > before.commit_index:
        yield "commits"


def _snapshot(before: ServerState, step: Step) -> Iterator[str]:
    after, message = step.after, step.message
    assert message is not None
    if of_message(message, "term") < before.current_term:
        yield "refuses"
    elif after.compacted == before.compacted:
        yield "ignores"
    else:
        yield "keeps what follows" if after.log.index > after.compacted else "installs"


_OUTCOMES: Final[Any] = {
    "RequestVoteRequest": _vote,
    "RequestVoteResponse": _counted,
    "AppendEntriesRequest": _entries,
    "AppendEntriesResponse": _matched,
    "InstallSnapshotRequest": _snapshot,
    "InstallSnapshotResponse": _matched,
}


@dataclass
class Coverage:
    """What was met so far: how often each pair, and after how many steps the first time.

    `schedules` says in how many schedules, behind what each has of another that it begins as.
    """

    met: Counter[Pair] = field(default_factory=Counter)
    first: dict[Pair, int] = field(default_factory=dict)
    schedules: Counter[Pair] = field(default_factory=Counter)

    def add(self, new: Iterable[Pair], steps: int) -> list[Pair]:
        """Count pairs that were met after so many steps; return those of the spec that are new."""
        found = []
        for pair in new:
            if pair in POSSIBLE:
                if pair not in self.met:
                    self.first[pair] = steps
                    found.append(pair)
                self.met[pair] += 1
        return found

    def merge(self, other: Coverage, steps: int) -> None:
        """Add what was met by another, which began after so many steps."""
        for pair, first in other.first.items():
            self.first.setdefault(pair, steps + first)
        self.met.update(other.met)
        self.schedules.update(other.schedules)

    def missing(self, left_out: Collection[str] = (), *, are_few: bool = False) -> list[Pair]:
        """Return what of the spec was never met and can be.

        Arguments: the steps that are left out; whether there are too few servers for a vote that
        counts and is not enough.
        """
        groups = [_NEEDS[step] for step in left_out if step in _NEEDS]
        if are_few:
            groups.append(frozenset(pair for pair in ALL if pair.outcome == _COUNTS))
        beyond = {pair for each in groups if each.isdisjoint(self.met) for pair in each}
        return [pair for pair in ALL if pair not in self.met and pair not in beyond]

    @property
    def last_new(self) -> int:
        """After how many steps the last new pair was met."""
        return max(self.first.values(), default=0)

    def curve(self, steps: int, points: int = 10) -> list[tuple[int, int]]:
        """Return after how many steps how many pairs were met, from a thousandth of them on."""
        ends = sorted({max(1, steps >> shift) for shift in range(points)})
        return [(end, sum(first <= end for first in self.first.values())) for end in ends]

    @property
    def once(self) -> int:
        """How many pairs one schedule alone has met."""
        return sum(self.schedules[pair] <= 1 for pair in self.met)

    def expected_new(self, schedules: int) -> float:
        """Return of how many schedules to come, by estimate, the next new pair is the first.

        What was seen once is as much as there is to be seen (Good, "The population frequencies of
        species and the estimation of population parameters", 1953, after Turing); one more is added
        to it, so that a short hunt which saw all twice is not sure of anything.
        """
        return (schedules + 1) / (self.once + 1)

    def is_enough(self, schedules: int) -> bool:
        """Say whether nothing new is to be expected, by the rule of `ENOUGH`."""
        return self.expected_new(schedules) >= ENOUGH

"""The rungs of the ladder: small searches that see more together than one large one.

Each is there for something that can go wrong, named beside it; together they find every known bug
of a node (a test says so). They are ordered by what they cost, so that what is found is found soon
and within the smallest cluster. After them come `deeper` ones without end.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from raft_ref.features import Feature

OF_RAFT_ALONE: Final = ("max_term", "max_log_length", "max_snapshot_index")
"""Bounds on measures that not every node has."""

_SHORT: Final = {
    "servers": "servers",
    "values": "values",
    "term": "max_term",
    "log": "max_log_length",
    "snapshot": "max_snapshot_index",
    "messages": "max_messages",
    "restarts": "max_restarts",
    "drops": "max_drops",
    "duplicates": "max_duplicates",
}
_OF_MEMBERSHIP: Final = {"voters": "voters", "changes": "max_changes"}


@dataclass(frozen=True, slots=True)
class Rung:
    """One search: its `sizes`, all of them, and why it is there.

    - `refines`: whether each step is held against Raft.tla too, where that can be.
    - `goal`: what must still be possible, an operator of RaftProgress.tla; `bisimulation`: whether
      the node must do all that the model does.
    - `is_large`: over a hundred thousand states, for which the plain engine takes minutes.
    - `own`: how far a measure that is the user's own may go beyond what it is at first. What goes
      further than 1 is for nodes that have such measures.
    - `features`: those that are on in it (None: all that are on in what is checked). What one
      feature does to Raft shows further on without the others.
    """

    name: str
    why: str
    sizes: Mapping[str, int]
    refines: bool = True
    goal: str | None = None
    bisimulation: bool = False
    is_large: bool = False
    own: int = 1
    features: frozenset[Feature] | None = None

    def limits(self, measures: Collection[str]) -> dict[str, int]:
        """Return the sizes; what a node has no measure for, such as snapshots, it has not."""
        return {n: s for n, s in self.sizes.items() if n not in OF_RAFT_ALONE or n in measures}


def _rung(name: str, why: str, sizes: Mapping[str, int], **more: Any) -> Rung:
    given = {"values": 1, "term": 1, "log": 0, "snapshot": 0, "messages": 2} | dict(sizes)
    numbers = {long: given.get(short, 0) for short, long in _SHORT.items()}
    numbers |= {long: given[short] for short, long in _OF_MEMBERSHIP.items() if short in given}
    return Rung(name, why, numbers, **more)


RUNGS: Final[Sequence[Rung]] = (
    _rung(
        "one election",
        "votes of one term with every fault: who forgets a vote, or grants two",
        {"servers": 3, "messages": 3, "restarts": 1, "drops": 1, "duplicates": 1},
    ),
    _rung(
        "elections that overlap",
        "two candidates of one term, and votes that arrive in the next",
        {"servers": 3, "term": 2, "messages": 4, "restarts": 1},
    ),
    _rung(
        "a third term",
        "what is remembered over two elections and a crash",
        {"servers": 3, "term": 3, "messages": 3, "restarts": 1},
    ),
    _rung(
        "an even number of servers",
        "half is no majority, and a vote that arrives twice is one vote",
        {"servers": 4, "messages": 5, "restarts": 1, "duplicates": 2},
    ),
    _rung(
        "a snapshot gets through",
        "a follower that lacks what is compacted can still be brought up to date",
        {"servers": 3, "log": 1, "snapshot": 1, "drops": 1},
        goal="CommitIsKnownToAll",
    ),
    _rung(
        "a commit gets through",
        "entries of an older term, and behind a snapshot, can still be committed",
        {"servers": 2, "term": 2, "log": 2, "snapshot": 1, "drops": 1},
        goal="CommitIsDone",
    ),
    _rung(
        "a snapshot and a conflict",
        "a snapshot takes the place of entries that were never committed",
        {"servers": 3, "term": 2, "log": 1, "snapshot": 1},
    ),
    _rung(
        "all that the model does",
        "a node that never sends, or never times out, breaks nothing and is no Raft",
        {"servers": 2, "term": 2, "log": 1, "snapshot": 1, "restarts": 1},
        bisimulation=True,
    ),
    _rung(
        "snapshots and logs",
        "an older snapshot after a newer one, and what a log is cut to",
        {"servers": 3, "log": 2, "snapshot": 2},
    ),
    _rung(
        "what waits behind what waits",
        "a second outcome that is not on disk yet, and a crash between the two",
        {"servers": 2, "term": 2, "log": 1, "restarts": 1},
        own=2,
    ),
    _rung(
        "many terms of two",
        "a follower that was far ahead, found index by index",
        {"servers": 2, "term": 3, "log": 2, "snapshot": 1, "restarts": 1},
        is_large=True,
    ),
    _rung(
        "five servers",
        "two followers may lag behind a commit",
        {"servers": 5, "log": 1, "messages": 4},
        is_large=True,
    ),
    _rung(
        "four servers stand twice",
        "where one vote more is no majority, what is left of an earlier candidacy",
        {"servers": 4, "term": 2, "messages": 5},
        is_large=True,
    ),
    _rung(
        "figure 8",
        "an entry of an older term on a majority is not committed by that (5.4.2)",
        {"servers": 3, "term": 4, "log": 1},
    ),
    _rung(
        "every kind of step",
        "the smallest in which everything happens that can: crash, loss, duplicate, snapshot",
        {
            "servers": 3, "term": 2, "log": 1, "snapshot": 1,
            "restarts": 1, "drops": 1, "duplicates": 1,
        },
        is_large=True,
    ),
    _rung(
        "two values",
        "entries of one term that differ, with a snapshot and every fault",
        {
            "servers": 2, "values": 2, "term": 2, "log": 2, "snapshot": 1,
            "restarts": 1, "drops": 1, "duplicates": 1,
        },
        is_large=True,
    ),
    _rung(
        "conflicts behind a snapshot",
        "a log that contradicts a snapshot, in part or as a whole (7)",
        {"servers": 3, "term": 2, "log": 2, "snapshot": 1},
        is_large=True,
    ),
    _rung(
        "conflicts of two entries",
        "logs that agree at an index and differ before it (5.3)",
        {"servers": 3, "term": 3, "log": 2},
        is_large=True,
    ),
    _rung(
        "figure 8 at length",
        "what a leader takes for stored that never was, over four terms",
        {"servers": 3, "term": 4, "log": 2},
        refines=False,  # each server's step is one of other rungs, but for the numbers in it
        is_large=True,
    ),
)  # fmt: skip
"""The searches that are made whatever the time, unless the user has limited it."""

_PRE_VOTE = frozenset({Feature.PRE_VOTE})
_CHECK_QUORUM = frozenset({Feature.CHECK_QUORUM})
_TRANSFER = frozenset({Feature.LEADERSHIP_TRANSFER})
_READS = frozenset({Feature.READ_INDEX})
_LEASES = _READS | {Feature.LEASES}
_MEMBERSHIP = frozenset({Feature.MEMBERSHIP})
_JOINT = _MEMBERSHIP | {Feature.JOINT_CONSENSUS}
_APPLIED = _MEMBERSHIP | {Feature.APPLIED_MEMBERSHIP}

FEATURE_RUNGS: Final[Sequence[Rung]] = (
    _rung(
        "one election",
        "all features that are on, among three servers, with a crash",
        {"servers": 3, "restarts": 1},
        own=0,
    ),
    _rung(
        "a crash after a commit",
        "what features keep in mind, and a crash forgets, and that entries still get through",
        {"servers": 2, "term": 2, "log": 1, "messages": 1, "restarts": 1, "drops": 1},
        goal="CommitIsDone",
        own=0,
    ),
    _rung(
        "all that the model does",
        "a node that never asks, or never steps down, breaks nothing and has no feature",
        {"servers": 2, "messages": 1, "restarts": 1},
        bisimulation=True,
        own=0,
    ),
    _rung(
        "two ask at once",
        "answers to one question that come after the next, and a second candidacy",
        {"servers": 2, "term": 2, "messages": 3},
        features=_PRE_VOTE,
    ),
    _rung(
        "four servers are led",
        "half of the servers that answer are no quorum",
        {"servers": 4, "messages": 3},
        features=_CHECK_QUORUM,
    ),
    _rung(
        "a forced election",
        "who has a leader ignores candidates, but for the one that this leader wants",
        {"servers": 2, "term": 2, "log": 1},
        features=_CHECK_QUORUM | _TRANSFER,
    ),
    _rung(
        "who is ahead and who is behind",
        "a longer log in an older term, and a shorter one in a newer, do not lock each other out",
        {"servers": 2, "term": 2, "log": 1},
        goal="LeaderIsElected",
        features=_PRE_VOTE | _CHECK_QUORUM,
    ),
    _rung(
        "pre-votes of three",
        "two that ask the same third, and who votes for whom after that",
        {"servers": 3, "messages": 3},
        features=_PRE_VOTE,
    ),
    _rung(
        "reads of two",
        "a leader that knows no commit of its term, an answer to an earlier read, what is to apply",
        {"servers": 2, "term": 2, "log": 2, "messages": 1},
        own=2,
        features=_READS,
    ),
    _rung(
        "leases of two",
        "a promise that outlives the leader to whom it was given, and one that ends",
        {"servers": 2, "term": 2, "log": 1, "messages": 1, "restarts": 1},
        features=_LEASES,
    ),
    _rung(
        "a round of an older term",
        "who refuses it does not answer one of the newer term, which may have the same number",
        {"servers": 2, "term": 2},
        features=_LEASES,
    ),
    _rung(
        "all that the model does with reads",
        "a node that never reads, or never ends a lease, breaks nothing and has no feature",
        {"servers": 2, "log": 1, "messages": 1},
        bisimulation=True,
        features=_LEASES,
    ),
    _rung(
        "a promise among three",
        "who asks for a vote that was promised to another, and a crash of who promised",
        {"servers": 3, "term": 2, "restarts": 1},
        features=_LEASES,
    ),
    _rung(
        "two rounds",
        "what is left of an earlier round: its requests, its answers, its promises",
        {"servers": 3, "term": 2},
        is_large=True,
        own=2,
        features=_LEASES,
    ),
    _rung(
        "a lease and a transfer",
        "one that is told to stand while the leader trusts in those who have promised",
        {"servers": 3, "term": 2},
        is_large=True,
        features=_LEASES | _TRANSFER,
    ),
    _rung(
        "clients of all features",
        "all features that are on, while clients write, and read where that is one of them",
        {"servers": 2, "log": 1, "messages": 1},
        is_large=True,
    ),
    _rung(
        "logs with reads",
        "the log and the snapshot of Raft, beside which clients read",
        {"servers": 3, "term": 2, "log": 1, "snapshot": 1},
        is_large=True,
        features=_READS,
        own=0,
    ),
    _rung(
        "a leader that was deposed",
        "what it reads that does not know of the next one",
        {"servers": 3, "term": 2, "log": 2},
        is_large=True,
        features=_READS,
    ),
    _rung(
        "every fault",
        "a crash, a loss and a duplicate, with all features that are on",
        {"servers": 2, "term": 2, "restarts": 1, "drops": 1, "duplicates": 1},
        is_large=True,
        own=0,
    ),
    _rung(
        "logs with pre-vote",
        "who may ask and who may not, by its log and its snapshot",
        {"servers": 3, "term": 2, "log": 1, "snapshot": 1},
        is_large=True,
        features=_PRE_VOTE,
    ),
    _rung(
        "logs with transfer",
        "a target that is behind, brought up to date by entries or a snapshot",
        {"servers": 3, "term": 2, "log": 1, "snapshot": 1},
        is_large=True,
        features=_TRANSFER,
    ),
    _rung(
        "logs with check-quorum",
        "who answers and who does not, with entries and snapshots on their way",
        {"servers": 3, "term": 2, "log": 1, "snapshot": 1},
        is_large=True,
        features=_CHECK_QUORUM,
    ),
    _rung(
        "from one server to two",
        "changes before and after what is compacted, and a learner that is promoted",
        {
            "servers": 2, "voters": 1, "term": 2, "log": 3, "snapshot": 2, "messages": 1,
            "changes": 2,
        },
        features=_MEMBERSHIP,
    ),
    _rung(
        "a crash with a learner",
        "whom a server asks for a vote that has a learner, or a voter more, and leads no longer",
        {
            "servers": 2, "voters": 1, "term": 2, "log": 2, "messages": 1, "restarts": 1,
            "changes": 1,
        },
        features=_MEMBERSHIP,
    ),
    _rung(
        "from two servers to one",
        "a leader that removes itself, or the other one, with a crash",
        {"servers": 2, "voters": 2, "term": 2, "log": 2, "restarts": 1, "changes": 1},
        goal="ChangeIsEnded",
        features=_MEMBERSHIP,
    ),
    _rung(
        "a third server",
        "who is added and who learns, and what counts for a majority",
        {"servers": 3, "voters": 2, "term": 2, "log": 2, "messages": 1, "changes": 1},
        features=_MEMBERSHIP,
    ),
    _rung(
        "where nobody asks for a change",
        "Raft as it is: a snapshot takes the place of entries that were never committed",
        {"servers": 3, "voters": 3, "term": 2, "log": 1, "snapshot": 1, "changes": 0},
        features=_MEMBERSHIP,
    ),
    _rung(
        "two leaders, a change each",
        "of four servers: each has a change that the other does not know of (2015)",
        {"servers": 4, "voters": 4, "term": 2, "log": 1, "messages": 3, "changes": 1},
        is_large=True,
        refines=False,
        features=_MEMBERSHIP,
    ),
    _rung(
        "a change that is undone",
        "three servers, one of which has a change in its log that nobody else has",
        {"servers": 3, "voters": 3, "term": 2, "log": 2, "changes": 1},
        is_large=True,
        refines=False,
        features=_MEMBERSHIP,
    ),
    _rung(
        "old and new",
        "C_old,new of two servers, elected by and committed by both parts",
        {"servers": 2, "voters": 2, "term": 2, "log": 2, "messages": 1, "changes": 2},
        features=_JOINT,
    ),
    _rung(
        "from one server to C_new",
        "what is left before it is committed, and who is a majority of what",
        {"servers": 2, "voters": 1, "log": 2, "messages": 1, "changes": 2},
        features=_JOINT,
    ),
    _rung(
        "what another leader entered",
        "whoever leads can leave C_old,new, and not only who entered it",
        {"servers": 2, "voters": 1, "term": 2, "log": 1, "messages": 1, "changes": 1},
        goal="JointIsLeft",
        features=_JOINT,
    ),
    _rung(
        "other servers in one step",
        "C_old,new of servers that are apart",
        {"servers": 3, "voters": 1, "log": 2, "messages": 1, "changes": 2},
        features=_JOINT,
    ),
    _rung(
        "changes as they are applied",
        "who stands by a configuration that was replaced, with a crash",
        {
            "servers": 2, "voters": 2, "term": 2, "log": 2, "messages": 1, "restarts": 1,
            "changes": 1,
        },
        features=_APPLIED,
    ),
    _rung(
        "what was applied outlives a crash",
        "two changes, a snapshot and a crash",
        {
            "servers": 2, "voters": 1, "term": 2, "log": 2, "snapshot": 1, "messages": 1,
            "restarts": 1, "changes": 2,
        },
        features=_APPLIED,
    ),
)  # fmt: skip
"""The searches of a node with features, each if the features are on that it is about.

All together, three servers in a second term are more than can be searched in a minute.
"""

NETWORK_RUNGS: Final[Sequence[Rung]] = (
    _rung(
        "two servers",
        "every fault, once each",
        {"servers": 2, "restarts": 1, "drops": 1, "duplicates": 1},
    ),
    _rung(
        "three servers",
        "every fault, once each, with a third party",
        {"servers": 3, "restarts": 1, "drops": 1, "duplicates": 1},
    ),
    _rung(
        "more in flight",
        "messages that overtake each other",
        {"servers": 3, "messages": 3, "restarts": 1},
    ),
)
"""The searches of a node that is not Raft, about which only the network can be known."""

_DEEPER: Final = (
    # A commit by fewer than a majority, which three servers do not have.
    {"servers": 5, "term": 2, "log": 1, "messages": 4},
    {"servers": 3, "term": 2, "log": 2, "snapshot": 1, "restarts": 1},
    {"servers": 2, "values": 2, "term": 3, "log": 3, "snapshot": 2, "restarts": 1},
    {"servers": 4, "term": 2, "log": 1, "messages": 3},
    {"servers": 3, "term": 2, "messages": 5, "restarts": 2, "drops": 1, "duplicates": 1},
    {"servers": 3, "values": 2, "term": 2, "log": 2, "snapshot": 1},
    {"servers": 5, "term": 2, "messages": 5, "restarts": 1},
    {"servers": 3, "term": 3, "log": 2, "snapshot": 1},
    {"servers": 3, "term": 2, "log": 1, "snapshot": 1, "messages": 3, "restarts": 1, "drops": 1},
)


_DEEPER_FEATURES: Final = (
    {"servers": 2, "term": 2, "log": 1, "snapshot": 1},
    {"servers": 2, "term": 3},
    {"servers": 3, "term": 2},
    {"servers": 2, "term": 2, "log": 1, "restarts": 1, "drops": 1, "duplicates": 1},
)


def deeper(is_raft: bool = True, features: Collection[Feature] = ()) -> Iterator[Rung]:
    """Yield further searches, each larger than what came before it, without end."""
    kinds: Sequence[Mapping[str, int]] = _DEEPER_FEATURES if features else _DEEPER
    if not is_raft:
        kinds = ({"servers": 3, "restarts": 1}, {"servers": 4})
    for more in range(1_000):
        for sizes in kinds:
            larger = {
                name: size + more * (name not in ("servers", "values"))
                for name, size in sizes.items()
            }
            larger["messages"] = sizes.get("messages", 2) + more
            shown = ", ".join(f"{name} {size}" for name, size in larger.items())
            rung = _rung(shown, "deeper", larger)
            yield Rung(rung.name, rung.why, rung.sizes, own=more + 2)

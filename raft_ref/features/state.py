"""What one server knows beside the variables of Raft.tla: those of the features at one server."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from raft_ref.features.configuration import NO_CONFIGURATION, Configuration
from raft_ref.messages import ServerId
from raft_ref.state import State, replace


class Feature(StrEnum):
    """What can be on; the values are the names of the modules in spec/features/."""

    PRE_VOTE = "PreVote"
    CHECK_QUORUM = "CheckQuorum"
    LEADERSHIP_TRANSFER = "LeadershipTransfer"
    READ_INDEX = "ReadIndex"
    LEASES = "Leases"
    MEMBERSHIP = "Membership"
    JOINT_CONSENSUS = "JointConsensus"
    APPLIED_MEMBERSHIP = "AppliedMembership"

    @property
    def option(self) -> str:
        """What it is called on a command line."""
        return _OPTIONS[self]

    @classmethod
    def of_option(
        cls, text: str, known: Collection["Feature"] | None = None
    ) -> frozenset["Feature"]:
        """Return the features of which the names are given, separated by commas; `all`, or `none`.

        They are of those that are `known` (None: of all); `all` are those of which each step is one
        of Raft's. Leases bring reads with them, joint consensus brings membership, and so does a
        configuration that is used when it is applied. Raises ValueError for a name that is none of
        these.
        """
        by_option = {each.option: each for each in cls if known is None or each in known}
        if text in ("all", "none"):
            return REFINING & frozenset(by_option.values()) if text == "all" else frozenset()
        for name in text.split(","):
            if name not in by_option:
                raise ValueError(f"{name!r}: expected {', '.join(by_option)}, all, or none")
        found = frozenset(by_option[name] for name in text.split(","))
        return found.union(*(_NEEDS.get(each, frozenset()) for each in found))


_OPTIONS: Mapping[Feature, str] = {
    Feature.PRE_VOTE: "pre-vote",
    Feature.CHECK_QUORUM: "check-quorum",
    Feature.LEADERSHIP_TRANSFER: "transfer",
    Feature.READ_INDEX: "reads",
    Feature.LEASES: "leases",
    Feature.MEMBERSHIP: "membership",
    Feature.JOINT_CONSENSUS: "joint",
    Feature.APPLIED_MEMBERSHIP: "as-applied",
}


_NEEDS: Mapping[Feature, frozenset[Feature]] = {
    Feature.LEASES: frozenset({Feature.READ_INDEX}),
    Feature.JOINT_CONSENSUS: frozenset({Feature.MEMBERSHIP}),
    Feature.APPLIED_MEMBERSHIP: frozenset({Feature.MEMBERSHIP}),
}
REFINING: frozenset[Feature] = frozenset(
    {
        Feature.PRE_VOTE,
        Feature.CHECK_QUORUM,
        Feature.LEADERSHIP_TRANSFER,
        Feature.READ_INDEX,
        Feature.LEASES,
    }
)
"""Those of which each step is one of Raft's, with what they add hidden: all but membership."""


def lacking(features: frozenset[Feature]) -> Feature | None:
    """Return a feature that is on without one that it needs, if any is."""
    return next((each for each in features if not _NEEDS.get(each, frozenset()) <= features), None)


@dataclass(frozen=True, slots=True)
class PendingRead:
    """A read that a leader has noted and not answered (thesis, 6.4).

    `server` asked, and it is its read of that `number`; `index` is how far the leader had
    committed. `is_covered` says whether a round of heartbeats was begun since.
    """

    server: ServerId
    number: int
    index: int
    is_covered: bool = False


@dataclass(frozen=True, slots=True)
class Promise:
    """A vote that is promised to the leader of a term, for a round of heartbeats (6.4.1)."""

    leader: ServerId
    term: int
    round: int


@dataclass(frozen=True, slots=True)
class ExtendedState(State):
    """The variables of one server, those of Raft.tla first, in the order of ExtendedRaft.tla.

    All are volatile. What is off leaves its own as they are at first.
    """

    heard_from_leader: bool = False
    """Followers: whether the leader of the term was heard from within the minimum election
    timeout (thesis, 4.2.3)."""
    pre_votes_granted: frozenset[ServerId] = frozenset()
    """Who would vote for the server, itself included; empty while it does not ask (thesis, 9.6)."""
    heard_from: frozenset[ServerId] = frozenset()
    """Leaders: who has answered since the quorum was checked last (thesis, 6.2)."""
    transfer_target: ServerId | None = None
    """Leaders: to whom leadership is being transferred (thesis, 3.10)."""
    is_forced: bool = False
    """Whether the server was told to stand at once (thesis, 3.10)."""


@dataclass(frozen=True, slots=True)
class ReadingState(ExtendedState):
    """The variables of one server where reads are on, with those of leases.

    All but `read_number` and `promise` are volatile.
    """

    read_number: int = 0
    """The number of the latest read here, never used twice (thesis, 6.4)."""
    read_index: int | None = None
    """The index that it waits for; 0 while that is not known, None while there is no read."""
    pending_reads: frozenset[PendingRead] = frozenset()
    """Leaders: the reads that were noted and not answered."""
    read_round: int = 0
    """Leaders: the number of the latest round of heartbeats."""
    round_acks: frozenset[ServerId] = frozenset()
    """Leaders: who has acknowledged it."""
    promise: Promise | None = None
    """To whom the vote is promised; a restart waits for that to end (thesis, 6.4.1)."""
    is_trusting: bool = False
    """Leaders: whether the latest round is trusted in still (thesis, 6.4.1)."""
    is_lease_given_up: bool = False
    """Leaders: whether there is no lease any more in this term (thesis, 3.10, 6.4.1)."""


@dataclass(frozen=True, slots=True)
class ConfiguredState(ReadingState):
    """The variables of one server where the membership can change; both are durable."""

    bootstrap: Configuration = NO_CONFIGURATION
    """The configuration that it was started with: of who is added later, none (thesis, 4)."""
    configuration_index: int = 0
    """The index of the configuration that it has applied, where they are used when applied."""


def with_variables(state: Any, **variables: Any) -> Any:
    """Return a state with these variables; the same, where they are as they were: that is cheap."""
    if all(getattr(state, name) == value for name, value in variables.items()):
        return state
    return replace(state, **variables)

"""What is looked at first to answer a question about changes of membership.

With all that is known before it, z3 follows chains of configurations that have no end. What it
proves of less is proved; what it does not is asked again, of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from raft_ref.spec.proof.membership.invariant import MEMBERSHIP_CONJUNCTS
from raft_ref.spec.proof.membership.invariant import OF_RAFT as CONJUNCTS_OF_RAFT

OF_RAFT = tuple(each.name for each in CONJUNCTS_OF_RAFT)
"""Raft's own conjuncts that speak of no quorum."""

_CHAINS = (
    "Settled", "Successor", "ChangedHasRecord", "CommittedConfiguration", "CommittedIsDecided",
    "KeptOrOverruled", "VotedForOrOverruled", "ElectedOrOverruled", "ElectedByQuorum",
    "DecidedByQuorum",
)  # fmt: skip
"""Conjuncts that say of some things that there are others."""

_LIGHT = tuple(each.name for each in MEMBERSHIP_CONJUNCTS if each.name not in _CHAINS)
_LEMMAS = ("TermIsNew", "LogIsNew", "IndexIsNew", "BeforeIsDecided")

_PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "DecidedIsLed": ("ChoosableIsLed", "DecidedByQuorum", "DecidedInForce"),
    "LeaderCompleteness": (*OF_RAFT, "DecidedIsLed", "CommittedIsDecided"),
    "StateMachineSafety": (*OF_RAFT, "LeaderCompleteness", "CommittedIsDecided", "DecidedIsLed"),
    "OneUncommittedChange": (
        "Settled", "DecidedInForce", "LogFromLeaders", "LogMatchesLeaders",
        "LeaderLogMatchesLeaders",
    ),
}  # fmt: skip

_KEPT: Mapping[str, tuple[str, ...]] = {
    "AppliedMatches": (*OF_RAFT, "CommittedIsDecided", "DecidedIsLed", *_LEMMAS),
    "CommittedConfiguration": (
        "CommittedIsDecided", "LeaderLogIsUsed", "LeaderLogIsFunction", "LeaderLogIsLog",
        "LeaderLogFromLeaders", "Settled", *_LEMMAS,
    ),
    "ElectedOrOverruled": (*OF_RAFT, "VotedForOrOverruled", "ElectorVoted", *_LEMMAS),
}  # fmt: skip

_CHOOSABLE: Mapping[str, tuple[str, ...]] = {
    "HandleRequestVoteResponse": (*OF_RAFT, "VotedForOrOverruled", "ConfigurationsMeet", *_LEMMAS),
    "": (
        *OF_RAFT, "ElectorVoted", "ElectedOrOverruled", "ElectedByQuorum", "ElectedInForce",
        "ConfigurationsMeet", "NewConfigurationMeets", "IndexIsNew",
    ),
}  # fmt: skip


def of_property(name: str) -> Iterable[tuple[str, ...]]:
    """Yield names of conjuncts and properties from which a property may follow."""
    if name in _PROPERTIES:
        yield _PROPERTIES[name]
    yield OF_RAFT


def of_kept(name: str, action: str) -> Iterable[tuple[str, ...]]:
    """Yield names of what may be enough for an action to keep a conjunct, lemmas among them."""
    if name == "ChoosableIsLed":
        yield (*_CHOOSABLE.get(action, _CHOOSABLE[""]), name)
    if name in _KEPT:
        yield (*_KEPT[name], name)
    yield (*OF_RAFT, name, *_LEMMAS)
    yield (*_LIGHT, name, *_LEMMAS)

"""What a mutant of a module of spec/features has to pass, the cheapest first.

Of what the protocol does there is the node with features, of what its properties say a second
opinion: both are asked before a mutant is there, of servers and of steps at random.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, Final

from raft_ref.features import ExtendedNode, Feature
from raft_ref.spec import files
from raft_ref.spec.link.shared import shared
from tests.spec.link import test_feature_types, test_membership_progress
from tests.support import any_extended_server
from tests.support.opinions import steps

Checks = Iterator[tuple[str, Any]]

PROTOCOL: Final = (
    "ExtendedRaft", "Configuration", "LeaderContact", "PreVote", "CheckQuorum",
    "LeadershipTransfer", "ReadIndex", "Leases", "Membership",
)  # fmt: skip
"""The modules of what servers do."""
_ALL: Final = ("Membership", "JointConsensus", "AppliedMembership", "PreVote", "CheckQuorum")
PROPERTIES: Final[Mapping[str, Sequence[str]]] = {
    "FeatureVariables": tuple(f"{each}Invariants" for each in _ALL),
    "LeaderContactInvariants": ("LeaderContactInvariants", "PreVoteInvariants"),
    **{f"{each.value}Invariants": (f"{each.value}Invariants",) for each in Feature},
}
"""The modules of properties, and in which of them each is noticed."""


@cache
def prepare(name: str) -> None:
    """Find out all that is compared, before a mutant is there."""
    if name in PROTOCOL:
        for features in _sets_of(name):
            any_extended_server.of_node(features, ExtendedNode, any_extended_server.CASES)
    if name in PROPERTIES:
        for features in steps.ON:
            steps.steps(features, steps.STEPS)


def checks(name: str, line: int) -> Checks:
    """Yield the checks of a module; `line` is that of what was changed."""
    if name in PROTOCOL:
        yield from of_protocol(name)
    elif name in PROPERTIES:
        yield from of_properties(name)
    elif name == "MembershipProgress":
        yield from of_progress()


def of_protocol(name: str) -> Checks:
    """Yield the checks of what servers do: all steps of any server."""
    yield "as it is loaded", partial(_loaded, files.EXTENDED)
    for features in _sets_of(name):
        yield "any server", partial(any_extended_server.first_difference, features)


def _sets_of(name: str) -> list[frozenset[Feature]]:
    """Return sets of features, those first in which the one of a module is on."""
    return sorted(any_extended_server.SETS, key=lambda on: (name not in on, len(on)))


def of_properties(name: str) -> Checks:
    """Yield the checks of what is said of states and steps."""
    yield "as it is loaded", partial(_loaded, files.FEATURES / f"{name}.tla")
    yield "states by hand", partial(_of_types, name)
    for module in PROPERTIES[name]:
        for features in steps.ON:
            yield "any step", partial(steps.first_difference, module, features)
    if name == "LeasesInvariants":  # what it says of clocks is asked by the model alone
        yield "any step", partial(steps.first_difference, "MCExtendedRaft", steps.ON[0])


def _of_types(name: str) -> str | None:
    feature = name.removesuffix("Invariants")
    own = "" if name == "FeatureVariables" else feature
    for module, prop, is_true, changes in test_feature_types.ROWS:
        if module == own and test_feature_types.holds(module, prop, changes) != is_true:
            return prop
    return None


def of_progress() -> Checks:
    """Yield the checks of MembershipProgress.tla."""
    yield "as it is loaded", partial(_loaded, files.MEMBERSHIP_PROGRESS)
    yield "states by hand", _of_goals


def _of_goals() -> str | None:
    module = shared(files.MEMBERSHIP_PROGRESS)
    for name, is_true, changes, on in test_membership_progress.OF_STATES:
        if test_membership_progress.holds(module, name, changes, on) != is_true:
            return name
    return None


def _loaded(path: Any) -> None:
    shared(path)

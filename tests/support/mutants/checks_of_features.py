"""What a mutant of a module of spec/features has to pass, the cheapest first.

Of what the protocol does there is the node with features, of what its properties say a second
opinion: both are asked before a mutant is there, of servers and of steps at random.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, Final

from raft_ref.features import ExtendedNode, Feature
from raft_ref.spec import files
from raft_ref.spec.link.features.variables import ExtendedVariables
from raft_ref.spec.link.original import differences
from raft_ref.spec.link.shared import shared
from raft_ref.verify import PropertyRequest
from tests.spec.link import test_feature_types, test_features, test_membership_progress
from tests.support import any_extended_server, extended_servers, quorums
from tests.support.features import explored
from tests.support.mutants.by_tests import first_failure
from tests.support.mutants.mutant import defined_at, source_of
from tests.support.opinions import extended_liberties, steps

Checks = Iterator[tuple[str, Any]]

PROTOCOL: Final = (
    "ExtendedRaft", "Configuration", "LeaderContact", "PreVote", "CheckQuorum",
    "LeadershipTransfer", "ReadIndex", "Leases", "Membership",
)  # fmt: skip
"""The modules of what servers do."""
_NOTICED_WITH: Final = {"Configuration": "Membership", "LeaderContact": "PreVote"}
"""The feature with which a module is noticed, where that has another name."""
_ALL: Final = ("Membership", "JointConsensus", "AppliedMembership", "PreVote", "CheckQuorum")
_RARE: Final[Mapping[str, tuple[frozenset[Feature], any_extended_server.Situation]]] = {
    "PreVote": (frozenset({Feature.PRE_VOTE}), extended_servers.asked_for_pre_vote),
    "ReadIndex": (frozenset({Feature.READ_INDEX}), extended_servers.reading),
    "ExtendedRaft": (
        frozenset({Feature.MEMBERSHIP, Feature.JOINT_CONSENSUS}),
        extended_servers.in_joint,
    ),
}
"""What a module is about, where that is rare among servers and messages at random."""
_OF_NEXT: Final = (
    "Next", "Restart", "RestartWithCommits", "TakeLead", "Commit", "StepDown", "Receive",
    "ReceiveDuplicate", "DropMessage",
)  # fmt: skip
"""What no action alone is asked of."""
_TIED: Final = 150
"""How many states are compared of each model."""
_TEST_OF_LIBERTIES: Final = "tests/traces/validation/test_liberties.py"
PROPERTIES: Final[Mapping[str, Sequence[str]]] = {
    "FeatureVariables": tuple(f"{each}Invariants" for each in _ALL),
    "LeaderContactInvariants": ("LeaderContactInvariants", "PreVoteInvariants"),
    **{f"{each.value}Invariants": (f"{each.value}Invariants",) for each in Feature},
}
"""The modules of properties, and in which of them each is noticed."""


@cache
def prepare(name: str) -> None:
    """Find out all that is compared, before a mutant is there."""
    if name in (files.EXTENDED_MODEL.stem, "MCExtendedRaftTrace"):
        shared(files.FEATURES / f"{name}.tla")
    if name == files.EXTENDED_TRACE.stem:
        for features in extended_liberties.SETS:
            extended_liberties.expected(features, extended_liberties.CASES)
    if name in PROTOCOL:
        for features in _liberties_of(name):
            extended_liberties.expected_of_node(features, extended_liberties.CASES)
        for features in _sets_of(name):
            any_extended_server.of_node(features, ExtendedNode, any_extended_server.CASES)
    if name in _RARE:
        features, situation = _RARE[name]
        any_extended_server.of_node(features, ExtendedNode, any_extended_server.CASES, situation)
    if name in PROPERTIES:
        for features in steps.ON:
            steps.steps(features, steps.STEPS)


def checks(name: str, line: int) -> Checks:
    """Yield the checks of a module; `line` is that of what was changed."""
    if name in PROTOCOL:
        yield from of_protocol(name, line)
    elif name in PROPERTIES:
        yield from of_properties(name)
    elif name == files.EXTENDED_TRACE.stem:
        yield from of_liberties(line)
    elif name == files.EXTENDED_MODEL.stem:
        yield from of_model()
    elif name == "MCExtendedRaftTrace":
        yield from of_model_of_liberties()
    elif name == "MembershipProgress":
        yield from of_progress()


def of_protocol(name: str, line: int) -> Checks:
    """Yield the checks of what servers do: each action of any server, all steps of it."""
    yield "as it is loaded", partial(_loaded, files.EXTENDED)
    first = defined_at(source_of(f"{name}.tla"), line)
    if first in ("vars", "Spec"):
        yield "all variables", any_extended_server.forgotten
    for features in any_extended_server.SETS if first and first.endswith("Init") else ():
        yield "initial states", partial(any_extended_server.initial_difference, features)
    is_of_next = first in _OF_NEXT
    if is_of_next:
        yield "first steps", partial(any_extended_server.first_step_difference, frozenset(Feature))
    for features in reversed(_sets_of(name)) if is_of_next else ():  # the most is on first
        yield "any server", partial(any_extended_server.first_difference, features)
    # What is asked of the action that was changed, or of those that most is used in, costs least.
    likely = [each for each in extended_liberties.actions_of_extended() if each == first]
    likely = likely or ["Take", "Timeout"]
    for features in sorted(_liberties_of(name), key=partial(_seldomness, likely[0])):
        yield "any action", partial(extended_liberties.difference_of_node, features, likely)
    if name in _RARE:
        yield "any message of its kind", partial(_of_rare, name)
    for features in _liberties_of(name):
        yield "any action", partial(extended_liberties.difference_of_node, features)
    for features in _sets_of(name) if not is_of_next else ():
        yield "any server", partial(any_extended_server.first_difference, features)


def _seldomness(name: str, features: frozenset[Feature]) -> int:
    """Return a number that is the lower, the more often an action is taken with these on."""
    _, asked = extended_liberties.expected_of_node(features, extended_liberties.CASES)
    return -sum(bool(after) for _, _, after in asked[name])


def _of_rare(name: str) -> str | None:
    features, situation = _RARE[name]
    return any_extended_server.first_difference(features, situation=situation)


def _sets_of(name: str) -> list[frozenset[Feature]]:
    """Return sets of features, those first in which the one of a module is on.

    Of those in which it is off two are enough: where nothing is on, and where the most is.
    """
    found = sorted(any_extended_server.SETS, key=partial(_likeliness, name))
    on = [each for each in found if _NOTICED_WITH.get(name, name) in each]
    off = found[len(on) :]
    return [*on, off[0], off[-1]] if on else found


def _likeliness(name: str, on: frozenset[Feature]) -> tuple[bool, int]:
    return _NOTICED_WITH.get(name, name) not in on, len(on)


def _liberties_of(name: str) -> list[frozenset[Feature]]:
    return sorted(extended_liberties.SETS, key=partial(_likeliness, name))


def of_liberties(line: int) -> Checks:
    """Yield the checks of the liberties with features."""
    yield "as it is loaded", partial(_loaded, files.EXTENDED_TRACE)
    first = defined_at(source_of(files.EXTENDED_TRACE.name), line)
    if first == "vars":
        yield "all variables", partial(any_extended_server.forgotten, files.EXTENDED_TRACE)
    if first == "Init":
        yield "initial states", partial(extended_liberties.initial_difference, frozenset(Feature))
    likely = [each for each in extended_liberties.LIBERTIES if each == first]
    for names in (likely, extended_liberties.LIBERTIES):
        for features in extended_liberties.SETS:
            yield "any action", partial(extended_liberties.first_difference, features, names)


def of_properties(name: str) -> Checks:
    """Yield the checks of what is said of states and steps."""
    yield "as it is loaded", partial(_loaded, files.FEATURES / f"{name}.tla")
    yield "states by hand", partial(_of_types, name)
    for module in PROPERTIES[name]:
        for features in steps.ON:
            yield "any step", partial(steps.first_difference, module, features)
    for on in quorums.SETS if name == "FeatureVariables" else ():
        yield "a majority", partial(quorums.wrong_majority, on)
    if name == "LeasesInvariants":  # what it says of clocks is asked by the model alone
        yield "any step", partial(steps.first_difference, "MCExtendedRaft", steps.ON[0])


def _of_types(name: str) -> str | None:
    feature = name.removesuffix("Invariants")
    own = "" if name == "FeatureVariables" else feature
    for module, prop, is_true, changes in test_feature_types.ROWS:
        if module == own and test_feature_types.holds(module, prop, changes) != is_true:
            return prop
    return None


def of_model() -> Checks:
    """Yield the checks of Raft with features within bounds."""
    yield "as it is loaded", partial(_loaded, files.EXTENDED_MODEL)
    for features, _, _ in test_features.STATES:
        yield "Next tie", partial(_tied, frozenset(features))
    for features, sizes, _ in test_features.STATES:
        yield "bisimulation", partial(_bisimulated, frozenset(features), sizes)
    yield "tests", partial(first_failure, ("tests/spec/link/test_feature_model.py",))


def _tied(features: frozenset[Feature]) -> str | None:
    constants = ExtendedVariables(["s1", "s2"], ["v1"], features).constants
    more = {name: constants[name] for name in ("Features", "Voters")}
    found = next(differences(_TIED, files.EXTENDED, files.EXTENDED_MODEL, more=more), None)
    return found and "a step"


def _bisimulated(features: frozenset[Feature], sizes: dict[str, int]) -> str | None:
    asked = PropertyRequest(bisimulation=True)
    report = explored(features, properties=asked, **{**sizes, "max_restarts": 1})
    return test_features.broken(report)


def of_model_of_liberties() -> Checks:
    """Yield the checks of the liberties with features within bounds."""
    path = files.EXTENDED_TRACE.with_name("MCExtendedRaftTrace.tla")
    yield "as it is loaded", partial(_loaded, path)
    yield "tests", partial(first_failure, (_TEST_OF_LIBERTIES,), "long", "tlc or MCRaftTrace")


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

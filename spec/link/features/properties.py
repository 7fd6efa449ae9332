"""The properties of Raft with features: those of Raft, and of each feature that is on."""

from collections.abc import Iterable, Sequence

from raft_ref.explorer import Property, ServerId
from raft_ref.features import Feature
from raft_ref.spec.files import FEATURES
from raft_ref.spec.link.features.variables import ExtendedVariables
from raft_ref.spec.link.properties import properties_of_modules

_VARIABLES = "FeatureVariables"
_INHERITED = (_VARIABLES, "LeaderContactInvariants")
_NEVER_WHERE_COMMITS_ARE_DURABLE = "SometimesCommitForgotten"
_OF_RAFT_ALONE = ("TypeOK", "MessageTypeOK")


def extended_properties(
    servers: Sequence[ServerId],
    values: Sequence[str],
    features: Iterable[Feature],
    voters: Iterable[ServerId] | None = None,
) -> list[Property]:
    """Return the properties of spec/features/ for the features that are on, each once.

    RaftTypeOK and RaftMessageTypeOK are there in place of TypeOK and MessageTypeOK, which know no
    messages of features, and no configurations.
    """
    on = [feature for feature in Feature if feature in {*features}]
    variables = ExtendedVariables(servers, values, on, voters)
    modules = [_VARIABLES, *(f"{feature.value}Invariants" for feature in on)]
    paths = [FEATURES / f"{module}.tla" for module in modules]
    found = {prop.name: prop for prop in properties_of_modules(paths, variables, _INHERITED)}
    left_out = {*_OF_RAFT_ALONE}
    if Feature.APPLIED_MEMBERSHIP in on:
        left_out.add(_NEVER_WHERE_COMMITS_ARE_DURABLE)
    return [prop for name, prop in found.items() if name not in left_out]

"""What a quorum is in clusters of any size: whose servers grant pre-votes."""

from dataclasses import replace
from typing import Any, Final

from raft_ref.explorer import View
from raft_ref.features import ExtendedNode, Feature
from raft_ref.spec.files import FEATURES
from raft_ref.spec.link.features.variables import ExtendedVariables
from raft_ref.spec.link.shared import shared
from raft_ref.spec.syntax.errors import SpecError

_MOST: Final = 5
SETS: Final = (
    frozenset({Feature.PRE_VOTE}),
    frozenset({Feature.PRE_VOTE, Feature.MEMBERSHIP}),
)
"""Where it is as ever, and where the membership can change."""


def wrong_majority(features: frozenset[Feature]) -> str | None:
    """Return of how many servers how many are a quorum and no majority, or the reverse; or None."""
    module = shared(FEATURES / "PreVoteInvariants.tla")
    for count in range(2, _MOST + 1):
        names = tuple(f"s{n}" for n in range(1, count + 1))
        node = ExtendedNode(names, ("v1",), features=features)
        mapping = ExtendedVariables(names, ("v1",), features)
        constants = {each: mapping.constants[each] for each in module.constants}
        predicate = module.predicate("SometimesPreVotesOfMajority", constants)
        states: dict[str, Any] = {each: node.initial(each) for each in names}
        for size in range(count + 1):
            states["s1"] = replace(states["s1"], pre_votes_granted=frozenset(names[:size]))
            view = View(dict(states), (), (), 0, 0, 0)
            try:
                is_quorum = predicate.holds(mapping.of(view, frozenset(predicate.reads)))
            except SpecError as error:
                return str(error)
            if is_quorum != (2 * size > count):
                return f"{size} of {count}"
    return None

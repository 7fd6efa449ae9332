"""The link of Raft with features: how a cluster of `ExtendedNode` is a state of ExtendedRaft.tla.

In: views and steps of such nodes. Out: the `variables` of the module, so that all that is known of
Raft is known of it as well (`composition` has the names of steps); their `properties` and their
`history`; and, by `hiding` what features add, whether each step is one of Raft.
`simulation_relation` follows them beside the proof's protocol, `reads_relation` beside that of
reads, `membership_relation` beside that of changes; they need z3, and are imported by their names.
"""

from raft_ref.spec.link.features.composition import composed
from raft_ref.spec.link.features.hiding import REFINES_RAFT, HidingRefinement
from raft_ref.spec.link.features.history import CommittedChanges, ReadsRecorded
from raft_ref.spec.link.features.properties import extended_properties
from raft_ref.spec.link.features.variables import ExtendedVariables

__all__ = [
    "REFINES_RAFT",
    "CommittedChanges",
    "ExtendedVariables",
    "HidingRefinement",
    "ReadsRecorded",
    "composed",
    "extended_properties",
]

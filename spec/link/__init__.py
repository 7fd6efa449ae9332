"""The link: how a cluster of nodes is a state of Raft.tla.

The one part of `spec` that knows the node and the explorer. It maps what the explorer sees to the
variables of a module, and makes properties of the module's operators: `RaftVariables` and
RaftInvariants.tla for Raft, or a `Variables` and a module of one's own.

`variables` and `history` are the map, and `as_raft` is what a user's own node stands for. On it
stand the checks: `properties` evaluates invariants of the file, `goals` what must come in the end;
`refinement` holds each step of a server to Raft.tla, and the names of what it composes
(`composition`), also of a `foreign` node; `bisimulation` the whole system to a model of it, which
is Raft (`original`); `proof_search` explores the node beside the proof's protocol, by a
`simulation_relation`; in `others` each step is some of a specification that is not ours. Modules
are `shared` among them.
"""

from raft_ref.spec.files import INVARIANTS, LIVENESS_OF_RAFT, MODEL, PROGRESS_OF_RAFT
from raft_ref.spec.link.as_raft import (
    AS_RAFT,
    AS_RAFT_MESSAGE,
    AsRaft,
    AsRaftMessage,
    OwnStep,
    RaftWords,
)
from raft_ref.spec.link.bisimulation import (
    BISIMULATION,
    MODEL_BOUNDS,
    MODEL_SYMMETRIES,
    Bisimulation,
)
from raft_ref.spec.link.foreign import ForeignRefinement
from raft_ref.spec.link.goals import raft_goal, tla_goal
from raft_ref.spec.link.history import Committed, CommittedEntry
from raft_ref.spec.link.properties import (
    PROGRESS,
    SOMETIMES,
    raft_progress,
    raft_properties,
    tla_progress,
    tla_properties,
)
from raft_ref.spec.link.refinement import (
    INITIAL_REFINEMENT,
    REFINEMENT,
    Refinement,
    initial_refinement,
)
from raft_ref.spec.link.variables import RaftVariables, Variables, camel_case

__all__ = [
    "AS_RAFT",
    "AS_RAFT_MESSAGE",
    "BISIMULATION",
    "INITIAL_REFINEMENT",
    "INVARIANTS",
    "LIVENESS_OF_RAFT",
    "MODEL",
    "MODEL_BOUNDS",
    "MODEL_SYMMETRIES",
    "PROGRESS",
    "PROGRESS_OF_RAFT",
    "REFINEMENT",
    "SOMETIMES",
    "AsRaft",
    "AsRaftMessage",
    "Bisimulation",
    "Committed",
    "CommittedEntry",
    "ForeignRefinement",
    "OwnStep",
    "RaftVariables",
    "RaftWords",
    "Refinement",
    "Variables",
    "camel_case",
    "initial_refinement",
    "raft_goal",
    "raft_progress",
    "raft_properties",
    "tla_goal",
    "tla_progress",
    "tla_properties",
]

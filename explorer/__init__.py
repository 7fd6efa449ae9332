"""A bounded, exhaustive explorer of clusters of actors over a faulty network. It knows no Raft.

`model` is what is explored: the user's actors and a network become a `System`, a transition system
of small integers, with bounds, properties and symmetry. `engines` search it breadth first: one in
Python that says what a search means, one in C++ (`core/`, built as `_core`) that does the same.
`liveness` asks what must happen in the end.
`walks` search at random where there is too much to exhaust. `results` are what a search answers
with, whichever it was. `testing` makes a state machine of hypothesis of a system.
"""

from raft_ref.explorer.engines.checkpoint import CheckpointError, Checkpoints
from raft_ref.explorer.engines.choice import EngineError, EngineName, search
from raft_ref.explorer.engines.disk import Disk
from raft_ref.explorer.engines.plain import Search
from raft_ref.explorer.liveness.assumptions import ANY, Assumptions, Fairness
from raft_ref.explorer.liveness.choice import search_live
from raft_ref.explorer.liveness.goal import Form, Goal
from raft_ref.explorer.liveness.lasso import Lasso
from raft_ref.explorer.liveness.report import Answer, LiveReport
from raft_ref.explorer.model.actor import Actor, ActorError, Measure, ServerId, Step, guarded
from raft_ref.explorer.model.bounds import Bounds
from raft_ref.explorer.model.examination import TellsApartError
from raft_ref.explorer.model.history import FORBIDDEN, History, NoHistory
from raft_ref.explorer.model.properties import PARTS, Kind, Property
from raft_ref.explorer.model.renaming import Renamed
from raft_ref.explorer.model.symmetry import what_is_renamed
from raft_ref.explorer.model.system import (
    NETWORK_STEPS,
    Event,
    NetworkKind,
    System,
    View,
)
from raft_ref.explorer.results.counterexample import Counterexample
from raft_ref.explorer.results.progress import Outlook
from raft_ref.explorer.results.report import Progress, Report, Verdict
from raft_ref.explorer.walks.walk import (
    Found,
    RandomSearch,
    Shard,
    WalkLimits,
    WalkProgress,
    WalkReport,
    random_search,
)

__all__ = [
    "ANY",
    "FORBIDDEN",
    "NETWORK_STEPS",
    "PARTS",
    "Actor",
    "ActorError",
    "Answer",
    "Assumptions",
    "Bounds",
    "CheckpointError",
    "Checkpoints",
    "Counterexample",
    "Disk",
    "EngineError",
    "EngineName",
    "Event",
    "Fairness",
    "Form",
    "Found",
    "Goal",
    "History",
    "Kind",
    "Lasso",
    "LiveReport",
    "Measure",
    "NetworkKind",
    "NoHistory",
    "Outlook",
    "Progress",
    "Property",
    "RandomSearch",
    "Renamed",
    "Report",
    "Search",
    "ServerId",
    "Shard",
    "Step",
    "System",
    "TellsApartError",
    "Verdict",
    "View",
    "WalkLimits",
    "WalkProgress",
    "WalkReport",
    "guarded",
    "random_search",
    "search",
    "search_live",
    "what_is_renamed",
]

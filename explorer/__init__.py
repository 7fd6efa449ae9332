"""A bounded, exhaustive explorer of clusters of actors over a faulty network."""

from explorer.actor import Actor, ActorError, Measure, ServerId, Step, guarded
from explorer.bounds import Bounds
from explorer.checkpoint import CheckpointError, Checkpoints
from explorer.counterexample import Counterexample
from explorer.engines import EngineError, EngineName, search
from explorer.progress import Outlook
from explorer.properties import PARTS, Kind, Property
from explorer.report import Progress, Report, Verdict
from explorer.search import Search
from explorer.symmetry import Renamed, what_is_renamed
from explorer.system import NETWORK_STEPS, Event, History, NetworkKind, NoHistory, System, View
from explorer.walk import Found, RandomSearch, WalkProgress, WalkReport, random_search

__all__ = [
    "NETWORK_STEPS",
    "PARTS",
    "Actor",
    "ActorError",
    "Bounds",
    "CheckpointError",
    "Checkpoints",
    "Counterexample",
    "EngineError",
    "EngineName",
    "Event",
    "Found",
    "History",
    "Kind",
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
    "Step",
    "System",
    "Verdict",
    "View",
    "WalkProgress",
    "WalkReport",
    "guarded",
    "random_search",
    "search",
    "what_is_renamed",
]

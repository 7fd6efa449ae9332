"""Conformance: whether another implementation does what the spec allows, and only that.

In: a `ScenariosRequest`, to find behaviours of the reference node that cover what it can do; then a
`FollowRequest`, to drive an implementation through such scenarios, or a `HuntRequest`, through
schedules drawn by chance, by an adapter (traces/ADAPTER.md). Out: what `run` of a request returns:
a `ScenariosReport`; or a `ConformanceReport` with the shortest schedule for each kind of what
stands against it, and why.

`clusters` and `scenarios` choose behaviours, by what `branches` sees; a `schedule` is what is to
happen; `driving` lets it happen by a `run` through an `adapter`, each step held against the spec
and watched for `consequences`; `hunting` draws schedules, and makes short what they find; a
`report` says what came of it. `serving` and `reference` are the other end of an adapter, and
`own_node` is that of a user's own class.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from raft_ref.traces.conformance.adapter import Adapter, AdapterError, Answering, FailedError
    from raft_ref.traces.conformance.clusters import ScenariosReport, ScenariosRequest
    from raft_ref.traces.conformance.driving import FollowRequest, HuntRequest
    from raft_ref.traces.conformance.hunting.alone import SOUGHT
    from raft_ref.traces.conformance.hunting.coverage import ENOUGH, Pair
    from raft_ref.traces.conformance.hunting.departures import read_known
    from raft_ref.traces.conformance.hunting.draws import Likely
    from raft_ref.traces.conformance.hunting.findings import Finding
    from raft_ref.traces.conformance.hunting.shrinking import TRIES
    from raft_ref.traces.conformance.report import Conformance, ConformanceReport
    from raft_ref.traces.conformance.run import Run
    from raft_ref.traces.conformance.scenarios import Cover, Scenarios
    from raft_ref.traces.conformance.schedule import Command, Schedule

__all__ = [
    "ENOUGH",
    "SOUGHT",
    "TRIES",
    "Adapter",
    "AdapterError",
    "Answering",
    "Command",
    "Conformance",
    "ConformanceReport",
    "Cover",
    "FailedError",
    "Finding",
    "FollowRequest",
    "HuntRequest",
    "Likely",
    "Pair",
    "Run",
    "Scenarios",
    "ScenariosReport",
    "ScenariosRequest",
    "Schedule",
    "read_known",
]

_MODULES = {
    "adapter": ("Adapter", "AdapterError", "Answering", "FailedError"),
    "clusters": ("ScenariosReport", "ScenariosRequest"),
    "driving": ("FollowRequest", "HuntRequest"),
    "hunting.alone": ("SOUGHT",),
    "hunting.coverage": ("ENOUGH", "Pair"),
    "hunting.departures": ("read_known",),
    "hunting.draws": ("Likely",),
    "hunting.findings": ("Finding",),
    "hunting.shrinking": ("TRIES",),
    "report": ("Conformance", "ConformanceReport"),
    "run": ("Run",),
    "scenarios": ("Cover", "Scenarios"),
    "schedule": ("Command", "Schedule"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import what is asked for: an adapter, which needs `serving` alone, is to start at once."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__]

"""What every report of what was explored says: the setting, and what never happened."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from raft_ref.cli.reports.pictures import Written
from raft_ref.cli.reports.terminal import wrapped
from raft_ref.explorer import Renamed, Report, Verdict
from raft_ref.verify import Cluster

TITLES: Final[Mapping[Verdict, str]] = {
    Verdict.HOLDS_WITHIN_BOUNDS: "HOLDS WITHIN BOUNDS",
    Verdict.HOLDS_VACUOUSLY: "HOLDS, VACUOUSLY",
    Verdict.VIOLATED: "VIOLATED",
    Verdict.INCOMPLETE: "INCOMPLETE",
}
"""How a verdict is told."""


def held(verdict: Verdict) -> str:
    """Return what is said of the properties that nothing violated."""
    return "not violated so far" if verdict is Verdict.INCOMPLETE else "hold"


def setting(cluster: Cluster, symmetry: tuple[Renamed, ...]) -> list[str]:
    """Return what was explored, and within which bounds, as lines."""
    limits = cluster.system.bounds.as_dict()
    bounds = ", ".join(f"{name} {limit}" for name, limit in limits.items())
    reduced = ", partial-order reduction" if cluster.system.reduced else ""
    return [
        f"  {cluster.description}, {len(cluster.system.servers)} servers, "
        f"network {cluster.system.network_kind}{_renaming(symmetry)}{reduced}",
        f"  bounds: {bounds}",
    ]


def _renaming(symmetry: tuple[Renamed, ...]) -> str:
    if not symmetry:
        return ""
    what = " and ".join(symmetry)
    return f", up to a renaming of {'the ' if len(symmetry) == 1 else ''}{what}"


def vacuity(report: Report) -> list[str]:
    """Return what was not reached and what never happened, as lines."""
    return [
        *wrapped("NOT reached", [name for name, was in report.sometimes.items() if not was]),
        *wrapped("NEVER taken", report.never_taken),
        *wrapped("NEVER due", [name for name, each in report.progress.items() if not each.asked]),
    ]


def covered(report: Report) -> dict[str, Any]:
    """Return what a search covered as a JSON object."""
    return {
        "verdict": report.verdict.value,
        "distinct_states": report.distinct_states,
        "transitions": report.transitions,
        "depth": report.depth,
        "covered_depth": report.covered_depth,
        "seconds": round(report.seconds, 3),
        "bytes_on_disk": report.bytes_on_disk,
        "engine": report.engine,
        "stopped_by": report.stopped_by,
        "never_taken": list(report.never_taken),
        "cut_off": dict(report.cut_off),
        "sometimes": dict(report.sometimes),
        "progress": {name: asdict(outlook) for name, outlook in report.progress.items()},
    }


def as_json(report: Report, cluster: Cluster, written: Written) -> dict[str, Any]:
    """Return a report of the explorer as a JSON object."""
    counterexample = report.counterexample
    return {
        **covered(report),
        "property": None if counterexample is None else counterexample.prop.name,
        "symmetry": list(report.symmetry),
        "reduced": cluster.system.reduced,
        "bounds": dict(report.bounds),
        "properties": [prop.name for prop in cluster.properties if not prop.is_sometimes],
        "actions": dict(report.actions),
        **written.as_json(),
        "steps": None if counterexample is None else len(counterexample.events),
    }

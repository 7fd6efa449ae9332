"""Whether what holds does so for want of anything that happens.

A property that must be reached and was not, or an action that was never taken, makes the rest say
little. What the bounds leave out by being 0, or the node by having no such measure, is no fault.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from raft_ref.explorer import Report

LEFT_OUT: Final[Mapping[str, frozenset[str]]] = {
    "max_restarts": frozenset({"Restart", "SometimesCommitForgotten"}),
    "max_drops": frozenset({"DropMessage"}),
    "max_duplicates": frozenset({"ReceiveDuplicate"}),
    "max_snapshot_index": frozenset(
        {
            "CompactLog",
            "InstallSnapshot",
            "HandleInstallSnapshotRequest",
            "HandleInstallSnapshotResponse",
            "SometimesSnapshotInstalled",
            "SometimesSnapshotReplacesConflict",
        }
    ),
}
"""What cannot happen where a bound is 0, by its name."""


def unreached(reports: Sequence[Report | None], allowed: Iterable[str] = ()) -> tuple[str, ...]:
    """Return what none of some searches of a cluster reached, took, or found due.

    By name, but for what is `allowed`, and what the bounds of all leave out.
    """
    there = [report for report in reports if report is not None]
    if not there:
        return ()
    reached = {name for each in there for name, was in each.sometimes.items() if was}
    taken = {name for each in there for name, times in each.actions.items() if times}
    missing = [
        *(name for name in there[0].sometimes if name not in reached),
        *(name for name in there[0].never_taken if name not in taken),
        *_never_due(there),
    ]
    closed = [names for bound, names in LEFT_OUT.items() if not _is_open(bound, there)]
    excused = {*allowed}.union(*closed)
    return tuple(name for name in missing if name not in excused)


def _never_due(reports: Sequence[Report]) -> list[str]:
    asked = {name: 0 for each in reports for name in each.progress}
    for each in reports:
        for name, outlook in each.progress.items():
            asked[name] += outlook.asked
    return [name for name, times in asked.items() if not times]


def _is_open(bound: str, reports: Sequence[Report]) -> bool:
    """Whether any search lets happen what a bound limits; without such a bound, none does."""
    return any(report.bounds.get(bound, 0) > 0 for report in reports)

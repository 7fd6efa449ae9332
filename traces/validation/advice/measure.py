"""In how many ways the lines of a trace can be read, and in what these differ."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from raft_ref.traces.validation.alternatives import differing
from raft_ref.traces.validation.following import Following
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.lines.profile import Recording
from raft_ref.traces.validation.verdict import Outcome

READINGS = 20
"""With how many readings at a time a trace is followed: more are as bad."""
SECONDS = 5.0
"""For how long, at most."""


@dataclass(frozen=True)
class Measured:
    """What was found as far as a trace was followed, in all its readings.

    `lines` were followed; if not all, `reason` says why. `readings` is how many there were at most,
    at `line`, and `differing` the variables in which they differ there. `spare` are moves that may
    be silent, and that no line needs to be: None where that was not found out.
    """

    lines: int
    readings: int = 1
    line: int | None = None
    differing: str = ""
    reason: str = ""
    spare: tuple[str, ...] | None = None


def measured(path: Path, recording: Recording) -> Measured:
    """Follow a trace in all its readings, while there are few and there is time."""
    liberties = replace(recording.liberties, candidates=READINGS)
    following = Following(path, replace(recording, liberties=liberties), is_thorough=True)
    found, ends = Measured(0), time.monotonic() + SECONDS
    for event in recording.events:
        if time.monotonic() > ends:
            return replace(found, reason=f"{SECONDS:g} s were over at line {event.line}")
        goes_on = following.follows(event)
        worlds = following.worlds
        if goes_on and len(worlds) > found.readings:
            names = differing(worlds, recording.servers)
            found = replace(found, readings=len(worlds), line=event.line, differing=names)
        found = replace(found, lines=found.lines + goes_on)
        if not goes_on:
            names = found.differing or (differing(worlds, recording.servers) if worlds[1:] else "")
            found = replace(found, differing=names)
            return replace(found, reason=_why(following, event))
    return found


def spare(path: Path, read: Callable[[], Recording]) -> tuple[str, ...] | None:
    """Return the silent moves without which a trace is accepted as well, in the end without all.

    `read` begins to read it anew. None is returned if it is not accepted, or not soon.
    """
    ends = time.monotonic() + SECONDS
    silent = {**read().liberties.silent}
    if not _is_accepted(path, read(), silent, ends):
        return None
    found: list[str] = []
    for name in [*silent]:
        fewer = {each: count for each, count in silent.items() if each != name}
        if _is_accepted(path, read(), fewer, ends):
            silent = fewer
            found.append(name)
        if time.monotonic() > ends:
            return None
    return tuple(found)


def _is_accepted(path: Path, recording: Recording, silent: Mapping[str, int], ends: float) -> bool:
    liberties = replace(recording.liberties, silent=silent, candidates=READINGS)
    following = Following(path, replace(recording, liberties=liberties))
    return all(following.follows(each) and time.monotonic() < ends for each in recording.events)


def _why(following: Following, event: Event) -> str:
    verdict = following.verdict
    if verdict.outcome is Outcome.REFUSED:
        return f"no reading explains line {event.line}"
    reason = verdict.reason.partition(";")[0]
    return reason if "line " in reason else f"line {event.line}: {reason}"

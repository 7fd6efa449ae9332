"""A recorded trace as a whole one: what a line leaves out is as one reading has it."""

from __future__ import annotations

from pathlib import Path

from raft_ref.traces.format.trace import Trace, TraceError
from raft_ref.traces.validation.completed import completed
from raft_ref.traces.validation.lines.profile import Profile
from raft_ref.traces.validation.refusals.refusal import explained
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome

_ALL = 10**9


def read_recorded(path: Path, profile: Profile) -> Trace:
    """Return a recorded trace with all that its steps change and send, in one reading of it.

    Of one that is refused it is what comes before the line and the line, told as a refusal. Raises
    `TraceError` (`file:line: reason`) for what is no trace or is not judged, `OSError` for a file
    that cannot be read.
    """
    verdict = validate(path, profile, last=_ALL)
    if verdict.outcome is Outcome.REFUSED:
        return explained(verdict, last=_ALL).trace
    if verdict.outcome is not Outcome.ACCEPTED:
        raise TraceError(f"{path}:{verdict.line}: inconclusive: {verdict.reason}")
    search = verdict.search
    assert search is not None
    world = search.worlds[0]
    states = [state or search.moves.protocol.first for state in world.states]
    steps = [*verdict.last, *reversed([*world.steps()])]
    return completed(search.moves.names, search.matching, states, steps, str(path))

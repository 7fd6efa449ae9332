"""Why a line is refused: what the spec allows there, and what stands against each of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from raft_ref.traces.format.trace import Trace
from raft_ref.traces.story.what_went_wrong import what_went_wrong
from raft_ref.traces.story.words import apart, plain
from raft_ref.traces.validation.refusals.candidate import Candidate
from raft_ref.traces.validation.refusals.candidates import candidates
from raft_ref.traces.validation.refusals.ending import ending, ending_broken
from raft_ref.traces.validation.refusals.reasons import why
from raft_ref.traces.validation.verdict import LAST, Verdict

_CELL = 60


@dataclass(frozen=True)
class Refusal:
    """Why a line is refused.

    `candidates` are what might explain it, nearest first; where a property is broken, what does,
    and breaks it. `why` says it in a sentence.
    """

    candidates: tuple[Candidate, ...]
    trace: Trace
    """The last steps before the line, and the line as one more step."""
    why: str = ""


def explained(verdict: Verdict, most: int = 10, last: int = LAST) -> Refusal:
    """Return why the line at which a verdict ends cannot be explained.

    `most` is how many candidates are told, `last` how many of the last steps are shown.
    """
    assert verdict.search is not None
    assert verdict.event is not None
    if verdict.breaks is not None:
        return _of_broken(verdict, last)
    search, event = verdict.search, verdict.event
    if verdict.given_up is not None:
        return _of_lines_alone(verdict, last)
    found = candidates(search, verdict.worlds[:most], event)[:most]
    nearest = found[0]
    world = nearest.world or verdict.worlds[0]
    told = why(search, world, event, nearest)
    # What a server says against itself is seen where what it logs differs.
    is_its_own = verdict.contradiction.startswith(f"{event.server} ")
    if verdict.contradiction not in told and not is_its_own:
        told += f"; {verdict.contradiction}"
    # What is told needs no reading any more, and a reading is too deep to be handed on.
    kept = tuple(replace(each, world=None, result=None) for each in found)
    return Refusal(kept, ending(verdict, world, nearest, told, last), told)


def _of_lines_alone(verdict: Verdict, last: int) -> Refusal:
    """Return why a line is refused that stands behind a limit of the search, by what lines say."""
    assert verdict.event is not None
    told = (
        f"{verdict.contradiction} (so the lines say alone; the readings were given up at line "
        f"{verdict.given_up})"
    )
    nearest = Candidate(verdict.event.name, verdict.contradiction)
    return Refusal((nearest,), ending(verdict, verdict.worlds[0], nearest, told, last), told)


def _of_broken(verdict: Verdict, last: int) -> Refusal:
    trace = ending_broken(verdict, last)
    broken = tuple(verdict.reason.removeprefix("breaks ").split(", "))
    assert trace.violation is not None
    end = trace.steps[-1]
    name = f"{', '.join(end.actions) or end.step} of {end.server}"
    wrong = what_went_wrong(trace).rstrip(".")
    told = f"breaks {', '.join(broken)}" + (f": {wrong}" if wrong else "")
    return Refusal((Candidate(name, breaks=broken),), trace, told)


def as_text(found: Iterable[Candidate]) -> Iterator[str]:
    """Yield the candidates as lines of text; what differs is marked, of the first what does not."""
    for number, each in enumerate(found):
        if each.breaks:
            yield f"{each.action}: explains the line, and breaks {', '.join(each.breaks)}"
            continue
        if each.condition:
            yield f"{each.action}: not so: {each.condition}"
            continue
        yield f"{each.action}: it differs"
        rows = [(">", name, *shown(logged, has)) for name, logged, has in each.differences]
        if number == 0:
            rows += [(" ", name, text, text) for name, text in _same(each)]
        width = max([len(name) for _, name, _, _ in rows] + [8])
        middle = max([len(logged) for _, _, logged, _ in rows] + [6])
        yield f"    {'':{width}}  {'logged':{middle}}  expected"
        for mark, name, logged, expected in rows:
            yield f"  {mark} {name:{width}}  {logged:{middle}}  {expected}".rstrip()


def _same(candidate: Candidate) -> list[tuple[str, str]]:
    return [(name, shown(value, value)[0]) for name, value in candidate.same]


def shown(logged: Any, has: Any) -> tuple[str, str]:
    """Return what was logged and what the spec has as texts that show where they differ."""
    one, other = (each if isinstance(each, str) else plain(each) for each in (logged, has))
    return apart(one, other, _CELL)

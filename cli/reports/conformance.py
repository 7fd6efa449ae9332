"""What was found of an implementation that was driven, as prose and as JSON."""

from collections.abc import Iterator
from typing import Any

from raft_ref.traces import draw, tell
from raft_ref.traces.conformance import Conformance, ConformanceReport, schedule
from raft_ref.traces.validation import as_text as candidates_as_text


def as_text(report: ConformanceReport) -> Iterator[str]:
    """Yield what was done and found, line by line, the verdict first."""
    yield _headline(report)
    of_runs = f"{report.runs:,} of {report.of_runs:,}"
    if report.states is None:
        yield f"  {of_runs} scenarios, {report.steps:,} steps"
    else:
        rate = f"{report.seconds:.1f} s, {report.steps / max(report.seconds, 1e-9):,.0f}/s"
        yield f"  {of_runs} schedules of seed {report.seed}, {report.steps:,} steps, {rate}"
        yield f"  states of the spec, told apart by their shape: {report.states:,}"
    counts = ", ".join(f"{name} {count:,}" for name, count in report.actions.most_common())
    yield f"  actions: {counts or 'none'}"
    if report.departed:
        yield (
            f"  {report.departed:,} steps of {report.departing_runs:,} scenarios could not be "
            "taken: the message was not sent"
        )
    if report.inconclusive:
        yield f"  inconclusive: {report.inconclusive:,}"
    if report.found is None:
        return
    shrunk_from = report.shrunk_from
    yield ""
    yield f"the schedule{'' if shrunk_from is None else f', shrunk from {shrunk_from} steps'}:"
    for number, each in enumerate(schedule.as_text(report.found.commands), start=1):
        yield f"{number:4}. {each}"
    refusal = report.refusal
    if refusal is None:
        return
    yield ""
    yield "what the spec allows at the last step, and what stands against it:"
    yield from (f"  {line}" for line in candidates_as_text(refusal.candidates))
    yield ""
    yield "the steps before:"
    yield from (f"  {line}" if line else "" for line in tell(refusal.trace))


def _headline(report: ConformanceReport) -> str:
    match report.outcome:
        case Conformance.CONFORMS:
            return "CONFORMS: nothing stands against it"
        case Conformance.STOPPED:
            return "STOPPED: nothing stands against it so far"
    return f"{report.outcome.upper()} {report.name}: {report.reason}"


def graph(report: ConformanceReport) -> str | None:
    """Return the end of a run that is refused as a diagram, for Graphviz."""
    return None if report.refusal is None else draw(report.refusal.trace).source


def as_json(report: ConformanceReport) -> dict[str, Any]:
    """Return what was done and found as a JSON object."""
    found, refusal = report.found, report.refusal
    return {
        "verdict": report.outcome.value,
        "runs": report.runs,
        "steps": report.steps,
        "steps_not_taken": report.departed,
        "inconclusive": report.inconclusive,
        "interrupted": report.is_interrupted,
        "actions": dict(report.actions),
        "seed": report.seed,
        "states": report.states,
        "found": None
        if found is None
        else {
            "name": report.name,
            "reason": _headline(report),
            "shrunk_from": report.shrunk_from,
            "schedule": schedule.as_text(found.commands),
            "why": [] if refusal is None else [*candidates_as_text(refusal.candidates)],
        },
    }

"""What `raft-ref conform` found, as text and as JSON."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from raft_ref.traces import tell
from raft_ref.traces.conformance import schedule
from raft_ref.traces.conformance.hunt import Hunted
from raft_ref.traces.conformance.run import Run
from raft_ref.traces.validation.refusal import Refusal, as_text, explained
from raft_ref.traces.validation.validate import Outcome


@dataclass
class Outcomes:
    """What was done, and the first run that something stands against."""

    runs: int = 0
    of_runs: int = 0
    steps: int = 0
    departed: int = 0
    departing_runs: int = 0
    inconclusive: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    found: Run | None = None
    name: str = ""
    network: str = "set"
    interrupted: bool = False
    hunted: Hunted | None = None
    seed: int | None = None
    shrunk_from: int | None = None


def refusal_of(found: Run | None) -> Refusal | None:
    """Return why what was found is refused; None where it was not, or failed."""
    if found is None or found.failure or found.verdict is None:
        return None
    return explained(found.verdict) if found.verdict.outcome is Outcome.REFUSED else None


def described(outcomes: Outcomes, refusal: Refusal | None) -> Iterator[str]:
    """Yield what was done and found, line by line."""
    yield _headline(outcomes)
    of_runs = f"{outcomes.runs:,} of {outcomes.of_runs:,}"
    if outcomes.hunted is None:
        yield f"  {of_runs} scenarios, {outcomes.steps:,} steps"
    else:
        seen, seconds = len(outcomes.hunted.seen), outcomes.hunted.seconds
        rate = f"{seconds:.1f} s, {outcomes.steps / max(seconds, 1e-9):,.0f}/s"
        yield f"  {of_runs} schedules of seed {outcomes.seed}, {outcomes.steps:,} steps, {rate}"
        yield f"  states of the spec, told apart by their shape: {seen:,}"
    counts = ", ".join(f"{name} {count:,}" for name, count in outcomes.actions.most_common())
    yield f"  actions: {counts or 'none'}"
    if outcomes.departed:
        yield (
            f"  {outcomes.departed:,} steps of {outcomes.departing_runs:,} scenarios could not be "
            "taken: the message was not sent"
        )
    if outcomes.inconclusive:
        yield f"  inconclusive: {outcomes.inconclusive:,}"
    if outcomes.found is None:
        return
    shrunk_from = outcomes.shrunk_from
    yield ""
    yield f"the schedule{'' if shrunk_from is None else f', shrunk from {shrunk_from} steps'}:"
    for number, each in enumerate(schedule.as_text(outcomes.found.commands), start=1):
        yield f"{number:4}. {each}"
    if refusal is None:
        return
    yield ""
    yield "what the spec allows at the last step, and what stands against it:"
    yield from (f"  {line}" for line in as_text(refusal.candidates))
    yield ""
    yield "the steps before:"
    yield from (f"  {line}" if line else "" for line in tell(refusal.trace))


def _headline(outcomes: Outcomes) -> str:
    found = outcomes.found
    if found is None:
        if outcomes.interrupted:
            return "STOPPED: nothing stands against it so far"
        return "CONFORMS: nothing stands against it"
    if found.failure:
        return f"FAILED {outcomes.name}: {found.failure}"
    assert found.verdict is not None
    reason = found.verdict.reason or "no step of the spec explains its last line"
    return f"REFUSED {outcomes.name}: {reason}"


def as_json(outcomes: Outcomes, refusal: Refusal | None) -> dict[str, Any]:
    """Return what was done and found as a JSON object."""
    found = outcomes.found
    return {
        "verdict": _headline(outcomes).partition(" ")[0].rstrip(":").lower(),
        "runs": outcomes.runs,
        "steps": outcomes.steps,
        "steps_not_taken": outcomes.departed,
        "inconclusive": outcomes.inconclusive,
        "interrupted": outcomes.interrupted,
        "actions": dict(outcomes.actions),
        "seed": outcomes.seed,
        "states": None if outcomes.hunted is None else len(outcomes.hunted.seen),
        "found": None
        if found is None
        else {
            "name": outcomes.name,
            "reason": _headline(outcomes),
            "shrunk_from": outcomes.shrunk_from,
            "schedule": schedule.as_text(found.commands),
            "why": [] if refusal is None else [*as_text(refusal.candidates)],
        },
    }

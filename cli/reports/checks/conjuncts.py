"""What was found when the proof was held to what is explored, as text and as JSON."""

from typing import Any

from raft_ref.cli.options.output import Output
from raft_ref.cli.reports.checks.explored import setting
from raft_ref.cli.reports.pictures import Written
from raft_ref.cli.reports.terminal import table, wrapped
from raft_ref.spec.link.proof_search import ConjunctsReport as Explored
from raft_ref.verify import ConjunctsReport


def progress_line(found: Explored) -> str:
    """Return how far a search has come, in one line."""
    return f"{found.states:,} states, {found.places:,} with what the proof remembers"


def as_text(report: ConjunctsReport, output: Output) -> list[str]:
    """Return a report as lines: the verdict with its bounds first, then what was covered."""
    found = report.explored
    lines = [
        _verdict(report),
        *setting(report.cluster, ()),
        f"  {found.states:,} distinct states, {found.places:,} with what the proof remembers, "
        f"{found.transitions:,} transitions; {report.seconds:.1f} s",
    ]
    if output.quiet or report.counterexample is not None:
        return lines
    return [
        *lines,
        "",
        "every step of the node is one of the proof's; in every state hold:",
        *wrapped("properties", found.properties),
        *wrapped("conjuncts", found.conjuncts),
        f"(evaluated {found.evaluated:,} times: where what they read had changed)",
        *wrapped("NEVER taken", found.never_taken),
        "",
        *table("actions of the proof taken", dict(found.actions.most_common())),
    ]


def _verdict(report: ConjunctsReport) -> str:
    if report.counterexample is not None:
        steps = len(report.counterexample.events)
        return f"VIOLATED: {report.counterexample.prop.name}, in {steps} steps"
    return "INCOMPLETE: interrupted" if report.is_interrupted else "HOLDS WITHIN BOUNDS"


def as_json(report: ConjunctsReport, output: Output, written: Written) -> dict[str, Any]:
    """Return a report as a JSON object."""
    found, counterexample = report.explored, report.counterexample
    return {
        "verdict": report.verdict.value,
        "property": None if counterexample is None else counterexample.prop.name,
        "distinct_states": found.states,
        "places": found.places,
        "transitions": found.transitions,
        "evaluated": found.evaluated,
        "seconds": round(report.seconds, 3),
        "bounds": report.cluster.system.bounds.as_dict(),
        "properties": [*found.properties, *found.conjuncts],
        "actions": dict(found.actions),
        "never_taken": found.never_taken,
        **written.as_json(),
        "steps": None if counterexample is None else len(counterexample.events),
    }

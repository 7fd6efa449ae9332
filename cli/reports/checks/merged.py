"""What many reports of random walks say together, as text and as JSON."""

from typing import Any

from raft_ref.cli.reports.terminal import table, wrapped
from raft_ref.verify import MergedReport


def as_text(report: MergedReport) -> list[str]:
    """Return a report as lines: the verdict first, then each violation, then what was covered."""
    first = report.parts[0]
    of = first.about["of"]
    bounds = ", ".join(f"{name} {limit}" for name, limit in first.report["bounds"].items())
    least, most = report.distinct_states
    transitions = sum(part.report["transitions"] for part in report.parts)
    lines = [
        _verdict(report),
        f"  {of['cluster']}, {of['servers']} servers, network {of['network']}",
        f"  bounds: {bounds}",
        f"  {len(report.parts):,} reports of walks of {first.about['steps']:,} steps",
        f"  {transitions:,} steps taken, {least:,} to {most:,} distinct states",
    ]
    for part in report.violations:
        lines.append(f"  {part.path}: {part.report['property']}, in {part.report['steps']} steps")
        lines.append(f"    replay: {part.about['replay']}")
    for part in report.unfinished:
        done, planned = part.about["runs_done"], len(part.seeds)
        lines.append(f"  {part.path}: stopped when {done:,} of {planned:,} walks were done")
    lines += wrapped("missing shards", report.missing)
    sometimes = report.sometimes
    if not report.violations:
        lines += ["", *wrapped("not violated", first.report["properties"])]
    return [
        *lines,
        *wrapped("reached", [name for name, was in sometimes.items() if was]),
        *wrapped("NOT reached", [name for name, was in sometimes.items() if not was]),
        *wrapped("NEVER taken", report.never_taken),
        "",
        *table("actions taken", report.total("actions")),
        "",
        *table("steps drawn that a bound kept from happening", report.total("cut_off")),
    ]


def as_json(report: MergedReport) -> dict[str, Any]:
    """Return a report as a JSON object."""
    least, most = report.distinct_states
    return {
        "verdict": report.verdict.value,
        "of": dict(report.parts[0].about["of"]),
        "bounds": dict(report.parts[0].report["bounds"]),
        "properties": list(report.parts[0].report["properties"]),
        "reports": [str(part.path) for part in report.parts],
        "missing": list(report.missing),
        "unfinished": [str(part.path) for part in report.unfinished],
        "runs_done": report.runs_done,
        "transitions": sum(part.report["transitions"] for part in report.parts),
        "distinct_states": {"least": least, "most": most},
        "violations": [
            {
                "report": str(part.path),
                "property": part.report["property"],
                "seed": part.about["found_with_seed"],
                "steps": part.report["steps"],
                "replay": part.about["replay"],
            }
            for part in report.violations
        ],
        "actions": dict(report.total("actions")),
        "never_taken": list(report.never_taken),
        "cut_off": dict(report.total("cut_off")),
        "sometimes": dict(report.sometimes),
    }


def _verdict(report: MergedReport) -> str:
    if report.violations:
        several = f" (and {len(report.violations) - 1} more)" if report.violations[1:] else ""
        return f"VIOLATED: {report.violations[0].report['property']}{several}"
    if report.missing or report.unfinished:
        return f"INCOMPLETE: {report.runs_done:,} random walks were done, and not all"
    return (
        f"NOTHING FOUND in {report.runs_done:,} random walks, which do not show that anything holds"
    )

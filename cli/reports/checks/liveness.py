"""What a check of liveness found, as text and as JSON."""

from typing import Any

from raft_ref.cli.options.output import Output
from raft_ref.cli.reports.checks.explored import TITLES, covered, setting
from raft_ref.cli.reports.pictures import Written
from raft_ref.cli.reports.terminal import progress_line as line_of_a_search
from raft_ref.cli.reports.terminal import wrapped
from raft_ref.explorer import Assumptions, LiveReport, Progress, Verdict
from raft_ref.verify import LivenessReport


def progress_line(progress: Progress) -> str:
    """Return how far a check has come, in one line."""
    if progress.undecided is None:
        return line_of_a_search(progress)
    return (
        f"{progress.distinct_states:,} states, all expanded; {progress.undecided:,} left in which "
        f"a fair run may go on without the goal, {progress.seconds:.0f} s"
    )


def as_text(report: LivenessReport, output: Output) -> list[str]:
    """Return a report as lines: the verdict with its bounds first, then what was assumed."""
    found, search = report.search, report.search.search
    lines = [_verdict(report), *setting(report.cluster, ())]
    lines += wrapped("  assumed", _assumed(found.assumed))
    lines += _why_vacuous(found) if found.verdict is Verdict.HOLDS_VACUOUSLY else []
    if found.answer is not None and found.answer.kept:
        bounds = ", ".join(f"{bound} {times:,}" for bound, times in found.answer.kept.items())
        lines += wrapped(
            "  a fair run without it is shown below, but bounds alone keep steps from happening "
            "(and so from being owed) where it stays: larger ones may tell more",
            [bounds],
        )
    if output.quiet:
        return lines
    awaited = "" if found.answer is None else f", in {found.answer.awaited:,} the goal is awaited"
    rate = search.distinct_states / max(found.seconds, 1e-9)
    size = (
        f"  {search.distinct_states:,} distinct states{awaited}, {search.transitions:,} "
        f"transitions, depth {search.depth}; {found.seconds:.1f} s, {rate:,.0f} states/s "
        f"({search.engine})"
    )
    return [*lines, size]


def as_json(report: LivenessReport, output: Output, written: Written) -> dict[str, Any]:
    """Return a report as a JSON object."""
    found, lasso, answer = report.search, report.search.lasso, report.search.answer
    return {
        **covered(found.search),
        "verdict": found.verdict.value,
        "stopped_by": found.stopped_by,
        "seconds": round(found.seconds, 3),
        "seconds_of_search": round(found.search.seconds, 3),
        "goal": found.goal.text,
        "fair": [
            {
                "action": each.action,
                "arguments": each.arguments,
                "server": each.server,
                "strong": each.is_strong,
            }
            for each in found.assumed.fair
        ],
        "at_rest": list(found.assumed.at_rest),
        "never_enabled": [] if answer is None else [str(each) for each in answer.never_enabled],
        "awaited": None if answer is None else answer.awaited,
        "kept_by_bounds": {} if answer is None else dict(answer.kept),
        "bounds": dict(found.search.bounds),
        "actions": dict(found.search.actions),
        **written.as_json(),
        "steps": None if lasso is None else len(lasso.prefix) + len(lasso.loop),
        "loop": None if lasso is None else len(lasso.prefix),
        "due": None if lasso is None else lasso.due,
    }


def _verdict(report: LivenessReport) -> str:
    found, goal = report.search, " ".join(report.search.goal.text.split())
    title = TITLES[found.verdict]
    if found.answer is None:
        when = f"at depth {found.search.depth}"
        if found.search.verdict is not Verdict.INCOMPLETE:
            when = "when all states were expanded, but the goal was not decided"
        return f"{title}: {goal}, stopped by {found.stopped_by} {when}"
    lasso = found.lasso
    if lasso is None:
        return f"{title}: {goal}"
    way = f"after {len(lasso.prefix)} steps"
    end = f"{way} nothing more happens"
    if lasso.loop:
        end = f"{way} a loop of {len(lasso.loop)} for ever"
    if found.verdict is Verdict.INCOMPLETE:
        return f"{title}: {goal} is refuted by runs that end at a bound alone, and by no others"
    return f"{title}: {goal}; {end}"


def _assumed(assumed: Assumptions) -> list[str]:
    fair = [
        f"{each.strength} fairness of {_in_words(each.of_each)}" if each.of_each else str(each)
        for each in assumed.fair
    ]
    rest = [f"{name} comes to rest" for name in assumed.at_rest]
    return [*dict.fromkeys(fair), *rest] or [
        "no fairness: something happens as long as something can"
    ]


def _in_words(of_each: str) -> str:
    action, each, none = of_each.rpartition(":each")
    return of_each if none or not each else f"{action} by each server"


def _why_vacuous(found: LiveReport) -> list[str]:
    assert found.answer is not None
    lines = []
    if not found.answer.awaited:
        lines.append("  there is no state in which the goal is due and not met already")
    never = dict.fromkeys(
        _in_words(each.of_each) if each.of_each else str(each) for each in found.in_vain
    )
    return lines + wrapped("  NEVER enabled, in any state", list(never))

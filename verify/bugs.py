"""Finding a known bug again, whichever way fits, and what there is to tell of it."""

import argparse
import inspect
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from raft_ref.bugs import Bug
from raft_ref.cli.commands import check
from raft_ref.cli.options.symmetry import symmetry_of
from raft_ref.explorer import Progress, search
from raft_ref.server.bugs import SERVER_BUGS, ServerBug
from raft_ref.server.session import Kind
from raft_ref.server.simulation.linearizability import Observation, unexplained
from raft_ref.traces import Trace, draw, tell
from raft_ref.traces.drawing.history import Operation, draw_history
from raft_ref.traces.drawing.style import LIGHT, Theme
from raft_ref.traces.format.record import trace_of
from raft_ref.verify.cluster import build
from raft_ref.zoo import EXPLORED


@dataclass(frozen=True)
class Row:
    """What was found of one bug.

    `steps` are those of the shortest counterexample, or for a server the operations of clients that
    it takes; None if the bug survives. `tried` are the distinct states, or the trials.
    """

    name: str
    seen_in: str
    breaks: str
    found_by: str
    steps: int | None
    tried: int
    seconds: float


@dataclass(frozen=True)
class Found:
    """A bug that was looked for: its trace or what clients saw, if it was found, and its story."""

    bug: Bug | ServerBug
    row: Row
    trace: Trace | None
    story: list[str]
    seen: list[Operation] = field(default_factory=list)

    def diagram(self, theme: Theme = LIGHT) -> str | None:
        """Return the text of its diagram: of the trace, or of what clients saw; None without."""
        if self.trace is not None:
            return str(draw(self.trace, theme).source)
        if not self.seen:
            return None
        title = f"{self.row.breaks} is violated"
        wrong = "No order of these operations explains what clients saw."
        source = f"raft-ref bugs {self.row.name}"
        return str(draw_history(title, wrong, source, self.seen, theme).source)

    @property
    def steps(self) -> int | None:
        """How long the counterexample is; None if the bug survives."""
        return self.row.steps

    @cached_property
    def rule(self) -> str:
        """What the mutant does, in one sentence."""
        return self.bug.rule

    def as_text(self) -> Iterator[str]:
        """Yield what the bug is, where it was seen, how it was found, and its source."""
        row, part = self.row, _part(self.bug)
        yield row.name
        yield f"  {self.rule}"
        yield f"  seen in: {row.seen_in}"
        yield from _how(self.bug, row)
        yield ""
        yield "the rule, and what the mutant makes of it:"
        for method in vars(part):
            rule = next((vars(base).get(method) for base in part.__mro__[1:] if vars(base)), None)
            if callable(rule):
                yield f"  {(rule.__doc__ or '').strip().partition(chr(10))[0]}"
        yield ""
        yield textwrap.indent(inspect.getsource(part).rstrip(), "    ")


def _part(bug: Bug | ServerBug) -> type[Any]:
    return bug.node if isinstance(bug, Bug) else bug.part


def _how(bug: Bug | ServerBug, row: Row) -> Iterator[str]:
    if isinstance(bug, Bug):
        bounds = ", ".join(f"{bound} {limit}" for bound, limit in bug.bounds.items())
        yield f"  breaks {bug.breaks} within: {bounds} (one less of any, and it does not)"
        counted = f"in {row.steps} steps, among {row.tried:,} states"
    else:
        yield f"  breaks {bug.breaks}: what clients see cannot be explained by one store"
        counted = f"with {row.steps} operations of clients, in trial {row.tried:,}"
    if row.steps is None:
        yield "  SURVIVES: it was not found"
    else:
        yield f"  found {counted}, in {row.seconds:.1f} s"


def find(name: str, on_progress: Callable[[Progress], None]) -> Found:
    """Look for a known bug: as `raft-ref check --bug NAME` does, or in simulated clusters."""
    return _trials(name) if name in SERVER_BUGS else _search(name, on_progress)


def _search(name: str, on_progress: Callable[[Progress], None]) -> Found:
    parser = argparse.ArgumentParser()
    check.configure(parser)
    asked = parser.parse_args(["--bug", name])
    cluster, bug = build(asked), EXPLORED[name]
    symmetry = symmetry_of(asked, cluster.system)
    report = search(cluster.system, cluster.properties, symmetry, on_progress)
    if report.stopped_by == "interrupt":
        raise KeyboardInterrupt  # a bug that was looked for in part has not survived
    found, steps, trace = report.counterexample, None, None
    if found is not None:
        trace = trace_of(found, cluster.system, f"raft-ref bugs {name}", cluster.project)
        steps = len(found.events) if found.prop.name == bug.breaks else None
    row = Row(
        name, bug.seen_in, bug.breaks, bug.found_by, steps, report.distinct_states, report.seconds
    )
    return Found(bug, row, trace, [] if trace is None else tell(trace))


def _trials(name: str) -> Found:
    bug, start = SERVER_BUGS[name], time.perf_counter()
    found, tried = bug.shortest()
    seconds = time.perf_counter() - start
    steps = None if found is None else len(found.history)
    row = Row(name, bug.seen_in, bug.breaks, bug.found_by, steps, tried, seconds)
    seen = [*_seen([] if found is None else found.history)]
    story = [_NO_ORDER, *(f"  {_when(each)}  {each.text}" for each in seen)] if seen else []
    return Found(bug, row, None, story, seen)


_NO_ORDER = "what clients saw, in seconds; no order of these operations explains it:"


def _when(seen: Operation) -> str:
    until = "?" if seen.end is None else f"{seen.end:.3f}"
    return f"{seen.start:.3f} to {until:>5}"


def _seen(history: list[Observation]) -> Iterator[Operation]:
    """Tell what clients saw of the key that no order of operations explains."""
    for seen in unexplained(history) or []:
        wanted, result = seen.operation, seen.result
        what = " ".join(filter(None, [wanted.kind.value, wanted.key, wanted.value]))
        if wanted.kind is Kind.CAS:
            what += f" if {_as_text(wanted.expected)}"
        if result is None:
            answer = "no answer"
        elif wanted.kind is Kind.GET:
            answer = _as_text(result.value)
        else:
            answer = "done" if result.succeeded else f"not done, {_as_text(result.value)}"
        end = None if result is None else seen.end
        yield Operation(f"{what}: {answer}", seen.start, end)


def _as_text(value: str | None) -> str:
    return "nothing is there" if value is None else f"it is {value}"

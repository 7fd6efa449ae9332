"""Known bugs, each found again, whichever way fits: by a search, or in simulated clusters."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from raft_ref.bugs import Bug
from raft_ref.explorer import Counterexample, Progress, Verdict
from raft_ref.explorer.walks.shrink import within_wider_bounds
from raft_ref.server.session import Kind
from raft_ref.server.simulation.bugs import SERVER_BUGS, ServerBug
from raft_ref.server.simulation.linearizability import Observation, out_of_place, unexplained
from raft_ref.server.simulation.watching import Moment, Seen
from raft_ref.spec.requests import RequestError
from raft_ref.traces import Trace, draw
from raft_ref.traces.drawing.history import Lifetime, Operation, Stretch, draw_history
from raft_ref.traces.drawing.style import LIGHT, Theme
from raft_ref.verify.checks.check import trace_of
from raft_ref.verify.checks.exhaustive import ExhaustiveCheck
from raft_ref.verify.cluster import ClusterRequest, GivenSizes, build
from raft_ref.zoo import EXPLORED

ZOO = (*EXPLORED, *SERVER_BUGS)
"""The known bugs, by name."""

_MANY = 99
"""More messages than are in flight in any counterexample."""


@dataclass(frozen=True, slots=True)
class BugReport:
    """What became of looking for a bug.

    `steps` are those of the shortest counterexample, or for a server the operations of clients that
    it takes; None if the bug survives. `tried` are the distinct states, or the trials. If it was
    found there is a `trace`, without the steps that few messages in flight asked for alone; or what
    clients saw in the end (`operations`), and how the `servers` were meanwhile.
    """

    name: str
    bug: Bug | ServerBug
    steps: int | None
    tried: int
    seconds: float
    trace: Trace | None = None
    operations: Sequence[Operation] = ()
    servers: Sequence[Lifetime] = ()

    @property
    def part(self) -> type[Any]:
        """The class that has the bug."""
        return self.bug.node if isinstance(self.bug, Bug) else self.bug.part

    @property
    def shown(self) -> int | None:
        """How many steps are shown, or operations: those of the trace may be fewer than `steps`."""
        return self.steps if self.trace is None else len(self.trace.steps)

    @property
    def _is_one_wrong(self) -> bool:
        return any(each.is_out_of_place for each in self.operations)

    def diagram(self, theme: Theme = LIGHT) -> str | None:
        """Return the text of its diagram: of the trace, or of what clients saw; None without."""
        if self.trace is not None:
            return str(draw(self.trace, theme).source)
        if not self.operations:
            return None
        title = f"{self.bug.breaks.capitalize()} is violated"
        wrong = "No order of these operations explains what clients saw"
        wrong += ": without the answer in red, one does." if self._is_one_wrong else "."
        told = title, wrong, _source(self.name)
        return str(draw_history(*told, self.operations, self.servers, theme).source)


def find(name: str, on_progress: Callable[[Progress], None] = lambda progress: None) -> BugReport:
    """Look for a bug of `ZOO`: as `raft-ref check --bug NAME` does, or in simulated clusters."""
    return _trials(name) if name in SERVER_BUGS else _search(name, on_progress)


def _source(name: str) -> str:
    return f"raft-ref bugs {name}"


def _search(name: str, on_progress: Callable[[Progress], None]) -> BugReport:
    report = ExhaustiveCheck(ClusterRequest(bug=name)).run(on_progress)
    if report.search.stopped_by == "interrupt":
        raise KeyboardInterrupt  # a bug that was looked for in part has not survived
    if report.verdict is Verdict.INCOMPLETE:
        raise RequestError(f"bug {name}: stopped by {report.search.stopped_by}: not known")
    bug, found = EXPLORED[name], report.counterexample
    is_found = found is not None and found.prop.name == bug.breaks
    return BugReport(
        name,
        bug,
        len(found.events) if found is not None and is_found else None,
        report.search.distinct_states,
        report.seconds,
        _lean(name, found) or trace_of(report, _source(name)),
    )


def _lean(name: str, found: Counterexample | None) -> Trace | None:
    """Return a counterexample without the steps that only make room, if it has any."""
    if found is None:
        return None
    wide = build(ClusterRequest(bug=name, sizes=GivenSizes(max_messages=_MANY)))
    lean = within_wider_bounds(wide.system, found)
    trace = None if lean is found else wide.trace_of(lean, _source(name))
    if trace is None:
        return None
    most = max(len(event.after.messages) for event in lean.events)
    return replace(trace, bounds={**trace.bounds, "max_messages": most})


def _trials(name: str) -> BugReport:
    bug, start = SERVER_BUGS[name], time.perf_counter()
    found, tried = bug.shortest()
    seconds = time.perf_counter() - start
    if found is None:
        return BugReport(name, bug, None, tried, seconds)
    operations = tuple(_seen(found.history))
    servers = tuple(_lifetimes(found.moments))
    return BugReport(
        name, bug, len(found.history), tried, seconds, operations=operations, servers=servers
    )


def _lifetimes(moments: Sequence[Moment]) -> Iterator[Lifetime]:
    """Yield each server with its stretches of time in which nothing of it changed."""
    ends = [*(each.at for each in moments[1:]), inf]
    for server in moments[0].servers if moments else ():
        yield Lifetime(
            server,
            tuple(
                Stretch(moment.at, end, seen.is_up, seen.leads, _cut(server, moment.servers))
                for moment, end in zip(moments, ends, strict=True)
                for seen in (moment.servers[server],)
            ),
        )


def _cut(server: str, servers: Mapping[str, Seen]) -> str:
    """Return what keeps a server from the others; "" where the others are those who are cut off."""
    others = servers.keys() - {server}

    def is_alone(name: str) -> bool:
        seen = servers[name]
        return servers.keys() - {name} in (seen.unheard_by, seen.deaf_to)

    unheard, deaf = servers[server].unheard_by, servers[server].deaf_to
    if not is_alone(server) and any(map(is_alone, others)):
        return ""
    if unheard and deaf:
        return "cut off" if unheard == others else f"cut off from {', '.join(sorted(unheard))}"
    if unheard:
        return f"not heard by {', '.join(sorted(unheard))}"
    return f"does not hear {', '.join(sorted(deaf))}" if deaf else ""


def _seen(history: list[Observation]) -> Iterator[Operation]:
    """Yield what clients saw of the key that no order of operations explains."""
    of_key = unexplained(history) or []
    wrong = out_of_place(of_key)
    for seen in of_key:
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
        yield Operation(f"{what}: {answer}", seen.start, end, seen is wrong)


def _as_text(value: str | None) -> str:
    return "nothing is there" if value is None else f"it is {value}"

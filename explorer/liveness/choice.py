"""A search for liveness, by the engine that can make it."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from raft_ref.explorer.engines.choice import EngineError, EngineName, tell_of_plain_engine
from raft_ref.explorer.engines.memory import rarely_collected, resident_bytes, usable_bytes
from raft_ref.explorer.engines.native_model import Unfit
from raft_ref.explorer.engines.plain import Search
from raft_ref.explorer.liveness.assumptions import Assumptions
from raft_ref.explorer.liveness.goal import Goal
from raft_ref.explorer.liveness.labels import Labels
from raft_ref.explorer.liveness.plain import PlainLiveness
from raft_ref.explorer.liveness.report import Answer, LiveReport
from raft_ref.explorer.model.system import System
from raft_ref.explorer.results.report import Progress, Report, Verdict

OnProgress = Callable[[Progress], None]


class Searched(NamedTuple):
    """What an engine did: found all states, and answered, or was stopped by something."""

    search: Report
    answer: Answer | None
    stopped_by: str | None


def search_live(
    system: System,
    goal: Goal,
    assumed: Assumptions,
    on_progress: OnProgress = lambda progress: None,
    *,
    engine: EngineName = "auto",
    threads: int | None = None,
    memory: int | None = None,
) -> LiveReport:
    """Find out whether every fair run of a system within its bounds meets a goal.

    `engine`, `threads` and `memory` are as in `explorer.search`, and so is what becomes of an
    interrupt. No states count as one: a lasso of states up to renaming need not be one.

    Raises ValueError where the system is reduced or bounded in depth, or an action or a server that
    is assumed to be fair is not there; `ActorError` and `EngineError` as `explorer.search` does.
    """
    if system.reduced:
        raise ValueError("a goal is not asked for where steps are left out")
    if system.bounds.depth is not None:
        raise ValueError("a goal is not asked for within a bound on depth")
    labels = Labels(system, assumed)
    memory = usable_bytes() if memory is None else memory
    began = time.monotonic()
    if engine != "plain":
        try:
            with rarely_collected():
                found = _native(system, goal, labels, on_progress, threads, memory)
            return LiveReport(goal, assumed, *found[:2], time.monotonic() - began, found[2])
        except (Unfit, EngineError) as error:
            if engine == "native":
                raise EngineError(str(error)) from error
            tell_of_plain_engine(str(error))
    found = _plain(system, goal, labels, on_progress, memory)
    return LiveReport(goal, assumed, *found[:2], time.monotonic() - began, found[2])


def _plain(
    system: System, goal: Goal, labels: Labels, on_progress: OnProgress, memory: int
) -> Searched:
    search = Search(system, (), False, on_progress, memory)
    report = search.run()
    if report.verdict is not Verdict.HOLDS_WITHIN_BOUNDS:
        return Searched(report, None, report.stopped_by)
    so_far = Progress(report.distinct_states, report.transitions, report.depth, 0, report.seconds)
    began = time.monotonic()

    def on_left(left: int) -> None:
        seconds = report.seconds + time.monotonic() - began
        on_progress(replace(so_far, seconds=seconds, undecided=left))
        if resident_bytes() > memory:
            raise MemoryError

    try:
        answer = PlainLiveness(system, search.states(), goal, labels, on_left).answer()
    except KeyboardInterrupt:
        return Searched(report, None, "interrupt")
    except MemoryError:
        return Searched(report, None, "the limit on memory")
    return Searched(report, answer, None)


def _native(
    system: System,
    goal: Goal,
    labels: Labels,
    on_progress: OnProgress,
    threads: int | None,
    memory: int,
) -> Searched:
    try:
        # Here and not above, because it is not there where no compiler was.
        from raft_ref.explorer.engines.native import STOPPED_BY, NativeSearch  # noqa: PLC0415
        from raft_ref.explorer.liveness.native import NativeLiveness  # noqa: PLC0415
    except ImportError as error:
        raise EngineError("the native engine was not built") from error
    search = NativeSearch(
        system,
        (),
        False,
        on_progress,
        threads=threads or os.cpu_count() or 1,
        memory=memory,
        mark=labels.fitting,
    )
    report = search.run()
    if report.verdict is not Verdict.HOLDS_WITHIN_BOUNDS:
        return Searched(report, None, report.stopped_by)
    liveness = NativeLiveness(system, search, goal, labels)
    try:
        answer = liveness.answer()
    except KeyboardInterrupt:  # while the lasso was made
        return Searched(report, None, "interrupt")
    return Searched(report, answer, STOPPED_BY.get(liveness.ending))

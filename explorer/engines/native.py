"""The native engine: how a search is set up for it, and how its answers become a report.

The engine (explorer/core/, in C++) knows integers only: states of servers, messages and histories
as the system has interned them. It asks for each step of a server once, and for each verdict once
for each combination of what the property reads.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from raft_ref.explorer._core import Damaged, Ending, NoRoom
from raft_ref.explorer._core import Search as CoreSearch
from raft_ref.explorer.engines.checkpoint import (
    CheckpointError,
    Checkpoints,
    Folder,
    opened,
    setting_of,
)
from raft_ref.explorer.engines.journal import Journal
from raft_ref.explorer.engines.native_checkpoint import QUESTIONS, Keeping
from raft_ref.explorer.engines.native_model import Mark, NativeModel, Unfit, as_shape, unmarked
from raft_ref.explorer.model.properties import PARTS, Checker, Kind, Property, demand_reducible
from raft_ref.explorer.model.renaming import Renamed
from raft_ref.explorer.model.symmetry import Symmetry
from raft_ref.explorer.model.system import GlobalState, System
from raft_ref.explorer.results.counterexample import Counterexample, first_counterexample
from raft_ref.explorer.results.larger import MOST_PLACES, Larger
from raft_ref.explorer.results.progress import (
    OF_SERVERS,
    Outlook,
    demand_unbounded_depth,
    first_way,
    in_order,
)
from raft_ref.explorer.results.report import Progress, Report, Verdict, coverage

_NO_LIMIT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class _Setting:
    """The attributes of explorer::Setting."""

    servers: int
    is_fifo: bool
    max_messages: int
    max_faults: tuple[int, int, int]
    max_depth: int
    is_reduced: bool
    own_bounds: int
    renamed: tuple[int, int]
    threads: int
    memory: int


@dataclass(frozen=True, slots=True)
class _PropertyOfCore:
    """The attributes of explorer::Property."""

    kind: str
    is_sometimes: bool
    slots: int
    reads: list[bool]
    reads_after: list[bool]


@dataclass(frozen=True, slots=True)
class Counted:
    """What an engine has counted: of steps by their names, and which properties were reached."""

    distinct: int
    transitions: int
    lost: int
    cut: list[int]
    names: Counter[tuple[str, ...]]
    reached: list[bool]


class NativeSearch:
    """One breadth-first search with the native engine; see `explorer.engines.plain.Search`.

    Arguments besides: how many threads, how many bytes of memory the process may use, how
    checkpoints are kept, if they are, and what tells actions of one name apart. Raises `Unfit`,
    here or in `run`, where the search cannot be had from this engine. `core` is the engine, and
    `model` what it asks.
    """

    _begins_anywhere = True  # also with messages in flight

    def __init__(
        self,
        system: System,
        properties: Sequence[Property],
        symmetry: bool | Sequence[Renamed] = False,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        *,
        threads: int,
        memory: int,
        checkpoints: Checkpoints | None = None,
        mark: Mark = unmarked,
    ) -> None:
        if system.reduced:
            demand_reducible(system, properties)
        demand_unbounded_depth(system, properties)
        if any(prop.kind is Kind.EXPANSION for prop in properties):
            raise Unfit(
                "what a state and all steps out of it do is asked by the plain engine alone"
            )
        self._system = system
        self._properties = properties
        self._symmetry = Symmetry(system, symmetry) if symmetry else None
        self._on_progress = on_progress
        self._threads = threads
        self._checkpoints = checkpoints
        self._mark = mark
        self.model = self._model = self._new_model()
        setting = _setting(system, self._model.renamed(), threads, memory)
        asked = [as_core_has_it(prop) for prop in self._model.asked]
        self._journal = Journal(self._model, self._model.size)
        self.core = self._core = self._core_of(
            self._journal if checkpoints else self._model, asked, setting
        )
        self._outlooks: dict[str, Outlook] = {}
        self._started = time.monotonic()

    def _new_model(self) -> NativeModel:
        return NativeModel(self._system, self._properties, self._symmetry, self._mark)

    def _core_of(self, model: Any, asked: list[Any], setting: Any) -> Any:
        return CoreSearch(model, asked, setting)

    def run(self) -> Report:
        """Search until a property is violated or nothing is left to expand."""
        initial = self._system.initial()
        begins_anywhere = self._begins_anywhere and self._checkpoints is None
        if self._system.first is not None and not begins_anywhere:
            raise Unfit("a search that is kept, or in several processes, begins where actors do")
        if self._checkpoints is None:
            return self._outcome(initial, self._found(initial))
        setting = setting_of(
            self._system,
            self._properties,
            () if self._symmetry is None else self._symmetry.renamed,
            self._checkpoints.about,
        )
        with opened(self._checkpoints, setting) as folder:
            return self._outcome(initial, self._run_keeping(initial, folder, self._checkpoints))

    def _found(self, initial: GlobalState) -> Any:
        in_flight = self._system.network.content(initial.network)
        if in_flight:
            self._core.begin_with([message + 1 for message in in_flight])
        return self._core.run(initial.nodes, initial.history, self._heartbeat)

    def _run_keeping(self, initial: GlobalState, folder: Folder, checkpoints: Checkpoints) -> Any:
        """Search, with what the folder keeps found already."""
        self._started -= folder.seconds
        keeping = Keeping(folder, self._journal, checkpoints.on_trouble, self._seconds)
        try:
            if folder.files:
                keeping.replay()
            return self._core.run_keeping(
                initial.nodes,
                initial.history,
                self._heartbeat,
                {name: extent for name, extent in folder.files.items() if name != QUESTIONS},
                str(folder.path),
                checkpoints.every,
                keeping.commit,
                keeping.tell,
            )
        except Damaged as error:
            raise CheckpointError(str(error)) from error
        except NoRoom as error:
            raise CheckpointError(f"{folder.path}: {error}") from error

    def _outcome(self, initial: GlobalState, found: Any) -> Report:
        counterexample, ending = None, found.ending
        if ending == Ending.VIOLATED:
            ending = self._find_ways(initial)
            if ending == Ending.VIOLATED:
                counterexample = self._counterexample(found)
        elif ending == Ending.COVERED:
            try:
                ending, counterexample = self._lack_of_progress(initial)
            except KeyboardInterrupt:  # while larger bounds were looked at
                ending = Ending.INTERRUPTED
        return self._report(found, ending, counterexample)

    def _heartbeat(self, found: Any) -> None:
        self._on_progress(self._progress(found, found.queue))

    def heartbeat_looking(self, found: Any) -> None:
        """Tell of progress once all states are expanded."""
        self._on_progress(replace(self._progress(found, 0), undecided=found.queue))

    def _progress(self, found: Any, queue: int) -> Progress:
        return Progress(found.distinct, found.transitions, found.depth, queue, self._seconds())

    def _seconds(self) -> float:
        """Return for how long was searched, by the runs before this one too."""
        return time.monotonic() - self._started

    def _lack_of_progress(self, initial: GlobalState) -> tuple[Any, Counterexample | None]:
        """Return how the question for progress ended, and the way to a stuck state."""
        for number, prop in enumerate(self._model.of_progress):
            found = first = self._look(number, prop)
            larger = Larger(self._system, prop)
            while found.ending == Ending.COVERED and found.stuck:
                way, last = self._way_to_stuck(initial, prop)
                if way is None or not larger.reaches_goal(last.nodes, last.history):
                    kept = first.stuck - found.stuck
                    return self._stuck(prop, way, last, Outlook(first.asked, found.stuck, {}, kept))
                self._tell_apart(number, last, larger)
                found = self._look(number, prop)
            if found.ending != Ending.COVERED:
                return found.ending, None
            self._outlooks[prop.name] = Outlook(first.asked, 0, {}, first.stuck)
        return Ending.COVERED, None

    def _look(self, number: int, prop: Property) -> Any:
        of_servers = prop.reads <= OF_SERVERS
        return self._core.look(number, of_servers, self.heartbeat_looking)

    def _tell_apart(self, question: int, last: GlobalState, larger: Larger) -> None:
        """Note that from a stuck state, and from all like it, larger bounds lead to the goal."""
        alike = [(last.nodes, last.history)]
        for each in () if self._symmetry is None else self._symmetry.renamings():
            alike.append((each.nodes(last.nodes), each.history(last.history)))
        places = self._core.stuck_places(MOST_PLACES)
        kept = [(tuple(nodes), h) for nodes, h in places if larger.walks_to_goal(nodes, h)]
        self._model.kept.update((question, *each) for each in (*alike, *kept))

    def _way_to_stuck(
        self, initial: GlobalState, prop: Property
    ) -> tuple[Counterexample | None, GlobalState]:
        """Return the first shortest way to a stuck state, and the state; no way if stopped."""
        reach = self._core.find_ways_to_stuck(
            initial.nodes, initial.history, self.heartbeat_looking
        )
        if reach < 0:
            return None, initial
        return first_way(self._system, prop, self._is_on_the_way, reach)

    def _stuck(
        self, prop: Property, way: Counterexample | None, last: GlobalState, outlook: Outlook
    ) -> tuple[Any, Counterexample | None]:
        if way is None:
            return Ending.INTERRUPTED, None
        cut = self._core.cut_from(*as_shape(self._system, last), self.heartbeat_looking)
        if not cut:
            return Ending.INTERRUPTED, None
        cut_off = in_order(self._system, self._by_bound(cut))
        self._outlooks[prop.name] = replace(outlook, cut_off=cut_off)
        return Ending.VIOLATED, way

    def _counterexample(self, found: Any) -> Counterexample:
        return first_counterexample(
            self._system,
            Checker(self._system, self._properties),
            self._is_on_the_way,
            found.covered_depth - 1,
        )

    def _find_ways(self, initial: GlobalState) -> Any:
        """Have the engine know the ways to a violation; return how that ended."""
        return self._core.find_ways(initial.nodes, initial.history, self._heartbeat)

    def _is_on_the_way(self, number: int, state: GlobalState) -> bool:
        on_the_way: bool = self._core.is_on_the_way(number, *as_shape(self._system, state))
        return on_the_way

    def _by_bound(self, cut: Sequence[int]) -> Counter[str]:
        names = (*self._system.bounds.measures, *_BOUNDS_OF_THE_NETWORK)
        return Counter(dict(zip(names, cut, strict=True)))

    def _report(self, found: Any, ending: Any, counterexample: Counterexample | None) -> Report:
        counted = self._counted(found)
        names = counted.names + Counter({("DropMessage",): counted.lost})
        cut_off = self._by_bound(counted.cut)
        cut_off["depth"] = found.cut_by_depth
        bounds = self._system.bounds.as_dict()
        reached = zip(self._model.asked, counted.reached, strict=True)
        return Report(
            verdict=_VERDICTS[ending],
            counterexample=counterexample,
            distinct_states=counted.distinct,
            transitions=counted.transitions,
            depth=found.depth,
            covered_depth=found.covered_depth,
            queue=found.queue,
            seconds=self._seconds(),
            **coverage(self._system, names),
            cut_off={bound: cut_off[bound] for bound in bounds},
            sometimes={prop.name: was for prop, was in reached if prop.is_sometimes},
            symmetry=() if self._symmetry is None else self._symmetry.renamed,
            bounds=bounds,
            engine=self._engine,
            stopped_by=STOPPED_BY.get(ending),
            progress={} if ending in STOPPED_BY else self._outlooks,
        )

    def _counted(self, found: Any) -> Counted:
        names: Counter[tuple[str, ...]] = Counter()
        for kind, times in zip(self._model.kinds, found.names, strict=False):
            # A step that no bound lets happen has a name, and is not told of.
            if times:
                names[kind.names] += times
        return Counted(
            distinct=found.distinct,
            transitions=found.transitions,
            lost=found.lost,
            cut=list(found.cut),
            names=names,
            reached=self._core.reached(),
        )

    @property
    def _engine(self) -> str:
        return f"native engine, {self._threads} thread{'s'[: self._threads != 1]}"


_BOUNDS_OF_THE_NETWORK = ("max_messages", "max_restarts", "max_drops", "max_duplicates")

_VERDICTS = {
    Ending.COVERED: Verdict.HOLDS_WITHIN_BOUNDS,
    Ending.VIOLATED: Verdict.VIOLATED,
    Ending.INTERRUPTED: Verdict.INCOMPLETE,
    Ending.OUT_OF_MEMORY: Verdict.INCOMPLETE,
    Ending.OUT_OF_NUMBERS: Verdict.INCOMPLETE,
    Ending.OUT_OF_DISK: Verdict.INCOMPLETE,
}

STOPPED_BY = {
    Ending.INTERRUPTED: "interrupt",
    Ending.OUT_OF_MEMORY: "the limit on memory",
    Ending.OUT_OF_NUMBERS: "the 64 bits that a state has",
    Ending.OUT_OF_DISK: "the disk",
}


def _setting(system: System, renamed: tuple[int, int], threads: int, memory: int) -> _Setting:
    bounds = system.bounds
    return _Setting(
        servers=len(system.servers),
        is_fifo=system.network_kind == "fifo",
        max_messages=_NO_LIMIT if bounds.max_messages is None else bounds.max_messages,
        max_faults=(bounds.max_restarts, bounds.max_drops, bounds.max_duplicates),
        max_depth=_NO_LIMIT if bounds.depth is None else bounds.depth,
        is_reduced=system.reduced,
        own_bounds=len(bounds.measures),
        renamed=renamed,
        threads=threads,
        memory=memory,
    )


def as_core_has_it(prop: Property) -> _PropertyOfCore:
    """Return what the engine has to know of a property."""
    return _PropertyOfCore(
        # Whether all of them are true is no answer to whether it is true once.
        prop.kind.value if prop.holds_of_message is None or prop.is_sometimes else "message",
        prop.is_sometimes,
        prop.slots,
        [part in prop.reads for part in PARTS],
        [part in prop.reads_after and prop.kind is Kind.STEP for part in PARTS],
    )

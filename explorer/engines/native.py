"""The native engine: what it asks of a system, and how its answers become a report.

The engine (explorer/core/, in C++) knows integers only: states of servers, messages and histories
as the system has interned them. It asks for each step of a server once, and for each verdict once
for each combination of what the property reads.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from raft_ref.explorer import _core
from raft_ref.explorer.engines.checkpoint import (
    CheckpointError,
    Checkpoints,
    Extent,
    Folder,
    opened,
    setting_of,
)
from raft_ref.explorer.engines.journal import Journal
from raft_ref.explorer.model.interning import Interner
from raft_ref.explorer.model.properties import PARTS, Checker, Kind, Property, demand_reducible
from raft_ref.explorer.model.symmetry import Renamed, Symmetry
from raft_ref.explorer.model.system import GlobalState, LocalStep, System, Transition, View
from raft_ref.explorer.results.counterexample import Counterexample, first_counterexample
from raft_ref.explorer.results.progress import (
    Outlook,
    demand_unbounded_depth,
    first_way,
    in_order,
)
from raft_ref.explorer.results.report import Progress, Report, Verdict, coverage

Unfit = _core.Unfit
"""What is raised where a search cannot be had from this engine; the message says why."""

_MAX_NAMES = 1024
_NO_LIMIT = 2**63 - 1

Shape = tuple[list[int], list[int], int, tuple[int, int, int]]
"""A state as the engine has it: nodes, messages, history and faults used."""


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
    names: int
    sources: list[tuple[int, ...]]
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


class _Model:
    """The system, as the engine asks it. Messages are numbered from 1 on there."""

    def __init__(
        self, system: System, properties: Sequence[Property], symmetry: Symmetry | None
    ) -> None:
        self._system = system
        self._renamings = [] if symmetry is None else symmetry.renamings
        self.asked = [p for p in properties if p.kind in (Kind.STATE, Kind.STEP)]
        self.of_progress = [p for p in properties if p.kind is Kind.PROGRESS]
        self._local = [p for p in properties if p.kind is Kind.LOCAL]
        self._projections: list[Interner[Any]] = [Interner() for _ in self.asked]
        self._bounds = list(system.bounds.measures)
        self.names: Interner[tuple[str, ...]] = Interner()

    def size(self) -> int:
        """Return how much has a number, or is known of what is obsolete; it never shrinks."""
        system = self._system
        numbered = system.local.states, system.local.messages, system.histories, self.names
        obsolescence = len(system.local.obsolescence) if system.reduced else 0
        return sum(map(len, numbered)) + obsolescence

    def sources(self) -> list[tuple[int, ...]]:
        """Return from where the server at each position comes, for each renaming."""
        identity = tuple(range(len(self._system.servers)))
        return [each.sources for each in self._renamings] or [identity]

    def actions(self, node: int) -> list[Any]:
        return [self._local_step(step, step) for step in self._system.local.actions(node)]

    def restart(self, node: int) -> Any:
        step = self._system.local.restart(node)
        return self._local_step(step, step)

    def receive(self, node: int, message: int) -> Any:
        return self._local_step(*self._system.local.receive(node, message - 1))

    def _local_step(self, once: LocalStep, again: LocalStep) -> Any:
        names = [self.names.intern(step.names) for step in (once, again)]
        if len(self.names) >= _MAX_NAMES:
            raise Unfit(f"steps have more than {_MAX_NAMES} different combinations of names")
        exceeded = [self._bounds.index(bound) for bound in once.exceeded]
        return once.after, [message + 1 for message in once.sends], *names, exceeded

    def is_obsolete(self, node: int, message: int) -> bool:
        return self._system.local.is_obsolete(node, message - 1)

    def observe(self, history: int, before: int, after: int) -> int:
        return self._system.observe(history, before, after)

    def channel(self, message: int) -> tuple[int, int]:
        return self._system.channel(message - 1)

    def rename_node(self, renaming: int, node: int) -> int:
        return self._renamings[renaming].state(node)

    def rename_message(self, renaming: int, message: int) -> int:
        return self._renamings[renaming].message(message - 1) + 1

    def rename_history(self, renaming: int, history: int) -> int:
        return self._renamings[renaming].history(history)

    def projection(self, number: int, node: int) -> int:
        project = self.asked[number].project
        return self._projections[number].intern(project(self._system.local.states[node]))

    def holds(self, number: int, positions: list[int], before: Shape, after: Shape | None) -> bool:
        prop = self.asked[number]
        views = [self._view(shape, positions) for shape in (before, after) if shape is not None]
        if not positions:
            return prop.holds(*views)
        assert prop.holds_of is not None
        servers = self._system.servers
        return prop.holds_of(tuple(servers[position] for position in positions), *views)

    def holds_of_message(self, number: int, message: int) -> bool:
        holds_of_message = self.asked[number].holds_of_message
        assert holds_of_message is not None
        return holds_of_message(self._system.local.messages[message - 1])

    def outlook(self, question: int, state: Shape) -> int:
        prop, view = self.of_progress[question], self._view(state, ())
        return bool(prop.premise(view)) | bool(prop.holds(view)) << 1

    def local_holds(self, how: int, position: int, number: int, before: Shape) -> bool:
        if not self._local:
            return True
        nodes, _, history, faults = before
        node, message, local_steps = nodes[position], -1, self._system.local
        if how == 0:
            local = local_steps.actions(node)[number]
        elif how == 1:
            local = local_steps.restart(node)
        else:
            message = number - 1
            local = local_steps.receive(node, message)[how - 2]
        state = GlobalState(tuple(nodes), self._system.network.empty, history, *faults)
        transition = Transition(
            local.names, position, local, message, self._after(state, position, local)
        )
        evidence = self._system.view(state), self._system.event(transition)
        return all(prop.holds(*evidence) for prop in self._local)

    def _after(self, state: GlobalState, position: int, local: LocalStep) -> GlobalState:
        nodes = (*state.nodes[:position], local.after, *state.nodes[position + 1 :])
        history = self._system.observe(state.history, local.before, local.after)
        return state._replace(nodes=nodes, history=history)

    def _view(self, shape: Shape, positions: Sequence[int]) -> View:
        nodes, messages, history, faults = shape
        system = self._system
        shown = positions or range(len(nodes))
        return View(
            {system.servers[p]: system.local.states[nodes[p]] for p in shown},
            tuple(system.local.messages[message - 1] for message in messages),
            system.histories[history],
            *faults,
        )


class NativeSearch:
    """One breadth-first search with the native engine; see `explorer.engines.plain.Search`.

    Arguments besides: how many threads, how many bytes of memory the process may use, and how
    checkpoints are kept, if they are. Raises `Unfit`, here or in `run`, where the search cannot be
    had from this engine.
    """

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
    ) -> None:
        if system.reduced:
            demand_reducible(system, properties)
        demand_unbounded_depth(system, properties)
        if any(prop.kind is Kind.EXPANSION for prop in properties):
            raise Unfit(
                "what a state and all steps out of it do is asked by the plain engine alone"
            )
        if system.bounds.max_messages is None:
            raise Unfit("without a bound on messages, states do not fit into 8 bytes")
        self._system = system
        self._properties = properties
        self._symmetry = Symmetry(system, symmetry) if symmetry else None
        self._on_progress = on_progress
        self._threads = threads
        self._model = _Model(system, properties, self._symmetry)
        setting = _setting(system, self._model.sources(), threads, memory)
        asked = [_as_core_has_it(prop) for prop in self._model.asked]
        self._checkpoints = checkpoints
        self._journal = Journal(self._model, self._model.size)
        self._core = _core.Search(self._journal if checkpoints else self._model, asked, setting)
        self._outlooks: dict[str, Outlook] = {}
        self._started = time.monotonic()

    def run(self) -> Report:
        """Search until a property is violated or nothing is left to expand."""
        initial = self._system.initial()
        if self._checkpoints is None:
            found = self._core.run(initial.nodes, initial.history, self._heartbeat)
            return self._outcome(initial, found)
        setting = setting_of(
            self._system,
            self._properties,
            () if self._symmetry is None else self._symmetry.renamed,
            self._checkpoints.about,
        )
        with opened(self._checkpoints, setting) as folder:
            return self._outcome(initial, self._run_keeping(initial, folder, self._checkpoints))

    def _run_keeping(self, initial: GlobalState, folder: Folder, checkpoints: Checkpoints) -> Any:
        """Search, with what the folder keeps found already."""
        self._started -= folder.seconds
        keeping = _Keeping(folder, self._journal, checkpoints.on_trouble, self._seconds)
        try:
            if folder.files:
                keeping.replay()
            return self._core.run_keeping(
                initial.nodes,
                initial.history,
                self._heartbeat,
                {name: extent for name, extent in folder.files.items() if name != _QUESTIONS},
                str(folder.path),
                checkpoints.every,
                keeping.commit,
                keeping.tell,
            )
        except _core.Damaged as error:
            raise CheckpointError(str(error)) from error
        except _core.NoRoom as error:
            raise CheckpointError(f"{folder.path}: {error}") from error

    def _outcome(self, initial: GlobalState, found: Any) -> Report:
        counterexample, ending = None, found.ending
        if ending == _core.Ending.VIOLATED:
            counterexample = self._counterexample(initial, found)
        elif ending == _core.Ending.COVERED:
            ending, counterexample = self._lack_of_progress(initial)
        return self._report(found, ending, counterexample)

    def _heartbeat(self, found: Any) -> None:
        self._on_progress(self._progress(found, found.queue))

    def _heartbeat_looking(self, found: Any) -> None:
        self._on_progress(replace(self._progress(found, 0), undecided=found.queue))

    def _progress(self, found: Any, queue: int) -> Progress:
        return Progress(found.distinct, found.transitions, found.depth, queue, self._seconds())

    def _seconds(self) -> float:
        """Return for how long was searched, by the runs before this one too."""
        return time.monotonic() - self._started

    def _lack_of_progress(self, initial: GlobalState) -> tuple[Any, Counterexample | None]:
        """Return how the question for progress ended, and the way to a stuck state."""
        for number, prop in enumerate(self._model.of_progress):
            of_servers = prop.reads <= {"states", "history"}
            found = self._core.look(number, of_servers, self._heartbeat_looking)
            if found.ending != _core.Ending.COVERED:
                return found.ending, None
            self._outlooks[prop.name] = Outlook(found.asked, found.stuck, {})
            if found.stuck:
                return self._way_to_stuck(initial, prop, found)
        return _core.Ending.COVERED, None

    def _way_to_stuck(
        self, initial: GlobalState, prop: Property, found: Any
    ) -> tuple[Any, Counterexample | None]:
        looking = self._heartbeat_looking
        reach = self._core.find_ways_to_stuck(initial.nodes, initial.history, looking)
        if reach < 0:
            return _core.Ending.INTERRUPTED, None
        way, last = first_way(self._system, prop, self._is_on_the_way, reach)
        cut = self._core.cut_from(*_as_shape(self._system, last), looking)
        if not cut:
            return _core.Ending.INTERRUPTED, None
        cut_off = in_order(self._system, self._by_bound(cut))
        self._outlooks[prop.name] = Outlook(found.asked, found.stuck, cut_off)
        return _core.Ending.VIOLATED, way

    def _counterexample(self, initial: GlobalState, found: Any) -> Counterexample:
        self._core.find_ways(initial.nodes, initial.history, self._heartbeat)
        return first_counterexample(
            self._system,
            Checker(self._system, self._properties),
            self._is_on_the_way,
            found.covered_depth - 1,
        )

    def _is_on_the_way(self, number: int, state: GlobalState) -> bool:
        on_the_way: bool = self._core.is_on_the_way(number, *_as_shape(self._system, state))
        return on_the_way

    def _by_bound(self, cut: Sequence[int]) -> Counter[str]:
        names = (*self._system.bounds.measures, *_BOUNDS_OF_THE_NETWORK)
        return Counter(dict(zip(names, cut, strict=True)))

    def _report(self, found: Any, ending: Any, counterexample: Counterexample | None) -> Report:
        names: Counter[tuple[str, ...]] = Counter(
            {
                names: found.names[number]
                for number, names in enumerate(self._model.names)
                if found.names[number]  # a step that no bound lets happen is not told of
            }
        )
        names["DropMessage",] += found.names[-1]
        cut_off = self._by_bound(found.cut)
        cut_off["depth"] = found.cut_by_depth
        bounds = self._system.bounds.as_dict()
        reached = zip(self._model.asked, self._core.reached(), strict=True)
        return Report(
            verdict=_VERDICTS[ending],
            counterexample=counterexample,
            distinct_states=found.distinct,
            transitions=found.transitions,
            depth=found.depth,
            covered_depth=found.covered_depth,
            queue=found.queue,
            seconds=self._seconds(),
            **coverage(self._system, names),
            cut_off={bound: cut_off[bound] for bound in bounds},
            sometimes={prop.name: was for prop, was in reached if prop.is_sometimes},
            symmetry=() if self._symmetry is None else self._symmetry.renamed,
            bounds=bounds,
            engine=f"native engine, {self._threads} thread{'s'[: self._threads != 1]}",
            stopped_by=_STOPPED_BY.get(ending),
            progress={} if ending in _STOPPED_BY else self._outlooks,
        )


_QUESTIONS = "questions.bin"


class _Keeping:
    """What becomes of the files of a checkpoint when the engine has written its own."""

    def __init__(
        self,
        folder: Folder,
        journal: Journal,
        on_trouble: Callable[[str], None],
        seconds: Callable[[], float],
    ) -> None:
        self._folder = folder
        self._journal = journal
        self._on_trouble = on_trouble
        self._seconds = seconds
        self._path = str(folder.path / _QUESTIONS)
        self._noted = folder.files.get(_QUESTIONS, (0, 0))
        self._is_troubled = False

    def replay(self) -> None:
        """Let everything have the numbers that it had."""
        try:
            self._journal.replay(_core.read(self._path, self._noted))
        except ValueError as error:
            raise CheckpointError(
                f"{self._folder.path}: the node no longer answers as it did: {error}"
            ) from error

    def commit(self, files: dict[str, Extent]) -> bool:
        """Make these files and the journal the checkpoint; return whether the search may go on."""
        try:
            self._commit(files)
        except KeyboardInterrupt:
            self._commit(files)
            return False
        return True

    def _commit(self, files: dict[str, Extent]) -> None:
        try:
            new = self._journal.words[self._noted[0] :]
            noted = _core.append(self._path, self._noted, new)
            self._folder.commit({**files, _QUESTIONS: noted}, self._seconds())
        except OSError as error:
            self.tell(f"{error.filename}: {error.strerror}")
        else:
            self._noted = noted
            self._is_troubled = False

    def tell(self, trouble: str) -> None:
        """Tell that a checkpoint could not be written, unless it is so since the last one."""
        if not self._is_troubled:
            self._on_trouble(f"{trouble}; the search goes on, and the last checkpoint stays")
        self._is_troubled = True


_BOUNDS_OF_THE_NETWORK = ("max_messages", "max_restarts", "max_drops", "max_duplicates")

_VERDICTS = {
    _core.Ending.COVERED: Verdict.HOLDS_WITHIN_BOUNDS,
    _core.Ending.VIOLATED: Verdict.VIOLATED,
    _core.Ending.INTERRUPTED: Verdict.INCOMPLETE,
    _core.Ending.OUT_OF_MEMORY: Verdict.INCOMPLETE,
}

_STOPPED_BY = {
    _core.Ending.INTERRUPTED: "interrupt",
    _core.Ending.OUT_OF_MEMORY: "the limit on memory",
}


def _as_shape(
    system: System, state: GlobalState
) -> tuple[tuple[int, ...], list[int], int, tuple[int, int, int]]:
    messages = [message + 1 for message in system.network.content(state.network)]
    faults = state.restarts, state.drops, state.duplicates
    return state.nodes, messages, state.history, faults


def _setting(system: System, sources: list[tuple[int, ...]], threads: int, memory: int) -> _Setting:
    bounds = system.bounds
    assert bounds.max_messages is not None
    return _Setting(
        servers=len(system.servers),
        is_fifo=system.network_kind == "fifo",
        max_messages=bounds.max_messages,
        max_faults=(bounds.max_restarts, bounds.max_drops, bounds.max_duplicates),
        max_depth=_NO_LIMIT if bounds.depth is None else bounds.depth,
        is_reduced=system.reduced,
        own_bounds=len(bounds.measures),
        names=_MAX_NAMES,
        sources=sources,
        threads=threads,
        memory=memory,
    )


def _as_core_has_it(prop: Property) -> _PropertyOfCore:
    return _PropertyOfCore(
        prop.kind.value if prop.holds_of_message is None else "message",
        prop.is_sometimes,
        prop.slots,
        [part in prop.reads for part in PARTS],
        [part in prop.reads_after and prop.kind is Kind.STEP for part in PARTS],
    )

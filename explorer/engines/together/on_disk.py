"""The native engine with the states on disk, in several processes: each has its own folder.

A run that goes on with an earlier one, of as many ranks or of others, first has every state where
it belongs now, by the numbers of this run; then what the earlier one has left is removed.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from raft_ref.explorer._core import Damaged, Ending
from raft_ref.explorer._core import DiskSearch as CoreDiskSearch
from raft_ref.explorer.engines.checkpoint import (
    CheckpointError,
    Checkpoints,
    Extent,
    Folder,
    opened,
    setting_of,
)
from raft_ref.explorer.engines.disk import Disk
from raft_ref.explorer.engines.journal import Journal
from raft_ref.explorer.engines.native_checkpoint import Keeping
from raft_ref.explorer.engines.native_model import Unfit
from raft_ref.explorer.engines.together.distributed import (
    Carrier,
    DistributedModel,
    DistributedSearch,
)
from raft_ref.explorer.engines.together.ranks import Ranks
from raft_ref.explorer.engines.together.revival import Numbering, revive
from raft_ref.explorer.engines.together.runs import Kept, Runs
from raft_ref.explorer.model.properties import Property
from raft_ref.explorer.model.renaming import Renamed
from raft_ref.explorer.model.symmetry import Symmetry
from raft_ref.explorer.model.system import GlobalState, System
from raft_ref.explorer.results.counterexample import Counterexample
from raft_ref.explorer.results.report import Progress, Report


class DistributedDiskSearch(DistributedSearch):
    """One breadth-first search by all ranks, each with its states on disk; see `NativeDiskSearch`.

    With `resume` there has to be something to go on with, or (False) there must be nothing.
    Raises `CheckpointError` in all ranks where the folder of one holds something else, or is
    damaged.
    """

    def __init__(
        self,
        system: System,
        properties: Sequence[Property],
        symmetry: bool | Sequence[Renamed],
        on_progress: Callable[[Progress], None],
        *,
        threads: int,
        memory: int,
        ranks: Ranks,
        disk: Disk,
        resume: bool | None = None,
    ) -> None:
        self._disk, self._resume = disk, resume
        self._runs = Runs(disk.folder, ranks)
        about = {**disk.about, "--disk": "given to several processes"}
        super().__init__(
            system,
            properties,
            symmetry,
            on_progress,
            threads=threads,
            memory=memory,
            ranks=ranks,
            checkpoints=Checkpoints(self._runs.path, about=about),
        )

    def _core_of(self, model: Any, asked: list[Any], setting: Any) -> Any:
        self._asked = asked, setting
        carrier = Carrier(self._system, self._ranks, self._journal)
        return self._new_core(model, str(self._runs.path), carrier)

    def _new_core(self, model: Any, folder: str, carrier: Carrier | None) -> Any:
        asked, setting = self._asked
        return CoreDiskSearch(
            model, asked, setting, folder, self._disk.every, self._disk.room or 0, carrier
        )

    def run(self) -> Report:
        """Search until a property is violated or nothing is left to expand."""
        if self._system.first is not None:
            raise Unfit("a search that is kept, or in several processes, begins where actors do")
        assert self._checkpoints is not None
        kept = self._checkpoints
        setting = setting_of(
            self._system,
            self._properties,
            () if self._symmetry is None else self._symmetry.renamed,
            kept.about,
        )
        with self._interrupts_wait(), ExitStack() as stack:
            stack.callback(self._runs.close)
            initial = self._system.initial()
            self._together(self._runs.begin)
            earlier = self._earlier(setting)
            folder = self._together(lambda: stack.enter_context(opened(kept, setting)))
            folder.keeps_before = True
            return self._outcome(initial, self._search(initial, folder, earlier))

    def _search(self, initial: GlobalState, folder: Folder, earlier: Sequence[Kept]) -> Any:
        keeping = _Keeping(folder, self._journal, lambda what: None, self._seconds)
        if earlier:
            self._started -= max(each.seconds for each in earlier)
            found = self._adopt(earlier, keeping)
            if found.ending != Ending.COVERED:
                return found
        self._runs.remove()
        return self._together(
            lambda: self._core.run(
                initial.nodes, initial.history, self._heartbeat, {}, keeping.commit
            )
        )

    def _earlier(self, setting: Mapping[str, Any]) -> list[Kept]:
        """Return what each rank of the last run has kept."""
        found = self._together(lambda: self._runs.points(setting))
        every = self._ranks.share(found)
        last = self._together(lambda: self._runs.last(every))
        if self._resume is not None and self._resume is not (last is not None):
            is_there = "holds a checkpoint already; resume it or remove it"
            raise CheckpointError(
                f"{self._disk.folder}: {'there is no checkpoint' if self._resume else is_there}"
            )
        if last is None:
            return []
        places, point = last
        own = self._together(lambda: [self._kept(place, point, found) for place in places])
        told = self._ranks.share([each and replace(each, path=None) for each in own])
        return [
            here or next(kept for kept in there if kept)
            for here, *there in zip(own, *told, strict=True)
        ]

    def _kept(self, place: Any, point: int, found: Any) -> Kept | None:
        try:
            return self._runs.kept(place, point, found)
        except Damaged as error:
            raise CheckpointError(str(error)) from error

    # ---- Earlier runs

    def _adopt(self, earlier: Sequence[Kept], keeping: Keeping) -> Any:
        """Have the states of an earlier run; return how that ended."""
        legacies = self._together(lambda: self._revived(earlier))
        told = self._ranks.share([core.point for core, *_ in legacies])
        point = next(each for points in told for each in points)
        return self._together(
            lambda: self._core.adopt(legacies, point, self._heartbeat, keeping.commit)
        )

    def _revived(self, earlier: Sequence[Kept]) -> list[tuple[Any, ...]]:
        """Return the searches of those earlier ranks that this one takes over.

        With each, what its numbers of states, messages, histories and names are here.
        """
        try:
            own = Numbering(self._system, self._model, self._journal)
            numberings = [self._numbering() for _ in earlier]
            cores = {
                kept.rank: self._new_core(numbering.journal, str(kept.path), None)
                for kept, numbering in zip(earlier, numberings, strict=True)
                if kept.path is not None
            }
            revive(own, numberings, [each.words for each in earlier])
            for rank, core in cores.items():
                core.restore(dict(earlier[rank].files))
        except ValueError as error:
            raise CheckpointError(
                f"{self._disk.folder}: the node no longer answers as it did: {error}"
            ) from error
        except Damaged as error:
            raise CheckpointError(str(error)) from error
        return [(core, *own.renumbered(numberings[rank])) for rank, core in cores.items()]

    def _numbering(self) -> Numbering:
        """Return a numbering of a system like ours in which nothing has a number yet."""
        system = self._system.anew()
        system.initial()
        renamed = None if self._symmetry is None else self._symmetry.renamed
        symmetry = None if renamed is None else Symmetry(system, renamed)
        model = DistributedModel(system, self._properties, symmetry)
        return Numbering(system, model, Journal(model, model.size))

    # ---- What is told

    def _find_ways(self, initial: GlobalState) -> Any:
        return self._together(lambda: self._core.find_ways(self._heartbeat))

    def _progress(self, found: Any, queue: int) -> Progress:
        return replace(super()._progress(found, queue), bytes_on_disk=found.bytes)

    def _report(self, found: Any, ending: Any, counterexample: Counterexample | None) -> Report:
        report = super()._report(found, ending, counterexample)
        every = self._ranks.share((found.bytes, self._core.trouble))
        report = replace(report, bytes_on_disk=sum(size for size, _ in every))
        if ending != Ending.OUT_OF_DISK:
            return report
        trouble = next(what for _, what in every if what)
        return replace(report, stopped_by=f"the disk ({trouble})")


class _Keeping(Keeping):
    """What is kept is all there is of the states, so that it ends the search if it cannot be."""

    def _commit(self, files: Mapping[str, Extent]) -> None:
        self._write(files)

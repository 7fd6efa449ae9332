"""The native engine with the states on disk (explorer/core/on_disk.hpp)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from raft_ref.explorer._core import Damaged, Ending
from raft_ref.explorer._core import DiskSearch as CoreDiskSearch
from raft_ref.explorer.engines.checkpoint import (
    CheckpointError,
    Checkpoints,
    Extent,
    Folder,
    is_checkpoint,
)
from raft_ref.explorer.engines.disk import Disk
from raft_ref.explorer.engines.native import NativeSearch
from raft_ref.explorer.engines.native_checkpoint import QUESTIONS, Keeping
from raft_ref.explorer.model.properties import Kind, Property
from raft_ref.explorer.model.renaming import Renamed
from raft_ref.explorer.model.system import GlobalState, System
from raft_ref.explorer.results.counterexample import Counterexample
from raft_ref.explorer.results.report import Progress, Report


class NativeDiskSearch(NativeSearch):
    """One breadth-first search with the native engine and the states on disk; see `NativeSearch`.

    Raises `CheckpointError` where the folder holds something else, or is damaged.
    """

    _begins_anywhere = False

    def __init__(
        self,
        system: System,
        properties: Sequence[Property],
        symmetry: bool | Sequence[Renamed],
        on_progress: Callable[[Progress], None],
        *,
        threads: int,
        memory: int,
        disk: Disk,
    ) -> None:
        if any(prop.kind is Kind.PROGRESS for prop in properties):
            raise CheckpointError(
                f"{disk.folder}: progress is asked of a search with its states in memory"
            )
        self._disk = disk
        kept = Checkpoints(
            disk.folder, is_checkpoint(disk.folder), about={**disk.about, "--disk": "given"}
        )
        super().__init__(
            system,
            properties,
            symmetry,
            on_progress,
            threads=threads,
            memory=memory,
            checkpoints=kept,
        )

    def _core_of(self, model: Any, asked: list[Any], setting: Any) -> Any:
        disk = self._disk
        return CoreDiskSearch(
            model,
            asked,
            setting,
            str(disk.folder),
            disk.every,
            0 if disk.room is None else disk.room,
        )

    def _run_keeping(self, initial: GlobalState, folder: Folder, checkpoints: Checkpoints) -> Any:
        self._started -= folder.seconds
        keeping = _Keeping(folder, self._journal, checkpoints.on_trouble, self._seconds)
        try:
            if folder.files:
                keeping.replay()
            return self._core.run(
                initial.nodes,
                initial.history,
                self._heartbeat,
                {name: extent for name, extent in folder.files.items() if name != QUESTIONS},
                keeping.commit,
            )
        except Damaged as error:
            raise CheckpointError(str(error)) from error

    def _find_ways(self, initial: GlobalState) -> Any:
        return self._core.find_ways(self._heartbeat)

    def _progress(self, found: Any, queue: int) -> Progress:
        return replace(super()._progress(found, queue), bytes_on_disk=found.bytes)

    def _report(self, found: Any, ending: Any, counterexample: Counterexample | None) -> Report:
        report = replace(super()._report(found, ending, counterexample), bytes_on_disk=found.bytes)
        if ending != Ending.OUT_OF_DISK:
            return report
        return replace(report, stopped_by=f"the disk ({self._core.trouble})")


class _Keeping(Keeping):
    """What is kept is all there is of the states, so that it ends the search if it cannot be."""

    def _commit(self, files: Mapping[str, Extent]) -> None:
        self._write(files)

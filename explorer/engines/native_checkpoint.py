"""The checkpoints of a search with the native engine: its files, and the journal beside them."""

from collections.abc import Callable, Mapping
from typing import Final

from raft_ref.explorer._core import append, read
from raft_ref.explorer.engines.checkpoint import CheckpointError, Extent, Folder
from raft_ref.explorer.engines.journal import Journal

QUESTIONS: Final = "questions.bin"
"""The file of the journal."""


class Keeping:
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
        self._path = str(folder.path / QUESTIONS)
        self._noted = folder.files.get(QUESTIONS, (0, 0))
        self._is_troubled = False

    def replay(self) -> None:
        """Let everything have the numbers that it had."""
        try:
            self._journal.replay(read(self._path, self._noted))
        except ValueError as error:
            raise CheckpointError(
                f"{self._folder.path}: the node no longer answers as it did: {error}"
            ) from error

    def commit(self, files: Mapping[str, Extent]) -> bool:
        """Make these files and the journal the checkpoint; return whether the search may go on."""
        try:
            self._commit(files)
        except KeyboardInterrupt:
            self._commit(files)
            return False
        return True

    def _commit(self, files: Mapping[str, Extent]) -> None:
        try:
            self._write(files)
        except OSError as error:
            self.tell(f"{error.filename}: {error.strerror}")
        else:
            self._is_troubled = False

    def _write(self, files: Mapping[str, Extent]) -> None:
        new = self._journal.words[self._noted[0] :]
        noted = append(self._path, self._noted, new)
        self._folder.commit({**files, QUESTIONS: noted}, self._seconds())
        self._noted = noted

    def tell(self, trouble: str) -> None:
        """Tell that a checkpoint could not be written, unless it is so since the last one."""
        if not self._is_troubled:
            self._on_trouble(f"{trouble}; the search goes on, and the last checkpoint stays")
        self._is_troubled = True

"""The request for advice on what to log, and the report that answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from raft_ref.traces.format.opening import opened
from raft_ref.traces.format.trace import TraceError
from raft_ref.traces.validation.advice.measure import Measured, measured, spare
from raft_ref.traces.validation.advice.survey import Survey
from raft_ref.traces.validation.advice.worth import UNHEARD, UNLOGGED, WORTH
from raft_ref.traces.validation.lines.profile import (
    LinesOfFile,
    Profile,
    Recording,
    located,
)


@dataclass(frozen=True)
class Lack:
    """Something that lines leave out: they tell it `told` times, and could `could` times.

    `could` is 0 where that is not known. `buys` is what it would be good for.
    """

    what: str
    told: int
    could: int
    buys: str


@dataclass(frozen=True)
class Advice:
    """What the log in one file lacks, what is worth most first; `problem` if it is no trace."""

    path: Path
    servers: tuple[str, ...] = ()
    lines: int = 0
    lacks: tuple[Lack, ...] = ()
    measured: Measured | None = None
    problem: str = ""


@dataclass(frozen=True)
class AdviceReport:
    """What the logs in files lack; not in all of them where it was interrupted."""

    files: tuple[Advice, ...]
    total: int
    is_interrupted: bool = False


@dataclass(frozen=True)
class AdviceRequest:
    """Say of each file what its log lacks, by a profile that reads the lines of what wrote it."""

    paths: tuple[Path, ...]
    profile: Profile

    def run(self, on_file: Callable[[Advice], None] = lambda found: None) -> AdviceReport:
        """Look at all files, in their order, or at those until Ctrl-C.

        `on_file` is called with each that is done; what is no trace is told as such.
        """
        done: list[Advice] = []
        try:
            for path in self.paths:
                done.append(self.of_file(path))
                on_file(done[-1])
        except KeyboardInterrupt:
            return AdviceReport(tuple(done), len(self.paths), is_interrupted=True)
        return AdviceReport(tuple(done), len(self.paths))

    def of_file(self, path: Path) -> Advice:
        """Return what the log in one file lacks."""
        try:
            return self._of_file(path)
        except TraceError as error:
            return Advice(path, problem=str(error))
        except OSError as error:
            return Advice(path, problem=f"{path}: {error.strerror}")

    def _of_file(self, path: Path) -> Advice:
        survey = Survey()
        with opened(path) as file, located(path, lines := LinesOfFile(file)):
            recording = self.profile(lines)
            for event in recording.events:
                survey.note(event)
        survey.end()
        with opened(path) as file:
            found = measured(path, self.profile(LinesOfFile(file)))
        found = replace(found, spare=self._spare(path))
        lacks = (*_of_servers(recording, survey), *_of_lines(survey))
        return Advice(path, recording.servers, survey.lines, lacks, found)

    def _spare(self, path: Path) -> tuple[str, ...] | None:
        with ExitStack() as stack:

            def read() -> Recording:
                return self.profile(LinesOfFile(stack.enter_context(opened(path))))

            return spare(path, read)


def _of_servers(recording: Recording, survey: Survey) -> Iterator[Lack]:
    """Yield the servers of which no line tells."""
    liberties = recording.liberties
    for name in recording.servers:
        if name in liberties.unlogged:
            yield Lack(f"lines of {name}", 0, 0, UNLOGGED)
        elif name not in survey.heard and not liberties.are_all_told:
            yield Lack(f"lines of {name}", 0, 0, UNHEARD)


def _of_lines(survey: Survey) -> list[Lack]:
    """Return what lines leave out, what is worth most first; more so if it is left out more."""
    lacks = [
        Lack(name, told, could, WORTH[name][1])
        for name, could in survey.could.items()
        if (told := survey.told[name]) < could
    ]
    return sorted(lacks, key=lambda each: -WORTH[each.what][0] * (1 - each.told / each.could))

"""The request to validate files, and the report that answers it: all cores work on several files.

What was found of a file goes between processes, so a report has no search in it, as a verdict has.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path

from raft_ref.explorer.engines.memory import rarely_collected
from raft_ref.spec.requests import RequestError
from raft_ref.spec.workers import workers
from raft_ref.traces.format.opening import size_of
from raft_ref.traces.format.trace import TraceError
from raft_ref.traces.validation.lines.merging import merge
from raft_ref.traces.validation.lines.profile import Profile
from raft_ref.traces.validation.moves.world import World
from raft_ref.traces.validation.onward import behind
from raft_ref.traces.validation.refusals.refusal import Refusal, explained
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome, Verdict

MOST_SHOWN, MOST_KEPT = 10, 1_000
"""How many partial matches of a refusal are kept, and how many if all are wanted."""

MOST_FAULTS = 20
"""After how many faults behind the first nothing more is to be learnt."""


@dataclass(frozen=True)
class Fault:
    """A line behind a refused one that is refused as well, and why."""

    line: int
    why: str


@dataclass(frozen=True)
class FileReport:
    """What was found of one file.

    All but `path` and `seconds` is as in `Verdict`; `refusal` says why it is refused, if it is, and
    `more` what else is refused behind that, `given_up` where that ended before the file, and why.
    """

    path: Path
    outcome: Outcome
    lines: int = 0
    seconds: float = 0.0
    readings: int = 1
    actions: Counter[str] = field(default_factory=Counter)
    checked: int = 0
    line: int | None = None
    reason: str = ""
    looked_back: int = 0
    refusal: Refusal | None = None
    more: tuple[Fault, ...] = ()
    given_up: str = ""


@dataclass(frozen=True)
class ValidationReport:
    """What was found of files; not of all where it was interrupted."""

    files: tuple[FileReport, ...]
    total: int
    is_interrupted: bool = False

    @property
    def outcome(self) -> Outcome:
        """The worst of all files; inconclusive where some were left out and nothing is worse."""
        outcomes = {each.outcome for each in self.files}
        if self.is_interrupted:
            outcomes.add(Outcome.INCONCLUSIVE)
        for worst in (Outcome.BAD_INPUT, Outcome.REFUSED, Outcome.INCONCLUSIVE):
            if worst in outcomes:
                return worst
        return Outcome.ACCEPTED

    @property
    def counts(self) -> Counter[Outcome]:
        """How many files have each outcome."""
        return Counter(each.outcome for each in self.files)


@dataclass(frozen=True)
class ValidationRequest:
    """Validate files, by a profile that reads the lines of what wrote them.

    With `merged` the traces are of one run, say one a server: their lines are put into that file in
    the order of their clocks, and that is validated. At most `reorder` lines wait, because nothing
    explains them yet, until lines of other servers were followed. `keeps_all` partial matches of a
    refusal, not some; with `goes_on` each further line that is refused, going on from what a
    refused line shows. With several files the profile goes between processes, so it must be
    picklable. Raises `RequestError` for fewer than 0 lines.
    """

    paths: tuple[Path, ...]
    profile: Profile
    reorder: int = 0
    merged: Path | None = None
    keeps_all: bool = False
    goes_on: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be counted, and to go on while lines wait for others."""
        if self.reorder < 0:
            raise RequestError("reorder: expected 0 or more")
        if self.reorder and self.goes_on:
            raise RequestError("keep-going: not with --reorder")

    @property
    def total(self) -> int:
        """How many files are validated in the end."""
        return len(self.paths) if self.merged is None else 1

    def run(
        self,
        on_file: Callable[[FileReport], None] = lambda found: None,
        on_characters: Callable[[int, int], None] = lambda read, size: None,
    ) -> ValidationReport:
        """Validate all files, in their order, or those until Ctrl-C.

        `on_file` is called with each that is done; where there is one alone, `on_characters` now
        and then with how many characters of it were read, of how many bytes. Raises `TraceError`
        and `OSError` where the traces cannot be merged; else what is no trace is an outcome like
        others.
        """
        paths = self.paths
        if self.merged is not None:
            merge(self.paths, self.merged)
            paths = (self.merged,)
        done: list[FileReport] = []
        try:
            for found in self._found(paths, on_characters):
                done.append(found)
                on_file(found)
        except KeyboardInterrupt:
            return ValidationReport(tuple(done), self.total, is_interrupted=True)
        return ValidationReport(tuple(done), self.total)

    def _found(
        self, paths: tuple[Path, ...], on_characters: Callable[[int, int], None]
    ) -> Iterator[FileReport]:
        if len(paths) == 1:
            yield self.of_file(paths[0], on_characters)
            return
        with workers(None) as pool:
            for waiting in [pool.submit(self.of_file, path) for path in paths]:
                yield waiting.result()

    def of_file(
        self, path: Path, on_characters: Callable[[int, int], None] = lambda read, size: None
    ) -> FileReport:
        """Return what is found of one file; what is no trace is an outcome like others."""
        size = size_of(path)
        started = time.perf_counter()
        refused = _Refused(MOST_KEPT if self.keeps_all else MOST_SHOWN, self.goes_on)
        try:
            with rarely_collected():
                verdict = validate(
                    path, self.profile, self.reorder, lambda read: on_characters(read, size),
                    on_refusal=refused,
                )  # fmt: skip
        except TraceError as error:
            return FileReport(path, Outcome.BAD_INPUT, reason=str(error))
        except OSError as error:
            return FileReport(path, Outcome.BAD_INPUT, reason=f"{path}: {error.strerror}")
        seconds = time.perf_counter() - started - refused.seconds
        found = FileReport(
            path, verdict.outcome, verdict.lines, seconds, verdict.readings, verdict.actions,
            verdict.checked, verdict.line, verdict.reason, verdict.looked_back,
        )  # fmt: skip
        return refused.told(found)


class _Refused:
    """What is refused of a file: the first line whole, of others which and why.

    Arguments: how many candidates are kept; whether to go on behind a refusal.
    """

    def __init__(self, most: int, goes_on: bool) -> None:
        self._most, self._goes_on = most, goes_on
        self._first: Verdict | None = None
        self._refusal: Refusal | None = None
        self._more: list[Fault] = []
        self.seconds = 0.0
        """How long it took to explain."""

    def __call__(self, verdict: Verdict) -> World | None:
        """Note a refusal; return the reading to go on with, if that is asked for."""
        assert verdict.line is not None
        started = time.perf_counter()
        found = explained(verdict, self._most)
        self.seconds += time.perf_counter() - started
        if self._first is None:
            self._first, self._refusal = copy(verdict), found
        else:
            self._more.append(Fault(verdict.line, found.why))
        if not self._goes_on or len(self._more) >= MOST_FAULTS:
            return None
        return behind(verdict)

    def told(self, found: FileReport) -> FileReport:
        """Return a report with what was refused: of the first, whatever became of the rest."""
        first = self._first
        if first is None:
            return found
        given_up = ""
        if found.outcome is Outcome.INCONCLUSIVE:
            given_up = f"line {found.line}: {found.reason}"
        elif len(self._more) >= MOST_FAULTS:
            given_up = f"line {self._more[-1].line}: there are {MOST_FAULTS} more faults"
        return replace(
            found, outcome=Outcome.REFUSED, line=first.line, reason=first.reason,
            looked_back=first.looked_back, refusal=self._refusal, more=tuple(self._more),
            given_up=given_up,
        )  # fmt: skip

"""Logs are judged while they are written, whatever becomes of the files, in memory that is flat."""

import gc
import itertools
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from raft_ref.spec.requests import RequestError
from raft_ref.traces.format.trace import TraceError
from raft_ref.traces.profiles import profile_of
from raft_ref.traces.validation import Outcome
from raft_ref.traces.validation.rules.logs import Log
from raft_ref.traces.watching import Kind, Told, WatchReport, WatchRequest
from raft_ref.traces.watching.tailing import Tail
from tests.support import processes
from tests.support.files import RECORDED
from tests.support.streams import HEADER, NAMES, as_text, stored

Line = dict[str, Any]

QUIET = 0.1
"""After how many seconds without a new line a watch ends here."""


@cache
def run(count: int = 120) -> tuple[Line, ...]:
    return tuple(itertools.islice(stored(), count))


def wrong(lines: Iterable[Line], place: int) -> list[Line]:
    """Return lines of which one tells of a term that nobody has begun."""
    made = deepcopy([*lines])
    made[place]["state"]["currentTerm"] += 1
    return made


def watched(
    *paths: Path, told: list[Told] | None = None, profile: str = "raft-ref", **given: Any
) -> WatchReport:
    request = WatchRequest(paths, profile_of(profile), **{"idle": QUIET, **given})
    return request.run((told if told is not None else []).append)


def written(path: Path, lines: Iterable[Line]) -> Path:
    path.write_text(as_text([*lines]), encoding="utf-8")
    return path


def by_server(folder: Path, lines: Iterable[Line]) -> tuple[Path, ...]:
    """Return the files into which each server has written its own lines, with a header."""
    lines = [*lines]
    return tuple(
        written(
            folder / f"{name}.ndjson",
            [HEADER, *(line for line in lines if line["server"] == name)],
        )
        for name in NAMES
    )


# ---- Lines


def test_what_is_there_is_accepted_so_far(tmp_path: Path) -> None:
    report = watched(written(tmp_path / "run.ndjson", [HEADER, *run()]))
    assert (report.outcome, report.lines, report.waiting) == (Outcome.ACCEPTED, len(run()), 0)
    assert report.files == {str(tmp_path / "run.ndjson"): len(run()) + 1}


def test_a_refusal_says_where_in_which_file(tmp_path: Path) -> None:
    lines = wrong(run(), 80)
    paths, told = by_server(tmp_path, lines), list[Told]()
    report = watched(*paths, told=told)
    assert report.outcome is Outcome.REFUSED
    (refused,) = [each for each in told if each.kind is Kind.REFUSED]
    server = lines[80]["server"]
    number = 1 + sum(line["server"] == server for line in lines[:81])
    assert refused.place == (tmp_path / f"{server}.ndjson", number)
    assert refused.refusal is not None
    assert report.told is refused


def test_files_are_read_in_the_order_of_their_clocks(tmp_path: Path) -> None:
    assert watched(*by_server(tmp_path, run())).outcome is Outcome.ACCEPTED


@pytest.mark.long
def test_without_clocks_lines_wait_for_what_explains_them(tmp_path: Path) -> None:
    lines = [{name: line[name] for name in line if name != "clock"} for line in run(60)]
    paths = by_server(tmp_path, lines)
    assert watched(*paths).outcome is Outcome.ACCEPTED
    assert watched(*paths, reorder=0).outcome is not Outcome.ACCEPTED


@pytest.mark.long
def test_a_line_that_comes_too_late_is_no_refusal(tmp_path: Path) -> None:
    early, late = tmp_path / "s1.ndjson", tmp_path / "others.ndjson"
    lines = [*run(60)]
    first = next(line["server"] for line in lines)
    written(early, [HEADER, *(line for line in lines if line["server"] == first)])
    told: list[Told] = []
    with writing(late, [line for line in lines if line["server"] != first], after=0.4):
        report = watched(early, late, told=told, window=0.1, idle=1.0)
    assert report.outcome is not Outcome.ACCEPTED
    assert any("later than --window" in each.text for each in told) or report.refused


def test_behind_what_is_inconclusive_nothing_is_refused(tmp_path: Path) -> None:
    lines = as_text(wrong(run(), 80)).splitlines()
    text = "\n".join([json.dumps(HEADER), *lines[:40], '{"step": "Rec', *lines[40:], ""])
    (tmp_path / "run.ndjson").write_text(text, encoding="utf-8")
    told: list[Told] = []
    report = watched(tmp_path / "run.ndjson", told=told)
    assert report.outcome is Outcome.INCONCLUSIVE
    assert report.refused == 0
    assert "run.ndjson:42 is passed over" in told[0].text
    assert any("perhaps a consequence" in each.text for each in told)


def test_it_may_go_on_behind_a_refusal(tmp_path: Path) -> None:
    path = written(tmp_path / "run.ndjson", [HEADER, *wrong(run(), 80)])
    report = watched(path, keeps_going=True)
    assert (report.outcome, report.lines) == (Outcome.REFUSED, len(run()))
    assert watched(path).lines == 81


@pytest.mark.long
def test_who_has_told_nothing_may_explain_what_is_refused(tmp_path: Path) -> None:
    header = {name: HEADER[name] for name in HEADER if name != "unlogged"}
    lines = [line for line in run(60) if line["server"] != "s3"]
    report = watched(written(tmp_path / "run.ndjson", [header, *lines]))
    assert report.unheard == ("s3",)
    assert report.outcome is not Outcome.REFUSED


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("etcd/seed-1.ndjson", "etcd"),
        ("mapped/run.ndjson", str(RECORDED / "mapped" / "mapping.toml")),
    ],
)
def test_all_that_validate_reads_is_read(name: str, profile: str, tmp_path: Path) -> None:
    text = (RECORDED / name).read_text(encoding="utf-8").splitlines(keepends=True)[:200]
    path = tmp_path / "run.ndjson"
    path.write_text("".join(text), encoding="utf-8")
    assert watched(path, profile=profile).outcome is Outcome.ACCEPTED


def test_no_line_is_no_verdict(tmp_path: Path) -> None:
    report = watched(tmp_path / "never.ndjson")
    assert (report.outcome, report.lines) == (Outcome.INCONCLUSIVE, 0)
    assert watched(written(tmp_path / "run.ndjson", [HEADER])).outcome is Outcome.INCONCLUSIVE


def test_what_makes_no_sense_is_told_where_it_stands(tmp_path: Path) -> None:
    path = written(tmp_path / "run.ndjson", [HEADER, *run(5), {"step": "Jump", "server": "s1"}])
    with pytest.raises(TraceError, match=r'run\.ndjson:7: "step" must be one of'):
        watched(path)
    written(path, [*run(5)])
    with pytest.raises(TraceError, match='must have "format"'):
        watched(path)


@pytest.mark.parametrize("given", [{"window": -1.0}, {"reorder": -1}, {"remembers": 0}])
def test_what_cannot_be_counted(given: Any, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="expected"):
        watched(tmp_path / "run.ndjson", **given)
    with pytest.raises(TraceError, match="each file can be watched once"):
        watched(tmp_path / "run.ndjson", tmp_path / "run.ndjson")


# ---- Files


class Reading:
    """A file that is read, and what is told of it."""

    def __init__(self, path: Path) -> None:
        self.told: list[tuple[str, bool]] = []
        self.tail = Tail(path, lambda text, is_loss: self.told.append((text, is_loss)))

    def new(self) -> list[str]:
        """Return what is new, after two looks: the second sees what became of the file."""
        return [text.decode() for _ in range(3) for _, text in self.tail.new()]


def test_a_file_may_appear_later(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    reading = Reading(path)
    assert reading.new() == []
    assert reading.told == [(f"{path} is not there yet", False)]
    path.write_text("one\ntw", encoding="utf-8")
    assert reading.new() == ["one"]
    with path.open("a", encoding="utf-8") as file:
        file.write("o\n")
    assert reading.new() == ["two"]


def test_a_file_that_is_rotated_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("one\n", encoding="utf-8")
    reading = Reading(path)
    assert reading.new() == ["one"]
    with path.open("a", encoding="utf-8") as file:
        path.rename(tmp_path / "a.log.1")
        path.write_text("three\n", encoding="utf-8")
        file.write("two\n")
    assert reading.new() == ["two", "three"]
    assert reading.told == [(f"{path} was rotated: on with the new one", False)]


def test_where_a_file_is_truncated_lines_may_be_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("one\ntwo\n", encoding="utf-8")
    reading = Reading(path)
    assert reading.new() == ["one", "two"]
    path.write_text("x\n", encoding="utf-8")
    assert reading.new() == ["x"]
    ((text, is_loss),) = reading.told
    assert is_loss
    assert "was truncated" in text


def test_what_is_compressed_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"\x1f\x8b and more")
    with pytest.raises(TraceError, match="is compressed; raft-ref validate reads it"):
        Reading(path).new()


# ---- While somebody writes


class writing:  # noqa: N801 - as a context it reads like a verb
    """Lines are written to a file meanwhile, one by one, some time after the beginning."""

    def __init__(self, path: Path, lines: Iterable[Line], after: float = 0.0) -> None:
        self._path, self._lines, self._after = path, [*lines], after
        self._thread = threading.Thread(target=self._write)

    def _write(self) -> None:
        time.sleep(self._after)
        with self._path.open("a", encoding="utf-8", buffering=1) as file:
            for line in self._lines:
                file.write(as_text([line]))

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._thread.join()


WATCH = [*processes.COMMAND, "watch"]


def events(process: "subprocess.Popen[str]") -> Iterator[Any]:
    assert process.stdout is not None
    return map(json.loads, process.stdout)


@pytest.mark.long
def test_it_is_refused_while_the_log_is_still_open(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.ndjson" for name in NAMES]
    process = processes.start([*WATCH, "--json", "--window", "1", *paths], stdout=subprocess.PIPE)
    files = dict(zip(NAMES, [path.open("w", buffering=1) for path in paths], strict=True))
    for file in files.values():
        file.write(as_text([HEADER]))
    for line in wrong(run(), 100):
        files[line["server"]].write(as_text([line]))
    told = [each for each in events(process) if each["event"] != "progress"]
    assert process.wait() == 1
    assert told[-1]["event"] == "end"
    (refused,) = [each for each in told if each["event"] == "refused"]
    assert refused["line"] > 1
    assert refused["why"]
    for file in files.values():
        file.close()


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_what_was_covered(number: signal.Signals, tmp_path: Path) -> None:
    path = written(tmp_path / "run.ndjson", [HEADER, *run()])
    process = processes.start([*WATCH, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(3)
    process.send_signal(number)
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert out.startswith(f"ACCEPTED SO FAR: {len(run())} lines (read up to line: {path} 121)")


@pytest.mark.long
def test_standard_input_ends_it(tmp_path: Path) -> None:
    for lines, code, first in (
        ([HEADER, *run()], 0, "ACCEPTED SO FAR"),
        ([HEADER, *wrong(run(), 80)], 1, "REFUSED -:82"),
        ([HEADER], 3, "INCONCLUSIVE: no line"),
    ):
        done = processes.start(
            [*WATCH, "-", "--diagram", tmp_path / "refused.gv"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        out, _ = done.communicate(as_text(lines))
        assert (done.returncode, out.startswith(first)) == (code, True), out
    assert (tmp_path / "refused.gv").exists()


def resident() -> float:
    """Return how much memory this process has, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.long
def test_memory_does_not_grow_with_the_lines(tmp_path: Path) -> None:
    path, count = tmp_path / "run.ndjson", 6_000
    with path.open("w", encoding="utf-8") as file:
        for line in itertools.chain([HEADER], itertools.islice(stored(), count)):
            file.write(as_text([line]))
    logs, memory = list[int](), list[float]()
    look = looking(count // 4, logs, memory)
    request = WatchRequest((path,), profile_of("raft-ref"), idle=QUIET, remembers=500)
    report = request.run(on_progress=look)
    assert (report.outcome, report.lines) == (Outcome.ACCEPTED, count)
    assert max(logs[1:]) < 2_500, logs
    assert memory[-1] - memory[1] < 12, memory


def looking(every: int, logs: list[int], memory: list[float]) -> Callable[[Any], None]:
    """Return what notes, after so many lines each, how many logs there are, and the memory."""

    def look(progress: Any) -> None:
        if progress.lines >= every * (len(logs) + 1):
            gc.collect()
            logs.append(sum(isinstance(each, Log) for each in gc.get_objects()))
            memory.append(resident())

    return look

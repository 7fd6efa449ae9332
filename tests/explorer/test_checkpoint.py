"""A search that was killed goes on, and ends as if nothing had happened."""

import contextlib
import importlib
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from raft_ref import Node
from raft_ref.bugs import BUGS
from raft_ref.cli import main
from raft_ref.explorer import (
    Bounds,
    CheckpointError,
    Checkpoints,
    Progress,
    Property,
    Report,
    System,
    Verdict,
    View,
    search,
)
from raft_ref.explorer.engines.checkpoint import FORMAT, MANIFEST, Folder
from tests import toys
from tests.support import processes
from tests.support.files import ROOT
from tests.support.models import Model
from tests.support.reports import content

# ---- Processes that are killed


def start(*arguments: str, **options: Any) -> "subprocess.Popen[str]":
    return processes.start(
        [*processes.COMMAND, "check", "--json", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        **options,
    )


def how(folder: Path) -> list[str]:
    """Return the options that begin a search or go on with it, whichever is due."""
    option = "--resume" if (folder / MANIFEST).exists() else "--checkpoint"
    return [option, str(folder), "--checkpoint-every", "0"]


def untimed(out: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(out)
    del report["seconds"], report["engine"]
    return report


def manifest(folder: Path) -> bytes:
    try:
        return (folder / MANIFEST).read_bytes()
    except FileNotFoundError:
        return b""


def kill_until_it_ends(
    folder: Path, arguments: list[str], seed: int, patience: float, most: int
) -> tuple[dict[str, Any], int]:
    """Kill a search at random moments until one run of it ends; return its report, and the kills.

    Some are killed while they start, the others within `patience` seconds of a checkpoint of
    theirs, so that the search gets on. After so many kills as are wanted at `most` it is let be:
    how far a run gets in a moment depends on the machine.
    """
    moments = random.Random(seed)
    for kills in range(most + 1):
        before = manifest(folder)
        process = start(*how(folder), *arguments)
        if kills == most:
            process.wait()
        elif moments.random() < 0.2:
            time.sleep(moments.random() * 0.4)
        else:
            while manifest(folder) == before and process.poll() is None:
                time.sleep(0.001)
            wait(process, moments.random() * patience)
        process.kill()
        out, err = process.communicate()
        assert err == ""
        if process.returncode != -signal.SIGKILL:
            return untimed(out), kills
    raise AssertionError("it never ends")


def wait(process: "subprocess.Popen[str]", seconds: float) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


@cache
def undisturbed(*arguments: str) -> dict[str, Any]:
    out, err = start(*arguments).communicate()
    assert err == ""
    return untimed(out)


MEDIUM = ["--max-snapshot", "0", "--max-restarts", "0", "--max-drops", "0"]


def test_a_search_that_is_killed_again_and_again_ends_with_the_same_report(tmp_path: Path) -> None:
    folder = tmp_path / "found"
    report, kills = kill_until_it_ends(folder, MEDIUM, seed=1, patience=0.25, most=4)
    assert report == undisturbed(*MEDIUM)
    assert kills >= 3


@pytest.mark.long
def test_many_kills(tmp_path: Path) -> None:
    arguments, patience = ["--bug", "prev-log-term-ignored"], 1.6
    expected, kills, seed = undisturbed(*arguments), 0, 0
    while kills < 8:
        seed += 1
        folder = tmp_path / f"found-{seed}"
        report, more = kill_until_it_ends(folder, arguments, seed, patience, most=8)
        assert report == expected
        kills += more


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)]
)
def test_an_interrupt_keeps_a_last_checkpoint(number: signal.Signals, tmp_path: Path) -> None:
    folder = tmp_path / "found"
    process = start("--checkpoint", str(folder))
    while not manifest(folder):
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(number)
    out, err = process.communicate()
    assert (process.returncode, err) == (3, "")
    stopped = untimed(out)
    assert stopped["stopped_by"] == "interrupt"
    assert json.loads(manifest(folder))["files"]
    out, err = start("--resume", str(folder)).communicate()
    assert err == ""
    report = untimed(out)
    assert report["distinct_states"] == 564_181 > stopped["distinct_states"]
    assert report["transitions"] == 2_874_151


# ---- Within this process


class Stop:
    """Interrupts a search at one of the moments at which it tells of its progress."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, progress: Progress) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


def slowly(view: View) -> bool:
    """Hold, after a while: levels last longer than from one look of the engine to the next."""
    time.sleep(0.004)
    return True


SLOW = Property("Slow", slowly)

Make = Callable[[], tuple[System, list[Property]]]


def in_pieces(folder: Path, make: Make, after: int, **options: Any) -> tuple[Report, int]:
    """Search in runs that are interrupted each; return the last one's report, and how many."""
    for runs in range(1, 1_000):
        system, properties = make()
        report = search(
            system,
            properties,
            on_progress=Stop(after),
            engine="native",
            checkpoints=Checkpoints(folder, resume=runs > 1, every=0),
            **options,
        )
        if report.stopped_by != "interrupt":
            return report, runs
        assert report.verdict is Verdict.INCOMPLETE
    raise AssertionError("it never ends")


@pytest.mark.parametrize("threads", [1, 2])
def test_runs_that_stop_within_a_level(threads: int, tmp_path: Path) -> None:
    servers = ("s1", "s2")

    def make() -> tuple[System, list[Property]]:
        bounds = Bounds(2, 1, 1, 1, measures={"max_said": 2})
        return System(toys.Counting(servers), servers, bounds), [SLOW]

    report, runs = in_pieces(tmp_path, make, 1, symmetry=True, threads=threads)
    assert runs > report.depth  # so some of them stopped within a level
    expected = search(make()[0], [], symmetry=True, engine="plain")
    assert content(report) == content(expected)


@pytest.mark.parametrize("bug", ["vote-not-persisted", "older-term-committed"])
def test_a_violation_that_is_found_later_has_the_same_counterexample(
    bug: str, tmp_path: Path
) -> None:
    model = Model.within(BUGS[bug].bounds)

    def make() -> tuple[System, list[Property]]:
        return model.system(BUGS[bug].node), model.properties()

    stop = Stop(0)
    search(*make(), True, stop, engine="native", checkpoints=Checkpoints(tmp_path))
    report = search(*make(), True, engine="native", checkpoints=Checkpoints(tmp_path, resume=True))
    assert report.verdict is Verdict.VIOLATED
    assert content(report) == content(search(*make(), True, engine="native"))


@pytest.mark.parametrize(
    ("pause", "moments"), [(0.0, 1), pytest.param(0.0005, 8, marks=pytest.mark.long)]
)
def test_a_layout_with_too_few_bits_is_left(pause: float, moments: int, tmp_path: Path) -> None:
    """All states have other keys then, and are written anew.

    With a pause at each state, part of a level is kept already when that happens.
    """
    servers = ("s1", "s2")

    def make() -> tuple[System, list[Property]]:
        bounds = Bounds(5, measures={"max_said": 40}, depth=70)
        properties = [Property("Slow", slowly)] if pause else []
        return System(toys.Counting(servers), servers, bounds, "fifo"), properties

    def slowly(view: View) -> bool:
        time.sleep(pause)
        return True

    report, runs = in_pieces(tmp_path, make, moments, symmetry=True)
    assert runs > 1
    assert max(path.name for path in tmp_path.glob("states-*")) > "states-1.bin"
    system, _ = make()
    assert content(report) == content(search(system, [], True, engine="native"))


def test_a_search_that_has_ended_ends_again(tmp_path: Path) -> None:
    """Whoever lost the report gets it once more, by the same command as after a kill."""
    model = Model(term=2, log=1)
    reports = [
        search(
            model.system(),
            model.properties(),
            True,
            engine="native",
            checkpoints=Checkpoints(tmp_path, resume, every=0),
        )
        for resume in (False, True, True)
    ]
    assert content(reports[0]) == content(reports[1]) == content(reports[2])
    assert all(report.seconds > 0 for report in reports)


def test_more_memory_for_a_search_that_ran_out_of_it(tmp_path: Path) -> None:
    model = Model(term=2, log=1, messages=3, restarts=1)

    def run(memory: int | None, resume: bool) -> Report:
        checkpoints = Checkpoints(tmp_path, resume)
        system = model.system()
        return search(system, [], True, engine="native", memory=memory, checkpoints=checkpoints)

    assert run(1, resume=False).stopped_by == "the limit on memory"
    with pytest.raises(CheckpointError, match=r"states that were found need .* MB of memory"):
        run(1, resume=True)
    report = run(None, resume=True)
    assert content(report) == content(search(model.system(), [], True, engine="native"))


# ---- Moments at which it may be killed


class Crash(BaseException):
    """The end of a process, as far as a test can have it without one."""


@pytest.fixture
def small() -> Model:
    return Model(servers=2, term=2, log=1)


def keeping(model: Model, folder: Path, resume: bool = False, **more: Any) -> Report:
    checkpoints = Checkpoints(folder, resume, every=0, **more)
    return search(
        model.system(), model.properties(), True, engine="native", checkpoints=checkpoints
    )


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.unlink"])
def test_a_crash_at_any_step_of_writing(
    step: str, small: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = content(search(small.system(), small.properties(), True))
    crashes, moments = 0, random.Random(step)
    owner, name = {"os": os, "pathlib.Path": Path}[step.rpartition(".")[0]], step.rpartition(".")[2]
    real = getattr(owner, name)
    while True:
        left = moments.randint(1, 4)

        def crash(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise Crash
            return real(*arguments, **options)

        with monkeypatch.context() as patch:
            patch.setattr(owner, name, crash)
            try:
                report = keeping(small, tmp_path, resume=(tmp_path / MANIFEST).exists())
                break
            except Crash:
                crashes += 1
    assert content(report) == expected
    assert crashes >= 5


def test_what_was_written_in_vain_is_cut_off(small: Model, tmp_path: Path) -> None:
    """Killed while it wrote a checkpoint, a run leaves parts of it behind."""
    stop = Stop(0)
    properties = small.properties()
    checkpoints = Checkpoints(tmp_path, every=0)
    search(small.system(), properties, True, stop, engine="native", checkpoints=checkpoints)
    for path in tmp_path.glob("*.bin"):
        if not path.name.startswith("point"):
            path.write_bytes(path.read_bytes() + b"torn apart")
    leftovers = [f"{MANIFEST}.tmp", "point-99.bin", "states-99.bin"]
    for name in leftovers:
        (tmp_path / name).write_bytes(b"half of it")
    report = keeping(small, tmp_path, resume=True)
    assert content(report) == content(search(small.system(), properties, True))
    assert not {path.name for path in tmp_path.iterdir()} & {*leftovers}


def test_an_interrupt_while_a_checkpoint_is_written_is_not_lost(
    small: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, left = Folder.commit, 3

    def interrupted(*arguments: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise KeyboardInterrupt
        commit(*arguments)

    monkeypatch.setattr(Folder, "commit", interrupted)
    assert keeping(small, tmp_path).stopped_by == "interrupt"
    assert content(keeping(small, tmp_path, resume=True)) == content(
        search(small.system(), small.properties(), True)
    )


def test_a_full_disk_does_not_end_the_search(tmp_path: Path) -> None:
    """What stands for a full disk is a limit on the size of files."""
    folder = tmp_path / "found"

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    process = start(*how(folder), *MEDIUM, limited=limited)
    out, err = process.communicate()
    assert untimed(out) == undisturbed(*MEDIUM)
    assert re.fullmatch(
        r"raft-ref: \S+\.bin: File too large; the search goes on, and the last checkpoint stays\n",
        err,
    )
    distinct = json.loads(manifest(folder))["files"]["states-1.bin"][0]
    assert 1 < distinct <= 5_000  # what there was room for
    out, err = start(*how(folder), *MEDIUM).communicate()
    assert (untimed(out), err) == (undisturbed(*MEDIUM), "")


def test_a_disk_that_is_full_for_a_while(
    small: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next checkpoint has everything again."""
    commit, left, told = Folder.commit, 8, list[str]()

    def limited(*arguments: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise OSError(28, "No space left on device", "manifest.json.tmp")
        commit(*arguments)

    monkeypatch.setattr(Folder, "commit", limited)
    report = keeping(small, tmp_path, on_trouble=told.append)
    assert len(told) == 1
    assert told[0].startswith("manifest.json.tmp: No space left on device; the search goes on")
    assert content(keeping(small, tmp_path, resume=True)) == content(report)


# ---- What is refused


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a checkpoint of `Model(servers=2)`."""
    folder = tmp_path_factory.mktemp("kept")
    keeping(Model(servers=2), folder)
    return folder


@pytest.fixture
def copy(kept: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    shutil.copytree(kept, folder)
    return folder


FILES = ["manifest", "point", "questions", "servers", "states"]


def the_file(folder: Path, name: str) -> Path:
    [path] = folder.glob(f"{name}*")
    return path


def flipped(data: bytes, seed: int) -> bytes:
    bit = random.Random(seed).randrange(8 * len(data))
    return b"".join(
        [data[: bit // 8], bytes([data[bit // 8] ^ 1 << bit % 8]), data[bit // 8 + 1 :]]
    )


def refused(folder: Path) -> str:
    with pytest.raises(CheckpointError) as error:
        keeping(Model(servers=2), folder, resume=True)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("name", FILES)
def test_a_bit_that_was_flipped(name: str, copy: Path) -> None:
    path = the_file(copy, name)
    data = path.read_bytes()
    for seed in range(30):
        path.write_bytes(flipped(data, seed))
        assert refused(copy).startswith(str(path))
    path.write_bytes(data)
    assert keeping(Model(servers=2), copy, resume=True).verdict is Verdict.HOLDS_WITHIN_BOUNDS


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("left", [0.0, 0.5, 0.99])
def test_a_file_that_was_cut_short(name: str, left: float, copy: Path) -> None:
    path = the_file(copy, name)
    data = path.read_bytes()
    path.write_bytes(data[: int(left * len(data))])
    assert refused(copy).startswith(f"{path}: damaged: ")


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_was_removed(name: str, copy: Path) -> None:
    path = the_file(copy, name)
    path.unlink()
    if name == "manifest":
        assert refused(copy) == f"{copy}: there is no checkpoint"
    else:
        assert refused(copy) == f"{path}: damaged: the file is missing"


@pytest.mark.parametrize("name", FILES[1:])
def test_a_file_of_another_checkpoint(name: str, copy: Path, tmp_path: Path) -> None:
    keeping(Model(servers=2, term=2, log=1), tmp_path / "other")
    path = the_file(copy, name)
    shutil.copy(the_file(tmp_path / "other", name), path)
    assert refused(copy).startswith(f"{path}: damaged: ")


def test_another_version(copy: Path) -> None:
    path = copy / MANIFEST
    path.write_text(path.read_text().replace(f'"format": {FORMAT}', '"format": 1'))
    assert refused(copy) == f"{path}: has format 1, expected {FORMAT}"


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{}", '{"format": 1}', "nonsense", "\udcff", "7"]
)
def test_what_is_no_manifest(text: str, copy: Path) -> None:
    (copy / MANIFEST).write_text(text, encoding="utf-8", errors="surrogateescape")
    assert refused(copy) == f"{copy / MANIFEST}: damaged: not a manifest"


def test_a_damaged_file_on_the_command_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder, search = tmp_path / "found", ["check", "--servers", "2", "--max-term", "1", "--quiet"]
    main([*search, "--checkpoint", str(folder), "--checkpoint-every", "0"])
    path = the_file(folder, "states")
    path.write_bytes(flipped(path.read_bytes(), seed=1))
    capsys.readouterr()
    assert main([*search, "--resume", str(folder)]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"raft-ref: {path}: damaged: the checksum differs\n")


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (["--max-term", "2"], "max_term was 1, and is 2"),
        (["--depth", "5"], "depth was not there, and is 5"),
        (["--values", "2"], "values was v1, and is v1, v2"),
        (["--network", "fifo"], "network was set, and is fifo"),
        (["--no-symmetry"], "symmetry was servers, and is none"),
        (["--no-refine"], "property StepRefinement was there, and is not there"),
        (["--invariant", "TypeOK", "--refine"], "property CommitIndexMonotonic was there, and is"),
        (["--bug", "vote-not-persisted"], "node was raft_ref.node.Node, and is raft_ref.bugs."),
        (["--servers", "3", "--max-drops", "0"], "max_drops was 1, and is 0; servers was s1, s2, "),
        (["--spec", "SPEC"], "the module of properties has changed"),
    ],
)
def test_another_search_is_refused_by_what_differs(
    other: list[str], difference: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    spec = tmp_path / "RaftInvariants.tla"
    spec.write_text((ROOT / "spec/RaftInvariants.tla").read_text() + "\\* a comment\n")
    folder, search = tmp_path / "found", ["check", "--servers", "2", "--max-term", "1", "--quiet"]
    main([*search, "--checkpoint", str(folder)])
    capsys.readouterr()
    arguments = [str(spec) if each == "SPEC" else each for each in other]
    assert main([*search, *arguments, "--resume", str(folder)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    said = err.removeprefix(f"raft-ref: {folder}: is the checkpoint of another search: ")
    assert difference in said


def test_threads_and_memory_may_differ(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder, search = tmp_path / "found", ["check", "--servers", "2", "--quiet", "--json"]
    reports = []
    for more in (["--checkpoint"], ["--threads", "1", "--memory", "2G", "--resume"]):
        assert main([*search, *more, str(folder)]) == 3  # two servers do not reach all
        reports.append(untimed(capsys.readouterr().out))
    assert reports[0] == reports[1]


def test_a_node_whose_code_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "my_ring.py"
    source.write_text("from tests.toys import Ring\n\nclass Mine(Ring):\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    my_ring = importlib.import_module("my_ring")

    def run(resume: bool) -> Report:
        servers = ("s1", "s2")
        system = System(my_ring.Mine(servers), servers, Bounds(2, 1))
        return search(system, [], checkpoints=Checkpoints(tmp_path / "found", resume, every=0))

    run(resume=False)
    source.write_text(f"{source.read_text()}\n\nfixed = True\n")
    with pytest.raises(CheckpointError, match="the code of my_ring has changed"):
        run(resume=True)
    del sys.modules["my_ring"]


def test_a_node_that_answers_otherwise(
    small: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its code says is not all that a node may depend on."""
    keeping(small, tmp_path)
    restart = Node.restart
    monkeypatch.setattr(Node, "restart", lambda self, state: replace(restart(self, state), log=()))
    monkeypatch.setattr(Node, "actions", lambda self, state: ())
    with pytest.raises(CheckpointError, match="the node no longer answers as it did: actions now"):
        keeping(small, tmp_path, resume=True)


def test_a_folder_has_one_run_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "found"
    process = start("--max-messages", "4", "--checkpoint", str(folder))
    while not manifest(folder):
        assert process.poll() is None
        time.sleep(0.01)
    out, err = start("--max-messages", "4", "--resume", str(folder)).communicate()
    assert (out, err) == ("", f"raft-ref: {folder}: another run keeps its checkpoints there\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--checkpoint", "KEPT"], "KEPT: holds a checkpoint already; resume it or remove it"),
        (["--resume", "NEW"], "NEW: there is no such folder"),
        (["--resume", "."], "there is no checkpoint"),
        (["--checkpoint", "NEW/er"], "NEW/er: there is no folder "),
        (["--checkpoint", "KEPT/manifest.json"], "KEPT/manifest.json: is not a f"),
        (["--checkpoint", "NEW", "--engine", "plain"], "NEW: the plain engine keeps no chec"),
        (["--checkpoint", "NEW", "--bisimulation"], "NEW: the plain engine keeps no checkp"),
        (["--checkpoint-every", "9"], "--checkpoint-every: only with --checkpoint or --resume"),
        (["--checkpoint", "NEW", "--random"], "--checkpoint: walks are told from their seed; leav"),
    ],
)  # fmt: skip
def test_bad_input(
    arguments: list[str],
    message: str,
    kept: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    names = {"KEPT": str(kept), "NEW": str(tmp_path / "new")}

    def named(text: str) -> str:
        return re.sub("KEPT|NEW", lambda found: names[found[0]], text)

    before = sorted(path.name for path in kept.iterdir())
    assert main(["check", *map(named, arguments)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert named(message) in err
    assert sorted(path.name for path in kept.iterdir()) == before
    assert list(tmp_path.iterdir()) == []

"""A search with its states on disk reports what one in memory does, whatever ended it before."""

import json
import random
import re
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raft_ref import Node
from raft_ref.bugs import BUGS
from raft_ref.cli import main
from raft_ref.explorer import (
    Bounds,
    CheckpointError,
    Checkpoints,
    Disk,
    NetworkKind,
    Progress,
    Property,
    Report,
    System,
    Verdict,
    search,
)
from raft_ref.explorer.engines.checkpoint import MANIFEST
from raft_ref.spec.link import Committed, Refinement
from tests import toys
from tests.explorer.test_checkpoint import Stop, flipped, manifest, untimed, wait
from tests.explorer.test_native import SMALL
from tests.support import processes
from tests.support.files import ROOT
from tests.support.models import Model
from tests.support.reports import content


def on_disk(system: System, properties: Any, symmetry: Any, disk: Disk, **more: Any) -> Report:
    return search(system, properties, symmetry, engine="native", disk=disk, **more)


def test_what_is_on_disk_has_no_checkpoints_besides(tmp_path: Path) -> None:
    disk, kept = Disk(tmp_path / "states"), Checkpoints(tmp_path / "kept", resume=False)
    with pytest.raises(ValueError, match="checkpoints: a search with `disk`"):
        on_disk(Model().system(), [], (), disk, checkpoints=kept)


def same(report: Report, expected: Report) -> None:
    assert report.bytes_on_disk is not None
    assert content(replace(report, bytes_on_disk=None)) == content(expected)


@settings(max_examples=6, deadline=None)
@given(
    model=SMALL,
    bug=st.sampled_from([None, *BUGS]),
    network=st.sampled_from(["set", "fifo"]),
    depth=st.sampled_from([1, 4, 9, 14]),
    threads=st.integers(1, 3),
    room=st.sampled_from([1, 4_000, None]),
)
def test_one_report_of_raft(
    model: Model, bug: str | None, network: NetworkKind, depth: int, threads: int, room: int | None
) -> None:
    """With room for 64 states or a few hundred, each level is merged from many runs."""
    node = Node if bug is None else BUGS[bug].node
    names = model.server_names

    def make() -> System:
        far = depth if model.messages <= 2 else min(depth, 5)
        bounds = replace(model.bounds(), depth=far)
        return System(node(names, model.value_names), names, bounds, network, Committed())

    properties = [*model.properties(), Refinement(names, model.value_names).as_property]
    expected = search(make(), properties, model.symmetry, engine="native", threads=threads)
    with tempfile.TemporaryDirectory() as folder:
        disk = Disk(Path(folder), every=0, room=room)
        same(on_disk(make(), properties, model.symmetry, disk, threads=threads), expected)


def test_a_larger_one(tmp_path: Path) -> None:
    model = Model(term=2, log=1, messages=2, restarts=1, symmetry=False)
    report = on_disk(model.system(), [], False, Disk(tmp_path, room=100_000))
    same(report, search(model.system(), [], engine="native"))
    assert report.bytes_on_disk is not None
    assert report.bytes_on_disk < 4 * report.distinct_states
    assert not list(tmp_path.glob("found-*"))


@pytest.mark.parametrize(
    "bug",
    ["vote-not-persisted", pytest.param("older-term-committed", marks=pytest.mark.long)],
)
def test_the_counterexample_is_the_same(bug: str, tmp_path: Path) -> None:
    """Also if the search that found it goes on after that."""
    model = Model.within(BUGS[bug].bounds)

    def made() -> tuple[System, list[Property]]:
        return model.system(BUGS[bug].node), model.properties()

    expected = search(*made(), True, engine="native")
    assert expected.verdict is Verdict.VIOLATED
    for _ in range(2):
        same(on_disk(*made(), True, Disk(tmp_path)), expected)


def test_keys_that_become_too_short(tmp_path: Path) -> None:
    """All states get other keys, on disk, more than once."""
    servers = ("s1", "s2")

    def make() -> System:
        bounds = Bounds(12, measures={"max_said": 12}, depth=10)
        return System(toys.Counting(servers), servers, bounds)

    report = on_disk(make(), [], True, Disk(tmp_path, room=50_000))
    same(report, search(make(), [], True, engine="native"))
    assert not list(tmp_path.glob("level-*-0.bin"))


# ---- What ends a search


def start(*arguments: str, **options: Any) -> "subprocess.Popen[str]":
    return processes.start(
        [*processes.COMMAND, "check", "--json", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        **options,
    )


MEDIUM = ["--max-snapshot", "0", "--max-restarts", "0", "--max-drops", "0"]


def in_memory(*arguments: str) -> dict[str, Any]:
    out, err = start(*arguments).communicate()
    assert err == ""
    return untimed(out)


def without_bytes(out: str) -> dict[str, Any]:
    report = untimed(out)
    assert report["bytes_on_disk"] > 0
    return {**report, "bytes_on_disk": None}


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.long) for n in (2, 3, 4))])
def test_a_search_that_is_killed_goes_on(seed: int, tmp_path: Path) -> None:
    """At any moment; the same command goes on."""
    folder, moments, kills = tmp_path / "states", random.Random(seed), 0
    command = [*MEDIUM, "--disk", str(folder)]
    for patience in (0.0, 0.2, 1.0, 2.0, None):  # the first level is no search yet
        before = manifest(folder)
        process = start(*command)
        if patience is None:
            process.wait()
        else:
            while manifest(folder) == before and process.poll() is None:
                time.sleep(0.001)
            wait(process, moments.random() * patience)
        process.kill()
        out, err = process.communicate()
        assert err == ""
        if process.returncode != -signal.SIGKILL:
            break
        kills += 1
    assert kills > 0
    assert without_bytes(out) == in_memory(*MEDIUM)


def test_an_interrupt_within_a_level(tmp_path: Path) -> None:
    """What counts is whole levels; the next run begins the one at hand again."""
    model = Model(servers=2, term=2, log=1)
    disk = Disk(tmp_path, every=0)
    covered = 0
    for moments in (1, 2, 4):
        stop = Stop(moments)
        report = on_disk(model.system(), model.properties(), True, disk, on_progress=stop)
        if report.stopped_by is None:
            break
        assert (report.verdict, report.stopped_by) == (Verdict.INCOMPLETE, "interrupt")
        assert report.covered_depth == report.depth - 1 >= covered
        covered = report.covered_depth
    assert covered > 0
    report = on_disk(model.system(), model.properties(), True, disk)
    same(report, search(model.system(), model.properties(), True, engine="native"))


def test_ctrl_c(tmp_path: Path) -> None:
    folder = tmp_path / "states"
    process = start("--disk", str(folder))
    while not manifest(folder):
        time.sleep(0.01)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, err) == (3, "")
    stopped = untimed(out)
    assert stopped["stopped_by"] == "interrupt"
    out, err = start("--disk", str(folder)).communicate()
    assert err == ""
    assert untimed(out)["distinct_states"] == 564_181 > stopped["distinct_states"]


def test_a_full_disk_ends_the_search(tmp_path: Path) -> None:
    """What stands for a full disk is a limit on the size of files. With more room it goes on."""
    folder = tmp_path / "states"

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000))

    process = start("--disk", str(folder), limited=limited)
    out, err = process.communicate()
    report = untimed(out)
    assert (process.returncode, err, report["verdict"]) == (3, "", "INCOMPLETE")
    assert re.fullmatch(r"the disk \(\S+/states/\S+: File too large\)", report["stopped_by"])
    assert report["covered_depth"] == report["depth"] - 1 > 2
    out, err = start("--disk", str(folder)).communicate()
    report = untimed(out)
    assert (report["distinct_states"], report["transitions"], err) == (564_181, 2_874_151, "")


def test_a_manifest_that_finds_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system does not tell which file it was."""

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    def begun(progress: Progress) -> None:
        monkeypatch.setattr("os.fsync", full)

    model = Model(term=2, log=1)
    report = on_disk(model.system(), [], True, Disk(tmp_path, every=0), on_progress=begun)
    assert report.verdict is Verdict.INCOMPLETE
    assert report.stopped_by == f"the disk ({tmp_path}/{MANIFEST}.tmp: No space left on device)"


def test_too_little_memory_ends_the_search(tmp_path: Path) -> None:
    model = Model(servers=2, term=2)
    report = on_disk(model.system(), [], False, Disk(tmp_path), memory=1)
    assert (report.stopped_by, report.distinct_states) == ("the limit on memory", 1)
    same(on_disk(model.system(), [], False, Disk(tmp_path)), search(model.system(), []))


def test_progress_tells_of_the_disk(tmp_path: Path) -> None:
    told = list[Progress]()
    model = Model(term=2, log=1)
    on_disk(model.system(), model.properties(), True, Disk(tmp_path), on_progress=told.append)
    assert len(told) > 0
    assert all(progress.bytes_on_disk for progress in told)


# ---- What is refused


def keep(folder: Path) -> Report:
    return on_disk(Model(servers=2).system(), [], False, Disk(folder))


@pytest.mark.parametrize("name", ["manifest", "point", "questions", "servers"])
def test_a_damaged_file(name: str, tmp_path: Path) -> None:
    keep(tmp_path)
    [path] = tmp_path.glob(f"{name}*")
    for seed in range(10):
        data = path.read_bytes()
        path.write_bytes(flipped(data, seed))
        with pytest.raises(CheckpointError, match=f"^{re.escape(str(path))}"):
            keep(tmp_path)
        path.write_bytes(data)


def test_a_damaged_level(tmp_path: Path) -> None:
    """It is noticed when it is opened or, since that does not read it, when it is read."""
    model = Model(term=2, log=1)

    def until_there_is_much(progress: Progress) -> None:
        time.sleep(0.1)  # so that it is told of each level
        if progress.distinct_states > 1_000:
            raise KeyboardInterrupt

    def run(on_progress: Callable[[Progress], None] = lambda progress: None) -> Report:
        return on_disk(model.system(), [], True, Disk(tmp_path, every=0), on_progress=on_progress)

    assert run(until_there_is_much).stopped_by == "interrupt"
    path = max(tmp_path.glob("level-*"), key=lambda each: each.stat().st_size)
    data = path.read_bytes()
    for bit in (8 * 24, 8 * (len(data) - 20)):
        path.write_bytes(data[: bit // 8] + bytes([data[bit // 8] ^ 1]) + data[bit // 8 + 1 :])
        with pytest.raises(CheckpointError, match=rf"{path.name}: damaged: the checksum differs$"):
            run()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(CheckpointError, match=rf"{path.name}: damaged: the file is cut short$"):
        run()
    path.unlink()
    with pytest.raises(CheckpointError, match=rf"{path.name}: damaged: the file is missing$"):
        run()


def test_what_was_begun_in_memory_is_not_gone_on_with_on_disk(tmp_path: Path) -> None:
    model = Model(servers=2)
    keep(tmp_path / "states")
    search(model.system(), [], checkpoints=Checkpoints(tmp_path / "found"))
    with pytest.raises(CheckpointError, match="another search: --disk was not there, and is given"):
        keep(tmp_path / "found")
    with pytest.raises(CheckpointError, match="another search: --disk was given, and is not there"):
        search(model.system(), [], checkpoints=Checkpoints(tmp_path / "states", resume=True))


def test_another_search_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "states"
    command = ["check", "--servers", "2", "--quiet", "--disk", str(folder), "--max-term"]
    assert main([*command, "1"]) == 3  # two servers do not reach all
    capsys.readouterr()
    assert main([*command, "2"]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == (
        "",
        f"raft-ref: {folder}: is the checkpoint of another search: max_term was 1, and is 2\n",
    )
    assert json.loads((folder / MANIFEST).read_text())["files"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--disk", "NEW/er"], "NEW/er: there is no folder "),
        (["--disk", "NEW", "--engine", "plain"], "NEW: the plain engine has no states on disk"),
        (["--disk", "NEW", "--bisimulation"], "NEW: the plain engine has no states on disk: "),
        (["--disk", "NEW", "--progress"], "--progress: asked of a search with its states in mem"),
        (["--disk", "NEW", "--random"], "--disk: walks are told from their seed; leave it out"),
        (["--disk", "NEW", "--all-violations"], "--disk: not with --all-violations"),
        (["--disk", "NEW", "--time", "1m"], "--time: of a search without bounds"),
    ],
)  # fmt: skip
def test_bad_input(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    new = str(tmp_path / "new")
    assert main(["check", *(each.replace("NEW", new) for each in arguments)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message.replace("NEW", new) in err
    assert list(tmp_path.iterdir()) == []

"""Several processes with their states on disk report what one in memory does."""

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raft_ref.bugs import BUGS
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
from raft_ref.explorer.engines.checkpoint import MANIFEST, Folder
from raft_ref.explorer.engines.together.ranks import Ranks
from tests import toys
from tests.explorer.test_checkpoint import flipped
from tests.explorer.test_distributed import Make, counting
from tests.explorer.test_native import ORDERED, SMALL, WHOLE, shallow
from tests.support.models import Model
from tests.support.ranks import in_ranks
from tests.support.reports import content

Told = Callable[[Progress], None]


class Interrupt:
    """Interrupts a search in one of its ranks, at one of the moments at which it is told of."""

    def __init__(self, after: int, rank: int = 0) -> None:
        self.left, self.rank = after, rank

    def of(self, ranks: Ranks) -> Told:
        def told(progress: Progress) -> None:
            if ranks.rank != self.rank:
                return
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt

        return told


NEVER = Interrupt(10**9)


def on_disk(
    size: int,
    folder: Path,
    make: Make,
    properties: Sequence[Property],
    symmetry: Any = (),
    interrupt: Interrupt = NEVER,
    **more: Any,
) -> Report:
    """Search in so many ranks; demand one report of all of them."""
    disk = Disk(folder, **{"every": 0, "room": 4_000, **more})
    first, *others = in_ranks(
        size,
        lambda ranks: search(
            make(), properties, symmetry, interrupt.of(ranks), ranks=ranks, disk=disk
        ),
    )
    assert isinstance(first, Report), first
    for each in others:
        assert isinstance(each, Report), each
        assert content(each) == content(first)
    return first


def same(report: Report, expected: Report) -> None:
    assert report.bytes_on_disk is not None
    assert content(replace(report, bytes_on_disk=None)) == content(expected)


def in_pieces(
    sizes: Sequence[int], folder: Path, make: Make, properties: Sequence[Property], symmetry: Any
) -> Report:
    """Search in runs of so many ranks, each but the last interrupted; return what that reports."""
    for number, size in enumerate(sizes):
        interrupt = Interrupt(2 + 2 * number) if number < len(sizes) - 1 else NEVER
        report = on_disk(size, folder, make, properties, symmetry, interrupt)
        if report.verdict is not Verdict.INCOMPLETE:
            break
        assert report.stopped_by == "interrupt"
    return report


@pytest.mark.parametrize("size", [2, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 3))])
def test_raft_holds_on_the_disks_of_any_number_of_processes(size: int, tmp_path: Path) -> None:
    model = Model(term=1, log=1, messages=2, restarts=1)
    expected = search(model.system(), model.properties(), model.symmetry, engine="native")
    same(on_disk(size, tmp_path, model.system, model.properties(), model.symmetry), expected)


@pytest.mark.parametrize(
    "name", ["vote-not-persisted", pytest.param("commit-index-lowered", marks=pytest.mark.long)]
)
def test_one_counterexample_of_a_bug_that_others_went_on_with(name: str, tmp_path: Path) -> None:
    """And once more when it was found: nothing of that is lost."""
    model = Model.within(BUGS[name].bounds)
    make = partial(model.system, BUGS[name].node)
    harm = model.harm(BUGS[name])
    expected = search(make(), harm, model.symmetry, engine="native")
    report = in_pieces([2, 3], tmp_path, make, harm, model.symmetry)
    assert report.verdict is Verdict.VIOLATED
    same(report, expected)
    same(on_disk(1, tmp_path, make, harm, model.symmetry), expected)


@pytest.mark.long
@settings(max_examples=15, deadline=None)
@given(
    model=SMALL,
    bug=st.sampled_from([None, *BUGS]),
    network=st.sampled_from(["set", "fifo"]),
    depth=st.sampled_from([4, 9, 14]),
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3),
)
def test_one_report_of_raft(
    model: Model, bug: str | None, network: NetworkKind, depth: int, sizes: list[int]
) -> None:
    make = partial(shallow, model, bug, network, depth)
    properties = model.properties()
    expected = search(make(), properties, model.symmetry, engine="native")
    with tempfile.TemporaryDirectory() as folder:
        report = in_pieces(sizes, Path(folder), make, properties, model.symmetry)
    same(report, expected)


@pytest.mark.long
@settings(max_examples=15, deadline=None)
@given(
    servers=st.integers(2, 3),
    network=st.sampled_from(["set", "fifo"]),
    faults=st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 2)),
    messages=st.sampled_from([0, 1, 2, 3, 30, None]),
    properties=st.sampled_from([[], [ORDERED, WHOLE]]),
    symmetry=st.booleans(),
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3),
)
def test_one_report_of_a_foreign_node(
    servers: int,
    network: NetworkKind,
    faults: tuple[int, int, int],
    messages: int | None,
    properties: list[Property],
    symmetry: bool,
    sizes: list[int],
) -> None:
    bounds = Bounds(messages, *faults, 6, measures={"max_said": 2})
    make = counting(bounds, network, servers)
    expected = search(make(), properties, symmetry, engine="native")
    with tempfile.TemporaryDirectory() as folder:
        report = in_pieces(sizes, Path(folder), make, properties, symmetry)
    same(report, expected)


@pytest.mark.long
@pytest.mark.parametrize("network", ["set", "fifo"])
def test_networks_become_numbers_in_the_middle_of_a_search(
    network: NetworkKind, tmp_path: Path
) -> None:
    """All states get other keys, at another time in each process."""
    bounds = Bounds(12, measures={"max_said": 60}, depth=13)
    expected = search(counting(bounds, network)(), [], True, engine="native")
    same(in_pieces([3, 2], tmp_path, counting(bounds, network), [], True), expected)


# ---- What is left of runs


def small() -> System:
    return counting(Bounds(2, 1, measures={"max_said": 2}))()


def test_what_is_taken_over_is_removed(tmp_path: Path) -> None:
    first = on_disk(3, tmp_path, small, [], True)
    same(on_disk(2, tmp_path, small, [], True), replace(first, bytes_on_disk=None))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "run-2-rank-0-of-2",
        "run-2-rank-1-of-2",
    ]


def folder_of(folder: Path, rank: int, ranks: int = 2) -> Folder:
    """Return the folder of a rank of the first run."""
    path = folder / f"run-1-rank-{rank}-of-{ranks}"
    found = Folder(path, json.loads((path / MANIFEST).read_text())["setting"])
    found.load()
    return found


@pytest.mark.parametrize("rank", [0, pytest.param(1, marks=pytest.mark.long)])
def test_one_had_not_kept_yet_what_the_other_had(rank: int, tmp_path: Path) -> None:
    """They were killed between: what counts is what both have."""
    on_disk(2, tmp_path, small, [], True, Interrupt(6))
    late = folder_of(tmp_path, rank)
    assert late.before
    assert late.before.keys() != late.files.keys()
    late.commit(late.before, 0.0)
    same(on_disk(3, tmp_path, small, [], True), search(small(), [], True, engine="native"))


@pytest.mark.long
def test_one_had_not_kept_anything_yet(tmp_path: Path) -> None:
    """Then nothing is lost with what the other had."""
    on_disk(2, tmp_path, small, [], True, Interrupt(3))
    folder_of(tmp_path, 1).commit({}, 0.0)
    same(on_disk(2, tmp_path, small, [], True), search(small(), [], True, engine="native"))


@pytest.mark.long
def test_a_run_that_was_killed_while_it_took_over(tmp_path: Path) -> None:
    """The one before is there, whole."""
    on_disk(2, tmp_path, small, [], True, Interrupt(3))
    for rank in range(3):
        (tmp_path / f"run-2-rank-{rank}-of-3").mkdir()
    (tmp_path / "run-2-rank-1-of-3" / "level-0-0.bin").write_bytes(b"half of it")
    same(on_disk(2, tmp_path, small, [], True), search(small(), [], True, engine="native"))
    assert {path.name[:5] for path in tmp_path.iterdir()} == {"run-3"}


def test_one_alone_goes_on(tmp_path: Path) -> None:
    on_disk(2, tmp_path, small, [], True, Interrupt(3))
    report = search(small(), [], True, engine="native", disk=Disk(tmp_path))
    same(report, search(small(), [], True, engine="native"))


def refused(folder: Path, size: int = 2, make: Make = small, **given: Any) -> str:
    given = given or {"disk": Disk(folder)}
    outcomes = in_ranks(size, lambda ranks: search(make(), [], True, ranks=ranks, **given))
    for outcome in outcomes:
        assert isinstance(outcome, CheckpointError), outcome
    return str(outcomes[0])


@pytest.mark.long
def test_a_rank_whose_folder_is_missing(tmp_path: Path) -> None:
    on_disk(3, tmp_path, small, [], True)
    shutil.rmtree(tmp_path / "run-1-rank-1-of-3")
    assert "run-1-rank-1-of-3 is missing" in refused(tmp_path)


def test_another_search(tmp_path: Path) -> None:
    on_disk(2, tmp_path, small, [], True)
    other = counting(Bounds(3, 1, measures={"max_said": 2}))
    assert "another search: max_messages was 2, and is 3" in refused(tmp_path, 3, other)


def test_what_one_process_has_begun(tmp_path: Path) -> None:
    search(small(), [], True, engine="native", disk=Disk(tmp_path))
    assert "one process has searched there" in refused(tmp_path)


@pytest.mark.long
def test_a_damaged_file_of_one_rank(tmp_path: Path) -> None:
    on_disk(2, tmp_path, small, [], True)
    [path] = (tmp_path / "run-1-rank-1-of-2").glob("servers*")
    path.write_bytes(flipped(path.read_bytes(), 1))
    assert "servers.bin: damaged" in refused(tmp_path)


@pytest.mark.long
def test_a_node_that_answers_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_disk(2, tmp_path, small, [], True)
    receive = toys.Counting.receive

    def deaf(self: toys.Counting, state: toys.Talker, message: toys.Number) -> Any:
        step = receive(self, state, message)
        return None if step is None else replace(step, state=state)

    monkeypatch.setattr(toys.Counting, "receive", deaf)
    assert "the node no longer answers as it did" in refused(tmp_path)


@pytest.mark.long
def test_checkpoints_are_as_states_on_disk(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, resume=True, every=0)
    assert "there is no checkpoint" in refused(tmp_path, checkpoints=kept)
    begun = replace(kept, resume=False)
    stop = Interrupt(3)
    in_ranks(
        2, lambda ranks: search(small(), [], True, stop.of(ranks), ranks=ranks, checkpoints=begun)
    )
    assert "holds a checkpoint already" in refused(tmp_path, checkpoints=begun)
    reports = in_ranks(3, lambda ranks: search(small(), [], True, ranks=ranks, checkpoints=kept))
    for report in reports:
        assert isinstance(report, Report), report
        same(report, search(small(), [], True, engine="native"))

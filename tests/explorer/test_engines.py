"""Whatever is searched: one report of all engines, and of any number of threads and of ranks."""

import pickle
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raft_ref.explorer import Disk, Report
from raft_ref.verify import ClusterRequest, GivenSizes
from tests.support.configurations import Configuration, configurations
from tests.support.files import ROOT
from tests.support.ranks import in_ranks
from tests.support.reports import content

pytest.importorskip("raft_ref.explorer._core")

MPIRUN = str(Path(sysconfig.get_path("scripts")) / "mpirun")


def native(each: Configuration, **how: Any) -> dict[str, Any]:
    return content(replace(each.searched(engine="native", **how), bytes_on_disk=None))


def others(each: Configuration) -> Iterator[tuple[str, dict[str, Any]]]:
    """Search with each engine but the plain one; yield what each is, and what it found."""
    for threads in (1, 2):
        yield f"native, {threads} threads", native(each, threads=threads)
    for threads, room in ((1, None), (2, 1)):
        with tempfile.TemporaryDirectory() as folder:
            disk = Disk(Path(folder), every=0, room=room)
            yield f"disk, {threads} threads", native(each, threads=threads, disk=disk)
    for size in (1, 2, 3, 4):
        for report in in_ranks(size, lambda ranks: each.searched(ranks=ranks)):
            assert isinstance(report, Report), report
            yield f"{size} ranks", content(report)
    with tempfile.TemporaryDirectory() as folder:
        disk = Disk(Path(folder), every=0, room=4_000)
        for report in in_ranks(3, lambda ranks: each.searched(ranks=ranks, disk=disk)):
            assert isinstance(report, Report), report
            yield "3 ranks, disk", content(replace(report, bytes_on_disk=None))


def all_agree(each: Configuration) -> None:
    expected = content(each.searched(engine="plain"))
    for name, found in others(each):
        assert found == expected, name


LONG, DEEP = [pytest.mark.long], [pytest.mark.long, pytest.mark.deep]


@pytest.mark.parametrize(
    ("examples", "deepest"),
    [(3, 4), pytest.param(8, 14, marks=LONG), pytest.param(69, 14, marks=DEEP)],
)
def test_all_engines_give_one_report(examples: int, deepest: int) -> None:
    drawn = given(each=configurations(deepest))
    settings(max_examples=examples, deadline=None)(drawn(all_agree))()


@pytest.mark.parametrize(
    ("lists", "each_of"), [pytest.param(1, 4, marks=LONG), pytest.param(3, 23, marks=DEEP)]
)
def test_processes_give_the_report_of_one(lists: int, each_of: int) -> None:
    """Each hashes strings by a seed of its own; they are started once for many searches."""

    @settings(max_examples=lists, deadline=None)
    @given(several=st.lists(configurations(), min_size=each_of, max_size=each_of))
    def processes_agree(several: list[Configuration]) -> None:
        expected = [native(each, threads=1) for each in several]
        for size in (1, 2, 3, 4):
            found = in_processes(size, several)
            for each, one, other in zip(several, found, expected, strict=True):
                assert one == other, (size, each)

    processes_agree()


def in_processes(size: int, several: list[Configuration]) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "several.pickle"
        path.write_bytes(pickle.dumps(several))
        module = [sys.executable, "-m", "tests.support.configurations", str(path)]
        subprocess.run([MPIRUN, "-n", str(size), *module], cwd=ROOT, check=True, timeout=300)
        return pickle.loads(path.with_suffix(".found").read_bytes())


class Forgetful(Configuration):
    """Of which an engine loses a step."""

    def searched(self, **how: Any) -> Report:
        report = super().searched(**how)
        is_here = "disk" in how and how["threads"] == 2
        return replace(report, transitions=report.transitions - 1) if is_here else report


def test_an_engine_that_differs_is_named() -> None:
    each = Forgetful(ClusterRequest(sizes=GivenSizes(servers=2), depth=4), ())
    with pytest.raises(AssertionError, match="disk, 2 threads"):
        all_agree(each)

"""RaftTrace.tla allows what it allows: on a small model, as many states and steps as ever."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from raft_ref.spec.checker.config import parse_config
from raft_ref.spec.checker.search import check
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.files import EXTENDED_TRACE, RAFT_TRACE
from raft_ref.spec.module import load
from raft_ref.spec.tlc.run import run_tlc
from tests.support.files import ROOT

CONFIG = ROOT / "spec" / "MCRaftTrace.cfg"
SMALL = {"MaxTerm = 2": "MaxTerm = 1", "MaxMessages = 2": "MaxMessages = 1"}
COUNTS = ("HOLDS", 2_305, 28_998, 17)


def small_counts() -> tuple[str, int, int, int]:
    """Return how a small model ends: states, successors, depth."""
    text = CONFIG.read_text(encoding="utf-8")
    for large, small in SMALL.items():
        text = text.replace(large, small)
    model = load(RAFT_TRACE.with_name("MCRaftTrace.tla"))
    report = check(task_of(model, parse_config(text, CONFIG.name), False))
    return report.verdict.name, report.distinct_states, report.generated_states, report.depth


EXTENDED_MODEL = EXTENDED_TRACE.with_name("MCExtendedRaftTrace.tla")


def small_with_features() -> str:
    """Return the configuration of a small model of liberties with features."""
    text = EXTENDED_MODEL.with_suffix(".cfg").read_text(encoding="utf-8")
    for large in ("MaxTerm = 2", "MaxLogLength = 1", "MaxRestarts = 1"):
        assert large in text
        text = text.replace(large, f"{large[:-1]}{int(large[-1]) - 1}")
    return text


MEMBERSHIP = EXTENDED_MODEL.with_name("MCMembershipTrace.cfg")


def small_with_changes() -> str:
    """Return the configuration of a small model of liberties while the membership changes."""
    text = MEMBERSHIP.read_text(encoding="utf-8")
    assert "MaxLogLength = 2" in text
    return text.replace("MaxLogLength = 2", "MaxLogLength = 1")


def beside_each_other(folder: Path) -> Path:
    """Copy all modules into one folder, where real TLC finds them; return the model."""
    for each in (*RAFT_TRACE.parent.glob("*.tla"), *EXTENDED_TRACE.parent.glob("*.tla")):
        shutil.copy(each, folder)
    return folder / EXTENDED_MODEL.name


SMALL_MODELS = [
    pytest.param(small_with_features, (2_365, 18_222, 20), id="features"),
    pytest.param(small_with_changes, (6_452, 32_169, 21), id="changes"),
]
"""What is allowed with features, and while the membership changes: as much as ever."""


@pytest.mark.long
@pytest.mark.parametrize(("small", "counts"), SMALL_MODELS)
def test_the_liberties_with_features_break_no_property(
    small: Callable[[], str], counts: tuple[int, int, int]
) -> None:
    report = check(task_of(load(EXTENDED_MODEL), parse_config(small(), CONFIG.name), False))
    assert report.verdict.name == "HOLDS"
    assert (report.distinct_states, report.generated_states, report.depth) == counts


@pytest.mark.long
@pytest.mark.parametrize(("small", "counts"), SMALL_MODELS)
def test_tlc_finds_as_much_with_features(
    small: Callable[[], str], counts: tuple[int, int, int], tmp_path: Path
) -> None:
    config = tmp_path / "MCExtendedRaftTrace.cfg"
    config.write_text(small(), encoding="utf-8")
    found = run_tlc(beside_each_other(tmp_path), config)  # one worker: so its depth is exact
    assert found.ok
    assert (found.distinct_states, found.generated_states, found.depth) == counts


@pytest.mark.long
def test_a_liberty_that_breaks_a_property_is_found(tmp_path: Path) -> None:
    """Who is told nothing stands without pre-votes: the model says so."""
    model = beside_each_other(tmp_path)
    own = tmp_path / EXTENDED_TRACE.name
    text = own.read_text(encoding="utf-8")
    assert "Timeout(i) == E!Timeout(i)" in text
    own.write_text(text.replace("E!Timeout(i)", "T!Timeout(i) /\\ E!Watched(i, E!NoMessage)"))
    config = parse_config(small_with_features(), CONFIG.name)
    report = check(task_of(load(model), config, False))
    assert report.verdict.name == "VIOLATED"


READS = EXTENDED_MODEL.with_name("MCReadsTrace.cfg")
ALONE, WITH_LEASES = '{"ReadIndex"}', '{"ReadIndex", "Leases"}'


@pytest.mark.long
@pytest.mark.parametrize(
    ("features", "counts"), [(ALONE, (2_599, 11_990, 26)), (WITH_LEASES, (7_729, 40_117, 28))]
)
def test_the_liberties_of_reads_break_no_property(
    features: str, counts: tuple[int, int, int]
) -> None:
    text = READS.read_text(encoding="utf-8")
    config = parse_config(text.replace(ALONE, features), READS.name)
    report = check(task_of(load(EXTENDED_MODEL), config, False))
    assert report.verdict.name == "HOLDS"
    assert (report.distinct_states, report.generated_states, report.depth) == counts


@pytest.mark.long
def test_a_liberty_of_reads_that_breaks_a_property_is_found(tmp_path: Path) -> None:
    """Who is asked knows the index by itself: the model says so."""
    model = beside_each_other(tmp_path)
    own = tmp_path / EXTENDED_TRACE.name
    text = own.read_text(encoding="utf-8")
    unknown = "readIndex' = [readIndex EXCEPT ![i] = 0]"
    assert unknown in text
    own.write_text(text.replace(unknown, unknown.replace("0]", "commitIndex[i]]")))
    longer = READS.read_text(encoding="utf-8").replace("MaxLogLength = 1", "MaxLogLength = 2")
    report = check(task_of(load(model), parse_config(longer, READS.name), False))
    assert report.verdict.name == "VIOLATED"


def test_the_liberties_are_as_many_as_they_were() -> None:
    assert small_counts() == COUNTS


@pytest.mark.long
def test_a_liberty_of_membership_that_breaks_a_property_is_found(tmp_path: Path) -> None:
    """Who starts again may have forgotten which configurations are committed: the model says so."""
    model = beside_each_other(tmp_path)
    own = tmp_path / EXTENDED_TRACE.name
    text = own.read_text(encoding="utf-8")
    kept = "    /\\ commit >= Settled(i)\n"
    assert text.count(kept) == 2
    own.write_text(text.replace(kept, ""))
    report = check(task_of(load(model), parse_config(small_with_changes(), MEMBERSHIP.name), False))
    assert report.verdict.name == "VIOLATED"

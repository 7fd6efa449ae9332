"""Properties of behaviors, of each kind, under each fairness, of mutants: TLC judges as we do.

Door.tla has a property of each kind; what is fair decides which hold, and so does each mutant.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from raft_ref.spec.checker.config import load_config
from raft_ref.spec.checker.search import check
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.checker.verdict import Verdict
from raft_ref.spec.module import load
from raft_ref.spec.tlc.run import is_installed, run_tlc
from tests.support.files import SPECS

FAIR = ("None", "Any", "Weak", "Strong", "Alone")
KINDS = ("Ends", "Again", "Rests", "Leads", "Weakly", "Strongly", "Gives", "Goes")
MUTANTS = {
    "as it is": ("", ""),
    "stays open": ("/\\ TRUE                 \\* opens", "/\\ open = 0"),
    "takes once": ("/\\ got < 2              \\* takes", "/\\ got < 1"),
    "takes two": ("/\\ got' = got + 1       \\* more", "/\\ got' = 2"),
    "takes none": ("/\\ got < 2              \\* takes", "/\\ FALSE"),
    "keeps": ("/\\ got = 2              \\* gives", "/\\ FALSE"),
}
"""Each with what is changed, and into what."""

HOLDS = {
    "as it is": (
        "",
        "Weakly",
        "Weakly",
        "Ends Again Leads Weakly Strongly Gives Goes",
        "Weakly Strongly",
    ),
    "stays open": (
        "",
        "Ends Again Leads Weakly Strongly Gives Goes",
        "Ends Again Leads Weakly Strongly Gives Goes",
        "Ends Again Leads Weakly Strongly Gives Goes",
        "Leads Weakly Strongly",
    ),
    "takes once": ("", "Weakly", "Weakly", "Weakly Strongly", "Weakly Strongly"),
    "takes two": (
        "Leads",
        "Leads Weakly",
        "Leads Weakly",
        "Ends Again Leads Weakly Strongly Gives",
        "Leads Weakly Strongly",
    ),
    "takes none": (
        "Rests Leads Weakly Strongly",
        "Rests Leads Weakly Strongly",
        "Rests Leads Weakly Strongly",
        "Rests Leads Weakly Strongly",
        "Rests Leads Weakly Strongly",
    ),
    "keeps": ("", "Weakly", "Weakly", "Ends Again Leads Weakly Strongly", "Weakly Strongly"),
}
"""Which properties hold, by mutant, under each fairness in the order of `FAIR`."""


def written(folder: Path, mutant: str) -> Path:
    for name in ("Steps", "Door"):
        text = (SPECS / f"{name}.tla").read_text()
        old, new = MUTANTS[mutant]
        if name == "Door" and old:
            assert text.count(old) == 1
            text = text.replace(old, new)
        (folder / f"{name}.tla").write_text(text)
    return folder / "Door.tla"


def config(folder: Path, fair: str, kind: str) -> Path:
    path = folder / "Door.cfg"
    path.write_text(f"SPECIFICATION {fair} PROPERTY {kind}")
    return path


def ours(folder: Path, mutant: str, fair: str) -> list[str]:
    module = load(written(folder, mutant))
    found = []
    for kind in KINDS:
        report = check(task_of(module, load_config(config(folder, fair, kind)), False))
        assert report.verdict in (Verdict.HOLDS, Verdict.VIOLATED)
        assert report.verdict is Verdict.HOLDS or report.violated == kind
        found += [kind] if report.verdict is Verdict.HOLDS else []
    return found


@pytest.mark.long
@pytest.mark.parametrize("mutant", MUTANTS)
def test_what_holds(tmp_path: Path, mutant: str) -> None:
    found = tuple(" ".join(ours(tmp_path, mutant, fair)) for fair in FAIR)
    assert found == HOLDS[mutant]


def test_each_kind_holds_somewhere_and_is_broken() -> None:
    """By a mutant under the same fairness, or by less fairness of the same mutant."""
    for kind in KINDS:
        holds = {m: [kind in each.split() for each in found] for m, found in HOLDS.items()}
        by_fairness = [*zip(*holds.values(), strict=True)]
        assert any(len({*each}) == 2 for each in (*by_fairness, *holds.values())), kind


@pytest.mark.long
@pytest.mark.deep
@pytest.mark.skipif(not is_installed(), reason="the extra [tlc] is not installed")
@pytest.mark.parametrize("fair", FAIR)
@pytest.mark.parametrize("mutant", MUTANTS)
def test_tlc_judges_alike(tmp_path: Path, mutant: str, fair: str) -> None:
    """TLC does not say which of several is violated: what holds is asked together."""
    module = written(tmp_path, mutant)
    hold = HOLDS[mutant][FAIR.index(fair)].split()
    for kinds in ([hold] if hold else []) + [[kind] for kind in KINDS if kind not in hold]:
        result = run_tlc(module, config(tmp_path, fair, " ".join(kinds)), deadlock=False)
        is_violated = "is violated" in result.output or "were violated" in result.output
        assert (result.ok, is_violated) == (kinds == hold, kinds != hold), result.output

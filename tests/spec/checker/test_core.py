"""The search with a native core finds what the search in Python alone finds, which is its twin.

Compared is the whole report, but for the time: counts, coverage action by action, verdict, error
and counterexample.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raft_ref.explorer.engines.choice import row_search
from raft_ref.spec import SpecError, load
from raft_ref.spec.checker.behavior import as_ndjson
from raft_ref.spec.checker.config import load_config
from raft_ref.spec.checker.core import Core
from raft_ref.spec.checker.search import Search
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.checker.verdict import Report, Verdict
from raft_ref.spec.link import MODEL
from tests.spec.checker.test_corpus import names
from tests.spec.language.test_memoization import HEAD, actions
from tests.support.files import CORPUS
from tests.support.models import Model


def search_of(module: Path, config: Path, most_answers: int | None) -> Search:
    """Return a search in Python (None), or with a core that forgets after so many answers."""
    task = task_of(load(module), load_config(config))
    if most_answers is None:
        return Search(task)
    found = row_search("native")
    assert found is not None
    return Search(task, core=Core(found[0], 1 << 28, most_answers))


def outcome(search: Search) -> tuple[Any, ...]:
    report = search.run()
    shown = None if report.counterexample is None else as_ndjson(report.counterexample)
    return replace(report, seconds=0, counterexample=None, error=None), str(report.error), shown


def compared(module: Path, config: Path, most_answers: int = 1 << 20) -> Report:
    """Compare the two; return what both found."""
    expected = outcome(search_of(module, config, None))
    assert outcome(search_of(module, config, most_answers)) == expected
    report: Report = expected[0]
    return report


def compared_of_corpus(name: str) -> None:
    with suppress(SpecError):  # tests/spec/checker/test_corpus.py says why
        compared(CORPUS / f"{name.partition('.')[0]}.tla", CORPUS / f"{name}.cfg")


@pytest.mark.long
@pytest.mark.parametrize("name", [*names(True, is_error=True), *names(True, is_error=False)])
def test_the_corpus(name: str) -> None:
    compared_of_corpus(name)


@pytest.mark.parametrize("most_answers", [50, 1 << 20])
def test_our_model_of_raft(tmp_path: Path, most_answers: int) -> None:
    """However soon all is forgotten; with symmetry, properties of states and of steps."""
    config = tmp_path / "MCRaft.cfg"
    config.write_text(Model(term=2, log=1, restarts=0, drops=0, duplicates=0).config())
    assert compared(MODEL, config, most_answers).verdict is Verdict.HOLDS


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    disjuncts=st.lists(actions(), min_size=1, max_size=3),
    asked=st.sets(
        st.sampled_from(
            [
                "CONSTRAINT Few",
                "ACTION_CONSTRAINT Slow",
                "INVARIANT Bounded",
                "PROPERTY Grows",
                "VIEW Seen",
                "CHECK_DEADLOCK FALSE",
            ]
        )
    ),
)
def test_any_actions(tmp_path: Path, disjuncts: list[str], asked: set[str]) -> None:
    pick = r"\E m \in S : S' = S \ {m} /\ UNCHANGED <<f, n>>"
    listed = "\n".join(f"    \\/ {each}" for each in [*disjuncts, pick])
    module, config = tmp_path / "Any.tla", tmp_path / "Any.cfg"
    module.write_text(
        rf"""---- MODULE Any ----
EXTENDS Integers, FiniteSets, TLC
VARIABLES S, f, n
{HEAD}
Next ==
{listed}
Few == n < 3 /\ Cardinality(S) < 3 /\ f[1] < 4
Slow == n' <= n + 1
Bounded == n + f[2] < 6
Grows == [][n' >= n - 1]_<<S, f, n>>
Seen == <<S, n>>
====
"""
    )
    config.write_text("\n".join(["INIT Init", "NEXT Next", *sorted({*asked, "CONSTRAINT Few"})]))
    compared(module, config)

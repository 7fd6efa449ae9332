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
from raft_ref.spec.checker.behavior import as_table
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
    shown = None if report.counterexample is None else as_table(report.counterexample)
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


@pytest.mark.long
@pytest.mark.parametrize("most_answers", [500, 1 << 20])
def test_our_model_of_raft(tmp_path: Path, most_answers: int) -> None:
    """However soon all is forgotten; with symmetry, properties of states and of steps."""
    config = tmp_path / "MCRaft.cfg"
    config.write_text(Model(term=2, log=0, restarts=1).config())
    assert compared(MODEL, config, most_answers).verdict is Verdict.HOLDS


GRID = r"""---- MODULE Grid ----
EXTENDS Naturals
VARIABLES x, y, seen
Init == x = 0 /\ y = 0 /\ seen = {}
X == x < 30 /\ x' = x + 1 /\ UNCHANGED <<y, seen>>
Y == y < 30 /\ y' = y + 1 /\ UNCHANGED <<x, seen>>
Next == X \/ Y
Apart == x + y < LIMIT
====
"""


@pytest.mark.parametrize(("limit", "states"), [(99, 961), (20, 211)])
def test_what_repeats_itself_is_asked_once(tmp_path: Path, limit: int, states: int) -> None:
    """And the state of which more is to be said than counts is left to Python, as the last one."""
    module, config = tmp_path / "Grid.tla", tmp_path / "Grid.cfg"
    module.write_text(GRID.replace("LIMIT", str(limit)))
    config.write_text("INIT Init NEXT Next INVARIANT Apart CHECK_DEADLOCK FALSE")
    made: list[Any] = []
    found = row_search("native")
    assert found is not None
    make, memory = found

    def kept(model: Any, setting: Any) -> Any:
        made.append(make(model, setting))
        return made[0]

    task = task_of(load(module), load_config(config))
    report = Search(task, core=Core(kept, memory)).run()
    assert report.distinct_states == states
    assert made[0].asked() < 31 + 31 + states + 10  # the invariant is of both, and so of each state
    assert (report.verdict is Verdict.VIOLATED) == (limit == 20)


@pytest.mark.long
def test_a_search_that_needs_more_memory_ends_incomplete(tmp_path: Path) -> None:
    module, config = tmp_path / "Grid.tla", tmp_path / "Grid.cfg"
    module.write_text(GRID.replace("LIMIT", "999").replace("< 30", "< 300"))
    config.write_text("INIT Init NEXT Next INVARIANT Apart CHECK_DEADLOCK FALSE")
    found = row_search("native")
    assert found is not None
    report = Search(task_of(load(module), load_config(config)), core=Core(found[0], 1 << 20)).run()
    assert report.verdict is Verdict.INCOMPLETE
    assert 0 < report.covered_depth < report.depth
    assert report.distinct_states < 301 * 301


def test_the_plain_engine_has_no_core() -> None:
    assert row_search("plain") is None


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
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

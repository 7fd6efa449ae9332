"""The search with a native core finds what the search in Python alone finds, which is its twin.

Compared is the whole report, but for the time: counts, coverage action by action, verdict, error and
counterexample.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

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
from tests.spec.language.test_memoization import HEAD, actions
from tests.support.files import CORPUS
from tests.support.models import Model


def core(most_answers: int = 1 << 20) -> Core:
    found = row_search("native")
    assert found is not None
    return Core(found[0], 1 << 28, most_answers)


def reports(module: Path, config: Path, native: Core | None = None) -> tuple[Report, Report]:
    """Return what is found in Python alone, and with a core; each has effects of its own."""
    plain, twin = (Search(task_of(load(module), load_config(config)), core=each) for each in (None, native or core()))
    return plain.run(), twin.run()


def compared(module: Path, config: Path, native: Core | None = None) -> Report:
    plain, twin = reports(module, config, native)
    found = [
        (
            replace(each, seconds=0, counterexample=None, error=None),
            str(each.error),
            each.counterexample and as_ndjson(each.counterexample),
        )
        for each in (plain, twin)
    ]
    assert found[0] == found[1]
    return twin


def models(*, deep: bool) -> list[Path]:
    return sorted(CORPUS.glob("*.cfg"))


@pytest.mark.parametrize("config", sorted(CORPUS.glob("*.cfg")), ids=lambda path: path.stem)
def test_all_of_the_corpus(config: Path) -> None:
    try:
        compared(CORPUS / f"{config.stem.partition('.')[0]}.tla", config)
    except SpecError:
        return  # tests/spec/checker/test_corpus.py says why

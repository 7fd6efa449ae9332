"""Each token of the node and of the specification matters: changed, it is noticed.

All one-token mutants that can be made were run once, by `python -m tests.support.mutants`; what
became of each stands in tests/data/mutants. Here that is held against the files, and, as a long
test, a sample is run again.
"""

import random
import shutil
from pathlib import Path

import pytest

from raft_ref.features import Feature
from raft_ref.spec import Module, load, model_value
from raft_ref.spec.files import EXTENDED
from raft_ref.spec.link.features.variables import ExtendedVariables
from tests.support.mutants import loaded, of_python, of_tla, table
from tests.support.mutants.__main__ import carried
from tests.support.mutants.mutant import FEATURES, SPEC, Mutant, source_of
from tests.support.mutants.run import outcome_of
from tests.support.mutants.table import CAUGHT, EQUIVALENT, FILES, HOLE, NOT_RUN, SURVIVED

WAITING = frozenset(
    {
        "ExtendedRaftTrace.tla",
        "MCExtendedRaft.tla",
        "MCExtendedRaftTrace.tla",
        "MCRaftTrace.tla",
        "Membership.tla",
    }
)
"""Files of which some mutants were not run yet."""
RUN = [name for name in FILES if name not in WAITING]
SAMPLE, SEED = 12, 18
"""How many mutants of a file are run again, and what chooses them."""
SAMPLED = [
    # Before those of features are run, what they are held against takes a while.
    pytest.param(name, marks=[pytest.mark.deep] if source_of(name).parent == FEATURES else [])
    for name in RUN
]


@pytest.mark.parametrize("name", RUN)
def test_the_table_is_that_of_the_file(name: str) -> None:
    """If not, the file has changed, and the command above brings the table in line with it."""
    assert sorted(table.read(name)) == table.made(name)


@pytest.mark.parametrize("name", RUN)
def test_each_mutant_was_judged(name: str) -> None:
    for mutant, outcome in table.read(name).items():
        kind, _, reason = outcome.partition(": ")
        assert kind in (CAUGHT, EQUIVALENT, HOLE), mutant
        assert reason, mutant


def test_what_waits_to_be_run_is_named() -> None:
    known = {name: table.read(name) for name in FILES}
    assert {name for name in FILES if _waits(known[name])} == WAITING


def _waits(rows: table.Table) -> bool:
    return not rows or bool({NOT_RUN, SURVIVED} & {*rows.values()})


@pytest.mark.long
@pytest.mark.parametrize("name", SAMPLED)
def test_what_became_of_a_mutant_becomes_of_it_again(name: str) -> None:
    known = table.read(name)
    for mutant in random.Random(SEED).sample(sorted(known), SAMPLE):
        outcome = outcome_of(name, mutant, is_deep=False)
        is_deep = known[mutant].startswith(CAUGHT) and outcome == SURVIVED
        if is_deep:
            outcome = outcome_of(name, mutant, is_deep=True)
        is_caught = outcome.startswith(CAUGHT)
        assert is_caught == known[mutant].startswith(CAUGHT), f"{mutant}: {outcome}"


# What is made of a text

TLA = """---- MODULE M ----
VARIABLE log
Grow(i, j) == /\\ i <= 1 \\* and nothing else < 2
              /\\ log' = "Leader"
====
"""
PYTHON = '''def grow(term: int, index: int) -> bool:
    """Not 1 < 2."""
    return term <= 1 and index is not None
'''


def as_text(mutants: list[Mutant]) -> list[str]:
    return [str(each) for each in mutants]


def test_mutants_of_tla() -> None:
    assert as_text(of_tla.mutants(TLA)) == [
        "3:15  /\\ -> \\/",
        "3:18  i -> j",
        "3:20  <= -> <",
        "3:20  <= -> >",
        "3:23  1 -> 2",
        "4:15  /\\ -> \\/",
        "4:21  ' -> (nothing)",
        "4:23  = -> #",
        '4:25  "Leader" -> "Candidate"',
        '4:25  "Leader" -> "Follower"',
    ]


def test_mutants_of_python() -> None:
    assert as_text(of_python.mutants(PYTHON)) == [
        "3:12  term -> index",
        "3:17  <= -> <",
        "3:17  <= -> >",
        "3:20  1 -> 2",
        "3:22  and -> or",
        "3:26  index -> term",
        "3:35  not -> (nothing)",
    ]


def test_a_mutant_is_the_text_but_for_one_token() -> None:
    assert Mutant(3, 20, "1", "2").apply(PYTHON) == PYTHON.replace("<= 1 and", "<= 2 and")
    with pytest.raises(ValueError, match="3:20: there is no 7"):
        Mutant(3, 20, "7", "8").apply(PYTHON)


def test_what_is_known_moves_along_with_the_tokens() -> None:
    old = dict.fromkeys(of_python.mutants(PYTHON), "caught: somehow")
    moved = of_python.mutants(f"\n{PYTHON}".replace("<= 1", "<= 7"))
    known = carried(old, moved)
    assert {str(each) for each, outcome in known.items() if outcome == NOT_RUN} == {"4:20  7 -> 8"}


def test_a_file_as_it_is_survives() -> None:
    assert outcome_of("RaftProgress.tla", None, is_deep=False) == SURVIVED


@pytest.mark.long
def test_what_is_as_before_need_not_be_loaded_anew(tmp_path: Path) -> None:
    for path in (each for where in (SPEC, FEATURES) for each in where.glob("*.tla")):
        shutil.copy(path, tmp_path)
    changed = tmp_path / "LeaderContact.tla"
    text = changed.read_text(encoding="utf-8")
    changed.write_text(text.replace("MayStand(i) == ~", "MayStand(i) == "), encoding="utf-8")
    path = tmp_path / EXTENDED.name
    with loaded.keeping([EXTENDED.parent]):
        as_it_is = timeouts(load(EXTENDED))
    with loaded.again(tmp_path):
        kept = timeouts(load(path))
    assert kept == timeouts(load(path)) != as_it_is


def timeouts(module: Module) -> int:
    """Return in how many ways a server that has just begun may take Timeout."""
    constants = ExtendedVariables(["s1", "s2"], ["v1"], [Feature.CHECK_QUORUM]).constants
    [begun] = module.transitions(constants, next="FALSE").initial()
    return len(module.action("Timeout", constants).successors(begun, model_value("s1")))


def test_a_mutant_is_caught() -> None:
    text = source_of("RaftProgress.tla").read_text(encoding="utf-8")
    [first, *_] = [each for each in of_tla.mutants(text) if each.token == '"Leader"']
    assert outcome_of("RaftProgress.tla", first, is_deep=False).startswith("caught: states by hand")

"""What TLC is given: the formulas of the models, their configurations, and what they count."""

from pathlib import Path

import pytest

from raft_ref.explorer import Renamed
from raft_ref.spec import Value, load, model_value
from raft_ref.spec.checker.config import load_config, parse_config
from raft_ref.spec.checker.search import check
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.files import INVARIANTS, RAFT, RAFT_TRACE
from raft_ref.spec.link import MODEL
from raft_ref.spec.module import Module
from tests.support.models import Model

OF_TRACES = RAFT_TRACE.with_name("MCRaftTrace.tla")


def constants_of(module: Module) -> dict[str, Value]:
    nobody: Value = frozenset()
    sets = {"Server": nobody, "Value": nobody, "Nil": model_value("Nil")}
    return {name: sets.get(name, 1) for name in module.constants}


def stuttering(module: Module, formula: str) -> set[str]:
    """Return which variables a formula `[A]_v` lets be as they were."""
    *_, (_, _, exempt) = module.conjuncts(formula, constants_of(module))
    assert exempt is not None
    return {*exempt.reads} & {*exempt.reads_primed}


@pytest.mark.parametrize("path", [RAFT, MODEL, OF_TRACES], ids=lambda path: path.stem)
def test_a_specification_is_init_and_next_of_all_variables(path: Path) -> None:
    module = load(path)
    assert module.operators["Spec"].text == "Init /\\ [][Next]_vars"
    assert stuttering(module, "Spec") == {*module.variables}


@pytest.mark.parametrize("path", [MODEL, OF_TRACES], ids=lambda path: path.stem)
def test_each_property_is_asked_of_tlc_as_it_is_here(path: Path) -> None:
    of_raft, module = load(INVARIANTS), load(path)
    of_states: list[str] = []
    of_steps: list[str] = []
    for name in (each.name for each in of_raft.properties()):
        if not name.startswith("Sometimes") and name != "CommittedRecorded":
            predicate = of_raft.predicate(name, constants_of(of_raft))
            (of_steps if predicate.is_step else of_states).append(name)
    if path == OF_TRACES:
        of_steps.remove("MatchIndexMonotonic")  # ForgetMatch: a leader may know less of a peer.
    config = load_config(path.with_suffix(".cfg"))
    assert [each.name for each in config.invariants] == of_states
    assert [each.name for each in config.properties] == [f"{name}Always" for name in of_steps]
    for name in of_steps:
        assert module.operators[f"{name}Always"].text == f"[][{name}]_vars"
        assert stuttering(module, f"{name}Always") == {*module.variables}


@pytest.mark.parametrize("symmetry", [False, ("servers",), ("values",), True])
def test_the_model_counts_what_the_explorer_counts(
    symmetry: bool | tuple[Renamed, ...],
) -> None:
    """With every kind of step, and what is renamed: nothing, either, both."""
    model = Model(
        servers=2, values=2, log=1, snapshot=1, messages=1, restarts=1, drops=1, duplicates=1,
        symmetry=symmetry,
    )  # fmt: skip
    found = check(task_of(load(MODEL), parse_config(model.config(), "MCRaft.cfg"), False))
    explored = model.explore()
    assert found.verdict.name == "HOLDS"
    assert (found.distinct_states, found.depth) == (explored.distinct_states, explored.depth)
    assert found.generated_states == explored.transitions + 1  # the initial one

"""What is checked is Raft.tla: MCRaft's steps are those of its Next, and back."""

import re
from pathlib import Path

import pytest

from raft_ref.explorer import search
from raft_ref.spec import SpecError, load
from raft_ref.spec.files import MODEL, RAFT, STEPS
from raft_ref.spec.link import Refinement
from raft_ref.spec.link.original import differences
from tests.support.models import Model


def copied(folder: Path, change: tuple[str, str]) -> Path:
    """Copy the specifications to a folder, with a change of Raft.tla; return the model."""
    for path in RAFT.parent.glob("*.tla"):
        text = path.read_text(encoding="utf-8")
        if path == RAFT:
            assert re.search(change[0], text, re.DOTALL), change
            text = re.sub(change[0], change[1], text, count=1, flags=re.DOTALL)
        (folder / path.name).write_text(text, encoding="utf-8")
    return folder / MODEL.name


def test_the_model_is_raft() -> None:
    assert next(differences(), None) is None


@pytest.mark.long
def test_the_model_is_raft_wherever_it_comes() -> None:
    assert [*differences(most=10**6, is_coverage_demanded=True)] == []


CHANGES = {
    "Timeout alone": (r"^(.*\nNext ==).*?\n\n", r"\1 \\E i \\in Server : Timeout(i)\n\n"),
    "no restarts": (r"\n    \\/ \\E i \\in Server : Restart\(i\)", ""),
    "no duplicates": (r"\n    \\/ \\E m \\in messages : ReceiveDuplicate\(m\)", ""),
    "heartbeats alone": (r"\\E count \\in 0\.\.Len\(log\[i\]\)", r"\\E count \\in {0}"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_next_that_is_another_is_noticed(change: str, tmp_path: Path) -> None:
    model = copied(tmp_path, CHANGES[change])
    # The model has the actions of the changed file, but a Next of its own.
    assert next(differences(raft=tmp_path / "Raft.tla", model=model), None) is not None


def test_what_next_is_made_of() -> None:
    assert load(RAFT).steps() == STEPS


def test_a_step_that_next_lacks_is_no_step_of_the_spec(tmp_path: Path) -> None:
    copied(tmp_path, CHANGES["Timeout alone"])
    model = Model(servers=2, term=1)
    changed = Refinement(model.server_names, model.value_names, tmp_path / "Raft.tla")
    report = search(model.system(), [changed.as_property])
    assert report.counterexample is not None
    assert report.counterexample.events[-1].step != "Timeout"
    assert report.counterexample.instances == ["Next of Raft has no step Receive"]


def test_the_proof_and_bounded_checking_demand_all_of_next(tmp_path: Path) -> None:
    copied(tmp_path, CHANGES["no restarts"])
    with pytest.raises(SpecError, match="Next of Raft has no step Restart"):
        load(tmp_path / "Raft.tla").demand_steps(STEPS)

"""A module is loaded once, as long as no file that it may use has changed."""

import shutil
from pathlib import Path

from raft_ref.spec.link import INVARIANTS
from raft_ref.spec.link.modules import shared


def test_a_module_is_loaded_again_where_a_file_beside_it_has_changed(tmp_path: Path) -> None:
    for path in INVARIANTS.parent.glob("*.tla"):
        shutil.copy(path, tmp_path)
    mine = tmp_path / INVARIANTS.name
    first = shared(mine)
    assert shared(mine) is first
    raft = tmp_path / "Raft.tla"
    text = raft.read_text()
    raft.write_text(text.replace("====", "More == TRUE\n===="))
    second = shared(mine)
    assert second is not first
    assert "More" in second.operators.keys() - first.operators.keys()
    raft.write_text(text)
    assert shared(mine) is first
    assert shared(INVARIANTS) is not first

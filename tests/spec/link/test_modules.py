"""A module is loaded once, as long as no file that it may use has changed."""

import shutil
from pathlib import Path

from raft_ref.spec.link import INVARIANTS
from raft_ref.spec.link.shared import shared


def test_a_module_is_loaded_again_where_a_file_beside_it_has_changed(tmp_path: Path) -> None:
    for path in INVARIANTS.parent.glob("*.tla"):
        shutil.copy(path, tmp_path)
    mine = tmp_path / INVARIANTS.name
    first = shared(mine)
    assert shared(mine) is first
    beside, text = tmp_path / "Raft.tla", (tmp_path / "Raft.tla").read_text()
    beside.write_text(f"{text}\\* a comment\n")
    assert shared(mine) is not first
    beside.write_text(text)
    assert shared(mine) is first
    assert shared(INVARIANTS) is not first

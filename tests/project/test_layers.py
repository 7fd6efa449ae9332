"""Imports point one way: the file list is the architecture."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.files import ROOT

OURS = {"raft_ref", "explorer", "spec", "traces", "raft_ref.cli"}

MAY_IMPORT = {
    "raft_ref": set[str](),
    "explorer": set[str](),
    "spec": set[str](),
    "spec/link": {"raft_ref", "explorer"},  # the one part of spec that knows the others
    "traces": {"raft_ref", "explorer", "spec"},
    "raft_ref.cli": OURS,
}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield node.module or ""


FILES = sorted(path for package in OURS for path in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    package, is_link = name.split("/")[0], name.startswith("spec/link/")
    allowed = {package} | MAY_IMPORT["spec/link" if is_link else package]
    ours = {module for module in imported(path) if module.split(".")[0] in OURS}
    assert {module for module in ours if module.split(".")[0] not in allowed} == set()
    if package == "spec" and not is_link:  # nothing else of spec may lean on it
        assert not any(module.startswith("raft_ref.spec.link") for module in ours)


def test_the_node_knows_nothing_of_what_runs_it() -> None:
    for path in (ROOT / "raft_ref").glob("*.py"):
        assert not any(name.startswith("raft_ref.server") for name in imported(path)), path


def test_the_drawing_of_a_trace_knows_traces_alone() -> None:
    """Any trace can be drawn: only `record` knows the explorer, `itf` and `raft` the node."""
    knows = {
        "record.py": {"explorer", "spec"},
        "itf.py": {"raft_ref"},
        "raft.py": {"raft_ref"},
    }
    for path in (ROOT / "traces").glob("*.py"):
        others = {name.split(".")[0] for name in imported(path)} & (OURS - {"traces"})
        assert others == knows.get(path.name, set())

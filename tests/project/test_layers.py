"""Imports point one way: the folders are the architecture.

The rooms, and from which others each imports, are listed here by hand: a new arrow is a decision.
"""

import ast
import subprocess
import sys

import pytest

from tests.project import house
from tests.support.files import ROOT

MAY_IMPORT: dict[str, set[str]] = {
    "raft_ref": {"raft_ref/features/bugs"},
    "raft_ref/features": {"raft_ref"},
    "raft_ref/features/bugs": {"raft_ref", "raft_ref/features"},
    "cli": {
        "cli/options",
        "cli/reports",
        "raft_ref",
        "spec",
        "traces/conformance",
        "traces/conformance/hunting",
        "traces/profiles",
    },
    "raft_ref/server": {
        "raft_ref",
        "raft_ref/features",
        "raft_ref/server/disk",
        "raft_ref/server/network",
        "raft_ref/server/replicas",
    },
    "raft_ref/server/disk": {"raft_ref", "raft_ref/features", "raft_ref/server"},
    "raft_ref/server/network": {"raft_ref", "raft_ref/server", "raft_ref/server/replicas"},
    "raft_ref/server/replicas": {"raft_ref", "raft_ref/features", "raft_ref/server"},
    "raft_ref/server/simulation": {
        "raft_ref",
        "raft_ref/features",
        "raft_ref/server",
        "raft_ref/server/replicas",
    },
    "explorer": {"explorer/model", "explorer/results"},
    "explorer/engines": {
        "explorer",
        "explorer/engines/together",
        "explorer/model",
        "explorer/results",
    },
    "explorer/engines/together": {
        "explorer",
        "explorer/engines",
        "explorer/model",
        "explorer/results",
    },
    "explorer/liveness": {
        "explorer",
        "explorer/engines",
        "explorer/model",
        "explorer/results",
    },
    "explorer/model": set(),
    "explorer/results": {"explorer/model"},
    "explorer/walks": {"explorer", "explorer/engines", "explorer/model", "explorer/results"},
    "spec": {
        "spec/code",
        "spec/names",
        "spec/names/behaviors",
        "spec/steps",
        "spec/syntax",
        "spec/values",
    },
    "spec/checker": {
        "spec",
        "spec/code",
        "spec/names",
        "spec/names/behaviors",
        "spec/steps",
        "spec/steps/slots",
        "spec/syntax",
        "spec/values",
    },
    "spec/code": {"spec/names", "spec/syntax", "spec/values"},
    "spec/link/features": {
        "explorer/model",
        "raft_ref",
        "raft_ref/features",
        "spec",
        "spec/link",
        "spec/proof",
        "spec/proof/membership",
        "spec/proof/reads",
        "spec/values",
    },
    "spec/link/others": {
        "explorer/model",
        "spec",
        "spec/code",
        "spec/link",
        "spec/steps",
        "spec/syntax",
        "spec/values",
    },
    "spec/link": {
        "explorer/liveness",
        "explorer/model",
        "explorer/results",
        "raft_ref",
        "spec",
        "spec/code",
        "spec/proof",
        "spec/steps",
        "spec/syntax",
        "spec/values",
    },
    "spec/names": {"spec/syntax", "spec/values"},
    "spec/names/behaviors": {"spec/names", "spec/syntax", "spec/values"},
    "spec/proof": {"spec", "spec/proof/membership", "spec/proof/reads", "spec/syntax"},
    "spec/proof/membership": {"spec/proof"},
    "spec/proof/reads": {"spec/proof"},
    "spec/proof/bounded": {"spec", "spec/steps", "spec/syntax", "spec/values"},
    "spec/steps": {"spec/code", "spec/names", "spec/steps/slots", "spec/syntax", "spec/values"},
    "spec/steps/slots": {"spec/code", "spec/names", "spec/steps", "spec/syntax", "spec/values"},
    "spec/syntax": set(),
    "spec/tlc": {"spec", "spec/names", "spec/steps", "spec/syntax", "spec/values"},
    "spec/values": {"spec/syntax", "spec/values/community"},
    "spec/values/community": {"spec/syntax", "spec/values"},
    "traces": set(),
    "traces/conformance": {
        "explorer/model",
        "explorer/results",
        "raft_ref",
        "raft_ref/features",
        "raft_ref/features/bugs",
        "spec",
        "spec/link",
        "spec/link/features",
        "traces/conformance/hunting",
        "traces/format",
        "traces/sources",
        "traces/validation",
        "traces/validation/lines",
        "traces/validation/moves",
        "traces/validation/refusals",
        "traces/validation/rules",
    },
    "traces/conformance/hunting": {
        "explorer/engines",
        "spec",
        "traces/conformance",
        "traces/format",
        "traces/validation",
        "traces/validation/lines",
        "traces/validation/moves",
        "traces/validation/refusals",
        "traces/validation/rules",
    },
    "traces/drawing": {"traces/format", "traces/story"},
    "traces/format": set(),
    "traces/playing": {
        "raft_ref",
        "spec",
        "traces/conformance",
        "traces/format",
        "traces/sources",
        "traces/story",
    },
    "traces/profiles": {
        "spec",
        "traces/format",
        "traces/validation/lines",
        "traces/validation/rules",
    },
    "traces/sources": {
        "explorer/model",
        "explorer/results",
        "raft_ref",
        "raft_ref/features",
        "raft_ref/server/replicas",
        "spec/link",
        "spec/proof",
        "traces/format",
    },
    "traces/story": {"traces/format"},
    "traces/validation": {
        "explorer/engines",
        "spec",
        "spec/syntax",
        "spec/values",
        "traces/format",
        "traces/story",
        "traces/validation/contradictions",
        "traces/validation/lines",
        "traces/validation/moves",
        "traces/validation/refusals",
        "traces/validation/rules",
    },
    "traces/validation/contradictions": {
        "traces/format",
        "traces/validation/lines",
        "traces/validation/moves",
        "traces/validation/rules",
    },
    "traces/watching": {
        "spec",
        "traces/format",
        "traces/profiles",
        "traces/validation",
        "traces/validation/lines",
        "traces/validation/refusals",
    },
    "traces/validation/advice": {
        "traces/format",
        "traces/validation",
        "traces/validation/lines",
        "traces/validation/rules",
    },
    "traces/validation/lines": {"traces/format"},
    "traces/validation/moves": {
        "spec/syntax",
        "spec/values",
        "traces/format",
        "traces/validation/lines",
        "traces/validation/rules",
    },
    "traces/validation/refusals": {
        "spec/values",
        "traces/format",
        "traces/story",
        "traces/validation",
        "traces/validation/lines",
        "traces/validation/moves",
        "traces/validation/rules",
    },
    "traces/validation/rules": {
        "spec",
        "spec/code",
        "spec/link",
        "spec/steps",
        "spec/values",
        "traces/format",
    },
    "verify": {
        "explorer",
        "explorer/engines",
        "explorer/model",
        "explorer/results",
        "explorer/walks",
        "raft_ref",
        "raft_ref/features",
        "raft_ref/features/bugs",
        "raft_ref/server",
        "raft_ref/server/simulation",
        "spec",
        "spec/checker",
        "spec/link",
        "spec/link/features",
        "spec/proof",
        "spec/steps",
        "spec/syntax",
        "spec/tlc",
        "spec/values",
        "traces/drawing",
        "traces/format",
        "traces/sources",
        "traces/story",
        "verify/checks",
        "verify/cluster",
    },
    "verify/checks": {
        "explorer/engines",
        "explorer/engines/together",
        "explorer/liveness",
        "explorer/model",
        "explorer/results",
        "explorer/walks",
        "raft_ref",
        "raft_ref/features",
        "spec",
        "spec/link",
        "spec/link/features",
        "traces/format",
        "traces/sources",
        "verify",
        "verify/cluster",
    },
    "verify/exploring": {
        "explorer/engines",
        "explorer/model",
        "explorer/results",
        "raft_ref",
        "raft_ref/features",
        "spec",
        "spec/link",
        "spec/link/features",
        "spec/syntax",
        "traces/conformance",
        "traces/drawing",
        "traces/format",
        "traces/sources",
        "traces/story",
        "verify",
        "verify/cluster",
    },
    "verify/ladder": {
        "explorer/engines",
        "explorer/model",
        "explorer/results",
        "explorer/walks",
        "raft_ref",
        "raft_ref/features",
        "spec",
        "spec/link",
        "traces/format",
        "verify",
        "verify/checks",
        "verify/cluster",
    },
    "verify/cluster": {
        "explorer/model",
        "explorer/results",
        "raft_ref",
        "raft_ref/features",
        "spec",
        "spec/link",
        "spec/link/features",
        "spec/link/others",
        "traces/format",
        "traces/sources",
    },
    "cli/commands": {
        "cli/examples",
        "cli/examples/adapters",
        "cli/options",
        "cli/reports",
        "cli/reports/checks",
        "explorer/model",
        "explorer/results",
        "raft_ref",
        "raft_ref/features",
        "raft_ref/server",
        "raft_ref/server/network",
        "raft_ref/server/replicas",
        "raft_ref/server/simulation",
        "spec",
        "traces/conformance",
        "traces/conformance/hunting",
        "traces/drawing",
        "traces/format",
        "traces/playing",
        "traces/profiles",
        "traces/sources",
        "traces/story",
        "traces/validation",
        "traces/validation/advice",
        "verify",
        "verify/checks",
        "verify/cluster",
    },
    "cli/commands/prove": {
        "cli/options",
        "cli/reports",
        "cli/reports/proof",
        "raft_ref/features",
        "spec",
        "spec/proof",
        "spec/proof/bounded",
        "spec/proof/membership",
        "spec/proof/reads",
        "verify",
    },
    "cli/commands/explore": {
        "cli/options",
        "explorer/model",
        "explorer/results",
        "raft_ref/features",
        "spec",
        "spec/syntax",
        "traces/drawing",
        "traces/format",
        "verify/cluster",
        "verify/exploring",
    },
    "cli/commands/mcp": {
        "explorer/model",
        "raft_ref",
        "raft_ref/features",
        "spec",
        "spec/syntax",
        "verify/cluster",
        "verify/exploring",
    },
    "cli/commands/member": {"cli/options", "raft_ref/server", "raft_ref/server/replicas"},
    "cli/commands/spec": {
        "cli/options",
        "cli/reports",
        "raft_ref",
        "spec",
        "spec/checker",
        "spec/syntax",
        "traces/sources",
        "verify",
    },
    "cli/examples": {
        "explorer/model",
        "explorer/results",
        "raft_ref",
        "verify/checks",
        "verify/cluster",
    },
    "cli/examples/adapters": set(),
    "cli/examples/adapters/python": {"cli"},
    "cli/options": {
        "explorer/engines",
        "explorer/engines/together",
        "explorer/liveness",
        "explorer/model",
        "explorer/walks",
        "raft_ref/features",
        "raft_ref/server/network",
        "spec",
        "spec/link/others",
        "traces/drawing",
        "traces/format",
        "verify/checks",
        "verify/cluster",
        "verify/ladder",
    },
    "cli/commands/status": {"raft_ref/server/network"},
    "cli/commands/watch": set(),
    "cli/reports": {
        "cli/options",
        "cli/reports/checks",
        "explorer",
        "raft_ref",
        "raft_ref/server/simulation",
        "spec/checker",
        "spec/values",
        "traces/conformance",
        "traces/conformance/hunting",
        "traces/drawing",
        "traces/format",
        "traces/playing",
        "traces/sources",
        "traces/story",
        "traces/validation",
        "traces/validation/advice",
        "traces/validation/refusals",
        "traces/watching",
        "verify",
        "verify/cluster",
    },
    "cli/reports/proof": {
        "cli/reports",
        "spec/link",
        "spec/proof",
        "spec/proof/bounded",
        "spec/proof/membership",
        "spec/proof/reads",
        "spec/values",
        "traces/drawing",
        "traces/sources",
        "traces/story",
        "verify",
    },
    "cli/reports/checks": {
        "cli/options",
        "cli/reports",
        "explorer/liveness",
        "explorer/model",
        "explorer/results",
        "explorer/walks",
        "raft_ref",
        "raft_ref/features",
        "spec/link",
        "verify",
        "verify/checks",
        "verify/cluster",
        "verify/ladder",
    },
}
"""Each folder, and the folders that its modules import from: no more, and no fewer."""

MOST_MODULES = 13
MOST_FLOORS = 7


def test_the_folders_and_their_arrows_are_those_listed() -> None:
    assert {name: set(others) for name, others in house.arrows().items()} == MAY_IMPORT


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert house.circles(house.imports()) == []


def test_no_folders_import_each_other_in_a_circle() -> None:
    """But for a folder and one inside it: it leads into that one."""
    assert house.circles(house.downward()) == []


def test_a_circle_would_be_found() -> None:
    ways = {"a": "bc", "b": "d", "c": "", "d": "a"}
    graph = {node: frozenset(others) for node, others in ways.items()}
    assert house.circles(graph) == [["a", "b", "d"]]
    assert house.circles({**graph, "d": frozenset()}) == []


@pytest.mark.parametrize("folder", house.folders())
def test_a_folder_can_be_overlooked(folder: str) -> None:
    modules = house.folders()[folder]
    assert len(modules) <= MOST_MODULES
    assert house.floors(modules) <= MOST_FLOORS


@pytest.mark.parametrize("folder", house.folders())
def test_a_folder_says_what_is_in_it(folder: str) -> None:
    """Each module by its name, but for commands, which have the names of what they do."""
    tree = ast.parse((ROOT / folder / "__init__.py").read_text(encoding="utf-8"))
    text = ast.get_docstring(tree) or ""
    names = {module.rpartition(".")[2] for module in house.folders()[folder]} - {"__main__"}
    missing = {name for name in names if f"`{name}`" not in text}
    assert not missing or folder.startswith("cli/commands")


def test_the_node_alone_is_light() -> None:
    """`import raft_ref` loads the node, and none of the others."""
    code = (
        "import sys, raft_ref; print(*sorted(m for m in sys.modules if m.startswith('raft_ref')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = ("machine", "messages", "node", "state")
    assert done.stdout.split() == ["raft_ref", *(f"raft_ref.{name}" for name in names)]


def test_every_part_can_be_imported_by_its_name() -> None:
    """By the build's table where it is installed, by a link for what reads the files."""
    table = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for part in house.TOP[1:]:
        assert f'wheel.packages."raft_ref/{part}" = "{part}"' in table
        assert (ROOT / "raft_ref" / part).resolve() == ROOT / part


def test_the_picture_is_of_the_house_as_it_is() -> None:
    """Draw it again with `python -m tests.project.house`."""
    picture = house.PICTURE.read_text(encoding="utf-8")
    assert picture.endswith(house.digest(house.drawing().source))

"""What an installation brings: one name to import, and new modules as they come."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.support.files import ROOT

pytestmark = pytest.mark.long

# The core is compiled by README.md's own commands; here it is about names.
WITHOUT_CORE = ("--config-settings", "wheel.cmake=false", "--no-deps", "--quiet")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the tracked files."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if not name.startswith(("tests/", "docs/", "examples/")):
            target = tmp_path / "copy" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target, follow_symlinks=False)
    return tmp_path / "copy"


def test_a_wheel_has_one_top_level_name(copy: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", *WITHOUT_CORE, "--wheel-dir", str(tmp_path)]
    subprocess.run([*command, str(copy)], check=True)
    [wheel] = tmp_path.glob("raft_ref-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"raft_ref"}
    assert len(names) == len({*names})
    assert {
        "raft_ref/py.typed",
        "raft_ref/spec/Raft.tla",
        "raft_ref/spec/modules/Functions.tla",
        "raft_ref/verify/exploring/tours/figure-8.json",
        "raft_ref/cli/commands/explore/site/main.js",
        "raft_ref/cli/examples/adapters/go/raft_kit.go",
        "raft_ref/cli/examples/adapters/c/raft_kit.h",
        "raft_ref/traces/gallery/vote-not-persisted.ndjson",
        "raft_ref/traces/gallery/read-without-quorum.svg",
    } <= {*names}
    modules = {
        str(path.relative_to(copy))
        if path.is_relative_to(copy / "raft_ref")
        else f"raft_ref/{path.relative_to(copy)}"
        for path in copy.rglob("*.py")
    }
    assert {name for name in names if name.endswith(".py")} == modules


def test_an_editable_installation_sees_a_new_module(copy: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", *WITHOUT_CORE, "--editable", str(copy)], check=True
    )
    (copy / "explorer" / "walks" / "new.py").write_text("HERE = 1\n")
    (copy / "traces" / "other").mkdir()
    (copy / "traces" / "other" / "__init__.py").write_text("HERE = 2\n")
    (copy / "raft_ref" / "third.py").write_text("HERE = 3\n")
    code = (
        "from importlib.util import find_spec\n"
        "import raft_ref.third\n"
        "print(raft_ref.third.HERE, raft_ref.__version__)\n"
        "print(find_spec('raft_ref.explorer.walks.new') is not None)\n"
    )
    done = subprocess.run(
        [python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["3 0.1.0", "True"]


@pytest.mark.deep
def test_what_is_released_as_source_is_installed_without_a_compiler(
    copy: Path, tmp_path: Path
) -> None:
    tools, built, plain = (tmp_path / name for name in ("tools", "built", "plain"))
    pip = [sys.executable, "-m", "pip"]
    backend = [*pip, "install", "--quiet", "--target", str(tools), "scikit-build-core>=1.1"]
    subprocess.run(backend, check=True)
    made = f"from scikit_build_core.build import build_sdist as b; b({str(built)!r})"
    environment = {**os.environ, "PYTHONPATH": str(tools)}
    subprocess.run([sys.executable, "-c", made], cwd=copy, env=environment, check=True)
    [source] = built.glob("raft_ref-*.tar.gz")
    with tarfile.open(source) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    assert "explorer/core/module.cpp" in names
    assert not any(name.startswith("raft_ref/explorer/") for name in names)  # once is enough

    nothing = {**os.environ, "CXX": "/bin/false", "CC": "/bin/false"}
    install = [*pip, "install", "--quiet", "--no-deps", "--target", str(plain), str(source)]
    subprocess.run(install, env=nothing, check=True)
    # Without `site`, so that nothing leads to what is installed here, but to what it needs.
    path = os.pathsep.join([str(plain), sysconfig.get_path("purelib")])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}
    check = ["check", "--bug", "vote-not-persisted", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-S", "-m", "raft_ref", *check],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("VIOLATED: ElectionSafety, in 7 steps")
    assert "the plain engine searches" in done.stderr
    assert f"beside {plain}" in done.stderr

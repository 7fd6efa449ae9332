"""The adapters of tests/peers/rust, built."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from tests.support.files import ROOT

OLDEST = (1, 88)
ADVICE = "install Rust 1.88 or later (rustup, or the package cargo; cargo-web of Debian 12)"
WORKSPACE = ROOT / "tests" / "peers" / "rust"


@cache
def built(library: str) -> Path:
    """Build the adapter of a library, and return its path.

    Where they are built is what CARGO_TARGET_DIR says, as everywhere.
    """
    cargo = shutil.which("cargo")
    assert cargo is not None, f"cargo is missing: {ADVICE}"
    said = subprocess.run([cargo, "--version"], capture_output=True, text=True, check=True).stdout
    version = tuple(map(int, said.split()[1].split(".")[:2]))
    assert version >= OLDEST, f"{said.strip()} is too old: {ADVICE}"
    command = [cargo, "build", "--release", "--locked", "--quiet", "-p", f"{library}-peer"]
    subprocess.run(command, cwd=WORKSPACE, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", WORKSPACE / "target"))
    return target / "release" / f"{library}-peer"

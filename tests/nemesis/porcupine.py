"""What clients saw, judged by porcupine beside our own checker: where there is Go to build it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from raft_ref.server.simulation.linearizability import Observation

JUDGE = Path(__file__).with_name("judge")


def line(client: int, seen: Observation) -> dict[str, Any]:
    """Return an operation as the judge is told of it."""
    operation, result = seen.operation, seen.result
    told: dict[str, Any] = {
        "client": client,
        "kind": operation.kind.value,
        "key": operation.key,
        "value": operation.value,
        "expected": operation.expected,
        "start": int(1e9 * seen.start),
    }
    if result is None:
        return told
    found = {"succeeded": result.succeeded, "found": result.value}
    return {**told, "end": int(1e9 * seen.end), **found}


def built(folder: Path) -> Path | None:
    """Return the judge; None where Go is missing."""
    beside = Path(sys.executable).with_name("go")
    go = shutil.which("go") or (str(beside) if beside.exists() else None)
    if go is None:
        return None
    target = folder / "judge"
    subprocess.run([go, "build", "-o", target, "."], cwd=JUDGE, check=True)
    return target


def verdict(judge: Path, history: Iterable[Observation]) -> str:
    """Return what porcupine finds: Ok, Illegal, or Unknown where it took too long."""
    lines = "".join(f"{json.dumps(line(at, seen))}\n" for at, seen in enumerate(history))
    done = subprocess.run([judge], input=lines, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip()

"""What every adapter in Python does: it answers requests, line by line (traces/ADAPTER.md)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from raft_ref.traces.format.ndjson import FORMAT, VERSION
from raft_ref.traces.format.trace import JsonObject


def serve(answer: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
    """Answer the requests on standard input until there are no more, or who asked has gone.

    Whatever is raised is told as a failure of the implementation: the driver is to know.
    """
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        try:
            found = answer(msgspec.json.decode(line))
        except Exception as error:
            found = {"error": f"{type(error).__name__}: {error}"}
        try:
            sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            # What is left of the answer is written once more as the process ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return


def begun(
    servers: list[str],
    initial: Mapping[str, JsonObject],
    logged: str,
    features: Iterable[str] = (),
) -> dict[str, Any]:
    """Return the answer to Init: the header, with the states in which the servers start.

    `logged` is "all" or "some", as in traces/FORMAT.md; `features` are those that are on.
    """
    header = {
        "format": FORMAT,
        "version": VERSION,
        "servers": servers,
        "logged": logged,
        "initial": initial,
        **({"features": sorted(features)} if features else {}),
    }
    return {"lines": [header]}

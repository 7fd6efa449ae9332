"""What searches report, for tests."""

from dataclasses import fields
from typing import Any

from raft_ref.explorer import Report


def content(report: Report) -> dict[str, Any]:
    """Return what two engines must agree on: all but the time, and the engine."""
    found = {f.name: getattr(report, f.name) for f in fields(report)}
    del found["seconds"], found["engine"]
    counterexample = found["counterexample"]
    if counterexample is not None:
        found["counterexample"] = (
            counterexample.prop.name,
            counterexample.initial,
            counterexample.events,
            counterexample.instances,
        )
    return found

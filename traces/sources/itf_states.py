"""States of any specification in ITF, the JSON trace format of Apalache and Quint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from raft_ref.traces.format.trace import Trace, TraceError, states
from raft_ref.traces.sources.behaviors import Behavior, Taken, states_of_trace

_ACTION = ("mbt::actionTaken", "action_taken", "action")
"""What the variable is called, or the key of `#meta`, that says what led to a state."""
_PICKS = "mbt::nondetPicks"
_STEP = "step"
"""What a step is called of which nothing is known."""


def behavior_of_itf(whole: Any, name: str) -> Behavior:
    """Return the states of an ITF trace, as it was decoded from JSON; `name` is what it is of.

    Raises `TraceError` for what is none.
    """
    shown = whole.get("states") if type(whole) is dict else None
    if type(shown) is not list or not shown or not all(type(each) is dict for each in shown):
        raise TraceError('an ITF trace is an object with its "states"')
    told = [_taken(each) for each in shown]
    reached = [
        {k: normal(v) for k, v in each.items() if not k.startswith(("#", "mbt::"))}
        for each in shown
    ]
    variables = reached[0].keys()
    if not variables:
        raise TraceError("state 0 has no variables")
    for number, state in enumerate(reached):
        if state.keys() != variables:
            raise TraceError(f"state {number} has other variables than state 0")
    loop = whole.get("loop")
    if loop is not None and (type(loop) is not int or not 0 <= loop < len(reached)):
        raise TraceError(f'"loop" is {loop!r}: expected the number of a state')
    taken = told[1:]
    if loop is not None and loop != len(reached) - 1:
        again = whole.get("#meta", {}).get("again")
        taken.append(_taken({"#meta": again} if type(again) is dict else {}))
    meta = whole.get("#meta")
    named = meta.get("specification") if type(meta) is dict else None
    return Behavior(named if type(named) is str else name, reached, taken, loop)


def _taken(state: Mapping[str, Any]) -> Taken:
    meta = state.get("#meta")
    known = {**state, **(meta if type(meta) is dict else {})}
    names = [known[each] for each in (_STEP, *_ACTION) if type(known.get(each)) is str]
    picks = known.get("arguments", known.get(_PICKS))
    arguments = normal(picks) if type(picks) is dict else {}
    given = {k: v for k, v in arguments.items() if v != {"tag": "None", "value": []}}
    return Taken(names[0] if names else _STEP, given)


def normal(value: Any) -> Any:
    """Return a value of ITF as traces have it: integers as such, tuples as lists."""
    if type(value) is list:
        return [normal(each) for each in value]
    if type(value) is not dict:
        return value
    match value:
        case {"#bigint": str(text)}:
            return int(text)
        case {"#tup": list(elements)}:
            return [normal(each) for each in elements]
        case {"#set": list(elements)}:
            return {"#set": sorted(map(normal, elements), key=json.dumps)}
        case {"#map": list(pairs)} if all(type(each) is list and len(each) == 2 for each in pairs):
            return {"#map": [[normal(key), normal(each)] for key, each in pairs]}
        case {"#unserializable": str(text)}:
            return text
    if strange := next((key for key in value if key.startswith("#")), None):
        raise TraceError(f"{strange} is nothing that ITF has")
    return {key: normal(each) for key, each in value.items()}


def write_itf_states(trace: Trace, path: str | Path) -> None:
    """Write the trace of a specification as ITF; what led to a state is in its `#meta`.

    Raises `OSError` where the file cannot be written.
    """
    assert trace.of is not None
    reached = states_of_trace(trace, states(trace))
    shown = [{"#meta": {"index": 0}, **reached[0]}]
    for number, (step, state) in enumerate(zip(trace.steps, reached[1:], strict=True), start=1):
        shown.append({"#meta": {"index": number, **_meta(step)}, **state})
    meta: dict[str, Any] = {
        "format": "ITF",
        "specification": trace.of.name,
        "description": trace.source,
    }
    whole: dict[str, Any] = {"#meta": meta, "params": [], "vars": [*reached[0]]}
    if trace.loop is not None:
        whole["loop"] = trace.loop
        if trace.loop < len(trace.steps):  # its last step returns to a state that is shown
            meta["again"] = _meta(trace.steps[-1])
            del shown[-1]
    whole["states"] = shown
    Path(path).write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def _meta(step: Any) -> dict[str, Any]:
    return {"step": step.step, **({"arguments": dict(step.arguments)} if step.arguments else {})}

"""Makes the guided tours that are no longer than what they are made of: `python -m tests.support.tours`.

Each known bug that a search finds is a tour along its trace of the gallery, and figure 8 one along
its schedule. Tours that people have written are walked, and their names put as they are today.
"""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from raft_ref.features import ExtendedNode
from raft_ref.traces import Trace, read
from raft_ref.traces.playing import PlayRequest
from raft_ref.traces.story.what_went_wrong import what_went_wrong
from raft_ref.verify import ClusterRequest, GivenSizes
from raft_ref.verify.exploring import Session
from raft_ref.zoo import EXPLORED
from tests.support.files import GALLERY, ROOT

TOURS = ROOT / "verify" / "exploring" / "tours"
FIGURE_8 = ROOT / "traces" / "schedules" / "figure8.txt"
_BUGS = "Known bugs of Raft implementations, the shortest way to each"

FIGURE_8_SAYS = {
    1: "Before the figure begins, s4 is elected by all, and its entry of term 1 is on all servers.",
    27: "(a) s1 leads term 2, and its entry reaches s2 alone.",
    38: "(b) s1 crashes. s5 is to be elected for term 3 by s3, s4 and itself: none of them has seen "
    "the entry of term 2.",
    47: "(c) s5 crashes; s1 is back, leads term 4 and goes on: the entry of term 2 is to be on a "
    "majority.",
    66: "The entry of term 2 is on s1, s2 and s3 now, a majority, and yet s1 does not commit it: it "
    "is of an earlier term (5.4.2).",
}


def main() -> None:
    """Write them all."""
    TOURS.mkdir(exist_ok=True)
    for number, name in enumerate(EXPLORED):
        found = of_bug(name)
        if found is not None:
            _write(f"bug-{name}", {**found, "order": 200 + number})


def of_bug(name: str) -> dict[str, Any] | None:
    """Return the tour along the trace of a bug; None where it goes on for ever, or has no trace."""
    bug, path = EXPLORED[name], GALLERY / f"{name}.ndjson"
    if not path.is_file():
        return None
    trace = read(path)
    sizes = GivenSizes(servers=len(trace.servers), values=bug.within.get("values"))
    node = bug.node(trace.servers, ("v1",))
    if isinstance(node, ExtendedNode) and node.is_changeable:
        sizes = replace(sizes, voters=bug.within.get("voters"))
    session = Session(ClusterRequest(bug=name, sizes=sizes))
    place = session.follow(trace)
    says = ["" for _ in place.address]
    if says:
        says[-1] = f"{trace.violation}. {what_went_wrong(trace)}".strip()
    cluster = {"bug": name, **{each: str(size) for each, size in sizes.given().items()}}
    return {
        "title": f"{name} ({bug.seen_in})",
        "group": _BUGS,
        "about": f"{bug.rule} It breaks {bug.breaks}.",
        "cluster": cluster,
        "steps": [
            {"name": each, "says": told} for each, told in zip(place.address, says, strict=True)
        ],
    }


def figure_8() -> Trace:
    """Return figure 8 as it is played, with the values that an explored cluster has."""
    trace = PlayRequest(FIGURE_8).run().trace
    text = re.sub(r'"value": "(\d)"', r'"value": "v\1"', json.dumps(_plain(trace)))
    return _trace(trace, json.loads(text))


def _plain(trace: Trace) -> list[dict[str, Any]]:
    return [
        {"arguments": each.arguments, "message": each.message, "changes": each.changes,
         "sends": [*each.sends]}
        for each in trace.steps
    ]  # fmt: skip


def _trace(trace: Trace, changed: list[dict[str, Any]]) -> Trace:
    steps = tuple(
        replace(
            step, arguments=new["arguments"], message=new["message"], changes=new["changes"],
            sends=tuple(new["sends"]),
        )
        for step, new in zip(trace.steps, changed, strict=True)
    )  # fmt: skip
    return replace(trace, steps=steps)


def _write(name: str, tour: dict[str, Any]) -> None:
    path: Path = TOURS / f"{name}.json"
    path.write_text(json.dumps(tour, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

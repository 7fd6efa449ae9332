"""Makes the guided tours: `python -m tests.support.tours`.

Each known bug that a search finds is a tour along its trace of the gallery, and figure 8 one along
its schedule. Tours that people have written are walked, and their names put as they are today.
"""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from raft_ref.cli.commands.explore.asked import cluster_of
from raft_ref.features import ExtendedNode
from raft_ref.traces import Trace, read
from raft_ref.traces.playing import PlayRequest
from raft_ref.traces.story.what_went_wrong import what_went_wrong
from raft_ref.verify import ClusterRequest, GivenSizes
from raft_ref.verify.exploring import AddressError, Session
from raft_ref.zoo import EXPLORED
from tests.support.files import GALLERY, ROOT

TOURS = ROOT / "verify" / "exploring" / "tours"
FIGURE_8 = ROOT / "traces" / "schedules" / "figure8.txt"
_BUGS = "Known bugs of Raft implementations, the shortest way to each"

FIGURE_8_SAYS = {
    1: "Before the figure begins: s4 is elected by all.",
    10: "Its entry of term 1 comes to be on all servers.",
    23: "(a) s1 stands for term 2, and is elected.",
    30: "It takes an entry of term 2, at index 2 ...",
    32: "... which reaches s2 alone.",
    33: "(b) s1 crashes.",
    34: "s5 stands. In term 2, s3 and s4 have voted already ...",
    35: "... so it needs term 3, for which s3 and s4 vote: they lack the entry of term 2, as "
    "it does.",
    40: "It has another entry at index 2, of term 3, and nobody else has it.",
    41: "(c) s5 crashes.",
    42: "s1 is back, and stands ...",
    43: "... for term 4 in the end, in which it is elected.",
    50: "It takes an entry of term 4, and goes on with that of term 2.",
    55: "Now the entry of term 2 is on s1, s2 and s3: on a majority.",
    59: "s1 knows that, and yet it has not committed it: a leader commits by counting only what is "
    "of its own term (5.4.2). The next steps show why.",
    60: "(d) s1 crashes.",
    66: "s5 leads term 5: its last entry is of term 3, that of s2 and s3 is of term 2, and the "
    "later term counts.",
    73: "It overwrites the entry of term 2 on s2. Had s1 committed it, it would be lost.",
    79: "On s3 too: of what was on a majority, nothing is left there.",
    86: "Had s1 replicated its entry of term 4 before it crashed, as in (e), s5 could not have "
    "been elected.",
}


def main() -> None:
    """Write them all."""
    TOURS.mkdir(exist_ok=True)
    _write("figure-8", of_figure_8())
    for path in sorted(TOURS.glob("*.json")):
        if not path.name.startswith(("bug-", "figure-8")):
            _write(path.stem, walked(json.loads(path.read_text(encoding="utf-8"))))
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
    try:
        place = session.follow(trace)
    except AddressError as error:
        print(f"{name}: {error}")
        return None
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


def of_figure_8() -> dict[str, Any]:
    """Return the tour along figure 8."""
    cluster = {"servers": "5", "values": "4"}
    session = Session(ClusterRequest(sizes=GivenSizes(servers=5, values=4)))
    place = session.follow(figure_8())
    steps = [
        {"name": name, "says": FIGURE_8_SAYS.get(number, "")}
        for number, name in enumerate(place.address, start=1)
    ]
    return {
        "order": 20,
        "title": "Figure 8: why an entry of an earlier term is not committed by counting",
        "group": "The paper",
        "about": "Five servers. A leader that counts where an entry of an earlier term is, and "
        "commits it, can lose it again (Raft paper, 5.4.2).",
        "cluster": cluster,
        "steps": steps,
    }


def walked(tour: dict[str, Any]) -> dict[str, Any]:
    """Return a tour that somebody has written with the names that its steps have today."""
    session = Session(cluster_of({"cluster": tour["cluster"]}, ClusterRequest()))
    place = session.at([step["name"] for step in tour["steps"]])
    steps = [
        {"name": name, "says": step["says"]}
        for name, step in zip(place.address, tour["steps"], strict=True)
    ]
    return {**tour, "steps": steps}


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

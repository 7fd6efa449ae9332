"""Finds more bounds within which known bugs show: `python -m tests.support.witnesses [NAME...]`.

A bug's own bounds are the smallest in which its own property breaks. Others may break too, and
within other bounds; what is found here is what `verify.calibration` reads.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from raft_ref.bugs import BUGS
from raft_ref.features.bugs import FEATURE_BUGS
from raft_ref.verify import ClusterRequest, ExhaustiveCheck, GivenSizes, PropertyRequest
from raft_ref.verify.calibration import WITNESSES
from raft_ref.verify.ladder.rungs import FEATURE_RUNGS, RUNGS, Rung

BOXES = ("every kind of step", "two values", "many terms of two", "conflicts behind a snapshot")


def broken(name: str, sizes: Mapping[str, int], is_tied: bool) -> str | None:
    """Return the property that a bug breaks within bounds, if it breaks any."""
    properties = PropertyRequest(refine=is_tied)
    node = {**BUGS, **FEATURE_BUGS}[name].node
    request = ClusterRequest(node=node, sizes=GivenSizes(**sizes), properties=properties)
    found = ExhaustiveCheck(request).run().counterexample
    return None if found is None else found.prop.name


def smallest(name: str, sizes: dict[str, int], is_tied: bool) -> dict[str, int]:
    """Return bounds none of which can be one less."""
    for bound, most in sizes.items():
        least = {"servers": most, "values": 1}.get(bound, 0)
        for limit in range(most - 1, least - 1, -1):
            less = {**sizes, bound: limit}
            if broken(name, less, is_tied) is None:
                break
            sizes = less
    return sizes


def witnesses(name: str) -> list[dict[str, Any]]:
    """Return what a bug breaks, each with the smallest bounds, by properties and by refinement."""
    found: list[dict[str, Any]] = []
    for rung in boxes(name):
        for is_tied in (False, True):
            if broken(name, rung.sizes, is_tied) is not None:
                sizes = smallest(name, {**rung.sizes}, is_tied)
                row = {"breaks": broken(name, sizes, is_tied), "sizes": sizes}
                if row not in found:
                    found.append(row)
    return found


def boxes(name: str) -> Iterator[Rung]:
    """Yield the searches in which a bug is looked for: of a feature's, with what it takes alone."""
    if name in BUGS:
        yield from (rung for rung in RUNGS if rung.name in BOXES)
        return
    on = frozenset(FEATURE_BUGS[name].node.on)
    yield from (rung for rung in FEATURE_RUNGS if rung.features == on and rung.goal is None)


def main() -> None:
    """Find those of some bugs, or of them all, and write them."""
    found = json.loads(WITNESSES.read_text(encoding="utf-8"))
    for name in sys.argv[1:] or (*BUGS, *FEATURE_BUGS):
        found[name] = witnesses(name)
        print(name, json.dumps(found[name]), flush=True)
    rows = [
        f"  {json.dumps(name)}: [\n"
        + ",\n".join(f"    {json.dumps(each)}" for each in found[name])
        + "\n  ]"
        for name in found
    ]
    WITNESSES.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

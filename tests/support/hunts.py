"""How well a hunt finds a bug of the zoo, and how short it makes what it has found.

`python -m tests.support.hunts [SEEDS [BUG...]]` measures, and prints a line of
tests/data/hunts.json for each bug, those of features with the features on that they are of.
"""

import json
import statistics
import sys
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from raft_ref.bugs import BUGS
from raft_ref.features.bugs import FEATURE_BUGS, MEMBERSHIP_BUGS, READ_BUGS
from raft_ref.traces.conformance.adapter import Adapter, FailedError, Reply, Sent
from raft_ref.traces.conformance.driving import SERVERS, STEPS
from raft_ref.traces.conformance.hunting.departures import kind
from raft_ref.traces.conformance.hunting.draws import Likely
from raft_ref.traces.conformance.hunting.findings import Settling, schedule_of
from raft_ref.traces.conformance.hunting.hunt import Hunt
from raft_ref.traces.conformance.reference import Cluster
from raft_ref.traces.conformance.run import Runner
from raft_ref.traces.profiles.raft_ref import raft_ref
from tests.support.files import DATA, GALLERY

MEASURED = DATA / "hunts.json"
RUNS, TRIES = 400, 400
"""How many schedules are drawn at most, and followed to make one shorter."""
OF_FEATURES: Mapping[str, Any] = {**FEATURE_BUGS, **READ_BUGS, **MEMBERSHIP_BUGS}
"""The bugs of features, which say themselves which are on."""


class Here(Adapter):
    """An adapter of a mutant that is no process of its own: a hunt takes a tenth of the time."""

    def __init__(self, bug: str) -> None:
        super().__init__((bug,))
        self._bug = bug
        if bug in OF_FEATURES:
            self.features = frozenset(each.value for each in OF_FEATURES[bug].node.on)
        self.close()

    def close(self) -> None:
        """Forget everything, as a process that ends."""
        bug = self._bug
        if bug in OF_FEATURES:
            self._cluster = Cluster(extended=OF_FEATURES[bug].node)
        else:
            self._cluster = Cluster(BUGS[bug].node)

    def ask(self, request: Mapping[str, Any]) -> Reply:
        """Return the answer to a request, with nothing in it that the cluster holds."""
        try:
            found = self._cluster.answer(_copied(self.as_sent(request)))
        except Exception as error:
            raise FailedError(f"{type(error).__name__}: {error}") from None
        found = _copied(found)
        sends = tuple(Sent(each["id"], each["message"]) for each in found.get("sends", ()))
        return Reply(tuple(found["lines"]), sends, bool(found.get("unknown")))


def _copied(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


class Hunted(NamedTuple):
    """In which schedule a bug was found, and how long the shrunk one is; None where it was not."""

    schedules: int
    length: int | None


def servers_of(bug: str) -> tuple[str, ...]:
    """Return the servers among which to hunt: three, and more for a bug that needs them."""
    least = OF_FEATURES[bug].bounds["servers"] if bug in OF_FEATURES else 0
    return tuple(f"s{number}" for number in range(1, max(least, len(SERVERS)) + 1))


def hunted(bug: str, seed: int) -> Hunted:
    """Hunt for a bug from a seed."""
    adapter = Here(bug)
    likely = Likely(features=adapter.features)
    done = Hunt(adapter, raft_ref, servers_of(bug), seed, RUNS, STEPS, likely=likely).run()
    if done.found is None:
        return Hunted(done.runs, None)
    settling = Settling(Runner(adapter, raft_ref), seed, TRIES, steps=0)
    found = settling.settled(schedule_of(done.found, "set"), kind(done.found), bug, lambda: [])
    assert found.replays, (bug, seed)
    return Hunted(done.runs, len(found.run.commands))


def shortest(bug: str) -> int:
    """Return how many steps the gallery's way to the harm of a bug has; 0 where it has none."""
    path = GALLERY / f"{bug}.ndjson"
    if not path.exists():
        return 0
    return len(path.read_text(encoding="utf-8").splitlines()) - 1


def measured(bug: str, seeds: Iterable[int]) -> dict[str, Any]:
    """Return what hunts for a bug come to."""
    found = [hunted(bug, seed) for seed in seeds]
    lengths = [each.length for each in found if each.length is not None]
    schedules = [each.schedules for each in found]
    return {
        "seeds": len(found),
        "found": len(lengths),
        "schedules": {"median": statistics.median_high(schedules), "most": max(schedules)},
        "steps": lengths
        and {
            "least": min(lengths), "median": statistics.median_high(lengths), "most": max(lengths),
        },
        "gallery": shortest(bug),
    }  # fmt: skip


def worse(found: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    """Return in what hunts have come to be worse than they were when they were measured.

    Of fewer seeds nothing is said but of the middle and the worst, which are no worse then. What
    chance makes of another way to draw is allowed: half as much again, and a little.
    """
    lost = known["seeds"] - known["found"]
    most = {
        "schedules": (known["schedules"], 1.5, 5),
        "steps": (known["steps"], 1.15, 2),
    }  # fmt: skip
    told = []
    if found["seeds"] - found["found"] > lost + 1:
        told.append(f"found by {found['found']} of {found['seeds']} seeds")
    for what, (was, times, more) in most.items():
        for figure in ("median", "most"):
            if not known["found"]:
                continue
            bound = was[figure] * times + more
            if found["found"] and found[what][figure] > bound:
                told.append(f"{figure} of {what}: {found[what][figure]}, it was {was[figure]}")
    return told


if __name__ == "__main__":
    for name in sys.argv[2:] or [*BUGS, *OF_FEATURES]:
        line = json.dumps(measured(name, range(1, int(sys.argv[1]) + 1)))
        print(f'"{name}": {line},', flush=True)

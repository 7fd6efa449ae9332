"""Traces by chance: whatever a trace says, validate comes to an end, and says so in a line.

They are small, and nearly all of them are nonsense: servers that begin anywhere, known in part,
with figures that do not fit together; lines with any step, message and variables.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation import Outcome, ValidationRequest
from raft_ref.traces.validation.lines.events import MOVES
from raft_ref.traces.validation.rules.checks import MESSAGES

SERVERS = ["s1", "s2", "s3"]
SECONDS = 120
"""How long one of them may take, on a slow machine."""
Line = dict[str, Any]


class Odd:
    """Makes a trace by chance."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._share = self._random.choice([0.2, 0.4, 0.7, 1.0])

    def _one(self, *values: Any) -> Any:
        return self._random.choice(values)

    def _is(self, share: float) -> bool:
        return self._random.random() < share

    def _number(self) -> int:
        return self._random.choice([0, 0, 1, 1, 2, 2, 3, self._random.randrange(11)])

    def _entries(self) -> list[Line]:
        return [
            {"term": self._number(), **({"value": self._one("a", "b")} if self._is(0.7) else {})}
            for _ in range(self._random.randrange(4))
        ]

    def _some_of(self, makers: Mapping[str, Callable[[], Any]], share: float) -> Line:
        return {name: make() for name, make in makers.items() if self._is(share)}

    def _log(self) -> Any:
        if self._is(0.5):
            return self._entries()
        digest = {"digest": lambda: "00" * 32}
        figures = dict.fromkeys(("lastIndex", "lastTerm", "length"), self._number)
        return self._some_of({**figures, **digest}, 0.5)

    def _snapshot(self) -> Line:
        return self._some_of(
            dict.fromkeys(("lastIncludedIndex", "lastIncludedTerm"), self._number), 0.8
        )

    def _numbers(self) -> Any:
        return self._one([self._number() for _ in SERVERS], {self._one(*SERVERS): self._number()})

    def state(self, share: float) -> Line:
        """Return some of the variables of a server."""
        return self._some_of(
            {
                "currentTerm": self._number,
                "votedFor": lambda: self._one(None, *SERVERS),
                "role": lambda: self._one("Follower", "Candidate", "Leader"),
                "commitIndex": self._number,
                "votesGranted": lambda: self._random.sample(SERVERS, self._random.randrange(4)),
                "nextIndex": self._numbers,
                "matchIndex": self._numbers,
                "snapshot": self._snapshot,
                "log": self._log,
            },
            share,
        )

    def message(self, server: str, *, is_sent: bool) -> Line:
        """Return some of a message from or to a server."""
        other = self._one(*(each for each in SERVERS if each != server))
        kind = self._one(*MESSAGES)
        makers: dict[str, Callable[[], Any]] = {
            name: self._number for name in MESSAGES[kind] if name not in ("source", "dest")
        }
        for name in {"success", "voteGranted"} & {*makers}:
            makers[name] = lambda: self._is(0.6)
        if "snapshot" in makers:
            makers["snapshot"] = self._snapshot
        if "entries" in makers:
            makers["entries"] = lambda: self._one(self._number(), self._entries())
        source, dest = (server, other) if is_sent else (other, server)
        fields = self._some_of(makers, self._share)
        return {"type": kind, "source": source, "dest": dest, **fields}

    def line(self) -> Line:
        """Return a line of any server."""
        server = self._one(*SERVERS)
        step = self._one(None, None, "ReceiveDuplicate", "DropMessage", *MOVES)
        line: Line = {"server": server} if step is None else {"server": server, "step": step}
        is_sent = step in ("Send", "DropMessage")
        if is_sent or step in ("Receive", "ReceiveDuplicate", "Await") or step is None:
            line["message"] = self.message(server, is_sent=is_sent or (not step and self._is(0.5)))
        count = {"count": self._number} if step == "AppendEntries" else {}
        peer = {"peer": lambda: self._one(*SERVERS)} if step in PEER else {}
        line["arguments"] = self._some_of({**count, **peer}, 1) | self._some_of(
            {"index": self._number, "value": lambda: self._one("a", "b")}, 0.4
        )
        if self._is(0.7):
            line["state"] = self.state(self._share * 0.6)
        if self._is(0.1):
            line["before"] = self.state(self._share * 0.4)
        return line

    def trace(self) -> list[Line]:
        """Return a header and a few lines."""
        header: Line = {"format": "raft-ref-trace", "version": 1, "servers": SERVERS}
        header["logged"] = self._one("all", *["some"] * 9)
        if self._is(0.7):
            header["initial"] = {name: self.state(self._share) for name in SERVERS if self._is(0.7)}
        if self._is(0.2):
            header["unsynced"] = self._random.randrange(5)
        if self._is(0.5):
            header["unlogged"] = []
        return [header, *(self.line() for _ in range(self._random.randrange(1, 6)))]


PEER = ("AppendEntries", "InstallSnapshot")


def outcome_of(seed: int, folder: Path) -> Outcome:
    """Return how validate ends with such a trace, with all it has to say of a refusal."""
    path = folder / f"{seed}.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in Odd(seed).trace()))
    found = ValidationRequest((path,), PROFILES["raft-ref"]).of_file(path)
    assert (found.refusal is not None) == (found.outcome is Outcome.REFUSED)
    assert "\n" not in found.reason
    return found.outcome


@pytest.mark.parametrize("tens", range(4))
def test_it_ends_with_a_verdict(tens: int, tmp_path: Path) -> None:
    for seed in range(10 * tens, 10 * tens + 10):
        outcome_of(seed, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("hundreds", range(10, 20))
def test_each_ends_in_time(hundreds: int, tmp_path: Path) -> None:
    """Each verdict comes up among them, so that they reach what they are to try."""
    found: Counter[Outcome] = Counter()
    with ProcessPoolExecutor(1) as pool:
        for seed in range(100 * hundreds, 100 * hundreds + 100):
            found[pool.submit(outcome_of, seed, tmp_path).result(timeout=SECONDS)] += 1
    assert {*found} == {*Outcome}


# ---- What such traces have found


HEADER = {"format": "raft-ref-trace", "version": 1, "servers": SERVERS, "logged": "some"}
BEHIND = {"snapshot": {"lastIncludedIndex": 2, "lastIncludedTerm": 1}}


@pytest.mark.parametrize(
    ("begun", "line", "outcome"),
    [
        # Fewer entries than the snapshot stands for: no server begins so.
        ({**BEHIND, "log": {"lastIndex": 1}}, {"step": "Stay"}, Outcome.BAD_INPUT),
        # The term that was compacted is not in a log known by its end.
        (
            {**BEHIND, "log": {"lastIndex": 5, "lastTerm": 1}, "currentTerm": 1},
            {"step": "Stay", "state": BEHIND},
            Outcome.ACCEPTED,
        ),
        # A log that is logged as shorter than the one that is to grow to it.
        (
            {**BEHIND, "role": "Leader", "currentTerm": 1, "log": []},
            {"step": "ClientRequest", "state": {"log": []}},
            Outcome.REFUSED,
        ),
        # Why not, hangs on entries that nobody knows.
        (
            {"currentTerm": 2, "log": {"lastIndex": 9, "lastTerm": 2}},
            {"step": "Commit", "arguments": {"index": 3}, "state": {"commitIndex": 3}},
            Outcome.REFUSED,
        ),
    ],
)
def test_a_log_behind_its_snapshot(
    begun: Line, line: Line, outcome: Outcome, tmp_path: Path
) -> None:
    path = tmp_path / "trace.ndjson"
    lines = [{**HEADER, "unlogged": [], "initial": {"s1": begun}}, {"server": "s1", **line}]
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    assert ValidationRequest((path,), PROFILES["raft-ref"]).of_file(path).outcome is outcome


@pytest.mark.parametrize("logged", ["all", "some"])
def test_a_start_has_no_state_before(logged: str, tmp_path: Path) -> None:
    path = tmp_path / "trace.ndjson"
    start = {"step": "Start", "server": "s1", "before": {"commitIndex": 0}, "changes": {}}
    lines = [{**HEADER, "logged": logged}, start]
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    found = ValidationRequest((path,), PROFILES["raft-ref"]).of_file(path)
    assert found.outcome is Outcome.ACCEPTED

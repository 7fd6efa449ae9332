"""One report of many: of walks that were shared out among machines, each with its own report.

In: the reports of `check --random --json`, as JSON objects. They must be of the same cluster,
bounds and properties, and no walk may be in two of them.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import lcm
from pathlib import Path
from typing import Any

from raft_ref.explorer import Shard, Verdict
from raft_ref.spec.requests import RequestError


@dataclass(frozen=True, slots=True)
class Part:
    """One of the reports: where it was read from, what it says, and which walks it is of."""

    path: Path
    report: Mapping[str, Any]
    seeds: range

    @property
    def about(self) -> Mapping[str, Any]:
        """What it says of the walks."""
        found: Mapping[str, Any] = self.report["random"]
        return found

    @property
    def shard(self) -> Shard:
        """Which of the walks it is of."""
        return _shard(self.about["shard"])

    @property
    def is_whole(self) -> bool:
        """Whether all of its walks came to their end."""
        return bool(self.about["runs_done"] == len(self.seeds))


@dataclass(frozen=True, slots=True)
class MergedReport:
    """What all of them say together.

    `missing` names the shards that none is of. `distinct_states` are the least and the most that
    there can be: which states two of them met is not known.
    """

    parts: Sequence[Part]
    missing: Sequence[str]

    @property
    def verdict(self) -> Verdict:
        """VIOLATED or INCOMPLETE: walks cannot show that anything holds."""
        return Verdict.VIOLATED if self.violations else Verdict.INCOMPLETE

    @property
    def violations(self) -> Sequence[Part]:
        """Those that found a violation, in the order of the seeds."""
        found = [part for part in self.parts if part.report["verdict"] == Verdict.VIOLATED]
        return sorted(found, key=lambda part: int(part.about["found_with_seed"]))

    @property
    def unfinished(self) -> Sequence[Part]:
        """Those that found none, and were stopped before all of their walks were done."""
        return [part for part in self.parts if not part.is_whole and part not in self.violations]

    @property
    def runs_done(self) -> int:
        """How many walks came to their end without a violation."""
        return sum(part.about["runs_done"] for part in self.parts)

    @property
    def distinct_states(self) -> tuple[int, int]:
        """The least and the most distinct states that there can be."""
        each = [part.report["distinct_states"] for part in self.parts]
        return max(each), sum(each)

    @property
    def sometimes(self) -> Mapping[str, bool]:
        """Whether each property that must be reached was, by any."""
        first = self.parts[0].report["sometimes"]
        return {name: any(part.report["sometimes"][name] for part in self.parts) for name in first}

    def total(self, name: str) -> Mapping[str, int]:
        """Return the sum of what is counted by name, such as `actions`."""
        found: Counter[str] = Counter()
        for part in self.parts:
            for key, number in part.report[name].items():
                found[key] += number
        return found

    @property
    def never_taken(self) -> Sequence[str]:
        """What none of them took."""
        lacking = [part.report["never_taken"] for part in self.parts]
        return [name for name in lacking[0] if all(name in each for each in lacking)]


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """Merge the reports in these files."""

    paths: Sequence[Path]

    def run(self) -> MergedReport:
        """Read them, and merge. Raises `RequestError` where they do not belong together."""
        parts = [_part(path) for path in self.paths]
        for number, part in enumerate(parts):
            for other in parts[:number]:
                _demand_alike(part, other)
        return MergedReport(parts, _missing(parts))


def _part(path: Path) -> Part:
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RequestError(f"{path}: {error.strerror}", is_named=False) from error
    except ValueError as error:
        raise _no_report(path) from error
    try:
        _demand_fields(report)
        about = report["random"]
        return Part(path, report, _shard(about["shard"]).seeds(about["seed"], about["runs"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _no_report(path) from None


def _no_report(path: Path) -> RequestError:
    return RequestError(f"{path}: no report of check --random --json", is_named=False)


_NUMBERS = ("distinct_states", "transitions", "depth", "seconds")
_TABLES = ("actions", "cut_off", "sometimes", "bounds")
_OF_WALKS = ("seed", "runs", "steps", "runs_done")


def _demand_fields(report: Any) -> None:
    """Raise KeyError or TypeError unless all is there that is read of a report."""
    about = report["random"]
    Verdict(report["verdict"])
    for where, names, kind in (
        (report, _NUMBERS, (int, float)),
        (report, _TABLES, dict),
        (report, ("properties", "never_taken"), list),
        (about, _OF_WALKS, int),
        (about, ("of",), dict),
    ):
        for name in names:
            if not isinstance(where[name], kind):
                raise TypeError(name)
    if report["verdict"] == Verdict.VIOLATED:
        int(about["found_with_seed"])
        str.split(about["replay"])


def _shard(text: str) -> Shard:
    number, count = text.split("/")
    return Shard(int(number), int(count))


def _demand_alike(part: Part, other: Part) -> None:
    for name, own, its in (
        *((name, part.about["of"].get(name), was) for name, was in other.about["of"].items()),
        ("bounds", part.report["bounds"], other.report["bounds"]),
        ("properties", part.report["properties"], other.report["properties"]),
        ("steps", part.about["steps"], other.about["steps"]),
        ("sometimes", [*part.report["sometimes"]], [*other.report["sometimes"]]),
    ):
        if own != its:
            raise RequestError(
                f"{part.path}: {name} {_shown(own)}, and of {other.path} {_shown(its)}",
                is_named=False,
            )
    shared = _shared(part.seeds, other.seeds)
    if shared is not None:
        raise RequestError(
            f"{part.path}: the walk of seed {shared} is in {other.path}, too", is_named=False
        )


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _shared(one: range, other: range) -> int | None:
    """Return a number that is in both."""
    if not one or not other:
        return None
    first = max(one[0], other[0])
    begin = one[0] + -(-(first - one[0]) // one.step) * one.step
    end = min(one[-1], begin + lcm(one.step, other.step))
    return next((each for each in range(begin, end + 1, one.step) if each in other), None)


def _missing(parts: Sequence[Part]) -> list[str]:
    """Return the shards that are not there of a search of which another one is."""
    there: dict[tuple[int, int, int], set[int]] = {}
    for part in parts:
        key = part.about["seed"], part.about["runs"], part.shard.count
        there.setdefault(key, set()).add(part.shard.number)
    missing = []
    for (seed, _, count), numbers in there.items():
        lacking = [n for n in range(1, count + 1) if n not in numbers]
        missing += [f"{n}/{count} of seed {seed}" for n in lacking]
    return missing

"""The reports of servers as a table, a line for each."""

import sys
from collections.abc import Mapping

from raft_ref.server import Address, Report


def show(found: Mapping[Address, Report | str]) -> None:
    """Print the reports, and why others could not be asked."""
    reports = [each for each in found.values() if isinstance(each, Report)]
    leader = max((r for r in reports if r.role == "leader"), key=lambda r: r.term, default=None)
    rows: list[tuple[str, ...]] = [_HEAD]
    for address, each in found.items():
        if isinstance(each, str):
            print(f"raft-ref: {address}: {each}", file=sys.stderr)
            continue
        seen = None if leader is None else leader.peers.get(each.name)
        lag = "" if seen is None or seen.lag is None else f"{seen.lag:,}"
        trip = "" if seen is None else _milliseconds(seen.round_trip)
        numbers = [f"{number:,}" for number in (each.term, each.last_index, each.commit_index)]
        disk = _milliseconds(each.disk)
        rows.append((each.name, str(address), each.role, *numbers, lag, disk, trip))
    if reports:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            parts = (part.ljust(width) for part, width in zip(row, widths, strict=True))
            print("  ".join(parts).rstrip())


_HEAD = ("server", "address", "role", "term", "last", "commit", "lag", "disk", "trip")


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{1000 * seconds:.1f} ms"

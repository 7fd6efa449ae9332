"""`raft-ref member list`: who the servers of a cluster are."""

import argparse
import json
import re
from typing import Any

from raft_ref.cli.commands.member.asking import add_kind, asked
from raft_ref.server import Membership

_EXAMPLES = """\
Up is who has answered the leader in the last second or so.

examples:
  raft-ref member list --cluster 127.0.0.1:7001,127.0.0.1:7002,127.0.0.1:7003
  raft-ref member list --cluster ... --json
"""


def configure(kinds: Any) -> None:
    """Give the command its options."""
    what = "tell who they are, where they listen, who leads, and who is up"
    add_kind(kinds, "list", what, _EXAMPLES, run)


def run(options: argparse.Namespace) -> int:
    """Run `raft-ref member list`. Raises UsageError and TlsError."""
    result = asked(options, Membership())
    if result is None:
        return 3
    members: list[dict[str, Any]] = json.loads(result.value or "[]")
    members.sort(key=lambda each: _in_order(each["name"]))
    if options.json:
        print(json.dumps(members))
        return 0
    rows = [
        (each["name"], each["address"] or "", _role(each), "up" if each["is_up"] else "down")
        for each in members
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(part.ljust(width) for part, width in zip(row, widths, strict=True))
        print(line.rstrip())
    return 0


def _in_order(name: str) -> list[str | int]:
    """Return what names are sorted by, so that 3 comes before 10."""
    parts = re.split(r"([0-9]+)", name)
    return [int(part) if at % 2 else part for at, part in enumerate(parts)]


def _role(member: dict[str, Any]) -> str:
    if member["leads"]:
        return "leads"
    return "votes" if member["is_voter"] else "learns"

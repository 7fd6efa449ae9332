"""`raft-ref member list`: who the servers of a cluster are."""

import argparse
import json
from typing import Any

from raft_ref.cli.commands.member.asking import asked
from raft_ref.cli.options.network import add_client
from raft_ref.server import Membership


def configure(kinds: Any) -> None:
    """Give the command its options."""
    what = "tell who they are, where they listen, and who leads"
    one = kinds.add_parser("list", help=what, description=f"{what.capitalize()}.")
    add_client(one, run)


def run(options: argparse.Namespace) -> int:
    """Run `raft-ref member list`. Raises UsageError and TlsError."""
    result = asked(options, Membership())
    if result is None:
        return 3
    members: list[dict[str, Any]] = json.loads(result.value or "[]")
    if options.json:
        print(json.dumps(members))
        return 0
    rows = [(each["name"], each["address"] or "", _role(each)) for each in members]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(part.ljust(width) for part, width in zip(row, widths, strict=True))
        print(line.rstrip())
    return 0


def _role(member: dict[str, Any]) -> str:
    if member["leads"]:
        return "leads"
    return "votes" if member["is_voter"] else "learns"

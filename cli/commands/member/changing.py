"""`raft-ref member add`, `promote` and `remove`: other servers of a cluster."""

import argparse
import json
from typing import Any

from raft_ref.cli.commands.member.asking import add_kind, asked
from raft_ref.cli.options.network import named_address
from raft_ref.server import VOTES, Change, ChangeKind, Membership, Result

_CHANGES = {
    ChangeKind.ADD: (
        "NAME=ADDRESS",
        "let a server learn what the others store; it waits for that (serve --join)",
        """\
A name is used once, and so the leader looks first who is there: where nobody waits to be added
under this name, nothing is done.

example:
  raft-ref member add 4=127.0.0.1:7004 --cluster 127.0.0.1:7001,127.0.0.1:7002,127.0.0.1:7003
""",
    ),
    ChangeKind.PROMOTE: (
        "NAME",
        "let a server vote that was added and has caught up",
        """\
example:
  raft-ref member promote 4 --cluster 127.0.0.1:7001,127.0.0.1:7002,127.0.0.1:7003
""",
    ),
    ChangeKind.REMOVE: (
        "NAME",
        "leave a server out, for good",
        """\
Who is removed stops, and says so. Nobody is removed without whom nothing could be stored.

example:
  raft-ref member remove 1 --cluster 127.0.0.1:7001,127.0.0.1:7002,127.0.0.1:7003
""",
    ),
}


def configure(kinds: Any) -> None:
    """Give the commands their options."""
    for kind, (argument, what, example) in _CHANGES.items():
        one = add_kind(kinds, kind.value, what, example, run)
        reads = named_address if kind is ChangeKind.ADD else str
        one.add_argument("server", metavar=argument, type=reads)
        one.set_defaults(kind=kind)


def run(options: argparse.Namespace) -> int:
    """Run one of the commands. Raises UsageError and TlsError."""
    change = _change(options)
    result = asked(options, Membership(change))
    if result is None:
        return 3
    told = {"succeeded": True}
    if change.kind is ChangeKind.ADD:
        told["is_voter"] = result.value == VOTES
    print(json.dumps(told) if options.json else _said(change, result))
    return 0


def _change(options: argparse.Namespace) -> Change:
    if options.kind is ChangeKind.ADD:
        name, address = options.server
        return Change(ChangeKind.ADD, name, str(address))
    return Change(options.kind, options.server)


def _said(change: Change, result: Result) -> str:
    match change.kind:
        case ChangeKind.ADD if result.value == VOTES:
            return f"{change.server} votes already, at {change.address}"
        case ChangeKind.ADD:
            return f"{change.server} is a learner, at {change.address}"
        case ChangeKind.PROMOTE:
            return f"{change.server} votes"
        case ChangeKind.REMOVE:
            return f"{change.server} is removed"

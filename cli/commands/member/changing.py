"""`raft-ref member add`, `promote` and `remove`: other servers of a cluster."""

import argparse
import json
from typing import Any

from raft_ref.cli.commands.member.asking import asked
from raft_ref.cli.options.network import add_client, named_address
from raft_ref.server import Change, ChangeKind, Membership

_CHANGES = {
    ChangeKind.ADD: (
        "NAME=ADDRESS",
        "let a server learn what the others store; it waits for that (serve --join)",
    ),
    ChangeKind.PROMOTE: ("NAME", "let a server vote that was added and has caught up"),
    ChangeKind.REMOVE: ("NAME", "leave a server out, for good"),
}


def configure(kinds: Any) -> None:
    """Give the commands their options."""
    for kind, (argument, what) in _CHANGES.items():
        one = kinds.add_parser(kind.value, help=what, description=f"{what.capitalize()}.")
        reads = named_address if kind is ChangeKind.ADD else str
        one.add_argument("server", metavar=argument, type=reads)
        one.set_defaults(kind=kind)
        add_client(one, run)


def run(options: argparse.Namespace) -> int:
    """Run one of the commands. Raises UsageError and TlsError."""
    change = _change(options)
    if asked(options, Membership(change)) is None:
        return 3
    print(json.dumps({"succeeded": True}) if options.json else _said(change))
    return 0


def _change(options: argparse.Namespace) -> Change:
    if options.kind is ChangeKind.ADD:
        name, address = options.server
        return Change(ChangeKind.ADD, name, str(address))
    return Change(options.kind, options.server)


def _said(change: Change) -> str:
    match change.kind:
        case ChangeKind.ADD:
            return f"{change.server} is a learner, at {change.address}"
        case ChangeKind.PROMOTE:
            return f"{change.server} votes"
        case ChangeKind.REMOVE:
            return f"{change.server} is removed"

"""`raft-ref status`: how each server of a cluster is."""

import argparse
import asyncio
import json
from typing import Any

import msgspec

from raft_ref.cli.commands.status.table import show
from raft_ref.cli.options.network import add_client, certificate
from raft_ref.server import Address, FrameError, Report, reason_of, reported

_EXAMPLES = """
examples:
  raft-ref status --cluster 127.0.0.1:7001,127.0.0.1:7002,127.0.0.1:7003
  raft-ref status --cluster ... --json

Each server is asked for itself. Lag is how many entries of the leader's log a server lacks, as the
leader knows; disk is how long its last saves took; trip is the time from a message of the leader to
the answer, which is saved first if it is of entries.

exit codes: 0 all servers answer; 1 some do not; 2 bad input or usage; 3 none does
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = "Tell of each server its role and term, how far it is, and its disk."
    parser.epilog = _EXAMPLES
    add_client(parser, run)


def run(options: argparse.Namespace) -> int:
    """Run `raft-ref status`. Raises UsageError and TlsError."""
    files = certificate(options)
    tls = None if files is None else files.for_connecting()
    found = asyncio.run(_asked(options.cluster, options.timeout, tls))
    reports = [each for each in found.values() if isinstance(each, Report)]
    if options.json:
        told = {
            str(address): msgspec.to_builtins(each) if isinstance(each, Report) else {"error": each}
            for address, each in found.items()
        }
        print(json.dumps(told))
    else:
        show(found)
    if not reports:
        return 3
    return 0 if len(reports) == len(found) else 1


async def _asked(addresses: list[Address], seconds: float, tls: Any) -> dict[Address, Report | str]:
    async def ask(address: Address) -> Report | str:
        try:
            return await reported(address, seconds, tls)
        except TimeoutError:
            return f"no answer for {seconds:g} s"
        except (OSError, FrameError) as error:
            return reason_of(error)

    return dict(zip(addresses, await asyncio.gather(*map(ask, addresses)), strict=True))

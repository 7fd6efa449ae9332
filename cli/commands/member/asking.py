"""What all of `raft-ref member` do: ask a cluster, and say where that failed."""

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from raft_ref.cli.options.network import add_client, certificate
from raft_ref.server import FailedError, Membership, OperationRequest, Result

EXIT_CODES = """\
exit codes: 0 done; 2 bad input or usage; 3 not done, or not known to be: it must not be done, no
server answers or leads, or not in time
"""


def add_kind(
    kinds: Any, name: str, what: str, example: str, run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    """Add one of the commands: what it does, and an example of that."""
    one: argparse.ArgumentParser = kinds.add_parser(
        name,
        help=what,
        description=f"{what[:1].upper()}{what[1:]}.",
        epilog=f"{example}\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_client(one, run)
    return one


def asked(options: argparse.Namespace, wanted: Membership) -> Result | None:
    """Return what a cluster answers; None, with a line about it, if it does not in time.

    Raises UsageError and TlsError.
    """
    servers, files = tuple(options.cluster), certificate(options)
    try:
        return OperationRequest(servers, wanted, options.timeout, files).run_alone()
    except FailedError as error:
        is_undone = wanted.change is None or error.is_definite
        if options.json:
            print(json.dumps({"error": str(error), "definite": is_undone}))
        doubt = "nothing was done" if is_undone else "it may have been done, or may still be"
        print(f"raft-ref: {error}; {doubt}", file=sys.stderr)
        return None

"""What all of `raft-ref member` do: ask a cluster, and say where that failed."""

import argparse
import asyncio
import json
import sys

from raft_ref.cli.options.network import certificate
from raft_ref.server import FailedError, Membership, OperationRequest, Result


def asked(options: argparse.Namespace, wanted: Membership) -> Result | None:
    """Return what a cluster answers; None, with a line about it, if it does not in time.

    Raises UsageError and TlsError.
    """
    servers, files = tuple(options.cluster), certificate(options)
    try:
        return asyncio.run(OperationRequest(servers, wanted, options.timeout, files).run())
    except FailedError as error:
        is_undone = wanted.change is None or error.is_definite
        if options.json:
            print(json.dumps({"error": str(error), "definite": is_undone}))
        doubt = "nothing was done" if is_undone else "it may have been done, or may still be"
        print(f"raft-ref: {error}; {doubt}", file=sys.stderr)
        return None

"""`raft-ref kv`: a client of a cluster of `raft-ref serve`."""

import argparse
import json
import sys

from raft_ref.cli.options.network import add_client, certificate
from raft_ref.server import FailedError, Kind, Operation, OperationRequest, Result, Transfer

_EXAMPLES = """
examples:
  raft-ref kv put color blue --cluster 127.0.0.1:7001,127.0.0.1:7002,127.0.0.1:7003
  raft-ref kv get color --cluster 127.0.0.1:7001,127.0.0.1:7002,127.0.0.1:7003
  raft-ref kv cas color blue red --cluster ...      red, if it is blue; - stands for no value
  raft-ref kv delete color --cluster ...
  raft-ref kv get color --from-any --cluster ...    from any server, not the leader alone
  raft-ref kv transfer 2 --cluster ...              let the server 2 lead; any other without a name

exit codes: 0 done; 1 there is no such key, or another value than expected, or another server leads;
2 bad input or usage; 3 not done, or not known to be: no server answers or leads, or not in time
"""

_ARGUMENTS = {
    Kind.GET: ("print the value of a key", ["KEY"]),
    Kind.PUT: ("store a value", ["KEY", "VALUE"]),
    Kind.DELETE: ("remove a key", ["KEY"]),
    Kind.CAS: ("store a value if the key has the expected one", ["KEY", "EXPECTED", "VALUE"]),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Read and write keys, or have another server lead. What is read is the last value that "
        "was written: reads are linearizable. A write that is asked for again is done once."
    )
    parser.epilog = _EXAMPLES
    kinds = parser.add_subparsers(title="what to do", metavar="WHAT", required=True)
    for kind, (what, arguments) in _ARGUMENTS.items():
        one = kinds.add_parser(kind.value, help=what, description=f"{what.capitalize()}.")
        for name in arguments:
            one.add_argument(name.lower(), metavar=name)
        if kind is Kind.GET:
            one.add_argument(
                "--from-any",
                action="store_true",
                help="let any server answer, the first of the cluster before the others: it asks "
                "the leader how far it has to be, and is as up to date (servers that run with "
                "--reads any or lease; others say who leads)",
            )
        one.set_defaults(kind=kind)
        add_client(one, run)
    what = "let another server lead"
    one = kinds.add_parser("transfer", help=what, description=f"{what.capitalize()}.")
    one.add_argument(
        "server", nargs="?", metavar="SERVER", help="which (default: the one that is nearest to it)"
    )
    one.set_defaults(kind=None)
    add_client(one, run)


def run(options: argparse.Namespace) -> int:
    """Run `raft-ref kv`. Raises UsageError and TlsError."""
    wanted = _wanted(options)
    request = OperationRequest(
        tuple(options.cluster), wanted, options.timeout, certificate(options)
    )
    is_read = isinstance(wanted, Operation) and wanted.kind is Kind.GET
    try:
        result = request.run_alone()
    except FailedError as error:
        if options.json:
            print(json.dumps({"error": str(error), "definite": error.is_definite}))
        print(f"raft-ref: {error}; {_doubt(is_read, error)}", file=sys.stderr)
        return 3
    succeeded = result.succeeded and not (is_read and result.value is None)
    if options.json:
        print(json.dumps({"succeeded": succeeded, "value": result.value}))
    else:
        _print_result(wanted, result)
    return 0 if succeeded else 1


def _wanted(options: argparse.Namespace) -> Operation | Transfer:
    if options.kind is None:
        return Transfer(options.server)
    values = [getattr(options, name, None) for name in ("value", "expected")]
    if options.kind is Kind.CAS:  # - stands for no value
        values = [None if value == "-" else value for value in values]
    value, expected = values
    of_any = options.kind is Kind.GET and options.from_any
    return Operation(options.kind, options.key, value, expected, of_any)


def _print_result(wanted: Operation | Transfer, result: Result) -> None:
    if isinstance(wanted, Transfer):
        if result.succeeded:
            print(f"{result.value} leads")
        else:
            other = wanted.to or "another server"
            print(f"raft-ref: {other} did not take over: {result.value} leads", file=sys.stderr)
        return
    match wanted.kind, result.succeeded, result.value:
        case Kind.GET, _, str(value):
            print(value)
        case ((Kind.GET | Kind.DELETE), _, None):
            print("raft-ref: there is no such key", file=sys.stderr)
        case Kind.CAS, False, value:
            found = "no value" if value is None else f"the value {value}"
            print(f"raft-ref: the key has {found}", file=sys.stderr)


def _doubt(is_read: bool, error: FailedError) -> str:
    if is_read:
        return "nothing was read"
    return "nothing was done" if error.is_definite else "it may have been done, or may still be"

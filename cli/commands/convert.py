"""`raft-ref convert`: a trace from one format to another."""

import argparse
from pathlib import Path

from raft_ref.cli.options.errors import demand_writable
from raft_ref.traces.sources.conversion import ConversionRequest

EXIT_CODES = "exit codes: 0 written; 2 bad input or usage"

EXAMPLES = """\
examples:
  raft-ref convert trace.ndjson trace.itf.json
  raft-ref convert violation.itf.json trace.ndjson
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Convert a trace between this project's format (.ndjson, traces/FORMAT.md) and "
        "ITF (.itf.json), the JSON trace format of Apalache and Quint. Of one with Raft.tla's "
        "variables the steps between the states are found; of any other specification, which "
        "process acts, and what is sent."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.add_argument("source", type=Path, metavar="FROM", help="a trace")
    parser.add_argument("target", type=Path, metavar="TO", help="where to write it")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Convert a trace; return the exit code."""
    request = ConversionRequest(options.source, options.target)
    demand_writable("TO", request.target)
    request.run()
    print(f"written to {request.target}")
    return 0

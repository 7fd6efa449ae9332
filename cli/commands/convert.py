"""`raft-ref convert`: a trace from one format to another."""

import argparse
from pathlib import Path

from raft_ref.cli.options.errors import UsageError, demand_writable
from raft_ref.traces import read, write
from raft_ref.traces.format.itf import read_itf, write_itf

EXIT_CODES = "exit codes: 0 written; 2 bad input or usage"

EXAMPLES = """\
examples:
  raft-ref convert trace.ndjson trace.itf.json
  raft-ref convert violation.itf.json trace.ndjson
"""

ITF = ".itf.json"


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Convert a trace between this project's format (.ndjson, traces/FORMAT.md) and "
        "ITF (.itf.json), the JSON trace format of Apalache and Quint. An ITF trace has states of "
        "Raft.tla's variables; the steps between them are found."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.add_argument("source", type=Path, metavar="FROM", help="a trace")
    parser.add_argument("target", type=Path, metavar="TO", help="where to write it")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Convert a trace; return the exit code."""
    source, target = options.source, options.target
    if target.name.endswith(ITF) == source.name.endswith(ITF):
        raise UsageError(f"one of the two must end with {ITF}, the other not")
    demand_writable("TO", target)
    if source.name.endswith(ITF):
        write(read_itf(source), target)
    else:
        write_itf(read(source), target)
    print(f"written to {target}")
    return 0

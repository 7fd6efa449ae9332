"""`raft-ref mcp`: what raft-ref can do, for whoever speaks the Model Context Protocol.

In: requests on standard input. Out: answers on standard output. `tools` are what can be asked. All
but this needs an extra.
"""

import argparse
import importlib
import importlib.util

from raft_ref.cli.options.errors import UsageError

EXIT_CODES = "exit codes: 0 whoever asks has gone; 2 bad usage"

EXAMPLES = """\
examples:
  raft-ref mcp
  {"mcpServers": {"raft-ref": {"command": "raft-ref", "args": ["mcp"]}}}
                                                    as most clients want to be told of it
"""

NO_PROTOCOL = "mcp needs the SDK of the protocol: pip install 'raft-ref[mcp]'"
"""What is said where it is not installed."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Serve the Model Context Protocol on standard input and output: check a cluster, validate "
        "a log and have a refusal explained, play a schedule, see what a cluster can do in a "
        "state and which properties hold there, evaluate a formula of TLA+ in it, and find the "
        "shortest way from it to a goal."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    """Serve until standard input ends; return the exit code."""
    if importlib.util.find_spec("mcp") is None:
        raise UsageError(NO_PROTOCOL)
    tools = importlib.import_module("raft_ref.cli.commands.mcp.tools")  # needs the extra
    tools.server().run("stdio")
    return 0

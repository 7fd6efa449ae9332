"""The command line: `raft-ref`, which wires the node, the explorer, the spec and the traces."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import version

from raft_ref.cli.commands import (
    bugs,
    check,
    conform,
    convert,
    demo,
    draw,
    generate,
    kv,
    prove,
    serve,
    spec,
    validate,
)
from raft_ref.cli.options.errors import UsageError
from raft_ref.explorer import ActorError, CheckpointError
from raft_ref.server import StorageError, TlsError
from raft_ref.spec import SpecError
from raft_ref.traces import RenderError, TraceError
from raft_ref.traces.conformance.adapter import AdapterError

EXIT_CODES = (
    "exit codes: 0 holds within the bounds; 1 violated; 2 bad input or usage; 3 stopped early"
)


_OF_THE_USER = (
    UsageError,
    ActorError,
    CheckpointError,
    SpecError,
    TraceError,
    RenderError,
    AdapterError,
    StorageError,
    TlsError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `raft-ref` with the given arguments, or those of the process; return the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    parser = _parser()
    options = parser.parse_args(arguments)
    options.arguments = sys.argv[1:] if arguments is None else [*arguments]
    try:
        return int(options.run(options))
    except BrokenPipeError:
        # Whoever read our output has had enough; let nothing else fail on it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 3
    except OSError as error:
        print(f"raft-ref: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    except _OF_THE_USER as error:
        print(f"raft-ref: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("raft-ref: interrupted", file=sys.stderr)
        return 3


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="raft-ref",
        description="A model-checked reference implementation of Raft, linked to its TLA+ spec.",
        epilog=EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"raft-ref {version('raft-ref')}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check.add_command(commands, EXIT_CODES)
    bugs.add_command(commands)
    spec.add_command(commands, EXIT_CODES)
    demo.add_command(commands)
    serve.add_command(commands)
    kv.add_command(commands)
    validate.add_command(commands)
    generate.add_command(commands)
    conform.add_command(commands)
    convert.add_command(commands)
    draw.add_command(commands)
    prove.add_command(commands)
    return parser

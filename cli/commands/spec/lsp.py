"""`raft-ref spec lsp`: a language server for TLA+, for whichever editor asks one.

All but this needs an extra: see `editor`.
"""

import argparse
import importlib
import importlib.util
from pathlib import Path

from raft_ref.cli.options.errors import UsageError

EXAMPLES = """\
examples:
  raft-ref spec lsp                      on standard input and output, as editors start it
  raft-ref spec lsp --library CommunityModules/modules
  vim.lsp.start({ name = "raft-ref", cmd = { "raft-ref", "spec", "lsp" } })
                                         as Neovim is told of it, for a buffer with a .tla file
"""
EXIT_CODES = "exit codes: 0 the editor has gone; 2 bad usage"
NO_PROTOCOL = "lsp needs a library for the protocol: pip install 'raft-ref[lsp]'"
"""What is said where it is not installed."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Serve the Language Server Protocol for TLA+: errors as one types, the definition of a "
        "name, what a name means and which sets a variable is said to be of, and, as a code "
        "action at a definition, a check of it alone with the configuration beside the module."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.set_defaults(run=run)
    parser.add_argument(
        "--library",
        metavar="DIR",
        type=Path,
        action="append",
        default=[],
        help="a folder with modules that are extended; may be given more than once",
    )


def run(options: argparse.Namespace) -> int:
    """Serve until standard input ends; return the exit code."""
    if importlib.util.find_spec("pygls") is None:
        raise UsageError(NO_PROTOCOL)
    editor = importlib.import_module("raft_ref.cli.commands.spec.editor")  # needs the extra
    editor.server(options.library).start_io()
    return 0

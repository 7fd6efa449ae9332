"""`raft-ref spec`: what concerns specifications: to check one, to compare ours, to write one."""

import argparse

from raft_ref.cli.commands.spec import check, compare, lsp
from raft_ref.cli.options.errors import EXIT_CODES


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Check TLA+ specifications without Java, and hold the results against TLC's."
    )
    parser.epilog = EXIT_CODES
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, module, what in (
        ("check", check, "check a specification with its configuration"),
        ("compare", compare, "check that node, spec and TLC have the same states"),
        ("lsp", lsp, "serve the Language Server Protocol, for an editor"),
    ):
        module.configure(
            commands.add_parser(
                name, help=what, formatter_class=argparse.RawDescriptionHelpFormatter
            )
        )

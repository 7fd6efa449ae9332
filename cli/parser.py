"""The parser of the command line: the options of the one command that is asked for.

What is misspelt is answered with what was probably meant, and with the usage of that command.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

from raft_ref import __version__
from raft_ref.cli.options.errors import EXIT_CODES

COMMANDS: Final = {
    "check": "explore a cluster exhaustively within bounds",
    "merge": "one report of those of random walks on many machines",
    "explore": "walk through a cluster in the browser, step by step",
    "mcp": "serve the Model Context Protocol: check, explain, find ways, for a language model",
    "bugs": "known bugs of Raft implementations, each found again",
    "new": "write a small Raft to begin with, or an adapter for yours",
    "spec": "check a TLA+ specification, or compare it with the node and with TLC",
    "demo": "run a cluster in one process, live in the terminal",
    "serve": "run a server of a cluster",
    "kv": "read and write keys of a cluster",
    "status": "tell how each server of a cluster is",
    "member": "tell who the servers of a cluster are, or change that",
    "validate": "validate recorded traces of any implementation against the spec",
    "watch": "validate logs while they are written",
    "generate": "generate scenarios that cover the reference node, for other implementations",
    "conform": "drive another implementation, and hold each step against the spec",
    "play": "play a schedule on the reference node, tell it and draw it",
    "convert": "convert a trace to ITF, the format of Apalache and Quint, or from it",
    "draw": "draw a trace, a state graph, or the automaton of the node",
    "prove": "prove the safety of Raft without bounds, by induction",
}
"""Each command, and what it does in a few words."""


class Parser(argparse.ArgumentParser):
    """A parser that tells what was probably meant; its subparsers are of the same kind."""

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Refuse what is unknown here, where the usage of the command is known."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            first = unknown[0].partition("=")[0]
            known = [each for action in self._actions for each in action.option_strings]
            near = f"; {_probably(first, known)}" if first.startswith("-") else ""
            self.error(f"unrecognized arguments: {' '.join(unknown)}{near}")
        return found, unknown

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(each) for each in action.choices]
            raise argparse.ArgumentError(action, f"no {value!r}; {_probably(str(value), known)}")

    def error(self, message: str) -> NoReturn:
        """Print the usage and what is wrong, and exit."""
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: {message}\n")


def parser_of(command: str | None, *, every: bool = False) -> Parser:
    """Return the parser of `raft-ref`, with the options of one command, or of `every` one."""
    parser = Parser(
        prog="raft-ref",
        description="A model-checked reference implementation of Raft, linked to its TLA+ spec.",
        epilog=EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"raft-ref {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, what in COMMANDS.items():
        one = commands.add_parser(
            name, help=what, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if every or name == command:
            importlib.import_module(f"raft_ref.cli.commands.{name}").configure(one)
    return parser


def _probably(given: str, known: Sequence[str]) -> str:
    from raft_ref.spec.requests import probably  # noqa: PLC0415 - only where something is wrong

    return probably(given, known)


def completed(environment: Mapping[str, str]) -> None:
    """Answer a shell that asks how a line goes on, and exit; nothing if none does."""
    if "_ARGCOMPLETE" in environment:
        import argcomplete  # noqa: PLC0415 - asked for by a shell alone

        argcomplete.autocomplete(parser_of(None, every=True))

"""The options of the commands that speak with a network: addresses, and who may be spoken with."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from raft_ref.cli.options.errors import UsageError, positive
from raft_ref.server import Address, Certificate, check_name, parse_address


def add_tls(group: Any) -> None:
    """Add the options that say by which certificate one is known."""
    for name, what in (
        ("cert", "a certificate (PEM) from the cluster's own CA"),
        ("key", "its key"),
        ("ca", "the certificate of that CA; who has none of it is not spoken with"),
    ):
        group.add_argument(f"--tls-{name}", metavar="FILE", type=Path, help=what)


def add_client(parser: argparse.ArgumentParser, run: Callable[[argparse.Namespace], int]) -> None:
    """Add what a client of a cluster is told, and what answers the command."""
    parser.add_argument(
        "--cluster",
        required=True,
        type=addresses,
        metavar="ADDRESS,...",
        help="where its servers listen: host:port or unix:/path",
    )
    parser.add_argument(
        "--timeout",
        type=positive,
        default=5.0,
        metavar="SECONDS",
        help="how long to try (default: %(default)g)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_tls(parser)
    parser.set_defaults(run=run)


def certificate(options: argparse.Namespace) -> Certificate | None:
    """Return the certificate that the options name, if they do. Raises UsageError."""
    files = options.tls_cert, options.tls_key, options.tls_ca
    if not any(files):
        return None
    if not all(files):
        raise UsageError("--tls-cert, --tls-key, --tls-ca: one of them needs the other two")
    return Certificate(*files)


def address(text: str) -> Address:
    """Return an address, for argparse."""
    try:
        return parse_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def addresses(text: str) -> list[Address]:
    """Return addresses that are separated by commas, for argparse."""
    return [address(each.strip()) for each in text.split(",")]


def named_address(text: str) -> tuple[str, Address]:
    """Return the server of ``1=host:port``, for argparse."""
    name, separator, where = text.strip().partition("=")
    if not separator or not name:
        raise argparse.ArgumentTypeError(f"{text.strip()}: expected NAME=host:port")
    try:
        check_name(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return name, address(where)


def peers(text: str) -> dict[str, Address]:
    """Return the servers of ``1=host:port,2=host:port``, for argparse."""
    found: dict[str, Address] = {}
    for each in text.split(","):
        name, where = named_address(each)
        if name in found:
            raise argparse.ArgumentTypeError(f"{name} is named twice")
        found[name] = where
    if len(set(found.values())) < len(found):
        raise argparse.ArgumentTypeError("two servers have one address")
    return found

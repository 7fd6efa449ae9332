"""The option that says which features of Raft are on."""

import argparse
from collections.abc import Collection
from typing import Any

from raft_ref.cli.options.errors import UsageError
from raft_ref.features import REFINING, Feature


def add_features(
    group: Any, known: Collection[Feature] = frozenset(Feature), default: str = "none"
) -> None:
    """Add which features are on, of those that are known: what `features_of` reads."""
    group.add_argument(
        "--with", dest="features", metavar="FEATURE,...", default=default,
        help="turn on what production runs: "
        f"{', '.join(each.option for each in Feature if each in known)}; {_all(known)}; or none "
        "(default: %(default)s)",
    )  # fmt: skip


def _all(known: Collection[Feature]) -> str:
    """Say what "all" stands for."""
    meant = REFINING & frozenset(known)
    named = ",".join(each.option for each in Feature if each in meant)
    return "all, which is all of these" if meant == {*known} else f"all, which is {named}"


def features_of(
    options: argparse.Namespace, known: Collection[Feature] = frozenset(Feature)
) -> frozenset[Feature]:
    """Return the features that are on, of those that are known. Raises `UsageError`."""
    try:
        return Feature.of_option(options.features, known)
    except ValueError as error:
        raise UsageError(f"--with {error}") from error

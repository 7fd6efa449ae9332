"""The options that say what must happen in the end, and what may be relied on."""

import argparse
import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from raft_ref.cli.options.errors import UsageError
from raft_ref.explorer import ANY, Assumptions, Fairness
from raft_ref.verify import ClusterRequest, LivenessCheck, build

EACH = "each"
"""Stands for every server that is not down, each on its own."""

_FAIR = re.compile(r"(?P<action>[^:()]+)(\((?P<arguments>[^()]*)\))?(:(?P<server>[^:]+))?")

_OF_OTHERS = (
    "conjuncts", "random", "all_violations", "witness", "progress", "progress_from", "checkpoint",
    "resume", "checkpoint_every", "por", "depth", "invariant", "excepted", "bisimulation", "refine",
    "time", "allow_unreached",
)  # fmt: skip


def add_live(group: Any) -> None:
    """Add the options that `live_of` reads."""
    group.add_argument(
        "--live",
        metavar="GOAL",
        help="demand that every fair run meets GOAL: <>P, []<>P, <>[]P or P ~> Q, where P, Q are "
        "formulas of TLA+ over Raft's variables, or names of the module's operators",
    )
    group.add_argument(
        "--fair", metavar="ACTION[(ARGUMENT,...)][:SERVER]", action="append", default=[],
        help="weak fairness: it is not enabled for ever without being taken (repeatable); by one "
        f"server, by whichever, or with :{EACH} by each on its own; of what a server does without "
        f"a message also with arguments, as in 'AppendEntries({EACH}, 1):{EACH}': what stands "
        f"there, {ANY} for anything, {EACH} for each other server on its own",
    )  # fmt: skip
    group.add_argument(
        "--strongly-fair", metavar="ACTION[(ARGUMENT,...)][:SERVER]", action="append", default=[],
        help="strong fairness: nor is it enabled again and again without being taken (repeatable)",
    )  # fmt: skip
    group.add_argument(
        "--rest", metavar="ACTION", action="append", default=[],
        help="it comes to rest: from some moment on it is neither taken nor owed (repeatable; "
        "crashes, losses and duplicates always do)",
    )  # fmt: skip


def demand_not_live(options: argparse.Namespace) -> None:
    """Raise `UsageError` for an option that only a goal has."""
    for name in ("fair", "strongly_fair", "rest"):
        if getattr(options, name):
            raise UsageError(f"--{name.replace('_', '-')}: only with --live")


def live_of(options: argparse.Namespace, cluster: ClusterRequest) -> LivenessCheck:
    """Return what is asked for. Raises `UsageError`."""
    for name in _OF_OTHERS:
        if getattr(options, name) not in (None, False, [], 0):
            option = {"excepted": "except"}.get(name, name.replace("_", "-"))
            raise UsageError(f"--{option}: not with --live")
    if options.symmetry not in (None, "none"):
        raise UsageError(
            "--symmetry: not with --live: a way from a state to a renaming of it is no loop"
        )
    fair = [("fair", word, False) for word in options.fair]
    fair += [("strongly-fair", word, True) for word in options.strongly_fair]
    servers: tuple[str, ...] = ()
    if any(EACH in word for _, word, _ in fair):
        every = build(cluster).system.servers
        servers = every[: len(every) - cluster.down]
    assumed = Assumptions(
        tuple(each for one in fair for each in _fairness(*one, servers)), tuple(options.rest)
    )
    return LivenessCheck(
        options.live, assumed, cluster, options.engine, options.threads, options.memory
    )


def _fairness(
    option: str, word: str, is_strong: bool, servers: tuple[str, ...]
) -> Iterator[Fairness]:
    """Yield what a word asks for: where it says `EACH`, that for every server."""
    read = _FAIR.fullmatch(word)
    if read is None:
        raise UsageError(
            f"--{option} {word}: expected ACTION, ACTION:SERVER or ACTION(ARGUMENT, ...):SERVER"
        )
    given = read["arguments"]
    arguments = [] if not given else [each.strip() for each in given.split(",")]
    for server in servers if read["server"] == EACH else (read["server"],):
        others = [each for each in servers if each != server]
        for chosen in itertools.product(*(others if a == EACH else [a] for a in arguments)):
            fair = Fairness(read["action"], server, is_strong, None if given is None else chosen)
            is_of_each = EACH in (read["server"], *arguments)
            yield replace(fair, of_each=word if is_of_each else None)

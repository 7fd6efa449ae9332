"""What is asked of several processes that `mpirun` has started: one search, told of by one."""

import argparse
import os
import sys
import traceback
from types import TracebackType
from typing import Final

from raft_ref.cli.options.errors import UsageError
from raft_ref.explorer.engines.together.ranks import (
    NoMpiError,
    Ranks,
    is_first,
    is_one_of_many,
    world,
)

NO_MPI: Final = "mpirun has started several processes, and they need mpi4py to search together"
_ALONE: Final = {
    "random": "walks need no MPI: --shard K/N takes a part of them, and raft-ref merge joins them",
    "conjuncts": "in one process alone",
    "all_violations": "in one process alone",
    "bisimulation": "in one process alone",
    "progress": "in one process alone",
    "live": "in one process alone",
}
"""What cannot be asked of several processes, and why."""


def let_first_tell() -> bool:
    """Have all processes but one say nothing, unless they fail; return whether this is the one."""
    if is_first():
        return True
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - to the end
    sys.excepthook = _tell_failure
    return False


def _tell_failure(
    kind: type[BaseException], error: BaseException, where: TracebackType | None
) -> None:
    traceback.print_exception(kind, error, where, file=sys.__stderr__)


def demand_for_ranks(options: argparse.Namespace, is_ladder: bool) -> None:
    """Find out whether several processes can do what is asked. Raises `UsageError`."""
    if not is_one_of_many():
        return
    for name, why in _ALONE.items():
        if getattr(options, name):
            raise UsageError(f"--{name.replace('_', '-')}: not under mpirun ({why})")
    if options.engine == "plain":
        raise UsageError("--engine plain: not under mpirun (in one process alone)")
    if is_ladder:
        raise UsageError("under mpirun bounds are needed, such as --max-messages 4")


def ranks_of() -> Ranks | None:
    """Return the processes that search together, if there are several. Raises `UsageError`."""
    try:
        return world()
    except NoMpiError as error:
        raise UsageError(f"{NO_MPI}: pip install 'raft-ref[mpi]' ({error})") from error

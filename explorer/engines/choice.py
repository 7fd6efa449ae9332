"""The engines that search: the plain one, which says what a search means, and the native one."""

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from raft_ref.explorer.engines.checkpoint import CheckpointError, Checkpoints
from raft_ref.explorer.engines.disk import Disk
from raft_ref.explorer.engines.memory import rarely_collected, usable_bytes
from raft_ref.explorer.engines.native_model import Unfit
from raft_ref.explorer.engines.plain import Search
from raft_ref.explorer.engines.together.places import has_runs
from raft_ref.explorer.engines.together.ranks import Alone, Ranks
from raft_ref.explorer.model.properties import Property
from raft_ref.explorer.model.renaming import Renamed
from raft_ref.explorer.model.system import System
from raft_ref.explorer.results.report import Progress, Report

_LOGGER = logging.getLogger(__name__)

EngineName = Literal["auto", "native", "plain"]


class EngineError(Exception):
    """The engine that was asked for cannot do this search; the message says why."""


@cache
def tell_of_plain_engine(why: str) -> None:
    """Say at once, on standard error unless logging is set up otherwise, that a search is slow."""
    _LOGGER.warning("the plain engine searches, a hundred times slower: %s", why)


def search(
    system: System,
    properties: Sequence[Property],
    symmetry: bool | Sequence[Renamed] = False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    *,
    engine: EngineName = "auto",
    threads: int | None = None,
    memory: int | None = None,
    checkpoints: Checkpoints | None = None,
    disk: Disk | None = None,
    ranks: Ranks | None = None,
) -> Report:
    """Search a system within its bounds, breadth first.

    The report is the same whatever the engine and the number of `threads` (default: one for each
    core; the plain engine has one), but for what it says of the engine. With ``"auto"`` the native
    engine searches where it can, and otherwise the plain one; that is logged as a warning at once,
    and the report says why. `memory` is
    how many bytes the process may use (default: most of what is available); a search that needs
    more ends incomplete.

    With `symmetry`, states that differ by a renaming count as one: of ``["servers"]``,
    ``["values"]``, both, or (True) of all that the actor can rename. That properties
    do not tell apart what is renamed is not checked.

    With `checkpoints`, what is found is kept on disk: a run that was killed at any moment can be
    resumed and ends with the same report, in which `seconds` are those of all its runs. A search
    that ends incomplete keeps a last checkpoint. With `disk` instead, the states are there and not
    in memory, whole levels are kept, and what is kept is gone on with. The native engine alone has
    either.

    With `ranks`, several processes search together, each with so many threads and so much memory.
    All of them call this with the same arguments, and get the same report, or the same error. That
    is for the native engine alone. With `disk`, and with `checkpoints` as well, each of them has
    its states in a folder of its own there; another number of ranks goes on with them, one too.

    Raises ValueError if it cannot rename what is asked for, or where an argument does not go with
    another one; `ActorError` where an actor breaks its protocol, `EngineError` where ``"native"``
    is asked for and cannot be, and `CheckpointError`.
    """
    if disk is not None and checkpoints is not None:
        raise ValueError("checkpoints: a search with `disk` keeps its levels there, and no others")
    keeping = checkpoints if disk is None else disk
    if ranks is None and keeping is not None and has_runs(keeping.folder):
        ranks = Alone()
    if ranks is not None:
        if engine == "plain":
            raise ValueError("engine: with `ranks` the native engine searches, not the plain one")
        return _of_ranks(system, properties, symmetry, on_progress, threads, memory, ranks, keeping)
    memory = usable_bytes() if memory is None else memory
    why = ""
    if engine != "plain":
        try:
            return _native(system, properties, symmetry, on_progress, threads, memory, keeping)
        except EngineError as error:
            if engine == "native":
                raise
            why = str(error)
            if checkpoints is None and disk is None:
                tell_of_plain_engine(why)
    if checkpoints is not None:
        reason = f": {why}" if why else ""
        raise CheckpointError(
            f"{checkpoints.folder}: the plain engine keeps no checkpoints{reason}"
        )
    if disk is not None:
        reason = f": {why}" if why else ""
        raise CheckpointError(f"{disk.folder}: the plain engine has no states on disk{reason}")
    report = Search(system, properties, symmetry, on_progress, memory).run()
    return replace(report, engine=f"{report.engine}: {why}") if why else report


def row_search(engine: EngineName = "auto") -> tuple[Callable[[Any, Any], Any], int] | None:
    """Return the core that searches rows of numbers, and how much memory it may use.

    That is for specifications: what it asks is answered by whoever makes one. None: it is to be
    done without, in Python alone.
    Raises `EngineError` where ``"native"`` is asked for and was not built.
    """
    if engine == "plain":
        return None
    try:
        return _imported("raft_ref.explorer._core").RowSearch, usable_bytes()
    except EngineError as error:
        if engine == "native":
            raise
        _LOGGER.warning("specifications are searched in Python alone, and slower: %s", error)
        return None


def _native(
    system: System,
    properties: Sequence[Property],
    symmetry: bool | Sequence[Renamed],
    on_progress: Callable[[Progress], None],
    threads: int | None,
    memory: int,
    keeping: Checkpoints | Disk | None,
) -> Report:
    name = "native_disk" if isinstance(keeping, Disk) else "native"
    module = _built(name)
    threads = threads or os.cpu_count() or 1
    try:
        with rarely_collected():
            if isinstance(keeping, Disk):
                report: Report = module.NativeDiskSearch(
                    system,
                    properties,
                    symmetry,
                    on_progress,
                    threads=threads,
                    memory=memory,
                    disk=keeping,
                ).run()
                return report
            report = module.NativeSearch(
                system,
                properties,
                symmetry,
                on_progress,
                threads=threads,
                memory=memory,
                checkpoints=keeping,
            ).run()
    except Unfit as error:
        raise EngineError(str(error)) from error
    return report


def _of_ranks(
    system: System,
    properties: Sequence[Property],
    symmetry: bool | Sequence[Renamed],
    on_progress: Callable[[Progress], None],
    threads: int | None,
    memory: int | None,
    ranks: Ranks,
    keeping: Checkpoints | Disk | None,
) -> Report:
    given: dict[str, Any] = {
        "threads": threads or (1 if ranks.size > 1 else os.cpu_count() or 1),
        "memory": ranks.memory(usable_bytes()) if memory is None else memory,
        "ranks": ranks,
    }
    name, kind = "distributed", "DistributedSearch"
    if keeping is not None:
        name, kind = "on_disk", "DistributedDiskSearch"
        given["disk"] = keeping
    if isinstance(keeping, Checkpoints):
        given["disk"] = Disk(keeping.folder, keeping.every, about=keeping.about)
        given["resume"] = keeping.resume
    module = _built(f"together.{name}")
    try:
        with rarely_collected():
            search = getattr(module, kind)(system, properties, symmetry, on_progress, **given)
            report: Report = search.run()
    except Unfit as error:
        raise EngineError(str(error)) from error
    return report


def _built(module: str) -> Any:
    """Return a module that is not there where no compiler was."""
    return _imported(f"raft_ref.explorer.engines.{module}")


def _imported(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise EngineError(
            f"the native engine was not built beside {Path(__file__).parents[1]} "
            "(it needs a C++ compiler)"
        ) from error

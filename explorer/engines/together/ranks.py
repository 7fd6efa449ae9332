"""The processes of one search, which one `mpirun` has started: its ranks.

What reaches the others is MPI, as mpi4py has it, which is imported only where there are some. A
rank that waits for the others sleeps, so that there may be more of them than cores. A rank that
cannot go on ends all: no other one could.
"""

import os
import struct
import sys
import time
from collections.abc import Sequence
from typing import Any, Final, NoReturn, Protocol

_RANKS: Final = ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "MPI_LOCALRANKID")
_SIZES: Final = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS")
_SIZES_OF_SLURM: Final = ("SLURM_STEP_NUM_TASKS", "SLURM_NTASKS")
_LONGEST_NAP: Final = 0.001


class Ranks(Protocol):
    """All processes that search together; each takes part in whatever they do together."""

    rank: int
    size: int

    def exchange(self, pieces: Sequence[bytes]) -> list[bytes]:
        """Give each rank the piece at its place; return one from each."""

    def share(self, value: Any) -> list[Any]:
        """Return the values of all ranks, in their order."""

    def give_up(self, why: str) -> NoReturn:
        """End all ranks, with a line that says why."""

    def memory(self, usable: int) -> int:
        """Return how much of the memory that there is one rank may use."""


class NoMpiError(Exception):
    """One of several processes does not find mpi4py, and so not the others."""


def is_one_of_many() -> bool:
    """Whether this process was started as one of several, as far as its environment tells."""
    sizes = [size for name in _SIZES if (size := os.environ.get(name))] or _sizes_of_slurm()
    return any(size.isdecimal() and int(size) > 1 for size in sizes)


def _sizes_of_slurm() -> list[str]:
    """Return how many `srun` has started, which PMIx does not say in the environment.

    A shell of `salloc` and a script of `sbatch` have Slurm's variables as well, and are no ranks:
    they are in no step that ranks are in, or in a step of one task.
    """
    is_rank = "PMIX_RANK" in os.environ or "PMI_RANK" in os.environ
    if "SLURM_STEP_ID" not in os.environ or not is_rank:
        return []
    return [size for name in _SIZES_OF_SLURM if (size := os.environ.get(name))][:1]


def is_first() -> bool:
    """Whether this process is the one that tells people what was found."""
    ranks = (os.environ.get(name, "") for name in _RANKS)
    return not is_one_of_many() or next((rank == "0" for rank in ranks if rank), True)


def world() -> Ranks | None:
    """Return all ranks, if there are several. Raises `NoMpiError`."""
    if not is_one_of_many():
        return None
    # A core that waits for another rank may be the one that this rank needs.
    os.environ.setdefault("OMPI_MCA_mpi_yield_when_idle", "1")
    try:
        from mpi4py import MPI  # noqa: PLC0415 - an extra, and it starts MPI
    except (ImportError, RuntimeError) as error:
        raise NoMpiError(str(error)) from error
    return MpiRanks(MPI) if MPI.COMM_WORLD.size > 1 else None


class Alone:
    """One process that is all there is; see `Ranks`."""

    rank, size = 0, 1

    def exchange(self, pieces: Sequence[bytes]) -> list[bytes]:
        """Return what is given."""
        return list(pieces)

    def share(self, value: Any) -> list[Any]:
        """Return the value."""
        return [value]

    def give_up(self, why: str) -> NoReturn:
        """End this process, with a line that says why."""
        print(f"raft-ref: {why}", file=sys.__stderr__, flush=True)
        raise SystemExit(2)

    def memory(self, usable: int) -> int:
        """Return all of it."""
        return usable


class MpiRanks:
    """The ranks of an MPI world; see `Ranks`."""

    def __init__(self, mpi: Any) -> None:
        self._mpi = mpi
        self._world = mpi.COMM_WORLD
        self.rank: int = self._world.rank
        self.size: int = self._world.size

    def exchange(self, pieces: Sequence[bytes]) -> list[bytes]:
        """Give each rank the piece at its place; return one from each."""
        counts = bytearray(8 * self.size)
        given = struct.pack(f"={self.size}q", *map(len, pieces))
        self._wait(self._world.Ialltoall([given, self._mpi.INT64_T], [counts, self._mpi.INT64_T]))
        sizes = struct.unpack(f"={self.size}q", counts)
        coming = bytearray(sum(sizes))
        byte = self._mpi.BYTE
        self._world.Alltoallv(
            [b"".join(pieces), list(map(len, pieces)), byte], [coming, list(sizes), byte]
        )
        ends = [sum(sizes[: rank + 1]) for rank in range(self.size)]
        return [bytes(coming[end - size : end]) for size, end in zip(sizes, ends, strict=True)]

    def share(self, value: Any) -> list[Any]:
        """Return the values of all ranks, in their order."""
        self._wait(self._world.Ibarrier())
        shared: list[Any] = self._world.allgather(value)
        return shared

    def give_up(self, why: str) -> NoReturn:
        """End all ranks, with a line that says why."""
        print(f"raft-ref: rank {self.rank}: {why}", file=sys.__stderr__, flush=True)
        self._world.Abort(2)
        raise SystemExit(2)

    def memory(self, usable: int) -> int:
        """Return how much of the memory that there is one rank may use."""
        machine = self._world.Split_type(self._mpi.COMM_TYPE_SHARED)
        share = usable // int(machine.size)
        machine.Free()
        return share

    def _wait(self, request: Any) -> None:
        nap = 0.0
        while not request.Test():
            time.sleep(nap)
            nap = min(nap + _LONGEST_NAP / 100, _LONGEST_NAP)

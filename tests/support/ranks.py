"""Several ranks of one search within one process, each a thread: MPI without MPI."""

import threading
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from raft_ref.explorer import Report
from raft_ref.explorer.engines.together.ranks import Ranks


class GaveUpError(BaseException):
    """A rank has ended all, as `MPI_Abort` does: nobody is told of anything more."""


class _Place:
    """Where the ranks meet."""

    def __init__(self, size: int) -> None:
        self.barrier = threading.Barrier(size, timeout=60)
        self.brought: list[Any] = [None] * size
        self.why: str | None = None  # they were ended


class RankInThread:
    """One of them; see `Ranks`."""

    def __init__(self, place: _Place, rank: int) -> None:
        self.rank, self.size = rank, len(place.brought)
        self._place = place
        self.met = 0

    def exchange(self, pieces: Sequence[bytes]) -> list[bytes]:
        self.met += 1
        return [every[self.rank] for every in self.share(pieces)]

    def share(self, value: Any) -> list[Any]:
        self._place.brought[self.rank] = value
        self._wait()
        every = list(self._place.brought)
        self._wait()
        # An error would hold the search that raised it, and that holds the ranks, by way of C++,
        # where the garbage collector does not look.
        self._place.brought[self.rank] = None
        return every

    def _wait(self) -> None:
        try:
            self._place.barrier.wait()
        except threading.BrokenBarrierError:
            if self._place.why is None:
                raise
            raise GaveUpError(self._place.why) from None

    def give_up(self, why: str) -> NoReturn:
        self._place.why = why
        self._place.barrier.abort()
        raise GaveUpError(why)

    def memory(self, usable: int) -> int:
        return usable // self.size


def in_ranks(size: int, search: Callable[[Ranks], Report]) -> list[Report | BaseException]:
    """Search in so many ranks; return what each of them reports or raises."""
    place = _Place(size)
    outcomes: list[Any] = [None] * size

    def run(rank: int) -> None:
        try:
            outcomes[rank] = search(RankInThread(place, rank))
        except (Exception, GaveUpError) as error:
            outcomes[rank] = error

    threads = [threading.Thread(target=run, args=[rank]) for rank in range(size)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return outcomes

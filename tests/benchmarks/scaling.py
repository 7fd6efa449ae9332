"""One model by more threads, more processes, and on disk; and what that means for many machines.

    python -m tests.benchmarks.scaling [--only KIND ...] [--states STATES]

Searches one model in each way, in one run, all properties on, and demands the same counts of all:
with one thread and with two; by one to four ranks under mpirun, one thread each; and with the
states on disk, and memory for a quarter of what the search in memory took. Prints distinct states
a second of each, the ratio to one thread in memory, how long all its threads and ranks were at work
by the processor's clock, and what a state takes.

- More ranks than cores share these; then what grows is the wait for each other, not the search.
- Memory is what the process took at most beyond what it had before. For the search on disk the
  limit is a quarter of that (and no less than 64 MB, for the states of single servers and what they
  send, which stay in memory).
- Of the exchange between ranks it says how many bytes a distinct state causes to be sent, and what
  part of the time the ranks are in it, the wait for the last one included.

The second table is computed from these figures, for machines like this one, with as many ranks as
cores. A state takes the time that these ranks were at work for it by the processor's clock, what
packs it for another rank included, and then, since nothing else is done meanwhile, the time that
its bytes need on the link of one machine, of which (N - 1) / N leave it. No account is taken of
latency, of switches that are shared, or of machines that are not equally fast.
"""

import argparse
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any

from raft_ref.explorer import Disk, Report, search
from raft_ref.explorer.engines.memory import resident_bytes
from raft_ref.explorer.engines.together.distributed import DistributedSearch
from raft_ref.explorer.engines.together.ranks import Alone, world
from tests.benchmarks.engines import ROWS, Row
from tests.benchmarks.measurement import Measurement, UnavailableError
from tests.support.files import ROOT
from tests.support.models import Model

MPIRUN = Path(sysconfig.get_path("scripts")) / "mpirun"
SIZES = {row.distinct_states: row for row in ROWS}

MACHINES = (16, 64, 256)
GIGABITS = (10, 100)
STATES = (10**11, 10**12)
LEAST_MEMORY = 64 << 20


@dataclass(frozen=True, slots=True)
class Exchange:
    """What ranks have sent each other: all of it, and the mean of the seconds that it took each."""

    ranks: int
    states: int
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Way:
    """One way to search, and what was measured."""

    name: str
    measured: Measurement
    processor: float  # seconds
    exchange: Exchange | None = None
    bytes_on_disk: int | None = None


# ---- The ways


def with_threads(row: Row, threads: int) -> Way:
    """Search in memory."""
    measured, processor, _ = _alone(row, threads, None)
    return Way(f"{threads} thread{'s'[: threads > 1]}", measured, processor)


def on_disk(row: Row, threads: int, taken: int) -> Way:
    """Search on disk, with a quarter of the memory that was taken."""
    room = max(taken // 4, LEAST_MEMORY)
    measured, processor, size = _alone(row, threads, room)
    return Way(f"{threads} threads, disk, {room >> 20} MB", measured, processor, None, size)


def _alone(row: Row, threads: int, room: int | None) -> tuple[Measurement, float, int | None]:
    """Search in a process of its own, so that its memory can be told."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_searched, row.model, threads, room).result()


def _searched(
    model: Model, threads: int, room: int | None
) -> tuple[Measurement, float, int | None]:
    system, properties, before = model.system(), model.properties(), resident_bytes()
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        given: dict[str, Any] = {"engine": "native", "threads": threads}
        if room is not None:
            given |= {"disk": Disk(Path(folder)), "memory": before + room}
        report = search(system, properties, model.symmetry, **given)
    memory = getrusage(RUSAGE_SELF).ru_maxrss * 1024 - before
    return _measurement(report, memory), time.process_time() - began, report.bytes_on_disk


def _measurement(report: Report, memory: int | None) -> Measurement:
    if report.stopped_by is not None:
        raise AssertionError(f"stopped by {report.stopped_by}")
    return Measurement(
        report.distinct_states, report.transitions, report.depth, report.seconds, memory
    )


def by_ranks(row: Row, ranks: int) -> Way:
    """Search under mpirun, by so many processes of one thread each."""
    if not MPIRUN.exists():
        raise UnavailableError("no mpirun: pip install 'raft-ref[mpi]'")
    asked = json.dumps(asdict(row.model))
    command = [str(MPIRUN), "-n", str(ranks), sys.executable, "-m", "tests.benchmarks.scaling"]
    run = subprocess.run(
        [*command, "--as-rank", asked], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    found = json.loads(run.stdout)
    return Way(
        f"{ranks} rank{'s'[: ranks > 1]}",
        Measurement(**found["measured"]),
        found["processor"],
        Exchange(**found["exchange"]),
    )


def _be_rank(model: Model) -> None:
    """Be one of the processes; the first one prints what was measured, as JSON."""
    ranks = world() or Alone()
    core = DistributedSearch(
        model.system(),
        model.properties(),
        model.symmetry,
        threads=1,
        memory=ranks.memory(_NO_LIMIT),
        ranks=ranks,
    )
    began = time.process_time()
    report = core.run()
    every = ranks.share((time.process_time() - began, *core.core.postage()))
    processor, _, states, size, seconds = map(sum, zip(*every, strict=True))
    if ranks.rank == 0:
        exchange = Exchange(ranks.size, int(states), int(size), seconds / ranks.size)
        measured = asdict(_measurement(report, None))
        found = {"measured": measured, "processor": processor, "exchange": asdict(exchange)}
        print(json.dumps(found))


_NO_LIMIT = 1 << 40


def measure(row: Row, kinds: Sequence[str]) -> Iterator[Way]:
    """Yield what each way takes. Raises AssertionError where one counts otherwise."""
    taken = 0
    if "threads" in kinds or "disk" in kinds:
        for threads in (1, 2):
            way = with_threads(row, threads)
            taken = way.measured.memory or 0
            yield as_expected(row, way)
    if "disk" in kinds:
        yield as_expected(row, on_disk(row, 2, taken))
    if "ranks" in kinds:
        for ranks in sorted({1, 2, 3, 4, max(os.cpu_count() or 1, 2)}):
            yield as_expected(row, by_ranks(row, ranks))


def as_expected(row: Row, way: Way) -> Way:
    """Return what was measured, if it has the counts that it is known to have."""
    found = way.measured.distinct_states, way.measured.transitions
    if found != (row.distinct_states, row.transitions):
        raise AssertionError(f"{way.name}: counted {found}")
    return way


# ---- What was measured


def line(way: Way, baseline: Way) -> str:
    """Return what was measured of one way, beside another one."""
    measured, states = way.measured, way.measured.distinct_states
    parts = [
        f"{way.name:<26} {measured.seconds:>9,.1f} s {measured.rate:>12,.0f}/s",
        f"x {measured.rate / baseline.measured.rate:.2f}",
        f"processor {way.processor:,.1f} s",
    ]
    if measured.memory is not None:
        parts.append(f"{measured.memory / states:.1f} B of memory a state")
    if way.bytes_on_disk is not None:
        parts.append(f"{way.bytes_on_disk / states:.1f} B on disk a state")
    if way.exchange is not None and way.exchange.ranks > 1:
        share = way.exchange.seconds / measured.seconds
        parts.append(f"{way.exchange.bytes / states:.1f} B sent a state")
        parts.append(f"{share:.0%} of the time in the exchange")
    return "  ".join(parts)


# ---- Many machines


@dataclass(frozen=True, slots=True)
class Figures:
    """What many machines are computed from, of one of them.

    `rate`: distinct states a second, of all its cores, but for the exchange; `sent`: how many
    states a distinct one causes to be sent if all leave the machine; `size`: bytes of each of
    these; `memory` and `disk`: bytes that a distinct state takes.
    """

    rate: float
    sent: float
    size: float
    memory: float
    disk: float

    @classmethod
    def of(cls, ways: Mapping[str, Way]) -> "Figures":
        """Return them of what was measured."""
        threads = next(way for way in ways.values() if way.measured.memory)
        disk = next(way for way in ways.values() if way.bytes_on_disk)
        cores = os.cpu_count() or 1
        ranks, exchange = next(
            (way, way.exchange)
            for way in ways.values()
            if way.exchange is not None and way.exchange.ranks == max(cores, 2)
        )
        distinct = ranks.measured.distinct_states
        return cls(
            distinct / ranks.processor * cores,
            exchange.states / distinct * exchange.ranks / (exchange.ranks - 1),
            exchange.bytes / exchange.states,
            (threads.measured.memory or 0) / distinct,
            (disk.bytes_on_disk or 0) / distinct,
        )


@dataclass(frozen=True, slots=True)
class Outlook:
    """What so many machines do on such a link: states a second, and the share of the exchange."""

    machines: int
    gigabits: int
    rate: float
    share: float

    @classmethod
    def of(cls, figures: Figures, machines: int, gigabits: int) -> "Outlook":
        """Compute it."""
        sent = figures.sent * figures.size * (machines - 1) / machines
        on_link = sent / (gigabits * 1e9 / 8)
        seconds = 1 / figures.rate + on_link
        return cls(machines, gigabits, machines / seconds, on_link / seconds)


def outlooks(figures: Figures) -> Iterator[str]:
    """Yield the table of many machines, as lines."""
    yield (
        f"one machine: {figures.rate:,.0f} states/s; a state causes {figures.sent:.1f} to be sent, "
        f"{figures.size:.1f} B each; it takes {figures.memory:.1f} B in memory, "
        f"{figures.disk:.1f} B on disk"
    )
    heads = [f"10^{len(str(states)) - 1}: time, memory, disk a machine" for states in STATES]
    yield f"{'machines':>8} {'link':>9} {'exchange':>9} {'states/s':>14}  " + "  ".join(
        f"{head:<38}" for head in heads
    )
    for machines in MACHINES:
        for gigabits in GIGABITS:
            one = Outlook.of(figures, machines, gigabits)
            cells = [_cell(figures, one, states) for states in STATES]
            yield (
                f"{machines:>8} {gigabits:>4} Gb/s {one.share:>9.1%} {one.rate:>14,.0f}  "
                + "  ".join(f"{cell:<38}" for cell in cells)
            )


def _cell(figures: Figures, one: Outlook, states: int) -> str:
    hours = states / one.rate / 3600
    time = f"{hours:,.1f} h" if hours < 48 else f"{hours / 24:,.1f} d"
    memory, disk = (each * states / one.machines / 1e9 for each in (figures.memory, figures.disk))
    return f"{time}, {memory:,.1f} GB, {disk:,.1f} GB"


def main() -> None:
    """Run the benchmark."""
    kinds = ("threads", "disk", "ranks")
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=kinds, default=kinds)
    parser.add_argument("--states", type=int, choices=SIZES, default=13_937_779)
    parser.add_argument("--as-rank", metavar="MODEL", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.as_rank is not None:
        _be_rank(Model(**json.loads(options.as_rank)))
        return
    row = SIZES[options.states]
    title = str(replace(row.model, symmetry=True))
    print(f"{title}: {row.distinct_states:,} states; {os.cpu_count()} cores", flush=True)
    ways: dict[str, Way] = {}
    for way in measure(row, options.only):
        ways[way.name] = way
        print(line(way, next(iter(ways.values()))), flush=True)
    if set(kinds) <= set(options.only):
        print("\n" + "\n".join(outlooks(Figures.of(ways))))


if __name__ == "__main__":
    main()

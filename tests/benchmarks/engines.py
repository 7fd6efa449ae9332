"""The explorer's engines beside other model checkers: the same bounds, in one run.

    python -m tests.benchmarks.engines [--up-to STATES] [--from STATES] [--only NAME ...]

Prints one table: distinct states a second of each contender on each model, and below them the
ratio to real TLC with two workers where that ran, and how many bytes a state our engines took. A
contender that would need too long for a model is left out of it (-), and so is one that cannot run
on this machine; the last lines say why.

- All properties are on in our engines and in TLC; Stateright and minicheck, which know no
  properties of steps, check the four invariants of figure 3. Stateright tells states apart by a
  hash of 8 bytes, as TLC does, and minicheck has no symmetry.
- TLC's time is that of its process, start of the Java runtime included, which counts for most on
  small bounds.
- The physical limit is what a search would reach that did nothing but look up each successor in
  one table of 8-byte keys (see physical_limit.cpp), for as many successors as the model has.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

from raft_ref.explorer import EngineName, search
from tests.benchmarks import minicheck_peer, physical_limit, stateright_peer
from tests.benchmarks.measurement import Measurement, UnavailableError
from tests.support.models import Model


@dataclass(frozen=True, slots=True)
class Row:
    """A model, and the distinct states and transitions that it is known to have."""

    model: Model
    distinct_states: int
    transitions: int


@dataclass(frozen=True, slots=True)
class Contender:
    """Something that searches a row's model, if that has no more states than `up_to`.

    `run` returns None where the contender cannot search this model, and raises `UnavailableError`
    where it cannot run at all.
    """

    name: str
    run: Callable[[Row], Measurement | None]
    up_to: int


ROWS = [
    # The counts were first found with Stateright. The largest without symmetry was not counted one
    # by one: each state of its run with symmetry counts as often as it has different renamings.
    # On 13,529 and on 941,552 states the two ways of counting agree.
    Row(Model(log=1, restarts=1, symmetry=False), 13_529, 46_440),
    Row(Model(term=2, log=1, restarts=1, symmetry=False), 80_255, 275_559),
    Row(
        Model(term=2, log=1, restarts=1, drops=1, duplicates=1, symmetry=False), 941_552, 3_998_331
    ),
    Row(
        Model(term=2, log=1, messages=3, restarts=1, drops=1, symmetry=False),
        13_937_779,
        70_991_493,
    ),
    Row(
        Model(term=2, log=1, messages=3, restarts=3, drops=1, duplicates=1, symmetry=False),
        95_263_613,
        649_158_813,
    ),
    Row(Model(term=2, log=1, restarts=1), 13_460, 46_213),
    Row(Model(term=2, log=1, messages=3), 136_980, 526_091),
    # Many messages in flight, and many servers: what is in flight does not fit into a key.
    Row(Model(servers=5, messages=6), 104_588, 831_011),
    Row(Model(log=1, messages=13), 1_061_861, 10_481_869),
    # Many terms and entries: so many states of a server that Python takes most of the time.
    Row(Model(term=3, log=3), 1_506_940, 4_899_869),
    Row(Model(term=3, log=2, restarts=1), 815_630, 2_896_424),
    Row(
        Model(term=2, log=1, messages=3, restarts=2, drops=1, duplicates=1), 10_695_409, 68_385_336
    ),
]


def ours(row: Row, engine: EngineName, threads: int = 1) -> Measurement:
    """Search with one of our engines, in a process of its own, so that its memory can be told."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_searched, row, engine, threads).result()


def _searched(row: Row, engine: EngineName, threads: int) -> Measurement:
    model = row.model
    system, properties = model.system(), model.properties()
    before = getrusage(RUSAGE_SELF).ru_maxrss
    report = search(system, properties, model.symmetry, engine=engine, threads=threads)
    memory = (getrusage(RUSAGE_SELF).ru_maxrss - before) * 1024
    return Measurement(
        report.distinct_states, report.transitions, report.depth, report.seconds, memory
    )


def tlc(row: Row) -> Measurement:
    """Search with real TLC, two workers."""
    with tempfile.TemporaryDirectory() as folder:
        found = row.model.run_tlc(Path(folder), workers=2)
    if found.distinct_states is None or found.generated_states is None:
        raise AssertionError(f"TLC: {row.model}:\n{found.output}")
    return Measurement(
        found.distinct_states, found.generated_states - 1, found.depth, found.seconds
    )


def stateright(row: Row, threads: int) -> Measurement | None:
    """Search with Stateright."""
    return stateright_peer.explore(row.model, threads)


def limit(row: Row, variant: str) -> Measurement:
    """Insert as many keys as the search would."""
    return physical_limit.measure(row.distinct_states, row.transitions, variant)


BASELINE = "TLC (2)"
CONTENDERS = [
    # The figure in parentheses is the number of threads.
    Contender("native (1)", partial(ours, engine="native", threads=1), up_to=10**9),
    Contender("native (2)", partial(ours, engine="native", threads=2), up_to=10**9),
    Contender("plain", partial(ours, engine="plain"), up_to=2 * 10**6),
    Contender(BASELINE, tlc, up_to=3 * 10**6),
    Contender("minicheck", lambda row: minicheck_peer.explore(row.model), up_to=10**5),
    Contender("stateright (1)", partial(stateright, threads=1), up_to=2 * 10**7),
    Contender("stateright (2)", partial(stateright, threads=2), up_to=2 * 10**7),
    Contender("limit, plain", partial(limit, variant="plain"), up_to=10**9),
    Contender("limit (1)", partial(limit, variant="prefetch1"), up_to=10**9),
    Contender("limit (2)", partial(limit, variant="prefetch2"), up_to=10**9),
]


class Benchmark:
    """Runs contenders on rows, and remembers which of them cannot run here, and why."""

    def __init__(self, contenders: Sequence[Contender]) -> None:
        self.contenders = contenders
        self.unavailable: dict[str, str] = {}

    def measure(self, row: Row) -> dict[str, Measurement]:
        """Return what each contender that could search a model reports, by its name."""
        found = {contender.name: self._run(contender, row) for contender in self.contenders}
        return {name: measured for name, measured in found.items() if measured is not None}

    def _run(self, contender: Contender, row: Row) -> Measurement | None:
        if row.distinct_states > contender.up_to or contender.name in self.unavailable:
            return None
        try:
            measured = contender.run(row)
        except UnavailableError as reason:
            self.unavailable[contender.name] = str(reason)
            return None
        if measured is not None:
            _demand_equal_counts(contender.name, row, measured)
        return measured


def _demand_equal_counts(name: str, row: Row, measured: Measurement) -> None:
    expected = row.distinct_states, row.transitions
    found = measured.distinct_states, measured.transitions
    if found[0] != expected[0] or found[1] not in (None, expected[1]):
        raise AssertionError(f"{name}: {row.model}: counted {found}, expected {expected}")


def lines(row: Row, measured: Mapping[str, Measurement], names: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the table for one model."""
    title = str(replace(row.model, symmetry=True))  # the heading says which it is
    steps = row.transitions / row.distinct_states
    rates = [f"{measured[name].rate:,.0f}" if name in measured else "-" for name in names]
    yield _line(title, f"{row.distinct_states:,}", f"{steps:.1f}", rates)
    if baseline := measured.get(BASELINE):
        ratios = [
            f"x {measured[name].rate / baseline.rate:,.2f}" if name in measured else "-"
            for name in names
        ]
        yield _line("", "", "", ratios)
    if memory := {name: found.memory for name, found in measured.items() if found.memory}:
        sizes = [
            f"{memory[name] / row.distinct_states:,.0f} B" if name in memory else "-"
            for name in names
        ]
        yield _line("", "", "", sizes)


def _line(title: str, states: str, steps: str, cells: Sequence[str]) -> str:
    return f"{title:<62} {states:>11} {steps:>5} " + " ".join(f"{cell:>14}" for cell in cells)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--from", type=int, default=0, dest="least", metavar="STATES")
    parser.add_argument(
        "--up-to",
        type=int,
        default=2 * 10**6,
        metavar="STATES",
        help="leave out larger models (default: %(default)s, some minutes)",
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these contenders alone")
    options = parser.parse_args()
    known = {contender.name: contender for contender in CONTENDERS}
    if unknown := set(options.only or ()) - known.keys():
        parser.error(f"no such contender: {', '.join(sorted(unknown))}; there are {list(known)}")
    names = options.only or list(known)
    benchmark = Benchmark([known[name] for name in names])
    for symmetry in (False, True):
        title = f"distinct states a second, {'with' if symmetry else 'without'} symmetry"
        print(_line(title, "states", "steps", names))
        for row in ROWS:
            is_wanted = options.least <= row.distinct_states <= options.up_to
            if is_wanted and row.model.symmetry is symmetry:
                for line in lines(row, benchmark.measure(row), names):
                    print(line, flush=True)
        print()
    for name, reason in benchmark.unavailable.items():
        print(f"{name}: {reason}")


if __name__ == "__main__":
    main()

"""The peers that the engines are measured beside search the same system."""

import pytest

from raft_ref.verify import GivenSizes
from tests.benchmarks import membership, minicheck_peer, scaling
from tests.benchmarks.engines import Benchmark, Contender, Row, lines
from tests.benchmarks.measurement import Measurement, UnavailableError
from tests.support.models import Model


@pytest.mark.parametrize(
    "model",
    [
        Model(symmetry=False),
        Model(servers=2, term=2, log=1, restarts=1, symmetry=False),
        Model(servers=2, log=1, values=2, drops=1, duplicates=1, symmetry=False),
    ],
    ids=str,
)
def test_minicheck_counts_as_the_explorer(model: Model) -> None:
    found = minicheck_peer.explore(model)
    assert found is not None
    assert found.distinct_states == model.explore().distinct_states


def test_minicheck_has_no_symmetry() -> None:
    assert minicheck_peer.explore(Model(symmetry=True)) is None


ROW = Row(Model(symmetry=False), 130, 345)


def test_a_contender_that_cannot_run_is_left_out_and_says_why() -> None:
    def run(row: Row) -> Measurement:
        raise UnavailableError("no wheels")

    benchmark = Benchmark([Contender("car", run, up_to=1000)])
    assert benchmark.measure(ROW) == {}
    assert benchmark.unavailable == {"car": "no wheels"}


def test_a_model_that_is_too_large_for_a_contender_is_left_out() -> None:
    benchmark = Benchmark([Contender("snail", lambda row: Measurement(0, 0, 0, 1.0), up_to=129)])
    assert benchmark.measure(ROW) == {}
    assert benchmark.unavailable == {}


def test_a_contender_that_counts_otherwise_is_an_error() -> None:
    benchmark = Benchmark(
        [Contender("off by one", lambda row: Measurement(131, 345, 10, 1.0), 1000)]
    )
    with pytest.raises(AssertionError, match=r"off by one: .* counted \(131, 345\)"):
        benchmark.measure(ROW)


def test_ratios_are_to_tlc() -> None:
    measured = {
        "TLC (2)": Measurement(130, 345, 10, 2.0),
        "fast": Measurement(130, None, None, 0.5),
    }
    rates, ratios = lines(ROW, measured, ["fast", "slow", "TLC (2)"])
    assert rates.split() == ["130", "2.7", "260", "-", "65"]
    assert ratios.split() == ["x", "4.00", "-", "x", "1.00"]


def test_a_search_of_changes_is_told_beside_what_is_published() -> None:
    row = membership.Row(GivenSizes(servers=3, max_log_length=3), 2_000, 9_000)
    published = membership.Published("theirs", 1_000, 4_000, 100.0)
    command, native, peer, ratio, memory = membership.lines(
        row, Measurement(2_000, 9_000, 10, 2.0, 30_000), published, published.source
    )
    assert command == "raft-ref check --with membership --no-symmetry --servers 3 --max-log 3"
    assert native.split(": ")[1] == "2,000 distinct states, 9,000 steps, 2 s, 1,000/s"
    assert peer == "  theirs: 1,000 distinct states, 4,000 steps, 100 s, 10/s"
    assert ratio.split()[:2] == ["x", "100"]
    assert memory.split()[0] == "15"


def test_a_search_of_changes_that_counts_otherwise_is_an_error() -> None:
    row = membership.Row(GivenSizes(), 2_000, 9_000)
    membership.demand_equal_counts(row, "native", Measurement(2_000, 9_000, 10, 2.0))
    with pytest.raises(AssertionError, match=r"native: .* counted \(2000, 9001\)"):
        membership.demand_equal_counts(row, "native", Measurement(2_000, 9_001, 10, 2.0))


def test_the_smaller_model_of_changes_has_the_counts_that_it_is_known_to_have() -> None:
    assert membership.ours(membership.SMALLER).depth == 39  # as many levels as TLC tells


# ---- Threads, ranks and disk

BASELINE = scaling.Way("1 thread", Measurement(1_000, 4_000, 9, 2.0, 20_000), 2.0)


def test_what_scales_is_told_beside_one_thread() -> None:
    measured = Measurement(1_000, 4_000, 9, 4.0, 5_000)
    disk = scaling.Way("disk", measured, 3.0, bytes_on_disk=3_000)
    exchange = scaling.Exchange(2, states=2_000, bytes=16_000, seconds=0.25)
    ranks = scaling.Way("2 ranks", Measurement(1_000, 4_000, 9, 1.0), 1.6, exchange)
    assert scaling.line(disk, BASELINE).split("  ")[-4:] == [
        "x 0.50",
        "processor 3.0 s",
        "5.0 B of memory a state",
        "3.0 B on disk a state",
    ]
    assert scaling.line(ranks, BASELINE).split("  ")[-4:] == [
        "x 2.00",
        "processor 1.6 s",
        "16.0 B sent a state",
        "25% of the time in the exchange",
    ]


def test_many_machines_are_computed_from_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two ranks half of all is sent, so of many nearly twice as much."""
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    disk = scaling.Way("disk", Measurement(1_000, 4_000, 9, 4.0), 3.0, bytes_on_disk=3_000)
    exchange = scaling.Exchange(2, states=2_000, bytes=20_000, seconds=0.25)
    ranks = scaling.Way("2 ranks", Measurement(1_000, 4_000, 9, 1.0), 1.6, exchange)
    figures = scaling.Figures.of({way.name: way for way in (BASELINE, disk, ranks)})
    assert figures == scaling.Figures(rate=1_250, sent=4, size=10, memory=20, disk=3)
    many = scaling.Outlook.of(scaling.Figures(1e6, 4, 10, 20, 3), machines=16, gigabits=10)
    # 37.5 of 40 bytes leave a machine: 30 ns on its link, beside 1,000 in the search
    assert many.share == pytest.approx(30 / 1_030)
    assert many.rate == pytest.approx(16 * 1e9 / 1_030)
    assert (
        "1.8 h, 125.0 GB, 18.8 GB" in list(scaling.outlooks(scaling.Figures(1e6, 4, 10, 20, 3)))[2]
    )


def test_a_way_that_counts_otherwise_is_an_error() -> None:
    row = Row(Model(symmetry=False), 999, 4_000)
    with pytest.raises(AssertionError, match=r"1 thread: counted \(1000, 4000\)"):
        scaling.as_expected(row, BASELINE)


@pytest.mark.long
def test_each_way_searches_the_same() -> None:
    ways = list(scaling.measure(scaling.SIZES[13_529], ["threads", "disk", "ranks"]))
    assert [way.name.split(",")[0] for way in ways][:7] == [
        "1 thread",
        "2 threads",
        "2 threads",
        *("1 rank", "2 ranks", "3 ranks", "4 ranks"),
    ]
    assert len(list(scaling.outlooks(scaling.Figures.of({way.name: way for way in ways})))) == 8

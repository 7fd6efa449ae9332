"""The embedded checker beside real TLC with one worker: our model of Raft, both in one run.

    python -m tests.benchmarks.spec_checker [--larger]

Prints a table of distinct states and successors a second, and the ratio to TLC. Symmetry is off
and no property is checked, so that what is measured is Init and Next. TLC's time is that of its
process; on small models the start of the Java runtime counts for most of it.
"""

import argparse
import tempfile
from pathlib import Path

from raft_ref.spec.link import MODEL
from raft_ref.spec.tlc.run import run_tlc
from raft_ref.verify import SpecCheck
from tests.support.models import Model

MODELS = [
    Model(term=2, log=1, symmetry=False),
    Model(log=1, restarts=1, drops=1, symmetry=False),
    Model(term=2, log=1, drops=1, symmetry=False),
]
LARGER = [
    Model(term=2, log=1, restarts=1, drops=1, duplicates=1, symmetry=False),
    Model(term=2, log=1, restarts=2, drops=1, duplicates=1, symmetry=False),
]
"""Enough states for TLC to run for minutes; more than a million in the last."""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--larger", action="store_true", help="on more states as well: minutes")
    options = parser.parse_args()
    print(
        f"{'model':<66} {'states':>9} {'states/s':>9} {'steps/s':>9} {'TLC states/s':>12} "
        f"{'TLC s':>6} {'ratio':>6}"
    )
    for model in [*MODELS, *(LARGER if options.larger else [])]:
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "MCRaft.cfg"
            config.write_text(without_properties(model.config()))
            ours = SpecCheck(MODEL, config, deadlock=False).run().embedded
            tlc = run_tlc(MODEL, config, workers=1)
        assert ours.distinct_states == tlc.distinct_states, (model, ours, tlc.output)
        rate, peer = ours.distinct_states / ours.seconds, ours.distinct_states / tlc.seconds
        print(
            f"{model!s:<66} {ours.distinct_states:>9,} {rate:>9,.0f} "
            f"{ours.generated_states / ours.seconds:>9,.0f} {peer:>12,.0f} {tlc.seconds:>6.1f} "
            f"{rate / peer:>6.2f}",
            flush=True,
        )


def without_properties(config: str) -> str:
    """Return a configuration up to its invariants and properties."""
    return config.partition("INVARIANTS")[0]


if __name__ == "__main__":
    main()

"""The explorer's engines beside real TLC: the same bounds, the same properties, in one run.

    python -m tests.benchmarks.engines [--larger]

Prints a table of distinct states a second, and the ratio to TLC with two workers. TLC's time is
that of its process, start of the Java runtime included, which counts for most on small bounds.
"""

import argparse
import tempfile
from pathlib import Path

from tests.models import Model

MODELS = [
    Model(term=2, log=1, messages=2),
    Model(term=2, log=1, messages=2, drops=1, duplicates=1),
    Model(term=2, log=1, messages=2, restarts=1, drops=1, duplicates=1),
]
LARGER = [Model(term=2, log=1, messages=3, restarts=1)]
"""TLC needs a minute or more, in which its Java runtime has long compiled what is hot."""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--larger", action="store_true", help="on more states as well: minutes")
    options = parser.parse_args()
    print(f"{'model':<56} {'states':>10} {'plain/s':>9} {'TLC/s':>9} {'ratio':>6}")
    for model in [*MODELS, *(LARGER if options.larger else [])]:
        report = model.explore()
        with tempfile.TemporaryDirectory() as folder:
            tlc = model.run_tlc(Path(folder), workers=2)
        assert report.distinct_states == tlc.distinct_states, (model, report, tlc.output)
        plain, peer = (report.distinct_states / s for s in (report.seconds, tlc.seconds))
        print(
            f"{model!s:<56} {report.distinct_states:>10,} {plain:>9,.0f} {peer:>9,.0f} "
            f"{plain / peer:>6.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()

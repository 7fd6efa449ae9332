"""The physical limit: random insertions of 8-byte keys into a table, and nothing else.

    python -m tests.benchmarks.physical_limit DISTINCT PROBES

`physical_limit.cpp` says what is measured. A search of DISTINCT states with PROBES transitions
does at least this much, so its transitions a second can be read beside the probes a second here.
"""

import argparse
import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.measurement import Measurement, UnavailableError

SOURCE = Path(__file__).with_suffix(".cpp")
VARIANTS = ("plain", "prefetch1", "prefetch2")
COMPILE = ("-O3", "-march=native", "-std=c++20", "-pthread")


def probes_per_second(
    distinct: int, probes: int, variants: Sequence[str] = VARIANTS
) -> dict[str, float]:
    """Return the probes a second of each variant, `distinct` of the probes being of a new key.

    Raises `UnavailableError` where there is no g++.
    """
    compiler = shutil.which("g++")
    if compiler is None:
        raise UnavailableError("g++ is not on PATH: the physical limit is measured in C++")
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "physical_limit"
        subprocess.run([compiler, *COMPILE, SOURCE, "-o", program], check=True)
        ran = subprocess.run(
            [program, str(distinct), str(probes), *variants],
            check=True,
            capture_output=True,
            text=True,
        )
    found: dict[str, float] = json.loads(ran.stdout)
    return found


def measure(distinct: int, transitions: int, variant: str) -> Measurement:
    """Return what a search would report that did nothing but insert, in one variant."""
    rate = probes_per_second(distinct, transitions, [variant])[variant]
    return Measurement(distinct, transitions, None, transitions / rate)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("distinct", type=int)
    parser.add_argument("probes", type=int)
    options = parser.parse_args()
    for variant, rate in probes_per_second(options.distinct, options.probes).items():
        print(f"{variant:<10} {rate / 1e6:>8.1f} million a second")

"""Run it: see tests/nemesis/__init__.py."""

import argparse
import asyncio
import signal
import sys
import tempfile
from pathlib import Path

from tests.nemesis.run import Nemesis
from tests.support import processes


def main() -> int:
    """Run, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.nemesis")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that nothing is left
    with tempfile.TemporaryDirectory() as folder:
        nemesis = Nemesis(Path(folder), options.seed)
        try:
            asyncio.run(nemesis.run(60 * options.minutes))
        finally:
            processes.end_all()
    for line in nemesis.figures():
        print(line)
    return 0 if nemesis.is_well else 1


sys.exit(main())

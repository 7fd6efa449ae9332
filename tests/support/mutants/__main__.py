"""Runs the mutants of files that were not run yet, and writes what became of them to the tables."""

import argparse
import time

from tests.support.mutants import table
from tests.support.mutants.run import outcome_of
from tests.support.mutants.table import FILES, NOT_RUN, SURVIVED

_EVERY = 10.0


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.mutants", description=__doc__)
    parser.add_argument("files", nargs="*", default=FILES, metavar="FILE", help="by name alone")
    parser.add_argument("--deep", action="store_true", help="the dearer checks, of what survived")
    parser.add_argument("--anew", action="store_true", help="run what was run before, too")
    arguments = parser.parse_args()
    for name in arguments.files:
        run(name, is_deep=arguments.deep, is_anew=arguments.anew)


def run(name: str, *, is_deep: bool, is_anew: bool) -> None:
    """Run the mutants of one file."""
    known = {} if is_anew else table.read(name)
    found = {mutant: known.get(mutant, NOT_RUN) for mutant in table.made(name)}
    if (as_it_is := outcome_of(name, None, is_deep=is_deep)) != SURVIVED:
        raise SystemExit(f"{name}: as it is, it is {as_it_is}")
    written = time.monotonic()
    for mutant, outcome in found.items():
        if outcome == NOT_RUN or (is_deep and outcome == SURVIVED):
            found[mutant] = outcome_of(name, mutant, is_deep=is_deep)
        if time.monotonic() - written > _EVERY:
            table.write(name, found)
            written = time.monotonic()
    table.write(name, found)
    print(f"{name}: {table.sums(found)}")


if __name__ == "__main__":
    main()

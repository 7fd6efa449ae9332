"""Runs the mutants of files that were not run yet, and writes what became of them to the tables.

After a change of a file its table is brought in line with it: what became of a mutant stands as
long as the tokens around it do.
"""

import argparse
import time
from difflib import SequenceMatcher

from tests.support.mutants import table
from tests.support.mutants.mutant import Mutant
from tests.support.mutants.run import outcome_of
from tests.support.mutants.table import EQUIVALENT, FILES, HOLE, NOT_RUN, SURVIVED, Table

_EVERY = 10.0


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.mutants", description=__doc__)
    parser.add_argument("files", nargs="*", default=FILES, metavar="FILE", help="by name alone")
    parser.add_argument("--deep", action="store_true", help="the dearer checks, of what survived")
    parser.add_argument(
        "--anew", action="store_true", help="run what was run before, but for what was judged"
    )
    arguments = parser.parse_args()
    for name in arguments.files:
        run(name, is_deep=arguments.deep, is_anew=arguments.anew)


def run(name: str, *, is_deep: bool, is_anew: bool) -> None:
    """Run the mutants of one file."""
    found = carried(table.read(name), table.made(name))
    if (as_it_is := outcome_of(name, None, is_deep=is_deep)) != SURVIVED:
        raise SystemExit(f"{name}: as it is, it is {as_it_is}")
    written = time.monotonic()
    for mutant, outcome in [*found.items()]:
        is_judged = outcome.startswith((EQUIVALENT, HOLE))
        is_due = outcome == NOT_RUN or (is_deep and outcome == SURVIVED)
        if is_due or (is_anew and not is_judged):
            found[mutant] = outcome_of(name, mutant, is_deep=is_deep)
        if time.monotonic() - written > _EVERY:
            table.write(name, found)
            written = time.monotonic()
    table.write(name, found)
    print(f"{name}: {table.sums(found)}")


def carried(old: Table, made: list[Mutant]) -> dict[Mutant, str]:
    """Return the mutants of a file, with what is known of them from a table of it as it was."""
    before = sorted(old)
    was, now = ([(each.token, each.instead) for each in side] for side in (before, made))
    found = dict.fromkeys(made, NOT_RUN)
    for block in SequenceMatcher(None, was, now, autojunk=False).get_matching_blocks():
        for at in range(block.size):
            found[made[block.b + at]] = old[before[block.a + at]]
    return found


if __name__ == "__main__":
    main()

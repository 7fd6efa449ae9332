"""The table of all mutants of a file, and what became of each, as text that a person reads."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.support.files import DATA
from tests.support.mutants import of_python, of_tla
from tests.support.mutants.mutant import FEATURES, NODE, NOTHING, SPEC, Mutant, source_of

FOLDER = DATA / "mutants"
FILES = (
    NODE.name,
    *sorted(path.name for path in SPEC.glob("*.tla")),
    *sorted(path.name for path in FEATURES.glob("*.tla")),
)

CAUGHT, EQUIVALENT, HOLE = "caught", "equivalent", "hole"
"""What an outcome begins with: noticed by what is named; no other behaviour, for the reason that is
told; another behaviour that nothing notices."""
SURVIVED, NOT_RUN = "survived", "not run"
"""What an outcome is before somebody has looked at it, or anything has."""

_BETWEEN = "  |  "

Table = Mapping[Mutant, str]


def made(name: str) -> list[Mutant]:
    """Return all mutants that can be made of a file."""
    source = source_of(name)
    text = source.read_text(encoding="utf-8")
    return of_python.mutants(text) if source.suffix == ".py" else of_tla.mutants(text)


def path_of(name: str) -> Path:
    """Return where the table of a file stands."""
    return FOLDER / f"{name}.txt"


def read(name: str) -> dict[Mutant, str]:
    """Return the table of a file; an empty one if there is none."""
    path = path_of(name)
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(_row(line) for line in lines if line and not line.startswith("#"))


def _row(line: str) -> tuple[Mutant, str]:
    mutant, _, outcome = line.partition(_BETWEEN)
    place, _, tokens = mutant.strip().partition("  ")
    row, _, column = place.partition(":")
    token, _, instead = tokens.strip().partition(" -> ")
    return Mutant(int(row), int(column), token, "" if instead == NOTHING else instead), outcome


def write(name: str, table: Table) -> None:
    """Write the table of a file, with its sums above it."""
    FOLDER.mkdir(exist_ok=True)
    text = "".join(f"{line}\n" for line in [*_head(name, table), *_rows(table)])
    path_of(name).write_text(text, encoding="utf-8")


def sums(table: Table) -> dict[str, int]:
    """Return how many there are of each kind of outcome, those caught by what caught them."""
    found: dict[str, int] = {}
    for outcome in table.values():
        kind, _, what = outcome.partition(": ")
        key = f"{kind}: {what.partition(' (')[0]}" if kind == CAUGHT else kind
        found[key] = found.get(key, 0) + 1
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))


def _head(name: str, table: Table) -> Iterator[str]:
    yield f"# One-token mutants of {name}, and what became of each: python -m tests.support.mutants"
    yield f"# {len(table)} in all"
    yield from (f"# {number:5} {outcome}" for outcome, number in sums(table).items())
    yield ""


def _rows(table: Table) -> Iterator[str]:
    width = max((len(_shown(each)) for each in table), default=0)
    for mutant in sorted(table):
        yield f"{_shown(mutant).ljust(width)}{_BETWEEN}{table[mutant]}"


def _shown(mutant: Mutant) -> str:
    place = f"{mutant.line}:{mutant.column}"
    return f"{place.ljust(8)}{mutant.token} -> {mutant.instead or NOTHING}"

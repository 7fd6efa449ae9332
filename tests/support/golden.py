r"""Golden cases of the evaluator: text files with an expression and what comes of it.

tests/data/golden/README.md describes the format. Each case is held against this evaluator and
against TLC, in a module that declares nothing but two model values and extends the standard
modules. `python -m tests.support.golden` says where this evaluator differs, and with `--write` it
writes what this evaluator finds into the files: whether that is right, the reader of the diff
says, and TLC.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final

from raft_ref import spec
from tests.support.files import DATA
from tests.support.modules import CONSTANTS, load_text

GOLDEN: Final = DATA / "golden"
EXTENDED: Final = "Reals, Sequences, FiniteSets, Bags, TLC"

_SEPARATOR: Final = "----"
_ERROR: Final = "error: "
_TLC: Final = "TLC says: "
_PLACED_ERROR: Final = re.compile(r"error: \d+:\d+: \S.*")


class GoldenError(ValueError):
    """A golden file that is malformed; its text is `file:line: reason`."""

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(f"{file}:{line}: {reason}")


@dataclass(frozen=True)
class Case:
    """An expression and what is expected of it: a value, or an error.

    `line` is where the case begins in its file, and `expected_line` where its expectation stands.
    `expected` is empty in a case that is not finished. `tlc_says` is a part of TLC's own words on
    an error, empty where they do not matter.
    """

    file: str
    line: int
    expression: str
    expected_line: int
    expected: str
    tlc_says: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def is_error(self) -> bool:
        """Whether the expression has no value."""
        return self.expected.startswith(_ERROR)

    @property
    def is_unsupported(self) -> bool:
        """Whether the expression may have a value, which this evaluator does not find."""
        return self.is_error and ": not supported here: " in self.expected


def read(text: str, file: str, *, finished: bool = True) -> list[Case]:
    """Return the cases of a golden file's text.

    Raises `GoldenError` if it is malformed. Where `finished` is false, a case may lack what is
    expected.
    """
    cases: list[Case] = []
    block: list[str] = []
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        if line.strip():
            block.append(line)
            continue
        case = _case(block, file, number - len(block), finished)
        cases += [case] if case else []
        block = []
    return cases


def _case(block: list[str], file: str, line: int, finished: bool) -> Case | None:
    """Return the case that a block of lines is; None for comments alone."""
    comments = list(takewhile(lambda each: each.startswith("#"), block))
    rest = block[len(comments) :]
    if not rest:
        return None
    start = line + len(comments)
    if not comments:
        raise GoldenError(file, start, "a comment is missing that says what the case shows")
    if _SEPARATOR not in rest:
        raise GoldenError(file, start, f"a line {_SEPARATOR} is missing after the expression")
    separator = rest.index(_SEPARATOR)
    if separator == 0:
        raise GoldenError(file, start, f"an expression is missing before {_SEPARATOR}")
    expected, *others = rest[separator + 1 :] or [""]
    expected_line = start + separator + 1
    if finished and not expected:
        raise GoldenError(file, start + separator, f"nothing is expected after {_SEPARATOR}")
    if expected.startswith(_ERROR.rstrip()) and not _PLACED_ERROR.fullmatch(expected):
        reason = "an error is expected as `error: line:column: reason`"
        raise GoldenError(file, expected_line, reason)
    if others and not (expected.startswith(_ERROR) and others[0].startswith(_TLC)):
        reason = f"only `{_TLC}...` may stand here, once and after an error"
        raise GoldenError(file, expected_line + 1, reason)
    if len(others) > 1:
        raise GoldenError(file, expected_line + 2, "the case has ended: an empty line is missing")
    return Case(
        file=file,
        line=line,
        expression="\n".join(rest[:separator]),
        expected_line=expected_line,
        expected=expected,
        tlc_says=others[0].removeprefix(_TLC) if others else "",
    )


def golden_files() -> list[Path]:
    """Return the golden files, in the order of their names."""
    return sorted(GOLDEN.glob("*.txt"))


def golden_cases() -> list[Case]:
    """Return the cases of all golden files; raises `GoldenError` if one is malformed."""
    first: dict[str, Case] = {}
    for path in golden_files():
        for case in read(path.read_text(encoding="utf-8"), path.name):
            earlier = first.setdefault(case.expression, case)
            if earlier is not case:
                raise GoldenError(case.file, case.line, f"the expression stands at {earlier} too")
    return list(first.values())


def golden_module(folder: Path) -> spec.Module:
    """Load the module in which golden cases are evaluated; it is written into the folder."""
    return load_text(folder, "Nothing == TRUE", extended=EXTENDED)


def evaluated(module: spec.Module, expression: str) -> str:
    """Return what this evaluator makes of an expression, as a golden file says it."""
    try:
        return spec.show(module.constant(expression, CONSTANTS))
    except spec.SpecError as error:
        line = error.position.line - 2  # the expression is the third line of a module
        return f"{_ERROR}{line}:{error.position.column}: {error.reason}"


def rewritten(text: str, file: str, module: spec.Module) -> str:
    """Return a golden file's text with what this evaluator finds; comments and order stay."""
    lines = text.splitlines()
    for case in reversed(read(text, file, finished=False)):
        found = evaluated(module, case.expression)
        end = case.expected_line - 1 + bool(case.expected)
        if case.tlc_says and not found.startswith(_ERROR):
            end += 1
        lines[case.expected_line - 1 : end] = [found]
    return "".join(f"{line}\n" for line in lines)


def _differences(module: spec.Module) -> list[str]:
    return [
        f"{case}: {case.expected} is expected, and {found} is found"
        for case in golden_cases()
        if (found := evaluated(module, case.expression)) != case.expected
    ]


def main(arguments: Sequence[str]) -> int:
    """Say where this evaluator differs from the files, or write into them what it finds."""
    parser = argparse.ArgumentParser("python -m tests.support.golden", description=main.__doc__)
    parser.add_argument("--write", action="store_true", help="rewrite what is expected")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        module = golden_module(Path(folder))
        try:
            if options.write:
                for path in golden_files():
                    text = rewritten(path.read_text(encoding="utf-8"), path.name, module)
                    path.write_text(text, encoding="utf-8")
            differences = _differences(module)
        except GoldenError as error:
            differences = [str(error)]
    for each in differences:
        print(each, file=sys.stderr)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Runs mutants, each in a process of its own, and says by what it was caught."""

import gc
import os
import re
import select
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from raft_ref.spec.workers import end_with
from tests.support.mutants import checks_of_node, checks_of_spec
from tests.support.mutants.mutant import Mutant, source_of
from tests.support.mutants.reading import is_read_alike
from tests.support.mutants.table import CAUGHT, EQUIVALENT, SURVIVED

SECONDS, DEEP_SECONDS = 600, 2_400
"""How long all checks of one mutant may compute: the cheap ones, and with the dearer ones."""
MEMORY = 4 << 30
"""How many bytes of memory its process may have."""

ALIKE = f"{EQUIVALENT}: it is read as the same formula"
"""What becomes of a mutant that differs as a text alone."""

_FOLDERS = re.compile(r"/\S*/(?=\w+\.tla)")
"""Where a module stood is nobody's business."""

Checks = Iterable[tuple[str, Callable[[], str | None]]]


def outcome_of(name: str, mutant: Mutant | None, *, is_deep: bool = True) -> str:
    """Return what becomes of a mutant of a file (None: of the file as it is), as the table has it.

    `is_deep` are the dearer checks, too.
    """
    text = source_of(name).read_text(encoding="utf-8")
    prepare(name)
    # What is there by now is no garbage, and need not be copied into each process to find that out.
    gc.freeze()
    line = 0
    if mutant is not None:
        text, line = mutant.apply(text), mutant.line
    with tempfile.TemporaryDirectory() as folder:
        return _in_a_fork(
            lambda: _first_caught(name, text, Path(folder), line, is_deep),
            DEEP_SECONDS if is_deep else SECONDS,
        )


def prepare(name: str) -> None:
    """Find out all that a mutant of a file is compared with."""
    if name.endswith(".py"):
        checks_of_node.prepare()
    else:
        checks_of_spec.prepare(name)
        is_read_alike(*[source_of(name).read_text(encoding="utf-8")] * 2)  # the original is kept


def _first_caught(name: str, text: str, folder: Path, line: int, is_deep: bool) -> str:
    source = source_of(name)
    if source.suffix == ".tla" and line and is_read_alike(source.read_text("utf-8"), text):
        return ALIKE
    try:
        if source.suffix == ".py":
            checks_of_node.install(text)
        else:
            checks_of_spec.copy(folder, name, text)
            checks_of_spec.install(folder)
    except Exception as error:
        return f"{CAUGHT}: as it is loaded ({type(error).__name__})"
    line = line or 10**6
    checks: Checks = (
        checks_of_node.checks(line, is_deep)
        if source.suffix == ".py"
        else checks_of_spec.checks(name, line, is_deep)
    )
    for check, run in checks:
        try:
            noticed = run()
        except BaseException as error:  # what a mutant raises is all that there can be
            noticed = type(error).__name__
        if noticed:
            return f"{CAUGHT}: {check} ({_FOLDERS.sub('', noticed)})"
    return SURVIVED


def _in_a_fork(work: Callable[[], str], seconds: int) -> str:
    reading, writing = os.pipe()
    parent, child = os.getpid(), os.fork()
    if not child:
        end_with(parent)
        _silence()
        os.close(reading)
        os.write(writing, work().encode())
        os._exit(0)
    os.close(writing)  # so that the end of the process is heard
    try:
        is_heard = _heard(reading, child, seconds)
        said = os.read(reading, 1 << 16).decode() if is_heard else ""
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if said:
        return said
    return f"{CAUGHT}: {'its process ends' if is_heard else 'it does not end'}"


def _heard(reading: int, child: int, seconds: int) -> bool:
    """Wait for a process to say something, or to end; False if it has taken too much by then."""
    while _computed(child) < seconds and _resident(child) < MEMORY:
        if select.select([reading], [], [], 1.0)[0]:
            return True
    return False


def _computed(process: int) -> float:
    """Return the seconds that a process has computed: how long it waited for that is no matter."""
    stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def _resident(process: int) -> int:
    pages = Path(f"/proc/{process}/statm").read_text(encoding="utf-8").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115

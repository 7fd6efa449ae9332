"""How much memory this process has, and how much it may have."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def resident_bytes() -> int:
    """Return how many bytes of memory this process occupies; 0 where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGESIZE")


def usable_bytes() -> int:
    """Return how many bytes a search may use: most of what is available now."""
    available = os.sysconf("SC_PAGESIZE") * os.sysconf("SC_PHYS_PAGES")
    for line in _lines(Path("/proc/meminfo")):
        if line.startswith("MemAvailable:"):
            available = int(line.split()[1]) * 1024
    for path in _CGROUP_LIMITS:
        available = min([available, *(int(line) for line in _lines(path) if line.isdecimal())])
    return available * 4 // 5 + resident_bytes()


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Let garbage in cycles be looked for rarely meanwhile.

    What a search computes it keeps, and looking it through again and again for what could be thrown
    away took a sixth of its time.
    """
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _BETWEEN_COLLECTIONS) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


_BETWEEN_COLLECTIONS = 200_000


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []

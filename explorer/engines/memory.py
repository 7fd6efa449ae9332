"""How much memory this process has, and how much it may have."""

import os
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


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []

"""A server whose disk can be slow: `python -m tests.nemesis.slow FILE serve ...`.

Each sync takes as many seconds longer as stand in the file.
"""

import os
import sys
import time
from collections.abc import Callable
from typing import Any

from raft_ref.cli import main


def slowed(path: str, sync: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return a sync that takes longer."""

    def slow(file: Any) -> None:
        with open(path, encoding="utf-8") as said:
            time.sleep(float(said.read() or 0))
        sync(file)

    return slow


if __name__ == "__main__":
    where = sys.argv.pop(1)
    for name in ("fsync", "fdatasync"):
        setattr(os, name, slowed(where, getattr(os, name)))
    sys.exit(main())

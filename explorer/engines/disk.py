"""Where a search has its states, if not in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Disk:
    """A search with its states on disk: what it needs of memory does not grow with them.

    - `folder`: made if it is not there. What a search has left there another one goes on with,
      whatever ended it.
    - `every`: seconds from one time that whole levels are kept to the next, at least. A level that
      took longer is kept when it is done.
    - `room`: bytes of memory for what is found and not looked up yet (default: most of what the
      limit on memory leaves).
    - `about`: as in `Checkpoints`.
    """

    folder: Path
    every: float = 1.0
    room: int | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

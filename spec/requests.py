"""What the requests to several libraries have in common: the size of a cluster, and what is wrong.

A request is a frozen dataclass that says all that is to be done; its `run` answers with a report.
"""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

ALONE: Final = (
    "a candidate counts votes, and a leader commits, when others answer; Raft.tla has no step by "
    "which a server alone would (--with membership has: there --voters 1 is a cluster of one)"
)
"""Why a cluster has two servers at least."""


class RequestError(ValueError):
    """A request that makes no sense.

    The text begins with the name of what is wrong in it, as an option has it, if `is_named`.
    """

    def __init__(self, text: str, is_named: bool = True) -> None:
        super().__init__(text)
        self.is_named = is_named


def probably(given: str, known: Iterable[str]) -> str:
    """Return what was probably meant, as a question, or else all that is known."""
    names = [*known]
    near = difflib.get_close_matches(given, names, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large a cluster is, and its bounds, by their names in MCRaft.tla.

    By default the smallest that cover every action and every `sometimes` of the reference node.
    Raises `RequestError` for fewer than 2 servers or 1 value, and for a bound below 0.
    """

    servers: int = 3
    values: int = 1
    max_term: int = 2
    max_log_length: int = 1
    max_snapshot_index: int = 1
    max_messages: int = 2
    max_restarts: int = 1
    max_drops: int = 1
    max_duplicates: int = 1

    def __post_init__(self) -> None:
        """Refuse what is too small."""
        for name, number in asdict(self).items():
            if number < {"servers": 2, "values": 1}.get(name, 0):
                alone = f": {ALONE}" if (name, number) == ("servers", 1) else ""
                raise RequestError(f"{name.replace('_', '-')}: {number} is too few{alone}")

    def as_dict(self) -> dict[str, int]:
        """Return the sizes by their names."""
        return asdict(self)

    @property
    def server_names(self) -> list[str]:
        """The names of the servers: s1, s2, ..."""
        return [f"s{number + 1}" for number in range(self.servers)]

    @property
    def value_names(self) -> list[str]:
        """The values that clients ask to store: v1, v2, ..."""
        return [f"v{number + 1}" for number in range(self.values)]


def named(what: str, name: str) -> Any:
    """Return the function or class that `module:name` names, for what it is given as.

    Raises `RequestError` where there is none, and where importing its module fails.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise RequestError(f"{what} {name}: expected module:name")
    # A console script does not look for modules where the user stands; `python -m` does.
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise RequestError(f"{what} {name}: {type(error).__name__}: {error}") from error
    found = getattr(module, attribute, None)
    if found is None:
        raise RequestError(f"{what} {name}: module {module_name} has no {attribute}")
    if not callable(found):
        raise RequestError(f"{what} {name}: is a {type(found).__name__}, which cannot be called")
    return found

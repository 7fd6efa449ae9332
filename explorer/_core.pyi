"""The native engine, as explorer/core/module.cpp has it."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any

class Damaged(Exception): ...  # noqa: N818
class NoRoom(Exception): ...  # noqa: N818

Extent = tuple[int, int]

def append(path: str, extent: Extent, words: Sequence[int]) -> Extent: ...
def read(path: str, extent: Extent) -> list[int]: ...

class Ending(Enum):
    COVERED = ...
    VIOLATED = ...
    INTERRUPTED = ...
    OUT_OF_MEMORY = ...
    OUT_OF_NUMBERS = ...
    OUT_OF_DISK = ...

class Found:
    ending: Ending
    distinct: int
    transitions: int
    depth: int
    covered_depth: int
    queue: int
    cut_by_depth: int
    bytes: int
    names: list[int]
    lost: int
    cut: list[int]

class DiskSearch:
    trouble: str
    point: tuple[int, int, bool]

    def postage(self) -> tuple[int, int, int, float]: ...
    def __init__(
        self,
        model: Any,
        properties: list[Any],
        setting: Any,
        folder: str,
        every: float,
        room: int,
        peers: Any = None,
    ) -> None: ...
    def restore(self, files: Mapping[str, Extent]) -> None: ...
    def run(
        self,
        nodes: Sequence[int],
        history: int,
        heartbeat: Callable[[Found], None],
        files: Mapping[str, Extent],
        commit: Callable[[dict[str, Extent]], bool],
    ) -> Found: ...
    def adopt(
        self,
        legacies: Sequence[tuple[Any, list[int], list[int], list[int], list[int]]],
        point: tuple[int, int, bool],
        heartbeat: Callable[[Found], None],
        commit: Callable[[dict[str, Extent]], bool],
    ) -> Found: ...
    def find_ways(self, heartbeat: Callable[[Found], None]) -> Ending: ...
    def is_on_the_way(
        self,
        number: int,
        nodes: Sequence[int],
        messages: Sequence[int],
        history: int,
        faults: tuple[int, int, int],
    ) -> bool: ...
    def reached(self) -> list[bool]: ...

class Outlook:
    ending: Ending
    asked: int
    stuck: int

class Search:
    def __init__(self, model: Any, properties: list[Any], setting: Any) -> None: ...
    def begin_with(self, messages: Sequence[int]) -> None: ...
    def run(
        self, nodes: Sequence[int], history: int, heartbeat: Callable[[Found], None]
    ) -> Found: ...
    def run_keeping(
        self,
        nodes: Sequence[int],
        history: int,
        heartbeat: Callable[[Found], None],
        files: Mapping[str, Extent],
        folder: str,
        every: float,
        commit: Callable[[dict[str, Extent]], bool],
        trouble: Callable[[str], None],
    ) -> Found: ...
    def find_ways(
        self, nodes: Sequence[int], history: int, heartbeat: Callable[[Found], None]
    ) -> Ending: ...
    def is_on_the_way(
        self,
        number: int,
        nodes: Sequence[int],
        messages: Sequence[int],
        history: int,
        faults: tuple[int, int, int],
    ) -> bool: ...
    def reached(self) -> list[bool]: ...
    def look(
        self, question: int, of_servers: bool, heartbeat: Callable[[Found], None]
    ) -> Outlook: ...
    def find_ways_to_stuck(
        self, nodes: Sequence[int], history: int, heartbeat: Callable[[Found], None]
    ) -> int: ...
    def stuck_places(self, most: int) -> list[tuple[list[int], int]]: ...
    def cut_from(
        self,
        nodes: Sequence[int],
        messages: Sequence[int],
        history: int,
        faults: tuple[int, int, int],
        heartbeat: Callable[[Found], None],
    ) -> list[int]: ...

class LiveAnswer:
    ending: Ending
    awaited: int
    enabled: int
    is_refuted: bool
    is_clear: bool

Shape = tuple[Sequence[int], Sequence[int], int, tuple[int, int, int]]

class Live:
    def __init__(self, search: Search, questions: Any, assumed: Any) -> None: ...
    def answer(
        self, nodes: Sequence[int], history: int, heartbeat: Callable[[Found], None]
    ) -> LiveAnswer: ...
    def nearest(self, heartbeat: Callable[[Found], None]) -> list[Shape]: ...
    def find_ways(self, targets: Sequence[Shape], heartbeat: Callable[[Found], None]) -> int: ...
    def is_on_the_way(self, number: int, is_due: bool, state: Shape) -> bool: ...

class Distributed:
    def __init__(self, model: Any, properties: list[Any], setting: Any, peers: Any) -> None: ...
    def run(
        self, nodes: Sequence[int], history: int, heartbeat: Callable[[Found], None]
    ) -> Found: ...
    def find_ways(
        self, nodes: Sequence[int], history: int, heartbeat: Callable[[Found], None]
    ) -> Ending: ...
    def is_on_the_way(
        self,
        number: int,
        nodes: Sequence[int],
        messages: Sequence[int],
        history: int,
        faults: tuple[int, int, int],
    ) -> bool: ...
    def reached(self) -> list[bool]: ...
    def postage(self) -> tuple[int, int, int, float]: ...

class Walked:
    steps: int
    is_violated: bool
    names: list[int]
    cut: list[int]
    hashes: bytes

class Walks:
    def __init__(self, model: Any, properties: list[Any], setting: Any) -> None: ...
    def walk(self, seed: int, steps: int, nodes: Sequence[int], history: int) -> Walked: ...
    def reached(self) -> list[bool]: ...

class Hashes:
    def __init__(self) -> None: ...
    def add(self, hashes: bytes) -> None: ...
    def __len__(self) -> int: ...

class RowSearch:
    def __init__(self, model: Any, setting: Any) -> None: ...
    def __len__(self) -> int: ...
    def row(self, number: int) -> tuple[int, ...]: ...
    def parent(self, number: int) -> int: ...
    def keep(self, key: Sequence[int], row: Sequence[int], parent: int) -> None: ...
    def is_known(self, key: Sequence[int]) -> bool: ...
    def expand(self, number: int, end: int) -> int: ...
    def counts(self) -> list[tuple[int, int]]: ...
    def asked(self) -> int: ...

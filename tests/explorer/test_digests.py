"""A digest is the same in every process, and never two for values that count as one."""

import subprocess
import sys
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, NamedTuple

import pytest

from raft_ref import Node
from raft_ref.explorer.engines.together.digests import digest_of, text_of


class Colour(Enum):
    RED = 1


class Word(StrEnum):
    RED = "red"


class Pair(NamedTuple):
    one: int
    other: int


@dataclass(frozen=True)
class Partly:
    counts: int
    ignored: int = field(compare=False)


@dataclass(frozen=True)
class Loose:
    """Equal whatever it holds."""

    content: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Loose)

    def __hash__(self) -> int:
        return 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        ("red", Word.RED),
        ((1, 2), Pair(1, 2)),
        (frozenset("abc"), frozenset("cba")),
        (Partly(1, 2), Partly(1, 3)),
        (Loose(1), Loose(2)),
    ],
)
def test_equal_values_have_one_digest(one: Any, other: Any) -> None:
    assert one == other
    assert digest_of(one) == digest_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        (1, "1"),
        ("", ()),
        (None, False),
        (("a", "b"), ("a, b",)),
        (frozenset([1]), (1,)),
        (Colour.RED, 1),
        (Partly(1, 2), Partly(2, 2)),
        (b"a", "a"),
    ],
)
def test_what_differs_has_most_often_another(one: Any, other: Any) -> None:
    assert digest_of(one) != digest_of(other)


VALUES = "(None, 'a', Node(['s1', 's2'], ['v1']).initial('s1'), frozenset('abc'))"


@pytest.mark.parametrize("seed", ["0", "1"])
def test_digests_do_not_depend_on_the_seed_of_hashes(seed: str) -> None:
    program = (
        "from raft_ref import Node\n"
        "from raft_ref.explorer.engines.together.digests import text_of\n"
        f"print(text_of({VALUES}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    initial = Node(["s1", "s2"], ["v1"]).initial("s1")
    assert run.stdout == text_of((None, "a", initial, frozenset("abc"))) + "\n"
    assert "?" not in run.stdout

"""Real TLC and the explorer count the same states: the node and the spec are one protocol.

TLC counts the initial state as generated, and the explorer does not count it as a transition.
"""

from pathlib import Path

import pytest

import spec
from explorer import Bounds, System, search
from raft_ref import Node
from spec.link import INVARIANTS, Committed, raft_properties
from spec.tlc import run_tlc

MODEL = Path(spec.__file__).with_name("MCRaft.tla")
CONFIG = Path(spec.__file__).with_name("MCRaft.cfg")


def config(path: Path, servers: int, values: int, numbers: dict[str, int], symmetry: bool) -> Path:
    """Write the shipped configuration with other bounds."""
    constants = {
        "Server": "{" + ", ".join(f"s{n + 1}" for n in range(servers)) + "}",
        "Value": "{" + ", ".join(f"v{n + 1}" for n in range(values)) + "}",
        **{name: str(number) for name, number in numbers.items()},
    }
    lines = []
    for line in CONFIG.read_text().splitlines():
        name = line.split("=")[0].strip()
        if name in constants:
            lines.append(f"    {name} = {constants[name]}")
        elif symmetry or not line.startswith("SYMMETRY"):
            lines.append(line)
    path.write_text("\n".join(lines))
    return path


Case = tuple[int, int, int, int, int, int, int, int, bool, tuple[int, int, int]]

CASES: list[Case] = [
    # Servers, values, MaxTerm, MaxLogLength, MaxMessages, MaxRestarts, MaxDrops, MaxDuplicates,
    # symmetry; distinct states, generated states, depth.
    (2, 1, 2, 1, 2, 0, 0, 0, False, (817, 1_997, 21)),
    (2, 2, 2, 1, 2, 1, 0, 1, False, (16_700, 52_095, 25)),
    (3, 1, 1, 1, 2, 1, 1, 0, False, (59_420, 235_924, 24)),
    (3, 1, 2, 1, 2, 0, 0, 0, True, (3_908, 10_999, 31)),
    (3, 1, 2, 1, 2, 0, 1, 1, True, (45_225, 163_219, 35)),
    (4, 1, 1, 0, 4, 0, 0, 1, True, (2_819, 17_526, 24)),
]

LONG_CASES: list[Case] = [
    (3, 1, 2, 1, 2, 1, 1, 1, True, (157_289, 667_977, 36)),  # the default bounds of `check`
    (2, 2, 2, 2, 3, 1, 0, 1, False, (1_049_808, 4_500_175, 31)),
    (3, 1, 1, 1, 3, 1, 1, 0, False, (548_122, 3_107_182, 27)),
]


@pytest.mark.parametrize("case", CASES)
def test_tlc_counts_as_the_explorer_does(tmp_path: Path, case: Case) -> None:
    compare(tmp_path, case)


@pytest.mark.long
@pytest.mark.parametrize("case", LONG_CASES)
def test_tlc_counts_as_the_explorer_does_on_more_states(tmp_path: Path, case: Case) -> None:
    compare(tmp_path, case)


def compare(folder: Path, case: Case) -> None:
    servers, values, term, log, messages, restarts, drops, duplicates, symmetry, counts = case
    numbers = {
        "MaxTerm": term,
        "MaxLogLength": log,
        "MaxMessages": messages,
        "MaxRestarts": restarts,
        "MaxDrops": drops,
        "MaxDuplicates": duplicates,
    }
    tlc = run_tlc(MODEL, config(folder / "MC.cfg", servers, values, numbers, symmetry), workers=2)
    assert tlc.ok, tlc.output
    assert (tlc.distinct_states, tlc.generated_states, tlc.depth) == counts

    names = [f"s{number}" for number in range(1, servers + 1)]
    asked = [f"v{number}" for number in range(1, values + 1)]
    measures = {"max_term": term, "max_log_length": log}
    bounds = Bounds(messages, restarts, drops, duplicates, measures=measures)
    system = System(Node(names, asked), names, bounds, history=Committed())
    report = search(system, raft_properties(INVARIANTS, names, asked), symmetry)
    assert report.counterexample is None
    assert (report.distinct_states, report.transitions + 1, report.depth) == counts

"""The same question of liveness for TLC: MCRaft.tla, or MCExtendedRaft.tla, with fairness."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from raft_ref.explorer import Assumptions, Fairness
from raft_ref.spec.files import EXTENDED_MODEL, MEMBERSHIP_PROGRESS, MODEL
from raft_ref.spec.tlc.run import TlcResult, run_tlc
from tests.support.models import Model

_STEPS = {
    "Timeout": r"\E i \in Server : Timeout(i)",
    "AppendEntries": r"\E i, j \in Server : \E count \in 0..MaxLogLength :"
    r" AppendEntries(i, j, count)",
    "InstallSnapshot": r"\E i, j \in Server : InstallSnapshot(i, j)",
    "ClientRequest": r"\E i \in Server, value \in Value : ClientRequest(i, value)",
    "CompactLog": r"\E i \in Server : \E index \in 1..MaxSnapshotIndex : CompactLog(i, index)",
    "Receive": "Receive",
}
_BY = {
    "Timeout": "Timeout(i)",
    "Receive": r"\E m \in messages : m.dest = i /\ R!Receive(m) /\ Bounded"
    r" /\ UNCHANGED <<restarts, drops, duplicates>>",
}
"""The steps that need not be those of any server, and those of server i."""


def ask_tlc(model: Model, goal: str, assumed: Assumptions, folder: Path) -> TlcResult:
    """Ask TLC whether every fair run of a model meets a goal, in the words of RaftLiveness.tla.

    What is fair by one server is so by each.
    """
    moves = [text for name, text in _STEPS.items() if name not in assumed.at_rest]
    fair = ["WF_vars(" + " \\/ ".join(f"({each})" for each in moves) + ")"]
    fair += dict.fromkeys(map(_fairness, assumed.fair))
    rest = [f"<>[][~({_STEPS[name]})]_vars" for name in assumed.at_rest]
    demand = f"({goal})" if not rest else f"{_and(rest)} => ({goal})"
    text = MODEL.read_text().replace("EXTENDS RaftInvariants, TLC", "EXTENDS RaftLiveness, TLC")
    _write(text, fair, demand, folder)
    (folder / "Live.cfg").write_text(_of_goal(model.config()))
    return run_tlc(folder / "Live.tla", folder / "Live.cfg", workers=2)


def ask_tlc_of_changes(
    constants: Mapping[str, str],
    goal: str,
    at_rest: Collection[str],
    folder: Path,
    fair: Collection[str] = (),
) -> TlcResult:
    """Ask TLC whether every fair run of MCExtendedRaft.tla meets a goal of MembershipProgress.tla.

    What is received by a server, or committed by one, is so in the end, besides what `fair` says.
    """
    text = EXTENDED_MODEL.read_text()
    next_step = text.partition("\nNext ==\n")[2].partition("\n\n")[0]
    steps = [line.strip().removeprefix("\\/ ") for line in next_step.splitlines()]
    rest = [each for each in steps if re.search(rf"\b({'|'.join(at_rest)})\b", each)]
    moves = [each for each in steps if each not in rest and not _is_fault(each)]
    owed = ["WF_vars(" + " \\/ ".join(f"({each})" for each in moves) + ")"]
    owed += [
        r"(\A i \in Server : WF_vars(Commit(i)))",
        r"(\A i \in Server : WF_vars(\E m \in messages : m.dest = i /\ E!Receive(m) /\ Bounded"
        r" /\ Unfaulted))",
        *fair,
    ]
    demand = f"{_and([f'<>[][~({each})]_vars' for each in rest])} => ({goal})"
    extended = text.replace(", TLC\n", f", {MEMBERSHIP_PROGRESS.stem}, TLC\n", 1)
    _write(extended, owed, demand, folder)
    for beside in EXTENDED_MODEL.parent.glob("*.tla"):
        (folder / beside.name).write_text(beside.read_text())
    lines = EXTENDED_MODEL.with_suffix(".cfg").read_text().splitlines()
    names = [line.partition("=")[0].strip() for line in lines]
    config = "\n".join(
        f"    {name} = {constants[name]}" if name in constants else line
        for name, line in zip(names, lines, strict=True)
    )
    (folder / "Live.cfg").write_text(_of_goal(config))
    return run_tlc(folder / "Live.tla", folder / "Live.cfg", workers=2)


def _is_fault(step: str) -> bool:
    return step.endswith(("Restart(i)", "DropMessage", "ReceiveDuplicate"))


def _write(text: str, fair: list[str], demand: str, folder: Path) -> None:
    """Write a model with its goal, and the modules of Raft beside it."""
    text = re.sub(r"-+ MODULE \w+ -+", "---- MODULE Live ----", text, count=1)
    lines = ["LiveSpec == Init /\\ [][Next]_vars", *(f"    /\\ {each}" for each in fair)]
    text = text[: text.rindex("====")].rstrip("=") + "\n".join(
        [*lines, f"LiveGoal == {demand}", "=" * 77, ""]
    )
    for beside in MODEL.parent.glob("Raft*.tla"):
        (folder / beside.name).write_text(beside.read_text())
    (folder / "Live.tla").write_text(text)


def _and(formulas: list[str]) -> str:
    return "(" + " /\\ ".join(formulas) + ")"


def _fairness(fair: Fairness) -> str:
    kind = "SF" if fair.is_strong else "WF"
    if fair.server is None:
        return f"{kind}_vars({_STEPS[fair.action]})"
    return f"(\\A i \\in Server : {kind}_vars({_BY[fair.action]}))"


def _of_goal(config: str) -> str:
    kept = config.partition("SPECIFICATION")[0]
    return f"{kept}SPECIFICATION LiveSpec\nPROPERTY LiveGoal\n"

"""The same question of liveness for TLC: MCRaft.tla with fairness and a goal."""

from pathlib import Path

from raft_ref.explorer import Assumptions, Fairness
from raft_ref.spec.files import MODEL
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
    text = text.replace("MODULE MCRaft", "MODULE Live").replace(
        "-" * 30 + " MODULE Live", "---- MODULE Live"
    )
    lines = ["LiveSpec == Init /\\ [][Next]_vars", *(f"    /\\ {each}" for each in fair)]
    text = text[: text.rindex("====")].rstrip("=") + "\n".join(
        [*lines, f"LiveGoal == {demand}", "=" * 77, ""]
    )
    for beside in MODEL.parent.glob("Raft*.tla"):
        (folder / beside.name).write_text(beside.read_text())
    (folder / "Live.tla").write_text(text)
    (folder / "Live.cfg").write_text(_config(model))
    return run_tlc(folder / "Live.tla", folder / "Live.cfg", workers=2)


def _and(formulas: list[str]) -> str:
    return "(" + " /\\ ".join(formulas) + ")"


def _fairness(fair: Fairness) -> str:
    kind = "SF" if fair.is_strong else "WF"
    if fair.server is None:
        return f"{kind}_vars({_STEPS[fair.action]})"
    return f"(\\A i \\in Server : {kind}_vars({_BY[fair.action]}))"


def _config(model: Model) -> str:
    kept = model.config().partition("SPECIFICATION")[0]
    return f"{kept}SPECIFICATION LiveSpec\nPROPERTY LiveGoal\n"

"""Small modules around the text that a test is about."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from raft_ref import spec

EXTENDED: Final = "Integers, Sequences, FiniteSets, TLC"
MODEL_VALUES: Final = "CONSTANTS s1, s2"
CONSTANTS: Final = {"s1": spec.model_value("s1"), "s2": spec.model_value("s2")}


def module_text(
    definition: str, declarations: str = MODEL_VALUES, *, extended: str = EXTENDED
) -> str:
    """Return a module around some text; that starts on line 4."""
    return f"---- MODULE Case ----\nEXTENDS {extended}\n{declarations}\n{definition}\n====\n"


def load_text(
    folder: Path,
    definition: str,
    declarations: str = MODEL_VALUES,
    *,
    extended: str = EXTENDED,
) -> spec.Module:
    """Load a module around some text."""
    path = folder / "Case.tla"
    path.write_text(module_text(definition, declarations, extended=extended))
    return spec.load(path)

"""Goals: what must happen in the end, as states are asked about it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from raft_ref.explorer.model.properties import PARTS
from raft_ref.explorer.model.system import View


class Form(StrEnum):
    """What a goal says of the states with P (and Q) in a run."""

    EVENTUALLY = "<>P"
    """One comes."""
    AGAIN = "[]<>P"
    """One comes after every state."""
    STAYS = "<>[]P"
    """From one on, all are."""
    LEADS_TO = "P ~> Q"
    """After each with P, or in it, comes one with Q."""


BEGINS, AWAITED, AGAIN = 1, 2, 4
"""What is asked of a state, as bits: whether the goal is due from it on; whether a run that does
not meet its goal may be in it then; whether it must be in such states again and again."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What must happen in the end.

    - `text`: as it is told; `form`: what it says of states.
    - `holds`: P of a state; Q where one leads to the other, and then `premise` is P.
    - `reads`: the parts of a state (see `explorer.model.properties.PARTS`) that both look at.
    """

    text: str
    form: Form
    holds: Callable[[View], bool]
    premise: Callable[[View], bool] = lambda view: True
    reads: frozenset[str] = frozenset(PARTS)

    def asked(self, view: View, is_initial: bool = False) -> int:
        """Return what there is to say of a state: a sum of BEGINS, AWAITED and AGAIN."""
        holds = self.holds(view)
        if self.form is Form.STAYS:
            return BEGINS | AWAITED | (0 if holds else AGAIN)
        if holds:
            return 0
        begins = is_initial if self.form is Form.EVENTUALLY else self.premise(view)
        return AWAITED | AGAIN | (BEGINS if begins else 0)

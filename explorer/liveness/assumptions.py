"""What a run may be relied on for: fairness, and that some steps come to rest."""

from dataclasses import dataclass

from raft_ref.explorer.model.actor import ServerId

FAULTS = ("Restart", "DropMessage", "ReceiveDuplicate")
"""The steps of every system that need never happen, and do not happen for ever."""


@dataclass(frozen=True, slots=True)
class Fairness:
    """Fairness of an action, taken by a server (None: by whichever).

    The action is the name of a step or of an action that steps compose. Weak: it is not enabled for
    ever and never taken. Strong: nor is it enabled again and again and never taken any more.
    """

    action: str
    server: ServerId | None = None
    is_strong: bool = False

    def __str__(self) -> str:
        by = "" if self.server is None else f":{self.server}"
        return f"{'strong' if self.is_strong else 'weak'} fairness of {self.action}{by}"


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What every run that counts satisfies.

    - `fair`: the fairness of actions.
    - `at_rest`: the names of steps or actions that are taken only finitely often, besides FAULTS.
      They are not owed either: a run may end where nothing else can happen.
    """

    fair: tuple[Fairness, ...] = ()
    at_rest: tuple[str, ...] = ()

"""What a run may be relied on for: fairness, and that some steps come to rest."""

from dataclasses import dataclass, fields, is_dataclass

from raft_ref.explorer.model.actor import ServerId

FAULTS = ("Restart", "DropMessage", "ReceiveDuplicate")
"""The steps of every system that need never happen, and do not happen for ever."""


ANY = "*"
"""An argument that may be whatever it is."""


@dataclass(frozen=True, slots=True)
class Fairness:
    """Fairness of an action, taken by a server (None: by whichever).

    The action is the name of a step or of an action that steps compose. Weak: it is not enabled for
    ever and never taken. Strong: nor is it enabled again and again and never taken any more.
    With `arguments` it is that of a step that a server takes without a message, and with these:
    the fields of the action in their order, as `str` has them, `ANY` for whatever it is.
    `of_each`, if it is one of several that are asked for together, is what they are called: those
    of each server on its own, say, whether or not that can take the action.
    """

    action: str
    server: ServerId | None = None
    is_strong: bool = False
    arguments: tuple[str, ...] | None = None
    of_each: str | None = None

    def __str__(self) -> str:
        by = "" if self.server is None else f":{self.server}"
        given = "" if self.arguments is None else f"({', '.join(self.arguments)})"
        return f"{self.strength} fairness of {self.action}{given}{by}"

    @property
    def strength(self) -> str:
        """Weak or strong."""
        return "strong" if self.is_strong else "weak"

    def fits(self, action: object) -> bool:
        """Return whether a server's action has the arguments; a message has none."""
        if self.arguments is None:
            return True
        given = arguments_of(action)
        return len(given) == len(self.arguments) and all(
            wanted in (ANY, has) for wanted, has in zip(self.arguments, given, strict=True)
        )


def arguments_of(action: object) -> tuple[str, ...]:
    """Return what an action is taken with: the fields of a dataclass, or the items of a tuple."""
    if isinstance(action, tuple):
        return tuple(map(str, action))
    if not is_dataclass(action):
        return ()
    return tuple(str(getattr(action, field.name)) for field in fields(action))


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What every run that counts satisfies.

    - `fair`: the fairness of actions.
    - `at_rest`: the names of steps or actions that are taken only finitely often, besides FAULTS.
      They are not owed either: a run may end where nothing else can happen.
    """

    fair: tuple[Fairness, ...] = ()
    at_rest: tuple[str, ...] = ()

"""Goals of liveness, made of formulas of TLA+ over Raft's variables."""

from collections.abc import Callable, Sequence
from pathlib import Path

from raft_ref.explorer import Form, Goal, ServerId, View
from raft_ref.spec.code.predicate import Predicate
from raft_ref.spec.link.properties import MESSAGES
from raft_ref.spec.link.shared import shared
from raft_ref.spec.link.variables import Project, RaftVariables, Variables, itself
from raft_ref.spec.syntax.errors import SpecError


def raft_goal(
    path: Path,
    servers: Sequence[ServerId],
    values: Sequence[str],
    text: str,
    project: Project | None = None,
) -> Goal:
    """Return a goal over Raft's variables; see `tla_goal`.

    Raises ValueError for what reads messages that are not ours as well.
    """
    found = tla_goal(path, RaftVariables(servers, values, project or itself), text)
    if project is not None and MESSAGES in found.reads:
        raise ValueError("messages are read, and those of the node are its own")
    return found


def tla_goal(path: Path, variables: Variables, text: str) -> Goal:
    """Return a goal, such as `[]<>LeaderIsElected`, in the names of a module or its own formulas.

    Raises ValueError for text that is no goal, for what is true of steps and not of states, and for
    what reads variables that are not there; `SpecError` for a module that cannot be loaded.
    """
    module = shared(path)
    constants = {
        name: value for name, value in variables.constants.items() if name in module.constants
    }
    try:
        form, predicates = module.goal(text, constants)
    except SpecError as error:
        # The first two lines are not the user's.
        at = error.position
        raise ValueError(
            f"line {max(1, at.line - 2)}, column {at.column}: {error.reason}"
        ) from None
    reads = frozenset[str]().union(*(predicate.reads for predicate in predicates))
    if any(predicate.is_step for predicate in predicates):
        raise ValueError("it reads the state after a step, and goals are of states")
    for name in sorted(reads - variables.parts.keys()):
        raise ValueError(f"{name} is read, which no cluster here has")

    def holds(predicate: Predicate) -> Callable[[View], bool]:
        return lambda view: predicate.holds(variables.of(view, predicate.reads))

    parts = frozenset(variables.parts[name] for name in reads)
    premise = {"premise": holds(predicates[0])} if len(predicates) == 2 else {}
    return Goal(text, Form(form), holds(predicates[-1]), reads=parts, **premise)

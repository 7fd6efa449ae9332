"""TLA+ in Python: modules loaded, evaluated and checked; the driver of TLC."""

from raft_ref.spec.checker.config import Config, load_config
from raft_ref.spec.checker.search import Task, check
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.checker.verdict import Behavior, Report, Verdict
from raft_ref.spec.code.predicate import Predicate
from raft_ref.spec.module import Module, Operator, load
from raft_ref.spec.names.labels import ActionName
from raft_ref.spec.names.temporal import Specification
from raft_ref.spec.steps.interning import State
from raft_ref.spec.steps.transitions import Action, Successor, Transitions
from raft_ref.spec.syntax.errors import Position, SpecError
from raft_ref.spec.values.value import (
    FALSE,
    TRUE,
    ModelValue,
    Value,
    boolean,
    from_python,
    function,
    model_value,
    record,
    sequence,
    show,
    to_python,
)

__all__ = [
    "FALSE",
    "TRUE",
    "Action",
    "ActionName",
    "Behavior",
    "Config",
    "ModelValue",
    "Module",
    "Operator",
    "Position",
    "Predicate",
    "Report",
    "SpecError",
    "Specification",
    "State",
    "Successor",
    "Task",
    "Transitions",
    "Value",
    "Verdict",
    "boolean",
    "check",
    "from_python",
    "function",
    "load",
    "load_config",
    "model_value",
    "record",
    "sequence",
    "show",
    "task_of",
    "to_python",
]

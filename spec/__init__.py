"""TLA+ in Python: modules loaded, evaluated and checked; the driver of TLC."""

from spec.checker import Task, check
from spec.config import Config, load_config
from spec.errors import Position, SpecError
from spec.labels import ActionName
from spec.module import Module, Operator, Predicate, load
from spec.task import task_of
from spec.temporal import Specification
from spec.transitions import Action, State, Successor, Transitions
from spec.values import (
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
from spec.verdict import Behavior, Report, Verdict

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

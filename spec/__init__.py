"""TLA+ in Python: modules loaded, their formulas evaluated; the driver of TLC."""

from spec.errors import Position, SpecError
from spec.labels import ActionName
from spec.module import Module, Operator, Predicate, load
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

__all__ = [
    "FALSE",
    "TRUE",
    "Action",
    "ActionName",
    "ModelValue",
    "Module",
    "Operator",
    "Position",
    "Predicate",
    "SpecError",
    "Specification",
    "State",
    "Successor",
    "Transitions",
    "Value",
    "boolean",
    "from_python",
    "function",
    "load",
    "model_value",
    "record",
    "sequence",
    "show",
    "to_python",
]

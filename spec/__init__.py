"""TLA+ in Python: modules loaded, their formulas evaluated; the driver of TLC."""

from spec.errors import Position, SpecError
from spec.module import Module, Operator, Predicate, load
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
    "ModelValue",
    "Module",
    "Operator",
    "Position",
    "Predicate",
    "SpecError",
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

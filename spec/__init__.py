"""TLA+ in Python: modules are loaded, evaluated and checked.

A specification travels through the folders in this order. `syntax` makes a tree of its text.
`values` are what expressions stand for: TLA+'s values and operators as Python objects and
functions. `names` finds what each name refers to, across modules and instances, and what can be
known of an operator before it is evaluated. `code` writes a Python function for each operator.
`steps` makes of Init and Next functions from a state to its successors, memoized by what they read.
`module` is the whole of it to a user: `load(path)`, then `predicate`, `action`, `transitions`, and
`behaviors`, which `temporal` puts together. `checker` explores all states of a module with its
`.cfg`, as TLC does.

Beside them: `tlc` runs TLC itself; `link` holds the node in Python to Raft.tla; `proof` proves
Raft's invariants without bounds, by z3. The specifications are the `.tla` files here (`files`).
`requests` and `workers` are what several requests and several processes need. `editing` is what an
editor asks of a module while it is written.
"""

from raft_ref.spec.checker.config import Config, load_config
from raft_ref.spec.checker.search import Task, check
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.checker.verdict import Behavior, Report, Verdict
from raft_ref.spec.code.predicate import Predicate
from raft_ref.spec.module import Module, Operator, load
from raft_ref.spec.names.behaviors.specification import Specification
from raft_ref.spec.names.labels import ActionName
from raft_ref.spec.steps.interning import State
from raft_ref.spec.steps.successors import Successor
from raft_ref.spec.steps.transitions import Action, Transitions
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

"""What was being evaluated where an error occurred: in which operators, with which values bound.

The careful text of an operator is a Python function that has the operator's name, and the names
that it binds are its local variables: the traceback tells.
"""

from __future__ import annotations

import re
from types import TracebackType
from typing import Final

from raft_ref.spec.syntax.errors import Context, SpecError
from raft_ref.spec.values.value import Boolean, ModelValue, Value, show

_OPERATOR: Final = re.compile(r"<o\d+_(\w+)>")
_BOUND: Final = re.compile(r"v\d+_(\w+)")
_VALUES: Final = (int, str, Boolean, ModelValue, tuple, frozenset)
_LONGEST: Final = 200
"""Characters of a value that is shown."""


def with_context(error: SpecError, within: str = "") -> SpecError:
    """Return an error with what its traceback tells, unless it knows that already.

    What it is `within` is an operator that has no function of its own: an action.
    """
    if error.context is None:
        operators, bound = _context_of(error.__traceback__)
        outer = (within,) if within and within not in operators else ()
        error.context = Context((*operators, *outer), bound)
    return error


def _context_of(traceback: TracebackType | None) -> Context:
    callers: dict[str, None] = {}
    bound: dict[str, str] = {}
    while traceback is not None:
        frame = traceback.tb_frame
        operator = _OPERATOR.fullmatch(frame.f_code.co_filename)
        if operator is not None:
            callers[operator.group(1)] = None
        for name, value in frame.f_locals.items():
            known = _BOUND.fullmatch(name)
            if known is not None and type(value) in _VALUES:
                bound[known.group(1)] = _shown(value)
        traceback = traceback.tb_next
    return Context(tuple(callers)[::-1], tuple(bound.items()))


def _shown(value: Value) -> str:
    text = show(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."

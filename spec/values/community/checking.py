"""The module TLCExt: what asks whoever evaluates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from raft_ref.spec.syntax.errors import NoValueError
from raft_ref.spec.values import sets
from raft_ref.spec.values.builtin import Builtin, table
from raft_ref.spec.values.value import Value, model_value, show


def named_model_value(name: Value) -> Value:
    """TLCModelValue(name)."""
    if type(name) is not str:
        raise NoValueError(f"TLCModelValue needs a string, not {show(name)}")
    return model_value(name)


def equal_or_told(left: Value, right: Value) -> bool:
    """AssertEq(left, right): whether the two are equal."""
    return sets.equal(left, right)


MODULES: Final[Mapping[str, Mapping[str, Builtin]]] = {
    "TLCExt": table(
        Builtin("TLCModelValue", 1, named_model_value),
        Builtin("AssertEq", 2, equal_or_told, "formula"),
        Builtin("AssertError", 2, None, "formula"),
        Builtin("TLCCache", 2, lambda expression, _closure: expression),
        Builtin("TLCNoOp", 1, lambda value: value),
        Builtin("TLCDefer", 1, lambda _deferred: True, "formula"),
        Builtin("TLCGetOrDefault", 2, None, varies=True),
        Builtin("TLCGetAndSet", 4, None, varies=True, operator_arguments={1: 2}),
        Builtin("TLCFP", 1, lambda value: hash(show(value)) & (2**31 - 1), "number", varies=True),
        Builtin("PickSuccessor", 1, lambda _step: True, "formula"),
        Builtin("Trace", 0, None),
        Builtin("CounterExample", 0, None),
        Builtin("ToTrace", 1, None),
        Builtin("TLCEvalDefinition", 1, None),
    ),
}

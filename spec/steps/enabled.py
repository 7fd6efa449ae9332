"""ENABLED: whether some next state satisfies an action, as a formula of a state."""

from __future__ import annotations

from raft_ref.spec.code.generator import Code, Generator, identifier
from raft_ref.spec.names.environment import Environment
from raft_ref.spec.steps.actions import Actions
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import SpecError


class EnabledError(Exception):
    """What ends the search for a next state: there is one."""


def enabled(generator: Generator, node: tree.Call, primed: bool) -> Code:
    """Return the code of ENABLED A, which looks for one way to take A."""
    within = generator.analysis.resolution.within.get(node)
    action = node.arguments[0] if within is None else within.operands[0]
    if primed:
        raise SpecError(node.at, "not supported here: ENABLED of a next state")
    if generator.assignment is not None and not generator.assignment.primed:
        raise SpecError(node.at, "not supported here: ENABLED of an initial state")
    reads = generator.analysis.reads(action)
    if any(p and isinstance(name, tree.Parameter) for name, p in reads):
        raise SpecError(node.at, "not supported here: a primed parameter within ENABLED")
    variables = [name for name, p in reads if p and isinstance(name, tree.Variable)]
    generator.namespace.add({"EnabledError": EnabledError})
    writer = generator.writer
    outer = generator.locals, generator.assignment
    given = {} if within is None else within.values
    values = generator.names_of(tuple(given.values()), False)
    name = writer.fresh()
    parameters = ", ".join(f"v_{identifier(each.name)}" for each in given)
    writer.emit(f"def {name}({parameters}):")
    with writer.indented():
        writer.emit("try:")
        with writer.indented():
            Actions(generator, variables, primed=True).write(
                action,
                Environment(dict(generator.locals)),
                {},
                lambda _known: writer.emit("raise EnabledError"),
            )
            writer.emit("pass")
        writer.emit("except EnabledError:")
        writer.emit(" return True")
        writer.emit("return False")
    generator.locals, generator.assignment = outer
    generator.used.difference_update(given)
    return Code(f"{name}({', '.join(values)})", "formula")

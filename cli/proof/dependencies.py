"""`raft-ref prove --needs`: which conjuncts lean on which, as text and as a graph."""

import argparse
from collections.abc import Iterator, Mapping

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

from raft_ref.cli.reports.terminal import bar, wrapped
from raft_ref.spec.proof.invariant import CONJUNCTS, PROPERTIES
from raft_ref.spec.proof.needs import Core, closure, needs
from raft_ref.spec.proof.prover import Kind, questions
from raft_ref.traces.drawing.graphs import Drawing, Node

Direct = Mapping[str, frozenset[str]]


def found(options: argparse.Namespace) -> Direct:
    """Return what each property and conjunct needs. Raises ValueError where one is not proved."""
    total = sum(1 for each in questions() if each.kind not in (Kind.INITIAL, Kind.TAKEN))
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    is_shown = not options.quiet and not options.json
    with bar(TextColumn("{task.description}"), *columns, is_shown=is_shown) as shown:
        task = shown.add_task("questions", total=total)

        def on_core(_: Core) -> None:
            shown.advance(task)

        return needs(options.timeout or 60.0, options.processes, on_core)


def as_text(direct: Direct) -> Iterator[str]:
    """Yield the lines that tell it."""
    for each in PROPERTIES:
        yield f"{each.name} needs {len(closure(each.name, direct))} others in all"
    yield ""
    for name, others in direct.items():
        yield from wrapped(name, sorted(others) or ["(nothing but the actions)"])
    needed = {name for each in PROPERTIES for name in closure(each.name, direct)}
    idle = [each.name for each in CONJUNCTS if each.name not in needed]
    yield from wrapped("\nnot needed by any property", idle)


def drawing(direct: Direct) -> Drawing:
    """Return what the properties need, and what that needs, as a graph."""
    properties = [each.name for each in PROPERTIES]
    shown = {name for each in properties for name in (each, *closure(each, direct))}
    return Drawing(
        "what the proof leans on: from each to what it needs (what others imply is left out)",
        {name: Node([name], is_initial=name in properties) for name in direct if name in shown},
        {
            edge: {}
            for edge in _not_implied({name: direct[name] for name in direct if name in shown})
        },
        are_counted=False,
    )


def _not_implied(direct: Direct) -> Iterator[tuple[str, str]]:
    """Yield the edges but for those between two that another way joins.

    Of conjuncts that need each other all edges stay.
    """
    reached = {name: closure(name, direct) for name in direct}
    for name, others in direct.items():
        for other in sorted(others):
            ways = (each for each in others - {other} if other in reached[each])
            if not any(name not in reached[way] and way not in reached[other] for way in ways):
                yield name, other

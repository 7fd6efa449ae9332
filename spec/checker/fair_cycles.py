"""Fair cycles of a finite graph: strongly connected parts in which all that must recur recurs.

Nodes are numbers. An edge has marks, bits of a number. A cycle is fair if each of the `recurring`
marks is on some edge of it, and if for each pair of the `answered` marks it has an edge with the
second mark or none with the first (E. A. Emerson and C.-L. Lei, "Modalities for model checking",
1987: what stands in the way of the pairs is taken out, and the rest searched again).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias


class Edge(NamedTuple):
    """Where an edge leads, and its marks."""

    to: int
    marks: int


Edges: TypeAlias = Mapping[int, Sequence[Edge]]


def fair_part(
    edges: Edges, recurring: int, answered: Sequence[tuple[int, int]]
) -> Mapping[int, Sequence[Edge]] | None:
    """Return a strongly connected part that a fair cycle can go through all over; None if none."""
    waiting = [edges]
    while waiting:
        graph = waiting.pop()
        for component in components(graph):
            inside = _within(graph, component)
            marks = 0
            for each in inside.values():
                for edge in each:
                    marks |= edge.marks
            if not any(inside.values()) or recurring & ~marks:
                continue
            asked = [ask for ask, answer in answered if marks & ask and not marks & answer]
            if not asked:
                return inside
            bad = sum({*asked})
            waiting.append(
                {
                    node: [edge for edge in each if not edge.marks & bad]
                    for node, each in inside.items()
                }
            )
    return None


def _within(graph: Edges, component: Iterable[int]) -> dict[int, list[Edge]]:
    members = {*component}
    return {node: [edge for edge in graph[node] if edge.to in members] for node in members}


def components(edges: Edges) -> list[list[int]]:
    """Return the strongly connected components (Tarjan's, without recursion)."""
    number: dict[int, int] = {}
    lowest: dict[int, int] = {}
    path: list[int] = []
    on_path: set[int] = set()
    found = []
    for root in edges:
        if root in number:
            continue
        calls = [(root, iter(edges[root]))]
        number[root] = lowest[root] = len(number)
        path.append(root)
        on_path.add(root)
        while calls:
            node, following = calls[-1]
            for edge in following:
                if edge.to not in number:
                    number[edge.to] = lowest[edge.to] = len(number)
                    path.append(edge.to)
                    on_path.add(edge.to)
                    calls.append((edge.to, iter(edges[edge.to])))
                    break
                if edge.to in on_path:
                    lowest[node] = min(lowest[node], number[edge.to])
            else:
                calls.pop()
                if calls:
                    above = calls[-1][0]
                    lowest[above] = min(lowest[above], lowest[node])
                if lowest[node] == number[node]:
                    component = []
                    while True:
                        member = path.pop()
                        on_path.discard(member)
                        component.append(member)
                        if member == node:
                            break
                    found.append(component)
    return found


def cycle(
    part: Edges, start: int, recurring: int, answered: Sequence[tuple[int, int]]
) -> list[int]:
    """Return the nodes of a fair cycle through a fair part, from `start` and back to it."""
    marks = 0
    for each in part.values():
        for edge in each:
            marks |= edge.marks
    wanted = recurring
    for ask, answer in answered:
        wanted |= answer if marks & ask else 0
    way: list[Step] = []
    node = start
    while wanted:
        way += path(part, [node], _marked(wanted))
        for step in way:
            wanted &= ~step.edge.marks
        node = way[-1].edge.to
    if not way or node != start:
        way += path(part, [node], lambda edge: edge.to == start)
    return [start, *(step.edge.to for step in way)]


def _marked(marks: int) -> Callable[[Edge], bool]:
    return lambda edge: bool(edge.marks & marks)


class Step(NamedTuple):
    """An edge, and where it comes from."""

    source: int
    edge: Edge


def path(edges: Edges, starts: Sequence[int], ends: Callable[[Edge], bool]) -> list[Step]:
    """Return a shortest path whose last edge is one of the `ends`; raises `LookupError`."""
    before: dict[int, Step | None] = dict.fromkeys(starts)
    level = [*starts]
    while level:
        following = []
        for node in level:
            for edge in edges[node]:
                if ends(edge):
                    way = [Step(node, edge)]
                    while (earlier := before[way[-1].source]) is not None:
                        way.append(earlier)
                    return way[::-1]
                if edge.to not in before:
                    before[edge.to] = Step(node, edge)
                    following.append(edge.to)
        level = following
    raise LookupError("there is no such path")

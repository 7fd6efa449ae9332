"""The house as it stands: folders, modules and imports, read from the code.

`python -m tests.project.house` draws it, as architecture.svg beside this file.
"""

import ast
import hashlib
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import graphviz

from raft_ref.traces import render
from raft_ref.traces.drawing.style import SANS
from tests.support.files import ROOT

TOP = ("raft_ref", "explorer", "spec", "traces", "verify", "cli")
"""The folders that make the package; each but the first is a part of `raft_ref`."""

PICTURE = Path(__file__).with_name("architecture.svg")

Graph = Mapping[str, frozenset[str]]


@cache
def files() -> Mapping[str, Path]:
    """Return the file of each module, by the path of the module from the root, dots for slashes.

    A module in C++ has its types (.pyi) here.
    """
    found = {}
    for top in TOP:
        for path in sorted((ROOT / top).rglob("*.py*")):
            if path.suffix not in (".py", ".pyi"):
                continue
            place = path.relative_to(ROOT)
            if not any((ROOT / parent).is_symlink() for parent in place.parents):
                found[".".join(place.with_suffix("").parts).removesuffix(".__init__")] = path
    return found


@cache
def imports() -> Graph:
    """Return what each module imports of the others, wherever in it: at its top or within."""
    return {name: frozenset(_imported(path)) - {name} for name, path in files().items()}


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from filter(None, (_module(each.name) for each in node.names))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            for each in node.names:
                found = _source(node.module or "", each.name)
                if found is not None:
                    yield found


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _source(module: str, name: str) -> str | None:
    """Return the module that a name is of: what an `__init__` shows to others stands behind it."""
    package = _module(module)
    inner = _module(f"{module}.{name}")
    if package is None or (inner is not None and package != inner):
        return inner
    if files()[package].name == "__init__.py":
        for node in ast.walk(_tree(files()[package])):
            if isinstance(node, ast.ImportFrom) and name in {
                each.asname or each.name for each in node.names
            }:
                return _source(node.module or "", name) or package
    return package


def _module(name: str) -> str | None:
    """Return a module of ours by what it is imported as; None for another, or for what is none."""
    if name.partition(".")[0] != "raft_ref":
        return None
    inner = name.removeprefix("raft_ref.")
    place = inner if inner.partition(".")[0] in TOP[1:] else name
    return place if place in files() else None


def folder(module: str) -> str:
    """Return the folder that a module stands in; `python -m raft_ref` is the command line's."""
    if module == "raft_ref.__main__":
        return "cli"
    return str(files()[module].parent.relative_to(ROOT))


@cache
def folders() -> Mapping[str, tuple[str, ...]]:
    """Return the modules of each folder, `__init__` aside."""
    found: dict[str, list[str]] = {}
    for module, path in files().items():
        found.setdefault(folder(module), [])
        if path.name != "__init__.py":
            found[folder(module)].append(module)
    return {name: tuple(modules) for name, modules in found.items()}


@cache
def arrows() -> Graph:
    """Return which folders each folder imports from.

    An `__init__` shows to others what stands in its folder and those inside, and adds no arrow.
    """
    found: dict[str, set[str]] = {name: set() for name in folders()}
    for module, others in imports().items():
        if files()[module].name != "__init__.py":
            found[folder(module)] |= {folder(other) for other in others} - {folder(module)}
    return {name: frozenset(others) for name, others in found.items()}


@cache
def downward() -> Graph:
    """Return the arrows between folders, but for one into a folder inside that answers it.

    A folder leads into those inside it, and these may use what it has.
    """
    return {
        name: frozenset(
            other
            for other in others
            if not (other.startswith(f"{name}/") and name in arrows()[other])
        )
        for name, others in arrows().items()
    }


def circles(graph: Graph) -> list[list[str]]:
    """Return the strongly connected components of more than one (Tarjan's algorithm)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        number[node] = lowest[node] = len(number)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in number:
                visit(other)
            if other in stack:
                lowest[node] = min(lowest[node], lowest[other])
        if lowest[node] == number[node]:
            place = stack.index(node)
            component = stack[place:]
            del stack[place:]
            if len(component) > 1:
                found.append(sorted(component))

    for node in sorted(graph):
        if node not in number:
            visit(node)
    return found


def floors(modules: Iterable[str]) -> int:
    """Return how many modules of a folder stand on each other at most."""
    inside = {*modules}

    @cache
    def floor(module: str) -> int:
        return 1 + max((floor(other) for other in imports()[module] & inside), default=0)

    return max(map(floor, inside), default=0)


def reduced(graph: Graph) -> Iterator[tuple[str, str]]:
    """Yield the edges of a graph without circles but for those that a longer way stands for."""

    @cache
    def reached(node: str) -> frozenset[str]:
        return graph[node].union(*map(reached, graph[node]))

    for node, others in graph.items():
        for other in sorted(others):
            if not any(other in reached(way) for way in others - {other}):
                yield node, other


def drawing() -> graphviz.Digraph:
    """Return the house as a picture: what a folder imports stands below it.

    Commands are imported by their names when they are asked for: dashed.
    """
    graph = graphviz.Digraph("house", engine="dot")
    graph.attr(layout="dot", bgcolor="white", fontname=SANS, pad="0.2", ranksep="0.35")
    graph.attr("node", fontname=SANS, fontsize="10", shape="box", style="rounded,filled")
    graph.attr("node", fillcolor="#f3f1ec", color="#8a8578", margin="0.08,0.05")
    graph.attr("edge", color="#8a8578", arrowsize="0.6")
    for top in TOP:
        with graph.subgraph(name=f"cluster_{top}") as part:
            part.attr(label=f"{top}/", fontname=SANS, fontsize="14", style="rounded")
            part.attr(color="#c9c4b8")
            for name, modules in folders().items():
                if modules and name.partition("/")[0] == top:
                    part.node(name, _label(name, modules))
    for edge in reduced(downward()):
        graph.edge(*edge)
    for inner in ("cli/commands", "cli/commands/member", "cli/commands/prove", "cli/commands/spec"):
        graph.edge("cli", inner, style="dashed")
    return graph


def _label(name: str, modules: Iterable[str]) -> str:
    short = [module.rpartition(".")[2] for module in modules]
    rows = textwrap.wrap("  ".join(short), 34) or ["(what the folder shows to others)"]
    below = "".join(f'<br/><font point-size="8" color="#5c584f">{row}</font>' for row in rows)
    return f"<<b>{name}</b>{below}>"


def digest(text: str) -> str:
    """Return what tells whether a picture was made of a text; it stands at the picture's end."""
    return f"<!-- made of {hashlib.sha256(text.encode()).hexdigest()} -->\n"


def write() -> None:
    """Draw the house."""
    text = drawing().source
    render(text, PICTURE)
    PICTURE.write_text(PICTURE.read_text(encoding="utf-8") + digest(text), encoding="utf-8")


if __name__ == "__main__":
    write()

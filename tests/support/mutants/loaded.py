"""Loading what is as before once: of a mutant's modules, one definition of one of them is another.

Of all others the syntax trees are the same objects (`reading`). So an instance of modules that are
as before brings the same copies, and of a definition that calls none that has changed the same is
known. That is most of what loading a module of spec/features takes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

from raft_ref.spec import module
from raft_ref.spec.names import loading
from raft_ref.spec.names.analysis import Analysis
from raft_ref.spec.names.order import called_by
from raft_ref.spec.names.scope import Names, Resolution
from raft_ref.spec.syntax import expressions as tree
from tests.support.mutants.reading import parsed


class _Brought(NamedTuple):
    """What an instance brought: of which modules, and what the names meant that it depends on."""

    modules: list[tree.ModuleSource]
    seen: Mapping[str, Any]
    names: Names
    meanings: dict[Any, Any]
    definitions: list[tree.Definition]
    of_modules: set[tree.Definition]
    within: dict[Any, Any]


_brought: Final[dict[tree.Instance, _Brought]] = {}
_known: Final[Any] = SimpleNamespace(_reads={}, _certain={}, _formulas={})
"""What `Analysis` knows of definitions."""
_callers: Final[dict[tree.Definition, set[tree.Definition]]] = {}


@contextmanager
def keeping(folders: Sequence[Path]) -> Iterator[None]:
    """Keep what is loaded of these folders meanwhile, before a mutant is there."""
    with _as_before():
        _replace(folders, is_first=True)
        yield


@contextmanager
def again(folder: Path) -> Iterator[None]:
    """Load what is as before as it was meanwhile, in the folder of a mutant."""
    with _as_before():
        go_on(folder)
        yield


@contextmanager
def _as_before() -> Iterator[None]:
    names: dict[str, Any] = vars(module)
    before = vars(loading)["parse_module"], names["Loader"], names["Analysis"]
    try:
        yield
    finally:
        _put(*before)


def go_on(folder: Path) -> None:
    """Load what is as before as it was, in the folder of a mutant."""
    _replace([folder], is_first=False)


def _replace(folders: Sequence[Path], *, is_first: bool) -> None:
    is_ours = False

    class Loader(loading.Loader):
        def __init__(
            self, where: Sequence[Path], library: Path, resolution: Resolution | None = None
        ) -> None:
            nonlocal is_ours
            super().__init__(where, library, resolution)
            self._is_ours = is_ours = where[0] in folders

        def instantiate(self, instance: tree.Instance, names: Names) -> Names:
            """Return the names that an INSTANCE brings, which may have been brought before."""
            if not self._is_ours:
                return super().instantiate(instance, names)
            known = _brought.get(instance)
            if known is not None and self._is_as_before(instance, names, known):
                self._bring(known)
                return known.names
            if not is_first:
                return super().instantiate(instance, names)
            _brought[instance] = found = self._brought_first(instance, names)
            return found.names

        def _is_as_before(self, instance: tree.Instance, names: Names, known: _Brought) -> bool:
            self._module(instance.module, instance.at)
            modules = [*self._modules(instance.module)]
            return (
                len(modules) == len(known.modules)
                and all(one is other for one, other in zip(modules, known.modules, strict=True))
                and all(names.get(name) is each for name, each in known.seen.items())
            )

        def _modules(self, name: str) -> Iterator[tree.ModuleSource]:
            """Yield a module and all that it uses, some more than once."""
            found = self._loaded.get(name)
            for source in found.sources if found is not None else ():
                yield source
                for each in source.units:
                    if isinstance(each, tree.Instance):
                        yield from self._modules(each.module)

        def _bring(self, known: _Brought) -> None:
            into = self.resolution
            into.meanings.update(known.meanings)
            into.definitions += known.definitions
            into.of_modules |= known.of_modules
            into.within.update(known.within)

        def _brought_first(self, instance: tree.Instance, names: Names) -> _Brought:
            exported = self._module(instance.module, instance.at).exported
            into = self.resolution
            counts = len(into.meanings), len(into.definitions), len(into.within)
            before = {*into.of_modules}
            found = super().instantiate(instance, names)
            return _Brought(
                [*self._modules(instance.module)],
                {name: names.get(name) for name in _mentioned(instance, exported)},
                found,
                dict(islice(into.meanings.items(), counts[0], None)),
                into.definitions[counts[1] :],
                into.of_modules - before,
                dict(islice(into.within.items(), counts[2], None)),
            )

    def analysis(resolution: Resolution, known: Analysis | None = None) -> Analysis:
        if known is not None or not is_ours:
            return Analysis(resolution, known)
        found = _analysed(resolution)
        if is_first:
            _note(found)
        return found

    _put(parsed, Loader, analysis)


def _put(parse_module: Any, loader: Any, analysis: Any) -> None:
    setattr(loading, "parse_module", parse_module)  # noqa: B010
    setattr(module, "Loader", loader)  # noqa: B010
    setattr(module, "Analysis", analysis)  # noqa: B010


def _mentioned(instance: tree.Instance, exported: Names) -> set[str]:
    """Return the names on which it depends what an instance brings."""
    declared = (tree.Constant, tree.Variable)
    found = {name for name, each in exported.items() if isinstance(each, declared)}
    waiting: list[tree.Node] = [each.value for each in instance.substitutions]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tree.Call):
            found.add(node.name)
        waiting.extend(tree.children(node))
    return found


def _analysed(resolution: Resolution) -> Analysis:
    there = {*resolution.definitions}
    others = _calling(each for each in _known._reads if each not in there)
    known: Any = SimpleNamespace(
        **{
            name: {each: answer for each, answer in answers.items() if each not in others}
            for name, answers in vars(_known).items()
        }
    )
    return Analysis(resolution, known)


def _calling(definitions: Iterable[tree.Definition]) -> set[tree.Definition]:
    """Return these and all that call one of them, by way of others or not."""
    found, waiting = set[tree.Definition](), [*definitions]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting.extend(_callers.get(each, ()))
    return found


def _note(analysis: Analysis) -> None:
    for name, known in vars(_known).items():
        known.update(getattr(analysis, name))
    for caller in analysis.resolution.definitions:
        for each in called_by(caller, analysis.meanings):
            _callers.setdefault(each, set()).add(caller)

"""Modules that are loaded once: the specifications that the node is held to."""

from functools import lru_cache
from pathlib import Path

from raft_ref.spec.module import Module, load

_Texts = tuple[tuple[str, str], ...]


def shared(path: Path) -> Module:
    """Return a module as `load` does, the one that was loaded before if no file has changed.

    Whoever asks shares it, and the functions that were generated from it. So it is for what reads
    values alone: what a shared module has printed, or warned of, is of all who asked for it.
    Raises as `load`.
    """
    beside = [each for each in path.parent.glob("*.tla") if each.is_file()]
    texts = tuple(sorted((str(each), _text(each)) for each in {path, *beside}))
    return _loaded(path, texts)


def _text(path: Path) -> str:
    # What is no text is refused by `load`, with the place.
    return path.read_text(encoding="utf-8", errors="backslashreplace")


@lru_cache(maxsize=32)  # a module of each feature, and those that they extend
def _loaded(path: Path, texts: _Texts) -> Module:
    return load(path)

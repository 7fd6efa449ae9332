"""Checkpoints: a folder that keeps what a search has found, so that another run can go on with it.

The folder holds a manifest and the files that it names. A file that the manifest names only grows,
and only what the manifest says of it counts; a new checkpoint is there as soon as a new manifest
has taken the place of the old one, which the system does at once or not at all. So whenever a run
is killed, one whole checkpoint is there: the last one, or the one before.

The files hold numbers alone, and reading them runs no code (see `journal` for how numbers get
their meaning back). Checksums tell what a disk did to them by accident; what somebody did on
purpose they do not tell.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from raft_ref.explorer.model.properties import Property
from raft_ref.explorer.model.system import System

FORMAT = 3
"""The version of the files; to be raised with every change of what they mean."""

MANIFEST = "manifest.json"

_OURS = re.compile(
    r"manifest\.json\.tmp|(states|point|found|level-\d+)-\d+\.bin|(servers|networks|questions)\.bin"
)

Extent = tuple[int, int]
"""How many words of a file count, and their checksum."""


class CheckpointError(Exception):
    """A checkpoint cannot be had or cannot be used; the message says why in one line."""


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Where and how often a search keeps what it has found.

    - `folder`: made if it is not there. It keeps one checkpoint.
    - `resume`: whether to go on with the one that is there; otherwise there must be none.
    - `every`: seconds from one checkpoint to the next, at least; 0 is one after each level.
    - `about`: what else the search depends on, by name, and cannot be read off its system and
      properties; values that JSON has.
    - `on_trouble` is told, in one line, that a checkpoint could not be written. The search goes on,
      the checkpoint before it stays, and the next one is tried when it is due.
    """

    folder: Path
    resume: bool = False
    every: float = 60.0
    about: Mapping[str, Any] = field(default_factory=dict)
    on_trouble: Callable[[str], None] = lambda message: None


def is_checkpoint(folder: Path) -> bool:
    """Return whether there is something to go on with in a folder."""
    return (folder / MANIFEST).exists()


class Folder:
    """The folder of one running search, which nobody else writes to meanwhile.

    `files` are those of the checkpoint that is there, and `seconds` how long it took to get to it.
    With `keeps_before`, those of the checkpoint before it are kept as well (`before`).
    """

    def __init__(self, path: Path, setting: Mapping[str, Any]) -> None:
        self.path = path
        self.files: dict[str, Extent] = {}
        self.before: dict[str, Extent] = {}
        self.keeps_before = False
        self.seconds = 0.0
        self._setting = json.loads(json.dumps(setting))

    def commit(self, files: Mapping[str, Extent], seconds: float) -> None:
        """Make these files the checkpoint. They must be on the disk."""
        before = self.files if self.keeps_before else {}
        content = {
            "format": FORMAT,
            "seconds": round(seconds, 3),
            "setting": self._setting,
            "files": files,
            **({"before": before} if self.keeps_before else {}),
        }
        text = json.dumps({**content, "checksum": _checksum(content)}, indent=1)
        new = self.path / f"{MANIFEST}.tmp"
        try:
            with new.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            error.filename = str(new)  # a file that is open does not tell
            raise
        new.replace(self.path / MANIFEST)
        self._sync()
        self.files, self.before, self.seconds = dict(files), before, seconds
        for path in self.path.iterdir():
            if _OURS.fullmatch(path.name) and path.name not in files and path.name not in before:
                path.unlink()

    def _sync(self) -> None:
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def load(self) -> None:
        """Read the manifest. Raises CheckpointError."""
        path = self.path / MANIFEST
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            version, checksum = content["format"], content.pop("checksum")
        except FileNotFoundError:
            raise CheckpointError(f"{self.path}: there is no checkpoint") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise CheckpointError(f"{path}: damaged: not a manifest") from None
        if version != FORMAT:
            raise CheckpointError(f"{path}: has format {version}, expected {FORMAT}")
        if checksum != _checksum(content):
            raise CheckpointError(f"{path}: damaged: the checksum differs")
        if differences := _differences(content["setting"], self._setting):
            raise CheckpointError(
                f"{self.path}: is the checkpoint of another search: {'; '.join(differences)}"
            )
        self.files, self.before = (
            {name: (words, check) for name, (words, check) in content.get(key, {}).items()}
            for key in ("files", "before")
        )
        self.seconds = content["seconds"]


@contextmanager
def opened(checkpoints: Checkpoints, setting: Mapping[str, Any]) -> Iterator[Folder]:
    """Yield the folder with what the search may go on with. Raises CheckpointError, and OSError."""
    path = checkpoints.folder
    if not checkpoints.resume:
        if is_checkpoint(path):
            raise CheckpointError(f"{path}: holds a checkpoint already; resume it or remove it")
        path.mkdir(exist_ok=True)
    elif not path.is_dir():
        raise CheckpointError(f"{path}: there is no such folder")
    try:
        import fcntl  # noqa: PLC0415  where there is none, all but this works
    except ImportError:
        raise CheckpointError(f"{path}: this system cannot keep another run away") from None
    lock = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CheckpointError(f"{path}: another run keeps its checkpoints there") from None
        folder = Folder(path, setting)
        if checkpoints.resume:
            folder.load()
        else:
            folder.commit({}, 0.0)
        yield folder
    finally:
        os.close(lock)


def _checksum(content: Any) -> str:
    text = json.dumps(content, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


# What a search is


def setting_of(
    system: System, properties: Sequence[Property], renamed: Sequence[str], about: Mapping[str, Any]
) -> dict[str, Any]:
    """Return all that decides what a search finds, by the name that a user knows it by."""
    return {
        "node": _name(type(system.guard.actor)),
        "history": _name(type(system.history)),
        "servers": system.servers,
        "network": system.network_kind,
        "symmetry": renamed,
        "reduction": system.reduced,
        "values that are alike": system.guard.symmetric_values,
        **system.bounds.as_dict(),
        **{f"property {prop.name}": digest(_said(prop)) for prop in properties},
        **_code(system.guard.actor, system.history, *(prop.holds for prop in properties)),
        **about,
    }


def _said(prop: Property) -> str:
    parts = sorted(prop.reads), sorted(prop.reads_after), prop.slots, prop.is_sometimes
    return json.dumps([prop.kind, prop.formula, *parts])


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def digest(text: str) -> str:
    """Return what stands for a text in a setting, if only whether it has changed is of interest."""
    return "#" + hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _code(*things: Any) -> dict[str, str]:
    """Return digests of the modules and packages that the things are from, the explorer with them.

    What belongs to Python is taken to stay as it is.
    """
    modules = {"explorer"}
    for thing in things:
        classes = () if hasattr(thing, "__qualname__") else type(thing).__mro__
        modules |= {each.__module__.partition(".")[0] for each in (thing, *classes) if each}
    return {
        f"the code of {name}": _digest_of(files)
        for name in sorted(modules - sys.stdlib_module_names)
        if (files := tuple(_files_of(name)))
    }


def _files_of(module: str) -> Iterator[tuple[str, int, int]]:
    """Yield the files of a module or package in order: path, size, when it was changed last."""
    found = sys.modules.get(module)
    roots = [*getattr(found, "__path__", ())]
    file = getattr(found, "__file__", None)
    paths = [
        os.path.join(folder, name)
        for root in roots
        for folder, _, names in os.walk(root)
        for name in names
        if name.endswith(_SOURCES)
    ]
    if not roots and file is not None:
        paths = [file]
    for path in sorted(paths):
        about = os.stat(path)
        yield path, about.st_size, about.st_mtime_ns


@lru_cache(maxsize=16)  # a search takes milliseconds, and reading the sources more than that
def _digest_of(files: tuple[tuple[str, int, int], ...]) -> str:
    texts = (Path(path).read_text(encoding="utf-8", errors="replace") for path, _, _ in files)
    return digest("\n".join(texts))


_SOURCES = (".py", ".tla", ".cfg")


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    found = []
    for name in sorted(before.keys() | now.keys()):
        was, is_now = before.get(name), now.get(name)
        if was == is_now:
            continue
        if f"{was}".startswith("#") and f"{is_now}".startswith("#"):
            found.append(f"{name} has changed")
        else:
            found.append(f"{name} was {_shown(was)}, and is {_shown(is_now)}")
    return found


def _shown(value: Any) -> str:
    if value is None:
        return "not there"
    if f"{value}".startswith("#"):
        return "there"
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)

"""Profiles by name: one of ours, a mapping file, or a function of the user's own."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path

from raft_ref.spec.requests import RequestError
from raft_ref.traces.format.trace import TraceError
from raft_ref.traces.profiles.etcd import etcd
from raft_ref.traces.profiles.mapped import mapped
from raft_ref.traces.profiles.raft_ref import raft_ref
from raft_ref.traces.validation.lines.profile import Lines, Profile, Recording

PROFILES: Mapping[str, Profile] = {"raft-ref": raft_ref, "etcd": etcd}
"""The profiles that have a name."""


class NamedProfile:
    """A profile that its name stands for where it goes between processes, whatever it names."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._profile = _found(name)

    def __call__(self, lines: Lines) -> Recording:
        """Read lines by it."""
        return self._profile(lines)

    def __reduce__(self) -> tuple[type[NamedProfile], tuple[str]]:
        """Go by name alone."""
        return NamedProfile, (self.name,)


def profile_of(name: str) -> Profile:
    """Return a profile by name, from a mapping file (.toml), or as `module:function`.

    Raises `TraceError` for none and for a mapping that makes no sense, `RequestError` for a module
    or function that there is not, `OSError` for a file that cannot be read.
    """
    return NamedProfile(name)


def _found(name: str) -> Profile:
    if name in PROFILES:
        return PROFILES[name]
    if name.endswith(".toml"):
        return mapped(Path(name))
    if ":" not in name:
        known = ", ".join(PROFILES)
        raise TraceError(f"no profile {name}: {known}, a mapping (.toml) or module:function")
    return _loaded(name)


def _loaded(name: str) -> Profile:
    module_name, _, function = name.partition(":")
    # A console script does not look for modules where the user stands; `python -m` does.
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise RequestError(f"profile {name}: {type(error).__name__}: {error}") from error
    found: Profile | None = getattr(module, function, None)
    if found is None:
        raise RequestError(f"profile {name}: module {module_name} has no {function}")
    return found

"""Profiles by name: one of ours, a mapping file, or a function of the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from raft_ref.spec.requests import named
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
    found: Profile = named("profile", name)
    return found

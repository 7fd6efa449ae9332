"""Profiles: what the traces of one kind of implementation mean, in the names of the spec."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import cast

from traces.profiles.etcd import etcd
from traces.profiles.raft_ref import raft_ref
from traces.trace import TraceError
from traces.validation.profile import Profile

PROFILES: Mapping[str, Profile] = {"raft-ref": raft_ref, "etcd": etcd}
"""The profiles that have a name."""


def profile_of(name: str) -> Profile:
    """Return a profile by name, or as `module:function`.

    Raises `TraceError` for one that cannot be found.
    """
    if name in PROFILES:
        return PROFILES[name]
    module, colon, attribute = name.partition(":")
    if not colon:
        raise TraceError(f"no profile {name}: {', '.join(PROFILES)}, FILE.toml or module:function")
    try:
        return cast(Profile, getattr(importlib.import_module(module), attribute))
    except (ImportError, AttributeError) as error:
        raise TraceError(f"profile {name}: {error}") from None

"""Profiles: what the traces of one kind of implementation mean, in the names of the spec."""

from __future__ import annotations

from raft_ref.traces.profiles.naming import PROFILES, profile_of

__all__ = ["PROFILES", "profile_of"]

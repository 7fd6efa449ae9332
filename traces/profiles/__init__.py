"""Profiles: what the traces of one kind of implementation mean, in the names of the spec."""

from __future__ import annotations

from collections.abc import Mapping

from raft_ref.traces.profiles.etcd import etcd
from raft_ref.traces.profiles.raft_ref import raft_ref
from raft_ref.traces.validation.lines.profile import Profile

PROFILES: Mapping[str, Profile] = {"raft-ref": raft_ref, "etcd": etcd}
"""The profiles that have a name."""

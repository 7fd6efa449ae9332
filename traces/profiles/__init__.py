"""Profiles: what the traces of one kind of implementation mean, in the names of the spec.

In: lines of JSON as an implementation writes them. Out: events of `validation.lines`. `raft_ref` is
the format of this project, `etcd` that of etcd's raft library, with its reads in `etcd_reads` and
its configurations in `etcd_membership`; `mapped` makes a profile of a mapping file; `naming` finds
one by what a user calls it.
"""

from __future__ import annotations

from raft_ref.traces.profiles.naming import PROFILES, profile_of

__all__ = ["PROFILES", "profile_of"]

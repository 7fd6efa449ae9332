"""The link to a specification of Raft that is not ours: each step of the node is some of its.

In: its file, and how the node is a state of it, which a TOML file says (`mapping`). Out: a property
of each server's steps (`refinement`), as that for Raft.tla is, with a cause where no steps fit.
"""

from raft_ref.spec.link.others.mapping import Mapped, load_mapping, shipped
from raft_ref.spec.link.others.refinement import REFINES_ANOTHER, MappedRefinement

__all__ = ["REFINES_ANOTHER", "Mapped", "MappedRefinement", "load_mapping", "shipped"]

"""A walk through a cluster, step by step: every step that is enabled, and what each state is.

In: a `ClusterRequest`. Out: a `Session`, which leads from the names of steps to a `Place`. There is
no second semantics: the system is the one that is searched, its properties are those that are
checked.

`names` gives each step its name; a `session` follows them; `searching` finds what leads from a
place to something. `telling` says all that is known of a place as JSON, `exporting` makes a trace,
a schedule, a test or a picture of the way to it, and `touring` reads guided tours (`tours/`, a file
each): ways with sentences.
"""

from raft_ref.verify.exploring.exporting import KINDS, exported
from raft_ref.verify.exploring.searching import Answer, Goal, Search, goals, is_true
from raft_ref.verify.exploring.session import AddressError, Option, Place, Session
from raft_ref.verify.exploring.telling import told
from raft_ref.verify.exploring.touring import tours

__all__ = [
    "KINDS",
    "AddressError",
    "Answer",
    "Goal",
    "Option",
    "Place",
    "Search",
    "Session",
    "exported",
    "goals",
    "is_true",
    "told",
    "tours",
]

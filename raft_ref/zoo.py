"""All known bugs that a search of states finds, and those that wait for what the node lacks."""

from collections.abc import Mapping

from raft_ref.bugs import BUGS, Bug
from raft_ref.concurrency import CONCURRENCY_BUGS
from raft_ref.durability import DISK_BUGS
from raft_ref.features.bugs import FEATURE_BUGS, MEMBERSHIP_BUGS, READ_BUGS

EXPLORED: Mapping[str, Bug] = {
    **BUGS, **DISK_BUGS, **CONCURRENCY_BUGS, **FEATURE_BUGS, **READ_BUGS,
    **MEMBERSHIP_BUGS,
}  # fmt: skip
"""The known bugs of a node, with its disk or without, and of its features, by name."""

WAITING: Mapping[str, Mapping[str, str]] = {
    "a leader that pauses while a snapshot is on its way": {
        "snapshot-mode-left-at-exact-index-only": "etcd-io/raft#124",
    },
}
"""Known bugs of what the node does not have: by what is lacking, names and where they were seen."""

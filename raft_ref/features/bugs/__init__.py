"""Known bugs of features, each as a node that changes one rule.

In: nothing. Out: the bugs by name, as in `raft_ref.bugs`: of `elections` with pre-vote,
check-quorum and transfer, of `reads` with leases, and of `membership`; `mutant` is what their nodes
have in common.
"""

from raft_ref.features.bugs.elections import FEATURE_BUGS
from raft_ref.features.bugs.membership import MEMBERSHIP_BUGS
from raft_ref.features.bugs.reads import READ_BUGS

__all__ = ["FEATURE_BUGS", "MEMBERSHIP_BUGS", "READ_BUGS"]

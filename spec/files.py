"""Where the specifications stand that come with raft-ref: beside this file, in plain sight."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent

RAFT: Final = _HERE / "Raft.tla"
"""The protocol, and nothing else."""
STEPS: Final = (
    "Timeout", "AppendEntries", "InstallSnapshot", "ClientRequest", "CompactLog", "Restart",
    "Receive", "ReceiveDuplicate", "DropMessage",
)  # fmt: skip
"""What its Next is made of: what links to its actions links to all of these."""
INVARIANTS: Final = _HERE / "RaftInvariants.tla"
"""What holds of every state, or of every step, and what must be reached."""
PROGRESS_OF_RAFT: Final = _HERE / "RaftProgress.tla"
"""What must stay possible."""
LIVENESS_OF_RAFT: Final = _HERE / "RaftLiveness.tla"
"""What must happen in the end."""
MODEL: Final = _HERE / "MCRaft.tla"
"""Raft within bounds, as TLC checks it; its configuration stands beside it."""
RAFT_TRACE: Final = _HERE / "RaftTrace.tla"
"""Raft with the liberties that implementations take, which traces are held against."""
FEATURES: Final = _HERE / "features"
"""Raft as production runs it: the modules of its features."""
EXTENDED: Final = FEATURES / "ExtendedRaft.tla"
"""Raft with features, each of which can be on or off."""
EXTENDED_MODEL: Final = FEATURES / "MCExtendedRaft.tla"
"""The same within bounds."""
MEMBERSHIP_PROGRESS: Final = FEATURES / "MembershipProgress.tla"
"""What must stay possible, or happen in the end, where the membership can change."""
EXTENDED_TRACE: Final = FEATURES / "ExtendedRaftTrace.tla"
"""The same with the liberties that implementations take, which traces are held against."""
LIBRARY: Final = _HERE / "modules"
"""Community modules that specifications extend."""

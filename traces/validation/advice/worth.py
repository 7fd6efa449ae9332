"""What each thing that a line can tell is good for: the faults that are seen with it, or sooner.

The rule: what stands first is worth most; tests show of nearly each a fault that passes without it.
"""

from __future__ import annotations

from collections.abc import Mapping

WORTH: Mapping[str, tuple[int, str]] = {
    "step": (
        100,
        "a wrong step cannot pass as another one, and readings do not multiply: a line without it "
        "is tried as every step",
    ),
    "votedFor": (
        90,
        "a second vote of a server in a term is seen where it is given; without it only if both "
        "answers are logged",
    ),
    "state of Restart": (
        88,
        "a term, a vote or an entry that did not reach the disk is seen at once; without it only "
        "if something later contradicts",
    ),
    "currentTerm": (86, "a term that goes back, or is adopted from nobody, is seen at once"),
    "log": (
        84,
        "an entry that is lost, appended twice or overwritten is seen where that happens; without "
        "it only where entries are sent or acknowledged",
    ),
    "commitIndex": (
        82,
        "a commit before a majority has the entry, of an older term (5.4.2), or beyond what a "
        "follower was told",
    ),
    "Apply": (
        80,
        "a follower that applies a wrong entry, leaves one out, or applies what is not committed: "
        "nothing else tells",
    ),
    "role": (
        78,
        "who leads without a majority, or goes on leading in a newer term, is seen before it sends "
        "anything",
    ),
    "entries of AppendEntriesRequest": (
        76,
        "another entry than the leader holds; without it a wrong log is seen only where logs are "
        "logged",
    ),
    "voteGranted of RequestVoteResponse": (
        74,
        "a vote that was refused, or never given, and is counted",
    ),
    "matchIndex of AppendEntriesResponse": (
        72,
        "an acknowledgement beyond what the follower holds, or the loss of what it acknowledged",
    ),
    "prevLogIndex of AppendEntriesRequest": (
        60, "entries that are put at the wrong place, or left out between",
    ),
    "prevLogTerm of AppendEntriesRequest": (
        58, "entries that are accepted behind a log that does not match (5.3)",
    ),
    "leaderCommit of AppendEntriesRequest": (
        56, "a leader that tells of more commits than it knows, before a follower learns of them",
    ),
    "lastLogIndex of RequestVoteRequest": (
        54, "a candidate that claims another log than it has (5.4.1)",
    ),
    "lastLogTerm of RequestVoteRequest": (
        53, "a candidate that claims another log than it has (5.4.1)",
    ),
    "term": (
        52, "an answer of an earlier term that is counted in a newer one; who sends in whose term",
    ),
    "entries or digest of the log": (
        48, "another term or value in the middle of a log: lastIndex and lastTerm do not tell",
    ),
    "snapshot": (46, "what is compacted before it is committed, or lost with a snapshot"),
    "snapshot of InstallSnapshotRequest": (45, "a snapshot of what is not committed"),
    "success of AppendEntriesResponse": (
        42, "a refusal is told apart from an acknowledgement; matchIndex tells more",
    ),
    "value of ClientRequest": (
        40, "two entries of the same index and term are told apart; needs values in logs or Apply",
    ),
    "index of Apply": (38, "an entry that is applied twice, or left out"),
    "value of Apply": (36, "another entry than the committed one is applied"),
    "matchIndex of InstallSnapshotResponse": (30, "an acknowledgement beyond the snapshot"),
    "matchIndex": (
        28, "an answer that is counted wrongly is seen before the commit that hangs on it",
    ),
    "votesGranted": (20, "a vote that is counted wrongly is seen before the majority"),
    "nextIndex": (2, "little: what is sent next shows it"),
    **{
        f"sending of {kind}": (
            worth, "it is held against its sender as it leaves, also if it is lost; without it "
            "only where it is received",
        )
        for kind, worth in {
            "RequestVoteResponse": 70, "AppendEntriesResponse": 69, "AppendEntriesRequest": 66,
            "InstallSnapshotRequest": 62, "RequestVoteRequest": 50, "InstallSnapshotResponse": 49,
        }.items()
    },
}  # fmt: skip
"""For each thing that may be left out, how much it is worth to log it, and why."""

UNHEARD = (
    "a fault that it could have caused is REFUSED, and not INCONCLUSIVE: log it, or say in the "
    'header that it is "unlogged"'
)
UNLOGGED = "a fault that it could have caused is REFUSED; now it explains what the others do"
"""What it is worth to log a server."""

"""Raft.tla with one rule dropped: what each breaks, and in which model it shows."""

from dataclasses import dataclass
from pathlib import Path

from raft_ref.spec.link import MODEL
from tests.support.models import Model


@dataclass(frozen=True)
class SpecMutant:
    """A replacement of text in Raft.tla, and the property that the model then violates."""

    name: str
    rule: str
    instead: str
    model: Model
    breaks: str

    def write(self, folder: Path) -> Path:
        """Write the spec with the mutant's Raft.tla; return the path of the model."""
        for path in MODEL.parent.glob("*.tla"):
            text = path.read_text(encoding="utf-8")
            if path.name == "Raft.tla":
                assert text.count(self.rule) == 1, self.name
                text = text.replace(self.rule, self.instead)
            (folder / path.name).write_text(text, encoding="utf-8")
        (folder / "MCRaft.cfg").write_text(self.model.config(), encoding="utf-8")
        return folder / MODEL.name


MOST = 8

SHORT = {
    # Mutants that break something within so many steps, of `MOST` at most.
    "a second vote in a term (5.2)": 6,
    "half is a majority (5.1)": 6,
    "the vote is lost in a crash (figure 2)": 7,
    "the term is lost in a crash (figure 2)": 2,
    "what is not committed is compacted (7)": 5,
}

ELECTION = Model(messages=3)
COMMIT = Model(term=2, log=1)

SPEC_MUTANTS = [
    SpecMutant(
        "a second vote in a term (5.2)",
        "                 /\\ VoteIn(i, m.term) \\in {Nil, m.source}\n",
        "",
        ELECTION,
        "ElectionSafety",
    ),
    SpecMutant(
        "a vote for a log that lacks entries (5.4.1)",
        "                 /\\ upToDate\n",
        "",
        COMMIT,
        "LeaderCompleteness",
    ),
    SpecMutant(
        "half is a majority (5.1)",
        "2 * Cardinality(servers) > Cardinality(Server)",
        "2 * Cardinality(servers) >= Cardinality(Server)",
        Model(servers=4, messages=5),
        "ElectionSafety",
    ),
    SpecMutant(
        "a vote of an older term counts (5.2)",
        "                     /\\ m.term = currentTerm[i]\n                     /\\ m.voteGranted",
        "                     /\\ m.voteGranted",
        Model(term=2, messages=4),
        "ElectionSafety",
    ),
    SpecMutant(
        "the vote is lost in a crash (figure 2)",
        "    /\\ UNCHANGED <<durableVars, messages>>",
        "    /\\ votedFor' = [votedFor EXCEPT ![i] = Nil]\n"
        "    /\\ UNCHANGED <<currentTerm, logVars, messages>>",
        Model(messages=3, restarts=1),
        "ElectionSafety",
    ),
    SpecMutant(
        "the term is lost in a crash (figure 2)",
        "    /\\ UNCHANGED <<durableVars, messages>>",
        "    /\\ currentTerm' = [currentTerm EXCEPT ![i] = 0]\n"
        "    /\\ UNCHANGED <<votedFor, logVars, messages>>",
        Model(messages=3, restarts=1),
        "CurrentTermMonotonic",
    ),
    SpecMutant(
        "an entry of an older term is committed (figure 8)",
        "/\\ TermAt(i, index) = currentTerm[i]\n",
        "\n",
        Model(term=4, log=1),
        "LeaderCompleteness",
    ),
    SpecMutant(
        "the term at prevLogIndex is not compared (5.3)",
        "                      \\/ m.prevLogTerm = TermAt(i, m.prevLogIndex)\n",
        "                      \\/ TRUE\n",
        Model(term=3, log=2),
        "LogMatching",
    ),
    SpecMutant(
        "commitIndex moves back (figure 2)",
        "Max(@, Min(m.leaderCommit, lastNew))",
        "Min(m.leaderCommit, lastNew)",
        Model(servers=2, log=1),
        "CommitIndexMonotonic",
    ),
    SpecMutant(
        "nextIndex moves back to what matches (5.3)",
        "Max(nextIndex[i][j] - 1, matchIndex[i][j] + 1)",
        "Max(nextIndex[i][j] - 1, 1)",
        Model(servers=2, term=3, log=1),
        "NextIndexAboveMatchIndex",
    ),
    SpecMutant(
        "a log is cut without a conflict (5.3)",
        "IF differing = {} THEN log[i]\n",
        "IF differing = {} THEN SubSeq(log[i], 1, lastNew)\n",
        COMMIT,
        "StateMachineSafety",
    ),
    SpecMutant(
        "what is not committed is compacted (7)",
        "index \\in FirstIndex(i)..commitIndex[i]",
        "index \\in FirstIndex(i)..LastIndex(i)",
        Model(servers=2, log=1, snapshot=1),
        "SnapshotCommitted",
    ),
    SpecMutant(
        "a log that contradicts a snapshot is kept (7)",
        "IF matches THEN Entries(i, last + 1, LastIndex(i))\n",
        "IF TRUE THEN Entries(i, last + 1, LastIndex(i))\n",
        Model(term=2, log=2, snapshot=1),
        "LogTermsMonotonic",
    ),
    SpecMutant(
        "a snapshot that is behind is installed (7)",
        "IF current /\\ last > commitIndex[i]\n",
        "IF current\n",
        Model(log=2, snapshot=2),
        "CommitIndexMonotonic",
    ),
]

import io.microraft.model.groupop.UpdateRaftGroupMembersOp;
import io.microraft.model.log.LogEntry;
import io.microraft.model.message.*;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A message on its way, and what it is in the words of the trace format. */
record Sent(String from, String to, RaftMessage message, boolean hasChanges) {
    /** Whether the spec knows what it is; of others it is not told. */
    boolean isTold() {
        return !(message instanceof PreVoteRequest || message instanceof PreVoteResponse
                || message instanceof InstallSnapshotResponse
                || message instanceof InstallSnapshotRequest offer && offer.getSnapshotChunk() == null);
    }

    Map<String, Object> fields() {
        Map<String, Object> fields = Peer.object("source", from, "dest", to, "term", message.getTerm());
        if (message instanceof VoteRequest m) fields.putAll(Peer.object("type", "RequestVoteRequest",
                "lastLogIndex", m.getLastLogIndex(), "lastLogTerm", m.getLastLogTerm()));
        else if (message instanceof VoteResponse m) fields.putAll(Peer.object("type", "RequestVoteResponse",
                "voteGranted", m.isGranted()));
        else if (message instanceof AppendEntriesRequest m) fields.putAll(Peer.object(
                "type", "AppendEntriesRequest", "prevLogIndex", m.getPreviousLogIndex(),
                "prevLogTerm", m.getPreviousLogTerm(), "entries", named(m.getLogEntries()),
                "leaderCommit", m.getCommitIndex()));
        else if (message instanceof AppendEntriesSuccessResponse m) fields.putAll(Peer.object(
                "type", "AppendEntriesResponse", "success", true, "matchIndex", m.getLastLogIndex()));
        else if (message instanceof AppendEntriesFailureResponse) fields.putAll(Peer.object(
                "type", "AppendEntriesResponse", "success", false, "matchIndex", 0));
        else if (message instanceof InstallSnapshotRequest m && isTold()) {
            Map<String, Object> snapshot = Peer.object(
                    "lastIncludedIndex", m.getSnapshotIndex(), "lastIncludedTerm", m.getSnapshotTerm());
            if (hasChanges) snapshot.put("configuration", Members.of(m.getGroupMembersView()).shown());
            fields.putAll(Peer.object("type", "InstallSnapshotRequest", "snapshot", snapshot));
        }
        else fields.put("type", message.getClass().getSimpleName());
        return fields;
    }

    static List<Object> named(List<LogEntry> entries) {
        List<Object> named = new ArrayList<>();
        for (LogEntry each : entries)
            named.add(Peer.object("term", each.getTerm(), "value",
                    each.getOperation() instanceof UpdateRaftGroupMembersOp change
                            ? Members.of(change).shown() : each.getOperation()));
        return named;
    }
}

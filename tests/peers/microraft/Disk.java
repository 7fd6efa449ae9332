import io.microraft.model.groupop.UpdateRaftGroupMembersOp;
import io.microraft.model.log.*;
import io.microraft.model.impl.log.DefaultSnapshotEntryOrBuilder;
import io.microraft.model.impl.persistence.DefaultRaftTermPersistentStateOrBuilder;
import io.microraft.model.persistence.*;
import io.microraft.persistence.*;
import java.util.*;

/** What a server has stored, and what of that a crash leaves. */
final class Disk implements RaftStore {
    private record Content(NavigableMap<Long, LogEntry> log, NavigableMap<Long, SnapshotChunk> snapshots) {
        Content copy() {
            return new Content(new TreeMap<>(log), new TreeMap<>(snapshots));
        }
    }

    private RaftEndpointPersistentState endpoint;
    private RaftGroupMembersView members;
    private RaftTermPersistentState term = new DefaultRaftTermPersistentStateOrBuilder().setTerm(0).build();
    private Content written = new Content(new TreeMap<>(), new TreeMap<>());
    private Content flushed = written.copy();
    /** The term of each entry that it ever had, and of each snapshot. */
    private final Map<Long, Integer> terms = new HashMap<>(Map.of(0L, 0));

    /** The members as of each change that it has had, or that is in a snapshot. */
    private final NavigableMap<Long, Members> changes = new TreeMap<>(Map.of(0L, Members.NONE));

    boolean isUsed() {
        return endpoint != null;
    }

    /** Loses what was written and not flushed. */
    void crash() {
        written = flushed.copy();
    }

    /** The entries that it has, of which some may be in its snapshot too. */
    List<LogEntry> entries() {
        return new ArrayList<>(written.log.values());
    }

    /** Up to where it has no entries any more. */
    long compacted() {
        if (!written.log.isEmpty()) return written.log.firstKey() - 1;
        return written.snapshots.isEmpty() ? 0 : written.snapshots.lastKey();
    }

    int compactedTerm() {
        return terms.get(compacted());
    }

    /** As of where it has no entries any more; those that it was started with are in a log only. */
    Members membersOfCompacted() {
        return changes.floorEntry(compacted()).getValue();
    }

    RestoredRaftState restored() {
        SnapshotEntry snapshot = null;
        long index = 0;
        if (!written.snapshots.isEmpty()) {
            SnapshotChunk chunk = written.snapshots.lastEntry().getValue();
            index = chunk.getIndex();
            snapshot = new DefaultSnapshotEntryOrBuilder().setIndex(index).setTerm(chunk.getTerm())
                    .setSnapshotChunks(List.of(chunk)).setGroupMembersView(chunk.getGroupMembersView()).build();
        }
        List<LogEntry> entries = new ArrayList<>(written.log.tailMap(index, false).values());
        return new RestoredRaftState(endpoint, members, term, snapshot, entries);
    }

    public void persistAndFlushLocalEndpoint(RaftEndpointPersistentState state) {
        endpoint = state;
    }

    public void persistAndFlushInitialGroupMembers(RaftGroupMembersView view) {
        members = view;
        if (view.getVotingMembers().contains(endpoint.getLocalEndpoint())) changes.put(0L, Members.of(view));
    }

    public void persistAndFlushTerm(RaftTermPersistentState state) {
        term = state;
    }

    public void persistLogEntries(List<LogEntry> entries) {
        entries.forEach(each -> written.log.put(each.getIndex(), each));
        entries.forEach(each -> terms.put(each.getIndex(), each.getTerm()));
        for (LogEntry each : entries) {
            if (each.getOperation() instanceof UpdateRaftGroupMembersOp change)
                changes.put(each.getIndex(), Members.of(change));
            else changes.remove(each.getIndex());
        }
    }

    public void persistSnapshotChunk(SnapshotChunk chunk) {
        written.snapshots.put(chunk.getIndex(), chunk);
        terms.put(chunk.getIndex(), chunk.getTerm());
        RaftGroupMembersView view = chunk.getGroupMembersView();
        if (view.getLogIndex() > 0) changes.put(view.getLogIndex(), Members.of(view));
    }

    public void truncateLogEntriesFrom(long index) {
        written.log.tailMap(index, true).clear();
    }

    public void truncateLogEntriesUntil(long index) {
        written.log.headMap(index, true).clear();
    }

    public void deleteSnapshotChunks(long index, int count) {
        written.snapshots.remove(index);
    }

    public void flush() {
        flushed = written.copy();
    }
}

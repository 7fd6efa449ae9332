import io.microraft.RaftEndpoint;
import io.microraft.model.groupop.UpdateRaftGroupMembersOp;
import io.microraft.model.log.RaftGroupMembersView;
import io.microraft.report.RaftGroupMembers;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** A configuration: who is a member, and who of these votes. */
record Members(Collection<RaftEndpoint> all, Collection<RaftEndpoint> voters) {
    static final Members NONE = new Members(List.of(), List.of());

    static Members of(RaftGroupMembersView view) {
        return new Members(view.getMembers(), view.getVotingMembers());
    }

    static Members of(UpdateRaftGroupMembersOp change) {
        return new Members(change.getMembers(), change.getVotingMembers());
    }

    static Members of(RaftGroupMembers members) {
        return new Members(members.getMembers(), members.getVotingMembers());
    }

    Map<String, Object> shown() {
        List<Object> learners = all.stream().filter(each -> !voters.contains(each)).map(RaftEndpoint::getId).toList();
        return Peer.object("voters", voters.stream().map(RaftEndpoint::getId).toList(), "outgoingVoters", List.of(),
                "learners", learners);
    }
}

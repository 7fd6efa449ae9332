import io.microraft.*;
import io.microraft.executor.RaftNodeExecutor;
import io.microraft.impl.RaftNodeImpl;
import io.microraft.impl.state.RaftState;
import io.microraft.impl.task.LeaderElectionTask;
import io.microraft.model.message.RaftMessage;
import io.microraft.statemachine.StateMachine;
import io.microraft.transport.Transport;
import java.time.*;
import java.util.*;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A server that takes one step at a time. */
final class Server implements RaftNodeExecutor, Transport, StateMachine {
    record Endpoint(String name) implements RaftEndpoint {
        public Object getId() {
            return name;
        }
    }

    static final String NEW_TERM = "new term";
    static final RaftConfig CONFIG = RaftConfig.newBuilder().setAppendEntriesRequestBatchSize(2)
            .setTransferSnapshotsFromFollowersEnabled(false).build();
    /** Between two looks at it more time has passed than anybody waits for a leader. */
    static final Clock CLOCK = new Clock() {
        private long now = 0;

        public long millis() {
            return now += 1_000_000;
        }

        public Instant instant() {
            return Instant.ofEpochMilli(millis());
        }

        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        public Clock withZone(ZoneId zone) {
            return this;
        }
    };

    final String name;
    final List<Sent> sent = new ArrayList<>();
    private final List<RaftEndpoint> members = new ArrayList<>();
    private final boolean hasChanges;
    private final Disk disk = new Disk();
    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private final List<Object> applied = new ArrayList<>();
    private RaftNodeImpl node;

    Server(String name, List<String> voters, boolean hasChanges) {
        this.name = name;
        this.hasChanges = hasChanges;
        voters.forEach(each -> members.add(new Endpoint(each)));
    }

    /** Starts it with what is on its disk. */
    void start() {
        tasks.clear();
        RaftNode.RaftNodeBuilder builder = RaftNode.newBuilder().setGroupId("group").setConfig(CONFIG)
                .setExecutor(this).setTransport(this).setStateMachine(this).setStore(disk)
                .setRandom(new Random(0)).setClock(CLOCK);
        if (disk.isUsed()) builder.setRestoredState(disk.restored());
        else builder.setLocalEndpoint(new Endpoint(name)).setInitialGroupMembers(members);
        node = (RaftNodeImpl) builder.build();
        node.start();
        work();
    }

    // ---- Its steps: each line that tells of them, without the state after it

    List<Map<String, Object>> timeout() {
        if (node.state().role() == RaftRole.LEADER || RaftNodeStatus.isTerminal(node.getStatus())
                || !node.getEffectiveMembers().getVotingMembers().contains(node.getLocalEndpoint())) return List.of();
        node.leader(null);
        new LeaderElectionTask(node, true).run();
        work();
        return lines("Timeout");
    }

    List<Map<String, Object>> receive(RaftMessage message) {
        int term = node.state().term();
        RaftRole role = node.state().role();
        node.handle(message);
        work();
        boolean stands = node.state().role() == RaftRole.CANDIDATE && node.state().term() > term;
        List<Map<String, Object>> lines = lines(stands ? "Timeout" : "Stay");
        if (node.state().role() == RaftRole.LEADER && role != RaftRole.LEADER)
            lines.add(Peer.object("step", "ClientRequest", "server", name,
                    "arguments", Peer.object("value", NEW_TERM)));
        return lines;
    }

    List<Map<String, Object>> request(String value) {
        long last = node.state().log().lastLogOrSnapshotIndex();
        node.replicate(value);
        work();
        if (node.state().log().lastLogOrSnapshotIndex() == last) return List.of();
        List<Map<String, Object>> lines = lines("ClientRequest");
        lines.get(0).put("arguments", Peer.object("value", value));
        return lines;
    }

    /** A leader is asked for a change; who comes anew, it knows nothing of. */
    List<Map<String, Object>> change(String change, String peer) {
        MembershipChangeMode mode = switch (change) {
            case "AddServer", "PromoteLearner" -> MembershipChangeMode.ADD_OR_PROMOTE_TO_FOLLOWER;
            case "AddLearner" -> MembershipChangeMode.ADD_LEARNER;
            case "RemoveServer" -> MembershipChangeMode.REMOVE_MEMBER;
            default -> null;
        };
        long last = node.state().log().lastLogOrSnapshotIndex();
        Collection<RaftEndpoint> before = node.getEffectiveMembers().getMembers();
        RaftEndpoint endpoint = new Endpoint(peer);
        if (mode == null || node.state().role() != RaftRole.LEADER) return List.of();
        node.changeMembership(endpoint, mode, node.getCommittedMembers().getLogIndex());
        work();
        if (node.state().log().lastLogOrSnapshotIndex() == last) return List.of();
        List<Map<String, Object>> lines = new ArrayList<>();
        if (!before.contains(endpoint) && !peer.equals(name)) {
            lines.addAll(lines("ForgetMatch"));
            lines.get(0).put("state", Peer.object("matchIndex", Peer.object(peer, 0)));
        }
        lines.addAll(lines("ChangeTo"));
        lines.get(lines.size() - 1).put("arguments", Peer.object("configuration", members().shown()));
        return lines;
    }

    /** The members that it goes by; who was none from the first, and got no change, knows of none. */
    private Members members() {
        RaftEndpoint self = node.getLocalEndpoint();
        boolean isKnown = node.getEffectiveMembers().getLogIndex() > 0
                || node.getInitialMembers().getVotingMembers().contains(self);
        return isKnown ? Members.of(node.getEffectiveMembers()) : Members.NONE;
    }

    List<Map<String, Object>> append(String peer) {
        if (node.state().role() != RaftRole.LEADER) return List.of();
        RaftEndpoint to = new Endpoint(peer);
        if (node.state().leaderState().getFollowerStateOrNull(to) == null) return List.of();
        node.state().leaderState().getFollowerStateOrNull(to).resetRequestBackoff();
        node.sendAppendEntriesRequest(to);
        work();
        return lines("Stay");
    }

    List<Map<String, Object>> compact() {
        long index = disk.compacted();
        node.takeSnapshot();
        work();
        if (disk.compacted() == index) return List.of(); // Or all that it has is still in the log.
        List<Map<String, Object>> lines = lines("CompactLog");
        lines.get(0).put("arguments", Peer.object("index", disk.compacted()));
        return lines;
    }

    List<Map<String, Object>> restart() {
        disk.crash();
        start();
        return lines("Restart");
    }

    private List<Map<String, Object>> lines(String step) {
        return new ArrayList<>(List.of(Peer.object("step", step, "server", name)));
    }

    Map<String, Object> state() {
        RaftState state = node.state();
        Map<String, Object> told = Peer.object("currentTerm", state.term(),
                "votedFor", state.votedEndpoint() == null ? null : state.votedEndpoint().getId(),
                "role", switch (state.role()) {
                    case LEADER -> "Leader";
                    case CANDIDATE -> "Candidate";
                    default -> "Follower";
                }, "commitIndex", state.commitIndex(),
                "log", Sent.named(disk.entries()), "snapshot", Peer.object(
                        "lastIncludedIndex", disk.compacted(), "lastIncludedTerm", disk.compactedTerm()));
        if (hasChanges) {
            told.put("snapshot", Peer.object("lastIncludedIndex", disk.compacted(), "lastIncludedTerm",
                    disk.compactedTerm(), "configuration", disk.membersOfCompacted().shown()));
            told.put("configuration", members().shown());
        }
        if (state.leaderState() != null) {
            Map<String, Object> matched = Peer.object();
            for (RaftEndpoint each : state.remoteMembers())
                matched.put((String) each.getId(), state.leaderState().getFollowerStateOrNull(each).matchIndex());
            told.put("matchIndex", matched);
        }
        return told;
    }

    // ---- What it is given

    private void work() {
        for (Runnable task; (task = tasks.poll()) != null;) task.run();
    }

    public void execute(Runnable task) {
        tasks.add(task);
    }

    public void submit(Runnable task) {
        tasks.add(task);
    }

    public void schedule(Runnable task, long delay, TimeUnit unit) {}

    public void send(RaftEndpoint to, RaftMessage message) {
        sent.add(new Sent(name, (String) to.getId(), message, hasChanges));
    }

    public boolean isReachable(RaftEndpoint endpoint) {
        return true;
    }

    public Object runOperation(long index, Object operation) {
        applied.add(operation);
        return null;
    }

    public void takeSnapshot(long index, Consumer<Object> chunks) {
        chunks.accept(new ArrayList<>(applied));
    }

    public void installSnapshot(long index, List<Object> chunks) {
        applied.clear();
        applied.addAll((List<?>) chunks.get(0));
    }

    public Object getNewTermOperation() {
        return NEW_TERM;
    }
}

import java.util.*;
import java.util.concurrent.*;

/** A toy Raft: elections, replication, restarts. Put your own in its place; the kit stays as it is.
 * `java ToyRaft` is driven; with RAFT_TRACE set, `java ToyRaft run` is traced.
 *
 *     javac RaftKit.java ToyRaft.java */
public final class ToyRaft implements RaftKit.Server<ToyRaft.Message> {
    static boolean forgetsVote = false; // A known bug, to see it found.

    record Entry(int term, String value) {}

    sealed interface Message permits RequestVote, Vote, Append, Appended {
        String source();
        String dest();
        int term();
    }

    record RequestVote(String source, String dest, int term, int lastLogIndex, int lastLogTerm) implements Message {}

    record Vote(String source, String dest, int term, boolean granted) implements Message {}

    record Append(String source, String dest, int term, int prevLogIndex, int prevLogTerm, List<Entry> entries,
            int leaderCommit) implements Message {}

    record Appended(String source, String dest, int term, boolean success, int matchIndex) implements Message {}

    final String me;
    final List<String> peers = new ArrayList<>();
    // Stored:
    int currentTerm = 0;
    String votedFor = null;
    final List<Entry> log = new ArrayList<>();
    // In memory:
    String role = "Follower";
    int commitIndex = 0;
    final Set<String> votesGranted = new HashSet<>();
    final Map<String, Integer> nextIndex = new HashMap<>(), matchIndex = new HashMap<>();

    ToyRaft(String me, List<String> servers) {
        this.me = me;
        peers.addAll(servers);
        peers.remove(me);
    }

    public List<Message> restart() {
        role = "Follower";
        commitIndex = 0;
        if (forgetsVote) votedFor = null;
        return List.of();
    }

    public List<Message> timeout() {
        if (role.equals("Leader")) return List.of();
        currentTerm++;
        votedFor = me;
        role = "Candidate";
        votesGranted.clear();
        votesGranted.add(me);
        List<Message> sends = new ArrayList<>();
        for (String peer : peers)
            sends.add(new RequestVote(me, peer, currentTerm, log.size(), termAt(log.size())));
        return sends;
    }

    public List<Message> clientRequest(String value) {
        if (role.equals("Leader")) log.add(new Entry(currentTerm, value));
        return List.of();
    }

    public List<Message> appendEntries(String peer, int count) {
        if (!role.equals("Leader")) return List.of();
        int prev = nextIndex.get(peer) - 1, end = Math.min(prev + count, log.size());
        List<Entry> entries = List.copyOf(log.subList(prev, end));
        return List.of(new Append(me, peer, currentTerm, prev, termAt(prev), entries, commitIndex));
    }

    public List<Message> receive(Message message) {
        if (message.term() > currentTerm) {
            currentTerm = message.term();
            votedFor = null;
            role = "Follower";
        }
        boolean isOfTerm = message.term() == currentTerm;
        String source = message.source();
        if (message instanceof RequestVote asked) {
            int mine = termAt(log.size());
            boolean isUpToDate = asked.lastLogTerm() > mine
                    || asked.lastLogTerm() == mine && asked.lastLogIndex() >= log.size();
            boolean granted = isOfTerm && isUpToDate && (votedFor == null || votedFor.equals(source));
            if (granted) votedFor = source;
            return List.of(new Vote(me, source, currentTerm, granted));
        }
        if (message instanceof Append append) {
            if (isOfTerm) role = "Follower";
            boolean success = isOfTerm && append.prevLogIndex() <= log.size()
                    && termAt(append.prevLogIndex()) == append.prevLogTerm();
            return List.of(new Appended(me, source, currentTerm, success, success ? store(append) : 0));
        }
        if (message instanceof Vote vote && isOfTerm && role.equals("Candidate") && vote.granted()) {
            votesGranted.add(source);
            if (isQuorum(votesGranted.size())) lead();
        }
        if (message instanceof Appended answer && isOfTerm && role.equals("Leader")) count(answer);
        return List.of();
    }

    int termAt(int index) {
        return index == 0 ? 0 : log.get(index - 1).term();
    }

    boolean isQuorum(int count) {
        return 2 * count > peers.size() + 1;
    }

    void lead() {
        role = "Leader";
        for (String peer : peers) {
            nextIndex.put(peer, log.size() + 1);
            matchIndex.put(peer, 0);
        }
    }

    int store(Append append) {
        int at = append.prevLogIndex();
        for (Entry entry : append.entries()) {
            if (at < log.size() && log.get(at).term() != entry.term())
                log.subList(at, log.size()).clear(); // What conflicts goes, with all behind it.
            if (at == log.size()) log.add(entry);
            at++;
        }
        commitIndex = Math.max(commitIndex, Math.min(append.leaderCommit(), at));
        return at;
    }

    void count(Appended answer) {
        String peer = answer.source();
        if (answer.success()) {
            matchIndex.merge(peer, answer.matchIndex(), Math::max);
            nextIndex.merge(peer, answer.matchIndex() + 1, Math::max);
        } else {
            nextIndex.put(peer, Math.max(nextIndex.get(peer) - 1, matchIndex.get(peer) + 1));
        }
        for (int index = commitIndex + 1; index <= log.size(); index++) {
            int have = 1;
            for (int match : matchIndex.values()) have += match >= index ? 1 : 0;
            if (isQuorum(have) && termAt(index) == currentTerm) commitIndex = index;
        }
    }

    // ---- What it is in the names of traces/FORMAT.md

    public Map<String, Object> state() {
        return RaftKit.object("currentTerm", currentTerm, "votedFor", votedFor, "role", role,
                "commitIndex", commitIndex, "log", named(log));
    }

    public Map<String, Object> fields(Message message) {
        Map<String, Object> fields = RaftKit.object(
                "source", message.source(), "dest", message.dest(), "term", message.term());
        if (message instanceof RequestVote m) fields.putAll(RaftKit.object("type", "RequestVoteRequest",
                "lastLogIndex", m.lastLogIndex(), "lastLogTerm", m.lastLogTerm()));
        if (message instanceof Vote m) fields.putAll(RaftKit.object("type", "RequestVoteResponse",
                "voteGranted", m.granted()));
        if (message instanceof Append m) fields.putAll(RaftKit.object("type", "AppendEntriesRequest",
                "prevLogIndex", m.prevLogIndex(), "prevLogTerm", m.prevLogTerm(),
                "entries", named(m.entries()), "leaderCommit", m.leaderCommit()));
        if (message instanceof Appended m) fields.putAll(RaftKit.object("type", "AppendEntriesResponse",
                "success", m.success(), "matchIndex", m.matchIndex()));
        return fields;
    }

    static List<Object> named(List<Entry> entries) {
        List<Object> named = new ArrayList<>();
        for (Entry each : entries) named.add(RaftKit.object("term", each.term(), "value", each.value()));
        return named;
    }

    // ---- A run that is traced: each server is a thread, and some messages are lost

    record Flight(String id, Message message) {}

    static void run(int steps) throws Exception {
        List<String> names = List.of("s1", "s2", "s3");
        RaftKit.Trace trace = new RaftKit.Trace(names);
        Map<String, BlockingQueue<Flight>> inboxes = new HashMap<>();
        for (String name : names) inboxes.put(name, new LinkedBlockingQueue<>());
        List<Thread> threads = new ArrayList<>();
        for (String me : names) {
            ToyRaft server = new ToyRaft(me, names);
            threads.add(new Thread(() -> {
                for (int step = 0; step < steps; step++) server.live(inboxes, trace);
            }));
        }
        for (Thread thread : threads) thread.start();
        for (Thread thread : threads) thread.join();
        trace.flush();
    }

    /** One step: it waits for a message, or does something by itself. */
    void live(Map<String, BlockingQueue<Flight>> inboxes, RaftKit.Trace trace) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        Flight flight;
        try {
            int patience = role.equals("Leader") ? 1 : random.nextInt(2, 7);
            flight = inboxes.get(me).poll(patience, TimeUnit.MILLISECONDS);
        } catch (InterruptedException error) {
            return;
        }
        Map<String, Object> parts = RaftKit.object();
        List<Message> sends = new ArrayList<>();
        String step;
        if (flight != null) {
            step = "Receive";
            parts.put("message", RaftKit.object("id", flight.id()));
            sends.addAll(receive(flight.message()));
        } else if (random.nextInt(20) == 0) {
            step = "Restart";
            restart();
        } else if (role.equals("Leader")) {
            step = "ClientRequest";
            clientRequest("v");
            for (String peer : peers) sends.addAll(appendEntries(peer, 2));
        } else {
            step = "Timeout";
            sends.addAll(timeout());
        }
        parts.put("state", state());
        trace.line(step, me, parts);
        for (Message each : sends) {
            String id = trace.line("Send", me, RaftKit.object("message", fields(each)));
            if (random.nextInt(10) > 0) inboxes.get(each.dest()).add(new Flight(id, each));
        }
    }

    public static void main(String[] arguments) throws Exception {
        List<String> options = List.of(arguments);
        forgetsVote = options.contains("--forgets-vote");
        if (options.contains("run")) run(100);
        else RaftKit.<Message>serve(ToyRaft::new);
    }
}

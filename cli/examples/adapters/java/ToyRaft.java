import java.lang.reflect.RecordComponent;
import java.util.*;
import java.util.concurrent.*;

/** A toy Raft: elections, replication, restarts. Put your own in its place; the kit stays as it is.
 * `java ToyRaft` is driven; with RAFT_TRACE set, `java ToyRaft run` is traced.
 *
 *     javac RaftKit.java ToyRaft.java */
public final class ToyRaft implements RaftKit.Server<ToyRaft.Message> {
    static boolean forgetsVote = false; // A known bug, to see it found.

    // Records and what they hold have the names of traces/FORMAT.md.
    record Entry(int term, String value) {}
    interface Message { String source(); String dest(); int term(); }
    record RequestVoteRequest(String source, String dest, int term, int lastLogIndex, int lastLogTerm)
            implements Message {}
    record RequestVoteResponse(String source, String dest, int term, boolean voteGranted) implements Message {}
    record AppendEntriesRequest(String source, String dest, int term, int prevLogIndex, int prevLogTerm,
            List<Entry> entries, int leaderCommit) implements Message {}
    record AppendEntriesResponse(String source, String dest, int term, boolean success, int matchIndex)
            implements Message {}

    final String me;
    final List<String> peers;
    // Stored:
    int currentTerm = 0;
    String votedFor = null;
    final List<Entry> log = new ArrayList<>();
    // In memory:
    String role = "Follower";
    int commitIndex = 0;
    final Set<String> votes = new HashSet<>();
    final Map<String, Integer> nextIndex = new HashMap<>(), matchIndex = new HashMap<>();

    ToyRaft(String me, List<String> servers) {
        this.me = me;
        peers = servers.stream().filter(each -> !each.equals(me)).toList();
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
        votes.clear();
        votes.add(me);
        return peers.stream().<Message>map(peer ->
                new RequestVoteRequest(me, peer, currentTerm, log.size(), termAt(log.size()))).toList();
    }

    public List<Message> clientRequest(String value) {
        if (role.equals("Leader")) log.add(new Entry(currentTerm, value));
        return List.of();
    }

    public List<Message> appendEntries(String peer, int count) {
        if (!role.equals("Leader")) return List.of();
        int prev = nextIndex.get(peer) - 1, end = Math.min(prev + count, log.size());
        List<Entry> entries = List.copyOf(log.subList(prev, end));
        return List.of(new AppendEntriesRequest(me, peer, currentTerm, prev, termAt(prev), entries, commitIndex));
    }

    public List<Message> receive(Message message) {
        if (message.term() > currentTerm) {
            currentTerm = message.term();
            votedFor = null;
            role = "Follower";
        }
        boolean isOfTerm = message.term() == currentTerm;
        String source = message.source();
        if (message instanceof RequestVoteRequest m) {
            int mine = termAt(log.size());
            boolean isUpToDate = m.lastLogTerm > mine || m.lastLogTerm == mine && m.lastLogIndex >= log.size();
            boolean granted = isOfTerm && isUpToDate && (votedFor == null || votedFor.equals(source));
            if (granted) votedFor = source;
            return List.of(new RequestVoteResponse(me, source, currentTerm, granted));
        }
        if (message instanceof AppendEntriesRequest m) {
            if (isOfTerm) role = "Follower";
            boolean success = isOfTerm && m.prevLogIndex <= log.size() && termAt(m.prevLogIndex) == m.prevLogTerm;
            return List.of(new AppendEntriesResponse(me, source, currentTerm, success, success ? store(m) : 0));
        }
        if (message instanceof RequestVoteResponse m && isOfTerm && role.equals("Candidate")) count(m);
        if (message instanceof AppendEntriesResponse m && isOfTerm && role.equals("Leader")) count(m);
        return List.of();
    }

    int termAt(int index) { return index == 0 ? 0 : log.get(index - 1).term(); }

    int store(AppendEntriesRequest m) {
        int end = m.prevLogIndex;
        for (Entry entry : m.entries) {
            if (end < log.size() && log.get(end).term() != entry.term())
                log.subList(end, log.size()).clear(); // What conflicts goes, with all behind it.
            if (end++ == log.size()) log.add(entry);
        }
        commitIndex = Math.max(commitIndex, Math.min(m.leaderCommit, end));
        return end;
    }

    void count(RequestVoteResponse m) {
        if (m.voteGranted) votes.add(m.source);
        if (2 * votes.size() <= peers.size() + 1) return;
        role = "Leader";
        for (String peer : peers) {
            nextIndex.put(peer, log.size() + 1);
            matchIndex.put(peer, 0);
        }
    }

    void count(AppendEntriesResponse m) {
        int match = matchIndex.merge(m.source, m.matchIndex, Math::max);
        nextIndex.merge(m.source, m.success ? 0 : -1, Integer::sum);
        nextIndex.merge(m.source, match + 1, Math::max);
        List<Integer> all = new ArrayList<>(matchIndex.values());
        all.add(log.size());
        Collections.sort(all);
        int index = all.get(peers.size() / 2); // So far have a majority come, with this server.
        if (index > commitIndex && termAt(index) == currentTerm) commitIndex = index;
    }

    // ---- What it is in the names of traces/FORMAT.md

    public Map<String, Object> state() {
        return RaftKit.object("currentTerm", currentTerm, "votedFor", votedFor, "role", role,
                "commitIndex", commitIndex, "log", log.stream().map(ToyRaft::named).toList());
    }

    public Map<String, Object> fields(Message message) {
        Map<String, Object> fields = named(message);
        fields.put("type", message.getClass().getSimpleName());
        if (message instanceof AppendEntriesRequest m)
            fields.put("entries", m.entries.stream().map(ToyRaft::named).toList());
        return fields;
    }

    static Map<String, Object> named(Object record) {
        Map<String, Object> named = RaftKit.object();
        try {
            for (RecordComponent each : record.getClass().getRecordComponents())
                named.put(each.getName(), each.getAccessor().invoke(record));
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException(error);
        }
        return named;
    }

    // ---- A run that is traced: each server is a thread, and some messages are lost

    record Flight(String id, Message message) {}

    Void live(Map<String, BlockingQueue<Flight>> inboxes, RaftKit.Trace trace) throws InterruptedException {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        for (int count = 0; count < 100; count++) {
            int patience = role.equals("Leader") ? 1 : random.nextInt(2, 7);
            Flight flight = inboxes.get(me).poll(patience, TimeUnit.MILLISECONDS);
            boolean restarts = random.nextInt(20) == 0, leads = role.equals("Leader");
            String step = flight != null ? "Receive" : restarts ? "Restart" : leads ? "ClientRequest" : "Timeout";
            List<Message> sends = new ArrayList<>(switch (step) {
                case "Receive" -> receive(flight.message());
                case "Restart" -> restart();
                case "ClientRequest" -> clientRequest("v");
                default -> timeout();
            });
            if (step.equals("ClientRequest")) for (String peer : peers) sends.addAll(appendEntries(peer, 2));
            Map<String, Object> told = RaftKit.object("state", state());
            if (flight != null) told.put("message", RaftKit.object("id", flight.id()));
            trace.line(step, me, told);
            for (Message each : sends) {
                String id = trace.line("Send", me, RaftKit.object("message", fields(each)));
                if (random.nextInt(10) > 0) inboxes.get(each.dest()).add(new Flight(id, each));
            }
        }
        return null;
    }

    static void run(List<String> names) throws Exception {
        RaftKit.Trace trace = new RaftKit.Trace(names);
        Map<String, BlockingQueue<Flight>> inboxes = new HashMap<>();
        for (String name : names) inboxes.put(name, new LinkedBlockingQueue<>());
        ExecutorService threads = Executors.newFixedThreadPool(names.size());
        List<Callable<Void>> lives = new ArrayList<>();
        for (String me : names) lives.add(() -> new ToyRaft(me, names).live(inboxes, trace));
        for (Future<Void> each : threads.invokeAll(lives)) each.get();
        threads.shutdown();
        trace.flush();
    }

    public static void main(String[] arguments) throws Exception {
        List<String> options = List.of(arguments);
        forgetsVote = options.contains("--forgets-vote");
        if (options.contains("run")) run(List.of("s1", "s2", "s3"));
        else RaftKit.<Message>serve(ToyRaft::new);
    }
}

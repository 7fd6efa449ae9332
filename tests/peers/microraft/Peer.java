import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.stream.Collectors;

/**
 * Drives MicroRaft as it is told on standard input (traces/ADAPTER.md).
 *
 * - It has an executor, a transport, a store and a clock given to it, and so takes one step at a time:
 *   what it asks its executor to do is done before the next step, what it schedules never happens.
 * - It asks for pre-votes, which are not told, but for what comes of them: a Timeout. One that is asked
 *   for goes to the election at once, as if a majority had granted its pre-vote.
 * - Its entries are on the disk once it flushes that; a crash loses what is not.
 * - Its members change one at a time; those of the beginning are known to whoever starts, and told of
 *   who is one. Of an even number of voters it needs half of them to commit: with four, the spec refuses.
 * - It sends a snapshot in three steps (an offer, a request for a chunk, the chunk), of which the last
 *   is told.
 */
public final class Peer {
    private static final Gson JSON = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();

    private final Map<String, Server> cluster = new LinkedHashMap<>();
    private final List<Sent> network = new ArrayList<>();

    /** With the names of the trace format. */
    static Map<String, Object> object(Object... namesAndValues) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2)
            object.put((String) namesAndValues[i], namesAndValues[i + 1]);
        return object;
    }

    private Map<String, Object> init(JsonObject asked) {
        List<String> names = new ArrayList<>();
        asked.getAsJsonArray("servers").forEach(each -> names.add(each.getAsString()));
        boolean hasChanges = asked.has("features")
                && asked.getAsJsonArray("features").contains(new JsonPrimitive("Membership"));
        List<String> voters = new ArrayList<>();
        if (hasChanges) asked.getAsJsonArray("voters").forEach(each -> voters.add(each.getAsString()));
        cluster.clear();
        network.clear();
        Map<String, Object> initial = object();
        for (String name : names) {
            Server server = new Server(name, hasChanges ? voters : names, hasChanges);
            cluster.put(name, server);
            server.start();
            server.sent.clear(); // It asks for pre-votes when it starts.
            initial.put(name, server.state());
        }
        Map<String, Object> header = object("format", "raft-ref-trace", "version", 1, "servers", names,
                "logged", "some", "unlogged", List.of(), "unsynced", 16, "initial", initial);
        if (hasChanges) header.putAll(object("features", List.of("Membership"), "voters", voters));
        return object("lines", List.of(header));
    }

    private Map<String, Object> answer(JsonObject asked) {
        String step = asked.get("step").getAsString();
        if (step.equals("Init")) return init(asked);
        Server server = cluster.get(asked.get("server").getAsString());
        JsonObject arguments = asked.has("arguments") ? asked.getAsJsonObject("arguments") : new JsonObject();
        List<Map<String, Object>> lines = new ArrayList<>();
        switch (step) {
            case "Receive", "ReceiveDuplicate" -> lines.addAll(received(server, network.get(asked.get("id").getAsInt())));
            case "Timeout" -> lines.addAll(server.timeout());
            case "ClientRequest" -> lines.addAll(server.request(arguments.get("value").getAsString()));
            case "AppendEntries" -> lines.addAll(server.append(arguments.get("peer").getAsString()));
            case "InstallSnapshot" -> { } // It is sent in the place of entries.
            case "ChangeMembership" -> {
                if (arguments.has("peer")) lines.addAll(server.change(
                        arguments.get("change").getAsString(), arguments.get("peer").getAsString()));
            }
            case "CompactLog" -> lines.addAll(server.compact());
            case "Restart" -> lines.addAll(server.restart());
            default -> {
                return object("lines", lines, "unknown", true);
            }
        }
        if (!lines.isEmpty()) lines.get(lines.size() - 1).put("state", server.state());
        return object("lines", lines, "sends", sent(server, lines));
    }

    private List<Map<String, Object>> received(Server server, Sent sent) {
        List<Map<String, Object>> lines = server.receive(sent.message());
        if (sent.isTold()) lines.get(0).putAll(object("step", "Receive", "message", sent.fields()));
        return lines;
    }

    private List<Object> sent(Server server, List<Map<String, Object>> lines) {
        List<Object> sends = new ArrayList<>();
        for (Sent each : server.sent) {
            if (each.isTold())
                lines.add(object("step", "Send", "server", server.name, "message", each.fields()));
            sends.add(object("id", network.size(), "message", each.fields()));
            network.add(each);
        }
        server.sent.clear();
        return sends;
    }

    public static void main(String[] arguments) throws Exception {
        Peer peer = new Peer();
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null;) {
            Map<String, Object> answer;
            try {
                answer = peer.answer(JSON.fromJson(line, JsonObject.class));
            } catch (RuntimeException | AssertionError failed) {
                answer = object("error", failed.toString() + Arrays.stream(failed.getStackTrace())
                        .limit(3).map(each -> " at " + each).collect(Collectors.joining()));
            }
            out.println(JSON.toJson(answer));
        }
    }
}

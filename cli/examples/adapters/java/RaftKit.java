import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.function.BiFunction;
import java.util.regex.*;
import java.util.stream.*;

/** To be copied: writes traces (traces/FORMAT.md of raft-ref), and is driven (traces/ADAPTER.md). */
public final class RaftKit {
    /** Has the names of traces/FORMAT.md: those of a line, a state, a message. */
    public static Map<String, Object> object(Object... namesAndValues) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2)
            object.put((String) namesAndValues[i], namesAndValues[i + 1]);
        return object;
    }

    /** Writes what servers do, whichever thread says so, to the file that RAFT_TRACE names, one for
     * each process, and goes on at its end; without the variable nothing is written. */
    public static final class Trace {
        private PrintWriter file;
        private long clock; // Lamport's: by it `raft-ref validate --merge` orders the files of processes.

        public Trace(List<String> servers) throws IOException {
            if (System.getenv("RAFT_TRACE") == null) return;
            Path path = Path.of(System.getenv("RAFT_TRACE"));
            String before = Files.exists(path) ? Files.readString(path) : "";
            clock = behindColon(before);
            Writer end = new FileWriter(path.toFile(), StandardCharsets.UTF_8, true);
            file = new PrintWriter(new BufferedWriter(end, 1 << 20));
            if (before.isEmpty()) file.print(text(header(servers, object())) + "\n");
        }

        /** Tells of a step, with the "state" after it, "arguments", "message"; null is any step. "Send"
         * comes before the message leaves, and returns the id to go with it, by which its receipt is told. */
        public synchronized String line(String step, String server, Map<String, Object> parts) {
            if (file == null) return "";
            @SuppressWarnings("unchecked")
            Map<String, Object> message = (Map<String, Object>) parts.getOrDefault("message", object());
            clock = Math.max(clock, behindColon((String) message.getOrDefault("id", ""))) + 1;
            if ("Send".equals(step)) message.put("id", server + ":" + clock);
            parts.putAll(object("step", step, "server", server));
            file.print(text(parts).replaceFirst("}$", ",\"clock\":" + clock + "}\n"));
            if ("Send".equals(step)) flush(); // A crash loses nothing that others know of.
            return (String) message.getOrDefault("id", "");
        }

        /** Writes what waits in the buffer. */
        public void flush() {
            if (file != null && file.checkError()) throw new IllegalStateException("cannot write RAFT_TRACE");
        }
    }

    /** One of a cluster in one process, without clock, threads and network. A step returns what it
     * sends; who cannot take it now does nothing. A message may come twice, late or never. */
    public interface Server<M> {
        List<M> timeout(); // the election timeout fires
        List<M> receive(M message); // a message arrives
        List<M> clientRequest(String value); // a client asks to store a value
        List<M> appendEntries(String peer, int count); // a leader is to send so many entries
        List<M> restart(); // a crash, and a start with what was stored
        Map<String, Object> state(); // currentTerm, votedFor, role, commitIndex, log
        Map<String, Object> fields(M message); // type, source, dest, term, and what it has besides
    }

    /** Answers requests from standard input. `start` makes a server that has nothing stored. */
    public static <M> void serve(BiFunction<String, List<String>, Server<M>> start) {
        Map<String, Server<M>> cluster = new HashMap<>();
        List<M> sent = new ArrayList<>();
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).lines().forEach(asked -> {
            if (!found(asked, "step").equals("Init")) {
                out.println(text(answer(asked, cluster.get(found(asked, "server")), sent)));
                return;
            }
            List<String> servers = Pattern.compile(STRING).matcher(found(asked, "servers")).results()
                    .map(each -> unquoted(each.group())).collect(Collectors.toList());
            servers.forEach(me -> cluster.put(me, start.apply(me, servers)));
            sent.clear();
            Map<String, Object> initial = object();
            servers.forEach(me -> initial.put(me, cluster.get(me).state()));
            out.println(text(object("lines", List.of(header(servers, initial)))));
        });
    }

    private static <M> Map<String, Object> answer(String asked, Server<M> server, List<M> sent) {
        String step = found(asked, "step"), me = found(asked, "server"), before = text(server.state());
        Map<String, Object> line = object("step", step.equals("AppendEntries") ? "Stay" : step, "server", me);
        M arrived = step.startsWith("Receive") ? sent.get(number(asked, "id")) : null;
        if (arrived != null) line.putAll(object("step", "Receive", "message", server.fields(arrived)));
        List<M> taken = switch (step) {
            case "Timeout" -> server.timeout();
            case "Receive", "ReceiveDuplicate" -> server.receive(arrived);
            case "ClientRequest" -> server.clientRequest(found(asked, "value"));
            case "AppendEntries" -> server.appendEntries(found(asked, "peer"), number(asked, "count"));
            case "Restart" -> server.restart();
            default -> null; // Room for CompactLog; for InstallSnapshot (told as "Stay"), for Tick (as null).
        };
        if (taken == null) return object("lines", List.of(), "unknown", true);
        line.put("state", server.state());
        List<Object> lines = new ArrayList<>(List.of(line)), sends = new ArrayList<>();
        for (M message : taken) {
            lines.add(object("step", "Send", "server", me, "message", server.fields(message)));
            sends.add(object("id", sent.size(), "message", server.fields(message)));
            sent.add(message);
        }
        boolean isTold = !taken.isEmpty() || arrived != null || step.equals("Restart");
        if (!isTold && before.equals(text(line.get("state")))) lines.clear(); // Nothing happened.
        return object("lines", lines, "sends", sends);
    }

    private static Map<String, Object> header(List<String> servers, Map<String, Object> initial) {
        return object("format", "raft-ref-trace", "version", 1, "servers", servers, "logged", "some",
                "unlogged", List.of(), "initial", initial);
    }

    private static long behindColon(String text) {
        Matcher number = Pattern.compile(":(\\d+)\\W*$").matcher(text);
        return number.find() ? Long.parseLong(number.group(1)) : 0;
    }

    private static String text(Object value) {
        if (value instanceof Map<?, ?> object)
            return object.entrySet().stream().map(each -> text(each.getKey()) + ":" + text(each.getValue()))
                    .collect(Collectors.joining(",", "{", "}"));
        if (value instanceof Collection<?> list)
            return list.stream().map(RaftKit::text).collect(Collectors.joining(",", "[", "]"));
        if (!(value instanceof String string)) return String.valueOf(value);
        return string.chars().mapToObj(c -> c < ' ' || c == '"' || c == '\\' ? String.format("\\u%04x", c)
                : String.valueOf((char) c)).collect(Collectors.joining("", "\"", "\""));
    }
    private static final String STRING = "\"(?:[^\"\\\\]|\\\\.)*\"";
    private static final String VALUE = "(" + STRING + "|\\[(?:" + STRING + "|[^\"\\]])*\\]|[^\\s,}]+)";

    /** What stands behind a name, each of which a request has once. */
    private static String found(String json, String name) {
        Matcher value = Pattern.compile("\"" + name + "\"\\s*:\\s*" + VALUE).matcher(json);
        return !value.find() ? "" : value.group(1).startsWith("\"") ? unquoted(value.group(1)) : value.group(1);
    }
    private static int number(String json, String name) { return Integer.parseInt(found(json, name)); }

    private static String unquoted(String text) {
        Matcher escapes = Pattern.compile("\\\\(?:u(....)|.)").matcher(text.substring(1, text.length() - 1));
        return escapes.replaceAll(each -> Matcher.quoteReplacement(each.group(1) == null
                ? each.group().replace("\\/", "/").translateEscapes()
                : String.valueOf((char) Integer.parseInt(each.group(1), 16))));
    }
}

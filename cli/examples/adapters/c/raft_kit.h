// To be copied: writes traces (traces/FORMAT.md of raft-ref), and is driven (traces/ADAPTER.md). POSIX, C99.
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kit_text { char *at; size_t length, room; }; // JSON, as text; it begins as {0}
static inline void kit_add(struct kit_text *text, const char *format, ...) {
    for (size_t more = 0;; text->at = realloc(text->at, text->room += more + 256)) {
        va_list values; va_start(values, format);
        more = (size_t)vsnprintf(text->at ? text->at + text->length : NULL, text->room - text->length, format, values);
        va_end(values);
        if (more < text->room - text->length) { text->length += more; return; }
    }
}
static inline void kit_quote(struct kit_text *text, const char *string) { // NULL is null
    kit_add(text, string ? "\"" : "null");
    for (const char *at = string; at && *at; at++)
        kit_add(text, (unsigned char)*at < ' ' || *at == '"' || *at == '\\' ? "\\u%04x" : "%c", *at);
    kit_add(text, string ? "\"" : "");
}
static inline void kit_header(struct kit_text *text, int count, char **servers) {
    kit_add(text, "{\"format\":\"raft-ref-trace\",\"version\":1,\"logged\":\"some\",\"unlogged\":[],\"servers\":[");
    for (int i = 0; i < count; i++) kit_add(text, i ? "," : ""), kit_quote(text, servers[i]);
    kit_add(text, "],\"initial\":{");
}

struct kit_trace { FILE *file; pthread_mutex_t lock; long clock; }; // Lamport's, for `raft-ref validate --merge`
static inline long kit_clock(const char *at) { return at && strrchr(at, ':') ? atol(strrchr(at, ':') + 1) : 0; }
// Opens the file that RAFT_TRACE names, one for each process, and goes on at its end; without it, NULL.
static inline struct kit_trace *kit_open(int count, char **servers) {
    char end[33] = "", *path = getenv("RAFT_TRACE");
    struct kit_trace *trace = path ? calloc(1, sizeof *trace) : NULL;
    struct kit_text header = {0};
    if (!path) return NULL;
    if (!(trace->file = fopen(path, "a+")) || setvbuf(trace->file, NULL, _IOFBF, 1 << 20)) perror(path), exit(1);
    if (!fseek(trace->file, -32, SEEK_END)) trace->clock = fread(end, 1, 32, trace->file) ? kit_clock(end) : 0;
    else kit_header(&header, count, servers), fprintf(trace->file, "%s}}\n", header.at), free(header.at);
    fseek(trace->file, 0, SEEK_END), pthread_mutex_init(&trace->lock, NULL);
    return trace;
}
// Tells, in any thread, of a step (NULL is any) with the `state` after it (or NULL). "Send" comes before the
// `message` leaves, and writes into `id`, of 64 bytes, what goes with it. With an id and no message, it came.
static inline void kit_line(struct kit_trace *trace, const char *step, const char *server, char *id,
                            const char *message, const char *state) {
    if (!trace) return;
    struct kit_text line = {0};
    pthread_mutex_lock(&trace->lock);
    if (!message && kit_clock(id) > trace->clock) trace->clock = kit_clock(id);
    if (trace->clock++, message) snprintf(id, 64, "%s:%ld", server, trace->clock);
    kit_add(&line, "{\"step\":"), kit_quote(&line, step), kit_add(&line, ",\"server\":"), kit_quote(&line, server);
    if (id) kit_add(&line, ",\"message\":{\"id\":"), kit_quote(&line, id);
    if (id) kit_add(&line, message ? ",%s" : "}", message ? message + 1 : "");
    if (state) kit_add(&line, ",\"state\":%s", state);
    fprintf(trace->file, "%s,\"clock\":%ld}\n", line.at, trace->clock), free(line.at);
    if (message && fflush(trace->file)) perror("RAFT_TRACE"), exit(1); // A crash loses nothing that others know of.
    pthread_mutex_unlock(&trace->lock);
}

struct kit_sends { void **at; size_t count; };
static inline void kit_send(struct kit_sends *sends, void *message) { // which is from malloc, and the kit's now
    sends->at = realloc(sends->at, (sends->count + 1) * sizeof message);
    sends->at[sends->count++] = message;
}
// One of a cluster in one process, without clock, threads and network. A step gives what it sends to kit_send;
// who cannot take it now does nothing. A message may come twice, late or never.
struct kit_server {
    void *(*start)(const char *me, int count, char **servers);                             // with nothing stored
    void (*timeout)(void *server, struct kit_sends *);                                     // the election timeout fires
    void (*receive)(void *server, const void *message, struct kit_sends *);                // a message arrives
    void (*client_request)(void *server, const char *value, struct kit_sends *);           // a client asks to store it
    void (*append_entries)(void *server, const char *peer, int count, struct kit_sends *); // a leader is to send
    void (*restart)(void *server, struct kit_sends *);      // a crash, and a start with what was stored
    void (*state)(const void *server, struct kit_text *);   // currentTerm, votedFor, role, commitIndex, log
    void (*fields)(const void *message, struct kit_text *); // type, source, dest, term, and what it has besides
    void (*stop)(void *server);                             // it is needed no more
};
static inline const char *kit_find(const char *json, const char *name) { // behind a name; "" where it is not
    size_t length = strlen(name);
    while ((json = strchr(json, '"')) && (strncmp(++json, name, length) || strncmp(json + length, "\":", 2))) {}
    return json ? json + length + 2 : "";
}
static inline char *kit_unquoted(const char **json) { // the string that begins here; then `json` is behind it
    const char *at = *json, *escapes = "b\bf\fn\nr\rt\t";
    char *string = calloc(strlen(at) + 1, 1), *to = string;
    for (at += *at == '"'; *at && *at != '"'; at++) {
        unsigned code = (unsigned char)*at, low, more = 0;
        if (code == '\\' && *++at != 'u') code = (unsigned char)(strchr(escapes, *at) ? strchr(escapes, *at)[1] : *at);
        else if (code == '\\') {
            at += 4 * sscanf(at + 1, "%4x", &code);
            if (code >> 10 == 0x36 && sscanf(at + 1, "\\u%4x", &low) == 1) at += 6, code = (code << 10) + low - 0x35FDC00;
            more = (code >= 0x80) + (code >= 0x800) + (code >= 0x10000);
        }
        *to++ = (char)(more ? 0xF0 << (3 - more) | code >> 6 * more : code);
        while (more--) *to++ = (char)(0x80 | (code >> 6 * more & 0x3F));
    }
    *json = at + (*at == '"');
    return string;
}
static inline void kit_serve(const struct kit_server *kit) { // answers requests from standard input
    char *names[99], *line = NULL;
    void *servers[99];
    struct kit_sends sent = {0};
    size_t room = 0;
    for (int count = 0; getline(&line, &room, stdin) > 0;) {
        struct kit_text lines = {0}, sends = {0}, before = {0}, after = {0};
        const char *in[] = {kit_find(line, "step"), kit_find(line, "server"), kit_find(line, "peer"),
                            kit_find(line, "value"), kit_find(line, "servers")};
        char *step = kit_unquoted(in), *me = kit_unquoted(in + 1), *peer = kit_unquoted(in + 2);
        char *value = kit_unquoted(in + 3);
        int i = 0, arrives = !strncmp(step, "Receive", 7), is_known = 1;
        if (!strcmp(step, "Init")) {
            while (count) kit->stop(servers[--count]), free(names[count]);
            while (sent.count) free(sent.at[--sent.count]);
            while ((in[4] = strpbrk(in[4], "\"]")) && *in[4] == '"') names[count++] = kit_unquoted(in + 4);
            for (kit_header(&lines, count, names); i < count; i++) {
                kit_add(&lines, i ? "," : ""), kit_quote(&lines, names[i]), kit_add(&lines, ":");
                kit->state(servers[i] = kit->start(names[i], count, names), &lines);
            }
            kit_add(&lines, "}}");
        } else {
            while (strcmp(names[i], me)) i++;
            void *server = servers[i], *message = arrives ? sent.at[atoi(kit_find(line, "id"))] : NULL;
            size_t first = sent.count, next = first;
            kit->state(server, &before);
            char *told = arrives ? "Receive" : strcmp(step, "AppendEntries") ? step : "Stay"; // What is sent tells more.
            kit_add(&lines, "{\"step\":\"%s\",\"server\":", told), kit_quote(&lines, me);
            if (arrives) kit_add(&lines, ",\"message\":"), kit->fields(message, &lines);
            if (arrives) kit->receive(server, message, &sent);
            else if (!strcmp(step, "Timeout")) kit->timeout(server, &sent);
            else if (!strcmp(step, "ClientRequest")) kit->client_request(server, value, &sent);
            else if (!strcmp(told, "Stay")) kit->append_entries(server, peer, atoi(kit_find(line, "count")), &sent);
            else if (!strcmp(step, "Restart")) kit->restart(server, &sent);
            else is_known = 0; // Room for CompactLog; for InstallSnapshot (told as "Stay"), for Tick (as null).
            kit->state(server, &after), kit_add(&lines, ",\"state\":%s}", after.at);
            if (!arrives && strcmp(step, "Restart") && sent.count == first && !strcmp(before.at, after.at)) *lines.at = 0;
            for (; next < sent.count; next++) {
                kit_add(&lines, ",{\"step\":\"Send\",\"server\":"), kit_quote(&lines, me);
                kit_add(&lines, ",\"message\":"), kit->fields(sent.at[next], &lines), kit_add(&lines, "}");
                kit_add(&sends, "%s{\"id\":%zu,\"message\":", next > first ? "," : "", next);
                kit->fields(sent.at[next], &sends), kit_add(&sends, "}");
            }
        }
        printf("{\"lines\":[%s],\"sends\":[%s]", lines.at, sends.at ? sends.at : "");
        puts(is_known ? "}" : ",\"unknown\":true}"), fflush(stdout);
        free(lines.at), free(sends.at), free(before.at), free(after.at), free(step), free(me), free(peer), free(value);
    }
}

// A cluster of Canonical's C raft in one process, with a disk, a network and a clock of its own: what
// the library asks for is done at the end of each step. Everything is told as JSON.
//
//     cc -shared -fPIC -o cluster.so cluster.c -lraft
#include <raft.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SERVERS = 9, MOST_ENTRIES = 4096 };

struct stored {
    raft_term term;
    unsigned short type;
    size_t length;
    char *data;
};

struct request {
    void *request;
    void *callback;
    struct request *next;
};

struct server {
    struct raft raft;
    struct raft_io io;
    struct raft_fsm fsm;
    raft_io_tick_cb tick;
    raft_io_recv_cb receive;
    raft_time now;
    // The disk.
    raft_term term;
    raft_id vote;
    struct stored entries[MOST_ENTRIES];
    size_t stored;
    // What the library waits for.
    struct request *appends, *sends;
};

struct sent {
    raft_id source, dest;
    struct raft_message message;
    struct stored *entries;
};

struct cluster {
    unsigned size;
    struct server servers[MOST_SERVERS];
    struct sent *sent;
    size_t sent_count;
};

static struct cluster *cluster;
static char addresses[MOST_SERVERS + 1][16];
static char *text;
static size_t length, room;

static void print(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (room - length < 4096) text = realloc(text, room = 2 * room + 8192);
    length += (size_t)vsnprintf(text + length, room - length, format, arguments);
    va_end(arguments);
}

static struct server *of(struct raft_io *io) { return io->impl; }

static void wait(struct request **list, void *request, void *callback) {
    struct request *waiting = malloc(sizeof *waiting);
    *waiting = (struct request){request, callback, NULL};
    while (*list) list = &(*list)->next;
    *list = waiting;
}

static struct stored copy(const struct raft_entry *entry) {
    struct stored made = {entry->term, entry->type, entry->buf.len, malloc(entry->buf.len + 1)};
    memcpy(made.data, entry->buf.base, entry->buf.len);
    return made;
}

// The library frees entries as one batch.
static struct raft_entry *loaded(const struct stored *entries, size_t count) {
    if (!count) return NULL;
    size_t total = 0;
    for (size_t i = 0; i < count; i++) total += (entries[i].length + 7) & ~(size_t)7;
    struct raft_entry *made = raft_malloc(count * sizeof *made);
    char *batch = raft_malloc(total);
    for (size_t i = 0, at = 0; i < count; i++) {
        made[i] = (struct raft_entry){entries[i].term, entries[i].type,
                                      {batch + at, entries[i].length}, batch};
        memcpy(batch + at, entries[i].data, entries[i].length);
        at += (entries[i].length + 7) & ~(size_t)7;
    }
    return made;
}

// ---- What the library asks for

static int io_init(struct raft_io *io, raft_id id, const char *address) {
    (void)io, (void)id, (void)address;
    return 0;
}

static void io_close(struct raft_io *io, raft_io_close_cb cb) { cb(io); }

static int io_load(struct raft_io *io, raft_term *term, raft_id *vote,
                   struct raft_snapshot **snapshot, raft_index *start,
                   struct raft_entry *entries[], size_t *count) {
    struct server *s = of(io);
    *term = s->term, *vote = s->vote, *snapshot = NULL, *start = 1, *count = s->stored;
    *entries = loaded(s->entries, s->stored);
    return 0;
}

static int io_start(struct raft_io *io, unsigned msecs, raft_io_tick_cb tick,
                    raft_io_recv_cb receive) {
    (void)msecs;
    of(io)->tick = tick, of(io)->receive = receive;
    return 0;
}

static int io_bootstrap(struct raft_io *io, const struct raft_configuration *conf) {
    struct raft_buffer encoded;
    int error = raft_configuration_encode(conf, &encoded);
    if (error) return error;
    struct raft_entry entry = {1, RAFT_CHANGE, encoded, NULL};
    of(io)->term = 1, of(io)->vote = 0;
    of(io)->entries[0] = copy(&entry), of(io)->stored = 1;
    raft_free(encoded.base);
    return 0;
}

static int io_recover(struct raft_io *io, const struct raft_configuration *conf) {
    (void)io, (void)conf;
    return RAFT_IOERR;
}

static int io_set_term(struct raft_io *io, raft_term term) {
    of(io)->term = term, of(io)->vote = 0;
    return 0;
}

static int io_set_vote(struct raft_io *io, raft_id id) {
    of(io)->vote = id;
    return 0;
}

static int io_send(struct raft_io *io, struct raft_io_send *request,
                   const struct raft_message *message, raft_io_send_cb cb) {
    struct server *s = of(io);
    cluster->sent = realloc(cluster->sent, (cluster->sent_count + 1) * sizeof *cluster->sent);
    struct sent *sent = &cluster->sent[cluster->sent_count++];
    *sent = (struct sent){s->raft.id, message->server_id, *message, NULL};
    if (message->type == RAFT_IO_APPEND_ENTRIES) {
        const struct raft_append_entries *m = &message->append_entries;
        sent->entries = malloc((m->n_entries + 1) * sizeof *sent->entries);
        for (unsigned i = 0; i < m->n_entries; i++) sent->entries[i] = copy(&m->entries[i]);
    }
    wait(&s->sends, request, (void *)cb);
    return 0;
}

static int io_append(struct raft_io *io, struct raft_io_append *request,
                     const struct raft_entry entries[], unsigned n, raft_io_append_cb cb) {
    struct server *s = of(io);
    if (s->stored + n > MOST_ENTRIES) return RAFT_NOSPACE;
    for (unsigned i = 0; i < n; i++) s->entries[s->stored++] = copy(&entries[i]);
    wait(&s->appends, request, (void *)cb);
    return 0;
}

static int io_truncate(struct raft_io *io, raft_index index) {
    struct server *s = of(io);
    while (s->stored >= index) free(s->entries[--s->stored].data);
    return 0;
}

static int io_put(struct raft_io *io, unsigned trailing, struct raft_io_snapshot_put *request,
                  const struct raft_snapshot *snapshot, raft_io_snapshot_put_cb cb) {
    (void)io, (void)trailing, (void)request, (void)snapshot, (void)cb;
    return RAFT_IOERR;
}

static int io_get(struct raft_io *io, struct raft_io_snapshot_get *request,
                  raft_io_snapshot_get_cb cb) {
    (void)io, (void)request, (void)cb;
    return RAFT_IOERR;
}

static raft_time io_time(struct raft_io *io) { return of(io)->now; }

static int io_random(struct raft_io *io, int min, int max) {
    (void)io, (void)max;
    return min;
}

static int fsm_apply(struct raft_fsm *fsm, const struct raft_buffer *buf, void **result) {
    (void)fsm, (void)buf;
    *result = NULL;
    return 0;
}

// ---- Steps

static void done(struct server *s) {
    while (s->appends || s->sends) {
        struct request **list = s->appends ? &s->appends : &s->sends;
        struct request *first = *list;
        *list = first->next;
        if (list == &s->appends)
            ((raft_io_append_cb)first->callback)(first->request, 0);
        else
            ((raft_io_send_cb)first->callback)(first->request, 0);
        free(first);
    }
}

static void begin(struct server *s, unsigned id) {
    memset(&s->raft, 0, sizeof s->raft);
    s->io = (struct raft_io){.version = 1, .impl = s, .init = io_init, .close = io_close,
                             .load = io_load, .start = io_start, .bootstrap = io_bootstrap,
                             .recover = io_recover, .set_term = io_set_term,
                             .set_vote = io_set_vote, .send = io_send, .append = io_append,
                             .truncate = io_truncate, .snapshot_put = io_put,
                             .snapshot_get = io_get, .time = io_time, .random = io_random};
    s->fsm = (struct raft_fsm){.version = 1, .apply = fsm_apply};
    if (raft_init(&s->raft, &s->io, &s->fsm, id, addresses[id])) abort();
}

static void run(struct server *s) {
    if (raft_start(&s->raft)) abort();
    done(s);
}

static void closed(struct raft *raft) { (void)raft; }

void cluster_init(unsigned size) {
    if (cluster) {
        for (unsigned i = 0; i < cluster->size; i++) {
            struct server *s = &cluster->servers[i];
            raft_close(&s->raft, closed);
            while (s->stored) free(s->entries[--s->stored].data);
        }
        for (size_t i = 0; i < cluster->sent_count; i++) {
            struct sent *sent = &cluster->sent[i];
            if (!sent->entries) continue;
            for (unsigned n = 0; n < sent->message.append_entries.n_entries; n++)
                free(sent->entries[n].data);
            free(sent->entries);
        }
        free(cluster->sent);
        free(cluster);
    }
    cluster = calloc(1, sizeof *cluster);
    cluster->size = size;
    struct raft_configuration conf;
    raft_configuration_init(&conf);
    for (unsigned id = 1; id <= size; id++) {
        snprintf(addresses[id], sizeof addresses[id], "%u", id);
        raft_configuration_add(&conf, id, addresses[id], RAFT_VOTER);
    }
    for (unsigned id = 1; id <= size; id++) {
        struct server *s = &cluster->servers[id - 1];
        begin(s, id);
        if (raft_bootstrap(&s->raft, &conf)) abort();
        run(s);
    }
    raft_configuration_close(&conf);
}

void cluster_tick(unsigned id, unsigned milliseconds) {
    struct server *s = &cluster->servers[id - 1];
    s->now += milliseconds;
    s->tick(&s->io);
    done(s);
}

static void applied(struct raft_apply *request, int status, void *result) {
    (void)status, (void)result;
    free(request);
}

int cluster_apply(unsigned id, const char *value) {
    struct server *s = &cluster->servers[id - 1];
    struct raft_apply *request = malloc(sizeof *request);
    struct raft_buffer buffer = {raft_malloc(8), 8};
    memset(buffer.base, 0, 8);
    strncpy(buffer.base, value, 8);
    int error = raft_apply(&s->raft, request, &buffer, 1, applied);
    if (error) {
        raft_free(buffer.base);
        free(request);
    }
    done(s);
    return error;
}

void cluster_restart(unsigned id) {
    struct server *s = &cluster->servers[id - 1];
    raft_close(&s->raft, closed);
    begin(s, id);
    run(s);
}

void cluster_receive(size_t number) {
    struct sent *sent = &cluster->sent[number];
    struct server *s = &cluster->servers[sent->dest - 1];
    struct raft_message message = sent->message;
    message.server_id = sent->source;
    message.server_address = addresses[sent->source];
    if (message.type == RAFT_IO_APPEND_ENTRIES)
        message.append_entries.entries =
            loaded(sent->entries, message.append_entries.n_entries);
    s->receive(&s->io, &message);
    done(s);
}

// ---- What there is

int cluster_is_leader(unsigned id) {
    return cluster->servers[id - 1].raft.state == RAFT_LEADER;
}

size_t cluster_sent(void) { return cluster->sent_count; }

static void entry(const struct stored *e, int first) {
    print("%s{\"term\":%llu,\"value\":\"", first ? "" : ",", e->term);
    if (e->type == RAFT_COMMAND)
        print("%.8s", e->data);
    else
        print(e->type == RAFT_CHANGE ? "members" : "barrier");
    print("\"}");
}

const char *cluster_state(unsigned id) {
    struct server *s = &cluster->servers[id - 1];
    static const char *roles[] = {"Follower", "Follower", "Candidate", "Leader"};
    length = 0;
    print("{\"currentTerm\":%llu,\"votedFor\":%llu,\"role\":\"%s\",\"commitIndex\":%llu,\"log\":[",
          s->raft.current_term, s->raft.voted_for, roles[s->raft.state], s->raft.commit_index);
    for (size_t i = 0; i < s->stored; i++) entry(&s->entries[i], !i);
    print("]");
    if (s->raft.state == RAFT_LEADER) {
        print(",\"matchIndex\":[");
        for (unsigned i = 0; i < cluster->size; i++)
            print("%s%llu", i ? "," : "",
                  i + 1 == id ? 0 : s->raft.leader_state.progress[i].match_index);
        print("]");
    }
    print("}");
    return text;
}

const char *cluster_message(size_t number) {
    const struct sent *sent = &cluster->sent[number];
    const struct raft_message *m = &sent->message;
    length = 0;
    print("{\"source\":%llu,\"dest\":%llu,", sent->source, sent->dest);
    switch (m->type) {
    case RAFT_IO_REQUEST_VOTE:
        print("\"type\":\"RequestVoteRequest\",\"term\":%llu,\"lastLogIndex\":%llu,"
              "\"lastLogTerm\":%llu}",
              m->request_vote.term, m->request_vote.last_log_index,
              m->request_vote.last_log_term);
        break;
    case RAFT_IO_REQUEST_VOTE_RESULT:
        print("\"type\":\"RequestVoteResponse\",\"term\":%llu,\"voteGranted\":%s}",
              m->request_vote_result.term,
              m->request_vote_result.vote_granted ? "true" : "false");
        break;
    case RAFT_IO_APPEND_ENTRIES:
        print("\"type\":\"AppendEntriesRequest\",\"term\":%llu,\"prevLogIndex\":%llu,"
              "\"prevLogTerm\":%llu,\"leaderCommit\":%llu,\"entries\":[",
              m->append_entries.term, m->append_entries.prev_log_index,
              m->append_entries.prev_log_term, m->append_entries.leader_commit);
        for (unsigned i = 0; i < m->append_entries.n_entries; i++) entry(&sent->entries[i], !i);
        print("]}");
        break;
    case RAFT_IO_APPEND_ENTRIES_RESULT:
        print("\"type\":\"AppendEntriesResponse\",\"term\":%llu,\"success\":%s,"
              "\"matchIndex\":%llu}",
              m->append_entries_result.term,
              m->append_entries_result.rejected ? "false" : "true",
              m->append_entries_result.rejected ? 0 : m->append_entries_result.last_log_index);
        break;
    default:
        print("\"type\":\"%u\"}", m->type);
    }
    return text;
}

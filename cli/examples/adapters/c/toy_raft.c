// A toy Raft: elections, replication, restarts. Put your own in its place; the kit stays as it is.
// `./toy_raft` is driven; with RAFT_TRACE set, `./toy_raft run` is traced.
//
//     cc -O1 -pthread -o toy_raft toy_raft.c
#define _POSIX_C_SOURCE 200809L
#include "raft_kit.h"

#include <stdbool.h>
#include <time.h>

// Names and values have up to 15 characters.
enum { MOST_SERVERS = 9, MOST_ENTRIES = 200 };
enum role { FOLLOWER, CANDIDATE, LEADER };
enum kind { VOTE_REQUEST, VOTE_RESPONSE, APPEND_REQUEST, APPEND_RESPONSE };

static bool forgets_vote; // A known bug, to see it found.

struct entry { int term; char value[16]; };

struct message {
    char id[64];          // in a trace
    struct message *next; // in an inbox
    enum kind kind;
    char source[16], dest[16];
    int term;
    int last_log_index, last_log_term;                       // VOTE_REQUEST
    bool vote_granted;                                       // VOTE_RESPONSE
    int prev_log_index, prev_log_term, leader_commit, count; // APPEND_REQUEST
    struct entry entries[MOST_ENTRIES];
    bool success;                                            // APPEND_RESPONSE
    int match_index;
};

struct server {
    char me[16], peers[MOST_SERVERS][16];
    int count; // of the peers
    // Stored:
    int current_term;
    char voted_for[16]; // or empty
    int last;           // The index of the last entry; that of the first is 1.
    struct entry log[MOST_ENTRIES + 1];
    // In memory:
    enum role role;
    int commit_index;
    bool votes[MOST_SERVERS]; // of each peer
    int next_index[MOST_SERVERS], match_index[MOST_SERVERS];
};

static int min(int a, int b) { return a < b ? a : b; }
static int max(int a, int b) { return a > b ? a : b; }
static bool is_quorum(const struct server *s, int count) { return 2 * count > s->count + 1; }

static int peer_of(const struct server *s, const char *name) {
    for (int i = 0; i < s->count; i++)
        if (!strcmp(s->peers[i], name)) return i;
    abort();
}

static void *start(const char *me, int count, char **servers) {
    struct server *s = calloc(1, sizeof *s);
    strcpy(s->me, me);
    for (int i = 0; i < count; i++)
        if (strcmp(servers[i], me)) strcpy(s->peers[s->count++], servers[i]);
    return s;
}

static struct message *message(const struct server *s, enum kind kind, const char *dest) {
    struct message *m = calloc(1, sizeof *m);
    m->kind = kind, m->term = s->current_term;
    strcpy(m->source, s->me), strcpy(m->dest, dest);
    return m;
}

static void restart(void *server, struct kit_sends *sends) {
    struct server *s = server;
    (void)sends, s->role = FOLLOWER, s->commit_index = 0;
    if (forgets_vote) s->voted_for[0] = 0;
}

static void timeout(void *server, struct kit_sends *sends) {
    struct server *s = server;
    if (s->role == LEADER) return;
    s->current_term++, s->role = CANDIDATE;
    strcpy(s->voted_for, s->me), memset(s->votes, 0, sizeof s->votes);
    for (int i = 0; i < s->count; i++) {
        struct message *m = message(s, VOTE_REQUEST, s->peers[i]);
        m->last_log_index = s->last, m->last_log_term = s->log[s->last].term;
        kit_send(sends, m);
    }
}

static void client_request(void *server, const char *value, struct kit_sends *sends) {
    struct server *s = server;
    if ((void)sends, s->role != LEADER || s->last == MOST_ENTRIES) return;
    s->log[++s->last].term = s->current_term;
    snprintf(s->log[s->last].value, sizeof s->log->value, "%s", value);
}

static void append_entries(void *server, const char *peer, int count, struct kit_sends *sends) {
    struct server *s = server;
    if (s->role != LEADER) return;
    struct message *m = message(s, APPEND_REQUEST, peer);
    m->prev_log_index = s->next_index[peer_of(s, peer)] - 1;
    m->prev_log_term = s->log[m->prev_log_index].term;
    m->leader_commit = s->commit_index;
    m->count = min(count, s->last - m->prev_log_index);
    for (int i = 0; i < m->count; i++) m->entries[i] = s->log[m->prev_log_index + 1 + i];
    kit_send(sends, m);
}

static void store(struct server *s, const struct message *m) {
    int at = m->prev_log_index;
    for (int i = 0; i < m->count; i++) {
        at++;
        if (at <= s->last && s->log[at].term != m->entries[i].term) s->last = at - 1; // A conflict.
        if (at > s->last) s->log[s->last = at] = m->entries[i];
    }
    s->commit_index = max(s->commit_index, min(m->leader_commit, at));
}

static void count_vote(struct server *s, const struct message *m) {
    int votes = 1;
    s->votes[peer_of(s, m->source)] = true;
    for (int i = 0; i < s->count; i++) votes += s->votes[i];
    if (!is_quorum(s, votes)) return;
    s->role = LEADER;
    for (int i = 0; i < s->count; i++) s->next_index[i] = s->last + 1, s->match_index[i] = 0;
}

static void count_match(struct server *s, const struct message *m) {
    int peer = peer_of(s, m->source), *next = &s->next_index[peer], *match = &s->match_index[peer];
    *match = max(*match, m->match_index), *next = max(*next - !m->success, *match + 1);
    for (int index = s->commit_index + 1; index <= s->last; index++) {
        int have = 1;
        for (int i = 0; i < s->count; i++) have += s->match_index[i] >= index;
        if (is_quorum(s, have) && s->log[index].term == s->current_term) s->commit_index = index;
    }
}

static void receive(void *server, const void *arrived, struct kit_sends *sends) {
    struct server *s = server;
    const struct message *m = arrived;
    if (m->term > s->current_term) s->current_term = m->term, s->voted_for[0] = 0, s->role = FOLLOWER;
    bool is_of_term = m->term == s->current_term;
    struct message *answer = NULL;
    if (m->kind == VOTE_REQUEST) {
        int mine = s->log[s->last].term;
        bool is_free = !s->voted_for[0] || !strcmp(s->voted_for, m->source);
        bool is_up_to_date = m->last_log_term > mine || (m->last_log_term == mine && m->last_log_index >= s->last);
        kit_send(sends, answer = message(s, VOTE_RESPONSE, m->source));
        answer->vote_granted = is_of_term && is_free && is_up_to_date;
        if (answer->vote_granted) strcpy(s->voted_for, m->source);
    } else if (m->kind == APPEND_REQUEST) {
        bool fits = m->prev_log_index <= s->last && s->log[m->prev_log_index].term == m->prev_log_term;
        kit_send(sends, answer = message(s, APPEND_RESPONSE, m->source));
        if (is_of_term) s->role = FOLLOWER, answer->success = fits;
        if (answer->success) store(s, m), answer->match_index = m->prev_log_index + m->count;
    } else if (m->kind == VOTE_RESPONSE && is_of_term && s->role == CANDIDATE && m->vote_granted) {
        count_vote(s, m);
    } else if (m->kind == APPEND_RESPONSE && is_of_term && s->role == LEADER) {
        count_match(s, m);
    }
}

// ---- What it is in the names of traces/FORMAT.md

static void entries(const struct entry *first, int count, struct kit_text *text) {
    for (int i = 0; i < count; i++) {
        kit_add(text, "%s{\"term\":%d,\"value\":", i ? "," : "[", first[i].term);
        kit_quote(text, first[i].value), kit_add(text, "}");
    }
    kit_add(text, count ? "]" : "[]");
}

static void state(const void *server, struct kit_text *text) {
    static const char *roles[] = {"Follower", "Candidate", "Leader"};
    const struct server *s = server;
    kit_add(text, "{\"currentTerm\":%d,\"role\":\"%s\",", s->current_term, roles[s->role]);
    kit_add(text, "\"commitIndex\":%d,\"votedFor\":", s->commit_index);
    kit_quote(text, s->voted_for[0] ? s->voted_for : NULL);
    kit_add(text, ",\"log\":"), entries(s->log + 1, s->last, text), kit_add(text, "}");
}

static void fields(const void *sent, struct kit_text *text) {
    static const char *types[] = {"RequestVoteRequest", "RequestVoteResponse", "AppendEntriesRequest",
                                  "AppendEntriesResponse"};
    const struct message *m = sent;
    kit_add(text, "{\"type\":\"%s\",\"term\":%d,\"source\":", types[m->kind], m->term);
    kit_quote(text, m->source), kit_add(text, ",\"dest\":"), kit_quote(text, m->dest);
    if (m->kind == VOTE_REQUEST)
        kit_add(text, ",\"lastLogIndex\":%d,\"lastLogTerm\":%d}", m->last_log_index, m->last_log_term);
    if (m->kind == VOTE_RESPONSE) kit_add(text, ",\"voteGranted\":%s}", m->vote_granted ? "true" : "false");
    if (m->kind == APPEND_REQUEST) {
        kit_add(text, ",\"prevLogIndex\":%d,\"prevLogTerm\":%d,", m->prev_log_index, m->prev_log_term);
        kit_add(text, "\"leaderCommit\":%d,\"entries\":", m->leader_commit);
        entries(m->entries, m->count, text), kit_add(text, "}");
    }
    if (m->kind == APPEND_RESPONSE)
        kit_add(text, ",\"success\":%s,\"matchIndex\":%d}", m->success ? "true" : "false", m->match_index);
}

static const struct kit_server kit = {start, timeout, receive, client_request, append_entries,
                                      restart, state, fields, free};

// ---- A run that is traced: each server is a thread, and some messages are lost

static char *names[] = {"s1", "s2", "s3"};
static struct message *inboxes[3]; // Who came last comes first: messages overtake each other.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kit_trace *trace;

static void post(const char *me, struct message *m) {
    struct message **inbox = &inboxes[m->dest[1] - '1'];
    struct kit_text text = {0};
    fields(m, &text), kit_line(trace, "Send", me, m->id, text.at, NULL), free(text.at);
    pthread_mutex_lock(&lock);
    m->next = *inbox, *inbox = m;
    pthread_mutex_unlock(&lock);
}

static void *live(void *server) {
    struct server *s = server;
    struct message **inbox = &inboxes[s->me[1] - '1'];
    unsigned chance = (unsigned)time(NULL) + (unsigned)s->me[1];
    for (int step = 0; step < 200; step++) {
        struct kit_sends sends = {0};
        struct kit_text text = {0};
        const char *name = "Timeout";
        nanosleep(&(struct timespec){0, 500000 + rand_r(&chance) % 500000}, NULL);
        pthread_mutex_lock(&lock);
        struct message *m = *inbox;
        *inbox = m ? m->next : NULL;
        pthread_mutex_unlock(&lock);
        if (!m && s->role != LEADER && rand_r(&chance) % 4) continue; // It waits on.
        if (m) name = "Receive", receive(s, m, &sends);
        else if (rand_r(&chance) % 20 == 0) name = "Restart", restart(s, &sends);
        else if (s->role != LEADER) timeout(s, &sends);
        else {
            name = "ClientRequest", client_request(s, "v", &sends);
            for (int i = 0; i < s->count; i++) append_entries(s, s->peers[i], 2, &sends);
        }
        state(s, &text);
        kit_line(trace, name, s->me, m ? m->id : NULL, NULL, text.at);
        for (size_t i = 0; i < sends.count; i++)
            if (rand_r(&chance) % 10) post(s->me, sends.at[i]);
        free(text.at), free(sends.at), free(m);
    }
    return NULL;
}

int main(int count, char **arguments) {
    forgets_vote = !strcmp(arguments[count - 1], "--forgets-vote");
    if (count == 1 || strcmp(arguments[1], "run")) return kit_serve(&kit), 0;
    pthread_t threads[3];
    trace = kit_open(3, names);
    for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, live, start(names[i], 3, names));
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    return 0;
}

/* bench-snapshot LINK-SOCKET CONTROL-SOCKET: stands in the place of greenlane-link, and brings snapshots as fast as they are taken. What the real one
 * does before that (MQTT, JSON, each record's digest) is not in it.
 *
 *     load SEQ N     on standard input: a snapshot of N declarations, then one of N movements, both standing for number SEQ
 *
 * A line of JSON on standard output tells when it has begun, when all was sent, and when both had taken over. What greenlaned publishes meanwhile is
 * taken and acknowledged, as a broker would. */
#include <errno.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "records.h"

enum { ASK_EVERY_MS = 10, LOOK_EVERY = 32, TAKE_WITHIN_S = 1200, TOKENS = 65536, LINE = 128, DIGEST = 32 };

struct link {
    int fd;
    const char *control;
    int64_t tokens[TOKENS]; /* published, and to be acknowledged */
    size_t n_tokens;
    struct gl_feed_record *record;
    struct gl_msg_publish *publish; /* room for whatever greenlaned sends, large enough for an answer too */
    uint8_t bytes[GL_IPC_MAX];
    EVP_MD_CTX *sum; /* of the records' digests */
    int loads;
};

/* ---- the socket ------------------------------------------------------------------------------------------------------------------------ */

/* Everything that greenlaned has sent by now. */
static void take(struct link *l) {
    for (;;) {
        enum gl_message_type type;
        ssize_t n = recv(l->fd, l->bytes, sizeof l->bytes, MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) bench_die("bench-snapshot: greenlaned closed the connection");
        uint64_t accepts = GL_ACCEPT(GL_MSG_PUBLISH) | GL_ACCEPT(GL_MSG_WELCOME);
        if (gl_message_unpack(l->bytes, (size_t)n, accepts, &type, l->publish) < 0)
            bench_die("bench-snapshot: a strange message from greenlaned");
        if (type != GL_MSG_PUBLISH || l->publish->token == 0) continue;
        if (l->n_tokens == TOKENS) bench_die("bench-snapshot: greenlaned publishes without end");
        l->tokens[l->n_tokens++] = l->publish->token;
    }
}

static void say(struct link *l, enum gl_message_type type, const void *msg) {
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(GL_IPC_MAX);
    if (gl_message_pack(type, msg, &out) < 0) bench_die("bench-snapshot: a message is too large");
    while (send(l->fd, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        struct pollfd p = {.fd = l->fd, .events = POLLIN | POLLOUT};
        if (errno != EAGAIN) bench_die("bench-snapshot: greenlaned is gone: %s", strerror(errno));
        poll(&p, 1, 1000);
        if (p.revents & POLLIN) take(l);
    }
}

static void acknowledge(struct link *l) {
    take(l);
    while (l->n_tokens > 0) {
        size_t n = l->n_tokens;
        for (size_t i = 0; i < n; i++)
            say(l, GL_MSG_PUBLISHED, &(struct gl_msg_published){.token = l->tokens[i], .refused = GL_FALSE});
        memmove(l->tokens, l->tokens + n, (l->n_tokens - n) * sizeof l->tokens[0]);
        l->n_tokens -= n;
    }
}

/* ---- a snapshot ------------------------------------------------------------------------------------------------------------------------ */

static void frame(struct link *l, enum gl_collection which, enum gl_feed_op op, int64_t seq, int64_t n) {
    struct gl_feed_record *r = l->record;
    *r = (struct gl_feed_record){.collection = (uint8_t)which, .op = (uint8_t)op, .epoch = BENCH_EPOCH, .seq = seq};
    r->as_of = gl_now_read().wall;
    gl_fields_clear(&gl_snapshot_fields, &r->body.snap);
    gl_format(r->body.snap.snapshot, sizeof r->body.snap.snapshot, "bench-%d-%s", l->loads, gl_collections[which]);
    r->body.snap.count = n;
    if (op == GL_OP_SNAPSHOT_END) {
        EVP_DigestFinal_ex(l->sum, r->body.snap.sha256.data, NULL);
        r->body.snap.sha256.len = DIGEST;
    }
    say(l, GL_MSG_FEED, r);
}

/* A record's digest is made up: the sum of them is all that is looked at from here on. */
static void place(struct link *l, int64_t i) {
    struct gl_feed_record *r = l->record;
    bench_renumber(r, i);
    r->seq = i + 1;
    memcpy(r->digest.data, &i, sizeof i);
    r->digest.len = DIGEST;
    EVP_DigestUpdate(l->sum, r->digest.data, DIGEST);
    say(l, GL_MSG_FEED, r);
    if (i % LOOK_EVERY == 0) acknowledge(l);
}

static void snapshot(struct link *l, enum gl_collection which, int64_t seq, int64_t n) {
    EVP_DigestInit_ex(l->sum, EVP_sha256(), NULL);
    frame(l, which, GL_OP_SNAPSHOT_BEGIN, seq, n);
    if (which == GL_COLLECTION_MOVEMENTS)
        bench_movement(l->record, gl_now_read().wall);
    else
        bench_declaration(l->record, gl_now_read().wall);
    gl_format(l->record->snapshot, sizeof l->record->snapshot, "bench-%d-%s", l->loads, gl_collections[which]);
    for (int64_t i = 0; i < n; i++) place(l, i);
    frame(l, which, GL_OP_SNAPSHOT_END, seq, n);
}

/* ---- has it taken over? ---------------------------------------------------------------------------------------------------------------- */

/* One collection as `greenlane feed` tells it: its books stand at the snapshot's number from the switch on. */
static bool stands(const json_t *c, int64_t seq) {
    const char *name = json_string_value(json_object_get(c, "collection"));
    bool ours = name && (strcmp(name, "movements") == 0 || strcmp(name, "declarations") == 0);
    const json_t *asked = json_object_get(c, "asked");
    if (ours && json_is_object(asked) && json_string_length(json_object_get(asked, "want")) > 0)
        bench_die("bench-snapshot: the snapshot of %s was given up: %s", name, json_string_value(json_object_get(asked, "reason")));
    return !ours || json_integer_value(json_object_get(c, "seq")) >= seq;
}

static bool both_stand(const char *text, int64_t seq) {
    json_t *root = json_loads(text, 0, NULL), *all = json_object_get(root, "collections"), *c;
    size_t i;
    bool yes = json_array_size(all) > 0;
    json_array_foreach(all, i, c) yes = yes && stands(c, seq);
    json_decref(root);
    return yes;
}

static bool taken_over(struct link *l, int64_t seq) {
    struct gl_error err;
    enum gl_message_type type = GL_MSG_NONE;
    struct gl_msg_hello hello = {.version = GL_IPC_VERSION, .program = "greenlane", .pid = getpid()};
    struct gl_msg_text *answer = (void *)l->publish;
    bool yes = false;
    GL_CLEANUP(gl_close_fd) int fd = gl_ipc_connect(l->control, &err);
    if (fd < 0 || gl_ipc_send_blocking(fd, GL_MSG_HELLO, &hello) < 0 ||
        gl_ipc_send_blocking(fd, GL_MSG_QUERY, &(struct gl_msg_query){.what = "feed"}) < 0)
        bench_die("bench-snapshot: greenlaned cannot be asked");
    while (gl_ipc_recv_blocking(fd, GL_ACCEPT(GL_MSG_TEXT) | GL_ACCEPT(GL_MSG_DONE), &type, answer) > 0 && type == GL_MSG_TEXT)
        yes = yes || both_stand(answer->text, seq);
    return yes;
}

static void load(struct link *l, int64_t seq, int64_t n) {
    int64_t begun = bench_ns(), asked = 0;
    l->loads++;
    snapshot(l, GL_COLLECTION_DECLARATIONS, seq, n);
    snapshot(l, GL_COLLECTION_MOVEMENTS, seq, n);
    int64_t sent = bench_ns(), give_up = sent + TAKE_WITHIN_S * INT64_C(1000000000);
    while (!taken_over(l, seq)) {
        struct pollfd p = {.fd = l->fd, .events = POLLIN};
        for (asked = bench_ns(); bench_ns() - asked < ASK_EVERY_MS * INT64_C(1000000);) {
            poll(&p, 1, ASK_EVERY_MS);
            acknowledge(l);
        }
        if (bench_ns() > give_up) bench_die("bench-snapshot: it did not take over");
    }
    printf("{\"begun_ns\": %lld, \"sent_ns\": %lld, \"switched_ns\": %lld, \"records\": %lld}\n", (long long)begun, (long long)sent,
           (long long)bench_ns(), (long long)n * 2);
    fflush(stdout);
}

/* ---- orders ---------------------------------------------------------------------------------------------------------------------------- */

static void obey(struct link *l, char *line) {
    char *n = strncmp(line, "load ", 5) == 0 ? strchr(line + 5, ' ') : NULL;
    if (!n) bench_die("bench-snapshot: 'load SEQ N' is all that it knows");
    *n++ = '\0';
    n[strcspn(n, "\n")] = '\0';
    load(l, bench_int(line + 5, "SEQ"), bench_int(n, "N"));
}

int main(int argc, char **argv) {
    struct gl_error err;
    char line[LINE];
    if (argc != 3) bench_die("usage: bench-snapshot LINK-SOCKET CONTROL-SOCKET");
    struct link *l = calloc(1, sizeof *l);
    if (!l || !(l->record = malloc(sizeof *l->record)) || !(l->publish = malloc(gl_ipc_scratch_size())) ||
        !(l->sum = EVP_MD_CTX_new()))
        bench_die("bench-snapshot: out of memory");
    l->control = argv[2];
    if ((l->fd = gl_ipc_connect(argv[1], &err)) < 0) bench_die("bench-snapshot: %s", err.text);
    say(l, GL_MSG_HELLO, &(struct gl_msg_hello){.version = GL_IPC_VERSION, .program = "greenlane-link", .pid = getpid()});
    say(l, GL_MSG_LINK_STATE, &(struct gl_msg_link_state){.connected = GL_TRUE});
    for (;;) {
        struct pollfd p[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = l->fd, .events = POLLIN}};
        poll(p, GL_COUNT(p), -1);
        acknowledge(l);
        if (!p[0].revents) continue;
        ssize_t n = read(STDIN_FILENO, line, sizeof line - 1);
        if (n <= 0) return 0;
        line[n] = '\0';
        obey(l, line);
    }
}

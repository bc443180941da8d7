/* The channel between processes, over real socket pairs: every type there and back, and every way in which a peer can misbehave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/channel.h"

struct bench {
    uv_loop_t loop;
    struct gl_ipc *ch; /* NULL once closed */
    int peer;          /* the raw other end */
    int messages, closings;
    enum gl_message_type type;
    void *msg; /* a copy of the last message */
    char reason[GL_DETAIL];
    bool close_on_message;
};

static void on_message(void *user, struct gl_ipc *ch, enum gl_message_type type, const void *msg) {
    struct bench *b = user;
    b->messages++;
    b->type = type;
    memcpy(b->msg, msg, gl_messages[type].size);
    if (b->close_on_message) gl_ipc_close(ch, "enough");
}

static void on_closed(void *user, struct gl_ipc *ch, const char *reason) {
    struct bench *b = user;
    assert_ptr_equal(ch, b->ch);
    b->closings++;
    b->ch = NULL;
    gl_clip(b->reason, sizeof b->reason, reason);
}

static const struct gl_ipc_events events = {on_message, on_closed};

static int setup(void **state) {
    struct bench *b = calloc(1, sizeof *b);
    int fds[2];
    assert_int_equal(uv_loop_init(&b->loop), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    b->msg = calloc(1, gl_ipc_scratch_size());
    b->peer = fds[1];
    assert_int_equal(gl_ipc_open(&b->loop, fds[0], UINT64_MAX & ~GL_ACCEPT(GL_MSG_QUERY), &events, b, &b->ch), 0);
    *state = b;
    return 0;
}

static int teardown(void **state) {
    struct bench *b = *state;
    if (b->ch) gl_ipc_close(b->ch, "the test is over");
    uv_run(&b->loop, UV_RUN_DEFAULT);
    assert_null(b->ch);
    assert_int_equal(b->closings, 1);
    assert_int_equal(uv_loop_close(&b->loop), 0);
    gl_close_fd(&b->peer);
    free(b->msg);
    free(b);
    return 0;
}

/* Runs the loop while it has something to do at once. */
static void turn(struct bench *b) {
    for (int i = 0; i < 8; i++) uv_run(&b->loop, UV_RUN_NOWAIT);
}

/* A message of a type with something in it. */
static void *make(enum gl_message_type type) {
    const struct gl_message *m = &gl_messages[type];
    void *s = calloc(1, m->size);
    if (m->fields) {
        gl_fields_clear(m->fields, s);
    } else if (type == GL_MSG_READING) {
        gl_reading_init(s, GL_READING_PLATE);
        snprintf(((struct gl_reading *)s)->value.plate.text, GL_PLATE, "NC15REG");
    } else {
        struct gl_feed_record *r = s;
        r->collection = GL_COLLECTION_MOVEMENTS;
        r->op = GL_OP_CANCEL;
        gl_fields_clear(&gl_cancel_fields, &r->body.cancel);
        snprintf(r->body.cancel.ref.type, GL_REF_TYPE, "gmr");
        snprintf(r->body.cancel.ref.value, GL_REF, "GMRA00002KVC");
    }
    return s;
}

static void every_type_passes(void **state) {
    struct bench *b = *state;
    for (int type = 1; type < GL_MSG_TYPES; type++) {
        if (type == GL_MSG_QUERY) continue; /* not accepted from this peer */
        void *sent = make(type), *again = calloc(1, gl_ipc_scratch_size());
        assert_non_null(gl_messages[type].name);
        assert_int_equal(gl_ipc_send_blocking(b->peer, type, sent), 0);
        b->messages = 0;
        turn(b);
        assert_int_equal(b->messages, 1);
        assert_int_equal(b->type, type);
        /* Back again: the packed forms must be the same byte for byte. */
        struct gl_buf one = GL_BUF(GL_IPC_MAX), two = GL_BUF(GL_IPC_MAX);
        assert_int_equal(gl_ipc_send(b->ch, type, b->msg), 0);
        enum gl_message_type got;
        assert_int_equal(gl_ipc_recv_blocking(b->peer, UINT64_MAX, &got, again), 1);
        assert_int_equal(got, type);
        assert_int_equal(gl_message_pack(type, sent, &one), 0);
        assert_int_equal(gl_message_pack(type, again, &two), 0);
        assert_int_equal(one.len, two.len);
        assert_memory_equal(one.data, two.data, one.len);
        gl_buf_free(&one);
        gl_buf_free(&two);
        free(sent);
        free(again);
    }
}

static void values_arrive(void **state) {
    struct bench *b = *state;
    struct gl_msg_publish *p = make(GL_MSG_PUBLISH);
    p->token = 77;
    snprintf(p->topic, sizeof p->topic, "greenlane/v1/north/state/gateway");
    p->retain = GL_TRUE;
    p->expiry_s = 30;
    p->correlation.len = 2;
    memcpy(p->correlation.data, "\0x", 2);
    memset(p->payload, 'x', GL_PAYLOAD - 1); /* the longest there is */
    assert_int_equal(gl_ipc_send_blocking(b->peer, GL_MSG_PUBLISH, p), 0);
    turn(b);
    const struct gl_msg_publish *got = b->msg;
    assert_int_equal(b->messages, 1);
    assert_int_equal(got->token, 77);
    assert_string_equal(got->topic, p->topic);
    assert_int_equal(got->correlation.len, 2);
    assert_memory_equal(got->correlation.data, "\0x", 2);
    assert_int_equal(strlen(got->payload), GL_PAYLOAD - 1);
    free(p);
}

/* The fullest declaration must fit: 1,999 goods items, every list full, every text full. */
static void fill_text(char *p, size_t size) {
    memset(p, 'A', size - 1);
    p[size - 1] = '\0';
}
static void fill(const struct gl_fields *t, void *s) {
    for (size_t i = 0; i < t->n; i++) {
        const struct gl_field *f = &t->f[i];
        if (f->list) *(uint16_t *)((char *)s + f->count_offset) = f->capacity;
        for (size_t k = 0; k < (f->list ? f->capacity : 1u); k++) {
            char *p = (char *)s + f->offset + k * f->size;
            if (f->type == GL_F_TEXT) fill_text(p, f->size);
            if (f->type == GL_F_ENUM || f->type == GL_F_TRI) *(uint8_t *)p = 1;
            if (f->type == GL_F_INT || f->type == GL_F_GRAMS) *(int64_t *)p = f->max;
            if (f->type == GL_F_STRUCT) fill(f->sub, p);
        }
    }
}

static void the_largest_fits(void **state) {
    struct bench *b = *state;
    struct gl_feed_record *r = calloc(1, sizeof *r);
    r->collection = GL_COLLECTION_DECLARATIONS;
    r->op = GL_OP_UPSERT;
    fill_text(r->epoch, sizeof r->epoch);
    gl_fields_clear(&gl_declaration_fields, &r->body.declaration);
    fill(&gl_declaration_fields, &r->body.declaration);
    assert_int_equal(gl_ipc_send_blocking(b->peer, GL_MSG_FEED, r), 0);
    turn(b);
    assert_int_equal(b->messages, 1);
    assert_int_equal(((const struct gl_feed_record *)b->msg)->body.declaration.n_goods, GL_MAX_GOODS);
    gl_fields_clear(&gl_movement_fields, &r->body.movement);
    fill(&gl_movement_fields, &r->body.movement);
    r->collection = GL_COLLECTION_MOVEMENTS;
    assert_int_equal(gl_ipc_send_blocking(b->peer, GL_MSG_FEED, r), 0);
    turn(b);
    assert_int_equal(b->messages, 2);
    free(r);
}

static void send_raw(struct bench *b, const void *bytes, size_t len) {
    assert_int_equal(send(b->peer, bytes, len, MSG_NOSIGNAL), len);
    turn(b);
}

static void expect_end(struct bench *b, const char *part) {
    assert_int_equal(b->messages, 0);
    assert_int_equal(b->closings, 1);
    if (!strstr(b->reason, part)) fail_msg("\"%s\" does not contain \"%s\"", b->reason, part);
}

static void truncated_is_refused(void **state) {
    struct bench *b = *state;
    struct gl_msg_done *d = make(GL_MSG_DONE);
    struct gl_buf out = GL_BUF(GL_IPC_MAX);
    assert_int_equal(gl_message_pack(GL_MSG_DONE, d, &out), 0);
    void *scratch = malloc(gl_ipc_scratch_size());
    enum gl_message_type type;
    for (size_t n = 0; n < out.len; n++) /* no prefix of a message is a message */
        assert_true(gl_message_unpack(out.data, n, UINT64_MAX, &type, scratch) < 0);
    free(scratch);
    send_raw(b, out.data, out.len - 1);
    expect_end(b, "malformed");
    gl_buf_free(&out);
    free(d);
}

static void trailing_bytes_are_refused(void **state) {
    struct bench *b = *state;
    struct gl_msg_done *d = make(GL_MSG_DONE);
    struct gl_buf out = GL_BUF(GL_IPC_MAX);
    assert_int_equal(gl_message_pack(GL_MSG_DONE, d, &out), 0);
    gl_buf_char(&out, 'x');
    out.data[7]++; /* the length says so too: the fields do not */
    send_raw(b, out.data, out.len);
    expect_end(b, "malformed");
    gl_buf_free(&out);
    free(d);
}

static void oversized_is_refused(void **state) {
    struct bench *b = *state;
    int size = 1 << 20;
    setsockopt(b->peer, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    char *big = calloc(1, GL_IPC_MAX + 1);
    send_raw(b, big, GL_IPC_MAX + 1);
    expect_end(b, "size limit");
    free(big);
}

static void wrong_type_is_refused(void **state) {
    struct bench *b = *state;
    void *q = make(GL_MSG_QUERY);
    assert_int_equal(gl_ipc_send_blocking(b->peer, GL_MSG_QUERY, q), 0);
    turn(b);
    expect_end(b, "may not send: query");
    free(q);
}

static void unknown_type_is_refused(void **state) {
    static const uint8_t bytes[] = {0, GL_MSG_TYPES, 0, 0, 0, 0, 0, 0};
    send_raw(*state, bytes, sizeof bytes);
    expect_end(*state, "unknown type");
}

static void type_beyond_the_mask_is_refused(void **state) {
    static const uint8_t bytes[] = {0, 64 + GL_MSG_DONE, 0, 0, 0, 0, 0, 0};
    send_raw(*state, bytes, sizeof bytes);
    expect_end(*state, "unknown type");
}

static void garbage_is_refused(void **state) {
    uint8_t bytes[512];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 37 + 11);
    send_raw(*state, bytes, sizeof bytes);
    expect_end(*state, "malformed");
}

static void nonzero_reserved_is_refused(void **state) {
    static const uint8_t bytes[] = {0, GL_MSG_HELLO, 0, 1, 0, 0, 0, 0};
    send_raw(*state, bytes, sizeof bytes);
    expect_end(*state, "malformed");
}

static void too_long_a_text_is_not_sent(void **state) {
    struct bench *b = *state;
    struct gl_msg_done *d = make(GL_MSG_DONE);
    memset(d->text, 'x', sizeof d->text); /* no terminator */
    assert_int_equal(gl_ipc_send(b->ch, GL_MSG_DONE, d), -EMSGSIZE);
    assert_int_equal(b->closings, 0);
    free(d);
}

static void queue_drains_in_order(void **state) {
    struct bench *b = *state;
    struct gl_msg_text *t = make(GL_MSG_TEXT), *got = calloc(1, gl_ipc_scratch_size());
    memset(t->text, 'y', 60000);
    int sent = 0;
    while (gl_ipc_queued(b->ch) < 1000000) {
        char head[16];
        snprintf(head, sizeof head, "%08d", sent++);
        memcpy(t->text, head, 8);
        assert_int_equal(gl_ipc_send(b->ch, GL_MSG_TEXT, t), 0);
    }
    for (int i = 0; i < sent; i++) {
        enum gl_message_type type;
        turn(b);
        assert_int_equal(gl_ipc_recv_blocking(b->peer, UINT64_MAX, &type, got), 1);
        char head[16];
        snprintf(head, sizeof head, "%08d", i);
        assert_memory_equal(got->text, head, 8);
    }
    assert_int_equal(gl_ipc_queued(b->ch), 0);
    free(t);
    free(got);
}

static struct gl_feed_record *make_heartbeat(void) {
    struct gl_feed_record *r = calloc(1, gl_ipc_scratch_size());
    *r = (struct gl_feed_record){.collection = GL_COLLECTION_TAGS, .op = GL_OP_HEARTBEAT, .epoch = "e", .seq = 1, .as_of = 1};
    return r;
}

/* Feed records share datagrams, each with its own place; what else is said between them comes where it was said. */
static void gathered_records_come_in_order(void **state) {
    enum { RECORDS = 400 };
    struct bench *b = *state;
    struct gl_feed_record *r = make_heartbeat(), *got = calloc(1, gl_ipc_scratch_size());
    struct gl_msg_done *d = make(GL_MSG_DONE);
    struct gl_ipc_reader reader = {.fd = b->peer, .bytes = malloc(GL_IPC_MAX)};
    enum gl_message_type type;
    gl_ipc_gather(b->ch);
    for (int i = 0; i < RECORDS; i++) {
        r->seq = i + 1;
        assert_int_equal(gl_ipc_send(b->ch, GL_MSG_FEED, r), 0);
        if (i == RECORDS / 2) assert_int_equal(gl_ipc_send(b->ch, GL_MSG_DONE, d), 0);
    }
    assert_true(gl_ipc_queued(b->ch) > 0); /* until the loop turns */
    int datagrams = 0;
    for (int i = 0; i < RECORDS; i++) {
        if (!gl_ipc_has_more(&reader)) {
            turn(b);
            datagrams++;
        }
        assert_int_equal(gl_ipc_read(&reader, UINT64_MAX, &type, got), 1);
        assert_int_equal(type, GL_MSG_FEED);
        assert_int_equal(got->seq, i + 1);
        if (i != RECORDS / 2) continue;
        assert_false(gl_ipc_has_more(&reader));
        turn(b);
        assert_int_equal(gl_ipc_read(&reader, UINT64_MAX, &type, got), 1);
        assert_int_equal(type, GL_MSG_DONE);
    }
    assert_true(datagrams < RECORDS / 4);
    assert_int_equal(gl_ipc_queued(b->ch), 0);
    free(reader.bytes);
    free(r);
    free(d);
    free(got);
}

/* Several in a datagram, but the last is cut, or is no feed record: not one of them is taken. */
static void a_bad_one_spoils_the_datagram(void **state GL_UNUSED) {
    struct gl_feed_record *r = make_heartbeat(), *got = calloc(1, gl_ipc_scratch_size());
    struct gl_msg_done *d = make(GL_MSG_DONE);
    GL_CLEANUP(gl_buf_free) struct gl_buf two = GL_BUF(GL_IPC_MAX), mixed = GL_BUF(GL_IPC_MAX);
    enum gl_message_type type;
    assert_int_equal(gl_message_pack(GL_MSG_FEED, r, &two), 0);
    assert_int_equal(gl_message_pack(GL_MSG_FEED, r, &mixed), 0);
    size_t one = two.len;
    assert_int_equal(gl_message_pack(GL_MSG_FEED, r, &two), 0);
    assert_int_equal(gl_message_pack(GL_MSG_DONE, d, &mixed), 0);
    assert_int_equal(gl_message_first(two.data, two.len), one);
    for (size_t n = one + 1; n < two.len; n++) assert_int_equal(gl_message_first(two.data, n), n);
    assert_int_equal(gl_message_first(mixed.data, mixed.len), mixed.len);
    assert_int_equal(gl_message_unpack(mixed.data, mixed.len, UINT64_MAX, &type, got), -EBADMSG);
    free(r);
    free(d);
    free(got);
}

static void a_full_queue_ends_the_peer(void **state) {
    struct bench *b = *state;
    struct gl_msg_text *t = make(GL_MSG_TEXT);
    memset(t->text, 'y', GL_PAYLOAD - 1);
    int rc = 0, sent = 0;
    while (sent < 1000 && (rc = gl_ipc_send(b->ch, GL_MSG_TEXT, t)) == 0) sent++;
    assert_int_equal(rc, -EPIPE);
    assert_true(gl_ipc_queued(b->ch) <= 4 * 1024 * 1024);
    assert_int_equal(b->closings, 0); /* only from the loop */
    assert_int_equal(gl_ipc_send(b->ch, GL_MSG_TEXT, t), -EPIPE);
    turn(b);
    expect_end(b, "queue is full");
    free(t);
}

static void a_peer_that_leaves_is_noticed(void **state) {
    struct bench *b = *state;
    gl_close_fd(&b->peer);
    turn(b);
    expect_end(b, "closed the connection");
}

/* What the peer said before it left is not lost, even when it left without reading and when sending to it fails first. */
static void last_words_are_heard(void **state) {
    struct bench *b = *state;
    struct gl_msg_done *d = make(GL_MSG_DONE);
    assert_int_equal(gl_ipc_send(b->ch, GL_MSG_DONE, d), 0); /* never read */
    for (int i = 0; i < 200; i++) assert_int_equal(gl_ipc_send_blocking(b->peer, GL_MSG_DONE, d), 0);
    gl_close_fd(&b->peer);
    assert_int_equal(gl_ipc_send(b->ch, GL_MSG_DONE, d), -EPIPE);
    turn(b);
    assert_int_equal(b->messages, 200);
    assert_int_equal(b->closings, 1);
    free(d);
}

static void may_close_inside_message(void **state) {
    struct bench *b = *state;
    struct gl_msg_done *d = make(GL_MSG_DONE);
    b->close_on_message = true;
    for (int i = 0; i < 3; i++) assert_int_equal(gl_ipc_send_blocking(b->peer, GL_MSG_DONE, d), 0);
    turn(b);
    assert_int_equal(b->messages, 1);
    assert_string_equal(b->reason, "enough");
    free(d);
}

static void blocking_sees_the_end(void **state) {
    struct bench *b = *state;
    enum gl_message_type type;
    void *msg = calloc(1, gl_ipc_scratch_size());
    gl_ipc_close(b->ch, "done");
    turn(b);
    assert_int_equal(gl_ipc_recv_blocking(b->peer, UINT64_MAX, &type, msg), 0);
    free(msg);
}

static void sockets_listen_and_connect(void **state GL_UNUSED) {
    char dir[] = "/tmp/gl-ipc-XXXXXX", path[128];
    struct gl_error err;
    struct stat st;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/s", dir);
    assert_int_equal(gl_ipc_connect(path, &err), -ENOENT);
    int l = gl_ipc_listen(path, &err);
    assert_true(l >= 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
    int c = gl_ipc_connect(path, &err);
    assert_true(c >= 0);
    assert_int_equal(gl_ipc_listen(path, &err), -EADDRINUSE); /* alive: not replaced */
    close(c);
    close(l);
    assert_int_equal(gl_ipc_connect(path, &err), -ECONNREFUSED);
    l = gl_ipc_listen(path, &err); /* stale: replaced */
    assert_true(l >= 0);
    close(l);
    unlink(path);
    FILE *f = fopen(path, "w");
    fclose(f);
    assert_int_equal(gl_ipc_listen(path, &err), -EEXIST); /* somebody's file: left alone */
    unlink(path);
    rmdir(dir);
    char longpath[200];
    memset(longpath, 'a', sizeof longpath - 1);
    longpath[sizeof longpath - 1] = '\0';
    assert_int_equal(gl_ipc_listen(longpath, &err), -ENAMETOOLONG);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(every_type_passes),
        T(values_arrive),
        T(the_largest_fits),
        T(truncated_is_refused),
        T(trailing_bytes_are_refused),
        T(oversized_is_refused),
        T(wrong_type_is_refused),
        T(unknown_type_is_refused),
        T(type_beyond_the_mask_is_refused),
        T(garbage_is_refused),
        T(nonzero_reserved_is_refused),
        T(too_long_a_text_is_not_sent),
        T(queue_drains_in_order),
        T(gathered_records_come_in_order),
        T(a_bad_one_spoils_the_datagram),
        T(a_full_queue_ends_the_peer),
        T(a_peer_that_leaves_is_noticed),
        T(last_words_are_heard),
        T(may_close_inside_message),
        T(blocking_sees_the_end),
        cmocka_unit_test(sockets_listen_and_connect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

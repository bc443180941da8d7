/* The window towards the broker: order, bounds, and finding the message that makes the broker close the connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "link/window.h"

static struct gl_window w;
static struct gl_msg_publish *msg;

static void add(int64_t token, const char *topic) {
    msg->token = token;
    gl_clip(msg->topic, sizeof msg->topic, topic);
    gl_clip(msg->payload, sizeof msg->payload, "{}");
    assert_int_equal(gl_window_add(&w, msg), 0);
}

/* Sends whatever may go at this time; how many. */
static unsigned send_all(int64_t mono) {
    unsigned n = 0, slot;
    while (gl_window_next(&w, mono, &slot)) n++;
    return n;
}

static void a_message_is_copied_whole(void **state) {
    (void)state;
    unsigned slot;
    *msg = (struct gl_msg_publish){.token = 7, .retain = GL_TRUE, .expiry_s = 30, .correlation = {.len = 2, .data = {0, 9}}};
    gl_clip(msg->topic, sizeof msg->topic, "a/b");
    gl_clip(msg->payload, sizeof msg->payload, "{\"x\":1}");
    assert_int_equal(gl_window_add(&w, msg), 0);
    memset(msg, 0, sizeof *msg);
    gl_window_open(&w, 10);
    const struct gl_outgoing *o = gl_window_next(&w, 5, &slot);
    assert_non_null(o);
    assert_string_equal(o->topic, "a/b");
    assert_string_equal(o->payload, "{\"x\":1}");
    assert_int_equal(o->payload_len, 7);
    assert_true(o->retain);
    assert_int_equal(o->expiry_s, 30);
    assert_int_equal(o->correlation_len, 2);
    assert_int_equal(o->correlation[1], 9);
    assert_int_equal(gl_window_done(&w, slot), 7);
    assert_int_equal(gl_window_done(&w, slot), -1);
    assert_int_equal(gl_window_done(&w, 9999), -1);
    assert_int_equal(w.bytes, 0);
}

static void the_brokers_receive_maximum_is_kept(void **state) {
    (void)state;
    for (int i = 1; i <= 100; i++) add(i, "t");
    gl_window_open(&w, 3);
    assert_int_equal(send_all(0), 3);
    assert_int_equal(gl_window_done(&w, 1), 2);
    unsigned slot;
    const struct gl_outgoing *o = gl_window_next(&w, 0, &slot);
    assert_int_equal(o->token, 4);
    assert_null(gl_window_next(&w, 0, &slot));
    gl_window_open(&w, 65535);
    assert_int_equal(send_all(0), GL_WINDOW_SLOTS - 3);
}

static void the_list_is_bounded(void **state) {
    (void)state;
    for (int i = 1; i <= GL_WINDOW_WAITING; i++) add(i, "t");
    assert_int_equal(gl_window_add(&w, msg), -ENOBUFS);
}

static void a_loss_forgets_everything(void **state) {
    (void)state;
    struct gl_culprit c;
    for (int i = 1; i <= 70; i++) add(i, "t");
    gl_window_open(&w, 64);
    send_all(0);
    assert_false(gl_window_lost(&w, 100000, &c));
    assert_int_equal(w.waiting + w.busy + w.bytes, 0);
    gl_window_open(&w, 64);
    add(1, "t");
    add(2, "t");
    assert_int_equal(send_all(100000), 2); /* long after it was sent: no message is suspected */
}

static void the_message_that_closes_the_connection_is_found(void **state) {
    (void)state;
    struct gl_culprit c;
    unsigned slot, losses = 0;
    bool found = false;
    /* Ten messages, sent again each time; the broker closes on the fifth, and until then acknowledges what came before it. */
    for (int64_t first = 1; !found && losses < 10; losses++) {
        gl_window_open(&w, 64);
        for (int64_t t = first; t <= 10; t++) add(t, "t");
        const struct gl_outgoing *o;
        bool closed = false;
        while (!closed && (o = gl_window_next(&w, losses * 1000, &slot))) {
            if (o->token == 5 && losses == 0) send_all(0); /* the first time the rest is on its way already */
            closed = o->token == 5;
            if (!closed) first = gl_window_done(&w, slot) + 1;
        }
        found = gl_window_lost(&w, losses * 1000 + 10, &c);
    }
    assert_true(found);
    assert_int_equal(c.token, 5);
    assert_int_equal(losses, 4); /* once in a crowd, three times alone */
}

static void states_in_front_do_not_hide_it(void **state) {
    (void)state;
    struct gl_culprit c;
    unsigned slot, losses = 0;
    bool found = false;
    for (; !found && losses < 10; losses++) {
        gl_window_open(&w, 64);
        for (int i = 0; i < 30; i++) add(0, "state");
        add(77, "bad");
        add(78, "good");
        int64_t token = 0;
        if (losses == 0) {
            send_all(0);
        } else {
            while (token != 77) {
                const struct gl_outgoing *o = gl_window_next(&w, 0, &slot);
                assert_non_null(o);
                token = o->token;
                assert_int_equal(w.busy, 1);
                if (token != 77) gl_window_done(&w, slot);
            }
        }
        found = gl_window_lost(&w, 10, &c);
    }
    assert_true(found);
    assert_int_equal(c.token, 77);
}

static void a_broker_that_comes_and_goes_accuses_nobody(void **state) {
    (void)state;
    struct gl_culprit c;
    for (int i = 0; i < 10; i++) {
        gl_window_open(&w, 64);
        add(1, "t");
        add(2, "t");
        send_all(0);
        assert_false(gl_window_lost(&w, GL_WINDOW_CLOSE_MS + 1, &c)); /* silence ended it, not the message */
    }
    for (int64_t i = 0; i < 10; i++) { /* another message each time */
        gl_window_open(&w, 64);
        add(i + 1, "t");
        send_all(0);
        assert_false(gl_window_lost(&w, 1, &c));
    }
}

static void a_state_that_closes_the_connection_is_barred(void **state) {
    (void)state;
    struct gl_culprit c;
    for (int i = 0; i < GL_WINDOW_STRIKES; i++) {
        gl_window_open(&w, 64);
        add(0, "state/x");
        send_all(0);
        assert_int_equal(gl_window_lost(&w, 1, &c), i == GL_WINDOW_STRIKES - 1);
    }
    assert_string_equal(c.topic, "state/x");
    assert_int_equal(gl_window_add(&w, msg), 1);
    add(0, "state/y");
    msg->token = 5;
    gl_clip(msg->topic, sizeof msg->topic, "state/x");
    assert_int_equal(gl_window_add(&w, msg), 0); /* with a token it is judged by itself */
}

static void it_gathers_speed_again(void **state) {
    (void)state;
    struct gl_culprit c;
    unsigned slot;
    gl_window_open(&w, 64);
    add(1, "t");
    send_all(0);
    gl_window_lost(&w, 1, &c);
    gl_window_open(&w, 64);
    for (int i = 1; i <= 200; i++) add(i, "t");
    unsigned alone = 0;
    while (w.careful > 0 && gl_window_next(&w, 0, &slot)) {
        assert_int_equal(w.busy, 1);
        gl_window_done(&w, slot);
        alone++;
    }
    assert_int_equal(alone, 65);
    assert_int_equal(send_all(0), 64);
}

static int set_up(void **state) {
    (void)state;
    msg = calloc(1, sizeof *msg);
    gl_window_init(&w);
    return msg ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    free(msg);
    gl_window_free(&w);
    return 0;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_message_is_copied_whole),
        CASE(the_brokers_receive_maximum_is_kept),
        CASE(the_list_is_bounded),
        CASE(a_loss_forgets_everything),
        CASE(the_message_that_closes_the_connection_is_found),
        CASE(states_in_front_do_not_hide_it),
        CASE(a_broker_that_comes_and_goes_accuses_nobody),
        CASE(a_state_that_closes_the_connection_is_barred),
        CASE(it_gathers_speed_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The feed in the engine, step by step: what is void, what is given up, what waits for the switch, what is told. */
#include "feed_world.h"

static struct gl_config config;
static struct world *w;
static int alarms;

static void count_alarm(void *user GL_UNUSED, const char *topic, const char *payload) {
    if (strcmp(topic, "alarm") == 0 && strstr(payload, "feed_refused")) alarms++;
}

static int set_up(void **state GL_UNUSED) {
    w = calloc(1, sizeof *w);
    w->record = calloc(1, sizeof *w->record);
    w->config = &config;
    w->folder = "";
    w->random = 99;
    w->calm = w->answers = true;
    w->now = (struct gl_now){INT64_C(1795432617000), 1000000};
    start_engine(w);
    w->e->out.event = count_alarm;
    alarms = 0;
    return 0;
}

static int tear_down(void **state GL_UNUSED) {
    gl_engine_close(w->e);
    free(w->record);
    free(w);
    return 0;
}

static void deliver(void) {
    while (w->n > 0) arrive(w, 0);
    commit(w);
}

static const struct collection *movements(void) {
    return &w->e->feed[GL_COLLECTION_MOVEMENTS];
}

static void state_says(const char *text) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(65536);
    gl_engine_feed_status(w->e, w->now, &b);
    if (!strstr(b.data, text)) fail_msg("%s does not say %s", b.data, text);
}

static int collect(void *user, const struct gl_quarantined *q) {
    struct gl_buf *b = user;
    gl_buf_printf(b, "%s|%s|%s\n", q->where, q->ref, q->reason);
    return 0;
}
static void quarantine_says(const char *text) {
    struct gl_error err;
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(65536);
    assert_int_equal(gl_cache_quarantined(gl_engine_cache(w->e), 20, collect, &b, &err), 0);
    if (!b.len || !strstr(b.data, text)) fail_msg("quarantine holds %s not %s", b.len ? b.data : "nothing,", text);
}

/* While the first snapshot comes in the state says so; the core is told `empty`. */
static void the_first_snapshot(void **state GL_UNUSED) {
    for (uint8_t r = 0; r < 3; r++) produce(w, GL_OP_UPSERT, r);
    w->n = 0;
    snapshot(w);
    int end = w->n - 1;
    for (int i = 0; i < end; i++) arrive(w, 0);
    commit(w);
    state_says("\"state\":\"snapshot\"");
    state_says("\"snapshot\":{\"name\":\"s1\",\"loaded\":3,\"count\":3}");
    assert_int_equal(w->e->feed_state, GL_FEED_EMPTY);
    produce(w, GL_OP_UPSERT, 3); /* a change meanwhile */
    arrive(w, 1);
    deliver();
    compare(w, 4, true);
    assert_int_equal(movements()->seq.applied, 4);
    state_says("\"state\":\"live\"");
    state_says("\"snapshot\":null");
}

/* The present goes on deciding while a snapshot of another numbering comes in, until something is said beside it: that may be against anybody. */
static void the_old_numbering_ages(void **state GL_UNUSED) {
    produce(w, GL_OP_UPSERT, 0);
    deliver();
    int64_t as_of = movements()->seq.as_of;
    pass(w, 60000);
    w->epoch++;
    snapshot(w);
    struct message end = w->way[w->n - 1];
    w->n--;
    memcpy(w->at[0], w->at[w->head], sizeof w->at[0]);
    w->head = 0;
    w->way[0].seq = end.seq = 0;
    heartbeat(w);
    deliver();
    assert_int_equal(w->e->feed_state, GL_FEED_LIVE);
    produce(w, GL_OP_CANCEL, 0);
    deliver();
    assert_int_equal(w->e->feed_state, GL_FEED_GAP);
    assert_true(movements()->seq.as_of == as_of);
    assert_string_equal(movements()->seq.epoch, "e0");
    w->way[w->n++] = end;
    deliver();
    assert_string_equal(movements()->seq.epoch, "e1");
    assert_true(movements()->seq.as_of > as_of);
    compare(w, 1, true);
}

/* The same, when nothing becomes of the snapshot: what was said is lost, and the gap is not. */
static void said_in_vain(void **state GL_UNUSED) {
    for (int refused = 0; refused < 2; refused++) {
        produce(w, GL_OP_UPSERT, 0);
        heartbeat(w);
        deliver();
        assert_int_equal(w->e->feed_state, GL_FEED_LIVE);
        pass(w, 1000);
        memcpy(w->at[0], w->at[w->head], sizeof w->at[0]);
        w->head = 0;
        w->epoch++;
        snapshot(w);
        w->n = 1; /* the begin alone */
        deliver();
        assert_int_equal(w->e->feed_state, GL_FEED_LIVE);
        produce(w, GL_OP_CANCEL, 0);
        w->way[0].refused = refused;
        deliver();
        gl_engine_loader(w->e, false, w->now);
        gl_engine_loader(w->e, true, w->now);
        pass(w, 1000);
        assert_int_equal(movements()->load.phase, LOAD_NONE);
        assert_int_equal(w->e->feed_state, GL_FEED_GAP);
        pass(w, 6000); /* and is asked for */
        deliver();
        snapshot(w);
        deliver();
        assert_int_equal(w->e->feed_state, GL_FEED_LIVE);
        compare(w, w->head, true);
    }
}

static struct gl_feed_refused refusal(int i, const char *reason) {
    struct gl_feed_refused r;
    fill_record(&w->way[i], w->record);
    gl_feed_refusal(w->record, reason, &r);
    memmove(&w->way[i], &w->way[i + 1], (size_t)(--w->n - i) * sizeof w->way[0]);
    return r;
}

/* A place that is refused takes its place, void; a record of which nothing is known ends the snapshot. */
static void refused_places(void **state GL_UNUSED) {
    for (uint8_t r = 0; r < 3; r++) produce(w, GL_OP_UPSERT, r);
    w->n = 0;
    snapshot(w);
    arrive(w, 0);
    struct gl_feed_refused r = refusal(0, "torn");
    gl_engine_feed_refused(w->e, &r, w->now);
    deliver();
    w->log[0].refused = true;
    assert_int_equal(movements()->seq.applied, 3);
    compare(w, 3, true);
    quarantine_says("snapshot s1|gmr GMRA00000000|torn");
    produce(w, GL_OP_UPSERT, 0); /* under a later number it heals */
    deliver();
    compare(w, 4, true);
    snapshot(w);
    arrive(w, 0);
    r = refusal(0, "torn to pieces");
    r.ref.value[0] = '\0';
    gl_engine_feed_refused(w->e, &r, w->now);
    assert_int_equal(movements()->load.phase, LOAD_NONE);
    deliver();
    quarantine_says("given up after 0 of 3 records");
    compare(w, 4, true);
}

/* A word under the new name is refused before the re-key comes that leads there: what the snapshot said under the old one is void with it. */
static void refused_under_the_next_name(void **state GL_UNUSED) {
    produce(w, GL_OP_UPSERT, 0);
    w->n = 0;
    memcpy(w->at[0], w->at[1], sizeof w->at[0]); /* what a numbering begins with has no number */
    w->head = 0;
    snapshot(w);
    deliver();
    compare(w, 0, true);
    produce(w, GL_OP_REKEY, 0);
    produce(w, GL_OP_UPSERT, 0);
    struct gl_feed_refused r = refusal(1, "torn");
    gl_engine_feed_refused(w->e, &r, w->now);
    w->log[1].refused = true;
    deliver();
    assert_int_equal(movements()->seq.applied, 2);
    compare(w, 2, true);
    produce(w, GL_OP_UPSERT, 0); /* and heals as ever */
    deliver();
    compare(w, 3, true);
}

/* Alarms: the first at once, then one a minute with what came between. */
static void refusals_are_told(void **state GL_UNUSED) {
    produce(w, GL_OP_UPSERT, 0);
    deliver();
    for (int i = 0; i < 50; i++) {
        produce(w, GL_OP_UPSERT, 1);
        struct gl_feed_refused r = refusal(w->n - 1, "torn");
        gl_engine_feed_refused(w->e, &r, w->now);
        pass(w, 100);
        commit(w);
    }
    assert_int_equal(alarms, 1);
    pass(w, 60000);
    commit(w);
    assert_int_equal(alarms, 2);
    pass(w, 120000);
    assert_int_equal(alarms, 2);
    assert_int_equal(movements()->seq.rejects, 50);
}

/* A refused look-out is a hole: nothing known is no safety there. */
static void a_refused_lookout_is_a_hole(void **state GL_UNUSED) {
    struct gl_feed_refused r = {.collection = GL_COLLECTION_LOOKOUTS, .epoch = "e", .seq = 2, .op = GL_OP_UPSERT, .reason = "torn"};
    gl_clip(r.ref.type, sizeof r.ref.type, "lookout");
    gl_clip(r.ref.value, sizeof r.ref.value, "L1");
    *w->record = (struct gl_feed_record){
        .collection = GL_COLLECTION_LOOKOUTS, .epoch = "e", .seq = 1, .op = GL_OP_HEARTBEAT, .as_of = w->now.wall};
    gl_engine_feed(w->e, w->record, w->now);
    gl_engine_feed_refused(w->e, &r, w->now);
    commit(w);
    assert_true(gl_feed_seq_holes(&w->e->feed[GL_COLLECTION_LOOKOUTS].seq) == 2);
    state_says("\"collection\":\"lookouts\",\"state\":\"gap\"");
}

/* What comes between a snapshot's end and the switch waits; what does not fit is a hole, and comes again. */
static void what_waits_for_the_switch(void **state GL_UNUSED) {
    struct collection *c = &w->e->feed[GL_COLLECTION_MOVEMENTS];
    produce(w, GL_OP_UPSERT, 0);
    deliver();
    w->e->loader = (struct gl_loader){w, take_order, take_record}; /* one that does not answer yet */
    snapshot(w);
    deliver();
    assert_int_equal(c->load.phase, LOAD_ENDED);
    c->n_held = HELD_MOST - 1;
    produce(w, GL_OP_UPSERT, 1);
    produce(w, GL_OP_UPSERT, 2);
    deliver();
    assert_int_equal(c->n_held, HELD_MOST);
    assert_int_equal(c->load.seq.sent, 3);
    assert_int_equal(c->load.seq.applied, 1);
    compare(w, 3, true); /* what decides goes on */
    gl_engine_loader(w->e, false, w->now);
    assert_int_equal(c->load.phase, LOAD_NONE);
    assert_null(c->held);
    quarantine_says("the loader is gone");
    compare(w, 3, true);
    loader_dies_quietly(w);
    snapshot(w);
    deliver();
    quarantine_says("there is no loader");
    w->e->loader = (struct gl_loader){0};
}

/* A file with numbers outranks nothing, closes no gap and begins no snapshot. */
static void a_file_is_no_feed(void **state GL_UNUSED) {
    struct gl_error err = {""};
    produce(w, GL_OP_UPSERT, 0);
    snapshot(w);
    for (int i = 0; i < w->n; i++) {
        fill_record(&w->way[i], w->record);
        assert_int_equal(gl_engine_import(w->e, w->record, false, w->now, &err), -EPERM);
        assert_non_null(strstr(err.text, "a file is none"));
        w->record->epoch[0] = '\0'; /* half a number is none either */
        if (w->record->op != GL_OP_UPSERT || w->record->seq)
            assert_int_equal(gl_engine_import(w->e, w->record, false, w->now, &err), -EPERM);
    }
    commit(w);
    assert_int_equal(movements()->seq.applied, 0);
    assert_string_equal(movements()->seq.epoch, "");
}

/* An operator says that it is the recorded stream itself. */
static void numbered_files(void **state GL_UNUSED) {
    struct gl_error err = {""};
    produce(w, GL_OP_UPSERT, 0);
    produce(w, GL_OP_UPSERT, 1);
    snapshot(w);
    for (int i = 0; i < w->n; i++) {
        fill_record(&w->way[i], w->record);
        if (gl_engine_import(w->e, w->record, true, w->now, &err) < 0) fail_msg("%s", err.text);
    }
    commit(w);
    assert_int_equal(movements()->seq.applied, 2);
    compare(w, 2, true);
    fill_record(&w->way[w->n - 1], w->record); /* an end without its begin */
    gl_clip(w->record->body.snap.snapshot, sizeof w->record->body.snap.snapshot, "other");
    assert_true(gl_engine_import(w->e, w->record, true, w->now, &err) < 0);
    fill_record(&w->way[0], w->record);
    w->record->op = GL_OP_HEARTBEAT;
    assert_true(gl_engine_import(w->e, w->record, true, w->now, &err) < 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_snapshot, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_old_numbering_ages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(said_in_vain, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused_places, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused_under_the_next_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refusals_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refused_lookout_is_a_hole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_waits_for_the_switch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_is_no_feed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbered_files, set_up, tear_down),
    };
    gl_clip(config.post, sizeof config.post, "north");
    config.feed.collections = 1u << GL_COLLECTION_MOVEMENTS;
    config.feed.live_ms = 120000;
    config.feed.soft_ms = 300000;
    config.feed.hard_ms = 1800000;
    config.feed.down_ms = 86400000;
    config.feed.replay_wait_ms = 5000;
    config.feed.snapshot_silence_ms = 120000;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The engine on a feed that comes and goes: what it keeps, publishes and judges again, over restarts. Files, as greenlaned has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <ftw.h>

#include "engine/engine.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, MOST = 400 };
#define START INT64_C(1795000000000)

static char dir[] = "/tmp/greenlane-engine-XXXXXX";

struct post {
    struct gl_config *config;
    struct gl_engine *e;
    struct gl_now now;
    int64_t seq[GL_COLLECTIONS];
    struct gl_feed_record *record;
    uint32_t commands;
    uint8_t shown;
    const char *plate;      /* of the movement */
    char contingency[4096]; /* state/contingency, as published last */
    char reply[4096];
    int n_events;
    struct {
        char topic[80], *payload;
    } events[MOST];
};

/* ---- what the engine hands out -------------------------------------------------------------------------------------------------------- */
static void on_signal(void *user, const struct gl_signal_state *s) {
    ((struct post *)user)->shown = s->signal;
}
static void on_state(void *user, const char *topic, const char *payload) {
    struct post *p = user;
    if (strcmp(topic, "state/contingency") == 0) gl_clip(p->contingency, sizeof p->contingency, payload);
}
static void on_reply(void *user, const struct gl_reply *r GL_UNUSED, const char *payload) {
    struct post *p = user;
    gl_clip(p->reply, sizeof p->reply, payload);
}
static void on_outbox(void *user GL_UNUSED, const struct gl_command *cmd GL_UNUSED) {}
static void on_stream(void *user GL_UNUSED, const char *stream GL_UNUSED) {}

/* What a destination gets of a stream, in order. */
static int on_record(void *user, const struct gl_out *o) {
    struct post *p = user;
    assert_true(p->n_events < MOST);
    gl_clip(p->events[p->n_events].topic, sizeof p->events[0].topic, o->topic);
    p->events[p->n_events++].payload = strdup(o->payload);
    return 0;
}

static void forget_events(struct post *p) {
    while (p->n_events > 0) free(p->events[--p->n_events].payload);
}

static int count(struct post *p, const char *stream, const char *topic) {
    struct gl_error err;
    int n = 0;
    forget_events(p);
    assert_int_equal(gl_journal_read(gl_engine_journal(p->e), stream, 0, MOST, on_record, p, &err), 0);
    for (int i = 0; i < p->n_events; i++) n += strcmp(p->events[i].topic, topic) == 0;
    return n;
}

static const char *newest(struct post *p, const char *stream, const char *topic) {
    assert_true(count(p, stream, topic) > 0);
    for (int i = p->n_events - 1; i >= 0; i--)
        if (strcmp(p->events[i].topic, topic) == 0) return p->events[i].payload;
    return NULL;
}

#define assert_says(text, part)                                               \
    do {                                                                      \
        if (!strstr(text, part)) fail_msg("\"%s\" is not in %s", part, text); \
    } while (0)

/* ---- the post ------------------------------------------------------------------------------------------------------------------------- */
static struct gl_config *configuration(void) {
    static const char text[] =
        "post: {id: north}\nmqtt: {url: mqtt://127.0.0.1:1883}\nclock: {require-sync: false}\nfeed: {collections: [movements, "
        "lookouts], live: 1m, soft: 2m, hard: "
        "10m, down: 1h}\n"
        "profiles:\n  truck: {mode: open, classes: {truck: declared}, require: [plate, declaration]}\n"
        "lanes:\n  in-1: {profile: truck, direction: in, devices: {front: {use: anpr/isapi, at: 10.0.1.11},\n"
        "    entry-loop: {use: gpio, line: chip0/4}, exit-loop: {use: gpio, line: chip0/5}}}\n"
        "clients:\n  desk: {role: officer, commands: [override]}\n  hq: {role: authority, commands: [contingency, override]}\n";
    char path[sizeof dir + 16];
    struct gl_config_error errors[4];
    struct gl_config *c = NULL;
    snprintf(path, sizeof path, "%s/post.yaml", dir);
    FILE *f = fopen(path, "w");
    assert_true(f && fputs(text, f) >= 0 && fclose(f) == 0);
    int n = gl_config_load(path, false, &c, errors, 4);
    if (n) fail_msg("%s", errors[0].text);
    return c;
}

static void open_engine(struct post *p) {
    static const uint8_t key[32] = "a key that no test may guess....";
    static int starts;
    char cache[sizeof dir + 16], journal[sizeof dir + 16], boot[GL_UUID];
    struct gl_error err = {""};
    snprintf(cache, sizeof cache, "%s/cache", dir);
    snprintf(journal, sizeof journal, "%s/journal.db", dir);
    snprintf(boot, sizeof boot, "018f0000-0000-7000-8000-%012d", ++starts);
    struct gl_engine_setup s = {
        .config = p->config,
        .cache_path = cache,
        .journal_path = journal,
        .key = key,
        .boot = boot,
        .out = {.user = p, .signal = on_signal, .state = on_state, .reply = on_reply, .outbox = on_outbox, .stream = on_stream}};
    if (gl_engine_open(&s, p->now, &p->e, &err) < 0) fail_msg("%s", err.text);
}

static void turn(struct post *p) {
    struct gl_error err = {""};
    gl_engine_time(p->e, p->now);
    if (gl_engine_commit(p->e, p->now, &err) < 0) fail_msg("%s", err.text);
}

static void later(struct post *p, int64_t ms) {
    for (int64_t end = p->now.mono + ms; p->now.mono < end;) {
        int64_t step = end - p->now.mono < SECOND ? end - p->now.mono : SECOND;
        p->now.mono += step;
        p->now.wall += step;
        turn(p);
    }
}

static void device(struct post *p, const char *id) {
    struct gl_device_status s;
    gl_fields_clear(&gl_device_status_fields, &s);
    gl_clip(s.device, sizeof s.device, id);
    gl_clip(s.lane, sizeof s.lane, "in-1");
    s.state = GL_DEVICE_ONLINE;
    gl_engine_device(p->e, &s, p->now);
}

static void feed(struct post *p, uint8_t collection, uint8_t op) {
    struct gl_feed_record *r = p->record;
    r->collection = collection;
    r->op = op;
    gl_clip(r->epoch, sizeof r->epoch, "e1");
    r->seq = op == GL_OP_HEARTBEAT ? p->seq[collection] : ++p->seq[collection];
    r->as_of = p->now.wall;
    gl_engine_feed(p->e, r, p->now);
    turn(p);
    memset(p->record, 0, sizeof *p->record);
}

static void heartbeats(struct post *p) {
    feed(p, GL_COLLECTION_MOVEMENTS, GL_OP_HEARTBEAT);
    feed(p, GL_COLLECTION_LOOKOUTS, GL_OP_HEARTBEAT);
}

static void movement(struct post *p, uint8_t state, int64_t version) {
    struct gl_movement *m = &p->record->body.movement;
    gl_fields_clear(&gl_movement_fields, m);
    gl_clip(m->ref.type, sizeof m->ref.type, "gmr");
    gl_clip(m->ref.value, sizeof m->ref.value, "GMRA00KBHFE0");
    m->version = version;
    m->kind = GL_MOVEMENT_EMPTY;
    m->state = state;
    m->channel = GL_CHANNEL_RELEASE;
    m->direction = GL_DIRECTION_IN;
    m->n_means = 1;
    m->means[0].role = GL_ROLE_VEHICLE;
    gl_clip(m->means[0].plate, sizeof m->means[0].plate, p->plate);
    feed(p, GL_COLLECTION_MOVEMENTS, GL_OP_UPSERT);
}

static void lookout(struct post *p, bool silent) {
    struct gl_lookout *x = &p->record->body.lookout;
    gl_fields_clear(&gl_lookout_fields, x);
    gl_clip(x->ref.type, sizeof x->ref.type, "lookout");
    gl_clip(x->ref.value, sizeof x->ref.value, "L-1");
    x->version = 1;
    x->state = GL_LOOKOUT_ACTIVE;
    x->what = GL_SOUGHT_PLATE;
    gl_clip(x->text, sizeof x->text, "NC15REG");
    x->action = GL_CHANNEL_PHYSICAL;
    x->silent = gl_tri(silent);
    feed(p, GL_COLLECTION_LOOKOUTS, GL_OP_UPSERT);
}

static void loop(struct post *p, uint8_t zone, bool on) {
    struct gl_reading r;
    gl_reading_init(&r, GL_READING_PRESENCE);
    gl_clip(r.lane, sizeof r.lane, "in-1");
    gl_clip(r.device, sizeof r.device, "in-1.gpio");
    r.time = r.received_at = p->now.wall;
    r.received_mono = p->now.mono;
    r.value.presence.zone = zone;
    r.value.presence.occupied = gl_tri(on);
    gl_engine_reading(p->e, &r, p->now);
    turn(p);
}

static void drive_in(struct post *p, const char *text) {
    struct gl_reading r;
    loop(p, GL_ZONE_ENTRY, true);
    gl_reading_init(&r, GL_READING_PLATE);
    gl_clip(r.lane, sizeof r.lane, "in-1");
    gl_clip(r.device, sizeof r.device, "in-1.front");
    r.time = r.received_at = p->now.wall;
    gl_clip(r.value.plate.text, sizeof r.value.plate.text, text);
    r.value.plate.role = GL_ROLE_VEHICLE;
    r.confidence = 0.97;
    gl_engine_reading(p->e, &r, p->now);
    turn(p);
    loop(p, GL_ZONE_ENTRY, false);
}

static void drive_out(struct post *p) {
    loop(p, GL_ZONE_EXIT, true);
    later(p, 2 * SECOND);
    loop(p, GL_ZONE_EXIT, false);
}

static struct gl_command order(struct post *p, const char *client, uint8_t name) {
    struct gl_command c;
    gl_fields_clear(&gl_command_fields, &c);
    gl_format(c.id, sizeof c.id, "c-%u", ++p->commands);
    gl_clip(c.client, sizeof c.client, client);
    c.name = name;
    gl_clip(c.lane, sizeof c.lane, "in-1");
    gl_clip(c.officer.id, sizeof c.officer.id, "officer-7");
    gl_clip(c.reason, sizeof c.reason, "the line is cut");
    c.expires_at = p->now.wall + MINUTE;
    return c;
}

static void give(struct post *p, const struct gl_command *c) {
    gl_engine_command(p->e, c, p->now);
    turn(p);
    assert_says(p->reply, "\"ok\":true");
}

static void contingency(struct post *p, uint8_t action) {
    struct gl_command c = order(p, "hq", GL_COMMAND_CONTINGENCY);
    c.action = action;
    gl_clip(c.reference, sizeof c.reference, "ORDER-7");
    c.until = p->now.wall + 8 * 60 * MINUTE;
    give(p, &c);
}

static struct post *up(void) {
    struct post *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->record = calloc(1, sizeof *p->record);
    assert_non_null(p->record);
    memcpy(dir + sizeof dir - 7, "XXXXXX", 6);
    assert_non_null(mkdtemp(dir));
    p->config = configuration();
    p->now = (struct gl_now){START, 5000000};
    p->plate = "NC15REG";
    open_engine(p);
    device(p, "in-1.front");
    device(p, "in-1.gpio");
    heartbeats(p);
    movement(p, GL_MOVEMENT_READY, 1);
    return p;
}

static void start_again(struct post *p) {
    gl_engine_close(p->e);
    open_engine(p);
    device(p, "in-1.front");
    device(p, "in-1.gpio");
    turn(p);
}

static int drop(const char *path, const struct stat *st GL_UNUSED, int flag GL_UNUSED, struct FTW *ftw GL_UNUSED) {
    return remove(path);
}

static void down(struct post *p) {
    forget_events(p);
    gl_engine_close(p->e);
    gl_config_free(p->config);
    free(p->record);
    free(p);
    assert_int_equal(nftw(dir, drop, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* ---- the tests ------------------------------------------------------------------------------------------------------------------------ */
static void judged_again_when_it_recovers(void **state) {
    (void)state;
    struct post *p = up();
    later(p, 3 * MINUTE); /* aged */
    drive_in(p, "NC15REG");
    assert_int_equal(p->shown, GL_SIGNAL_RELEASE);
    assert_says(newest(p, "lane/in-1", "lane/in-1/decision"), "\"feed\":\"aged\"");
    drive_out(p);
    later(p, MINUTE);
    assert_int_equal(count(p, "lane/in-1", "lane/in-1/review"), 0); /* not yet */
    start_again(p);
    movement(p, GL_MOVEMENT_CANCELLED, 2); /* it had been cancelled before it came */
    heartbeats(p);
    later(p, 2 * SECOND);
    const char *review = newest(p, "lane/in-1", "lane/in-1/review");
    assert_says(review, "\"outcome_then\":\"release\",\"outcome_now\":\"inspect\",\"level\":\"desk\"");
    assert_says(review, "DECL_CANCELLED");
    assert_says(newest(p, "post", "review"), "\"reviewed\":1,\"differing\":1,\"lookouts\":0");
    heartbeats(p);
    later(p, 30 * SECOND);
    assert_int_equal(count(p, "lane/in-1", "lane/in-1/review"), 1); /* told once */
    assert_int_equal(count(p, "post", "review"), 1);
    down(p);
}

/* The journal knows what it used, and under which names. */
static void what_it_used_is_another_vehicles(void **state) {
    (void)state;
    struct post *p = up();
    later(p, 3 * MINUTE);
    drive_in(p, "NC15REG");
    assert_int_equal(p->shown, GL_SIGNAL_RELEASE);
    drive_out(p);
    p->plate = "KA1234AB";
    movement(p, GL_MOVEMENT_READY, 2); /* had been amended before it came */
    heartbeats(p);
    later(p, 2 * SECOND);
    assert_says(newest(p, "lane/in-1", "lane/in-1/review"), "PLATE_MISMATCH");
    down(p);
}

static void nothing_to_tell(void **state) {
    (void)state;
    struct post *p = up();
    later(p, 3 * MINUTE);
    drive_in(p, "NC15REG");
    drive_out(p);
    heartbeats(p);
    movement(p, GL_MOVEMENT_EXITED, 2); /* it is what it used itself */
    later(p, 2 * SECOND);
    assert_int_equal(count(p, "lane/in-1", "lane/in-1/review"), 0);
    assert_says(newest(p, "post", "review"), "\"reviewed\":1,\"differing\":0,\"lookouts\":0");
    down(p);
}

static void through_a_contingency(void **state) {
    (void)state;
    struct post *p = up();
    contingency(p, GL_CONTINGENCY_BEGIN);
    assert_says(p->contingency, "\"active\":true,\"reference\":\"ORDER-7\"");
    start_again(p);
    assert_says(p->contingency, "\"active\":true,\"reference\":\"ORDER-7\"");
    heartbeats(p);
    drive_in(p, "KA9999XX");
    later(p, 13 * SECOND);
    assert_int_equal(p->shown, GL_SIGNAL_INSPECT);
    json_t *event = json_loads(newest(p, "lane/in-1", "lane/in-1/decision"), 0, NULL);
    struct gl_command c = order(p, "desk", GL_COMMAND_OVERRIDE);
    gl_clip(c.decision, sizeof c.decision, json_string_value(json_object_get(event, "id")));
    gl_clip(c.passage, sizeof c.passage, json_string_value(json_object_get(json_object_get(event, "data"), "passage")));
    json_decref(event);
    c.outcome = GL_OUTCOME_RELEASE;
    gl_clip(c.evidence.type, sizeof c.evidence.type, "mrn");
    gl_clip(c.evidence.value, sizeof c.evidence.value, "25EE1200HU000012R7");
    give(p, &c);
    assert_int_equal(p->shown, GL_SIGNAL_RELEASE);
    assert_says(newest(p, "lane/in-1", "lane/in-1/decision"), "\"contingency\":\"ORDER-7\",\"evidence\":{\"type\":\"mrn\"");
    drive_out(p);
    heartbeats(p);
    later(p, 5 * SECOND);
    assert_int_equal(count(p, "post", "review"), 0); /* the feed is live, and the contingency stands */
    contingency(p, GL_CONTINGENCY_END);
    assert_says(p->contingency, "\"active\":false,\"reference\":null");
    later(p, 2 * SECOND);
    assert_says(newest(p, "lane/in-1", "lane/in-1/review"), "NO_DECLARATION");
    assert_says(newest(p, "post", "review"), "\"reviewed\":1,\"differing\":1");
    down(p);
}

/* Restricted, numbered from 1, once over restarts; and in nobody's story. */
static int tell(void *user, const char *json) {
    gl_buf_text(user, json);
    return 0;
}

static void a_hit_is_told_where_it_may_be(void **state) {
    (void)state;
    struct post *p = up();
    lookout(p, true);
    drive_in(p, "NC15REG");
    assert_int_equal(p->shown, GL_SIGNAL_INSPECT);
    const char *hit = newest(p, "restricted/in-1", "restricted/lane/in-1/lookout");
    assert_says(hit, "\"sequence\":\"1\",\"stream\":\"restricted/in-1\"");
    assert_says(hit, "\"silent\":true");
    json_t *event = json_loads(hit, 0, NULL);
    char passage[GL_UUID];
    gl_clip(passage, sizeof passage, json_string_value(json_object_get(json_object_get(event, "data"), "passage")));
    json_decref(event);
    start_again(p);
    heartbeats(p);
    later(p, 2 * SECOND);
    assert_int_equal(count(p, "restricted/in-1", "restricted/lane/in-1/lookout"), 1);
    assert_int_equal(p->shown, GL_SIGNAL_INSPECT);
    GL_CLEANUP(gl_buf_free) struct gl_buf story = GL_BUF(1 << 20);
    struct gl_error err;
    assert_int_equal(gl_journal_explain(gl_engine_journal(p->e), passage, tell, &story, &err), 0);
    assert_says(story.data, "REFERRED");
    assert_null(strstr(story.data, "L-1"));
    assert_null(strstr(story.data, "WATCHLIST"));
    down(p);
}

/* A movement that is re-keyed after its release is the same movement still. */
static void used_under_another_name(void **state) {
    (void)state;
    struct post *p = up();
    drive_in(p, "NC15REG");
    assert_int_equal(p->shown, GL_SIGNAL_RELEASE);
    drive_out(p);
    heartbeats(p);
    struct gl_rekey *k = &p->record->body.rekey;
    gl_clip(k->ref.type, sizeof k->ref.type, "gmr");
    gl_clip(k->ref.value, sizeof k->ref.value, "GMRA00KBHFE1");
    gl_clip(k->was.type, sizeof k->was.type, "gmr");
    gl_clip(k->was.value, sizeof k->was.value, "GMRA00KBHFE0");
    k->version = 2;
    feed(p, GL_COLLECTION_MOVEMENTS, GL_OP_REKEY);
    later(p, 20 * SECOND);
    drive_in(p, "NC15REG");
    assert_int_equal(p->shown, GL_SIGNAL_INSPECT);
    const char *decision = newest(p, "lane/in-1", "lane/in-1/decision");
    assert_says(decision, "was used by passage");
    assert_says(decision, "GMRA00KBHFE1");
    down(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judged_again_when_it_recovers), cmocka_unit_test(nothing_to_tell),
        cmocka_unit_test(through_a_contingency),         cmocka_unit_test(a_hit_is_told_where_it_may_be),
        cmocka_unit_test(used_under_another_name),       cmocka_unit_test(what_it_used_is_another_vehicles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

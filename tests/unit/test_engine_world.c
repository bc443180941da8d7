/* Does anything that can happen to what was lodged lead to a wrong green? Whole days of a small post, with a producer that changes its mind and a feed
 * that does not always tell, against an oracle that knows the truth: written from docs/rules.md, not from the code.
 *
 * - A green by rules is right by what was true as of the time up to which the feed says it is told, and by every later word that came.
 * - What comes while the light is green and contradicts it takes it back with the next commit.
 * - On a day without trouble nobody is inspected who is in order.
 * - Releases on a feed in doubt: listed afterwards are those that the truth contradicts, and no others.
 * What was refused nobody can know: a movement that was never understood makes no release by declarations alone, or by the other movement of its vehicle,
 * wrong. On a day with refused records those are not judged, and a green that stands is not.
 * GREENLANE_RUNS: how many days; GREENLANE_SEED: the first; GREENLANE_TROUBLES: these alone. */
#include "engine_oracle.h"

#include "sandbox/sandbox.h"

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RUNS = 120, DISK_EVERY = 20, STEPS = 260 };
#define START INT64_C(1795000000000)

static struct gl_config *config;
static char dir[] = "/tmp/engine-world-XXXXXX";
static struct { int64_t greens, officers, inspections, needless, fallen, listed, reviewed, restarts, by_declaration, aged; } tally;

/* ---- what comes out of the engine ---------------------------------------------------------------------------------------------------- */
static int print_held(void *user GL_UNUSED, const struct gl_feed_record *r) {
    const struct gl_movement *m = &r->body.movement;
    print_message("  held: %s epoch %s number %lld state %d channel %d plate %s\n", m->ref.value, r->epoch, (long long)r->seq,
                  m->state, m->channel, m->n_means ? m->means[0].plate : "");
    return 0;
}

/* For whoever looks into a failed day. */
static void print_truth(const struct world *w) {
    struct gl_error err;
    if (gl_cache_dump(gl_engine_cache(w->e), GL_COLLECTION_MOVEMENTS, print_held, NULL, &err) < 0) print_message("%s\n", err.text);
    for (int k = 0; k < KINDS; k++) {
        const struct kind *c = &w->of[k];
        int at = claimed(w, k);
        print_message("%s: has e%d number %lld of %lld, sent %lld, known to %lld ms ago; true is e%d number %d; needs %s\n",
                      gl_collections[collections[k]], at < 0 ? -1 : c->log[at].epoch, (long long)books(w, k)->applied,
                      (long long)c->heard.sent, (long long)books(w, k)->sent, (long long)(w->now.wall - books(w, k)->as_of),
                      c->epoch, c->at - c->base[c->epoch], w->e->feed[collections[k]].ask.need);
        for (int i = 0; i < ITEMS && at >= 0; i++) {
            const struct item *x = &c->is[at][i];
            print_message(
                "  %d: there %d key %d state %d channel %d plate %d trailer %d seal %d direction %d lists %d%d%d%d%d trader %d "
                "what %d text %d wants %d aeo %d from %lld to %lld lodged %lld; used %d; news %d at %d\n",
                i, x->there, x->key, x->state, x->channel, x->plate, x->trailer, x->seal, x->direction, x->lists[0], x->lists[1],
                x->lists[2], x->lists[3], x->lists[4], x->trader, x->what, x->text, x->wants, x->aeo,
                (long long)(x->from ? x->from - w->now.wall : 0), (long long)(x->to ? x->to - w->now.wall : 0),
                (long long)(x->lodged ? x->lodged - w->now.wall : 0), k == MOVEMENTS && w->used[i], c->heard.news[i], at);
        }
    }
}

static void wrong_green(struct world *w, int lane, const char *what, const char *why) {
    const struct lane *l = &w->lanes[lane];
    print_truth(w);
    for (int i = 0; i < LANES; i++)
        print_message("in-%d: phase %d outcome %d officers %d shown %d match %d plate %d trailer %d document %d, %lld s\n", i + 1,
                      w->lanes[i].phase, w->lanes[i].outcome, w->lanes[i].officers, w->lanes[i].shown, w->lanes[i].match,
                      w->lanes[i].v.plate, w->lanes[i].v.trailer, w->lanes[i].v.code,
                      (long long)(w->now.mono - w->lanes[i].since) / 1000);
    fail_msg("%s in-%d: %s: %s. plate %u trailer %u document %d; released on movement %d, declarations %x; troubles %x", w->name,
             lane + 1, what, why, l->v.plate, l->v.trailer, l->v.code, l->match, l->declarations, w->troubles);
}

static void judge_green(struct world *w, int n, const char *what, int64_t at) {
    struct lane *l = &w->lanes[n];
    struct case_ c = {.v = &l->v, .lane = n, .own = -1, .at = at, .now = w->now.wall};
    struct view t;
    const char *why = "";
    bool stands = at != w->now.wall && l->match >= 0;
    if ((w->day & REFUSES) && (l->match < 0 || strcmp(what, "wrong green") != 0)) return;
    for (int later = 0; later < 2; later++) {
        if (!see(w, later, &t, &c.aged, &why)) wrong_green(w, n, what, why);
        why = wrong(w, &t, &c);
        if (why && stands && strcmp(why, several) == 0) continue;           /* the other was let go of only now */
        if (why && (w->day & REFUSES) && strcmp(why, several) == 0) return; /* the other one was refused */
        if (why) wrong_green(w, n, what, why);
    }
    if (at != w->now.wall) return;
    l->movement = c.movement;
    if (l->movement != l->match) wrong_green(w, n, what, "on another movement");
}

static int lane_of(const char *id) {
    return id[3] - '1';
}

static void on_signal(void *user, const struct gl_signal_state *s) {
    struct world *w = user;
    int n = lane_of(s->lane);
    struct lane *l = &w->lanes[n];
    bool lights = s->signal == GL_SIGNAL_RELEASE && (l->shown != GL_SIGNAL_RELEASE || strcmp(l->decision, s->decision) != 0);
    tally.fallen += l->shown == GL_SIGNAL_RELEASE && s->signal == GL_SIGNAL_INSPECT;
    l->shown = s->signal;
    if (!lights) return;
    l->lit = w->now.wall;
    l->go_at = w->now.mono + 1000 + roll(w, 25000);
    if (l->officers) {
        tally.officers++;
        return;
    }
    tally.greens++;
    tally.aged += l->feed == GL_FEED_AGED;
    judge_green(w, n, "wrong green", w->now.wall);
    tally.by_declaration += l->movement < 0;
}

/* What another has used stays his, though an officer let this one go as well. */
static bool of_another(const json_t *d) {
    const json_t *rule;
    size_t i;
    json_array_foreach(json_object_get(d, "rules"), i, rule) {
        const char *result = json_string_value(json_object_get(rule, "result"));
        if (strcmp(json_string_value(json_object_get(rule, "rule")), "DECL_ALREADY_USED") == 0 && strcmp(result, "fail") == 0)
            return true;
    }
    return false;
}

/* Which movement a release leans on, as it says itself; -1 = none. */
static int matched(const json_t *d) {
    const json_t *first = json_array_get(json_object_get(json_object_get(d, "match"), "movements"), 0);
    const char *ref = json_string_value(json_object_get(first, "value"));
    return ref ? ref[strlen(ref) - 1] - '0' : -1;
}

/* What stood in the way, in words. */
static void obstacles(const json_t *d, char *out, size_t size) {
    const json_t *rule;
    size_t i, n = 0;
    out[0] = '\0';
    json_array_foreach(json_object_get(d, "rules"), i, rule) {
        const char *result = json_string_value(json_object_get(rule, "result"));
        if (strcmp(result, "fail") != 0 && strcmp(result, "unknown") != 0) continue;
        gl_format(out + n, size - n, "%s (%s); ", json_string_value(json_object_get(rule, "rule")),
                  json_string_value(json_object_get(rule, "detail")));
        n += strlen(out + n);
    }
}

static unsigned matched_declarations(const json_t *d) {
    const json_t *match = json_object_get(d, "match"), *ref;
    unsigned all = 0;
    size_t i;
    json_array_foreach(json_object_get(match, "declarations"), i, ref) {
        const char *value = json_string_value(json_object_get(ref, "value"));
        all |= 1u << (value[strlen(value) - 1] - '0');
    }
    return all;
}

static void on_decision(struct world *w, int n, const char *id, const json_t *d) {
    struct lane *l = &w->lanes[n];
    const char *outcome = json_string_value(json_object_get(d, "outcome"));
    const char *feed = json_string_value(json_object_get(d, "feed"));
    bool release = strcmp(outcome, "release") == 0;
    gl_clip(l->passage, sizeof l->passage, json_string_value(json_object_get(d, "passage")));
    gl_clip(l->decision, sizeof l->decision, id);
    l->officers = json_is_object(json_object_get(d, "officer"));
    l->outcome = release ? GL_OUTCOME_RELEASE : GL_OUTCOME_INSPECT;
    bool its_own = release && !of_another(d);
    l->match = its_own ? matched(d) : -1;
    bool alone = its_own && json_array_size(json_object_get(json_object_get(d, "match"), "movements")) == 0;
    l->declarations = alone ? matched_declarations(d) : 0;
    l->feed = strcmp(feed, "aged") == 0 ? GL_FEED_AGED : strcmp(feed, "live") == 0 ? GL_FEED_LIVE : GL_FEED_DOWN;
    for (int i = 0; i < w->n_doubts; i++)
        if (strcmp(w->doubts[i].passage, l->passage) == 0) w->doubts[i].over = true; /* another decision stands */
    if (release && (l->feed != GL_FEED_LIVE || w->contingency) && w->n_doubts < DOUBTS) {
        struct doubt *x = &w->doubts[w->n_doubts++];
        *x = (struct doubt){.v = l->v, .lane = n, .own = -1, .at = w->now.wall};
        gl_clip(x->decision, sizeof x->decision, id);
        gl_clip(x->passage, sizeof x->passage, l->passage);
    }
    if (release) return;
    tally.inspections++;
    struct case_ c = {.v = &l->v, .lane = n, .own = -1, .at = w->now.wall, .now = w->now.wall};
    struct view t;
    const char *why;
    if (w->troubles || l->officers || !see(w, true, &t, &c.aged, &why) || wrong(w, &t, &c) || sought(&t, &c, true)) return;
    if (w->now.wall - l->lit < 60 * SECOND) return; /* its green is over */
    char text[1000];
    obstacles(d, text, sizeof text);
    tally.needless++;
    print_truth(w);
    fail_msg("%s in-%d: needless inspection. plate %u trailer %u document %d movement %d: %s", w->name, n + 1, l->v.plate,
             l->v.trailer, l->v.code, c.movement, text);
}

/* A look at a release once more: is it right by now, as of then? */
static const char *contradicted(struct world *w, const struct doubt *x, bool *live, bool *unsure) {
    struct case_ c = {.v = &x->v,
                      .lane = x->lane,
                      .own = x->own,
                      .own_declarations = x->own_declarations,
                      .at = x->at,
                      .now = w->now.wall,
                      .review = true};
    struct view t;
    const char *why;
    *live = see(w, false, &t, &c.aged, &why) && !c.aged;
    c.aged = false;
    if (*live) why = wrong(w, &t, &c);
    *unsure = !*live || c.unsure || x->own < 0;
    if (*live && !why && sought(&t, &c, true)) *unsure = true; /* perhaps in something else that was found by what was read */
    return why;
}

static void on_review(struct world *w, const json_t *d) {
    const char *id = json_string_value(json_object_get(d, "decision"));
    tally.listed++;
    for (int i = 0; i < w->n_doubts; i++) {
        bool live, unsure;
        struct doubt *x = &w->doubts[i];
        if (strcmp(x->decision, id) != 0) continue;
        x->listed = true;
        if (contradicted(w, x, &live, &unsure) || unsure) continue;
        char text[1000];
        obstacles(d, text, sizeof text);
        if (strncmp(text, "DECL_ALREADY_USED", 17) == 0) continue; /* by an officer's word: the oracle does not follow that */
        if (w->day & (EPOCHS | REFUSES)) continue;                 /* what is void is contradicted, whatever is true */
        print_truth(w);
        fail_msg("%s: listed without a reason: plate %u movement %d: %s", w->name, x->v.plate, x->own, text);
    }
}

static void on_summary(struct world *w) {
    for (int i = 0; i < w->n_doubts; i++) {
        const struct doubt *x = &w->doubts[i];
        tally.reviewed++;
        bool live, unsure;
        const char *why = contradicted(w, x, &live, &unsure);
        if (!why || unsure || x->over || x->listed || x->was_fine) continue;
        if (w->day & (EPOCHS | REFUSES)) continue; /* a movement that is void may leave its declaration alone */
        print_truth(w);
        fail_msg("%s: not listed: plate %u movement %d of lane %d: %s", w->name, x->v.plate, x->own, x->lane, why);
    }
    w->n_doubts = 0;
}

static void on_event(void *user, const char *topic, const char *payload) {
    struct world *w = user;
    json_t *root = json_loads(payload, 0, NULL);
    const json_t *d = json_object_get(root, "data");
    assert_non_null(root);
    bool of_lane = strncmp(topic, "lane/in-", 8) == 0;
    if (of_lane && strcmp(topic + 9, "/decision") == 0)
        on_decision(w, topic[8] - '1', json_string_value(json_object_get(root, "id")), d);
    if (of_lane && strcmp(topic + 9, "/review") == 0) on_review(w, d);
    if (strcmp(topic, "review") == 0) on_summary(w);
    json_decref(root);
}

static void on_state(void *user GL_UNUSED, const char *topic GL_UNUSED, const char *payload GL_UNUSED) {}
static void on_reply(void *user GL_UNUSED, const struct gl_reply *r GL_UNUSED, const char *payload GL_UNUSED) {}
static void on_outbox(void *user GL_UNUSED, const struct gl_command *cmd GL_UNUSED) {}
static void on_stream(void *user GL_UNUSED, const char *stream GL_UNUSED) {}

static void on_request(void *user, const char *topic, const char *payload) {
    struct world *w = user;
    json_t *root = json_loads(payload, 0, NULL);
    const json_t *d = json_object_get(root, "data");
    const char *epoch = json_string_value(json_object_get(d, "epoch"));
    bool replay = strcmp(json_string_value(json_object_get(d, "want")), "replay") == 0;
    int64_t from = json_integer_value(json_object_get(d, "from")), to = json_integer_value(json_object_get(d, "to"));
    for (int k = 0; k < KINDS; k++) {
        struct kind *c = &w->of[k];
        if (strcmp(topic + strlen("request/feed/"), gl_collections[collections[k]]) != 0) continue;
        if (!replay) snapshot(w, k);
        for (int64_t n = from; replay && epoch && whole_number(epoch + 1) == c->epoch && n <= to && c->base[c->epoch] + n <= c->at;
             n++)
            send_change(w, k, c->base[c->epoch] + (int)n);
    }
    json_decref(root);
}

/* ---- the engine ---------------------------------------------------------------------------------------------------------------------- */
static struct gl_asides asides;

static int build(void *user, const struct gl_load_order *o) {
    struct world *w = user;
    struct gl_aside_news news;
    if (gl_asides_order(&asides, o, w->now.wall, &news) == GL_ASIDE_ANSWER) gl_engine_loaded(w->e, &news.answer, w->now);
    return 0;
}
static int build_in(void *user, const struct gl_feed_record *r) {
    struct world *w = user;
    struct gl_aside_news news;
    struct gl_feed_record *copy = malloc(sizeof *copy);
    memcpy(copy, r, sizeof *copy);
    enum gl_aside_result what = gl_asides_record(&asides, copy, w->now.wall, &news);
    free(copy);
    if (what == GL_ASIDE_ANSWER) gl_engine_loaded(w->e, &news.answer, w->now);
    if (what == GL_ASIDE_REFUSED) gl_engine_load_refused(w->e, &news.refused, w->now);
    return 0;
}

static void commit(struct world *w) {
    struct gl_error err = {""};
    bool live, unsure;
    if (!gl_engine_dirty(w->e)) return;
    if (gl_engine_commit(w->e, w->now, &err) < 0) fail_msg("%s: %s", w->name, err.text);
    for (int k = 0; k < KINDS; k++) w->of[k].kept = w->of[k].heard;
    for (int n = 0; n < LANES; n++)
        if (w->lanes[n].shown == GL_SIGNAL_RELEASE && !w->lanes[n].officers && w->lanes[n].phase == WAITS)
            judge_green(w, n, "a green that stands", w->lanes[n].lit);
    for (int i = 0; i < w->n_doubts; i++)
        if (!contradicted(w, &w->doubts[i], &live, &unsure)) w->doubts[i].was_fine = true;
}

static void devices(struct world *w) {
    static const char *const ids[] = {"front", "rear", "qr", "gpio"};
    for (int n = 0; n < LANES; n++)
        for (size_t i = 0; i < GL_COUNT(ids); i++) {
            struct gl_device_status s;
            gl_fields_clear(&gl_device_status_fields, &s);
            gl_format(s.device, sizeof s.device, "in-%d.%s", n + 1, ids[i]);
            gl_format(s.lane, sizeof s.lane, "in-%d", n + 1);
            s.state = GL_DEVICE_ONLINE;
            gl_engine_device(w->e, &s, w->now);
        }
}

static void open_engine(struct world *w) {
    static const uint8_t key[32] = "a key that no test may guess....";
    char cache[90] = ":memory:", journal[90] = ":memory:", boot[GL_UUID];
    struct gl_error err = {""};
    if (w->on_disk) {
        gl_format(cache, sizeof cache, "%s/cache", w->dir);
        gl_format(journal, sizeof journal, "%s/journal.db", w->dir);
    }
    gl_format(boot, sizeof boot, "018f0000-0000-7000-8000-%012u", ++w->boots);
    struct gl_engine_setup s = {.config = config, .cache_path = cache, .journal_path = journal, .key = key, .boot = boot};
    s.out = (struct gl_engine_out){w, on_signal, on_state, on_reply, on_outbox, on_stream, on_event, on_request};
    static char asides_dir[90];
    gl_clip(asides_dir, sizeof asides_dir, cache);
    asides.dir = asides_dir;
    if (w->on_disk) s.loader = (struct gl_loader){w, build, build_in};
    if (gl_engine_open(&s, w->now, &w->e, &err) < 0) fail_msg("%s: %s", w->name, err.text);
    gl_engine_loader(w->e, true, w->now);
    gl_engine_broker(w->e, true, w->now);
    gl_engine_clock(w->e, w->clock_ok, w->now);
    devices(w);
}

static void restart(struct world *w) {
    if (!w->on_disk) return;
    if (chance(w, 50)) commit(w);
    tally.restarts++;
    gl_engine_close(w->e);
    gl_asides_free(&asides);
    for (int k = 0; k < KINDS; k++) w->of[k].heard = w->of[k].kept;
    for (int n = 0; n < LANES; n++) w->lanes[n].shown = GL_SIGNAL_STOP;
    open_engine(w);
    commit(w);
}

/* ---- what happens -------------------------------------------------------------------------------------------------------------------- */
static void arrive(struct world *w, int at) {
    struct message m = w->way[at];
    struct kind *c = &w->of[m.k];
    struct heard *h = &c->heard;
    struct gl_error err = {""};
    memmove(&w->way[at], &w->way[at + 1], (size_t)(--w->n_way - at) * sizeof w->way[0]);
    fill_record(w, &m, w->record);
    if (gl_feed_record_normalise(w->record, &err) < 0) fail_msg("%s: %s", w->name, err.text);
    if (m.refused) {
        struct gl_feed_refused r;
        gl_feed_refusal(w->record, "torn", &r);
        if (chance(w, 30)) r.ref.value[0] = '\0';
        gl_engine_feed_refused(w->e, &r, w->now);
        return;
    }
    if (m.as_of > h->as_of) h->as_of = m.as_of;
    if (m.what == A_CHANGE || m.what == A_HEARTBEAT) {
        if (m.epoch > h->epoch) h->epoch = m.epoch, h->sent = 0;
        if (m.epoch == h->epoch && m.seq > h->sent) h->sent = m.seq;
    }
    if (m.what == A_CHANGE && m.at > h->news[m.item] && m.epoch == h->epoch) h->news[m.item] = m.at;
    gl_engine_feed(w->e, w->record, w->now);
}

static void deliver(struct world *w) {
    if (w->now.mono < w->silent_until) return;
    int most = w->troubles & DISORDERS ? (int)roll(w, 8) : w->n_way;
    for (int i = 0; i < most && w->n_way > 0; i++) {
        int at = (w->troubles & DISORDERS) && chance(w, 30) ? (int)roll(w, w->n_way < 5 ? (uint32_t)w->n_way : 5) : 0;
        arrive(w, at);
        if (chance(w, 40)) commit(w);
    }
}

static void read_one(struct world *w, int n, uint8_t kind, const char *device, const char *text, uint8_t role) {
    struct gl_reading r;
    gl_reading_init(&r, kind);
    gl_format(r.lane, sizeof r.lane, "in-%d", n + 1);
    gl_format(r.device, sizeof r.device, "in-%d.%s", n + 1, device);
    r.time = r.received_at = w->now.wall;
    r.received_mono = w->now.mono;
    if (kind == GL_READING_PLATE) {
        gl_clip(r.value.plate.text, sizeof r.value.plate.text, text);
        r.value.plate.role = role;
        r.confidence = 0.97;
    } else if (kind == GL_READING_CODE) {
        gl_clip(r.value.code.text, sizeof r.value.code.text, text);
        gl_clip(r.value.code.reference.type, sizeof r.value.code.reference.type, "gmr");
        gl_clip(r.value.code.reference.value, sizeof r.value.code.reference.value, text);
    } else {
        r.value.presence.zone = role;
        r.value.presence.occupied = gl_tri(text[0] == '1');
    }
    gl_engine_reading(w->e, &r, w->now);
    if (chance(w, 50)) commit(w);
}

static void come(struct world *w, int n) {
    struct lane *l = &w->lanes[n];
    char text[32];
    int i = (int)roll(w, ITEMS);
    const struct item *m = &w->of[MOVEMENTS].is[w->of[MOVEMENTS].at][i];
    *l = (struct lane){.phase = WAITS, .shown = l->shown, .since = w->now.mono, .movement = -1, .match = -1};
    l->v = (struct vehicle){.plate = (uint8_t)(1 + roll(w, 6)), .code = -1};
    if (m->there && chance(w, 85)) l->v.plate = m->plate, l->v.trailer = m->trailer;
    if (chance(w, 5)) l->v.trailer = (uint8_t)roll(w, 4);
    if (m->there && chance(w, 25)) l->v.code = (int8_t)i, l->v.code_key = m->key > 0 && chance(w, 30) ? m->key - 1 : m->key;
    read_one(w, n, GL_READING_PRESENCE, "gpio", "1", GL_ZONE_ENTRY);
    plate_text(l->v.plate, text, sizeof text);
    read_one(w, n, GL_READING_PLATE, "front", text, GL_ROLE_VEHICLE);
    if (l->v.code >= 0) {
        struct gl_ref ref;
        name_of(MOVEMENTS, l->v.code, l->v.code_key, &ref);
        read_one(w, n, GL_READING_CODE, "qr", ref.value, 0);
    }
    if (l->v.trailer) {
        trailer_text(l->v.trailer, text, sizeof text);
        read_one(w, n, GL_READING_PLATE, "rear", text, GL_ROLE_TRAILER);
    }
    read_one(w, n, GL_READING_PRESENCE, "gpio", "0", GL_ZONE_ENTRY);
}

static void order(struct world *w, int n, uint8_t name) {
    const struct lane *l = &w->lanes[n];
    struct gl_command c;
    gl_fields_clear(&gl_command_fields, &c);
    gl_format(c.id, sizeof c.id, "c-%u", ++w->commands);
    gl_clip(c.client, sizeof c.client, name == GL_COMMAND_CONTINGENCY ? "hq" : "desk");
    c.name = name;
    gl_format(c.lane, sizeof c.lane, "in-%d", n + 1);
    gl_clip(c.officer.id, sizeof c.officer.id, "officer-7");
    gl_clip(c.reason, sizeof c.reason, "as it is");
    c.expires_at = w->now.wall + MINUTE;
    memcpy(c.passage, l->passage, sizeof c.passage);
    if (name == GL_COMMAND_CONTINGENCY) {
        c.action = w->contingency ? GL_CONTINGENCY_END : GL_CONTINGENCY_BEGIN;
        gl_clip(c.reference, sizeof c.reference, "ORDER-7");
        c.until = w->now.wall + 600 * MINUTE;
        w->contingency = !w->contingency;
    } else if (name == GL_COMMAND_OVERRIDE) {
        memcpy(c.decision, l->decision, sizeof c.decision);
        c.outcome = GL_OUTCOME_RELEASE;
        gl_clip(c.evidence.type, sizeof c.evidence.type, "mrn");
        gl_format(c.evidence.value, sizeof c.evidence.value, "25LV%014u", w->commands);
    } else
        c.exit = GL_EXIT_BACKED_OUT;
    gl_engine_command(w->e, &c, w->now);
    commit(w);
}

/* It leaves on green: what carried it is used up. */
static void leave(struct world *w, int n) {
    struct lane *l = &w->lanes[n];
    int m = l->match;
    if (m >= 0) w->used[m] = true;
    w->used_declarations |= l->declarations;
    for (int i = 0; i < w->n_doubts; i++)
        if (strcmp(w->doubts[i].decision, l->decision) == 0) w->doubts[i].own = m, w->doubts[i].own_declarations = l->declarations;
    read_one(w, n, GL_READING_PRESENCE, "gpio", "1", GL_ZONE_EXIT);
    l->phase = LEAVES;
    l->out_at = w->now.mono + 2000;
    if (m >= 0 && chance(w, 40)) {
        struct item x = w->of[MOVEMENTS].is[w->of[MOVEMENTS].at][m];
        x.state = GL_MOVEMENT_ARRIVED;
        produce(w, MOVEMENTS, GL_OP_UPSERT, (uint8_t)m, &x);
    }
}

static void drive(struct world *w, int n) {
    struct lane *l = &w->lanes[n];
    if (l->phase == EMPTY) {
        if (w->now.mono - l->since > 5000 && chance(w, 20)) come(w, n);
    } else if (l->phase == LEAVES) {
        if (w->now.mono < l->out_at) return;
        read_one(w, n, GL_READING_PRESENCE, "gpio", "0", GL_ZONE_EXIT);
        *l = (struct lane){.shown = l->shown, .since = w->now.mono, .movement = -1, .match = -1};
    } else if (l->shown == GL_SIGNAL_RELEASE) {
        if (w->now.mono < l->go_at) return;
        commit(w); /* it sees the light as it is at this moment */
        if (l->shown == GL_SIGNAL_RELEASE) leave(w, n);
    } else if (w->now.mono - l->since > 18000 && !l->tried && l->passage[0]) {
        l->tried = true;
        if (chance(w, 50)) order(w, n, GL_COMMAND_OVERRIDE);
    } else if (w->now.mono - l->since > 25000) {
        l->outcome = 0;
        order(w, n, GL_COMMAND_CLOSE);
        *l = (struct lane){.shown = l->shown, .since = w->now.mono, .movement = -1, .match = -1};
    }
}

static void pass(struct world *w, int64_t ms) {
    w->now.wall += ms;
    w->now.mono += ms;
    gl_engine_time(w->e, w->now);
    if (chance(w, 80)) commit(w);
    if (w->now.mono - w->beat_at < 25000) return;
    w->beat_at = w->now.mono;
    for (int k = 0; k < KINDS; k++) heartbeat(w, k);
}

static void trouble(struct world *w) {
    int k = (int)roll(w, KINDS);
    if ((w->troubles & SNAPSHOTS) && chance(w, 3)) snapshot(w, k);
    if ((w->troubles & EPOCHS) && chance(w, 2)) new_epoch(w, k);
    if ((w->troubles & RESTARTS) && chance(w, 2)) restart(w);
    if ((w->troubles & SILENCES) && chance(w, 2)) w->silent_until = w->now.mono + roll(w, 15 * MINUTE);
    if ((w->troubles & CONTINGENCIES) && chance(w, w->contingency ? 6 : 1)) order(w, 0, GL_COMMAND_CONTINGENCY);
    if ((w->troubles & CLOCKS) && chance(w, w->clock_ok ? 1 : 10)) {
        w->clock_ok = !w->clock_ok;
        gl_engine_clock(w->e, w->clock_ok, w->now);
        commit(w);
    }
}

static void act(struct world *w) {
    static const uint8_t which[] = {MOVEMENTS, MOVEMENTS, MOVEMENTS, DECLARATIONS, DECLARATIONS, LOOKOUTS, TRADERS};
    if (chance(w, 18)) { /* one die after the other: every compiler lives the same day */
        uint8_t k = one_of(w, which, GL_COUNT(which)), i = (uint8_t)roll(w, ITEMS);
        change_something(w, k, i);
    }
    deliver(w);
    trouble(w);
    for (int n = 0; n < LANES; n++) drive(w, n);
    pass(w, 200 + roll(w, w->now.mono < w->silent_until ? 12000 : 2500));
}

static bool at_rest(const struct world *w) {
    for (int k = 0; k < KINDS; k++)
        if (claimed(w, k) != w->of[k].at || books(w, k)->sent > books(w, k)->applied) return false;
    return w->n_way == 0 && w->n_doubts == 0 && w->lanes[0].phase == EMPTY && w->lanes[1].phase == EMPTY;
}

/* Everything is told, and what was released in doubt is judged again. */
static void come_to_rest(struct world *w) {
    w->troubles = TROUBLES;
    w->silent_until = 0;
    for (int i = 0; i < w->n_way; i++) w->way[i].refused = false;
    if (w->contingency) order(w, 0, GL_COMMAND_CONTINGENCY);
    w->clock_ok = true;
    gl_engine_clock(w->e, true, w->now);
    for (int i = 0; i < 1200 && !at_rest(w); i++) {
        deliver(w);
        for (int n = 0; n < LANES; n++)
            if (w->lanes[n].phase != EMPTY) drive(w, n);
        pass(w, 1000);
        commit(w);
        for (int k = 0; k < w->n_doubts && w->n_doubts; k++)
            if (w->doubts[k].over && k == w->n_doubts - 1) w->n_doubts--;
    }
    if (!at_rest(w))
        fail_msg("%s: not at rest: way %d doubts %d lanes %d %d", w->name, w->n_way, w->n_doubts, w->lanes[0].phase,
                 w->lanes[1].phase);
}

static unsigned troubles_of(struct world *w) {
    unsigned all = 0;
    const char *only = getenv("GREENLANE_TROUBLES");
    if (only) return (unsigned)whole_number(only);
    if (chance(w, 15)) return 0;
    for (unsigned bit = LOSES; bit < TROUBLES; bit <<= 1)
        if (chance(w, 35)) all |= bit;
    return all;
}

static void a_day(int64_t seed, bool on_disk) {
    struct world *w = calloc(1, sizeof *w);
    w->record = calloc(1, sizeof *w->record);
    w->random = (uint64_t)seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    for (int i = 0; i < 4; i++) (void)roll(w, 2);
    w->troubles = troubles_of(w);
    w->on_disk = on_disk;
    w->clock_ok = true;
    for (int n = 0; n < LANES; n++) w->lanes[n].match = w->lanes[n].movement = -1;
    w->now = (struct gl_now){START, 1000000};
    gl_format(w->dir, sizeof w->dir, "%s/%lld", dir, (long long)seed);
    gl_format(w->name, sizeof w->name, "day %lld%s", (long long)seed, on_disk ? " on disk" : "");
    for (int k = 0; k < KINDS; k++)
        for (int i = 0; i < ITEMS; i++) w->of[k].heard.news[i] = w->of[k].kept.news[i] = -1;
    if (on_disk) assert_int_equal(mkdir(w->dir, 0700), 0);
    open_engine(w);
    unsigned troubles = w->day = w->troubles;
    w->troubles = 0;
    for (int k = KINDS - 1; k >= 0; k--)
        for (uint8_t i = 0; i < ITEMS; i++) {
            struct item x = some_item(w, k, i);
            if (chance(w, k == LOOKOUTS ? 30 : 90)) produce(w, k, GL_OP_UPSERT, i, &x);
        }
    for (int k = 0; k < KINDS; k++) heartbeat(w, k);
    deliver(w);
    commit(w);
    w->troubles = troubles;
    for (int i = 0; i < STEPS; i++) act(w);
    come_to_rest(w);
    gl_engine_close(w->e);
    gl_asides_free(&asides);
    free(w->record);
    free(w);
}

/* ---- the tests ----------------------------------------------------------------------------------------------------------------------- */
static int64_t number(const char *name, int64_t otherwise) {
    int64_t v;
    const char *text = getenv(name);
    return text && gl_parse_int(text, 0, INT64_MAX, &v) == 0 ? v : otherwise;
}

static int drop(const char *path, const struct stat *st GL_UNUSED, int flag GL_UNUSED, struct FTW *ftw GL_UNUSED) {
    return remove(path);
}

static void configure(void) {
    static const char text[] =
        "post: {id: north}\nmqtt: {url: mqtt://127.0.0.1:1883}\n"
        "feed: {collections: [movements, declarations, lookouts, traders], live: 1m, soft: 2m, hard: 10m, down: 1h}\n"
        "profiles:\n"
        "  truck: {mode: open, classes: {truck: declared}, require: [plate, trailer, declaration]}\n"
        "  early: {mode: open, classes: {truck: declared}, require: [plate, trailer, declaration], lead_time: {normal: 30m, aeo: "
        "10m}}\n"
        "lanes:\n"
        "  in-1: {profile: truck, direction: in, devices: {entry-loop: {use: gpio, line: chip0/4}, front: {use: anpr/isapi, at: "
        "10.0.1.11},\n"
        "    rear: {use: anpr/isapi, at: 10.0.1.12, role: trailer, after: 0s..3s}, qr: {use: code/line, at: /dev/qr1, required: "
        "false},\n"
        "    exit-loop: {use: gpio, line: chip0/5}}}\n"
        "  in-2: {profile: early, direction: in, devices: {entry-loop: {use: gpio, line: chip1/4}, front: {use: anpr/isapi, at: "
        "10.0.1.21},\n"
        "    rear: {use: anpr/isapi, at: 10.0.1.22, role: trailer, after: 0s..3s}, qr: {use: code/line, at: /dev/qr2, required: "
        "false},\n"
        "    exit-loop: {use: gpio, line: chip1/5}}}\n"
        "clients:\n  desk: {role: officer, commands: [override, close]}\n  hq: {role: authority, commands: [contingency]}\n";
    char path[sizeof dir + 16];
    struct gl_config_error errors[4];
    snprintf(path, sizeof path, "%s/post.yaml", dir);
    FILE *f = fopen(path, "w");
    assert_true(f && fputs(text, f) >= 0 && fclose(f) == 0);
    if (gl_config_load(path, false, &config, errors, 4)) fail_msg("%s", errors[0].text);
}

static void days(void **state GL_UNUSED) {
    int64_t seed = number("GREENLANE_SEED", 1), n = number("GREENLANE_RUNS", RUNS);
    assert_non_null(mkdtemp(dir));
    configure();
    for (int64_t i = seed; i < seed + n; i++) a_day(i, i % DISK_EVERY == 0);
    gl_config_free(config);
    assert_int_equal(nftw(dir, drop, 8, FTW_DEPTH | FTW_PHYS), 0);
    print_message(
        "%lld greens (%lld aged, %lld by declarations alone), %lld by officers, %lld inspections, %lld taken back, %lld listed "
        "of %lld, %lld restarts\n",
        (long long)tally.greens, (long long)tally.aged, (long long)tally.by_declaration, (long long)tally.officers,
        (long long)tally.inspections, (long long)tally.fallen, (long long)tally.listed, (long long)tally.reviewed,
        (long long)tally.restarts);
    assert_true(tally.greens > 0 || n < RUNS);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(days)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

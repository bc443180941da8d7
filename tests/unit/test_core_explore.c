/* Tens of thousands of random events, plausible and absurd, over two lanes; after each, an oracle of its own says whether what is lit may be lit.
 * GREENLANE_SEED and GREENLANE_RUNS choose other sequences and longer runs; a failure prints its seed. */
#include "core_bench.h"

enum { EVENTS = 400, RUNS = 250, MOST_PASSAGES = 6, IDS = 4096 };

/* What the oracle knows: what it did itself, and what the core has said. */
struct oracle {
    uint64_t seed, random;
    uint8_t mode[2], feed, devices[2][3], gpio[2];
    bool clock_ok, pressed[2], on_exit[2];
    int n_open[2];
    char open[2][MOST_PASSAGES][GL_UUID], plates[2][MOST_PASSAGES][GL_PLATE];
    struct gl_ref document[2][MOST_PASSAGES];
    uint32_t n_ids;
    uint64_t ids[IDS];
    uint32_t greens, hits, reviews, contingencies;
    struct gl_review_case past[4]; /* releases, to be judged again */
    uint32_t n_past;
    struct gl_hit told[KEPT];
};

static uint32_t dice(struct oracle *o, uint32_t sides) {
    o->random ^= o->random << 13;
    o->random ^= o->random >> 7;
    o->random ^= o->random << 17;
    return (uint32_t)(o->random >> 32) % sides;
}

static struct oracle *oracle_of(struct bench *b) {
    return b->user;
}

#define MUST(o, cond)                                                                 \
    do {                                                                              \
        if (!(cond)) fail_msg("seed %llu: %s", (unsigned long long)(o)->seed, #cond); \
    } while (0)

static void new_id(struct oracle *o, const char *id) {
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (const char *c = id; *c; c++) h = (h ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    MUST(o, strlen(id) == GL_UUID - 1);
    for (uint32_t i = 0; i < o->n_ids; i++) MUST(o, o->ids[i] != h);
    if (o->n_ids < IDS) o->ids[o->n_ids++] = h;
}

/* ---- what the core says --------------------------------------------------------------------------------------------------------------- */
static int place_of(const struct oracle *o, int lane, const char *passage) {
    for (int i = 0; i < o->n_open[lane]; i++)
        if (strcmp(o->open[lane][i], passage) == 0) return i;
    return -1;
}

static void hear_passage(struct bench *b, const struct gl_passage *p) {
    struct oracle *o = oracle_of(b);
    int lane = lane_number(b, p->lane), at = place_of(o, lane, p->passage);
    if (p->state == GL_PASSAGE_CLOSED) {
        MUST(o, p->exit != GL_EXIT_NONE);
        if (at < 0) return; /* opened and closed before anything was said of it */
        int after = --o->n_open[lane] - at;
        memmove(o->open[lane][at], o->open[lane][at + 1], (size_t)after * sizeof o->open[0][0]);
        memmove(o->plates[lane][at], o->plates[lane][at + 1], (size_t)after * sizeof o->plates[0][0]);
        memmove(&o->document[lane][at], &o->document[lane][at + 1], (size_t)after * sizeof o->document[0][0]);
        return;
    }
    if (at < 0) {
        MUST(o, o->n_open[lane] < MOST_PASSAGES);
        at = o->n_open[lane]++;
        memcpy(o->open[lane][at], p->passage, GL_UUID);
        new_id(o, p->passage);
    }
    memcpy(o->plates[lane][at], p->known.plate, GL_PLATE);
    o->document[lane][at] = p->known.reference;
}

static void hear_use(struct bench *b, const struct gl_use_change *c) {
    struct used *u = use_of(b, &c->ref);
    if (c->use == GL_USE_RESERVED && u && u->use == GL_USE_RESERVED) MUST(oracle_of(b), strcmp(u->passage, c->passage) == 0);
}

static struct lodged_movement *movement_of(struct bench *b, const struct gl_ref *ref) {
    for (int i = 0; i < b->n_movements; i++)
        if (same_ref(&b->movements[i].m.ref, ref)) return &b->movements[i];
    return NULL;
}

static bool names(const struct lodged_movement *x, const char *plate_text, const struct gl_ref *document) {
    struct gl_plate_keys keys;
    for (int i = 0; plate_text[0] && i < x->m.n_means; i++) {
        if (x->m.means[i].role == GL_ROLE_TRAILER || gl_plate_keys(x->m.means[i].plate, &keys) < 0) continue;
        for (int k = 0; k < keys.n; k++)
            if (has_key(plate_text, keys.key[k])) return true;
    }
    if (plate_text[0]) return false;
    bool it = same_ref(&x->m.ref, document);
    for (int i = 0; i < x->m.n_declarations; i++) it = it || same_ref(&x->listed[i], document);
    return it;
}

/* ---- look-outs, traders, contingency: as the oracle sees them -------------------------------------------------------------------------- */
static bool is_sought(struct bench *b, const char *text) {
    struct gl_plate_keys keys;
    bool found = false;
    if (gl_plate_keys(text, &keys) < 0) return false;
    for (int i = 0; i < b->n_lookouts; i++)
        for (int k = 0; k < keys.n; k++) found = found || has_key(b->lookouts[i].text, keys.key[k]);
    return found;
}

static bool movement_sought(struct bench *b, const struct lodged_movement *x) {
    for (int i = 0; i < x->m.n_means; i++)
        if (is_sought(b, x->m.means[i].plate)) return true;
    return false;
}

/* Nobody looks for what was read last, or for what was announced. The clock of this world is trusted whenever a release is possible. */
static void judge_lookouts(struct bench *b, const struct lodged_movement *x, const char *text) {
    MUST(oracle_of(b), !is_sought(b, text));
    MUST(oracle_of(b), !movement_sought(b, x));
}

static void judge_documents(struct bench *b, const struct lodged_movement *x) {
    const struct gl_profile *p = &b->config->profiles[0];
    bool trusted = oracle_of(b)->feed == GL_FEED_LIVE || oracle_of(b)->feed == GL_FEED_AGED, wanted = false;
    for (int i = 0; i < x->m.n_declarations; i++) {
        struct gl_answer_declaration *d = lodged_declaration(b, &x->listed[i]);
        trusted = trusted && d->trader == GL_TRADER_ACTIVE && d->aeo;
        wanted = wanted || d->n_wanted;
    }
    trusted = trusted && x->m.n_declarations > 0;
    MUST(oracle_of(b), !wanted || trusted);
    if (p->lead_ms) MUST(oracle_of(b), x->m.lodged_at && b->now.wall >= x->m.lodged_at + (trusted ? p->lead_aeo_ms : p->lead_ms));
}

/* Do the papers of a release carry it, at the moment of the decision? */
static void judge_papers(struct bench *b, const struct gl_decision *d) {
    struct oracle *o = oracle_of(b);
    int64_t wall = b->now.wall;
    MUST(o, d->match.n_movements == 1);
    struct lodged_movement *x = movement_of(b, &d->match.movements[0]);
    MUST(o, x != NULL && !b->cache_fails && !b->cache_truncates);
    MUST(o, x->m.state == GL_MOVEMENT_READY || x->m.state == GL_MOVEMENT_CHECKED_IN);
    MUST(o, x->m.channel == GL_CHANNEL_RELEASE && x->m.direction == GL_DIRECTION_IN);
    MUST(o, x->m.valid_from <= wall && wall <= x->m.valid_to);
    MUST(o, gl_core_contingency(b->core)->active != GL_TRUE && !d->contingency[0]);
    if (o->feed == GL_FEED_AGED) MUST(o, x->m.state == GL_MOVEMENT_READY);
    for (int i = 0; i < x->m.n_declarations; i++) {
        struct gl_answer_declaration *dec = lodged_declaration(b, &x->listed[i]);
        MUST(o, dec && dec->state == GL_DECLARATION_RELEASED && (!dec->valid_to || wall <= dec->valid_to));
        MUST(o, dec->control <= GL_CHANNEL_RELEASE);
    }
    int lane = lane_number(b, d->lane), at = place_of(o, lane, d->passage);
    MUST(o, at == 0);
    MUST(o, names(x, o->plates[lane][0], &o->document[lane][0]));
    judge_lookouts(b, x, o->plates[lane][0]);
    judge_documents(b, x);
    struct used *u = use_of(b, &x->m.ref);
    MUST(o, u && u->use == GL_USE_RESERVED && strcmp(u->passage, d->passage) == 0);
}

/* An officer's release in a contingency names its evidence; past its time there is none. */
static void judge_officer(struct bench *b, const struct gl_decision *d) {
    const struct gl_contingency *k = gl_core_contingency(b->core);
    if (k->active != GL_TRUE) return;
    MUST(oracle_of(b), d->evidence.value[0] && strcmp(d->contingency, k->reference) == 0);
    MUST(oracle_of(b), b->now.wall < k->until && !k->alarm[0]);
}

static void remember(struct oracle *o, const struct gl_effect *fx) {
    struct gl_review_case *r = &o->past[o->n_past++ % GL_COUNT(o->past)];
    memset(r, 0, sizeof *r);
    memcpy(r->passage.lane, fx->decision->lane, sizeof r->passage.lane);
    memcpy(r->passage.passage, fx->decision->passage, sizeof r->passage.passage);
    if (fx->decision->match.n_identifiers)
        gl_clip(r->passage.known.plate, sizeof r->passage.known.plate, fx->decision->match.identifiers[0].text);
    memcpy(r->decision, fx->id, sizeof r->decision);
    r->decided_at = fx->at.wall;
    r->outcome = GL_OUTCOME_RELEASE;
    r->feed = GL_FEED_AGED;
}

/* Once for each passage and look-out, as long as it stands here. */
static void hear_hit(struct oracle *o, const struct gl_event *ev, const struct gl_hit *h) {
    MUST(o, h->level != GL_LEVEL_NONE && h->decision[0]);
    if (ev->type == GL_EV_REVIEW) return; /* the journal knows those of the past */
    for (uint32_t i = 0; i < o->hits && i < KEPT; i++)
        MUST(o, strcmp(o->told[i].passage, h->passage) != 0 || !same_ref(&o->told[i].lookout, &h->lookout));
    o->told[o->hits++ % KEPT] = *h;
}

static void hear(struct bench *b, const struct gl_event *ev, const struct gl_effect *fx) {
    struct oracle *o = oracle_of(b);
    if (fx->type == GL_EFFECT_HIT) hear_hit(o, ev, fx->hit);
    if (fx->type == GL_EFFECT_CONTINGENCY) o->contingencies++;
    if (fx->type == GL_EFFECT_PASSAGE) hear_passage(b, fx->passage);
    if (fx->type == GL_EFFECT_USE) hear_use(b, fx->use);
    if (fx->type == GL_EFFECT_DECISION) {
        new_id(o, fx->id);
        MUST(o, place_of(o, lane_number(b, fx->decision->lane), fx->decision->passage) == 0);
        if (fx->decision->outcome == GL_OUTCOME_RELEASE && !fx->decision->officer.id[0]) judge_papers(b, fx->decision);
        if (fx->decision->outcome == GL_OUTCOME_RELEASE && fx->decision->officer.id[0]) judge_officer(b, fx->decision);
        if (fx->decision->outcome == GL_OUTCOME_RELEASE) remember(o, fx);
    }
    if (fx->type == GL_EFFECT_SIGNAL && fx->signal->signal == GL_SIGNAL_RELEASE) {
        o->greens++;
        MUST(o, fx->signal->until == ev->at.wall + b->config->profiles[0].release_hold_ms);
    }
}

/* ---- may it be lit? ------------------------------------------------------------------------------------------------------------------- */
static const struct gl_decision *decision_of(struct bench *b, const char *id) {
    for (uint32_t i = 0; i < KEPT && i < b->n_decisions; i++)
        if (strcmp(b->decision_ids[i], id) == 0) return &b->decisions[i];
    return NULL;
}

static void judge_green(struct bench *b, int lane) {
    struct oracle *o = oracle_of(b);
    const struct gl_signal_state *s = &b->shown[lane];
    MUST(o, o->mode[lane] == GL_MODE_OPEN || o->mode[lane] == GL_MODE_MANUAL);
    MUST(o, o->gpio[lane] == GL_DEVICE_ONLINE && !o->pressed[lane] && !o->on_exit[lane]);
    MUST(o, o->n_open[lane] > 0 && strcmp(o->open[lane][0], s->passage) == 0);
    const struct gl_decision *d = decision_of(b, s->decision);
    MUST(o, d && d->outcome == GL_OUTCOME_RELEASE && strcmp(d->passage, s->passage) == 0);
    for (uint32_t i = 0; i < KEPT && i < b->n_decisions; i++) MUST(o, strcmp(b->decisions[i].supersedes, s->decision) != 0);
    if (d->officer.id[0]) return;
    MUST(o, o->mode[lane] == GL_MODE_OPEN && o->clock_ok);
    MUST(o, gl_core_contingency(b->core)->active != GL_TRUE);
    MUST(o, b->cache_fails || !is_sought(b, o->plates[lane][0])); /* whoever is looked for stands before a red light */
    MUST(o, o->feed == GL_FEED_LIVE || o->feed == GL_FEED_AGED);
    MUST(o, o->devices[lane][0] != GL_DEVICE_OFFLINE && o->devices[lane][1] != GL_DEVICE_OFFLINE);
}

static void judge(struct bench *b) {
    for (int lane = 0; lane < 2; lane++) {
        bool green = b->shown[lane].signal == GL_SIGNAL_RELEASE;
        if (green && b->now.mono < b->shown_mono[lane] + b->config->profiles[0].release_hold_ms) judge_green(b, lane);
    }
}

/* ---- what happens --------------------------------------------------------------------------------------------------------------------- */
static const char *const lanes[] = {"in-1", "in-2"};
static const char *const plate_texts[] = {"NC15REG",  "NC16REG", "KA1234AB", "",        "M-AB 123", "NC15RE?",
                                          "\xff\xfe", "Ж",       "нс15rеg",  "NC17TRL", "0"};
static const char *const trailer_texts[] = {"NC17TRL", "NC18TRL", "", "NC15REG", "??"};

static void lodge_some(struct bench *b) {
    lodge(b, "GMRA00000001", "NC15REG", "NC17TRL");
    lodge(b, "GMRB00000002", "NC16REG", NULL);
    lodge(b, "GMRC00000003", "KA1234AB", "NC18TRL");
    lodge(b, "GMRD00000004", "MAB123", NULL);
    b->movements[3].listed[b->movements[3].m.n_declarations++] = b->declarations[0].ref;
    for (int i = 0; i < b->n_movements; i++) b->movements[i].m.lodged_at = b->now.wall - HOUR;
}

static void random_lodged(struct bench *b, struct oracle *o) {
    struct lodged_movement *x = &b->movements[dice(o, b->n_movements)];
    struct gl_answer_declaration *d = &b->declarations[dice(o, b->n_declarations)];
    bool mend = dice(o, 3) > 0;
    switch (dice(o, 6)) {
        case 0: x->m.state = mend ? GL_MOVEMENT_READY : (uint8_t)dice(o, GL_MOVEMENT_EXPIRED + 1); break;
        case 1: x->m.channel = mend ? GL_CHANNEL_RELEASE : (uint8_t)dice(o, GL_CHANNEL_REFUSE + 1); break;
        case 2: d->state = mend ? GL_DECLARATION_RELEASED : (uint8_t)dice(o, GL_DECLARATION_EXPIRED + 1); break;
        case 3: d->control = mend ? GL_CHANNEL_NONE : (uint8_t)dice(o, GL_CHANNEL_REFUSE + 1); break;
        case 4: x->m.valid_to = b->now.wall + (mend ? 24 * HOUR : -1); break;
        default: d->valid_to = b->now.wall + (mend ? 24 * HOUR : -1); break;
    }
    if (dice(o, 4) == 0) b->n_uses = 0; /* another day */
    lodged_changed(b);
}

static void random_lookout(struct bench *b, struct oracle *o) {
    if (b->n_lookouts) {
        b->n_lookouts = 0; /* all withdrawn */
    } else if (b->n_lookouts < 3) {
        struct gl_answer_lookout *x = look_out(b, GL_SOUGHT_PLATE, dice(o, 2) ? plate_texts[dice(o, 4)] : trailer_texts[dice(o, 2)],
                                               (uint8_t)dice(o, GL_CHANNEL_REFUSE + 1));
        gl_format(x->ref.value, sizeof x->ref.value, "L-%u", dice(o, 5));
        x->silent = dice(o, 2);
        x->valid_to = 0;
    }
    lodged_changed(b);
}

static void random_trader(struct bench *b, struct oracle *o) {
    struct gl_answer_declaration *d = &b->declarations[dice(o, b->n_declarations)];
    d->trader = (uint8_t)dice(o, 3);
    d->aeo = dice(o, 4);
    d->n_wanted = dice(o, 12) == 0;
    lodged_changed(b);
}

/* Judged again: one word for each, and nothing is decided by it. */
static void random_review(struct bench *b, struct oracle *o) {
    uint32_t reviews = b->n_reviews, decisions = b->n_decisions;
    if (o->n_past == 0) return;
    step(b, &(struct gl_event){.type = GL_EV_REVIEW, .review = &o->past[dice(o, o->n_past < 4 ? o->n_past : 4)]});
    MUST(o, b->n_reviews == reviews + 1 && b->n_decisions == decisions);
    MUST(o, b->review.failed == b->cache_fails);
    MUST(o, b->review.failed || b->review.differs == (b->review.outcome_now == GL_OUTCOME_INSPECT));
    MUST(o, !b->review.differs || b->review.n_rules > 0);
    o->reviews++;
}

static void random_reading(struct bench *b, struct oracle *o, const char *lane) {
    switch (dice(o, 12)) {
        case 0:
        case 1:
        case 2: plate(b, lane, plate_texts[dice(o, 4)]); break;
        case 3: {
            double confidence = dice(o, 4) == 0 ? (double)NAN : dice(o, 100) / 60.0 - 0.2;
            plate_as(b, lane, plate_texts[dice(o, GL_COUNT(plate_texts))], confidence, (uint8_t)dice(o, 3), dice(o, 5) == 0);
            break;
        }
        case 4:
        case 5: trailer(b, lane, trailer_texts[dice(o, GL_COUNT(trailer_texts))]); break;
        case 6: code(b, lane, dice(o, 3) ? "gmr" : "", dice(o, 2) ? "GMRA00000001" : "GMRZ00000009"); break;
        case 7: container(b, lane, dice(o, 2) ? "MSCU9981402" : ""); break;
        case 8: class_of(b, lane, (uint8_t)dice(o, GL_CLASS_UNKNOWN + 1)); break;
        default: drive_in(b, lane, plate_texts[dice(o, 3)], dice(o, 2) ? trailer_texts[dice(o, 2)] : NULL); break;
    }
}

static void random_loop(struct bench *b, struct oracle *o, int lane) {
    bool on = dice(o, 2);
    switch (dice(o, 8)) {
        case 0: loop(b, lanes[lane], GL_ZONE_ENTRY, on); break;
        case 1:
            o->pressed[lane] = dice(o, 8) == 0;
            loop(b, lanes[lane], GL_ZONE_EMERGENCY_STOP, o->pressed[lane]);
            break;
        case 2: loop(b, lanes[lane], (uint8_t)(GL_ZONE_BARRIER_UP + dice(o, 2)), on); break;
        default:
            o->on_exit[lane] = on;
            loop(b, lanes[lane], GL_ZONE_EXIT, on);
            break;
    }
}

static void random_state(struct bench *b, struct oracle *o, int lane) {
    static const char *const names_of[] = {"front", "rear", "qr"};
    char id[GL_ID + 8];
    uint8_t to = dice(o, 3) ? GL_DEVICE_ONLINE : (uint8_t)(GL_DEVICE_ONLINE + dice(o, 3));
    int which = (int)dice(o, 4);
    switch (dice(o, 4)) {
        case 0:
            o->feed = dice(o, 3) ? GL_FEED_LIVE : (uint8_t)dice(o, GL_FEED_EMPTY + 1);
            feed(b, o->feed);
            break;
        case 1:
            o->clock_ok = dice(o, 4) > 0;
            clock_ok(b, o->clock_ok);
            break;
        default:
            gl_format(id, sizeof id, "%s.%s", lanes[lane], which < 3 ? names_of[which] : "gpio");
            if (which < 3)
                o->devices[lane][which] = to;
            else
                o->gpio[lane] = to;
            device(b, id, to);
            break;
    }
}

static void random_command(struct bench *b, struct oracle *o) {
    static const char *const clients[] = {"desk", "hq", "display", "nobody"};
    uint8_t name = (uint8_t)(1 + dice(o, GL_COMMAND_SNAPSHOT));
    struct gl_command c = order(b, clients[dice(o, dice(o, 3) ? 2 : 4)], dice(o, 2) ? GL_COMMAND_OVERRIDE : name);
    if (dice(o, 4) == 0) gl_clip(c.lane, sizeof c.lane, lanes[dice(o, 2)]);
    if (dice(o, 8) == 0) c.expires_at = b->now.wall - 1 + dice(o, 2);
    if (dice(o, 8) == 0) gl_clip(c.officer.id, sizeof c.officer.id, dice(o, 2) ? "officer-8" : "");
    if (dice(o, 8) == 0) c.decision[0] ^= 1;
    if (dice(o, 4) == 0) c.outcome = (uint8_t)dice(o, 3);
    c.level = (uint8_t)dice(o, 4);
    c.mode = dice(o, 2) ? GL_MODE_OPEN : (uint8_t)dice(o, 5);
    c.exit = (uint8_t)dice(o, 4);
    c.action = (uint8_t)dice(o, 3);
    c.until = b->now.wall + (int64_t)dice(o, 100) * HOUR;
    c.collection = (uint8_t)dice(o, GL_COLLECTIONS);
    gl_clip(c.reference, sizeof c.reference, dice(o, 8) ? "ORDER-7" : "");
    if (dice(o, 2)) gl_clip(c.evidence.type, sizeof c.evidence.type, dice(o, 8) ? "mrn" : "?");
    if (dice(o, 4)) gl_format(c.evidence.value, sizeof c.evidence.value, "E%u", ++b->commands); /* each document once */
    c.role = (uint8_t)dice(o, 4);
    gl_clip(c.plate, sizeof c.plate, plate_texts[dice(o, GL_COUNT(plate_texts))]);
    if (give(b, &c) && c.name == GL_COMMAND_LANE_MODE) o->mode[lane_number(b, c.lane)] = c.mode;
}

static void end_contingency(struct bench *b) {
    if (gl_core_contingency(b->core)->active != GL_TRUE) return;
    struct gl_command c = contingency_order(b, GL_CONTINGENCY_END, 1);
    assert_true(give(b, &c));
}

static void random_time(struct bench *b, struct oracle *o) {
    static const int64_t steps[] = {1, 100, 900, 5 * SECOND, 12 * SECOND, 31 * SECOND, 11 * MINUTE, 26 * 3600 * SECOND};
    int64_t ms = steps[dice(o, dice(o, 8) ? 6 : GL_COUNT(steps))];
    if (dice(o, 8))
        later(b, ms);
    else
        b->now.mono += ms, b->now.wall += ms;                                    /* the loop stood still: nobody was told */
    if (dice(o, 32) == 0) b->now.wall += (int64_t)dice(o, 7200) * SECOND - HOUR; /* somebody set the clock */
}

static void random_event(struct bench *b, struct oracle *o) {
    int lane = (int)dice(o, 2);
    if (dice(o, 24) == 0) b->hold_commit = dice(o, 3) == 0;
    if (dice(o, 4) == 0) end_contingency(b);
    if (dice(o, 80) == 0 && gl_core_contingency(b->core)->active != GL_TRUE) assert_true(contingency(b, GL_CONTINGENCY_BEGIN));
    if (dice(o, b->n_lookouts ? 8 : 60) == 0) random_lookout(b, o);
    if (dice(o, 40) == 0) random_trader(b, o);
    if (dice(o, 20) == 0) random_review(b, o);
    if (dice(o, 64) == 0) b->cache_fails = dice(o, 4) == 0, lodged_changed(b);
    if (dice(o, 64) == 0) b->cache_truncates = dice(o, 4) == 0, lodged_changed(b);
    switch (dice(o, 16)) {
        case 0:
        case 1:
        case 2:
        case 3:
        case 4: random_reading(b, o, lanes[lane]); break;
        case 5:
        case 6:
        case 7: random_loop(b, o, lane); break;
        case 8: random_state(b, o, lane); break;
        case 9: random_lodged(b, o); break;
        case 10: random_command(b, o); break;
        default: random_time(b, o); break;
    }
    if (b->hold_commit) return;
    commit(b);
    judge(b);
}

/* Everything leaves the loops, and time runs on: nothing may stay behind, and nothing wants to be woken. */
static void run_out(struct bench *b, struct oracle *o) {
    b->hold_commit = false;
    for (int lane = 0; lane < 2; lane++) {
        loop(b, lanes[lane], GL_ZONE_ENTRY, false);
        loop(b, lanes[lane], GL_ZONE_EXIT, false);
        o->on_exit[lane] = false;
    }
    end_contingency(b);
    later(b, HOUR);
    judge(b);
    MUST(o, o->n_open[0] == 0 && o->n_open[1] == 0);
    MUST(o, gl_core_next_deadline(b->core) == INT64_MAX && gl_core_idle(b->core));
    MUST(o, !is_released(b, "in-1") && !is_released(b, "in-2"));
}

static struct oracle explore(uint64_t seed, uint64_t *ret_hash) {
    struct oracle o = {.seed = seed, .random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1, .feed = GL_FEED_LIVE, .clock_ok = true};
    struct bench *b = bench_new();
    b->config->feed.collections = 1u << GL_COLLECTION_MOVEMENTS | 1u << GL_COLLECTION_TRADERS;
    b->config->profiles[0].lead_ms = seed % 2 ? 50 * MINUTE : 0;
    b->config->profiles[0].lead_aeo_ms = seed % 2 ? 10 * MINUTE : 0;
    bench_ready(b);
    lodge_some(b);
    for (int lane = 0; lane < 2; lane++) {
        o.mode[lane] = GL_MODE_OPEN;
        o.gpio[lane] = GL_DEVICE_ONLINE;
        for (int i = 0; i < 3; i++) o.devices[lane][i] = GL_DEVICE_ONLINE;
    }
    b->user = &o;
    b->watch = hear;
    for (int i = 0; i < EVENTS; i++) random_event(b, &o);
    run_out(b, &o);
    *ret_hash = b->hash;
    bench_free(b);
    return o;
}

static uint64_t from_environment(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    int64_t n;
    return text && gl_parse_int(text, 1, INT64_MAX, &n) == 0 ? (uint64_t)n : otherwise;
}

static void never_a_wrong_green(void **state) {
    (void)state;
    uint64_t seed = from_environment("GREENLANE_SEED", 1), runs = from_environment("GREENLANE_RUNS", RUNS), hash, greens = 0,
             hits = 0, reviews = 0, contingencies = 0;
    for (uint64_t i = 0; i < runs; i++) {
        struct oracle o = explore(seed + i, &hash);
        greens += o.greens, hits += o.hits, reviews += o.reviews, contingencies += o.contingencies;
    }
    print_message("%llu greens, %llu look-outs, %llu reviews, %llu words on contingencies in %llu events\n",
                  (unsigned long long)greens, (unsigned long long)hits, (unsigned long long)reviews,
                  (unsigned long long)contingencies, (unsigned long long)(runs * EVENTS));
    if (runs >= RUNS)
        assert_true(greens > runs && hits > runs && reviews > runs && contingencies > runs / 4); /* or it proves nothing */
}

static void the_same_again(void **state) {
    (void)state;
    uint64_t first, second, other;
    explore(4711, &first);
    explore(4711, &second);
    explore(4712, &other);
    assert_true(first == second);
    assert_true(first != other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_a_wrong_green),
        cmocka_unit_test(the_same_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

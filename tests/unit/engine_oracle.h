/* When a release is right: by what is true of what was lodged, as docs/rules.md says it. It knows nothing of how the engine finds out. */
#pragma once
#include "engine_world.h"

enum { SOFT = 2 * MINUTE, HARD = 10 * MINUTE };

static int64_t whole_number(const char *text) {
    int64_t v;
    return gl_parse_int(text, 0, INT64_MAX, &v) == 0 ? v : -1;
}

/* ---- the oracle ---------------------------------------------------------------------------------------------------------------------- */
struct view { /* what was true, at one number of each collection */
    struct item of[KINDS][ITEMS];
};
struct case_ {
    const struct vehicle *v;
    int lane, own; /* own: the movement that it has used itself, in a review */
    int64_t at, now;
    bool aged, review;
    unsigned own_declarations;
    /* found */
    int movement;
    unsigned judged; /* bit: declaration */
    bool unsure;     /* several would do, and nobody says which */
};

static bool within(const struct item *x, int64_t at) {
    return (!x->from || x->from <= at) && (!x->to || at <= x->to);
}

static bool reserved(const struct world *w, int lane, int movement) {
    for (int n = 0; n < LANES; n++)
        if (n != lane && w->lanes[n].outcome == GL_OUTCOME_RELEASE && w->lanes[n].match == movement) return true;
    return false;
}

static unsigned used_declarations(const struct world *w, const struct case_ *c) {
    unsigned used = w->used_declarations;
    for (int n = 0; n < LANES; n++)
        if (n != c->lane && w->lanes[n].outcome == GL_OUTCOME_RELEASE) used |= w->lanes[n].declarations;
    return used & ~c->own_declarations;
}

static bool movement_live(const struct world *w, const struct case_ *c, const struct item *m, int i) {
    bool state = m->state == GL_MOVEMENT_READY || m->state == GL_MOVEMENT_CHECKED_IN;
    return state && m->direction != GL_DIRECTION_OUT && within(m, c->at) && !w->used[i] && !reserved(w, c->lane, i);
}

static bool declaration_live(const struct item *d, int64_t at) {
    return d->there && d->state >= GL_DECLARATION_LODGED && d->state <= GL_DECLARATION_NOT_RELEASED && (!d->to || at <= d->to);
}

static const char several[] = "several movements fit";

static const char *choose(const struct world *w, const struct view *t, struct case_ *c, bool by_code) {
    int live = 0, any = 0, n_live_declarations = 0;
    c->movement = c->own;
    c->judged = 0;
    for (int i = 0; i < ITEMS && c->own < 0; i++) {
        const struct item *m = &t->of[MOVEMENTS][i];
        if (!m->there || (by_code ? i != c->v->code : m->plate != c->v->plate)) continue;
        any++;
        if (!movement_live(w, c, m, i)) continue;
        live++;
        c->movement = i;
    }
    c->unsure = c->review && any > 1;
    if (live > 1 && !c->review) return several;
    if (any > 0 && live == 0) return "the movement is not live";
    for (int d = 0; d < ITEMS; d++) {
        const struct item *x = &t->of[DECLARATIONS][d];
        if (c->movement >= 0 && t->of[MOVEMENTS][c->movement].lists[d]) c->judged |= 1u << d;
        if (c->movement < 0 && x->plate == c->v->plate && declaration_live(x, c->at)) c->judged |= 1u << d, n_live_declarations++;
    }
    return c->movement < 0 && n_live_declarations == 0 ? "nothing live was lodged" : NULL;
}

static const char *judge_declaration(const struct item *x, int64_t at) {
    if (!x->there) return "a declaration is missing";
    if (x->state != GL_DECLARATION_RELEASED) return "a declaration is not released";
    if (x->to && at > x->to) return "a declaration is over its time";
    return x->channel > GL_CHANNEL_RELEASE ? "a control is ordered" : NULL;
}

static bool trusted(const struct view *t, const struct case_ *c) {
    for (int d = 0; d < ITEMS; d++) {
        if (!(c->judged & (1u << d))) continue;
        int who = t->of[DECLARATIONS][d].trader;
        const struct item *x = who ? &t->of[TRADERS][who - 1] : NULL;
        if (!x || !x->there || x->state != GL_TRADER_ACTIVE || !x->aeo || !within(x, c->at)) return false;
    }
    return c->judged != 0;
}

static const char *judge_time(const struct view *t, const struct case_ *c, bool is_trusted) {
    int64_t lodged = c->movement >= 0 ? t->of[MOVEMENTS][c->movement].lodged : 0, least = INT64_MAX, latest = 0;
    if (c->lane != 1) return NULL; /* its profile asks for no lead time */
    for (int d = 0; d < ITEMS && !lodged; d++) {
        if (!(c->judged & (1u << d))) continue;
        int64_t at = t->of[DECLARATIONS][d].lodged;
        if (at < least) least = at;
        if (at > latest) latest = at;
    }
    if (!lodged) lodged = least == 0 || least == INT64_MAX ? 0 : latest;
    if (!lodged) return "not said when it was lodged";
    return c->at < lodged + (is_trusted ? 10 : 30) * MINUTE ? "lodged too late" : NULL;
}

static bool holds(const struct item *l, const struct item *x, int k) {
    if (l->what == GL_SOUGHT_SEAL) return x->seal == l->text;
    if (l->what == GL_SOUGHT_HOLDER) return k == DECLARATIONS && x->trader == l->text;
    return l->text <= 6 ? x->plate == l->text : k == MOVEMENTS && x->trailer == l->text - 6;
}

/* loosely: anything at all that was lodged holds it. */
static bool sought(const struct view *t, const struct case_ *c, bool loosely) {
    for (int i = 0; i < ITEMS; i++) {
        const struct item *l = &t->of[LOOKOUTS][i];
        bool in_time = within(l, c->at) || (c->review && within(l, c->now));
        if (!l->there || l->state != GL_LOOKOUT_ACTIVE || !in_time) continue;
        if (l->what == GL_SOUGHT_PLATE && (l->text == c->v->plate || (c->v->trailer && l->text == 6 + c->v->trailer))) return true;
        if (c->movement >= 0 && holds(l, &t->of[MOVEMENTS][c->movement], MOVEMENTS)) return true;
        for (int d = 0; d < ITEMS; d++) {
            if ((c->judged & (1u << d)) && holds(l, &t->of[DECLARATIONS][d], DECLARATIONS)) return true;
            if (loosely && (holds(l, &t->of[DECLARATIONS][d], DECLARATIONS) || holds(l, &t->of[MOVEMENTS][d], MOVEMENTS)))
                return true;
        }
    }
    return false;
}

/* NULL, or why a release would be wrong. */
static const char *wrong_by(const struct world *w, const struct view *t, struct case_ *c, bool by_code) {
    const char *why = choose(w, t, c, by_code);
    if (why) return why;
    const struct item *m = c->movement >= 0 ? &t->of[MOVEMENTS][c->movement] : NULL;
    bool is_trusted = trusted(t, c),
         arrived = m && c->own >= 0 && m->state >= GL_MOVEMENT_ARRIVED && m->state <= GL_MOVEMENT_EXITED;
    if (sought(t, c, false)) return "looked for";
    if (m && c->own >= 0 && !arrived && m->state != GL_MOVEMENT_READY && m->state != GL_MOVEMENT_CHECKED_IN)
        return "not live any more";
    if (m && c->own >= 0 && (m->direction == GL_DIRECTION_OUT || !within(m, c->at))) return "not for then and there";
    if (m && m->plate != c->v->plate) return "the document is another vehicle's";
    if (m && m->channel != GL_CHANNEL_RELEASE) return m->channel ? "a control is ordered" : "not decided";
    if (m && c->aged && m->state != GL_MOVEMENT_READY) return "aged, and not simply ready";
    if (!c->review && (m ? m->trailer : 0) != c->v->trailer) return "another trailer";
    for (int d = 0; d < ITEMS; d++) {
        const struct item *x = &t->of[DECLARATIONS][d];
        bool beside = m && x->plate == c->v->plate && x->channel > GL_CHANNEL_RELEASE && declaration_live(x, c->at);
        if (beside) return "a control is ordered beside the movement";
        if (!(c->judged & (1u << d))) continue;
        if (used_declarations(w, c) & (1u << d)) return "a declaration was used";
        /* Discharged under the movement that it has used: by this very passage, whether the movement says yet that it has arrived or not. */
        bool with_it =
            m && c->own >= 0 && x->there && (x->state == GL_DECLARATION_DISCHARGED || x->state == GL_DECLARATION_ARRIVED);
        if (!with_it && (why = judge_declaration(x, c->at))) return why;
        if (x->wants && !is_trusted) return "documents are asked for";
    }
    return judge_time(t, c, is_trusted);
}

static const char *wrong(const struct world *w, const struct view *t, struct case_ *c) {
    const struct item *m = c->v->code >= 0 ? &t->of[MOVEMENTS][c->v->code] : NULL;
    const char *why = m && m->there && m->key >= c->v->code_key ? wrong_by(w, t, c, true) : NULL;
    if (m && m->there && m->key == c->v->code_key) return why;
    if (m && m->there && m->key > c->v->code_key && !why) return NULL;
    return wrong_by(w, t, c, false); /* a document by a name that is not known: then the plate decides */
}

/* ---- what the feed says of itself, and what it may say ------------------------------------------------------------------------------- */
static const struct gl_feed_seq *books(const struct world *w, int k) {
    return &w->e->feed[collections[k]].seq;
}

/* Index of the truth that the engine says it has; -1 = none. */
static int claimed(const struct world *w, int k) {
    const struct gl_feed_seq *s = books(w, k);
    if (s->epoch[0] != 'e') return -1;
    int epoch = (int)whole_number(s->epoch + 1);
    return w->of[k].base[epoch] + (int)s->applied;
}

/* later: with every word that came since. False when the feed has no business to be believed; *why says so. */
static bool see(const struct world *w, bool later, struct view *t, bool *aged, const char **why) {
    *aged = false;
    for (int k = 0; k < KINDS; k++) {
        const struct kind *c = &w->of[k];
        const struct gl_feed_seq *s = books(w, k);
        int at = claimed(w, k);
        *why = "nothing is known";
        if (at < 0 || at > c->at) return false;
        *why = "a hole";
        if (c->log[at].epoch == c->heard.epoch && c->heard.sent > s->applied) return false;
        *why = "it says to be told up to a time after which more was said";
        if (s->as_of > c->heard.as_of) return false;
        if (at < c->at && c->log[at + 1].epoch == c->log[at].epoch && c->log[at + 1].as_of < s->as_of) return false;
        *why = "too old";
        if (w->now.wall - s->as_of > HARD) return false;
        if (w->now.wall - s->as_of > SOFT) *aged = true;
        memcpy(t->of[k], c->is[at], sizeof t->of[k]);
        for (int i = 0; i < ITEMS && later; i++) {
            int news = c->heard.news[i];
            if (news <= at) continue;
            const struct item *x = &c->is[news][i];
            if (c->log[news].op != GL_OP_CONTROL)
                t->of[k][i] = *x;
            else {
                t->of[k][i].channel = x->channel;
                if (c->log[news].sets_state) t->of[k][i].state = x->state;
            }
        }
    }
    *why = "the clock is doubted";
    if (!w->clock_ok) return false;
    *why = "contingency";
    return !w->contingency;
}

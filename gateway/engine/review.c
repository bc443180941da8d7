/* What is kept for the day when the feed has recovered, and that day: releases are judged again, a few in each turn, so that no vehicle waits for it.
 * Which are still to come stands in the journal: a restart goes on where it was. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"

enum { A_TURN = 8, AGAIN_MS = 10000 };

void gl_engine_keep_hit(struct gl_engine *e, const struct gl_effect *fx) {
    struct gl_error err;
    int rc = gl_journal_hit(e->journal, fx->hit, &err);
    if (rc < 0) gl_engine_fail(e, rc, &err);
    if (rc > 0) gl_engine_record(e, fx); /* once for each passage and look-out, over restarts too */
}

void gl_engine_publish_contingency(struct gl_engine *e, struct gl_now now) {
    gl_engine_publish_state(e, "state/contingency", "greenlane.state.contingency", "post", "state-contingency",
                            &gl_contingency_fields, gl_core_contingency(e->core), now);
}

void gl_engine_keep_contingency(struct gl_engine *e, const struct gl_effect *fx) {
    struct gl_error err;
    int rc = gl_journal_set_contingency(e->journal, fx->contingency, &err);
    if (rc < 0) gl_engine_fail(e, rc, &err);
    gl_engine_publish_contingency(e, fx->at);
}

void gl_engine_publish_uses(struct gl_engine *e, struct gl_now now) {
    gl_engine_publish_state(e, "state/uses", "greenlane.state.uses", "post", "state-uses", &gl_unknown_uses_fields,
                            gl_core_uses(e->core), now);
}

void gl_engine_keep_uses(struct gl_engine *e, const struct gl_effect *fx) {
    struct gl_error err;
    int rc = gl_journal_set_uses(e->journal, fx->uses, &err);
    if (rc < 0) gl_engine_fail(e, rc, &err);
    gl_engine_publish_uses(e, fx->at);
}

/* An answer that could not be had changes nothing: it is asked for again, later. */
void gl_engine_keep_review(struct gl_engine *e, const struct gl_effect *fx) {
    struct gl_error err;
    if (fx->review->failed) {
        e->review_mono = fx->at.mono + AGAIN_MS;
        return;
    }
    int rc = gl_journal_reviewed(e->journal, fx->review, &err);
    if (rc < 0) gl_engine_fail(e, rc, &err);
    if (rc == 0 && fx->review->differs) gl_engine_record(e, fx);
}

static void summarise(struct gl_engine *e, struct gl_now now) {
    struct gl_review_summary s;
    struct gl_error err;
    gl_fields_clear(&gl_review_summary_fields, &s);
    int rc = gl_journal_review_over(e->journal, &s, &err);
    e->reviews = false;
    if (rc < 0) gl_engine_fail(e, rc, &err);
    if (rc <= 0) return;
    e->touched = true;
    gl_engine_record(e, &(struct gl_effect){.type = GL_EFFECT_SUMMARY, .at = now, .summary = &s});
}

void gl_engine_review_time(struct gl_engine *e, struct gl_now now) {
    struct gl_review_case next;
    struct gl_error err;
    bool recovered = e->feed_state == GL_FEED_LIVE && gl_core_contingency(e->core)->active != GL_TRUE;
    for (int i = 0; e->reviews && recovered && i < A_TURN && now.mono >= e->review_mono && e->failed == 0; i++) {
        int rc = gl_journal_next_review(e->journal, &next, &err);
        if (rc < 0)
            gl_engine_fail(e, rc, &err);
        else if (rc == 0)
            summarise(e, now);
        else
            gl_engine_run(e, &(struct gl_event){.type = GL_EV_REVIEW, .at = now, .review = &next});
    }
}

/* ---- opening ------------------------------------------------------------------------------------------------------------------------- */
int gl_engine_review_open(struct gl_engine *e, struct gl_now now, struct gl_error *err) {
    struct gl_contingency k;
    struct gl_unknown_uses u;
    int rc = gl_journal_contingency(e->journal, &k, err);
    if (rc >= 0) rc = gl_journal_unknown_uses(e->journal, &u, err);
    if (rc < 0) return rc;
    e->reviews = true; /* the first look tells */
    gl_engine_run(e, &(struct gl_event){.type = GL_EV_RESTORE_CONTINGENCY, .at = now, .restore_contingency = &k});
    gl_engine_run(e, &(struct gl_event){.type = GL_EV_RESTORE_USES, .at = now, .restore_uses = &u});
    return 0;
}

struct hits {
    struct gl_hit h;
    struct hits *next;
};

static int collect(void *user, const struct gl_hit *h) {
    struct hits ***at = user;
    struct hits *s = calloc(1, sizeof *s);
    if (!s) return -ENOMEM;
    s->h = *h;
    **at = s;
    *at = &s->next;
    return 0;
}

/* Collected first: restoring may write to the table that is being read. */
int gl_engine_restore_hits(struct gl_engine *e, struct gl_now now, struct gl_error *err) {
    struct hits *list = NULL, **at = &list;
    int rc = gl_journal_open_hits(e->journal, collect, &at, err);
    while (list) {
        struct hits *s = list;
        list = s->next;
        if (rc == 0) gl_engine_run(e, &(struct gl_event){.type = GL_EV_RESTORE_HIT, .at = now, .restore_hit = &s->h});
        free(s);
    }
    return rc;
}

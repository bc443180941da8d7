/* What the journal keeps of what cannot be trusted: the contingency, what a restore has left unknown, the look-outs that fitted passages, and the releases that are to be judged
 * again when the feed has recovered. Each row goes with the decision that made it, in one transaction. */
#include <errno.h>
#include <string.h>

#include "store/journal_impl.h"

/* ---- the contingency ----------------------------------------------------------------------------------------------------------------- */
static int put_contingency(struct gl_journal *j, const struct gl_contingency *k, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_PUT_CONTINGENCY);
    gl_put_int(&q, k->active);
    gl_put_text(&q, k->reference);
    gl_put_int(&q, k->since);
    gl_put_int(&q, k->until);
    gl_put_text(&q, k->by);
    gl_put_text(&q, k->reason);
    gl_put_text(&q, k->alarm);
    return gl_db_run(&q, err);
}

int gl_journal_set_contingency(struct gl_journal *j, const struct gl_contingency *k, struct gl_error *err) {
    int rc = gl_journal_ready(j, err);
    return gl_journal_wrote(j, rc < 0 ? rc : put_contingency(j, k, err));
}

int gl_journal_contingency(struct gl_journal *j, struct gl_contingency *ret, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_CONTINGENCY);
    gl_fields_clear(&gl_contingency_fields, ret);
    ret->active = GL_FALSE;
    int rc = gl_db_step(&q, err);
    if (rc <= 0) return rc;
    ret->active = gl_take_u8(&q);
    gl_take_text(&q, ret->reference, sizeof ret->reference);
    ret->since = gl_take_int(&q);
    ret->until = gl_take_int(&q);
    gl_take_text(&q, ret->by, sizeof ret->by);
    gl_take_text(&q, ret->reason, sizeof ret->reason);
    gl_take_text(&q, ret->alarm, sizeof ret->alarm);
    if ((rc = gl_taken(&q, err)) < 0) return rc;
    gl_db_end(&q);
    return 1;
}

/* ---- what a restore has left unknown ------------------------------------------------------------------------------------------------ */
static int put_uses(struct gl_journal *j, const struct gl_unknown_uses *u, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_PUT_RESTORED);
    gl_put_int(&q, u->active);
    gl_put_int(&q, u->copied_at);
    gl_put_int(&q, u->restored_at);
    gl_put_int(&q, u->until);
    gl_put_text(&q, u->alarm);
    gl_put_int(&q, u->known_at);
    gl_put_text(&q, u->by);
    gl_put_text(&q, u->reason);
    return gl_db_run(&q, err);
}

int gl_journal_set_uses(struct gl_journal *j, const struct gl_unknown_uses *u, struct gl_error *err) {
    int rc = gl_journal_ready(j, err);
    return gl_journal_wrote(j, rc < 0 ? rc : put_uses(j, u, err));
}

int gl_journal_unknown_uses(struct gl_journal *j, struct gl_unknown_uses *ret, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_RESTORED);
    gl_fields_clear(&gl_unknown_uses_fields, ret);
    ret->active = GL_FALSE;
    int rc = gl_db_step(&q, err);
    if (rc <= 0) return rc;
    ret->active = gl_take_u8(&q);
    ret->copied_at = gl_take_int(&q);
    ret->restored_at = gl_take_int(&q);
    ret->until = gl_take_int(&q);
    gl_take_text(&q, ret->alarm, sizeof ret->alarm);
    ret->known_at = gl_take_int(&q);
    gl_take_text(&q, ret->by, sizeof ret->by);
    gl_take_text(&q, ret->reason, sizeof ret->reason);
    if ((rc = gl_taken(&q, err)) < 0) return rc;
    gl_db_end(&q);
    return 1;
}

/* ---- look-outs that fitted ----------------------------------------------------------------------------------------------------------- */
static int put_hit(struct gl_journal *j, const struct gl_hit *h, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_PUT_HIT);
    gl_put_text(&q, h->passage);
    gl_put_text(&q, h->lookout.type);
    gl_put_text(&q, h->lookout.value);
    gl_put_text(&q, h->lane);
    gl_put_int(&q, h->what);
    gl_put_text(&q, h->text);
    gl_put_text(&q, h->country);
    gl_put_int(&q, h->level);
    gl_put_int(&q, h->silent);
    gl_put_text(&q, h->reason);
    gl_put_int(&q, h->read);
    gl_put_text(&q, h->lodged.type);
    gl_put_text(&q, h->lodged.value);
    int rc = gl_db_step(&q, err);
    if (rc > 0) gl_db_end(&q);
    return rc;
}

int gl_journal_hit(struct gl_journal *j, const struct gl_hit *h, struct gl_error *err) {
    int rc = gl_journal_ready(j, err);
    return gl_journal_wrote(j, rc < 0 ? rc : put_hit(j, h, err));
}

static void take_hit(struct gl_rows *q, struct gl_hit *h) {
    gl_fields_clear(&gl_hit_fields, h);
    gl_take_text(q, h->passage, sizeof h->passage);
    gl_take_text(q, h->lookout.type, sizeof h->lookout.type);
    gl_take_text(q, h->lookout.value, sizeof h->lookout.value);
    gl_take_text(q, h->lane, sizeof h->lane);
    h->what = gl_take_u8(q);
    gl_take_text(q, h->text, sizeof h->text);
    gl_take_text(q, h->country, sizeof h->country);
    h->level = gl_take_u8(q);
    h->silent = gl_take_u8(q);
    gl_take_text(q, h->reason, sizeof h->reason);
    h->read = gl_take_u8(q);
    gl_take_text(q, h->lodged.type, sizeof h->lodged.type);
    gl_take_text(q, h->lodged.value, sizeof h->lodged.value);
}

int gl_journal_open_hits(struct gl_journal *j, gl_hit_fn each, void *user, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_OPEN_HITS);
    struct gl_hit h;
    int rc;
    while ((rc = gl_db_step(&q, err)) > 0) {
        take_hit(&q, &h);
        if ((rc = gl_taken(&q, err)) < 0) return rc;
        if ((rc = each(user, &h)) != 0) break;
    }
    if (rc != 0) gl_db_end(&q);
    return rc;
}

/* ---- releases to be judged again ----------------------------------------------------------------------------------------------------- */
static bool doubtful(const struct gl_decision *d) {
    return d->outcome == GL_OUTCOME_RELEASE && (d->feed != GL_FEED_LIVE || d->contingency[0]);
}

static int put_review(struct gl_journal *j, const struct gl_decision *d, const char *id, int64_t wall, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, doubtful(d) ? JOURNAL_PUT_REVIEW : JOURNAL_DROP_REVIEW);
    gl_put_text(&q, d->passage);
    if (doubtful(d)) {
        gl_put_text(&q, id);
        gl_put_int(&q, wall);
        gl_put_int(&q, d->outcome);
        gl_put_int(&q, d->feed);
        gl_put_text(&q, d->contingency);
        gl_put_text(&q, d->evidence.type);
        gl_put_text(&q, d->evidence.value);
    }
    return gl_db_run(&q, err);
}

int gl_journal_doubt(struct gl_journal *j, const struct gl_decision *d, const char *id, int64_t wall, struct gl_error *err) {
    int rc = gl_journal_ready(j, err);
    rc = gl_journal_wrote(j, rc < 0 ? rc : put_review(j, d, id, wall, err));
    return rc < 0 ? rc : doubtful(d);
}

static void take_case(struct gl_rows *q, struct gl_review_case *r) {
    gl_take_text(q, r->decision, sizeof r->decision);
    r->decided_at = gl_take_int(q);
    r->outcome = gl_take_u8(q);
    r->feed = gl_take_u8(q);
    gl_take_text(q, r->contingency, sizeof r->contingency);
    gl_take_text(q, r->evidence.type, sizeof r->evidence.type);
    gl_take_text(q, r->evidence.value, sizeof r->evidence.value);
}

/* By the names that it had then and that it has now, the newest first. */
static int take_used(struct gl_journal *j, struct gl_review_case *r, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_USED_BY);
    int rc;
    gl_put_text(&q, r->passage.passage);
    gl_put_int(&q, GL_MAX_USED);
    r->n_used = 0;
    while ((rc = gl_db_step(&q, err)) > 0) {
        struct gl_ref *ref = &r->used[r->n_used++];
        gl_take_text(&q, ref->type, sizeof ref->type);
        gl_take_text(&q, ref->value, sizeof ref->value);
        if ((rc = gl_taken(&q, err)) < 0) return rc;
    }
    return rc;
}

int gl_journal_next_review(struct gl_journal *j, struct gl_review_case *ret, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_NEXT_REVIEW);
    int rc = gl_db_step(&q, err);
    if (rc <= 0) return rc;
    gl_journal_take_passage(&q, &ret->passage);
    take_case(&q, ret);
    if ((rc = gl_taken(&q, err)) < 0) return rc;
    gl_db_end(&q);
    rc = take_used(j, ret, err);
    return rc < 0 ? rc : 1;
}

static int put_reviewed(struct gl_journal *j, const struct gl_review *r, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_REVIEWED);
    gl_put_text(&q, r->passage);
    gl_put_int(&q, r->differs ? 2 : 1);
    gl_put_int(&q, r->lookout);
    return gl_db_run(&q, err);
}

int gl_journal_reviewed(struct gl_journal *j, const struct gl_review *r, struct gl_error *err) {
    int rc = gl_journal_ready(j, err);
    return gl_journal_wrote(j, rc < 0 ? rc : put_reviewed(j, r, err));
}

static int clear_reviewed(struct gl_journal *j, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_CLEAR_REVIEWED);
    return gl_db_run(&q, err);
}

int gl_journal_review_over(struct gl_journal *j, struct gl_review_summary *ret, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_REVIEW_SUMMARY);
    int rc = gl_db_step(&q, err);
    if (rc <= 0) return rc;
    int64_t rows = gl_take_int(&q);
    ret->reviewed = gl_take_int(&q);
    ret->differing = gl_take_int(&q);
    ret->lookouts = gl_take_int(&q);
    ret->from = gl_take_int(&q);
    ret->to = gl_take_int(&q);
    if ((rc = gl_taken(&q, err)) < 0) return rc;
    gl_db_end(&q);
    if (rows == 0) return 0;
    rc = gl_journal_ready(j, err);
    rc = gl_journal_wrote(j, rc < 0 ? rc : clear_reviewed(j, err));
    return rc < 0 ? rc : ret->reviewed > 0;
}

/* The journal's tables beside the records: uses, passages, modes, cursors. Written in the same transactions as the records that
 * tell of them. */
#include <errno.h>
#include <string.h>

#include "store/journal_impl.h"

/* ---- uses -------------------------------------------------------------------------------------------------------------------- */

/* A use outlives what was used: purged too early it would make a used movement usable again. */
static int64_t use_purge_after(const struct gl_journal *j, const struct gl_use_change *u, int64_t now_wall) {
    int64_t end = u->valid_to > now_wall ? u->valid_to : now_wall;
    return j->keep.used_ms ? end + j->keep.used_ms : 0;
}

static int put_use(struct gl_journal *j, const struct gl_use_change *u, int64_t now_wall, struct gl_error *err) {
    bool frees = u->use == GL_USE_NONE;
    if (u->ref.type[0] == '\0' || u->ref.value[0] == '\0' || u->passage[0] == '\0' || u->use > GL_USE_CONSUMED)
        return gl_fail(err, -EINVAL, "journal: a use needs a reference, a passage, and to be reserved, consumed or freed");
    struct gl_rows q = gl_db_query(&j->db, frees ? JOURNAL_FREE_USE : JOURNAL_PUT_USE);
    gl_put_text(&q, u->ref.type);
    gl_put_text(&q, u->ref.value);
    gl_put_text(&q, u->passage);
    if (!frees) {
        gl_put_int(&q, u->use);
        gl_put_int(&q, now_wall);
        gl_put_int(&q, use_purge_after(j, u, now_wall));
    }
    return gl_db_run(&q, err);
}

static int put_all(struct gl_journal *j, const struct gl_use_change *u, int64_t now_wall, struct gl_error *err) {
    bool frees = u->use == GL_USE_NONE;
    struct gl_rows q = gl_db_query(&j->db, frees ? JOURNAL_FREE_ALL : JOURNAL_PUT_ALL);
    gl_put_text(&q, u->passage);
    if (!frees) {
        gl_put_int(&q, u->use);
        gl_put_int(&q, now_wall);
        gl_put_int(&q, use_purge_after(j, u, now_wall));
    }
    return gl_db_run(&q, err);
}

int gl_journal_known(struct gl_journal *j, const char *id, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_KNOWN);
    gl_put_text(&q, id);
    int rc = gl_db_step(&q, err);
    if (rc > 0) gl_db_end(&q);
    return rc;
}

int gl_journal_use(struct gl_journal *j, const struct gl_use_change *u, int64_t now_wall, struct gl_error *err) {
    int rc = gl_journal_ready(j, err);
    bool all = u->ref.type[0] == '\0' && u->passage[0];
    return gl_journal_wrote(j, rc < 0 ? rc : all ? put_all(j, u, now_wall, err) : put_use(j, u, now_wall, err));
}

int gl_journal_used(struct gl_journal *j, const struct gl_ref *ref, const char *passage, uint8_t *use, char used_by[GL_UUID],
                    struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_GET_USE);
    gl_put_text(&q, ref->type);
    gl_put_text(&q, ref->value);
    gl_put_text(&q, passage);
    int rc = gl_db_step(&q, err);
    *use = GL_USE_NONE;
    used_by[0] = '\0';
    if (rc <= 0) return rc;
    *use = gl_take_u8(&q);
    gl_take_text(&q, used_by, GL_UUID);
    if ((rc = gl_taken(&q, err)) < 0) return rc;
    gl_db_end(&q);
    return 0;
}

int gl_journal_fill_use(struct gl_journal *j, struct gl_answer *a, struct gl_error *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < a->n_movements; i++) {
        struct gl_answer_movement *m = &a->movements[i];
        rc = gl_journal_used(j, &m->ref, a->passage, &m->use, m->used_by, err);
    }
    for (size_t i = 0; rc == 0 && i < a->n_declarations; i++) {
        struct gl_answer_declaration *d = &a->declarations[i];
        rc = gl_journal_used(j, &d->ref, a->passage, &d->use, d->used_by, err);
    }
    if (rc < 0) a->failed = true;
    return rc;
}

/* ---- passages ---------------------------------------------------------------------------------------------------------------- */

enum { MISSING_TEXT = sizeof(((struct gl_passage *)0)->missing) };

static void join_missing(const struct gl_passage *p, char out[MISSING_TEXT]) {
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < p->n_missing && i < GL_COUNT(p->missing); i++) {
        gl_format(out + n, MISSING_TEXT - n, "%s%s", i ? "," : "", p->missing[i]); /* fits: each comma takes the place of a NUL */
        n += strlen(out + n);
    }
}

static void split_missing(const char *text, struct gl_passage *p) {
    p->n_missing = 0;
    while (*text && p->n_missing < GL_COUNT(p->missing)) {
        size_t len = strcspn(text, ",");
        if (gl_copyn(p->missing[p->n_missing], sizeof p->missing[0], text, len) == 0) p->n_missing++;
        text += len + (text[len] == ',');
    }
}

static int put_passage(struct gl_journal *j, const struct gl_passage *p, struct gl_error *err) {
    char missing[MISSING_TEXT];
    if (p->passage[0] == '\0') return gl_fail(err, -EINVAL, "journal: a passage without its id");
    join_missing(p, missing);
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_PUT_PASSAGE);
    gl_put_text(&q, p->passage);
    gl_put_text(&q, p->lane);
    gl_put_text(&q, p->visit);
    gl_put_int(&q, p->state);
    gl_put_int(&q, p->class);
    gl_put_text(&q, p->known.plate);
    gl_put_text(&q, p->known.trailer);
    gl_put_text(&q, p->known.reference.type);
    gl_put_text(&q, p->known.reference.value);
    gl_put_text(&q, p->known.container);
    gl_put_int(&q, p->known.presence);
    gl_put_text(&q, missing);
    gl_put_int(&q, p->opened_at);
    gl_put_int(&q, p->closed_at);
    gl_put_int(&q, p->exit);
    gl_put_text(&q, p->known.tag);
    gl_put_int(&q, p->known.radiation);
    gl_put_int(&q, p->closed_at && j->keep.passages_ms ? p->closed_at + j->keep.passages_ms : 0);
    return gl_db_run(&q, err);
}

int gl_journal_passage(struct gl_journal *j, const struct gl_passage *p, struct gl_error *err) {
    int rc = gl_journal_ready(j, err);
    return gl_journal_wrote(j, rc == 0 ? put_passage(j, p, err) : rc);
}

int gl_journal_decided(struct gl_journal *j, const struct gl_decision *d, int64_t wall, struct gl_error *err) {
    int rc = gl_journal_ready(j, err);
    if (rc == 0 && d->passage[0] == '\0') rc = gl_fail(err, -EINVAL, "journal: a decision without its passage");
    if (rc < 0) return gl_journal_wrote(j, rc);
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_DECIDED);
    gl_put_text(&q, d->passage);
    gl_put_text(&q, d->lane);
    gl_put_text(&q, d->visit);
    gl_put_int(&q, d->outcome);
    gl_put_int(&q, d->level);
    gl_put_int(&q, wall);
    return gl_journal_wrote(j, gl_db_run(&q, err));
}

void gl_journal_take_passage(struct gl_rows *q, struct gl_passage *p) {
    char missing[MISSING_TEXT];
    memset(p, 0, sizeof *p);
    gl_take_text(q, p->passage, sizeof p->passage);
    gl_take_text(q, p->lane, sizeof p->lane);
    gl_take_text(q, p->visit, sizeof p->visit);
    p->state = gl_take_u8(q);
    p->class = gl_take_u8(q);
    gl_take_text(q, p->known.plate, sizeof p->known.plate);
    gl_take_text(q, p->known.trailer, sizeof p->known.trailer);
    gl_take_text(q, p->known.reference.type, sizeof p->known.reference.type);
    gl_take_text(q, p->known.reference.value, sizeof p->known.reference.value);
    gl_take_text(q, p->known.container, sizeof p->known.container);
    p->known.presence = gl_take_u8(q);
    gl_take_text(q, missing, sizeof missing);
    p->opened_at = gl_take_int(q);
    p->closed_at = gl_take_int(q);
    p->exit = gl_take_u8(q);
    gl_take_text(q, p->known.tag, sizeof p->known.tag);
    p->known.radiation = gl_take_u8(q);
    split_missing(missing, p);
}

int gl_journal_open_passages(struct gl_journal *j, gl_passage_fn each, void *user, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_OPEN_PASSAGES);
    struct gl_passage p;
    int rc;
    while ((rc = gl_db_step(&q, err)) > 0) {
        gl_journal_take_passage(&q, &p);
        if ((rc = gl_taken(&q, err)) < 0) return rc;
        if ((rc = each(user, &p)) != 0) break;
    }
    if (rc != 0) gl_db_end(&q);
    return rc;
}

/* ---- standing alarms --------------------------------------------------------------------------------------------------------- */

int gl_journal_alarm(struct gl_journal *j, const struct gl_alarm *a, int64_t wall, struct gl_error *err) {
    bool raised = strcmp(a->action, "raise") == 0, cleared = strcmp(a->action, "clear") == 0;
    if ((raised && a->passage[0]) || !(raised || cleared || strcmp(a->action, "acknowledge") == 0)) return 0;
    int rc = gl_journal_ready(j, err);
    if (rc < 0) return gl_journal_wrote(j, rc);
    struct gl_rows q = gl_db_query(&j->db, raised    ? JOURNAL_PUT_STANDING
                                           : cleared ? JOURNAL_DROP_STANDING
                                                     : JOURNAL_ACKNOWLEDGE_STANDING);
    gl_put_text(&q, a->lane);
    if (raised) gl_put_text(&q, a->kind);
    gl_put_text(&q, a->alarm);
    if (raised) gl_put_int(&q, wall);
    return gl_journal_wrote(j, gl_db_run(&q, err));
}

int gl_journal_standing(struct gl_journal *j, gl_standing_fn each, void *user, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_STANDING);
    struct gl_standing s;
    int rc;
    while ((rc = gl_db_step(&q, err)) > 0) {
        gl_take_text(&q, s.lane, sizeof s.lane);
        gl_take_text(&q, s.kind, sizeof s.kind);
        gl_take_text(&q, s.alarm, sizeof s.alarm);
        s.at = gl_take_int(&q);
        if ((rc = gl_taken(&q, err)) < 0) return rc;
        if ((rc = each(user, &s)) != 0) break;
    }
    if (rc != 0) gl_db_end(&q);
    return rc;
}

/* ---- modes ------------------------------------------------------------------------------------------------------------------- */

int gl_journal_set_mode(struct gl_journal *j, const struct gl_mode_state *m, struct gl_error *err) {
    int rc = gl_journal_ready(j, err);
    if (rc < 0) return gl_journal_wrote(j, rc);
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_PUT_MODE);
    gl_put_text(&q, m->lane);
    gl_put_int(&q, m->mode);
    gl_put_int(&q, m->since);
    gl_put_text(&q, m->by);
    return gl_journal_wrote(j, gl_db_run(&q, err));
}

int gl_journal_modes(struct gl_journal *j, gl_mode_fn each, void *user, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_MODES);
    int rc;
    while ((rc = gl_db_step(&q, err)) > 0) {
        struct gl_mode_state m = {0};
        gl_take_text(&q, m.lane, sizeof m.lane);
        m.mode = gl_take_u8(&q);
        m.since = gl_take_int(&q);
        gl_take_text(&q, m.by, sizeof m.by);
        if ((rc = gl_taken(&q, err)) < 0) return rc;
        if ((rc = each(user, &m)) != 0) break;
    }
    if (rc != 0) gl_db_end(&q);
    return rc;
}

/* ---- cursors ----------------------------------------------------------------------------------------------------------------- */

int gl_journal_cursor(struct gl_journal *j, const char *destination, const char *stream, struct gl_cursor_pos *ret,
                      struct gl_error *err) {
    struct gl_cursor_pos pos = {0};
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_GET_CURSOR);
    gl_put_text(&q, destination);
    gl_put_text(&q, stream);
    int rc = gl_db_step(&q, err);
    if (rc < 0) return rc;
    if (rc > 0) {
        pos.sent = gl_take_int(&q);
        pos.safe = gl_take_int(&q);
        if ((rc = gl_taken(&q, err)) < 0) return rc;
        gl_db_end(&q);
    }
    *ret = pos;
    return 0;
}

static int put_cursor(struct gl_journal *j, const char *destination, const char *stream, const struct gl_cursor_pos *pos,
                      struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_PUT_CURSOR);
    gl_put_text(&q, destination);
    gl_put_text(&q, stream);
    gl_put_int(&q, pos->sent);
    gl_put_int(&q, pos->safe);
    return gl_db_run(&q, err);
}

int gl_journal_set_cursor(struct gl_journal *j, const char *destination, const char *stream, const struct gl_cursor_pos *pos,
                          struct gl_error *err) {
    int rc = gl_journal_load(j, err);
    if (rc < 0) return rc;
    const struct journal_stream *s = gl_journal_stream(j, stream);
    int64_t last = s ? s->committed : 0;
    /* A number that was never given out would hide from the destination what is yet to come. Asked for from outside, so no harm
     * to the turn. */
    if (pos->sent < 0 || pos->safe < 0 || pos->sent > last || pos->safe > last)
        return gl_fail(err, -ERANGE, "journal: stream %s has the numbers 1 to %lld; %s cannot be at %lld (sent) and %lld (safe)",
                       stream, (long long)last, destination, (long long)pos->sent, (long long)pos->safe);
    if ((rc = gl_journal_ready(j, err)) == 0) rc = put_cursor(j, destination, stream, pos, err);
    return gl_journal_wrote(j, rc);
}

/* Forgetting: what is due, what holds it, and how a record goes without breaking the chain.
 *
 * First a record greenlane.purge says what will go; it is committed; then it goes, in small steps. Power that goes in between leaves
 * records that were announced and are still there: they are due, and are announced again. What is tampered with is not laundered: the
 * hash that a record leaves behind is computed from what it says, so one that was changed breaks the chain before and after. */
#include <errno.h>
#include <string.h>

#include "store/journal_impl.h"

/* Numbers stay within what every JSON reader holds exactly. */
#define LAST INT64_C(9007199254740991)

static const struct gl_field gl_purge_fields_f[] = {
    GL_TEXT(gl_purge, reason, GL_REQUIRED),
    GL_TIME(gl_purge, due, GL_REQUIRED),
    GL_INT(gl_purge, from, 0, LAST, 0),
    GL_INT(gl_purge, to, 0, LAST, 0),
    GL_INT(gl_purge, records, 0, LAST, 0),
    GL_INT(gl_purge, forced, 0, LAST, 0),
    GL_INT(gl_purge, passages, 0, LAST, 0),
    GL_INT(gl_purge, uses, 0, LAST, 0),
    GL_TEXTS(gl_purge, evidence, 0),
    GL_TEXT(gl_purge, config, 0),
    GL_TEXT(gl_purge, collection, GL_SKIP_NULL),
    GL_INT(gl_purge, lodged, 0, LAST, GL_SKIP_NULL),
    GL_TIME(gl_purge, before, GL_SKIP_NULL),
};
GL_FIELDS(gl_purge_fields, gl_purge);

int gl_journal_due(struct gl_journal *j, struct gl_due_query *due, gl_due_fn each, void *user, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_DUE);
    int n = 0, rc;
    gl_put_int(&q, due->now);
    gl_put_int(&q, due->after);
    gl_put_int(&q, due->after_n);
    gl_put_int(&q, due->limit);
    gl_put_int(&q, due->published);
    while ((rc = gl_db_step(&q, err)) > 0) {
        struct gl_due d = {.n = gl_take_int(&q)};
        d.purge_after = gl_take_int(&q);
        d.written = gl_take_int(&q);
        d.stream = gl_take_borrowed(&q);
        d.seq = gl_take_int(&q);
        d.type = gl_take_borrowed(&q);
        d.held = gl_take_u8(&q);
        if ((rc = gl_taken(&q, err)) < 0) return rc;
        due->after = d.purge_after;
        due->after_n = d.n;
        n++;
        if ((rc = each(user, &d)) != 0) break;
    }
    if (rc != 0) gl_db_end(&q);
    return rc < 0 ? rc : n;
}

/* ---- a record ---------------------------------------------------------------------------------------------------------------- */

/* The hash of what it says. 1; 0 when it is gone already, or not due. */
static int content_of(struct gl_journal *j, int64_t n, int64_t due, uint8_t content[JOURNAL_HASH_BYTES], struct gl_error *err) {
    uint8_t salt[JOURNAL_SALT_BYTES];
    struct gl_record r = {0};
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_CONTENT);
    gl_put_int(&q, n);
    int rc = gl_db_step(&q, err);
    if (rc <= 0) return rc;
    int64_t purge_after = gl_take_int(&q);
    gl_take_bytes(&q, salt, sizeof salt);
    r.type = gl_take_borrowed(&q);
    r.topic = gl_take_borrowed(&q);
    r.id = gl_take_borrowed(&q);
    r.passage = gl_take_borrowed(&q);
    r.time = gl_take_int(&q);
    r.payload = gl_take_borrowed(&q);
    r.internal = gl_take_borrowed(&q);
    if ((rc = gl_taken(&q, err)) < 0) return rc;
    rc = purge_after == 0 || purge_after > due ? 0 : gl_journal_content(j, salt, &r, content, err);
    bool goes = rc == 0 && purge_after != 0 && purge_after <= due;
    gl_db_end(&q);
    return rc < 0 ? rc : goes;
}

int gl_journal_forget(struct gl_journal *j, int64_t n, int64_t due, struct gl_error *err) {
    uint8_t content[JOURNAL_HASH_BYTES];
    int rc = gl_journal_ready(j, err);
    if (rc == 0) rc = content_of(j, n, due, content, err);
    if (rc <= 0) return gl_journal_wrote(j, rc);
    struct gl_rows leave = gl_db_query(&j->db, JOURNAL_LEAVE), go = gl_db_query(&j->db, JOURNAL_FORGET);
    gl_put_int(&leave, n);
    gl_put_bytes(&leave, content, sizeof content);
    gl_put_int(&go, n);
    rc = gl_db_run(&leave, err);
    return gl_journal_wrote(j, rc < 0 ? rc : gl_db_run(&go, err));
}

/* ---- passages and uses ------------------------------------------------------------------------------------------------------- */

int gl_journal_old_passages(struct gl_journal *j, int64_t due, int limit, int64_t *ret, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_OLD_PASSAGES);
    gl_put_int(&q, due);
    gl_put_int(&q, limit);
    int rc = gl_db_step(&q, err);
    if (rc < 0) return rc;
    *ret = gl_take_int(&q);
    if ((rc = gl_taken(&q, err)) < 0) return rc;
    gl_db_end(&q);
    return 0;
}

int gl_journal_forget_passages(struct gl_journal *j, int64_t due, int limit, struct gl_error *err) {
    int rc = gl_journal_ready(j, err);
    if (rc < 0) return gl_journal_wrote(j, rc);
    static const unsigned parts[] = {JOURNAL_FORGET_HITS, JOURNAL_FORGET_REVIEWS};
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_FORGET_PASSAGES);
    gl_put_int(&q, due);
    gl_put_int(&q, limit);
    rc = gl_db_run(&q, err);
    for (size_t i = 0; rc == 0 && i < GL_COUNT(parts); i++) { /* what was kept of them */
        q = gl_db_query(&j->db, parts[i]);
        rc = gl_db_run(&q, err);
    }
    return gl_journal_wrote(j, rc);
}

int gl_journal_uses(struct gl_journal *j, struct gl_use_change *u, int limit, gl_used_fn each, void *user, struct gl_error *err) {
    struct gl_use_change from = *u;
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_USES);
    int n = 0, rc;
    gl_put_text(&q, from.ref.type);
    gl_put_text(&q, from.ref.value);
    gl_put_text(&q, from.passage);
    gl_put_int(&q, limit);
    while ((rc = gl_db_step(&q, err)) > 0) {
        gl_take_text(&q, u->ref.type, sizeof u->ref.type);
        gl_take_text(&q, u->ref.value, sizeof u->ref.value);
        gl_take_text(&q, u->passage, sizeof u->passage);
        int64_t purge_after = gl_take_int(&q);
        if ((rc = gl_taken(&q, err)) < 0) return rc;
        n++;
        if ((rc = each(user, u, purge_after)) != 0) break;
    }
    if (rc != 0) gl_db_end(&q);
    return rc < 0 ? rc : n;
}

/* ---- room -------------------------------------------------------------------------------------------------------------------- */

static int64_t ask(struct gl_journal *j, const char *pragma) {
    sqlite3_stmt *stmt = NULL;
    int64_t n = 0;
    if (sqlite3_prepare_v2(j->db.sql, pragma, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
        n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return n;
}

int64_t gl_journal_free_pages(struct gl_journal *j) {
    return ask(j, "PRAGMA freelist_count");
}

uint64_t gl_journal_size(struct gl_journal *j) {
    return (uint64_t)ask(j, "PRAGMA page_count") * (uint64_t)ask(j, "PRAGMA page_size");
}

int gl_journal_shrink(struct gl_journal *j, int pages, struct gl_error *err) {
    char pragma[64];
    int rc = gl_journal_ready(j, err);
    if (rc < 0) return gl_journal_wrote(j, rc);
    gl_format(pragma, sizeof pragma, "PRAGMA incremental_vacuum(%d)", pages);
    int done = sqlite3_exec(j->db.sql, pragma, NULL, NULL, NULL);
    return done == SQLITE_OK ? 0 : gl_journal_wrote(j, gl_db_fail(&j->db, done, "room cannot be given back", err));
}

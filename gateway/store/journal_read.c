/* Reading the journal: for destinations (the outbox) and for the operator. */
#include <errno.h>
#include <string.h>

#include "store/journal_impl.h"

int gl_journal_read(struct gl_journal *j, const char *stream, int64_t after_seq, int limit, gl_out_fn each, void *user,
                    struct gl_error *err) {
    int rc = gl_journal_load(j, err);
    if (rc < 0) return rc;
    const struct journal_stream *s = gl_journal_stream(j, stream);
    if (!s || limit <= 0) return 0;
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_READ);
    gl_put_int(&q, s->id);
    gl_put_int(&q, after_seq);
    gl_put_int(&q, s->committed);
    gl_put_int(&q, limit);
    while ((rc = gl_db_step(&q, err)) > 0) {
        struct gl_out o = {.stream = s->name};
        o.seq = gl_take_int(&q);
        o.topic = gl_take_borrowed(&q);
        o.payload = gl_take_borrowed(&q);
        o.time = gl_take_int(&q);
        if ((rc = gl_taken(&q, err)) < 0) return rc;
        if ((rc = each(user, &o)) != 0) break;
    }
    if (rc != 0) gl_db_end(&q);
    return rc;
}

int gl_journal_streams(struct gl_journal *j, gl_stream_fn each, void *user, struct gl_error *err) {
    int rc = gl_journal_load(j, err);
    for (size_t i = 0; rc == 0 && i < j->n_streams; i++)
        if (j->streams[i].committed > 0) rc = each(user, j->streams[i].name, j->streams[i].committed);
    return rc;
}

/* ---- for the operator -------------------------------------------------------------------------------------------------------- */

struct gl_listed {
    char passage[GL_UUID], lane[GL_ID];
    int64_t opened_at, closed_at;
    uint8_t state, class;
    char plate[GL_PLATE], trailer[GL_PLATE];
    uint8_t outcome, level, exit;
};

static const struct gl_field listed_fields_f[] = {
    GL_TEXT(gl_listed, passage, 0),
    GL_TEXT(gl_listed, lane, 0),
    GL_TIME(gl_listed, opened_at, 0),
    GL_TIME(gl_listed, closed_at, 0),
    GL_ENUM(gl_listed, state, gl_passage_states, 0),
    GL_ENUM(gl_listed, class, gl_classes, 0),
    GL_TEXT(gl_listed, plate, 0),
    GL_TEXT(gl_listed, trailer, 0),
    GL_ENUM(gl_listed, outcome, gl_outcomes, 0),
    GL_ENUM(gl_listed, level, gl_levels, 0),
    GL_ENUM(gl_listed, exit, gl_exits, 0),
};
static GL_FIELDS(listed_fields, gl_listed);

static void take_listed(struct gl_rows *q, struct gl_listed *l) {
    gl_take_text(q, l->passage, sizeof l->passage);
    gl_take_text(q, l->lane, sizeof l->lane);
    l->opened_at = gl_take_int(q);
    l->closed_at = gl_take_int(q);
    l->state = gl_take_u8(q);
    l->class = gl_take_u8(q);
    gl_take_text(q, l->plate, sizeof l->plate);
    gl_take_text(q, l->trailer, sizeof l->trailer);
    l->outcome = gl_take_u8(q);
    l->level = gl_take_u8(q);
    l->exit = gl_take_u8(q);
}

int gl_journal_list_passages(struct gl_journal *j, const char *lane, int limit, gl_json_fn each, void *user, struct gl_error *err) {
    struct gl_buf GL_CLEANUP(gl_buf_free) json = GL_BUF(4096);
    bool all = !lane || lane[0] == '\0';
    if (limit <= 0) return 0;
    struct gl_rows q = gl_db_query(&j->db, all ? JOURNAL_LIST : JOURNAL_LIST_LANE);
    if (!all) gl_put_text(&q, lane);
    gl_put_int(&q, limit);
    int rc;
    while ((rc = gl_db_step(&q, err)) > 0) {
        struct gl_listed l = {0};
        take_listed(&q, &l);
        if ((rc = gl_taken(&q, err)) < 0) return rc;
        gl_buf_reset(&json);
        gl_fields_to_json(&listed_fields, &l, &json);
        rc = json.failed ? gl_fail(err, -ENOMEM, "journal: out of memory") : each(user, json.data);
        if (rc != 0) break;
    }
    if (rc != 0) gl_db_end(&q);
    return rc;
}

enum { ID_END = 6 };

/* The whole id of a passage from its end, in any case. */
static int find_passage(struct gl_journal *j, const char *end, char id[GL_UUID], struct gl_error *err) {
    char found[2][GL_UUID] = {"", ""};
    size_t n = 0;
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_FIND_PASSAGE);
    gl_put_text(&q, end);
    int rc;
    while ((rc = gl_db_step(&q, err)) > 0) gl_take_text(&q, found[n++ % 2], GL_UUID);
    if (rc < 0) return rc;
    if (n == 0) return gl_fail(err, -ENOENT, "no passage ends in %s", end);
    if (n > 1)
        return gl_fail(err, -EEXIST, "more than one passage ends in %s, such as %s and %s; give more of it", end, found[0],
                       found[1]);
    return gl_copy(id, GL_UUID, found[0]);
}

int gl_journal_explain(struct gl_journal *j, const char *passage, gl_json_fn each, void *user, struct gl_error *err) {
    char text[GL_UUID], id[GL_UUID];
    size_t len = strlen(passage);
    if (len < ID_END || gl_copy(text, sizeof text, passage) < 0)
        return gl_fail(err, -EINVAL, "\"%.60s\" is no passage; give its id, or at least the last %d characters of it", passage,
                       ID_END);
    for (char *p = text; *p; p++)
        if (*p >= 'A' && *p <= 'Z') *p = (char)(*p - 'A' + 'a');
    int rc = len == GL_UUID - 1 ? gl_copy(id, sizeof id, text) : find_passage(j, text, id, err);
    if (rc < 0) return rc;
    bool any = false;
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_EXPLAIN);
    gl_put_text(&q, id);
    while ((rc = gl_db_step(&q, err)) > 0) {
        const char *payload = gl_take_borrowed(&q);
        if ((rc = gl_taken(&q, err)) < 0) return rc;
        any = true;
        if ((rc = each(user, payload)) != 0) break;
    }
    if (rc != 0) gl_db_end(&q);
    return rc == 0 && !any ? gl_fail(err, -ENOENT, "nothing is recorded of passage %s", id) : rc;
}

int gl_journal_about(struct gl_journal *j, const char *passage, const char *type, int limit, gl_about_fn each, void *user,
                     struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_ABOUT);
    gl_put_text(&q, passage);
    gl_put_text(&q, type);
    gl_put_int(&q, limit);
    int rc;
    while ((rc = gl_db_step(&q, err)) > 0) {
        struct gl_about a = {.id = gl_take_borrowed(&q)};
        a.payload = gl_take_borrowed(&q);
        a.internal = gl_take_borrowed(&q);
        if ((rc = gl_taken(&q, err)) < 0) return rc;
        if (!a.internal[0]) a.internal = NULL;
        if ((rc = each(user, &a)) != 0) break;
    }
    if (rc != 0) gl_db_end(&q);
    return rc;
}

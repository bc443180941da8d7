/* The journal's handle: appending, and what a commit or its failure means for the numbers.
 *
 * The last number of each stream, the last record's number and hash are kept in memory while they are known to be what the file
 * says plus the open transaction. After any failure they are not known, and are read from the file again before anything else is
 * written: so a number that was rolled back is given out again, and no number is ever left out. */
#include "store/journal.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "model/envelope.h"
#include "store/journal_impl.h"

int gl_journal_open(const char *path, struct gl_journal **ret, struct gl_error *err) {
    struct gl_journal *j = calloc(1, sizeof *j);
    if (!j) return gl_fail(err, -ENOMEM, "journal %s: out of memory", path);
    int rc = gl_db_open(&j->db, path, &gl_journal_kind, err);
    j->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    j->md = EVP_MD_CTX_new();
    if (rc == 0 && (!j->sha256 || !j->md)) rc = gl_fail(err, -ENOMEM, "journal %s: out of memory", path);
    if (rc == 0) rc = gl_journal_load(j, err);
    if (rc < 0) {
        gl_journal_close(j);
        return rc;
    }
    *ret = j;
    return 0;
}

void gl_journal_close(struct gl_journal *j) {
    if (!j) return;
    gl_db_close(&j->db);
    EVP_MD_CTX_free(j->md);
    EVP_MD_free(j->sha256);
    free(j);
}

void gl_journal_set_keep(struct gl_journal *j, const struct gl_keep *keep) {
    j->keep = *keep;
}

int64_t gl_journal_written(const struct gl_journal *j) {
    return j->written;
}

/* ---- the counters ------------------------------------------------------------------------------------------------------------ */

static int load_head(struct gl_journal *j, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_HEAD);
    int rc = gl_db_step(&q, err);
    j->n = j->written = 0;
    memset(j->head, 0, sizeof j->head);
    if (rc <= 0) return rc;
    j->n = gl_take_int(&q);
    j->written = gl_take_int(&q);
    gl_take_bytes(&q, j->head, sizeof j->head);
    if ((rc = gl_taken(&q, err)) < 0) return rc;
    gl_db_end(&q);
    return 0;
}

static int load_streams(struct gl_journal *j, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_STREAMS);
    int rc;
    j->n_streams = 0;
    while ((rc = gl_db_step(&q, err)) > 0) {
        if (j->n_streams == JOURNAL_MAX_STREAMS) {
            gl_db_end(&q);
            return gl_fail(err, -E2BIG, "journal %s: more than %d streams", j->db.path, JOURNAL_MAX_STREAMS);
        }
        struct journal_stream *s = &j->streams[j->n_streams++];
        s->id = gl_take_int(&q);
        gl_take_text(&q, s->name, sizeof s->name);
        s->last = s->committed = gl_take_int(&q);
    }
    return rc;
}

int gl_journal_load(struct gl_journal *j, struct gl_error *err) {
    if (j->loaded) return 0;
    int rc = load_head(j, err);
    if (rc == 0) rc = load_streams(j, err);
    j->loaded = rc == 0;
    return rc;
}

int gl_journal_ready(struct gl_journal *j, struct gl_error *err) {
    int rc = gl_journal_load(j, err);
    return rc < 0 ? rc : gl_db_begin(&j->db, err);
}

int gl_journal_wrote(struct gl_journal *j, int rc) {
    if (rc < 0) j->db.broken = true;
    return rc;
}

struct journal_stream *gl_journal_stream(struct gl_journal *j, const char *name) {
    for (size_t i = 0; i < j->n_streams; i++)
        if (strcmp(j->streams[i].name, name) == 0) return &j->streams[i];
    return NULL;
}

static int check_stream(struct gl_journal *j, const char *name, struct gl_error *err) {
    if (name[0] == '\0' || strlen(name) >= GL_STREAM_NAME)
        return gl_fail(err, -EINVAL, "journal: \"%.60s\" is no stream; \"post\" and \"lane/LANE\" are", name);
    if (!gl_journal_stream(j, name) && j->n_streams == JOURNAL_MAX_STREAMS)
        return gl_fail(err, -E2BIG, "journal %s: no room for a stream \"%s\": it has %d", j->db.path, name, JOURNAL_MAX_STREAMS);
    return 0;
}

int gl_journal_next_seq(struct gl_journal *j, const char *stream, int64_t *ret, struct gl_error *err) {
    int rc = gl_journal_load(j, err);
    if (rc == 0) rc = check_stream(j, stream, err);
    if (rc < 0) return rc;
    const struct journal_stream *s = gl_journal_stream(j, stream);
    *ret = s ? s->last + 1 : 1;
    return 0;
}

/* ---- appending --------------------------------------------------------------------------------------------------------------- */

static int check_record(struct gl_journal *j, const struct gl_record *r, struct gl_error *err) {
    if (!r->stream || !r->type || !r->topic || !r->id || !r->passage || !r->payload)
        return gl_fail(err, -EINVAL, "journal: a record lacks its stream, type, topic, id, passage or payload");
    if (strlen(r->payload) > JOURNAL_MAX_TEXT || (r->internal && strlen(r->internal) > JOURNAL_MAX_TEXT))
        return gl_fail(err, -EFBIG, "journal: a record of type %.60s has more than %d bytes", r->type, JOURNAL_MAX_TEXT);
    int64_t due = 0;
    int rc = gl_journal_next_seq(j, r->stream, &due, err);
    if (rc == 0 && r->seq != due)
        rc = gl_fail(err, -EINVAL, "journal: a record of stream %s is numbered %lld where %lld is due", r->stream,
                     (long long)r->seq, (long long)due);
    return rc;
}

static int add_stream(struct gl_journal *j, const char *name, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_NEW_STREAM);
    gl_put_text(&q, name);
    int rc = gl_db_step(&q, err);
    if (rc < 0) return rc;
    struct journal_stream s = {.id = gl_take_int(&q)};
    if ((rc = gl_taken(&q, err)) == 0) rc = gl_db_run(&q, err);
    if (rc == 0) rc = gl_copy(s.name, sizeof s.name, name);
    if (rc == 0) j->streams[j->n_streams++] = s;
    return rc;
}

/* When it must go, by what it belongs to. */
static int64_t purge_after(const struct gl_journal *j, const struct gl_record *r, int64_t written) {
    int64_t keep = r->passage[0] ? j->keep.passages_ms : j->keep.records_ms;
    return r->for_ever || keep == 0 ? 0 : written + keep;
}

static int insert(struct gl_journal *j, int64_t stream, const struct journal_link *l, const struct gl_record *r,
                  const uint8_t *salt, const uint8_t *hash, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_APPEND);
    gl_put_int(&q, l->n);
    gl_put_int(&q, stream);
    gl_put_int(&q, r->seq);
    gl_put_int(&q, l->written);
    gl_put_int(&q, l->purge_after);
    gl_put_text(&q, r->type);
    gl_put_text(&q, r->topic);
    gl_put_text(&q, r->id);
    gl_put_text(&q, r->passage);
    gl_put_int(&q, r->time);
    gl_put_text(&q, r->payload);
    gl_put_text(&q, r->internal && r->internal[0] ? r->internal : NULL);
    gl_put_bytes(&q, salt, JOURNAL_SALT_BYTES);
    gl_put_bytes(&q, hash, JOURNAL_HASH_BYTES);
    return gl_db_run(&q, err);
}

/* Borrowed until the next one is asked for. */
static const uint8_t *next_salt(struct gl_journal *j) {
    if (j->n_salts == 0 && RAND_bytes(j->salts[0], sizeof j->salts) == 1) j->n_salts = JOURNAL_SALTS;
    return j->n_salts == 0 ? NULL : j->salts[--j->n_salts];
}

static int append(struct gl_journal *j, const struct gl_record *r, struct gl_error *err) {
    uint8_t hash[JOURNAL_HASH_BYTES];
    const uint8_t *salt = next_salt(j);
    struct journal_link l = {.n = j->n + 1, .seq = r->seq, .written = r->written ? r->written : r->time, .stream = r->stream};
    int rc = salt ? 0 : gl_fail(err, -EIO, "journal: no random bytes; look at the OpenSSL configuration");
    if (rc == 0 && !gl_journal_stream(j, r->stream)) rc = add_stream(j, r->stream, err);
    if (rc < 0) return rc;
    struct journal_stream *s = gl_journal_stream(j, r->stream);
    l.purge_after = purge_after(j, r, l.written);
    rc = gl_journal_content(j, salt, r, l.content, err);
    if (rc == 0) rc = gl_journal_hash(j, j->head, &l, hash, err);
    if (rc == 0) rc = insert(j, s->id, &l, r, salt, hash, err);
    if (rc < 0) return rc;
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_SET_STREAM);
    gl_put_int(&q, s->id);
    gl_put_int(&q, r->seq);
    if ((rc = gl_db_run(&q, err)) < 0) return rc;
    s->last = r->seq;
    j->n++;
    j->written = l.written;
    memcpy(j->head, hash, sizeof hash);
    return 0;
}

int gl_journal_append(struct gl_journal *j, const struct gl_record *r, struct gl_error *err) {
    int rc = gl_journal_ready(j, err);
    if (rc == 0) rc = check_record(j, r, err);
    if (rc == 0) rc = append(j, r, err);
    return gl_journal_wrote(j, rc);
}

int gl_journal_note(struct gl_journal *j, const struct gl_note *note, struct gl_error *err) {
    GL_CLEANUP(gl_buf_free) struct gl_buf data = GL_BUF(65536);
    GL_CLEANUP(gl_buf_free) struct gl_buf payload = GL_BUF(65536);
    int64_t seq = 0;
    int rc = gl_journal_next_seq(j, "local", &seq, err);
    gl_fields_to_json(note->fields, note->data, &data);
    if (rc == 0 && data.failed) rc = gl_fail(err, -EMSGSIZE, "journal: a note of type %s does not fit", note->type);
    if (rc < 0) return gl_journal_wrote(j, rc);
    gl_envelope_write(&payload, &(struct gl_envelope_out){.id = note->id,
                                                          .post = note->post,
                                                          .type = note->type,
                                                          .time = note->time,
                                                          .subject = "journal",
                                                          .stream = "local",
                                                          .seq = seq,
                                                          .boot = note->boot,
                                                          .data = data.data});
    if (payload.failed) return gl_journal_wrote(j, gl_fail(err, -EMSGSIZE, "journal: a note of type %s does not fit", note->type));
    return gl_journal_append(j,
                             &(struct gl_record){.stream = "local",
                                                 .seq = seq,
                                                 .type = note->type,
                                                 .topic = "",
                                                 .id = note->id,
                                                 .passage = "",
                                                 .time = note->time,
                                                 .for_ever = note->for_ever,
                                                 .payload = payload.data},
                             err);
}

/* ---- transactions ------------------------------------------------------------------------------------------------------------ */

bool gl_journal_dirty(const struct gl_journal *j) {
    return j->db.in_tx || j->db.broken;
}

int gl_journal_commit(struct gl_journal *j, struct gl_error *err) {
    if (!gl_journal_dirty(j)) return 0;
    int rc = gl_db_commit(&j->db, err);
    if (rc < 0) {
        j->loaded = false;
        return rc;
    }
    for (size_t i = 0; i < j->n_streams; i++) j->streams[i].committed = j->streams[i].last;
    return 0;
}

void gl_journal_rollback(struct gl_journal *j) {
    gl_db_rollback(&j->db);
    j->loaded = false;
}

int gl_journal_limit_pages(struct gl_journal *j, int pages) {
    char pragma[64];
    gl_format(pragma, sizeof pragma, "PRAGMA max_page_count=%d", pages);
    return sqlite3_exec(j->db.sql, pragma, NULL, NULL, NULL) == SQLITE_OK ? 0 : -EIO;
}

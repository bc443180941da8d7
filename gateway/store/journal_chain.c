/* The chain: each record's hash covers its place, its times, what it says, and its predecessor's hash, so that nothing before the last
 * hash can be changed, left out or put in without all that follow giving it away.
 *
 *     content: SHA-256( salt (16 bytes) | type 0 | topic 0 | id 0 | passage 0 | time (8 bytes, big-endian) | payload 0 | internal )
 *     hash:    SHA-256( hash of n-1 (32 zero bytes before the first) | n (8) | stream 0 | seq (8) | written (8) | purge_after (8) |
 *                       content )
 *
 * What a record says may go when its time is over. Of it `content` is kept (table gone), and the chain holds. That it was allowed to go is
 * proved by the chain as well: a record of type greenlane.purge behind it names its number and a time by which it was due. Whatever
 * lacks its content without that was destroyed by somebody.
 *
 * Cutting off the end shows too: the streams' last numbers, added up, are the number of records and of the numbers that a restored
 * journal says it has left out. */
#include <errno.h>
#include <string.h>

#include "model/envelope.h"
#include "store/journal_impl.h"

static void add_u64(struct gl_journal *j, int64_t v, int *ok) {
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)((uint64_t)v >> (56 - 8 * i));
    *ok &= EVP_DigestUpdate(j->md, bytes, sizeof bytes);
}

static void add_text(struct gl_journal *j, const char *text, int *ok) {
    *ok &= EVP_DigestUpdate(j->md, text, strlen(text) + 1); /* with its NUL, so that no text runs into the next */
}

static int digest_end(struct gl_journal *j, int ok, uint8_t out[JOURNAL_HASH_BYTES], struct gl_error *err) {
    unsigned len = 0;
    ok &= EVP_DigestFinal_ex(j->md, out, &len);
    return ok && len == JOURNAL_HASH_BYTES ? 0 : gl_fail(err, -EIO, "journal: SHA-256 failed; look at the OpenSSL configuration");
}

int gl_journal_content(struct gl_journal *j, const uint8_t salt[JOURNAL_SALT_BYTES], const struct gl_record *r,
                       uint8_t out[JOURNAL_HASH_BYTES], struct gl_error *err) {
    const char *internal = r->internal ? r->internal : "";
    int ok = EVP_DigestInit_ex2(j->md, j->sha256, NULL);
    ok &= EVP_DigestUpdate(j->md, salt, JOURNAL_SALT_BYTES);
    add_text(j, r->type, &ok);
    add_text(j, r->topic, &ok);
    add_text(j, r->id, &ok);
    add_text(j, r->passage, &ok);
    add_u64(j, r->time, &ok);
    add_text(j, r->payload, &ok);
    ok &= EVP_DigestUpdate(j->md, internal, strlen(internal));
    return digest_end(j, ok, out, err);
}

int gl_journal_hash(struct gl_journal *j, const uint8_t prev[JOURNAL_HASH_BYTES], const struct journal_link *l,
                    uint8_t out[JOURNAL_HASH_BYTES], struct gl_error *err) {
    int ok = EVP_DigestInit_ex2(j->md, j->sha256, NULL);
    ok &= EVP_DigestUpdate(j->md, prev, JOURNAL_HASH_BYTES);
    add_u64(j, l->n, &ok);
    add_text(j, l->stream, &ok);
    add_u64(j, l->seq, &ok);
    add_u64(j, l->written, &ok);
    add_u64(j, l->purge_after, &ok);
    ok &= EVP_DigestUpdate(j->md, l->content, JOURNAL_HASH_BYTES);
    return digest_end(j, ok, out, err);
}

/* The hash that the record after n is built on; zeros when there is none to begin with. */
static int hash_at(struct gl_journal *j, int64_t n, uint8_t hash[JOURNAL_HASH_BYTES], struct gl_error *err) {
    memset(hash, 0, JOURNAL_HASH_BYTES);
    if (n == 0) return 0;
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_HASH);
    gl_put_int(&q, n);
    int rc = gl_db_step(&q, err);
    if (rc <= 0) return rc < 0 ? rc : gl_fail(err, -ENOENT, "journal %s: there is no record %lld", j->db.path, (long long)n);
    gl_take_bytes(&q, hash, JOURNAL_HASH_BYTES);
    if ((rc = gl_taken(&q, err)) < 0) return rc;
    gl_db_end(&q);
    return 0;
}

/* ---- what is gone ------------------------------------------------------------------------------------------------------------ */

static bool covers(const struct gl_covered *c, const struct journal_link *l) {
    return c->from <= l->n && l->n <= c->to && l->purge_after > 0 && l->purge_after <= c->due;
}

/* The data of an event in the journal. */
static bool parse_data(const char *payload, const struct gl_fields *fields, void *data) {
    struct gl_envelope e;
    if (gl_envelope_parse(payload, strlen(payload), &e, NULL) < 0) return false;
    bool whole = gl_fields_from_json(fields, e.data, data, NULL) == 0;
    gl_envelope_free(&e);
    return whole;
}

/* The index finds the purge; what counts is what its payload says, which is in the chain itself. */
static int find_cover(struct gl_journal *j, const struct journal_link *l, struct gl_covered *c, struct gl_error *err) {
    struct gl_purge p;
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_COVER);
    gl_put_int(&q, l->n);
    gl_put_int(&q, l->purge_after);
    int rc = gl_db_step(&q, err);
    *c = (struct gl_covered){0};
    if (rc <= 0) return rc;
    const char *payload = gl_take_borrowed(&q);
    if (payload && parse_data(payload, &gl_purge_fields, &p)) *c = (struct gl_covered){p.from, p.to, p.due};
    gl_db_end(&q);
    return 0;
}

/* Whether it was said, before it happened, that this record would go. */
static bool was_said(struct gl_journal *j, const struct journal_link *l, struct gl_verified *v) {
    for (size_t i = 0; i < GL_COUNT(v->covers); i++)
        if (covers(&v->covers[i], l)) return true;
    struct gl_covered *c = &v->covers[v->next_cover++ % GL_COUNT(v->covers)];
    return find_cover(j, l, c, NULL) == 0 && covers(c, l);
}

/* ---- the walk ---------------------------------------------------------------------------------------------------------------- */

/* The rest of the row: what the record says, hashed; or, when it is gone, its hash alone. */
static bool take_content(struct gl_journal *j, struct gl_rows *q, bool gone, struct journal_link *l, struct gl_verified *v) {
    uint8_t salt[JOURNAL_SALT_BYTES];
    struct gl_record r;
    struct gl_restored restored;
    if (gone)
        gl_take_bytes(q, l->content, sizeof l->content);
    else
        gl_take_bytes(q, salt, sizeof salt);
    r.type = gl_take_borrowed(q);
    r.topic = gl_take_borrowed(q);
    r.id = gl_take_borrowed(q);
    r.passage = gl_take_borrowed(q);
    r.time = gl_take_int(q);
    r.payload = gl_take_borrowed(q);
    r.internal = gl_take_borrowed(q);
    if (gone) return !q->failed;
    if (q->failed || !r.type || !r.topic || !r.id || !r.passage || !r.payload) return false;
    if (strcmp(r.type, GL_RESTORED_TYPE) == 0 && parse_data(r.payload, &gl_restored_fields, &restored))
        v->skipped += restored.skipped;
    return gl_journal_content(j, salt, &r, l->content, NULL) == 0;
}

/* One record of the chain; false when it does not fit. hash: its predecessor's, then, when it fits, its own. */
static bool fits(struct gl_journal *j, struct gl_rows *q, int64_t n, uint8_t hash[JOURNAL_HASH_BYTES], struct gl_verified *v) {
    uint8_t stored[JOURNAL_HASH_BYTES], made[JOURNAL_HASH_BYTES];
    struct journal_link l;
    l.n = gl_take_int(q);
    l.stream = gl_take_borrowed(q);
    l.seq = gl_take_int(q);
    l.written = gl_take_int(q);
    l.purge_after = gl_take_int(q);
    bool gone = gl_take_int(q) == 1;
    bool whole = l.stream && take_content(j, q, gone, &l, v);
    if (!whole || l.n != n) return false;
    gl_take_bytes(q, stored, sizeof stored);
    if (q->failed || gl_journal_hash(j, hash, &l, made, NULL) < 0 || memcmp(stored, made, sizeof made) != 0) return false;
    v->unsaid = gone && !was_said(j, &l, v);
    if (v->unsaid) return false;
    v->purged += gone;
    memcpy(hash, made, sizeof made);
    return true;
}

static int check_end(struct gl_journal *j, int64_t at, struct gl_verified *v, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_SUM);
    int rc = gl_db_step(&q, err);
    if (rc < 0) return rc;
    int64_t sum = gl_take_int(&q);
    if ((rc = gl_taken(&q, err)) < 0) return rc;
    gl_db_end(&q);
    if (sum != at + v->skipped) v->broken_at = at + 1;
    return 0;
}

void gl_journal_hex(const uint8_t hash[JOURNAL_HASH_BYTES], char out[65]) {
    for (size_t i = 0; i < JOURNAL_HASH_BYTES; i++) gl_format(out + 2 * i, 3, "%02x", hash[i]);
}

int gl_journal_verify(struct gl_journal *j, int64_t *at, int limit, struct gl_verified *v, struct gl_error *err) {
    uint8_t hash[JOURNAL_HASH_BYTES];
    int64_t n = *at;
    int seen = 0;
    struct gl_verified now = {0};
    if (limit < 1 || n < 0) return gl_fail(err, -EINVAL, "journal: verifying needs a limit of at least 1");
    if (n > 0) now = *v;
    int rc = hash_at(j, n, hash, err);
    if (rc < 0) return rc;
    struct gl_rows q = gl_db_query(&j->db, JOURNAL_CHAIN);
    gl_put_int(&q, n);
    gl_put_int(&q, limit);
    while ((rc = gl_db_step(&q, err)) > 0) {
        if (!fits(j, &q, n + 1, hash, &now)) {
            now.broken_at = n + 1;
            gl_db_end(&q);
            break;
        }
        n++, seen++, now.records++;
    }
    if (rc < 0) return rc;
    if (seen < limit && now.broken_at == 0 && (rc = check_end(j, n, &now, err)) < 0) return rc;
    if (n > 0) gl_journal_hex(hash, now.head);
    *at = n;
    *v = now;
    return seen == limit && now.broken_at == 0;
}

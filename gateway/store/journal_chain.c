/* The chain: each record's hash covers the record and its predecessor's hash, so that nothing before the last hash can be
 * changed, left out or put in without all that follow giving it away.
 *
 *     SHA-256( hash of n-1 (32 zero bytes before the first) | n (8 bytes, big-endian) | stream 0 | seq (8) | type 0 | topic 0 |
 *              id 0 | passage 0 | time (8) | payload 0 | internal )
 *
 * Cutting off the end shows too: the streams' last numbers, added up, are the number of records. */
#include <errno.h>
#include <string.h>

#include "store/journal_impl.h"

static void add_u64(struct gl_journal *j, int64_t v, int *ok) {
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)((uint64_t)v >> (56 - 8 * i));
    *ok &= EVP_DigestUpdate(j->md, bytes, sizeof bytes);
}

static void add_text(struct gl_journal *j, const char *text, int *ok) {
    *ok &= EVP_DigestUpdate(j->md, text, strlen(text) + 1); /* with its NUL, so that no text runs into the next */
}

int gl_journal_hash(struct gl_journal *j, const uint8_t prev[JOURNAL_HASH_BYTES], int64_t n, const struct gl_record *r,
                    uint8_t out[JOURNAL_HASH_BYTES], struct gl_error *err) {
    unsigned len = 0;
    const char *internal = r->internal ? r->internal : "";
    int ok = EVP_DigestInit_ex(j->md, EVP_sha256(), NULL);
    ok &= EVP_DigestUpdate(j->md, prev, JOURNAL_HASH_BYTES);
    add_u64(j, n, &ok);
    add_text(j, r->stream, &ok);
    add_u64(j, r->seq, &ok);
    add_text(j, r->type, &ok);
    add_text(j, r->topic, &ok);
    add_text(j, r->id, &ok);
    add_text(j, r->passage, &ok);
    add_u64(j, r->time, &ok);
    add_text(j, r->payload, &ok);
    ok &= EVP_DigestUpdate(j->md, internal, strlen(internal));
    ok &= EVP_DigestFinal_ex(j->md, out, &len);
    return ok && len == JOURNAL_HASH_BYTES ? 0 : gl_fail(err, -EIO, "journal: SHA-256 failed; look at the OpenSSL configuration");
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

/* One record of the chain; false when it does not fit. hash: its predecessor's, then, when it fits, its own. */
static bool fits(struct gl_journal *j, struct gl_rows *q, int64_t n, uint8_t hash[JOURNAL_HASH_BYTES]) {
    uint8_t stored[JOURNAL_HASH_BYTES], made[JOURNAL_HASH_BYTES];
    struct gl_record r;
    int64_t number = gl_take_int(q);
    r.stream = gl_take_borrowed(q);
    r.seq = gl_take_int(q);
    r.type = gl_take_borrowed(q);
    r.topic = gl_take_borrowed(q);
    r.id = gl_take_borrowed(q);
    r.passage = gl_take_borrowed(q);
    r.time = gl_take_int(q);
    r.payload = gl_take_borrowed(q);
    r.internal = gl_take_borrowed(q);
    gl_take_bytes(q, stored, sizeof stored);
    bool whole = !q->failed && r.stream && r.type && r.topic && r.id && r.passage && r.payload;
    if (!whole || number != n || gl_journal_hash(j, hash, n, &r, made, NULL) < 0) return false;
    if (memcmp(stored, made, sizeof made) != 0) return false;
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
    if (sum != at) v->broken_at = at + 1;
    return 0;
}

static void put_hex(const uint8_t hash[JOURNAL_HASH_BYTES], char out[65]) {
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
        if (!fits(j, &q, n + 1, hash)) {
            now.broken_at = n + 1;
            gl_db_end(&q);
            break;
        }
        n++, seen++, now.records++;
    }
    if (rc < 0) return rc;
    if (seen < limit && now.broken_at == 0 && (rc = check_end(j, n, &now, err)) < 0) return rc;
    if (n > 0) put_hex(hash, now.head);
    *at = n;
    *v = now;
    return seen == limit && now.broken_at == 0;
}

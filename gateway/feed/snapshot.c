/* Places, counts and digests of one snapshot; the rules stand in the header. */
#include "feed/snapshot.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

void gl_feed_snapshot_clear(struct gl_feed_snapshot *s) {
    EVP_MD_CTX_free(s->md);
    *s = (struct gl_feed_snapshot){.count = 0};
}

int gl_feed_snapshot_begin(struct gl_feed_snapshot *s, const struct gl_feed_record *r, struct gl_now now) {
    gl_feed_snapshot_clear(s);
    s->md = EVP_MD_CTX_new();
    if (!s->md || EVP_DigestInit_ex(s->md, EVP_sha256(), NULL) != 1) {
        gl_feed_snapshot_clear(s);
        return -ENOMEM;
    }
    gl_clip(s->name, sizeof s->name, r->body.snap.snapshot);
    gl_clip(s->epoch, sizeof s->epoch, r->epoch);
    s->seq = r->seq;
    s->count = r->body.snap.count;
    s->heard_mono = now.mono;
    return 0;
}

static enum gl_snapshot_result broken(int told GL_UNUSED) {
    return GL_SNAPSHOT_BROKEN;
}

static const char *doubtful(const struct gl_feed_snapshot *s, const char *epoch, int64_t as_of, struct gl_now now) {
    if (strcmp(s->epoch, epoch) != 0) return "a record of another epoch";
    return as_of - GL_SEQ_AHEAD_MS > now.wall ? "a time in the future" : NULL;
}

enum gl_snapshot_result gl_feed_snapshot_take(struct gl_feed_snapshot *s, const struct gl_snapshot_place *p, struct gl_now now,
                                              struct gl_error *why) {
    const char *doubt = doubtful(s, p->epoch, p->as_of, now);
    if (doubt) return broken(gl_fail(why, -EINVAL, "%s", doubt));
    s->heard_mono = now.mono;
    if (p->place >= 1 && p->place <= s->place) return GL_SNAPSHOT_REPEATED;
    if (p->place != s->place + 1)
        return broken(gl_fail(why, -EINVAL, "place %lld came where %lld was next", (long long)p->place, (long long)s->place + 1));
    if (p->place > s->count)
        return broken(gl_fail(why, -EINVAL, "place %lld, but it has %lld records", (long long)p->place, (long long)s->count));
    if (!p->digest || EVP_DigestUpdate(s->md, p->digest, 32) != 1)
        return broken(
            gl_fail(why, -EINVAL, "place %lld has no digest, %lld were had before", (long long)p->place, (long long)s->place));
    s->place = p->place;
    return GL_SNAPSHOT_RECORD;
}

static bool digest_fits(struct gl_feed_snapshot *s, const struct gl_snapshot *end) {
    unsigned char got[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    int ok = EVP_DigestFinal_ex(s->md, got, &n);
    return ok == 1 && n == 32 && end->sha256.len == 32 && memcmp(got, end->sha256.data, 32) == 0;
}

enum gl_snapshot_result gl_feed_snapshot_end(struct gl_feed_snapshot *s, const struct gl_feed_record *r, struct gl_now now,
                                             struct gl_error *why) {
    const char *doubt = doubtful(s, r->epoch, r->as_of, now);
    s->heard_mono = now.mono;
    if (!doubt && r->seq != s->seq)
        return broken(gl_fail(why, -EINVAL, "its end includes number %lld, its begin %lld", (long long)r->seq, (long long)s->seq));
    if (!doubt && r->body.snap.count != s->count)
        return broken(
            gl_fail(why, -EINVAL, "its end has %lld records, its begin %lld", (long long)r->body.snap.count, (long long)s->count));
    if (!doubt && s->place != s->count)
        return broken(gl_fail(why, -EINVAL, "it ended after %lld of %lld records", (long long)s->place, (long long)s->count));
    if (!doubt && !digest_fits(s, &r->body.snap)) doubt = "its sha256 does not fit the records' digests";
    return doubt ? broken(gl_fail(why, -EINVAL, "%s", doubt)) : GL_SNAPSHOT_COMPLETE;
}

bool gl_feed_snapshot_silent(const struct gl_feed_snapshot *s, int64_t silence_ms, struct gl_now now) {
    return s->name[0] != '\0' && now.mono - s->heard_mono >= silence_ms;
}

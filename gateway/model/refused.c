/* Records of the feed that are refused: what can still be said of them. */
#include <string.h>

#include "model/lodged.h"

bool gl_feed_voidable(const struct gl_feed_refused *r) {
    bool changes = r->op == GL_OP_UPSERT || r->op == GL_OP_CANCEL || r->op == GL_OP_EXPIRE || r->op == GL_OP_CONTROL ||
                   (r->op == GL_OP_REKEY && r->was.value[0] != '\0');
    return changes && r->collection != GL_COLLECTION_LOOKOUTS && r->ref.value[0] != '\0' && r->epoch[0] != '\0' && r->seq >= 0;
}

static struct gl_ref second_ref(const struct gl_feed_record *r) {
    struct gl_ref was = {.type = ""};
    if (r->op == GL_OP_REKEY) return r->body.rekey.was;
    if (r->op != GL_OP_UPSERT || r->collection != GL_COLLECTION_DECLARATIONS || !r->body.declaration.lrn[0]) return was;
    gl_clip(was.type, sizeof was.type, "lrn");
    gl_clip(was.value, sizeof was.value, r->body.declaration.lrn);
    return was;
}

void gl_feed_refusal(const struct gl_feed_record *r, const char *reason, struct gl_feed_refused *ret) {
    const struct gl_ref *ref = gl_feed_record_ref(r);
    *ret = (struct gl_feed_refused){.collection = r->collection, .seq = r->seq, .op = r->op};
    memcpy(ret->epoch, r->epoch, sizeof ret->epoch);
    memcpy(ret->snapshot, r->snapshot, sizeof ret->snapshot);
    if (ref) ret->ref = *ref;
    ret->was = second_ref(r);
    if (r->digest.len == 32) memcpy(&ret->digest, &r->digest, sizeof ret->digest);
    gl_clip(ret->reason, sizeof ret->reason, reason);
}

/* AccessSpecs of the simulated reader: what it does with tags that a client means, besides reporting them. Reads succeed with made-up words that
 * depend on the EPC alone, so that a tag has the same TID each time; writes, locks and kills succeed and change nothing. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "llrp/sim_reader.h"

enum {
    ACCESS_SPEC = 207,
    STOP_TRIGGER = 208,
    COMMAND = 209,
    TAG_SPEC = 338,
    TARGET_TAG = 339,
    OP_READ = 341,
    OP_WRITE = 342,
    OP_KILL = 343,
    OP_LOCK = 344,
    OP_ERASE = 346,
    OP_BLOCK_WRITE = 347,
    READ_RESULT = 349,
    BANK_EPC = 1,
    BANK_TID = 2,
    EPC_AT_BIT = 32, /* behind the CRC and the PC word */
    MOST_WORDS = 64,
};

/* What answers each operation; words: the answer counts the words written. */
static const struct {
    uint16_t op, result;
    bool words;
} results[] = {{OP_READ, READ_RESULT, false}, {OP_WRITE, 350, true},  {OP_KILL, 351, false},
               {OP_LOCK, 352, false},         {OP_ERASE, 353, false}, {OP_BLOCK_WRITE, 354, true}};

/* ---- reading what is ordered --------------------------------------------------------------------------------------------------------- */
static int read_bits(struct gl_cursor *c, uint8_t out[GL_SIM_EPC_BYTES], uint16_t *ret_bits) {
    uint16_t bits = gl_get_u16(c);
    size_t len = (bits + 7u) / 8;
    const uint8_t *p = gl_get_bytes(c, len);
    if (!p || len > GL_SIM_EPC_BYTES) return -EMSGSIZE;
    memcpy(out, p, len);
    *ret_bits = bits;
    return 0;
}

static int read_target(struct gl_cursor c, struct gl_sim_target *t, struct gl_sim_fault *f) {
    struct gl_llrp_param tags, tag;
    uint16_t data_bits = 0;
    if (!gl_llrp_find(c, TAG_SPEC, &tags) || !gl_llrp_find(tags.value, TARGET_TAG, &tag)) return -EBADMSG;
    uint8_t flags = gl_get_u8(&tag.value);
    t->bank = flags >> 6;
    t->match = (flags & 0x20) != 0;
    t->pointer = gl_get_u16(&tag.value);
    if (read_bits(&tag.value, t->mask, &t->bits) == 0 && read_bits(&tag.value, t->data, &data_bits) == 0 && data_bits == t->bits)
        return 0;
    return gl_sim_parameter_fault(f, ACCESS_SPEC, TARGET_TAG, 4, GL_LLRP_A_INVALID,
                                  "mask and data are of different lengths, or longer than %d bits", GL_SIM_EPC_BYTES * 8);
}

static int read_op(const struct gl_llrp_param *p, struct gl_sim_accessspec *a, struct gl_sim_fault *f) {
    if (a->n_ops == GL_SIM_OPS)
        return gl_sim_parameter_fault(f, ACCESS_SPEC, p->type, 0, GL_SIM_P_OVERFLOW_PARAMETER, "at most %d operations", GL_SIM_OPS);
    struct gl_cursor c = p->value;
    struct gl_sim_op *o = &a->ops[a->n_ops++];
    *o = (struct gl_sim_op){.type = p->type, .id = gl_get_u16(&c)};
    gl_get_u32(&c); /* password */
    if (p->type != OP_READ && p->type != OP_WRITE && p->type != OP_BLOCK_WRITE) return 0;
    o->bank = gl_get_u8(&c) >> 6;
    o->pointer = gl_get_u16(&c);
    o->words = gl_get_u16(&c);
    if (p->type != OP_READ || o->words <= MOST_WORDS) return 0;
    return gl_sim_parameter_fault(f, ACCESS_SPEC, p->type, 5, GL_LLRP_A_OUT_OF_RANGE, "at most %d words", MOST_WORDS);
}

static int read_command(struct gl_cursor c, struct gl_sim_accessspec *a, struct gl_sim_fault *f) {
    struct gl_llrp_param p;
    int rc = read_target(c, &a->target, f);
    while (rc == 0 && gl_llrp_next(&c, &p) > 0)
        if (p.type != TAG_SPEC && p.type != GL_LLRP_CUSTOM) rc = read_op(&p, a, f);
    return rc;
}

static struct gl_sim_accessspec *find(struct gl_sim *s, uint32_t id) {
    for (size_t i = 0; i < GL_SIM_ACCESSSPECS; i++)
        if (s->accessspecs[i].id == id) return &s->accessspecs[i];
    return NULL;
}

static int check(struct gl_sim *s, struct gl_cursor c, struct gl_sim_accessspec *a, struct gl_sim_fault *f) {
    struct gl_llrp_param stop, command;
    a->id = gl_get_u32(&c);
    a->antenna = gl_get_u16(&c);
    uint8_t protocol = gl_get_u8(&c);
    bool active = gl_get_u8(&c) != 0;
    a->rospec = gl_get_u32(&c);
    if (a->id == 0) return gl_sim_field_fault(f, 1, GL_LLRP_A_INVALID, "an AccessSpecID of 0");
    if (find(s, a->id))
        return gl_sim_field_fault(f, 1, GL_LLRP_A_INVALID, "an AccessSpec with id %" PRIu32 " is there already", a->id);
    if (a->antenna > s->antennas)
        return gl_sim_parameter_fault(f, ACCESS_SPEC, 0, 2, GL_LLRP_A_OUT_OF_RANGE, "antenna %u of %d", a->antenna, s->antennas);
    if (protocol != 1) return gl_sim_parameter_fault(f, ACCESS_SPEC, 0, 3, GL_LLRP_A_INVALID, "no air protocol %u", protocol);
    if (active) return gl_sim_parameter_fault(f, ACCESS_SPEC, 0, 4, GL_LLRP_A_INVALID, "a new AccessSpec has to be disabled");
    if (!gl_llrp_find(c, STOP_TRIGGER, &stop) || !gl_llrp_find(c, COMMAND, &command)) return -EBADMSG;
    if (gl_get_u8(&stop.value) == 1) a->left = gl_get_u16(&stop.value);
    return read_command(command.value, a, f);
}

int gl_sim_add_accessspec(struct gl_sim *s, struct gl_cursor body, struct gl_sim_fault *f) {
    struct gl_llrp_param p;
    struct gl_sim_accessspec a = {0}, *place = find(s, 0);
    if (gl_llrp_next(&body, &p) <= 0) return -EBADMSG;
    int rc = check(s, p.value, &a, f);
    if (rc != 0) return rc;
    if (!place) {
        *f = (struct gl_sim_fault){.status = GL_SIM_M_OVERFLOW_PARAMETER, .depth = 1, .parameters = {ACCESS_SPEC}};
        f->parameter_error = GL_SIM_P_OVERFLOW_PARAMETER;
        gl_format(f->text, sizeof f->text, "%d AccessSpecs are the most", GL_SIM_ACCESSSPECS);
        return 1;
    }
    a.raw = GL_BUF(GL_LLRP_MESSAGE_MAX);
    gl_buf_add(&a.raw, p.value.p, gl_cursor_left(&p.value));
    if (a.raw.failed) return gl_sim_field_fault(f, 1, GL_LLRP_R_DEVICE_ERROR, "out of memory");
    *place = a;
    return 0;
}

/* ---- changing ------------------------------------------------------------------------------------------------------------------------ */
static void discard(struct gl_sim_accessspec *a) {
    gl_buf_free(&a->raw);
    *a = (struct gl_sim_accessspec){0};
}

static void change_one(uint16_t request, struct gl_sim_accessspec *a) {
    if (request == GL_LLRP_DELETE_ACCESSSPEC)
        discard(a);
    else
        a->active = request == GL_LLRP_ENABLE_ACCESSSPEC;
}

int gl_sim_change_accessspec(struct gl_sim *s, uint16_t request, uint32_t id, struct gl_sim_fault *f) {
    struct gl_sim_accessspec *one = id ? find(s, id) : NULL;
    if (id != 0 && !one) return gl_sim_field_fault(f, 1, GL_LLRP_A_INVALID, "there is no AccessSpec with id %" PRIu32, id);
    if (one) change_one(request, one);
    for (size_t i = 0; id == 0 && i < GL_SIM_ACCESSSPECS; i++)
        if (s->accessspecs[i].id != 0) change_one(request, &s->accessspecs[i]);
    return 0;
}

void gl_sim_put_accessspecs(struct gl_sim *s) {
    enum { STATE_AT = 7 }; /* behind id, antenna, protocol */
    for (size_t i = 0; i < GL_SIM_ACCESSSPECS; i++) {
        const struct gl_sim_accessspec *a = &s->accessspecs[i];
        if (a->id == 0 || a->raw.len <= STATE_AT) continue;
        size_t p = gl_llrp_begin(&s->out, ACCESS_SPEC);
        gl_buf_add(&s->out, a->raw.data, STATE_AT);
        gl_buf_u8(&s->out, a->active ? 0x80 : 0);
        gl_buf_add(&s->out, a->raw.data + STATE_AT + 1, a->raw.len - STATE_AT - 1);
        gl_llrp_end(&s->out, p);
    }
}

/* ---- acting -------------------------------------------------------------------------------------------------------------------------- */
static bool bit_of(const uint8_t *bytes, size_t i) {
    return bytes[i / 8] & 0x80 >> i % 8;
}

/* An empty mask means every tag; of a mask, only the EPC itself is compared. */
static bool means(const struct gl_sim_target *t, const struct gl_sim_read *r) {
    bool equal = t->bits == 0 || (t->bank == BANK_EPC && t->pointer >= EPC_AT_BIT);
    for (size_t i = 0; equal && i < t->bits; i++) {
        size_t at = (size_t)t->pointer - EPC_AT_BIT + i;
        if (!bit_of(t->mask, i)) continue;
        equal = at < r->bits && bit_of(r->epc, at) == bit_of(t->data, i);
    }
    return equal == t->match || t->bits == 0;
}

void gl_sim_access(struct gl_sim *s, struct gl_sim_read *r) {
    for (size_t i = 0; i < GL_SIM_ACCESSSPECS; i++) {
        struct gl_sim_accessspec *a = &s->accessspecs[i];
        bool here = a->id != 0 && a->active && (a->rospec == 0 || a->rospec == r->rospec);
        if (!here || (a->antenna != 0 && a->antenna != r->antenna) || !means(&a->target, r)) continue;
        r->access = a->id;
        r->n_ops = a->n_ops;
        memcpy(r->ops, a->ops, sizeof r->ops);
        if (a->left > 0 && --a->left == 0) discard(a);
        return;
    }
}

/* Word i of a bank: the TID begins as those of a well-known maker do, everything else follows from the EPC. */
static uint16_t word_of(const struct gl_sim_read *r, uint16_t bank, uint32_t i) {
    uint32_t hash = 2166136261u;
    if (bank == BANK_TID && i == 0) return 0xe280;
    if (bank == BANK_TID && i == 1) return 0x1105;
    for (size_t k = 0; k < r->bits / 8u; k++) hash = (hash ^ r->epc[k]) * 16777619u;
    hash = (hash ^ bank ^ i << 2) * 16777619u;
    return (uint16_t)(hash >> 8);
}

static void put_result(struct gl_sim *s, const struct gl_sim_read *r, const struct gl_sim_op *o) {
    for (size_t i = 0; i < GL_COUNT(results); i++) {
        if (results[i].op != o->type) continue;
        size_t p = gl_llrp_begin(&s->out, results[i].result);
        gl_buf_u8(&s->out, 0); /* success */
        gl_buf_u16(&s->out, o->id);
        if (o->type == OP_READ || results[i].words) gl_buf_u16(&s->out, o->words);
        for (uint32_t k = 0; o->type == OP_READ && k < o->words; k++) gl_buf_u16(&s->out, word_of(r, o->bank, o->pointer + k));
        gl_llrp_end(&s->out, p);
    }
}

void gl_sim_put_access(struct gl_sim *s, const struct gl_sim_read *r) {
    for (size_t i = 0; i < r->n_ops; i++) put_result(s, r, &r->ops[i]);
}

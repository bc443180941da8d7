/* The grammar of what clients send, one row for each message and parameter, and the check against it.
 *
 *     fields     in order: 1 2 4 8 a number of so many octets; eN an octet and EN two octets of at most N; bN an octet and BN two octets
 *                of which the first N bits mean something and the rest is zero; r a reserved octet; w counted 16-bit words; m counted
 *                bits; * the rest
 *     children   numbers of parameters, "|" between those that stand for each other; then ? none or one, * any, + at least one */
#include "llrp/sim_check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "llrp/wire.h"

struct row {
    uint16_t type;
    const char *fields, *children;
};

static const struct row messages[] = {
    {1, "e4", "1023*"},
    {2, "2 e11 2 2", "1023*"},
    {3, "b1", "244? 221* 222* 237? 239? 220? 219* 225* 226? 1023*"},
    {14, "", ""},
    {20, "", "177"},
    {21, "4", ""},
    {22, "4", ""},
    {23, "4", ""},
    {24, "4", ""},
    {25, "4", ""},
    {26, "", ""},
    {40, "", "207"},
    {41, "4", ""},
    {42, "4", ""},
    {43, "4", ""},
    {44, "", ""},
    {46, "", ""},
    {47, "1", ""},
    {60, "", ""},
    {64, "", ""},
    {72, "", ""},
    {1023, "4 1 *", ""},
};

static const struct row parameters[] = {
    {128, "8", ""},
    {177, "4 1 e2", "178 183|187|1023+ 237?"},
    {178, "", "179 182"},
    {179, "e3", "180? 181?"},
    {180, "4 4", "128?"},
    {181, "2 b1 4", ""},
    {182, "e2 4", "181?"},
    {183, "w", "184 186+ 1023*"},
    {184, "e3 4", "181? 185?"},
    {185, "e4 r 2 2 2 4", ""},
    {186, "2 e1", "222* 1023*"},
    {187, "2 4 4", "188 1023*"},
    {188, "e2 4 4", ""},
    {207, "4 2 e1 b1 4", "208 209 239? 1023*"},
    {208, "e1 2", ""},
    {209, "", "338 341|342|343|344|346|347|1023+"},
    {219, "2 b1", ""},
    {220, "e1 4", ""},
    {221, "b1 2 2", ""},
    {222, "2", "223? 224? 330*"},
    {223, "2", ""},
    {224, "2 2 2", ""},
    {225, "2 b1 e2", ""},
    {226, "b1", ""},
    {237, "e2 2", "238 1023*"},
    {238, "B10", "348*"},
    {239, "e1", ""},
    {244, "", "245+"},
    {245, "E8 b1", ""},
    {330, "b1", "331* 335? 336? 1023*"},
    {331, "b2", "332 333? 334?"},
    {332, "b2 2 m", ""},
    {333, "e4 e7", ""},
    {334, "e5", ""},
    {335, "2 2", ""},
    {336, "b2 2 4", "337?"},
    {337, "b2", ""},
    {338, "", "339+"},
    {339, "b3 2 m m", ""},
    {341, "2 4 b2 2 2", ""},
    {342, "2 4 b2 2 w", ""},
    {343, "2 4", ""},
    {344, "2 4", "345+"},
    {345, "e3 e4", ""},
    {346, "2 4 b2 2 2", ""},
    {347, "2 4 b2 2 w", ""},
    {348, "b2", ""},
    {1023, "4 4 *", ""},
};

static const struct row *find(const struct row *rows, size_t n, uint16_t type) {
    for (size_t i = 0; i < n; i++)
        if (rows[i].type == type) return &rows[i];
    return NULL;
}

/* ---- faults ---- */

int gl_sim_field_fault(struct gl_sim_fault *f, uint16_t field, uint16_t error, const char *fmt, ...) {
    *f = (struct gl_sim_fault){.status = GL_LLRP_M_FIELD_ERROR, .field = field, .field_error = error};
    va_list args;
    va_start(args, fmt);
    vsnprintf(f->text, sizeof f->text, fmt, args);
    va_end(args);
    return 1;
}

int gl_sim_parameter_fault(struct gl_sim_fault *f, uint16_t outer, uint16_t inner, uint16_t field, uint16_t error, const char *fmt,
                           ...) {
    *f = (struct gl_sim_fault){.status = GL_LLRP_M_PARAMETER_ERROR, .depth = inner ? 2 : 1, .parameters = {outer, inner}};
    f->parameter_error = field ? GL_SIM_P_FIELD_ERROR : error;
    f->field = field;
    f->field_error = field ? error : 0;
    va_list args;
    va_start(args, fmt);
    vsnprintf(f->text, sizeof f->text, fmt, args);
    va_end(args);
    return 1;
}

/* What is going on: the parameters that we are in, and where the message began. */
struct walk {
    const uint8_t *start;
    uint32_t vendor;
    size_t depth;
    uint16_t path[GL_SIM_DEPTH];
    struct gl_sim_fault *fault;
};

static int fail_field(struct walk *w, int number, uint16_t error, const char *why) {
    struct gl_sim_fault *f = w->fault;
    *f = (struct gl_sim_fault){.status = w->depth ? GL_LLRP_M_PARAMETER_ERROR : GL_LLRP_M_FIELD_ERROR,
                               .depth = w->depth,
                               .parameter_error = GL_SIM_P_FIELD_ERROR,
                               .field = (uint16_t)number,
                               .field_error = error};
    for (size_t i = 0; i < w->depth; i++) f->parameters[i] = w->path[i];
    gl_format(f->text, sizeof f->text, "field %d of %s %u: %s", number, w->depth ? "parameter" : "the message",
              w->depth ? w->path[w->depth - 1] : 0u, why);
    return 1;
}

/* `inner` inside what we are in is at fault. M_ codes and P_ codes differ by 100 alone. */
static int fail_parameter(struct walk *w, uint16_t inner, uint16_t m_error, const char *why, size_t offset) {
    struct gl_sim_fault *f = w->fault;
    *f = (struct gl_sim_fault){.status = w->depth ? GL_LLRP_M_PARAMETER_ERROR : m_error, .depth = w->depth + 1};
    f->parameter_error = (uint16_t)(m_error + 100);
    for (size_t i = 0; i < w->depth; i++) f->parameters[i] = w->path[i];
    f->parameters[w->depth] = inner;
    gl_format(f->text, sizeof f->text, "parameter %u %s at offset %zu", inner, why, offset);
    return 1;
}

/* ---- fields ---- */

static const uint8_t *take_rest(struct gl_cursor *c) {
    return gl_get_bytes(c, gl_cursor_left(c));
}

/* One field. 0, or 1 after telling. */
static int check_field(struct walk *w, struct gl_cursor *c, int number, char kind, unsigned arg) {
    uint64_t value = 0, most = UINT64_MAX;
    bool reserved = false;
    switch (kind) {
        case '1': gl_get_u8(c); break;
        case '2': gl_get_u16(c); break;
        case '4': gl_get_u32(c); break;
        case '8': gl_get_u64(c); break;
        case 'e': value = gl_get_u8(c), most = arg; break;
        case 'E': value = gl_get_u16(c), most = arg; break;
        case 'b': reserved = (gl_get_u8(c) & (0xffu >> arg)) != 0; break;
        case 'B': reserved = (gl_get_u16(c) & (0xffffu >> arg)) != 0; break;
        case 'r': reserved = gl_get_u8(c) != 0; break;
        case 'w': gl_get_bytes(c, (size_t)gl_get_u16(c) * 2); break;
        case 'm': gl_get_bytes(c, ((size_t)gl_get_u16(c) + 7) / 8); break;
        default: take_rest(c);
    }
    if (c->failed) return fail_field(w, number, GL_LLRP_A_INVALID, "cut short");
    if (reserved) return fail_field(w, number, GL_LLRP_A_INVALID, "reserved bits are not zero");
    if (value > most) return fail_field(w, number, GL_LLRP_A_OUT_OF_RANGE, "out of range");
    return 0;
}

static int check_fields(struct walk *w, struct gl_cursor *c, const char *fields) {
    for (int number = 1; *fields; number++) {
        char kind = *fields++;
        unsigned arg = 0;
        for (; *fields >= '0' && *fields <= '9'; fields++) arg = arg * 10 + (unsigned)(*fields - '0');
        if (*fields == ' ') fields++;
        int rc = check_field(w, c, number, kind, arg);
        if (rc != 0) return rc;
    }
    return 0;
}

/* ---- parameters ---- */

/* One group of a row's children: the numbers that may stand there, and how often. */
struct group {
    uint16_t types[8];
    size_t n_types;
    char times; /* '1', '?', '*' or '+' */
    uint16_t seen;
};
enum { GROUPS = 12 };

static size_t read_groups(const char *children, struct group out[GROUPS]) {
    size_t n = 0;
    while (*children && n < GROUPS) {
        struct group *g = &out[n++];
        *g = (struct group){.times = '1'};
        for (; *children && *children != ' '; children++) {
            if (*children == '?' || *children == '*' || *children == '+') g->times = *children;
            if (*children < '0' || *children > '9') continue;
            char *end;
            unsigned long type = strtoul(children, &end, 10);
            if (g->n_types < GL_COUNT(g->types)) g->types[g->n_types++] = (uint16_t)type;
            children = end - 1;
        }
        if (*children == ' ') children++;
    }
    return n;
}

static struct group *group_of(struct group *groups, size_t n, uint16_t type) {
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < groups[i].n_types; k++)
            if (groups[i].types[k] == type) return &groups[i];
    return NULL;
}

static int check_row(struct walk *w, struct gl_cursor *c, const struct row *row);

/* One parameter, whose first octet is the next one. */
static int check_parameter(struct walk *w, struct gl_cursor *c, struct group *groups, size_t n_groups) {
    size_t offset = (size_t)(c->p - w->start) + GL_LLRP_HEADER;
    if (*c->p & 0x80) return fail_parameter(w, *c->p & 0x7f, GL_LLRP_M_UNEXPECTED_PARAMETER, "has no place here", offset);
    uint16_t head = gl_get_u16(c), len = gl_get_u16(c), type = head & 0x3ff;
    const uint8_t *body = len < 4 ? NULL : gl_get_bytes(c, len - 4u);
    if (c->failed || !body) return fail_parameter(w, type, GL_LLRP_M_PARAMETER_ERROR, "has an impossible length", offset);
    if (head & 0x7c00) return fail_parameter(w, type, GL_LLRP_M_PARAMETER_ERROR, "has reserved bits that are not zero", offset);

    const struct row *row = find(parameters, GL_COUNT(parameters), type);
    if (!row) return fail_parameter(w, type, GL_SIM_M_UNKNOWN_PARAMETER, "is not known", offset);
    struct group *g = group_of(groups, n_groups, type);
    if (!g) return fail_parameter(w, type, GL_LLRP_M_UNEXPECTED_PARAMETER, "has no place here", offset);
    g->seen++;
    if (g->seen > 1 && (g->times == '1' || g->times == '?'))
        return fail_parameter(w, type, GL_SIM_M_DUPLICATE_PARAMETER, "stands there twice", offset);

    struct gl_cursor in = gl_cursor(body, len - 4u), peek = in;
    if (type == GL_LLRP_CUSTOM && (w->vendor == 0 || gl_get_u32(&peek) != w->vendor))
        return fail_parameter(w, type, GL_LLRP_M_UNSUPPORTED_PARAMETER, "is of a vendor that is not understood", offset);

    if (w->depth == GL_SIM_DEPTH - 1) return fail_parameter(w, type, GL_LLRP_M_UNSUPPORTED_PARAMETER, "lies too deep", offset);
    w->path[w->depth++] = type;
    int rc = check_row(w, &in, row);
    w->depth--;
    return rc;
}

static int check_row(struct walk *w, struct gl_cursor *c, const struct row *row) {
    int rc = check_fields(w, c, row->fields);
    if (rc != 0) return rc;
    struct group groups[GROUPS];
    size_t n = read_groups(row->children, groups);
    while (gl_cursor_left(c) > 0) {
        rc = check_parameter(w, c, groups, n);
        if (rc != 0) return rc;
    }
    for (size_t i = 0; i < n; i++)
        if (groups[i].seen == 0 && (groups[i].times == '1' || groups[i].times == '+'))
            return fail_parameter(w, groups[i].types[0], GL_LLRP_M_MISSING_PARAMETER, "is missing",
                                  (size_t)(c->p - w->start) + GL_LLRP_HEADER);
    return 0;
}

int gl_sim_check(uint16_t message, const uint8_t *body, size_t len, uint32_t vendor, struct gl_sim_fault *ret_fault) {
    const struct row *row = find(messages, GL_COUNT(messages), message);
    if (!row) return -ENOENT;
    struct gl_cursor c = gl_cursor(body, len);
    struct walk w = {.start = c.p, .vendor = vendor, .fault = ret_fault};
    return check_row(&w, &c, row);
}

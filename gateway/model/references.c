/* From the text of a scanned code, or of a record's own words, to a typed reference. */
#include <errno.h>
#include <string.h>

#include "model/identifiers.h"

enum { GS = 0x1D, SSCC_DIGITS = 18 };

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
static bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

/* Fills ret; the values given fit by construction, so a failure is plain text. */
static int found(struct gl_ref *ret, const char *type, const char *value) {
    struct gl_ref ref = {0};
    if (gl_copy(ref.type, sizeof ref.type, type) == 0 && gl_copy(ref.value, sizeof ref.value, value) == 0) *ret = ref;
    return 0;
}

static int bad_check(struct gl_ref *ret, const char *type) {
    found(ret, type, "");
    return GL_REF_BAD_CHECK;
}

/* Copies len bytes of text without blanks at its ends and without the characters in `without`, in upper case (ASCII). */
static int tidy(const char *text, size_t len, const char *without, char *out, size_t size) {
    size_t n = 0;
    while (len > 0 && strchr(" \t\r\n", text[0])) text++, len--;
    while (len > 0 && strchr(" \t\r\n", text[len - 1])) len--;
    for (size_t i = 0; i < len; i++) {
        if (text[i] && strchr(without, text[i])) continue;
        if (n + 1 >= size) return -ENAMETOOLONG;
        out[n++] = is_lower(text[i]) ? (char)(text[i] - 'a' + 'A') : text[i];
    }
    out[n] = '\0';
    return 0;
}

/* A piece of text that is an MRN, a GMR or a UUID; GL_REF_BAD_CHECK as above. */
static int recognise_document(const char *text, size_t len, struct gl_ref *ret) {
    char whole[64], plain[64], uuid[GL_UUID];
    found(ret, "", "");
    if (tidy(text, len, "", whole, sizeof whole) < 0) return 0;
    if (gl_uuid_canonical(whole, uuid) == 0) return found(ret, "uuid", uuid);
    if (tidy(text, len, " \t-.", plain, sizeof plain) < 0) return 0;
    if (gl_gmr_form(plain)) return found(ret, "gmr", plain);
    enum gl_check mrn = gl_mrn_check(plain);
    if (mrn == GL_CHECK_OK) return found(ret, "mrn", plain);
    return mrn == GL_CHECK_WRONG ? bad_check(ret, "mrn") : 0;
}

/* GS1 element strings: application identifiers whose first two digits fix the length of identifier and data together. */
static size_t gs1_fixed_length(const char *ai) {
    static const struct {
        char first[3], last[3];
        uint8_t length;
    } fixed[] = {{"00", "00", 20}, {"01", "03", 16}, {"04", "04", 18}, {"11", "19", 8},
                 {"20", "20", 4},  {"31", "36", 10}, {"41", "41", 16}};
    for (size_t i = 0; i < GL_COUNT(fixed); i++)
        if (strncmp(ai, fixed[i].first, 2) >= 0 && strncmp(ai, fixed[i].last, 2) <= 0) return fixed[i].length;
    return 0;
}

static int sscc_at(const char *digits, struct gl_ref *ret) {
    char sscc[SSCC_DIGITS + 1];
    if (gl_copyn(sscc, sizeof sscc, digits, SSCC_DIGITS) < 0) return found(ret, "", "");
    enum gl_check check = gl_sscc_check(sscc);
    if (check == GL_CHECK_OK) return found(ret, "sscc", sscc);
    return check == GL_CHECK_WRONG ? bad_check(ret, "sscc") : found(ret, "", "");
}

int gl_reference_gs1(const char *text, struct gl_ref *ret) {
    found(ret, "", "");
    while (*text) {
        if (*text == GS) {
            text++;
            continue;
        }
        if (!is_digit(text[0]) || !is_digit(text[1])) return 0;
        size_t length = gs1_fixed_length(text);
        size_t here = strcspn(text, "\x1D");
        if (length > here) return 0;
        if (strncmp(text, "00", 2) == 0) return sscc_at(text + 2, ret);
        text += length ? length : here;
    }
    return 0;
}

/* GS1 data without a symbology to say so: it holds a separator, or is AI 00 alone, plain or as "(00)". Else plain 18 digits that check. */
static int recognise_sscc(const char *text, size_t len, struct gl_ref *ret) {
    char plain[32];
    found(ret, "", "");
    if (memchr(text, GS, len)) return gl_reference_gs1(text, ret);
    if (tidy(text, len, " \t-.", plain, sizeof plain) < 0) return 0;
    size_t n = strlen(plain);
    if (n == SSCC_DIGITS + 4 && strncmp(plain, "(00)", 4) == 0) return sscc_at(plain + 4, ret);
    if (n == SSCC_DIGITS + 2 && strncmp(plain, "00", 2) == 0) return sscc_at(plain + 2, ret);
    return gl_sscc_check(plain) == GL_CHECK_OK ? found(ret, "sscc", plain) : 0;
}

static int recognise_container(const char *text, struct gl_ref *ret) {
    struct gl_container_value v;
    found(ret, "", "");
    if (gl_container_parse(text, &v) < 0 || v.check_ok == GL_NULL) return 0;
    return v.check_ok == GL_TRUE ? found(ret, "iso6346", v.number) : bad_check(ret, "iso6346");
}

static int hex(char c) {
    if (is_digit(c)) return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decodes a piece of a URL; false when it does not fit, and then it is no reference either. */
static bool decode(const char *text, size_t len, char *out, size_t size) {
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        int c = (unsigned char)text[i];
        if (c == '+') c = ' ';
        if (c == '%' && i + 2 < len && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
            c = hex(text[i + 1]) << 4 | hex(text[i + 2]);
            i += 2;
        }
        if (n + 1 >= size || c == 0) return false;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return true;
}

/* What the pieces of a URL have shown so far. */
struct url_finds {
    struct gl_ref ref, bad;
    bool several;
};

static void url_piece(struct url_finds *f, const char *text, size_t len) {
    char plain[64];
    struct gl_ref ref;
    if (!decode(text, len, plain, sizeof plain)) return;
    if (recognise_document(plain, strlen(plain), &ref) == GL_REF_BAD_CHECK) {
        f->bad = ref;
    } else if (ref.type[0]) {
        bool same = strcmp(f->ref.type, ref.type) == 0 && strcmp(f->ref.value, ref.value) == 0;
        f->several |= f->ref.type[0] && !same;
        f->ref = ref;
    }
}

/* The path "/00/SSCC" of a GS1 Digital Link, on whatever host. */
static const char *digital_link(const char *path, size_t len) {
    for (size_t i = 0; i + 4 + SSCC_DIGITS <= len; i++) {
        if (strncmp(path + i, "/00/", 4) != 0) continue;
        char after = i + 4 + SSCC_DIGITS < len ? path[i + 4 + SSCC_DIGITS] : '/';
        if (after == '/' && strspn(path + i + 4, "0123456789") >= SSCC_DIGITS) return path + i + 4;
    }
    return NULL;
}

static int recognise_url(const char *url, struct gl_ref *ret) {
    const char *path = url + strcspn(url, "/?#");
    size_t len = strcspn(path, "?#");
    const char *query = path + len;
    const char *sscc = digital_link(path, len);
    if (sscc) return sscc_at(sscc, ret);
    struct url_finds finds = {0};
    while (len > 0 && path[len - 1] == '/') len--;
    size_t start = len;
    while (start > 0 && path[start - 1] != '/') start--;
    url_piece(&finds, path + start, len - start);
    while (*query == '?' || *query == '&') {
        query++;
        size_t item = strcspn(query, "&#"), name = strcspn(query, "=&#");
        const char *value = name < item ? query + name + 1 : query;
        url_piece(&finds, value, (size_t)(query + item - value));
        query += item;
    }
    if (finds.several) return found(ret, "", "");
    if (!finds.ref.type[0] && finds.bad.type[0]) return bad_check(ret, finds.bad.type);
    *ret = finds.ref;
    return 0;
}

/* Length of a URL's "scheme://", or 0. */
static size_t scheme_length(const char *text) {
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
    return n > 0 && strncmp(text + n, "://", 3) == 0 ? n + 3 : 0;
}

int gl_reference_recognise(const char *text, struct gl_ref *ret) {
    while (*text == ' ' || *text == '\t') text++;
    size_t scheme = scheme_length(text);
    if (scheme) return recognise_url(text + scheme, ret);
    int rc = recognise_document(text, strlen(text), ret);
    if (rc != 0 || ret->type[0]) return rc;
    rc = recognise_container(text, ret);
    if (rc != 0 || ret->type[0]) return rc;
    return recognise_sscc(text, strlen(text), ret);
}

static bool is_type_word(const char *type) {
    size_t n = strspn(type, "abcdefghijklmnopqrstuvwxyz0123456789");
    return n >= 1 && n < GL_REF_TYPE && type[n] == '\0';
}

static bool has_control(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7F) return true;
    return false;
}

/* Known types whose value has one more step than tidying. */
static void canonical_known(struct gl_ref *ref) {
    struct gl_container_value container;
    struct gl_ref sscc;
    char uuid[GL_UUID], epc[GL_EPC];
    if (strcmp(ref->type, "uuid") == 0) {
        for (char *p = ref->value; *p; p++)
            if (*p >= 'A' && *p <= 'Z') *p = (char)(*p - 'A' + 'a');
        if (gl_uuid_canonical(ref->value, uuid) == 0) memcpy(ref->value, uuid, sizeof uuid);
    }
    if (strcmp(ref->type, "iso6346") == 0 && gl_container_parse(ref->value, &container) == 0)
        memcpy(ref->value, container.number, sizeof container.number);
    if (strcmp(ref->type, "sscc") == 0 && recognise_sscc(ref->value, strlen(ref->value), &sscc) == 0 && sscc.value[0])
        memcpy(ref->value, sscc.value, sizeof sscc.value);
    if (strcmp(ref->type, "epc") == 0 && gl_epc_canonical(ref->value, epc) == 0)
        memcpy(ref->value, epc, strlen(epc) + 1); /* never longer than it was */
}

int gl_ref_canonical(const char *type, const char *value, struct gl_ref *ret) {
    static const char *const squeezed[] = {"mrn", "gmr", "iso6346", "sscc", "tir"};
    struct gl_ref ref = {0};
    if (!is_type_word(type) || !gl_utf8_valid(value, strlen(value))) return -EINVAL;
    const char *without = " \t";
    for (size_t i = 0; i < GL_COUNT(squeezed); i++)
        if (strcmp(type, squeezed[i]) == 0) without = " \t-.";
    int rc = gl_copy(ref.type, sizeof ref.type, type);
    if (rc == 0) rc = tidy(value, strlen(value), without, ref.value, sizeof ref.value);
    if (rc < 0) return rc;
    if (ref.value[0] == '\0' || has_control(ref.value)) return -EINVAL;
    canonical_known(&ref);
    *ret = ref;
    return 0;
}

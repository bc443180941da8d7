/* What one scanned code says: text or binary, which reference it stands for, whether it is a container's number. */
#include <string.h>

#include "line.h"
#include "model/identifiers.h"

enum { GS = 0x1D };

bool gl_line_aim(const uint8_t *p, size_t len, char ret[4]) {
    if (len < 3 || p[0] != ']') return false;
    bool letter = (p[1] >= 'A' && p[1] <= 'Z') || (p[1] >= 'a' && p[1] <= 'z');
    bool modifier = (p[2] >= '0' && p[2] <= '9') || (p[2] >= 'A' && p[2] <= 'Z') || (p[2] >= 'a' && p[2] <= 'z');
    if (!letter || !modifier) return false;
    memcpy(ret, p, 3);
    ret[3] = '\0';
    return true;
}

static bool is_one_of(const char *aim, const char *const *list) {
    for (; *list; list++)
        if (strcmp(aim, *list) == 0) return true;
    return false;
}

/* Symbologies whose data is GS1 element strings, and those whose data comes in the ECI protocol. */
static const char *const gs1_aims[] = {"]C1", "]Q3", "]Q4", "]d2", "]d5", "]e0", NULL};
static const char *const eci_aims[] = {"]Q2", "]Q4", "]Q6", "]d4", "]d5", "]d6", "]z3", "]z4", "]z5", "]L1", NULL};

/* ECI protocol: a backslash is written twice, "\nnnnnn" names the character set of what follows. Undoes that into out and sets the encoding.
 * False, with nothing said about the data, when it names another set than Latin-1 (3), UTF-8 (26) and ASCII (27), or several. */
static bool undo_eci(const struct gl_line_code *code, uint8_t *out, struct gl_line_code *ret) {
    static const struct {
        char digits[7];
        bool latin1;
    } sets[] = {{"000003", true}, {"000026", false}, {"000027", false}};
    struct gl_line_code plain = *code;
    size_t n = 0;
    for (size_t i = 0; i < code->len; i++) {
        size_t left = code->len - i, set = GL_COUNT(sets);
        if (code->p[i] != '\\' || (left >= 2 && code->p[i + 1] == '\\')) {
            i += code->p[i] == '\\';
            out[n++] = code->p[i];
            continue;
        }
        for (size_t k = 0; left >= 7 && k < GL_COUNT(sets); k++)
            if (memcmp(code->p + i + 1, sets[k].digits, 6) == 0) set = k;
        if (set == GL_COUNT(sets) || n > 0) return false;
        plain.latin1 = sets[set].latin1;
        i += 6;
    }
    plain.p = out;
    plain.len = n;
    *ret = plain;
    return true;
}

enum content { CONTENT_TEXT, CONTENT_CONTROL, CONTENT_NO_TEXT, CONTENT_TOO_LONG };

/* Writes the data as UTF-8. A control character is C0 without GS, DEL, or C1. */
static enum content to_text(const struct gl_line_code *code, char text[GL_CODE_TEXT]) {
    size_t n = 0;
    bool control = false;
    if (!code->latin1 && memchr(code->p, 0, code->len) == NULL && !gl_utf8_valid(code->p, code->len)) return CONTENT_NO_TEXT;
    for (size_t i = 0; i < code->len; i++) {
        uint8_t c = code->p[i];
        bool c1 = code->latin1 ? c >= 0x80 && c <= 0x9F : c == 0xC2 && i + 1 < code->len && code->p[i + 1] <= 0x9F;
        if ((c < ' ' && c != GS) || c == 0x7F || c1) control = true;
        size_t need = code->latin1 && c >= 0x80 ? 2 : 1;
        if (n + need >= GL_CODE_TEXT) return CONTENT_TOO_LONG;
        if (need == 2) {
            text[n++] = (char)(0xC0 | c >> 6);
            c = 0x80 | (c & 0x3F);
        }
        text[n++] = (char)c;
    }
    text[n] = '\0';
    return control ? CONTENT_CONTROL : CONTENT_TEXT;
}

static void emit_container(const char *text, const struct gl_sink *sink) {
    struct gl_reading r;
    struct gl_container_value container;
    if (gl_container_parse(text, &container) < 0) return;
    gl_reading_init(&r, GL_READING_CONTAINER);
    r.value.container = container;
    sink->reading(sink->user, &r, NULL, 0);
}

/* The text is whole in r: adds what it stands for. */
static void emit_text(struct gl_reading *r, const struct gl_sink *sink) {
    struct gl_code_value *v = &r->value.code;
    struct gl_ref ref;
    bool gs1 = is_one_of(v->symbology, gs1_aims);
    if (gs1 && v->text[0] == GS) memmove(v->text, v->text + 1, strlen(v->text));
    int rc = gs1 ? gl_reference_gs1(v->text, &ref) : gl_reference_recognise(v->text, &ref);
    if (rc == 0 && ref.type[0]) v->reference = ref;
    char detail[96];
    gl_format(detail, sizeof detail, "code looks like a reference of type %s, but its check digit is wrong", ref.type);
    sink->reading(sink->user, r, NULL, 0);
    if (rc == GL_REF_BAD_CHECK) sink->refused(sink->user, "reference_check_digit", detail);
    if (!gs1) emit_container(v->text, sink);
}

static void emit_data(struct gl_reading *r, const struct gl_line_code *code, const struct gl_sink *sink) {
    struct gl_code_value *v = &r->value.code;
    char detail[96];
    if (code->len > sizeof v->data.data) {
        gl_format(detail, sizeof detail, "binary code of %zu bytes, at most %zu are kept", code->len, sizeof v->data.data);
        sink->refused(sink->user, "too_long", detail);
        return;
    }
    v->text[0] = '\0';
    memcpy(v->data.data, code->p, code->len);
    v->data.len = (uint16_t)code->len;
    sink->reading(sink->user, r, NULL, 0);
}

void gl_line_emit(const struct gl_line_code *code, const struct gl_sink *sink) {
    struct gl_reading r;
    struct gl_line_code plain;
    uint8_t bytes[GL_CODE_TEXT];
    gl_reading_init(&r, GL_READING_CODE);
    struct gl_code_value *v = &r.value.code;
    if (is_one_of(code->aim, eci_aims) && code->len < sizeof bytes && undo_eci(code, bytes, &plain)) code = &plain;
    v->signature = GL_SIGNATURE_NONE;
    memcpy(v->symbology, code->aim, sizeof v->symbology);
    if (code->len == 0) return;
    switch (to_text(code, v->text)) {
        case CONTENT_TEXT: emit_text(&r, sink); break;
        case CONTENT_NO_TEXT: emit_data(&r, code, sink); break;
        case CONTENT_TOO_LONG: sink->refused(sink->user, "too_long", "the text does not fit when written as UTF-8"); break;
        case CONTENT_CONTROL:
            if (code->binary)
                emit_data(&r, code, sink);
            else
                sink->refused(sink->user, "control_character",
                              "a text code holds control characters; for binary codes set frame: idle");
            break;
    }
}

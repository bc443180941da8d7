/* Judgements that tables cannot make, the same in every format of whole declarations. */
#include "feed/formats/shared.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "model/identifiers.h"
#include "model/plates.h"

static const char digits[] = "0123456789";

/* ---- means ------------------------------------------------------------------------------------------------------------------------------- */

enum gl_mode gl_mode_of(const char *code) {
    size_t n = strspn(code, digits);
    if (n == 0 || n > 2 || code[n]) return GL_MODE_UNKNOWN;
    if (code[0] == '3') return GL_MODE_ROAD;
    return strchr("124578", code[0]) ? GL_MODE_OTHER : GL_MODE_UNKNOWN;
}

int gl_road_means(struct gl_draft *d, uint8_t stage, uint8_t role, const char *identity, const char *country,
                  struct gl_error *err) {
    if (identity[0] == '\0' || gl_plate_looks_like_none(identity)) return 0;
    if (strpbrk(identity, digits)) return gl_draft_add_means(d, stage, role, identity, country, err);
    gl_draft_note(d, "an identity without a digit stands where a plate is expected; it is taken for a name, and left out");
    return 0;
}

/* ---- setters ----------------------------------------------------------------------------------------------------------------------------- */

typedef int set_fn(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err);

static int set_canonical(set_fn *set, struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    struct gl_container_value v;
    bool known = gl_container_parse(text, &v) == 0 && strlen(v.number) == 11;
    return set(d, t, known ? v.number : text, err);
}

int gl_set_container_number(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    return set_canonical(gl_set_text, d, t, text, err);
}

int gl_set_own_container(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    return set_canonical(gl_set_container, d, t, text, err);
}

/* Two letters of a country, then up to 15 letters and digits, one digit at least. */
int gl_set_eori(struct gl_draft *d, const struct gl_map_text *t GL_UNUSED, const char *text, struct gl_error *err GL_UNUSED) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", signs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    char *to = d->record.body.declaration.trader.eori;
    size_t n = strlen(text);
    bool ok = n >= 3 && n <= 17 && strspn(text, letters) >= 2 && strspn(text, signs) == n && strpbrk(text, digits);
    if (ok && to[0] == '\0') gl_clip(to, sizeof d->record.body.declaration.trader.eori, text);
    return 0;
}

/* ---- masses ------------------------------------------------------------------------------------------------------------------------------ */

int gl_weighed_item_end(struct gl_draft *d, uint8_t arg, struct gl_error *err) {
    if (d->item.gross == GL_INT_NULL) gl_clip(d->spare[GL_UNWEIGHED], sizeof d->spare[0], "unweighed");
    return gl_item_end(d, arg, err);
}

void gl_settle_mass(struct gl_draft *d) {
    int64_t *gross = &d->record.body.declaration.gross_kg, items = d->item_gross;
    if (d->spare[GL_UNWEIGHED][0] || items == GL_INT_NULL || *gross == items) return;
    if (*gross == GL_INT_NULL)
        *gross = items;
    else
        gl_draft_note(d,
                      "gross mass %" PRId64 ".%03" PRId64 " kg, its items together %" PRId64 ".%03" PRId64 " kg; the first counts",
                      *gross / 1000, *gross % 1000, items / 1000, items % 1000);
}

/* ---- references and times ---------------------------------------------------------------------------------------------------------------- */

int gl_own_reference(struct gl_draft *d, bool numbered, struct gl_error *err) {
    char whole[2 * GL_REF + 1];
    struct gl_ref ref;
    if (d->lrn[0] == '\0' || (numbered && d->holder[0] == '\0')) return 0;
    gl_format(whole, sizeof whole, "%s%s%s", d->holder, d->holder[0] ? "/" : "", d->lrn);
    if (gl_ref_canonical("lrn", whole, &ref) == 0) return gl_copy(d->record.body.declaration.lrn, GL_REF, ref.value);
    return gl_fail(err, -EBADMSG, "declarant and LRN, \"%.80s\", are no reference of at most %d bytes", whole, GL_REF - 1);
}

bool gl_digits_time(const char *date, const char *time, char ret[24]) {
    size_t n = strlen(date), m = strlen(time);
    if ((n != 6 && n != 8) || strspn(date, digits) != n) return false;
    if ((m != 0 && m != 4 && m != 6) || strspn(time, digits) != m) return false;
    const char *day = date + n - 4, *seconds = m == 6 ? time + 4 : "00";
    gl_format(ret, 24, "%s%.*s-%.2s-%.2sT%.2s:%.2s:%.2s", n == 6 ? "20" : "", (int)n - 4, date, day, day + 2, m ? time : "00",
              m ? time + 2 : "00", seconds);
    return true;
}

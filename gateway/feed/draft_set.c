/* Setters: text as it stands in foreign documents, into typed places. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "feed/draft_impl.h"
#include "feed/mass.h"

static const char digits[] = "0123456789";

static void *place_of(struct gl_draft *d, const struct gl_map_text *t) {
    return (char *)d + t->offset;
}

int gl_draft_twice(struct gl_error *err) {
    return gl_fail(err, -EBADMSG, "stands twice where once is right");
}

int gl_set_text(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    char *dst = place_of(d, t);
    if (dst[0]) return gl_draft_twice(err);
    return gl_copy(dst, t->size, text) < 0 ? gl_fail(err, -EBADMSG, "longer than %zu bytes", t->size - 1) : 0;
}

int gl_set_first(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    const char *dst = place_of(d, t);
    return dst[0] ? 0 : gl_set_text(d, t, text, err);
}

/* ---- times ------------------------------------------------------------------------------------------------------------------------------- */

/* With the seconds that some leave out: "2026-05-04T09:20" -> "2026-05-04T09:20:00". */
static void with_seconds(const char *text, char out[48]) {
    bool bare = strlen(text) >= 16 && text[13] == ':' && text[16] != ':';
    gl_format(out, 48, "%.16s%s%.24s", text, bare ? ":00" : "", strlen(text) > 16 ? text + 16 : "");
}

static bool same_time(const struct tm *a, const struct tm *b) {
    return a->tm_year == b->tm_year && a->tm_mon == b->tm_mon && a->tm_mday == b->tm_mday && a->tm_hour == b->tm_hour &&
           a->tm_min == b->tm_min && a->tm_sec == b->tm_sec;
}

/* The moment at which the clocks of this process's zone show what UTC clocks show at `shown`. An hour that comes twice counts as the first of
 * both; one that is passed over in spring does not exist. */
static int local_to_utc(int64_t shown, int64_t *ret) {
    bool found = false;
    time_t s = (time_t)(shown / 1000);
    for (int dst = 0; dst <= 1; dst++) {
        struct tm want, tried, got;
        if (!gmtime_r(&s, &want)) return -EINVAL;
        tried = want;
        tried.tm_isdst = dst;
        time_t at = mktime(&tried);
        if (at == (time_t)-1 || !localtime_r(&at, &got) || !same_time(&want, &got)) continue;
        int64_t ms = (int64_t)at * 1000 + shown % 1000;
        if (!found || ms < *ret) *ret = ms;
        found = true;
    }
    return found ? 0 : -EINVAL;
}

int gl_import_time(const struct gl_import_options *o, const char *text, bool local, int64_t *ret, struct gl_error *err) {
    char whole[48], utc[50];
    with_seconds(text, whole);
    gl_format(utc, sizeof utc, "%sZ", whole);
    bool zoned = gl_time_parse(whole, ret) == 0;
    if ((!zoned && gl_time_parse(utc, ret) < 0) || *ret <= 0 || strlen(text) > 40)
        return gl_fail(err, -EBADMSG, "\"%.40s\" is no time such as 2026-05-04T10:11:00", text);
    if (zoned || !local) return 0;
    if (!o->zone)
        return gl_fail(err, -EBADMSG, "\"%.40s\" is local time, and no zone is known; name it, such as Europe/London", text);
    if (local_to_utc(*ret, ret) < 0) return gl_fail(err, -EBADMSG, "\"%.40s\" does not exist in the zone %.40s", text, o->zone);
    return 0;
}

int gl_import_ordering(const struct gl_import_options *o, int64_t at, struct gl_error *err) {
    char said[GL_TIME_TEXT];
    int64_t now = o->now > 0 ? o->now : o->as_of;
    if (now <= 0 || at - GL_IMPORT_AHEAD_MS <= now) return 0;
    gl_time_format(at, said);
    return gl_fail(err, -EBADMSG, "%s is still to come; written then, it would outrank every later word", said);
}

int gl_draft_time(const struct gl_draft *d, const char *text, bool local, int64_t *ret, struct gl_error *err) {
    return gl_import_time(d->options, text, local, ret, err);
}

static int set_time(struct gl_draft *d, const struct gl_map_text *t, const char *text, bool local, struct gl_error *err) {
    int64_t *dst = place_of(d, t), v;
    if (*dst != 0) return gl_draft_twice(err);
    int rc = gl_draft_time(d, text, local, &v, err);
    if (rc == 0) *dst = v;
    return rc;
}

int gl_set_time_utc(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    return set_time(d, t, text, false, err);
}

int gl_set_time_local(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    return set_time(d, t, text, true, err);
}

int gl_set_day_end(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    char end[40];
    gl_format(end, sizeof end, "%.10sT23:59:59%s", text, strlen(text) > 10 ? text + 10 : "");
    if (*(int64_t *)place_of(d, t) != 0) return gl_draft_twice(err);
    if (strlen(text) >= 10 && strlen(text) <= 16 && set_time(d, t, end, false, NULL) == 0) return 0;
    return gl_fail(err, -EBADMSG, "\"%.40s\" is no date such as 2026-05-04", text);
}

/* ---- numbers and codes ------------------------------------------------------------------------------------------------------------------- */

int gl_set_mass(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    int64_t *dst = place_of(d, t);
    if (*dst != GL_INT_NULL) return gl_draft_twice(err);
    return gl_mass_parse(text, "kg", dst) < 0 ? gl_fail(err, -EBADMSG, "\"%.40s\" is no mass in kilograms such as 1234.5", text)
                                              : 0;
}

int gl_set_number(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    int64_t *dst = place_of(d, t);
    if (*dst != 0) return gl_draft_twice(err);
    return gl_parse_int(text, 0, INT64_C(9007199254740991), dst) < 0 ? gl_fail(err, -EBADMSG, "\"%.40s\" is no number", text) : 0;
}

int gl_set_tri(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    bool yes = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
    if (!yes && strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
        return gl_fail(err, -EBADMSG, "\"%.40s\" is neither true nor false", text);
    *(uint8_t *)place_of(d, t) = gl_tri(yes);
    return 0;
}

int gl_set_seen(struct gl_draft *d, const struct gl_map_text *t, const char *text GL_UNUSED, struct gl_error *err GL_UNUSED) {
    *(bool *)place_of(d, t) = true;
    return 0;
}

int gl_set_code(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    for (const struct gl_code *c = t->arg; c->code; c++)
        if (strcmp(c->code, text) == 0 || strcmp(c->code, "*") == 0) {
            *(uint8_t *)place_of(d, t) = c->value;
            return 0;
        }
    char known[120] = "";
    for (const struct gl_code *c = t->arg; c->code; c++) {
        size_t n = strlen(known);
        gl_format(known + n, sizeof known - n, "%s%s", n > 0 ? ", " : "", c->code);
    }
    return gl_fail(err, -EBADMSG, "\"%.40s\" is not known; %s are", text, known);
}

/* ---- countries --------------------------------------------------------------------------------------------------------------------------- */

/* The distinguishing signs of vehicles that are not the ISO code itself, and codes that customs use for a part of a country. A sign of two
 * letters that is another country's ISO code stays what ISO says. */
static const struct {
    char sign[4], iso[3];
} signs[] = {
    {"A", "AT"},   {"AFG", "AF"}, {"AND", "AD"}, {"ARK", "AQ"}, {"AUS", "AU"}, {"B", "BE"},   {"BDS", "BB"}, {"BIH", "BA"},
    {"BOL", "BO"}, {"BRU", "BN"}, {"BUR", "MM"}, {"BVI", "VG"}, {"C", "CU"},   {"CAM", "CM"}, {"CDN", "CA"}, {"CGO", "CD"},
    {"CHN", "CN"}, {"D", "DE"},   {"DOM", "DO"}, {"DY", "BJ"},  {"E", "ES"},   {"EAK", "KE"}, {"EAT", "TZ"}, {"EAU", "UG"},
    {"EL", "GR"},  {"EST", "EE"}, {"ETH", "ET"}, {"F", "FR"},   {"FIN", "FI"}, {"FJI", "FJ"}, {"FL", "LI"},  {"G", "GA"},
    {"GBA", "GG"}, {"GBG", "GG"}, {"GBJ", "JE"}, {"GBM", "IM"}, {"GBZ", "GI"}, {"GCA", "GT"}, {"GUY", "GY"}, {"H", "HU"},
    {"HKJ", "JO"}, {"I", "IT"},   {"IND", "IN"}, {"IRL", "IE"}, {"IRQ", "IQ"}, {"J", "JP"},   {"JA", "JM"},  {"K", "KH"},
    {"KS", "KG"},  {"KSA", "SA"}, {"KWT", "KW"}, {"L", "LU"},   {"LAO", "LA"}, {"LAR", "LY"}, {"M", "MT"},   {"MAL", "MY"},
    {"MEX", "MX"}, {"MGL", "MN"}, {"MNE", "ME"}, {"MOC", "MZ"}, {"N", "NO"},   {"NAM", "NA"}, {"NGR", "NG"}, {"NIC", "NI"},
    {"NMK", "MK"}, {"P", "PT"},   {"Q", "QA"},   {"RA", "AR"},  {"RCH", "CL"}, {"RH", "HT"},  {"RI", "ID"},  {"RIM", "MR"},
    {"RKS", "XK"}, {"RL", "LB"},  {"RM", "MG"},  {"RMM", "ML"}, {"ROK", "KR"}, {"ROU", "UY"}, {"RP", "PH"},  {"RSM", "SM"},
    {"RUS", "RU"}, {"RWA", "RW"}, {"S", "SE"},   {"SCV", "VA"}, {"SCN", "KN"}, {"SGP", "SG"}, {"SLO", "SI"}, {"SME", "SR"},
    {"SRB", "RS"}, {"SUD", "SD"}, {"SYR", "SY"}, {"T", "TH"},   {"TCH", "TD"}, {"UAE", "AE"}, {"UK", "GB"},  {"USA", "US"},
    {"V", "VA"},   {"WAG", "GM"}, {"WAL", "SL"}, {"XI", "GB"},  {"YAR", "YE"}, {"YV", "VE"},  {"Z", "ZM"},
};

void gl_country_of(const char *text, char ret[GL_COUNTRY]) {
    char sign[4];
    ret[0] = '\0';
    if (gl_copy(sign, sizeof sign, text) < 0) return;
    for (char *c = sign; *c; c++)
        if (*c >= 'a' && *c <= 'z') *c = (char)(*c - 'a' + 'A');
    if (strspn(sign, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != strlen(sign)) return;
    for (size_t i = 0; i < GL_COUNT(signs); i++)
        if (strcmp(signs[i].sign, sign) == 0) return gl_clip(ret, GL_COUNTRY, signs[i].iso);
    if (strlen(sign) == 2) gl_clip(ret, GL_COUNTRY, sign);
}

int gl_set_country(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    char *dst = place_of(d, t);
    if (dst[0]) return gl_draft_twice(err);
    gl_country_of(text, dst);
    return dst[0] ? 0
                  : gl_fail(err, -EBADMSG, "\"%.40s\" is no country: neither two letters of ISO 3166 nor a sign on vehicles", text);
}

/* ---- those that add ---------------------------------------------------------------------------------------------------------------------- */

/* "1002" or "UN 1002"; anything else is kept as "?", for dangerous it is. */
int gl_set_un(struct gl_draft *d, const struct gl_map_text *t GL_UNUSED, const char *text, struct gl_error *err) {
    if (d->item.n_un == GL_DRAFT_UN) return gl_fail(err, -E2BIG, "more than %d UN numbers in one item", GL_DRAFT_UN);
    const char *number = strncmp(text, "UN", 2) == 0 ? text + 2 + strspn(text + 2, " ") : text;
    bool ok = strlen(number) == 4 && strspn(number, digits) == 4;
    gl_clip(d->item.un[d->item.n_un++], sizeof d->item.un[0], ok ? number : "?");
    return 0;
}

int gl_set_vehicle(struct gl_draft *d, const struct gl_map_text *t GL_UNUSED, const char *text, struct gl_error *err) {
    return gl_draft_add_means(d, GL_STAGE_DEPARTURE, GL_ROLE_VEHICLE, text, "", err);
}

int gl_set_trailer(struct gl_draft *d, const struct gl_map_text *t GL_UNUSED, const char *text, struct gl_error *err) {
    return gl_draft_add_means(d, GL_STAGE_DEPARTURE, GL_ROLE_TRAILER, text, "", err);
}

int gl_set_reference(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    return gl_draft_add_reference(d, t->arg, text, err);
}

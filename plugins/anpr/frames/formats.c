/* National formats, and what they say of a text.
 *
 * A text is judged by its density: a format has so many texts, and its share is spread over them; the same share of random texts of that length
 * is spread over 36^n. The quotient tells how much the formats speak for it, whatever its length. */
#include "frames/formats.h"

#include <math.h>
#include <string.h>

/* Shares are rough: how many vehicles carry it, seen from a road that has some of everything. */
static const struct format {
    char country[3];
    float share;
    const char *pattern;
} formats[] = {
    {"DE", 8.0F, "AaaAa9000"},
    {"DE", 0.5F, "AaaAa900[EH]"},
    {"FR", 8.0F, "AA999AA"},
    {"FR", 1.0F, "9990AAa99"},
    {"IT", 7.0F, "AA999AA"},
    {"ES", 6.0F, "9999[BCDFGHJKLMNPRSTVWXYZ][BCDFGHJKLMNPRSTVWXYZ][BCDFGHJKLMNPRSTVWXYZ]"},
    {"ES", 0.5F, "Aa9999Aa"},
    {"PT", 1.0F, "99AA99"},
    {"PT", 1.0F, "AA99AA"},
    {"PT", 1.0F, "9999AA"},
    {"NL", 1.0F, "99AAAA"},
    {"NL", 1.0F, "99AAA9"},
    {"NL", 1.0F, "9AAA99"},
    {"NL", 1.0F, "AA999A"},
    {"NL", 1.0F, "A999AA"},
    {"NL", 0.6F, "AAA99A"},
    {"NL", 0.5F, "99AA99"},
    {"BE", 2.0F, "9AAA999"},
    {"BE", 0.3F, "AAA999"},
    {"LU", 0.3F, "AA9999"},
    {"GB", 8.0F, "AA99AAA"},
    {"GB", 0.6F, "A9900AAA"},
    {"GB", 0.3F, "AAA9900A"},
    {"GB", 0.2F, "AAa9990"},
    {"IE", 1.5F, "999A90000"},
    {"AT", 2.0F, "Aa99000Aa"},
    {"AT", 2.0F, "Aa9000AAa"},
    {"CH", 2.0F, "[ABFGJLNOSTUVZ][GERILNWSZBHUVDOFTAJ]999000"},
    {"LI", 0.1F, "FL99000"},
    {"PL", 3.0F, "AAa99999"},
    {"PL", 3.0F, "AAa9999A"},
    {"PL", 2.0F, "AAa999AA"},
    {"PL", 1.0F, "AAa9A999"},
    {"PL", 1.0F, "AAa99A99"},
    {"PL", 0.5F, "AAa99A9A"},
    {"CZ", 2.0F, "9A99999"},
    {"CZ", 1.0F, "9AA9999"},
    {"SK", 1.2F, "AA999AA"},
    {"HU", 1.0F, "AAA999"},
    {"HU", 0.8F, "AAAA999"},
    {"RO", 3.0F, "AA99AAA"},
    {"RO", 2.0F, "B99AAA"},
    {"RO", 1.0F, "B999AAA"},
    {"RO", 0.4F, "Aa990000"},
    {"BG", 1.5F, "[ABEKMHOPCTYX]a9999[ABEKMHOPCTYX][ABEKMHOPCTYX]"},
    {"GR", 1.5F, "[ABEZHIKMNOPTYX][ABEZHIKMNOPTYX][ABEZHIKMNOPTYX]9999"},
    {"CY", 0.2F, "AAA999"},
    {"MT", 0.2F, "AAA999"},
    {"HR", 1.0F, "AA999AA"},
    {"HR", 1.0F, "AA9999AA"},
    {"SI", 0.8F, "AA99AAA"},
    {"SI", 0.4F, "AAAA999"},
    {"SI", 0.4F, "AAA9999"},
    {"EE", 0.6F, "999AAA"},
    {"LV", 0.6F, "AA9999"},
    {"LV", 0.1F, "AA990"},
    {"LT", 1.0F, "AAA999"},
    {"LT", 0.1F, "AA999"},
    {"SE", 1.5F, "AAA999"},
    {"SE", 1.0F, "AAA99A"},
    {"DK", 1.2F, "AA99999"},
    {"FI", 1.2F, "AAA999"},
    {"FI", 0.1F, "AAA90"},
    {"NO", 1.2F, "AA99999"},
    {"IS", 0.2F, "AAA99"},
    {"IS", 0.2F, "AA999"},
    {"UA", 4.0F, "[ABCEHIKMOPTX][ABCEHIKMOPTX]9999[ABCEHIKMOPTX][ABCEHIKMOPTX]"},
    {"RU", 4.0F, "[ABEKMHOPCTYX]999[ABEKMHOPCTYX][ABEKMHOPCTYX]990"},
    {"RU", 0.6F, "[ABEKMHOPCTYX][ABEKMHOPCTYX]9999990"},
    {"BY", 1.0F, "9999[ABEIKMHOPCTX][ABEIKMHOPCTX][1234567]"},
    {"BY", 0.5F, "[ABEIKMHOPCTX][ABEIKMHOPCTX]9999[1234567]"},
    {"BY", 0.4F, "A9999A[1234567]"},
    {"KZ", 1.0F, "999AAa99"},
    {"MD", 0.8F, "AAA999"},
    {"MD", 0.2F, "AaAA999"},
    {"TR", 4.0F, "99A9999"},
    {"TR", 4.0F, "99A99990"},
    {"TR", 4.0F, "99AA999"},
    {"TR", 4.0F, "99AA9999"},
    {"TR", 3.0F, "99AAA99"},
    {"TR", 3.0F, "99AAA999"},
    {"RS", 1.5F, "AA999AA"},
    {"RS", 1.0F, "AA9999AA"},
    {"BA", 1.0F, "A99A999"},
    {"BA", 0.3F, "A99AA999"},
    {"ME", 0.3F, "AAAA999"},
    {"MK", 0.6F, "AA9999AA"},
    {"AL", 0.5F, "AA999AA"},
    {"XK", 0.3F, "999999AA"},
    {"GE", 0.5F, "AA999AA"},
    {"AM", 0.3F, "99AA999"},
    {"AZ", 0.4F, "99AA999"},
    {"UZ", 0.6F, "99A999AA"},
    {"UZ", 0.3F, "99999AAA"},
    {"IL", 0.5F, "99999990"},
    {"US", 3.0F, "AAA9999"},
    {"US", 3.0F, "9AAA999"},
    {"US", 2.0F, "AAA999"},
    {"US", 1.5F, "999AAA"},
    {"US", 1.0F, "AAA99A"},
    {"US", 1.0F, "AAA99AA"},
    {"US", 0.8F, "AA99999"},
    {"US", 0.8F, "999AA9"},
    {"US", 0.6F, "999A999"},
    {"US", 0.6F, "AA9999"},
    {"US", 0.6F, "999999"},
    {"US", 0.4F, "9999999"},
    {"US", 0.4F, "A99AAA"},
    {"US", 0.4F, "9AA9999"},
    {"US", 0.4F, "99999A"},
    {"US", 0.4F, "A999999"},
    {"US", 0.4F, "AAA9A9"},
    {"US", 0.4F, "9A99999"},
    {"US", 0.3F, "9999AA"},
    {"US", 0.3F, "99A999"},
    {"US", 0.3F, "AAAA99"},
    {"US", 0.3F, "9AAAA9"},
    {"CA", 1.5F, "AAAA999"},
    {"CA", 1.0F, "A99AAA"},
    {"CA", 0.6F, "AAA9999"},
    {"CA", 0.6F, "AA999A"},
    {"CA", 0.5F, "999AAA"},
    {"CA", 0.4F, "AAA999"},
    {"BR", 8.0F, "AAA9999"},
    {"BR", 8.0F, "AAA9A99"},
    {"AR", 2.0F, "AA999AA"},
    {"AR", 2.0F, "AAA999"},
    {"UY", 0.5F, "AAA9999"},
    {"PY", 0.3F, "AAAA999"},
    {"PY", 0.3F, "AAA999"},
    {"CL", 1.0F, "[BCDFGHJKLPRSTVWXYZ][BCDFGHJKLPRSTVWXYZ][BCDFGHJKLPRSTVWXYZ][BCDFGHJKLPRSTVWXYZ]99"},
    {"CL", 0.3F, "AA9999"},
    {"CO", 1.0F, "AAA999"},
    {"PE", 0.5F, "A9A999"},
    {"PE", 0.5F, "AAA999"},
    {"EC", 0.5F, "AAA9990"},
    {"MX", 1.0F, "AAA9999"},
    {"MX", 1.0F, "AAA999A"},
    {"MX", 1.0F, "AA9999A"},
    {"MX", 0.5F, "A99AAA"},
    {"CN", 2.0F, "A99999"},
    {"CN", 2.0F, "A9999A"},
    {"CN", 1.0F, "A999AA"},
    {"CN", 1.0F, "AA9999"},
    {"CN", 1.0F, "AA999A"},
    {"CN", 1.0F, "A9A999"},
    {"CN", 1.0F, "A99A99"},
    {"CN", 0.5F, "A9AA99"},
    {"CN", 1.0F, "[ABCDEFGHJKLMNPQRSTUVWXY][DF]99999"},
};

static const double total = 200; /* of all shares, roughly */
static const double any = 0.3;   /* the share of plates that follow no format here */
static const double hint = 30;   /* what an expected country's share is multiplied by */

/* ---- one element of a pattern ---- */
struct element {
    char kind; /* 'A', '9', '[' or a character for itself */
    bool optional;
    const char *set; /* of '[': its first character */
    const char *next;
};

static struct element element(const char *p) {
    struct element e = {*p, *p == 'a' || *p == '0', NULL, p + 1};
    if (*p == 'a') e.kind = 'A';
    if (*p == '0') e.kind = '9';
    if (*p == '[') {
        e.set = p + 1;
        e.next = strchr(p, ']') + 1;
    }
    return e;
}

static bool is_letter(char c) {
    return c >= 'A' && c <= 'Z';
}
static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool one(const struct element *e, char c) {
    if (e->kind == '9') return is_digit(c);
    if (e->kind == '[') return c && memchr(e->set, c, (size_t)(e->next - 1 - e->set));
    return e->kind == 'A' ? is_letter(c) : c && c == e->kind;
}

static bool fits(const char *pattern, const char *text, int depth) {
    if (!*pattern || depth > 32) return !*pattern && !*text;
    struct element e = element(pattern);
    if (one(&e, *text) && fits(e.next, text + 1, depth + 1)) return true;
    return e.optional && fits(e.next, text, depth + 1);
}

bool gl_formats_fit(const char *pattern, const char *text) {
    return fits(pattern, text, 0);
}

/* Log of how many texts of n characters a pattern has: optional places count as taken while there are characters for them. */
static double log_size(const char *pattern, size_t n) {
    double sum = 0;
    size_t least = 0;
    for (const char *p = pattern; *p;) {
        struct element e = element(p);
        least += !e.optional;
        p = e.next;
    }
    size_t spare = n > least ? n - least : 0;
    for (const char *p = pattern; *p;) {
        struct element e = element(p);
        p = e.next;
        if (e.optional && spare == 0) continue;
        spare -= e.optional;
        sum += log(e.kind == '9' ? 10 : e.kind == '[' ? (double)(e.next - 1 - e.set) : e.kind == 'A' ? 26 : 1);
    }
    return sum;
}

static bool is_expected(const char *country, const char (*expected)[3], size_t n) {
    for (size_t i = 0; expected && i < n && expected[i][0]; i++)
        if (strcmp(country, expected[i]) == 0) return true;
    return false;
}

double gl_formats_prior(const char *text, const char (*expected)[3], size_t n_expected, char ret_country[3]) {
    double by_country[GL_COUNT(formats)] = {0}, sum = any, fitting = 0;
    size_t length = strlen(text), best = 0, country = 0;
    if (ret_country) ret_country[0] = '\0';
    for (size_t i = 0; i < GL_COUNT(formats); i++) {
        if (i > 0 && strcmp(formats[i].country, formats[i - 1].country) != 0) country = i;
        if (!gl_formats_fit(formats[i].pattern, text)) continue;
        double share = formats[i].share / total * (is_expected(formats[i].country, expected, n_expected) ? hint : 1);
        double likelier = share * exp(log(36) * (double)length - log_size(formats[i].pattern, length));
        sum += likelier;
        fitting += likelier;
        by_country[country] += likelier;
        if (by_country[country] > by_country[best]) best = country;
    }
    if (ret_country && by_country[best] > 0.5 * fitting && fitting > 0) memcpy(ret_country, formats[best].country, 3);
    return fmin(log(sum), 6);
}

bool gl_formats_known(const char *country) {
    for (size_t i = 0; i < GL_COUNT(formats); i++)
        if (strcmp(formats[i].country, country) == 0) return true;
    return false;
}

size_t gl_formats_countries(void) {
    size_t n = 0;
    for (size_t i = 0; i < GL_COUNT(formats); i++) n += i == 0 || strcmp(formats[i].country, formats[i - 1].country) != 0;
    return n;
}

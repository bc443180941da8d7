/* Decimal text times a unit, in integers throughout. */
#include "feed/mass.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum { DECIMALS = 6 };

/* The pound is the international one, 453.59237 g. */
static const struct unit {
    const char *name;
    int64_t grams, per; /* grams of `per` units */
} units[] = {
    {"kg", 1000, 1},
    {"k", 1000, 1},
    {"kgm", 1000, 1},
    {"kgs", 1000, 1},
    {"t", 1000000, 1},
    {"tne", 1000000, 1},
    {"g", 1, 1},
    {"grm", 1, 1},
    {"lb", 45359237, 100000},
    {"l", 45359237, 100000},
    {"lbs", 45359237, 100000},
    {"lbr", 45359237, 100000},
};

static const struct unit *find(const char *name) {
    for (size_t i = 0; i < GL_COUNT(units); i++)
        if (strcasecmp(units[i].name, name) == 0) return &units[i];
    return NULL;
}

int gl_mass_parse(const char *text, const char *unit, int64_t *ret_grams) {
    static const char digits[] = "0123456789";
    const struct unit *u = find(unit);
    size_t whole = strspn(text, digits), point = text[whole] == '.' ? 1 : 0;
    size_t part = point ? strspn(text + whole + 1, digits) : 0;
    int64_t units_n = 0, millionths = 0;
    if (!u) return -ENOTSUP;
    if (whole == 0 || whole > 9 || (point && part == 0) || part > 16 || text[whole + point + part] != '\0') return -EINVAL;
    for (size_t i = 0; i < whole; i++) units_n = units_n * 10 + (text[i] - '0');
    for (size_t i = 0; i < DECIMALS; i++) millionths = millionths * 10 + (i < part ? text[whole + 1 + i] - '0' : 0);
    /* whole units first, so that nothing overflows: 10^9 x 45359237 < 2^63 */
    int64_t scaled = units_n * u->grams, rest = millionths * u->grams;
    int64_t grams = scaled / u->per, left = scaled % u->per;
    *ret_grams = grams + (left * 1000000 + rest + u->per * 500000) / (u->per * 1000000);
    return 0;
}

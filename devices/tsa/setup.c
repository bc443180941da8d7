#include "setup.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum { SIGMA_MIN = 1, SIGMA_MAX = 100, SECONDS = 3 };

/* Each name stands at its mask, less one. */
const char *const gl_tsa_group_choices[] = {"sum",
                                            "horizontal",
                                            "sum-horizontal",
                                            "vertical",
                                            "sum-vertical",
                                            "horizontal-vertical",
                                            "sum-horizontal-vertical",
                                            "single",
                                            "sum-single",
                                            "horizontal-single",
                                            "sum-horizontal-single",
                                            "vertical-single",
                                            "sum-vertical-single",
                                            "horizontal-vertical-single",
                                            "all",
                                            NULL};

int gl_tsa_setup_open(struct gl_tsa_setup *s, const char *sigma, const char *groups, struct gl_error *err) {
    memset(s, 0, sizeof *s);
    s->hold_in = GL_TSA_HOLD_IN;
    s->wanted_sigma = NAN;
    s->neutron = (struct gl_tsa_neutron_rule){NAN, NAN, NAN, NAN, SECONDS};
    if (sigma &&
        (!gl_tsa_decimal(sigma, strlen(sigma), &s->wanted_sigma) || s->wanted_sigma < SIGMA_MIN || s->wanted_sigma > SIGMA_MAX))
        return gl_fail(err, -EINVAL, "sigma: \"%.40s\" must be a decimal number from %d to %d, as SG1 of the portal says it: 5.0",
                       sigma, SIGMA_MIN, SIGMA_MAX);
    for (unsigned i = 0; groups && gl_tsa_group_choices[i]; i++)
        if (strcmp(groups, gl_tsa_group_choices[i]) == 0) s->wanted_groups = i + 1;
    if (groups && !s->wanted_groups)
        return gl_fail(err, -EINVAL, "groups: \"%.40s\" is none of sum, sum-vertical, ..., all", groups);
    s->gamma = (struct gl_tsa_gamma_rule){s->wanted_sigma, s->wanted_groups, GL_TSA_INTERVALS};
    return 0;
}

/* ---- single fields ---- */

static bool number_at(const struct gl_tsa_line *l, size_t i, double min, double max, double *ret) {
    return i < l->n && gl_tsa_decimal(l->field[i].p, l->field[i].len, ret) && *ret >= min && *ret <= max;
}

static bool whole_at(const struct gl_tsa_line *l, size_t i, int64_t min, int64_t max, int64_t *ret) {
    double v;
    if (!number_at(l, i, (double)min, (double)max, &v) || v != floor(v)) return false;
    *ret = (int64_t)v;
    return true;
}

/* Four signs, 0 or 1, in the order of the enum. */
static bool flags_at(const struct gl_tsa_line *l, size_t i, unsigned *ret) {
    unsigned flags = 0;
    if (i >= l->n || l->field[i].len != 4) return false;
    for (unsigned k = 0; k < 4; k++) {
        char c = l->field[i].p[k];
        if (c != '0' && c != '1') return false;
        flags |= (unsigned)(c == '1') << k;
    }
    *ret = flags;
    return true;
}

/* ---- lines ---- */

static bool read_sg1(struct gl_tsa_setup *s, const struct gl_tsa_line *l) {
    int64_t intervals, hold_in;
    double sigma;
    s->gamma.sigma = NAN;
    if (!whole_at(l, 2, 1, GL_TSA_INTERVALS_MAX, &intervals) || !whole_at(l, 3, 0, 500, &hold_in) ||
        !number_at(l, 4, SIGMA_MIN, SIGMA_MAX, &sigma))
        return false;
    s->gamma.intervals = (size_t)intervals;
    s->gamma.sigma = sigma;
    s->hold_in = hold_in;
    return true;
}

static bool read_sg2(struct gl_tsa_setup *s, const struct gl_tsa_line *l) {
    s->gamma.groups = 0;
    return flags_at(l, 4, &s->gamma.groups);
}

static bool read_sn1(struct gl_tsa_setup *s, const struct gl_tsa_line *l) {
    return whole_at(l, 1, 1, 99, &s->neutron.seconds);
}

static const struct {
    enum gl_tsa_tag tag;
    const char *name;
    bool (*read)(struct gl_tsa_setup *s, const struct gl_tsa_line *l); /* NULL: only remembered */
    const char *needs;
} rows[GL_TSA_SETUP_LINES] = {
    {GL_TSA_SG1, "SG1", read_sg1, "intervals 1 to 25, hold-in 0 to 500 and N sigma 1 to 100 as its fields 3, 4 and 5"},
    {GL_TSA_SG2, "SG2", read_sg2, "four flags, 0 or 1, as its field 5"},
    {GL_TSA_SG3, "SG3", NULL, NULL},
    {GL_TSA_SN1, "SN1", read_sn1, "most seconds of the test, 1 to 99, as its field 2"},
    {GL_TSA_SN2, "SN2", NULL, NULL},
};

/* The fields as they came, without the stamp. */
static void text_of(const struct gl_tsa_line *l, char out[GL_TSA_LINE + 1]) {
    out[0] = '\0';
    if (l->n == 0) return;
    const struct gl_tsa_field *last = &l->field[l->n - 1];
    gl_format(out, GL_TSA_LINE + 1, "%.*s", (int)(last->p + last->len - l->field[0].p), l->field[0].p);
}

static void compare_with_wanted(const struct gl_tsa_setup *s, enum gl_tsa_tag tag, const struct gl_sink *sink) {
    char detail[160];
    if (tag == GL_TSA_SG1 && !isnan(s->wanted_sigma) && s->gamma.sigma != s->wanted_sigma) {
        gl_format(detail, sizeof detail, "the portal is set to N sigma %.2f, sigma: %.2f is configured", s->gamma.sigma,
                  s->wanted_sigma);
        sink->note(sink->user, "setup_differs", detail);
    }
    if (tag == GL_TSA_SG2 && s->wanted_groups && s->gamma.groups != s->wanted_groups) {
        gl_format(detail, sizeof detail, "the portal is set to groups %s, groups: %s is configured",
                  s->gamma.groups ? gl_tsa_group_choices[s->gamma.groups - 1] : "none", gl_tsa_group_choices[s->wanted_groups - 1]);
        sink->note(sink->user, "setup_differs", detail);
    }
}

void gl_tsa_setup_line(struct gl_tsa_setup *s, const struct gl_tsa_line *l, const struct gl_sink *sink) {
    char now[GL_TSA_LINE + 1], detail[300];
    size_t i = 0;
    while (i < GL_TSA_SETUP_LINES && rows[i].tag != l->tag) i++;
    if (i == GL_TSA_SETUP_LINES) return;
    text_of(l, now);
    bool first = s->said[i][0] == '\0';
    if (!first && strcmp(s->said[i], now) == 0) return;
    if (!first) {
        gl_format(detail, sizeof detail, "%s was %.120s and is now %.120s", rows[i].name, s->said[i], now);
        sink->note(sink->user, "setup_changed", detail);
    }
    gl_clip(s->said[i], sizeof s->said[i], now);
    if (rows[i].read && !rows[i].read(s, l)) {
        gl_format(detail, sizeof detail, "%s,%.120s: it must have %s", rows[i].name, now, rows[i].needs);
        sink->refused(sink->user, "line_malformed", detail);
        return;
    }
    compare_with_wanted(s, l->tag, sink);
}

void gl_tsa_setup_test(struct gl_tsa_setup *s, const struct gl_tsa_line *l) {
    bool bounds = l->tag == GL_TSA_NX;
    *(bounds ? &s->neutron.upper : &s->neutron.drift) = l->number[0];
    *(bounds ? &s->neutron.lower : &s->neutron.gain) = l->number[1];
}

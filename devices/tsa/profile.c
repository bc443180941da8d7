#include "profile.h"

#include <inttypes.h>
#include <math.h>

void gl_tsa_profile_begin(struct gl_tsa_profile *p) {
    p->n_gamma = p->n_neutron = p->n_raw = 0;
}

bool gl_tsa_profile_add(struct gl_tsa_profile *p, bool neutron, bool alarm, int64_t t_ms, const int64_t counts[GL_TSA_DETECTORS],
                        double sigma) {
    size_t *n = neutron ? &p->n_neutron : &p->n_gamma;
    if (*n == (neutron ? GL_TSA_NEUTRON_MAX : GL_TSA_GAMMA_MAX)) return false;
    struct gl_tsa_row *row = &p->row[p->n_gamma + p->n_neutron];
    *row = (struct gl_tsa_row){.t_ms = (int32_t)t_ms, .sigma = (float)sigma, .neutron = neutron, .alarm = alarm};
    for (size_t i = 0; i < GL_TSA_DETECTORS; i++) row->counts[i] = (uint32_t)counts[i];
    ++*n;
    return true;
}

void gl_tsa_profile_raw(struct gl_tsa_profile *p, const char *text) {
    if (p->n_raw < GL_TSA_RAW_MAX) gl_clip(p->raw[p->n_raw++], sizeof p->raw[0], text);
}

static void write_row(const struct gl_tsa_row *row, struct gl_buf *out) {
    uint64_t sum = 0;
    gl_buf_printf(out, "%.1f,%s", row->t_ms / 1000.0, row->neutron ? "neutron" : "gamma");
    for (size_t i = 0; i < GL_TSA_DETECTORS; i++) {
        gl_buf_printf(out, ",%" PRIu32, row->counts[i]);
        sum += row->counts[i];
    }
    gl_buf_printf(out, ",%" PRIu64 ",", sum);
    if (!isnan(row->sigma)) gl_buf_printf(out, "%.2f", row->sigma);
    gl_buf_printf(out, ",%s\n", row->alarm ? "alarm" : "normal");
}

static void write_raw(const char *text, struct gl_buf *out) {
    gl_buf_text(out, ",raw,,,,,,,\"");
    for (; *text; text++) {
        if (*text == '"') gl_buf_char(out, '"');
        gl_buf_char(out, *text);
    }
    gl_buf_text(out, "\"\n");
}

void gl_tsa_profile_write(const struct gl_tsa_profile *p, struct gl_buf *out) {
    gl_buf_text(out, "t_s,kind,d1,d2,d3,d4,sum,sigma,state\n");
    for (size_t i = 0; i < p->n_gamma + p->n_neutron; i++) write_row(&p->row[i], out);
    for (size_t i = 0; i < p->n_raw; i++) write_raw(p->raw[i], out);
}

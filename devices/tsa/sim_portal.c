/* The controller's clock ticks five times a second; all else hangs on that. */
#include "sim_portal.h"

#include <math.h>
#include <string.h>

enum {
    BACKGROUND_MS = 5000,
    NB_TO_GB_MS = 90,
    HOLD_IN = 10, /* samples */
    TICKS_PER_S = 5,
    BURST = 5, /* samples from before the beam was broken, said at once */
    BURST_WINDOWS = 15,
    GAMMA_HIGH = 2000, /* faults, counts per second of one detector */
    GAMMA_LOW = 68,
    NEUTRON_HIGH = 50,
    LATEST_MS = 10000 /* who slept longer does not make up for it */
};
static const double kmh_garbage = 160.93, mph_garbage = 99.999;
static const double energy_share[4] = {0.26, 0.37, 0.19, 0.18}; /* of a background's counts, in the newer firmware's windows */

/* ---- saying -------------------------------------------------------------------------------------------------------------------------- */
void sim_portal_say(struct sim_portal *p, const char *line) {
    gl_buf_text(&p->lines, line);
    gl_buf_text(&p->lines, "\r\n");
}

static void say_counts(struct sim_portal *p, const char *tag, const unsigned n[4]) {
    gl_buf_printf(&p->lines, "%s,%06u,%06u,%06u,%06u\r\n", tag, n[0], n[1], n[2], n[3]);
}

static void say_truncated(struct sim_portal *p, const char *tag, const double cps[4]) {
    unsigned n[4];
    for (int i = 0; i < 4; i++) n[i] = (unsigned)cps[i];
    say_counts(p, tag, n);
}

static void say_speed(struct sim_portal *p, double kmh) {
    double s_per_foot = 0.3048 * 3.6 / kmh;
    gl_buf_printf(&p->lines, "SP,%.4f,%06.3f,%06.2f,000000\r\n", s_per_foot, kmh / 1.609344, kmh);
}

/* Both beams cleared together. */
static void say_garbage_speed(struct sim_portal *p) {
    gl_buf_printf(&p->lines, "SP,%.4f,%06.3f,%06.2f,000000\r\n", sim_between(&p->random, 0.0001, 0.0068), mph_garbage, kmh_garbage);
}

void sim_portal_say_setup(struct sim_portal *p) {
    const struct sim_setup *s = &p->setup;
    gl_buf_printf(&p->lines, "SG1,%06d,%06d,%02d,%02d,%04.1f,P\r\n", GAMMA_HIGH, GAMMA_LOW, SIM_INTERVALS, HOLD_IN, s->sigma);
    gl_buf_printf(&p->lines, "SG2,1111,0.069,0.455,01,%s,A\r\n", s->flags);
    gl_buf_printf(&p->lines, "SG3,0.069,0.455,020,000,%s\r\n", s->newer ? "2.10.1" : "1.10.1");
    gl_buf_printf(&p->lines, "SN1,%06d,03,0047,1200,01,120\r\n", NEUTRON_HIGH);
    sim_portal_say(p, "SN2,0.504,5.040,0.504,5.040,PP");
}

/* ---- backgrounds --------------------------------------------------------------------------------------------------------------------- */
static double neutrons_now(const struct sim_portal *p) {
    double all = 0;
    for (int i = 0; i < SIM_DETECTORS; i++) all += p->neutron_background[i];
    return all;
}

static void average_gamma(struct sim_portal *p) {
    for (int d = 0; d < SIM_DETECTORS; d++) {
        double all = 0;
        for (int i = 0; i < SIM_GAMMA_AVERAGE; i++) all += p->average[i].gamma[d];
        p->gamma_background[d] = all * 1000 / (SIM_GAMMA_AVERAGE * SIM_TICK_MS);
    }
}

static void average_neutrons(struct sim_portal *p) {
    for (int d = 0; d < SIM_DETECTORS; d++) {
        double all = 0;
        for (int i = 0; i < SIM_NEUTRON_AVERAGE; i++) all += p->neutron_average[i][d];
        p->neutron_background[d] = all / SIM_NEUTRON_AVERAGE;
    }
}

static void say_test(struct sim_portal *p) {
    struct sim_neutron t;
    sim_neutron_begin(&t, neutrons_now(p));
    gl_buf_printf(&p->lines, "NC,%.8f,%.8f\r\n", -t.drift, t.slope);
    gl_buf_printf(&p->lines, "NX,%.8f,%.8f\r\n", sim_neutron_upper, sim_neutron_lower);
}

static void say_neutron_background(struct sim_portal *p) {
    const double *n = p->neutron_background;
    bool high = false;
    average_neutrons(p);
    for (int i = 0; i < SIM_DETECTORS; i++) high |= n[i] > NEUTRON_HIGH;
    if (p->setup.newer) say_test(p);
    say_truncated(p, high ? "NH" : "NB", n);
    if (p->setup.newer) gl_buf_printf(&p->lines, "NB1,%.8f,%.8f,%.8f,%.8f\r\n", n[0], n[1], n[2], n[3]);
    p->gb_at = p->nb_at + NB_TO_GB_MS;
    p->nb_at += BACKGROUND_MS;
}

static void say_windows_background(struct sim_portal *p) {
    double w[4] = {0}, all = 1;
    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < SIM_GAMMA_AVERAGE; i++) w[k] += p->average[i].windows[k] * 1000.0 / (SIM_GAMMA_AVERAGE * SIM_TICK_MS);
        all += w[k];
    }
    sim_portal_say(p, "RW,000000,000000,000000,000000");
    gl_buf_printf(&p->lines, "AC,%.8f,%.8f\r\n", w[1] / (w[0] + 1), (w[0] + w[1]) / (w[2] + w[3] + 1));
    gl_buf_printf(&p->lines, "AB1,%.8f,%.8f,%.8f,%.8f\r\n", w[0], w[1], w[2], w[3]);
    gl_buf_printf(&p->lines, "AR,%.4f,%.4f,%.4f,%.4f\r\n", w[0] / all, w[1] / all, w[2] / all, w[3] / all);
}

static void say_gamma_background(struct sim_portal *p) {
    bool high = false, low = false;
    average_gamma(p);
    for (int i = 0; i < SIM_DETECTORS; i++) {
        high |= p->gamma_background[i] > GAMMA_HIGH;
        low |= p->gamma_background[i] < GAMMA_LOW;
    }
    say_truncated(p, high ? "GH" : low ? "GL" : "GB", p->gamma_background);
    if (p->setup.newer) say_windows_background(p);
    p->gb_at = 0;
}

/* ---- counting ------------------------------------------------------------------------------------------------------------------------ */
static struct sim_sample draw(struct sim_portal *p, const struct sim_vehicle *v, const struct sim_place *where) {
    struct sim_sample s = {0};
    double background[SIM_DETECTORS], gamma[SIM_DETECTORS], neutron[SIM_DETECTORS], all = 0;
    for (int i = 0; i < SIM_DETECTORS; i++) background[i] = p->setup.background[i] * p->scale;
    sim_rates(v, where, &p->source, background, p->setup.neutrons * p->neutron_scale, gamma, neutron);
    for (int i = 0; i < SIM_DETECTORS; i++) {
        if (p->dead & 1u << i) continue;
        s.gamma[i] = sim_poisson(&p->random, gamma[i] * SIM_TICK_MS / 1000);
        s.neutron[i] = sim_poisson(&p->random, neutron[i] * SIM_TICK_MS / 1000);
        all += gamma[i] * SIM_TICK_MS / 1000;
    }
    for (int k = 0; p->setup.newer && k < 4; k++) s.windows[k] = sim_poisson(&p->random, all * energy_share[k]);
    return s;
}

static void learn_background(struct sim_portal *p, const struct sim_sample *s) {
    p->average[p->n_average++ % SIM_GAMMA_AVERAGE] = *s;
    for (int i = 0; i < SIM_DETECTORS; i++) p->neutron_second[i] += s->neutron[i];
    if (++p->n_neutron_ticks < TICKS_PER_S) return;
    memcpy(p->neutron_average[p->n_neutron_average++ % SIM_NEUTRON_AVERAGE], p->neutron_second, sizeof p->neutron_second);
    memset(p->neutron_second, 0, sizeof p->neutron_second);
    p->n_neutron_ticks = 0;
}

static void learn_at_once(struct sim_portal *p) {
    struct sim_place nobody = {0};
    for (int i = 0; i < SIM_NEUTRON_AVERAGE * TICKS_PER_S; i++) {
        struct sim_sample s = draw(p, &p->vehicle, &nobody);
        learn_background(p, &s);
    }
}

/* ---- an occupancy -------------------------------------------------------------------------------------------------------------------- */

/* back: how many samples ago; 0 = the latest. */
static const struct sim_sample *past(const struct sim_portal *p, unsigned back) {
    return &p->history[(p->n_ticks - 1 - back) % SIM_HISTORY];
}

static void say_gamma(struct sim_portal *p, const struct sim_sample *s) {
    double sigma;
    bool alarm = sim_gamma_sample(&p->gamma, s->gamma, &sigma);
    if (sigma > p->highest) p->highest = sigma;
    if (p->honesty == SIM_CRIES_WOLF) alarm = true;
    if (p->honesty == SIM_KEEPS_QUIET) alarm = false;
    p->samples++;
    p->gamma_alarms += alarm;
    say_counts(p, alarm ? "GA" : "GS", s->gamma);
}

static void say_neutrons(struct sim_portal *p) {
    unsigned n[SIM_DETECTORS] = {0}, all = 0;
    double z;
    for (unsigned back = 0; back < TICKS_PER_S; back++)
        for (int i = 0; i < SIM_DETECTORS; i++) n[i] += past(p, back)->neutron[i];
    for (int i = 0; i < SIM_DETECTORS; i++) all += n[i];
    bool alarm = sim_neutron_second(&p->neutron, all, &z);
    if (p->honesty == SIM_CRIES_NEUTRON) alarm = true;
    if (p->honesty == SIM_KEEPS_QUIET) alarm = false;
    p->neutron_alarms += alarm;
    if (p->setup.newer) gl_buf_printf(&p->lines, "NZ,%.8f,%.8f\r\n", z, z);
    say_counts(p, alarm ? "NA" : "NS", n);
}

/* The energy windows' analysis: counts of a second, and how they differ from what a background would have. */
static void say_analysis(struct sim_portal *p) {
    unsigned w[4] = {0};
    double all = 1, background = 1;
    for (int k = 0; k < 4; k++) {
        for (unsigned back = 0; back < TICKS_PER_S; back++) w[k] += past(p, back)->windows[k];
        all += w[k];
        background += p->gamma_background[k];
    }
    gl_buf_printf(&p->lines, "AX,%8.4f,%8.4f,%8.4f,%8.4f,%8.4f\r\n", w[0] / all - energy_share[0], w[1] / all - energy_share[1],
                  w[2] / all - energy_share[2], w[3] / all - energy_share[3], all / background);
    say_counts(p, "AM", w);
}

static void begin_occupancy(struct sim_portal *p) {
    p->state = SIM_OCCUPIED;
    p->nb_at = p->gb_at = 0;
    p->held = p->samples = p->gamma_alarms = p->neutron_alarms = 0;
    p->highest = 0;
    sim_gamma_begin(&p->gamma, p->gamma_background);
    sim_neutron_begin(&p->neutron, neutrons_now(p));
    if (p->vehicle.garbage)
        say_garbage_speed(p);
    else if (p->vehicle.speed > 0)
        say_speed(p, p->vehicle.speed);
    say_neutrons(p);
    for (unsigned back = BURST; back > 0; back--) say_gamma(p, past(p, back));
    say_gamma(p, past(p, 0));
    if (!p->setup.newer) return;
    for (unsigned back = BURST_WINDOWS; back > 0; back--) say_counts(p, "AS", past(p, back - 1)->windows);
    say_analysis(p);
}

static void go_on(struct sim_portal *p) {
    if ((p->samples - BURST - 1) % TICKS_PER_S == TICKS_PER_S - 1) say_neutrons(p);
    say_gamma(p, past(p, 0));
    if (!p->setup.newer) return;
    say_counts(p, "AS", past(p, 0)->windows);
    say_analysis(p);
}

static void clear_beam(struct sim_portal *p) {
    p->beam = false;
    p->where.cleared = p->where.t;
    if (p->vehicle.garbage)
        say_garbage_speed(p);
    else if (p->vehicle.speed > 0)
        say_speed(p, p->vehicle.speed * sim_between(&p->random, 0.9, 1.1));
}

/* The beam is looked at before the sample is said: a vehicle of no length has the shortest occupancy. */
static void occupied_tick(struct sim_portal *p) {
    if (p->beam && !p->vehicle.by_hand && p->where.t >= p->vehicle.seconds - 1e-9) clear_beam(p);
    go_on(p);
    if (p->beam || ++p->held < HOLD_IN) return;
    p->state = SIM_ENDING;
    p->gx_at = p->tick_at + (int64_t)sim_between(&p->random, 190, 240);
}

static void end_occupancy(struct sim_portal *p) {
    p->counter++;
    gl_buf_printf(&p->lines, "GX,%06u,%06.0f,000000,000000\r\n", p->counter, floor(neutrons_now(p) * 1000));
    gl_buf_printf(&p->news, "occupancy %u over gamma=%u neutron=%u samples=%u sigma=%.2f\n", p->counter, p->gamma_alarms,
                  p->neutron_alarms, p->samples, p->highest);
    p->state = SIM_IDLE;
    p->nb_at = p->gx_at + (int64_t)sim_between(&p->random, 4500, 4900);
    p->gx_at = 0;
}

static void tick(struct sim_portal *p) {
    const double long_gone = 3; /* s */
    struct sim_sample s = draw(p, &p->vehicle, &p->where);
    p->history[p->n_ticks++ % SIM_HISTORY] = s;
    if (p->state == SIM_OCCUPIED)
        occupied_tick(p);
    else if (p->state == SIM_IDLE && p->beam)
        begin_occupancy(p);
    else if (p->state == SIM_IDLE)
        learn_background(p, &s);
    p->where.t += SIM_TICK_MS / 1000.0;
    if (p->where.cleared >= 0 && p->where.t - p->where.cleared > p->vehicle.clear_after + long_gone) p->where.present = false;
    p->tick_at += SIM_TICK_MS;
}

/* ---- from outside -------------------------------------------------------------------------------------------------------------------- */
void sim_portal_init(struct sim_portal *p, const struct sim_setup *setup, int64_t now) {
    *p = (struct sim_portal){.setup = *setup, .random = {setup->seed}, .scale = 1, .neutron_scale = 1, .where = {.cleared = -1}};
    memcpy(p->gamma.flags, setup->flags, sizeof p->gamma.flags);
    p->gamma.sigma = setup->sigma;
    p->lines = GL_BUF(SIM_LINES_MAX);
    p->news = GL_BUF(SIM_LINES_MAX);
    learn_at_once(p);
    average_gamma(p);
    average_neutrons(p);
    for (; p->n_ticks < SIM_HISTORY; p->n_ticks++) p->history[p->n_ticks] = draw(p, &p->vehicle, &p->where);
    p->tick_at = p->nb_at = now + SIM_TICK_MS;
}

void sim_portal_free(struct sim_portal *p) {
    gl_buf_free(&p->lines);
    gl_buf_free(&p->news);
}

int64_t sim_portal_due(const struct sim_portal *p) {
    int64_t due = p->tick_at;
    const int64_t others[] = {p->nb_at, p->gb_at, p->gx_at};
    for (size_t i = 0; i < GL_COUNT(others); i++)
        if (others[i] != 0 && others[i] < due) due = others[i];
    return due;
}

void sim_portal_advance(struct sim_portal *p, int64_t now) {
    int64_t late = now - sim_portal_due(p) - LATEST_MS;
    if (late > 0) {
        int64_t *all[] = {&p->tick_at, &p->nb_at, &p->gb_at, &p->gx_at};
        for (size_t i = 0; i < GL_COUNT(all); i++)
            if (*all[i] != 0) *all[i] += late;
    }
    for (int64_t due; (due = sim_portal_due(p)) <= now;) {
        if (due == p->gx_at)
            end_occupancy(p);
        else if (due == p->nb_at)
            say_neutron_background(p);
        else if (due == p->gb_at)
            say_gamma_background(p);
        else
            tick(p);
    }
}

bool sim_portal_empty(const struct sim_portal *p) {
    return p->state == SIM_IDLE && !p->beam;
}

bool sim_portal_enter(struct sim_portal *p, const struct sim_vehicle *v) {
    if (!sim_portal_empty(p)) return false;
    p->vehicle = *v;
    p->where = (struct sim_place){.present = true, .t = 0, .cleared = -1};
    p->beam = true;
    return true;
}

bool sim_portal_leave(struct sim_portal *p) {
    if (!p->beam) return false;
    if (p->state == SIM_IDLE) begin_occupancy(p); /* its first sample was to come; it is long enough to be seen */
    clear_beam(p);
    return true;
}

void sim_portal_background(struct sim_portal *p, double scale, bool at_once) {
    p->scale = scale;
    if (at_once) learn_at_once(p);
}

void sim_portal_neutrons(struct sim_portal *p, double scale) {
    p->neutron_scale = scale;
    learn_at_once(p);
}

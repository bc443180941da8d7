/* ROSpecs of the simulated reader: what a client orders, and what starts and ends it. One at a time is active.
 *
 *                 ADD                ENABLE               START, or its trigger
 *     (nothing) ──────► DISABLED ──────────► INACTIVE ───────────────────────────► ACTIVE
 *                          ▲   DISABLE          │ ▲    STOP, its trigger, its last AISpec
 *                          └────────────────────┘ └──────────────────────────────────┘     DELETE is possible in each */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "llrp/sim_reader.h"

enum { PERIODIC_TRIGGER = 180, TAG_OBSERVATION = 185, MOST_PRIORITY = 7 };
enum { START_NULL, START_IMMEDIATE, START_PERIODIC, START_GPI };
enum { STOP_NULL, STOP_DURATION, STOP_GPI, STOP_TAGS };
enum { ROSPEC_STARTED, ROSPEC_ENDED, ROSPEC_PREEMPTED };

/* ---- reading what is ordered; gl_sim_check() has seen it before -------------------------------------------------------------------- */
static int read_gpi(struct gl_cursor c, uint16_t owner, bool needed, struct gl_sim_gpi *out, struct gl_sim_fault *f) {
    struct gl_llrp_param p;
    if (!gl_llrp_find(c, GL_LLRP_GPI_TRIGGER_VALUE, &p)) {
        if (!needed) return 0;
        return gl_sim_parameter_fault(f, GL_LLRP_ROSPEC, owner, 0, GL_SIM_P_MISSING_PARAMETER,
                                      "the trigger lacks its GPITriggerValue");
    }
    out->port = gl_get_u16(&p.value);
    out->level = gl_get_u8(&p.value) != 0;
    out->timeout = gl_get_u32(&p.value);
    if (out->port >= 1 && out->port <= GL_SIM_PORTS) return 0;
    return gl_sim_parameter_fault(f, GL_LLRP_ROSPEC, GL_LLRP_GPI_TRIGGER_VALUE, 1, GL_LLRP_A_OUT_OF_RANGE, "input %u of %d",
                                  out->port, GL_SIM_PORTS);
}

static int read_boundary(struct gl_cursor c, struct gl_sim_rospec *r, struct gl_sim_fault *f) {
    struct gl_llrp_param start, stop, p;
    if (!gl_llrp_find(c, GL_LLRP_ROSPEC_START_TRIGGER, &start) || !gl_llrp_find(c, GL_LLRP_ROSPEC_STOP_TRIGGER, &stop))
        return -EBADMSG;
    r->start = gl_get_u8(&start.value);
    if (gl_llrp_find(start.value, PERIODIC_TRIGGER, &p)) {
        r->offset = gl_get_u32(&p.value);
        r->period = gl_get_u32(&p.value);
    } else if (r->start == START_PERIODIC) {
        return gl_sim_parameter_fault(f, GL_LLRP_ROSPEC, GL_LLRP_ROSPEC_START_TRIGGER, 0, GL_SIM_P_MISSING_PARAMETER,
                                      "the trigger lacks its PeriodicTriggerValue");
    }
    int rc = read_gpi(start.value, GL_LLRP_ROSPEC_START_TRIGGER, r->start == START_GPI, &r->start_gpi, f);
    if (rc != 0) return rc;
    r->stop = gl_get_u8(&stop.value);
    r->duration = gl_get_u32(&stop.value);
    return read_gpi(stop.value, GL_LLRP_ROSPEC_STOP_TRIGGER, r->stop == STOP_GPI, &r->stop_gpi, f);
}

static int read_antennas(struct gl_sim *s, struct gl_cursor *c, struct gl_sim_ai *a, struct gl_sim_fault *f) {
    uint16_t n = gl_get_u16(c);
    if (n == 0)
        return gl_sim_parameter_fault(f, GL_LLRP_ROSPEC, GL_LLRP_AI_SPEC, 1, GL_LLRP_A_INVALID, "an AISpec without antennas");
    for (uint16_t i = 0; i < n; i++) {
        uint16_t id = gl_get_u16(c);
        if (id > s->antennas)
            return gl_sim_parameter_fault(f, GL_LLRP_ROSPEC, GL_LLRP_AI_SPEC, 1, GL_LLRP_A_OUT_OF_RANGE, "antenna %u of %d", id,
                                          s->antennas);
        a->antennas |= id == 0 ? gl_sim_all_antennas(s) : 1u << (id - 1);
    }
    return 0;
}

static int read_ai_stop(struct gl_cursor c, struct gl_sim_ai *a, struct gl_sim_fault *f) {
    struct gl_llrp_param p;
    a->stop = gl_get_u8(&c);
    a->ms = gl_get_u32(&c);
    if (gl_llrp_find(c, TAG_OBSERVATION, &p)) {
        gl_get_u16(&p.value); /* kind, reserved: each kind ends here after so many tags or so much time */
        a->tags = gl_get_u16(&p.value);
        gl_get_u32(&p.value);
        if (a->stop == STOP_TAGS) a->ms = gl_get_u32(&p.value);
    } else if (a->stop == STOP_TAGS) {
        return gl_sim_parameter_fault(f, GL_LLRP_ROSPEC, GL_LLRP_AI_SPEC_STOP_TRIGGER, 0, GL_SIM_P_MISSING_PARAMETER,
                                      "the trigger lacks its TagObservationTrigger");
    }
    return read_gpi(c, GL_LLRP_AI_SPEC_STOP_TRIGGER, a->stop == STOP_GPI, &a->gpi, f);
}

static int read_inventory(struct gl_sim *s, struct gl_cursor c, struct gl_sim_ai *a, struct gl_sim_fault *f) {
    struct gl_llrp_param p;
    a->inventory = gl_get_u16(&c);
    uint8_t protocol = gl_get_u8(&c);
    if (protocol != 1)
        return gl_sim_parameter_fault(f, GL_LLRP_ROSPEC, GL_LLRP_INVENTORY_PARAMETER_SPEC, 2, GL_LLRP_A_INVALID,
                                      "no air protocol %u", protocol);
    while (gl_llrp_next(&c, &p) > 0) {
        int rc = p.type == GL_LLRP_ANTENNA_CONFIGURATION ? gl_sim_check_antenna(s, p.value, GL_LLRP_ROSPEC, f) : 0;
        if (rc != 0) return rc;
    }
    return 0;
}

static int read_ai(struct gl_sim *s, struct gl_cursor c, struct gl_sim_rospec *r, struct gl_sim_fault *f) {
    struct gl_sim_ai *a = &r->specs[r->n_specs];
    struct gl_llrp_param p;
    int inventories = 0, rc = read_antennas(s, &c, a, f);
    while (rc == 0 && gl_llrp_next(&c, &p) > 0) {
        if (p.type == GL_LLRP_AI_SPEC_STOP_TRIGGER) rc = read_ai_stop(p.value, a, f);
        if (p.type == GL_LLRP_INVENTORY_PARAMETER_SPEC && ++inventories == 1) rc = read_inventory(s, p.value, a, f);
    }
    if (rc != 0) return rc;
    if (inventories > 1)
        return gl_sim_parameter_fault(f, GL_LLRP_ROSPEC, GL_LLRP_INVENTORY_PARAMETER_SPEC, 0, GL_SIM_P_OVERFLOW_PARAMETER,
                                      "one InventoryParameterSpec in an AISpec");
    r->n_specs++;
    return 0;
}

static int read_parts(struct gl_sim *s, struct gl_cursor c, struct gl_sim_rospec *r, struct gl_sim_fault *f) {
    struct gl_llrp_param p;
    int rc = 0;
    while (rc == 0 && gl_llrp_next(&c, &p) > 0) {
        bool spec = p.type == GL_LLRP_AI_SPEC;
        if (spec && r->n_specs == GL_SIM_SPECS)
            return gl_sim_parameter_fault(f, GL_LLRP_ROSPEC, p.type, 0, GL_SIM_P_OVERFLOW_PARAMETER, "at most %d AISpecs",
                                          GL_SIM_SPECS);
        if (p.type == GL_LLRP_RO_BOUNDARY_SPEC) rc = read_boundary(p.value, r, f);
        if (spec) rc = read_ai(s, p.value, r, f);
        if (p.type == GL_LLRP_RO_REPORT_SPEC) {
            r->own_report = true;
            r->report = gl_sim_read_report_spec(p.value);
        }
        if (p.type != GL_LLRP_RO_BOUNDARY_SPEC && !spec && p.type != GL_LLRP_RO_REPORT_SPEC)
            return gl_sim_parameter_fault(f, GL_LLRP_ROSPEC, p.type, 0, GL_SIM_P_UNSUPPORTED_PARAMETER, "no such spec here");
    }
    return rc;
}

/* ---- places ------------------------------------------------------------------------------------------------------------------------- */
static struct gl_sim_rospec *find(struct gl_sim *s, uint32_t id) {
    for (int i = 0; i < s->max_rospecs; i++)
        if (s->rospecs[i].id == id) return &s->rospecs[i];
    return NULL;
}

static int check_rospec(struct gl_sim *s, struct gl_cursor c, struct gl_sim_rospec *r, struct gl_sim_fault *f) {
    r->id = gl_get_u32(&c);
    r->priority = gl_get_u8(&c);
    uint8_t state = gl_get_u8(&c);
    if (r->id == 0) return gl_sim_field_fault(f, 1, GL_LLRP_A_INVALID, "a ROSpecID of 0");
    if (find(s, r->id)) return gl_sim_field_fault(f, 1, GL_LLRP_A_INVALID, "a ROSpec with id %" PRIu32 " is there already", r->id);
    if (r->priority > MOST_PRIORITY)
        return gl_sim_parameter_fault(f, GL_LLRP_ROSPEC, 0, 2, GL_LLRP_A_OUT_OF_RANGE, "a priority of %u, most is %d", r->priority,
                                      MOST_PRIORITY);
    if (state != GL_SIM_DISABLED)
        return gl_sim_parameter_fault(f, GL_LLRP_ROSPEC, 0, 3, GL_LLRP_A_INVALID, "a new ROSpec has to be disabled");
    return read_parts(s, c, r, f);
}

int gl_sim_add_rospec(struct gl_sim *s, struct gl_cursor body, struct gl_sim_fault *f) {
    struct gl_llrp_param p;
    struct gl_sim_rospec r = {0}, *place = find(s, 0);
    if (gl_llrp_next(&body, &p) <= 0) return -EBADMSG;
    int rc = check_rospec(s, p.value, &r, f);
    if (rc != 0) return rc;
    if (!place) {
        *f = (struct gl_sim_fault){.status = GL_SIM_M_OVERFLOW_PARAMETER, .depth = 1, .parameters = {GL_LLRP_ROSPEC}};
        f->parameter_error = GL_SIM_P_OVERFLOW_PARAMETER;
        gl_format(f->text, sizeof f->text, "%d ROSpecs are the most", s->max_rospecs);
        return 1;
    }
    r.raw = GL_BUF(GL_LLRP_MESSAGE_MAX);
    gl_buf_add(&r.raw, p.value.p, gl_cursor_left(&p.value));
    if (r.raw.failed) return gl_sim_field_fault(f, 1, GL_LLRP_R_DEVICE_ERROR, "out of memory");
    *place = r;
    gl_sim_say("rospec %" PRIu32 " disabled", r.id);
    return 0;
}

void gl_sim_put_rospecs(struct gl_sim *s) {
    for (int i = 0; i < s->max_rospecs; i++) {
        const struct gl_sim_rospec *r = &s->rospecs[i];
        if (r->id == 0 || r->raw.len < 6) continue;
        size_t p = gl_llrp_begin(&s->out, GL_LLRP_ROSPEC);
        gl_buf_add(&s->out, r->raw.data, 5); /* id, priority */
        gl_buf_u8(&s->out, (uint8_t)r->state);
        gl_buf_add(&s->out, r->raw.data + 6, r->raw.len - 6);
        gl_llrp_end(&s->out, p);
    }
}

/* ---- states ------------------------------------------------------------------------------------------------------------------------- */
static void tell(struct gl_sim *s, uint8_t what, uint32_t id, uint32_t by) {
    if (!gl_sim_event_wanted(s, GL_LLRP_ON_ROSPEC)) return;
    size_t marks[3];
    gl_sim_event_begin(s, GL_LLRP_ROSPEC_EVENT, marks);
    gl_buf_u8(&s->out, what);
    gl_buf_u32(&s->out, id);
    gl_buf_u32(&s->out, by);
    gl_sim_event_end(s, marks);
}

struct gl_sim_rospec *gl_sim_active(struct gl_sim *s) {
    for (int i = 0; i < s->max_rospecs; i++)
        if (s->rospecs[i].id != 0 && s->rospecs[i].state == GL_SIM_ACTIVE) return &s->rospecs[i];
    return NULL;
}

static void begin_spec(struct gl_sim *s, struct gl_sim_rospec *r) {
    const struct gl_sim_ai *a = &r->specs[r->current];
    uint32_t ms = a->stop == STOP_GPI ? a->gpi.timeout : a->stop == STOP_NULL ? 0 : a->ms;
    r->seen = 0;
    r->spec_due = ms ? s->now.mono + ms : 0;
}

static void end_active(struct gl_sim *s, struct gl_sim_rospec *r, uint8_t what, uint32_t by) {
    r->state = GL_SIM_INACTIVE;
    r->stop_due = r->spec_due = 0;
    gl_sim_spec_over(s, r, true);
    gl_sim_say("rospec %" PRIu32 " inactive", r->id);
    tell(s, what, r->id, by);
}

/* One of lower rank waits until it is started anew: the standard has it inactive, too. */
static int start(struct gl_sim *s, struct gl_sim_rospec *r) {
    struct gl_sim_rospec *other = gl_sim_active(s);
    if (other == r) return 0;
    if (other && other->priority <= r->priority) return -EBUSY;
    if (other) end_active(s, other, ROSPEC_PREEMPTED, r->id);
    r->state = GL_SIM_ACTIVE;
    r->current = 0;
    uint32_t ms = r->stop == STOP_DURATION ? r->duration : r->stop == STOP_GPI ? r->stop_gpi.timeout : 0;
    r->stop_due = ms ? s->now.mono + ms : 0;
    begin_spec(s, r);
    s->inventoried = true;
    gl_sim_say("rospec %" PRIu32 " active", r->id);
    tell(s, ROSPEC_STARTED, r->id, 0);
    return 0;
}

void gl_sim_next_spec(struct gl_sim *s, struct gl_sim_rospec *r) {
    gl_sim_spec_over(s, r, false);
    r->current++;
    if (r->current == r->n_specs) {
        r->current = 0;
        end_active(s, r, ROSPEC_ENDED, 0);
    } else {
        begin_spec(s, r);
    }
}

static void enable(struct gl_sim *s, struct gl_sim_rospec *r) {
    if (r->state != GL_SIM_DISABLED) return;
    r->state = GL_SIM_INACTIVE;
    gl_sim_say("rospec %" PRIu32 " inactive", r->id);
    if (r->start == START_IMMEDIATE) (void)start(s, r); /* behind a more important one it stays inactive */
    if (r->start == START_PERIODIC) r->start_due = s->now.mono + (r->offset ? r->offset : 1);
}

static void disable(struct gl_sim *s, struct gl_sim_rospec *r) {
    if (r->state == GL_SIM_ACTIVE) end_active(s, r, ROSPEC_ENDED, 0);
    r->state = GL_SIM_DISABLED;
    r->start_due = 0;
    gl_sim_say("rospec %" PRIu32 " disabled", r->id);
}

static void discard(struct gl_sim *s, struct gl_sim_rospec *r) {
    if (r->state == GL_SIM_ACTIVE) end_active(s, r, ROSPEC_ENDED, 0);
    gl_sim_report(s);
    gl_sim_forget(s, r->id);
    gl_sim_say("rospec %" PRIu32 " deleted", r->id);
    gl_buf_free(&r->raw);
    *r = (struct gl_sim_rospec){0};
}

static int change_one(struct gl_sim *s, uint16_t request, struct gl_sim_rospec *r, struct gl_sim_fault *f) {
    switch (request) {
        case GL_LLRP_ENABLE_ROSPEC: enable(s, r); return 0;
        case GL_LLRP_DISABLE_ROSPEC: disable(s, r); return 0;
        case GL_LLRP_DELETE_ROSPEC: discard(s, r); return 0;
        case GL_LLRP_STOP_ROSPEC:
            if (r->state == GL_SIM_ACTIVE) end_active(s, r, ROSPEC_ENDED, 0);
            return 0;
        default: break;
    }
    if (r->state == GL_SIM_DISABLED) return gl_sim_field_fault(f, 1, GL_LLRP_A_INVALID, "ROSpec %" PRIu32 " is disabled", r->id);
    if (start(s, r) == 0) return 0;
    return gl_sim_field_fault(f, 1, GL_LLRP_A_INVALID, "another ROSpec is active, and not of lower priority");
}

int gl_sim_change_rospec(struct gl_sim *s, uint16_t request, uint32_t id, struct gl_sim_fault *f) {
    bool one = request == GL_LLRP_START_ROSPEC || request == GL_LLRP_STOP_ROSPEC;
    struct gl_sim_rospec *r = id ? find(s, id) : NULL;
    if (r) return change_one(s, request, r, f);
    if (id != 0 || one) return gl_sim_field_fault(f, 1, GL_LLRP_A_INVALID, "there is no ROSpec with id %" PRIu32, id);
    for (int i = 0; i < s->max_rospecs; i++)
        if (s->rospecs[i].id != 0) (void)change_one(s, request, &s->rospecs[i], f); /* these three cannot fail */
    return 0;
}

/* ---- triggers ------------------------------------------------------------------------------------------------------------------------ */
static bool fires(const struct gl_sim_gpi *g, int port, bool level) {
    return g->port == port && g->level == level;
}

static void gpi_to_rospec(struct gl_sim *s, struct gl_sim_rospec *r, int port, bool level) {
    const struct gl_sim_ai *a = &r->specs[r->current];
    if (r->state == GL_SIM_INACTIVE && r->start == START_GPI && fires(&r->start_gpi, port, level)) {
        (void)start(s, r);
    } else if (r->state == GL_SIM_ACTIVE && r->stop == STOP_GPI && fires(&r->stop_gpi, port, level)) {
        end_active(s, r, ROSPEC_ENDED, 0);
    } else if (r->state == GL_SIM_ACTIVE && a->stop == STOP_GPI && fires(&a->gpi, port, level)) {
        gl_sim_next_spec(s, r);
    }
}

int gl_sim_gpi(struct gl_sim *s, int port, bool level) {
    uint32_t bit = 1u << (port - 1);
    if (((s->gpi & bit) != 0) == level) return 0;
    s->gpi = level ? s->gpi | bit : s->gpi & ~bit;
    if (gl_sim_event_wanted(s, GL_LLRP_ON_GPI)) {
        size_t marks[3];
        gl_sim_event_begin(s, GL_LLRP_GPI_EVENT, marks);
        gl_buf_u16(&s->out, (uint16_t)port);
        gl_buf_u8(&s->out, level ? 0x80 : 0);
        gl_sim_event_end(s, marks);
    }
    for (int i = 0; i < s->max_rospecs; i++)
        if (s->rospecs[i].id != 0) gpi_to_rospec(s, &s->rospecs[i], port, level);
    return 0;
}

static bool due(const struct gl_sim *s, int64_t at) {
    return at != 0 && s->now.mono >= at;
}

static void rospec_tick(struct gl_sim *s, struct gl_sim_rospec *r) {
    if (r->state == GL_SIM_ACTIVE && due(s, r->stop_due)) end_active(s, r, ROSPEC_ENDED, 0);
    if (r->state == GL_SIM_ACTIVE && due(s, r->spec_due)) gl_sim_next_spec(s, r);
    if (r->state != GL_SIM_DISABLED && due(s, r->start_due)) {
        r->start_due = r->period ? s->now.mono + r->period : 0;
        if (r->state == GL_SIM_INACTIVE) (void)start(s, r);
    }
}

int64_t gl_sim_specs_tick(struct gl_sim *s) {
    int64_t next = INT64_MAX;
    for (int i = 0; i < s->max_rospecs; i++) {
        struct gl_sim_rospec *r = &s->rospecs[i];
        if (r->id == 0) continue;
        rospec_tick(s, r);
        const int64_t times[] = {r->stop_due, r->spec_due, r->start_due};
        for (size_t k = 0; k < GL_COUNT(times); k++)
            if (times[k] != 0 && times[k] < next) next = times[k];
    }
    return next;
}

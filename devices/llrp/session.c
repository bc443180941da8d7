/* The dialogue with a reader. One request at a time: some readers lose what is sent behind another. The host connects again when a
 * connection is dropped, and everything begins anew.
 *
 *     (connected) ──► GREETING ──ConnectionAttempt: success──► capabilities ──► antennas ──► [Impinj: extensions] ──► config
 *                                                                                                                        │
 *     RUN ◄── [ENABLE_EVENTS_AND_REPORTS] ◄── enable ROSpec ◄── add ROSpec ◄── no ROSpecs ◄── no AccessSpecs ◄────────────┘
 *      │                                                                            ▲
 *      └───────────────────────── the ROSpec ended or was pushed aside ─────────────┘
 *
 *     an answer that says no      done without where it can be, by the table below; else refused, and the connection is dropped
 *     no answer in time           refused, dropped
 *     keepalive                   acknowledged with its own id, in every state but GREETING */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "llrp/llrp.h"

enum {
    GREETING_WITHIN_MS = 10000,
    AGAIN_AFTER_MS = 60000, /* a ROSpec that ends more often than this is not going to stay */
    LOST_STAINS_MS = 30000,
    ROSPECS = 9999,
    EXTENSIONS_ANSWER = GL_LLRP_IMPINJ_ENABLE_EXTENSIONS_RESPONSE,
};

/* What a request can do without, in the order in which it is given up when the reader does not say what it minds. */
struct option {
    uint16_t parameters[8]; /* as a reader may name it, or what it lies in; a 0 at the end stands for "it named nothing" */
    size_t flag;            /* of struct gl_llrp_plan */
    const char *without;    /* what that means */
};

static const struct option config_options[] = {
    {{GL_LLRP_CUSTOM}, offsetof(struct gl_llrp_plan, link_monitor), "the reader will keep a dead connection"},
    {{GL_LLRP_EVENTS_AND_REPORTS}, offsetof(struct gl_llrp_plan, hold), "reads may be lost while nobody is connected"},
    {{GL_LLRP_READER_EVENT_NOTIFICATION_SPEC, GL_LLRP_EVENT_NOTIFICATION_STATE},
     offsetof(struct gl_llrp_plan, events),
     "an antenna that is cut off may go unnoticed"},
};
static const struct option rospec_options[] = {
    {{GL_LLRP_C1G2_EPC_MEMORY_SELECTOR, GL_LLRP_TAG_REPORT_CONTENT_SELECTOR, GL_LLRP_RO_REPORT_SPEC, GL_LLRP_ROSPEC},
     offsetof(struct gl_llrp_plan, pc_words),
     "ISO tags may look like EPCs"},
    {{GL_LLRP_C1G2_SINGULATION_CONTROL, GL_LLRP_C1G2_INVENTORY_COMMAND, GL_LLRP_ANTENNA_CONFIGURATION,
      GL_LLRP_INVENTORY_PARAMETER_SPEC, GL_LLRP_AI_SPEC, GL_LLRP_ROSPEC},
     offsetof(struct gl_llrp_plan, singulation),
     "the reader's own Gen2 session counts"},
};

static bool wants_extensions(const struct gl_llrp *s) {
    return s->plan.link_monitor;
}

/* Without it the tags are read all the same, by their EPC alone. */
static bool wants_tid(const struct gl_llrp *s) {
    return s->plan.tid_words > 0;
}

static int take_capabilities(struct gl_llrp *s, struct gl_cursor body) {
    struct gl_llrp_plan *plan = &s->plan;
    const struct gl_llrp_reader *r = &s->reader;
    gl_llrp_capabilities(body, s->policy.power_dbm, &s->reader);
    plan->link_monitor = s->policy.link_monitor && r->vendor == GL_LLRP_VENDOR_IMPINJ;
    plan->hold = r->holds;
    plan->fill_warning = r->warns_of_fill;
    plan->power = s->policy.power_dbm != GL_LLRP_NO_POWER;
    plan->power_index = r->power_index;
    plan->hop_table = r->hop_table;
    plan->channel = r->channel;
    if (!plan->power || r->power_known) return 0;
    if (r->power_lowest > 100 * GL_LLRP_POWER_MAX)
        return gl_llrp_refuse(s, "power_unavailable", "the reader tells no table of powers: leave out the setting power");
    return gl_llrp_refuse(s, "power_unavailable", "power: %d dBm is below the reader's lowest, %.2f dBm", s->policy.power_dbm,
                          r->power_lowest / 100.0);
}

/* An antenna that must be there is cut off when the reader does not list it, too. Where nobody said which those are, it was there before: a
 * port that never had one is none. */
static int take_antennas(struct gl_llrp *s, struct gl_cursor body) {
    uint32_t connected, disconnected, wanted = s->policy.antennas;
    gl_llrp_antennas(body, &connected, &disconnected);
    if (wanted != 0 && (connected | disconnected) == 0) {
        gl_llrp_note(s, "antennas_untold",
                     "the reader does not say which antennas are connected: one that is off may go unnoticed");
        return 0;
    }
    s->antennas_seen |= connected;
    s->antennas_cut = (s->antennas_cut & ~connected) | (wanted != 0 ? wanted & ~connected : disconnected & s->antennas_seen);
    gl_llrp_tell_antennas(s);
    return 0;
}

static const struct step {
    uint16_t request, response;
    gl_llrp_compose *compose;
    bool (*wanted)(const struct gl_llrp *s);               /* NULL = always */
    int (*take)(struct gl_llrp *s, struct gl_cursor body); /* the answer; NULL = its status is all of it */
    bool needless;                                         /* a reader that says no changes nothing */
    const struct option *options;
    size_t n_options;
} steps[] = {
    [GL_LLRP_ASK_CAPABILITIES] = {GL_LLRP_GET_READER_CAPABILITIES, GL_LLRP_GET_READER_CAPABILITIES_RESPONSE,
                                  gl_llrp_compose_capabilities, NULL, take_capabilities, false, NULL, 0},
    [GL_LLRP_ASK_ANTENNAS] = {GL_LLRP_GET_READER_CONFIG, GL_LLRP_GET_READER_CONFIG_RESPONSE, gl_llrp_compose_antennas, NULL,
                              take_antennas, true, NULL, 0},
    [GL_LLRP_ASK_EXTENSIONS] = {GL_LLRP_CUSTOM_MESSAGE, GL_LLRP_CUSTOM_MESSAGE, gl_llrp_compose_extensions, wants_extensions, NULL,
                                true, NULL, 0},
    [GL_LLRP_ASK_CONFIG] = {GL_LLRP_SET_READER_CONFIG, GL_LLRP_SET_READER_CONFIG_RESPONSE, gl_llrp_compose_config, NULL, NULL,
                            false, config_options, GL_COUNT(config_options)},
    [GL_LLRP_ASK_NO_ACCESS_SPECS] = {GL_LLRP_DELETE_ACCESSSPEC, GL_LLRP_DELETE_ACCESSSPEC_RESPONSE, gl_llrp_compose_no_access_specs,
                                     NULL, NULL, true, NULL, 0},
    [GL_LLRP_ASK_NO_ROSPECS] = {GL_LLRP_DELETE_ROSPEC, GL_LLRP_DELETE_ROSPEC_RESPONSE, gl_llrp_compose_no_rospecs, NULL, NULL, true,
                                NULL, 0},
    [GL_LLRP_ASK_ROSPEC] = {GL_LLRP_ADD_ROSPEC, GL_LLRP_ADD_ROSPEC_RESPONSE, gl_llrp_compose_rospec, NULL, NULL, false,
                            rospec_options, GL_COUNT(rospec_options)},
    [GL_LLRP_ASK_ACCESS_SPEC] = {GL_LLRP_ADD_ACCESSSPEC, GL_LLRP_ADD_ACCESSSPEC_RESPONSE, gl_llrp_compose_access_spec, wants_tid,
                                 NULL, true, NULL, 0},
    [GL_LLRP_ASK_ENABLE_ACCESS] = {GL_LLRP_ENABLE_ACCESSSPEC, GL_LLRP_ENABLE_ACCESSSPEC_RESPONSE, gl_llrp_compose_enable_access,
                                   wants_tid, NULL, true, NULL, 0},
    [GL_LLRP_ASK_ENABLE] = {GL_LLRP_ENABLE_ROSPEC, GL_LLRP_ENABLE_ROSPEC_RESPONSE, gl_llrp_compose_enable, NULL, NULL, false, NULL,
                            0},
    [GL_LLRP_RUN] = {0},
};

static bool asking(const struct gl_llrp *s) {
    return s->step > GL_LLRP_GREETING && s->step < GL_LLRP_RUN;
}

/* ---- sending ------------------------------------------------------------------------------------------------------------------------- */
/* Sends what was composed. */
static int send_out(struct gl_llrp *s) {
    if (s->out.failed || !s->sink.send)
        return gl_llrp_refuse(s, "send_failed", "a message could not be made, or there is no way back");
    int rc = s->sink.send(s->sink.user, s->out.data, s->out.len);
    return rc < 0 ? gl_llrp_refuse(s, "send_failed", "%s", strerror(-rc)) : 0;
}

static int ask(struct gl_llrp *s) {
    gl_buf_reset(&s->out);
    steps[s->step].compose(&s->plan, ++s->request, &s->out);
    s->since_mono = s->now.mono;
    return send_out(s);
}

static int run(struct gl_llrp *s) {
    gl_buf_reset(&s->out);
    gl_llrp_put_empty(&s->out, GL_LLRP_ENABLE_EVENTS_AND_REPORTS, ++s->request);
    s->since_mono = s->enabled_mono = s->now.mono;
    s->enabled = true;
    return send_out(s);
}

static int go_to(struct gl_llrp *s, enum gl_llrp_step step) {
    while (step < GL_LLRP_RUN && steps[step].wanted && !steps[step].wanted(s)) step++;
    s->step = step;
    return step == GL_LLRP_RUN ? run(s) : ask(s);
}

/* ---- answers ------------------------------------------------------------------------------------------------------------------------- */
static void describe(const struct gl_llrp_outcome *o, char *out, size_t size) {
    char where[64] = "";
    if (o->parameter != 0 && o->field != GL_LLRP_NO_FIELD)
        gl_format(where, sizeof where, ", parameter %u, field %u", o->parameter, o->field);
    else if (o->parameter != 0)
        gl_format(where, sizeof where, ", parameter %u", o->parameter);
    else if (o->field != GL_LLRP_NO_FIELD)
        gl_format(where, sizeof where, ", field %u", o->field);
    gl_format(out, size, "%s (%u)%s: \"%s\"", gl_llrp_status_name(o->code), o->code, where, o->description);
}

/* What the request is to do without: what the reader named, else the first that is left. NULL: it named something else, or nothing is left. */
static const struct option *choose(const struct step *step, const struct gl_llrp_plan *plan, uint16_t named) {
    for (size_t i = 0; i < step->n_options; i++) {
        const struct option *o = &step->options[i];
        if (!*(const bool *)((const char *)plan + o->flag)) continue;
        for (size_t k = 0; k < GL_COUNT(o->parameters); k++)
            if (o->parameters[k] == named) return o;
    }
    return NULL;
}

/* The reader said no. */
static int declined(struct gl_llrp *s, const struct gl_llrp_outcome *outcome) {
    const struct step *step = &steps[s->step];
    const char *name = gl_llrp_type_name(step->request);
    char why[200];
    describe(outcome, why, sizeof why);
    if (step->needless) {
        gl_llrp_note(s, "request_declined", "%s: %s", name, why);
        if (s->step == GL_LLRP_ASK_ACCESS_SPEC) s->plan.tid_words = 0; /* there is nothing to enable */
        return go_to(s, s->step + 1);
    }
    const struct option *o = choose(step, &s->plan, outcome->parameter);
    if (!o) return gl_llrp_refuse(s, "reader_refused", "%s: %s", name, why);
    *(bool *)((char *)&s->plan + o->flag) = false;
    gl_llrp_note(s, "request_reduced", "%s: %s; again without parameter %u: %s", name, why, o->parameters[0], o->without);
    return ask(s);
}

static int answered(struct gl_llrp *s, struct gl_cursor body) {
    const struct step *step = &steps[s->step];
    struct gl_llrp_outcome outcome;
    if (gl_llrp_get_status(body, &outcome) < 0)
        return gl_llrp_refuse(s, "answer_malformed", "the answer to %s has no LLRPStatus that can be read",
                              gl_llrp_type_name(step->request));
    if (outcome.code != GL_LLRP_SUCCESS) return declined(s, &outcome);
    int rc = step->take ? step->take(s, body) : 0;
    return rc < 0 ? rc : go_to(s, s->step + 1);
}

/* True when the message answers the request that is open; moves body to where its LLRPStatus is. */
static bool is_answer(const struct gl_llrp *s, const struct gl_llrp_message *m, struct gl_cursor *body) {
    *body = m->body;
    if (!asking(s) || m->id != s->request || m->type != steps[s->step].response) return false;
    if (m->type != GL_LLRP_CUSTOM_MESSAGE) return true;
    return gl_get_u32(body) == GL_LLRP_VENDOR_IMPINJ && gl_get_u8(body) == EXTENSIONS_ANSWER;
}

static int on_error(struct gl_llrp *s, const struct gl_llrp_message *m) {
    struct gl_llrp_outcome outcome;
    char why[200] = "without a reason that can be read";
    int rc = gl_llrp_get_status(m->body, &outcome);
    if (rc == 0 && asking(s) && m->id == s->request && outcome.code != GL_LLRP_SUCCESS) return declined(s, &outcome);
    if (rc == 0) describe(&outcome, why, sizeof why);
    gl_llrp_refuse(s, "reader_error", "ERROR_MESSAGE: %s", why);
    return 0;
}

static int on_keepalive(struct gl_llrp *s, uint32_t id) {
    s->sink.alive(s->sink.user);
    if (s->step <= GL_LLRP_GREETING) return 0;
    gl_buf_reset(&s->out);
    gl_llrp_put_empty(&s->out, GL_LLRP_KEEPALIVE_ACK, id);
    return send_out(s);
}

static int on_other(struct gl_llrp *s, uint16_t type) {
    char detail[120];
    const char *name = gl_llrp_type_name(type);
    bool known = strcmp(name, gl_llrp_type_name(0)) != 0;
    gl_format(detail, sizeof detail, known ? "%s (%u): nobody asked for it" : "%s of type %u", name, type);
    if (known)
        gl_llrp_note_once(s, GL_LLRP_ONCE_UNEXPECTED, "unexpected_message", detail);
    else
        gl_llrp_note_once(s, GL_LLRP_ONCE_MESSAGE, "unknown_message", detail);
    return 0;
}

int gl_llrp_session_message(struct gl_llrp *s, const struct gl_llrp_message *m) {
    struct gl_cursor body;
    if (is_answer(s, m, &body)) return answered(s, body);
    switch (m->type) {
        case GL_LLRP_RO_ACCESS_REPORT: return gl_llrp_report(s, m->body);
        case GL_LLRP_READER_EVENT_NOTIFICATION: return gl_llrp_event(s, m->body);
        case GL_LLRP_KEEPALIVE: return on_keepalive(s, m->id);
        case GL_LLRP_ERROR_MESSAGE: return on_error(s, m);
        case GL_LLRP_CLOSE_CONNECTION_RESPONSE: s->sink.alive(s->sink.user); return 0;
        default: return on_other(s, m->type);
    }
}

/* ---- beginning, time, end ------------------------------------------------------------------------------------------------------------ */
void gl_llrp_session_begin(struct gl_llrp *s) {
    s->step = GL_LLRP_GREETING;
    s->since_mono = s->now.mono;
    s->request = 0;
    s->enabled = false;
    s->clock = GL_LLRP_CLOCK_NONE;
    s->late_run = 0;
    s->told = 0;
    s->reader = (struct gl_llrp_reader){0};
}

/* The number of the ROSpec: another one each time, so that the end of an old one, told late, is not taken for the end of this one. */
static uint32_t another_rospec(const struct gl_llrp *s) {
    int64_t now = s->now.wall / 1000 % ROSPECS;
    return (uint32_t)(now < 0 ? 1 : now + 1);
}

int gl_llrp_session_greeted(struct gl_llrp *s) {
    s->plan = (struct gl_llrp_plan){
        .rospec = another_rospec(s),
        .keepalive_ms = (uint32_t)s->policy.keepalive_ms,
        .session = s->policy.session,
        .tid_words = s->policy.tid_words,
        .events = true,
        .pc_words = true,
        .singulation = true,
    };
    return go_to(s, GL_LLRP_ASK_CAPABILITIES);
}

int gl_llrp_session_again(struct gl_llrp *s, const char *why) {
    if (s->restarted && s->now.mono - s->restarted_mono < AGAIN_AFTER_MS)
        return gl_llrp_refuse(s, "rospec_ends", "%s, and did so less than a minute ago: does another client use this reader?", why);
    gl_llrp_note(s, "rospec_again", "%s: it is made again", why);
    s->restarted = true;
    s->restarted_mono = s->now.mono;
    s->plan.rospec = s->plan.rospec % ROSPECS + 1;
    return go_to(s, GL_LLRP_ASK_NO_ACCESS_SPECS);
}

int gl_llrp_session_timer(struct gl_llrp *s) {
    int64_t waited = s->now.mono - s->since_mono;
    if (!gl_llrp_pending(&s->inbox)) s->whole_mono = s->now.mono;
    if (s->now.mono - s->whole_mono >= s->policy.timeout_ms)
        return gl_llrp_refuse(s, "message_unfinished", "a message that began %lld ms ago has not ended: does its length lie?",
                              (long long)(s->now.mono - s->whole_mono));
    if (s->fault_lost && s->now.mono - s->lost_mono >= LOST_STAINS_MS) gl_llrp_fault(s, &s->fault_lost, "reads_lost", false);
    if (s->step == GL_LLRP_GREETING && waited >= GREETING_WITHIN_MS)
        return gl_llrp_refuse(s, "no_greeting", "no connection event within %d s: is this an LLRP port?",
                              GREETING_WITHIN_MS / 1000);
    if (asking(s) && waited >= s->policy.timeout_ms)
        return gl_llrp_refuse(s, "no_answer", "%s was not answered within %lld ms", gl_llrp_type_name(steps[s->step].request),
                              (long long)s->policy.timeout_ms);
    return 0;
}

/* The reader then knows at once that its place is free. Best effort: the connection goes either way. */
void gl_llrp_session_farewell(struct gl_llrp *s) {
    if (s->step <= GL_LLRP_GREETING) return;
    gl_buf_reset(&s->out);
    gl_llrp_put_empty(&s->out, GL_LLRP_CLOSE_CONNECTION, ++s->request);
    if (!s->out.failed && s->sink.send) (void)s->sink.send(s->sink.user, s->out.data, s->out.len);
}

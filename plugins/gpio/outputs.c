/* What the output lines are to show, and in which order they are switched. */
#include "outputs.h"

#define RED (1u << GL_LINE_RED)
#define AMBER (1u << GL_LINE_AMBER)
#define GREEN (1u << GL_LINE_GREEN)
#define BARRIER (1u << GL_LINE_BARRIER)

static const unsigned rows[] = {
    [GL_SIGNAL_NONE] = RED,  [GL_SIGNAL_STOP] = RED, [GL_SIGNAL_RELEASE] = GREEN | BARRIER, [GL_SIGNAL_INSPECT] = RED | AMBER,
    [GL_SIGNAL_FAULT] = RED, /* the safe state */
};

const struct gl_output_step gl_output_steps[GL_OUTPUT_STEPS] = {
    {GL_LINE_GREEN, false}, {GL_LINE_AMBER, false}, {GL_LINE_RED, false},  {GL_LINE_BARRIER, false},
    {GL_LINE_RED, true},    {GL_LINE_AMBER, true},  {GL_LINE_GREEN, true}, {GL_LINE_BARRIER, true},
};

static int64_t bounded(int64_t ms, int64_t most) {
    return ms < 0 ? 0 : ms > most ? most : ms;
}

void gl_asked_set(struct gl_asked *a, const struct gl_output *o, int64_t mono) {
    a->signal = o->signal < GL_COUNT(rows) ? o->signal : (uint8_t)GL_SIGNAL_FAULT;
    a->silent_at = mono + bounded(o->silence_ms, GL_SILENCE_MAX_MS);
    a->lease_end = mono + bounded(o->lease_ms, GL_LEASE_MAX_MS);
}

void gl_asked_revoke(struct gl_asked *a) {
    a->lease_end = 0;
}

bool gl_asked_fresh(const struct gl_asked *a, int64_t mono) {
    return mono < a->silent_at;
}

const char *gl_asked_hindrance(const struct gl_asked *a, int64_t mono) {
    if (!gl_asked_fresh(a, mono)) return "greenlaned is silent";
    if (a->signal == GL_SIGNAL_RELEASE && mono >= a->lease_end) return "the release is over";
    return NULL;
}

unsigned gl_output_levels(uint8_t signal, bool barrier_up, bool exit_clear) {
    unsigned levels = rows[signal < GL_COUNT(rows) ? signal : GL_SIGNAL_FAULT];
    return barrier_up && !exit_clear ? levels | BARRIER : levels;
}

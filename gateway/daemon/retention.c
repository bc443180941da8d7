/* What must go goes, in small steps between turns; and what watches over the room on the disk.
 *
 *   never      while the clock is not synchronised or in doubt, or when it is off by more than the time that has passed explains: a clock that
 *              jumps ahead by a year must not erase a year. Then a person looks, and says `greenlane purge --now`.
 *   when idle  no passage waits for a decision; a lane that never rests gets a step every few seconds all the same
 */
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "daemon/daemon.h"

enum {
    AWAY_DAYS = 35, /* a box that was off for longer has its clock looked at */
    DRIFT_MS = 3600000,
    STEP_AT_LEAST_MS = 5000,
    EVIDENCE_EVERY_MS = 60000,
    EVIDENCE_STUCK_MS = 3600000,
    EVIDENCE_AT_ONCE = 50,
    DISK_EVERY_MS = 10000
};
#define DAY_MS INT64_C(86400000)

void gl_retention_open(struct daemon *d) {
    gl_format(d->retention.evidence, sizeof d->retention.evidence, "%s/evidence", d->config->paths.state);
    d->retention.written = gl_engine_written_before(d->engine);
}

/* ---- the clock ---- */
/* Against the newest record of the start before, and from then on against the time that has passed. */
static bool explained(const struct daemon *d) {
    const struct retention *r = &d->retention;
    if (r->trusted.wall) {
        int64_t off = (d->now.wall - r->trusted.wall) - (d->now.mono - r->trusted.mono);
        return off < DRIFT_MS && off > -DRIFT_MS;
    }
    return r->written == 0 || (d->now.wall > r->written - DRIFT_MS && d->now.wall < r->written + AWAY_DAYS * DAY_MS);
}

const char *gl_retention_waits(const struct daemon *d) {
    if (!d->clock_good) return "the clock is not synchronised, or has just jumped: nothing is purged by a clock in doubt";
    if (d->retention.clock_held)
        return "the clock is off by more than the time that has passed: look at it, then say 'greenlane purge --now'";
    return NULL;
}

static bool clock_allows(struct daemon *d) {
    struct retention *r = &d->retention;
    if (!d->clock_good) return false;
    bool held = !explained(d);
    if (held && !r->clock_held) {
        gl_log(GL_ERROR, "retention: %s",
               "the clock is off by more than the time that has passed; nothing is purged until somebody says that it is right");
        gl_engine_alarm(d->engine, "retention_clock",
                        "the clock is off by more than the time that has passed; nothing is purged until 'greenlane purge --now'",
                        d->now);
    }
    if (!held && r->clock_held) gl_engine_alarm_over(d->engine, "retention_clock", "the clock fits again", d->now);
    r->clock_held = held;
    if (!held && !r->trusted.wall) r->trusted = d->now;
    return !held;
}

void gl_retention_now(struct daemon *d) {
    struct retention *r = &d->retention;
    if (!d->clock_good) return;
    if (r->clock_held) gl_engine_alarm_over(d->engine, "retention_clock", "an operator says that the clock is right", d->now);
    r->clock_held = false;
    r->trusted = d->now;
    r->evidence_mono = r->stepped_mono = 0;
    r->idle = false;
    gl_engine_forget_now(d->engine);
}

/* ---- evidence ---- */
static void stuck(struct daemon *d, const char *what, int rc) {
    char text[GL_DETAIL];
    gl_format(text, sizeof text, "evidence %s cannot be removed: %s", what, strerror(-rc));
    gl_log(GL_ERROR, "retention: %s; it is tried again in an hour", text);
    gl_engine_alarm(d->engine, "evidence_stuck", text, d->now);
    d->retention.announced = false;
    d->retention.evidence_mono = d->now.mono + EVIDENCE_STUCK_MS;
}

static void remove_evidence(struct daemon *d) {
    struct retention *r = &d->retention;
    const char *folder = r->going[r->n_gone];
    int rc = gl_evidence_remove(r->evidence, folder, EVIDENCE_AT_ONCE);
    if (rc < 0) stuck(d, folder, rc);
    if (rc != 0) return;
    r->folders++;
    r->announced = ++r->n_gone < r->n_going;
    if (!r->announced) r->evidence_mono = 0; /* there may be more of them */
}

static bool look_for_evidence(struct daemon *d) {
    struct retention *r = &d->retention;
    struct gl_evidence_state s;
    if (r->evidence_mono && d->now.mono < r->evidence_mono) return false;
    r->evidence_mono = d->now.mono + EVIDENCE_EVERY_MS;
    int rc = gl_evidence_look(r->evidence, d->now.wall, &s);
    if (rc < 0) stuck(d, "folder", rc);
    if (rc < 0 || s.n == 0) return false;
    gl_engine_forget_evidence(d->engine, s.due, s.n, d->now);
    memcpy(r->going, s.due, sizeof r->going);
    r->n_going = s.n;
    r->n_gone = 0;
    r->announced = true; /* durable before the next tick: a commit that fails ends the process */
    return true;
}

/* ---- the disk ---- */
/* Both must be so: a tenth of a large disk is much room. */
static const struct {
    int percent;
    uint64_t bytes;
} levels[] = {{10, UINT64_C(2) << 30}, {5, UINT64_C(1) << 30}, {2, UINT64_C(256) << 20}};

static int level_of(uint64_t left, uint64_t size) {
    int level = 0;
    for (size_t i = 0; i < GL_COUNT(levels); i++)
        if (left < levels[i].bytes && left < size / 100 * (uint64_t)levels[i].percent) level = (int)i + 1;
    return level;
}

static void watch_disk(struct daemon *d) {
    struct retention *r = &d->retention;
    struct statvfs fs;
    char text[GL_DETAIL];
    if (r->disk_mono && d->now.mono < r->disk_mono) return;
    r->disk_mono = d->now.mono + DISK_EVERY_MS;
    if (statvfs(d->config->paths.state, &fs) < 0) return;
    uint64_t left = (uint64_t)fs.f_bavail * fs.f_frsize, size = (uint64_t)fs.f_blocks * fs.f_frsize;
    int level = level_of(left, size);
    if (left < (1u << 20)) return; /* there is no room for saying it, either */
    gl_format(text, sizeof text, "%llu MiB of %llu are left for journal and evidence", (unsigned long long)(left >> 20),
              (unsigned long long)(size >> 20));
    if (level > r->disk_level) {
        gl_log(GL_WARNING, "%s", text);
        gl_engine_alarm(d->engine, "disk_low", text, d->now);
    }
    /* What came near is over when there is clearly more room again. */
    if (r->disk_level && level_of(left - left / 5, size) == 0) gl_engine_alarm_over(d->engine, "disk_low", text, d->now);
    if (level > r->disk_level || level_of(left - left / 5, size) == 0) r->disk_level = level;
}

/* ---- the step ---- */
void gl_retention_tick(struct daemon *d) {
    struct retention *r = &d->retention;
    watch_disk(d);
    r->idle = false;
    if (!clock_allows(d) || d->copy) return; /* a backup holds the journal as it is for its minutes */
    if (!gl_engine_idle(d->engine) && d->now.mono - r->stepped_mono < STEP_AT_LEAST_MS) return;
    r->stepped_mono = d->now.mono;
    if (r->announced)
        remove_evidence(d);
    else if (!look_for_evidence(d))
        r->idle = !gl_engine_forget(d->engine, d->now);
}

/* Plugin `rfid`: readers of radio tags. A reader sees the same tag dozens of times a second, on several antennas, and with it every tagged pallet of
 * a load. What goes on is, per tag and lane:
 *
 *     the first read, at once; then again
 *       - `repeat` after the last one that went on,
 *       - when it is 6 dB stronger, or stronger at all on another antenna,
 *       - when it is live and what went on was late (a late read never goes on within `repeat`).
 *
 * A tag is told apart by its EPC and, where the reader reads it, its TID: factory tags may share an EPC.
 *
 * What was held back in between is not lost: the next that goes on carries how often the tag was seen, and its strongest signal.
 *
 * Thrown away and counted are reads that are too weak (`min_rssi`), tags that are no vehicle's (`only`), and new tags beyond 20 a second: the host
 * would call more than that a flood and distrust the reader, though it is only the load that talks. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"
#include "protocols.h"

static const struct gl_protocol *const protocols[] = {&gl_protocol_llrp, NULL};

enum { RSSI_LEAST = -150, RSSI_MOST = 0 }; /* dBm */
static const struct gl_setting settings[] = {
    {"repeat", GL_SET_DURATION, "3s", NULL, 0, 3600000, "the same tag within this time counts as one; 0s = every read counts"},
    {"min_rssi", GL_SET_INT, NULL, NULL, RSSI_LEAST, RSSI_MOST, "reads weaker than this are dropped, in dBm; without it none is"},
    {"only", GL_SET_TEXT, NULL, NULL, 0, 0, "how the EPCs of vehicle tags begin, such as 3414,E280; other tags are dropped"},
};

enum { MOST_TAGS = 512, MOST_PREFIXES = 32, NEW_BURST = 64, NEW_PER_S = 20, NO_LIMIT = INT32_MIN };
#define BETTER_BY 6.0    /* dB */
#define STRONGER_BY 1.0  /* dB: on another antenna; less is what one read differs from the next */
#define COUNT_MOST 65535 /* as a reader itself counts */

/* A tag in a lane, as it was passed on last, and what was held back since. */
struct tag {
    char epc[GL_EPC], tid[GL_TID], lane[GL_ID];
    bool used, late;
    uint64_t turn; /* when it was seen last: the least is the first to go */
    int64_t mono, seen_mono, antenna;
    double rssi;        /* NaN = the reader does not tell */
    int64_t held;       /* reads */
    double held_strong; /* the strongest of them */
};

struct rfid_plugin {
    const struct gl_host *host;
    int64_t repeat_ms, min_rssi;
    size_t n_prefixes;
    char prefixes[MOST_PREFIXES][GL_EPC];
    uint64_t turns;
    int64_t crowd_mono; /* when the room for new tags was last refilled */
    int crowd_left;
    struct tag tags[MOST_TAGS];
};

/* ---- settings ------------------------------------------------------------------------------------------------------------------------- */
/* One prefix of `only`, in upper case as EPCs are. */
static int add_prefix(struct rfid_plugin *p, const char *text, size_t len, struct gl_error *err) {
    static const char lower[] = "abcdef";
    if (p->n_prefixes >= MOST_PREFIXES) return gl_fail(err, -EINVAL, "only: more than %d beginnings", MOST_PREFIXES);
    char *out = p->prefixes[p->n_prefixes];
    if (len == 0 || gl_copyn(out, GL_EPC, text, len) < 0 || strspn(out, "0123456789ABCDEFabcdef") != len)
        return gl_fail(err, -EINVAL, "only: '%.*s' is no beginning of an EPC; write hexadecimal digits with commas: 3414,E280",
                       len < 40 ? (int)len : 40, text);
    for (char *c = out; *c; c++)
        if (strchr(lower, *c)) *c = (char)(*c - 'a' + 'A');
    p->n_prefixes++;
    return 0;
}

static int read_only(struct rfid_plugin *p, const char *text, struct gl_error *err) {
    int rc = 0;
    while (text && rc == 0) {
        text += strspn(text, " ");
        size_t len = strcspn(text, ","), trimmed = len;
        while (trimmed > 0 && text[trimmed - 1] == ' ') trimmed--;
        rc = add_prefix(p, text, trimmed, err);
        text = text[len] == ',' ? text + len + 1 : NULL;
    }
    return rc;
}

static int rfid_open(const struct gl_host *host, void **ret_ctx, struct gl_error *err) {
    struct rfid_plugin *p = calloc(1, sizeof *p);
    if (!p) return gl_fail(err, -ENOMEM, "out of memory");
    p->host = host;
    p->repeat_ms = gl_setting_ms(host->settings, "repeat", 3000);
    p->min_rssi = gl_setting_int(host->settings, "min_rssi", NO_LIMIT);
    p->crowd_left = NEW_BURST;
    p->crowd_mono = host->now(host->user).mono;
    int rc = 0;
    if (p->min_rssi != NO_LIMIT && (p->min_rssi < RSSI_LEAST || p->min_rssi > RSSI_MOST))
        rc = gl_fail(err, -EINVAL, "min_rssi: must be from %d to %d dBm, for example -60", RSSI_LEAST, RSSI_MOST);
    else
        rc = read_only(p, gl_setting_text(host->settings, "only"), err);
    if (rc < 0) {
        free(p);
        return rc;
    }
    *ret_ctx = p;
    return 0;
}

/* ---- what is thrown away --------------------------------------------------------------------------------------------------------------- */
/* A read whose strength is unknown is not known to be strong enough. */
static bool too_weak(const struct rfid_plugin *p, double rssi) {
    return p->min_rssi != NO_LIMIT && !(rssi >= (double)p->min_rssi);
}

static bool is_vehicle(const struct rfid_plugin *p, const char *epc) {
    for (size_t i = 0; i < p->n_prefixes; i++)
        if (strncmp(epc, p->prefixes[i], strlen(p->prefixes[i])) == 0) return true;
    return p->n_prefixes == 0;
}

/* Whether there is room for one more tag that is new. History, which a reader sends in one burst after an outage, leaves half of it to live reads. */
static bool have_room(struct rfid_plugin *p, bool late, int64_t mono) {
    int64_t more = (mono - p->crowd_mono) / (1000 / NEW_PER_S);
    if (more > 0) {
        p->crowd_left = more > NEW_BURST - p->crowd_left ? NEW_BURST : p->crowd_left + (int)more;
        p->crowd_mono += more * (1000 / NEW_PER_S);
    }
    if (p->crowd_left <= (late ? NEW_BURST / 2 : 0)) return false;
    p->crowd_left--;
    return true;
}

/* ---- what is passed on ----------------------------------------------------------------------------------------------------------------- */
static struct tag *find_tag(struct rfid_plugin *p, const struct gl_reading *r) {
    for (size_t i = 0; i < MOST_TAGS; i++) {
        struct tag *t = &p->tags[i];
        if (t->used && strcmp(t->epc, r->value.tag.epc) == 0 && strcmp(t->tid, r->value.tag.tid) == 0 &&
            strcmp(t->lane, r->lane) == 0)
            return t;
    }
    return NULL;
}

/* A free place, or that of the tag that was seen longest ago. */
static struct tag *place_for(struct rfid_plugin *p) {
    struct tag *oldest = &p->tags[0];
    for (size_t i = 0; i < MOST_TAGS; i++) {
        if (!p->tags[i].used) return &p->tags[i];
        if (p->tags[i].turn < oldest->turn) oldest = &p->tags[i];
    }
    return oldest;
}

static bool stronger(double rssi, double than, double by) {
    return !isnan(rssi) && (isnan(than) || rssi >= than + by);
}

static bool is_news(const struct rfid_plugin *p, const struct tag *t, const struct gl_reading *r, int64_t mono) {
    const struct gl_tag_value *v = &r->value.tag;
    if (mono - t->mono >= p->repeat_ms) return true;
    if (r->late == GL_TRUE) return false;
    return t->late || stronger(v->rssi_dbm, t->rssi, v->antenna == t->antenna ? BETTER_BY : STRONGER_BY);
}

static void hold_back(struct tag *t, const struct gl_reading *r) {
    if (r->late == GL_TRUE) return; /* what a live read will say must have been seen live */
    t->held += r->value.tag.count > 0 && r->value.tag.count < COUNT_MOST ? r->value.tag.count : 1;
    if (t->held > COUNT_MOST) t->held = COUNT_MOST;
    if (stronger(r->value.tag.rssi_dbm, t->held_strong, 0)) t->held_strong = r->value.tag.rssi_dbm;
}

/* A read that goes on takes with it what was held back before, unless the tag has been away since: that was another visit. */
static void carry(struct tag *t, struct gl_tag_value *v, bool away) {
    if (t->held > 0 && !away) {
        v->count = (v->count > 0 ? v->count : 1) + t->held;
        if (v->count > COUNT_MOST) v->count = COUNT_MOST;
        if (stronger(t->held_strong, v->rssi_dbm, 0)) v->rssi_dbm = t->held_strong;
    }
    t->held = 0;
    t->held_strong = NAN;
}

static void pass(struct rfid_plugin *p, struct tag *t, struct gl_reading *r, int64_t mono) {
    struct gl_tag_value *v = &r->value.tag;
    t->late = r->late == GL_TRUE;
    if (!t->late) carry(t, v, mono - t->seen_mono >= p->repeat_ms);
    t->mono = mono;
    t->antenna = v->antenna;
    t->rssi = v->rssi_dbm;
}

/* The name of the counter under which the read is dropped; NULL: it goes on. */
static const char *dropped_as(struct rfid_plugin *p, struct gl_reading *r) {
    int64_t mono = p->host->now(p->host->user).mono;
    if (too_weak(p, r->value.tag.rssi_dbm)) return "weak";
    if (!is_vehicle(p, r->value.tag.epc)) return "not_a_vehicle";
    struct tag *t = find_tag(p, r);
    bool fresh = !t;
    if (fresh) {
        if (!have_room(p, r->late == GL_TRUE, mono)) return "crowd";
        t = place_for(p);
        *t = (struct tag){.used = true, .held_strong = NAN};
        memcpy(t->epc, r->value.tag.epc, sizeof t->epc);
        memcpy(t->tid, r->value.tag.tid, sizeof t->tid);
        memcpy(t->lane, r->lane, sizeof t->lane);
    }
    t->turn = ++p->turns;
    bool news = fresh || is_news(p, t, r, mono);
    if (news)
        pass(p, t, r, mono);
    else
        hold_back(t, r);
    t->seen_mono = mono;
    return news ? NULL : "repeated";
}

static void rfid_shape(void *ctx, struct gl_reading *r) {
    struct rfid_plugin *p = ctx;
    const char *dropped = r->kind == GL_READING_TAG ? dropped_as(p, r) : NULL;
    if (dropped)
        p->host->count(p->host->user, dropped);
    else
        p->host->reading(p->host->user, r);
}

static void rfid_close(void *ctx) {
    free(ctx);
}

__attribute__((visibility("default"))) const struct gl_plugin gl_plugin = {
    .abi = GL_PLUGIN_ABI,
    .size = sizeof(struct gl_plugin),
    .name = "rfid",
    .protocols = protocols,
    .settings = settings,
    .n_settings = GL_COUNT(settings),
    .open = rfid_open,
    .shape = rfid_shape,
    .close = rfid_close,
};

#include "isapi/script.h"

#include <errno.h>
#include <string.h>

#include "isapi/values.h"

const char gl_isapi_script_help[] =
    "Commands, one a line on standard input ('#' starts a comment):\n"
    "  plate TEXT [OPTION...]   an event with this plate and its pictures\n"
    "  unknown [OPTION...]      a vehicle whose plate could not be read\n"
    "  noplate [OPTION...]      a vehicle without a plate\n"
    "  heartbeat                a sign of life now\n"
    "  raw FILE                 the file's bytes as they are (pushed: as one request body)\n"
    "  garbage N                N bytes of noise\n"
    "  cut [OPTION...]          half an event, then the connection ends\n"
    "  sleep MS                 wait\n"
    "  wait [MS]                with --serve: until somebody reads the stream, at most MS (10000)\n"
    "  quit                     end before the end of the input\n"
    "Options of an event:\n"
    "  country=GB               ISO code, written as the camera's number      confidence=97   0..100, or anything to be refused\n"
    "  direction=forward        forward, reverse, unknown                     lane=1          the camera's lane number\n"
    "  type=truck               vehicleType: truck, saloon, bus, ...          pictures=2      0, 1 or 2\n"
    "  chars=99,98,61           confidence per character                      container=TEXT  a container number seen as well\n"
    "  uuid=TEXT                else a new one per event                      original=TEXT   the plate in its own alphabet\n"
    "  time=now                 or RFC 3339, or any text to be sent as it is  namespace=isapi hikvision, isapi, std-cgi, psia, "
    "prefixed, none\n"
    "  retransmission=true      sent again after a fault of the network       history=true    from the camera's store\n"
    "  more=true                plate first: the pictures come with a second event of the same uuid\n";

void gl_isapi_time_text(int64_t wall, char *out, size_t size) {
    char text[GL_TIME_TEXT];
    gl_time_format(wall, text);
    gl_format(out, size, "%.19s+00:00", text);
}

static int set_text(char *dst, size_t size, const char *key, const char *value, struct gl_error *err) {
    if (gl_copy(dst, size, value) < 0) return gl_fail(err, -EINVAL, "%s= has at most %zu bytes", key, size - 1);
    return 0;
}

static int set_flag(bool *dst, const char *key, const char *value, struct gl_error *err) {
    *dst = strcmp(value, "true") == 0;
    if (!*dst && strcmp(value, "false") != 0) return gl_fail(err, -EINVAL, "%s=%s: it must be true or false", key, value);
    return 0;
}

static int set_number(int64_t *dst, const char *key, const char *value, int64_t max, struct gl_error *err) {
    if (gl_parse_int(value, 0, max, dst) < 0)
        return gl_fail(err, -EINVAL, "%s=%s: it must be 0 to %lld", key, value, (long long)max);
    return 0;
}

static int set_option(struct gl_isapi_scene *s, const char *key, const char *value, int64_t wall, struct gl_error *err) {
    const struct {
        const char *key;
        char *dst;
        size_t size;
    } texts[] = {
        {"direction", s->direction, sizeof s->direction},    {"type", s->vehicle, sizeof s->vehicle},
        {"confidence", s->confidence, sizeof s->confidence}, {"chars", s->characters, sizeof s->characters},
        {"container", s->container, sizeof s->container},    {"uuid", s->uuid, sizeof s->uuid},
        {"original", s->original, sizeof s->original},
    };
    for (size_t i = 0; i < GL_COUNT(texts); i++)
        if (strcmp(key, texts[i].key) == 0) return set_text(texts[i].dst, texts[i].size, key, value, err);
    if (strcmp(key, "lane") == 0) return set_number(&s->lane, key, value, 99, err);
    if (strcmp(key, "pictures") == 0) return set_number(&s->pictures, key, value, 2, err);
    if (strcmp(key, "retransmission") == 0) return set_flag(&s->resent, key, value, err);
    if (strcmp(key, "history") == 0) return set_flag(&s->history, key, value, err);
    if (strcmp(key, "more") == 0) return set_flag(&s->more, key, value, err);
    if (strcmp(key, "time") == 0) {
        if (strcmp(value, "now") != 0) return set_text(s->time, sizeof s->time, key, value, err);
        gl_isapi_time_text(wall, s->time, sizeof s->time);
        return 0;
    }
    if (strcmp(key, "country") == 0) {
        if (gl_isapi_country_code(value) == 0) return gl_fail(err, -EINVAL, "country=%s: the camera knows no number for it", value);
        return set_text(s->country, sizeof s->country, key, value, err);
    }
    if (strcmp(key, "namespace") == 0) {
        if (!gl_isapi_space_known(value))
            return gl_fail(err, -EINVAL, "namespace=%s: it must be hikvision, isapi, std-cgi, psia, prefixed or none", value);
        return set_text(s->space, sizeof s->space, key, value, err);
    }
    return gl_fail(err, -EINVAL, "\"%s\" is no option of an event; --help lists them", key);
}

/* The next word of *p, into out; false at the end of the line. */
static bool word(const char **p, char *out, size_t size) {
    *p += strspn(*p, " \t\r\n");
    size_t n = strcspn(*p, " \t\r\n");
    if (n == 0 || gl_copyn(out, size, *p, n) < 0) return false;
    *p += n;
    return true;
}

static int options(const char *p, struct gl_isapi_scene *s, int64_t wall, struct gl_error *err) {
    char text[300];
    while (word(&p, text, sizeof text)) {
        char *equals = strchr(text, '=');
        if (!equals) return gl_fail(err, -EINVAL, "\"%.80s\" is no option; they look like lane=1", text);
        *equals = '\0';
        int rc = set_option(s, text, equals + 1, wall, err);
        if (rc < 0) return rc;
    }
    return p[0] ? gl_fail(err, -EINVAL, "an option is longer than %zu bytes", sizeof text - 1) : 0;
}

static const struct order {
    const char *word;
    enum gl_isapi_order order;
    const char *plate; /* what the event says instead of a plate */
    bool takes_plate, takes_number, takes_file;
    int64_t preset; /* the number when none is given; -1 = it must be given */
} orders[] = {
    {"plate", GL_ISAPI_EVENT, NULL, true, false, false, 0},
    {"unknown", GL_ISAPI_EVENT, "unknown", false, false, false, 0},
    {"noplate", GL_ISAPI_EVENT, "noPlate", false, false, false, 0},
    {"heartbeat", GL_ISAPI_HEARTBEAT, NULL, false, false, false, 0},
    {"raw", GL_ISAPI_RAW, NULL, false, false, true, 0},
    {"garbage", GL_ISAPI_GARBAGE, NULL, false, true, false, -1},
    {"cut", GL_ISAPI_CUT, "CUT1", false, false, false, 0},
    {"sleep", GL_ISAPI_SLEEP, NULL, false, true, false, -1},
    {"wait", GL_ISAPI_WAIT, NULL, false, true, false, 10000},
    {"quit", GL_ISAPI_QUIT, NULL, false, false, false, 0},
};

static const struct order *find_order(const char *text) {
    for (size_t i = 0; i < GL_COUNT(orders); i++)
        if (strcmp(orders[i].word, text) == 0) return &orders[i];
    return NULL;
}

static int fill_scene(const struct order *o, const char *p, int64_t wall, uint64_t count, struct gl_isapi_scene *s,
                      struct gl_error *err) {
    char stamp[GL_TIME_TEXT];
    *s = gl_isapi_scene();
    gl_time_format(wall, stamp);
    gl_isapi_time_text(wall, s->time, sizeof s->time);
    gl_format(s->uuid, sizeof s->uuid, "%.4s%.2s%.2s%.2s%.2s%.2s%.3s00SimulatedCamera%08llu", stamp, stamp + 5, stamp + 8,
              stamp + 11, stamp + 14, stamp + 17, stamp + 20, (unsigned long long)count);
    if (o->plate) {
        gl_clip(s->plate, sizeof s->plate, o->plate);
        gl_clip(s->confidence, sizeof s->confidence, o->order == GL_ISAPI_CUT ? "97" : "0");
    }
    if (o->takes_plate && (!word(&p, s->plate, sizeof s->plate) || strchr(s->plate, '=') || strcmp(s->plate, "-") == 0))
        return gl_fail(err, -EINVAL, "plate needs the text of a plate; for a vehicle without one say noplate or unknown");
    return options(p, s, wall, err);
}

int gl_isapi_command_parse(const char *line, int64_t wall, uint64_t count, struct gl_isapi_command *ret, struct gl_error *err) {
    struct gl_isapi_command c = {.order = GL_ISAPI_NOTHING};
    const char *p = line;
    char text[512];
    bool any = word(&p, text, sizeof text);
    if (!any && p[0]) return gl_fail(err, -EINVAL, "a word of more than 511 bytes is no command");
    if (!any || text[0] == '#') {
        *ret = c;
        return 0;
    }
    const struct order *o = find_order(text);
    if (!o) return gl_fail(err, -EINVAL, "\"%.80s\" is no command; --help lists them", text);
    c.order = o->order;
    if (o->order == GL_ISAPI_EVENT || o->order == GL_ISAPI_CUT) {
        int rc = fill_scene(o, p, wall, count, &c.scene, err);
        if (rc < 0) return rc;
    } else if (o->takes_file && !word(&p, c.text, sizeof c.text)) {
        return gl_fail(err, -EINVAL, "%s needs the name of a file", o->word);
    } else if (o->takes_number) {
        c.number = o->preset;
        bool given = word(&p, text, sizeof text);
        if ((given || o->preset < 0) && (!given || gl_parse_int(text, 0, 8 * 1024 * 1024, &c.number) < 0))
            return gl_fail(err, -EINVAL, "%s needs a whole number up to 8388608", o->word);
    }
    *ret = c;
    return 0;
}

/* The picture of `greenlane watch`: taking in events, and drawing. Everything shown was cleaned when it was taken in. */
#include <string.h>

#include "cli/watch.h"

#define CLEAN(dst, object, member) gl_cli_clean(dst, sizeof(dst), gl_cli_text(object, member))

void gl_watch_init(struct gl_watch_screen *s, const struct gl_config *c) {
    *s = (struct gl_watch_screen){.n_lanes = c->n_lanes};
    gl_clip(s->post, sizeof s->post, c->post);
    for (int i = 0; i < c->n_lanes; i++) gl_clip(s->lanes[i].id, sizeof s->lanes[i].id, c->lanes[i].id);
}

/* ---- taking in ---- */
static struct gl_watch_lane *lane_of(struct gl_watch_screen *s, const json_t *d) {
    for (int i = 0; i < s->n_lanes; i++)
        if (strcmp(s->lanes[i].id, gl_cli_text(d, "lane")) == 0) return &s->lanes[i];
    return NULL;
}

static void take_gateway(struct gl_watch_screen *s, const json_t *d) {
    CLEAN(s->gateway, d, "state");
}

static void take_feed(struct gl_watch_screen *s, const json_t *d) {
    size_t i;
    json_t *c;
    s->feed[0] = '\0';
    json_array_foreach(json_object_get(d, "collections"), i, c) {
        char name[24], state[12], one[GL_WATCH_TEXT * 2];
        CLEAN(name, c, "collection");
        CLEAN(state, c, "state");
        gl_format(one, sizeof one, "%s%s%s %s", s->feed, i ? ", " : "", name, state);
        gl_clip(s->feed, sizeof s->feed, one);
    }
}

static void take_device(struct gl_watch_screen *s, const json_t *d) {
    int i = 0;
    while (i < s->n_devices && strcmp(s->devices[i].id, gl_cli_text(d, "device")) != 0) i++;
    if (i == GL_WATCH_DEVICES) return;
    if (i == s->n_devices) CLEAN(s->devices[s->n_devices++].id, d, "device");
    CLEAN(s->devices[i].state, d, "state");
    CLEAN(s->devices[i].reason, d, "reason");
}

static void take_mode(struct gl_watch_screen *s, const json_t *d) {
    struct gl_watch_lane *l = lane_of(s, d);
    if (l) CLEAN(l->mode, d, "mode");
}

static void take_signal(struct gl_watch_screen *s, const json_t *d) {
    struct gl_watch_lane *l = lane_of(s, d);
    if (!l) return;
    CLEAN(l->signal, d, "signal");
    CLEAN(l->level, d, "level");
    l->until = gl_cli_wall(d, "until");
}

/* A lane shows its first vehicle: a closed one makes room; one behind it waits until the first has gone. */
static void take_passage(struct gl_watch_screen *s, const json_t *d) {
    struct gl_watch_lane *l = lane_of(s, d);
    const char *id = gl_cli_text(d, "passage");
    if (!l || (l->passage[0] && strcmp(l->passage, id) != 0)) return;
    l->plate[0] = l->trailer[0] = '\0';
    if (strcmp(gl_cli_text(d, "state"), "closed") == 0) {
        l->passage[0] = l->reason[0] = '\0';
        return;
    }
    const json_t *known = json_object_get(d, "known");
    CLEAN(l->passage, d, "passage");
    CLEAN(l->plate, known, "plate");
    CLEAN(l->trailer, known, "trailer");
}

static void take_decision(struct gl_watch_screen *s, const json_t *d) {
    struct gl_watch_lane *l = lane_of(s, d);
    size_t i;
    json_t *r;
    if (!l) return;
    CLEAN(l->passage, d, "passage");
    CLEAN(l->level, d, "level");
    l->reason[0] = '\0';
    json_array_foreach(json_object_get(d, "rules"), i, r) {
        char rule[40], detail[GL_DETAIL];
        if (strcmp(gl_cli_text(r, "result"), "fail") != 0 && strcmp(gl_cli_text(r, "result"), "unknown") != 0) continue;
        CLEAN(rule, r, "rule");
        CLEAN(detail, r, "detail");
        if (!l->reason[0] || strcmp(gl_cli_text(r, "level"), l->level) == 0)
            gl_format(l->reason, sizeof l->reason, "%s: %s", rule, detail);
        if (strcmp(gl_cli_text(r, "level"), l->level) == 0) return;
    }
}

void gl_watch_words(const json_t *event, char out[GL_WATCH_TEXT]) {
    const json_t *d = json_object_get(event, "data");
    const char *type = gl_cli_text(event, "type");
    char at[GL_TIME_TEXT];
    GL_CLEANUP(gl_buf_free) struct gl_buf words = GL_BUF(8192);
    out[0] = '\0';
    gl_cli_clock(gl_cli_wall(event, "time"), at);
    gl_buf_printf(&words, "%s ", at);
    gl_cli_clean_add(&words, gl_cli_text(d, "lane"));
    gl_buf_char(&words, ' ');
    if (strncmp(type, "greenlane.reading.", 18) == 0) {
        gl_cli_reading_words(type + 18, d, &words);
    } else if (strcmp(type, "greenlane.decision") == 0) {
        gl_cli_clean_add(&words, gl_cli_text(d, "outcome"));
        gl_buf_char(&words, ' ');
        gl_cli_clean_add(&words, gl_cli_text(d, "level"));
    } else if (strcmp(type, "greenlane.alarm") == 0) {
        gl_buf_text(&words, strcmp(gl_cli_text(d, "action"), "raise") == 0 ? "ALARM " : "alarm answered: ");
        gl_cli_clean_add(&words, gl_cli_text(d, "kind"));
        gl_buf_text(&words, ": ");
        gl_cli_clean_add(&words, gl_cli_text(d, "detail"));
    } else if (strcmp(type, "greenlane.passage") == 0 && strcmp(gl_cli_text(d, "state"), "closed") == 0) {
        gl_buf_text(&words, "has left: ");
        gl_cli_clean_add(&words, gl_cli_text(d, "exit"));
    } else if (strcmp(type, "greenlane.state.signal") == 0) {
        gl_buf_text(&words, "shows ");
        gl_cli_clean_add(&words, gl_cli_text(d, "signal"));
    } else
        return;
    if (!words.failed) gl_clip(out, GL_WATCH_TEXT, words.data);
}

void gl_watch_take(struct gl_watch_screen *s, const json_t *line) {
    static const struct {
        const char *type;
        void (*take)(struct gl_watch_screen *s, const json_t *data);
    } types[] = {{"greenlane.state.gateway", take_gateway}, {"greenlane.state.feed", take_feed},
                 {"greenlane.state.device", take_device},   {"greenlane.state.mode", take_mode},
                 {"greenlane.state.signal", take_signal},   {"greenlane.passage", take_passage},
                 {"greenlane.decision", take_decision}};
    const json_t *event = json_object_get(line, "event");
    char words[GL_WATCH_TEXT];
    for (size_t i = 0; i < GL_COUNT(types); i++)
        if (strcmp(types[i].type, gl_cli_text(event, "type")) == 0) types[i].take(s, json_object_get(event, "data"));
    gl_watch_words(event, words);
    if (!words[0]) return;
    if (s->n_events == GL_WATCH_EVENTS)
        memmove(s->events[0], s->events[1], sizeof s->events - sizeof s->events[0]);
    else
        s->n_events++;
    memcpy(s->events[s->n_events - 1], words, sizeof words);
}

/* ---- drawing ---- */
struct pen {
    struct gl_buf *out;
    int row, rows, columns;
};

/* One line, cut at the right edge, the rest of it wiped. Beyond the last row nothing is drawn. */
static void put(struct pen *p, const char *colour, const char *text) {
    if (p->row >= p->rows) return;
    size_t n = 0;
    for (int shown = 0; text[n]; n++) {
        bool starts = ((unsigned char)text[n] & 0xC0) != 0x80;
        if (starts && shown == p->columns) break;
        shown += starts;
    }
    gl_buf_printf(p->out, "\033[%d;1H%s", ++p->row, colour);
    gl_buf_add(p->out, text, n);
    gl_buf_text(p->out, "\033[0m\033[K");
}

static const char *signal_colour(const char *signal) {
    static const struct {
        const char *signal, *colour;
    } colours[] = {{"release", "\033[1;32m"}, {"inspect", "\033[1;33m"}, {"fault", "\033[1;37;41m"}, {"stop", "\033[31m"}};
    for (size_t i = 0; i < GL_COUNT(colours); i++)
        if (strcmp(colours[i].signal, signal) == 0) return colours[i].colour;
    return "";
}

/* Pads by characters, not by bytes. */
static void cell(char *line, size_t size, const char *text, size_t width) {
    size_t n = strlen(line), have = gl_cli_width(text);
    gl_format(line + n, size - n, "%s%*s", text, (int)(have < width ? width - have : 0) + 1, "");
}

static void draw_lane(const struct gl_watch_lane *l, int64_t wall, struct pen *p) {
    char line[512] = "", left[16] = "", vehicle[2 * GL_PLATE + 4] = "";
    if (l->until > wall) gl_format(left, sizeof left, "%lld s", (long long)(l->until - wall + 999) / 1000);
    gl_format(vehicle, sizeof vehicle, "%s%s%s", l->plate, l->trailer[0] ? " + " : "", l->trailer);
    cell(line, sizeof line, l->id, 12);
    cell(line, sizeof line, l->mode, 8);
    cell(line, sizeof line, l->signal[0] ? l->signal : "-", 8);
    cell(line, sizeof line, l->level, 9);
    cell(line, sizeof line, left, 6);
    cell(line, sizeof line, vehicle, 22);
    cell(line, sizeof line, l->reason, 0);
    put(p, signal_colour(l->signal), line);
}

static void draw_devices(const struct gl_watch_screen *s, struct pen *p) {
    char line[GL_WATCH_TEXT * 2];
    int online = 0;
    for (int i = 0; i < s->n_devices; i++) online += strcmp(s->devices[i].state, "online") == 0;
    gl_format(line, sizeof line, "Devices: %d of %d online", online, s->n_devices);
    put(p, "", line);
    for (int i = 0; i < s->n_devices; i++) {
        if (strcmp(s->devices[i].state, "online") == 0) continue;
        gl_format(line, sizeof line, "  %s is %s: %s", s->devices[i].id, s->devices[i].state, s->devices[i].reason);
        put(p, "\033[33m", line);
    }
}

void gl_watch_draw(const struct gl_watch_screen *s, int rows, int columns, int64_t wall, const char *note, struct gl_buf *out) {
    struct pen p = {out, 0, rows - 1, columns};
    char line[512] = "", at[GL_TIME_TEXT];
    gl_cli_clock(wall, at);
    gl_format(line, sizeof line, "Greenlane, post %s   %s   gateway %s", s->post, at, s->gateway[0] ? s->gateway : "not known");
    put(&p, "\033[1m", line);
    put(&p, "", "");
    line[0] = '\0';
    static const struct {
        const char *head;
        size_t width;
    } columns_of[] = {{"lane", 12}, {"mode", 8}, {"signal", 8}, {"level", 9}, {"until", 6}, {"vehicle", 22}, {"reason", 0}};
    for (size_t i = 0; i < GL_COUNT(columns_of); i++) cell(line, sizeof line, columns_of[i].head, columns_of[i].width);
    put(&p, "\033[4m", line);
    for (int i = 0; i < s->n_lanes; i++) draw_lane(&s->lanes[i], wall, &p);
    put(&p, "", "");
    gl_format(line, sizeof line, "Declarations: %s", s->feed[0] ? s->feed : "nothing is known");
    put(&p, "", line);
    draw_devices(s, &p);
    put(&p, "", "");
    for (int i = 0; i < s->n_events; i++) put(&p, strstr(s->events[i], "ALARM") ? "\033[1;31m" : "", s->events[i]);
    gl_buf_text(out, "\033[J");
    p.row = rows - 1;
    p.rows = rows;
    put(&p, "\033[2m", note);
}

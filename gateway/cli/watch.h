/* What `greenlane watch` shows: the lanes as the latest events left them. Pure: events in, a picture out. */
#pragma once
#include "cli/cli.h"

enum { GL_WATCH_EVENTS = 10, GL_WATCH_TEXT = 160, GL_WATCH_DEVICES = GL_MAX_LANES * (GL_MAX_DEVICES + GL_MAX_LINES) };

struct gl_watch_lane {
    char id[GL_ID], mode[12], signal[12], level[12];
    char passage[GL_UUID], plate[GL_PLATE], trailer[GL_PLATE];
    char reason[GL_WATCH_TEXT];
    int64_t until;
};
struct gl_watch_device {
    char id[GL_ID], state[12], reason[GL_WATCH_TEXT];
};
struct gl_watch_screen {
    char post[GL_ID], gateway[12];
    int n_lanes, n_devices, n_events;
    struct gl_watch_lane lanes[GL_MAX_LANES];
    struct gl_watch_device devices[GL_WATCH_DEVICES];
    char feed[GL_WATCH_TEXT];
    char events[GL_WATCH_EVENTS][GL_WATCH_TEXT]; /* newest last */
};

void gl_watch_init(struct gl_watch_screen *s, const struct gl_config *c);

/* One line of the gateway: {"topic":...,"event":{...}}. Anything else changes nothing. */
void gl_watch_take(struct gl_watch_screen *s, const json_t *line);

/* One event in one line of words, without a line end; "" when it is not worth one. */
void gl_watch_words(const json_t *event, char out[GL_WATCH_TEXT]);

/* The whole picture for a terminal of that size, from its upper left corner on; note: a line at the bottom. */
void gl_watch_draw(const struct gl_watch_screen *s, int rows, int columns, int64_t wall, const char *note, struct gl_buf *out);

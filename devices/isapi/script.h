/* The simulated camera's script: one command a line. */
#pragma once
#include "base/time.h"
#include "isapi/compose.h"

enum gl_isapi_order {
    GL_ISAPI_NOTHING, /* an empty line, or a comment after '#' */
    GL_ISAPI_EVENT,   /* plate, unknown, noplate */
    GL_ISAPI_HEARTBEAT,
    GL_ISAPI_RAW,     /* text = file, number unused */
    GL_ISAPI_GARBAGE, /* number = bytes */
    GL_ISAPI_CUT,     /* scene = the event of which half is sent */
    GL_ISAPI_SLEEP,   /* number = ms */
    GL_ISAPI_WAIT,    /* number = ms at most, until somebody reads the stream */
    GL_ISAPI_QUIT,
};

struct gl_isapi_command {
    enum gl_isapi_order order;
    struct gl_isapi_scene scene;
    char text[512];
    int64_t number;
};

/* How the camera writes a moment: UTC with an offset, whole seconds. */
void gl_isapi_time_text(int64_t wall, char *out, size_t size);

/* Reads one line. wall and count (of commands so far) make the default time and UUID. -EINVAL says what would be right. */
int gl_isapi_command_parse(const char *line, int64_t wall, uint64_t count, struct gl_isapi_command *ret,
                           struct gl_error *err) GL_MUST_USE;

/* The commands and their options, for --help. */
extern const char gl_isapi_script_help[];

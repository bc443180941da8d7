/* What a configuration names, and whether it is there: for `greenlane check --probe`. */
#pragma once
#include "config/config.h"

enum { GL_PROBE_MS = 2000, GL_PROBES = GL_MAX_LANES * (GL_MAX_DEVICES + GL_MAX_LINES) + 1 };

struct gl_probe {
    char name[GL_ID];        /* device id, LANE.gpio, or "broker" */
    char what[GL_PATH + 24]; /* for people: "tcp 10.0.1.20:1600" */
    enum { GL_PROBE_TCP, GL_PROBE_NODE, GL_PROBE_SOCKET, GL_PROBE_NONE /* the device calls us */ } kind;
    struct gl_address address;
};

/* Fills list[GL_PROBES]; returns how many. Each gpio chip stands once a lane. */
int gl_probe_list(const struct gl_config *c, struct gl_probe *list);

/* 0; or negative with the reason. Takes at most GL_PROBE_MS for each address of the host. */
int gl_probe_one(const struct gl_probe *p, struct gl_error *err) GL_MUST_USE;

/* A GPIO chip that is part of this process, with the lines of one lane: it serves one client, as greenlane-sim-chip does (chip/chip_wire.h), and sees
 * at once what the client sets. */
#pragma once
#include "chip/chip_wire.h"
#include "names.h"

enum bench_line { LINE_ENTRY, LINE_EXIT, LINE_RED, LINE_AMBER, LINE_GREEN, LINE_HEARTBEAT, LINES };

struct chip {
    int listener, client;
    struct {
        bool claimed, output, level;
        int64_t changed_ns; /* set by the client; 0 = not yet */
    } lines[LINES];
};

/* Waits until the client has come and has claimed this output. */
void chip_open(struct chip *c, const char *path, enum bench_line output);
void chip_look(struct chip *c);                                    /* takes what the client says */
void chip_drive(struct chip *c, enum bench_line line, bool level); /* an input, from outside */
void chip_close(struct chip *c);

/* The module ABI: a shared object in the plugins' folder modules/, named by a protocol (gl_protocol.module), that carries a transport which needs large
 * libraries. It is loaded by the process that serves such a device, and by no other: not by the other devices, and not by `greenlane check`.
 *
 *     source ──► module: takes pictures in, looks at them ──► bytes of the protocol ──► the codec, as from any carrier
 *
 * It may have threads of its own; all events come from the host's loop. Exports one symbol, `gl_module`; no globals. */
#pragma once
#include "host/carrier.h"
#include "protocol.h"

enum { GL_MODULE_ABI = 2 };

struct gl_module {
    uint32_t abi;     /* GL_MODULE_ABI */
    uint32_t size;    /* sizeof(struct gl_module) */
    const char *name; /* "anpr-frames" */

    /* Loads whatever it needs from files: afterwards the process can open no more of them. No threads yet. The settings
     * are copied as far as they are needed. */
    int (*prepare)(const struct gl_settings *settings, void **ret_ready, struct gl_error *err);
    /* A carrier (carrier.h), as gl_carrier_ops.open makes one; ready outlives it. Its presence() is called for devices with `trigger: loop` alone. */
    int (*open)(void *ready, uv_loop_t *loop, const struct gl_address *at, const char *secret,
                const struct gl_carrier_events *events, void *user, struct gl_carrier **ret);
    void (*release)(void *ready); /* what prepare() made; after the carrier is closed */
};

/* The one exported symbol of a module. */
__attribute__((visibility("default"))) extern const struct gl_module gl_module;

/* A loaded module; stays loaded until the process ends (plugins/host/module.c). */
int gl_module_load(const char *folder, const char *name, const struct gl_module **ret, struct gl_error *err) GL_MUST_USE;

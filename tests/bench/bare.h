/* The bare program's parts: see bare.c. */
#pragma once
#include "ipc/messages.h"
#include "names.h"

/* bare_store.c: one look-up, one table, one commit for all that has come. */
struct bare_store;
struct bare_store *bare_store_open(const char *cache, const char *journal);
void bare_store_close(struct bare_store *s);
int64_t bare_store_lookup(struct bare_store *s,
                          const struct gl_reading *r); /* the movement's row id; 0 = none, or nothing to look up */
void bare_store_insert(struct bare_store *s, const struct gl_reading *r, int64_t movement, const char *payload);
void bare_store_commit(struct bare_store *s);

/* bare_mqtt.c: publish with QoS 1, as many at a time as the broker takes. */
struct bare_mqtt;
struct bare_mqtt *bare_mqtt_open(int port);
void bare_mqtt_publish(struct bare_mqtt *m, const char *topic, const char *payload);
void bare_mqtt_pace(struct bare_mqtt *m); /* returns when not too many wait */
void bare_mqtt_close(struct bare_mqtt *m);

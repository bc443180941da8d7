/* The sections of the file, and those of the post itself: id, broker, paths, feed, clock. */
#include <string.h>
#include <unistd.h>

#include "config/reader.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

/* mqtt://HOST[:PORT] or mqtts://HOST[:PORT]; the port is filled in. */
static void read_url(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    const char *text = gl_read_text(r, n);
    if (!text) return;
    bool tls = strncmp(text, "mqtts://", 8) == 0;
    if (!tls && strncmp(text, "mqtt://", 7) != 0) {
        gl_yaml_error(&r->y, n, "'%.60s' is no broker address; write mqtts://HOST or mqtt://HOST, with :PORT where it is unusual",
                      text);
        return;
    }
    const char *host = text + (tls ? 8 : 7);
    char tcp[GL_PATH];
    struct gl_address a;
    struct gl_error err;
    gl_format(tcp, sizeof tcp, "tcp://%s", host);
    struct gl_protocol broker = {.name = "mqtt", .transports = GL_TRANSPORT_TCP_CONNECT, .port = tls ? 8883 : 1883};
    if (strlen(host) > 128 || gl_address_parse(tcp, &broker, &a, &err) < 0) {
        gl_yaml_error(&r->y, n, "'%.60s' is no broker address; write %s://HOST or %s://HOST:PORT, and nothing behind it", text,
                      tls ? "mqtts" : "mqtt", tls ? "mqtts" : "mqtt");
        return;
    }
    gl_format(out, k->size, strchr(a.host, ':') ? "%s://[%s]:%u" : "%s://%s:%u", tls ? "mqtts" : "mqtt", a.host, a.port);
}

static void read_timezone(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    static const char zones[] = "/usr/share/zoneinfo";
    const char *text = gl_read_text(r, n);
    char path[128];
    if (!text) return;
    gl_format(path, sizeof path, "%s/%.48s", zones, text);
    bool known = strlen(text) < k->size && strspn(text, allowed) == strlen(text) && text[0] != '/' && text[0] != '-';
    /* A machine without the time zone data cannot tell; the name is then taken as it is. */
    if (!known || (access(zones, R_OK) == 0 && access(path, R_OK) != 0))
        gl_yaml_error(&r->y, n, "'%.48s' is no time zone; write one like Europe/Tallinn or UTC", text);
    else
        gl_clip(out, k->size, text);
}

static void read_source(struct gl_reader *r, const struct gl_key *k GL_UNUSED, const struct gl_yaml_node *n, void *out) {
    static const char *const sources[] = {NULL, "mqtt", "import", NULL};
    const char *text = gl_read_text(r, n);
    uint8_t i = text ? gl_read_choice(r, n, text, sources) : 0;
    if (i > 0) *(bool *)out = i == 2;
}

static const struct gl_key post_keys[] = {
    GL_KEY(gl_config, post, "id", gl_key_id, .max = GL_ID - 1, .required = true),
    GL_KEY(gl_config, timezone, "timezone", read_timezone),
};
static const struct gl_key mqtt_keys[] = {
    GL_KEY(gl_config, mqtt.url, "url", read_url, .required = true),
    GL_KEY(gl_config, mqtt.client_id, "client-id", gl_key_text),
    GL_KEY(gl_config, mqtt.username, "username", gl_key_text),
    GL_KEY(gl_config, mqtt.password_file, "password-file", gl_key_private),
    GL_KEY(gl_config, mqtt.ca_file, "ca", gl_key_public),
    GL_KEY(gl_config, mqtt.cert_file, "cert", gl_key_public),
    GL_KEY(gl_config, mqtt.key_file, "key", gl_key_private),
    GL_KEY(gl_config, mqtt.keepalive_s, "keepalive", gl_key_seconds, .min = SECOND, .max = HOUR),
};
static const struct gl_key path_keys[] = {
    GL_KEY(gl_config, paths.state, "state", gl_key_path),
    GL_KEY(gl_config, paths.run, "run", gl_key_path),
    GL_KEY(gl_config, paths.plugins, "plugins", gl_key_path),
};
static const struct gl_key feed_keys[] = {
    GL_KEY(gl_config, feed.from_import, "source", read_source),
    GL_KEY(gl_config, feed.collections, "collections", gl_key_set, .names = gl_collections),
    GL_KEY(gl_config, feed.live_ms, "live", gl_key_duration, .min = SECOND, .max = 24 * HOUR),
    GL_KEY(gl_config, feed.soft_ms, "soft", gl_key_duration, .min = SECOND, .max = 24 * HOUR),
    GL_KEY(gl_config, feed.hard_ms, "hard", gl_key_duration, .min = SECOND, .max = 7 * 24 * (int64_t)HOUR),
    GL_KEY(gl_config, feed.down_ms, "down", gl_key_duration, .min = SECOND, .max = 30 * 24 * (int64_t)HOUR),
    GL_KEY(gl_config, feed.replay_wait_ms, "replay-wait", gl_key_duration, .min = SECOND, .max = 10 * MINUTE),
    GL_KEY(gl_config, feed.snapshot_silence_ms, "snapshot-silence", gl_key_duration, .min = SECOND, .max = HOUR),
};
#define DAYS(n) ((n)*24 * (int64_t)HOUR)
static const struct gl_key retention_keys[] = {
    GL_KEY(gl_config, retention.passages_ms, "passages", gl_key_duration, .min = 10 * SECOND, .max = DAYS(3650)),
    GL_KEY(gl_config, retention.records_ms, "records-without-passage", gl_key_duration, .min = 10 * SECOND, .max = DAYS(3650)),
    GL_KEY(gl_config, retention.evidence_ms, "evidence", gl_key_duration, .min = HOUR, .max = DAYS(3650)),
    GL_KEY(gl_config, retention.used_ms, "used", gl_key_duration, .min = DAYS(30), .max = DAYS(3650)),
    GL_KEY(gl_config, retention.hard_ms, "hard", gl_key_duration, .min = 10 * SECOND, .max = DAYS(7300)),
};
static const struct gl_key clock_keys[] = {
    GL_KEY(gl_config, clock_require_sync, "require-sync", gl_key_bool),
};

#define PART(key, table) \
    { .name = (key), .read = gl_key_section, .section = &(const struct gl_section)GL_SECTION(table) }
static const struct gl_key sections[] = {
    {.name = "post", .read = gl_key_section, .section = &(const struct gl_section)GL_SECTION(post_keys), .required = true},
    PART("mqtt", mqtt_keys),
    PART("paths", path_keys),
    PART("feed", feed_keys),
    PART("retention", retention_keys),
    PART("clock", clock_keys),
    GL_KEY(gl_config, device_silence_ms, "device-silence", gl_key_duration, .min = SECOND, .max = 5 * MINUTE),
    GL_KEY(gl_config, random_key_file, "random-key", gl_key_private),
    {.name = "profiles", .read = gl_key_profiles, .required = true},
    {.name = "lanes", .read = gl_key_lanes, .required = true},
    {.name = "clients", .read = gl_key_clients},
    {.name = "share", .read = gl_key_section, .section = &gl_share_section},
};
const struct gl_section gl_config_section = GL_SECTION(sections);

/* 127.0.0.0/8, ::1 or localhost; the URL has its port. "127.example.org" is somebody else. */
static bool on_this_machine(const char *url) {
    const char *host = url + strlen("mqtt://");
    if (strncmp(host, "localhost:", 10) == 0 || strncmp(host, "[::1]:", 6) == 0) return true;
    return strncmp(host, "127.", 4) == 0 && host[strspn(host, "0123456789.")] == ':';
}

static void check_mqtt(struct gl_reader *r, const struct gl_yaml_node *mqtt) {
    const struct gl_config *c = r->c;
    bool tls = strncmp(c->mqtt.url, "mqtts:", 6) == 0;
    const char *const only_tls[] = {"ca", "cert", "key"};
    if (c->mqtt.url[0] && !tls && !on_this_machine(c->mqtt.url))
        gl_yaml_error(&r->y, gl_yaml_get(mqtt, "url"), "mqtt without TLS goes to this machine alone (127.0.0.1); write mqtts://");
    for (size_t i = 0; c->mqtt.url[0] && !tls && i < GL_COUNT(only_tls); i++) {
        const struct gl_yaml_node *n = gl_yaml_get(mqtt, only_tls[i]);
        if (n) gl_yaml_key_error(&r->y, n, "has no use without TLS; write mqtts:// in mqtt.url, or leave it out");
    }
    const char *const pairs[][2] = {{"cert", "key"}, {"key", "cert"}, {"password-file", "username"}};
    for (size_t i = 0; i < GL_COUNT(pairs); i++) {
        const struct gl_yaml_node *n = gl_yaml_get(mqtt, pairs[i][0]);
        if (n && !gl_yaml_get(mqtt, pairs[i][1])) gl_yaml_key_error(&r->y, n, "needs '%s' beside it", pairs[i][1]);
    }
}

static void check_feed(struct gl_reader *r, const struct gl_yaml_node *feed) {
    const struct gl_config *c = r->c;
    const struct {
        const char *early, *late;
        int64_t early_ms, late_ms;
        bool equal;
    } order[] = {
        {"live", "soft", c->feed.live_ms, c->feed.soft_ms, true},
        {"soft", "hard", c->feed.soft_ms, c->feed.hard_ms, false},
        {"hard", "down", c->feed.hard_ms, c->feed.down_ms, false},
    };
    for (size_t i = 0; i < GL_COUNT(order); i++) {
        if (order[i].early_ms < order[i].late_ms || (order[i].equal && order[i].early_ms == order[i].late_ms)) continue;
        const struct gl_yaml_node *n = gl_yaml_get(feed, order[i].early);
        if (!n) n = gl_yaml_get(feed, order[i].late);
        if (n)
            gl_yaml_error(&r->y, n, "'%s' (%llds) must be %s '%s' (%llds)", order[i].early, (long long)order[i].early_ms / 1000,
                          order[i].equal ? "no longer than" : "shorter than", order[i].late, (long long)order[i].late_ms / 1000);
    }
    if (feed && c->feed.collections != 0 && !c->feed.from_import && !c->mqtt.url[0] && !gl_yaml_get(r->y.root, "mqtt"))
        gl_yaml_key_error(&r->y, feed, "comes by MQTT, but there is no broker; give mqtt.url, or write source: import");
}

/* What goes in spite of everything cannot go sooner than what goes in its time. */
static void check_retention(struct gl_reader *r, const struct gl_yaml_node *retention) {
    const struct gl_config *c = r->c;
    const struct gl_yaml_node *hard = gl_yaml_get(retention, "hard");
    if (hard && (c->retention.hard_ms < c->retention.passages_ms || c->retention.hard_ms < c->retention.records_ms))
        gl_yaml_key_error(&r->y, hard, "is shorter than 'passages' or 'records-without-passage'; make it at least as long");
}

void gl_check_post(struct gl_reader *r) {
    check_mqtt(r, gl_yaml_get(r->y.root, "mqtt"));
    check_feed(r, gl_yaml_get(r->y.root, "feed"));
    check_retention(r, gl_yaml_get(r->y.root, "retention"));
}

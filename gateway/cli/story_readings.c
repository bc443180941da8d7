/* One reading in plain words, for officers. Pure. */
#include <string.h>

#include "cli/cli.h"

static void say(struct gl_buf *out, const char *text) {
    gl_cli_clean_add(out, text);
}

static void sure(struct gl_buf *out, const json_t *data) {
    const json_t *c = json_object_get(data, "confidence");
    if (json_is_number(c)) gl_buf_printf(out, ", %.0f %% sure", json_number_value(c) * 100);
}

static void plate_words(const json_t *data, const json_t *v, struct gl_buf *out) {
    const char *text = gl_cli_text(v, "text"), *country = gl_cli_text(v, "country");
    gl_buf_text(out, strcmp(gl_cli_text(v, "role"), "trailer") == 0 ? "trailer plate " : "plate ");
    if (!text[0]) {
        gl_buf_text(out, "could not be read");
        return;
    }
    say(out, text);
    if (country[0]) {
        gl_buf_text(out, " (");
        say(out, country);
        gl_buf_char(out, ')');
    }
    sure(out, data);
    if (strcmp(gl_cli_text(v, "direction"), "leave") == 0) gl_buf_text(out, ", driving away");
}

static void code_words(const json_t *data GL_UNUSED, const json_t *v, struct gl_buf *out) {
    const json_t *ref = json_object_get(v, "reference");
    if (json_is_object(ref)) {
        gl_buf_text(out, "document scanned: ");
        say(out, gl_cli_text(ref, "type"));
        gl_buf_char(out, ' ');
        say(out, gl_cli_text(ref, "value"));
        return;
    }
    gl_buf_text(out, "a code was scanned that is no document reference");
}

static void tag_words(const json_t *data GL_UNUSED, const json_t *v, struct gl_buf *out) {
    const json_t *antenna = json_object_get(v, "antenna"), *rssi = json_object_get(v, "rssi_dbm");
    const char *uri = gl_cli_text(v, "uri");
    gl_buf_text(out, "tag ");
    say(out, uri[0] && strncmp(uri, "urn:epc:raw:", 12) != 0 ? uri : gl_cli_text(v, "epc"));
    if (json_is_integer(antenna)) gl_buf_printf(out, ", antenna %lld", (long long)json_integer_value(antenna));
    if (json_is_number(rssi)) gl_buf_printf(out, ", %.0f dBm", json_number_value(rssi));
}

/* What the counts were, for the officer who must explain an alarm: "22.1 sigma above background at pillar1". */
static void counts_words(const json_t *v, struct gl_buf *out) {
    const json_t *gamma = json_object_get(v, "gamma"), *neutron = json_object_get(v, "neutron"),
                 *kmh = json_object_get(v, "speed_kmh");
    const json_t *sigma = json_object_get(gamma, "sigma"), *peak = json_object_get(neutron, "peak");
    if (json_is_number(sigma)) {
        gl_buf_printf(out, ", gamma at most %.1f sigma from its background", json_number_value(sigma));
        if (gl_cli_text(gamma, "group")[0]) gl_buf_text(out, " at ");
        say(out, gl_cli_text(gamma, "group"));
    }
    if (json_is_integer(peak)) gl_buf_printf(out, ", at most %lld neutrons a second", (long long)json_integer_value(peak));
    if (json_is_number(kmh)) gl_buf_printf(out, ", %.0f km/h", json_number_value(kmh));
}

static void occupancy_words(const json_t *v, struct gl_buf *out) {
    bool gamma = json_is_true(json_object_get(v, "gamma_alarm")), neutron = json_is_true(json_object_get(v, "neutron_alarm"));
    gl_buf_printf(out, "the portal has measured: %s",
                  gamma && neutron ? "GAMMA AND NEUTRON ALARM"
                  : gamma          ? "GAMMA ALARM"
                  : neutron        ? "NEUTRON ALARM"
                                   : "no alarm");
    counts_words(v, out);
    if (!gl_cli_text(v, "fault")[0]) return;
    gl_buf_text(out, "; it proves nothing: ");
    say(out, gl_cli_text(v, "fault"));
}

static void radiation_words(const json_t *data GL_UNUSED, const json_t *v, struct gl_buf *out) {
    const char *phase = gl_cli_text(v, "phase"), *fault = gl_cli_text(v, "fault");
    if (strcmp(phase, "occupancy") == 0)
        occupancy_words(v, out);
    else if (strcmp(phase, "start") == 0)
        gl_buf_text(out, "a vehicle is in the portal");
    else if (strcmp(phase, "alarm") == 0)
        gl_buf_text(out,
                    json_is_true(json_object_get(v, "neutron_alarm")) ? "the portal alarms: NEUTRON" : "the portal alarms: GAMMA");
    else if (strcmp(phase, "tamper") == 0)
        gl_buf_text(out, json_is_false(json_object_get(v, "tamper")) ? "the portal is closed again" : "the portal was opened");
    else {
        gl_buf_text(out, fault[0] ? "the portal is unwell: " : "the portal is well again");
        say(out, fault);
    }
}

static void container_words(const json_t *data, const json_t *v, struct gl_buf *out) {
    gl_buf_text(out, "container ");
    say(out, gl_cli_text(v, "number"));
    if (json_is_false(json_object_get(v, "check_ok"))) gl_buf_text(out, " (its check digit is wrong)");
    sure(out, data);
}

static void presence_words(const json_t *data GL_UNUSED, const json_t *v, struct gl_buf *out) {
    static const struct {
        const char *zone, *on, *off;
    } words[] = {
        {"entry", "a vehicle stands on the entry loop", "the entry loop is free again"},
        {"exit", "a vehicle stands on the exit loop", "the exit loop is free again"},
        {"barrier-up", "the barrier is up", "the barrier is no longer up"},
        {"barrier-down", "the barrier is down", "the barrier is no longer down"},
        {"emergency-stop", "the emergency stop was pressed", "the emergency stop was let go"},
    };
    bool on = json_is_true(json_object_get(v, "occupied"));
    for (size_t i = 0; i < GL_COUNT(words); i++)
        if (strcmp(words[i].zone, gl_cli_text(v, "zone")) == 0) gl_buf_text(out, on ? words[i].on : words[i].off);
}

static void class_words(const json_t *data GL_UNUSED, const json_t *v, struct gl_buf *out) {
    gl_buf_text(out, "looks like: ");
    say(out, gl_cli_text(v, "class"));
}

void gl_cli_reading_words(const char *kind, const json_t *data, struct gl_buf *out) {
    static const struct {
        const char *kind;
        void (*words)(const json_t *data, const json_t *value, struct gl_buf *out);
    } kinds[] = {{"plate", plate_words},         {"tag", tag_words},           {"radiation", radiation_words}, {"code", code_words},
                 {"container", container_words}, {"presence", presence_words}, {"class", class_words}};
    for (size_t i = 0; i < GL_COUNT(kinds); i++)
        if (strcmp(kinds[i].kind, kind) == 0) {
            kinds[i].words(data, json_object_get(data, "value"), out);
            if (json_is_true(json_object_get(data, "late"))) gl_buf_text(out, " (came late: not counted)");
            return;
        }
    gl_buf_text(out, "a reading of kind ");
    say(out, kind);
}

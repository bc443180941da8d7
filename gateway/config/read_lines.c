/* Gpio lines of a lane: sensors among the devices, and the outputs. */
#include <string.h>

#include "config/reader.h"

enum { SECOND = 1000, DEFAULT_DEBOUNCE = 50, HIGHEST_OFFSET = 1023, HIGHEST_CHIP = 255 };

/* In the order of enum gl_zone. A sensor of such a name needs no zone of its own. */
static const char *const zone_names[] = {NULL, "entry", "exit", "barrier-up", "barrier-down", "emergency-stop", NULL};
static const char *const sensor_names[] = {NULL, "entry-loop", "exit-loop", "barrier-up", "barrier-down", "emergency-stop", NULL};
static const char *const levels[] = {NULL, "low", "high", NULL};

/* What the table of one sensor fills. */
struct sensor {
    struct gl_line line;
    uint8_t zone, active;
};

/* The chip's part of CHIP/OFFSET: "chip0", "/dev/gpiochip0" or "sim:PATH". */
static int read_chip(const struct gl_reader *r, const char *chip, char *out, size_t size) {
    char path[GL_PATH];
    int64_t number;
    const char *digits = strncmp(chip, "chip", 4) == 0 ? chip + 4 : strncmp(chip, "/dev/gpiochip", 13) == 0 ? chip + 13 : NULL;
    if (digits) {
        if (gl_parse_int(digits, 0, HIGHEST_CHIP, &number) < 0) return -1;
        gl_format(out, size, "/dev/gpiochip%d", (int)number);
        return 0;
    }
    if (strncmp(chip, "sim:", 4) != 0 || chip[4] == '\0' || gl_path_join(r, chip + 4, path, sizeof path) < 0) return -1;
    if (strlen(path) + sizeof "sim:" > size) return -1;
    gl_format(out, size, "sim:%s", path);
    return 0;
}

/* CHIP/OFFSET into the line's chip and offset. */
static void read_chip_line(struct gl_reader *r, const struct gl_key *k GL_UNUSED, const struct gl_yaml_node *n, void *out) {
    struct gl_line *line = out;
    const char *text = gl_read_text(r, n);
    if (!text) return;
    const char *slash = strrchr(text, '/');
    char chip[GL_PATH];
    int64_t offset;
    if (slash && gl_copyn(chip, sizeof chip, text, (size_t)(slash - text)) == 0 &&
        gl_parse_int(slash + 1, 0, HIGHEST_OFFSET, &offset) == 0 && read_chip(r, chip, line->chip, sizeof line->chip) == 0) {
        line->offset = (unsigned)offset;
        return;
    }
    line->chip[0] = '\0';
    gl_yaml_error(&r->y, n, "'%.60s' names no line; write CHIP/OFFSET, such as chip0/4, /dev/gpiochip0/4 or sim:PATH/4", text);
}

static const struct gl_key sensor_keys[] = {
    {.name = "use", .read = gl_key_skip}, /* was read already */
    {.name = "line", .read = read_chip_line, .offset = offsetof(struct sensor, line), .required = true},
    GL_KEY(sensor, zone, "zone", gl_key_choice, .names = zone_names),
    GL_KEY(sensor, line.debounce_ms, "debounce", gl_key_duration, .min = 0, .max = 5 * SECOND),
    GL_KEY(sensor, active, "active", gl_key_choice, .names = levels),
};
static const struct gl_section sensor_section = GL_SECTION(sensor_keys);

static bool add_line(struct gl_reader *r, struct gl_lane_config *lane, const struct gl_line *line, const struct gl_yaml_node *n) {
    if (lane->n_lines >= GL_MAX_LINES) {
        gl_yaml_key_error(&r->y, n, "more than %d gpio lines in one lane", GL_MAX_LINES);
        return false;
    }
    lane->lines[lane->n_lines++] = *line;
    return true;
}

void gl_read_line(struct gl_reader *r, struct gl_lane_config *lane, const struct gl_yaml_node *n) {
    struct sensor s = {.line = {.use = GL_LINE_INPUT, .debounce_ms = DEFAULT_DEBOUNCE}};
    const struct gl_yaml_node *use = gl_yaml_get(n, "use");
    if (strcmp(use->text, "gpio") != 0) gl_yaml_error(&r->y, use, "plugin \"gpio\" has no protocols; write 'use: gpio'");
    gl_read_keys(r, n, &sensor_section, &s);
    if (s.zone == GL_ZONE_NONE) s.zone = gl_enum_parse(sensor_names, n->key);
    if (s.zone == GL_ZONE_NONE && !gl_yaml_get(n, "zone")) {
        gl_yaml_key_error(&r->y, n,
                          "needs 'zone': entry, exit, barrier-up, barrier-down or emergency-stop (known by name: entry-loop, "
                          "exit-loop, barrier-up, ...)");
        return;
    }
    s.line.zone = s.zone;
    s.line.active_low = s.active == 1;
    gl_format(s.line.device, sizeof s.line.device, "%s.%s", lane->id, n->key);
    for (size_t i = 0; i < lane->n_lines; i++)
        if (s.zone != GL_ZONE_NONE && lane->lines[i].zone == s.line.zone)
            gl_yaml_key_error(&r->y, n, "zone %s already has a sensor: %s", zone_names[s.zone], lane->lines[i].device);
    if (s.zone == GL_ZONE_ENTRY) lane->has_entry = true;
    if (s.zone == GL_ZONE_EXIT) lane->has_exit = true;
    (void)add_line(r, lane, &s.line, n);
}

void gl_read_outputs(struct gl_reader *r, struct gl_lane_config *lane, const struct gl_yaml_node *n) {
    static const struct {
        const char *name;
        enum gl_line_use use;
    } outputs[] = {{"red", GL_LINE_RED},
                   {"amber", GL_LINE_AMBER},
                   {"green", GL_LINE_GREEN},
                   {"barrier", GL_LINE_BARRIER},
                   {"heartbeat", GL_LINE_HEARTBEAT}};
    const char *names[GL_COUNT(outputs)];
    if (!gl_read_is(r, n, GL_YAML_MAP)) return;
    for (size_t i = 0; i < GL_COUNT(outputs); i++) names[i] = outputs[i].name;
    for (const struct gl_yaml_node *item = n->first; item; item = item->next) {
        size_t i = 0;
        while (i < GL_COUNT(outputs) && strcmp(outputs[i].name, item->key) != 0) i++;
        if (i == GL_COUNT(outputs)) {
            gl_refuse_key(r, item, names, GL_COUNT(names));
            continue;
        }
        struct gl_line line = {.use = outputs[i].use};
        read_chip_line(r, NULL, item, &line);
        if (!add_line(r, lane, &line, item)) return;
    }
    if ((gl_yaml_get(n, "green") || gl_yaml_get(n, "barrier")) && !gl_yaml_get(n, "red"))
        gl_yaml_key_error(&r->y, n, "needs 'red': a lane with a green light or a barrier must be able to say stop");
}

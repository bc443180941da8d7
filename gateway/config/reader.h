/* Between the files of the configuration reader: tables of keys, and how each kind of value is read. Every reader records what is wrong and
 * leaves the default standing; whether the whole is right is decided once, at the end, by the number of errors. */
#pragma once
#include "config/yaml.h"

enum { GL_NAME = 15 /* longest name of a lane or device, so that LANE.NAME fits GL_ID */ };

struct gl_reader {
    struct gl_yaml y;
    struct gl_config *c;
    bool check_plugins;
    char folder[GL_PATH];               /* of the file, absolute: relative paths begin here */
    bool ends_by_time[GL_MAX_PROFILES]; /* release: {ends: time} */
};

struct gl_key {
    const char *name;
    void (*read)(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out);
    size_t offset, size;      /* of the value within the struct that the map fills */
    int64_t min, max;         /* numbers, durations (ms), length of ids */
    const char *const *names; /* choices: names[0] is NULL, as in the tables of the model */
    const struct gl_section *section;
    bool required;
};

struct gl_section {
    const struct gl_key *keys;
    size_t n;
};

#define GL_SECTION(table) \
    { (table), GL_COUNT(table) }
#define GL_KEY(T, m, key, fn, ...) \
    { .name = (key), .read = (fn), .offset = offsetof(struct T, m), .size = sizeof(((struct T *)0)->m), __VA_ARGS__ }

/* Fills a struct from a map by its table, in the table's order; a missing required key is an error. gl_read_keys() also refuses keys that the
 * table does not know. */
void gl_fill_keys(struct gl_reader *r, const struct gl_yaml_node *map, const struct gl_section *s, void *out);
void gl_read_keys(struct gl_reader *r, const struct gl_yaml_node *map, const struct gl_section *s, void *out);
bool gl_read_is(struct gl_reader *r, const struct gl_yaml_node *n, enum gl_yaml_kind kind);
const struct gl_key *gl_key_find(const struct gl_section *s, const char *name);

/* The nearest of the names (by spelling), or NULL when none is near. */
const char *gl_nearest(const char *text, const char *const *names, size_t n);

/* "a, b, c" for errors; names ends with NULL. */
void gl_list_names(struct gl_buf *out, const char *const *names);

/* Refuses a key that is not in names, with the nearest, or with all of them when they are few. */
void gl_refuse_key(struct gl_reader *r, const struct gl_yaml_node *n, const char *const *names, size_t n_names);

/* The text of a node; NULL, with the error recorded, when it is no text or empty. */
const char *gl_read_text(struct gl_reader *r, const struct gl_yaml_node *n);

/* Whether a text is an id of at most `longest` characters; and the same of a key that is a name, recording an error when it is not. */
bool gl_id_valid(const char *text, size_t longest);
void gl_check_name(struct gl_reader *r, const struct gl_yaml_node *n, size_t longest);

/* Relative paths made absolute; -ENAMETOOLONG. */
int gl_path_join(const struct gl_reader *r, const char *path, char *out, size_t size) GL_MUST_USE;

/* Index of a name in names[1..], with the error recorded when it is none of them: 0. */
uint8_t gl_read_choice(struct gl_reader *r, const struct gl_yaml_node *n, const char *text, const char *const *names);

/* Values, for the tables. */
typedef void gl_key_reader(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out);
gl_key_reader gl_key_section;  /* section: a map into the same struct */
gl_key_reader gl_key_skip;     /* known, and read elsewhere */
gl_key_reader gl_key_text;     /* char[size] */
gl_key_reader gl_key_id;       /* char[size]; max = longest */
gl_key_reader gl_key_bool;     /* bool */
gl_key_reader gl_key_duration; /* int64_t ms within min..max */
gl_key_reader gl_key_seconds;  /* int64_t s, given as a duration within min..max ms */
gl_key_reader gl_key_rate;     /* double 0..1 */
gl_key_reader gl_key_choice;   /* uint8_t, index in names */
gl_key_reader gl_key_set;      /* unsigned: a list of names, 1 << index, or-ed */
gl_key_reader gl_key_path;     /* char[size], absolute */
gl_key_reader gl_key_public;   /* the same, of a file that must exist and that others may read but not write */
gl_key_reader gl_key_private;  /* the same, of a file that others must not reach */
gl_key_reader gl_key_antennas; /* uint32_t: a list of numbers, 1 << (number - 1), or-ed */

/* The sections. Profiles come before lanes, which name them. */
extern const struct gl_section gl_config_section;
extern const struct gl_section gl_device_section;
gl_key_reader gl_key_profiles;
gl_key_reader gl_key_lanes;
gl_key_reader gl_key_clients;
extern const struct gl_section gl_share_section;
void gl_read_device(struct gl_reader *r, struct gl_lane_config *lane, const struct gl_yaml_node *n);
void gl_read_shared(struct gl_reader *r, struct gl_lane_config *lane, const struct gl_yaml_node *n); /* another lane's reader */
void gl_add_device(struct gl_reader *r, struct gl_lane_config *lane, const struct gl_yaml_node *n, struct gl_device_config *d);
void gl_read_line(struct gl_reader *r, struct gl_lane_config *lane, const struct gl_yaml_node *n);
void gl_read_outputs(struct gl_reader *r, struct gl_lane_config *lane, const struct gl_yaml_node *n);

/* What only shows when everything was read. */
void gl_check_post(struct gl_reader *r);
void gl_check_shared(struct gl_reader *r); /* looks up the owners: before the lanes */
void gl_check_lanes(struct gl_reader *r);
void gl_check_lines(struct gl_reader *r);     /* no line twice */
void gl_check_share(struct gl_reader *r);     /* after the lanes, which its tables name */
void gl_check_addresses(struct gl_reader *r); /* no listening port and no serial device twice */

/* A device against its plugin: protocol, address, settings; fills in what was left out. */
void gl_check_plugin(struct gl_reader *r, struct gl_device_config *d, const struct gl_yaml_node *n);
void gl_check_gpio_plugin(struct gl_reader *r, const struct gl_yaml_node *n);

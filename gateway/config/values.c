/* Single values: each is the text that was written, read by a strict parser of its own. Nothing is octal, sexagesimal or "yes". */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config/reader.h"

const char *gl_read_text(struct gl_reader *r, const struct gl_yaml_node *n) {
    if (!gl_read_is(r, n, GL_YAML_TEXT)) return NULL;
    if (n->text[0] == '\0' || (!n->quoted && (strcmp(n->text, "~") == 0 || strcasecmp(n->text, "null") == 0))) {
        gl_yaml_key_error(&r->y, n, "is empty; give a value, or leave the key out");
        return NULL;
    }
    return n->text;
}

/* The text, when it fits with its terminator into size bytes. */
static const char *fitting(struct gl_reader *r, const struct gl_yaml_node *n, size_t size) {
    const char *text = gl_read_text(r, n);
    if (!text || strlen(text) < size) return text;
    gl_yaml_error(&r->y, n, "is %zu bytes long; at most %zu", strlen(text), size - 1);
    return NULL;
}

static bool has_control_character(const char *text) {
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p < 0x20 || *p == 0x7F) return true;
    return false;
}

void gl_key_text(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    const char *text = fitting(r, n, k->size);
    if (!text) return;
    if (has_control_character(text))
        gl_yaml_error(&r->y, n, "holds a line break or another control character; write one plain line");
    else
        gl_clip(out, k->size, text);
}

bool gl_id_valid(const char *text, size_t longest) {
    size_t len = strlen(text);
    return len > 0 && len <= longest && text[0] != '-' && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

void gl_key_id(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    const char *text = gl_read_text(r, n);
    if (!text) return;
    if (gl_id_valid(text, (size_t)k->max))
        gl_clip(out, k->size, text);
    else
        gl_yaml_error(&r->y, n, "'%.40s' is no id; an id has 1 to %d of a-z, 0-9 and '-', and does not begin with '-'", text,
                      (int)k->max);
}

void gl_check_name(struct gl_reader *r, const struct gl_yaml_node *n, size_t longest) {
    if (gl_id_valid(n->key, longest)) return;
    gl_yaml_key_error(&r->y, n, "this name is no id; an id has 1 to %zu of a-z, 0-9 and '-', and does not begin with '-'", longest);
}

void gl_key_bool(struct gl_reader *r, const struct gl_key *k GL_UNUSED, const struct gl_yaml_node *n, void *out) {
    const char *text = gl_read_text(r, n);
    if (!text) return;
    if (strcmp(text, "true") == 0)
        *(bool *)out = true;
    else if (strcmp(text, "false") == 0)
        *(bool *)out = false;
    else
        gl_yaml_error(&r->y, n, "'%.40s' is neither true nor false", text);
}

/* The way a person would write it: "90s" for 90000, "5m" for 300000. */
static const char *duration_text(int64_t ms, char *out, size_t size) {
    static const struct {
        const char *unit;
        int64_t ms, least; /* one day is 24h */
    } units[] = {{"d", 86400000, 172800000}, {"h", 3600000, 0}, {"m", 60000, 0}, {"s", 1000, 0}, {"ms", 1, 0}};
    for (size_t i = 0; i < GL_COUNT(units); i++)
        if (ms % units[i].ms == 0 && ms >= units[i].least && (ms != 0 || units[i].ms == 1000)) {
            snprintf(out, size, "%lld%s", (long long)(ms / units[i].ms), units[i].unit);
            break;
        }
    return out;
}

void gl_key_duration(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    const char *text = gl_read_text(r, n);
    char least[24], most[24];
    int64_t ms;
    if (!text) return;
    if (gl_duration_parse(text, &ms) < 0)
        gl_yaml_error(&r->y, n, "'%.40s' is no duration; write a whole number with its unit: 250ms, 12s, 5m, 24h, 180d", text);
    else if (ms < k->min || ms > k->max)
        gl_yaml_error(&r->y, n, "%.40s is out of range; from %s to %s", text, duration_text(k->min, least, sizeof least),
                      duration_text(k->max, most, sizeof most));
    else
        *(int64_t *)out = ms;
}

void gl_key_seconds(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    int64_t ms = -1;
    gl_key_duration(r, k, n, &ms);
    if (ms < 0) return;
    if (ms % 1000 != 0)
        gl_yaml_error(&r->y, n, "'%.40s' is no whole number of seconds", n->text);
    else
        *(int64_t *)out = ms / 1000;
}

/* "0.05", "5%", "1": digits, at most six of them behind a point, and perhaps a percent sign. */
static int parse_rate(const char *text, double *ret) {
    size_t whole = strspn(text, "0123456789"), after = 0;
    const char *rest = text + whole;
    double v = 0, scale = 1;
    if (whole == 0 || whole > 3) return -EINVAL;
    for (size_t i = 0; i < whole; i++) v = v * 10 + (text[i] - '0');
    if (*rest == '.') {
        after = strspn(++rest, "0123456789");
        if (after == 0 || after > 6) return -EINVAL;
        for (size_t i = 0; i < after; i++) {
            v = v * 10 + (rest[i] - '0');
            scale *= 10;
        }
        rest += after;
    }
    if (*rest == '%') {
        scale *= 100;
        rest++;
    }
    if (*rest != '\0') return -EINVAL;
    if (v > scale) return -ERANGE;
    *ret = v / scale;
    return 0;
}

void gl_key_rate(struct gl_reader *r, const struct gl_key *k GL_UNUSED, const struct gl_yaml_node *n, void *out) {
    const char *text = gl_read_text(r, n);
    if (!text) return;
    int rc = parse_rate(text, out);
    if (rc == -ERANGE)
        gl_yaml_error(&r->y, n, "%.40s is out of range; from 0 to 1, or from 0%% to 100%%", text);
    else if (rc < 0)
        gl_yaml_error(&r->y, n, "'%.40s' is no rate; write 0.05 or 5%%", text);
}

uint8_t gl_read_choice(struct gl_reader *r, const struct gl_yaml_node *n, const char *text, const char *const *names) {
    uint8_t i = gl_enum_parse(names, text);
    if (i > 0) return i;
    GL_CLEANUP(gl_buf_free) struct gl_buf list = GL_BUF(512);
    gl_list_names(&list, names + 1);
    gl_yaml_error(&r->y, n, "'%.40s' is none of: %s", text, list.failed ? "?" : list.data);
    return 0;
}

void gl_key_choice(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    const char *text = gl_read_text(r, n);
    uint8_t i = text ? gl_read_choice(r, n, text, k->names) : 0;
    if (i > 0) *(uint8_t *)out = i;
}

void gl_key_set(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    unsigned set = 0;
    if (!gl_read_is(r, n, GL_YAML_LIST)) return;
    for (const struct gl_yaml_node *item = n->first; item; item = item->next) {
        const char *text = gl_read_text(r, item);
        uint8_t i = text ? gl_read_choice(r, item, text, k->names) : 0;
        if (i > 0 && (set & (1U << i))) gl_yaml_error(&r->y, item, "'%s' is named twice", text);
        if (i > 0) set |= 1U << i;
    }
    if (k->min > 0 && n->n == 0) gl_yaml_error(&r->y, n, "is empty; name at least one");
    *(unsigned *)out = set;
}

/* ---- files --------------------------------------------------------------------------------------------------------------------------- */
int gl_path_join(const struct gl_reader *r, const char *path, char *out, size_t size) {
    if (path[0] == '/') return gl_copy(out, size, path);
    while (path[0] == '.' && path[1] == '/') path += 2;
    const char *slash = strcmp(r->folder, "/") == 0 ? "" : "/";
    int n = snprintf(out, size, "%s%s%s", r->folder, slash, path);
    return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

void gl_key_path(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    const char *text = fitting(r, n, k->size);
    char path[GL_PATH];
    if (!text) return;
    if (has_control_character(text))
        gl_yaml_error(&r->y, n, "holds a line break or another control character; write one plain path");
    else if (gl_path_join(r, text, path, sizeof path) < 0 || strlen(path) >= k->size)
        gl_yaml_error(&r->y, n, "the path is longer than %zu bytes, together with the folder of this file", k->size - 1);
    else
        gl_clip(out, k->size, path);
}

/* A file that must be there. Who cannot look into its folder (another process of the gateway, with fewer rights) leaves the question to the
 * process that opens it. */
static void check_file(struct gl_reader *r, const struct gl_yaml_node *n, const char *path, mode_t forbidden, const char *help) {
    struct stat st;
    if (stat(path, &st) < 0) {
        if (errno != EACCES) gl_yaml_error(&r->y, n, "cannot find the file %s: %s", path, strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        gl_yaml_error(&r->y, n, "%s is no ordinary file", path);
    } else if (st.st_mode & forbidden) {
        gl_yaml_error(&r->y, n, "%s: others may %s it; run: chmod o-rwx %s", path, help, path);
    }
}

void gl_key_public(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    gl_key_path(r, k, n, out);
    if (((char *)out)[0]) check_file(r, n, out, S_IWOTH, "write");
}

void gl_key_private(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    gl_key_path(r, k, n, out);
    if (((char *)out)[0]) check_file(r, n, out, S_IRWXO, "read");
}

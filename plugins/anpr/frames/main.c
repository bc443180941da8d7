/* greenlane-plate: the reader as a program of its own, so that no other command loads OpenCV. `greenlane plate` runs it. One JSON line for each
 * picture; what cannot be read is told in its own line, and the rest goes on. */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <libavutil/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "frames/formats.h"
#include "frames/reader.h"

enum { DONE = 0, WRONG = 1, USAGE = 2, NOTHING = 3 };

struct run {
    struct gl_reader *reader;
    size_t flags;
    int status;
};

/* ---- output ---- */
static double cpu_ms(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static double rounded(double v, double by) {
    return (double)(int64_t)(v * by + 0.5) / by;
}

static json_t *text_and(const char *text, size_t len, double confidence) {
    return json_pack("{s:s%, s:f}", "text", text, len, "confidence", rounded(confidence, 1e4));
}

static json_t *plate_json(const struct gl_plate_read *p) {
    json_t *candidates = json_array(), *characters = json_array();
    for (int i = 0; i < p->n_candidates; i++)
        json_array_append_new(candidates,
                              text_and(p->candidates[i].text, strlen(p->candidates[i].text), p->candidates[i].confidence));
    for (int i = 0; i < p->n_characters; i++)
        json_array_append_new(characters, text_and(&p->candidates[0].text[i], 1, p->characters[i]));
    return json_pack("{s:s, s:f, s:[i,i,i,i], s:s, s:s*, s:i, s:o, s:o}", "text", p->text, "confidence",
                     rounded(p->confidence, 1e4), "box", p->box.x1, p->box.y1, p->box.x2, p->box.y2, "raw", p->raw, "country",
                     p->country[0] ? p->country : NULL, "lines", p->n_lines, "candidates", candidates, "characters", characters);
}

static void print(struct run *r, json_t *line) {
    if (!line || json_dumpf(line, stdout, r->flags) < 0 || putchar('\n') < 0) r->status = WRONG;
    json_decref(line);
}

/* A file name is bytes; JSON is UTF-8. */
static json_t *name_json(const char *path) {
    json_t *j = json_string(path);
    if (j) return j;
    char clean[1024];
    gl_clip(clean, sizeof clean, path);
    for (char *c = clean; *c; c++)
        if (*c & 0x80) *c = '?';
    return json_string(clean);
}

/* ---- pictures ---- */
static void read_file(struct run *r, const char *path) {
    struct gl_error err = {""};
    GL_CLEANUP(gl_picture_free) struct gl_picture picture = {0};
    struct gl_plates plates = {0};
    double before = cpu_ms();
    int rc = gl_picture_load(path, &picture, &err);
    if (rc == 0) rc = gl_reader_read(r->reader, &picture, &plates, &err);
    if (rc < 0) {
        r->status = WRONG;
        print(r, json_pack("{s:o, s:o}", "image", name_json(path), "error", name_json(err.text)));
        return;
    }
    json_t *list = json_array();
    for (int i = 0; i < plates.n; i++) {
        struct gl_box *b = &plates.plate[i].box; /* in pixels of the file */
        *b = (struct gl_box){(int)(b->x1 * picture.scale), (int)(b->y1 * picture.scale), (int)(b->x2 * picture.scale),
                             (int)(b->y2 * picture.scale)};
        json_array_append_new(list, plate_json(&plates.plate[i]));
    }
    print(r, json_pack("{s:o, s:f, s:o}", "image", name_json(path), "ms", rounded(cpu_ms() - before, 10), "plates", list));
}

static int visible(const struct dirent *e) {
    return e->d_name[0] != '.';
}

/* A folder: its files by name; folders in it are left out. */
static void read_folder(struct run *r, const char *path) {
    struct dirent **names;
    int n = scandir(path, &names, visible, alphasort);
    if (n < 0) {
        r->status = WRONG;
        print(r, json_pack("{s:o, s:s}", "image", name_json(path), "error", strerror(errno)));
        return;
    }
    for (int i = 0; i < n; i++) {
        char file[4096];
        struct stat st;
        gl_format(file, sizeof file, "%s/%s", path, names[i]->d_name);
        if (stat(file, &st) < 0 || !S_ISDIR(st.st_mode)) read_file(r, file);
        free(names[i]);
    }
    free(names);
}

/* ---- the command line ---- */
static int usage(const char *why, const char *what) {
    fprintf(stderr, "greenlane plate: %s%s\nTry 'greenlane plate --help'.\n", why, what);
    return USAGE;
}

static bool take_countries(const char *text, struct gl_reader_options *o) {
    size_t n = 0;
    for (const char *p = text; *p; n++) {
        size_t len = strcspn(p, ",");
        if (len != 2 || n == GL_PLATE_HINTS) return false;
        memcpy(o->countries[n], p, 2);
        if (!gl_formats_known(o->countries[n])) return false;
        p += len + (p[len] == ',');
    }
    return n > 0;
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"countries", required_argument, NULL, 'c'},
                                            {"models", required_argument, NULL, 'm'},
                                            {"pretty", no_argument, NULL, 'p'},
                                            {0}};
    struct gl_reader_options o = {0};
    struct run r = {.flags = JSON_COMPACT | JSON_REAL_PRECISION(6)};
    struct gl_error err = {""};
    char models[512];
    opterr = 0;
    av_log_set_level(AV_LOG_QUIET); /* the reasons are in our lines */
    for (int c; (c = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
        if (c == 'c' && !take_countries(optarg, &o))
            return usage("--countries: two-letter codes of countries whose formats are known, at most 16, as in DE,PL: not ",
                         optarg);
        if (c == 'm') o.models = optarg;
        if (c == 'p') r.flags = JSON_INDENT(2) | JSON_REAL_PRECISION(6);
        if (c == '?' || c == ':') return usage(c == ':' ? "a text must follow " : "there is no option ", argv[optind - 1]);
    }
    if (optind == argc) return usage("which pictures?", "");
    int rc = o.models ? 0 : gl_reader_models(models, sizeof models, &err);
    if (rc == 0 && !o.models) o.models = models;
    if (rc == 0) rc = gl_reader_open(&o, &r.reader, &err);
    if (rc < 0) {
        fprintf(stderr, "greenlane plate: %s\n", err.text);
        return NOTHING;
    }
    for (int i = optind; i < argc; i++) {
        struct stat st;
        if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
            read_folder(&r, argv[i]);
        else
            read_file(&r, argv[i]);
    }
    gl_reader_free(r.reader);
    if (fflush(stdout) != 0) r.status = WRONG;
    return r.status;
}

/* Picture in, plates out; see reader.h. Proposals are read once each, the promising ones at more margins; lines that stand above each other
 * make one plate; of what overlaps, the best stays. */
#include "frames/reader.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frames/formats.h"
#include "frames/plates_impl.h"
#include "frames/proposer.h"

enum { CHAINS_READ = 5, LINES_READ = 9, LOOK_PIXELS = 1500000 };
static const float BLIND = 0.95F; /* unseen of a line that is read once at most */

struct gl_reader {
    struct gl_net *recogniser;
    struct gl_proposer *proposer; /* NULL when there is no such model */
    double temperature;
    struct gl_reader_options options;
    struct gl_line lines[LINES_READ];
};

/* ---- models ---- */
/* key=value lines; only the temperature counts here. */
static int read_settings(const char *path, double *temperature, struct gl_error *err) {
    FILE *f = fopen(path, "re");
    if (!f) return gl_fail(err, -errno, "%s: %s", path, strerror(errno));
    char line[128];
    double v = NAN;
    while (fgets(line, sizeof line, f))
        if (strncmp(line, "temperature=", 12) == 0) v = strtod(line + 12, NULL);
    fclose(f);
    if (!(v >= 0.1 && v <= 10)) return gl_fail(err, -EINVAL, "%s: temperature= must be there, 0.1 to 10", path);
    *temperature = v;
    return 0;
}

static int open_models(struct gl_reader *r, struct gl_error *err) {
    char path[512];
    gl_format(path, sizeof path, "%s/recogniser.txt", r->options.models);
    int rc = read_settings(path, &r->temperature, err);
    gl_format(path, sizeof path, "%s/recogniser.onnx", r->options.models);
    if (rc == 0) rc = gl_net_open(path, &gl_recogniser_shape, &r->recogniser, err);
    gl_format(path, sizeof path, "%s/proposer.onnx", r->options.models);
    if (rc == 0) rc = gl_proposer_open(path, &r->proposer, err);
    return rc == -ENOENT && r->recogniser ? 0 : rc; /* chains alone do, too */
}

int gl_reader_open(const struct gl_reader_options *options, struct gl_reader **ret, struct gl_error *err) {
    GL_CLEANUP(gl_reader_freep) struct gl_reader *r = calloc(1, sizeof *r);
    if (!r) return gl_fail(err, -ENOMEM, "out of memory");
    r->options = *options;
    if (!(r->options.least_height > 0)) r->options.least_height = 7;
    int rc = open_models(r, err);
    r->options.models = NULL; /* the caller's, and done with */
    if (rc < 0) return rc;
    *ret = r;
    r = NULL;
    return 0;
}

void gl_reader_free(struct gl_reader *r) {
    if (!r) return;
    gl_net_free(r->recogniser);
    gl_proposer_free(r->proposer);
    free(r);
}

void gl_reader_freep(struct gl_reader **r) {
    gl_reader_free(*r);
}

/* ---- one look ---- */
/* Worth another crop: something was read, or nearly, and the net saw something there. */
static bool promising(const struct gl_line *l) {
    return l->n > 0 && gl_plates_value(l) > 0.02 && l->where.unseen < BLIND;
}

static int read_line(struct gl_reader *r, const struct gl_pyramid *p, const struct gl_proposal *where, struct gl_line *l,
                     struct gl_error *err) {
    static const double margins[][2] = {{0.35, 0.35}, {1.1, 1.1}};
    *l = (struct gl_line){.where = *where};
    int rc = gl_line_read(l, p, r->recogniser, r->temperature, 0.6, 0.6, err);
    for (size_t k = 0; k < GL_COUNT(margins) && rc == 0 && promising(l); k++)
        rc = gl_line_read(l, p, r->recogniser, r->temperature, margins[k][0], margins[k][1], err);
    return rc;
}

/* Reads proposals into the lines from n on; those that say the same as a line that was read well are left out. Returns the new number. */
static int read_lines(struct gl_reader *r, const struct gl_pyramid *p, const struct gl_proposal *list, int n_list, int n, int most,
                      struct gl_error *err) {
    for (int i = 0; i < n_list && n < most; i++) {
        bool said = false;
        for (int k = 0; k < n && !said; k++)
            said = gl_proposal_overlap(&list[i], &r->lines[k].where) > 0.6 && gl_plates_value(&r->lines[k]) > 0.9;
        if (said) continue;
        int rc = read_line(r, p, &list[i], &r->lines[n], err);
        if (rc < 0) return rc;
        n++;
    }
    return n;
}

/* What the net sees decides which chains come first: lettering makes chains, too. */
static void weigh(const struct gl_reader *r, struct gl_proposal *list, int n) {
    for (int i = 0; i < n && r->proposer; i++) {
        list[i].unseen = (float)(1 - gl_proposer_sees(r->proposer, &list[i]));
        list[i].score *= 1.1F - list[i].unseen;
    }
    gl_proposals_thin(list, n, 1); /* sorts */
}

/* The net sees the whole picture once; chains where it sees something are read first, then what it alone proposes. */
static int look(struct gl_reader *r, const struct gl_pyramid *p, int from, int to, struct gl_plates *ret, struct gl_error *err) {
    struct gl_proposal chains[GL_PROPOSALS_MAX], seen[GL_PROPOSALS_MAX];
    int n_seen = r->proposer ? gl_proposer_find(r->proposer, p, seen, err) : 0;
    if (n_seen < 0) return n_seen;
    int n_chains = gl_chains_find(p, from, to, r->options.least_height, chains, 0);
    if (n_chains < 0) return n_chains;
    weigh(r, chains, n_chains);
    for (int i = 0; i < n_seen; i++) seen[i].unseen = 1 - seen[i].score;
    int n = read_lines(r, p, chains, n_chains, 0, CHAINS_READ, err);
    if (n >= 0) n = read_lines(r, p, seen, n_seen, n, LINES_READ, err);
    if (n >= 0) gl_plates_from_lines(r->lines, n, &r->options, ret);
    return n < 0 ? n : 0;
}

int gl_reader_read(struct gl_reader *r, const struct gl_picture *picture, struct gl_plates *ret, struct gl_error *err) {
    GL_CLEANUP(gl_pyramid_free) struct gl_pyramid p;
    *ret = (struct gl_plates){0};
    if (picture->width < GL_PICTURE_LEAST || picture->height < GL_PICTURE_LEAST) return 0;
    if (gl_pyramid_make(picture, &p) < 0) return gl_fail(err, -ENOMEM, "out of memory");
    int from = 0;
    while (from + 1 < p.n && p.level[from].width * p.level[from].height > LOOK_PIXELS) from++;
    int rc = look(r, &p, from, GL_PYRAMID, ret, err);
    if (rc == -ENOMEM) return gl_fail(err, rc, "out of memory");
    /* A large picture in which nothing was found is looked at more closely, for plates far away. */
    if (rc == 0 && from > 0 && ret->n == 0) rc = look(r, &p, 0, from - 1, ret, err);
    return rc;
}

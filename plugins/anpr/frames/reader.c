/* Picture in, plates out; see reader.h. The proposer's net is asked first, and where it sees a line, the line is read as the chains there have it
 * and as the net has it; the promising one at more margins. Without that net, chains of the whole picture are read. */
#include "frames/reader.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frames/formats.h"
#include "frames/plates_impl.h"
#include "frames/proposer.h"

enum {
    CHAINS_READ = 8,
    SPOTS = 6,
    SPOT_CHAINS = 2,
    SPOT_LINES = SPOT_CHAINS + 2,
    LINES = SPOTS * SPOT_LINES,
    LOOK_PIXELS = 1500000
};
#define SURE 0.95     /* nothing more is asked of a text that two variants read so */
#define SEEN 0.2      /* what the net says of nearly all plates is more; below, it is lettering, grilles, lamps */
#define SAME_LINE 0.8 /* heights: the middle of two lines is as far from both */
#define BESIDE 0.3    /* the same beside a plate that was surely read, for few pictures have two */
#define HARDLY 0.35   /* as much as it says of few plates: one crop tells */
#define LIKELY 0.5    /* as much as the net says of most plates, and of little else */
#define MISSED 0.4    /* heights: as wide as a thin character and its gap */

struct gl_reader {
    struct gl_net *recogniser;
    struct gl_proposer *proposer; /* NULL when there is no such model */
    double temperature;
    struct gl_reader_options options;
    struct gl_line lines[LINES];
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

/* ---- lines ---- */
/* Worth another crop: something was read, or nearly; more of it where the net sees little. */
static bool promising(const struct gl_line *l) {
    return l->n > 0 && gl_plates_value(l) > (l->where.seen == 0 || l->where.seen >= LIKELY ? 0.02 : 0.15);
}

/* The first crop. */
static int read_once(struct gl_reader *r, const struct gl_pyramid *p, const struct gl_proposal *where, struct gl_line *l,
                     struct gl_error *err) {
    *l = (struct gl_line){.where = *where};
    return gl_line_read(l, p, r->recogniser, r->temperature, 0.6, 0.6, err);
}

/* The others, where they may tell more. */
static int read_again(struct gl_reader *r, const struct gl_pyramid *p, struct gl_line *l, struct gl_error *err) {
    static const double margins[] = {0.35, 1.1};
    int rc = 0;
    for (size_t k = 0; k < GL_COUNT(margins) && rc == 0 && promising(l); k++)
        rc = gl_line_read(l, p, r->recogniser, r->temperature, margins[k], margins[k], err);
    return rc;
}

/* ---- one look without the proposer ---- */
/* Reads proposals into lines; those that say the same as a line that was read well are left out. Returns the number of lines. */
static int read_chains(struct gl_reader *r, const struct gl_pyramid *p, const struct gl_proposal *list, int n_list,
                       struct gl_error *err) {
    int n = 0, rc = 0;
    for (int i = 0; i < n_list && n < CHAINS_READ && rc == 0; i++) {
        bool said = false;
        for (int k = 0; k < n && !said; k++)
            said = gl_proposal_overlap(&list[i], &r->lines[k].where) > 0.75 && gl_plates_value(&r->lines[k]) > 0.9;
        if (said) continue;
        rc = read_once(r, p, &list[i], &r->lines[n], err);
        if (rc == 0) rc = read_again(r, p, &r->lines[n++], err);
    }
    return rc < 0 ? rc : n;
}

static int look_by_chains(struct gl_reader *r, const struct gl_pyramid *p, int from, int to, struct gl_plates *ret,
                          struct gl_error *err) {
    struct gl_proposal list[GL_PROPOSALS_MAX];
    int found = gl_chains_find(p, from, to, r->options.least_height, list, 0);
    int n = found < 0 ? found : read_chains(r, p, list, found, err);
    if (n >= 0) gl_plates_from_lines(r->lines, n, &r->options, ret);
    return n < 0 ? n : 0;
}

/* ---- one look with it ---- */
/* A chain that ends where the net sees more of the line goes on to there: its first or last character did not come out as a blob. */
static bool lengthen(struct gl_proposal *c, const struct gl_proposal *seen) {
    double h = gl_proposal_height(c), left = fmin(c->left, seen->left), right = fmax(c->right, seen->right);
    if (c->left - left < MISSED * h && right - c->right < MISSED * h) return false;
    double span = fmax(c->right - c->left, 1), before = (left - c->left) / span, after = (right - c->left) / span;
    float *edges[] = {c->top, c->bottom};
    for (size_t k = 0; k < GL_COUNT(edges); k++) {
        double at = edges[k][0], rise = edges[k][1] - edges[k][0];
        edges[k][0] = (float)(at + before * rise);
        edges[k][1] = (float)(at + after * rise);
    }
    c->left = (float)left;
    c->right = (float)right;
    return true;
}

/* What may be the line that the net sees: the best chain there, as the net sees it, that chain made longer, the next chain. The first two know
 * nothing of each other, so their agreement counts. Returns how many. */
static int variants(const struct gl_proposal *chains, int n_chains, const struct gl_proposal *seen,
                    struct gl_proposal ret[SPOT_LINES]) {
    const struct gl_proposal *here[SPOT_CHAINS] = {NULL};
    int n = 0, n_here = 0;
    for (int i = 0; i < n_chains && n_here < SPOT_CHAINS; i++)
        if (fabs(gl_proposal_below(&chains[i], seen)) < SAME_LINE) here[n_here++] = &chains[i];
    if (n_here > 0) ret[n++] = *here[0];
    ret[n++] = *seen;
    if (n_here > 0) {
        ret[n] = *here[0];
        n += lengthen(&ret[n], seen);
    }
    for (int i = 1; i < n_here; i++) ret[n++] = *here[i];
    for (int i = 0; i < n; i++) ret[i].seen = seen->score;
    return n;
}

/* Each variant once; the best again, unless two of them say the same and surely. Where the net is in doubt and they say nothing, there is no plate. Returns the new number of lines; ret_best is one of them. */
static int read_variants(struct gl_reader *r, const struct gl_pyramid *p, const struct gl_proposal *list, int n_list, int n,
                         int *ret_best, struct gl_error *err) {
    int sure = 0, rc = 0, end = n + n_list;
    *ret_best = n;
    for (int i = n; i < end && rc == 0; i++) {
        struct gl_line *l = &r->lines[i], *best = &r->lines[*ret_best];
        rc = read_once(r, p, &list[i - n], l, err);
        if (rc == 0 && gl_plates_worth(l) > gl_plates_worth(best)) *ret_best = i;
        best = &r->lines[*ret_best];
        sure += l->n > 0 && l->texts[0].p >= SURE && strcmp(l->texts[0].text, best->texts[0].text) == 0;
        bool nothing = !promising(best) && l->where.seen < (i == n ? HARDLY : LIKELY);
        if (sure == 2 || nothing) end = i + 1;
    }
    if (rc == 0 && sure < 2) rc = read_again(r, p, &r->lines[*ret_best], err);
    return rc < 0 ? rc : end;
}

/* Where a plate has two lines, small or narrow ones, the net often sees one or the middle of both: the lines above and below, by chains or, for
 * those of two characters, where they would be. Returns how many. */
static int neighbours(const struct gl_proposer *pr, const struct gl_proposal *chains, int n_chains, const struct gl_proposal *line,
                      struct gl_proposal ret[2]) {
    int n = 0;
    for (int side = -1; side <= 1; side += 2) {
        struct gl_proposal next = *line;
        double down = side * 1.22 * gl_proposal_height(line);
        for (int k = 0; k < 2; k++) {
            next.top[k] += (float)down;
            next.bottom[k] += (float)down;
        }
        for (int i = n_chains - 1; i >= 0; i--) {
            double below = side * gl_proposal_below(&chains[i], line);
            if (below > 0.8 && below < 1.7) next = chains[i];
        }
        next.seen = (float)fmin(fmax(gl_proposer_heat(pr, &next), 0.01), 0.4); /* the heat may be the first line's */
        ret[n++] = next;
    }
    return n;
}

/* A text so long stands on one line. */
static bool whole(const struct gl_line *l) {
    return l->n > 0 && strlen(l->texts[0].text) > 5;
}

static int read_spot(struct gl_reader *r, const struct gl_pyramid *p, const struct gl_proposal *seen, int n, struct gl_error *err) {
    struct gl_proposal chains[GL_PROPOSALS_MAX], list[SPOT_LINES];
    int found = gl_chains_near(p, seen, chains, 0), best;
    if (found < 0) return found;
    n = read_variants(r, p, list, variants(chains, found, seen, list), n, &best, err);
    bool hopeless = n > 0 && !promising(&r->lines[best]) && seen->score < LIKELY;
    if (n < 0 || hopeless || whole(&r->lines[best]) || (seen->right - seen->left) > 5 * gl_proposal_height(seen)) return n;
    const struct gl_proposal *line = promising(&r->lines[best]) ? &r->lines[best].where : seen;
    int n_list = neighbours(r->proposer, chains, found, line, list), rc = 0;
    for (int i = 0; i < n_list && rc == 0; i++, n++) {
        rc = read_once(r, p, &list[i], &r->lines[n], err);
        if (rc == 0 && list[i].n > 0) rc = read_again(r, p, &r->lines[n], err);
    }
    return rc < 0 ? rc : n;
}

static bool surely_read(const struct gl_reader *r, int n) {
    for (int i = 0; i < n; i++)
        if (r->lines[i].where.seen >= LIKELY && r->lines[i].texts[0].p >= SURE && whole(&r->lines[i])) return true;
    return false;
}

static int look_by_net(struct gl_reader *r, const struct gl_pyramid *p, struct gl_plates *ret, struct gl_error *err) {
    struct gl_proposal list[GL_PROPOSER_MOST];
    int rc = gl_proposer_look(r->proposer, p, err), n = 0;
    if (rc < 0) return rc;
    int found = gl_proposer_find(r->proposer, list);
    for (int i = 0; i < found && i < SPOTS && list[i].score >= (surely_read(r, n) ? BESIDE : SEEN) && n >= 0; i++)
        if (gl_proposal_height(&list[i]) >= r->options.least_height) n = read_spot(r, p, &list[i], n, err);
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
    int rc = r->proposer ? look_by_net(r, &p, ret, err) : look_by_chains(r, &p, from, GL_PYRAMID, ret, err);
    /* A large picture in which nothing was found is looked at more closely, for plates far away. */
    if (rc == 0 && from > 0 && ret->n == 0) rc = look_by_chains(r, &p, 0, from - 1, ret, err);
    return rc == -ENOMEM ? gl_fail(err, rc, "out of memory") : rc;
}

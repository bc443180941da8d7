/* Lines to plates; see plates_impl.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frames/formats.h"
#include "frames/plates_impl.h"

/* What a format says is weaker than what the picture says. */
static const double prior_weight = 0.5;
/* Below the first there is no plate; below the second there is one that is not read. */
static const double plate_least = 0.12, text_least = 0.3;
/* The net is as sure as that of a plate: that nothing can be read there is worth telling. */
static const double likely_seen = 0.5, surely_seen = 0.6;

enum { PLATE_LEAST = 3, LINE_LEAST = 2 }; /* characters of a plate, and of one of two lines */

double gl_plates_value(const struct gl_line *l) {
    double sum = 0;
    for (int i = 0; i < l->n; i++) sum += strlen(l->texts[i].text) >= LINE_LEAST ? l->texts[i].p : 0;
    return sum;
}

static double worth(const char *text, double p) {
    return log(fmax(p, 1e-9)) + 0.5 * fmin((double)strlen(text), 8);
}

double gl_plates_worth(const struct gl_line *l) {
    double best = worth("", 0);
    for (int i = 0; i < l->n; i++)
        if (strlen(l->texts[i].text) >= LINE_LEAST) best = fmax(best, worth(l->texts[i].text, l->texts[i].p));
    return best;
}

/* One plate in the making. */
struct found {
    struct gl_plate_read p;
    double seen;  /* as of proposals */
    double empty; /* probability that there is no text */
};

/* ---- one line as a plate ---- */
static int by_confidence(const void *a, const void *b) {
    const struct gl_plate_candidate *x = a, *y = b;
    return (x->confidence < y->confidence) - (x->confidence > y->confidence);
}

static struct gl_box box_of(const struct gl_proposal *w) {
    double m = 0.25 * gl_proposal_height(w);
    return (struct gl_box){(int)floor(w->left - 2 * m), (int)floor(fmin(w->top[0], w->top[1]) - m), (int)ceil(w->right + 2 * m),
                           (int)ceil(fmax(w->bottom[0], w->bottom[1]) + m)};
}

/* The formats' say: probabilities are weighed anew, their sum stays. */
static int rank(const struct gl_line_text *texts, int n, const struct gl_reader_options *o, struct gl_plate_candidate *ret) {
    double before = 0, after = 0;
    for (int i = 0; i < n; i++) {
        memcpy(ret[i].text, texts[i].text, sizeof ret[i].text);
        double prior = gl_formats_prior(texts[i].text, o->countries, GL_PLATE_HINTS, NULL);
        ret[i].confidence = texts[i].p * exp(prior_weight * prior);
        before += texts[i].p;
        after += ret[i].confidence;
    }
    for (int i = 0; i < n; i++) ret[i].confidence *= after > 0 ? before / after : 0;
    qsort(ret, (size_t)n, sizeof *ret, by_confidence);
    return n;
}

static void characters(const struct gl_line *l, struct gl_plate_read *p) {
    struct gl_ctc_place places[GL_CTC_LENGTH];
    const char *text = p->candidates[0].text;
    p->n_characters = (uint8_t)strlen(text);
    bool known = gl_ctc_align(l->log_p, GL_CROP_STEPS, text, places);
    for (int i = 0; i < p->n_characters; i++) p->characters[i] = known ? places[i].confidence : p->confidence;
}

/* Candidates of at least so many characters, best first. */
static void take_candidates(struct gl_plate_read *p, const struct gl_plate_candidate *all, int n, size_t least) {
    p->n_candidates = 0;
    for (int i = 0; i < n && p->n_candidates < GL_PLATE_CANDIDATES; i++)
        if (strlen(all[i].text) >= least) p->candidates[p->n_candidates++] = all[i];
    p->confidence = p->n_candidates > 0 ? p->candidates[0].confidence : 0;
}

static void plate_of(const struct gl_line *l, const struct gl_reader_options *o, struct found *ret) {
    struct gl_plate_candidate all[GL_LINE_TEXTS];
    struct gl_plate_read *p = &ret->p;
    *ret = (struct found){.p = {.box = box_of(&l->where), .height = gl_proposal_height(&l->where), .n_lines = 1},
                          .seen = l->where.seen};
    for (int i = 0; i < l->n; i++) ret->empty += l->texts[i].text[0] ? 0 : l->texts[i].p;
    take_candidates(p, all, rank(l->texts, l->n, o, all), LINE_LEAST);
    if (p->n_candidates == 0) return;
    characters(l, p);
    if (l->texts[0].p >= text_least) memcpy(p->raw, l->texts[0].text, sizeof p->raw);
}

/* ---- two lines ---- */
/* The lower line of a plate is about as high as the upper, close below, and both stand in the middle of each other. What the net sees so is a
 * plate, also where one of them is not read: half of a plate's text is worse than none. */
static bool stacked(const struct found *a, const struct found *b) {
    const struct gl_plate_read *up = &a->p, *low = &b->p;
    double h = fmax(up->height, low->height), gap = low->box.y1 - up->box.y2 + 0.5 * h; /* the boxes have their margins */
    double wide = fmin(up->box.x2 - up->box.x1, low->box.x2 - low->box.x1);
    double common = fmin(up->box.x2, low->box.x2) - fmax(up->box.x1, low->box.x1);
    double lengths = (double)(strlen(up->candidates[0].text) + strlen(low->candidates[0].text));
    return fmin(up->height, low->height) > 0.6 * h && gap > -0.2 * h && gap < 0.9 * h && common > 0.8 * wide && lengths <= 9 &&
           (fmin(up->confidence, low->confidence) > 0.3 ||
            (fmax(up->confidence, low->confidence) > 0.3 && fmin(a->seen, b->seen) > likely_seen));
}

static void join(const struct found *a, const struct found *b, const struct gl_reader_options *o, struct found *ret) {
    const struct gl_plate_read *up = &a->p, *low = &b->p;
    struct gl_line_text texts[GL_LINE_TEXTS];
    struct gl_plate_candidate all[GL_LINE_TEXTS];
    struct found f = {.seen = fmax(a->seen, b->seen)};
    struct gl_plate_read *p = &f.p;
    int n = 0;
    for (int i = 0; i < up->n_candidates && i < 5; i++)
        for (int k = 0; k < low->n_candidates && k < 5; k++, n++) {
            gl_format(texts[n].text, sizeof texts[n].text, "%s%s", up->candidates[i].text, low->candidates[k].text);
            texts[n].p = up->candidates[i].confidence * low->candidates[k].confidence;
        }
    *p = (struct gl_plate_read){.height = up->height, .n_lines = 2};
    p->box = (struct gl_box){up->box.x1 < low->box.x1 ? up->box.x1 : low->box.x1, up->box.y1,
                             up->box.x2 > low->box.x2 ? up->box.x2 : low->box.x2, low->box.y2};
    take_candidates(p, all, rank(texts, n, o, all), PLATE_LEAST);
    size_t length = strlen(p->candidates[0].text);
    for (int i = 0; i < up->n_characters && p->n_characters < length; i++) p->characters[p->n_characters++] = up->characters[i];
    for (int i = 0; i < low->n_characters && p->n_characters < length; i++) p->characters[p->n_characters++] = low->characters[i];
    while (p->n_characters < length) p->characters[p->n_characters++] = p->confidence;
    if (up->raw[0] && low->raw[0]) gl_format(p->raw, sizeof p->raw, "%s%s", up->raw, low->raw);
    *ret = f;
}

/* Each line is part of one plate at most. Returns how many plates are left. */
static int join_all(struct found *all, int n, const struct gl_reader_options *o) {
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++) {
            if (i == k || all[i].p.n_lines != 1 || all[k].p.n_lines != 1 || !stacked(&all[i], &all[k])) continue;
            join(&all[i], &all[k], o, &all[i]);
            all[k] = all[--n];
            if (i == n) i = k; /* what was moved */
            k = -1;
        }
    return n;
}

/* ---- what overlaps ---- */
static bool same_place(const struct gl_plate_read *a, const struct gl_plate_read *b) {
    int w = (a->box.x2 < b->box.x2 ? a->box.x2 : b->box.x2) - (a->box.x1 > b->box.x1 ? a->box.x1 : b->box.x1);
    int h = (a->box.y2 < b->box.y2 ? a->box.y2 : b->box.y2) - (a->box.y1 > b->box.y1 ? a->box.y1 : b->box.y1);
    int wa = a->box.x2 - a->box.x1, wb = b->box.x2 - b->box.x1, ha = a->box.y2 - a->box.y1, hb = b->box.y2 - b->box.y1;
    return w > 0.3 * (wa < wb ? wa : wb) && h > 0.4 * (ha < hb ? ha : hb);
}

static int by_worth(const void *a, const void *b) {
    const struct found *p = a, *q = b;
    double x = worth(p->p.candidates[0].text, p->p.confidence), y = worth(q->p.candidates[0].text, q->p.confidence);
    return (x < y) - (x > y);
}

static int thin(struct found *all, int n) {
    int kept = 0;
    qsort(all, (size_t)n, sizeof all[0], by_worth);
    for (int i = 0; i < n; i++) {
        bool said = false;
        for (int k = 0; k < kept && !said; k++) said = same_place(&all[i].p, &all[k].p);
        if (!said) all[kept++] = all[i];
    }
    return kept;
}

/* ---- what is told ---- */
/* How likely a text is a plate's. Words and numbers are lettering, telephones, the time in the picture, unless the net is sure of a plate; what is
 * short and of no format that is known is perhaps half of one. */
static double plausible(const char *text, double seen, const struct gl_reader_options *o) {
    size_t n = strlen(text), digits = 0;
    bool fits = gl_formats_prior(text, o->countries, GL_PLATE_HINTS, NULL) >= 0;
    for (const char *c = text; *c; c++) digits += *c <= '9';
    bool mixed = digits > 0 && digits < n;
    if (!mixed && seen > 0 && seen < surely_seen) return 0.3;
    if (!fits && (!mixed || n < 6)) return 0.6;
    return 1;
}

/* What looks little like a plate is told less surely. */
static void weigh(struct found *f, const struct gl_reader_options *o) {
    struct gl_plate_read *p = &f->p;
    double looks = f->seen > 0 ? fmin(fmax((f->seen - 0.1) / 0.4, 0), 1) : 1;
    for (int i = 0; i < p->n_candidates; i++) p->candidates[i].confidence *= looks * plausible(p->candidates[i].text, f->seen, o);
    qsort(p->candidates, p->n_candidates, sizeof p->candidates[0], by_confidence);
    p->confidence = p->n_candidates > 0 ? p->candidates[0].confidence : 0;
}

/* True when there is a plate, read or not. */
static bool tell(struct found *f, const struct gl_reader_options *o) {
    struct gl_plate_read *p = &f->p;
    if (p->n_lines == 1) take_candidates(p, p->candidates, p->n_candidates, PLATE_LEAST);
    weigh(f, o);
    if (p->confidence < text_least) p->raw[0] = '\0';
    if (p->confidence >= text_least) memcpy(p->text, p->candidates[0].text, sizeof p->text);
    gl_formats_prior(p->text, o->countries, GL_PLATE_HINTS, p->country);
    return p->confidence >= plate_least || (f->seen >= likely_seen && f->empty < 0.5);
}

static int by_sureness(const void *a, const void *b) {
    const struct found *x = a, *y = b;
    return (x->p.confidence < y->p.confidence) - (x->p.confidence > y->p.confidence);
}

void gl_plates_from_lines(struct gl_line *lines, int n, const struct gl_reader_options *o, struct gl_plates *ret) {
    struct found all[GL_PROPOSALS_MAX];
    int found = 0, kept = 0;
    for (int i = 0; i < n && found < GL_PROPOSALS_MAX; i++) {
        plate_of(&lines[i], o, &all[found]);
        found += all[found].p.confidence >= plate_least || all[found].seen >= likely_seen;
    }
    found = join_all(all, thin(all, found), o);
    for (int i = 0; i < found; i++)
        if (tell(&all[i], o)) all[kept++] = all[i];
    qsort(all, (size_t)kept, sizeof all[0], by_sureness);
    ret->n = (uint8_t)(kept < GL_PLATES_MAX ? kept : GL_PLATES_MAX);
    for (int i = 0; i < ret->n; i++) ret->plate[i] = all[i].p;
}

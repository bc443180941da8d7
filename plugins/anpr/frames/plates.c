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
/* Where the second proposer sees a plate, one that can hardly be read is told, too. */
static const double surely_seen = 0.5, seen_least = 0.03;

double gl_plates_value(const struct gl_line *l) {
    double sum = 0;
    for (int i = 0; i < l->n; i++) sum += strlen(l->texts[i].text) >= 3 ? l->texts[i].p : 0;
    return sum;
}

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

/* Lettering is read as well as plates are: where the second proposer sees little, less is believed, least of what is written like no plate. */
static double belief(const struct gl_line *l, const char *text, double enough) {
    static const double like_a_plate = 0.7, like_none = 2;
    double seen = 1 - (double)l->where.unseen;
    if (seen >= enough) return 1;
    return pow(fmax(seen, 0) / enough, gl_formats_prior(text, NULL, 0, NULL) > 0 ? like_a_plate : like_none);
}

/* How much has to be seen of a line: beside a plate that is clearly one, more. */
static double enough_of(const struct gl_line *lines, int n) {
    double best = 0;
    for (int i = 0; i < n; i++)
        if (gl_plates_value(&lines[i]) > 0.5) best = fmax(best, 1 - (double)lines[i].where.unseen);
    return fmax(0.4, 0.55 * best);
}

static bool is_plate(const struct gl_line *l, const struct gl_plate_read *p) {
    double unseen = (double)l->where.unseen; /* 0: nobody looked */
    return p->n_candidates > 0 && p->confidence >= (unseen > 0 && 1 - unseen >= surely_seen ? seen_least : plate_least);
}

static void characters(const struct gl_line *l, struct gl_plate_read *p) {
    struct gl_ctc_place places[GL_CTC_LENGTH];
    const char *text = p->candidates[0].text;
    p->n_characters = (uint8_t)strlen(text);
    bool known = gl_ctc_align(l->log_p, GL_CROP_STEPS, text, places);
    for (int i = 0; i < p->n_characters; i++) p->characters[i] = known ? places[i].confidence : p->confidence;
}

static void plate_of(const struct gl_line *l, double enough, const struct gl_reader_options *o, struct gl_plate_read *p) {
    struct gl_plate_candidate all[GL_LINE_TEXTS];
    *p = (struct gl_plate_read){.box = box_of(&l->where), .height = gl_proposal_height(&l->where), .n_lines = 1};
    int n = rank(l->texts, l->n, o, all);
    for (int i = 0; i < n && p->n_candidates < GL_PLATE_CANDIDATES; i++)
        if (strlen(all[i].text) >= 3) p->candidates[p->n_candidates++] = all[i];
    if (p->n_candidates == 0) return;
    double by = belief(l, p->candidates[0].text, enough);
    for (int i = 0; i < p->n_candidates; i++) p->candidates[i].confidence *= by;
    p->confidence = p->candidates[0].confidence;
    characters(l, p);
    if (l->texts[0].p >= text_least) memcpy(p->raw, l->texts[0].text, sizeof p->raw);
    if (p->confidence >= text_least) memcpy(p->text, p->candidates[0].text, sizeof p->text);
    gl_formats_prior(p->text, o->countries, GL_PLATE_HINTS, p->country);
}

/* ---- two lines ---- */
/* The lower line of a plate is about as high as the upper, close below, and both stand in the middle of each other. */
static bool stacked(const struct gl_plate_read *up, const struct gl_plate_read *low) {
    double h = fmax(up->height, low->height), gap = low->box.y1 - up->box.y2 + 0.5 * h; /* the boxes have their margins */
    double wide = fmin(up->box.x2 - up->box.x1, low->box.x2 - low->box.x1);
    double common = fmin(up->box.x2, low->box.x2) - fmax(up->box.x1, low->box.x1);
    double lengths = (double)(strlen(up->candidates[0].text) + strlen(low->candidates[0].text));
    return fmin(up->height, low->height) > 0.6 * h && gap > -0.2 * h && gap < 0.9 * h && common > 0.8 * wide && lengths <= 9 &&
           fmin(up->confidence, low->confidence) > 0.3;
}

static void join(const struct gl_plate_read *up, const struct gl_plate_read *low, const struct gl_reader_options *o,
                 struct gl_plate_read *ret) {
    struct gl_line_text texts[GL_LINE_TEXTS];
    struct gl_plate_candidate all[GL_LINE_TEXTS];
    struct gl_plate_read p = *up;
    int n = 0;
    for (int i = 0; i < up->n_candidates && i < 5; i++)
        for (int k = 0; k < low->n_candidates && k < 5; k++, n++) {
            gl_format(texts[n].text, sizeof texts[n].text, "%s%s", up->candidates[i].text, low->candidates[k].text);
            texts[n].p = up->candidates[i].confidence * low->candidates[k].confidence;
        }
    rank(texts, n, o, all);
    p.n_candidates = (uint8_t)(n < GL_PLATE_CANDIDATES ? n : GL_PLATE_CANDIDATES);
    memcpy(p.candidates, all, p.n_candidates * sizeof all[0]);
    p.n_lines = 2;
    p.box = (struct gl_box){up->box.x1 < low->box.x1 ? up->box.x1 : low->box.x1, up->box.y1,
                            up->box.x2 > low->box.x2 ? up->box.x2 : low->box.x2, low->box.y2};
    p.confidence = p.candidates[0].confidence;
    p.n_characters = 0;
    for (int i = 0; i < up->n_characters; i++) p.characters[p.n_characters++] = up->characters[i];
    for (int i = 0; i < low->n_characters && p.n_characters < GL_PLATE_CHARACTERS; i++)
        p.characters[p.n_characters++] = low->characters[i];
    while (p.n_characters < strlen(p.candidates[0].text)) p.characters[p.n_characters++] = p.confidence;
    p.n_characters = (uint8_t)strlen(p.candidates[0].text);
    gl_format(p.raw, sizeof p.raw, "%s%s", up->raw, low->raw);
    gl_format(p.text, sizeof p.text, "%s", p.confidence >= text_least ? p.candidates[0].text : "");
    gl_formats_prior(p.text, o->countries, GL_PLATE_HINTS, p.country);
    *ret = p;
}

/* Each line is part of one plate at most. Returns how many plates are left. */
static int join_all(struct gl_plate_read *all, int n, const struct gl_reader_options *o) {
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++) {
            if (i == k || all[i].n_lines != 1 || all[k].n_lines != 1 || !stacked(&all[i], &all[k])) continue;
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

/* A part of a plate reads as well as the whole: each character more is worth something. */
static double worth(const struct gl_plate_read *p) {
    double n = (double)strlen(p->candidates[0].text);
    return log(fmax(p->confidence, 1e-9)) + 0.8 * fmin(n, 8);
}

static int by_worth(const void *a, const void *b) {
    double x = worth(a), y = worth(b);
    return (x < y) - (x > y);
}

static int by_sureness(const void *a, const void *b) {
    const struct gl_plate_read *x = a, *y = b;
    return (x->confidence < y->confidence) - (x->confidence > y->confidence);
}

void gl_plates_from_lines(struct gl_line *lines, int n, const struct gl_reader_options *o, struct gl_plates *ret) {
    struct gl_plate_read all[GL_PROPOSALS_MAX];
    int found = 0;
    double enough = enough_of(lines, n);
    for (int i = 0; i < n && found < GL_PROPOSALS_MAX; i++) {
        plate_of(&lines[i], enough, o, &all[found]);
        if (is_plate(&lines[i], &all[found])) found++;
    }
    qsort(all, (size_t)found, sizeof all[0], by_worth);
    int kept = 0;
    for (int i = 0; i < found; i++) {
        bool said = false;
        for (int k = 0; k < kept && !said; k++) said = same_place(&all[i], &all[k]);
        if (!said) all[kept++] = all[i];
    }
    kept = join_all(all, kept, o);
    qsort(all, (size_t)kept, sizeof all[0], by_sureness);
    ret->n = (uint8_t)(kept < GL_PLATES_MAX ? kept : GL_PLATES_MAX);
    memcpy(ret->plate, all, ret->n * sizeof all[0]);
}

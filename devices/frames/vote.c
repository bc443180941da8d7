#include "frames/vote.h"

#include <math.h>
#include <string.h>

enum { FULL_HEIGHT = 28 /* pixels from which on a larger plate is read no better */, TALLY_MAX = GL_VOTE_FRAMES * 10 + 1 };

#define RAW_SHARE 0.1 /* enough to stay among the candidates */

static double weight_of(const struct gl_seen_plate *p) {
    double size = p->h < FULL_HEIGHT ? (double)p->h / FULL_HEIGHT : 1.0;
    double sure = isnan(p->confidence) ? 0.1 : p->confidence;
    return size * (0.05 + sure * sure);
}

void gl_vote_add(struct gl_vote *v, const struct gl_seen_plate *p) {
    struct gl_ballot b = {weight_of(p), *p};
    if (v->n < GL_VOTE_FRAMES) {
        v->ballots[v->n++] = b;
        return;
    }
    size_t least = 0;
    for (size_t i = 1; i < GL_VOTE_FRAMES; i++)
        if (v->ballots[i].weight < v->ballots[least].weight) least = i;
    if (b.weight >= v->ballots[least].weight) v->ballots[least] = b;
}

size_t gl_text_distance(const char *a, const char *b) {
    size_t row[GL_PLATE], na = strnlen(a, GL_PLATE - 1), nb = strnlen(b, GL_PLATE - 1);
    for (size_t j = 0; j <= nb; j++) row[j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t above = row[j], change = diagonal + (a[i - 1] != b[j - 1]);
            row[j] = above < row[j - 1] ? above + 1 : row[j - 1] + 1;
            if (change < row[j]) row[j] = change;
            diagonal = above;
        }
    }
    return row[nb];
}

/* ---- whole texts ------------------------------------------------------------------------------------------------------------------- */
struct tally {
    size_t n;
    struct gl_candidate t[TALLY_MAX];
    double weight;
};

static struct gl_candidate *entry(struct tally *t, const char *text) {
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->t[i].text, text) == 0) return &t->t[i];
    if (t->n == TALLY_MAX) return NULL;
    struct gl_candidate *c = &t->t[t->n++];
    *c = (struct gl_candidate){.confidence = 0};
    gl_clip(c->text, sizeof c->text, text);
    return c;
}

static void add(struct tally *t, const char *text, double more) {
    struct gl_candidate *c = text[0] ? entry(t, text) : NULL;
    if (c && !isnan(more)) c->confidence += more;
}

/* A frame without a list of candidates has one: what it read. */
static void count_texts(const struct gl_vote *v, struct tally *t) {
    for (size_t i = 0; i < v->n; i++) {
        const struct gl_seen_plate *p = &v->ballots[i].plate;
        double w = v->ballots[i].weight;
        bool listed = false;
        t->weight += w;
        for (size_t k = 0; k < p->n_candidates; k++) {
            add(t, p->candidates[k].text, w * p->candidates[k].confidence);
            listed |= strcmp(p->candidates[k].text, p->text) == 0;
        }
        if (!listed) add(t, p->text, w * p->confidence);
        if (strcmp(p->raw, p->text) != 0) add(t, p->raw, w * RAW_SHARE * p->confidence);
    }
    for (size_t i = 0; i < t->n && t->weight > 0; i++) t->t[i].confidence /= t->weight;
}

/* ---- character by character -------------------------------------------------------------------------------------------------------- */

/* The length that most of the weight has read; 0 = none. */
static size_t usual_length(const struct gl_vote *v, double *ret_weight) {
    double by_length[GL_PLATE] = {0};
    size_t best = 0;
    for (size_t i = 0; i < v->n; i++) by_length[strlen(v->ballots[i].plate.text)] += v->ballots[i].weight;
    for (size_t n = 1; n < GL_PLATE; n++)
        if (by_length[n] > (best ? by_length[best] : 0)) best = n;
    *ret_weight = best ? by_length[best] : 0;
    return best;
}

static double character_of(const struct gl_seen_plate *p, size_t len, size_t at) {
    double c = p->n_characters == len ? p->characters[at] : p->confidence;
    return isnan(c) ? 0 : c;
}

/* The character with the most weight at a place, and its share of it. */
static char vote_place(const struct gl_vote *v, size_t len, size_t at, double *ret_share) {
    double by_letter[256] = {0}, all = 0;
    unsigned char best = 0;
    for (size_t i = 0; i < v->n; i++) {
        const struct gl_seen_plate *p = &v->ballots[i].plate;
        if (strlen(p->text) != len) continue;
        unsigned char letter = (unsigned char)p->text[at];
        by_letter[letter] += v->ballots[i].weight * character_of(p, len, at);
        all += v->ballots[i].weight;
        if (by_letter[letter] > by_letter[best]) best = letter;
    }
    *ret_share = all > 0 ? by_letter[best] / all : 0;
    return (char)best;
}

/* A text that perhaps no frame has read as a whole: the screw of one frame is not that of the next. As sure as its least sure place. */
static void count_characters(const struct gl_vote *v, struct tally *t) {
    double weight, least = 1;
    size_t len = usual_length(v, &weight);
    char text[GL_PLATE] = "";
    for (size_t i = 0; i < len; i++) {
        double share;
        text[i] = vote_place(v, len, i, &share);
        if (text[i] == '\0') return;
        if (share < least) least = share;
    }
    if (len == 0 || !gl_utf8_valid(text, len) || t->weight <= 0) return;
    struct gl_candidate *c = entry(t, text);
    double sure = least * weight / t->weight;
    if (c && c->confidence == 0) c->confidence = sure * 0.9; /* nobody has read it as a whole */
}

/* ---- the result -------------------------------------------------------------------------------------------------------------------- */
static void take_best(struct tally *t, struct gl_vote_result *out) {
    while (out->n_candidates < GL_VOTE_TEXTS) {
        size_t best = 0;
        for (size_t i = 1; i < t->n; i++)
            if (t->t[i].confidence > t->t[best].confidence) best = i;
        if (t->n == 0 || t->t[best].confidence <= 0) return;
        struct gl_candidate *c = &out->candidates[out->n_candidates++];
        *c = t->t[best];
        if (c->confidence > 1) c->confidence = 1;
        t->t[best].confidence = 0;
    }
}

/* Frames of one vehicle are no strangers to each other: what deceives one may deceive all. So agreement takes away at most half of the doubt. */
static double with_agreement(double confidence, size_t frames) {
    static const double doubt_left[] = {1, 1, 0.8, 0.65, 0.5};
    size_t last = GL_COUNT(doubt_left) - 1;
    return 1 - (1 - confidence) * doubt_left[frames < last ? frames : last];
}

static void describe_winner(const struct gl_vote *v, struct gl_vote_result *out) {
    const char *text = out->candidates[0].text;
    size_t len = strlen(text);
    double heaviest = 0;
    for (size_t i = 0; i < v->n; i++) {
        const struct gl_ballot *b = &v->ballots[i];
        if (strcmp(b->plate.text, text) != 0) continue;
        out->agree++;
        if (b->weight > heaviest) {
            heaviest = b->weight;
            gl_clip(out->country, sizeof out->country, b->plate.country);
        }
    }
    for (size_t i = 0; i < len; i++) {
        double share;
        out->characters[i] = vote_place(v, len, i, &share) == text[i] ? share : 0;
    }
    double whole;
    if (len == usual_length(v, &whole)) out->n_characters = (uint16_t)len;
    out->candidates[0].confidence = with_agreement(out->candidates[0].confidence, out->agree);
}

void gl_vote_count(const struct gl_vote *v, struct gl_vote_result *out) {
    struct tally t = {.n = 0};
    *out = (struct gl_vote_result){.n_candidates = 0};
    count_texts(v, &t);
    count_characters(v, &t);
    take_best(&t, out);
    if (out->n_candidates > 0) describe_winner(v, out);
}

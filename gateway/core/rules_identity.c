/* Rules about who it is: vehicle, trailer and container, as they were read, against what was lodged. */
#include <math.h>

#include "core/rules.h"

/* ---- who is it ---- */
RULE(gl_rule_no_read) {
    const struct sighting *v = &f->passage->vehicle;
    if (v->text[0])
        SAY(GL_PASS, "", "plate %s", v->text);
    else if (v->seen && (f->by_reference || f->by_tag || f->by_container))
        SAY(GL_NOTE, "", "the plate could not be read; known by its %s",
            f->by_reference ? "document"
            : f->by_tag     ? "tag"
                            : "container");
    else if (v->seen && f->tag.stands)
        SAY(GL_FAIL, "", "the plate could not be read; its tag alone does not tell, without the declared trailer or container");
    else if (v->seen)
        SAY(GL_FAIL, "", "the plate could not be read");
    else
        SAY(GL_UNKNOWN, "", "no plate was read");
}

RULE(gl_rule_low_confidence) {
    const struct sighting *v = &f->passage->vehicle;
    double min = f->profile->min_confidence;
    if (!v->text[0] || min <= 0) return;
    if (v->typed)
        SAY(GL_NOTE, "", "the plate was typed by an officer");
    else if (v->confidence >= min)
        SAY(GL_PASS, "", "confidence %.2f", v->confidence);
    else if (f->by_reference && f->by_plate)
        SAY(GL_NOTE, "", "confidence %.2f, confirmed by the document", v->confidence);
    else if (f->tag.agrees)
        SAY(GL_NOTE, "", "confidence %.2f, confirmed by the tag", v->confidence);
    else if (isnan(v->confidence))
        SAY(GL_UNKNOWN, "", "the camera gave no confidence");
    else
        SAY(GL_FAIL, "", "the camera was %.2f sure; %.2f is needed", v->confidence, min);
}

RULE(gl_rule_ambiguous_match) {
    const struct passage *p = f->passage;
    if (f->answer->truncated)
        SAY(GL_FAIL, "", "more was found than can be judged here");
    else if (p->foreign)
        SAY(GL_FAIL, "", "a reading may belong to the vehicle before or behind");
    else if (p->vehicle.conflict)
        SAY(GL_FAIL, "", "two different plates were read for this vehicle");
    else if (p->trailer.conflict)
        SAY(GL_FAIL, "", "two different trailer plates were read for this vehicle");
    else if (p->container.conflict)
        SAY(GL_FAIL, "", "two different container numbers were read for this vehicle");
    else if (f->n_live > 1)
        SAY(GL_FAIL, "", "%d live movements fit; a document reference would tell which", f->n_live);
    else
        SAY(GL_PASS, "", "nothing else fits");
}

RULE(gl_rule_no_declaration) {
    if (!(f->profile->require & GL_NEED_DECLARATION))
        SAY(GL_NOTE, "", "the lane asks for no declaration");
    else if (gl_facts_matched(f))
        SAY(GL_PASS, gl_facts_chosen(f) ? gl_facts_chosen(f)->ref.value : "",
            gl_facts_chosen(f) ? "a movement was lodged" : "declarations were lodged");
    else if (!f->passage->vehicle.text[0] && !f->passage->reference.value[0] && !f->tag.stands)
        SAY(GL_UNKNOWN, "", "there is nothing to look up");
    else
        SAY(GL_FAIL, "", "nothing that was lodged fits%s",
            f->feed == GL_FEED_AGED ? "; the feed is late: it may be newly lodged" : "");
}

/* A document names one vehicle: a photocopy must not release another. */
RULE(gl_rule_plate_mismatch) {
    const struct gl_answer_movement *m = gl_facts_chosen(f);
    if (!f->by_reference || !f->passage->vehicle.text[0] || f->by_plate) return;
    if (f->by_declaration) {
        for (int i = 0; i < f->answer->n_declarations; i++)
            if (gl_facts_judged(f, &f->answer->declarations[i]) && (f->answer->declarations[i].by & GL_BY_PLATE)) return;
    }
    SAY(GL_FAIL, m ? m->ref.value : "", "the document is lodged for another vehicle than %s", f->passage->vehicle.text);
}

RULE(gl_rule_plate_role_swap) {
    if (f->by_swap && !f->by_reference)
        SAY(GL_FAIL, gl_facts_chosen(f) ? gl_facts_chosen(f)->ref.value : "", "plate %s is declared as a trailer's",
            f->passage->vehicle.text);
    else
        SAY(GL_PASS, "", "no trailer's plate on the vehicle");
}

RULE(gl_rule_code_required) {
    if (!(f->profile->require & GL_NEED_CODE)) return;
    if (f->by_reference)
        SAY(GL_PASS, "", "document %s", f->passage->reference.value);
    else if (f->passage->reference.value[0])
        SAY(GL_UNKNOWN, "", "document %s fits nothing that was lodged", f->passage->reference.value);
    else
        SAY(GL_UNKNOWN, "", f->passage->code_seen ? "the code that was read is no document reference" : "no document was scanned");
}

/* ---- the trailer ---- */
static bool trailer_declared(const struct facts *f, const struct gl_plate_keys *keys) {
    for (int i = 0; i < f->n_trailers; i++)
        if (gl_plate_keys_meet(&f->trailers[i], keys)) return true;
    return false;
}
static bool own_plate_again(const struct facts *f) {
    return f->passage->vehicle.text[0] && gl_plate_keys_meet(&f->passage->trailer.keys, &f->passage->vehicle.keys);
}
static bool trailer_judged(const struct facts *f) {
    return gl_facts_matched(f) && ((f->profile->require & GL_NEED_TRAILER) || f->passage->trailer.text[0]);
}

RULE(gl_rule_trailer_mismatch) {
    const struct sighting *t = &f->passage->trailer;
    if (!trailer_judged(f) || !t->text[0] || f->n_trailers == 0 || own_plate_again(f)) return;
    if (trailer_declared(f, &t->keys))
        SAY(GL_PASS, "", "trailer %s is declared", t->text);
    else
        SAY(GL_FAIL, gl_facts_chosen(f) ? gl_facts_chosen(f)->ref.value : "", "trailer %s is not the declared one (%s)", t->text,
            f->trailers[0].key[0]);
}
RULE(gl_rule_trailer_extra) {
    const struct sighting *t = &f->passage->trailer;
    if (!trailer_judged(f) || !t->text[0] || f->n_trailers > 0 || own_plate_again(f)) return;
    SAY(GL_FAIL, "", "trailer %s was seen, but none is declared", t->text);
}
RULE(gl_rule_trailer_missing) {
    const struct sighting *t = &f->passage->trailer;
    if (!trailer_judged(f) || f->n_trailers == 0 || (t->seen && !own_plate_again(f))) return;
    SAY(f->trailer_over ? GL_FAIL : GL_UNKNOWN, "", "trailer %s is declared, but none was seen", f->trailers[0].key[0]);
}
RULE(gl_rule_trailer_no_read) {
    const struct sighting *t = &f->passage->trailer;
    if (!trailer_judged(f)) return;
    if (t->seen && !t->text[0])
        SAY(GL_FAIL, "", "the trailer's plate could not be read");
    else if (!t->seen && f->n_trailers == 0 && !f->trailer_over)
        SAY(GL_UNKNOWN, "", "a trailer may still come into view");
    else if (!t->seen && f->n_trailers == 0)
        SAY(GL_PASS, "", "no trailer declared, none seen");
}

/* ---- the container ---- */
static bool same_container(const char *a, const struct sighting *s) {
    struct gl_plate_keys keys;
    return gl_plate_keys(a, &keys) == 0 && gl_plate_keys_meet(&keys, &s->keys);
}
RULE(gl_rule_container_mismatch) {
    const struct sighting *s = &f->passage->container;
    if (!gl_facts_matched(f)) return;
    if (!s->text[0]) {
        if (f->profile->require & GL_NEED_CONTAINER) SAY(GL_UNKNOWN, "", "no container number was read");
        return;
    }
    int declared = 0;
    const struct gl_answer_movement *m = gl_facts_chosen(f);
    for (int i = 0; m && i < m->n_containers; i++, declared++)
        if (same_container(m->containers[i], s)) {
            SAY(GL_PASS, m->ref.value, "container %s is declared", s->text);
            return;
        }
    for (int i = 0; i < f->answer->n_declarations; i++) {
        const struct gl_answer_declaration *x = &f->answer->declarations[i];
        for (int k = 0; gl_facts_judged(f, x) && k < x->n_containers; k++, declared++)
            if (same_container(x->containers[k], s)) {
                SAY(GL_PASS, x->ref.value, "container %s is declared", s->text);
                return;
            }
    }
    SAY(GL_FAIL, m ? m->ref.value : "",
        declared ? "container %s is not a declared one" : "container %s was read, but none is declared", s->text);
}

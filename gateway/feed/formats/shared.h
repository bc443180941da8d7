/* What the formats of whole declarations share: what counts as a road vehicle's identity, one spelling of a container, which of two masses
 * counts, the declarant's own reference, and times written as digits alone. */
#pragma once
#include "feed/draft.h"

enum { GL_UNWEIGHED = 7 /* the place in gl_draft.spare that gl_weighed_item_end() keeps for itself */ };

/* Of a mode of transport by its first digit, as UN/ECE Recommendation 19 and customs number them: 3 and 30 are road. What says nothing or is
 * no such code is unknown, never "not road". */
enum gl_mode { GL_MODE_UNKNOWN, GL_MODE_ROAD, GL_MODE_OTHER };
enum gl_mode gl_mode_of(const char *code);

/* Adds a vehicle's or trailer's identity, unless it says that there is none, or has no digit: that is the name of a ship or of a person. Of a name
 * only a note remains, which does not repeat it. */
int gl_road_means(struct gl_draft *d, uint8_t stage, uint8_t role, const char *identity, const char *country, struct gl_error *err);

/* Setters. Of a container: into equipment.container, or at once as one of its own that is kept once, both in the form of ISO 6346 where it has one.
 * Of a trader: the EORI of the first that has one; national numbers and placeholders are passed over. */
int gl_set_container_number(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err);
int gl_set_own_container(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err);
int gl_set_eori(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err);

/* As gl_item_end(), and remembers an item that says no mass. */
int gl_weighed_item_end(struct gl_draft *d, uint8_t arg, struct gl_error *err);

/* For finish: the declaration's gross mass stays; where none was said it is the sum of the items, if every one says its own. Two masses that
 * disagree are noted. */
void gl_settle_mass(struct gl_draft *d);

/* For finish: the declaration's lrn, "HOLDER/LRN" of the draft's holder and lrn, for an LRN is unique for its declarant alone; the LRN itself
 * where no holder is known, unless the record is numbered: another's declaration must not become this one because both call theirs "1"; nothing
 * without an LRN. In the spelling of a reference of type lrn. -EBADMSG when it is none. */
int gl_own_reference(struct gl_draft *d, bool numbered, struct gl_error *err) GL_MUST_USE;

/* "260504" or "20260504", and "0815", "081530" or "", into "2026-05-04T08:15:30". False when it is none of these. */
bool gl_digits_time(const char *date, const char *time, char ret[24]);

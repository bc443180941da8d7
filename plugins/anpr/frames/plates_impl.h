/* From lines that were read to plates: what reader.c leaves to plates.c. */
#pragma once
#include "frames/lines.h"
#include "frames/reader.h"

/* How much a line looks like (a line of) a plate that was read: the probability of its texts of at least two characters. */
double gl_plates_value(const struct gl_line *l);

/* What a line is worth beside others that say something else of the same place: sure ones more, and longer ones, for a part of a plate reads as
 * well as the whole. */
double gl_plates_worth(const struct gl_line *l);

/* Joins lines that stand above each other, ranks with the formats, drops what overlaps something better. lines are reordered. */
void gl_plates_from_lines(struct gl_line *lines, int n, const struct gl_reader_options *options, struct gl_plates *ret);

/* Comma-separated files of whatever columns, by a mapping that says which column is which field.
 *
 * The file is RFC 4180 in UTF-8, with a byte order mark or without: a header, then a record a row, a cell in quotes where it holds a separator,
 * a quote (doubled) or a line break. Lines end in CR LF or LF; empty ones are passed over. Every row has as many cells as the header. A bad row
 * is told with its line and column and left out; the others go on. Rows are read one at a time, in memory that does not grow with the file.
 *
 * The mapping is text, one line a field; docs/formats.md is its manual:
 *
 *     record      = movements
 *     separator   = ";"
 *     ref         = "Booking" type booking
 *     version     = "Changed" time "DD.MM.YYYY hh:mm"
 *     kind        = always goods
 *     state       = "Status" words planned=draft "at the border"=ready
 *     vehicle     = "Truck" country "Country"
 *     trailer     = "Trailer 1" "Trailer 2" none "-"
 *     container   = "Containers" split ","
 *     gross_kg    = "Weight" unit t decimal ","        (of declarations)
 *
 * Why of our own: the libraries that Debian 12 has (libcsv) read quotes leniently by default, know no lines of their own, and would leave the
 * limits to us all the same; what is strict here is the larger part. */
#pragma once
#include "feed/import.h"

enum { GL_CSV_ROW = 65536 /* longest row in bytes */, GL_CSV_COLUMNS = 256, GL_CSV_MAPPING = 65536 /* longest mapping */ };

/* One row after another. Large: heap only. */
struct gl_csv {
    const char *p, *end;
    uint64_t line;  /* of what comes next, from 1 */
    uint64_t first; /* line that the last row begins in */
    char separator;
    size_t n;                         /* cells of the last row */
    const char *cell[GL_CSV_COLUMNS]; /* its texts, without the blanks at their ends, borrowed until the next row */
    char text[GL_CSV_ROW + GL_CSV_COLUMNS];
};

/* Begins to read bytes, which stay the caller's. */
void gl_csv_begin(struct gl_csv *c, const void *bytes, size_t len, char separator);

/* The next row: 1 with its cells, 0 at the end, -EBADMSG or -E2BIG with the reason in err when it is refused: it is behind us then. */
int gl_csv_next(struct gl_csv *c, struct gl_error *err) GL_MUST_USE;

/* As gl_import(), with options->mapping. Negative also when the mapping is wrong, or names a column that the file has not. */
int gl_csv_import(const uint8_t *bytes, size_t len, const struct gl_import_options *options, const struct gl_import_sink *sink,
                  struct gl_error *err) GL_MUST_USE;

/* National formats of plates, as data: how likely a text is as a plate at all, and of which country it may be. They rank what the net offers;
 * nothing is refused for fitting none of them. */
#pragma once
#include "base/base.h"

/* What the formats say of a text (A-Z, 0-9): log of how much likelier it is under them than as random characters, between about -1.2 (fits none)
 * and 6. expected: ISO 3166 alpha-2 codes, "" ends them (NULL: none): their formats weigh more. ret_country (may be NULL): the country whose
 * format outweighs all others together, else "". */
double gl_formats_prior(const char *text, const char (*expected)[3], size_t n_expected, char ret_country[3]);

/* True when a text fits a pattern: A letter, 9 digit, a and 0 the same but optional, [..] one of these, anything else itself. */
bool gl_formats_fit(const char *pattern, const char *text);

/* How many countries are known, and whether this is one of them. */
size_t gl_formats_countries(void);
bool gl_formats_known(const char *country);

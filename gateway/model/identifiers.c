/* Patterns and check digits of single identifiers.
 *
 *     MRN        YY CC XXXXXXXXXXXX P C    year, country, 12 national, category, check digit
 *     GMR        GMR A XXXXXXXX
 *     SSCC       D DDDDDDDDDDDDDDDD C      18 digits
 *     container  OOO U DDDDDD C            owner, category U J Z R, serial, check digit; then perhaps "45G1" */
#include "model/identifiers.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum { MRN_LENGTH = 18, GMR_LENGTH = 12, SSCC_LENGTH = 18, CONTAINER_LENGTH = 11, UUID_LENGTH = 36 };

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
static bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

static char to_upper(char c) {
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Whole-text pattern: 9 digit, A letter, X either; anything else stands for itself. */
static bool fits(const char *text, const char *pattern) {
    for (; *pattern; pattern++, text++) {
        char c = *text;
        bool good = *pattern == '9'   ? is_digit(c)
                    : *pattern == 'A' ? is_upper(c)
                    : *pattern == 'X' ? is_digit(c) || is_upper(c)
                                      : c == *pattern;
        if (!good) return false;
    }
    return *text == '\0';
}

/* Value of a character in ISO 6346: digits as they are, letters from 10 on without the multiples of 11. */
static unsigned value_6346(char c) {
    if (is_digit(c)) return (unsigned)(c - '0');
    unsigned v = 10 + (unsigned)(c - 'A');
    return v + (c >= 'B') + (c >= 'L') + (c >= 'V');
}

/* Check digit over the first n characters; remainder 10 is written 0. */
static char check_6346(const char *text, size_t n) {
    unsigned long sum = 0;
    for (size_t i = 0; i < n; i++) sum += (unsigned long)value_6346(text[i]) << i;
    return (char)('0' + sum % 11 % 10);
}

enum gl_check gl_mrn_check(const char *mrn) {
    if (!fits(mrn, "99AAXXXXXXXXXXXXX9")) return GL_CHECK_NO_MATCH;
    return check_6346(mrn, MRN_LENGTH - 1) == mrn[MRN_LENGTH - 1] ? GL_CHECK_OK : GL_CHECK_WRONG;
}

enum gl_check gl_sscc_check(const char *sscc) {
    if (!fits(sscc, "999999999999999999")) return GL_CHECK_NO_MATCH;
    unsigned sum = 0;
    for (size_t i = 0; i < SSCC_LENGTH; i++) sum += (unsigned)(sscc[i] - '0') * (i % 2 == 0 ? 3 : 1);
    return sum % 10 == 0 ? GL_CHECK_OK : GL_CHECK_WRONG;
}

bool gl_gmr_form(const char *gmr) {
    return strncmp(gmr, "GMR", 3) == 0 && fits(gmr + 3, "AXXXXXXXX");
}

bool gl_tir_carnet_form(const char *number) {
    size_t letters = 0, digits = 0;
    while (letters < 4 && is_upper(number[letters])) letters++;
    while (digits < 9 && is_digit(number[letters + digits])) digits++;
    return (letters == 2 || letters == 3) && (digits == 7 || digits == 8) && number[letters + digits] == '\0';
}

int gl_uuid_canonical(const char *text, char ret[GL_UUID]) {
    size_t len = strlen(text);
    if (strncasecmp(text, "urn:uuid:", 9) == 0) text += 9, len -= 9;
    if (len == UUID_LENGTH + 2 && text[0] == '{' && text[len - 1] == '}') text++, len -= 2;
    if (len != UUID_LENGTH) return -EINVAL;
    char out[GL_UUID] = "";
    bool nil = true;
    for (size_t i = 0; i < UUID_LENGTH; i++) {
        char c = text[i];
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen ? c != '-' : !(is_digit(c) || (to_upper(c) >= 'A' && to_upper(c) <= 'F'))) return -EINVAL;
        if (c != '-' && c != '0') nil = false;
        out[i] = is_upper(c) ? (char)(c - 'A' + 'a') : c;
    }
    if (nil) return -EINVAL;
    memcpy(ret, out, GL_UUID);
    return 0;
}

int gl_epc_canonical(const char *text, char ret[GL_EPC]) {
    char out[GL_EPC];
    size_t n = 0;
    for (; *text; text++) {
        char c = to_upper(*text);
        if (c == ' ' || c == '-') continue;
        if (!is_digit(c) && !(c >= 'A' && c <= 'F')) return -EINVAL;
        if (n + 1 >= sizeof out) return -ENAMETOOLONG;
        out[n++] = c;
    }
    if (n == 0 || n % 2 != 0) return -EINVAL;
    out[n] = '\0';
    memcpy(ret, out, n + 1);
    return 0;
}

/* Drops what people print between the groups of a number, and its case. -ENAMETOOLONG when more than size - 1 characters are left. */
static int squeeze(const char *text, char *out, size_t size) {
    size_t n = 0;
    for (; *text; text++) {
        if (strchr(" \t-.", *text)) continue;
        if (n + 1 >= size) return -ENAMETOOLONG;
        out[n++] = to_upper(*text);
    }
    out[n] = '\0';
    return 0;
}

int gl_container_parse(const char *text, struct gl_container_value *ret) {
    char plain[CONTAINER_LENGTH + 4 + 1];
    if (squeeze(text, plain, sizeof plain) < 0) return -EINVAL;
    size_t len = strlen(plain);
    if (len == CONTAINER_LENGTH + 4 && fits(plain + CONTAINER_LENGTH, "XXAX")) plain[CONTAINER_LENGTH] = '\0';
    bool whole = fits(plain, "AAAA9999999");
    if ((!whole && !fits(plain, "AAAA999999")) || !strchr("UJZR", plain[3])) return -EINVAL;
    struct gl_container_value v = {.check_ok = GL_NULL};
    if (whole) v.check_ok = gl_tri(check_6346(plain, CONTAINER_LENGTH - 1) == plain[CONTAINER_LENGTH - 1]);
    int rc = gl_copy(v.number, sizeof v.number, plain);
    if (rc == 0) *ret = v;
    return rc;
}

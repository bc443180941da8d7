/* Document and equipment identifiers as text: patterns, check digits, canonical forms. Pure functions without allocation; texts are borrowed.
 *
 * A check digit guards against a misread code. It is never a reason to refuse a record of the feed: lawful records fail it. */
#pragma once
#include "model/reading.h"

enum gl_check { GL_CHECK_NO_MATCH, GL_CHECK_WRONG, GL_CHECK_OK }; /* not of this form; form right, check digit wrong; both right */

/* EU movement reference number, canonical: 18 characters, upper case, no separators. Both the old form (17th character free) and the new
 * one (17th = procedure category) pass. */
enum gl_check gl_mrn_check(const char *mrn);

/* Serial shipping container code: 18 digits, the last by GS1 mod 10. */
enum gl_check gl_sscc_check(const char *sscc);

/* True for a GVMS goods movement reference, canonical: GMR, a letter, eight letters or digits. It has no check digit. */
bool gl_gmr_form(const char *gmr);

/* True for the usual look of a TIR carnet number: two or three letters, seven or eight digits. Its check is not public. */
bool gl_tir_carnet_form(const char *number);

/* UUID of any case, also in braces or after "urn:uuid:", into its canonical lower-case form. -EINVAL for anything else and for the nil UUID. */
int gl_uuid_canonical(const char *text, char ret[GL_UUID]) GL_MUST_USE;

/* ISO 6346 container number as printed or read: spaces, hyphens and dots are dropped, and a size and type code behind it ("45G1"). Writes 11
 * characters and check_ok; from a text whose check digit is missing 10 characters and check_ok null. -EINVAL when it is no container number. */
int gl_container_parse(const char *text, struct gl_container_value *ret) GL_MUST_USE;

/* The EPC of a tag as it is printed or read: spaces and hyphens are dropped, hexadecimal digits become upper case. Whole octets, 1 to 64 of
 * them (512 bits). -EINVAL: empty, an odd number of digits, or anything that is no digit; -ENAMETOOLONG: more than 512 bits. */
int gl_epc_canonical(const char *text, char ret[GL_EPC]) GL_MUST_USE;

enum { GL_REF_BAD_CHECK = 1 };

/* Recognises the reference that a scanned code stands for: an MRN, GMR, SSCC (18 digits, or GS1 data with AI 00, or a GS1 Digital Link),
 * container number or UUID, whatever the case and the separators between its groups; or a URL whose last path segment or one query value is
 * an MRN, GMR or UUID. The URL is only read, never fetched; one that holds two different references is plain text.
 * Returns 0 with ret filled; 0 with type "" for plain text; GL_REF_BAD_CHECK with the type alone when the form is right and the check digit
 * wrong: the code was misread or made up, and is not a reference. */
int gl_reference_recognise(const char *text, struct gl_ref *ret) GL_MUST_USE;

/* The same for data that its symbology marks as GS1 element strings (AIM ]C1, ]Q3, ]d2, ]e0): separator 0x1D, a leading one is tolerated. Only
 * AI 00 is a reference. */
int gl_reference_gs1(const char *text, struct gl_ref *ret) GL_MUST_USE;

/* The canonical reference of a record that names its own type, any word [a-z0-9]{1,8}: known types in the forms above, others trimmed, upper
 * case (ASCII), without inner spaces. A form or check digit that is not right is kept: the record's word stands. -EINVAL: type is no such
 * word, or the value is empty, not UTF-8, or holds control characters; -ENAMETOOLONG: longer than GL_REF - 1. */
int gl_ref_canonical(const char *type, const char *value, struct gl_ref *ret) GL_MUST_USE;

/* From the camera's way of writing a value to ours: times, percentages, countries, classes, directions. Pure functions on text. */
#pragma once
#include "model/reading.h"

/* A dateTime, in every shape that cameras were seen to send:
 *     2026-03-02T08:15:30+01:00   2026-03-02T08:15:30.250Z   2026-03-02T08:15:30+0100
 *     2026-03-02T08:15:30-6:00    an offset of one digit
 *     2026-03-02T08:15:3000:00    the '+' was lost on the way
 * Returns 0, or 1 when the time has no offset (it cannot be placed; *ret is left alone), or -EINVAL. */
int gl_isapi_time(const char *text, int64_t *ret) GL_MUST_USE;

/* "97" or "92.5", 0..100, as 0..1. -ERANGE when outside, -EINVAL when it is no such number. */
int gl_isapi_percent(const char *text, double *ret) GL_MUST_USE;

/* "99,98,61": one percentage per character into out[max], *ret_n of them. -EINVAL and nothing written when any is wrong. */
int gl_isapi_characters(const char *text, double *out, size_t max, uint16_t *ret_n) GL_MUST_USE;

/* <vehicleType> to a class; GL_CLASS_NONE for what does not settle it ("vehicle", "van", "unknown", a word not known). */
enum gl_class gl_isapi_class(const char *type);

/* "forward", "reverse", else none; reversed swaps the two. */
enum gl_toward gl_isapi_direction(const char *text, bool reversed);

/* "true", "1", "yes" in any case. */
bool gl_isapi_true(const char *text);

/* Country number to ISO 3166 alpha-2, "" for none; and back, 0 for none. */
const char *gl_isapi_country(int64_t code);
int gl_isapi_country_code(const char *iso);

/* The role of a picture from what it is called: "licensePlatePicture.jpg" is "plate"; NULL when the name says nothing. */
const char *gl_isapi_picture_role(const char *name);

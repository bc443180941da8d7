/* Lines of a TSA portal: bytes to lines, a line to its tag and numbers, and the time that a recorder may have put behind it.
 *
 *     TAG,field,field,... CR LF            two capitals, perhaps a digit; fields are zero padded: GS,000071,000068,000083,000080
 *     TAG,field,...,07-15-30.158           a recorder's time stamp, which is not on the wire
 *     TAG,field,...,2026-03-02 07:15:30.158 -07
 *
 * A line ends at CR, LF or CR LF. Decimal fields may begin with blanks. */
#pragma once
#include "base/time.h"

enum { GL_TSA_LINE = 200, GL_TSA_FIELDS = 8, GL_TSA_DETECTORS = 4 };

enum gl_tsa_tag {
    GL_TSA_UNKNOWN, /* of the right shape, but in no table: newer firmware */
    GL_TSA_PASSED,  /* known, and of no use here: analysis values of newer firmware */
    GL_TSA_GB,      /* gamma background, counts per second and detector */
    GL_TSA_GH,      /* the same, faulty: too high */
    GL_TSA_GL,      /* the same, faulty: too low */
    GL_TSA_NB,      /* neutron background */
    GL_TSA_NH,      /* the same, faulty: too high */
    GL_TSA_NB1,     /* neutron background with its decimals */
    GL_TSA_GS,      /* gamma counts of 0.2 s */
    GL_TSA_GA,      /* the same, in alarm */
    GL_TSA_NS,      /* neutron counts of 1 s */
    GL_TSA_NA,      /* the same, in alarm */
    GL_TSA_AA,      /* alarm of the advanced analysis, on gamma energies */
    GL_TSA_SP,      /* speed: seconds per foot, mph, km/h, a counter */
    GL_TSA_GX,      /* end of an occupancy: its counter, neutron background in counts per 1000 s */
    GL_TSA_TT,      /* tamper: open */
    GL_TSA_TC,      /* tamper: closed */
    GL_TSA_NC,      /* coefficients of the neutron test */
    GL_TSA_NX,      /* bounds of the neutron test */
    GL_TSA_SG1,     /* setup */
    GL_TSA_SG2,
    GL_TSA_SG3,
    GL_TSA_SN1,
    GL_TSA_SN2
};

struct gl_tsa_field {
    const char *p; /* into the line */
    size_t len;
};

struct gl_tsa_line {
    enum gl_tsa_tag tag;
    size_t n; /* fields behind the tag, without the stamp */
    struct gl_tsa_field field[GL_TSA_FIELDS];
    int64_t count[GL_TSA_DETECTORS]; /* of tags that carry counts: 0..999999999 */
    double number[GL_TSA_DETECTORS]; /* of tags that carry decimals */
    int64_t stamp;                   /* wall: the recorder's; 0 = none */
};

enum { GL_TSA_NO_TAG = 1, GL_TSA_MALFORMED = 2 };

/* Parses one line without its end, of printable ASCII. near: a wall time, for a stamp without a date. 0; GL_TSA_NO_TAG when it does not begin with a
 * tag; GL_TSA_MALFORMED when what follows a known tag does not belong to it: ret->tag is then set all the same, and err says what and where. */
int gl_tsa_parse(const char *text, int64_t near, struct gl_tsa_line *ret, struct gl_error *err) GL_MUST_USE;

/* A decimal number such as "-0.99599343" or "  05.0": at most nine digits on either side of the point. */
bool gl_tsa_decimal(const char *p, size_t len, double *ret);

/* True when every sample and every alarm of an occupancy comes as such a line. */
bool gl_tsa_is_sample(enum gl_tsa_tag tag);

/* ---- bytes to lines ---- */

struct gl_tsa_framer {
    size_t len;
    bool skipping; /* the line is refused already: its rest goes the same way */
    char text[GL_TSA_LINE + 1];
};

enum gl_tsa_framed { GL_TSA_FRAME_MORE, GL_TSA_FRAME_WHOLE, GL_TSA_FRAME_LONG, GL_TSA_FRAME_GARBAGE };

/* Takes one byte. GL_TSA_FRAME_WHOLE: text holds a line, until the next call. The last two: the line that this byte belongs to is lost, said once. */
enum gl_tsa_framed gl_tsa_frame(struct gl_tsa_framer *f, uint8_t byte);

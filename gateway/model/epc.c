/* The 96-bit schemes of the EPC Tag Data Standard. Most are cut alike; company prefix and reference share a field, and the partition says
 * where the one ends:
 *
 *     header 8 | filter 3 | partition 3 | company prefix, reference   | serial, or zeros
 *     30 SGTIN |          |      5      |  24 bits 7 digits, 20 bits  | 38 bits
 *
 *     GID      header 8 | manager 28 | class 24 | serial 36
 *     USDOD    header 8 | filter 4 | CAGE code 48: six characters, the first a blank when it has five | serial 36 */
#include "model/epc.h"

#include <inttypes.h>
#include <string.h>

enum {
    BITS = 96,
    PARTITION_AT = 11,
    JOINT_AT = 14,   /* company prefix and reference */
    PC_ISO = 0x0100, /* the toggle: EPC memory holds an ISO identifier, and the octet below it is its application family */
    PC_FAMILY = 0x00FF,
};

static const struct {
    uint8_t bits, digits;
} prefixes[] = {{40, 12}, {37, 11}, {34, 10}, {30, 9}, {27, 8}, {24, 7}, {20, 6}}; /* by partition; 7 is none */

enum reference { PADDED, PLAIN, UNBOUNDED }; /* zeros to its digits; none, but no more digits; whatever its bits can hold */

static const struct scheme {
    uint8_t header;
    const char *name;
    uint8_t joint;     /* bits of company prefix and reference */
    uint8_t digits;    /* of both together */
    uint8_t reference; /* enum reference */
    bool serial;       /* the rest is a serial number; else it must be zero */
} schemes[] = {
    {0x2C, "gdti", 41, 12, PADDED, true},  {0x2D, "gsrn", 58, 17, PADDED, false},   {0x2E, "gsrnp", 58, 17, PADDED, false},
    {0x30, "sgtin", 44, 13, PADDED, true}, {0x31, "sscc", 58, 17, PADDED, false},   {0x32, "sgln", 41, 12, PADDED, true},
    {0x33, "grai", 44, 12, PADDED, true},  {0x34, "giai", 82, 0, UNBOUNDED, false}, {0x3C, "cpi", 51, 15, PLAIN, true},
};

static uint64_t bits_at(const uint8_t *epc, size_t from, size_t n) {
    uint64_t v = 0;
    for (size_t i = from; i < from + n; i++) v = v << 1 | (epc[i / 8] >> (7 - i % 8) & 1);
    return v;
}

static uint64_t power_of_ten(int n) {
    uint64_t v = 1;
    while (n-- > 0) v *= 10;
    return v;
}

static void put_number(char *out, size_t size, enum reference how, int digits, uint64_t v) {
    out[0] = '\0';
    if (how != PADDED)
        gl_format(out, size, "%" PRIu64, v);
    else if (digits > 0)
        gl_format(out, size, "%0*" PRIu64, digits, v);
}

/* False when a number has more digits than its place, or there is something where nothing may be. */
static bool put_partitioned(const struct scheme *s, const uint8_t *epc, char uri[GL_EPC_URI]) {
    uint64_t partition = bits_at(epc, PARTITION_AT, 3);
    if (partition >= GL_COUNT(prefixes)) return false;
    uint8_t bits = prefixes[partition].bits, digits = prefixes[partition].digits, left = s->digits - digits;
    uint64_t prefix = bits_at(epc, JOINT_AT, bits), reference = bits_at(epc, JOINT_AT + bits, s->joint - bits);
    uint64_t rest = bits_at(epc, JOINT_AT + s->joint, BITS - JOINT_AT - s->joint);
    if (prefix >= power_of_ten(digits) || (s->reference != UNBOUNDED && reference >= power_of_ten(left))) return false;
    if (!s->serial && rest != 0) return false;
    char middle[24], serial[24] = "";
    put_number(middle, sizeof middle, s->reference, left, reference);
    if (s->serial) gl_format(serial, sizeof serial, ".%" PRIu64, rest);
    gl_format(uri, GL_EPC_URI, "urn:epc:id:%s:%0*" PRIu64 ".%s%s", s->name, digits, prefix, middle, serial);
    return true;
}

static bool put_gid(const uint8_t *epc, char uri[GL_EPC_URI]) {
    gl_format(uri, GL_EPC_URI, "urn:epc:id:gid:%" PRIu64 ".%" PRIu64 ".%" PRIu64, bits_at(epc, 8, 28), bits_at(epc, 36, 24),
              bits_at(epc, 60, 36));
    return true;
}

/* A code has five or six of these characters; I and O are left out, being too like 1 and 0. */
static bool put_usdod(const uint8_t *epc, char uri[GL_EPC_URI]) {
    char code[7] = "";
    for (size_t i = 0, n = 0; i < 6; i++) {
        char c = (char)bits_at(epc, 12 + 8 * i, 8);
        if (i == 0 && c == ' ') continue;
        if (c == '\0' || !strchr("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", c)) return false;
        code[n++] = c;
    }
    gl_format(uri, GL_EPC_URI, "urn:epc:id:usdod:%s.%" PRIu64, code, bits_at(epc, 60, 36));
    return true;
}

static bool put_identity(const uint8_t *epc, char uri[GL_EPC_URI]) {
    if (epc[0] == 0x35) return put_gid(epc, uri);
    if (epc[0] == 0x2F) return put_usdod(epc, uri);
    for (size_t i = 0; i < GL_COUNT(schemes); i++)
        if (schemes[i].header == epc[0]) return put_partitioned(&schemes[i], epc, uri);
    return false;
}

static void put_raw(const uint8_t *epc, size_t bits, int family, char uri[GL_EPC_URI]) {
    char hex[GL_EPC], of[8] = "";
    gl_epc_hex(epc, bits, hex);
    if (family >= 0) gl_format(of, sizeof of, ".x%02X", (unsigned)family);
    gl_format(uri, GL_EPC_URI, "urn:epc:raw:%zu%s.x%.*s", bits, of, (int)((bits + 3) / 4), hex);
}

void gl_epc_hex(const uint8_t *epc, size_t bits, char out[GL_EPC]) {
    static const char digits[] = "0123456789ABCDEF";
    size_t n = bits <= GL_EPC_BITS_MAX ? (bits + 7) / 8 : 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t octet = epc[i];
        if (i == bits / 8) octet &= (uint8_t)(0xFF00 >> bits % 8);
        out[2 * i] = digits[octet >> 4];
        out[2 * i + 1] = digits[octet & 15];
    }
    out[2 * n] = '\0';
}

void gl_epc_uri(const uint8_t *epc, size_t bits, int pc, char *out, size_t size) {
    char uri[GL_EPC_URI] = "";
    int family = pc >= 0 && (pc & PC_ISO) ? pc & PC_FAMILY : -1;
    if (bits > 0 && bits <= GL_EPC_BITS_MAX && (family >= 0 || bits != BITS || !put_identity(epc, uri)))
        put_raw(epc, bits, family, uri);
    if (gl_copy(out, size, uri) < 0) out[0] = '\0';
}

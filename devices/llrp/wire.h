/* LLRP as bytes, for both ends: messages, parameters, their numbers. All integers are big-endian.
 *
 *     message    rsv 3 bits | version 3 | type 10        u16: 0x043D = version 1, RO_ACCESS_REPORT
 *                length                                  u32: the whole message, these 10 bytes included
 *                id                                      u32: an answer has its request's
 *                fixed fields, then parameters
 *
 *     TLV        rsv 6 bits | type 10                    u16: type 128 or more; the first bit is 0
 *                length                                  u16: the whole parameter, these 4 bytes included
 *                fixed fields, then parameters
 *
 *     TV         0x80 | type                             u8: type 1 to 127, a value of fixed size follows, without length: an unknown one
 *                                                        cannot be skipped */
#pragma once
#include "base/buf.h"

enum {
    GL_LLRP_PORT = 5084,
    GL_LLRP_VERSION = 1, /* LLRP 1.0.1; readers of 1.1 speak it too */
    GL_LLRP_HEADER = 10,
    GL_LLRP_MESSAGE_MAX = 1024 * 1024, /* no lawful message of a gate comes near it */
    GL_LLRP_VENDOR_IMPINJ = 25882,     /* IANA private enterprise numbers */
    GL_LLRP_VENDOR_ZEBRA = 161,
    GL_LLRP_NO_FIELD = 0xFFFF,
};

enum gl_llrp_type {
    GL_LLRP_GET_READER_CAPABILITIES = 1,
    GL_LLRP_GET_READER_CONFIG = 2,
    GL_LLRP_SET_READER_CONFIG = 3,
    GL_LLRP_CLOSE_CONNECTION_RESPONSE = 4, /* 4 and 14 are the other way round than one would think */
    GL_LLRP_GET_READER_CAPABILITIES_RESPONSE = 11,
    GL_LLRP_GET_READER_CONFIG_RESPONSE = 12,
    GL_LLRP_SET_READER_CONFIG_RESPONSE = 13,
    GL_LLRP_CLOSE_CONNECTION = 14,
    GL_LLRP_ADD_ROSPEC = 20,
    GL_LLRP_DELETE_ROSPEC = 21,
    GL_LLRP_START_ROSPEC = 22,
    GL_LLRP_STOP_ROSPEC = 23,
    GL_LLRP_ENABLE_ROSPEC = 24,
    GL_LLRP_DISABLE_ROSPEC = 25,
    GL_LLRP_GET_ROSPECS = 26,
    GL_LLRP_ADD_ROSPEC_RESPONSE = 30,
    GL_LLRP_DELETE_ROSPEC_RESPONSE = 31,
    GL_LLRP_START_ROSPEC_RESPONSE = 32,
    GL_LLRP_STOP_ROSPEC_RESPONSE = 33,
    GL_LLRP_ENABLE_ROSPEC_RESPONSE = 34,
    GL_LLRP_DISABLE_ROSPEC_RESPONSE = 35,
    GL_LLRP_GET_ROSPECS_RESPONSE = 36,
    GL_LLRP_ADD_ACCESSSPEC = 40,
    GL_LLRP_DELETE_ACCESSSPEC = 41,
    GL_LLRP_ENABLE_ACCESSSPEC = 42,
    GL_LLRP_DISABLE_ACCESSSPEC = 43,
    GL_LLRP_GET_ACCESSSPECS = 44,
    GL_LLRP_GET_SUPPORTED_VERSION = 46,
    GL_LLRP_SET_PROTOCOL_VERSION = 47,
    GL_LLRP_ADD_ACCESSSPEC_RESPONSE = 50,
    GL_LLRP_DELETE_ACCESSSPEC_RESPONSE = 51,
    GL_LLRP_ENABLE_ACCESSSPEC_RESPONSE = 52,
    GL_LLRP_DISABLE_ACCESSSPEC_RESPONSE = 53,
    GL_LLRP_GET_ACCESSSPECS_RESPONSE = 54,
    GL_LLRP_GET_SUPPORTED_VERSION_RESPONSE = 56,
    GL_LLRP_SET_PROTOCOL_VERSION_RESPONSE = 57,
    GL_LLRP_GET_REPORT = 60,
    GL_LLRP_RO_ACCESS_REPORT = 61,
    GL_LLRP_KEEPALIVE = 62,
    GL_LLRP_READER_EVENT_NOTIFICATION = 63,
    GL_LLRP_ENABLE_EVENTS_AND_REPORTS = 64, /* the one request without a response */
    GL_LLRP_KEEPALIVE_ACK = 72,
    GL_LLRP_ERROR_MESSAGE = 100, /* never answered */
    GL_LLRP_CUSTOM_MESSAGE = 1023,
};

enum gl_llrp_parameter {
    /* TV */
    GL_LLRP_ANTENNA_ID = 1,
    GL_LLRP_FIRST_SEEN_UTC = 2, /* microseconds since 1970 */
    GL_LLRP_FIRST_SEEN_UPTIME = 3,
    GL_LLRP_LAST_SEEN_UTC = 4,
    GL_LLRP_LAST_SEEN_UPTIME = 5,
    GL_LLRP_PEAK_RSSI = 6, /* s8, dBm */
    GL_LLRP_CHANNEL_INDEX = 7,
    GL_LLRP_TAG_SEEN_COUNT = 8,
    GL_LLRP_ROSPEC_ID = 9,
    GL_LLRP_INVENTORY_PARAMETER_SPEC_ID = 10,
    GL_LLRP_C1G2_CRC = 11,
    GL_LLRP_C1G2_PC = 12,
    GL_LLRP_EPC_96 = 13,
    GL_LLRP_SPEC_INDEX = 14,
    GL_LLRP_CLIENT_REQUEST_OP_SPEC_RESULT = 15,
    GL_LLRP_ACCESS_SPEC_ID = 16,
    GL_LLRP_OP_SPEC_ID = 17,
    GL_LLRP_C1G2_SINGULATION_DETAILS = 18,
    GL_LLRP_C1G2_XPC_W1 = 19,
    GL_LLRP_C1G2_XPC_W2 = 20,
    /* TLV */
    GL_LLRP_UTC_TIMESTAMP = 128,
    GL_LLRP_UPTIME = 129,
    GL_LLRP_GENERAL_DEVICE_CAPABILITIES = 137,
    GL_LLRP_RECEIVE_SENSITIVITY_TABLE_ENTRY = 139,
    GL_LLRP_PER_ANTENNA_AIR_PROTOCOL = 140,
    GL_LLRP_GPIO_CAPABILITIES = 141,
    GL_LLRP_LLRP_CAPABILITIES = 142,
    GL_LLRP_REGULATORY_CAPABILITIES = 143,
    GL_LLRP_UHF_BAND_CAPABILITIES = 144,
    GL_LLRP_TRANSMIT_POWER_LEVEL_TABLE_ENTRY = 145, /* index u16, s16 hundredths of a dBm */
    GL_LLRP_FREQUENCY_INFORMATION = 146,
    GL_LLRP_FREQUENCY_HOP_TABLE = 147,
    GL_LLRP_FIXED_FREQUENCY_TABLE = 148,
    GL_LLRP_ROSPEC = 177,
    GL_LLRP_RO_BOUNDARY_SPEC = 178,
    GL_LLRP_ROSPEC_START_TRIGGER = 179,
    GL_LLRP_GPI_TRIGGER_VALUE = 181,
    GL_LLRP_ROSPEC_STOP_TRIGGER = 182,
    GL_LLRP_AI_SPEC = 183,
    GL_LLRP_AI_SPEC_STOP_TRIGGER = 184,
    GL_LLRP_INVENTORY_PARAMETER_SPEC = 186,
    GL_LLRP_ACCESS_SPEC = 207,
    GL_LLRP_ACCESS_SPEC_STOP_TRIGGER = 208,
    GL_LLRP_ACCESS_COMMAND = 209,
    GL_LLRP_IDENTIFICATION = 218,
    GL_LLRP_KEEPALIVE_SPEC = 220,
    GL_LLRP_ANTENNA_PROPERTIES = 221,
    GL_LLRP_ANTENNA_CONFIGURATION = 222,
    GL_LLRP_RF_TRANSMITTER = 224,
    GL_LLRP_EVENTS_AND_REPORTS = 226,
    GL_LLRP_RO_REPORT_SPEC = 237,
    GL_LLRP_TAG_REPORT_CONTENT_SELECTOR = 238,
    GL_LLRP_ACCESS_REPORT_SPEC = 239,
    GL_LLRP_TAG_REPORT_DATA = 240,
    GL_LLRP_EPC_DATA = 241,
    GL_LLRP_RF_SURVEY_REPORT_DATA = 242,
    GL_LLRP_READER_EVENT_NOTIFICATION_SPEC = 244,
    GL_LLRP_EVENT_NOTIFICATION_STATE = 245,
    GL_LLRP_READER_EVENT_NOTIFICATION_DATA = 246,
    GL_LLRP_HOPPING_EVENT = 247,
    GL_LLRP_GPI_EVENT = 248,
    GL_LLRP_ROSPEC_EVENT = 249,
    GL_LLRP_REPORT_BUFFER_LEVEL_WARNING_EVENT = 250,
    GL_LLRP_REPORT_BUFFER_OVERFLOW_ERROR_EVENT = 251,
    GL_LLRP_READER_EXCEPTION_EVENT = 252,
    GL_LLRP_RF_SURVEY_EVENT = 253,
    GL_LLRP_AI_SPEC_EVENT = 254,
    GL_LLRP_ANTENNA_EVENT = 255,
    GL_LLRP_CONNECTION_ATTEMPT_EVENT = 256,
    GL_LLRP_CONNECTION_CLOSE_EVENT = 257,
    GL_LLRP_LLRP_STATUS = 287,
    GL_LLRP_FIELD_ERROR = 288,
    GL_LLRP_PARAMETER_ERROR = 289,
    GL_LLRP_C1G2_INVENTORY_COMMAND = 330,
    GL_LLRP_C1G2_SINGULATION_CONTROL = 336,
    GL_LLRP_C1G2_TAG_SPEC = 338,
    GL_LLRP_C1G2_TARGET_TAG = 339,
    GL_LLRP_C1G2_READ = 341,
    GL_LLRP_C1G2_EPC_MEMORY_SELECTOR = 348,
    GL_LLRP_C1G2_READ_RESULT = 349, /* result u8, operation u16, words read u16 and the words */
    GL_LLRP_CUSTOM = 1023,
};

enum gl_llrp_impinj { /* subtypes under GL_LLRP_VENDOR_IMPINJ: u8 in a message, u32 in a parameter */
                      GL_LLRP_IMPINJ_ENABLE_EXTENSIONS = 21,
                      GL_LLRP_IMPINJ_ENABLE_EXTENSIONS_RESPONSE = 22,
                      GL_LLRP_IMPINJ_LINK_MONITOR = 38, /* parameter: mode u16, threshold u16 */
};

enum gl_llrp_status {
    GL_LLRP_SUCCESS = 0,
    GL_LLRP_M_PARAMETER_ERROR = 100,
    GL_LLRP_M_FIELD_ERROR = 101,
    GL_LLRP_M_UNEXPECTED_PARAMETER = 102,
    GL_LLRP_M_MISSING_PARAMETER = 103,
    GL_LLRP_M_UNSUPPORTED_MESSAGE = 109,
    GL_LLRP_M_UNSUPPORTED_VERSION = 110,
    GL_LLRP_M_UNSUPPORTED_PARAMETER = 111,
    GL_LLRP_M_UNEXPECTED_MESSAGE = 112,
    GL_LLRP_A_INVALID = 300,
    GL_LLRP_A_OUT_OF_RANGE = 301,
    GL_LLRP_R_DEVICE_ERROR = 401,
};

enum gl_llrp_event { /* numbers of EventNotificationState */
                     GL_LLRP_ON_HOPPING = 0,
                     GL_LLRP_ON_GPI = 1,
                     GL_LLRP_ON_ROSPEC = 2,
                     GL_LLRP_ON_BUFFER_FILL = 3,
                     GL_LLRP_ON_EXCEPTION = 4,
                     GL_LLRP_ON_ANTENNA = 8,
};

enum gl_llrp_attempt { /* ConnectionAttemptEvent */
                       GL_LLRP_ATTEMPT_SUCCESS = 0,
                       GL_LLRP_ATTEMPT_READER_INITIATED_EXISTS = 1,
                       GL_LLRP_ATTEMPT_CLIENT_INITIATED_EXISTS = 2,
                       GL_LLRP_ATTEMPT_FAILED = 3,
                       GL_LLRP_ATTEMPT_ANOTHER = 4, /* to the one who is connected: somebody else has tried */
};

/* ---- reading ------------------------------------------------------------------------------------------------------------------------- */
struct gl_llrp_message {
    uint8_t version;
    uint16_t type;   /* enum gl_llrp_type, or a number that is none */
    uint32_t length; /* of the whole message, as its header says */
    uint32_t id;
    struct gl_cursor body; /* what follows the header; borrowed from the inbox until its next call */
};

/* Makes messages of a byte stream. Zeroed = empty; it holds the bytes of one unfinished message, at most GL_LLRP_MESSAGE_MAX. */
struct gl_llrp_inbox {
    struct gl_buf bytes;
};

/* Takes from *bytes (moved on, *len shortened) until one message is whole. 1 = *ret is one, call again; 0 = all bytes taken, more are
 * needed; -EPROTO = a length below 10 or above the limit, *ret holds the header: the stream cannot be followed any more; -ENOMEM. The
 * version is the caller's to judge. */
int gl_llrp_take(struct gl_llrp_inbox *in, const uint8_t **bytes, size_t *len, struct gl_llrp_message *ret) GL_MUST_USE;
/* True when bytes of an unfinished message wait. */
bool gl_llrp_pending(const struct gl_llrp_inbox *in);
void gl_llrp_inbox_free(struct gl_llrp_inbox *in); /* empties it; it may be used again */

struct gl_llrp_param {
    uint16_t type;          /* 1..127 a TV, else a TLV */
    struct gl_cursor value; /* fixed fields and sub-parameters, without the header */
};

/* The next parameter at the cursor. 1 = *ret is one; 0 = none is left; -ENOTSUP = an unknown TV, behind which nothing can be read;
 * -EBADMSG = a length that does not fit what is around it. */
int gl_llrp_next(struct gl_cursor *c, struct gl_llrp_param *ret) GL_MUST_USE;

/* The first parameter of that type from the cursor on; false when there is none or what comes before it cannot be read. */
bool gl_llrp_find(struct gl_cursor c, uint16_t type, struct gl_llrp_param *ret) GL_MUST_USE;

/* A field of u16 length and UTF-8 text, for people: cut to fit; what is no plain text becomes '?'. A length that does not fit fails the cursor. */
void gl_llrp_get_text(struct gl_cursor *c, char *out, size_t size);

struct gl_llrp_outcome {  /* LLRPStatus */
    uint16_t code;        /* enum gl_llrp_status, or another number */
    uint16_t field;       /* FieldError: number of the field; GL_LLRP_NO_FIELD = none told */
    uint16_t parameter;   /* ParameterError: the type of the innermost; 0 = none told */
    char description[96]; /* the reader's own words, cut */
};

/* The LLRPStatus that begins (or is somewhere at the top of) a response's body. -EBADMSG when there is none that can be read. */
int gl_llrp_get_status(struct gl_cursor body, struct gl_llrp_outcome *ret) GL_MUST_USE;

const char *gl_llrp_type_name(uint16_t type);   /* "ADD_ROSPEC"; "message" for a number that is none */
const char *gl_llrp_status_name(uint16_t code); /* "M_FieldError"; "status" for a number that is none */

/* ---- writing ------------------------------------------------------------------------------------------------------------------------- */
/* Begin and end nest; begin returns a mark for its end, which fills in the length. A parameter too long for its u16 fails the buffer.
 *
 *     size_t m = gl_llrp_begin_message(&b, GL_LLRP_KEEPALIVE, 7);
 *     size_t p = gl_llrp_begin(&b, GL_LLRP_UTC_TIMESTAMP);
 *     gl_buf_u64(&b, us);
 *     gl_llrp_end(&b, p);
 *     gl_llrp_end_message(&b, m); */
size_t gl_llrp_begin_message(struct gl_buf *b, uint16_t type, uint32_t id); /* of version 1 */
void gl_llrp_end_message(struct gl_buf *b, size_t mark);
size_t gl_llrp_begin(struct gl_buf *b, uint16_t type); /* a TLV */
void gl_llrp_end(struct gl_buf *b, size_t mark);
void gl_llrp_tv(struct gl_buf *b, uint8_t type); /* the first byte of a TV; its value is the caller's to add */

void gl_llrp_put_empty(struct gl_buf *b, uint16_t type, uint32_t id);           /* a message without a body */
void gl_llrp_put_u32(struct gl_buf *b, uint16_t type, uint32_t id, uint32_t v); /* a message whose body is one number */
void gl_llrp_put_text(struct gl_buf *b, const char *text);                      /* u16 length and text */
void gl_llrp_put_status(struct gl_buf *b, uint16_t code, const char *text);     /* LLRPStatus without details */

/* The LLRP client's dialogue with a reader: what is asked in which order, what is done without, what ends a connection. */
#include "llrp_rig.h"

/* ---- the way to reading -------------------------------------------------------------------------------------------------------------- */
static void test_set_up(void **state) {
    (void)state;
    static const size_t steps[] = {0, 1, 3, 11};
    for (size_t i = 0; i < GL_COUNT(steps); i++) {
        struct rig g;
        rig_start(&g);
        g.step = steps[i];
        expect(&g, ""); /* nothing before the reader's first word */
        rig_run(&g);
        assert_int_equal(g.last.id, 8);
        rig_close(&g);
    }
}

static void test_one_request_at_a_time(void **state) {
    (void)state;
    struct rig g;
    rig_start(&g);
    assert_int_equal(attempt(&g, GL_LLRP_ATTEMPT_SUCCESS), 0);
    expect(&g, "> GET_READER_CAPABILITIES\n");
    for (int i = 0; i < 50; i++) assert_int_equal(pass(&g, 100), 0);
    expect(&g, "");
    answer(&g, 0, "");
    expect(&g, "> GET_READER_CONFIG\n");
    /* an answer to something else, and one with another number, are no answers */
    gl_llrp_put_empty(&g.in, GL_LLRP_DELETE_ROSPEC_RESPONSE, g.last.id);
    assert_int_equal(say(&g), 0);
    expect(&g, "note unexpected_message\n");
    size_t m = gl_llrp_begin_message(&g.in, GL_LLRP_GET_READER_CONFIG_RESPONSE, g.last.id + 1);
    gl_llrp_put_status(&g.in, 0, "");
    gl_llrp_end_message(&g.in, m);
    assert_int_equal(say(&g), 0);
    expect(&g, "note unexpected_message again\n");
    rig_close(&g);
}

static void expect_sent(const struct rig *g, const uint8_t *want, size_t len) {
    assert_int_equal(g->sent.len, len);
    assert_memory_equal(g->sent.data, want, len);
}
#define EXPECT_SENT(g, ...) expect_sent(g, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void test_bytes_of_the_requests(void **state) {
    (void)state;
    struct rig g;
    rig_start(&g);
    attempt(&g, GL_LLRP_ATTEMPT_SUCCESS);
    EXPECT_SENT(&g, 0x04, 1, 0, 0, 0, 11, 0, 0, 0, 1, 0);
    answer(&g, 0, "");
    EXPECT_SENT(&g, 0x04, 2, 0, 0, 0, 17, 0, 0, 0, 2, 0, 0, 2, 0, 0, 0, 0);
    answer(&g, 0, "");
    EXPECT_SENT(&g, 0x04, 3, 0, 0, 0, 57, 0, 0, 0, 3, 0, /* SET_READER_CONFIG, no factory reset */
                0, 0xF4, 0, 32,                          /* events: */
                0, 0xF5, 0, 7, 0, 2, 0x80,               /* ROSpec */
                0, 0xF5, 0, 7, 0, 3, 0x80,               /* buffer fill */
                0, 0xF5, 0, 7, 0, 4, 0x80,               /* exception */
                0, 0xF5, 0, 7, 0, 8, 0x80,               /* antenna */
                0, 0xDC, 0, 9, 1, 0, 0, 0x27, 0x10,      /* keepalive every 10000 ms */
                0, 0xE2, 0, 5, 0x80);                    /* hold */
    answer(&g, 0, "");
    EXPECT_SENT(&g, 0x04, 41, 0, 0, 0, 14, 0, 0, 0, 4, 0, 0, 0, 0);
    answer(&g, 0, "");
    EXPECT_SENT(&g, 0x04, 21, 0, 0, 0, 14, 0, 0, 0, 5, 0, 0, 0, 0);
    answer(&g, 0, "");
    uint32_t rospec = g.state->plan.rospec;
    uint8_t hi = (uint8_t)(rospec >> 8), lo = (uint8_t)rospec;
    assert_in_range(rospec, 1, 9999);
    EXPECT_SENT(&g, 0x04, 20, 0, 0, 0, 102, 0, 0, 0, 6,              /* ADD_ROSPEC */
                0, 0xB1, 0, 92, 0, 0, hi, lo, 0, 0,                  /* priority 0, disabled */
                0, 0xB2, 0, 18,                                      /* boundary */
                0, 0xB3, 0, 5, 1,                                    /* starts at once */
                0, 0xB6, 0, 9, 0, 0, 0, 0, 0,                        /* never stops */
                0, 0xB7, 0, 46, 0, 1, 0, 0,                          /* all antennas */
                0, 0xB8, 0, 9, 0, 0, 0, 0, 0,                        /* never stops */
                0, 0xBA, 0, 29, 0, 1, 1,                             /* Class 1 Gen 2 */
                0, 0xDE, 0, 22, 0, 0,                                /* all antennas */
                0x01, 0x4A, 0, 16, 0,                                /* inventory command */
                0x01, 0x50, 0, 11, 0x40, 0, 32, 0, 0, 0, 0,          /* session 1 */
                0, 0xED, 0, 18, 1, 0, 1,                             /* report each tag */
                0, 0xEE, 0, 11, 0x17, 0x80, 0x01, 0x5C, 0, 5, 0x40); /* what, and the PC words */
    answer(&g, 0, "");
    EXPECT_SENT(&g, 0x04, 24, 0, 0, 0, 14, 0, 0, 0, 7, 0, 0, hi, lo);
    answer(&g, 0, "");
    EXPECT_SENT(&g, 0x04, 64, 0, 0, 0, 10, 0, 0, 0, 8);
    rig_close(&g);
}

/* ---- Impinj, power, session ---------------------------------------------------------------------------------------------------------- */
static int answer_capabilities(struct rig *g, uint32_t vendor, uint8_t flags, bool powers) {
    size_t m = begin_answer(g), p;
    gl_llrp_put_status(&g->in, 0, "");
    p = gl_llrp_begin(&g->in, GL_LLRP_GENERAL_DEVICE_CAPABILITIES);
    gl_buf_u32(&g->in, 0x00044000);
    gl_buf_u32(&g->in, vendor);
    gl_buf_u32(&g->in, 1);
    gl_llrp_put_text(&g->in, "");
    gl_llrp_end(&g->in, p);
    p = gl_llrp_begin(&g->in, GL_LLRP_LLRP_CAPABILITIES);
    gl_buf_u8(&g->in, flags);
    gl_llrp_end(&g->in, p);
    if (powers) {
        p = gl_llrp_begin(&g->in, GL_LLRP_REGULATORY_CAPABILITIES);
        gl_buf_u32(&g->in, 0);
        size_t band = gl_llrp_begin(&g->in, GL_LLRP_UHF_BAND_CAPABILITIES);
        size_t entry = gl_llrp_begin(&g->in, GL_LLRP_TRANSMIT_POWER_LEVEL_TABLE_ENTRY);
        gl_buf_u16(&g->in, 61);
        gl_buf_u16(&g->in, 2500);
        gl_llrp_end(&g->in, entry);
        gl_llrp_end(&g->in, band);
        gl_llrp_end(&g->in, p);
    }
    gl_llrp_end_message(&g->in, m);
    return say(g);
}

static bool sent_has(struct rig *g, const void *bytes, size_t len) {
    return memmem(g->sent.data, g->sent.len, bytes, len) != NULL;
}
#define SENT_HAS(g, ...) sent_has(g, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
#define LINK_MONITOR 0x03, 0xFF, 0, 16, 0, 0, 0x65, 0x1A, 0, 0, 0, 38, 0, 1, 0, 3

static void test_impinj(void **state) {
    (void)state;
    struct rig g;
    rig_start(&g);
    attempt(&g, GL_LLRP_ATTEMPT_SUCCESS);
    answer_capabilities(&g, GL_LLRP_VENDOR_IMPINJ, 0x48, false);
    answer(&g, 0, "");
    expect(&g, "> GET_READER_CAPABILITIES\n> GET_READER_CONFIG\n> CUSTOM_MESSAGE\n");
    EXPECT_SENT(&g, 0x07, 0xFF, 0, 0, 0, 19, 0, 0, 0, 3, 0, 0, 0x65, 0x1A, 21, 0, 0, 0, 0);
    /* somebody else's custom message is no answer */
    size_t m = gl_llrp_begin_message(&g.in, GL_LLRP_CUSTOM_MESSAGE, 3);
    gl_buf_u32(&g.in, 161);
    gl_buf_u8(&g.in, 22);
    gl_llrp_put_status(&g.in, 0, "");
    gl_llrp_end_message(&g.in, m);
    assert_int_equal(say(&g), 0);
    expect(&g, "note unexpected_message\n");
    answer(&g, 0, "");
    expect(&g, "> SET_READER_CONFIG\n");
    assert_true(SENT_HAS(&g, LINK_MONITOR));
    answer_all(&g);
    rig_close(&g);
}

static void test_link_monitor_switched_off(void **state) {
    (void)state;
    struct rig g;
    rig_init(&g);
    set(&g, "link_monitor", "no");
    rig_open(&g);
    attempt(&g, GL_LLRP_ATTEMPT_SUCCESS);
    answer_capabilities(&g, GL_LLRP_VENDOR_IMPINJ, 0x48, false);
    answer(&g, 0, "");
    assert_false(SENT_HAS(&g, LINK_MONITOR));
    answer_all(&g);
    expect(&g, ALL_ASKED);
    rig_close(&g);
}

static void test_extensions_declined(void **state) {
    (void)state;
    struct rig g;
    rig_start(&g);
    attempt(&g, GL_LLRP_ATTEMPT_SUCCESS);
    answer_capabilities(&g, GL_LLRP_VENDOR_IMPINJ, 0x48, false);
    answer(&g, 0, "");
    gl_buf_reset(&g.log);
    assert_int_equal(answer(&g, GL_LLRP_M_UNSUPPORTED_MESSAGE, "unknown"), 0);
    expect(&g, "note request_declined\n> SET_READER_CONFIG\n");
    rig_close(&g);
}

static void test_hold_and_fill_warning_by_capabilities(void **state) {
    (void)state;
    struct rig g;
    rig_start(&g);
    attempt(&g, GL_LLRP_ATTEMPT_SUCCESS);
    answer_capabilities(&g, 1, 0, false);
    answer(&g, 0, "");
    assert_false(SENT_HAS(&g, 0, 0xE2, 0, 5));
    assert_false(SENT_HAS(&g, 0, 0xF5, 0, 7, 0, 3));
    assert_true(SENT_HAS(&g, 0, 0xF5, 0, 7, 0, 8));
    rig_close(&g);
}

static void test_power_and_session(void **state) {
    (void)state;
    struct rig g;
    rig_init(&g);
    set(&g, "power", "26");
    set(&g, "session", "3");
    set(&g, "keepalive", "2s");
    rig_open(&g);
    attempt(&g, GL_LLRP_ATTEMPT_SUCCESS);
    answer_capabilities(&g, 1, 0x48, true);
    answer(&g, 0, "");
    assert_true(SENT_HAS(&g, 0, 0xDC, 0, 9, 1, 0, 0, 0x07, 0xD0));
    for (int i = 0; i < 3; i++) answer(&g, 0, "");
    assert_true(SENT_HAS(&g, 0, 0xE0, 0, 10, 0, 0, 0, 0, 0, 61, 0x01, 0x4A));
    assert_true(SENT_HAS(&g, 0x01, 0x50, 0, 11, 0xC0, 0, 32));
    rig_close(&g);
}

static void test_power_that_cannot_be(void **state) {
    (void)state;
    static const struct {
        const char *power;
        bool table;
        const char *says;
    } rows[] = {{"20", true, "power: 20 dBm is below the reader's lowest, 25.00 dBm"},
                {"20", false, "the reader tells no table of powers: leave out the setting power"}};
    for (size_t i = 0; i < GL_COUNT(rows); i++) {
        struct rig g;
        rig_init(&g);
        set(&g, "power", rows[i].power);
        rig_open(&g);
        attempt(&g, GL_LLRP_ATTEMPT_SUCCESS);
        assert_true(answer_capabilities(&g, 1, 0x48, rows[i].table) < 0);
        expect(&g, "> GET_READER_CAPABILITIES\nrefused power_unavailable\n");
        assert_string_equal(g.refused, rows[i].says);
        rig_close(&g);
    }
}

/* ---- a reader that says no ----------------------------------------------------------------------------------------------------------- */
/* Brings the client to where it asks for one thing. */
static void ask_until(struct rig *g, enum gl_llrp_step step) {
    rig_start(g);
    attempt(g, GL_LLRP_ATTEMPT_SUCCESS);
    while (g->state->step < step) assert_int_equal(answer(g, 0, ""), 0);
    assert_int_equal(g->state->step, step);
    gl_buf_reset(&g->log);
}

static void test_deleting_nothing(void **state) {
    (void)state;
    struct rig g;
    ask_until(&g, GL_LLRP_ASK_NO_ACCESS_SPECS);
    answer(&g, GL_LLRP_M_FIELD_ERROR, "there is none");
    answer(&g, GL_LLRP_A_INVALID, "there is none");
    expect(&g, "note request_declined\n> DELETE_ROSPEC\nnote request_declined\n> ADD_ROSPEC\n");
    assert_string_equal(g.noted, "DELETE_ROSPEC: A_Invalid (300): \"there is none\"");
    rig_close(&g);
}

static void test_config_without_what_is_minded(void **state) {
    (void)state;
    struct rig g;
    ask_until(&g, GL_LLRP_ASK_CONFIG);
    assert_int_equal(answer_wrong(&g, GL_LLRP_EVENTS_AND_REPORTS), 0);
    expect(&g, "note request_reduced\n> SET_READER_CONFIG\n");
    assert_false(SENT_HAS(&g, 0, 0xE2, 0, 5));
    assert_true(SENT_HAS(&g, 0, 0xF4));
    /* it minds something, and does not say what: the events go too */
    assert_int_equal(answer(&g, GL_LLRP_M_FIELD_ERROR, "hm"), 0);
    expect(&g, "note request_reduced\n> SET_READER_CONFIG\n");
    EXPECT_SENT(&g, 0x04, 3, 0, 0, 0, 20, 0, 0, 0, 5, 0, 0, 0xDC, 0, 9, 1, 0, 0, 0x27, 0x10);
    /* nothing left to do without */
    assert_int_equal(answer(&g, GL_LLRP_M_FIELD_ERROR, "hm"), -EPROTO);
    expect(&g, "refused reader_refused\n");
    assert_string_equal(g.refused, "SET_READER_CONFIG: M_FieldError (101): \"hm\"");
    rig_close(&g);
}

static void test_config_keepalive_is_needed(void **state) {
    (void)state;
    struct rig g;
    ask_until(&g, GL_LLRP_ASK_CONFIG);
    assert_int_equal(answer_wrong(&g, GL_LLRP_KEEPALIVE_SPEC), -EPROTO);
    expect(&g, "refused reader_refused\n");
    assert_string_equal(g.refused, "SET_READER_CONFIG: M_ParameterError (100), parameter 220: \"not here\"");
    rig_close(&g);
}

static void test_rospec_without_what_is_minded(void **state) {
    (void)state;
    struct rig g;
    ask_until(&g, GL_LLRP_ASK_ROSPEC);
    assert_int_equal(answer_wrong(&g, GL_LLRP_C1G2_INVENTORY_COMMAND), 0);
    expect(&g, "note request_reduced\n> ADD_ROSPEC\n");
    assert_false(SENT_HAS(&g, 0, 0xDE)); /* an antenna configuration with nothing in it is not sent */
    assert_true(SENT_HAS(&g, 0x01, 0x5C, 0, 5, 0x40));
    assert_int_equal(answer_wrong(&g, GL_LLRP_ROSPEC), 0); /* names what it lies in */
    expect(&g, "note request_reduced\n> ADD_ROSPEC\n");
    assert_false(SENT_HAS(&g, 0x01, 0x5C));
    assert_true(SENT_HAS(&g, 0, 0xEE, 0, 6, 0x17, 0x80));
    assert_int_equal(answer(&g, 0, ""), 0);
    expect(&g, "> ENABLE_ROSPEC\n");
    rig_close(&g);
}

static void test_rospec_refused(void **state) {
    (void)state;
    struct rig g;
    ask_until(&g, GL_LLRP_ASK_ROSPEC);
    assert_int_equal(answer_wrong(&g, GL_LLRP_AI_SPEC_STOP_TRIGGER), -EPROTO);
    expect(&g, "refused reader_refused\n");
    rig_close(&g);
    ask_until(&g, GL_LLRP_ASK_ENABLE);
    assert_int_equal(answer(&g, GL_LLRP_R_DEVICE_ERROR, "no antenna"), -EPROTO);
    assert_string_equal(g.refused, "ENABLE_ROSPEC: R_DeviceError (401): \"no antenna\"");
    /* dropped is dropped, whatever still comes */
    gl_llrp_put_empty(&g.in, GL_LLRP_KEEPALIVE, 1);
    assert_true(say(&g) < 0);
    expect(&g, "refused reader_refused\n");
    rig_close(&g);
}

static void test_answer_without_status(void **state) {
    (void)state;
    struct rig g;
    ask_until(&g, GL_LLRP_ASK_ENABLE);
    size_t m = begin_answer(&g);
    gl_llrp_end_message(&g.in, m);
    assert_int_equal(say(&g), -EPROTO);
    expect(&g, "refused answer_malformed\n");
    rig_close(&g);
}

static int error_message(struct rig *g, uint32_t id, uint16_t code) {
    size_t m = gl_llrp_begin_message(&g->in, GL_LLRP_ERROR_MESSAGE, id);
    gl_llrp_put_status(&g->in, code, "what?");
    gl_llrp_end_message(&g->in, m);
    return say(g);
}

static void test_error_message(void **state) {
    (void)state;
    struct rig g;
    ask_until(&g, GL_LLRP_ASK_ANTENNAS);
    assert_int_equal(error_message(&g, 999, GL_LLRP_M_UNEXPECTED_MESSAGE), 0);
    expect(&g, "refused reader_error\n"); /* and no answer: none is ever given to an error */
    assert_string_equal(g.refused, "ERROR_MESSAGE: M_UnexpectedMessage (112): \"what?\"");
    assert_int_equal(error_message(&g, g.last.id, GL_LLRP_M_UNSUPPORTED_MESSAGE), 0);
    expect(&g, "note request_declined\n> SET_READER_CONFIG\n");
    assert_int_equal(error_message(&g, g.last.id, 0), 0); /* an error that says success is none of the request's */
    expect(&g, "refused reader_error\n");
    gl_llrp_put_empty(&g.in, GL_LLRP_ERROR_MESSAGE, g.last.id);
    assert_int_equal(say(&g), 0);
    expect(&g, "refused reader_error\n");
    rig_close(&g);
    ask_until(&g, GL_LLRP_ASK_ENABLE);
    assert_int_equal(error_message(&g, g.last.id, GL_LLRP_M_UNSUPPORTED_MESSAGE), -EPROTO);
    expect(&g, "refused reader_refused\n");
    rig_close(&g);
}

/* ---- time ---------------------------------------------------------------------------------------------------------------------------- */
static void test_no_greeting(void **state) {
    (void)state;
    struct rig g;
    rig_start(&g);
    gl_llrp_put_empty(&g.in, GL_LLRP_KEEPALIVE, 1); /* no greeting, and not answered: nothing may be sent yet */
    assert_int_equal(say(&g), 0);
    assert_int_equal(SAY_EVENT(&g, GL_LLRP_ANTENNA_EVENT, 1, 0, 1), 0);
    assert_int_equal(pass(&g, 9999), 0);
    expect(&g, "alive\n");
    assert_true(pass(&g, 1) < 0);
    expect(&g, "refused no_greeting\n");
    rig_close(&g);
}

static void test_no_answer(void **state) {
    (void)state;
    for (enum gl_llrp_step step = GL_LLRP_ASK_CAPABILITIES; step < GL_LLRP_RUN; step++) {
        struct rig g;
        bool by_default = step != GL_LLRP_ASK_EXTENSIONS && step != GL_LLRP_ASK_ACCESS_SPEC && step != GL_LLRP_ASK_ENABLE_ACCESS;
        if (!by_default) continue;
        ask_until(&g, step);
        assert_int_equal(pass(&g, 7999), 0);
        gl_llrp_put_empty(&g.in, GL_LLRP_KEEPALIVE, 1);
        assert_int_equal(say(&g), 0); /* a keepalive is no answer */
        assert_int_equal(pass(&g, 0), 0);
        assert_true(pass(&g, 1) < 0);
        expect(&g, "alive\n> KEEPALIVE_ACK\nrefused no_answer\n");
        assert_non_null(strstr(g.refused, "was not answered within 8000 ms"));
        rig_close(&g);
    }
}

static void test_running_waits_for_nothing(void **state) {
    (void)state;
    struct rig g;
    rig_start(&g);
    rig_run(&g);
    assert_int_equal(pass(&g, 3600000), 0);
    expect(&g, "");
    rig_close(&g);
}

/* A length that lies: nothing would be read any more, and every byte would look like life. */
static void test_a_message_without_an_end(void **state) {
    (void)state;
    static const uint8_t header[] = {0x04, 0x3D, 0, 0x0F, 0, 0, 0, 0, 0, 1}, more[1] = {0};
    struct rig g;
    rig_start(&g);
    rig_run(&g);
    assert_int_equal(gl_protocol_llrp.bytes(g.state, header, sizeof header, g.now), 0);
    for (int i = 0; i < 79; i++) {
        assert_int_equal(gl_protocol_llrp.bytes(g.state, more, sizeof more, g.now), 0);
        assert_int_equal(pass(&g, 100), 0);
    }
    assert_true(pass(&g, 200) < 0);
    expect(&g, "refused message_unfinished\n");
    rig_close(&g);

    rig_start(&g); /* never whole when the clock is looked at, and yet message after message: that is a busy reader */
    rig_run(&g);
    assert_int_equal(gl_protocol_llrp.bytes(g.state, (const uint8_t[]){0x04, 0x3D}, 2, g.now), 0);
    for (int i = 0; i < 200; i++) {
        static const uint8_t empty_report[] = {0, 0, 0, 10, 0, 0, 0, 1, 0x04, 0x3D};
        assert_int_equal(gl_protocol_llrp.bytes(g.state, empty_report, sizeof empty_report, g.now), 0);
        assert_int_equal(pass(&g, 100), 0);
    }
    rig_close(&g);
}

/* ---- keepalive, end, farewell -------------------------------------------------------------------------------------------------------- */
static void test_keepalive(void **state) {
    (void)state;
    struct rig g;
    rig_start(&g);
    rig_run(&g);
    gl_llrp_put_empty(&g.in, GL_LLRP_KEEPALIVE, 0xDEADBEEF);
    assert_int_equal(say(&g), 0);
    expect(&g, "alive\n> KEEPALIVE_ACK\n");
    EXPECT_SENT(&g, 0x04, 0x48, 0, 0, 0, 10, 0xDE, 0xAD, 0xBE, 0xEF);
    rig_close(&g);
}

static void test_sending_fails(void **state) {
    (void)state;
    struct rig g;
    rig_start(&g);
    g.send_rc = -ENOBUFS;
    assert_int_equal(attempt(&g, GL_LLRP_ATTEMPT_SUCCESS), -EPROTO);
    expect(&g, "refused send_failed\n");
    rig_close(&g);
}

static void test_farewell(void **state) {
    (void)state;
    struct rig g;
    rig_start(&g);
    gl_protocol_llrp.farewell(g.state, g.now);
    expect(&g, ""); /* before the greeting nothing may be sent */
    rig_run(&g);
    gl_protocol_llrp.farewell(g.state, g.now);
    expect(&g, "> CLOSE_CONNECTION\n");
    gl_llrp_put_empty(&g.in, GL_LLRP_CLOSE_CONNECTION_RESPONSE, g.last.id);
    assert_int_equal(say(&g), 0);
    expect(&g, "alive\n");
    gl_protocol_llrp.end(g.state, true, g.now);
    gl_protocol_llrp.farewell(g.state, g.now);
    expect(&g, "");
    rig_close(&g);
}

static void test_connection_cut(void **state) {
    (void)state;
    struct rig g;
    rig_start(&g);
    rig_run(&g);
    gl_buf_u16(&g.in, 0x043E);
    assert_int_equal(say(&g), 0);
    reconnect(&g);
    expect(&g, "refused cut_off\n");
    rig_run(&g); /* half a message of the old connection is no part of the new one */
    reconnect(&g);
    expect(&g, "");
    rig_close(&g);
}

/* ---- bytes that are not LLRP --------------------------------------------------------------------------------------------------------- */
static void test_frames_that_end_it(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        const char *reason;
    } rows[] = {
        {"\x04\x3E\0\0\0\x09\0\0\0\x01", "refused frame_malformed\n"},
        {"\x04\x3D\0\x10\0\x01\0\0\0\x01", "refused frame_malformed\n"},
        {"\x08\x3E\0\0\0\x0A\0\0\0\x01", "refused version\n"},
        {"HTTP/1.1 4", "refused frame_malformed\n"},
        {"SSH-2.0-Op", "refused frame_malformed\n"},
    };
    for (size_t i = 0; i < GL_COUNT(rows); i++) {
        for (size_t step = 0; step < 2; step++) {
            struct rig g;
            rig_start(&g);
            rig_run(&g);
            g.step = step;
            gl_buf_add(&g.in, rows[i].bytes, 10);
            assert_true(say(&g) < 0);
            expect(&g, rows[i].reason);
            reconnect(&g);
            rig_run(&g);
            rig_close(&g);
        }
    }
}

static void test_unknown_messages(void **state) {
    (void)state;
    struct rig g;
    rig_start(&g);
    rig_run(&g);
    for (int i = 0; i < 2; i++) {
        size_t m = gl_llrp_begin_message(&g.in, 777, 1);
        gl_buf_text(&g.in, "whatever");
        gl_llrp_end_message(&g.in, m);
        gl_llrp_put_empty(&g.in, GL_LLRP_KEEPALIVE_ACK, 1);
    }
    assert_int_equal(say(&g), 0);
    expect(&g, "note unknown_message\nnote unexpected_message\nnote unknown_message again\nnote unexpected_message again\n");
    rig_close(&g);
}

/* ---- settings ------------------------------------------------------------------------------------------------------------------------ */
static void test_settings(void **state) {
    (void)state;
    static const struct {
        const char *name, *text, *says;
    } rows[] = {{"session", "4", "session"},
                {"power", "41", "power"},
                {"power", "-1", "power"},
                {"antennas", "1, 33", "antennas: '33'"},
                {"antennas", "1; 2", "antennas: '1; 2'"},
                {"antennas", "0", "antennas: '0'"}};
    for (size_t i = 0; i < GL_COUNT(rows); i++) {
        struct rig g;
        struct gl_llrp s;
        struct gl_sink sink = {0};
        struct gl_error err;
        rig_init(&g);
        set(&g, rows[i].name, rows[i].text);
        assert_int_equal(gl_protocol_llrp.open(&s, &g.settings, &sink, &err), -EINVAL);
        assert_memory_equal(err.text, rows[i].says, strlen(rows[i].says));
    }
    assert_int_equal(gl_protocol_llrp.port, 5084);
    assert_int_equal(gl_protocol_llrp.silence_ms, 30000);
}

static void test_another_rospec(void **state) {
    (void)state;
    struct rig g;
    ask_until(&g, GL_LLRP_ASK_ROSPEC);
    uint32_t first = g.state->plan.rospec;
    g.now.wall += 2000;
    reconnect(&g);
    attempt(&g, GL_LLRP_ATTEMPT_SUCCESS);
    assert_int_not_equal(g.state->plan.rospec, first); /* so that the end of the old one is not taken for that of the new */
    rig_close(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_up),
        cmocka_unit_test(test_one_request_at_a_time),
        cmocka_unit_test(test_bytes_of_the_requests),
        cmocka_unit_test(test_impinj),
        cmocka_unit_test(test_link_monitor_switched_off),
        cmocka_unit_test(test_extensions_declined),
        cmocka_unit_test(test_hold_and_fill_warning_by_capabilities),
        cmocka_unit_test(test_power_and_session),
        cmocka_unit_test(test_power_that_cannot_be),
        cmocka_unit_test(test_deleting_nothing),
        cmocka_unit_test(test_config_without_what_is_minded),
        cmocka_unit_test(test_config_keepalive_is_needed),
        cmocka_unit_test(test_rospec_without_what_is_minded),
        cmocka_unit_test(test_rospec_refused),
        cmocka_unit_test(test_answer_without_status),
        cmocka_unit_test(test_error_message),
        cmocka_unit_test(test_no_greeting),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_running_waits_for_nothing),
        cmocka_unit_test(test_a_message_without_an_end),
        cmocka_unit_test(test_keepalive),
        cmocka_unit_test(test_sending_fails),
        cmocka_unit_test(test_farewell),
        cmocka_unit_test(test_connection_cut),
        cmocka_unit_test(test_frames_that_end_it),
        cmocka_unit_test(test_unknown_messages),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_another_rospec),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

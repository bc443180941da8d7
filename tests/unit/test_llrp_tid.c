/* What the LLRP client does for a tag's TID bank: asks for it when it is wanted, takes it from the reports, and reads tags without it all the same. */
#include "llrp_rig.h"

#define ASKED_FOR_TID                                                                                             \
    "> GET_READER_CAPABILITIES\n> GET_READER_CONFIG\n> SET_READER_CONFIG\n> DELETE_ACCESSSPEC\n> DELETE_ROSPEC\n" \
    "> ADD_ROSPEC\n> ADD_ACCESSSPEC\n> ENABLE_ACCESSSPEC\n> ENABLE_ROSPEC\n> ENABLE_EVENTS_AND_REPORTS\n"

static void start(struct rig *g, const char *words) {
    rig_init(g);
    set(g, "tid", words);
    rig_open(g);
    assert_int_equal(attempt(g, GL_LLRP_ATTEMPT_SUCCESS), 0);
}

static void run(struct rig *g) {
    start(g, "6");
    answer_all(g);
    expect(g, ASKED_FOR_TID);
}

/* One tag, and what an operation on it gave. */
static void report(struct rig *g, uint8_t result, uint16_t operation, uint16_t words, size_t octets) {
    size_t m = gl_llrp_begin_message(&g->in, GL_LLRP_RO_ACCESS_REPORT, 0);
    size_t tag = gl_llrp_begin(&g->in, GL_LLRP_TAG_REPORT_DATA);
    gl_llrp_tv(&g->in, GL_LLRP_EPC_96);
    gl_buf_text(&g->in, "abcdefghijkl");
    gl_llrp_tv(&g->in, GL_LLRP_LAST_SEEN_UTC);
    gl_buf_u64(&g->in, (uint64_t)g->now.wall * 1000);
    size_t p = gl_llrp_begin(&g->in, GL_LLRP_C1G2_READ_RESULT);
    gl_buf_u8(&g->in, result);
    gl_buf_u16(&g->in, operation);
    gl_buf_u16(&g->in, words);
    for (size_t i = 0; i < octets; i++) gl_buf_u8(&g->in, (uint8_t)(0xE2 + i));
    gl_llrp_end(&g->in, p);
    gl_llrp_end(&g->in, tag);
    gl_llrp_end_message(&g->in, m);
    assert_int_equal(say(g), 0);
}

static void test_asks_for_it(void **state) {
    struct rig g;
    (void)state;
    static const uint8_t spec[] = {
        0x04, 0x28, 0, 0,  0,    72,   0,  0,  0, 7,                   /* ADD_ACCESSSPEC, the seventh request */
        0,    207,  0, 62, 0,    0,    0,  1,  0, 0, 1,    0,          /* AccessSpec 1, all antennas, Gen2, disabled */
        0,    0,    0, 0,                                              /* of the ROSpec: filled in below */
        0,    208,  0, 7,  0,    0,    0,                              /* never ends */
        0,    209,  0, 34, 0x01, 0x52, 0,  15,                         /* command: C1G2TagSpec */
        0x01, 0x53, 0, 11, 0x60, 0,    32, 0,  0, 0, 0,                /* every tag */
        0x01, 0x55, 0, 15, 0,    1,    0,  0,  0, 0, 0x80, 0, 0, 0, 6, /* TID, six words */
        0,    239,  0, 5,  0};
    uint8_t want[sizeof spec];
    start(&g, "6");
    while (g.state->step != GL_LLRP_ASK_ACCESS_SPEC) assert_int_equal(answer(&g, GL_LLRP_SUCCESS, ""), 0);
    memcpy(want, spec, sizeof want);
    for (int i = 0; i < 4; i++) want[22 + i] = (uint8_t)(g.state->plan.rospec >> (24 - 8 * i));
    assert_int_equal(g.sent.len, sizeof want);
    assert_memory_equal(g.sent.data, want, sizeof want);
    rig_close(&g);
}

static void test_none_is_asked_for(void **state) {
    struct rig g;
    (void)state;
    rig_start(&g);
    rig_run(&g); /* expects the dialogue without it */
    rig_close(&g);
}

static void test_is_read(void **state) {
    struct rig g;
    (void)state;
    run(&g);
    report(&g, 0, GL_LLRP_READ_TID, 6, 12);
    assert_non_null(strstr(g.log.data, "tag 6162636465666768696A6B6C tid E2E3E4E5E6E7E8E9EAEBECED"));
    rig_close(&g);
}

/* A tag that moved away, another's operation, words that are not there or too many: the tag counts, its TID is not known. */
static void test_is_not_read(void **state) {
    static const struct {
        uint8_t result;
        uint16_t operation, words;
        size_t octets;
    } rows[] = {{2, GL_LLRP_READ_TID, 0, 0},     {2, GL_LLRP_READ_TID, 6, 12}, {0, 7, 6, 12},
                {0, GL_LLRP_READ_TID, 0, 0},     {0, GL_LLRP_READ_TID, 6, 11}, {0, GL_LLRP_READ_TID, 17, 34},
                {0, GL_LLRP_READ_TID, 65535, 12}};
    (void)state;
    for (size_t i = 0; i < GL_COUNT(rows); i++) {
        struct rig g;
        run(&g);
        report(&g, rows[i].result, rows[i].operation, rows[i].words, rows[i].octets);
        assert_non_null(strstr(g.log.data, "tag 6162636465666768696A6B6C"));
        assert_null(strstr(g.log.data, "tid"));
        rig_close(&g);
    }
}

static void test_reader_that_cannot(void **state) {
    struct rig g;
    (void)state;
    start(&g, "6");
    while (g.state->step != GL_LLRP_ASK_ACCESS_SPEC) assert_int_equal(answer(&g, GL_LLRP_SUCCESS, ""), 0);
    gl_buf_reset(&g.log);
    assert_int_equal(answer(&g, GL_LLRP_M_UNSUPPORTED_MESSAGE, "no access"), 0);
    expect(&g, "note request_declined\n> ENABLE_ROSPEC\n");
    assert_non_null(strstr(g.noted, "ADD_ACCESSSPEC"));
    answer_all(&g);
    rig_close(&g);
}

static void test_setting(void **state) {
    struct rig g;
    struct gl_sink sink = {&g, on_reading, on_refused, on_alive, on_note, on_fault, on_send};
    struct gl_error err;
    (void)state;
    rig_init(&g);
    set(&g, "tid", "17");
    g.state = calloc(1, gl_protocol_llrp.state_size);
    assert_int_equal(gl_protocol_llrp.open(g.state, &g.settings, &sink, &err), -EINVAL);
    assert_non_null(strstr(err.text, "tid: 17 is not within 0..16 words"));
    free(g.state);
    gl_buf_free(&g.log);
    gl_buf_free(&g.in);
    gl_buf_free(&g.sent);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asks_for_it), cmocka_unit_test(test_none_is_asked_for),  cmocka_unit_test(test_is_read),
        cmocka_unit_test(test_is_not_read), cmocka_unit_test(test_reader_that_cannot), cmocka_unit_test(test_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

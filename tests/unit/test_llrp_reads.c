/* What the LLRP client makes of a reader's reports and events: tags, their times, what is late, faults, notes. */
#include "llrp_rig.h"

#define US(ms) ((uint64_t)(ms)*1000)

/* ---- a report ------------------------------------------------------------------------------------------------------------------------ */
struct read { /* 0 and NULL = not told */
    const char *epc;
    uint16_t antenna, count, pc;
    int8_t rssi;
    uint64_t first, last;
    bool uptime;
};

static void put_read(struct gl_buf *b, const struct read *r) {
    size_t tag = gl_llrp_begin(b, GL_LLRP_TAG_REPORT_DATA);
    if (r->epc && strlen(r->epc) == 12) {
        gl_llrp_tv(b, GL_LLRP_EPC_96);
        gl_buf_text(b, r->epc);
    } else {
        size_t p = gl_llrp_begin(b, GL_LLRP_EPC_DATA);
        gl_buf_u16(b, (uint16_t)(r->epc ? 8 * strlen(r->epc) : 0));
        if (r->epc) gl_buf_text(b, r->epc);
        gl_llrp_end(b, p);
    }
    if (r->antenna) gl_llrp_tv(b, GL_LLRP_ANTENNA_ID), gl_buf_u16(b, r->antenna);
    if (r->rssi) gl_llrp_tv(b, GL_LLRP_PEAK_RSSI), gl_buf_u8(b, (uint8_t)r->rssi);
    if (r->first) gl_llrp_tv(b, r->uptime ? GL_LLRP_FIRST_SEEN_UPTIME : GL_LLRP_FIRST_SEEN_UTC), gl_buf_u64(b, r->first);
    if (r->last) gl_llrp_tv(b, r->uptime ? GL_LLRP_LAST_SEEN_UPTIME : GL_LLRP_LAST_SEEN_UTC), gl_buf_u64(b, r->last);
    if (r->count) gl_llrp_tv(b, GL_LLRP_TAG_SEEN_COUNT), gl_buf_u16(b, r->count);
    if (r->pc) gl_llrp_tv(b, GL_LLRP_C1G2_PC), gl_buf_u16(b, r->pc);
    gl_llrp_end(b, tag);
}

static int report(struct rig *g, const struct read *reads, size_t n) {
    size_t m = gl_llrp_begin_message(&g->in, GL_LLRP_RO_ACCESS_REPORT, 0);
    for (size_t i = 0; i < n; i++) put_read(&g->in, &reads[i]);
    gl_llrp_end_message(&g->in, m);
    return say(g);
}
#define REPORT(g, ...) \
    report(g, (const struct read[]){__VA_ARGS__}, sizeof((const struct read[]){__VA_ARGS__}) / sizeof(struct read))

/* A report of raw bytes behind the header. */
static int raw_report(struct rig *g, const void *bytes, size_t len) {
    size_t m = gl_llrp_begin_message(&g->in, GL_LLRP_RO_ACCESS_REPORT, 0);
    gl_buf_add(&g->in, bytes, len);
    gl_llrp_end_message(&g->in, m);
    return say(g);
}
#define RAW_REPORT(g, ...) raw_report(g, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static int greet(struct rig *g, uint16_t clock, uint64_t microseconds) {
    static const uint8_t success[] = {0, 0};
    put_event(&g->in, clock, microseconds, GL_LLRP_CONNECTION_ATTEMPT_EVENT, success, sizeof success);
    return say(g);
}

static void run_with_clock(struct rig *g, uint16_t clock, uint64_t microseconds) {
    rig_start(g);
    assert_int_equal(greet(g, clock, microseconds), 0);
    answer_all(g);
    gl_buf_reset(&g->log);
}

static void run(struct rig *g) {
    run_with_clock(g, GL_LLRP_UTC_TIMESTAMP, US(NOW));
}

#define ABCDEFGHIJKL "4142434445464748494A4B4C"

static void test_a_read(void **state) {
    (void)state;
    for (size_t step = 0; step < 2; step++) {
        struct rig g;
        run(&g);
        g.step = step;
        REPORT(&g, {"ABCDEFGHIJKL", .antenna = 2, .count = 7, .rssi = -48, .first = US(NOW - 900), .last = US(NOW - 200)});
        expect(&g, "tag " ABCDEFGHIJKL " antenna 2 -48 dBm x7 -200 ms\n");
        REPORT(&g, {"ABCDEFGHIJKL", .first = US(NOW - 900)});
        expect(&g, "tag " ABCDEFGHIJKL " -900 ms\n");
        /* both forms of an EPC in one report */
        REPORT(&g, {"ABCDEFGHIJKL", .last = US(NOW)}, {"ABCDEFGHIJKLMNOPQR", .antenna = 1, .last = US(NOW - 1)});
        expect(&g, "tag " ABCDEFGHIJKL " +0 ms\ntag " ABCDEFGHIJKL "4D4E4F505152 antenna 1 -1 ms\n");
        rig_close(&g);
    }
}

static char last_uri[161];
static void keep_uri(void *user, struct gl_reading *r, const struct gl_attachment *att, size_t n) {
    gl_clip(last_uri, sizeof last_uri, r->value.tag.uri);
    on_reading(user, r, att, n);
}

static void test_uri(void **state) {
    (void)state;
    struct rig g;
    run(&g);
    g.state->sink.reading = keep_uri;
    static const char sgtin[] = "\x30\x74\x25\x7B\xF7\x19\x4E\x40\x20\x20\x1A\x85";
    REPORT(&g, {sgtin, .last = US(NOW)});
    assert_string_equal(last_uri, "urn:epc:id:sgtin:0614141.812345.538974853");
    REPORT(&g, {sgtin, .last = US(NOW), .pc = 0x3000});
    assert_string_equal(last_uri, "urn:epc:id:sgtin:0614141.812345.538974853");
    REPORT(&g, {sgtin, .last = US(NOW), .pc = 0x31A9}); /* the tag says that it is no EPC */
    assert_string_equal(last_uri, "urn:epc:raw:96.xA9.x3074257BF7194E4020201A85");
    rig_close(&g);
}

static void test_empty_report(void **state) {
    (void)state;
    struct rig g;
    run(&g);
    raw_report(&g, "", 0);
    expect(&g, "alive\n");
    rig_close(&g);
}

static void test_epc_without_bits(void **state) {
    (void)state;
    struct rig g;
    run(&g);
    REPORT(&g, {NULL, .antenna = 1, .last = US(NOW)}, {"ABCDEFGHIJKL", .last = US(NOW)});
    expect(&g, "note empty_epc again\ntag " ABCDEFGHIJKL " +0 ms\n");
    rig_close(&g);
}

static void test_epc_lengths(void **state) {
    (void)state;
    struct rig g;
    char epc[66];
    run(&g);
    memset(epc, 'A', sizeof epc);
    epc[64] = '\0';
    REPORT(&g, {epc, .last = US(NOW)});
    assert_non_null(strstr(g.log.data, "41414141 +0 ms\n"));
    assert_int_equal(strcspn(g.log.data + 4, " "), 128);
    gl_buf_reset(&g.log);
    epc[64] = 'A';
    epc[65] = '\0';
    REPORT(&g, {epc, .last = US(NOW)});
    expect(&g, "refused epc_too_long\n");
    /* a number of bits that fills no octet: 20 bits in three octets, what lies behind them is not told */
    RAW_REPORT(&g, 0, 0xF0, 0, 13, 0, 0xF1, 0, 9, 0, 20, 0xE2, 0x34, 0x5F);
    expect(&g, "note late_read again\ntag E23450 late\n");
    rig_close(&g);
}

/* ---- garbage ------------------------------------------------------------------------------------------------------------------------- */
static void test_malformed_reports(void **state) {
    (void)state;
    struct rig g;
    run(&g);
    RAW_REPORT(&g, 0, 0xF0, 0, 4); /* no EPC */
    expect(&g, "refused report_malformed\n");
    RAW_REPORT(&g, 0, 0xF0, 0, 7, 0x81, 0, 1); /* neither */
    expect(&g, "refused report_malformed\n");
    RAW_REPORT(&g, 0, 0xF0, 0, 9, 0x8D, 1, 2, 3, 4); /* half an EPC */
    expect(&g, "refused report_malformed\n");
    RAW_REPORT(&g, 0, 0xF0, 0, 11, 0, 0xF1, 0, 7, 0, 96, 1); /* says 96 bits, has eight */
    expect(&g, "refused report_malformed\n");
    RAW_REPORT(&g, 0, 0xF0, 0, 20, 0, 0xF1, 0, 8, 0, 16, 1, 2, 0, 0xF1, 0, 8, 0, 16, 1, 3); /* two EPCs */
    expect(&g, "refused report_malformed\n");
    RAW_REPORT(&g, 0, 0xF0, 0, 99, 0x8D, 1, 2); /* longer than the message */
    expect(&g, "refused report_malformed\n");
    RAW_REPORT(&g, 0, 0xF0, 0, 3, 0x8D, 1, 2); /* shorter than itself */
    expect(&g, "refused report_malformed\n");
    /* the next tag of the same report is read, and so is the next message */
    RAW_REPORT(&g, 0, 0xF0, 0, 4, 0, 0xF0, 0, 12, 0, 0xF1, 0, 8, 0, 16, 0xE2, 0x80);
    expect(&g, "refused report_malformed\nnote late_read again\ntag E280 late\n");
    REPORT(&g, {"ABCDEFGHIJKL", .last = US(NOW)});
    expect(&g, "tag " ABCDEFGHIJKL " +0 ms\n");
    rig_close(&g);
}

static void test_unknown_parameters(void **state) {
    (void)state;
    struct rig g;
    run(&g);
    g.now.mono += 5000;
    /* an unknown TLV is passed over; an unknown TV hides what follows it, and so the time: nobody can tell whether the read is late */
    RAW_REPORT(&g, 0, 0xF0, 0, 20, 0, 0xF1, 0, 8, 0, 16, 0xE2, 0x80, 0x02, 0x99, 0, 5, 1, 0x81, 0, 3);
    expect(&g, "tag E280 antenna 3\n");
    RAW_REPORT(&g, 0, 0xF0, 0, 19, 0, 0xF1, 0, 8, 0, 16, 0xE2, 0x80, 0x81, 0, 3, 0x95, 1, 2, 3);
    expect(&g, "note unknown_parameter\nnote late_read again\ntag E280 antenna 3 late\n");
    RAW_REPORT(&g, 0, 0xF0, 0, 13, 0, 0xF1, 0, 8, 0, 16, 0xE2, 0x80, 0x95);
    expect(&g, "note unknown_parameter again\nnote late_read again\ntag E280 late\n");
    /* RF surveys and vendors' parameters beside the tags */
    RAW_REPORT(&g, 0, 0xF2, 0, 5, 9, 0x03, 0xFF, 0, 12, 0, 0, 0, 1, 0, 0, 0, 2);
    expect(&g, "");
    rig_close(&g);
}

static void test_reserved_bits(void **state) {
    (void)state;
    struct rig g;
    run(&g);
    g.now.mono += 5000;
    RAW_REPORT(&g, 0x7C, 0xF0, 0, 12, 0x7C, 0xF1, 0, 8, 0, 16, 0xE2, 0x80);
    expect(&g, "tag E280\n");
    rig_close(&g);
}

/* ---- time ---------------------------------------------------------------------------------------------------------------------------- */
static void test_late_by_age(void **state) {
    (void)state;
    struct rig g;
    run(&g);
    REPORT(&g, {"ABCDEFGHIJKL", .last = US(NOW - 3000)});
    expect(&g, "tag " ABCDEFGHIJKL " -3000 ms\n");
    REPORT(&g, {"ABCDEFGHIJKL", .last = US(NOW - 3001)});
    expect(&g, "note late_read again\ntag " ABCDEFGHIJKL " -3001 ms late\n");
    /* last seen counts, not first */
    REPORT(&g, {"ABCDEFGHIJKL", .first = US(NOW - 60000), .last = US(NOW - 10)});
    expect(&g, "tag " ABCDEFGHIJKL " -10 ms\n");
    /* what cannot have been seen yet was seen now */
    REPORT(&g, {"ABCDEFGHIJKL", .last = US(NOW + 60000)});
    expect(&g, "tag " ABCDEFGHIJKL " +0 ms\n");
    /* a time that is none: kept out of the record, and late */
    REPORT(&g, {"ABCDEFGHIJKL", .last = 1}, {"ABCDEFGHIJKL", .last = US(NOW - INT64_C(31) * 86400000)});
    expect(&g, "note late_read again\ntag " ABCDEFGHIJKL " late\nnote late_read again\ntag " ABCDEFGHIJKL " late\n");
    REPORT(&g, {"ABCDEFGHIJKL", .last = UINT64_MAX});
    expect(&g, "tag " ABCDEFGHIJKL " +0 ms\n");
    rig_close(&g);
}

static void test_late_after_is_a_setting(void **state) {
    (void)state;
    struct rig g;
    rig_init(&g);
    set(&g, "late_after", "10s");
    rig_open(&g);
    rig_run(&g);
    REPORT(&g, {"ABCDEFGHIJKL", .last = US(NOW - 10000)});
    expect(&g, "tag " ABCDEFGHIJKL " -10000 ms\n");
    rig_close(&g);
}

static void test_late_before_it_was_asked_for(void **state) {
    (void)state;
    struct rig g;
    rig_start(&g);
    greet(&g, GL_LLRP_UTC_TIMESTAMP, US(NOW));
    REPORT(&g, {"ABCDEFGHIJKL", .last = US(NOW)});
    expect(&g, "> GET_READER_CAPABILITIES\nnote late_read again\ntag " ABCDEFGHIJKL " +0 ms late\n");
    answer_all(&g);
    gl_buf_reset(&g.log);
    REPORT(&g, {"ABCDEFGHIJKL", .last = US(NOW)});
    expect(&g, "tag " ABCDEFGHIJKL " +0 ms\n");
    /* and again on the next connection */
    reconnect(&g);
    REPORT(&g, {"ABCDEFGHIJKL", .last = US(NOW)});
    expect(&g, "note late_read again\ntag " ABCDEFGHIJKL " late\n"); /* its clock is not known yet either */
    rig_close(&g);
}

static void test_without_times(void **state) {
    (void)state;
    struct rig g;
    run(&g);
    REPORT(&g, {"ABCDEFGHIJKL", .antenna = 1});
    pass(&g, 1999);
    REPORT(&g, {"ABCDEFGHIJKL", .antenna = 1});
    expect(&g, "note late_read again\ntag " ABCDEFGHIJKL " antenna 1 late\nnote late_read again\ntag " ABCDEFGHIJKL
               " antenna 1 late\n");
    pass(&g, 1);
    REPORT(&g, {"ABCDEFGHIJKL", .antenna = 1});
    expect(&g, "tag " ABCDEFGHIJKL " antenna 1\n");
    rig_close(&g);
}

static void test_wrong_clocks(void **state) {
    (void)state;
    static const struct {
        int64_t reader_ms;
        const char *log, *says;
    } rows[] = {
        {NOW - 2000, "", ""},
        {NOW - 10798000, "note clock_wrong\n", "slow by 10798 s"},
        {NOW + 10798000, "note clock_wrong\n", "fast by 10798 s"},
        {12345, "note clock_wrong\n", "slow by"},        /* 1970 */
        {946704236596, "note clock_wrong\n", "slow by"}, /* 2000 */
    };
    for (size_t i = 0; i < GL_COUNT(rows); i++) {
        struct rig g;
        rig_start(&g);
        greet(&g, GL_LLRP_UTC_TIMESTAMP, US(rows[i].reader_ms));
        assert_memory_equal(g.log.data ? g.log.data : "", rows[i].log, strlen(rows[i].log));
        if (rows[i].log[0]) assert_non_null(strstr(g.noted, rows[i].says));
        answer_all(&g);
        gl_buf_reset(&g.log);
        pass(&g, 30000);
        REPORT(&g, {"ABCDEFGHIJKL", .last = US(rows[i].reader_ms + 29500)},
               {"ABCDEFGHIJKL", .last = US(rows[i].reader_ms + 20000)});
        expect(&g, "tag " ABCDEFGHIJKL " -500 ms\nnote late_read again\ntag " ABCDEFGHIJKL " -10000 ms late\n");
        rig_close(&g);
    }
}

static void test_uptime(void **state) {
    (void)state;
    struct rig g;
    run_with_clock(&g, GL_LLRP_UPTIME, US(777000));
    pass(&g, 30000);
    REPORT(&g, {"ABCDEFGHIJKL", .last = US(806800), .uptime = true}, {"ABCDEFGHIJKL", .last = US(800000), .uptime = true});
    expect(&g, "tag " ABCDEFGHIJKL " -200 ms\nnote late_read again\ntag " ABCDEFGHIJKL " -7000 ms late\n");
    /* a clock that was not measured tells nothing */
    REPORT(&g, {"ABCDEFGHIJKL", .last = US(NOW - 86400000)});
    expect(&g, "tag " ABCDEFGHIJKL "\n");
    rig_close(&g);
    run_with_clock(&g, 0, 0); /* nor does a greeting without any */
    REPORT(&g, {"ABCDEFGHIJKL", .last = US(NOW)});
    expect(&g, "note late_read again\ntag " ABCDEFGHIJKL " late\n");
    rig_close(&g);
}

static void test_clock_that_was_set(void **state) {
    (void)state;
    struct rig g;
    run(&g);
    /* what was held back is no reason */
    for (int i = 0; i < 30; i++) assert_int_equal(REPORT(&g, {"ABCDEFGHIJKL", .last = US(NOW - 3600000)}), 0);
    pass(&g, 60000);
    int rc = 0, n = 0;
    for (; n < 30 && rc == 0; n++) {
        rc = REPORT(&g, {"ABCDEFGHIJKL", .last = US(g.now.wall - 3600000)});
        if (rc == 0) pass(&g, 1000);
    }
    assert_int_equal(rc, -EPROTO);
    assert_int_equal(n, 11); /* ten seconds of nothing else */
    assert_non_null(strstr(g.log.data, "refused clock_moved\n"));
    rig_close(&g);
    run(&g);
    pass(&g, 60000);
    for (int i = 0; i < 30; i++, pass(&g, 1000)) {
        assert_int_equal(REPORT(&g, {"ABCDEFGHIJKL", .last = US(g.now.wall - 3600000)}), 0);
        if (i % 5 == 0) assert_int_equal(REPORT(&g, {"ABCDEFGHIJKL", .last = US(g.now.wall)}), 0); /* one that is not late */
    }
    rig_close(&g);
}

/* ---- events -------------------------------------------------------------------------------------------------------------------------- */
static void test_place_taken(void **state) {
    (void)state;
    for (uint8_t status = 1; status <= 2; status++) {
        struct rig g;
        rig_start(&g);
        assert_int_equal(attempt(&g, status), -EPROTO);
        expect(&g, "fault slot_taken raised\nrefused slot_taken\n");
        reconnect(&g);
        assert_int_equal(attempt(&g, status), -EPROTO);
        expect(&g, "refused slot_taken\n"); /* stands already */
        reconnect(&g);
        assert_int_equal(attempt(&g, GL_LLRP_ATTEMPT_SUCCESS), 0);
        expect(&g, "fault slot_taken cleared\n> GET_READER_CAPABILITIES\n");
        rig_close(&g);
    }
}

static void test_attempt_failed(void **state) {
    (void)state;
    static const uint8_t statuses[] = {3, 5, 255};
    for (size_t i = 0; i < GL_COUNT(statuses); i++) {
        struct rig g;
        rig_start(&g);
        assert_int_equal(attempt(&g, statuses[i]), -EPROTO);
        expect(&g, "fault attempt_failed raised\nrefused attempt_failed\n");
        reconnect(&g);
        assert_int_equal(attempt(&g, GL_LLRP_ATTEMPT_SUCCESS), 0);
        expect(&g, "fault attempt_failed cleared\n> GET_READER_CAPABILITIES\n");
        rig_close(&g);
    }
}

static void test_intruder(void **state) {
    (void)state;
    struct rig g;
    run(&g);
    assert_int_equal(attempt(&g, GL_LLRP_ATTEMPT_ANOTHER), 0);
    assert_int_equal(attempt(&g, GL_LLRP_ATTEMPT_ANOTHER), 0);
    assert_int_equal(attempt(&g, GL_LLRP_ATTEMPT_SUCCESS), 0); /* said twice: nothing begins again */
    expect(&g, "note intruder\nnote intruder again\n");
    rig_close(&g);
}

static void test_reader_closes(void **state) {
    (void)state;
    struct rig g;
    run(&g);
    assert_int_equal(event(&g, GL_LLRP_CONNECTION_CLOSE_EVENT, "", 0), -ECONNRESET);
    expect(&g, "note reader_closes\n");
    rig_close(&g);
}

#define ANTENNA(g, connected, id) assert_int_equal(SAY_EVENT(g, GL_LLRP_ANTENNA_EVENT, connected, 0, id), 0)

static void test_antennas_cut_off(void **state) {
    (void)state;
    struct rig g;
    run(&g);
    ANTENNA(&g, 1, 1);
    expect(&g, "");
    ANTENNA(&g, 0, 2);
    ANTENNA(&g, 0, 2);
    expect(&g, "fault antenna 2 disconnected raised\n");
    ANTENNA(&g, 0, 1);
    expect(&g, "fault antennas 1, 2 disconnected raised\nfault antenna 2 disconnected cleared\n");
    ANTENNA(&g, 1, 2);
    expect(&g, "fault antenna 1 disconnected raised\nfault antennas 1, 2 disconnected cleared\n");
    REPORT(&g, {"ABCDEFGHIJKL", .antenna = 1, .last = US(NOW - 5000)});
    expect(&g, "note late_read again\ntag " ABCDEFGHIJKL " antenna 1 -5000 ms late\n"); /* that was before */
    REPORT(&g, {"ABCDEFGHIJKL", .antenna = 1, .last = US(NOW)});
    expect(&g, "fault antenna 1 disconnected cleared\ntag " ABCDEFGHIJKL " antenna 1 +0 ms\n"); /* it reads: so it is there */
    ANTENNA(&g, 0, 0);
    ANTENNA(&g, 0, 33);
    expect(&g, "note antenna_unknown\nnote antenna_unknown again\n");
    rig_close(&g);
}

static void test_many_antennas_are_one_fault(void **state) {
    (void)state;
    struct rig g;
    run(&g);
    for (uint8_t i = 1; i <= 32; i++) ANTENNA(&g, 0, i);
    for (uint8_t i = 1; i <= 32; i++) ANTENNA(&g, 1, i);
    int standing = 0, most = 0;
    for (const char *p = g.log.data; (p = strstr(p, "fault ")); p++) {
        size_t line = strcspn(p, "\n");
        assert_true(line < 64 + 16);
        standing += memcmp(p + line - 7, " raised", 7) == 0 ? 1 : -1;
        if (standing > most) most = standing;
    }
    assert_int_equal(standing, 0);
    assert_int_equal(most, 2); /* the new one, then the end of the old one */
    rig_close(&g);
}

static int answer_antennas(struct rig *g, uint8_t first, uint8_t second) {
    size_t m = begin_answer(g);
    gl_llrp_put_status(&g->in, 0, "");
    for (int i = 0; i < 2; i++) {
        size_t p = gl_llrp_begin(&g->in, GL_LLRP_ANTENNA_PROPERTIES);
        gl_buf_u8(&g->in, i == 0 ? first : second);
        gl_buf_u16(&g->in, (uint16_t)(i + 1));
        gl_buf_u16(&g->in, 0);
        gl_llrp_end(&g->in, p);
    }
    gl_llrp_end_message(&g->in, m);
    return say(g);
}

static void test_antennas_after_a_break(void **state) {
    (void)state;
    struct rig g;
    rig_start(&g);
    attempt(&g, 0);
    answer(&g, 0, "");
    assert_int_equal(answer_antennas(&g, 0x80, 0), 0); /* port 2 never had one: nothing is wrong */
    answer_all(&g);
    expect(&g, ALL_ASKED);
    reconnect(&g);
    attempt(&g, 0);
    answer(&g, 0, "");
    gl_buf_reset(&g.log);
    answer_antennas(&g, 0, 0); /* taken away while nobody looked */
    expect(&g, "fault antenna 1 disconnected raised\n> SET_READER_CONFIG\n");
    reconnect(&g);
    attempt(&g, 0);
    answer(&g, 0, "");
    gl_buf_reset(&g.log);
    answer_antennas(&g, 0x80, 0); /* and put back */
    expect(&g, "fault antenna 1 disconnected cleared\n> SET_READER_CONFIG\n");
    rig_close(&g);
}

/* What a reader with these settings says to the client's question after its antennas; the rest of the set-up is left out of the log. */
static void told_of_antennas(struct rig *g, uint8_t first, uint8_t second) {
    attempt(g, 0);
    answer(g, 0, "");
    gl_buf_reset(&g->log);
    answer_antennas(g, first, second);
}

/* Those that the configuration names are missed from the start, others never. */
static void test_antennas_that_must_be_there(void **state) {
    (void)state;
    struct rig g;
    rig_init(&g);
    set(&g, "antennas", "1, 2,3");
    rig_open(&g);
    told_of_antennas(&g, 0x80, 0); /* and of the third it says nothing */
    expect(&g, "fault antennas 2, 3 disconnected raised\n> SET_READER_CONFIG\n");
    answer_all(&g);
    gl_buf_reset(&g.log);
    ANTENNA(&g, 1, 2);
    expect(&g, "fault antenna 3 disconnected raised\nfault antennas 2, 3 disconnected cleared\n");
    REPORT(&g, {"ABCDEFGHIJKL", .antenna = 3, .last = US(NOW)});
    expect(&g, "fault antenna 3 disconnected cleared\ntag " ABCDEFGHIJKL " antenna 3 +0 ms\n");
    ANTENNA(&g, 1, 4);
    ANTENNA(&g, 0, 4); /* nobody's */
    expect(&g, "");
    reconnect(&g);
    told_of_antennas(&g, 0, 0x80);
    expect(&g, "fault antennas 1, 3 disconnected raised\n> SET_READER_CONFIG\n");
    reconnect(&g);
    told_of_antennas(&g, 0x80, 0x80);
    expect(&g, "fault antenna 3 disconnected raised\nfault antennas 1, 3 disconnected cleared\n> SET_READER_CONFIG\n");
    rig_close(&g);
}

/* A reader that does not know the question, or says yes and nothing more, accuses no antenna. */
static void test_antennas_untold(void **state) {
    (void)state;
    static const struct {
        uint16_t code;
        const char *note;
    } rows[] = {{GL_LLRP_M_UNSUPPORTED_MESSAGE, "request_declined"}, {GL_LLRP_SUCCESS, "antennas_untold"}};
    for (size_t i = 0; i < GL_COUNT(rows); i++) {
        struct rig g;
        char want[80];
        rig_init(&g);
        set(&g, "antennas", "1");
        rig_open(&g);
        attempt(&g, 0);
        answer(&g, 0, "");
        gl_buf_reset(&g.log);
        assert_int_equal(answer(&g, rows[i].code, ""), 0);
        gl_format(want, sizeof want, "note %s\n> SET_READER_CONFIG\n", rows[i].note);
        expect(&g, want);
        answer_all(&g);
        gl_buf_reset(&g.log);
        ANTENNA(&g, 0, 1);
        expect(&g, "fault antenna 1 disconnected raised\n");
        rig_close(&g);
    }
}

static int rospec_event(struct rig *g, uint8_t what, uint32_t id) {
    return SAY_EVENT(g, GL_LLRP_ROSPEC_EVENT, what, (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id, 0, 0,
                     0, 9);
}

static void test_rospec_ends(void **state) {
    (void)state;
    struct rig g;
    run(&g);
    uint32_t ours = g.state->plan.rospec;
    assert_int_equal(rospec_event(&g, 0, ours), 0);     /* started */
    assert_int_equal(rospec_event(&g, 1, ours - 1), 0); /* an old one */
    expect(&g, "");
    assert_int_equal(rospec_event(&g, 1, ours), 0);
    answer_all(&g);
    expect(&g, "note rospec_again\n" AGAIN_ASKED);
    assert_int_equal(rospec_event(&g, 1, ours), 0); /* told twice */
    expect(&g, "");
    ours = g.state->plan.rospec;
    pass(&g, 59999);
    assert_int_equal(rospec_event(&g, 2, ours), -EPROTO);
    expect(&g, "refused rospec_ends\n");
    reconnect(&g);
    pass(&g, 1);
    rig_run(&g);
    assert_int_equal(rospec_event(&g, 2, g.state->plan.rospec), 0); /* pushed aside, a minute later */
    answer_all(&g);
    expect(&g, "note rospec_again\n" AGAIN_ASKED);
    rig_close(&g);
}

static void test_reads_lost(void **state) {
    (void)state;
    struct rig g;
    run(&g);
    assert_int_equal(SAY_EVENT(&g, GL_LLRP_REPORT_BUFFER_LEVEL_WARNING_EVENT, 90), 0);
    assert_string_equal(g.noted, "the reader's buffer of reports is 90 % full");
    assert_int_equal(event(&g, GL_LLRP_REPORT_BUFFER_OVERFLOW_ERROR_EVENT, "", 0), 0);
    expect(&g, "note buffer_warning\nnote buffer_overflow\nfault reads_lost raised\n");
    pass(&g, 20000);
    event(&g, GL_LLRP_REPORT_BUFFER_OVERFLOW_ERROR_EVENT, "", 0);
    expect(&g, "note buffer_overflow\n");
    pass(&g, 29999);
    expect(&g, "");
    reconnect(&g); /* a new connection does not bring them back */
    expect(&g, "");
    pass(&g, 1);
    expect(&g, "fault reads_lost cleared\n");
    rig_close(&g);
}

static void test_exception(void **state) {
    (void)state;
    struct rig g;
    run(&g);
    SAY_EVENT(&g, GL_LLRP_READER_EXCEPTION_EVENT, 0, 9, 't', 'o', 'o', ' ', 'h', 'o', 't', '\n', 0xFF);
    expect(&g, "note reader_exception\n");
    assert_string_equal(g.noted, "the reader says: \"too hot??\"");
    SAY_EVENT(&g, GL_LLRP_READER_EXCEPTION_EVENT, 0, 90, 'x');
    assert_string_equal(g.noted, "the reader says: \"\"");
    rig_close(&g);
}

static void test_events_of_no_meaning(void **state) {
    (void)state;
    struct rig g;
    run(&g);
    SAY_EVENT(&g, GL_LLRP_HOPPING_EVENT, 0, 1, 0, 5);
    SAY_EVENT(&g, GL_LLRP_GPI_EVENT, 0, 1, 0x80);
    SAY_EVENT(&g, GL_LLRP_AI_SPEC_EVENT, 0, 0, 0, 0, 1, 0, 1);
    SAY_EVENT(&g, 356, 0, 0, 0, 1, 0, 0, 0, 1);
    SAY_EVENT(&g, GL_LLRP_ROSPEC_EVENT, 1); /* cut */
    expect(&g, "");
    rig_close(&g);
}

static void test_malformed_events(void **state) {
    (void)state;
    struct rig g;
    run(&g);
    gl_llrp_put_empty(&g.in, GL_LLRP_READER_EVENT_NOTIFICATION, 0);
    assert_int_equal(say(&g), 0);
    gl_llrp_put_u32(&g.in, GL_LLRP_READER_EVENT_NOTIFICATION, 0, 0x00F60063); /* longer than the message */
    assert_int_equal(say(&g), 0);
    gl_llrp_put_u32(&g.in, GL_LLRP_READER_EVENT_NOTIFICATION, 0, 0x00F60004); /* empty, lawful enough */
    assert_int_equal(say(&g), 0);
    expect(&g, "refused event_malformed\nrefused event_malformed\n");
    assert_int_equal(SAY_EVENT(&g, GL_LLRP_CONNECTION_ATTEMPT_EVENT, 0), -EPROTO);
    expect(&g, "refused event_malformed\n");
    rig_close(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_read),
        cmocka_unit_test(test_uri),
        cmocka_unit_test(test_empty_report),
        cmocka_unit_test(test_epc_without_bits),
        cmocka_unit_test(test_epc_lengths),
        cmocka_unit_test(test_malformed_reports),
        cmocka_unit_test(test_unknown_parameters),
        cmocka_unit_test(test_reserved_bits),
        cmocka_unit_test(test_late_by_age),
        cmocka_unit_test(test_late_after_is_a_setting),
        cmocka_unit_test(test_late_before_it_was_asked_for),
        cmocka_unit_test(test_without_times),
        cmocka_unit_test(test_wrong_clocks),
        cmocka_unit_test(test_uptime),
        cmocka_unit_test(test_clock_that_was_set),
        cmocka_unit_test(test_place_taken),
        cmocka_unit_test(test_attempt_failed),
        cmocka_unit_test(test_intruder),
        cmocka_unit_test(test_reader_closes),
        cmocka_unit_test(test_antennas_cut_off),
        cmocka_unit_test(test_many_antennas_are_one_fault),
        cmocka_unit_test(test_antennas_after_a_break),
        cmocka_unit_test(test_antennas_that_must_be_there),
        cmocka_unit_test(test_antennas_untold),
        cmocka_unit_test(test_rospec_ends),
        cmocka_unit_test(test_reads_lost),
        cmocka_unit_test(test_exception),
        cmocka_unit_test(test_events_of_no_meaning),
        cmocka_unit_test(test_malformed_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

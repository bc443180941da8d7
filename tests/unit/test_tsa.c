/* The protocol `tsa` through a sink that writes down what it gets: occupancies and their faults, alarms, the portal's own faults, connections. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tsa/tsa.h"

#define T0 1772435730000 /* 2026-03-02T07:15:30Z */
#define IDLE "NB,000000,000000,000000,000000\r\nGB,000100,000100,000100,000100\r\n"
#define NS "NS,000001,000000,000001,000000\r\n"
#define GS "GS,000019,000020,000021,000020\r\n"
#define GA "GA,000080,000020,000021,000020\r\n"
#define FIVE GS GS GS GS GS
#define BODY NS FIVE FIVE NS FIVE NS FIVE
#define GX "GX,000007,002391,000000,000000\r\n"

/* ---- a sink that writes down what it gets, a line each ---- */

struct bench {
    struct gl_buf log, profile;
    struct gl_sink sink;
    struct gl_setting_value values[4];
    struct gl_settings settings;
    struct gl_now now;
    void *state;
};

static void tri(struct gl_buf *log, const char *name, uint8_t v) {
    if (v != GL_NULL) gl_buf_printf(log, " %s%s", v == GL_TRUE ? "" : "no-", name);
}

static void on_reading(void *user, struct gl_reading *r, const struct gl_attachment *att, size_t n) {
    struct bench *b = user;
    const struct gl_radiation_value *v = &r->value.radiation;
    assert_int_equal(r->kind, GL_READING_RADIATION);
    gl_buf_printf(&b->log, "%s", gl_radiation_phases[v->phase]);
    if (r->time != T0) gl_buf_printf(&b->log, " at%+lld", (long long)(r->time - T0));
    if (v->occupancy.start && v->occupancy.start != T0) gl_buf_printf(&b->log, " from%+lld", (long long)(v->occupancy.start - T0));
    if (v->occupancy.end && v->occupancy.end != T0) gl_buf_printf(&b->log, " to%+lld", (long long)(v->occupancy.end - T0));
    if (v->occupancy.counter != GL_INT_NULL) gl_buf_printf(&b->log, " #%lld", (long long)v->occupancy.counter);
    if (v->phase == GL_RADIATION_OCCUPANCY)
        gl_buf_printf(&b->log, " %lld/%lld", (long long)v->gamma.samples, (long long)v->neutron.samples);
    tri(&b->log, "gamma", v->gamma_alarm);
    tri(&b->log, "neutron", v->neutron_alarm);
    tri(&b->log, "tamper", v->tamper);
    tri(&b->log, "suspect", v->gamma.background_suspect);
    if (v->fault[0]) gl_buf_printf(&b->log, " fault:%s", v->fault);
    if (!isnan(v->speed_kmh)) gl_buf_printf(&b->log, " %.2fkm/h", v->speed_kmh);
    gl_buf_char(&b->log, '\n');
    assert_int_equal(n, v->phase == GL_RADIATION_OCCUPANCY ? 1 : 0);
    if (n == 0) return;
    assert_string_equal(att->role, "profile");
    assert_string_equal(att->media_type, "text/csv");
    gl_buf_reset(&b->profile);
    gl_buf_add(&b->profile, att->bytes, att->len);
}
static void on_refused(void *user, const char *reason, const char *detail) {
    assert_true(strlen(detail) > 8);
    gl_buf_printf(&((struct bench *)user)->log, "refused %s\n", reason);
}
static void on_alive(void *user) {
    (void)user;
}
static void on_note(void *user, const char *name, const char *detail) {
    gl_buf_printf(&((struct bench *)user)->log, "note %s %s\n", name, detail ? detail : "-");
}
static void on_fault(void *user, const char *reason, bool raised) {
    gl_buf_printf(&((struct bench *)user)->log, "%s %s\n", raised ? "raised" : "cleared", reason);
}

static void set_up(struct bench *b) {
    struct gl_error err;
    memset(b, 0, sizeof *b);
    b->log = b->profile = GL_BUF(4 << 20);
    b->sink = (struct gl_sink){b, on_reading, on_refused, on_alive, on_note, on_fault, NULL};
    b->now = (struct gl_now){T0, 5000};
    b->values[0] = (struct gl_setting_value){"stamps", "ignore"};
    b->settings = (struct gl_settings){1, b->values};
    b->state = calloc(1, gl_protocol_tsa.state_size);
    assert_non_null(b->state);
    assert_int_equal(gl_protocol_tsa.open(b->state, &b->settings, &b->sink, &err), 0);
    gl_protocol_tsa.begin(b->state, NULL, b->now);
}

static void say(struct bench *b, const char *text) {
    assert_int_equal(gl_protocol_tsa.bytes(b->state, (const uint8_t *)text, strlen(text), b->now), 0);
}

static void pass(struct bench *b, int64_t ms) {
    b->now.wall += ms;
    b->now.mono += ms;
}

static void expect(struct bench *b, const char *want) {
    assert_string_equal(b->log.data ? b->log.data : "", want);
    gl_buf_reset(&b->log);
}

static void tear_down(struct bench *b) {
    gl_protocol_tsa.close(b->state);
    free(b->state);
    gl_buf_free(&b->log);
    gl_buf_free(&b->profile);
}

/* One connection that carries these bytes and then ends; in every split it must say the same. */
static void expect_bytes(const char *bytes, size_t len, const char *want) {
    static const size_t steps[] = {1, 2, 3, 7, 64, 1 << 20};
    for (size_t k = 0; k < GL_COUNT(steps); k++) {
        struct bench b;
        set_up(&b);
        for (size_t i = 0; i < len; i += steps[k])
            assert_int_equal(
                gl_protocol_tsa.bytes(b.state, (const uint8_t *)bytes + i, len - i < steps[k] ? len - i : steps[k], b.now), 0);
        gl_protocol_tsa.end(b.state, false, b.now);
        expect(&b, want);
        tear_down(&b);
    }
}
#define EXPECT(bytes, want) expect_bytes(bytes, sizeof(bytes) - 1, want)

/* ---- occupancies ---- */

static void clear(void **state) {
    (void)state;
    EXPECT(IDLE BODY GX IDLE, "start\noccupancy #7 20/3 no-gamma no-neutron\n");
    EXPECT(IDLE "SP,0.1281,05.323,008.57,000000\r\n" BODY "SP,0.1402,04.864,007.83,000000\r\n" GX, /* and one that comes early */
           "start\noccupancy #7 20/3 no-gamma no-neutron 8.20km/h\n");
    EXPECT(IDLE BODY "SP,0.0023,99.999,160.93,000000\r\nSP,0.0,0.0,0.49,0\r\nSP,0.0,0.0,60.01,0\r\n" GX,
           "start\noccupancy #7 20/3 no-gamma no-neutron\n");
    EXPECT(IDLE BODY GX BODY GX, "start\noccupancy #7 20/3 no-gamma no-neutron\nstart\noccupancy #7 20/3 no-gamma no-neutron\n");
}

static void alarms_at_once_and_once(void **state) {
    (void)state;
    struct bench b;
    set_up(&b);
    say(&b, IDLE NS FIVE GS GS GS GS);
    expect(&b, "start\n");
    say(&b, GA);
    expect(&b, "alarm gamma\n");
    say(&b, NS GA GS GA GS GS "AA,000001,000001,000001,11111A\r\n");
    expect(&b, "");
    say(&b, "NA,000030,000000,000001,000000\r\n" FIVE "NA,000030,000000,000001,000000\r\n");
    expect(&b, "alarm neutron\n");
    say(&b, FIVE GX);
    expect(&b, "occupancy #7 25/4 gamma neutron\n");
    say(&b, NS FIVE FIVE "AA,000001,000001,000001,11111A\r\n");
    expect(&b, "start\nalarm gamma\n");
    tear_down(&b);
}

static void times(void **state) {
    (void)state;
    struct bench b;
    set_up(&b);
    say(&b, IDLE);
    pass(&b, 2000);
    say(&b, NS FIVE GS);
    expect(&b, "start at+2000 from+2000\n");
    pass(&b, 200);
    say(&b, GA);
    expect(&b, "alarm at+2200 from+2000 gamma\n");
    pass(&b, 1600);
    say(&b, GS GS GS NS FIVE NS "XY,\"1\"\r\n");
    pass(&b, 220);
    say(&b, GX);
    expect(&b, "note unknown_tag XY,\"1\"\noccupancy at+4020 from+2000 to+4020 #7 15/3 gamma no-neutron\n");
    static const char head[] =
        "t_s,kind,d1,d2,d3,d4,sum,sigma,state\n0.0,neutron,1,0,1,0,2,,normal\n"
        "-1.0,gamma,19,20,21,20,80,,normal\n-0.8,gamma,19,20,21,20,80,,normal\n";
    assert_true(b.profile.len > sizeof head);
    assert_memory_equal(b.profile.data, head, sizeof head - 1);
    assert_non_null(strstr(b.profile.data, "\n-0.2,gamma,19,20,21,20,80,0.35,normal\n0.0,gamma,"));
    assert_non_null(strstr(b.profile.data, "\n0.2,gamma,80,20,21,20,141,3.96,alarm\n"));
    assert_non_null(strstr(b.profile.data, "\n2.0,neutron,1,0,1,0,2,,normal\n,raw,,,,,,,\"XY,\"\"1\"\"\"\n"));
    tear_down(&b);
}

static void joined_on_the_way(void **state) {
    (void)state;
    EXPECT(BODY GX, "start\noccupancy #7 20/3 no-gamma no-neutron fault:joined\n");
    EXPECT("0,000020,000021\r\n" BODY GX IDLE BODY GX,
           "note partial_line 0,000020,000021\nstart\noccupancy #7 20/3 no-gamma no-neutron fault:joined\n"
           "start\noccupancy #7 20/3 no-gamma no-neutron\n");
    EXPECT(GA BODY GX, "start\nalarm gamma\noccupancy #7 21/3 gamma no-neutron fault:joined\n");
    /* The portal was idle, but a gamma alarm cannot be the beginning; a neutron alarm can. */
    EXPECT(IDLE GA BODY GX, "start\nalarm gamma\noccupancy #7 21/3 gamma no-neutron fault:joined\n");
    EXPECT(IDLE "NA,000030,000000,000001,000000\r\n" FIVE FIVE GX,
           "start\nalarm neutron\noccupancy #7 10/1 no-gamma neutron fault:no_samples\n");
    EXPECT(GX BODY GX,
           "note stray_end GX without an occupancy: it began before the connection, or its beginning was lost\n"
           "start\noccupancy #7 20/3 no-gamma no-neutron fault:no_background\n");
}

static void ends_that_do_not_come(void **state) {
    (void)state;
    EXPECT(IDLE BODY, "start\noccupancy 20/3 no-gamma no-neutron fault:interrupted\n");
    EXPECT(IDLE BODY "GX,000007,00", "start\noccupancy 20/3 no-gamma no-neutron fault:interrupted\n");
    EXPECT(IDLE BODY IDLE, "start\noccupancy 20/3 no-gamma no-neutron fault:no_end\n");
    EXPECT(IDLE BODY "GX,000007\r\n" IDLE, "start\nrefused line_malformed\noccupancy 20/3 no-gamma no-neutron fault:no_end\n");
    struct bench b;
    set_up(&b);
    say(&b, IDLE BODY);
    pass(&b, 3000);
    say(&b, GS);
    expect(&b, "start\n");
    pass(&b, 3001);
    say(&b, NS);
    expect(&b, "occupancy at+6001 to+3000 21/3 no-gamma no-neutron fault:no_end\nstart at+6001 from+6001\n");
    /* The connection breaks: what was known before it is no longer. */
    pass(&b, 1000);
    gl_protocol_tsa.end(b.state, false, b.now);
    expect(&b, "occupancy at+7001 from+6001 to+6001 0/1 no-gamma no-neutron fault:joined\n");
    gl_protocol_tsa.end(b.state, false, b.now);
    gl_protocol_tsa.begin(b.state, NULL, b.now);
    say(&b, BODY);
    expect(&b, "start at+7001 from+7001\n");
    tear_down(&b);
}

static void lines_that_cannot_be_read(void **state) {
    (void)state;
    EXPECT(IDLE BODY "GS,000019,000020,000021\r\n" GX,
           "start\nrefused line_malformed\noccupancy #7 20/3 no-gamma no-neutron fault:unreadable\n");
    EXPECT(IDLE BODY "G\xC1,000019,000020,000021,000020\r\n" GX,
           "start\nrefused garbage\noccupancy #7 20/3 no-gamma no-neutron fault:unreadable\n");
    EXPECT(IDLE BODY "000019,000020,000021,000020\r\n" GX,
           "start\nrefused line_malformed\noccupancy #7 20/3 no-gamma no-neutron fault:unreadable\n");
    /* What can hold no alarm hides none. */
    EXPECT(IDLE BODY "SP,x\r\nAX,\x80\r\n" GX,
           "start\nrefused line_malformed\nrefused garbage\noccupancy #7 20/3 no-gamma no-neutron\n");
    /* A damaged alarm is an alarm, wherever it comes; an open cabinet is open. */
    EXPECT(IDLE BODY "GA,000019,0000\0\r\n" GX,
           "start\nrefused garbage\nalarm gamma\noccupancy #7 20/3 gamma no-neutron fault:unreadable\n");
    EXPECT(IDLE "NA,1\r\n" IDLE, "refused line_malformed\nstart\nalarm neutron\noccupancy 0/0 no-gamma neutron fault:no_end\n");
    EXPECT(IDLE "TT,\x80\r\n", "refused garbage\nraised tamper\ntamper tamper\n");
    /* It may have been the beginning. */
    EXPECT(IDLE "\xFF\r\n" BODY GX, "refused garbage\nstart\noccupancy #7 20/3 no-gamma no-neutron fault:joined\n");
    EXPECT(IDLE "\xFF\r\n" IDLE BODY GX, "refused garbage\nstart\noccupancy #7 20/3 no-gamma no-neutron\n");
}

static void samples_that_do_not_come(void **state) {
    (void)state;
    EXPECT(IDLE NS FIVE FIVE GX, "start\noccupancy #7 10/1 no-gamma no-neutron fault:no_samples\n");
    EXPECT(IDLE FIVE FIVE FIVE GX, "start\noccupancy #7 15/0 no-gamma no-neutron fault:no_samples\n");
    EXPECT(IDLE NS NS NS GX, "start\noccupancy #7 0/3 no-gamma no-neutron fault:no_samples\n");
    /* Out of step by more than one: lines were lost, or a second occupancy began within the first. */
    EXPECT(IDLE NS FIVE FIVE GS NS GS GS GS GS NS FIVE GX, "start\noccupancy #7 20/3 no-gamma no-neutron\n");
    EXPECT(IDLE NS FIVE GS GS GS GS NS FIVE NS FIVE GX, "start\noccupancy #7 19/3 no-gamma no-neutron\n");
    EXPECT(IDLE NS FIVE GS GS GS NS FIVE NS FIVE GX, "start\noccupancy #7 18/3 no-gamma no-neutron fault:samples_missing\n");
    EXPECT(IDLE NS FIVE FIVE GS GS NS GS GS GS NS FIVE GX, "start\noccupancy #7 20/3 no-gamma no-neutron fault:samples_missing\n");
    EXPECT(IDLE NS FIVE FIVE FIVE NS FIVE GX, "start\noccupancy #7 20/2 no-gamma no-neutron fault:samples_missing\n");
    EXPECT(IDLE BODY BODY GX, "start\noccupancy #7 40/6 no-gamma no-neutron fault:samples_missing\n");
    EXPECT(IDLE BODY GS GX, "start\noccupancy #7 21/3 no-gamma no-neutron\n");
    EXPECT(IDLE BODY GS GS GX, "start\noccupancy #7 22/3 no-gamma no-neutron fault:samples_missing\n");
    EXPECT(IDLE BODY NS GX, "start\noccupancy #7 20/4 no-gamma no-neutron\n");
    EXPECT(IDLE BODY NS NS GX, "start\noccupancy #7 20/5 no-gamma no-neutron fault:samples_missing\n");
    /* The portal's own hold-in says how few there can be. */
    EXPECT(IDLE "SG1,002000,000068,05,05,05.0,P\r\n" NS FIVE FIVE GX, "start\noccupancy #7 10/1 no-gamma no-neutron\n");
}

static void nothing_grows(void **state) {
    (void)state;
    struct bench b;
    set_up(&b);
    say(&b, IDLE);
    for (int i = 0; i < 64 + 10; i++) say(&b, "XY,1\r\n");
    gl_buf_reset(&b.log);
    const char *most = ",999999999,999999999,999999999,999999999\r\n";
    for (int i = 0; i < 901 * 6; i++) {
        say(&b, i % 6 ? "GS" : "NS");
        say(&b, most);
        if (i == 0) say(&b, FIVE);
    }
    for (int i = 0; i < 64 + 10; i++) say(&b, "XY,1\r\n");
    gl_buf_reset(&b.log);
    say(&b, GA GX);
    expect(&b, "alarm gamma\noccupancy #7 4511/901 gamma no-neutron fault:too_long\n");
    size_t lines = 0;
    for (size_t i = 0; i < b.profile.len; i++) lines += b.profile.data[i] == '\n';
    assert_int_equal(lines, 1 + 4500 + 901 + 64);
    say(&b, BODY GX);
    expect(&b, "start\noccupancy #7 20/3 no-gamma no-neutron\n");
    tear_down(&b);
}

/* GA where pillar 1 stands at 3.96 sigma, 41 neutrons: against the rule, where the rule is known. */
#define SG1 "SG1,002000,000068,05,10,05.0,P\r\n"
#define SG2 "SG2,1111,0.069,0.455,01,1010,A\r\n"
#define TEST "NC,-4.00000000,1.00000000\r\nNX,9.50437640,-0.99599343\r\n"
#define WITH_GA NS FIVE FIVE NS GA GS GS GS GS NS FIVE GX
#define WITH_MANY NS FIVE FIVE "NS,000041,000000,000000,000000\r\n" FIVE NS FIVE GX

static void counts_against_the_alarms(void **state) {
    (void)state;
    static const char ga[] = "start\nalarm gamma\noccupancy #7 20/3 gamma no-neutron";
    static const char many[] = "start\noccupancy #7 20/3 no-gamma no-neutron";
    static const struct {
        const char *bytes, *want;
        bool disagrees;
        const char *before;
    } cases[] = {{IDLE SG1 SG2 WITH_GA, ga, true, ""},
                 {IDLE SG1 WITH_GA, ga, false, ""},
                 {IDLE SG2 WITH_GA, ga, false, ""},
                 {IDLE SG1 SG2 "SG1,x\r\n" WITH_GA, ga, false,
                  "note setup_changed SG1 was 002000,000068,05,10,05.0,P and is now x\nrefused line_malformed\n"},
                 {IDLE SG1 SG2 "SG2,x\r\n" WITH_GA, ga, false,
                  "note setup_changed SG2 was 1111,0.069,0.455,01,1010,A and is now x\nrefused line_malformed\n"},
                 {IDLE TEST WITH_MANY, many, true, ""},
                 {IDLE WITH_MANY, many, true, ""},
                 {IDLE TEST "NC,-4.0\r\n" WITH_MANY, many, true, "refused line_malformed\n"},
                 {IDLE TEST "NX,9.5\x80\r\n" WITH_MANY, many, true, "refused garbage\n"}};
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        char want[400];
        gl_format(want, sizeof want, "%s%s%s\n", cases[i].before, cases[i].want, cases[i].disagrees ? " fault:disagrees" : "");
        expect_bytes(cases[i].bytes, strlen(cases[i].bytes), want);
    }
    EXPECT(IDLE NS
           "GS,0,20,20,20\r\nGS,0,20,20,20\r\nGS,0,20,20,20\r\nGS,0,20,20,20\r\nGS,0,20,20,20\r\n"
           "GS,0,20,20,20\r\nGS,0,20,20,20\r\nGS,0,20,20,20\r\nGS,0,20,20,20\r\nGS,0,20,20,20\r\n" NS
           "GS,0,20,20,20\r\nGS,0,20,20,20\r\nGS,0,20,20,20\r\nGS,0,20,20,20\r\nGS,0,20,20,20\r\n" GX,
           "start\noccupancy #7 15/2 no-gamma no-neutron fault:counts_implausible\n");
}

/* What an earlier connection said of the background and of the test is not known any more. */
static void another_connection(void **state) {
    (void)state;
    struct bench b;
    set_up(&b);
    say(&b, IDLE TEST);
    gl_protocol_tsa.end(b.state, false, b.now);
    gl_protocol_tsa.begin(b.state, NULL, b.now);
    say(&b, "NB,000000,000000,000000,000000\r\n" WITH_MANY);
    expect(&b, "start\noccupancy #7 20/3 no-gamma no-neutron fault:no_background\n");
    say(&b, IDLE WITH_MANY); /* without the test's coefficients, so many are more than chance makes */
    expect(&b, "start\noccupancy #7 20/3 no-gamma no-neutron fault:disagrees\n");
    /* NB says nothing of gammas. */
    say(&b, IDLE "NB,000000,000000,000000,000000\r\n" BODY GX);
    expect(&b, "start\noccupancy #7 20/3 no-gamma no-neutron\n");
    say(&b, "SP,0.1281,05.323,008.57,000000\r\n" IDLE);
    pass(&b, 5001);
    say(&b, BODY GX);
    expect(&b, "start at+5001 from+5001\noccupancy at+5001 from+5001 to+5001 #7 20/3 no-gamma no-neutron\n");
    tear_down(&b);
}

/* ---- the portal itself ---- */

static void its_faults(void **state) {
    (void)state;
    EXPECT(IDLE "GH,002000,2000,2000,2000\r\nGH,002000,2000,2000,2000\r\n" IDLE,
           "raised background_high\nfault fault:background_high\ncleared background_high\nfault\n");
    EXPECT(
        "NH,1,1,1,1\r\nGH,1,1,1,1\r\nNB,0,0,0,0\r\nGL,1,1,1,1\r\n" IDLE,
        "raised neutron_background_high\nfault fault:neutron_background_high\nraised background_high\nfault fault:background_high\n"
        "cleared neutron_background_high\nfault fault:background_high\n"
        "cleared background_high\nraised background_low\nfault fault:background_low\ncleared background_low\nfault\n");
    EXPECT("GH,1,1,1,1\r\nNH,1,1,1,1\r\n",
           "raised background_high\nfault fault:background_high\nraised neutron_background_high\nfault "
           "fault:neutron_background_high\n");
    EXPECT(IDLE "GL,1,1,1,1\r\n" BODY GX BODY GX IDLE BODY GX,
           "raised background_low\nfault fault:background_low\n"
           "start\noccupancy #7 20/3 no-gamma no-neutron fault:background_low\n"
           "start\noccupancy #7 20/3 no-gamma no-neutron fault:background_low\n"
           "cleared background_low\nfault\nstart\noccupancy #7 20/3 no-gamma no-neutron\n");
    EXPECT(IDLE BODY "NH,1,1,1,1\r\n" GX,
           "start\nraised neutron_background_high\nfault fault:neutron_background_high\n"
           "occupancy #7 20/3 no-gamma no-neutron fault:neutron_background_high\n");
    /* It goes on and on, and nobody is there any more. */
    EXPECT(IDLE BODY "GH,1,1,1,1\r\nGH,1,1,1,1\r\nGH,1,1,1,1\r\n" BODY GX,
           "start\nraised background_high\nfault fault:background_high\noccupancy 20/3 no-gamma no-neutron fault:no_end\n"
           "start\noccupancy #7 20/3 no-gamma no-neutron fault:background_high\n");
}

static void tamper(void **state) {
    (void)state;
    EXPECT(IDLE "TT,000000,000000,000000,000000\r\nTT,000000,000000,000000,000000\r\n", "raised tamper\ntamper tamper\n");
    EXPECT("TT\r\nTC,111111,111111,111111,111111\r\nTC,111111,111111,111111,111111\r\nTT\r\n",
           "raised tamper\ntamper tamper\ncleared tamper\ntamper no-tamper\nraised tamper\ntamper tamper\n");
    EXPECT("TT\r\nTC,1111\r\n", "raised tamper\ntamper tamper\nrefused line_malformed\n");
}

static void setup(void **state) {
    (void)state;
    struct bench b;
    set_up(&b);
    const char *lines = IDLE "SG1,002000,000068,05,10,05.0,P\r\nSG2,1111,0.069,0.455,01,1010,A\r\n";
    say(&b, lines);
    say(&b, lines);
    expect(&b, "");
    say(&b, BODY GX);
    expect(&b, "start\noccupancy #7 20/3 no-gamma no-neutron\n");
    say(&b, NS FIVE FIVE NS GA GS GS GS GS NS FIVE GX); /* 2.8 sigma on the sum, 4.1 on pillar 1 */
    expect(&b, "start\nalarm gamma\noccupancy #7 20/3 gamma no-neutron fault:disagrees\n");
    say(&b, "SG1,002000,000068,05,10,04.0,P\r\n");
    expect(&b, "note setup_changed SG1 was 002000,000068,05,10,05.0,P and is now 002000,000068,05,10,04.0,P\n");
    say(&b, NS FIVE FIVE GA GA GA GA GA GX);
    gl_buf_reset(&b.log);
    /* Over a new connection, too. */
    gl_protocol_tsa.end(b.state, false, b.now);
    gl_protocol_tsa.begin(b.state, NULL, b.now);
    say(&b, "SG2,1111,0.069,0.455,01,1110,A,2026-03-02 07:15:30.899 -07\r\n");
    expect(&b, "note setup_changed SG2 was 1111,0.069,0.455,01,1010,A and is now 1111,0.069,0.455,01,1110,A\n");
    tear_down(&b);
}

static void background_of_long_ago(void **state) {
    (void)state;
    struct bench b;
    set_up(&b);
    say(&b, IDLE);
    pass(&b, 15000);
    say(&b, BODY GX);
    expect(&b, "start at+15000 from+15000\noccupancy at+15000 from+15000 to+15000 #7 20/3 no-gamma no-neutron\n");
    pass(&b, 1);
    say(&b, BODY GX);
    expect(&b, "start at+15001 from+15001\noccupancy at+15001 from+15001 to+15001 #7 20/3 no-gamma no-neutron suspect\n");
    tear_down(&b);
}

static void settings_that_do_not_fit(void **state) {
    (void)state;
    static const struct gl_setting_value bad[] = {{"sigma", "high"}, {"groups", "pillars"}};
    for (size_t i = 0; i < GL_COUNT(bad); i++) {
        struct gl_settings s = {1, &bad[i]};
        struct gl_sink sink = {0};
        struct gl_error err = {""};
        void *st = calloc(1, gl_protocol_tsa.state_size);
        assert_true(gl_protocol_tsa.open(st, &s, &sink, &err) < 0);
        assert_non_null(strstr(err.text, bad[i].name));
        gl_protocol_tsa.close(st);
        free(st);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clear),
        cmocka_unit_test(alarms_at_once_and_once),
        cmocka_unit_test(times),
        cmocka_unit_test(joined_on_the_way),
        cmocka_unit_test(ends_that_do_not_come),
        cmocka_unit_test(lines_that_cannot_be_read),
        cmocka_unit_test(samples_that_do_not_come),
        cmocka_unit_test(nothing_grows),
        cmocka_unit_test(counts_against_the_alarms),
        cmocka_unit_test(another_connection),
        cmocka_unit_test(its_faults),
        cmocka_unit_test(tamper),
        cmocka_unit_test(setup),
        cmocka_unit_test(background_of_long_ago),
        cmocka_unit_test(settings_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

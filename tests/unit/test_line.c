/* The protocol `line`: framing, AIM identifiers, no-read words, encodings, refusals; each input whole and byte by byte. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "line/line.h"

/* What the sink saw, as one line each. */
struct record {
    struct gl_buf log;
    unsigned alive;
};

static void on_reading(void *user, struct gl_reading *r, const struct gl_attachment *att, size_t n_att) {
    struct record *rec = user;
    assert_null(att);
    assert_int_equal(n_att, 0);
    assert_true(isnan(r->confidence));
    assert_int_equal(r->time, 0);
    if (r->kind == GL_READING_CONTAINER) {
        gl_buf_printf(&rec->log, "container %s %s\n", r->value.container.number,
                      r->value.container.check_ok == GL_TRUE ? "ok" : "wrong");
        return;
    }
    assert_int_equal(r->kind, GL_READING_CODE);
    const struct gl_code_value *v = &r->value.code;
    assert_int_equal(v->signature, GL_SIGNATURE_NONE);
    gl_buf_printf(&rec->log, "code %s[%s]", v->symbology, v->text);
    for (size_t i = 0; i < v->data.len && i < 16; i++) gl_buf_printf(&rec->log, " %02x", v->data.data[i]);
    if (v->reference.type[0]) gl_buf_printf(&rec->log, " %s=%s", v->reference.type, v->reference.value);
    gl_buf_char(&rec->log, '\n');
}
static void on_refused(void *user, const char *reason, const char *detail) {
    assert_true(detail[0] != '\0');
    gl_buf_printf(&((struct record *)user)->log, "refused %s\n", reason);
}
static void on_alive(void *user) {
    ((struct record *)user)->alive++;
}
static void on_note(void *user GL_UNUSED, const char *name GL_UNUSED, const char *detail GL_UNUSED) {}
static void on_fault(void *user, const char *reason, bool raised) {
    (void)user, (void)raised;
    fail_msg("fault %s", reason);
}

struct bench {
    struct record rec;
    struct gl_sink sink;
    struct gl_setting_value values[16];
    struct gl_settings settings;
    struct gl_now now;
    void *state;
};

/* settings: "name: value" lines over the protocol's defaults. */
static void set_up(struct bench *b, const char *given) {
    memset(b, 0, sizeof *b);
    b->rec.log = GL_BUF(100000);
    b->sink = (struct gl_sink){&b->rec, on_reading, on_refused, on_alive, on_note, on_fault, NULL};
    b->now = (struct gl_now){1764000000000, 5000};
    b->settings.v = b->values;
    while (*given) {
        struct gl_setting_value *v = &b->values[b->settings.n++];
        const char *colon = strstr(given, ": "), *end = strchr(given, '\n');
        assert_non_null(colon);
        assert_non_null(end);
        assert_int_equal(gl_copyn(v->name, sizeof v->name, given, (size_t)(colon - given)), 0);
        assert_int_equal(gl_copyn(v->text, sizeof v->text, colon + 2, (size_t)(end - colon - 2)), 0);
        given = end + 1;
    }
    for (size_t i = 0; i < gl_protocol_line.n_settings; i++) {
        const struct gl_setting *s = &gl_protocol_line.settings[i];
        if (!s->preset || gl_setting_text(&b->settings, s->name)) continue;
        struct gl_setting_value *v = &b->values[b->settings.n++];
        assert_int_equal(gl_copy(v->name, sizeof v->name, s->name), 0);
        assert_int_equal(gl_copy(v->text, sizeof v->text, s->preset), 0);
    }
    b->state = calloc(1, gl_protocol_line.state_size);
    struct gl_error err;
    assert_int_equal(gl_protocol_line.open(b->state, &b->settings, &b->sink, &err), 0);
    gl_protocol_line.begin(b->state, NULL, b->now);
}

static void feed(struct bench *b, const void *bytes, size_t len, size_t step) {
    for (size_t at = 0; at < len; at += step) {
        size_t n = len - at < step ? len - at : step;
        uint8_t *exact = malloc(n);
        memcpy(exact, (const uint8_t *)bytes + at, n);
        assert_int_equal(gl_protocol_line.bytes(b->state, exact, n, b->now), 0);
        free(exact);
    }
}

static void pass(struct bench *b, int64_t ms) {
    b->now.wall += ms;
    b->now.mono += ms;
    assert_int_equal(gl_protocol_line.timer(b->state, b->now), 0);
}

static void expect(struct bench *b, const char *want) {
    assert_string_equal(b->rec.log.data ? b->rec.log.data : "", want);
    gl_buf_reset(&b->rec.log);
}

static void tear_down(struct bench *b) {
    gl_buf_free(&b->rec.log);
    free(b->state);
}

/* One connection that carries these bytes, then falls silent and ends; in every split it must say the same. */
static void expect_bytes(const char *settings, const void *bytes, size_t len, const char *want, unsigned alive) {
    for (size_t step = 1; step <= len; step = step < 3 ? step + 1 : step == len ? len + 1 : len) {
        struct bench b;
        set_up(&b, settings);
        feed(&b, bytes, len, step);
        pass(&b, 200);
        gl_protocol_line.end(b.state, true, b.now);
        expect(&b, want);
        assert_int_equal(b.rec.alive, alive);
        tear_down(&b);
    }
}
#define EXPECT(settings, bytes, want, alive) expect_bytes(settings, bytes, sizeof(bytes) - 1, want, alive)

static void lines(void **state) {
    (void)state;
    EXPECT("", "26DE123456789012J2\r", "code [26DE123456789012J2] mrn=26DE123456789012J2\n", 0);
    EXPECT("", "one\rtwo\nthree\r\n\r\n\n\n", "code [one]\ncode [two]\ncode [three]\n", 0);
    EXPECT("", "GMRA00KBHFE0\r\nNOREAD\r\n?\r\nhello\r\n", "code [GMRA00KBHFE0] gmr=GMRA00KBHFE0\ncode [hello]\n", 2);
    EXPECT("no_read: MISS\n", "NOREAD\rMISS\r", "code [NOREAD]\n", 1);
    EXPECT("", "NOREAD1\r", "code [NOREAD1]\n", 0);
    EXPECT("", "\r\n\r\n", "", 0);
    EXPECT("", " 06 DE 5866 00006143 E 1 \r", "code [ 06 DE 5866 00006143 E 1 ] mrn=06DE586600006143E1\n", 0);
}

static void a_cut_result_is_no_result(void **state) {
    (void)state;
    EXPECT("", "GMRA00KBHFE0\rGMRA00", "code [GMRA00KBHFE0] gmr=GMRA00KBHFE0\nrefused cut_off\n", 0);
    struct bench b;
    set_up(&b, "");
    feed(&b, "GMRA00", 6, 6);
    gl_protocol_line.end(b.state, false, b.now);
    expect(&b, "refused cut_off\n");
    gl_protocol_line.begin(b.state, NULL, b.now);
    feed(&b, "KBHFE0\r", 7, 7);
    expect(&b, "code [KBHFE0]\n");
    /* A reader without a terminator: its first result must not run into the next. */
    feed(&b, "GMRA00KBHFE0", 12, 12);
    pass(&b, 1900);
    expect(&b, "");
    pass(&b, 200);
    expect(&b, "refused unterminated\n");
    pass(&b, 5000);
    feed(&b, "X\r", 2, 2);
    expect(&b, "code [X]\n");
    tear_down(&b);
}

static void check_digits(void **state) {
    (void)state;
    EXPECT("", "22DK1V0QQK2S6J7TU2\r", "code [22DK1V0QQK2S6J7TU2]\nrefused reference_check_digit\n", 0);
    EXPECT("", "CSQU3054383\r", "code [CSQU3054383] iso6346=CSQU3054383\ncontainer CSQU3054383 ok\n", 0);
    EXPECT("", "csqu 305438 4 45G1\r", "code [csqu 305438 4 45G1]\nrefused reference_check_digit\ncontainer CSQU3054384 wrong\n",
           0);
}

static void aim_only_when_configured(void **state) {
    (void)state;
    EXPECT("aim: yes\n", "]C026DE123456789012J2\r", "code ]C0[26DE123456789012J2] mrn=26DE123456789012J2\n", 0);
    EXPECT("", "]C026DE123456789012J2\r", "code []C026DE123456789012J2]\n", 0);
    EXPECT("aim: yes\n", "26DE123456789012J2\r", "refused aim_missing\ncode [26DE123456789012J2] mrn=26DE123456789012J2\n", 0);
    EXPECT("aim: yes\n", "]1Zx\r]\r", "refused aim_missing\ncode []1Zx]\nrefused aim_missing\ncode []]\n", 0);
    EXPECT("aim: yes\n", "NOREAD\r]Q1\r]Q1NOREAD\r", "", 3);
    EXPECT("aim: yes\n", "]Q1]Q1x\r", "code ]Q1[]Q1x]\n", 0);
}

static void gs1_data(void **state) {
    (void)state;
    EXPECT("aim: yes\n",
           "]C100340123450000000017400ABC123\x1D"
           "10LOT1\r",
           "code ]C1[00340123450000000017400ABC123\x1D"
           "10LOT1] sscc=340123450000000017\n",
           0);
    EXPECT("aim: yes\n",
           "]Q3\x1D"
           "00340123450000000017\r",
           "code ]Q3[00340123450000000017] sscc=340123450000000017\n", 0);
    EXPECT("aim: yes\n", "]d200340123450000000018\r", "code ]d2[00340123450000000018]\nrefused reference_check_digit\n", 0);
    EXPECT("aim: yes\n", "]d210LOT\r", "code ]d2[10LOT]\n", 0);
    EXPECT("",
           "00340123450000000017400ABC123\x1D"
           "10LOT1\r",
           "code [00340123450000000017400ABC123\x1D"
           "10LOT1] sscc=340123450000000017\n",
           0);
}

static void prefix_and_suffix(void **state) {
    (void)state;
    EXPECT("prefix: <<\nsuffix: >>\n", "<<A>>\rB\r<<>>\r<<NOREAD>>\r", "code [A]\ncode [B]\n", 1);
    EXPECT("prefix: P\naim: yes\n", "P]Q1PX\r", "code ]Q1[PX]\n", 0);
    EXPECT("prefix: AA\nsuffix: AA\n", "AA\rAAA\r", "code [A]\n", 0);
}

static void control_characters(void **state) {
    (void)state;
    EXPECT("",
           "ab\x01"
           "cd\rok\r",
           "refused control_character\ncode [ok]\n", 0);
    EXPECT("", "ab\0\0cd\rok\r", "refused control_character\ncode [ok]\n", 0);
    EXPECT("",
           "\x02"
           "26DE123456789012J2\x03",
           "refused control_character\n", 0);
    EXPECT("", "ab\x7F\rab\xC2\x85\rok\r", "refused control_character\nrefused control_character\ncode [ok]\n", 0);
    EXPECT("encoding: latin-1\n", "ab\x85\r", "refused control_character\n", 0);
}

static void encodings(void **state) {
    (void)state;
    EXPECT("", "K\xC3\xB6ln\r", "code [K\xC3\xB6ln]\n", 0);
    EXPECT("", "K\xF6ln\r", "code [] 4b f6 6c 6e\n", 0);
    EXPECT("encoding: latin-1\n", "K\xF6ln\r", "code [K\xC3\xB6ln]\n", 0);
    EXPECT("", "\xF0\x9F\x9A\x9A\r", "code [\xF0\x9F\x9A\x9A]\n", 0);
}

static void character_sets_named_in_the_code(void **state) {
    (void)state;
    EXPECT("aim: yes\n", "]Q2\\000026K\xC3\xB6ln\\\\1\r", "code ]Q2[K\xC3\xB6ln\\1]\n", 0);
    EXPECT("aim: yes\n", "]Q2\\000003K\xF6ln\r", "code ]Q2[K\xC3\xB6ln]\n", 0);
    EXPECT("aim: yes\n", "]Q2\\00002626DE123456789012J2\r", "code ]Q2[26DE123456789012J2] mrn=26DE123456789012J2\n", 0);
    EXPECT("aim: yes\n",
           "]Q4\\000026\x1D"
           "00340123450000000017\r",
           "code ]Q4[00340123450000000017] sscc=340123450000000017\n", 0);
    /* Another set, several, or cut short: the data stays as it came, and so is no reference. */
    EXPECT("aim: yes\n", "]Q2\\000020AB\r]Q2A\\000026B\r]Q2\\0000\r]Q2A\\\r",
           "code ]Q2[\\000020AB]\ncode ]Q2[A\\000026B]\ncode ]Q2[\\0000]\ncode ]Q2[A\\]\n", 0);
    EXPECT("aim: yes\n", "]Q1\\000026AB\r", "code ]Q1[\\000026AB]\n", 0);
    EXPECT("aim: yes\n", "]Q2\\000026\r", "", 0);
}

static void stx_etx(void **state) {
    (void)state;
    EXPECT("frame: stx-etx\n",
           "\x02"
           "26DE123456789012J2\x03\r\n\x02NOREAD\x03\x02\x03",
           "code [26DE123456789012J2] mrn=26DE123456789012J2\n", 1);
    EXPECT("frame: stx-etx\n",
           "\x02"
           "AB\x02"
           "CD\x03",
           "refused cut_off\ncode [CD]\n", 0);
    EXPECT("frame: stx-etx\n",
           "noise\x02"
           "AB\x03more noise",
           "refused outside_frame\ncode [AB]\nrefused outside_frame\n", 0);
    EXPECT("frame: stx-etx\n",
           "\x02"
           "A\rB\x03",
           "code [] 41 0d 42\n", 0);
    EXPECT("frame: stx-etx\nmax: 3\n",
           "\x02"
           "ABCDE\x03\x02"
           "ABC\x03",
           "refused too_long\ncode [ABC]\n", 0);
    struct bench b;
    set_up(&b, "frame: stx-etx\n");
    feed(&b,
         "\x02"
         "AB",
         3, 3);
    pass(&b, 3000);
    expect(&b, "refused unterminated\n");
    feed(&b,
         "\x02"
         "CD\x03",
         4, 1);
    expect(&b, "code [CD]\n");
    tear_down(&b);
}

static void idle(void **state) {
    (void)state;
    EXPECT("frame: idle\n", "26DE123456789012J2", "code [26DE123456789012J2] mrn=26DE123456789012J2\n", 0);
    EXPECT("frame: idle\n", "NOREAD\r\n", "", 1);
    EXPECT("frame: idle\n", "\r\n", "", 0);
    EXPECT("frame: idle\n", "\xDC\x02\x00\r", "code [] dc 02 00 0d\n", 0);
    struct bench b;
    set_up(&b, "frame: idle\nidle: 150ms\n");
    feed(&b, "AB", 2, 1);
    pass(&b, 100);
    feed(&b, "CD", 2, 1);
    pass(&b, 100);
    expect(&b, "");
    pass(&b, 50);
    expect(&b, "code [ABCD]\n");
    /* Silence is noticed by the next bytes even when no timer ran. */
    feed(&b, "EF", 2, 2);
    b.now.mono += 150;
    feed(&b, "GH", 2, 2);
    expect(&b, "code [EF]\n");
    gl_protocol_line.end(b.state, false, b.now);
    expect(&b, "refused cut_off\n");
    tear_down(&b);
}

static void lengths(void **state) {
    (void)state;
    static char text[4400], want[4400];
    memset(text, 'A', sizeof text);
    text[4296] = '\r';
    gl_format(want, sizeof want, "code [%.4296s]\n", text);
    expect_bytes("", text, 4297, want, 0);
    text[4296] = 'A';
    memcpy(text + 4297, "\rok\r", 4);
    expect_bytes("", text, 4301, "refused too_long\ncode [ok]\n", 0);
    EXPECT("max: 4\n", "ABCD\rABCDE\rABCDEFGH\rAB\r", "code [ABCD]\nrefused too_long\nrefused too_long\ncode [AB]\n", 0);
    EXPECT("max: 4\nprefix: <\naim: yes\n", "<]Q1ABCD\r]Q1ABCDE\r", "code ]Q1[ABCD]\nrefused too_long\n", 0);
    /* 2149 two-byte characters: latin-1 that fits, UTF-8 that does not. */
    memset(text, 0xE4, 2149);
    text[2149] = '\r';
    expect_bytes("encoding: latin-1\n", text, 2150, "refused too_long\n", 0);
    memset(text, 0xFF, 2049);
    text[2049] = '\r';
    expect_bytes("", text, 2050, "refused too_long\n", 0);
}

static void settings_that_do_not_fit(void **state) {
    (void)state;
    struct gl_setting_value v = {"max", "5000"};
    struct gl_settings s = {1, &v};
    struct gl_sink sink = {0};
    struct gl_error err = {""};
    void *st = calloc(1, gl_protocol_line.state_size);
    assert_true(gl_protocol_line.open(st, &s, &sink, &err) < 0);
    assert_non_null(strstr(err.text, "max"));
    free(st);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(a_cut_result_is_no_result),
        cmocka_unit_test(check_digits),
        cmocka_unit_test(aim_only_when_configured),
        cmocka_unit_test(gs1_data),
        cmocka_unit_test(prefix_and_suffix),
        cmocka_unit_test(control_characters),
        cmocka_unit_test(encodings),
        cmocka_unit_test(character_sets_named_in_the_code),
        cmocka_unit_test(stx_etx),
        cmocka_unit_test(idle),
        cmocka_unit_test(lengths),
        cmocka_unit_test(settings_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Plate keys and declared identities. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/plates.h"

static void expect_keys(const char *text, const char *first, const char *second) {
    struct gl_plate_keys k;
    int rc = gl_plate_keys(text, &k);
    unsigned want = second ? 2 : first ? 1 : 0;
    if (rc != 0 || k.n != want || (first && strcmp(k.key[0], first) != 0) || (second && strcmp(k.key[1], second) != 0))
        fail_msg("\"%s\": rc %d, %u keys \"%s\" \"%s\"", text, rc, k.n, k.key[0], k.key[1]);
}

static void one_key_for_all_ways_of_writing(void **state) {
    (void)state;
    static const char *const same[][2] = {
        {"AB 12-CDE", "AB12CDE"},
        {"  ab.12·cde\t", "AB12CDE"},
        {"AB\xE2\x80\xA2"
         "12\xC2\xA0"
         "CDE",
         "AB12CDE"},
        {"A_B\xEF\xBB\xBF"
         "1",
         "AB1"},
        {"\xEF\xBC\xA1\xEF\xBD\x82\xEF\xBC\x91\xEF\xBC\x92", "AB12"}, /* full-width */
        {"А123ВС 77", "A123BC77"},                                    /* Cyrillic */
        {"авекмнорстух", "ABEKMHOPCTYX"},
        {"АВЕКМНОРСТУХІЈЅ", "ABEKMHOPCTYXIJS"},
        {"іјѕ", "IJS"},
        {"ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"}, /* Greek */
        {"αβεζηικμνορτυχ", "ABEZHIKMNOPTYX"},
        {"Άέή", "AEH"},
        {"Ёїў", "EIY"},
        {"٠١٢٣٤٥٦٧٨٩", "0123456789"},
        {"۰۱۲۳۴۵۶۷۸۹", "0123456789"},
        {"०१२३४५६७८९", "0123456789"},
        {"๑๒", "12"},
        {"AB¹²³⁴₅", "AB12345"},
        {"ÉŠŽñçŁĐőű", "ESZNCLDOU"},
        {"ı İ Ș ț", "IIST"},
        {"E\xCC\x81", "E"}, /* decomposed É */
        {"е\xCC\x88", "E"}, /* decomposed ё */
    };
    for (size_t i = 0; i < GL_COUNT(same); i++) expect_keys(same[i][0], same[i][1], NULL);
}

static void umlauts_give_two_keys(void **state) {
    (void)state;
    expect_keys("FÜ-ÄB 12", "FUAB12", "FUEAEB12");
    expect_keys("wöt 1", "WOT1", "WOET1");
    expect_keys("O\xCC\x88S 1", "OS1", "OES1"); /* decomposed Ö */
    expect_keys("A\xCC\x8A 7", "A7", "AA7");    /* decomposed Å */
    expect_keys("ÅØÆ", "AOA", "AAOEAE");
    expect_keys("ß1", "S1", "SS1");
    struct gl_plate_keys declared, read;
    assert_int_equal(gl_plate_keys("LÖ-AB 1", &declared), 0);
    assert_int_equal(gl_plate_keys("LOEAB1", &read), 0);
    assert_true(gl_plate_keys_meet(&declared, &read));
    assert_int_equal(gl_plate_keys("LO AB 1", &read), 0);
    assert_true(gl_plate_keys_meet(&declared, &read));
    assert_int_equal(gl_plate_keys("LU AB 1", &read), 0);
    assert_false(gl_plate_keys_meet(&declared, &read));
}

static void other_letters_match_themselves(void **state) {
    (void)state;
    expect_keys("1234 уб", "1234YБ", NULL);
    expect_keys("1234 УБ", "1234YБ", NULL);
    expect_keys("й и\xCC\x86 И", "ЙЙИ", NULL);
    expect_keys("ґ є ҳ", "ҐЄҲ", NULL);
    expect_keys("γδσς", "ΓΔΣΣ", NULL);
    expect_keys("١٢ب ٣٤٥", "12ب345", NULL);
    expect_keys("กข 1234", "กข1234", NULL);
    expect_keys("京A·12345", "京A12345", NULL);
    expect_keys("აბ-123", "აბ123", NULL);
}

static void never_an_empty_key(void **state) {
    (void)state;
    static const char *const none[] = {"", " ", "-", "--", "·•", "\xE2\x80\x8B", "\xF0\x9F\x9A\x9A", "،"};
    for (size_t i = 0; i < GL_COUNT(none); i++) expect_keys(none[i], NULL, NULL);
}

static void unread_characters_make_no_key(void **state) {
    (void)state;
    expect_keys("AB?123", NULL, NULL);
    expect_keys("AB*23", NULL, NULL);
    expect_keys(
        "AB\xEF\xBF\xBD"
        "3",
        NULL, NULL);
    expect_keys(
        "AB\xEF\xBC\x9F"
        "3",
        NULL, NULL);
}

static void long_and_broken_texts(void **state) {
    (void)state;
    struct gl_plate_keys k = {.n = 3};
    char text[80];
    memset(text, 'A', sizeof text);
    text[64] = '\0';
    assert_int_equal(gl_plate_keys(text, &k), 0);
    assert_int_equal(strlen(k.key[0]), 64);
    text[64] = 'A';
    text[65] = '\0';
    assert_int_equal(gl_plate_keys(text, &k), -ENAMETOOLONG);
    assert_int_equal(k.n, 0);
    /* 33 umlauts fit in the narrow form alone: the wide one decides. */
    char umlauts[67];
    for (size_t i = 0; i < 33; i++) memcpy(umlauts + 2 * i, "Ä", 2);
    umlauts[66] = '\0';
    assert_int_equal(gl_plate_keys(umlauts, &k), -ENAMETOOLONG);
    assert_int_equal(gl_plate_keys("AB\xFF"
                                   "1",
                                   &k),
                     -EILSEQ);
    assert_int_equal(k.n, 0);
    assert_int_equal(gl_plate_keys("AB\xC3", &k), -EILSEQ);
}

static void neighbours_stay_apart(void **state) {
    (void)state;
    struct gl_plate_keys a, b;
    assert_int_equal(gl_plate_keys("NC15REG", &a), 0);
    assert_int_equal(gl_plate_keys("NC16REG", &b), 0);
    assert_false(gl_plate_keys_meet(&a, &b));
    assert_int_equal(gl_plate_keys("-", &a), 0);
    assert_int_equal(gl_plate_keys("--", &b), 0);
    assert_false(gl_plate_keys_meet(&a, &b));
    assert_int_equal(gl_plate_keys("Reg1", &a), 0);
    assert_int_equal(gl_plate_keys("REG1", &b), 0);
    assert_true(gl_plate_keys_meet(&a, &b));
}

static void expect_split(const char *text, const char *want) {
    struct gl_plate_part parts[6];
    GL_CLEANUP(gl_buf_free) struct gl_buf got = GL_BUF(1000);
    int n = gl_plate_split(text, parts, GL_COUNT(parts));
    assert_in_range(n, 0, GL_COUNT(parts));
    for (int i = 0; i < n; i++) {
        assert_int_equal(parts[i].role, i == 0 ? GL_ROLE_VEHICLE : GL_ROLE_TRAILER);
        gl_buf_printf(&got, "[%s]", parts[i].text);
    }
    assert_string_equal(got.data ? got.data : "", want);
}

static void declared_identities_split(void **state) {
    (void)state;
    expect_split("KA2139AB/KA8278AB", "[KA2139AB][KA8278AB]");
    expect_split("CO 7356 BM / CO 0182 EM", "[CO 7356 BM][CO 0182 EM]");
    expect_split("AB29 3824", "[AB29 3824]");
    expect_split("AB 293824", "[AB 293824]");
    expect_split("AB12CDE/XY34ZZZ", "[AB12CDE][XY34ZZZ]");
    expect_split("A1,B2;C3+D4|E5", "[A1][B2][C3][D4][E5]");
    expect_split("A 1  B 2", "[A 1][B 2]");
    expect_split("A 1 \t B 2   ", "[A 1][B 2]");
    expect_split(" // A1 /, ", "[A1]");
    expect_split("A1/-", "[A1]");
    expect_split("A1/unknown", "[A1]");
    expect_split("", "");
    expect_split("n/a", "");
    expect_split("AB\t12", "[AB\t12]");
}

static void splits_that_do_not_fit_are_refused(void **state) {
    (void)state;
    struct gl_plate_part parts[2];
    char text[80];
    assert_int_equal(gl_plate_split("A1/B2/C3", parts, 2), -E2BIG);
    assert_int_equal(gl_plate_split("A1/B2/-", parts, 2), 2);
    memset(text, 'A', sizeof text);
    text[65] = '\0';
    assert_int_equal(gl_plate_split(text, parts, 2), -ENAMETOOLONG);
    text[64] = '\0';
    assert_int_equal(gl_plate_split(text, parts, 2), 1);
    assert_int_equal(gl_plate_split("A1", parts, 0), -E2BIG);
}

static void words_for_no_plate(void **state) {
    (void)state;
    static const char *const none[] = {"",     "-",    "--",  " ",   "unknown", "UNKNOWN",    "noPlate", "No Plate", "no_plate",
                                       "none", "null", "N/A", "???", "***",     "unlicensed", "NO-READ", "无车牌"};
    for (size_t i = 0; i < GL_COUNT(none); i++)
        if (!gl_plate_looks_like_none(none[i])) fail_msg("\"%s\" is taken for a plate", none[i]);
    static const char *const plates[] = {"NO 123", "UNK 1", "A", "京A12345", "Я1", "NA 1"};
    for (size_t i = 0; i < GL_COUNT(plates); i++)
        if (gl_plate_looks_like_none(plates[i])) fail_msg("\"%s\" is not taken for a plate", plates[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_key_for_all_ways_of_writing),
        cmocka_unit_test(umlauts_give_two_keys),
        cmocka_unit_test(other_letters_match_themselves),
        cmocka_unit_test(never_an_empty_key),
        cmocka_unit_test(unread_characters_make_no_key),
        cmocka_unit_test(long_and_broken_texts),
        cmocka_unit_test(neighbours_stay_apart),
        cmocka_unit_test(declared_identities_split),
        cmocka_unit_test(splits_that_do_not_fit_are_refused),
        cmocka_unit_test(words_for_no_plate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

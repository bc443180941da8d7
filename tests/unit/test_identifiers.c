/* Check digits, patterns and the recognition of references in scanned texts. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/identifiers.h"

static void mrn_check_digits(void **state) {
    (void)state;
    static const char *const good[] = {"22ITZXBZYUTJFLJXK6", "24GBCUDNXBN1JNRAR5", "06DE586600006143E1", "26PL40101012345J07",
                                       "26DE123456789012J2", "26UA209230004567J1", "26TR341300123456J0", "26RS012345ABCDEFM0",
                                       "26PL401010100003J0", "24GB000246J8NY33L7", "25GB000246TK0E6WJ1"};
    static const char *const wrong[] = {"22DK1V0QQK2S6J7TU2", "24GB000246B72DUJL4", "06DE586600006143E2", "26DE123456789021J2"};
    static const char *const other[] = {"21GBCMAM33DOI2",      "",
                                        "06de586600006143e1",  "06DE586600006143E",
                                        "06DE586600006143E11", "0DDE586600006143E1",
                                        "06D1586600006143E1",  "06DE586600006143EA",
                                        "06DE58660000 143E1"};
    for (size_t i = 0; i < GL_COUNT(good); i++)
        if (gl_mrn_check(good[i]) != GL_CHECK_OK) fail_msg("%s", good[i]);
    for (size_t i = 0; i < GL_COUNT(wrong); i++)
        if (gl_mrn_check(wrong[i]) != GL_CHECK_WRONG) fail_msg("%s", wrong[i]);
    for (size_t i = 0; i < GL_COUNT(other); i++)
        if (gl_mrn_check(other[i]) != GL_CHECK_NO_MATCH) fail_msg("%s", other[i]);
    assert_int_equal(gl_mrn_check("22DK1V0QQK2S6J7TU1"), GL_CHECK_OK);
}

static void containers(void **state) {
    (void)state;
    static const char *const good[] = {"CSQU3054383", "TASU1170000", "MSKU9070323", "TGHU1234567",
                                       "TEMU5678906", "APZU4811896", "ABCU1000080", "MSCU9981402"};
    struct gl_container_value v;
    for (size_t i = 0; i < GL_COUNT(good); i++) {
        assert_int_equal(gl_container_parse(good[i], &v), 0);
        if (v.check_ok != GL_TRUE || strcmp(v.number, good[i]) != 0) fail_msg("%s -> %s, %u", good[i], v.number, v.check_ok);
    }
    assert_int_equal(gl_container_parse("CSQU3054384", &v), 0);
    assert_int_equal(v.check_ok, GL_FALSE);
    assert_int_equal(gl_container_parse("csqu 305438-3 45G1", &v), 0);
    assert_string_equal(v.number, "CSQU3054383");
    assert_int_equal(gl_container_parse("MSKU9070323 22R1", &v), 0);
    assert_string_equal(v.number, "MSKU9070323");
    assert_int_equal(gl_container_parse("CSQU305438", &v), 0);
    assert_int_equal(v.check_ok, GL_NULL);
    static const char *const other[] = {
        "", "WGPCGR", "DM1234", "CSQA3054383", "CSQU30543833", "CSQU3054383 4511", "CS1U3054383", "CSQU3054383 45G1 45G1"};
    for (size_t i = 0; i < GL_COUNT(other); i++)
        if (gl_container_parse(other[i], &v) != -EINVAL) fail_msg("%s is taken for a container", other[i]);
}

static void sscc_gmr_tir(void **state) {
    (void)state;
    assert_int_equal(gl_sscc_check("340123450000000017"), GL_CHECK_OK);
    assert_int_equal(gl_sscc_check("006141411234567890"), GL_CHECK_OK);
    assert_int_equal(gl_sscc_check("340123450000000018"), GL_CHECK_WRONG);
    assert_int_equal(gl_sscc_check("34012345000000001"), GL_CHECK_NO_MATCH);
    assert_true(gl_gmr_form("GMRA00KBHFE0"));
    assert_false(gl_gmr_form("GMR100KBHFE0"));
    assert_false(gl_gmr_form("GMRA00KBHFE"));
    assert_false(gl_gmr_form("GM"));
    assert_true(gl_tir_carnet_form("XF75123456"));
    assert_true(gl_tir_carnet_form("XFA7512345"));
    assert_false(gl_tir_carnet_form("X75123456"));
    assert_false(gl_tir_carnet_form("XF751234567"));
    assert_false(gl_tir_carnet_form("XFAB7512345"));
    assert_false(gl_tir_carnet_form("XF751234"));
    assert_false(gl_tir_carnet_form(""));
}

static void uuids(void **state) {
    (void)state;
    char uuid[GL_UUID] = "kept";
    assert_int_equal(gl_uuid_canonical("0192F3A4-5B6C-7D8E-9FA0-B1C2D3E4F506", uuid), 0);
    assert_string_equal(uuid, "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506");
    assert_int_equal(gl_uuid_canonical("{0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506}", uuid), 0);
    assert_int_equal(gl_uuid_canonical("urn:UUID:0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506", uuid), 0);
    assert_string_equal(uuid, "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506");
    static const char *const other[] = {"",
                                        "00000000-0000-0000-0000-000000000000",
                                        "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f50",
                                        "0192f3a45b6c7d8e9fa0b1c2d3e4f506abcd",
                                        "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f50g",
                                        "{0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506"};
    for (size_t i = 0; i < GL_COUNT(other); i++) assert_int_equal(gl_uuid_canonical(other[i], uuid), -EINVAL);
    assert_string_equal(uuid, "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506");
}

#define UUID_TEXT "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506"
#define GS "\x1D"

static void epcs(void **state) {
    (void)state;
    static const struct {
        const char *text, *want;
    } good[] = {{"3034257BF7194E4000001A85", "3034257BF7194E4000001A85"},
                {"3034257bf7194e4000001a85", "3034257BF7194E4000001A85"},
                {" 30-34 25-7b ", "3034257B"},
                {"0", NULL},
                {"00", "00"},
                {"", NULL},
                {" - ", NULL},
                {"303", NULL},
                {"30 3 4", "3034"},
                {"303G", NULL},
                {"0x30", NULL},
                {"30.34", NULL},
                {"30\t34", NULL},
                {"urn:epc:raw:16.x3034", NULL},
                {"30\xC3\xA9", NULL}};
    char epc[GL_EPC] = "kept", text[GL_EPC + 8];
    for (size_t i = 0; i < GL_COUNT(good); i++) {
        int rc = gl_epc_canonical(good[i].text, epc);
        if (good[i].want ? rc != 0 || strcmp(epc, good[i].want) != 0 : rc != -EINVAL)
            fail_msg("\"%s\" -> %d \"%s\"", good[i].text, rc, epc);
    }
    memset(text, 'f', sizeof text);
    text[GL_EPC - 1] = '\0';
    assert_int_equal(gl_epc_canonical(text, epc), 0);
    assert_int_equal(strlen(epc), 128);
    text[GL_EPC - 1] = 'f';
    text[GL_EPC] = '\0';
    epc[0] = 'k';
    assert_int_equal(gl_epc_canonical(text, epc), -ENAMETOOLONG);
    assert_int_equal(epc[0], 'k');
}

static void recognised(void **state) {
    (void)state;
    static const struct {
        const char *text, *type, *value;
        int rc;
    } cases[] = {
        {"06DE586600006143E1", "mrn", "06DE586600006143E1", 0},
        {"06 DE 5866 00006143 E 1", "mrn", "06DE586600006143E1", 0},
        {" 06de-5866-00006143-e1\t", "mrn", "06DE586600006143E1", 0},
        {"22DK1V0QQK2S6J7TU2", "mrn", "", GL_REF_BAD_CHECK},
        {"21GBCMAM33DOI2", "", "", 0},
        {"GMRA00KBHFE0", "gmr", "GMRA00KBHFE0", 0},
        {"gmr a00k-bhfe0", "gmr", "GMRA00KBHFE0", 0},
        {"0192F3A4-5B6C-7D8E-9FA0-B1C2D3E4F506", "uuid", UUID_TEXT, 0},
        {"urn:uuid:" UUID_TEXT, "uuid", UUID_TEXT, 0},
        {"340123450000000017", "sscc", "340123450000000017", 0},
        {"3 4012345 000000001 7", "sscc", "340123450000000017", 0},
        {"340123450000000018", "", "", 0},
        {"(00)340123450000000017", "sscc", "340123450000000017", 0},
        {"00340123450000000017", "sscc", "340123450000000017", 0},
        {"00340123450000000018", "sscc", "", GL_REF_BAD_CHECK},
        {"00340123450000000017400ABC123" GS "10LOT1", "sscc", "340123450000000017", 0},
        {GS "00340123450000000017", "sscc", "340123450000000017", 0},
        {"CSQU 305438 3", "iso6346", "CSQU3054383", 0},
        {"CSQU3054383 45G1", "iso6346", "CSQU3054383", 0},
        {"CSQU3054384", "iso6346", "", GL_REF_BAD_CHECK},
        {"", "", "", 0},
        {"hello world", "", "", 0},
        {"HC1:NCFOXN%TS3DH3ZSUZK", "", "", 0},
        {"https://example.org/v/" UUID_TEXT, "uuid", UUID_TEXT, 0},
        {"https://example.org/v/" UUID_TEXT "/", "uuid", UUID_TEXT, 0},
        {"HTTPS://example.org:8443/check?lang=en&id=06DE586600006143E1#top", "mrn", "06DE586600006143E1", 0},
        {"https://example.org/check?06DE586600006143E1", "mrn", "06DE586600006143E1", 0},
        {"https://example.org/gmr/GMRA00KBHFE0?x=1", "gmr", "GMRA00KBHFE0", 0},
        {"https://example.org/m/06%20DE%205866%2000006143%20E%201", "mrn", "06DE586600006143E1", 0},
        {"https://example.org/m?a=06DE586600006143E1&b=06+DE+586600006143E1", "mrn", "06DE586600006143E1", 0},
        {"https://example.org/m?a=06DE586600006143E1&b=GMRA00KBHFE0", "", "", 0},
        {"https://example.org/m?a=22DK1V0QQK2S6J7TU2", "mrn", "", GL_REF_BAD_CHECK},
        {"https://example.org/m?a=22DK1V0QQK2S6J7TU2&b=06DE586600006143E1", "mrn", "06DE586600006143E1", 0},
        {"https://" UUID_TEXT ".example.org/", "", "", 0},
        {"https://example.org/" UUID_TEXT "/page", "", "", 0},
        {"https://id.gs1.org/00/340123450000000017?x=1", "sscc", "340123450000000017", 0},
        {"https://example.com/some/00/340123450000000017/10/A", "sscc", "340123450000000017", 0},
        {"https://id.gs1.org/00/340123450000000018", "sscc", "", GL_REF_BAD_CHECK},
        {"https://id.gs1.org/00/34012345000000001", "", "", 0},
        {"https://id.gs1.org/00/3401234500000000177", "", "", 0},
        {"https://", "", "", 0},
        {"https://example.org", "", "", 0},
        {"https://example.org/%", "", "", 0},
        {"https://example.org/?%00=%00&&=", "", "", 0},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct gl_ref ref;
        memset(&ref, 'x', sizeof ref);
        int rc = gl_reference_recognise(cases[i].text, &ref);
        if (rc != cases[i].rc || strcmp(ref.type, cases[i].type) != 0 || strcmp(ref.value, cases[i].value) != 0)
            fail_msg("\"%s\" -> %d %s %s", cases[i].text, rc, ref.type, ref.value);
    }
}

static void gs1_elements(void **state) {
    (void)state;
    struct gl_ref ref;
    assert_int_equal(gl_reference_gs1("00340123450000000017400ABC123" GS "10LOT1", &ref), 0);
    assert_string_equal(ref.value, "340123450000000017");
    assert_int_equal(gl_reference_gs1("10LOT1" GS "00340123450000000017", &ref), 0);
    assert_string_equal(ref.value, "340123450000000017");
    assert_int_equal(gl_reference_gs1("01034012345000041000340123450000000017", &ref), 0); /* a batch number that starts so */
    assert_string_equal(ref.type, "");
    assert_int_equal(gl_reference_gs1("010340123450000400340123450000000017", &ref), 0);
    assert_string_equal(ref.value, "340123450000000017");
    assert_int_equal(gl_reference_gs1("10ABC00340123450000000017", &ref), 0); /* inside a batch number */
    assert_string_equal(ref.type, "");
    assert_int_equal(gl_reference_gs1("00340123450000000018", &ref), GL_REF_BAD_CHECK);
    assert_int_equal(gl_reference_gs1("0034012345", &ref), 0);
    assert_string_equal(ref.type, "");
    assert_int_equal(gl_reference_gs1("", &ref), 0);
    assert_int_equal(gl_reference_gs1(GS GS, &ref), 0);
    assert_string_equal(ref.type, "");
}

static void canonical_references_of_records(void **state) {
    (void)state;
    static const struct {
        const char *type, *value, *want;
    } cases[] = {
        {"mrn", "06 de 5866 00006143 E 1", "06DE586600006143E1"},
        {"mrn", "24GB000246B72DUJL4", "24GB000246B72DUJL4"}, /* check digit wrong: the record's word stands */
        {"mrn", "30OWNA2F5ORCIUZIR5", "30OWNA2F5ORCIUZIR5"},
        {"gmr", "gmra-00kb-hfe0", "GMRA00KBHFE0"},
        {"uuid", " 0192F3A4-5B6C-7D8E-9FA0-B1C2D3E4F506 ", UUID_TEXT},
        {"uuid", "{" UUID_TEXT "}", UUID_TEXT},
        {"uuid", "Not-One", "not-one"},
        {"iso6346", "csqu 305438-4 45g1", "CSQU3054384"},
        {"iso6346", "WGPCGR", "WGPCGR"},
        {"sscc", "(00)340123450000000017", "340123450000000017"},
        {"sscc", "340123450000000018", "340123450000000018"},
        {"tir", "XF 75-123456", "XF75123456"},
        {"epc", "30 34-257bf7194e4000001a85", "3034257BF7194E4000001A85"},
        {"epc", "303", "303"}, /* no EPC: kept as it is; the registry of tags refuses it */
        {"pbn", " ab-12 cd ", "AB-12CD"},
        {"sad", "KGBSH01/2024/C 1234", "KGBSH01/2024/C1234"},
        {"x1234567", "é", "é"},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct gl_ref ref;
        int rc = gl_ref_canonical(cases[i].type, cases[i].value, &ref);
        if (rc != 0 || strcmp(ref.type, cases[i].type) != 0 || strcmp(ref.value, cases[i].want) != 0)
            fail_msg("%s \"%s\" -> %d \"%s\"", cases[i].type, cases[i].value, rc, ref.value);
    }
    char text[66];
    memset(text, 'a', sizeof text);
    text[65] = '\0';
    struct gl_ref ref = {"kept", "kept"};
    assert_int_equal(gl_ref_canonical("pbn", text, &ref), -ENAMETOOLONG);
    assert_int_equal(gl_ref_canonical("pbn", "  ", &ref), -EINVAL);
    assert_int_equal(gl_ref_canonical("mrn", "- -", &ref), -EINVAL);
    assert_int_equal(gl_ref_canonical("pbn", "a\x01", &ref), -EINVAL);
    assert_int_equal(gl_ref_canonical("pbn", "a\xFF", &ref), -EINVAL);
    assert_int_equal(gl_ref_canonical("", "a", &ref), -EINVAL);
    assert_int_equal(gl_ref_canonical("MRN", "a", &ref), -EINVAL);
    assert_int_equal(gl_ref_canonical("ninechars", "a", &ref), -EINVAL);
    assert_string_equal(ref.value, "kept");
    text[64] = '\0';
    assert_int_equal(gl_ref_canonical("pbn", text, &ref), 0);
}

static void what_was_recognised_stays_canonical(void **state) {
    (void)state;
    static const char *const texts[] = {"06 DE 5866 00006143 E 1", "gmra00kbhfe0", "{" UUID_TEXT "}", "00340123450000000017",
                                        "csqu3054383"};
    for (size_t i = 0; i < GL_COUNT(texts); i++) {
        struct gl_ref scanned, declared;
        assert_int_equal(gl_reference_recognise(texts[i], &scanned), 0);
        assert_int_equal(gl_ref_canonical(scanned.type, texts[i], &declared), 0);
        assert_string_equal(scanned.value, declared.value);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mrn_check_digits),
        cmocka_unit_test(containers),
        cmocka_unit_test(sscc_gmr_tir),
        cmocka_unit_test(uuids),
        cmocka_unit_test(epcs),
        cmocka_unit_test(recognised),
        cmocka_unit_test(gs1_elements),
        cmocka_unit_test(canonical_references_of_records),
        cmocka_unit_test(what_was_recognised_stays_canonical),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

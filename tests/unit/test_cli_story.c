/* The story that `explain` tells, and the picture that `watch` draws. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cli/watch.h"

static json_t *load(const char *text) {
    json_error_t why;
    json_t *j = json_loads(text, 0, &why);
    if (!j) fail_msg("%s at %d", why.text, why.column);
    return j;
}

/* One vehicle: inspected for its trailer, then let go by an officer. */
static const char story[] =
    "[{\"type\":\"greenlane.reading.presence\",\"time\":\"2026-11-23T11:00:00Z\",\"data\":{\"device\":\"in-1.entry-loop\","
    "\"value\":{\"zone\":\"entry\",\"occupied\":true}}},"
    "{\"type\":\"greenlane.reading.plate\",\"time\":\"2026-11-23T11:00:01Z\",\"data\":{\"device\":\"in-1.front\",\"confidence\":0."
    "97,\"value\":{\"text\":\"NC15\\u001bREG\",\"country\":\"GB\"}}},"
    "{\"type\":\"greenlane.reading.plate\",\"time\":\"2026-11-23T11:00:06Z\",\"data\":{\"device\":\"in-1.rear\",\"late\":true,"
    "\"value\":{\"text\":null,\"role\":\"trailer\"}}},"
    "{\"type\":\"greenlane.decision\",\"id\":\"d1\",\"time\":\"2026-11-23T11:00:12Z\",\"data\":{\"outcome\":\"inspect\",\"level\":"
    "\"physical\",\"feed\":\"live\","
    "\"match\":{\"by\":\"exact\",\"movements\":[{\"type\":\"gmr\",\"value\":\"GMRA12345678\"}],\"declarations\":[]},"
    "\"rules\":[{\"rule\":\"CACHE_GAP\",\"result\":\"pass\",\"detail\":\"no feed record is missing\"},"
    "{\"rule\":\"NO_READ\",\"result\":\"unknown\",\"level\":\"desk\",\"detail\":\"no plate was read\"},"
    "{\"rule\":\"TRAILER_MISMATCH\",\"result\":\"fail\",\"level\":\"physical\",\"detail\":\"not the declared one\"}]}},"
    "{\"type\":\"greenlane.command.override\",\"subject\":\"client/"
    "desk-1\",\"time\":\"2026-11-23T11:00:30Z\",\"data\":{\"outcome\":\"release\",\"officer\":{\"id\":\"officer-7\"},\"reason\":"
    "\"papers seen\"}},"
    "{\"type\":\"greenlane.decision\",\"id\":\"d2\",\"time\":\"2026-11-23T11:00:30Z\",\"data\":{\"outcome\":\"release\",\"level\":"
    "null,\"supersedes\":\"d1\",\"match\":null,"
    "\"officer\":{\"id\":\"officer-7\",\"role\":\"officer\"},\"reason\":\"papers seen\",\"rules\":[]}},"
    "{\"type\":\"greenlane.alarm\",\"time\":\"2026-11-23T11:00:40Z\",\"data\":{\"kind\":\"tailgate\",\"action\":\"raise\","
    "\"detail\":\"a second vehicle\"}},"
    "{\"type\":\"greenlane.passage\",\"time\":\"2026-11-23T11:00:41Z\",\"data\":{\"lane\":\"in-1\",\"passage\":\"p1\",\"state\":"
    "\"closed\",\"exit\":\"confirmed\","
    "\"opened_at\":\"2026-11-23T11:00:00Z\",\"closed_at\":\"2026-11-23T11:00:41Z\",\"known\":{\"plate\":\"NC15REG\",\"trailer\":"
    "\"T1\"}}}]";

static void the_whole_story(void **state GL_UNUSED) {
    static const char *const parts[] = {
        "Came    2026-11-23 11:00:00 (UTC)",
        "Plate   NC15REG, trailer T1",
        "Left    11:00:41, over the exit loop",
        "11:00:00  in-1.entry-loop      a vehicle stands on the entry loop",
        "11:00:01  in-1.front           plate NC15?REG (GB), 97 % sure",
        "11:00:06  in-1.rear            trailer plate could not be read (came late: not counted)",
        "11:00:30  order from client/desk-1: override, release, by officer-7: papers seen",
        "11:00:40  ALARM tailgate: a second vehicle",
        "Decision 1, 11:00:12  INSPECT: the vehicle is to be examined   (replaced by a later decision)",
        "found by its plate:\n    movement    gmr GMRA12345678\n",
        ("    FAILED   physical  TRAILER_MISMATCH     not the declared one\n    UNKNOWN  desk      NO_READ              no plate "
         "was read\n"
         "    in order           CACHE_GAP            no feed record is missing\n"),
        ("Decision 2, 11:00:30  RELEASE: the vehicle may go\n  Decided by officer officer-7: \"papers seen\"\n  Nothing that was "
         "lodged fits"),
    };
    json_t *events = load(story);
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(1 << 16);
    gl_cli_story(events, gl_cli_zone("UTC"), &out);
    const char *at = out.data;
    for (size_t i = 0; i < GL_COUNT(parts); i++) {
        const char *found = at ? strstr(at, parts[i]) : NULL;
        if (!found) fail_msg("not there, or not in its place: %s\nin\n%s", parts[i], out.data);
        at = found;
    }
    assert_null(strchr(out.data, '\033'));
    json_decref(events);
}

/* Let go in a contingency, and found out later. */
static void judged_again(void **state GL_UNUSED) {
    static const char later[] =
        "[{\"type\":\"greenlane.decision\",\"id\":\"d1\",\"time\":\"2026-11-23T11:00:12Z\",\"data\":{\"outcome\":\"release\","
        "\"feed\":\"down\","
        "\"officer\":{\"id\":\"officer-7\",\"role\":\"officer\"},\"reason\":\"papers seen\",\"contingency\":\"ORDER-7\","
        "\"evidence\":{\"type\":\"mrn\",\"value\":\"25EE1200HU000012R7\"},\"match\":null,\"rules\":["
        "{\"rule\":\"REFERRED\",\"result\":\"fail\",\"level\":\"desk\",\"detail\":\"an officer is wanted\"}]}},"
        "{\"type\":\"greenlane.review\",\"time\":\"2026-11-23T15:00:00Z\",\"data\":{\"decision\":\"d1\",\"decided_at\":\"2026-11-"
        "23T11:00:12Z\","
        "\"feed\":\"down\",\"contingency\":\"ORDER-7\",\"outcome_now\":\"inspect\",\"level\":\"desk\",\"rules\":["
        "{\"rule\":\"DECL_CANCELLED\",\"result\":\"fail\",\"level\":\"desk\",\"detail\":\"the movement was cancelled\"}]}}]";
    static const char *const parts[] = {
        "15:00:00  judged again         the release is on the post-clearance list",
        "In contingency ORDER-7: no release by rules\n  On the evidence of mrn 25EE1200HU000012R7\n",
        "REFERRED             an officer is wanted",
        "Judged again, 15:00:00  it would not be released now\n  The release of 11:00:12 was made while the declarations' feed was "
        "down, in "
        "contingency ORDER-7.",
        "FAILED   desk      DECL_CANCELLED       the movement was cancelled",
    };
    json_t *events = load(later);
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(1 << 16);
    gl_cli_story(events, gl_cli_zone("UTC"), &out);
    const char *at = out.data;
    for (size_t i = 0; i < GL_COUNT(parts); i++) {
        const char *found = at ? strstr(at, parts[i]) : NULL;
        if (!found) fail_msg("not there, or not in its place: %s\nin\n%s", parts[i], out.data);
        at = found;
    }
    json_decref(events);
}

static void readings_in_words(void **state GL_UNUSED) {
    static const struct {
        const char *kind, *data, *words;
    } cases[] = {
        {"tag", "{\"value\":{\"epc\":\"3034\",\"uri\":\"urn:epc:id:giai:0614141.12\",\"antenna\":2,\"rssi_dbm\":-52.4}}",
         "tag urn:epc:id:giai:0614141.12, antenna 2, -52 dBm"},
        {"tag", "{\"late\":true,\"value\":{\"epc\":\"E200\",\"uri\":\"urn:epc:raw:16.xE200\"}}",
         "tag E200 (came late: not counted)"},
        {"radiation", "{\"value\":{\"phase\":\"start\"}}", "a vehicle is in the portal"},
        {"radiation", "{\"value\":{\"phase\":\"alarm\",\"gamma_alarm\":true,\"neutron_alarm\":null}}", "the portal alarms: GAMMA"},
        {"radiation", "{\"value\":{\"phase\":\"alarm\",\"neutron_alarm\":true}}", "the portal alarms: NEUTRON"},
        {"radiation",
         "{\"value\":{\"phase\":\"occupancy\",\"gamma_alarm\":true,\"neutron_alarm\":false,\"gamma\":{\"sigma\":22.1,\"group\":"
         "\"pillar1\"},"
         "\"neutron\":{\"peak\":4},\"speed_kmh\":5.58}}",
         "the portal has measured: GAMMA ALARM, gamma at most 22.1 sigma from its background at pillar1, at most 4 neutrons a "
         "second, 6 km/h"},
        {"radiation", "{\"value\":{\"phase\":\"occupancy\",\"gamma_alarm\":false,\"neutron_alarm\":false,\"fault\":\"joined\"}}",
         "the portal has measured: no alarm; it proves nothing: joined"},
        {"radiation", "{\"value\":{\"phase\":\"fault\",\"fault\":\"background_high\"}}", "the portal is unwell: background_high"},
        {"radiation", "{\"value\":{\"phase\":\"fault\",\"fault\":null}}", "the portal is well again"},
        {"radiation", "{\"value\":{\"phase\":\"tamper\",\"tamper\":true}}", "the portal was opened"},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(4096);
        json_t *data = load(cases[i].data);
        gl_cli_reading_words(cases[i].kind, data, &out);
        assert_string_equal(out.data, cases[i].words);
        json_decref(data);
    }
}

static void a_story_of_nothing(void **state GL_UNUSED) {
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(1 << 16);
    json_t *events =
        load("[{}, {\"type\":7}, {\"type\":\"greenlane.reading.smell\",\"data\":[]}, {\"type\":\"greenlane.decision\"}]");
    gl_cli_story(events, "UTC", &out);
    assert_non_null(strstr(out.data, "a reading of kind smell"));
    json_decref(events);
}

/* ---- watch ---- */
static struct gl_watch_screen *screen(void) {
    struct gl_watch_screen *s = calloc(1, sizeof *s);
    struct gl_config *c = calloc(1, sizeof *c);
    assert_true(s && c);
    gl_clip(c->post, sizeof c->post, "north");
    c->n_lanes = 1;
    gl_clip(c->lanes[0].id, sizeof c->lanes[0].id, "in-1");
    gl_watch_init(s, c);
    free(c);
    return s;
}

static void take(struct gl_watch_screen *s, const char *type, const char *data) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(1 << 16);
    gl_buf_printf(&b, "{\"topic\":\"t\",\"event\":{\"type\":\"greenlane.%s\",\"time\":\"2026-11-23T11:00:00Z\",\"data\":%s}}", type,
                  data);
    json_t *line = load(b.data);
    gl_watch_take(s, line);
    json_decref(line);
}

static bool shows(const struct gl_watch_screen *s, const char *text) {
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(1 << 20);
    int64_t wall;
    assert_int_equal(gl_time_parse("2026-11-23T11:00:10Z", &wall), 0);
    gl_watch_draw(s, 30, 120, wall, "q leaves", &out);
    assert_false(out.failed);
    return strstr(out.data, text) != NULL;
}

static void a_vehicle_comes_and_goes(void **state GL_UNUSED) {
    struct gl_watch_screen *s = screen();
    gl_cli_zone("UTC");
    take(s, "state.mode", "{\"lane\":\"in-1\",\"mode\":\"open\"}");
    take(s, "passage",
         "{\"lane\":\"in-1\",\"passage\":\"p1\",\"state\":\"open\",\"known\":{\"plate\":\"NC15REG\",\"trailer\":\"T1\"}}");
    take(s, "passage", "{\"lane\":\"in-1\",\"passage\":\"p2\",\"state\":\"open\",\"known\":{\"plate\":\"BEHIND\"}}");
    assert_true(shows(s, "NC15REG + T1"));
    assert_false(shows(s, "BEHIND"));
    take(s, "state.signal", "{\"lane\":\"in-1\",\"signal\":\"release\",\"level\":null,\"until\":\"2026-11-23T11:00:25Z\"}");
    assert_true(shows(s, "\033[1;32min-1         open     release            15 s"));
    take(s, "decision",
         "{\"lane\":\"in-1\",\"passage\":\"p1\",\"level\":\"physical\",\"rules\":[{\"rule\":\"NO_READ\",\"result\":\"unknown\","
         "\"level\":\"desk\",\"detail\":\"x\"},"
         "{\"rule\":\"RANDOM\",\"result\":\"fail\",\"level\":\"physical\",\"detail\":\"drawn\"}]}");
    assert_true(shows(s, "RANDOM: drawn"));
    take(s, "passage", "{\"lane\":\"in-1\",\"passage\":\"p1\",\"state\":\"closed\",\"exit\":\"confirmed\"}");
    assert_false(shows(s, "NC15REG"));
    assert_true(shows(s, "in-1 has left: confirmed"));
    free(s);
}

static void devices_and_feed(void **state GL_UNUSED) {
    struct gl_watch_screen *s = screen();
    take(s, "state.device", "{\"device\":\"in-1.front\",\"state\":\"online\",\"reason\":null}");
    take(s, "state.device", "{\"device\":\"in-1.rear\",\"state\":\"offline\",\"reason\":\"no\\u001b[31m answer\"}");
    take(s, "state.feed",
         "{\"collections\":[{\"collection\":\"movements\",\"state\":\"gap\"},{\"collection\":\"declarations\",\"state\":\"live\"}]"
         "}");
    assert_true(shows(s, "Devices: 1 of 2 online"));
    assert_true(shows(s, "in-1.rear is offline: no?[31m answer"));
    assert_false(shows(s, "in-1.front is"));
    assert_true(shows(s, "Declarations: movements gap, declarations live"));
    free(s);
}

static void nothing_is_drawn_outside(void **state GL_UNUSED) {
    struct gl_watch_screen *s = screen();
    for (int i = 0; i < GL_WATCH_DEVICES + 20; i++) {
        char data[200];
        gl_format(data, sizeof data, "{\"device\":\"d%d\",\"state\":\"offline\",\"reason\":\"%0100d\"}", i, i);
        take(s, "state.device", data);
    }
    assert_int_equal(s->n_devices, GL_WATCH_DEVICES);
    for (int i = 0; i < 50; i++)
        take(s, "alarm", "{\"lane\":\"in-1\",\"kind\":\"tailgate\",\"action\":\"raise\",\"detail\":\"x\"}");
    assert_int_equal(s->n_events, GL_WATCH_EVENTS);
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(1 << 20);
    gl_watch_draw(s, 8, 20, 0, "q leaves", &out);
    assert_non_null(strstr(out.data, "\033[8;1H"));
    assert_null(strstr(out.data, "\033[9;1H"));
    for (const char *p = out.data, *next; (p = strstr(p, "H")) != NULL; p = next) { /* no line is wider than the terminal */
        next = p + 1;
        size_t wide = 0;
        for (const char *c = p + 1; *c && strncmp(c, "\033[K", 3) != 0; c++) {
            if (*c == '\033')
                c += strcspn(c, "m");
            else
                wide++;
        }
        assert_true(wide <= 20 || p[-1] != '1');
    }
    free(s);
}

static void junk_changes_nothing(void **state GL_UNUSED) {
    struct gl_watch_screen *s = screen();
    struct gl_watch_screen *before = malloc(sizeof *before);
    assert_non_null(before);
    *before = *s;
    gl_watch_take(s, NULL);
    take(s, "state.signal", "{\"lane\":\"in-9\",\"signal\":\"release\"}");
    s->n_events = 0;
    memset(s->events, 0, sizeof s->events);
    take(s, "unheard.of", "[1]");
    assert_memory_equal(s, before, sizeof *s);
    free(before);
    free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readings_in_words),        cmocka_unit_test(the_whole_story),          cmocka_unit_test(judged_again),
        cmocka_unit_test(a_story_of_nothing),       cmocka_unit_test(a_vehicle_comes_and_goes), cmocka_unit_test(devices_and_feed),
        cmocka_unit_test(nothing_is_drawn_outside), cmocka_unit_test(junk_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

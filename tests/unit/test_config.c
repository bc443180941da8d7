/* The configuration reader: the shipped example, every value where it belongs, and each bad file with exactly its errors. A file of
 * tests/config/bad/ whose name begins with "plugin-" is checked against the built plugins. */
/* cmocka.h leans on the four headers before it. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "config/check.h"
#include "config/config.h"

enum { MAX = 64 };

static struct gl_config_error errors[MAX];

static struct gl_config *load_good(const char *file, bool plugins) {
    struct gl_config *c = NULL;
    int n = gl_config_load(file, plugins, &c, errors, MAX);
    for (int i = 0; i < n; i++) print_error("%s:%d:%d: %s\n", errors[i].file, errors[i].line, errors[i].column, errors[i].text);
    assert_int_equal(n, 0);
    assert_non_null(c);
    return c;
}

static void write_file(const char *path, const char *text, mode_t mode) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static char folder[] = "/tmp/greenlane-config-XXXXXX";

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    static const char *const names[] = {"post.yaml", "secret", "public", "key"};
    char path[128];
    for (size_t i = 0; i < GL_COUNT(names); i++) {
        gl_format(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static const char *in_folder(const char *name, char path[128]) {
    gl_format(path, 128, "%s/%s", folder, name);
    return path;
}

/* ---- the example ---------------------------------------------------------------------------------------------------------------------- */
static void the_example_is_good(void **state) {
    (void)state;
    struct gl_config *c = load_good(SOURCE_DIR "/config/examples/post.yaml", false);
    assert_string_equal(c->post, "north");
    assert_string_equal(c->timezone, "Europe/Tallinn");
    assert_string_equal(c->mqtt.url, "mqtt://127.0.0.1:1883");
    assert_string_equal(c->mqtt.client_id, "greenlane-north");
    assert_int_equal(c->mqtt.keepalive_s, 10);
    assert_string_equal(c->paths.state, "/var/lib/greenlane");
    assert_int_equal(c->feed.collections,
                     1U << GL_COLLECTION_MOVEMENTS | 1U << GL_COLLECTION_DECLARATIONS | 1U << GL_COLLECTION_TAGS);
    assert_false(c->feed.from_import);
    assert_int_equal(c->feed.hard_ms, 1800000);
    assert_true(c->clock_require_sync);
    assert_int_equal(c->n_profiles, 2);
    assert_int_equal(c->n_lanes, 2);
    assert_int_equal(c->n_clients, 4);
    assert_string_equal(gl_config_client(c, "radiation-1")->role, "radiation");
    assert_int_equal(strlen(c->hash), 64);
    gl_config_free(c);
}

static void the_example_with_pictures_is_good(void **state) {
    (void)state;
    struct gl_config *c = load_good(SOURCE_DIR "/config/examples/pictures.yaml", false);
    assert_int_equal(c->n_lanes, 2);
    assert_true(gl_config_by_loop(gl_config_device(c, "in-1.front", NULL)));
    assert_true(gl_config_by_loop(gl_config_device(c, "in-1.rear", NULL)));
    assert_false(gl_config_by_loop(gl_config_device(c, "in-2.front", NULL)));
    gl_config_free(c);
    c = load_good(SOURCE_DIR "/config/examples/post.yaml", false);
    assert_false(gl_config_by_loop(gl_config_device(c, "in-1.front", NULL))); /* it says nothing of it */
    gl_config_free(c);
}

static void profiles_are_kept(void **state) {
    (void)state;
    struct gl_config *c = load_good(SOURCE_DIR "/config/examples/post.yaml", false);
    const struct gl_profile *p = &c->profiles[0];
    assert_string_equal(p->id, "truck");
    assert_int_equal(p->mode, GL_MODE_SHADOW);
    assert_int_equal(p->policy[GL_CLASS_TRUCK], GL_POLICY_DECLARED);
    assert_int_equal(p->policy[GL_CLASS_CAR], GL_POLICY_DESK);
    assert_int_equal(p->policy[GL_CLASS_MOTORCYCLE], GL_POLICY_DECLARED); /* not named: as trucks */
    assert_int_equal(p->policy[GL_CLASS_UNKNOWN], GL_POLICY_DECLARED);
    assert_int_equal(p->require, GL_NEED_PLATE | GL_NEED_TRAILER | GL_NEED_DECLARATION | GL_NEED_RADIATION);
    assert_int_equal(p->decide_within_ms, 12000);
    assert_int_equal(p->release_hold_ms, 30000);
    assert_int_equal(p->abandon_after_ms, 600000);
    assert_true(fabs(p->min_confidence - 0.80) < 1e-12);
    assert_true(fabs(p->random_rate - 0.02) < 1e-12);
    assert_int_equal(p->on_device_fault, GL_SIGNAL_INSPECT);
    assert_int_equal(p->feed_down, GL_SIGNAL_INSPECT);
    assert_true(fabs(p->random_aeo_rate - 0.02) < 1e-12); /* not said: as for others */
    assert_int_equal(p->aged_random, 2);
    assert_true(p->lead_ms == 0 && p->lead_aeo_ms == 0);
    gl_config_free(c);
}

static void trust_and_time_are_kept(void **state) {
    (void)state;
    static const char text[] =
        "post: {id: north}\nprofiles:\n  truck: {mode: open, classes: {truck: desk}, require: [plate], random: {rate: 5%, "
        "aeo_rate: 1%},\n"
        "    aged_random: 4, lead_time: {normal: 1h, aeo: 30m}, feed_down: fault}\n"
        "  car: {mode: open, classes: {truck: desk}, require: [plate], random: {rate: 5%}, lead_time: {normal: 2h}}\n"
        "lanes: {in-1: {profile: truck, direction: in, devices: {front: {use: anpr/isapi, at: 10.0.1.11}, exit-loop: {use: gpio, "
        "line: chip0/5}}}}\n";
    char path[128];
    write_file(in_folder("post.yaml", path), text, 0600);
    struct gl_config *c = load_good(path, false);
    const struct gl_profile *p = &c->profiles[0];
    assert_true(fabs(p->random_rate - 0.05) < 1e-12 && fabs(p->random_aeo_rate - 0.01) < 1e-12);
    assert_true(p->aged_random == 4 && p->lead_ms == 3600000 && p->lead_aeo_ms == 1800000);
    assert_int_equal(p->feed_down, GL_SIGNAL_FAULT);
    p = &c->profiles[1];
    assert_true(fabs(p->random_aeo_rate - 0.05) < 1e-12);
    assert_int_equal(p->lead_aeo_ms, 7200000);
    gl_config_free(c);
}

static void devices_and_lines_are_kept(void **state) {
    (void)state;
    struct gl_config *c = load_good(SOURCE_DIR "/config/examples/post.yaml", false);
    const struct gl_lane_config *lane = gl_config_lane(c, "in-1");
    assert_non_null(lane);
    assert_null(gl_config_lane(c, "in-3"));
    assert_int_equal(lane->direction, GL_DIRECTION_IN);
    assert_int_equal(lane->n_devices, 5);
    assert_true(lane->has_entry && lane->has_exit);
    const struct gl_lane_config *found = NULL;
    const struct gl_device_config *rear = gl_config_device(c, "in-1.rear", &found);
    assert_non_null(rear);
    assert_ptr_equal(found, lane);
    assert_int_equal(rear->role, GL_ROLE_TRAILER);
    assert_int_equal(rear->after_min_ms, 2000);
    assert_int_equal(rear->after_max_ms, 25000);
    assert_int_equal(rear->silence_ms, -1);
    assert_true(rear->required);
    assert_string_equal(rear->plugin, "anpr");
    assert_string_equal(rear->protocol, "isapi");
    assert_false(gl_config_device(c, "in-1.qr", NULL)->required);
    assert_null(gl_config_device(c, "in-1.exit-loop", NULL));
    assert_int_equal(lane->n_lines, 9);
    assert_int_equal(lane->lines[0].zone, GL_ZONE_ENTRY);
    assert_string_equal(lane->lines[0].device, "in-1.entry-loop");
    assert_string_equal(lane->lines[0].chip, "/dev/gpiochip0");
    assert_int_equal(lane->lines[0].offset, 4);
    assert_int_equal(lane->lines[2].debounce_ms, 80);
    assert_int_equal(lane->lines[3].zone, GL_ZONE_EMERGENCY_STOP);
    assert_true(lane->lines[3].active_low);
    assert_int_equal(lane->lines[4].use, GL_LINE_RED);
    assert_int_equal(lane->lines[4].offset, 8);
    assert_int_equal(gl_config_client(c, "desk-1")->commands & (1U << GL_COMMAND_ACK), 0);
    assert_int_equal(gl_config_client(c, "centre")->commands, 1U << GL_COMMAND_ACK | 1U << GL_COMMAND_REPLAY);
    gl_config_free(c);
}

static void portals_and_antennas_are_kept(void **state) {
    (void)state;
    struct gl_config *c = load_good(SOURCE_DIR "/config/examples/post.yaml", false);
    const struct gl_lane_config *lane = NULL, *in_2 = gl_config_lane(c, "in-2");
    const struct gl_device_config *rpm = gl_config_device(c, "in-1.rpm", NULL), *tag = gl_config_device(c, "in-1.tag", &lane);
    assert_string_equal(rpm->plugin, "radiation");
    assert_int_equal(rpm->after_min_ms, 0);
    assert_int_equal(rpm->after_max_ms, 8000);
    assert_false(rpm->before_entry);
    assert_string_equal(lane->id, "in-1"); /* the owner's, not one that it serves too */
    assert_false(tag->shared);
    assert_int_equal(tag->antennas, 3);
    const struct gl_device_config *shared = &in_2->devices[in_2->n_devices - 1];
    assert_true(shared->shared && shared->required);
    assert_string_equal(shared->id, "in-1.tag");
    assert_string_equal(shared->name, "tag");
    assert_string_equal(shared->plugin, "rfid");
    assert_string_equal(shared->protocol, "llrp");
    assert_int_equal(shared->antennas, 12);
    assert_null(gl_config_device(c, "in-2.tag", NULL));
    gl_config_free(c);
}

static void assert_lane(const struct gl_config *c, const char *device, int64_t antenna, const char *want) {
    const struct gl_lane_config *lane = gl_config_lane_of(c, device, antenna);
    if (want)
        assert_string_equal(lane ? lane->id : "none", want);
    else
        assert_null(lane);
}

static void each_antenna_has_its_lane(void **state) {
    (void)state;
    struct gl_config *c = load_good(SOURCE_DIR "/config/examples/post.yaml", false);
    assert_lane(c, "in-1.tag", 1, "in-1");
    assert_lane(c, "in-1.tag", 2, "in-1");
    assert_lane(c, "in-1.tag", 3, "in-2");
    assert_lane(c, "in-1.tag", 4, "in-2");
    static const int64_t nobody[] = {0, 5, 32, 33, 34, 65, 1 + (INT64_C(1) << 32), -1, INT64_MAX, GL_INT_NULL};
    for (size_t i = 0; i < GL_COUNT(nobody); i++) assert_lane(c, "in-1.tag", nobody[i], NULL);
    assert_lane(c, "in-1.front", 0, "in-1");
    assert_lane(c, "in-1.front", 3, "in-1");
    assert_lane(c, "in-2.tag", 3, NULL);
    assert_lane(c, "in-9.tag", 1, NULL);
    gl_config_free(c);
}

/* ---- files and paths ------------------------------------------------------------------------------------------------------------------ */
#define HEAD "post: {id: north}\npaths: {state: state, run: ./run}\n"
#define BODY                                                                                                              \
    "profiles: {car: {mode: open, classes: {truck: desk}, require: [plate], release: {ends: time}}}\n"                    \
    "lanes: {in-1: {profile: car, direction: in, devices: {front: {use: anpr, at: 10.0.1.11, secret: secret, colour: 7}," \
    " exit-loop: {use: gpio, line: 'sim:run/chip/5'}}}}\n"

static void relative_paths_begin_at_the_file(void **state) {
    (void)state;
    char file[128], secret[128], want[256];
    write_file(in_folder("secret", secret), "user:password", 0640);
    write_file(in_folder("post.yaml", file), HEAD BODY, 0644);
    struct gl_config *c = load_good(file, false);
    gl_format(want, sizeof want, "%s/state", folder);
    assert_string_equal(c->paths.state, want);
    gl_format(want, sizeof want, "%s/run", folder);
    assert_string_equal(c->paths.run, want);
    gl_format(want, sizeof want, "sim:%s/run/chip", folder);
    assert_string_equal(c->lanes[0].lines[0].chip, want);
    assert_int_equal(c->lanes[0].lines[0].offset, 5);
    assert_string_equal(c->lanes[0].devices[0].secret, secret);
    /* Without plugins a setting is kept as it stands; the camera takes the vehicle's part unless it is told otherwise. */
    assert_int_equal(c->lanes[0].devices[0].n_settings, 1);
    assert_string_equal(c->lanes[0].devices[0].settings[0].name, "colour");
    assert_string_equal(c->lanes[0].devices[0].settings[0].text, "7");
    assert_int_equal(c->lanes[0].devices[0].role, GL_ROLE_VEHICLE);
    gl_config_free(c);
}

static void the_hash_is_of_the_bytes(void **state) {
    (void)state;
    char file[128], secret[128], before[65];
    write_file(in_folder("secret", secret), "user:password", 0600);
    write_file(in_folder("post.yaml", file), HEAD BODY, 0644);
    struct gl_config *c = load_good(file, false);
    gl_clip(before, sizeof before, c->hash);
    gl_config_free(c);
    write_file(file, HEAD BODY "# a comment\n", 0644);
    c = load_good(file, false);
    assert_string_not_equal(before, c->hash);
    gl_config_free(c);
}

static int load_text(const char *text) {
    char file[128];
    struct gl_config *c = NULL;
    write_file(in_folder("post.yaml", file), text, 0644);
    int n = gl_config_load(file, false, &c, errors, MAX);
    gl_config_free(c);
    return n;
}

static struct gl_config *load_lanes(const char *lanes) {
    char file[128];
    GL_CLEANUP(gl_buf_free) struct gl_buf text = GL_BUF(65536);
    gl_buf_text(&text,
                "post: {id: north}\n"
                "profiles: {car: {mode: open, classes: {truck: desk}, require: [plate], release: {ends: time}}}\n"
                "lanes:\n");
    gl_buf_text(&text, lanes);
    write_file(in_folder("post.yaml", file), text.data, 0644);
    return load_good(file, false);
}

static void an_owner_may_come_later(void **state) {
    (void)state;
    struct gl_config *c = load_lanes(
        "  a: {profile: car, direction: in, devices: {front: {use: anpr, at: 10.0.1.11},"
        " tag: {shares: b.reader, antennas: [32], required: false}}}\n"
        "  b: {profile: car, direction: in, devices: {front: {use: anpr, at: 10.0.1.12},"
        " reader: {use: rfid/llrp, at: 10.0.1.30, antennas: [1]}}}\n"
        "  c: {profile: car, direction: in, devices: {front: {use: anpr, at: 10.0.1.13},"
        " whole: {use: rfid, at: 10.0.1.31}}}\n");
    const struct gl_device_config *shared = &c->lanes[0].devices[1];
    assert_true(shared->shared);
    assert_false(shared->required);
    assert_string_equal(shared->id, "b.reader");
    assert_string_equal(shared->protocol, "llrp");
    assert_lane(c, "b.reader", 32, "a");
    assert_lane(c, "b.reader", 1, "b");
    assert_lane(c, "b.reader", 2, NULL);
    /* Who says nothing of antennas has them all. */
    assert_lane(c, "c.whole", 77, "c");
    assert_lane(c, "c.whole", GL_INT_NULL, "c");
    gl_config_free(c);
}

static void a_portal_stands_before_or_behind_the_entry_loop(void **state) {
    (void)state;
    struct gl_config *c = load_lanes(
        "  a: {profile: car, direction: in, devices: {rpm: {use: radiation, at: '10.0.1.1:1'},"
        " entry-loop: {use: gpio, line: chip0/1}, front: {use: anpr, at: 10.0.1.11}}}\n"
        "  b: {profile: car, direction: in, devices: {first: {use: gpio, line: chip0/2, zone: entry},"
        " rpm: {use: radiation, at: '10.0.1.2:1', after: 1s..3s}, front: {use: anpr, at: 10.0.1.12}}}\n"
        "  c: {profile: car, direction: in, devices: {rpm: {use: radiation, at: '10.0.1.3:1'},"
        " front: {use: anpr, at: 10.0.1.13}}}\n");
    assert_true(c->lanes[0].devices[0].before_entry);
    assert_false(c->lanes[0].devices[1].before_entry);
    assert_false(c->lanes[1].devices[0].before_entry);
    assert_false(c->lanes[2].devices[0].before_entry); /* no entry loop to stand before */
    assert_int_equal(c->lanes[0].devices[0].after_min_ms, 0);
    assert_int_equal(c->lanes[0].devices[0].after_max_ms, c->profiles[0].decide_within_ms);
    assert_int_equal(c->lanes[1].devices[0].after_min_ms, 1000);
    assert_int_equal(c->lanes[1].devices[0].after_max_ms, 3000);
    gl_config_free(c);
}

static void a_secret_that_others_reach_is_refused(void **state) {
    (void)state;
    char secret[128];
    write_file(in_folder("secret", secret), "user:password", 0644);
    assert_int_equal(load_text(HEAD BODY), 1);
    assert_non_null(strstr(errors[0].text, "others may read it"));
    write_file(secret, "user:password", 0602);
    assert_int_equal(load_text(HEAD BODY), 1);
    write_file(secret, "user:password", 0600);
    assert_int_equal(load_text(HEAD BODY), 0);
}

static void certificates_may_be_public_keys_may_not(void **state) {
    (void)state;
    char secret[128], public[128], key[128];
    write_file(in_folder("secret", secret), "user:password", 0600);
    write_file(in_folder("public", public), "certificate", 0644);
    write_file(in_folder("key", key), "key", 0600);
    static const char with_tls[] = HEAD
        "mqtt: {url: 'mqtts://broker.example.org', ca: public, cert: public, key: key, username: link, password-file: "
        "secret}\n" BODY;
    assert_int_equal(load_text(with_tls), 0);
    write_file(key, "key", 0604);
    assert_int_equal(load_text(with_tls), 1);
    assert_non_null(strstr(errors[0].text, "mqtt.key"));
    write_file(key, "key", 0600);
    write_file(public, "certificate", 0666);
    assert_int_equal(load_text(with_tls), 2);
    assert_int_equal(load_text(HEAD "mqtt: {url: 'mqtts://b', cert: secret, password-file: secret}\n" BODY), 2);
    assert_int_equal(load_text(HEAD "mqtt: {url: 'mqtt://127.0.0.1', ca: secret}\n" BODY), 1);
    assert_int_equal(load_text(HEAD "mqtt: {url: 'mqtt://127.0.0.1.example.org'}\n" BODY), 1);
    assert_int_equal(load_text(HEAD "mqtt: {url: 'mqtt://localhost:1884'}\n" BODY), 0);
}

static void no_file_no_configuration(void **state) {
    (void)state;
    struct gl_config *c = NULL;
    assert_int_equal(gl_config_load("/nonexistent/post.yaml", false, &c, errors, MAX), 1);
    assert_int_equal(errors[0].line, 0);
    assert_int_equal(gl_config_load(folder, false, &c, errors, MAX), 1);
    assert_int_equal(gl_config_load("/dev/zero", false, &c, errors, MAX), 1);
    assert_null(c);
}

static void a_huge_file_is_refused(void **state) {
    (void)state;
    size_t len = (1 << 20) + 1;
    char *text = malloc(len + 1);
    assert_non_null(text);
    memset(text, '#', len);
    text[len] = '\0';
    assert_int_equal(load_text(text), 1);
    assert_non_null(strstr(errors[0].text, "1 MiB"));
    free(text);
}

/* "a: {k0: 1, k1: 1, ...}" and lists of lists: bounded by entries and by values. */
static void too_many_values_are_refused(void **state) {
    (void)state;
    GL_CLEANUP(gl_buf_free) struct gl_buf text = GL_BUF(1 << 20);
    gl_buf_text(&text, "post: [");
    for (int i = 0; i < 300; i++) gl_buf_text(&text, "a, ");
    gl_buf_text(&text, "]\n");
    assert_int_equal(load_text(text.data), 1);
    assert_non_null(strstr(errors[0].text, "256"));
    gl_buf_reset(&text);
    gl_buf_text(&text, "post:\n");
    for (int i = 0; i < 100; i++) {
        gl_buf_text(&text, "  - [");
        for (int j = 0; j < 200; j++) gl_buf_text(&text, "a, ");
        gl_buf_text(&text, "]\n");
    }
    assert_int_equal(load_text(text.data), 1);
    assert_non_null(strstr(errors[0].text, "16384"));
}

static void errors_are_bounded(void **state) {
    (void)state;
    struct gl_config *c = NULL;
    struct gl_config_error few[2] = {{.line = -1}, {.line = -1}};
    const char *file = SOURCE_DIR "/tests/config/bad/durations.yaml";
    assert_int_equal(gl_config_load(file, false, &c, few, 1), 1);
    assert_int_equal(few[1].line, -1);
    assert_true(gl_config_load(file, false, &c, NULL, 0) > 0);
    assert_null(c);
}

/* ---- bad files ------------------------------------------------------------------------------------------------------------------------ */
static void expect(const char *name) {
    char path[512], expected[4096];
    struct gl_config *c = NULL;
    GL_CLEANUP(gl_buf_free) struct gl_buf got = GL_BUF(65536);
    gl_format(path, sizeof path, "%s/tests/config/bad/%s.yaml", SOURCE_DIR, name);
    int n = gl_config_load(path, strncmp(name, "plugin-", 7) == 0, &c, errors, MAX);
    if (n == 0) gl_config_free(c);
    for (int i = 0; i < n; i++) {
        /* Paths of this machine are not part of the expectation. */
        char *here = strstr(errors[i].text, SOURCE_DIR "/");
        if (here) memmove(here, here + sizeof SOURCE_DIR, strlen(here + sizeof SOURCE_DIR) + 1);
        gl_buf_printf(&got, "%d:%d: %s\n", errors[i].line, errors[i].column, errors[i].text);
    }
    gl_format(path, sizeof path, "%s/tests/config/bad/%s.expected", SOURCE_DIR, name);
    FILE *f = fopen(path, "re");
    size_t len = f ? fread(expected, 1, sizeof expected - 1, f) : 0;
    if (f) fclose(f);
    expected[len] = '\0';
    if (len == 0 || !got.data || strcmp(got.data, expected) != 0)
        fail_msg("%s.yaml: expected\n%sgot\n%s", name, expected, got.data ? got.data : "no error\n");
}

static int each_bad_file(bool plugins) {
    DIR *d = opendir(SOURCE_DIR "/tests/config/bad");
    int n = 0;
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        char name[256];
        size_t len = strlen(e->d_name);
        if (len < 6 || strcmp(e->d_name + len - 5, ".yaml") != 0) continue;
        if ((strncmp(e->d_name, "plugin-", 7) == 0) != plugins) continue;
        assert_int_equal(gl_copyn(name, sizeof name, e->d_name, len - 5), 0);
        expect(name);
        n++;
    }
    closedir(d);
    return n;
}

static void bad_files_get_their_errors(void **state) {
    (void)state;
    assert_true(each_bad_file(false) >= 40);
}

/* ---- with plugins --------------------------------------------------------------------------------------------------------------------- */
static bool plugins_are_built(void) {
    return access(BINARY_DIR "/lib/greenlane/anpr.so", R_OK) == 0 && access(BINARY_DIR "/lib/greenlane/code.so", R_OK) == 0 &&
           access(BINARY_DIR "/lib/greenlane/gpio.so", R_OK) == 0 && access(BINARY_DIR "/lib/greenlane/rfid.so", R_OK) == 0 &&
           access(BINARY_DIR "/lib/greenlane/radiation.so", R_OK) == 0;
}

static void plugins_refuse_what_they_do_not_know(void **state) {
    (void)state;
    if (!plugins_are_built()) skip();
    assert_true(each_bad_file(true) >= 4);
}

static void plugins_complete_the_example(void **state) {
    (void)state;
    if (!plugins_are_built()) skip();
    struct gl_config *c = load_good(SOURCE_DIR "/config/examples/post.yaml", true);
    const struct gl_plugin *anpr = NULL;
    struct gl_error err;
    assert_int_equal(gl_plugin_load(c->paths.plugins, "anpr", &anpr, &err), 0);
    const struct gl_device_config *d = gl_config_device(c, "in-1.front", NULL);
    const struct gl_settings s = {d->n_settings, d->settings};
    const struct gl_protocol *p = gl_plugin_protocol(anpr, d->protocol);
    assert_non_null(p);
    for (size_t i = 0; i < p->n_settings; i++)
        if (p->settings[i].preset) assert_non_null(gl_setting_text(&s, p->settings[i].name));
    d = gl_config_device(c, "in-1.tag", NULL); /* two lanes share it, and miss each of its antennas */
    assert_string_equal(gl_setting_text(&(struct gl_settings){d->n_settings, d->settings}, "antennas"), "1, 2, 3, 4");
    gl_config_free(c);
    GL_CLEANUP(gl_buf_free) struct gl_buf text = GL_BUF(65536);
    assert_int_equal(gl_config_check(SOURCE_DIR "/config/examples/post.yaml", &text), 0);
    assert_non_null(strstr(text.data, "Post north, 2 lanes"));
}

static void plugins_complete_the_example_with_pictures(void **state) {
    (void)state;
    if (!plugins_are_built()) skip();
    struct gl_config *c = load_good(SOURCE_DIR "/config/examples/pictures.yaml", true);
    const struct gl_device_config *d = gl_config_device(c, "in-1.rear", NULL);
    const struct gl_settings s = {d->n_settings, d->settings};
    assert_string_equal(gl_setting_text(&s, "trigger"), "loop");
    assert_int_equal(gl_setting_int(&s, "rate", 0), 5);
    gl_config_free(c);
}

static void what_is_no_plugin_is_refused(void **state) {
    (void)state;
    const struct gl_plugin *p = NULL;
    struct gl_error err;
    assert_int_equal(gl_plugin_load("/nonexistent", "anpr", &p, &err), -ENOENT);
    assert_int_equal(gl_plugin_load(folder, "../anpr", &p, &err), -EINVAL);
    assert_int_equal(gl_plugin_load(folder, "", &p, &err), -EINVAL);
    char path[128];
    gl_format(path, sizeof path, "%s/false.so", folder);
    write_file(path, "no shared object", 0600);
    assert_int_equal(gl_plugin_load(folder, "true", &p, &err), -ENOENT);
    assert_non_null(strstr(err.text, "there are: false"));
    assert_int_equal(gl_plugin_load(folder, "false", &p, &err), -ENOEXEC);
    assert_int_equal(chmod(path, 0606), 0);
    assert_int_equal(gl_plugin_load(folder, "false", &p, &err), -EPERM);
    unlink(path);
    assert_null(p);
}

static void check_prints_every_error(void **state) {
    (void)state;
    GL_CLEANUP(gl_buf_free) struct gl_buf text = GL_BUF(65536);
    assert_int_equal(gl_config_check(SOURCE_DIR "/tests/config/bad/anchor.yaml", &text), 1);
    assert_non_null(strstr(text.data, "/bad/anchor.yaml:4:11: "));
    gl_buf_reset(&text);
    assert_int_equal(gl_config_check("/nonexistent/post.yaml", &text), 1);
    assert_non_null(strstr(text.data, "/nonexistent/post.yaml: cannot read it"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_is_good),
        cmocka_unit_test(the_example_with_pictures_is_good),
        cmocka_unit_test(profiles_are_kept),
        cmocka_unit_test(trust_and_time_are_kept),
        cmocka_unit_test(devices_and_lines_are_kept),
        cmocka_unit_test(portals_and_antennas_are_kept),
        cmocka_unit_test(each_antenna_has_its_lane),
        cmocka_unit_test(an_owner_may_come_later),
        cmocka_unit_test(a_portal_stands_before_or_behind_the_entry_loop),
        cmocka_unit_test(relative_paths_begin_at_the_file),
        cmocka_unit_test(the_hash_is_of_the_bytes),
        cmocka_unit_test(a_secret_that_others_reach_is_refused),
        cmocka_unit_test(certificates_may_be_public_keys_may_not),
        cmocka_unit_test(no_file_no_configuration),
        cmocka_unit_test(a_huge_file_is_refused),
        cmocka_unit_test(too_many_values_are_refused),
        cmocka_unit_test(errors_are_bounded),
        cmocka_unit_test(bad_files_get_their_errors),
        cmocka_unit_test(plugins_refuse_what_they_do_not_know),
        cmocka_unit_test(plugins_complete_the_example),
        cmocka_unit_test(plugins_complete_the_example_with_pictures),
        cmocka_unit_test(what_is_no_plugin_is_refused),
        cmocka_unit_test(check_prints_every_error),
    };
    return cmocka_run_group_tests_name("config", tests, make_folder, remove_folder);
}

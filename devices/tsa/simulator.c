/* greenlane-sim-tsa: a radiation portal of the protocol `tsa`, driven from standard input. It streams by its own clock to one client, whether vehicles
 * pass or not. One thread, one poll(). */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "sim_input.h"
#include "sim_port.h"
#include "sim_portal.h"

enum { MOST_GARBAGE = 1 << 16, MOST_FAST = 100, LONGEST_LINE = 4096 };
enum outcome { DONE, FAILED, LATER };

struct sim {
    struct sim_setup setup;
    struct sim_portal portal;
    struct sim_port port;
    struct sim_random random; /* for what a command leaves open */
    int64_t fast, started, asleep_until;
    bool frozen, quit;
    struct gl_sim_input input;
};

static const char help[] =
    "Usage: greenlane-sim-tsa (--listen ADDR:PORT | --pty LINK) [options]\n"
    "\n"
    "Plays an SC-770 portal controller: it streams its backgrounds every 5 s, and what it counts while a vehicle is in the beam. "
    "Commands come\n"
    "on standard input, one a line:\n"
    "  vehicle [KEY=VALUE ...]   a vehicle passes; waits until the last one is through. Keys:\n"
    "      seconds=3             in the beam, 0 to 600\n"
    "      shield=41             percent of the background that it takes away at its darkest; 30 to 58 when not given\n"
    "      gamma=SIGMA at=0.5    a point source that raises its pillar so far above background, at that fraction of the vehicle; "
    "pillar=1 (or 2)\n"
    "      load=SIGMA            a load along the whole vehicle that raises the sum of both pillars so far\n"
    "      neutron=CPS           a neutron source, counts a second at its most, at the same place\n"
    "      speed=8               km/h; or garbage (99.999,160.93), or none; 5 to 12, now and then garbage, when not given\n"
    "      clear-after=SECONDS   stays beside the beam for so long, and so spoils the next background\n"
    "  enter [KEY=VALUE ...]     the beam is broken until `leave`; seconds= is then what shapes are drawn for\n"
    "  leave                     the beam is clear\n"
    "  wait                      until the end of the occupancy was said\n"
    "  source gamma=SIGMA | neutron=CPS | off    a source is held into the portal from now on\n"
    "  background high | low | normal | SCALE    GH, GL, GB at once; or the true background times SCALE, which the 20 s average "
    "follows\n"
    "  neutrons high | normal    NH, NB\n"
    "  dead N | none             detector N (1 to 4) counts nothing\n"
    "  tamper open | closed      TT, TC\n"
    "  alarm [neutron]           lies: every G line is GA (every N line NA), whatever it counts\n"
    "  quiet                     lies: never an alarm\n"
    "  honest                    the labels follow the counts again\n"
    "  setup                     the setup dump: SG1 to SG3, SN1, SN2\n"
    "  reset                     the controller starts anew: setup dump, occupancy counter back to 1\n"
    "  line TEXT                 this line, as it is\n"
    "  raw HEX                   these bytes, as they are: raw 47 53 2c\n"
    "  garbage N                 N bytes of noise, the same in every run\n"
    "  freeze | thaw             says nothing, stays connected | goes on\n"
    "  drop                      closes the connection; on a pty: unplugs it and plugs it in again\n"
    "  off | on                  unplugged: closes, and nobody can connect | listens again\n"
    "  sleep MS                  real milliseconds before the next command\n"
    "  quit                      ends at once\n"
    "Blank lines and lines that begin with # do nothing. What speaks waits until a peer is there. The end of input ends the "
    "program when the\n"
    "portal is empty: keep it open to have the portal run on. Prints \"peer connected\", \"peer gone\", one line for each command "
    "done, and\n"
    "\"occupancy N over gamma=.. neutron=.. samples=.. sigma=..\": how many lines of each kind were alarms, how many gamma "
    "samples, highest sigma.\n"
    "\n"
    "  --listen ADDR:PORT        a TCP server for one client; others wait (port 0: any; the port is printed)\n"
    "  --pty LINK                a pseudo-terminal, with the symbolic link LINK to it, as a serial port for the gateway\n"
    "  --seed N                  of the random counts (1)\n"
    "  --firmware legacy|new     new: says the newer controllers' lines too (legacy)\n"
    "  --sigma N                 alarm threshold (5.0)\n"
    "  --flags ABCD              groups that alarm: sum, horizontal, vertical, single (1010)\n"
    "  --background A,B,C,D      true gamma background of each detector, counts a second (414,413,414,414)\n"
    "  --neutrons N              true neutron background of all detectors, counts a second (2.6)\n"
    "  --fast F                  all its intervals divided by F, 1 to 100 (1)\n"
    "\n"
    "Example: a clean lorry, then one with a source in its middle, for a gateway with at: tcp://127.0.0.1:1600\n"
    "  printf 'vehicle seconds=8\\nvehicle seconds=8 gamma=15\\n' | greenlane-sim-tsa --listen 127.0.0.1:1600\n";

static int64_t mono(void) {
    return gl_now_read().mono;
}
static int64_t portal_now(const struct sim *s) {
    return (mono() - s->started) * s->fast;
}

/* ---- numbers and words --------------------------------------------------------------------------------------------------------------- */

/* A decimal number of len characters, such as 2.6. */
static bool parse_real(const char *text, size_t len, double min, double max, double *ret) {
    char word[24], *end;
    if (len == 0 || gl_copyn(word, sizeof word, text, len) < 0 || strspn(word, "0123456789.") != len) return false;
    double v = strtod(word, &end);
    if (*end != '\0' || !(v >= min && v <= max)) return false;
    *ret = v;
    return true;
}

static bool is_word(const char *text, size_t len, const char *word) {
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

static const struct vehicle_key {
    const char *name;
    size_t offset;
    double min, max;
} vehicle_keys[] = {
    {"seconds", offsetof(struct sim_vehicle, seconds), 0, 600},
    {"shield", offsetof(struct sim_vehicle, shield), 0, 90},
    {"gamma", offsetof(struct sim_vehicle, gamma), 0, 1000},
    {"at", offsetof(struct sim_vehicle, at), 0, 1},
    {"pillar", offsetof(struct sim_vehicle, pillar), 1, 2},
    {"load", offsetof(struct sim_vehicle, load), 0, 1000},
    {"neutron", offsetof(struct sim_vehicle, neutron), 0, 10000},
    {"speed", offsetof(struct sim_vehicle, speed), 0.5, 150},
    {"clear-after", offsetof(struct sim_vehicle, clear_after), 0, 600},
};

/* One KEY=VALUE of len characters. */
static bool read_key(struct sim_vehicle *v, const char *text, size_t len) {
    const char *equals = memchr(text, '=', len);
    size_t name = equals ? (size_t)(equals - text) : 0, value = equals ? len - name - 1 : 0;
    if (!equals) return false;
    if (is_word(text, len, "speed=garbage")) return v->garbage = true;
    if (is_word(text, len, "speed=none")) {
        v->speed = 0;
        v->garbage = false;
        return true;
    }
    for (size_t i = 0; i < GL_COUNT(vehicle_keys); i++) {
        const struct vehicle_key *k = &vehicle_keys[i];
        if (is_word(text, name, k->name))
            return parse_real(equals + 1, value, k->min, k->max, (double *)(void *)((char *)v + k->offset));
    }
    return false;
}

static bool read_vehicle(struct sim *s, const char *arg, struct sim_vehicle *ret) {
    double shield = 41 + 6 * sim_normal(&s->random);
    struct sim_vehicle v = {.seconds = 3, .at = 0.5, .pillar = 1};
    v.shield = shield < 30 ? 30 : shield > 58 ? 58 : shield;
    v.speed = sim_between(&s->random, 5, 12);
    v.garbage = sim_uniform(&s->random) < 0.05 && !strstr(arg, "speed=");
    while (*arg) {
        size_t len = strcspn(arg, " ");
        if (len > 0 && !read_key(&v, arg, len)) return false;
        arg += len + (arg[len] == ' ');
    }
    v.shield /= 100;
    *ret = v;
    return true;
}

/* ---- commands ------------------------------------------------------------------------------------------------------------------------ */
static enum outcome arrive(struct sim *s, const char *arg, bool by_hand) {
    struct sim_vehicle v;
    if (!sim_portal_empty(&s->portal)) return LATER;
    if (!read_vehicle(s, arg, &v)) return FAILED;
    v.by_hand = by_hand;
    return sim_portal_enter(&s->portal, &v) ? DONE : FAILED;
}
static enum outcome run_vehicle(struct sim *s, const char *arg) {
    return arrive(s, arg, false);
}
static enum outcome run_enter(struct sim *s, const char *arg) {
    return arrive(s, arg, true);
}
static enum outcome run_leave(struct sim *s, const char *arg GL_UNUSED) {
    return sim_portal_leave(&s->portal) ? DONE : FAILED;
}
static enum outcome run_wait(struct sim *s, const char *arg GL_UNUSED) {
    return sim_portal_empty(&s->portal) ? DONE : LATER;
}

static enum outcome run_source(struct sim *s, const char *arg) {
    struct sim_vehicle v = {0};
    if (strcmp(arg, "off") == 0) {
        s->portal.source = (struct sim_source){0};
        return DONE;
    }
    if ((strncmp(arg, "gamma=", 6) != 0 && strncmp(arg, "neutron=", 8) != 0) || !read_key(&v, arg, strlen(arg))) return FAILED;
    s->portal.source = (struct sim_source){v.gamma, v.neutron};
    return DONE;
}

static enum outcome run_background(struct sim *s, const char *arg) {
    static const struct {
        const char *name;
        double cps; /* of a detector; 0 = as given at the start */
    } levels[] = {{"high", 2500}, {"low", 40}, {"normal", 0}};
    double scale;
    for (size_t i = 0; i < GL_COUNT(levels); i++)
        if (strcmp(arg, levels[i].name) == 0) {
            double least = s->setup.background[0], most = least;
            for (int d = 1; d < SIM_DETECTORS; d++) {
                least = fmin(least, s->setup.background[d]);
                most = fmax(most, s->setup.background[d]);
            }
            sim_portal_background(&s->portal, levels[i].cps == 0 ? 1 : levels[i].cps / (i == 0 ? least : most), true);
            return DONE;
        }
    if (!parse_real(arg, strlen(arg), 0, 20, &scale)) return FAILED;
    sim_portal_background(&s->portal, scale, false);
    return DONE;
}

static enum outcome run_neutrons(struct sim *s, const char *arg) {
    bool high = strcmp(arg, "high") == 0;
    if (!high && strcmp(arg, "normal") != 0) return FAILED;
    sim_portal_neutrons(&s->portal, high ? 400 / s->setup.neutrons : 1); /* 100 a second of each detector */
    return DONE;
}

static enum outcome run_dead(struct sim *s, const char *arg) {
    int64_t n = 0;
    if (strcmp(arg, "none") != 0 && gl_parse_int(arg, 1, SIM_DETECTORS, &n) < 0) return FAILED;
    s->portal.dead = (uint8_t)(n == 0 ? 0 : s->portal.dead | 1u << (n - 1));
    return DONE;
}

static enum outcome run_tamper(struct sim *s, const char *arg) {
    bool open = strcmp(arg, "open") == 0;
    if (!open && strcmp(arg, "closed") != 0) return FAILED;
    sim_portal_say(&s->portal, open ? "TT,000000,000000,000000,000000" : "TC,111111,111111,111111,111111");
    return DONE;
}

static enum outcome run_alarm(struct sim *s, const char *arg) {
    if (arg[0] && strcmp(arg, "neutron") != 0) return FAILED;
    s->portal.honesty = arg[0] ? SIM_CRIES_NEUTRON : SIM_CRIES_WOLF;
    return DONE;
}
static enum outcome run_quiet(struct sim *s, const char *arg GL_UNUSED) {
    s->portal.honesty = SIM_KEEPS_QUIET;
    return DONE;
}
static enum outcome run_honest(struct sim *s, const char *arg GL_UNUSED) {
    s->portal.honesty = SIM_HONEST;
    return DONE;
}

static enum outcome run_setup(struct sim *s, const char *arg GL_UNUSED) {
    sim_portal_say_setup(&s->portal);
    return DONE;
}
static enum outcome run_reset(struct sim *s, const char *arg) {
    s->portal.counter = 0;
    return run_setup(s, arg);
}
static enum outcome run_text(struct sim *s, const char *arg) {
    sim_portal_say(&s->portal, arg);
    return DONE;
}

static enum outcome run_raw(struct sim *s, const char *arg) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(LONGEST_LINE);
    while (*arg) {
        if (*arg == ' ') {
            arg++;
            continue;
        }
        char pair[3] = {arg[0], arg[1], '\0'};
        if (strspn(pair, "0123456789abcdefABCDEF") != 2) return FAILED;
        gl_buf_u8(&b, (uint8_t)strtoul(pair, NULL, 16));
        arg += 2;
    }
    if (b.failed || b.len == 0) return FAILED;
    gl_buf_add(&s->portal.lines, b.data, b.len);
    return DONE;
}

static enum outcome run_garbage(struct sim *s, const char *arg) {
    struct sim_random noise = {1};
    int64_t n;
    if (gl_parse_int(arg, 1, MOST_GARBAGE, &n) < 0) return FAILED;
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(MOST_GARBAGE);
    while (n-- > 0) gl_buf_u8(&b, (uint8_t)(256 * sim_uniform(&noise)));
    if (!s->frozen) sim_port_send(&s->port, b.data, b.len);
    return b.failed ? FAILED : DONE;
}

static enum outcome run_freeze(struct sim *s, const char *arg GL_UNUSED) {
    s->frozen = true;
    return DONE;
}
static enum outcome run_thaw(struct sim *s, const char *arg GL_UNUSED) {
    s->frozen = false;
    return DONE;
}

static enum outcome tell(int rc, const struct gl_error *err) {
    if (rc < 0) fprintf(stderr, "greenlane-sim-tsa: %s\n", err->text);
    return rc < 0 ? FAILED : DONE;
}
static enum outcome run_drop(struct sim *s, const char *arg GL_UNUSED) {
    struct gl_error err;
    return tell(s->port.off ? 0 : sim_port_drop(&s->port, &err), &err);
}
static enum outcome run_off(struct sim *s, const char *arg GL_UNUSED) {
    sim_port_close(&s->port);
    return DONE;
}
static enum outcome run_on(struct sim *s, const char *arg GL_UNUSED) {
    struct gl_error err;
    return tell(s->port.off ? sim_port_open(&s->port, &err) : 0, &err);
}

static enum outcome run_sleep(struct sim *s, const char *arg) {
    int64_t ms;
    if (gl_parse_int(arg, 0, 24 * 3600 * 1000, &ms) < 0) return FAILED;
    s->asleep_until = mono() + ms;
    return DONE;
}
static enum outcome run_quit(struct sim *s, const char *arg GL_UNUSED) {
    s->quit = true;
    return DONE;
}

static const struct command {
    const char *name;
    enum outcome (*run)(struct sim *s, const char *arg);
    bool speaks; /* waits for a peer */
    const char *usage;
} commands[] = {
    {"vehicle", run_vehicle, true, "vehicle [seconds= shield= gamma= at= pillar= load= neutron= speed= clear-after=]"},
    {"enter", run_enter, true, "enter [the same as vehicle]"},
    {"leave", run_leave, false, "leave, after enter"},
    {"wait", run_wait, false, "wait"},
    {"source", run_source, false, "source gamma=SIGMA, source neutron=CPS, source off"},
    {"background", run_background, false, "background high, low, normal, or a factor up to 20"},
    {"neutrons", run_neutrons, false, "neutrons high, neutrons normal"},
    {"dead", run_dead, false, "dead 1 to dead 4, dead none"},
    {"tamper", run_tamper, true, "tamper open, tamper closed"},
    {"alarm", run_alarm, false, "alarm, alarm neutron"},
    {"quiet", run_quiet, false, "quiet"},
    {"honest", run_honest, false, "honest"},
    {"setup", run_setup, true, "setup"},
    {"reset", run_reset, true, "reset"},
    {"line", run_text, true, "line TEXT"},
    {"raw", run_raw, true, "raw HEX, two digits a byte"},
    {"garbage", run_garbage, true, "garbage N, 1..65536"},
    {"freeze", run_freeze, false, "freeze"},
    {"thaw", run_thaw, false, "thaw"},
    {"drop", run_drop, true, "drop"},
    {"off", run_off, false, "off"},
    {"on", run_on, false, "on: the address must be free"},
    {"sleep", run_sleep, false, "sleep MS"},
    {"quit", run_quit, false, "quit"},
};

static const struct command *find_command(const char *line) {
    size_t n = strcspn(line, " ");
    for (size_t i = 0; i < GL_COUNT(commands); i++)
        if (is_word(line, n, commands[i].name)) return &commands[i];
    return NULL;
}

/* ---- the loop ------------------------------------------------------------------------------------------------------------------------ */

/* What the portal has said since goes to the peer; without one, or frozen, it is lost, as on the real line. */
static void pass_on(struct sim *s) {
    struct sim_portal *p = &s->portal;
    if (!s->frozen && !p->lines.failed) sim_port_send(&s->port, p->lines.data, p->lines.len);
    gl_buf_reset(&p->lines);
    if (p->news.len > 0 && !p->news.failed) fputs(p->news.data, stdout);
    gl_buf_reset(&p->news);
    fflush(stdout);
}

/* Runs one line. False when it has to wait. */
static bool run_line(struct sim *s, const char *line) {
    if (line[0] == '\0' || line[0] == '#') return true;
    const struct command *c = find_command(line);
    const char *arg = line + strcspn(line, " ");
    if (c && c->speaks && (!s->port.there || mono() < s->port.ready_at)) return false;
    enum outcome outcome = c ? c->run(s, *arg ? arg + 1 : arg) : FAILED;
    if (outcome == LATER) return false;
    pass_on(s);
    if (!c)
        printf("unknown command: %s (see --help)\n", line);
    else if (outcome == DONE)
        printf("done: %s\n", line);
    else
        printf("failed: %s (%s)\n", line, c->usage);
    fflush(stdout);
    return true;
}

static void run_lines(struct sim *s) {
    char line[LONGEST_LINE];
    while (!s->quit && mono() >= s->asleep_until && gl_sim_input_line(&s->input, line, sizeof line)) {
        if (!run_line(s, line)) return;
        gl_sim_input_drop(&s->input);
    }
}

/* Real milliseconds until something is due. */
static int timeout(const struct sim *s) {
    int64_t now = mono(), ms = (sim_portal_due(&s->portal) - portal_now(s) + s->fast - 1) / s->fast;
    if (s->port.pty && !s->port.there && ms > SIM_PORT_LOOK_MS) ms = SIM_PORT_LOOK_MS;
    if (s->port.there && now < s->port.ready_at && s->port.ready_at - now < ms) ms = s->port.ready_at - now;
    if (now < s->asleep_until && s->asleep_until - now < ms) ms = s->asleep_until - now;
    return ms > 0 ? (int)ms : 0;
}

static void turn(struct sim *s) {
    struct pollfd p[1 + SIM_PORT_FDS];
    bool room = gl_sim_input_room(&s->input);
    p[0] = (struct pollfd){room ? STDIN_FILENO : -1, POLLIN, 0};
    sim_port_watch(&s->port, p + 1);
    if (poll(p, GL_COUNT(p), timeout(s)) < 0) return;
    if (p[0].revents) gl_sim_input_read(&s->input);
    sim_port_serve(&s->port, p + 1, mono());
    sim_portal_advance(&s->portal, portal_now(s));
    pass_on(s);
    run_lines(s);
}

static bool over(const struct sim *s) {
    bool waits = s->input.len > 0 || mono() < s->asleep_until || !(sim_portal_empty(&s->portal) || s->portal.vehicle.by_hand);
    return s->quit || (s->input.ended && !waits);
}

/* ---- options ------------------------------------------------------------------------------------------------------------------------- */
static bool read_background(const char *text, double out[SIM_DETECTORS]) {
    for (int i = 0; i < SIM_DETECTORS; i++) {
        size_t n = strcspn(text, ",");
        if (!parse_real(text, n, 1, 20000, &out[i]) || (text[n] == ',') != (i < SIM_DETECTORS - 1)) return false;
        text += n + 1;
    }
    return true;
}

static bool read_option(struct sim *s, int option, const char *text) {
    struct sim_setup *b = &s->setup;
    int64_t n = 0;
    switch (option) {
        case 'l':
        case 'p':
            if (s->port.at) return false;
            s->port.at = text;
            s->port.pty = option == 'p';
            return true;
        case 'e':
            if (gl_parse_int(text, 0, INT32_MAX, &n) < 0) return false;
            b->seed = (uint64_t)n;
            return true;
        case 'w': b->newer = strcmp(text, "new") == 0; return b->newer || strcmp(text, "legacy") == 0;
        case 's': return parse_real(text, strlen(text), 0.1, 99.9, &b->sigma);
        case 'g': return strlen(text) == 4 && strspn(text, "01") == 4 && gl_copy(b->flags, sizeof b->flags, text) == 0;
        case 'b': return read_background(text, b->background);
        case 'n': return parse_real(text, strlen(text), 0.1, 200, &b->neutrons);
        case 'f': return gl_parse_int(text, 1, MOST_FAST, &s->fast) == 0;
        default: return false;
    }
}

/* 0: run; positive: help was asked for; negative: a bad option was named. */
static int parse(int argc, char **argv, struct sim *s) {
    static const struct option options[] = {{"listen", 1, NULL, 'l'},     {"pty", 1, NULL, 'p'},      {"seed", 1, NULL, 'e'},
                                            {"firmware", 1, NULL, 'w'},   {"sigma", 1, NULL, 's'},    {"flags", 1, NULL, 'g'},
                                            {"background", 1, NULL, 'b'}, {"neutrons", 1, NULL, 'n'}, {"fast", 1, NULL, 'f'},
                                            {"help", 0, NULL, 'h'},       {NULL, 0, NULL, 0}};
    int which = 0;
    for (int o; (o = getopt_long(argc, argv, "", options, &which)) != -1;) {
        if (o == 'h') {
            fputs(help, stdout);
            return 1;
        }
        if (o == '?') return -EINVAL; /* getopt has named it */
        if (read_option(s, o, optarg)) continue;
        fprintf(stderr, "greenlane-sim-tsa: --%s %s is not understood; see --help\n", options[which].name, optarg);
        return -EINVAL;
    }
    if (optind == argc && s->port.at) return 0;
    fprintf(stderr, "greenlane-sim-tsa: one of --listen ADDR:PORT and --pty LINK is needed; see --help\n");
    return -EINVAL;
}

int main(int argc, char **argv) {
    static struct sim s = {
        .setup = {{414, 413, 414, 414}, 2.6, 5.0, "1010", false, 1}, .port = {.listener = -1, .peer = -1}, .fast = 1};
    struct gl_error err = {""};
    int rc = parse(argc, argv, &s);
    if (rc != 0) return rc < 0 ? 2 : 0;
    signal(SIGPIPE, SIG_IGN);
    if (sim_port_open(&s.port, &err) < 0) {
        fprintf(stderr, "greenlane-sim-tsa: %s\n", err.text);
        return 1;
    }
    s.random.state = s.setup.seed + 1;
    s.started = mono();
    sim_portal_init(&s.portal, &s.setup, 0);
    while (!over(&s)) turn(&s);
    sim_port_close(&s.port);
    sim_portal_free(&s.portal);
    gl_buf_free(&s.port.out);
    return 0;
}

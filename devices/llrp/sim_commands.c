/* Standard input of greenlane-sim-llrp: what happens before the antennas and to the connection, one command a line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llrp/sim_reader.h"

enum {
    MOST_TAGS = 100000,
    MOST_GARBAGE = 1 << 20,
    MOST_HEX = 1 << 16,
    DAY_MS = 24 * 3600 * 1000,
    AGE_MAX_S = 30 * 365 * 24 * 3600,
    REPLAY_SPAN_MS = 3600 * 1000,
};

const char gl_sim_commands_help[] =
    "  tag EPC [antenna=1] [rssi=-52] [count=1] [pc=3000]\n"
    "                         a tag before an antenna; EPC hexadecimal (24 digits are an EPC_96, else EPCData), - = one without "
    "bits\n"
    "  tags N [antenna=1] [rssi=-52]  N tags, each another: 3034257BF7194E40 and a number that counts on\n"
    "  old EPC age=SECONDS [antenna=1] [rssi=-52] [count=1]\n"
    "                         the same, but seen so long ago\n"
    "  replay N age=SECONDS [antenna=1]  N old tags in a burst, the oldest of that age, within an hour at most\n"
    "  empty                  a report without tags\n"
    "  antenna N off|on       an antenna comes off, or is there again: an event, and the answer to who asks which are connected\n"
    "  gpi N 0|1              an input changes: an event, and perhaps the trigger of a ROSpec\n"
    "  exception TEXT         a ReaderExceptionEvent\n"
    "  overflow               a ReportBufferOverflowErrorEvent\n"
    "  clock OFFSET_MS        sets the clock so far from the true time\n"
    "  close                  says so in a ConnectionCloseEvent, and closes\n"
    "  drop                   resets the connection without a word\n"
    "  mute, unmute           says nothing any more, but stays connected; speaks again\n"
    "  split on|off           sends in pieces of a few bytes\n"
    "  merge on|off           keeps what is to be sent, and sends it in one piece at \"off\"\n"
    "  raw HEX, garbage N     sends these bytes; N bytes of noise, the same in every run\n"
    "  sleep MS               waits before the next command\n"
    "  quit                   ends at once\n"
    "What needs a client waits for it; tags wait until the first inventory has begun, and are lost later when none is on, as "
    "before a real\n"
    "antenna. Seen while no client is there, they are kept (up to 1024) and reported when it is back.\n";

/* ---- words --------------------------------------------------------------------------------------------------------------------------- */
struct numbers {
    int64_t antenna, rssi, count, age, pc;
};
static const struct {
    const char *name;
    size_t at;
    int64_t min, max;
} keys[] = {{"antenna", offsetof(struct numbers, antenna), 1, GL_SIM_ANTENNAS},
            {"rssi", offsetof(struct numbers, rssi), -127, 0},
            {"count", offsetof(struct numbers, count), 1, 65535},
            {"age", offsetof(struct numbers, age), 0, AGE_MAX_S}};

/* Takes the next word of *text (moved on) into out[size]; false at the end, or when it is too long. */
static bool next_word(const char **text, char *out, size_t size) {
    *text += strspn(*text, " ");
    size_t n = strcspn(*text, " ");
    if (n == 0 || gl_copyn(out, size, *text, n) < 0) return false;
    *text += n;
    return true;
}

static int read_key(const char *word, struct numbers *n) {
    const char *value = strchr(word, '=');
    if (!value) return -EINVAL;
    size_t len = (size_t)(value++ - word);
    if (len == 2 && memcmp(word, "pc", 2) == 0 && strlen(value) == 4 && strspn(value, "0123456789abcdefABCDEF") == 4) {
        n->pc = (int64_t)strtoul(value, NULL, 16);
        return 0;
    }
    for (size_t i = 0; i < GL_COUNT(keys); i++) {
        if (strlen(keys[i].name) != len || memcmp(word, keys[i].name, len) != 0) continue;
        return gl_parse_int(value, keys[i].min, keys[i].max, (int64_t *)((char *)n + keys[i].at));
    }
    return -EINVAL;
}

static int read_numbers(const char *text, struct numbers *n) {
    char word[64];
    *n = (struct numbers){.antenna = 1, .rssi = -52, .count = 1, .age = -1, .pc = -1};
    while (next_word(&text, word, sizeof word)) {
        int rc = read_key(word, n);
        if (rc < 0) return rc;
    }
    return *text ? -EINVAL : 0;
}

static int hex_digit(char c) {
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
    return at ? (int)(at - digits) : -1;
}

static int read_epc(const char *word, struct gl_sim_read *r) {
    size_t n = strcmp(word, "-") == 0 ? 0 : strlen(word);
    if (n > 2 * (size_t)GL_SIM_EPC_BYTES) return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        int digit = hex_digit(word[i]);
        if (digit < 0) return -EINVAL;
        r->epc[i / 2] |= (uint8_t)(i % 2 == 0 ? digit << 4 : digit);
    }
    r->bits = (uint16_t)(n * 4);
    return 0;
}

/* ---- tags ---------------------------------------------------------------------------------------------------------------------------- */
/* What every command is given; `why`: a reason of its own where it did nothing (1). */
struct call {
    struct gl_sim *s;
    const char *arg;
    struct gl_sim_order *order;
    const char *why;
};

static void fill_in(struct gl_sim_read *r, const struct numbers *n) {
    r->antenna = (uint16_t)n->antenna;
    r->rssi = (int8_t)n->rssi;
    r->count = (uint16_t)n->count;
    r->pc = n->pc >= 0 ? (uint16_t)n->pc : (uint16_t)((r->bits + 15u) / 16 << 11); /* its length in words, and nothing else */
}

static int see_epc(struct call *c, bool old) {
    char epc[2 * GL_SIM_EPC_BYTES + 1];
    struct gl_sim_read r = {0};
    struct numbers n;
    if (!next_word(&c->arg, epc, sizeof epc) || read_epc(epc, &r) < 0 || read_numbers(c->arg, &n) < 0) return -EINVAL;
    if (n.antenna > c->s->antennas || (n.age >= 0) != old) return -EINVAL;
    fill_in(&r, &n);
    return gl_sim_see(c->s, &r, old ? n.age * 1000 : 0, &c->why);
}

static int run_tag(struct call *c) {
    return see_epc(c, false);
}
static int run_old(struct call *c) {
    return see_epc(c, true);
}

/* The next one of the tags that count on: a lawful SGTIN-96 with the serial number at its end. */
static void next_tag(struct gl_sim *s, struct gl_sim_read *r) {
    static const uint8_t start[] = {0x30, 0x34, 0x25, 0x7b, 0xf7, 0x19, 0x4e, 0x40};
    *r = (struct gl_sim_read){.bits = 96};
    memcpy(r->epc, start, sizeof start);
    uint32_t serial = ++s->next_tag;
    for (int i = 0; i < 4; i++) r->epc[8 + i] = (uint8_t)(serial >> (24 - 8 * i));
}

static int see_many(struct call *c, bool old) {
    char word[16];
    struct numbers n;
    int64_t many;
    if (!next_word(&c->arg, word, sizeof word) || gl_parse_int(word, 1, MOST_TAGS, &many) < 0 || read_numbers(c->arg, &n) < 0)
        return -EINVAL;
    if (n.antenna > c->s->antennas || (n.age >= 0) != old) return -EINVAL;
    int64_t age = old ? n.age * 1000 : 0, span = age < REPLAY_SPAN_MS ? age : REPLAY_SPAN_MS;
    for (int64_t i = 0; i < many; i++) {
        struct gl_sim_read r;
        next_tag(c->s, &r);
        fill_in(&r, &n);
        int rc = gl_sim_see(c->s, &r, old ? age - span * i / many : 0, &c->why);
        if (rc != 0) return rc;
    }
    return 0;
}

static int run_tags(struct call *c) {
    return see_many(c, false);
}
static int run_replay(struct call *c) {
    return see_many(c, true);
}
static int run_empty(struct call *c) {
    if (*c->arg) return -EINVAL;
    gl_sim_empty_report(c->s);
    return 0;
}

/* ---- events -------------------------------------------------------------------------------------------------------------------------- */
static int run_antenna(struct call *c) {
    char number[8], state[8];
    int64_t n;
    struct gl_sim *s = c->s;
    if (!next_word(&c->arg, number, sizeof number) || !next_word(&c->arg, state, sizeof state)) return -EINVAL;
    bool on = strcmp(state, "on") == 0;
    if (gl_parse_int(number, 1, s->antennas, &n) < 0 || (!on && strcmp(state, "off") != 0)) return -EINVAL;
    uint32_t bit = 1u << (n - 1);
    s->unplugged = on ? s->unplugged & ~bit : s->unplugged | bit;
    if (!gl_sim_event_wanted(s, GL_LLRP_ON_ANTENNA)) return 0; /* who comes later asks */
    size_t marks[3];
    gl_sim_event_begin(s, GL_LLRP_ANTENNA_EVENT, marks);
    gl_buf_u8(&s->out, on);
    gl_buf_u16(&s->out, (uint16_t)n);
    gl_sim_event_end(s, marks);
    return 0;
}

static int run_gpi(struct call *c) {
    char port[8], level[8];
    int64_t n, high;
    if (!next_word(&c->arg, port, sizeof port) || !next_word(&c->arg, level, sizeof level)) return -EINVAL;
    if (gl_parse_int(port, 1, GL_SIM_PORTS, &n) < 0 || gl_parse_int(level, 0, 1, &high) < 0) return -EINVAL;
    gl_sim_gpi(c->s, (int)n, high != 0);
    return 0;
}

static int run_exception(struct call *c) {
    c->why = "no client asks for such events";
    if (!gl_sim_event_wanted(c->s, GL_LLRP_ON_EXCEPTION)) return 1;
    size_t marks[3];
    gl_sim_event_begin(c->s, GL_LLRP_READER_EXCEPTION_EVENT, marks);
    gl_llrp_put_text(&c->s->out, c->arg);
    gl_sim_event_end(c->s, marks);
    return 0;
}

static int run_overflow(struct call *c) {
    c->s->overflowed = true;
    gl_sim_report(c->s);
    return 0;
}

static int run_clock(struct call *c) {
    c->why = "the clock counts from the start";
    if (c->s->uptime) return 1;
    return gl_parse_int(c->arg, -100LL * 365 * DAY_MS, 100LL * 365 * DAY_MS, &c->s->clock_offset_ms);
}

/* ---- the connection ------------------------------------------------------------------------------------------------------------------ */
static int run_close(struct call *c) {
    size_t marks[3];
    gl_sim_event_begin(c->s, GL_LLRP_CONNECTION_CLOSE_EVENT, marks);
    gl_sim_event_end(c->s, marks);
    c->order->wish = GL_SIM_CLOSE;
    return 0;
}

static int run_drop(struct call *c) {
    c->order->wish = GL_SIM_DROP;
    return 0;
}
static int run_mute(struct call *c) {
    c->s->muted = true;
    return 0;
}

static int run_unmute(struct call *c) {
    c->s->muted = false;
    c->s->missed = 0; /* none was sent */
    gl_sim_report(c->s);
    return 0;
}

static int on_or_off(struct call *c, enum gl_sim_wish wish) {
    bool on = strcmp(c->arg, "on") == 0;
    if (!on && strcmp(c->arg, "off") != 0) return -EINVAL;
    *c->order = (struct gl_sim_order){.wish = wish, .on = on};
    return 0;
}
static int run_split(struct call *c) {
    return on_or_off(c, GL_SIM_SPLIT);
}
static int run_merge(struct call *c) {
    return on_or_off(c, GL_SIM_MERGE);
}

static int run_raw(struct call *c) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(MOST_HEX);
    for (const char *p = c->arg; *p; p += 2) {
        while (*p == ' ') p++;
        int high = hex_digit(p[0]), low = high < 0 ? -1 : hex_digit(p[1]);
        if (low < 0) return -EINVAL;
        gl_buf_u8(&b, (uint8_t)(high << 4 | low));
    }
    if (b.failed || b.len == 0) return -EINVAL;
    gl_buf_add(&c->s->out, b.data, b.len);
    return 0;
}

static int run_garbage(struct call *c) {
    int64_t n;
    uint32_t noise = 1;
    if (gl_parse_int(c->arg, 1, MOST_GARBAGE, &n) < 0) return -EINVAL;
    while (n-- > 0) {
        noise = noise * 1664525u + 1013904223u;
        gl_buf_u8(&c->s->out, (uint8_t)(noise >> 24));
    }
    return 0;
}

static int run_sleep(struct call *c) {
    c->order->wish = GL_SIM_SLEEP;
    return gl_parse_int(c->arg, 0, DAY_MS, &c->order->ms);
}

static int run_quit(struct call *c) {
    c->order->wish = GL_SIM_QUIT;
    return 0;
}

/* ---- lines --------------------------------------------------------------------------------------------------------------------------- */
enum needs { NOTHING, CLIENT, INVENTORY };

static const struct command {
    const char *name;
    int (*run)(struct call *c); /* 0 done, 1 lawful but without effect (c->why), negative: the usage says how it is meant */
    enum needs needs;
    const char *usage;
} commands[] = {
    {"tag", run_tag, INVENTORY, "tag EPC [antenna=1] [rssi=-52] [count=1] [pc=3000]"},
    {"tags", run_tags, INVENTORY, "tags N [antenna=1] [rssi=-52]"},
    {"old", run_old, INVENTORY, "old EPC age=SECONDS [antenna=1] [rssi=-52] [count=1]"},
    {"replay", run_replay, INVENTORY, "replay N age=SECONDS [antenna=1]"},
    {"empty", run_empty, CLIENT, "empty"},
    {"antenna", run_antenna, NOTHING, "antenna N off|on"},
    {"gpi", run_gpi, NOTHING, "gpi N 0|1, N from 1 to 4"},
    {"exception", run_exception, CLIENT, "exception TEXT"},
    {"overflow", run_overflow, CLIENT, "overflow"},
    {"clock", run_clock, NOTHING, "clock OFFSET_MS"},
    {"close", run_close, CLIENT, "close"},
    {"drop", run_drop, CLIENT, "drop"},
    {"mute", run_mute, NOTHING, "mute"},
    {"unmute", run_unmute, NOTHING, "unmute"},
    {"split", run_split, NOTHING, "split on|off"},
    {"merge", run_merge, NOTHING, "merge on|off"},
    {"raw", run_raw, CLIENT, "raw HEX, two digits a byte"},
    {"garbage", run_garbage, CLIENT, "garbage N, 1..1048576"},
    {"sleep", run_sleep, NOTHING, "sleep MS"},
    {"quit", run_quit, NOTHING, "quit"},
};

static const struct command *find_command(const char *line) {
    for (size_t i = 0; i < GL_COUNT(commands); i++) {
        size_t n = strlen(commands[i].name);
        if (strncmp(line, commands[i].name, n) == 0 && (line[n] == ' ' || line[n] == '\0')) return &commands[i];
    }
    return NULL;
}

bool gl_sim_command(struct gl_sim *s, const char *line, struct gl_sim_order *ret) {
    struct gl_sim_order order = {GL_SIM_GO_ON, 0, false};
    const struct command *command = find_command(line);
    if (line[0] == '\0' || line[0] == '#') {
        *ret = order;
        return true;
    }
    if (!command) {
        gl_sim_say("unknown command: %s (--help shows them all)", line);
        *ret = order;
        return true;
    }
    if ((command->needs == CLIENT && !s->connected) || (command->needs == INVENTORY && !s->inventoried)) return false;

    const char *arg = line + strlen(command->name);
    struct call c = {s, arg + strspn(arg, " "), &order, NULL};
    int rc = command->run(&c);
    if (rc < 0) gl_sim_say("failed: %s (%s)", line, command->usage);
    if (rc > 0) gl_sim_say("without effect: %s (%s)", line, c.why);
    if (rc == 0) gl_sim_say("done: %s", line);
    *ret = rc < 0 ? (struct gl_sim_order){GL_SIM_GO_ON, 0, false} : order;
    return true;
}

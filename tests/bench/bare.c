/* bench-bare: the same work as the gateway's with nothing around it: what the hardware, SQLite and the broker cost at the least.
 *
 *     readings, packed, over SOCK_SEQPACKET ──► look-up ──► INSERT ──► one COMMIT for all that had come ──► light, PUBLISH (QoS 1)
 *
 * It takes the same datagrams from the same number of peers. A look-up is one prepared statement by plate or reference; there are no passages,
 * rules, decisions, sequences, hashes, states or checks. A code lights the lane's light, an output message to its gpio peer; the exit loop puts it
 * out. A portal's line that says alarm sets a line of a chip, the one that ends the occupancy clears it. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bare.h"
#include "chip.h"
#include "ipc/channel.h"

enum { PEERS = 128, LANES = 32, PER_TURN = 64, GROUP = PEERS * PER_TURN, TOPIC = 96, PAYLOAD = 512, LINE = 256 };

struct peer {
    int fd;    /* 0 = free */
    bool line; /* a code reader or a portal on TCP: lines of text instead of datagrams */
    char device[GL_ID];
    char text[LINE];
    size_t len;
};

struct waiting { /* for the commit */
    char topic[TOPIC], payload[PAYLOAD];
    int gpio;       /* index of the peer that is told; -1 = none */
    uint8_t signal; /* enum gl_signal */
    uint8_t amber;  /* tri: what the chip's line is set to */
};

struct bare {
    int epoll, listener, chip;
    struct peer peers[PEERS];
    struct bare_store *store;
    struct bare_mqtt *mqtt;
    struct waiting *wait;
    size_t n_wait;
    void *scratch; /* one unpacked message */
    uint8_t bytes[GL_IPC_MAX];
    struct gl_reading line_reading;
};

static volatile sig_atomic_t ended;
static void on_signal(int number GL_UNUSED) {
    ended = 1;
}

static void lane_of(const char *device, char lane[GL_ID]) {
    gl_format(lane, GL_ID, "%s", device);
    char *dot = strrchr(lane, '.');
    if (dot) *dot = '\0';
}

static int gpio_of(const struct bare *b, const char *lane) {
    char id[GL_ID + 8];
    gl_format(id, sizeof id, "%s.gpio", lane);
    for (int i = 0; i < PEERS; i++)
        if (b->peers[i].fd && strcmp(b->peers[i].device, id) == 0) return i;
    return -1;
}

static void write_payload(struct waiting *w, const struct gl_reading *r, int64_t movement) {
    char time[GL_TIME_TEXT];
    const char *text = r->kind == GL_READING_PLATE ? r->value.plate.text : r->kind == GL_READING_CODE ? r->value.code.text : "";
    gl_time_format(r->time, time);
    gl_format(w->topic, sizeof w->topic, "bare/v1/bench/lane/%s/reading/%s", r->lane, gl_reading_kinds[r->kind]);
    gl_format(w->payload, sizeof w->payload,
              "{\"time\":\"%s\",\"lane\":\"%s\",\"device\":\"%s\",\"text\":\"%s\",\"movement\":%lld}", time, r->lane, r->device,
              text, (long long)movement);
}

static void take_reading(struct bare *b, struct peer *p, struct gl_reading *r) {
    struct waiting *w = &b->wait[b->n_wait++];
    lane_of(p->device, r->lane);
    int64_t movement = bare_store_lookup(b->store, r);
    write_payload(w, r, movement);
    bool lights = r->kind == GL_READING_CODE && movement;
    bool left = r->kind == GL_READING_PRESENCE && r->value.presence.zone == GL_ZONE_EXIT && r->value.presence.occupied == GL_FALSE;
    w->gpio = lights || left ? gpio_of(b, r->lane) : -1;
    w->signal = lights ? GL_SIGNAL_RELEASE : GL_SIGNAL_STOP;
    w->amber = r->kind == GL_READING_RADIATION ? r->value.radiation.gamma_alarm : (uint8_t)GL_NULL;
    bare_store_insert(b->store, r, movement, w->payload);
}

static void drop(struct bare *b, struct peer *p) {
    epoll_ctl(b->epoll, EPOLL_CTL_DEL, p->fd, NULL);
    close(p->fd);
    *p = (struct peer){0};
}

/* ---- in -------------------------------------------------------------------------------------------------------------------------------- */

static void take_datagrams(struct bare *b, struct peer *p) {
    const uint64_t accepts = GL_ACCEPT(GL_MSG_HELLO) | GL_ACCEPT(GL_MSG_READING) | GL_ACCEPT(GL_MSG_DEVICE_STATUS);
    for (int i = 0; i < PER_TURN && b->n_wait < GROUP; i++) {
        enum gl_message_type type;
        ssize_t n = recv(p->fd, b->bytes, sizeof b->bytes, MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0 || gl_message_unpack(b->bytes, (size_t)n, accepts, &type, b->scratch) < 0) {
            drop(b, p);
            return;
        }
        if (type == GL_MSG_HELLO) gl_clip(p->device, sizeof p->device, ((const struct gl_msg_hello *)b->scratch)->device);
        if (type == GL_MSG_READING) take_reading(b, p, b->scratch);
    }
}

/* Of a portal: an alarm, and the end of an occupancy. */
static void take_portal_line(struct bare *b, struct peer *p) {
    struct gl_reading *r = &b->line_reading;
    bool alarm = p->len > 3 && memcmp(p->text, "GA,", 3) == 0, end = p->len > 3 && memcmp(p->text, "GX,", 3) == 0;
    p->len = 0;
    if (!alarm && !end) return;
    gl_reading_init(r, GL_READING_RADIATION);
    gl_format(r->device, sizeof r->device, "%s", p->device);
    r->value.radiation.gamma_alarm = gl_tri(alarm);
    r->time = gl_now_read().wall;
    take_reading(b, p, r);
}

static void take_line(struct bare *b, struct peer *p) {
    struct gl_reading *r = &b->line_reading;
    gl_reading_init(r, GL_READING_CODE);
    gl_format(r->device, sizeof r->device, "%s", p->device);
    gl_format(r->value.code.text, sizeof r->value.code.text, "%.*s", (int)p->len, p->text);
    gl_format(r->value.code.reference.type, sizeof r->value.code.reference.type, "gmr");
    gl_format(r->value.code.reference.value, sizeof r->value.code.reference.value, "%.*s", (int)p->len, p->text);
    r->time = gl_now_read().wall;
    p->len = 0;
    take_reading(b, p, r);
}

static void take_text(struct bare *b, struct peer *p) {
    char bytes[LINE];
    ssize_t n = recv(p->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN)) drop(b, p);
    for (ssize_t i = 0; i < n; i++) {
        bool end = bytes[i] == '\r' || bytes[i] == '\n';
        if (end && p->len > 0)
            b->chip >= 0 ? take_portal_line(b, p) : take_line(b, p);
        else if (!end && p->len < sizeof p->text)
            p->text[p->len++] = bytes[i];
    }
}

static void add_peer(struct bare *b, int fd, const char *line_device) {
    for (uint32_t i = 0; i < PEERS; i++) {
        struct peer *p = &b->peers[i];
        if (p->fd) continue;
        int size = 1 << 20; /* as the gateway does */
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
        *p = (struct peer){.fd = fd, .line = line_device != NULL};
        if (line_device) gl_clip(p->device, sizeof p->device, line_device);
        struct epoll_event e = {.events = EPOLLIN, .data.u32 = i + 1};
        epoll_ctl(b->epoll, EPOLL_CTL_ADD, fd, &e);
        return;
    }
    bench_die("bench-bare: too many peers");
}

/* ---- out ------------------------------------------------------------------------------------------------------------------------------- */

static void set_line(const struct bare *b, enum gl_wire_type type, bool level) {
    struct gl_wire_message m = {.version = GL_WIRE_VERSION, .type = type, .line = LINE_AMBER, .level = level};
    if (send(b->chip, &m, sizeof m, MSG_NOSIGNAL) != sizeof m) bench_die("bench-bare: the chip is gone");
}

static void finish_turn(struct bare *b) {
    struct gl_msg_output out = {.lease_until = 30000, .silence_ms = 2000};
    bare_store_commit(b->store);
    for (size_t i = 0; i < b->n_wait; i++) {
        const struct waiting *w = &b->wait[i];
        if (b->chip >= 0 && w->amber != GL_NULL) set_line(b, GL_WIRE_SET, w->amber == GL_TRUE);
        if (w->gpio < 0 || !b->peers[w->gpio].fd) continue;
        lane_of(b->peers[w->gpio].device, out.lane);
        out.signal = w->signal;
        if (gl_ipc_send_blocking(b->peers[w->gpio].fd, GL_MSG_OUTPUT, &out) < 0) continue; /* its end shows at the next read */
    }
    for (size_t i = 0; i < b->n_wait; i++) bare_mqtt_publish(b->mqtt, b->wait[i].topic, b->wait[i].payload);
    b->n_wait = 0;
    bare_mqtt_pace(b->mqtt);
}

enum { AGAIN_MS = 20 };

struct arguments {
    const char *socket, *cache, *journal, *chip;
    int broker, line;
};

static void reach_chip(struct bare *b, const char *path) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (gl_copy(to.sun_path, sizeof to.sun_path, path) < 0) bench_die("bench-bare: --chip: the path is too long");
    b->chip = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    while (connect(b->chip, (struct sockaddr *)&to, sizeof to) < 0 && !ended) poll(NULL, 0, AGAIN_MS);
    if (!ended) set_line(b, GL_WIRE_CLAIM_OUTPUT, false);
}

/* It may come later than we do, and its chip after it. */
static bool reach_device(struct bare *b, const struct arguments *a) {
    int fd = bench_connect(a->line);
    if (fd < 0) return false;
    add_peer(b, fd, a->chip ? "p.rpm" : "w.qr");
    if (a->chip) reach_chip(b, a->chip);
    return true;
}

static void serve(struct bare *b, const struct arguments *a) {
    struct epoll_event ready[PEERS];
    bool reached = a->line == 0;
    while (!ended) {
        int n = epoll_wait(b->epoll, ready, PEERS, reached ? -1 : AGAIN_MS);
        if (!reached) reached = reach_device(b, a);
        for (int i = 0; i < n; i++) {
            struct peer *p = ready[i].data.u32 ? &b->peers[ready[i].data.u32 - 1] : NULL;
            if (!p)
                add_peer(b, accept4(b->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), NULL);
            else if (p->line)
                take_text(b, p);
            else
                take_datagrams(b, p);
        }
        finish_turn(b);
    }
}

static struct arguments parse(int argc, char **argv) {
    static const struct option options[] = {{"socket", 1, NULL, 's'},
                                            {"cache", 1, NULL, 'c'},
                                            {"journal", 1, NULL, 'j'},
                                            {"broker", 1, NULL, 'b'},
                                            {"line", 1, NULL, 'l'},
                                            {"chip", 1, NULL, 'i'},
                                            {0}};
    struct arguments a = {0};
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (o == 's') a.socket = optarg;
        if (o == 'c') a.cache = optarg;
        if (o == 'j') a.journal = optarg;
        if (o == 'b') a.broker = (int)bench_int(optarg, "--broker");
        if (o == 'i') a.chip = optarg;
        if (o == 'l') a.line = (int)bench_int(optarg, "--line");
    }
    if (!a.socket || !a.cache || !a.journal || !a.broker)
        bench_die("usage: bench-bare --socket PATH --cache FILE --journal FILE --broker PORT [--line PORT [--chip PATH]]");
    return a;
}

int main(int argc, char **argv) {
    struct arguments a = parse(argc, argv);
    struct gl_error err;
    struct sigaction act = {.sa_handler = on_signal};
    struct bare *b = calloc(1, sizeof *b);
    if (!b || !(b->wait = calloc(GROUP, sizeof *b->wait)) || !(b->scratch = malloc(gl_ipc_scratch_size())))
        bench_die("bench-bare: out of memory");
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    b->store = bare_store_open(a.cache, a.journal);
    b->mqtt = bare_mqtt_open(a.broker);
    b->epoll = epoll_create1(EPOLL_CLOEXEC);
    b->listener = gl_ipc_listen(a.socket, &err);
    if (b->listener < 0) bench_die("bench-bare: %s", err.text);
    struct epoll_event e = {.events = EPOLLIN, .data.u32 = 0};
    epoll_ctl(b->epoll, EPOLL_CTL_ADD, b->listener, &e);
    b->chip = -1;
    serve(b, &a);
    bare_store_close(b->store);
    bare_mqtt_close(b->mqtt);
    free(b->wait);
    free(b->scratch);
    free(b);
    return 0;
}

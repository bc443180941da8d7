/* bench-load: drives a gateway, or bench-bare in its place, through the device socket, and measures from the outside.
 *
 *     bench-load passages    vehicles go through one lane one by one, while other lanes keep a steady load: time from the last evidence to the
 *                            light, and to the decision at the broker
 *     bench-load alarms      the same lane has a portal: time from the line that says alarm to the light, at the chip
 *     bench-load changes     the feed takes back what has released them: time from the change's publication to the end of green
 *     bench-load sustain     readings as fast as they are taken: time until all of them have come back from the broker
 *
 * Prints one JSON object; times are of CLOCK_MONOTONIC. */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char help[] =
    "usage: bench-load passages|alarms|changes|sustain --socket PATH [options]\n"
    "  --broker PORT     listen at this broker (none: to nothing but the light)\n"
    "  --filter TOPIC    what to listen to\n"
    "  --lane ID         passages: the measured lane\n"
    "  --line PORT       passages: its code reader is a real one; be the reader on this TCP port, and write the codes there\n"
    "  --portal PORT     alarms: be the portal on this TCP port\n"
    "  --chip PATH       alarms: be the chip of the lane's lines on this socket\n"
    "  --background N    lanes that keep up the load\n"
    "  --rate R          their readings per second, together\n"
    "  --passages N      how many are measured\n"
    "  --warm N          how many go before that\n"
    "  --timeout MS      a passage that is not released after so long counts as lost (2000)\n"
    "  --mix WHICH       sustain: codes (one more code for a vehicle that is decided) or passages (whole passages of six "
    "readings)\n"
    "  --count N         sustain: readings\n"
    "  --seq N           changes: the last number of the feed's movements that the gateway has\n"
    "  --movements N     how many the cache has\n"
    "  --first N         how many of them were used before";

void load_background_name(int i, char out[GL_ID]) {
    gl_format(out, GL_ID, "b-%02d", i + 1);
}

int64_t load_movement(const struct load_options *o, int64_t k) {
    static const int64_t stride = 7919; /* a prime that divides no power of ten */
    if (k >= o->movements) bench_die("bench-load: all %lld movements are used", (long long)o->movements);
    return k * stride % o->movements;
}

static struct load_options parse(int argc, char **argv) {
    static const struct option options[] = {{"socket", 1, NULL, 's'},  {"broker", 1, NULL, 'b'},    {"filter", 1, NULL, 'f'},
                                            {"lane", 1, NULL, 'l'},    {"line", 1, NULL, 'p'},      {"background", 1, NULL, 'g'},
                                            {"rate", 1, NULL, 'r'},    {"passages", 1, NULL, 'n'},  {"warm", 1, NULL, 'w'},
                                            {"timeout", 1, NULL, 't'}, {"mix", 1, NULL, 'm'},       {"count", 1, NULL, 'c'},
                                            {"first", 1, NULL, 'k'},   {"movements", 1, NULL, 'v'}, {"portal", 1, NULL, 'o'},
                                            {"chip", 1, NULL, 'i'},    {"seq", 1, NULL, 'q'},       {0}};
    struct load_options o = {.filter = "", .mix = "codes", .timeout_ms = 2000};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
            case 's': o.socket = optarg; break;
            case 'f': o.filter = optarg; break;
            case 'l': o.lane = optarg; break;
            case 'm': o.mix = optarg; break;
            case 'i': o.chip = optarg; break;
            case 'o': o.portal = (int)bench_int(optarg, "--portal"); break;
            case 'b': o.broker = (int)bench_int(optarg, "--broker"); break;
            case 'p': o.line = (int)bench_int(optarg, "--line"); break;
            case 'g': o.background = (int)bench_int(optarg, "--background"); break;
            case 'r': o.rate = bench_int(optarg, "--rate"); break;
            case 'n': o.passages = bench_int(optarg, "--passages"); break;
            case 'w': o.warm = bench_int(optarg, "--warm"); break;
            case 't': o.timeout_ms = bench_int(optarg, "--timeout"); break;
            case 'c': o.count = bench_int(optarg, "--count"); break;
            case 'k': o.first = bench_int(optarg, "--first"); break;
            case 'q': o.seq = bench_int(optarg, "--seq"); break;
            case 'v': o.movements = bench_int(optarg, "--movements"); break;
            default: bench_die("%s", help);
        }
    }
    if (!o.socket || o.background > BENCH_LANES || optind + 1 != argc) bench_die("%s", help);
    return o;
}

int load_be_server(int port, const char *what) {
    enum { CONNECT_S = 60 };
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&a, sizeof a) < 0 || listen(listener, 1) < 0)
        bench_die("bench-load: port %d: %s", port, strerror(errno));
    struct pollfd p = {.fd = listener, .events = POLLIN};
    if (poll(&p, 1, CONNECT_S * 1000) <= 0) bench_die("bench-load: nobody connects to %s on port %d", what, port);
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    close(listener);
    return fd;
}

int64_t load_pause(uint64_t *random, int64_t least_ms, int64_t most_ms) {
    static const int64_t ms = 1000000;
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return bench_ns() + least_ms * ms + (int64_t)((*random >> 33) % (uint64_t)((most_ms - least_ms) * ms));
}

int main(int argc, char **argv) {
    struct load_options o = parse(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    if (strcmp(argv[optind], "passages") == 0)
        load_passages(&o);
    else if (strcmp(argv[optind], "alarms") == 0)
        load_alarms(&o);
    else if (strcmp(argv[optind], "changes") == 0)
        load_changes(&o);
    else if (strcmp(argv[optind], "sustain") == 0)
        load_sustain(&o);
    else
        bench_die("%s", help);
    return 0;
}

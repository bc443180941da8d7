/* greenlane-sim-isapi: plays a Hikvision ANPR camera.
 *
 *     --push URL           each event is one POST of multipart/form-data, as to an alarm server
 *     --serve ADDR:PORT    an endless multipart/mixed answer at /ISAPI/Event/notification/alertStream, Digest where a user is given
 *
 * What it saw comes as commands on standard input (script.h). One thread; while serving, one poll() over standard input and the
 * HTTP server. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "isapi/script.h"

enum { CLIENTS_MAX = 4, QUEUE_MAX = 16 * 1024 * 1024, LINE_MAX_BYTES = 4096, DRAIN_MS = 2000 };

/* Somebody who reads the stream. */
struct client {
    struct MHD_Connection *connection; /* NULL = free */
    struct gl_buf queue;
    size_t sent;
    bool suspended;
    bool ending; /* close when the queue is empty, */
    bool cut;    /* and by breaking the connection */
};

struct sim {
    const char *push, *serve, *user, *password;
    int64_t heartbeat_ms, next_heartbeat;
    uint64_t count;
    struct MHD_Daemon *daemon;
    struct client clients[CLIENTS_MAX];
    char line[LINE_MAX_BYTES];
    size_t line_len;
    bool line_too_long, quit;
    int64_t paused_until; /* sleep and wait: no command before it */
    bool waiting;         /* wait: a reader ends the pause */
};

/* ---- serving ---- */

static ssize_t next_bytes(void *user, uint64_t pos GL_UNUSED, char *out, size_t max) {
    struct client *c = user;
    size_t left = c->queue.len - c->sent;
    if (left == 0 && c->ending) return c->cut ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
    if (left == 0) {
        c->suspended = true;
        MHD_suspend_connection(c->connection);
        return 0;
    }
    size_t n = left < max ? left : max;
    memcpy(out, c->queue.data + c->sent, n);
    c->sent += n;
    if (c->sent == c->queue.len) {
        c->sent = 0;
        gl_buf_reset(&c->queue);
    }
    return (ssize_t)n;
}

static void client_gone(void *user) {
    struct client *c = user;
    gl_buf_free(&c->queue);
    *c = (struct client){0};
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *text) {
    struct MHD_Response *r = MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(r, "Content-Type", "application/xml");
    enum MHD_Result rc = MHD_queue_response(connection, status, r);
    MHD_destroy_response(r);
    return rc;
}

static enum MHD_Result ask_for_password(struct MHD_Connection *connection, bool stale) {
    static const char text[] = "<ResponseStatus><statusString>Unauthorized</statusString></ResponseStatus>\n";
    struct MHD_Response *r = MHD_create_response_from_buffer(sizeof text - 1, (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result rc =
        MHD_queue_auth_fail_response2(connection, "DS-SIM", "6f7061717565", r, stale ? MHD_YES : MHD_NO, MHD_DIGEST_ALG_MD5);
    MHD_destroy_response(r);
    return rc;
}

static enum MHD_Result open_stream(struct sim *s, struct MHD_Connection *connection) {
    struct client *c = NULL;
    for (size_t i = 0; i < CLIENTS_MAX && !c; i++)
        if (!s->clients[i].connection) c = &s->clients[i];
    if (!c)
        return answer(
            connection, MHD_HTTP_FORBIDDEN,
            "<ResponseStatus><statusString>The device is streaming to too many clients</statusString></ResponseStatus>\n");
    *c = (struct client){.connection = connection, .queue = GL_BUF(QUEUE_MAX)};
    struct MHD_Response *r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 65536, next_bytes, c, client_gone);
    MHD_set_response_options(r, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END); /* not chunked, as cameras do it */
    MHD_add_response_header(r, "MIME-Version", "1.0");
    MHD_add_response_header(r, "Connection", "close");
    MHD_add_response_header(r, "Content-Type", "multipart/mixed; boundary=boundary");
    enum MHD_Result rc = MHD_queue_response(connection, MHD_HTTP_OK, r);
    MHD_destroy_response(r);
    if (s->waiting) s->paused_until = 0;
    return rc;
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version GL_UNUSED, const char *upload GL_UNUSED, size_t *upload_size, void **seen) {
    struct sim *s = user;
    if (!*seen) { /* the header alone is here: an answer now would close the connection */
        *seen = s;
        return MHD_YES;
    }
    *upload_size = 0;
    if (s->user) {
        int rc = MHD_digest_auth_check2(connection, "DS-SIM", s->user, s->password, 300, MHD_DIGEST_ALG_MD5);
        if (rc != MHD_YES) return ask_for_password(connection, rc == MHD_INVALID_NONCE);
    }
    if (strcmp(url, "/ISAPI/Event/notification/alertStream") != 0)
        return answer(connection, MHD_HTTP_NOT_FOUND,
                      "<ResponseStatus><statusString>Invalid Operation</statusString></ResponseStatus>\n");
    if (strcmp(method, "GET") != 0)
        return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
                      "<ResponseStatus><statusString>Invalid Method</statusString></ResponseStatus>\n");
    return open_stream(s, connection);
}

/* ADDR:PORT of an IPv4 address; port 0 takes a free one. */
static int parse_address(const char *text, struct sockaddr_in *ret) {
    char host[64];
    const char *colon = strrchr(text, ':');
    int64_t port;
    if (!colon || gl_copyn(host, sizeof host, text, (size_t)(colon - text)) < 0) return -EINVAL;
    *ret = (struct sockaddr_in){.sin_family = AF_INET};
    if (gl_parse_int(colon + 1, 0, 65535, &port) < 0 || inet_pton(AF_INET, host, &ret->sin_addr) != 1) return -EINVAL;
    ret->sin_port = htons((uint16_t)port);
    return 0;
}

static int start_server(struct sim *s) {
    struct sockaddr_in address;
    char random[16], host[INET_ADDRSTRLEN];
    if (parse_address(s->serve, &address) < 0) {
        fprintf(stderr, "--serve %s: it must be an IPv4 address and a port, like 127.0.0.1:8080\n", s->serve);
        return -EINVAL;
    }
    GL_CLEANUP(gl_close_fd) int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, random, sizeof random) != (ssize_t)sizeof random) return -EIO;
    s->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, ntohs(address.sin_port), NULL, NULL, on_request, s,
                                 MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_DIGEST_AUTH_RANDOM, sizeof random,
                                 random, MHD_OPTION_NONCE_NC_SIZE, 64u, MHD_OPTION_CONNECTION_LIMIT, 16u, MHD_OPTION_END);
    if (!s->daemon) {
        fprintf(stderr, "cannot listen on %s: %s\n", s->serve, strerror(errno));
        return -errno;
    }
    const union MHD_DaemonInfo *port = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);
    inet_ntop(AF_INET, &address.sin_addr, host, sizeof host);
    printf("listening on %s:%u\n", host, port ? port->port : ntohs(address.sin_port));
    return 0;
}

static void wake(struct client *c) {
    if (!c->suspended) return;
    c->suspended = false;
    MHD_resume_connection(c->connection);
}

/* Queues bytes for everybody who reads; one who is 16 MiB behind is cut off. Returns how many read. */
static int broadcast(struct sim *s, const struct gl_buf *bytes, bool then_end) {
    int n = 0;
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *c = &s->clients[i];
        if (!c->connection || c->ending) continue;
        gl_buf_add(&c->queue, bytes->data ? bytes->data : "", bytes->len);
        c->cut = then_end || c->queue.failed;
        c->ending = c->cut;
        wake(c);
        n++;
    }
    return n;
}

static bool readers(const struct sim *s) {
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        if (s->clients[i].connection && !s->clients[i].ending) return true;
    return false;
}

/* ---- pushing ---- */

struct upload {
    const struct gl_buf *body;
    size_t at, stop; /* stop < body->len: the connection breaks there */
};

static size_t next_upload(char *out, size_t size, size_t n, void *user) {
    struct upload *u = user;
    size_t room = size * n, left = u->stop - u->at;
    if (left == 0 && u->stop < u->body->len) return CURL_READFUNC_ABORT;
    size_t take = left < room ? left : room;
    memcpy(out, u->body->data + u->at, take);
    u->at += take;
    return take;
}

static size_t ignore_answer(char *bytes GL_UNUSED, size_t size, size_t n, void *user GL_UNUSED) {
    return size * n;
}

static void push(struct sim *s, const char *what, const char *content_type, const struct gl_buf *body, size_t stop) {
    struct upload u = {.body = body, .stop = stop};
    char type[128], reason[CURL_ERROR_SIZE] = "";
    long status = 0;
    gl_format(type, sizeof type, "Content-Type: %s", content_type);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, type);
    headers = curl_slist_append(headers, "Connection: close");
    headers = curl_slist_append(headers, "Expect:");
    headers = curl_slist_append(headers, "Accept:");
    curl_easy_setopt(curl, CURLOPT_URL, s->push);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, next_upload);
    curl_easy_setopt(curl, CURLOPT_READDATA, &u);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore_answer);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 10000L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    CURLcode rc = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (rc == CURLE_OK)
        printf("sent HTTP %ld %s\n", status, what);
    else if (rc == CURLE_ABORTED_BY_CALLBACK)
        printf("cut after %zu of %zu bytes %s\n", u.at, body->len, what);
    else
        printf("failed %s: %s\n", what, reason[0] ? reason : curl_easy_strerror(rc));
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
}

/* ---- commands ---- */

/* Sends a body: as one request, or to everybody who reads. cut_at < len sends only so much and closes. */
static void deliver(struct sim *s, const char *what, const char *type, struct gl_buf *body, size_t cut_at) {
    if (body->failed) {
        printf("failed %s: too big\n", what);
    } else if (s->push) {
        push(s, what, type, body, cut_at);
    } else {
        bool cut = cut_at < body->len;
        body->len = cut_at;
        int n = broadcast(s, body, cut);
        printf("%s to %d client%s %s\n", cut ? "cut" : "sent", n, n == 1 ? "" : "s", what);
    }
}

static void send_event(struct sim *s, const struct gl_isapi_command *c) {
    GL_CLEANUP(gl_buf_free) struct gl_buf body = GL_BUF(65536 * 4);
    char what[160];
    gl_isapi_compose_message(&c->scene, s->push != NULL, &body);
    if (s->push) gl_buf_text(&body, "--boundary--\r\n");
    gl_format(what, sizeof what, "plate %s", c->scene.plate);
    deliver(s, what, "multipart/form-data; boundary=boundary", &body, c->order == GL_ISAPI_CUT ? body.len / 2 : body.len);
}

static void send_heartbeat(struct sim *s, struct gl_now now, bool report) {
    GL_CLEANUP(gl_buf_free) struct gl_buf xml = GL_BUF(65536), part = GL_BUF(65536);
    char time[GL_TIME_TEXT];
    gl_isapi_time_text(now.wall, time, sizeof time);
    gl_isapi_compose_heartbeat(time, &xml);
    if (s->push) {
        deliver(s, "heartbeat", "application/xml; charset=\"UTF-8\"", &xml, xml.len);
        return;
    }
    gl_isapi_compose_part("application/xml; charset=\"UTF-8\"", NULL, "", xml.data, xml.len, &part);
    if (report)
        deliver(s, "heartbeat", "", &part, part.len);
    else
        broadcast(s, &part, false);
}

static void send_file(struct sim *s, const char *path) {
    GL_CLEANUP(gl_buf_free) struct gl_buf body = GL_BUF(QUEUE_MAX);
    GL_CLEANUP(gl_close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    char chunk[16384], what[600];
    ssize_t n = fd < 0 ? -1 : 0;
    while (fd >= 0 && (n = read(fd, chunk, sizeof chunk)) > 0) gl_buf_add(&body, chunk, (size_t)n);
    if (n < 0) {
        printf("failed raw %s: %s\n", path, strerror(errno));
        return;
    }
    gl_format(what, sizeof what, "raw %s", path);
    deliver(s, what, "multipart/form-data; boundary=boundary", &body, body.len);
}

static void send_noise(struct sim *s, int64_t n) {
    GL_CLEANUP(gl_buf_free) struct gl_buf body = GL_BUF(QUEUE_MAX);
    uint32_t x = 2463534242u + (uint32_t)s->count; /* xorshift: the same noise in every run */
    for (int64_t i = 0; i < n; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        gl_buf_u8(&body, (uint8_t)x);
    }
    deliver(s, "garbage", "multipart/form-data; boundary=boundary", &body, body.len);
}

static void run_line(struct sim *s, const char *line) {
    struct gl_isapi_command c;
    struct gl_error err;
    struct gl_now now = gl_now_read();
    if (gl_isapi_command_parse(line, now.wall, s->count++, &c, &err) < 0) {
        printf("error: %s\n", err.text);
        return;
    }
    switch (c.order) {
        case GL_ISAPI_NOTHING: break;
        case GL_ISAPI_EVENT:
        case GL_ISAPI_CUT: send_event(s, &c); break;
        case GL_ISAPI_HEARTBEAT: send_heartbeat(s, now, true); break;
        case GL_ISAPI_RAW: send_file(s, c.text); break;
        case GL_ISAPI_GARBAGE: send_noise(s, c.number); break;
        case GL_ISAPI_WAIT:
            s->waiting = s->serve && !readers(s);
            s->paused_until = s->waiting ? now.mono + c.number : 0;
            break;
        case GL_ISAPI_SLEEP: s->paused_until = now.mono + c.number; break;
        case GL_ISAPI_QUIT: s->quit = true; break;
    }
}

/* Says how a pause ended, once it has. */
static void end_pause(struct sim *s, int64_t mono) {
    if (s->paused_until == 0 && !s->waiting) return;
    if (s->paused_until > mono) return;
    if (s->waiting)
        printf("%s\n", readers(s) ? "a client reads" : "nobody reads");
    else
        printf("slept\n");
    s->waiting = false;
    s->paused_until = 0;
}

/* Takes one line out of what was read; false when there is none. */
static bool take_line(struct sim *s) {
    char line[LINE_MAX_BYTES];
    char *nl = memchr(s->line, '\n', s->line_len);
    if (!nl) {
        if (s->line_len == sizeof s->line) {
            s->line_too_long = true;
            s->line_len = 0;
        }
        return false;
    }
    size_t n = (size_t)(nl - s->line);
    int rc = gl_copyn(line, sizeof line, s->line, n);
    memmove(s->line, nl + 1, s->line_len - n - 1);
    s->line_len -= n + 1;
    if (rc < 0 || s->line_too_long)
        printf("error: a command is one line of text of less than %d bytes\n", LINE_MAX_BYTES);
    else
        run_line(s, line);
    s->line_too_long = false;
    return true;
}

/* Reads commands, and runs them as long as no pause holds them back. */
static void read_commands(struct sim *s) {
    ssize_t n = read(STDIN_FILENO, s->line + s->line_len, sizeof s->line - s->line_len);
    if (n <= 0) {
        if (n < 0 && errno == EINTR) return;
        s->quit = true;
        if (s->line_len > 0 && s->line_len < sizeof s->line) s->line[s->line_len++] = '\n';
        take_line(s);
        return;
    }
    s->line_len += (size_t)n;
}

/* How long to sleep at most: until the pause, the heartbeat or the HTTP server wants something. */
static int wait_ms(const struct sim *s, int64_t mono) {
    int64_t ms = s->paused_until > mono ? s->paused_until - mono : 60000;
    MHD_UNSIGNED_LONG_LONG server;
    if (s->heartbeat_ms > 0 && s->next_heartbeat - mono < ms) ms = s->next_heartbeat - mono;
    if (s->daemon && MHD_get_timeout(s->daemon, &server) == MHD_YES && (int64_t)server < ms) ms = (int64_t)server;
    return ms < 0 ? 0 : (int)ms;
}

static void turn(struct sim *s, bool commands) {
    const union MHD_DaemonInfo *info = s->daemon ? MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    struct pollfd p[2] = {{.fd = commands ? STDIN_FILENO : -1, .events = POLLIN},
                          {.fd = info ? info->epoll_fd : -1, .events = POLLIN}};
    fflush(stdout);
    poll(p, 2, wait_ms(s, gl_now_read().mono));
    if (s->daemon) MHD_run(s->daemon);
    if (p[0].revents) read_commands(s);
    struct gl_now now = gl_now_read();
    end_pause(s, now.mono);
    if (s->heartbeat_ms > 0 && now.mono >= s->next_heartbeat) {
        send_heartbeat(s, now, false);
        s->next_heartbeat = now.mono + s->heartbeat_ms;
    }
}

static bool queued(const struct sim *s) {
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        if (s->clients[i].connection && s->clients[i].queue.len > 0) return true;
    return false;
}

static void run(struct sim *s) {
    while (!s->quit || s->paused_until > 0) {
        bool paused = s->paused_until > 0;
        if (!paused && take_line(s)) continue;
        if (!s->quit || s->paused_until > 0) turn(s, !paused && !s->quit);
    }
    for (int64_t until = gl_now_read().mono + DRAIN_MS; queued(s) && gl_now_read().mono < until;) turn(s, false);
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        s->clients[i].ending = true;
        wake(&s->clients[i]);
    }
    if (s->daemon) {
        MHD_run(s->daemon);
        MHD_stop_daemon(s->daemon);
    }
}

static void help(void) {
    printf(
        "Plays a Hikvision ANPR camera.\n\n"
        "  greenlane-sim-isapi --push http://127.0.0.1:8123/cam-1\n"
        "      posts each event as the camera does to its alarm server (multipart/form-data: anpr.xml and pictures)\n"
        "  greenlane-sim-isapi --serve 127.0.0.1:8080 [--user U --password P] [--heartbeat SECONDS]\n"
        "      serves /ISAPI/Event/notification/alertStream (endless multipart/mixed; Digest when a user is given;\n"
        "      a heartbeat every 10 seconds, 0 = none); port 0 takes a free one and prints it\n\n"
        "%s\n"
        "Each command prints one line. Example:\n"
        "  echo 'plate NC15REG country=GB confidence=97 lane=1' | greenlane-sim-isapi --push http://127.0.0.1:8123/cam-1\n",
        gl_isapi_script_help);
}

static int parse_arguments(struct sim *s, int argc, char **argv) {
    static const struct option table[] = {{"push", 1, NULL, 'p'},
                                          {"serve", 1, NULL, 's'},
                                          {"user", 1, NULL, 'u'},
                                          {"password", 1, NULL, 'w'},
                                          {"heartbeat", 1, NULL, 'b'},
                                          {"help", 0, NULL, 'h'},
                                          {0}};
    int64_t seconds = 10;
    for (int c; (c = getopt_long(argc, argv, "h", table, NULL)) != -1;) {
        if (c == 'p')
            s->push = optarg;
        else if (c == 's')
            s->serve = optarg;
        else if (c == 'u')
            s->user = optarg;
        else if (c == 'w')
            s->password = optarg;
        else if (c == 'b' && gl_parse_int(optarg, 0, 3600, &seconds) == 0)
            continue;
        else if (c == 'h')
            return 1;
        else if (c == 'b')
            return fprintf(stderr, "--heartbeat %s: it must be 0 to 3600 seconds\n", optarg), -EINVAL;
        else
            return -EINVAL;
    }
    s->heartbeat_ms = s->serve ? seconds * 1000 : 0;
    bool fits = optind == argc && !s->push != !s->serve && !s->user == !s->password && (s->serve || !s->user);
    if (!fits)
        fprintf(stderr,
                "say either --push URL or --serve ADDR:PORT, the latter with both of --user and --password or none; --help says "
                "more\n");
    return fits ? 0 : -EINVAL;
}

int main(int argc, char **argv) {
    struct sim s = {.count = 1};
    int rc = parse_arguments(&s, argc, argv);
    if (rc > 0) help();
    if (rc != 0) return rc < 0 ? 2 : 0;
    if (s.serve && start_server(&s) < 0) return 1;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    s.next_heartbeat = gl_now_read().mono + s.heartbeat_ms;
    run(&s);
    curl_global_cleanup();
    return 0;
}

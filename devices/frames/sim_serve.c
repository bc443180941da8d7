#include "frames/sim_serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frames/sim_rtp.h"

enum { STAMP_STEP = 9000 /* of 90 kHz: a tenth of a second, whatever the rate is */ };

int sim_serve_open(struct sim_serve *s, const char *at, struct gl_error *err) {
    char host[64];
    const char *colon = strrchr(at, ':');
    int64_t port;
    int on = 1;
    struct sockaddr_in a = {.sin_family = AF_INET};
    for (size_t i = 0; i < SIM_CLIENTS; i++) s->clients[i].fd = -1;
    if (!colon || gl_copyn(host, sizeof host, at, (size_t)(colon - at)) < 0 || gl_parse_int(colon + 1, 1, 65535, &port) < 0 ||
        inet_pton(AF_INET, host, &a.sin_addr) != 1)
        return gl_fail(err, -EINVAL, "--listen %s: must read ADDRESS:PORT", at);
    a.sin_port = htons((uint16_t)port);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&a, sizeof a) < 0 || listen(s->listener, SIM_CLIENTS) < 0)
        return gl_fail(err, -errno, "cannot listen on %s: %s", at, strerror(errno));
    return 0;
}

static void hang_up(struct sim_client *c) {
    if (c->fd >= 0) close(c->fd);
    gl_buf_free(&c->out);
    *c = (struct sim_client){.fd = -1};
}

void sim_serve_cut(struct sim_serve *s) {
    for (size_t i = 0; i < SIM_CLIENTS; i++) hang_up(&s->clients[i]);
}

int sim_serve_watchers(const struct sim_serve *s) {
    int n = 0;
    for (size_t i = 0; i < SIM_CLIENTS; i++) n += s->clients[i].fd >= 0 && s->clients[i].playing;
    return n;
}

/* ---- asking ------------------------------------------------------------------------------------------------------------------------ */
static void answer_http(struct sim_client *c) {
    c->picture = strncmp(c->in, "GET /snapshot.jpg", 17) == 0;
    bool video = strncmp(c->in, "GET /mjpeg", 10) == 0;
    c->watch = video || c->picture ? SIM_MJPEG : SIM_LAST;
    c->playing = video || c->picture;
    if (video)
        gl_buf_text(&c->out, "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n");
    else if (!c->picture)
        gl_buf_text(&c->out, "HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

static const char sdp[] =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=rtpmap:26 "
    "JPEG/90000\r\na=control:track0\r\n";

static void answer_rtsp(struct sim_client *c) {
    static const struct {
        const char *method, *header;
    } answers[] = {
        {"OPTIONS ", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n"},
        {"SETUP ", "Session: 17\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"},
        {"PLAY ", "Session: 17\r\n"},
        {"GET_PARAMETER ", "Session: 17\r\n"},
        {"TEARDOWN ", "Session: 17\r\n"},
    };
    const char *cseq = strcasestr(c->in, "\nCSeq:"), *header = NULL;
    for (size_t i = 0; i < GL_COUNT(answers); i++)
        if (strncmp(c->in, answers[i].method, strlen(answers[i].method)) == 0) header = answers[i].header;
    bool describe = strncmp(c->in, "DESCRIBE ", 9) == 0;
    gl_buf_printf(&c->out, "RTSP/1.0 %s\r\nCSeq: %.*s\r\n", header || describe ? "200 OK" : "501 Not Implemented",
                  cseq ? (int)strspn(cseq + 6, " 0123456789") : 1, cseq ? cseq + 6 : "0");
    if (header) gl_buf_text(&c->out, header);
    if (describe) gl_buf_printf(&c->out, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n", sizeof sdp - 1);
    gl_buf_text(&c->out, "\r\n");
    if (describe) gl_buf_text(&c->out, sdp);
    if (strncmp(c->in, "PLAY ", 5) == 0) c->playing = true;
    if (strncmp(c->in, "TEARDOWN ", 9) == 0) c->watch = SIM_LAST;
}

/* RTCP that the caller sends, in between: '$', channel, length. */
static size_t skip_interleaved(const struct sim_client *c) {
    size_t n = c->n_in >= 4 ? 4 + ((size_t)(uint8_t)c->in[2] << 8 | (uint8_t)c->in[3]) : 0;
    return n <= c->n_in ? n : 0;
}

static void hear(struct sim_client *c) {
    for (;;) {
        c->in[c->n_in] = '\0';
        size_t n = c->n_in > 0 && c->in[0] == '$' ? skip_interleaved(c) : 0;
        const char *end = strstr(c->in, "\r\n\r\n");
        if (n == 0 && c->n_in > 0 && c->in[0] != '$' && end) {
            n = (size_t)(end - c->in) + 4;
            if (c->watch == SIM_ASKING) c->watch = strncmp(c->in, "GET ", 4) == 0 ? SIM_MJPEG : SIM_RTSP;
            if (c->watch == SIM_RTSP)
                answer_rtsp(c);
            else if (!c->playing)
                answer_http(c);
        }
        if (n == 0) return;
        memmove(c->in, c->in + n, c->n_in - n);
        c->n_in -= n;
    }
}

/* ---- moving bytes ------------------------------------------------------------------------------------------------------------------ */
static void take_in(struct sim_client *c) {
    ssize_t n = recv(c->fd, c->in + c->n_in, sizeof c->in - 1 - c->n_in, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        hang_up(c);
        return;
    }
    if (n > 0) c->n_in += (size_t)n;
    hear(c);
    if (c->n_in == sizeof c->in - 1) hang_up(c);
}

static void send_out(const struct sim_serve *s, struct sim_client *c) {
    size_t left = c->out.len - c->sent, most = s->slow > 0 && left > (size_t)s->slow ? (size_t)s->slow : left;
    ssize_t n = left > 0 ? send(c->fd, c->out.data + c->sent, most, MSG_NOSIGNAL) : 0;
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        hang_up(c);
        return;
    }
    if (n > 0) c->sent += (size_t)n;
    if (c->sent < c->out.len) return;
    c->sent = 0;
    gl_buf_reset(&c->out);
    if (c->watch == SIM_LAST) hang_up(c);
}

static void take_caller(struct sim_serve *s) {
    int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
    struct sim_client *c = NULL;
    for (size_t i = 0; i < SIM_CLIENTS && !c; i++)
        if (s->clients[i].fd < 0) c = &s->clients[i];
    if (fd < 0) return;
    if (!c) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    *c = (struct sim_client){.fd = fd, .out = GL_BUF(SIM_OUT)};
}

void sim_serve_turn(struct sim_serve *s, int ms, bool input, bool *ret_input) {
    struct pollfd p[SIM_CLIENTS + 2] = {{s->listener, POLLIN, 0}, {input ? STDIN_FILENO : -1, POLLIN, 0}};
    for (size_t i = 0; i < SIM_CLIENTS; i++) {
        const struct sim_client *c = &s->clients[i];
        p[i + 2] = (struct pollfd){c->fd, (short)(POLLIN | (c->out.len > 0 && s->slow == 0 ? POLLOUT : 0)), 0};
    }
    if (poll(p, SIM_CLIENTS + 2, ms) < 0) return;
    for (size_t i = 0; i < SIM_CLIENTS; i++) {
        struct sim_client *c = &s->clients[i];
        if (p[i + 2].revents & (POLLIN | POLLHUP | POLLERR) && c->fd >= 0) take_in(c);
        if (c->fd >= 0) send_out(s, c);
    }
    if (p[0].revents) take_caller(s);
    *ret_input = p[1].revents != 0;
}

/* ---- pictures ---------------------------------------------------------------------------------------------------------------------- */
static void send_part(struct sim_client *c, const uint8_t *bytes, size_t len) {
    if (c->picture)
        gl_buf_printf(&c->out, "HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %zu\r\n\r\n", len);
    else
        gl_buf_printf(&c->out, "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %zu\r\n\r\n", len);
    gl_buf_add(&c->out, bytes, len);
    if (!c->picture) gl_buf_text(&c->out, "\r\n");
    if (c->picture) c->watch = SIM_LAST;
}

/* A client that has not taken the last one yet goes without, as from a real camera. */
void sim_serve_frame(struct sim_serve *s, const uint8_t *jpeg, size_t len, int w, int h) {
    for (size_t i = 0; i < SIM_CLIENTS; i++) {
        struct sim_client *c = &s->clients[i];
        if (c->fd < 0 || !c->playing || c->out.len > 0 || c->watch == SIM_LAST) continue;
        c->stamp += STAMP_STEP;
        if (c->watch == SIM_MJPEG)
            send_part(c, jpeg, len);
        else if (sim_rtp_jpeg(&c->out, jpeg, len, w, h, &c->sequence, c->stamp) < 0)
            fprintf(stderr, "greenlane-sim-frames: a picture that does not fit RTP\n");
    }
}

void sim_serve_noise(struct sim_serve *s, const uint8_t *bytes, size_t len, bool framed) {
    for (size_t i = 0; i < SIM_CLIENTS; i++) {
        struct sim_client *c = &s->clients[i];
        if (c->fd < 0 || !c->playing || c->out.len > SIM_OUT / 2) continue;
        if (c->watch == SIM_MJPEG && framed)
            send_part(c, bytes, len);
        else if (framed)
            for (size_t at = 0; at < len; at += 1400)
                sim_rtp_packet(&c->out, bytes + at, len - at < 1400 ? len - at : 1400, at + 1400 >= len, &c->sequence, c->stamp);
        else
            gl_buf_add(&c->out, bytes, len);
    }
}

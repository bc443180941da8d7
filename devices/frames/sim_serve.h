/* The simulated camera's network side: one port that speaks HTTP (endless multipart, or one picture) and RTSP (RTP in the same connection, RFC 2435). */
#pragma once
#include "base/buf.h"

enum { SIM_CLIENTS = 4, SIM_OUT = 16 * 1024 * 1024 };

enum sim_watch { SIM_ASKING, SIM_MJPEG, SIM_RTSP, SIM_LAST /* what is queued, then it is closed */ };

struct sim_client {
    int fd; /* -1 = free */
    enum sim_watch watch;
    bool playing, picture; /* of RTSP; of one picture: the next frame */
    char in[4096];
    size_t n_in;
    struct gl_buf out;
    size_t sent;
    uint16_t sequence;
    uint32_t stamp;
};

struct sim_serve {
    int listener;
    struct sim_client clients[SIM_CLIENTS];
    int64_t bytes_left, slow; /* slow: bytes that go out in a tick to each; 0 = all */
};

int sim_serve_open(struct sim_serve *s, const char *at, struct gl_error *err) GL_MUST_USE; /* ADDRESS:PORT */
/* Takes callers in, hears them, and sends what is queued; waits up to ms, and for standard input where asked. */
void sim_serve_turn(struct sim_serve *s, int ms, bool input, bool *ret_input);
void sim_serve_frame(struct sim_serve *s, const uint8_t *jpeg, size_t len, int w, int h); /* to all who watch */
void sim_serve_noise(struct sim_serve *s, const uint8_t *bytes, size_t len, bool framed); /* framed: as if it were a picture */
void sim_serve_cut(struct sim_serve *s);
int sim_serve_watchers(const struct sim_serve *s);

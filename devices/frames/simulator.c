/* greenlane-sim-frames: plays an IP camera that looks at a lane. It draws what it sees, and shows it as MJPEG over HTTP and by RTSP, on one port;
 * what happens in the lane, and what goes wrong with the camera, comes as commands on standard input. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "frames/sim_jpeg.h"
#include "frames/sim_serve.h"

static const char help[] =
    "Usage: greenlane-sim-frames --listen ADDRESS:PORT [OPTION]...\n"
    "\n"
    "Plays an IP camera: http://ADDRESS:PORT/mjpeg, http://ADDRESS:PORT/snapshot.jpg, rtsp://ADDRESS:PORT/.\n"
    "\n"
    "  --size WxH    of the picture, multiples of 16 (default 960x544)\n"
    "  --rate N      frames a second (default 10)\n"
    "  --help\n"
    "\n"
    "Commands on standard input, one a line:\n"
    "  vehicle PLATE [dirt=N] [drive=MS] [near=N]   somebody drives up, and stands; _ in PLATE is a space, - is no plate; N in per "
    "cent\n"
    "  leave             drives away\n"
    "  gone              is away, at once\n"
    "  stall, resume     no more frames, though the connections stay; on again\n"
    "  size W H          another size from now on\n"
    "  rate N            frames a second\n"
    "  garbage N         N bytes of noise as if they were a picture\n"
    "  endless           a picture that does not end; `cut` ends it\n"
    "  slow N            only N bytes in each tick to each client; 0 = all\n"
    "  cut               hangs up on all who watch\n"
    "  save FILE         the next frame as a file\n"
    "  quit\n";

struct sim {
    struct sim_serve serve;
    struct sim_canvas canvas;
    struct sim_jpeg *jpeg;
    struct sim_vehicle vehicle;
    struct gl_buf picture;
    uint32_t seed;
    int64_t rate, next;
    bool stalled, endless, quit;
    char save[256];
    char line[512];
    size_t n_line;
};

/* ---- commands ---------------------------------------------------------------------------------------------------------------------- */
static int set_size(struct sim *s, int64_t w, int64_t h) {
    if (w > 1920 || h > 1920) return -EINVAL;
    int rc = sim_canvas_size(&s->canvas, (int)w, (int)h);
    if (rc < 0) return rc;
    sim_jpeg_close(s->jpeg);
    s->jpeg = NULL;
    return sim_jpeg_open((int)w, (int)h, &s->jpeg);
}

static int64_t number(const char *word, int64_t most) {
    int64_t v;
    return word && gl_parse_int(word, 0, most, &v) == 0 ? v : -1;
}

static void add_vehicle(struct sim *s, char **words, int n) {
    static const char *const names[] = {"dirt=", "drive=", "near="};
    int64_t values[] = {0, 1500, 24};
    for (int i = 2; i < n; i++)
        for (size_t k = 0; k < GL_COUNT(names); k++)
            if (strncmp(words[i], names[k], strlen(names[k])) == 0) values[k] = number(words[i] + strlen(names[k]), 100000);
    s->vehicle = (struct sim_vehicle){.there = true,
                                      .came = gl_now_read().mono,
                                      .drive_ms = values[1] > 0 ? values[1] : 1,
                                      .near = (double)values[2] / 100.0,
                                      .dirt = (int)values[0]};
    if (strcmp(words[1], "-") != 0) gl_clip(s->vehicle.plate, sizeof s->vehicle.plate, words[1]);
    for (char *p = s->vehicle.plate; *p; p++)
        if (*p == '_') *p = ' ';
}

static void garbage(struct sim *s, int64_t n, bool framed) {
    uint8_t *noise = malloc((size_t)n + 1);
    if (!noise) return;
    for (int64_t i = 0; i < n; i++) {
        s->seed = s->seed * 1664525u + 1013904223u;
        noise[i] = (uint8_t)(s->seed >> 24);
    }
    sim_serve_noise(&s->serve, noise, (size_t)n, framed);
    free(noise);
}

static void start_endless(struct sim *s) {
    static const char head[] = "--frame\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\xff";
    s->endless = true;
    sim_serve_noise(&s->serve, (const uint8_t *)head, sizeof head - 1, false);
}

static bool simple(struct sim *s, const char *word) {
    if (strcmp(word, "leave") == 0)
        s->vehicle.leaves = gl_now_read().mono;
    else if (strcmp(word, "gone") == 0)
        s->vehicle.there = false;
    else if (strcmp(word, "stall") == 0)
        s->stalled = true;
    else if (strcmp(word, "resume") == 0)
        s->stalled = s->endless = false;
    else if (strcmp(word, "endless") == 0)
        start_endless(s);
    else if (strcmp(word, "cut") == 0)
        sim_serve_cut(&s->serve), s->endless = false;
    else if (strcmp(word, "quit") == 0)
        s->quit = true;
    else
        return false;
    return true;
}

static bool with_numbers(struct sim *s, char **words, int n) {
    int64_t one = n > 1 ? number(words[1], 1 << 24) : -1, two = n > 2 ? number(words[2], 1920) : -1;
    if (one < 0) return false;
    if (strcmp(words[0], "garbage") == 0)
        garbage(s, one, true);
    else if (strcmp(words[0], "slow") == 0)
        s->serve.slow = one;
    else if (strcmp(words[0], "rate") == 0 && one > 0 && one <= 100)
        s->rate = one;
    else
        return strcmp(words[0], "size") == 0 && two > 0 && set_size(s, one, two) == 0;
    return true;
}

static void run_line(struct sim *s, char *line) {
    char *words[8], *rest = line;
    int n = 0;
    for (char *w; n < (int)GL_COUNT(words) && (w = strsep(&rest, " "));)
        if (*w) words[n++] = w;
    if (n == 0) return;
    bool known = true;
    if (n > 1 && strcmp(words[0], "vehicle") == 0)
        add_vehicle(s, words, n);
    else if (n == 2 && strcmp(words[0], "save") == 0)
        gl_clip(s->save, sizeof s->save, words[1]);
    else
        known = simple(s, words[0]) || with_numbers(s, words, n);
    if (!known) fprintf(stderr, "greenlane-sim-frames: not understood: %s\n", words[0]);
}

static bool read_input(struct sim *s) {
    ssize_t n = read(STDIN_FILENO, s->line + s->n_line, sizeof s->line - 1 - s->n_line);
    if (n <= 0) return false;
    s->n_line += (size_t)n;
    for (char *end; (end = memchr(s->line, '\n', s->n_line));) {
        size_t used = (size_t)(end - s->line) + 1;
        *end = '\0';
        run_line(s, s->line);
        memmove(s->line, s->line + used, s->n_line - used);
        s->n_line -= used;
    }
    if (s->n_line == sizeof s->line - 1) s->n_line = 0;
    return true;
}

/* ---- frames ------------------------------------------------------------------------------------------------------------------------ */
static void save(struct sim *s) {
    FILE *f = s->save[0] ? fopen(s->save, "wb") : NULL;
    if (!f) return;
    fwrite(s->picture.data, 1, s->picture.len, f);
    fclose(f);
    s->save[0] = '\0';
}

static void show(struct sim *s) {
    if (s->endless) garbage(s, 65536, false);
    if (s->stalled || s->endless || (sim_serve_watchers(&s->serve) == 0 && !s->save[0])) return;
    sim_scene_draw(&s->canvas, &s->vehicle, gl_now_read().mono, &s->seed);
    if (sim_jpeg_encode(s->jpeg, &s->canvas, &s->picture) < 0) return;
    save(s);
    sim_serve_frame(&s->serve, (const uint8_t *)s->picture.data, s->picture.len, s->canvas.w, s->canvas.h);
}

static int parse(struct sim *s, int argc, char **argv, const char **listen) {
    static const struct option options[] = {
        {"listen", 1, NULL, 'l'}, {"size", 1, NULL, 's'}, {"rate", 1, NULL, 'r'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int64_t w = 960, h = 544;
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        char *x = o == 's' ? strchr(optarg, 'x') : NULL;
        if (o == 'h') return fputs(help, stdout) < 0 ? -EIO : 1;
        if (x) *x = '\0';
        if (x) w = number(optarg, 1920), h = number(x + 1, 1920);
        if (o == 'l') *listen = optarg;
        if (o == 'r') s->rate = number(optarg, 100);
        if (o == '?' || (o == 's' && !x)) return -EINVAL;
    }
    return *listen && s->rate > 0 && optind == argc ? set_size(s, w, h) : -EINVAL;
}

int main(int argc, char **argv) {
    static struct sim s = {.seed = 2463534242u, .rate = 10, .picture = {.limit = SIM_OUT}};
    struct gl_error err = {""};
    const char *listen = NULL;
    int rc = parse(&s, argc, argv, &listen);
    if (rc < 0) fputs("greenlane-sim-frames: --listen ADDRESS:PORT is needed, --size in multiples of 16; see --help\n", stderr);
    if (rc != 0) return rc < 0 ? 2 : 0;
    signal(SIGPIPE, SIG_IGN);
    rc = sim_serve_open(&s.serve, listen, &err);
    if (rc < 0) fprintf(stderr, "greenlane-sim-frames: %s\n", err.text);
    for (bool open = true; rc == 0 && !s.quit;) {
        int64_t now = gl_now_read().mono;
        bool input = false;
        if (now >= s.next) {
            s.next = now + 1000 / s.rate;
            show(&s);
        }
        sim_serve_turn(&s.serve, (int)(s.next > now ? s.next - now : 1), open, &input);
        if (input) open = read_input(&s);
    }
    sim_serve_cut(&s.serve);
    sim_jpeg_close(s.jpeg);
    sim_canvas_free(&s.canvas);
    gl_buf_free(&s.picture);
    return rc < 0 ? 1 : 0;
}

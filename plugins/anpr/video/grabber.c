/* The thread that drains the source: whatever comes is decoded as fast as it comes, and only the newest frame is kept. */
#include <dirent.h>
#include <errno.h>
#include <libavutil/frame.h>
#include <libavutil/time.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "video/video.h"

enum { NAP_MS = 50, COMPLAIN_MS = 1000, FOLDER_MOST = 4096 };

struct grab {
    struct gl_video *v;
    struct gl_backoff backoff;
    int64_t number;
    int64_t complained;
    bool up;
    char **names; /* of a folder */
    int n_names, name;
};

/* False when it is time to go. */
static bool nap(struct grab *g, int64_t ms) {
    for (; ms > 0 && !atomic_load(&g->v->quit); ms -= NAP_MS) av_usleep((unsigned)(ms < NAP_MS ? ms : NAP_MS) * 1000);
    return !atomic_load(&g->v->quit);
}

static void complain(struct grab *g, const char *detail) {
    int64_t now = gl_now_read().mono;
    if (g->complained && now - g->complained < COMPLAIN_MS) return;
    g->complained = now;
    gl_video_tell(g->v, &g->v->from_grabber, GL_SAID_REFUSED, "picture_broken", detail);
}

static void deliver(struct grab *g, AVFrame *frame) {
    struct gl_shot *s = calloc(1, sizeof *s);
    if (!s) {
        av_frame_free(&frame);
        return;
    }
    *s = (struct gl_shot){frame, ++g->number, gl_now_read().mono};
    if (!g->up) gl_video_tell(g->v, &g->v->from_grabber, GL_SAID_UP, "", "");
    g->up = true;
    uint64_t one = 1;
    gl_mailbox_put(&g->v->newest, s);
    if (write(g->v->wake, &one, sizeof one) < 0) return; /* it is set already */
}

/* ---- folders ----------------------------------------------------------------------------------------------------------------------- */
static int visible(const struct dirent *e) {
    return e->d_name[0] != '.';
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list_folder(struct grab *g, const char *path) {
    DIR *d = opendir(path);
    if (!d) return;
    g->names = calloc(FOLDER_MOST, sizeof *g->names);
    for (struct dirent *e = readdir(d); e && g->names && g->n_names < FOLDER_MOST; e = readdir(d))
        if (visible(e) && (g->names[g->n_names] = strdup(e->d_name))) g->n_names++;
    closedir(d);
    if (g->names) qsort(g->names, (size_t)g->n_names, sizeof *g->names, by_name);
}

static void free_names(struct grab *g) {
    for (int i = 0; i < g->n_names; i++) free(g->names[i]);
    free(g->names);
}

/* What is to be opened next: of a folder one picture after the other. */
static struct gl_address next_address(struct grab *g) {
    struct gl_address at = g->v->at;
    if (g->n_names > 0) gl_format(at.path, sizeof at.path, "%s/%s", g->v->at.path, g->names[g->name++ % g->n_names]);
    return at;
}

/* ---- one source -------------------------------------------------------------------------------------------------------------------- */

/* A file plays as fast as it was taken; one that cannot be decoded so fast is not hurried afterwards. */
static bool keep_pace(struct grab *g, int64_t pace, int64_t *due) {
    int64_t now = gl_now_read().mono;
    *due += pace;
    if (*due < now) *due = now;
    return nap(g, *due - now);
}

/* Until it is over; the pictures that came. */
static int64_t drain(struct grab *g, struct gl_source *s, bool file, struct gl_error *err) {
    int64_t n = 0, due = gl_now_read().mono;
    for (int rc = 0; rc >= 0 && !atomic_load(&g->v->interrupt);) {
        AVFrame *frame = NULL;
        rc = gl_source_next(s, &frame, err);
        if (rc == 1) {
            deliver(g, frame);
            n++;
            if (file && !keep_pace(g, gl_source_pace(s), &due)) return n;
        } else if (rc == 0 && err->text[0]) {
            complain(g, err->text);
        }
    }
    return n;
}

static bool is_file(const struct grab *g) {
    return strcmp(g->v->at.scheme, "file") == 0;
}

/* reason: NULL when the loop itself has dropped it, and has told why. */
static void lose(struct grab *g, const char *reason) {
    g->up = false;
    if (reason) gl_video_tell(g->v, &g->v->from_grabber, GL_SAID_DOWN, "", reason);
    nap(g, gl_backoff_next(&g->backoff));
}

/* One picture of many is no reason to call the others away. */
static void pass_over(struct grab *g, const char *name, const struct gl_error *err) {
    struct gl_error text;
    gl_fail(&text, 0, "%.80s: %.200s", name, err->text);
    complain(g, text.text);
    nap(g, GL_BACKOFF_FIRST_MS);
}

static void serve(struct grab *g) {
    struct gl_address at = next_address(g);
    struct gl_source_options o = {&at, g->v->secret, gl_looker_rate(g->v->looker), &g->v->interrupt};
    struct gl_source *s = NULL;
    struct gl_error err = {""};
    int64_t began = gl_now_read().mono, n = 0;
    bool picture = false;
    int rc = gl_source_open(&o, &s, &err);
    if (rc == 0) {
        picture = gl_source_is_picture(s);
        n = drain(g, s, is_file(g), &err);
        gl_source_close(s);
    }
    bool dropped = atomic_exchange(&g->v->interrupt, false);
    if (atomic_load(&g->v->quit)) {
        atomic_store(&g->v->interrupt, true);
        return;
    }
    int64_t stood = gl_now_read().mono - began;
    gl_backoff_after(&g->backoff, n > 0, stood);
    if (dropped) {
        lose(g, NULL);
    } else if (n > 0 && (picture || is_file(g))) {
        gl_backoff_reset(&g->backoff);
        if (!is_file(g)) nap(g, 1000 / o.rate - stood);
    } else if (g->n_names > 0) {
        pass_over(g, strrchr(at.path, '/') + 1, &err);
    } else {
        lose(g, err.text[0] ? err.text : "the video ended");
    }
}

void gl_video_grab(void *video) {
    struct grab g = {.v = video};
    struct stat st;
    if (is_file(&g) && stat(g.v->at.path, &st) == 0 && S_ISDIR(st.st_mode)) list_folder(&g, g.v->at.path);
    while (!atomic_load(&g.v->quit)) serve(&g);
    free_names(&g);
    atomic_store(&g.v->grabber_over, true);
}

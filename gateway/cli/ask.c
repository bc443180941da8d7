/* Questions to the running gateway over {paths.run}/control.sock: one QUERY out, TEXT lines and one DONE back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static int explain_connect(const struct gl_config *c, int rc, const char *path, struct gl_error *err) {
    switch (-rc) {
        case ENOENT:
        case ECONNREFUSED:
            return gl_fail(err, rc,
                           "the gateway of post %s is not running (nobody answers at %s); start it with 'systemctl start "
                           "greenlaned' or 'greenlane "
                           "run --config FILE'",
                           c->post, path);
        case EACCES:
        case EPERM:
            return gl_fail(err, rc, "you may not ask the gateway: %s is for its own user and group; become a member of the group",
                           path);
        default: return rc;
    }
}

int gl_cli_connect(const struct gl_config *c, struct gl_error *err) {
    char path[GL_PATH + 16];
    gl_format(path, sizeof path, "%s/control.sock", c->paths.run);
    int fd = gl_ipc_connect(path, err);
    if (fd < 0) return explain_connect(c, fd, path, err);
    struct gl_msg_hello hello = {.version = GL_IPC_VERSION, .pid = getpid()};
    gl_clip(hello.program, sizeof hello.program, "greenlane");
    int rc = gl_ipc_send_blocking(fd, GL_MSG_HELLO, &hello);
    if (rc < 0) {
        close(fd);
        return gl_fail(err, rc, "the gateway at %s closed the connection: %s", path, strerror(-rc));
    }
    return fd;
}

/* Answers until DONE. 0; or a negative errno with the reason. */
static int take_answers(int fd, const struct gl_cli_question *q, struct gl_msg_done *done, struct gl_error *err) {
    const uint64_t accepts = GL_ACCEPT(GL_MSG_TEXT) | GL_ACCEPT(GL_MSG_DONE);
    GL_CLEANUP(gl_freep) union {
        struct gl_msg_text text;
        struct gl_msg_done done;
    } *msg = malloc(gl_ipc_scratch_size());
    if (!msg) return gl_fail(err, -ENOMEM, "out of memory");
    for (;;) {
        enum gl_message_type type;
        int rc = gl_ipc_recv_blocking(fd, accepts, &type, msg);
        if (rc == 0) return gl_fail(err, -EPIPE, "the gateway went away before it had answered; ask again");
        if (rc < 0) return gl_fail(err, rc, "the gateway's answer cannot be read: %s; is it of another version?", strerror(-rc));
        if (type == GL_MSG_DONE) {
            *done = msg->done;
            return 0;
        }
        json_t *json = json_loads(msg->text.text, 0, NULL);
        rc = q->line(q->user, msg->text.text, json);
        json_decref(json);
        if (rc < 0) return gl_fail(err, rc, "%s", strerror(-rc));
    }
}

int gl_cli_ask(const struct gl_config *c, const struct gl_cli_question *q, struct gl_msg_done *ret_done) {
    struct gl_error err = {""};
    struct gl_msg_query query = {.limit = q->limit};
    struct gl_msg_done done = {0};
    if (gl_copy(query.what, sizeof query.what, q->what) < 0 || gl_copy(query.arg, sizeof query.arg, q->arg ? q->arg : "") < 0)
        return gl_cli_usage(q->what, "'%.70s' is too long to be an id", q->arg ? q->arg : "");
    GL_CLEANUP(gl_close_fd) int fd = gl_cli_connect(c, &err);
    int rc = fd < 0 ? fd : gl_ipc_send_blocking(fd, GL_MSG_QUERY, &query);
    if (fd >= 0 && rc < 0) gl_fail(&err, rc, "the gateway closed the connection: %s", strerror(-rc));
    if (rc == 0) rc = take_answers(fd, q, &done, &err);
    if (rc < 0) {
        fprintf(stderr, "greenlane: %s\n", err.text);
        return GL_CLI_NOTHING;
    }
    if (ret_done) *ret_done = done;
    if (done.status == 0) return GL_CLI_DONE;
    char why[GL_DETAIL];
    gl_cli_clean(why, sizeof why,
                 done.text[0] ? done.text : strerror((int)(done.status < 0 && done.status > -4096 ? -done.status : EIO)));
    fprintf(stderr, "greenlane: %s\n", why);
    return GL_CLI_WRONG;
}

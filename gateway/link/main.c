/* greenlane-link: speaks MQTT 5 with the broker for greenlaned.
 *
 * Guards: nothing but the client certificate and password for the broker. It has no database and no device. It parses what
 * strangers send, so it may do nothing else; what it vouches for is the topic that a command came in on, and so the client that
 * sent it.
 *
 * Driven by: greenlaned, over {paths.run}/link.sock (finished payloads to publish), and by the broker (feed and commands).
 *
 * Descriptors: the socket to greenlaned; the broker's connection, inside the MQTT library, whose two threads do nothing but hand
 * events to our loop; standard error for the log. Nothing else stays open. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "link/link.h"
#include "sandbox/sandbox.h"

enum { MOST_ERRORS = 20, FOLDERS = 4 };

static void usage(FILE *to) {
    fputs(
        "usage: greenlane-link --config FILE\n"
        "  --config FILE  the post's configuration\n"
        "  --version      print the version\n"
        "  --help         print this\n",
        to);
}

/* The file to read, or NULL with the exit status in *ret_status. */
static const char *parse_arguments(int argc, char **argv, int *ret_status) {
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"version", no_argument, NULL, 'v'}, {"help", no_argument, NULL, 'h'}, {0}};
    const char *file = NULL;
    *ret_status = 2;
    for (int c; (c = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
        if (c == 'c') {
            file = optarg;
            continue;
        }
        *ret_status = c == 'v' || c == 'h' ? 0 : 2;
        if (c == 'v')
            puts("greenlane-link " GREENLANE_VERSION);
        else
            usage(c == 'h' ? stdout : stderr);
        return NULL;
    }
    if (file && optind == argc) return file;
    usage(stderr);
    return NULL;
}

static int load(const char *file, struct gl_config **ret) {
    struct gl_config_error errors[MOST_ERRORS];
    int n = gl_config_load(file, false, ret, errors, MOST_ERRORS);
    for (int i = 0; i < n && i < MOST_ERRORS; i++)
        gl_log(GL_ERROR, "%s:%d:%d: %s", errors[i].file, errors[i].line, errors[i].column, errors[i].text);
    if (n < 0) gl_log(GL_ERROR, "%s: %s", file, strerror(-n));
    return n;
}

/* The folder of a file: a certificate that is renewed comes as a new file under the old name. */
static const char *folder_of(const char *file, char out[GL_PATH]) {
    gl_clip(out, GL_PATH, file);
    char *slash = strrchr(out, '/');
    if (!slash) return out[0] ? "." : "";
    slash[slash == out ? 1 : 0] = '\0';
    return out;
}

static int confine(const struct gl_config *c) {
    char names[FOLDERS][GL_PATH];
    const char *folders[FOLDERS + 1] = {folder_of(c->mqtt.ca_file, names[0]), folder_of(c->mqtt.cert_file, names[1]),
                                        folder_of(c->mqtt.key_file, names[2]), folder_of(c->mqtt.password_file, names[3]),
                                        c->paths.run};
    struct gl_error err = {""};
    struct gl_sandbox box = {.read = folders, .n_read = GL_COUNT(folders), .store = -1};
    int rc = gl_sandbox_enter(&box, &err);
    if (rc < 0) gl_log(GL_ERROR, "%s", err.text);
    return rc;
}

int main(int argc, char **argv) {
    int status;
    struct gl_config *config = NULL;
    const char *file = parse_arguments(argc, argv, &status);
    if (!file) return status;
    gl_log_init("greenlane-link", GL_INFO);
    signal(SIGPIPE, SIG_IGN);
    if (load(file, &config) != 0) return 1;
    setenv("TZ", config->timezone, 1); /* documents have local times; read in before files are out of reach */
    tzset();
    if (config->mqtt.url[0] == '\0') {
        gl_log(GL_NOTICE, "%s names no broker (mqtt: url): there is nothing to do", file);
        status = 0;
    } else {
        status = confine(config) < 0 ? 1 : gl_link_run(config);
    }
    gl_config_free(config);
    return status;
}

/* greenlane-device: one plugin, one device.
 *
 * It parses what the device sends and has no authority: it can open no other files, start no programs, and say nothing but readings and its own
 * state. greenlaned drives it over one socket (outputs, for the gpio plugin); systemd or `greenlane run` starts it again when it ends.
 *
 *     the device ◄──► carrier ──► codec ──► plugin ──► AF_UNIX SOCK_SEQPACKET {paths.run}/device.sock ◄──► greenlaned
 *                                   └── pictures ──► {paths.state}/evidence */
#include <curl/curl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/check.h"
#include "host/run.h"

static const char help[] =
    "Usage: greenlane-device --config FILE --device ID\n"
    "\n"
    "Serves one device of a lane: loads its plugin, talks to it, and hands its readings to greenlaned.\n"
    "\n"
    "  --config FILE   the configuration of the post\n"
    "  --device ID     the device: LANE.NAME, or LANE.gpio for all gpio lines of a lane\n"
    "  --verbose       log more\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 = ended by SIGTERM or SIGINT, 1 = failed and worth starting again (greenlaned went away, say),\n"
    "2 = wrong command line, configuration or device id.\n";

static void log_error(const struct gl_config_error *e) {
    GL_CLEANUP(gl_buf_free) struct gl_buf text = GL_BUF(1024);
    gl_config_error_text(e, &text);
    gl_log(GL_ERROR, "%s", text.data && !text.failed ? text.data : e->text);
}

static int serve(const char *file, const char *device) {
    enum { MAX_ERRORS = 20 };
    static struct gl_config_error errors[MAX_ERRORS];
    struct gl_config *config = NULL;
    int n = gl_config_load(file, true, &config, errors, MAX_ERRORS);
    for (int i = 0; i < n && i < MAX_ERRORS; i++) log_error(&errors[i]);
    if (n != 0) return 2;
    int rc = gl_device_run(config, device);
    gl_config_free(config);
    return rc;
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {"device", required_argument, NULL, 'd'},
                                            {"verbose", no_argument, NULL, 'v'},      {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'V'},      {NULL, 0, NULL, 0}};
    const char *config = NULL, *device = NULL;
    enum gl_level least = GL_INFO;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'c')
            config = optarg;
        else if (c == 'd')
            device = optarg;
        else if (c == 'v')
            least = GL_DEBUG;
        else if (c == 'h')
            return fputs(help, stdout) < 0;
        else if (c == 'V')
            return puts("greenlane-device " GREENLANE_VERSION) < 0;
        else
            return 2;
    }
    if (!config || !device || optind < argc) {
        fputs(help, stderr);
        return 2;
    }
    gl_log_init("greenlane-device", least);
    signal(SIGPIPE, SIG_IGN);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) return 1;
    int rc = serve(config, device);
    curl_global_cleanup();
    return rc;
}

/* greenlane-loader: builds a collection of the cache aside, from a snapshot of the feed, so that the process that decides need not.
 *
 *   guards      nothing: it parses no foreign bytes, and decides nothing; what it builds counts once greenlaned has put it in place
 *   driven by   greenlaned, over {paths.run}/loader.sock: typed feed records, one blocking read after the other
 *   fds         the socket, the files it builds; it may open nothing outside the cache's folder
 *   dies        with greenlaned; what it was building is asked for again
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "loader/loader.h"

enum { MOST_ERRORS = 8 };

static struct gl_config *load(const char *file) {
    struct gl_config *config = NULL;
    struct gl_config_error errors[MOST_ERRORS];
    int n = gl_config_load(file, false, &config, errors, MOST_ERRORS);
    for (int i = 0; i < n && i < MOST_ERRORS; i++)
        gl_log(GL_ERROR, "%s:%d:%d: %s", errors[i].file, errors[i].line, errors[i].column, errors[i].text);
    if (n == 0) return config;
    gl_config_free(config);
    return NULL;
}

int main(int argc, char **argv) {
    const char *word = argc > 1 ? argv[1] : "";
    if (argc == 2 && strcmp(word, "--version") == 0) return puts("greenlane-loader " GREENLANE_VERSION) < 0;
    if (argc != 3 || strcmp(word, "--config") != 0) {
        bool help = argc == 2 && strcmp(word, "--help") == 0;
        fputs(
            "usage: greenlane-loader --config FILE\n\nBuilds what greenlaned tells it to; usually started by systemd or by "
            "`greenlane run`.\n",
            help ? stdout : stderr);
        return help ? 0 : 2;
    }
    gl_log_init("greenlane-loader", GL_INFO);
    signal(SIGPIPE, SIG_IGN);
    umask(0027);
    struct gl_config *config = load(argv[2]);
    if (!config) return 1;
    int status = gl_loader_run(config);
    gl_config_free(config);
    return status;
}

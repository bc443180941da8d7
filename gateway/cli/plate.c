/* greenlane plate: plates from pictures. The reader is a program of its own beside this one, so that only who reads pictures loads what reads
 * them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

enum { MOST_PICTURES = 1 << 20 };

/* The program beside ours gets the options that were understood, and "--", so that no file name is taken for one. */
static int run(int argc, char **argv) {
    const char *countries = NULL, *models = NULL;
    bool pretty = false;
    const struct gl_cli_option options[] = {{"countries", &countries, NULL}, {"models", &models, NULL}, {"pretty", NULL, &pretty}};
    int status;
    int n = gl_cli_parse(&gl_cli_plate, argc, argv, options, GL_COUNT(options), 1, MOST_PICTURES, &status);
    if (n < 0) return status;
    GL_CLEANUP(gl_freep) char **out = calloc((size_t)n + 8, sizeof *out);
    char program[512];
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    if (!out || len < 0) return GL_CLI_NOTHING;
    program[len] = '\0';
    char *slash = strrchr(program, '/');
    gl_format(slash + 1, sizeof program - (size_t)(slash + 1 - program), "greenlane-plate");
    int k = 0;
    out[k++] = program;
    if (countries) out[k++] = "--countries", out[k++] = (char *)countries;
    if (models) out[k++] = "--models", out[k++] = (char *)models;
    if (pretty) out[k++] = "--pretty";
    out[k++] = "--";
    memcpy(out + k, argv, (size_t)n * sizeof *out);
    execv(program, out);
    fprintf(stderr, "greenlane plate: %s: %s\n", program, strerror(errno));
    return GL_CLI_NOTHING;
}

const struct gl_cli_command gl_cli_plate = {
    .name = "plate",
    .group = "Look back",
    .summary = "read the plates in pictures",
    .help =
        "Usage: greenlane plate FILE|FOLDER... [--countries DE,PL] [--pretty]\n"
        "\n"
        "Finds and reads the plates in pictures (JPEG, PNG, BMP, TIFF, WebP, GIF, PNM), as the protocol anpr/frames does, on one "
        "core\n"
        "and without a gateway. One JSON line for each picture, the plates surest first:\n"
        "  {\"image\", \"ms\", \"plates\": [{\"text\", \"confidence\", \"box\": [x1,y1,x2,y2], \"raw\", \"country\", \"lines\",\n"
        "    \"candidates\": [{\"text\", \"confidence\"}], \"characters\": [{\"text\", \"confidence\"}]}]}\n"
        "A plate that cannot be read has the text \"\", and what it may be as candidates. \"ms\" is processor time. A picture that "
        "cannot\n"
        "be opened gives {\"image\", \"error\"}, and the rest goes on. Of a folder, all files in it.\n"
        "\n"
        "  --countries LIST  where the vehicles come from (ISO 3166, two letters): their formats weigh more; nothing is refused\n"
        "  --pretty          JSON over several lines\n"
        "  --models FOLDER   other models than those that were installed\n"
        "\n"
        "Examples:\n"
        "  greenlane plate --countries UA,PL lane-1.jpg\n"
        "  greenlane plate evidence/ | jq -r '.plates[0].text // empty'\n"
        "\n"
        "Exit status: 0 = every picture was looked at, 1 = some could not be read (they are named), 2 = wrong command line,\n"
        "3 = there are no models.\n",
    .run = run,
};

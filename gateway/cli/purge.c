/* greenlane purge: is everything gone that must be gone? */
#include <string.h>

#include "cli/cli.h"

struct outcome {
    bool json;
    json_t *last; /* the summary; what stands before it are single records that remain */
};

static void say_remaining(const json_t *r) {
    char stream[64], type[64], why[32];
    gl_cli_clean(stream, sizeof stream, gl_cli_text(r, "stream"));
    gl_cli_clean(type, sizeof type, gl_cli_text(r, "type"));
    gl_cli_clean(why, sizeof why, gl_cli_text(r, "why"));
    printf("  record %lld (%s %lld, %s), due %s: %s\n", (long long)json_integer_value(json_object_get(r, "n")), stream,
           (long long)json_integer_value(json_object_get(r, "seq")), type, gl_cli_text(r, "due"), why);
}

static int line(void *user, const char *text, const json_t *v) {
    struct outcome *o = user;
    if (o->json) return puts(text) < 0 ? -1 : 0;
    if (json_object_get(v, "why")) {
        say_remaining(v);
        return 0;
    }
    json_decref(o->last);
    o->last = json_incref((json_t *)v);
    return 0;
}

static long long number(const struct outcome *o, const char *name) {
    return (long long)json_integer_value(json_object_get(o->last, name));
}

static void say_gone(const struct outcome *o) {
    printf("Gone now: %lld records, %lld passages, %lld uses, %lld lodged records, %lld folders of evidence.\n",
           number(o, "records"), number(o, "passages"), number(o, "uses"), number(o, "lodged"), number(o, "evidence_folders"));
}

static void say_verified(const struct outcome *o) {
    long long broken = number(o, "broken_at");
    if (broken)
        printf("The journal is broken at record %lld%s.\n", broken,
               json_is_true(json_object_get(o->last, "unsaid")) ? ": what it said is gone, and no purge has said that it would go"
                                                                : "");
    else
        printf("The journal is whole: %lld records, %lld of them purged, each announced before it went.\n", number(o, "records"),
               number(o, "purged"));
    printf("Past its time and still there: %lld records, %lld passages, %lld lodged records, %lld of %lld folders of evidence.\n",
           number(o, "remaining"), number(o, "passages"), number(o, "lodged"), number(o, "evidence_due"),
           number(o, "evidence_folders"));
    if (number(o, "evidence_strange"))
        printf("In the evidence folder lie %lld things that no gateway has put there.\n", number(o, "evidence_strange"));
}

static int run(int argc, char **argv) {
    const char *file = NULL;
    bool now = false, verify = false;
    struct outcome o = {0};
    const struct gl_cli_option options[] = {
        {"config", &file, NULL}, {"json", NULL, &o.json}, {"now", NULL, &now}, {"verify", NULL, &verify}};
    int status;
    if (gl_cli_parse(&gl_cli_purge, argc, argv, options, GL_COUNT(options), 0, 0, &status) < 0) return status;
    if (now == verify) return gl_cli_usage("purge", "write 'purge --now' or 'purge --verify'");
    struct gl_config *c = gl_cli_config(file, false);
    if (!c) return GL_CLI_NOTHING;
    status = gl_cli_ask(c, &(struct gl_cli_question){"purge", now ? "now" : "verify", 0, line, &o}, NULL);
    if (o.last) (now ? say_gone : say_verified)(&o);
    json_decref(o.last);
    gl_config_free(c);
    return status;
}

const struct gl_cli_command gl_cli_purge = {
    .name = "purge",
    .group = "Keep",
    .summary = "'purge --verify': proves that nothing is kept beyond its time",
    .help =
        "Usage: greenlane purge --verify [--json]\n"
        "       greenlane purge --now [--json]\n"
        "\n"
        "The gateway purges by itself, a little at a time, whatever has been kept for as long as 'retention' in the configuration "
        "says. Of a\n"
        "record its number, its times and its hash stay, so that the journal can still be proved whole.\n"
        "\n"
        "  --verify        walks the journal and the evidence: what is past its time and still there, and why; whether everything "
        "that went\n"
        "                  was announced before; whether the journal is whole\n"
        "  --now           purges what is due now. Says with that, too, that the clock is right, where the gateway was in doubt\n"
        "  --json          one JSON object a line; the last is the summary\n"
        "  --config FILE   the configuration of the post\n"
        "\n"
        "Exit status: 0 = done, and nothing remains, 1 = something remains, is broken, or cannot be purged, 2 = wrong command "
        "line,\n"
        "3 = the gateway is not running.\n",
    .run = run,
};

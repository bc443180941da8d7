/* The story of one passage, for a customs officer: from the recorded events to plain words. Pure, but for the zone chosen for
 * local times. */
#include <string.h>

#include "cli/cli.h"

static void say(struct gl_buf *out, const char *text) {
    gl_cli_clean_add(out, text);
}

static void say_time(struct gl_buf *out, int64_t wall) {
    char text[GL_TIME_TEXT];
    gl_cli_clock(wall, text);
    gl_buf_text(out, text);
}

static const json_t *data_of(const json_t *event) {
    return json_object_get(event, "data");
}

static bool is_type(const json_t *event, const char *type) {
    return strcmp(gl_cli_text(event, "type"), type) == 0;
}

static bool begins(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

/* ---- the head ---- */
static void portal_head(const char *radiation, struct gl_buf *out) {
    static const struct {
        const char *scan, *words;
    } portal[] = {{"in_portal", "the vehicle is in it"},
                  {"clear", "measured, no alarm"},
                  {"unsure", "no alarm, but perhaps not measured alone"},
                  {"fault", "what it measured proves nothing"},
                  {"gamma", "GAMMA ALARM"},
                  {"neutron", "NEUTRON ALARM"},
                  {"gamma_neutron", "GAMMA AND NEUTRON ALARM"}};
    for (size_t i = 0; i < GL_COUNT(portal); i++)
        if (strcmp(portal[i].scan, radiation) == 0) gl_buf_printf(out, "\nPortal  %s", portal[i].words);
}

static void head(const json_t *last, const char *zone, struct gl_buf *out) {
    const json_t *p = data_of(last), *known = json_object_get(p, "known");
    char opened[GL_TIME_TEXT];
    const char *plate = gl_cli_text(known, "plate"), *trailer = gl_cli_text(known, "trailer"), *exit = gl_cli_text(p, "exit");
    gl_cli_time(gl_cli_wall(p, "opened_at"), opened);
    gl_buf_text(out, "Passage ");
    say(out, gl_cli_text(p, "passage"));
    gl_buf_text(out, "\nLane    ");
    say(out, gl_cli_text(p, "lane"));
    gl_buf_printf(out, "\nCame    %s (%s)\nPlate   ", opened, zone);
    say(out, plate[0] ? plate : "not known");
    if (trailer[0]) gl_buf_text(out, ", trailer ");
    say(out, trailer);
    if (gl_cli_text(known, "tag")[0]) gl_buf_text(out, ", tag ");
    say(out, gl_cli_text(known, "tag"));
    portal_head(gl_cli_text(known, "radiation"), out);
    gl_buf_text(out, "\nLeft    ");
    if (strcmp(gl_cli_text(p, "state"), "closed") != 0) {
        gl_buf_text(out, "not yet: it is still in the lane\n");
        return;
    }
    say_time(out, gl_cli_wall(p, "closed_at"));
    gl_buf_text(out, strcmp(exit, "confirmed") == 0    ? ", over the exit loop\n"
                     : strcmp(exit, "backed_out") == 0 ? ", back the way it came\n"
                                                       : "; how, nobody saw\n");
}

/* ---- one decision ---- */
static void refs(const json_t *list, const char *one, struct gl_buf *out) {
    size_t i;
    json_t *r;
    json_array_foreach((json_t *)list, i, r) {
        gl_buf_printf(out, "    %s ", one);
        say(out, gl_cli_text(r, "type"));
        gl_buf_char(out, ' ');
        say(out, gl_cli_text(r, "value"));
        gl_buf_char(out, '\n');
    }
}

static void match_words(const json_t *d, struct gl_buf *out) {
    static const struct {
        const char *by, *words;
    } ways[] = {{"exact", "by its plate"},
                {"reference", "by the document that was scanned"},
                {"tag", "by its tag, whose registered plate it has"},
                {"container", "by its container number"}};
    const json_t *m = json_object_get(d, "match");
    if (!json_is_object(m)) {
        gl_buf_text(out, "  Nothing that was lodged fits this vehicle.\n");
        return;
    }
    gl_buf_text(out, "  What was lodged for it, found");
    for (size_t i = 0; i < GL_COUNT(ways); i++)
        if (strcmp(ways[i].by, gl_cli_text(m, "by")) == 0) gl_buf_printf(out, " %s", ways[i].words);
    gl_buf_text(out, ":\n");
    refs(json_object_get(m, "movements"), "movement   ", out);
    refs(json_object_get(m, "declarations"), "declaration", out);
}

static void rule_words(const json_t *rule, const char *word, struct gl_buf *out) {
    const char *level = gl_cli_text(rule, "level");
    char name[40], lvl[16];
    gl_cli_clean(name, sizeof name, gl_cli_text(rule, "rule"));
    gl_cli_clean(lvl, sizeof lvl, level);
    gl_buf_printf(out, "    %-8s %-9s %-20s ", word, lvl, name);
    say(out, gl_cli_text(rule, "detail"));
    gl_buf_char(out, '\n');
}

/* What stood in the way first, then what could not be told, then what was worth a note; what was in order last. */
static void rules_words(const json_t *rules, struct gl_buf *out) {
    static const struct {
        const char *result, *word;
    } order[] = {{"fail", "FAILED"}, {"unknown", "UNKNOWN"}, {"note", "note"}, {"pass", "in order"}};
    size_t i;
    json_t *r;
    for (size_t k = 0; k < GL_COUNT(order); k++)
        json_array_foreach((json_t *)rules, i, r) if (strcmp(gl_cli_text(r, "result"), order[k].result) == 0)
            rule_words(r, order[k].word, out);
}

static const char *outcome_words(const json_t *d) {
    const char *level = gl_cli_text(d, "level");
    if (strcmp(gl_cli_text(d, "outcome"), "release") == 0) return "RELEASE: the vehicle may go";
    if (strcmp(level, "physical") == 0) return "INSPECT: the vehicle is to be examined";
    if (strcmp(level, "refuse") == 0) return "INSPECT: the vehicle may not enter";
    return "INSPECT: an officer at the desk is to look at it";
}

static bool superseded(const json_t *events, const char *id) {
    size_t i;
    json_t *e;
    json_array_foreach((json_t *)events, i, e) if (is_type(e, "greenlane.decision") && id[0] &&
                                                   strcmp(gl_cli_text(data_of(e), "supersedes"), id) == 0) return true;
    return false;
}

/* Under which order, and on what document instead of what could not be seen. */
static void contingency_words(const json_t *d, struct gl_buf *out) {
    const json_t *evidence = json_object_get(d, "evidence");
    if (gl_cli_text(d, "contingency")[0]) {
        gl_buf_text(out, "  In contingency ");
        say(out, gl_cli_text(d, "contingency"));
        gl_buf_text(out, ": no release by rules\n");
    }
    if (!json_is_object(evidence)) return;
    gl_buf_text(out, "  On the evidence of ");
    say(out, gl_cli_text(evidence, "type"));
    gl_buf_char(out, ' ');
    say(out, gl_cli_text(evidence, "value"));
    gl_buf_char(out, '\n');
}

/* A release that was judged again when the feed had recovered; the rest of the rules then was not about what was lodged. */
static void review_words(const json_t *e, struct gl_buf *out) {
    const json_t *d = data_of(e);
    const char *feed = gl_cli_text(d, "feed");
    gl_buf_text(out, "\nJudged again, ");
    say_time(out, gl_cli_wall(e, "time"));
    gl_buf_text(out, "  ");
    gl_buf_text(out,
                strcmp(gl_cli_text(d, "outcome_now"), "release") == 0 ? "it would be released" : "it would not be released now");
    gl_buf_text(out, "\n  The release of ");
    say_time(out, gl_cli_wall(d, "decided_at"));
    gl_buf_text(out, " was made while the declarations' feed was ");
    say(out, feed[0] ? feed : "unknown");
    if (gl_cli_text(d, "contingency")[0]) gl_buf_text(out, ", in contingency ");
    say(out, gl_cli_text(d, "contingency"));
    gl_buf_text(out, ". By what is known now:\n");
    rules_words(json_object_get(d, "rules"), out);
}

static void decision_words(const json_t *events, const json_t *e, int number, struct gl_buf *out) {
    const json_t *d = data_of(e), *officer = json_object_get(d, "officer");
    gl_buf_printf(out, "\nDecision %d, ", number);
    say_time(out, gl_cli_wall(e, "time"));
    gl_buf_printf(out, "  %s%s\n", outcome_words(d),
                  superseded(events, gl_cli_text(e, "id")) ? "   (replaced by a later decision)" : "");
    if (json_is_object(officer)) {
        gl_buf_text(out, "  Decided by ");
        say(out, gl_cli_text(officer, "role"));
        gl_buf_char(out, ' ');
        say(out, gl_cli_text(officer, "id"));
        gl_buf_text(out, ": \"");
        say(out, gl_cli_text(d, "reason"));
        gl_buf_text(out, "\"\n");
    }
    contingency_words(d, out);
    match_words(d, out);
    gl_buf_text(out, "  Each check, and what it found (the declarations' feed was ");
    say(out, gl_cli_text(d, "feed")[0] ? gl_cli_text(d, "feed") : "unknown");
    gl_buf_text(out, "):\n");
    rules_words(json_object_get(d, "rules"), out);
}

/* ---- what happened, line by line ---- */
static void command_words(const json_t *e, struct gl_buf *out) {
    const json_t *d = data_of(e), *officer = json_object_get(d, "officer");
    gl_buf_text(out, "order from ");
    say(out, gl_cli_text(e, "subject"));
    gl_buf_text(out, ": ");
    say(out, gl_cli_text(e, "type") + strlen("greenlane.command."));
    if (gl_cli_text(d, "outcome")[0])
        gl_buf_printf(out, ", %s", strcmp(gl_cli_text(d, "outcome"), "release") == 0 ? "release" : "inspect");
    if (gl_cli_text(d, "plate")[0]) gl_buf_text(out, ", plate ");
    say(out, gl_cli_text(d, "plate"));
    if (json_is_object(officer)) gl_buf_text(out, ", by ");
    say(out, gl_cli_text(officer, "id"));
    if (gl_cli_text(d, "reason")[0]) gl_buf_text(out, ": ");
    say(out, gl_cli_text(d, "reason"));
}

static void alarm_words(const json_t *d, struct gl_buf *out) {
    gl_buf_text(out, strcmp(gl_cli_text(d, "action"), "raise") == 0 ? "ALARM " : "alarm, acknowledged or cleared: ");
    say(out, gl_cli_text(d, "kind"));
    gl_buf_text(out, ": ");
    say(out, gl_cli_text(d, "detail"));
}

static void share_words(const json_t *d, struct gl_buf *out) {
    gl_buf_text(out, gl_cli_text(d, "corrects")[0] ? "corrected for customs: " : "told to customs: ");
    say(out, gl_cli_text(d, "kind"));
    if (gl_cli_text(d, "reference")[0]) gl_buf_char(out, ' ');
    say(out, gl_cli_text(d, "reference"));
}

static void signal_words(const json_t *d, struct gl_buf *out) {
    gl_buf_text(out, "the lane shows ");
    say(out, gl_cli_text(d, "signal"));
}

static void event_words(const json_t *e, struct gl_buf *out) {
    const char *type = gl_cli_text(e, "type");
    const json_t *d = data_of(e);
    if (begins(type, "greenlane.reading.")) {
        char device[GL_ID];
        gl_cli_clean(device, sizeof device, gl_cli_text(d, "device"));
        gl_buf_printf(out, "%-20s ", device);
        gl_cli_reading_words(type + strlen("greenlane.reading."), d, out);
    } else if (begins(type, "greenlane.command."))
        command_words(e, out);
    else if (strcmp(type, "greenlane.alarm") == 0)
        alarm_words(d, out);
    else if (strcmp(type, "greenlane.state.signal") == 0)
        signal_words(d, out);
    else if (strcmp(type, "greenlane.review") == 0)
        gl_buf_printf(out, "%-20s %s", "judged again", "the release is on the post-clearance list");
    else if (begins(type, "greenlane.share."))
        share_words(d, out);
    else if (strcmp(type, "greenlane.decision") == 0)
        gl_buf_printf(out, "%-20s %s", "decision", outcome_words(d));
}

static bool told(const json_t *e) {
    const char *type = gl_cli_text(e, "type");
    return begins(type, "greenlane.reading.") || begins(type, "greenlane.share.") || begins(type, "greenlane.command.") ||
           strcmp(type, "greenlane.alarm") == 0 || strcmp(type, "greenlane.state.signal") == 0 ||
           strcmp(type, "greenlane.decision") == 0 || strcmp(type, "greenlane.review") == 0;
}

void gl_cli_story(const json_t *events, const char *zone, struct gl_buf *out) {
    size_t i;
    json_t *e;
    const json_t *last = NULL;
    int decisions = 0;
    json_array_foreach((json_t *)events, i, e) if (is_type(e, "greenlane.passage")) last = e;
    if (last) head(last, zone, out);
    gl_buf_text(out, "\nWhat happened\n");
    json_array_foreach((json_t *)events, i, e) {
        if (!told(e)) continue;
        gl_buf_text(out, "  ");
        say_time(out, gl_cli_wall(e, "time"));
        gl_buf_text(out, "  ");
        event_words(e, out);
        gl_buf_char(out, '\n');
    }
    json_array_foreach((json_t *)events, i, e) if (is_type(e, "greenlane.decision")) decision_words(events, e, ++decisions, out);
    if (decisions == 0) gl_buf_text(out, "\nNothing was decided.\n");
    json_array_foreach((json_t *)events, i, e) if (is_type(e, "greenlane.review")) review_words(e, out);
}

/* What officers and systems ask for. A command is done only when its client may send it, it has not expired, it was not done before, and it names the
 * passage and the very decision that its sender has seen: a late "release" must never open for the next truck. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/internal.h"
#include "model/identifiers.h"

/* Everything a command's handler may need, gathered and checked once. */
struct order {
    const struct gl_command *cmd;
    const struct gl_client_config *client;
    struct lane *lane;
    struct passage *passage;
    struct gl_ref evidence;  /* in its canonical form */
    bool gone;               /* the passage named is not open: only what was recorded of it can be corrected */
    char refusal[GL_DETAIL]; /* why not; "" = done */
};

#define REFUSE(o, ...) gl_format((o)->refusal, sizeof(o)->refusal, __VA_ARGS__)

static bool seen_before(struct gl_core *c, const struct gl_command *cmd) {
    char mark[sizeof c->seen[0]];
    gl_format(mark, sizeof mark, "%s %s", cmd->client, cmd->id); /* ids are unique for each sender alone */
    for (int i = 0; i < c->n_seen; i++)
        if (strcmp(c->seen[i], mark) == 0) return true;
    memcpy(c->seen[c->seen_at], mark, sizeof mark);
    c->seen_at = (c->seen_at + 1) % GL_SEEN_COMMANDS;
    if (c->n_seen < GL_SEEN_COMMANDS) c->n_seen++;
    return false;
}

/* Two persons: the first agrees and is remembered, the second, another one, makes it so. Both must have agreed to the same. */
static bool second_person(struct order *o, unsigned asked) {
    struct passage *p = o->passage;
    bool same = strcmp(p->first_decision, p->decision_id) == 0 && p->first_asked == asked;
    if (same && p->first_officer[0] && strcasecmp(p->first_officer, o->cmd->officer.id) != 0) return true;
    memcpy(p->first_officer, o->cmd->officer.id, sizeof p->first_officer);
    memcpy(p->first_decision, p->decision_id, sizeof p->first_decision);
    p->first_asked = asked;
    return false;
}

/* The rule that asks for it now, or did in the decision that the sender has seen. */
static const char *asking(const struct order *o, unsigned when, enum gl_override which) {
    const char *rule = gl_rules_asking(&o->passage->fresh, when, which);
    return rule[0] ? rule : gl_rules_asking(&o->passage->decision, when, which);
}

static bool may_lift(const struct gl_core *c, struct order *o, unsigned when) {
    if (o->cmd->outcome != GL_OUTCOME_RELEASE) return true;
    if (gl_contingency_active(c)) when |= GL_WHEN_CONTINGENCY;
    /* Both count: the reasons that the sender has seen, and those that have come up since. */
    unsigned asked = gl_rules_permission(&o->passage->decision, when) | gl_rules_permission(&o->passage->fresh, when);
    const char *never = asking(o, when, GL_OVERRIDE_NEVER), *authority = asking(o, when, GL_OVERRIDE_AUTHORITY),
               *radiation = asking(o, when, GL_OVERRIDE_RADIATION), *two = asking(o, when, GL_OVERRIDE_TWO);
    if (never[0])
        REFUSE(o, "%s cannot be overridden%s", never, strcmp(never, "RANDOM") == 0 ? ": inspect, then send inspection-result" : "");
    else if (authority[0] && radiation[0])
        REFUSE(o, "%s is the authority's to lift, %s two radiation officers': no one can lift both", authority, radiation);
    else if (radiation[0] && strcmp(o->client->role, "radiation") != 0)
        REFUSE(o, "%s may be lifted by radiation officers only, two of them", radiation);
    else if (authority[0] && strcmp(o->client->role, "authority") != 0)
        REFUSE(o, "%s may be lifted by the authority only", authority);
    else if (radiation[0] && !second_person(o, asked))
        REFUSE(o, "%s needs two radiation officers: %s has agreed, a second one must send the same", radiation, o->cmd->officer.id);
    else if (!radiation[0] && two[0] && !second_person(o, asked))
        REFUSE(o, "%s needs two persons: %s has agreed, a second one must send the same", two, o->cmd->officer.id);
    return o->refusal[0] == '\0';
}

/* In a contingency what was lodged cannot be seen: the officer names what he has seen instead. */
static bool has_evidence(const struct gl_core *c, struct order *o) {
    const struct gl_ref *e = &o->cmd->evidence;
    const struct gl_contingency *k = &c->contingency;
    if (o->cmd->outcome != GL_OUTCOME_RELEASE) return true;
    if (gl_contingency_overdue(c))
        REFUSE(o, "contingency %s is over its time; the authority extends or ends it first", k->reference);
    else if (gl_contingency_active(c) && !e->value[0])
        REFUSE(o, "contingency %s is in force: evidence is missing; name the document that was seen, its type and value",
               k->reference);
    else if (e->value[0] && gl_ref_canonical(e->type, e->value, &o->evidence) < 0)
        REFUSE(o, "evidence is no reference; a type such as mrn and its value are needed");
    return o->refusal[0] == '\0';
}

static bool may_go(struct order *o) {
    struct lane *l = o->lane;
    if (o->cmd->outcome == GL_OUTCOME_NONE)
        REFUSE(o, "outcome is missing; release or inspect is needed");
    else if (l->mode == GL_MODE_CLOSED && o->cmd->outcome == GL_OUTCOME_RELEASE)
        REFUSE(o, "lane %s is closed", l->config->id);
    else if (l->emergency_stop && o->cmd->outcome == GL_OUTCOME_RELEASE)
        REFUSE(o, "the emergency stop of lane %s is pressed", l->config->id);
    else if (o->passage != l->passages[0])
        REFUSE(o, "another vehicle stands before this one");
    else if (!o->cmd->officer.id[0])
        REFUSE(o, "officer.id is missing: who decides?");
    else if (!o->cmd->reason[0])
        REFUSE(o, "reason is missing: why?");
    return o->refusal[0] == '\0';
}

static void decide(struct gl_core *c, struct order *o, unsigned when, const char *rule) {
    if (!may_go(o) || !has_evidence(c, o) || !may_lift(c, o, when)) return;
    struct gl_command cmd = *o->cmd;
    cmd.evidence = o->evidence;
    gl_decide_by_officer(c, o->lane, o->passage, &cmd, rule);
}

static void do_override(struct gl_core *c, struct order *o) {
    decide(c, o, 0, "OVERRIDE");
}

static void do_inspection_result(struct gl_core *c, struct order *o) {
    decide(c, o, GL_WHEN_INSPECTED, "INSPECTION_RESULT");
}

static bool may_type(struct order *o) {
    struct gl_plate_keys keys;
    if (!o->cmd->officer.id[0])
        REFUSE(o, "officer.id is missing: who typed it?");
    else if (!o->cmd->plate[0] || gl_plate_keys(o->cmd->plate, &keys) < 0 || keys.n == 0)
        REFUSE(o, "plate is missing or has no letter or digit");
    return o->refusal[0] == '\0';
}

static void do_typed_plate(struct gl_core *c, struct order *o) {
    const struct gl_command *cmd = o->cmd;
    if (!may_type(o)) return;
    struct gl_reading r;
    gl_reading_init(&r, GL_READING_PLATE);
    memcpy(r.lane, o->lane->config->id, sizeof r.lane);
    gl_clip(r.device, sizeof r.device, cmd->client);
    gl_clip(r.source_id, sizeof r.source_id, cmd->officer.id);
    gl_core_uuid(c, c->now, r.id);
    memcpy(r.passage, o->passage->id, sizeof r.passage);
    r.time = r.received_at = c->now.wall;
    memcpy(r.value.plate.text, cmd->plate, sizeof r.value.plate.text);
    memcpy(r.value.plate.country, cmd->country, sizeof r.value.plate.country);
    r.value.plate.role = cmd->role == GL_ROLE_TRAILER ? GL_ROLE_TRAILER : GL_ROLE_VEHICLE;
    ADD_EFFECT(c, GL_EFFECT_READING, &r);
    memcpy(c->out->v[c->out->n - 1].id, r.id, sizeof r.id);
    gl_sighting_take(cmd->role == GL_ROLE_TRAILER ? &o->passage->trailer : &o->passage->vehicle, cmd->plate, NAN, c->now.mono,
                     true);
    gl_passage_note_reading(o->passage, r.id);
    o->passage->touched_mono = c->now.mono;
    gl_lane_consider(c, o->lane);
}

static void do_lane_mode(struct gl_core *c, struct order *o) {
    if (o->cmd->mode == GL_MODE_NONE) {
        REFUSE(o, "mode is missing; open, closed, manual or shadow is needed");
        return;
    }
    struct gl_mode_state m;
    gl_fields_clear(&gl_mode_state_fields, &m);
    memcpy(m.lane, o->lane->config->id, sizeof m.lane);
    m.mode = o->lane->mode = o->cmd->mode;
    o->lane->adrift = false; /* an officer has looked at the lane */
    gl_portal_looked_at(c, o->lane);
    m.since = c->now.wall;
    gl_clip(m.by, sizeof m.by, o->cmd->officer.id[0] ? o->cmd->officer.id : o->cmd->client);
    ADD_EFFECT(c, GL_EFFECT_MODE, &m);
    gl_lane_consider(c, o->lane);
}

static void do_close(struct gl_core *c, struct order *o) {
    if (o->cmd->exit == GL_EXIT_NONE) {
        REFUSE(o, "exit is missing; confirmed, backed_out or unknown is needed");
        return;
    }
    if ((o->passage->scan.gamma || o->passage->scan.neutron) && strcmp(o->client->role, "radiation") != 0) {
        REFUSE(o, "the portal raised an alarm on this vehicle: a radiation officer leads it away, and closes");
        return;
    }
    gl_passage_close(c, o->lane, o->passage, (enum gl_exit)o->cmd->exit);
    gl_lane_consider(c, o->lane);
}

/* Without a lane it is an alarm of the post. */
static void do_alarm_acknowledge(struct gl_core *c, struct order *o) {
    struct gl_alarm a;
    if (!o->cmd->alarm[0]) {
        REFUSE(o, "alarm is missing: the id of the alarm is needed");
        return;
    }
    gl_fields_clear(&gl_alarm_fields, &a);
    if (o->lane) memcpy(a.lane, o->lane->config->id, sizeof a.lane);
    memcpy(a.alarm, o->cmd->alarm, sizeof a.alarm);
    gl_clip(a.action, sizeof a.action, "acknowledge");
    gl_clip(a.by, sizeof a.by, o->cmd->officer.id[0] ? o->cmd->officer.id : o->cmd->client);
    gl_clip(a.detail, sizeof a.detail, o->cmd->reason);
    ADD_EFFECT(c, GL_EFFECT_ALARM, &a);
}

/* The lane of a stream that has one, "" for the post's; NULL = no such stream. */
static const char *lane_of_stream(const char *name, bool *ret_restricted) {
    *ret_restricted = strncmp(name, "restricted/", 11) == 0;
    if (strcmp(name, "post") == 0 || strcmp(name, "share/customs") == 0) return "";
    return *ret_restricted ? name + 11 : strncmp(name, "lane/", 5) == 0 ? name + 5 : NULL;
}

static void do_outbox(struct gl_core *c, struct order *o) {
    bool restricted;
    const char *lane = lane_of_stream(o->cmd->stream, &restricted);
    if (!lane || (lane[0] ? !gl_lane_by_id(c, lane) : restricted))
        REFUSE(o, "stream %s does not exist; \"post\" or \"lane/LANE\" is needed",
               o->cmd->stream[0] ? o->cmd->stream : "(none named)");
    else if (restricted && strcmp(o->client->role, "authority") != 0)
        REFUSE(o, "stream %s is for clients of role authority alone", o->cmd->stream);
    else
        ADD_EFFECT(c, GL_EFFECT_OUTBOX, o->cmd);
}

static void do_contingency(struct gl_core *c, struct order *o) {
    if (strcmp(o->client->role, "authority") != 0)
        REFUSE(o, "a contingency is declared by clients of role authority alone");
    else
        gl_contingency_order(c, o->cmd, o->refusal);
}

static void do_uses_known(struct gl_core *c, struct order *o) {
    if (strcmp(o->client->role, "authority") != 0)
        REFUSE(o, "what was used before a restore is said by clients of role authority alone");
    else
        gl_uses_order(c, o->cmd, o->refusal);
}

static void do_snapshot(struct gl_core *c, struct order *o) {
    if (strcmp(o->client->role, "authority") != 0 && strcmp(o->client->role, "system") != 0)
        REFUSE(o, "a snapshot is asked for by clients of the roles authority and system alone");
    else if (o->cmd->collection == GL_COLLECTION_NONE)
        REFUSE(o, "collection is missing: a snapshot of what?");
    else
        ADD_EFFECT(c, GL_EFFECT_ASK, o->cmd);
}

/* What each command needs to name; a lane that it may leave out must exist where it is named. */
enum { NEEDS_LANE = 1, NEEDS_PASSAGE = 2, NEEDS_DECISION = 4, MAY_LANE = 8 };
static const struct {
    unsigned needs;
    void (*run)(struct gl_core *c, struct order *o);
} handlers[] = {
    [GL_COMMAND_OVERRIDE] = {NEEDS_LANE | NEEDS_PASSAGE | NEEDS_DECISION, do_override},
    [GL_COMMAND_TYPED_PLATE] = {NEEDS_LANE | NEEDS_PASSAGE, do_typed_plate},
    [GL_COMMAND_INSPECTION_RESULT] = {NEEDS_LANE | NEEDS_PASSAGE | NEEDS_DECISION, do_inspection_result},
    [GL_COMMAND_LANE_MODE] = {NEEDS_LANE, do_lane_mode},
    [GL_COMMAND_CLOSE] = {NEEDS_LANE | NEEDS_PASSAGE, do_close},
    [GL_COMMAND_ALARM_ACKNOWLEDGE] = {MAY_LANE, do_alarm_acknowledge},
    [GL_COMMAND_ACK] = {0, do_outbox},
    [GL_COMMAND_REPLAY] = {0, do_outbox},
    [GL_COMMAND_CONTINGENCY] = {0, do_contingency},
    [GL_COMMAND_SNAPSHOT] = {0, do_snapshot},
    [GL_COMMAND_USES_KNOWN] = {0, do_uses_known},
};

/* Who, when, and whether it is still about what its sender saw. */
static void admit(struct gl_core *c, struct order *o) {
    const struct gl_command *cmd = o->cmd;
    o->client = gl_config_client(c->config, cmd->client);
    if (!o->client)
        REFUSE(o, "client %s is not configured", cmd->client);
    else if (!(o->client->commands & (1u << cmd->name)))
        REFUSE(o, "client %s may not send %s", cmd->client, gl_command_names[cmd->name]);
    else if (!cmd->id[0])
        REFUSE(o, "id is missing");
    else if (cmd->expires_at == 0)
        REFUSE(o, "expires_at is missing");
    else if (cmd->expires_at <= c->now.wall)
        REFUSE(o, "the command has expired");
    else if (seen_before(c, cmd))
        REFUSE(o, "the command %s was already taken", cmd->id);
}

static void locate(struct gl_core *c, struct order *o, unsigned needs) {
    const struct gl_command *cmd = o->cmd;
    bool named = (needs & NEEDS_LANE) || ((needs & MAY_LANE) && cmd->lane[0]);
    if (o->refusal[0] || !named) return;
    o->lane = gl_lane_by_id(c, cmd->lane);
    if (!o->lane) {
        REFUSE(o, "lane %s does not exist", cmd->lane[0] ? cmd->lane : "(none named)");
        return;
    }
    if (!(needs & NEEDS_PASSAGE)) return;
    o->passage = gl_lane_find(o->lane, cmd->passage);
    o->gone = !o->passage && cmd->passage[0] && cmd->name == GL_COMMAND_TYPED_PLATE;
    if (o->gone) return;
    if (!o->passage)
        REFUSE(o, "passage %s is not open in lane %s", cmd->passage[0] ? cmd->passage : "(none named)", cmd->lane);
    else if ((needs & NEEDS_DECISION) && !o->passage->decided)
        REFUSE(o, "passage %s is not decided yet", cmd->passage);
    else if ((needs & NEEDS_DECISION) && strcmp(o->passage->decision_id, cmd->decision) != 0)
        REFUSE(o, "the decision is now %s, not the one named", o->passage->decision_id);
}

static void reply(struct gl_core *c, const struct order *o) {
    struct gl_reply r;
    gl_fields_clear(&gl_reply_fields, &r);
    memcpy(r.client, o->cmd->client, sizeof r.client);
    r.name = o->cmd->name;
    memcpy(r.command, o->cmd->id, sizeof r.command);
    r.ok = gl_tri(o->refusal[0] == '\0');
    memcpy(r.error, o->refusal, sizeof r.error);
    memcpy(r.response_topic, o->cmd->response_topic, sizeof r.response_topic);
    memcpy(&r.correlation, &o->cmd->correlation, sizeof r.correlation);
    ADD_EFFECT(c, GL_EFFECT_REPLY, &r);
}

void gl_core_command(struct gl_core *c, const struct gl_command *cmd) {
    if (cmd->name == GL_COMMAND_NONE || cmd->name >= GL_COUNT(handlers)) return; /* the socket's table refuses those already */
    struct order o = {.cmd = cmd};
    ADD_EFFECT(c, GL_EFFECT_COMMAND, cmd);
    admit(c, &o);
    locate(c, &o, handlers[cmd->name].needs);
    if (o.gone && may_type(&o)) {
        ADD_EFFECT(c, GL_EFFECT_CORRECT, cmd);
        return;
    }
    if (!o.refusal[0]) handlers[cmd->name].run(c, &o);
    reply(c, &o);
}

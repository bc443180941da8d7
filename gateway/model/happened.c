/* Tables and names of what the core says and of the commands it takes. Members stand in the order of docs/design.md. */
#include "model/happened.h"

#include "plugin.h"

const char *const gl_modes[] = {NULL, "open", "closed", "manual", "shadow", NULL};
const char *const gl_levels[] = {NULL, "desk", "physical", "refuse", NULL};
const char *const gl_outcomes[] = {NULL, "release", "inspect", NULL};
const char *const gl_results[] = {NULL, "pass", "fail", "unknown", "note", NULL};
const char *const gl_passage_states[] = {NULL, "open", "deciding", "decided", "closed", NULL};
const char *const gl_exits[] = {NULL, "confirmed", "backed_out", "unknown", NULL};
const char *const gl_device_states[] = {NULL, "online", "offline", "degraded", NULL};
const char *const gl_scans[] = {NULL, "in_portal", "clear", "unsure", "fault", "gamma", "neutron", "gamma_neutron", NULL};
const char *const gl_feed_states[] = {NULL, "live", "aged", "gap", "stale", "down", "snapshot", "empty", NULL};
const char *const gl_command_names[] = {
    NULL,  "override", "typed-plate", "inspection-result", "lane-mode",  "close", "alarm-acknowledge",
    "ack", "replay",   "contingency", "snapshot",          "uses-known", NULL};
const char *const gl_contingency_actions[] = {NULL, "begin", "end", NULL};

/* Numbers stay within what every JSON reader holds exactly. */
#define LAST INT64_C(9007199254740991)

static const struct gl_field identifier_fields_f[] = {
    GL_TEXT(gl_identifier, kind, GL_REQUIRED),
    GL_TEXT(gl_identifier, text, GL_REQUIRED),
};
static GL_FIELDS(identifier_fields, gl_identifier);

static const struct gl_field known_fields_f[] = {
    GL_TEXT(gl_known, plate, 0),     GL_TEXT(gl_known, trailer, 0), GL_STRUCT(gl_known, reference, &gl_ref_fields, 0),
    GL_TEXT(gl_known, container, 0), GL_TEXT(gl_known, tag, 0),     GL_ENUM(gl_known, radiation, gl_scans, 0),
    GL_TRI(gl_known, presence, 0),
};
static GL_FIELDS(known_fields, gl_known);

static const struct gl_field gl_passage_fields_f[] = {
    GL_TEXT(gl_passage, lane, GL_REQUIRED),
    GL_TEXT(gl_passage, passage, GL_REQUIRED),
    GL_TEXT(gl_passage, visit, 0),
    GL_ENUM(gl_passage, state, gl_passage_states, GL_REQUIRED),
    GL_ENUM(gl_passage, class, gl_classes, 0),
    GL_STRUCT(gl_passage, known, &known_fields, GL_REQUIRED),
    GL_TEXTS(gl_passage, missing, 0),
    GL_TIME(gl_passage, opened_at, 0),
    GL_TIME(gl_passage, closed_at, 0),
    GL_ENUM(gl_passage, exit, gl_exits, 0),
};
GL_FIELDS(gl_passage_fields, gl_passage);

static const struct gl_field rule_fields_f[] = {
    GL_TEXT(gl_rule_outcome, rule, GL_REQUIRED),   GL_ENUM(gl_rule_outcome, result, gl_results, GL_REQUIRED),
    GL_ENUM(gl_rule_outcome, level, gl_levels, 0), GL_TEXT(gl_rule_outcome, detail, 0),
    GL_TEXT(gl_rule_outcome, declaration, 0),
};
static GL_FIELDS(rule_fields, gl_rule_outcome);

/* `by` stands first: without it the whole match is null. */
static const struct gl_field match_fields_f[] = {
    GL_TEXT(gl_match, by, GL_REQUIRED),
    GL_STRUCTS(gl_match, movements, &gl_ref_fields, 0),
    GL_STRUCTS(gl_match, declarations, &gl_ref_fields, 0),
    GL_STRUCTS(gl_match, identifiers, &identifier_fields, 0),
};
static GL_FIELDS(match_fields, gl_match);

static const struct gl_field officer_fields_f[] = {
    GL_TEXT(gl_officer, id, GL_REQUIRED),
    GL_TEXT(gl_officer, role, 0),
};
static GL_FIELDS(officer_fields, gl_officer);

static const struct gl_field gl_decision_fields_f[] = {
    GL_TEXT(gl_decision, lane, GL_REQUIRED),
    GL_TEXT(gl_decision, passage, GL_REQUIRED),
    GL_TEXT(gl_decision, visit, 0),
    GL_ENUM(gl_decision, outcome, gl_outcomes, GL_REQUIRED),
    GL_ENUM(gl_decision, level, gl_levels, 0),
    GL_STRUCTS(gl_decision, rules, &rule_fields, 0),
    GL_STRUCT(gl_decision, match, &match_fields, 0),
    GL_TEXTS(gl_decision, readings, 0),
    GL_ENUM(gl_decision, feed, gl_feed_states, 0),
    GL_TEXT(gl_decision, config, 0),
    GL_TEXT(gl_decision, supersedes, 0),
    GL_STRUCT(gl_decision, officer, &officer_fields, 0),
    GL_TEXT(gl_decision, reason, 0),
    GL_TEXT(gl_decision, contingency, 0),
    GL_STRUCT(gl_decision, evidence, &gl_ref_fields, 0),
};
GL_FIELDS(gl_decision_fields, gl_decision);

static const struct gl_field gl_contingency_fields_f[] = {
    GL_TRI(gl_contingency, active, GL_REQUIRED), GL_TEXT(gl_contingency, reference, 0), GL_TIME(gl_contingency, since, 0),
    GL_TIME(gl_contingency, until, 0),           GL_TEXT(gl_contingency, by, 0),        GL_TEXT(gl_contingency, reason, 0),
    GL_TEXT(gl_contingency, alarm, 0),
};
GL_FIELDS(gl_contingency_fields, gl_contingency);

static const struct gl_field gl_unknown_uses_fields_f[] = {
    GL_TRI(gl_unknown_uses, active, GL_REQUIRED),
    GL_TIME(gl_unknown_uses, copied_at, 0),
    GL_TIME(gl_unknown_uses, restored_at, 0),
    GL_TIME(gl_unknown_uses, until, 0),
    GL_TEXT(gl_unknown_uses, alarm, 0),
    GL_TIME(gl_unknown_uses, known_at, 0),
    GL_TEXT(gl_unknown_uses, by, 0),
    GL_TEXT(gl_unknown_uses, reason, 0),
};
GL_FIELDS(gl_unknown_uses_fields, gl_unknown_uses);

static const struct gl_field gl_hit_fields_f[] = {
    GL_TEXT(gl_hit, lane, GL_REQUIRED),
    GL_TEXT(gl_hit, passage, GL_REQUIRED),
    GL_TEXT(gl_hit, decision, 0),
    GL_STRUCT(gl_hit, lookout, &gl_ref_fields, GL_REQUIRED),
    GL_ENUM(gl_hit, what, gl_soughts, GL_REQUIRED),
    GL_TEXT(gl_hit, text, GL_REQUIRED),
    GL_TEXT(gl_hit, country, 0),
    GL_ENUM(gl_hit, level, gl_levels, GL_REQUIRED),
    GL_TRI(gl_hit, silent, GL_REQUIRED),
    GL_TEXT(gl_hit, reason, 0),
    GL_TRI(gl_hit, read, GL_REQUIRED),
    GL_STRUCT(gl_hit, lodged, &gl_ref_fields, 0),
};
GL_FIELDS(gl_hit_fields, gl_hit);

static const struct gl_field gl_review_fields_f[] = {
    GL_TEXT(gl_review, lane, GL_REQUIRED),
    GL_TEXT(gl_review, passage, GL_REQUIRED),
    GL_TEXT(gl_review, decision, GL_REQUIRED),
    GL_TIME(gl_review, decided_at, 0),
    GL_ENUM(gl_review, feed, gl_feed_states, 0),
    GL_TEXT(gl_review, contingency, 0),
    GL_ENUM(gl_review, outcome_then, gl_outcomes, GL_REQUIRED),
    GL_ENUM(gl_review, outcome_now, gl_outcomes, GL_REQUIRED),
    GL_ENUM(gl_review, level, gl_levels, 0),
    GL_STRUCTS(gl_review, rules, &rule_fields, 0),
};
GL_FIELDS(gl_review_fields, gl_review);

static const struct gl_field gl_review_summary_fields_f[] = {
    GL_TIME(gl_review_summary, from, 0),
    GL_TIME(gl_review_summary, to, 0),
    GL_INT(gl_review_summary, reviewed, 0, LAST, GL_REQUIRED),
    GL_INT(gl_review_summary, differing, 0, LAST, GL_REQUIRED),
    GL_INT(gl_review_summary, lookouts, 0, LAST, GL_REQUIRED),
};
GL_FIELDS(gl_review_summary_fields, gl_review_summary);

static const struct gl_field gl_signal_state_fields_f[] = {
    GL_TEXT(gl_signal_state, lane, GL_REQUIRED),   GL_ENUM(gl_signal_state, signal, gl_signals, GL_REQUIRED),
    GL_ENUM(gl_signal_state, level, gl_levels, 0), GL_TEXT(gl_signal_state, passage, 0),
    GL_TEXT(gl_signal_state, decision, 0),         GL_TIME(gl_signal_state, until, 0),
};
GL_FIELDS(gl_signal_state_fields, gl_signal_state);

static const struct gl_field gl_mode_state_fields_f[] = {
    GL_TEXT(gl_mode_state, lane, GL_REQUIRED),
    GL_ENUM(gl_mode_state, mode, gl_modes, GL_REQUIRED),
    GL_TIME(gl_mode_state, since, 0),
    GL_TEXT(gl_mode_state, by, 0),
};
GL_FIELDS(gl_mode_state_fields, gl_mode_state);

static const struct gl_field gl_alarm_fields_f[] = {
    GL_TEXT(gl_alarm, lane, 0), /* the post itself may raise one */
    GL_TEXT(gl_alarm, alarm, GL_REQUIRED),
    GL_TEXT(gl_alarm, kind, GL_REQUIRED),
    GL_TEXT(gl_alarm, action, GL_REQUIRED),
    GL_TEXT(gl_alarm, passage, 0),
    GL_TEXT(gl_alarm, by, 0),
    GL_TEXT(gl_alarm, detail, 0),
};
GL_FIELDS(gl_alarm_fields, gl_alarm);

static const struct gl_field counter_fields_f[] = {
    GL_TEXT(gl_counter, name, GL_REQUIRED),
    GL_INT(gl_counter, value, -LAST, LAST, GL_REQUIRED),
};
static GL_FIELDS(counter_fields, gl_counter);

static const struct gl_field gl_device_status_fields_f[] = {
    GL_TEXT(gl_device_status, device, GL_REQUIRED),
    GL_TEXT(gl_device_status, lane, 0),
    GL_ENUM(gl_device_status, state, gl_device_states, GL_REQUIRED),
    GL_TIME(gl_device_status, since, 0),
    GL_TEXT(gl_device_status, reason, 0),
    GL_STRUCTS(gl_device_status, counters, &counter_fields, 0),
};
GL_FIELDS(gl_device_status_fields, gl_device_status);

static const struct gl_field gl_gateway_status_fields_f[] = {
    GL_TEXT(gl_gateway_status, state, GL_REQUIRED), GL_TEXT(gl_gateway_status, boot, 0),  GL_TEXT(gl_gateway_status, version, 0),
    GL_TEXT(gl_gateway_status, config, 0),          GL_TIME(gl_gateway_status, since, 0),
};
GL_FIELDS(gl_gateway_status_fields, gl_gateway_status);

static const struct gl_field snapshot_status_fields_f[] = {
    GL_TEXT(gl_snapshot_status, name, GL_REQUIRED),
    GL_INT(gl_snapshot_status, loaded, 0, LAST, 0),
    GL_INT(gl_snapshot_status, count, 0, LAST, 0),
};
static GL_FIELDS(snapshot_status_fields, gl_snapshot_status);

static const struct gl_field asked_status_fields_f[] = {
    GL_TEXT(gl_asked_status, want, GL_REQUIRED),
    GL_TIME(gl_asked_status, since, 0),
    GL_TEXT(gl_asked_status, reason, 0),
};
static GL_FIELDS(asked_status_fields, gl_asked_status);

static const struct gl_field collection_status_fields_f[] = {
    GL_TEXT(gl_collection_status, collection, GL_REQUIRED),
    GL_ENUM(gl_collection_status, state, gl_feed_states, GL_REQUIRED),
    GL_TEXT(gl_collection_status, epoch, 0),
    GL_INT(gl_collection_status, seq, 0, LAST, 0),
    GL_TIME(gl_collection_status, as_of, 0),
    GL_INT(gl_collection_status, age_s, -LAST, LAST, 0),
    GL_INT(gl_collection_status, holes, 0, LAST, 0),
    GL_INT(gl_collection_status, rejects, 0, LAST, 0),
    GL_TRI(gl_collection_status, leaned, 0),
    GL_INT(gl_collection_status, received, 0, LAST, 0),
    GL_INT(gl_collection_status, older, 0, LAST, 0),
    GL_INT(gl_collection_status, quarantined, 0, LAST, 0),
    GL_STRUCT(gl_collection_status, snapshot, &snapshot_status_fields, 0),
    GL_STRUCT(gl_collection_status, asked, &asked_status_fields, 0),
};
static GL_FIELDS(collection_status_fields, gl_collection_status);

static const struct gl_field gl_feed_status_fields_f[] = {
    GL_STRUCTS(gl_feed_status, collections, &collection_status_fields, 0),
};
GL_FIELDS(gl_feed_status_fields, gl_feed_status);

/* What a command says in its payload; shared by its JSON form and its packed form. */
#define COMMAND_DATA                                                                                                            \
    GL_TEXT(gl_command, lane, 0), GL_TEXT(gl_command, passage, 0), GL_TEXT(gl_command, decision, 0),                            \
        GL_STRUCT(gl_command, officer, &officer_fields, 0), GL_TEXT(gl_command, reason, 0),                                     \
        GL_TIME(gl_command, expires_at, GL_REQUIRED), GL_ENUM(gl_command, outcome, gl_outcomes, 0),                             \
        GL_ENUM(gl_command, level, gl_levels, 0), GL_TEXT(gl_command, plate, 0), GL_TEXT(gl_command, country, 0),               \
        GL_ENUM(gl_command, role, gl_roles, 0), GL_ENUM(gl_command, mode, gl_modes, 0), GL_ENUM(gl_command, exit, gl_exits, 0), \
        GL_TEXT(gl_command, alarm, 0), GL_TEXT(gl_command, stream, 0),                                                          \
        {.name = "from", .type = GL_F_INT, .min = 0, .max = LAST, GL_AT(gl_command, from_seq)},                                 \
        {.name = "to", .type = GL_F_INT, .min = 0, .max = LAST, GL_AT(gl_command, to_seq)},                                     \
        GL_STRUCT(gl_command, evidence, &gl_ref_fields, 0), GL_ENUM(gl_command, action, gl_contingency_actions, 0),             \
        GL_TEXT(gl_command, reference, 0), GL_TIME(gl_command, until, 0), GL_ENUM(gl_command, collection, gl_collections, 0)

static const struct gl_field gl_command_data_fields_f[] = {COMMAND_DATA};
GL_FIELDS(gl_command_data_fields, gl_command);

static const struct gl_field gl_command_fields_f[] = {
    GL_TEXT(gl_command, id, 0),
    GL_TEXT(gl_command, client, 0),
    GL_ENUM(gl_command, name, gl_command_names, 0),
    GL_TEXT(gl_command, response_topic, 0),
    GL_BLOB(gl_command, correlation, 0),
    COMMAND_DATA,
};
GL_FIELDS(gl_command_fields, gl_command);

static const struct gl_field gl_reply_fields_f[] = {
    GL_TEXT(gl_reply, client, GL_REQUIRED),
    GL_ENUM(gl_reply, name, gl_command_names, 0),
    GL_TEXT(gl_reply, command, 0),
    GL_TRI(gl_reply, ok, GL_REQUIRED),
    GL_TEXT(gl_reply, error, 0),
};
GL_FIELDS(gl_reply_fields, gl_reply);

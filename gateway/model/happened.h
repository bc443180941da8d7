/* What the core says: passages, decisions, signals, alarms, and the commands it takes. The `data` of those events; tables in happened.c. */
#pragma once
#include "model/lodged.h"

enum { GL_MAX_RULES = 96, GL_MAX_READINGS = 32, GL_MAX_IDENTIFIERS = 12, GL_DETAIL = 161 };

enum gl_mode { GL_MODE_NONE, GL_MODE_OPEN, GL_MODE_CLOSED, GL_MODE_MANUAL, GL_MODE_SHADOW };
extern const char *const gl_modes[];

enum gl_level_decision { GL_LEVEL_NONE, GL_LEVEL_DESK, GL_LEVEL_PHYSICAL, GL_LEVEL_REFUSE };
extern const char *const gl_levels[];

enum gl_outcome { GL_OUTCOME_NONE, GL_OUTCOME_RELEASE, GL_OUTCOME_INSPECT };
extern const char *const gl_outcomes[];

enum gl_result { GL_RESULT_NULL, GL_PASS, GL_FAIL, GL_UNKNOWN, GL_NOTE };
extern const char *const gl_results[];

enum gl_passage_state { GL_PASSAGE_NONE, GL_PASSAGE_OPEN, GL_PASSAGE_DECIDING, GL_PASSAGE_DECIDED, GL_PASSAGE_CLOSED };
extern const char *const gl_passage_states[];

enum gl_exit { GL_EXIT_NONE, GL_EXIT_CONFIRMED, GL_EXIT_BACKED_OUT, GL_EXIT_UNKNOWN };
extern const char *const gl_exits[];

enum gl_device_state { GL_DEVICE_NONE, GL_DEVICE_ONLINE, GL_DEVICE_OFFLINE, GL_DEVICE_DEGRADED };
extern const char *const gl_device_states[];

/* Worst-of order follows the numbers. */
enum gl_feed_state {
    GL_FEED_NONE,
    GL_FEED_LIVE,
    GL_FEED_AGED,
    GL_FEED_GAP,
    GL_FEED_STALE,
    GL_FEED_DOWN,
    GL_FEED_SNAPSHOT, /* EMPTY while the first snapshot is on its way; the core is told EMPTY */
    GL_FEED_EMPTY
};
extern const char *const gl_feed_states[];

/* What is known of a passage from the portal. */
enum gl_scan {
    GL_SCAN_NONE,
    GL_SCAN_RUNNING,
    GL_SCAN_CLEAR,
    GL_SCAN_UNSURE,
    GL_SCAN_FAULT,
    GL_SCAN_GAMMA,
    GL_SCAN_NEUTRON,
    GL_SCAN_GAMMA_NEUTRON
};
extern const char *const
    gl_scans[]; /* "in_portal", "clear", "unsure" (perhaps not measured alone), "fault", "gamma", "neutron", "gamma_neutron" */

struct gl_identifier { /* what a passage was recognised by */
    char kind[12];     /* "plate", "trailer", "container", "reference", "tag" */
    char text[GL_REF];
};

struct gl_known { /* passage.known: what has been seen so far */
    char plate[GL_PLATE];
    char trailer[GL_PLATE];
    struct gl_ref reference;
    char container[16];
    char tag[GL_EPC];  /* of the vehicle: the registered one, else the first that was read */
    uint8_t radiation; /* enum gl_scan: what the portal says so far */
    uint8_t presence;  /* tri: on the entry or exit loop now */
};

struct gl_passage {
    char lane[GL_ID], passage[GL_UUID], visit[GL_UUID];
    uint8_t state, class;
    struct gl_known known;
    uint16_t n_missing;
    char missing[8][16];
    int64_t opened_at, closed_at;
    uint8_t exit;
};

struct gl_rule_outcome {
    char rule[24];
    uint8_t result, level;
    char detail[GL_DETAIL];
    char declaration[GL_REF]; /* which movement or declaration, "" = none in particular */
};

struct gl_match {
    uint16_t n_movements;
    struct gl_ref movements[8];
    uint16_t n_declarations;
    struct gl_ref declarations[64]; /* the first 64; all were judged */
    char by[12];                    /* "exact", "reference", "tag", "container"; "" = no match (null) */
    uint16_t n_identifiers;
    struct gl_identifier identifiers[GL_MAX_IDENTIFIERS];
};

struct gl_officer {
    char id[33], role[17]; /* role: "officer", "authority" */
};

struct gl_decision {
    char lane[GL_ID], passage[GL_UUID], visit[GL_UUID];
    uint8_t outcome, level;
    uint16_t n_rules;
    struct gl_rule_outcome rules[GL_MAX_RULES];
    struct gl_match match; /* null when by is "" */
    uint16_t n_readings;
    char readings[GL_MAX_READINGS][GL_UUID];
    uint8_t feed; /* enum gl_feed_state */
    char config[65];
    char supersedes[GL_UUID];
    struct gl_officer officer;
    char reason[GL_DETAIL];   /* an officer's words */
    char contingency[GL_REF]; /* reference of the contingency that was in force; "" = none */
    struct gl_ref evidence;   /* what an officer's release in a contingency leans on */
};

/* A contingency: declared by the authority, for a time, because what was lodged cannot be seen. Never entered nor left by itself. */
struct gl_contingency {
    uint8_t active; /* tri */
    char reference[GL_REF];
    int64_t since, until; /* wall */
    char by[33];          /* the officer who declared or extended it */
    char reason[GL_DETAIL];
    char alarm[GL_UUID]; /* past `until`: the alarm that says so; "" = within its time */
};

/* After a restore: what the lost box has let through since the backup is not known, until the authority says that it is. */
struct gl_unknown_uses {
    uint8_t active;                 /* tri */
    int64_t copied_at, restored_at; /* wall: of the backup, and when it was put in place by this box's clock */
    int64_t until;                  /* what was surely lodged later is not concerned; 0 = no clock could be believed yet */
    char alarm[GL_UUID];            /* of that restore: the answer names it */
    int64_t known_at;               /* when the authority has said so; 0 = it has not */
    char by[33];                    /* and who */
    char reason[GL_DETAIL];
};

/* A look-out that fitted a vehicle. Restricted: it may be silent. */
struct gl_hit {
    char lane[GL_ID], passage[GL_UUID];
    char decision[GL_UUID]; /* the one that stands, or the one that is looked at again */
    struct gl_ref lookout;
    uint8_t what; /* enum gl_sought */
    char text[GL_REF];
    char country[GL_COUNTRY];
    uint8_t level;  /* enum gl_level_decision: what it asks for */
    uint8_t silent; /* tri */
    char reason[81];
    uint8_t read;         /* tri: it was read; false: it stands in what was lodged */
    struct gl_ref lodged; /* where; "" = read alone */
};

/* A release that leaned on a feed which could not be fully trusted, looked at again with what is known now: the post-clearance list. */
struct gl_review {
    char lane[GL_ID], passage[GL_UUID], decision[GL_UUID];
    int64_t decided_at;
    uint8_t feed; /* enum gl_feed_state, then */
    char contingency[GL_REF];
    uint8_t outcome_then, outcome_now, level; /* level: now */
    uint16_t n_rules;
    struct gl_rule_outcome rules[GL_MAX_RULES]; /* those that stand in the way now */
    /* not in JSON */
    bool failed;  /* the cache could not answer: to be looked at again */
    bool differs; /* it belongs on the list */
    bool lookout; /* a look-out fits */
};
struct gl_review_summary {
    int64_t from, to; /* of the releases that were looked at: first and last */
    int64_t reviewed, differing, lookouts;
};

struct gl_signal_state {
    char lane[GL_ID];
    uint8_t signal; /* enum gl_signal in plugin.h */
    uint8_t level;
    char passage[GL_UUID], decision[GL_UUID];
    int64_t until;
};

struct gl_mode_state {
    char lane[GL_ID];
    uint8_t mode;
    int64_t since;
    char by[33];
};

struct gl_alarm {
    char lane[GL_ID], alarm[GL_UUID];
    char kind[24];   /* "tailgate", "wrong_way", "exit_unreleased", "message_refused", ... */
    char action[12]; /* "raise", "acknowledge", "clear" */
    char passage[GL_UUID];
    char by[33];
    char detail[GL_DETAIL];
};

struct gl_counter {
    char name[32];
    int64_t value;
};
struct gl_device_status {
    char device[GL_ID], lane[GL_ID];
    uint8_t state;
    int64_t since;
    char reason[GL_DETAIL];
    uint16_t n_counters;
    struct gl_counter counters[32];
};

struct gl_gateway_status {
    char state[8]; /* "online", "offline" */
    char boot[GL_UUID];
    char version[16];
    char config[65];
    int64_t since;
};

struct gl_snapshot_status { /* the one on its way */
    char name[41];          /* "" = none */
    int64_t loaded, count;
};
struct gl_asked_status { /* what the producer was asked for last, and has not sent yet */
    char want[9];        /* "" = nothing, "replay", "snapshot" */
    int64_t since;
    char reason[41];
};
struct gl_collection_status {
    char collection[16];
    uint8_t state; /* enum gl_feed_state */
    char epoch[41];
    int64_t seq; /* last number without a hole below it */
    int64_t as_of;
    int64_t age_s;
    int64_t holes, rejects;
    uint8_t leaned;          /* tri: a release leans on it */
    int64_t received, older; /* records since the start, and those of them that changed nothing */
    int64_t quarantined;     /* refused records that are kept, of all collections */
    struct gl_snapshot_status snapshot;
    struct gl_asked_status asked;
};
struct gl_feed_status {
    uint16_t n_collections;
    struct gl_collection_status collections[5];
};

enum gl_command_name {
    GL_COMMAND_NONE,
    GL_COMMAND_OVERRIDE,
    GL_COMMAND_TYPED_PLATE,
    GL_COMMAND_INSPECTION_RESULT,
    GL_COMMAND_LANE_MODE,
    GL_COMMAND_CLOSE,
    GL_COMMAND_ALARM_ACKNOWLEDGE,
    GL_COMMAND_ACK,
    GL_COMMAND_REPLAY,
    GL_COMMAND_CONTINGENCY,
    GL_COMMAND_SNAPSHOT,
    GL_COMMAND_USES_KNOWN
};
extern const char *const gl_command_names
    []; /* "override", "typed-plate", "inspection-result", "lane-mode", "close", "alarm-acknowledge", "ack", "replay", "contingency", "snapshot", "uses-known" */

enum gl_contingency_action { GL_CONTINGENCY_NONE, GL_CONTINGENCY_BEGIN, GL_CONTINGENCY_END };
extern const char *const gl_contingency_actions[];

struct gl_command {
    char id[81];        /* of the CloudEvent: the same id twice is done once */
    char client[GL_ID]; /* from the topic, vouched for by the link; never from the payload */
    uint8_t name;       /* from the topic */
    char lane[GL_ID], passage[GL_UUID], decision[GL_UUID];
    struct gl_officer officer;
    char reason[GL_DETAIL];
    int64_t expires_at;     /* wall; required */
    uint8_t outcome, level; /* override; inspection-result: release = found in order */
    char plate[GL_PLATE];   /* typed-plate */
    char country[GL_COUNTRY];
    uint8_t role;             /* typed-plate: vehicle or trailer */
    uint8_t mode;             /* lane-mode */
    uint8_t exit;             /* close */
    char alarm[GL_UUID];      /* alarm-acknowledge, uses-known */
    char stream[GL_ID + 8];   /* ack, replay */
    int64_t from_seq, to_seq; /* replay; ack: to_seq */
    struct gl_ref evidence;   /* override, inspection-result: what a release in a contingency leans on */
    uint8_t action;           /* contingency: enum gl_contingency_action */
    char reference[GL_REF];   /* contingency */
    int64_t until;            /* contingency */
    uint8_t collection;       /* snapshot: enum gl_collection */
    char response_topic[201]; /* MQTT 5; already checked to lie below the client's own reply/ ; "" = none */
    GL_BYTES(64) correlation;
};

struct gl_reply {
    char client[GL_ID];
    uint8_t name;     /* of the command */
    char command[81]; /* id of the command */
    uint8_t ok;       /* tri */
    char error[GL_DETAIL];
    char response_topic[201]; /* not in JSON */
    GL_BYTES(64) correlation; /* not in JSON */
};

extern const struct gl_fields gl_contingency_fields, gl_unknown_uses_fields, gl_hit_fields, gl_review_fields,
    gl_review_summary_fields;
extern const struct gl_fields gl_passage_fields, gl_decision_fields, gl_signal_state_fields, gl_mode_state_fields, gl_alarm_fields,
    gl_device_status_fields, gl_gateway_status_fields, gl_feed_status_fields,
    gl_command_data_fields /* JSON: without id, client, name, response_topic, correlation */,
    gl_command_fields /* packed: everything */, gl_reply_fields /* JSON */;

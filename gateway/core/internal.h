/* What the files of the core share: the state of lanes and passages, and how effects are made. Nothing outside gateway/core/ includes this. */
#pragma once
#include <openssl/evp.h>
#include <string.h>

#include "core/core.h"

enum {
    GL_LANE_PASSAGES = 6,
    GL_SEEN_COMMANDS = 256,
    GL_ENTRY_ATTACH_MS = 10000,
    GL_PLATE_AFTER_MS = 2000,
    GL_LANE_OCCUPANCIES = 8
};

static inline bool gl_same_ref(const struct gl_ref *a, const struct gl_ref *b) {
    return strcmp(a->type, b->type) == 0 && strcmp(a->value, b->value) == 0;
}

/* Every state but those in which something is known, also one that is added some day. */
static inline bool gl_feed_knows_nothing(uint8_t feed) {
    return feed != GL_FEED_LIVE && feed != GL_FEED_AGED && feed != GL_FEED_GAP && feed != GL_FEED_STALE;
}

/* The best of what one kind of sensor said about a passage. */
struct sighting {
    bool seen;           /* the sensor noticed something, readable or not */
    bool typed;          /* by an officer, not by a device */
    bool conflict;       /* two readable texts that differ */
    char text[GL_PLATE]; /* "" = noticed, but not readable */
    struct gl_plate_keys keys;
    double confidence;
    int64_t mono;
};

/* What the portal said about one passage: one occupancy, or several when its parts came with a gap. */
struct scan {
    bool seen;  /* an occupancy of its own has begun */
    bool sure;  /* and nobody else's time was it then */
    bool open;  /* it is in the portal now */
    bool joint; /* its occupancy held another vehicle as well, or may have, and nothing can tell any more */
    bool gamma, neutron;
    uint16_t alarms; /* how often the portal has alarmed on it */
    bool away;       /* the portal was not well before all of it was measured */
    char fault[32];  /* why its occupancy proves nothing */
    int64_t start_mono, end_mono;
};

/* An occupancy of the lane's portal, whoever was in it. */
struct occupancy {
    bool open;
    char owner[GL_UUID];  /* "" = nobody's (yet) */
    char before[GL_UUID]; /* who was measured just before */
    bool sure;            /* it can have been no other vehicle that broke the beam */
    int64_t start_mono, end_mono;
    bool gamma, neutron;
    char fault[32];
};

/* A tag that was read for a passage. */
struct tag {
    char epc[GL_EPC], tid[GL_TID];
    bool sure;  /* nobody else was in the lane when it was read */
    bool own;   /* issued for the plate that was read; of a seal: declared by what was lodged */
    bool seal;  /* a seal's: says nothing of any plate */
    bool cargo; /* the registry does not know it: makes room for others */
};

struct passage {
    char id[GL_UUID], visit[GL_UUID];
    struct gl_now opened;
    int64_t touched_mono;  /* last reading */
    int64_t deadline_mono; /* decide by then; runs from the opening, or from becoming first in the lane */
    uint8_t class;
    struct sighting vehicle, trailer, container;
    struct scan scan;
    uint16_t n_tags;
    struct tag tags[GL_MAX_TAGS];
    char known_tag[GL_EPC]; /* the registered one, once the registry has said so */
    bool code_seen;
    struct gl_ref reference;
    bool foreign; /* a reading may belong to it or to its neighbour: never a release */
    bool entry_seen, on_entry, entry_cleared, on_exit, exit_begun, backing_out;
    bool restored;        /* was open when the gateway stopped */
    bool lease_over;      /* its release ended without the vehicle leaving */
    bool faulted;         /* a required device was away while it stood here */
    int64_t cleared_mono; /* when it came off the entry loop, with entry_cleared */
    bool lookup_pending;
    int64_t judged_mono;    /* the rules ran last; INT64_MIN = never */
    struct gl_passage told; /* the last passage event */
    bool dirty;             /* what is known changed since the last passage event */
    uint16_t n_readings;
    char readings[GL_MAX_READINGS][GL_UUID];
    bool decided;
    char decision_id[GL_UUID];
    struct gl_decision decision; /* the current one */
    struct gl_decision fresh;    /* what the rules said last, whether or not it became a decision */
    uint8_t override_level;      /* by an officer: what the rules then said, to notice what is worse */
    uint16_t override_alarms;    /* and how often the portal had alarmed */
    uint16_t n_hits;             /* look-outs that fit it, or did; they stay */
    struct gl_hit hits[GL_MAX_ANSWER_LOOKOUTS];
    uint16_t hits_told;     /* those that were told of */
    uint16_t hits_decided;  /* those that the decision knows */
    bool unanswered;        /* the cache could not answer when it was asked last */
    char first_officer[33]; /* two-person override: who has already agreed, to which decision */
    char first_decision[GL_UUID];
    unsigned first_asked;                /* and what was to be lifted: enum gl_override, or-ed */
    struct gl_ref reserved[GL_MAX_USED]; /* a movement, or declarations; and an officer's evidence */
    uint16_t n_reserved;
};

struct device {
    uint8_t state;
    char reason[GL_DETAIL];
};

/* A lane's portal, and who was in it of late. */
struct portal {
    const struct gl_device_config *config; /* NULL = the lane has none */
    uint16_t at;                           /* its index among the devices */
    char fault[32];                        /* as it says itself; "" = well */
    bool tampered;
    char alarms[2][GL_UUID]; /* raised and not cleared: fault, tamper */
    uint16_t n;
    struct occupancy occupancies[GL_LANE_OCCUPANCIES]; /* the newest last */
};

struct in_view { /* a tag, and when it was seen last */
    char epc[GL_EPC], tid[GL_TID];
    int64_t mono;
};

/* A loop, and whether it is occupied for too long. */
struct loop_watch {
    bool occupied;
    int64_t since_mono;
    char alarm[GL_UUID]; /* raised and not cleared; "" = none */
};
enum { GL_LOOP_ENTRY, GL_LOOP_EXIT, GL_LOOPS };

struct lane {
    const struct gl_lane_config *config;
    const struct gl_profile *profile;
    uint8_t mode;
    struct device devices[GL_MAX_DEVICES];
    struct device gpio;
    bool emergency_stop;
    uint16_t n; /* passages in driving order: [0] is first at the exit */
    struct passage *passages[GL_LANE_PASSAGES];
    bool adrift;            /* who stands where is not sure any more: nobody is released until the lane was empty */
    int64_t last_exit_mono; /* of the last vehicle that left; INT64_MIN = none */
    bool exit_occupied;
    struct loop_watch loops[GL_LOOPS];
    int64_t moved_mono; /* a vehicle left, and those behind it move up; INT64_MIN = none has */
    struct portal portal;
    uint16_t n_waiting, n_left;
    struct in_view waiting[GL_MAX_TAGS]; /* read while nobody was in the lane: the next vehicle's, perhaps */
    struct in_view left[GL_MAX_TAGS];    /* of the vehicle that left last: still in view for a while */
    struct gl_signal_state shown;
    int64_t lease_mono; /* of the release that is shown */
};

struct gl_core {
    const struct gl_config *config;
    uint8_t key[32];
    EVP_MAC_CTX *mac; /* keyed once, for identifiers */
    char boot[GL_UUID];
    uint64_t ids; /* identifiers given so far */
    uint8_t feed;
    uint8_t feeds[GL_COLLECTIONS]; /* of each collection that is leaned on; NONE = of the others */
    bool clock_ok;
    struct gl_contingency contingency;
    int64_t contingency_mono; /* when it is over its time, by this boot's clock */
    struct gl_unknown_uses uses;
    bool reviewing; /* a look-up for this one is on its way */
    struct gl_review_case review;
    uint16_t n_lanes;
    struct lane lanes[GL_MAX_LANES];
    uint16_t n_seen;
    uint32_t seen_at;
    char seen[GL_SEEN_COMMANDS][GL_ID + 81];
    struct gl_effects *out; /* only during a step */
    struct gl_now now;      /* of the event in hand */
};

/* effects.c: copies live until the caller resets its effects. */
void *gl_effect_add(struct gl_core *c, enum gl_effect_type type, const void *payload, size_t size);
#define ADD_EFFECT(c, type, ptr) gl_effect_add(c, type, ptr, sizeof *(ptr))

/* lane.c */
struct lane *gl_lane_by_id(struct gl_core *c, const char *id);
struct passage *gl_lane_find(struct lane *l, const char *passage_id);
void gl_lane_lose_order(struct lane *l); /* vehicles and passages may be off by one from here on */
void gl_lane_reading(struct gl_core *c, struct lane *l, struct gl_reading *r);
void gl_lane_restore(struct gl_core *c, const struct gl_passage *p);
void gl_passage_close(struct gl_core *c, struct lane *l, struct passage *p, enum gl_exit how);
void gl_passage_publish(struct gl_core *c, struct lane *l, struct passage *p, enum gl_exit how); /* how: NONE = still here */
void gl_lane_tell(struct gl_core *c, struct lane *l); /* passage events of what has changed */
void gl_passage_note_reading(struct passage *p, const char *id);
/* Raises an alarm, of the post where l is NULL; ret_id (GL_UUID characters, may be NULL) takes its id, for the day when it is cleared. */
void gl_alarm_raise(struct gl_core *c, struct lane *l, const char *kind, const char *passage, const char *detail, char *ret_id);
void gl_alarm_clear(struct gl_core *c, struct lane *l, const char *kind, const char *id, const char *detail);
void gl_sighting_take(struct sighting *s, const char *text, double confidence, int64_t mono, bool typed);

/* presence.c: loops and the emergency stop */
void gl_lane_presence(struct gl_core *c, struct lane *l, struct gl_reading *r);
void gl_presence_time(struct gl_core *c, struct lane *l); /* loops that are occupied for too long */
int64_t gl_presence_deadline(const struct lane *l);
void gl_presence_restore(struct gl_core *c, const char *lane, const char *kind, const char *alarm);
struct passage *gl_passage_new(struct gl_core *c, struct lane *l);

/* portal.c: whose occupancy is it? */
struct passage *gl_portal_reading(struct gl_core *c, struct lane *l, const struct gl_reading *r);
void gl_portal_opened(struct gl_core *c, struct lane *l, struct passage *p);  /* a passage was opened */
void gl_portal_closing(struct gl_core *c, struct lane *l, struct passage *p); /* and is about to be closed */
void gl_portal_restore(struct gl_core *c, const char *lane, const char *kind, const char *alarm, int64_t at);
void gl_portal_looked_at(struct gl_core *c, struct lane *l);        /* by an officer, who has closed it */
void gl_portal_well(struct gl_core *c, struct lane *l);             /* its device is online */
void gl_portal_unwell(struct lane *l);                              /* the portal's device is not online any more */
bool gl_portal_done(const struct lane *l, const struct passage *p); /* all of it has gone through the beam, as far as is known */
uint8_t gl_portal_says(const struct gl_core *c, const struct lane *l, const struct passage *p); /* enum gl_scan */
/* Another vehicle may have been in the same occupancy as p, and has had none of its own yet. */
bool gl_portal_joint(const struct gl_core *c, const struct lane *l, const struct passage *p);

/* tags.c: whose tag is it? */
struct passage *gl_tag_reading(struct gl_core *c, struct lane *l, const struct gl_reading *r);
void gl_tag_opened(struct gl_core *c, struct lane *l, struct passage *p);
void gl_tag_closing(struct gl_core *c, struct lane *l, const struct passage *p);
void gl_tag_answered(struct passage *p, const struct gl_answer *a); /* what the registry said is kept with the tags */
const char *gl_tag_known(const struct passage *p);                  /* the vehicle's; "" = none was read */
bool gl_tag_delivered(const struct passage *p);                     /* one that is no seal's was read */

/* decide.c */
void gl_lane_consider(struct gl_core *c, struct lane *l); /* looks the first passage up when it may change anything */
void gl_lane_answer(struct gl_core *c, const struct gl_answer *a);
void gl_lane_time(struct gl_core *c, struct lane *l);
int64_t gl_trailer_over_mono(const struct lane *l, const struct passage *p); /* when the rear camera's time is over */
int64_t gl_lane_deadline(const struct lane *l);
void gl_decide_by_officer(struct gl_core *c, struct lane *l, struct passage *p, const struct gl_command *cmd, const char *rule);

/* signal.c */
void gl_signal_committed(struct gl_core *c, struct lane *l);
bool gl_lane_lit_for(const struct lane *l,
                     const struct passage *p); /* its green is this passage's, whether the lease still runs or not */
bool gl_lane_shows_release(const struct lane *l, const struct passage *p, int64_t mono);

/* commands.c */
void gl_core_command(struct gl_core *c, const struct gl_command *cmd);

void gl_query_add_ref(struct gl_query *q, const struct gl_ref *ref);
void gl_query_passage(struct gl_query *q, const struct passage *p); /* everything that is known of it */

/* lookouts.c */
struct facts;
void gl_lookouts_take(const struct facts *f, struct passage *p);                   /* what fits it is kept with it */
void gl_lookouts_tell(struct gl_core *c, struct passage *p, const char *decision); /* once for each */
void gl_lookouts_restore(struct gl_core *c, const struct gl_hit *h);

/* contingency.c */
void gl_contingency_order(struct gl_core *c, const struct gl_command *cmd, char refusal[GL_DETAIL]);
bool gl_contingency_active(const struct gl_core *c);
bool gl_contingency_overdue(const struct gl_core *c);
void gl_contingency_time(struct gl_core *c);
void gl_contingency_restore(struct gl_core *c, const struct gl_contingency *saved);

/* uses.c */
void gl_uses_order(struct gl_core *c, const struct gl_command *cmd, char refusal[GL_DETAIL]);
void gl_uses_clock(struct gl_core *c);
void gl_uses_restore(struct gl_core *c, const struct gl_unknown_uses *saved);

/* review.c */
void gl_review_begin(struct gl_core *c, const struct gl_review_case *r);
void gl_review_answer(struct gl_core *c, const struct gl_answer *a);

/* facts.c */
struct facts {
    const struct gl_core *core;
    const struct gl_config *config;
    const struct gl_profile *profile;
    const struct gl_lane_config *lane;
    const struct lane *state; /* of that lane */
    const struct passage *passage;
    const struct gl_answer *answer;
    struct gl_now now;
    const uint8_t *key;
    uint8_t mode, feed, policy;
    bool clock_ok, time_up;
    bool clock_doubted; /* and that matters here */
    bool contingency, overdue;
    bool trusted;               /* every declaration that counts is a trusted trader's */
    bool review;                /* of a passage that was decided: what it used itself is no obstacle */
    bool trailer_over;          /* no trailer can come into view any more */
    char fault[GL_DETAIL];      /* required devices that are away or unwell; "" = none */
    char fault_note[GL_DETAIL]; /* the same for devices that do not count */
    int movement;               /* index of the chosen movement in the answer; -1 = none */
    int n_live;                 /* live movements among the candidates */
    bool by_declaration;        /* no movement: declarations found by themselves carry the decision */
    bool by_reference, by_container, by_plate, by_swap, by_tag;
    struct {
        const struct gl_answer_tag *agrees;  /* registered for the plate that was read */
        const struct gl_answer_tag *differs; /* surely this vehicle's, and registered for another plate */
        const struct gl_answer_tag
            *stands; /* surely this vehicle's, and the only one: it may stand for a plate that could not be read */
        const struct gl_answer_tag *lapsed; /* withdrawn, or over its time */
        struct gl_plate_keys keys;          /* of `stands` */
    } tag;
    struct gl_plate_keys trailers[GL_MAX_ANSWER_MEANS]; /* declared trailers, of the movement and its declarations */
    int n_trailers;
};
void gl_facts_gather(const struct gl_core *c, const struct lane *l, const struct passage *p, const struct gl_answer *a,
                     struct facts *ret);
bool gl_facts_over(const struct gl_answer_movement *m, int64_t wall); /* past its limit, or 72 h past its announced time */
bool gl_facts_judged(const struct facts *f,
                     const struct gl_answer_declaration *d); /* does this declaration count in this decision? */

const struct gl_answer_movement *gl_facts_chosen(const struct facts *f); /* NULL = none */
bool gl_facts_matched(const struct facts *f);                            /* something that was lodged carries the decision */
/* Could this movement, this declaration still carry a release? */
bool gl_facts_movement_live(const struct facts *f, const struct gl_answer_movement *m);
bool gl_facts_declaration_live(const struct facts *f, const struct gl_answer_declaration *d);
bool gl_facts_own(const struct facts *f, uint8_t use, const char *by); /* in a review: used by the very passage */

/* The other passage that has reserved or used what was lodged; NULL = none. */
const char *gl_facts_user(const struct facts *f, const struct gl_ref *ref, uint8_t use, const char *by);

/* tags.c */
void gl_facts_tags(struct facts *f);
bool gl_tag_meets(const struct gl_plate_keys *keys, const struct gl_answer_means *means,
                  int n); /* a vehicle among the means has that plate */

/* What the registry says of a tag that was read; NULL = it does not know it. */
const struct gl_answer_tag *gl_tag_registered(const struct gl_answer *a, const struct tag *t);
/* Another vehicle of the post has the same tag in view; across: one in another lane. */
bool gl_tag_elsewhere(const struct facts *f, const struct gl_answer_tag *t, bool across);

/* rules.c */
/* What lifting a rule asks for; or-ed for a decision, for one permission does not stand for another. */
enum gl_override {
    GL_OVERRIDE_OFFICER = 0,
    GL_OVERRIDE_AUTHORITY = 1,
    GL_OVERRIDE_TWO = 2,       /* two persons */
    GL_OVERRIDE_RADIATION = 4, /* two radiation officers */
    GL_OVERRIDE_NEVER = 8
};
#define GL_REFERRED "REFERRED" /* the word for a look-out that nobody is to notice */

/* Runs every rule; fills rules, outcome and level. Sets *ret_curable when more evidence may still come that changes what they say. */
void gl_rules_run(const struct facts *f, struct gl_decision *d, bool *ret_curable);
/* Under which circumstances something is to be lifted; or-ed. */
enum gl_when { GL_WHEN_INSPECTED = 1 /* an inspection found all in order */, GL_WHEN_CONTINGENCY = 2 };
/* All that lifting the obstacles of a decision asks for: enum gl_override, or-ed. */
unsigned gl_rules_permission(const struct gl_decision *d, unsigned when);
/* The rule that asks for this one; "" = none. */
const char *gl_rules_asking(const struct gl_decision *d, unsigned when, enum gl_override which);
/* An outcome that no check says: an officer's word, or what the rules could not judge. */
void gl_rules_add(struct gl_decision *d, const char *code, enum gl_result result, uint8_t level, const char *detail);

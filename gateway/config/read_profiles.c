/* Profiles: what a lane asks of a vehicle before it may release it. And clients: who may send which commands. */
#include <string.h>

#include "config/reader.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, MOST_NEEDS = 16 };

const char *const gl_needs[] = {"plate", "trailer", "declaration", "code", "container", "tag", "radiation", NULL};
const char *const gl_policies[] = {NULL, "declared", "desk", "physical", NULL};

/* What the table of one profile fills: the profile, and what is checked but not kept. */
struct draft {
    struct gl_profile p;
    uint8_t ends; /* 1 = exit-loop, 2 = time */
};

static void read_classes(struct gl_reader *r, const struct gl_key *k GL_UNUSED, const struct gl_yaml_node *n, void *out) {
    uint8_t *policy = out;
    if (!gl_read_is(r, n, GL_YAML_MAP)) return;
    for (const struct gl_yaml_node *item = n->first; item; item = item->next) {
        uint8_t class = gl_enum_parse(gl_classes, item->key);
        if (class == GL_CLASS_NONE) {
            gl_refuse_key(r, item, gl_classes + 1, GL_CLASS_UNKNOWN);
            continue;
        }
        const char *text = gl_read_text(r, item);
        uint8_t i = text ? gl_read_choice(r, item, text, gl_policies) : 0;
        if (i > 0) policy[class] = i;
    }
    if (!gl_yaml_get(n, "truck"))
        gl_yaml_key_error(&r->y, n, "needs 'truck': the policy for trucks is that of every class not named");
}

static void read_require(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    /* gl_key_set() counts names from 1; a need is the bit of its name counted from 0. */
    const char *names[MOST_NEEDS + 2] = {NULL};
    unsigned set = 0;
    for (size_t i = 0; gl_needs[i] && i < MOST_NEEDS; i++) names[i + 1] = gl_needs[i];
    struct gl_key list = *k;
    list.names = names;
    gl_key_set(r, &list, n, &set);
    *(unsigned *)out = set >> 1;
}

static void read_fault(struct gl_reader *r, const struct gl_key *k GL_UNUSED, const struct gl_yaml_node *n, void *out) {
    static const char *const names[] = {NULL, "inspect", "fault", NULL};
    const char *text = gl_read_text(r, n);
    uint8_t i = text ? gl_read_choice(r, n, text, names) : 0;
    if (i > 0) *(uint8_t *)out = i == 1 ? GL_SIGNAL_INSPECT : GL_SIGNAL_FAULT;
}

static void read_factor(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    const char *text = gl_read_text(r, n);
    int64_t v;
    if (text && gl_parse_int(text, k->min, k->max, &v) < 0)
        gl_yaml_error(&r->y, n, "'%.40s' is no factor; a whole number from %d to %d is needed", text, (int)k->min, (int)k->max);
    else if (text)
        *(int64_t *)out = v;
}

/* What is not said of trusted traders is for them as for everybody. */
enum { AS_OTHERS = -1 };
static const struct gl_key random_keys[] = {
    GL_KEY(gl_profile, random_rate, "rate", gl_key_rate, .required = true),
    GL_KEY(gl_profile, random_aeo_rate, "aeo_rate", gl_key_rate),
};
static const struct gl_section random_section = GL_SECTION(random_keys);
static const struct gl_key lead_keys[] = {
    GL_KEY(gl_profile, lead_ms, "normal", gl_key_duration, .max = 30 * 24 * (int64_t)HOUR, .required = true),
    GL_KEY(gl_profile, lead_aeo_ms, "aeo", gl_key_duration, .max = 30 * 24 * (int64_t)HOUR),
};
static const struct gl_section lead_section = GL_SECTION(lead_keys);

/* `random: 5%`, or a map. */
static void read_random(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    struct gl_profile *p = out;
    if (n->kind != GL_YAML_MAP) {
        gl_key_rate(r, k, n, &p->random_rate);
        return;
    }
    gl_read_keys(r, n, &random_section, p);
    if (gl_yaml_get(n, "rate") && p->random_aeo_rate > p->random_rate)
        gl_yaml_error(&r->y, n, "'aeo_rate' is above 'rate'; trusted traders are drawn less often, or as often as others");
}

static void read_lead(struct gl_reader *r, const struct gl_key *k GL_UNUSED, const struct gl_yaml_node *n, void *out) {
    struct gl_profile *p = out;
    gl_read_keys(r, n, &lead_section, p);
    if (gl_yaml_get(n, "normal") && p->lead_aeo_ms > p->lead_ms)
        gl_yaml_error(&r->y, n, "'aeo' is longer than 'normal'; trusted traders may lodge later, or as late as others");
}

static const char *const ends[] = {NULL, "exit-loop", "time", NULL};

/* Part of the profile's table, but a map of its own: offsets are those of the draft. */
static const struct gl_key release_keys[] = {
    GL_KEY(draft, p.release_hold_ms, "hold", gl_key_duration, .min = SECOND, .max = 5 * MINUTE),
    GL_KEY(draft, ends, "ends", gl_key_choice, .names = ends),
};
static const struct gl_section release_section = GL_SECTION(release_keys);

static const struct gl_key profile_keys[] = {
    GL_KEY(draft, p.mode, "mode", gl_key_choice, .names = gl_modes, .required = true),
    GL_KEY(draft, p.policy, "classes", read_classes, .required = true),
    GL_KEY(draft, p.require, "require", read_require, .min = 1, .required = true),
    GL_KEY(draft, p.decide_within_ms, "decide_within", gl_key_duration, .min = SECOND, .max = 2 * MINUTE),
    {.name = "release", .read = gl_key_section, .section = &release_section},
    GL_KEY(draft, p.abandon_after_ms, "abandon_after", gl_key_duration, .min = 10 * SECOND, .max = 24 * HOUR),
    GL_KEY(draft, p.tailgate_within_ms, "tailgate_within", gl_key_duration, .min = SECOND, .max = 5 * MINUTE),
    GL_KEY(draft, p.stuck_after_ms, "stuck_after", gl_key_duration, .min = 10 * SECOND, .max = 24 * HOUR),
    GL_KEY(draft, p.min_confidence, "min_confidence", gl_key_rate),
    GL_KEY(draft, p, "random", read_random),
    GL_KEY(draft, p.aged_random, "aged_random", read_factor, .min = 1, .max = 100),
    GL_KEY(draft, p, "lead_time", read_lead),
    GL_KEY(draft, p.on_device_fault, "on_device_fault", read_fault),
    GL_KEY(draft, p.feed_down, "feed_down", read_fault),
};
static const struct gl_section profile_section = GL_SECTION(profile_keys);

static void read_profile(struct gl_reader *r, const struct gl_yaml_node *n) {
    struct draft d = {.ends = 1,
                      .p = {.decide_within_ms = 12 * SECOND,
                            .release_hold_ms = 30 * SECOND,
                            .abandon_after_ms = 10 * MINUTE,
                            .tailgate_within_ms = 10 * SECOND,
                            .stuck_after_ms = 15 * MINUTE,
                            .min_confidence = 0.80,
                            .random_aeo_rate = AS_OTHERS,
                            .aged_random = 2,
                            .lead_aeo_ms = AS_OTHERS,
                            .on_device_fault = GL_SIGNAL_INSPECT,
                            .feed_down = GL_SIGNAL_INSPECT}};
    gl_check_name(r, n, GL_ID - 1); /* with a bad name, what it holds is checked all the same */
    gl_read_keys(r, n, &profile_section, &d);
    for (size_t i = 0; i < GL_COUNT(d.p.policy); i++)
        if (d.p.policy[i] == GL_POLICY_NONE) d.p.policy[i] = d.p.policy[GL_CLASS_TRUCK];
    if (d.p.random_aeo_rate < 0) d.p.random_aeo_rate = d.p.random_rate;
    if (d.p.lead_aeo_ms < 0) d.p.lead_aeo_ms = d.p.lead_ms;
    if (d.p.abandon_after_ms <= d.p.decide_within_ms)
        gl_yaml_key_error(&r->y, n, "'abandon_after' must be longer than 'decide_within', or no passage would ever be decided");
    if (r->c->n_profiles >= GL_MAX_PROFILES) {
        gl_yaml_key_error(&r->y, n, "more than %d profiles", GL_MAX_PROFILES);
        return;
    }
    gl_clip(d.p.id, sizeof d.p.id, n->key);
    r->ends_by_time[r->c->n_profiles] = d.ends == 2;
    r->c->profiles[r->c->n_profiles++] = d.p;
}

void gl_key_profiles(struct gl_reader *r, const struct gl_key *k GL_UNUSED, const struct gl_yaml_node *n, void *out GL_UNUSED) {
    if (!gl_read_is(r, n, GL_YAML_MAP)) return;
    if (n->n == 0) gl_yaml_key_error(&r->y, n, "is empty; at least one profile is needed");
    for (const struct gl_yaml_node *item = n->first; item; item = item->next) read_profile(r, item);
}

/* ---- clients ------------------------------------------------------------------------------------------------------------------------- */
static void read_role(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    static const char *const roles[] = {NULL, "officer", "authority", "radiation", "system", NULL};
    const char *text = gl_read_text(r, n);
    uint8_t i = text ? gl_read_choice(r, n, text, roles) : 0;
    if (i > 0) gl_clip(out, k->size, roles[i]);
}

static const struct gl_key client_keys[] = {
    GL_KEY(gl_client_config, role, "role", read_role, .required = true),
    GL_KEY(gl_client_config, commands, "commands", gl_key_set, .names = gl_command_names, .min = 1, .required = true),
};
static const struct gl_section client_section = GL_SECTION(client_keys);

/* What only the authority may ask for is refused here, not at the hour when it is needed. */
static void check_authority(struct gl_reader *r, const struct gl_yaml_node *n, const struct gl_client_config *c) {
    bool authority = strcmp(c->role, "authority") == 0, system = strcmp(c->role, "system") == 0;
    if ((c->commands & (1u << GL_COMMAND_CONTINGENCY)) && c->role[0] && !authority)
        gl_yaml_key_error(&r->y, n, "may not have the command 'contingency': only a client of role authority may");
    if ((c->commands & (1u << GL_COMMAND_USES_KNOWN)) && c->role[0] && !authority)
        gl_yaml_key_error(&r->y, n, "may not have the command 'uses-known': only a client of role authority may");
    if ((c->commands & (1u << GL_COMMAND_SNAPSHOT)) && c->role[0] && !authority && !system)
        gl_yaml_key_error(&r->y, n, "may not have the command 'snapshot': only clients of the roles authority and system may");
}

void gl_key_clients(struct gl_reader *r, const struct gl_key *k GL_UNUSED, const struct gl_yaml_node *n, void *out GL_UNUSED) {
    if (!gl_read_is(r, n, GL_YAML_MAP)) return;
    for (const struct gl_yaml_node *item = n->first; item; item = item->next) {
        struct gl_client_config client = {0};
        gl_check_name(r, item, GL_ID - 1);
        gl_read_keys(r, item, &client_section, &client);
        if (r->c->n_clients >= GL_MAX_CLIENTS) {
            gl_yaml_key_error(&r->y, item, "more than %d clients", GL_MAX_CLIENTS);
            return;
        }
        check_authority(r, item, &client);
        gl_clip(client.id, sizeof client.id, item->key);
        r->c->clients[r->c->n_clients++] = client;
    }
}

/* share: gate events for systems outside, in their own formats.
 *
 *     share:
 *       customs:
 *         outgoing: /var/lib/greenlane/outgoing
 *         recintos: {site: "9801303", gates: {in-1: 5a1c...}, cameras: {in-1.front: 77b0...}}
 *         cc007c: {office: XI000142, trader: XI123456789000, location: {type: B, authorisation: XIACE0042}}
 *
 * What is left out is off. Codes are those of the receivers' own registers: only their form can be checked here. */
#include <string.h>

#include "config/reader.h"

#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* min..max characters of `allowed`; with `country`, two capitals first. */
static void read_code(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out, const char *allowed,
                      bool country, const char *help) {
    const char *text = gl_read_text(r, n);
    if (!text) return;
    size_t len = strlen(text);
    bool good = (int64_t)len >= k->min && (int64_t)len <= k->max && strspn(text, allowed) == len;
    if (good && country) good = strspn(text, CAPITALS) >= 2;
    if (good)
        gl_clip(out, k->size, text);
    else
        gl_yaml_error(&r->y, n, "'%.40s' is no %s", text, help);
}

static void read_site(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    read_code(r, k, n, out, CAPITALS DIGITS, false,
              "site code; write the 1 to 15 digits or capitals that the customs authority gave the site, in quotes");
}
static void read_office(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    read_code(r, k, n, out, CAPITALS DIGITS, true, "customs office; write its eight characters, like XI000142");
}
static void read_trader(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    read_code(r, k, n, out, CAPITALS DIGITS, true, "EORI number; write the country and up to 15 more, like XI123456789000");
}
static void read_unlocode(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    read_code(r, k, n, out, CAPITALS DIGITS, true, "UN/LOCODE; write five characters, like GBWAR");
}
static void read_permit(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    read_code(r, k, n, out, CAPITALS DIGITS "/-.", false,
              "authorisation; write its number, at most 35 of A-Z, 0-9, '/', '-' and '.'");
}
static void read_party(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    read_code(r, k, n, out, CAPITALS DIGITS "/-._", false,
              "name of a message's party; write up to 35 of A-Z, 0-9, '.', '-', '_' and '/', like NTA.XI");
}

static void read_word(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    const char *text = gl_read_text(r, n);
    uint8_t i = text ? gl_read_choice(r, n, text, k->names) : 0;
    if (i > 0) gl_clip(out, k->size, k->names[i]);
}

/* ---- names: ours to theirs ------------------------------------------------------------------------------------------------------------ */
static void read_names(struct gl_reader *r, const struct gl_yaml_node *n, struct gl_share_alias *list, uint16_t *count,
                       size_t most) {
    if (!gl_read_is(r, n, GL_YAML_MAP)) return;
    for (const struct gl_yaml_node *item = n->first; item; item = item->next) {
        struct gl_share_alias a = {.ours = ""};
        const struct gl_key text = {.size = sizeof a.theirs};
        if (*count == most) {
            gl_yaml_key_error(&r->y, item, "more than %zu of them", most);
            return;
        }
        gl_key_text(r, &text, item, a.theirs);
        gl_clip(a.ours, sizeof a.ours, item->key);
        list[(*count)++] = a;
    }
}

static void read_gates(struct gl_reader *r, const struct gl_key *k GL_UNUSED, const struct gl_yaml_node *n, void *out GL_UNUSED) {
    struct gl_share_config *s = &r->c->share;
    read_names(r, n, s->recintos.gates, &s->recintos.n_gates, GL_COUNT(s->recintos.gates));
}
static void read_cameras(struct gl_reader *r, const struct gl_key *k GL_UNUSED, const struct gl_yaml_node *n, void *out GL_UNUSED) {
    struct gl_share_config *s = &r->c->share;
    read_names(r, n, s->recintos.cameras, &s->recintos.n_cameras, GL_COUNT(s->recintos.cameras));
}

/* ---- tables --------------------------------------------------------------------------------------------------------------------------- */
#define PART(key, table, ...) \
    { .name = (key), .read = gl_key_section, .section = &(const struct gl_section)GL_SECTION(table), __VA_ARGS__ }

static const char *const location_types[] = {NULL, "A", "B", "C", "D", NULL};
static const char *const permit_types[] = {NULL, "C521", "C522", NULL};

static const struct gl_key recintos_keys[] = {
    GL_KEY(gl_config, share.recintos.site, "site", read_site, .min = 1, .max = 15, .required = true),
    {.name = "gates", .read = read_gates},
    {.name = "cameras", .read = read_cameras},
};
static const struct gl_key location_keys[] = {
    GL_KEY(gl_config, share.cc007c.location_type, "type", read_word, .names = location_types, .required = true),
    GL_KEY(gl_config, share.cc007c.at_office, "office", read_office, .min = 8, .max = 8),
    GL_KEY(gl_config, share.cc007c.at_unlocode, "unlocode", read_unlocode, .min = 5, .max = 17),
    GL_KEY(gl_config, share.cc007c.at_authorisation, "authorisation", read_permit, .min = 1, .max = 35),
};
static const struct gl_key permit_keys[] = {
    GL_KEY(gl_config, share.cc007c.authorisation_type, "type", read_word, .names = permit_types, .required = true),
    GL_KEY(gl_config, share.cc007c.authorisation, "number", read_permit, .min = 1, .max = 35, .required = true),
};
static const struct gl_key cc007c_keys[] = {
    GL_KEY(gl_config, share.cc007c.office, "office", read_office, .min = 8, .max = 8, .required = true),
    GL_KEY(gl_config, share.cc007c.trader, "trader", read_trader, .min = 3, .max = 17, .required = true),
    GL_KEY(gl_config, share.cc007c.sender, "sender", read_party, .min = 1, .max = 35),
    GL_KEY(gl_config, share.cc007c.recipient, "recipient", read_party, .min = 1, .max = 35),
    PART("location", location_keys, .required = true),
    PART("authorisation", permit_keys),
};
static const struct gl_key customs_keys[] = {
    GL_KEY(gl_config, share.outgoing, "outgoing", gl_key_path),
    PART("recintos", recintos_keys),
    PART("cc007c", cc007c_keys),
};
static const struct gl_key share_keys[] = {PART("customs", customs_keys, .required = true)};
const struct gl_section gl_share_section = GL_SECTION(share_keys);

/* ---- when every lane was read --------------------------------------------------------------------------------------------------------- */
static bool is_camera(const struct gl_config *c, const char *id) {
    const struct gl_device_config *d = gl_config_device(c, id, NULL);
    return d && strcmp(d->plugin, "anpr") == 0;
}

static void check_names(struct gl_reader *r, const struct gl_yaml_node *recintos) {
    const struct gl_yaml_node *gates = gl_yaml_get(recintos, "gates"), *cameras = gl_yaml_get(recintos, "cameras");
    for (const struct gl_yaml_node *n = gates ? gates->first : NULL; n; n = n->next)
        if (!gl_config_lane(r->c, n->key)) gl_yaml_key_error(&r->y, n, "there is no such lane");
    for (const struct gl_yaml_node *n = cameras ? cameras->first : NULL; n; n = n->next)
        if (!is_camera(r->c, n->key)) gl_yaml_key_error(&r->y, n, "there is no such camera; write LANE.NAME of an anpr device");
}

static void check_location(struct gl_reader *r, const struct gl_yaml_node *location) {
    static const char *const ways[] = {"office", "unlocode", "authorisation"};
    size_t given = 0;
    if (!location || location->kind != GL_YAML_MAP) return;
    for (size_t i = 0; i < GL_COUNT(ways); i++) given += gl_yaml_get(location, ways[i]) != NULL;
    if (given != 1)
        gl_yaml_key_error(&r->y, location, "needs one of office, unlocode, authorisation, and %s; it says where the goods are",
                          given == 0 ? "has none" : "no second one");
}

void gl_check_share(struct gl_reader *r) {
    struct gl_share_config *s = &r->c->share;
    const struct gl_yaml_node *customs = gl_yaml_get(gl_yaml_get(r->y.root, "share"), "customs");
    const struct gl_yaml_node *recintos = gl_yaml_get(customs, "recintos"), *cc007c = gl_yaml_get(customs, "cc007c");
    if (customs && customs->kind == GL_YAML_MAP && !recintos && !cc007c)
        gl_yaml_key_error(&r->y, customs, "names no format; add recintos or cc007c, or leave share out");
    check_names(r, recintos);
    check_location(r, gl_yaml_get(cc007c, "location"));
    if (!s->cc007c.office[0]) return;
    if (!s->cc007c.sender[0]) gl_clip(s->cc007c.sender, sizeof s->cc007c.sender, s->cc007c.trader);
    if (!s->cc007c.recipient[0]) gl_format(s->cc007c.recipient, sizeof s->cc007c.recipient, "NTA.%.2s", s->cc007c.office);
}

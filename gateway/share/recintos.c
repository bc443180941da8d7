/* Brazil's API Recintos: vehicle access and weighing, by the attributes of its published model. An event that corrects another tells everything anew.
 *
 *     {"tipoOperacao":"I", "idEvento":..., "dataHoraOcorrencia":..., "dataHoraRegistro":..., "contingencia":false, "codigoRecinto":...,
 *      "operacao":"C", "direcao":"E", "modal":"R", "gate":..., "listaCameras":[...], "placa":..., "ocrPlaca":true, ...}
 *
 * Nothing is guessed: what the gateway does not know is left out and named in `missing`. */
#include <string.h>

#include "share/share.h"

enum { CPF_DIGITS = 11 };

/* ---- one member after the other -------------------------------------------------------------------------------------------------------- */
static void member(struct gl_buf *b, const char *name) {
    char last = b->len ? b->data[b->len - 1] : '\0';
    if (last != '{' && last != '[' && last != '\0') gl_buf_char(b, ',');
    gl_json_string(b, name);
    gl_buf_char(b, ':');
}

static void text(struct gl_buf *b, const char *name, const char *value) {
    if (!value[0]) return;
    member(b, name);
    gl_json_string(b, value);
}

static void flag(struct gl_buf *b, const char *name, bool value) {
    member(b, name);
    gl_buf_text(b, value ? "true" : "false");
}

static void kilograms(struct gl_buf *b, const char *name, int64_t grams) {
    if (grams == GL_INT_NULL) return;
    member(b, name);
    gl_buf_printf(b, "%lld", (long long)(grams / 1000));
    if (grams % 1000) gl_buf_printf(b, ".%03lld", (long long)(grams % 1000));
}

/* Its times have an offset without a colon; ours are UTC. */
static void moment(struct gl_buf *b, const char *name, int64_t wall) {
    char utc[GL_TIME_TEXT];
    gl_time_format(wall, utc);
    utc[strlen(utc) - 1] = '\0';
    member(b, name);
    gl_buf_printf(b, "\"%s+0000\"", utc);
}

static void lacks(struct gl_buf *missing, const char *what) {
    if (missing->len) gl_buf_char(missing, ',');
    gl_json_string(missing, what);
}

/* An element of a list: its own id is its place. */
static void element(struct gl_buf *b, int n) {
    gl_buf_text(b, n ? ",{" : "{");
    member(b, "idElemento");
    gl_buf_printf(b, "\"%d\"", n + 1);
}

/* ---- what all events share -------------------------------------------------------------------------------------------------------------- */
struct head {
    const char *id, *corrects, *officer;
    int64_t at, recorded_at;
    bool contingency;
};

/* Its operators are named by eleven digits and by nothing else. */
static bool is_cpf(const char *officer) {
    return strlen(officer) == CPF_DIGITS && strspn(officer, "0123456789") == CPF_DIGITS;
}

static void write_head(const struct gl_config *c, const struct head *h, struct gl_buf *b, struct gl_buf *missing) {
    gl_buf_char(b, '{');
    text(b, "tipoOperacao", h->corrects[0] ? "R" : "I");
    text(b, "idEvento", h->id);
    moment(b, "dataHoraOcorrencia", h->at);
    moment(b, "dataHoraRegistro", h->recorded_at);
    flag(b, "contingencia", h->contingency);
    text(b, "codigoRecinto", c->share.recintos.site);
    if (is_cpf(h->officer)) text(b, "cpfOperadorRegistro", h->officer);
    if (h->officer[0] && !is_cpf(h->officer)) lacks(missing, "cpfOperadorRegistro");
    if (h->corrects[0]) lacks(missing, "protocoloEventoRetificadoOuExcluido"); /* the receiver gave it to whoever sent the first */
}

static const char *theirs(const struct gl_share_alias *list, uint16_t n, const char *ours) {
    for (uint16_t i = 0; i < n; i++)
        if (strcmp(list[i].ours, ours) == 0) return list[i].theirs;
    return ours;
}

static void write_cameras(const struct gl_config *c, const char *lane, struct gl_buf *b) {
    const struct gl_lane_config *l = gl_config_lane(c, lane);
    int n = 0;
    member(b, "listaCameras");
    gl_buf_char(b, '[');
    for (uint16_t i = 0; l && i < l->n_devices; i++) {
        if (strcmp(l->devices[i].plugin, "anpr") != 0) continue;
        element(b, n++);
        text(b, "protocoloCamera", theirs(c->share.recintos.cameras, c->share.recintos.n_cameras, l->devices[i].id));
        gl_buf_char(b, '}');
    }
    gl_buf_char(b, ']');
}

/* ---- access ------------------------------------------------------------------------------------------------------------------------------ */
/* Something of the lane's or the gateway's own was not in working order: the rule that says so did not pass. */
static bool in_contingency(const struct gl_share_facts *f) {
    static const char *const rules[] = {"CONTINGENCY",  "SENSOR_FAULT", "RPM_FAULT",   "GATEWAY_RESTARTED",
                                        "CLOCK_UNSYNC", "CACHE_DOWN",   "CACHE_STALE", "CACHE_GAP"};
    for (uint16_t i = 0; f->decided && i < f->decision.n_rules; i++) {
        const struct gl_rule_outcome *o = &f->decision.rules[i];
        if (o->result != GL_FAIL && o->result != GL_UNKNOWN) continue;
        for (size_t k = 0; k < GL_COUNT(rules); k++)
            if (strcmp(o->rule, rules[k]) == 0) return true;
    }
    return false;
}

static void write_trailer(const struct gl_share_facts *f, struct gl_buf *b, struct gl_buf *missing) {
    if (!f->passage.known.trailer[0]) return;
    member(b, "listaSemirreboque");
    gl_buf_char(b, '[');
    element(b, 0);
    text(b, "placa", f->passage.known.trailer);
    flag(b, "ocrPlaca", f->trailer_read);
    if (f->empty != GL_NULL) flag(b, "vazio", f->empty == GL_TRUE);
    if (f->empty == GL_NULL) lacks(missing, "listaSemirreboque[0].vazio");
    gl_buf_text(b, "}]");
}

static void write_container(const struct gl_share_facts *f, struct gl_buf *b, struct gl_buf *missing) {
    if (!f->passage.known.container[0]) return;
    member(b, "listaConteineresUld");
    gl_buf_char(b, '[');
    element(b, 0);
    text(b, "numeroConteiner", f->passage.known.container);
    flag(b, "ocrNumero", f->container_read);
    if (f->empty != GL_NULL) flag(b, "vazio", f->empty == GL_TRUE);
    if (f->empty == GL_NULL) lacks(missing, "listaConteineresUld[0].vazio");
    lacks(missing, "listaConteineresUld[0].tipo"); /* its size and type are not read */
    gl_buf_text(b, "}]");
}

/* The types of documents that the receiver knows, as its own feed would write them in our references. */
static const char *const manifests[] = {"MICDTA", "TIFDTA", "MDFE", "MELET", NULL};
static const char *const declarations[] = {"DI", "DTA", "DUE", "DAT", "DUIMP", NULL};

static const char *their_type(const char *ours, const char *const *types) {
    for (size_t i = 0; types[i]; i++)
        if (strcasecmp(types[i], ours) == 0) return types[i];
    return "";
}

static void write_documents(struct gl_buf *b, struct gl_buf *missing, const char *list, const char *number,
                            const char *const *types, const struct gl_ref *refs, uint16_t n) {
    char what[64];
    if (n == 0) return;
    member(b, list);
    gl_buf_char(b, '[');
    for (int i = 0; i < n; i++) {
        const char *type = their_type(refs[i].type, types);
        element(b, i);
        text(b, number, refs[i].value);
        text(b, "tipo", type);
        gl_buf_char(b, '}');
        if (type[0]) continue;
        gl_format(what, sizeof what, "%s[%d].tipo", list, i);
        lacks(missing, what);
    }
    gl_buf_char(b, ']');
}

void gl_share_access(const struct gl_share_facts *f, struct gl_buf *out, struct gl_buf *missing) {
    const struct gl_config *c = f->config;
    const struct gl_lane_config *l = gl_config_lane(c, f->passage.lane);
    const struct gl_match *m = &f->decision.match;
    write_head(c, &(struct head){f->id, f->corrects, f->officer, f->passage.closed_at, f->recorded_at, in_contingency(f)}, out,
               missing);
    text(out, "operacao", "C");
    text(out, "direcao", l && l->direction == GL_DIRECTION_OUT ? "S" : "E");
    text(out, "modal", "R");
    text(out, "gate", theirs(c->share.recintos.gates, c->share.recintos.n_gates, f->passage.lane));
    write_cameras(c, f->passage.lane, out);
    text(out, "placa", f->passage.known.plate);
    if (!f->passage.known.plate[0]) lacks(missing, "placa");
    flag(out, "ocrPlaca", f->plate_read);
    flag(out, "oogDimensao", false); /* it went through this gate */
    flag(out, "oogPeso", false);
    write_trailer(f, out, missing);
    write_container(f, out, missing);
    if (f->decided) {
        write_documents(out, missing, "listaManifestos", "numero", manifests, m->movements, m->n_movements);
        write_documents(out, missing, "listaDeclaracaoAduaneira", "numeroDeclaracao", declarations, m->declarations,
                        m->n_declarations);
    }
    gl_buf_char(out, '}');
}

/* ---- weighing ---------------------------------------------------------------------------------------------------------------------------- */
void gl_share_weighed(const struct gl_share_weighing *w, struct gl_buf *out, struct gl_buf *missing) {
    write_head(w->config, &(struct head){w->id, w->corrects, w->officer, w->at, w->recorded_at, w->contingency}, out, missing);
    text(out, "placa", w->plate);
    if (!w->plate[0]) lacks(missing, "placa");
    kilograms(out, "pesoBrutoBalanca", w->gross_g);
    if (w->gross_g == GL_INT_NULL) lacks(missing, "pesoBrutoBalanca");
    kilograms(out, "pesoBrutoManifesto", w->declared_g);
    kilograms(out, "taraConjunto", w->tare_g);
    if (w->trailer[0] && w->tare_g == GL_INT_NULL) lacks(missing, "taraConjunto");
    flag(out, "capturaAutoPeso", w->automatic);
    if (w->empty != GL_NULL) flag(out, "vazio", w->empty == GL_TRUE);
    text(out, "balanca", w->scale);
    if (w->trailer[0]) {
        member(out, "listaSemirreboque");
        gl_buf_char(out, '[');
        element(out, 0);
        text(out, "placa", w->trailer);
        gl_buf_text(out, "}]");
    }
    if (w->container[0]) {
        member(out, "listaConteineresUld");
        gl_buf_char(out, '[');
        element(out, 0);
        text(out, "numeroConteiner", w->container);
        gl_buf_text(out, "}]");
    }
    gl_buf_char(out, '}');
}

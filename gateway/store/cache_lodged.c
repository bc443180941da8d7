/* What movements and declarations share: means, equipment, seals, and the identifiers by which a lane finds them. */
#include <string.h>

#include "model/identifiers.h"
#include "store/cache_impl.h"

bool gl_cache_movement_dead(uint8_t state) {
    return state == GL_MOVEMENT_EXITED || state == GL_MOVEMENT_CANCELLED || state == GL_MOVEMENT_EXPIRED;
}

bool gl_cache_declaration_dead(uint8_t state) {
    return state == GL_DECLARATION_ARRIVED || state == GL_DECLARATION_DISCHARGED || state == GL_DECLARATION_CANCELLED ||
           state == GL_DECLARATION_EXPIRED;
}

int gl_cache_container_key(const char *typed, char key[IDENTIFIER_KEY]) {
    struct gl_container_value v;
    return gl_copy(key, IDENTIFIER_KEY, gl_container_parse(typed, &v) == 0 ? v.number : typed);
}

int gl_cache_check_means(struct cache_writing *w, const struct gl_means *means, size_t n) {
    for (size_t i = 0; i < n; i++) {
        int rc = gl_plate_keys(means[i].plate, &w->c->keys[i]);
        if (rc < 0)
            return gl_fail(w->err, rc, "means[%zu].plate: no key can be made of it; a plate is UTF-8 of at most %d bytes", i,
                           GL_PLATE_KEY - 1);
    }
    return 0;
}

struct gl_rows gl_cache_numbered(struct cache_writing *w, unsigned query, size_t n) {
    struct gl_rows q = gl_db_query(w->db, query);
    gl_put_int(&q, w->row.id);
    gl_put_int(&q, (int64_t)n);
    return q;
}

static int put_identifier(struct cache_writing *w, const char *key, uint8_t kind, uint8_t role) {
    struct gl_rows q = gl_db_query(w->db, LODGED_PUT_IDENTIFIER);
    gl_put_text(&q, key);
    gl_put_int(&q, kind);
    gl_put_int(&q, w->dead);
    gl_put_int(&q, w->row.id);
    gl_put_int(&q, role);
    return gl_db_run(&q, w->err);
}

int gl_cache_put_reference(struct cache_writing *w, const struct gl_ref *ref, uint8_t role) {
    char key[IDENTIFIER_KEY];
    gl_format(key, sizeof key, "%s:%s", ref->type, ref->value); /* fits by construction */
    return put_identifier(w, key, GL_KEY_REFERENCE, role);
}

int gl_cache_name_lodged(struct cache_writing *w) {
    return gl_cache_put_reference(w, &w->ref, ROLE_OWN);
}

int gl_cache_put_means(struct cache_writing *w, const struct gl_means *means, size_t n) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct gl_plate_keys *keys = &w->c->keys[i];
        struct gl_rows q = gl_cache_numbered(w, LODGED_PUT_MEANS, i);
        gl_put_int(&q, means[i].role);
        gl_put_text(&q, means[i].plate);
        gl_put_text(&q, means[i].country);
        rc = gl_db_run(&q, w->err);
        for (size_t k = 0; rc == 0 && k < keys->n; k++) rc = put_identifier(w, keys->key[k], GL_KEY_VEHICLE, means[i].role);
    }
    return rc;
}

int gl_cache_put_equipment(struct cache_writing *w, size_t n, const char *container) {
    char key[IDENTIFIER_KEY];
    struct gl_rows q = gl_cache_numbered(w, LODGED_PUT_EQUIPMENT, n);
    gl_put_text(&q, container);
    int rc = gl_db_run(&q, w->err);
    if (rc < 0 || container[0] == '\0') return rc;
    rc = gl_cache_container_key(container, key);
    return rc < 0 ? gl_fail(w->err, rc, "container: too long") : put_identifier(w, key, GL_KEY_CONTAINER, 0);
}

int gl_cache_put_seal(struct cache_writing *w, int64_t equipment, size_t n, const char *seal) {
    struct gl_rows q = gl_db_query(w->db, LODGED_PUT_SEAL);
    gl_put_int(&q, w->row.id);
    gl_put_int(&q, equipment);
    gl_put_int(&q, (int64_t)n);
    gl_put_text(&q, seal);
    return gl_db_run(&q, w->err);
}

int gl_cache_retire(struct cache_writing *w) {
    struct gl_rows q = gl_db_query(w->db, LODGED_RETIRE);
    gl_put_int(&q, w->row.id);
    gl_put_int(&q, w->dead);
    return gl_db_run(&q, w->err);
}

int gl_cache_drop_rows(struct cache_writing *w, int64_t id, const unsigned *queries, size_t n) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct gl_rows q = gl_db_query(w->db, queries[i]);
        gl_put_int(&q, id);
        rc = gl_db_run(&q, w->err);
    }
    return rc;
}

int gl_cache_drop_lodged(struct cache_writing *w, int64_t id) {
    static const unsigned all[] = {LODGED_DROP_MEANS, LODGED_DROP_EQUIPMENT, LODGED_DROP_SEALS, LODGED_DROP_IDENTIFIERS};
    return gl_cache_drop_rows(w, id, all, GL_COUNT(all));
}

int gl_cache_read_means(struct gl_db *db, int64_t id, struct gl_means means[GL_MAX_MEANS], uint16_t *n, struct gl_error *err) {
    struct gl_rows q = gl_db_query(db, LODGED_GET_MEANS);
    gl_put_int(&q, id);
    int rc;
    while ((rc = gl_db_step(&q, err)) > 0 && *n < GL_MAX_MEANS) {
        struct gl_means *m = &means[(*n)++];
        m->role = gl_take_u8(&q);
        gl_take_text(&q, m->plate, sizeof m->plate);
        gl_take_text(&q, m->country, sizeof m->country);
    }
    gl_db_end(&q);
    return rc < 0 ? rc : 0;
}

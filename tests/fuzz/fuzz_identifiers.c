/* Fuzz target of everything that reads identifiers from text. What comes out must be a fixed point: canonical forms stay as they are. */
#include <stdlib.h>
#include <string.h>

#include "model/identifiers.h"
#include "model/plates.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void plates(const char *text) {
    struct gl_plate_keys keys, again;
    struct gl_plate_part parts[8];
    if (gl_plate_keys(text, &keys) < 0 && keys.n != 0) abort();
    for (size_t i = 0; i < keys.n; i++) {
        if (!keys.key[i][0] || !gl_utf8_valid(keys.key[i], strlen(keys.key[i]))) abort();
        if (gl_plate_keys(keys.key[i], &again) < 0 || again.n != 1 || strcmp(again.key[0], keys.key[i]) != 0) abort();
    }
    int n = gl_plate_split(text, parts, GL_COUNT(parts));
    for (int i = 0; i < n; i++)
        if (!parts[i].text[0] || gl_plate_looks_like_none(parts[i].text)) abort();
}

static void references(const char *text) {
    static const char *const types[] = {"mrn", "gmr", "uuid", "sscc", "iso6346", "tir", "epc", "pbn"};
    struct gl_ref ref, again;
    int rc = gl_reference_recognise(text, &ref);
    if (rc < 0 || (rc == GL_REF_BAD_CHECK && (!ref.type[0] || ref.value[0])) || (rc == 0 && !ref.type[0] != !ref.value[0])) abort();
    if (rc == 0 && ref.type[0]) {
        if (gl_ref_canonical(ref.type, ref.value, &again) < 0 || strcmp(ref.value, again.value) != 0) abort();
        if (gl_reference_recognise(ref.value, &again) != 0 || strcmp(ref.type, again.type) != 0) abort();
    }
    rc = gl_reference_gs1(text, &ref);
    if (rc < 0) abort();
    for (size_t i = 0; i < GL_COUNT(types); i++) {
        if (gl_ref_canonical(types[i], text, &ref) < 0) continue;
        if (gl_ref_canonical(types[i], ref.value, &again) < 0 || strcmp(ref.value, again.value) != 0) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    struct gl_container_value container;
    if (!text) return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    plates(text);
    references(text);
    (void)gl_mrn_check(text);
    (void)gl_sscc_check(text);
    (void)gl_gmr_form(text);
    (void)gl_tir_carnet_form(text);
    if (gl_container_parse(text, &container) == 0 && strlen(container.number) < 10) abort();
    free(text);
    return 0;
}

#include "isapi/values.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The offset behind the seconds, as "+HH:MM"; 1 when there is none. */
static int canonical_offset(const char *p, char out[8]) {
    int h = 0, n = 0;
    char sign = '+';
    if (*p == '\0') return 1;
    if (strcasecmp(p, "Z") == 0) return gl_copy(out, 8, "Z");
    if (*p == '+' || *p == '-') sign = *p++;
    for (; n < 2 && isdigit((unsigned char)*p); n++) h = h * 10 + (*p++ - '0');
    if (n == 0) return -EINVAL;
    if (*p == ':') p++;
    if (!isdigit((unsigned char)p[0]) || !isdigit((unsigned char)p[1]) || p[2] != '\0') return -EINVAL;
    gl_format(out, 8, "%c%02d:%c%c", sign, h % 100, p[0], p[1]);
    return 0;
}

int gl_isapi_time(const char *text, int64_t *ret) {
    enum { SECONDS_END = 19 }; /* "2026-03-02T08:15:30" */
    char offset[8], canonical[64];
    size_t len = strlen(text), head = SECONDS_END;
    if (len < SECONDS_END || len > 40) return -EINVAL;
    if (text[head] == '.') head += 1 + strspn(text + head + 1, "0123456789");
    int rc = canonical_offset(text + head, offset);
    if (rc < 0) return rc;
    int64_t wall;
    gl_format(canonical, sizeof canonical, "%.*s%s", (int)head, text, rc == 1 ? "Z" : offset);
    if (gl_time_parse(canonical, &wall) < 0 || wall <= 0) return -EINVAL;
    if (rc == 0) *ret = wall;
    return rc;
}

int gl_isapi_percent(const char *text, double *ret) {
    size_t whole = strspn(text, "0123456789");
    const char *p = text + whole;
    double v = 0, scale = 0.1;
    if (whole == 0 || strlen(text) > 12) return -EINVAL;
    for (size_t i = 0; i < whole; i++) v = v * 10 + (text[i] - '0');
    if (*p == '.') {
        if (!isdigit((unsigned char)p[1])) return -EINVAL;
        for (p++; isdigit((unsigned char)*p); p++, scale /= 10) v += (*p - '0') * scale;
    }
    if (*p != '\0') return -EINVAL;
    if (v > 100) return -ERANGE;
    *ret = v / 100;
    return 0;
}

int gl_isapi_characters(const char *text, double *out, size_t max, uint16_t *ret_n) {
    double value[GL_PLATE - 1];
    uint16_t n = 0;
    for (const char *p = text;; p++) {
        size_t len = strcspn(p, ",");
        char one[16];
        if (n >= max || n >= GL_COUNT(value) || gl_copyn(one, sizeof one, p, len) < 0) return -EINVAL;
        if (gl_isapi_percent(one, &value[n]) < 0) return -EINVAL;
        n++;
        p += len;
        if (*p == '\0') break;
    }
    memcpy(out, value, n * sizeof value[0]);
    *ret_n = n;
    return 0;
}

enum gl_class gl_isapi_class(const char *type) {
    static const struct {
        const char *type;
        enum gl_class class;
    } kinds[] = {
        {"truck", GL_CLASS_TRUCK},
        {"pickupTruck", GL_CLASS_TRUCK},
        {"lightTruck", GL_CLASS_TRUCK},
        {"minitruck", GL_CLASS_TRUCK},
        {"mediumHeavyTruck", GL_CLASS_TRUCK},
        {"containerTruck", GL_CLASS_TRUCK},
        {"platformTrailer", GL_CLASS_TRUCK},
        {"oilTankTruck", GL_CLASS_TRUCK},
        {"slagTruck", GL_CLASS_TRUCK},
        {"concreteMixer", GL_CLASS_TRUCK},
        {"crane", GL_CLASS_TRUCK},
        {"smallCar", GL_CLASS_CAR},
        {"miniCar", GL_CLASS_CAR},
        {"SUVMPV", GL_CLASS_CAR},
        {"hatchback", GL_CLASS_CAR},
        {"saloon", GL_CLASS_CAR},
        {"coupe", GL_CLASS_CAR},
        {"buggy", GL_CLASS_CAR},
        {"bus", GL_CLASS_BUS},
        {"largeBus", GL_CLASS_BUS},
        {"mediumBus", GL_CLASS_BUS},
        {"minibus", GL_CLASS_BUS},
        {"twoWheelVehicle", GL_CLASS_MOTORCYCLE},
        {"threeWheelVehicle", GL_CLASS_MOTORCYCLE},
    };
    for (size_t i = 0; i < GL_COUNT(kinds); i++)
        if (strcasecmp(type, kinds[i].type) == 0) return kinds[i].class;
    return GL_CLASS_NONE;
}

enum gl_toward gl_isapi_direction(const char *text, bool reversed) {
    if (strcasecmp(text, "forward") == 0) return reversed ? GL_TOWARD_LEAVE : GL_TOWARD_APPROACH;
    if (strcasecmp(text, "reverse") == 0) return reversed ? GL_TOWARD_APPROACH : GL_TOWARD_LEAVE;
    return GL_TOWARD_NONE;
}

bool gl_isapi_true(const char *text) {
    return strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0 || strcmp(text, "1") == 0;
}

const char *gl_isapi_picture_role(const char *name) {
    static const struct {
        const char *stem;
        const char *role;
    } roles[] = {
        {"licensePlatePicture", "plate"}, {"plateBinaryPicture", "plate-binary"}, {"vehiclePicture", "vehicle"},
        {"detectionPicture", "scene"},    {"panoramaPicture", "panorama"},        {"compositePicture", "composite"},
        {"featurePicture", "feature"},    {"copilotPicture", "front-right"},      {"pilotPicture", "front-left"},
    };
    for (size_t i = 0; i < GL_COUNT(roles); i++) {
        size_t n = strlen(roles[i].stem);
        if (strncasecmp(name, roles[i].stem, n) == 0 && strchr("._", name[n])) return roles[i].role;
    }
    return NULL;
}

/* What the simulated reader can do, and how it is set up. A request to change the set-up is carried out as a whole or not at all. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "llrp/sim_reader.h"

enum {
    REQUEST_ALL = 0,
    GENERAL = 1, /* of GET_READER_CAPABILITIES */
    LLRP,
    REGULATORY,
    AIR_PROTOCOL,
    POWERS = 81, /* 10.00 to 30.00 dBm in steps of 0.25 */
    POWER_MIN = 1000,
    POWER_STEP = 25,
    SENSITIVITIES = 42,
    HOP_TABLE = 1,
    CHANNELS = 50, /* 902.75 to 927.25 MHz */
    FIRST_KHZ = 902750,
    CHANNEL_KHZ = 500,
    LAST_EVENT = 8, /* of LLRP 1.0.1 */
    LEAST_KEEPALIVE_MS = 10,
    COUNTRY_USA = 840,
    FCC_PART_15 = 1,
};

/* Parameters that only readers write. */
enum {
    PARAM_PER_ANTENNA_AIR_PROTOCOL = 140,
    PARAM_RF_MODE_TABLE = 328,
    PARAM_RF_MODE = 329,
    PARAM_C1G2_CAPABILITIES = 327,
    PARAM_CONFIGURATION_STATE = 217,
    PARAM_GPO_WRITE_DATA = 219,
    PARAM_RF_RECEIVER = 223,
    PARAM_GPI_STATE = 225,
    PARAM_ACCESS_REPORT_SPEC = 239,
    PARAM_RF_CONTROL = 335,
};

/* Gen2 link modes: identifier, divide ratio (0x80: 64/3), Miller value, backscatter rate (bit/s), PIE x 1000, Tari least, most, step (ns). */
static const struct mode {
    uint32_t id;
    uint8_t flags, miller;
    uint32_t rate, pie, tari_min, tari_max, tari_step;
} modes[] = {
    {0, 0x80, 0, 640000, 1500, 6250, 6250, 0},   {1, 0x80, 1, 640000, 1500, 6250, 6250, 0},
    {2, 0x80, 2, 274000, 2000, 20000, 20000, 0}, {3, 0x80, 3, 170600, 2000, 20000, 20000, 0},
    {4, 0x80, 2, 640000, 1500, 7140, 7140, 0},   {1000, 0, 0, 40000, 1500, 6250, 6250, 0},
};

void gl_sim_factory(struct gl_sim *s) {
    s->config = s->factory;
    s->config_state++;
}

uint32_t gl_sim_all_antennas(const struct gl_sim *s) {
    return s->antennas == GL_SIM_ANTENNAS ? UINT32_MAX : (1u << s->antennas) - 1;
}

/* ---- capabilities -------------------------------------------------------------------------------------------------------------------- */
static void put_pair(struct gl_buf *b, uint16_t type, uint16_t first, uint16_t second) {
    size_t p = gl_llrp_begin(b, type);
    gl_buf_u16(b, first);
    gl_buf_u16(b, second);
    gl_llrp_end(b, p);
}

static void put_general(struct gl_sim *s) {
    struct gl_buf *b = &s->out;
    size_t p = gl_llrp_begin(b, GL_LLRP_GENERAL_DEVICE_CAPABILITIES);
    gl_buf_u16(b, (uint16_t)s->antennas);
    gl_buf_u16(b, s->uptime ? 0 : 0x4000); /* HasUTCClockCapability */
    gl_buf_u32(b, s->impinj ? GL_LLRP_VENDOR_IMPINJ : 0);
    gl_buf_u32(b, s->impinj ? 2001002 : 1);
    gl_llrp_put_text(b, GREENLANE_VERSION);
    for (uint16_t i = 1; i <= SENSITIVITIES; i++)
        put_pair(b, GL_LLRP_RECEIVE_SENSITIVITY_TABLE_ENTRY, i, i == 1 ? 0 : (uint16_t)(i + 8));
    put_pair(b, GL_LLRP_GPIO_CAPABILITIES, GL_SIM_PORTS, GL_SIM_PORTS);
    for (int i = 1; i <= s->antennas; i++) {
        size_t a = gl_llrp_begin(b, PARAM_PER_ANTENNA_AIR_PROTOCOL);
        gl_buf_u16(b, (uint16_t)i);
        gl_buf_u16(b, 1);
        gl_buf_u8(b, 1); /* EPCGlobalClass1Gen2 */
        gl_llrp_end(b, a);
    }
    gl_llrp_end(b, p);
}

static void put_llrp(struct gl_sim *s) {
    struct gl_buf *b = &s->out;
    size_t p = gl_llrp_begin(b, GL_LLRP_LLRP_CAPABILITIES);
    gl_buf_u8(b, s->can_hold ? 0x48 : 0x40); /* CanReportBufferFillWarning, SupportsEventAndReportHolding */
    gl_buf_u8(b, 1);
    gl_buf_u16(b, 0);
    gl_buf_u32(b, (uint32_t)s->max_rospecs);
    gl_buf_u32(b, GL_SIM_SPECS);
    gl_buf_u32(b, 1);
    gl_buf_u32(b, GL_SIM_ACCESSSPECS);
    gl_buf_u32(b, GL_SIM_OPS);
    gl_llrp_end(b, p);
}

static void put_modes(struct gl_buf *b) {
    size_t table = gl_llrp_begin(b, PARAM_RF_MODE_TABLE);
    for (size_t i = 0; i < GL_COUNT(modes); i++) {
        const struct mode *m = &modes[i];
        size_t p = gl_llrp_begin(b, PARAM_RF_MODE);
        gl_buf_u32(b, m->id);
        gl_buf_u8(b, m->flags);
        gl_buf_u8(b, m->miller);
        gl_buf_u8(b, 0); /* PR-ASK */
        gl_buf_u8(b, 0); /* spectral mask unknown */
        gl_buf_u32(b, m->rate);
        gl_buf_u32(b, m->pie);
        gl_buf_u32(b, m->tari_min);
        gl_buf_u32(b, m->tari_max);
        gl_buf_u32(b, m->tari_step);
        gl_llrp_end(b, p);
    }
    gl_llrp_end(b, table);
}

static void put_frequencies(struct gl_buf *b) {
    size_t p = gl_llrp_begin(b, GL_LLRP_FREQUENCY_INFORMATION);
    gl_buf_u8(b, 0x80); /* Hopping */
    size_t table = gl_llrp_begin(b, GL_LLRP_FREQUENCY_HOP_TABLE);
    gl_buf_u8(b, HOP_TABLE);
    gl_buf_u8(b, 0);
    gl_buf_u16(b, CHANNELS);
    for (uint32_t i = 0; i < CHANNELS; i++) gl_buf_u32(b, FIRST_KHZ + i * CHANNEL_KHZ);
    gl_llrp_end(b, table);
    gl_llrp_end(b, p);
}

static void put_regulatory(struct gl_sim *s) {
    struct gl_buf *b = &s->out;
    size_t p = gl_llrp_begin(b, GL_LLRP_REGULATORY_CAPABILITIES);
    gl_buf_u16(b, COUNTRY_USA);
    gl_buf_u16(b, FCC_PART_15);
    size_t band = gl_llrp_begin(b, GL_LLRP_UHF_BAND_CAPABILITIES);
    for (uint16_t i = 1; i <= POWERS; i++)
        put_pair(b, GL_LLRP_TRANSMIT_POWER_LEVEL_TABLE_ENTRY, i, (uint16_t)(POWER_MIN + (i - 1) * POWER_STEP));
    put_frequencies(b);
    put_modes(b);
    gl_llrp_end(b, band);
    gl_llrp_end(b, p);
}

static void put_air_protocol(struct gl_sim *s) {
    size_t p = gl_llrp_begin(&s->out, PARAM_C1G2_CAPABILITIES);
    gl_buf_u8(&s->out, 0);
    gl_buf_u16(&s->out, 2);
    gl_llrp_end(&s->out, p);
}

void gl_sim_put_capabilities(struct gl_sim *s, struct gl_cursor body) {
    uint8_t what = gl_get_u8(&body);
    if (what == REQUEST_ALL || what == GENERAL) put_general(s);
    if (what == REQUEST_ALL || what == LLRP) put_llrp(s);
    if (what == REQUEST_ALL || what == REGULATORY) put_regulatory(s);
    if (what == REQUEST_ALL || what == AIR_PROTOCOL) put_air_protocol(s);
}

/* ---- asking for the configuration ---------------------------------------------------------------------------------------------------- */
enum { /* RequestedData of GET_READER_CONFIG */
       IDENTIFICATION = 1,
       ANTENNA_PROPERTIES,
       ANTENNA_CONFIGURATION,
       RO_REPORT_SPEC,
       EVENT_SPEC,
       ACCESS_REPORT_SPEC,
       CONFIGURATION_STATE,
       KEEPALIVE_SPEC,
       GPI_STATE,
       GPO_DATA,
       EVENTS_AND_REPORTS
};

int gl_sim_check_config_request(struct gl_sim *s, struct gl_cursor body, struct gl_sim_fault *f) {
    uint16_t antenna = gl_get_u16(&body);
    gl_get_u8(&body);
    uint16_t gpi = gl_get_u16(&body), gpo = gl_get_u16(&body);
    if (antenna > s->antennas) return gl_sim_field_fault(f, 1, GL_LLRP_A_OUT_OF_RANGE, "antenna %u of %d", antenna, s->antennas);
    if (gpi > GL_SIM_PORTS) return gl_sim_field_fault(f, 3, GL_LLRP_A_OUT_OF_RANGE, "input %u of %d", gpi, GL_SIM_PORTS);
    if (gpo > GL_SIM_PORTS) return gl_sim_field_fault(f, 4, GL_LLRP_A_OUT_OF_RANGE, "output %u of %d", gpo, GL_SIM_PORTS);
    return 0;
}

static void put_identification(struct gl_sim *s) {
    static const uint8_t address[] = {0x02, 0x00, 0x5e, 0xff, 0xfe, 0x00, 0x53, 0x01};
    size_t p = gl_llrp_begin(&s->out, GL_LLRP_IDENTIFICATION);
    gl_buf_u8(&s->out, 0); /* an EUI-64 */
    gl_buf_u16(&s->out, sizeof address);
    gl_buf_add(&s->out, address, sizeof address);
    gl_llrp_end(&s->out, p);
}

static void put_antenna_properties(struct gl_sim *s, int antenna) {
    size_t p = gl_llrp_begin(&s->out, GL_LLRP_ANTENNA_PROPERTIES);
    gl_buf_u8(&s->out, s->unplugged & 1u << (antenna - 1) ? 0 : 0x80);
    gl_buf_u16(&s->out, (uint16_t)antenna);
    gl_buf_u16(&s->out, 0);
    gl_llrp_end(&s->out, p);
}

static void put_antenna_configuration(struct gl_sim *s, int antenna) {
    struct gl_buf *b = &s->out;
    size_t p = gl_llrp_begin(b, GL_LLRP_ANTENNA_CONFIGURATION);
    gl_buf_u16(b, (uint16_t)antenna);
    size_t part = gl_llrp_begin(b, PARAM_RF_RECEIVER);
    gl_buf_u16(b, 1);
    gl_llrp_end(b, part);
    part = gl_llrp_begin(b, GL_LLRP_RF_TRANSMITTER);
    gl_buf_u16(b, HOP_TABLE);
    gl_buf_u16(b, 0);
    gl_buf_u16(b, POWERS);
    gl_llrp_end(b, part);
    part = gl_llrp_begin(b, GL_LLRP_C1G2_INVENTORY_COMMAND);
    gl_buf_u8(b, 0);
    put_pair(b, PARAM_RF_CONTROL, (uint16_t)modes[GL_COUNT(modes) - 1].id, 0);
    size_t singulation = gl_llrp_begin(b, GL_LLRP_C1G2_SINGULATION_CONTROL);
    gl_buf_u8(b, 0x40); /* session 1 */
    gl_buf_u16(b, 32);
    gl_buf_u32(b, 0);
    gl_llrp_end(b, singulation);
    gl_llrp_end(b, part);
    gl_llrp_end(b, p);
}

static void put_event_spec(struct gl_sim *s) {
    size_t p = gl_llrp_begin(&s->out, GL_LLRP_READER_EVENT_NOTIFICATION_SPEC);
    for (uint16_t i = 0; i <= LAST_EVENT; i++) {
        size_t state = gl_llrp_begin(&s->out, GL_LLRP_EVENT_NOTIFICATION_STATE);
        gl_buf_u16(&s->out, i);
        gl_buf_u8(&s->out, s->config.events & 1u << i ? 0x80 : 0);
        gl_llrp_end(&s->out, state);
    }
    gl_llrp_end(&s->out, p);
}

static void put_report_spec(struct gl_sim *s) {
    const struct gl_sim_report_spec *r = &s->config.report;
    size_t p = gl_llrp_begin(&s->out, GL_LLRP_RO_REPORT_SPEC);
    gl_buf_u8(&s->out, r->trigger);
    gl_buf_u16(&s->out, r->n);
    size_t selector = gl_llrp_begin(&s->out, GL_LLRP_TAG_REPORT_CONTENT_SELECTOR);
    gl_buf_u16(&s->out, r->content);
    size_t memory = gl_llrp_begin(&s->out, GL_LLRP_C1G2_EPC_MEMORY_SELECTOR);
    gl_buf_u8(&s->out, r->memory);
    gl_llrp_end(&s->out, memory);
    gl_llrp_end(&s->out, selector);
    gl_llrp_end(&s->out, p);
}

static void put_byte(struct gl_sim *s, uint16_t type, uint8_t value) {
    size_t p = gl_llrp_begin(&s->out, type);
    gl_buf_u8(&s->out, value);
    gl_llrp_end(&s->out, p);
}

static void put_number(struct gl_sim *s, uint16_t type, uint32_t value) {
    size_t p = gl_llrp_begin(&s->out, type);
    gl_buf_u32(&s->out, value);
    gl_llrp_end(&s->out, p);
}

static void put_keepalive(struct gl_sim *s) {
    size_t p = gl_llrp_begin(&s->out, GL_LLRP_KEEPALIVE_SPEC);
    gl_buf_u8(&s->out, s->config.keepalive_ms > 0);
    gl_buf_u32(&s->out, (uint32_t)s->config.keepalive_ms);
    gl_llrp_end(&s->out, p);
}

static void put_gpi(struct gl_sim *s, int port) {
    size_t p = gl_llrp_begin(&s->out, PARAM_GPI_STATE);
    gl_buf_u16(&s->out, (uint16_t)port);
    gl_buf_u8(&s->out, s->config.gpi_enabled & 1u << (port - 1) ? 0x80 : 0);
    gl_buf_u8(&s->out, (s->gpi >> (port - 1)) & 1);
    gl_llrp_end(&s->out, p);
}

static void put_gpo(struct gl_sim *s, int port) {
    size_t p = gl_llrp_begin(&s->out, PARAM_GPO_WRITE_DATA);
    gl_buf_u16(&s->out, (uint16_t)port);
    gl_buf_u8(&s->out, s->config.gpo & 1u << (port - 1) ? 0x80 : 0);
    gl_llrp_end(&s->out, p);
}

/* Once for each of 1..most, or for the one asked for. */
static void put_each(struct gl_sim *s, bool wanted, int one, int most, void (*put)(struct gl_sim *s, int number)) {
    for (int i = 1; wanted && i <= most; i++)
        if (one == 0 || one == i) put(s, i);
}

void gl_sim_put_config(struct gl_sim *s, struct gl_cursor body) {
    uint16_t antenna = gl_get_u16(&body);
    uint8_t what = gl_get_u8(&body);
    uint16_t gpi = gl_get_u16(&body), gpo = gl_get_u16(&body);
    bool all = what == REQUEST_ALL;
    if (all || what == IDENTIFICATION) put_identification(s);
    put_each(s, all || what == ANTENNA_PROPERTIES, antenna, s->antennas, put_antenna_properties);
    put_each(s, all || what == ANTENNA_CONFIGURATION, antenna, s->antennas, put_antenna_configuration);
    if (all || what == EVENT_SPEC) put_event_spec(s);
    if (all || what == RO_REPORT_SPEC) put_report_spec(s);
    if (all || what == ACCESS_REPORT_SPEC) put_byte(s, PARAM_ACCESS_REPORT_SPEC, s->config.access_report);
    if (all || what == CONFIGURATION_STATE) put_number(s, PARAM_CONFIGURATION_STATE, s->config_state);
    if (all || what == KEEPALIVE_SPEC) put_keepalive(s);
    put_each(s, all || what == GPI_STATE, gpi, GL_SIM_PORTS, put_gpi);
    put_each(s, all || what == GPO_DATA, gpo, GL_SIM_PORTS, put_gpo);
    if (all || what == EVENTS_AND_REPORTS) put_byte(s, GL_LLRP_EVENTS_AND_REPORTS, s->config.hold ? 0x80 : 0);
}

/* ---- changing it --------------------------------------------------------------------------------------------------------------------- */
struct gl_sim_report_spec gl_sim_read_report_spec(struct gl_cursor value) {
    struct gl_sim_report_spec r = {.trigger = gl_get_u8(&value), .n = gl_get_u16(&value)};
    struct gl_llrp_param selector, memory;
    if (!gl_llrp_find(value, GL_LLRP_TAG_REPORT_CONTENT_SELECTOR, &selector)) return r;
    r.content = gl_get_u16(&selector.value);
    if (gl_llrp_find(selector.value, GL_LLRP_C1G2_EPC_MEMORY_SELECTOR, &memory)) r.memory = gl_get_u8(&memory.value);
    return r;
}

static bool known_mode(uint16_t id) {
    for (size_t i = 0; i < GL_COUNT(modes); i++)
        if (modes[i].id == id) return true;
    return false;
}

static int check_transmitter(struct gl_cursor c, uint16_t outer, struct gl_sim_fault *f) {
    uint16_t hop = gl_get_u16(&c), channel = gl_get_u16(&c), power = gl_get_u16(&c);
    uint16_t inner = GL_LLRP_RF_TRANSMITTER;
    if (hop != HOP_TABLE)
        return gl_sim_parameter_fault(f, outer, inner, 1, GL_LLRP_A_INVALID, "no hop table with id %u found", hop);
    if (channel > CHANNELS) return gl_sim_parameter_fault(f, outer, inner, 2, GL_LLRP_A_OUT_OF_RANGE, "no channel %u", channel);
    if (power < 1 || power > POWERS)
        return gl_sim_parameter_fault(f, outer, inner, 3, GL_LLRP_A_OUT_OF_RANGE, "no transmit power with index %u", power);
    return 0;
}

static int check_inventory_command(struct gl_cursor c, uint16_t outer, struct gl_sim_fault *f) {
    struct gl_llrp_param p;
    bool aware = gl_get_u8(&c) != 0;
    if (aware)
        return gl_sim_parameter_fault(f, outer, GL_LLRP_C1G2_INVENTORY_COMMAND, 1, GL_LLRP_A_INVALID,
                                      "no state-aware singulation here");
    if (!gl_llrp_find(c, PARAM_RF_CONTROL, &p)) return 0;
    uint16_t mode = gl_get_u16(&p.value);
    if (known_mode(mode)) return 0;
    return gl_sim_parameter_fault(f, outer, PARAM_RF_CONTROL, 1, GL_LLRP_A_INVALID, "no mode with id %u", mode);
}

int gl_sim_check_antenna(struct gl_sim *s, struct gl_cursor c, uint16_t outer, struct gl_sim_fault *f) {
    struct gl_llrp_param p;
    uint16_t antenna = gl_get_u16(&c);
    if (antenna > s->antennas)
        return gl_sim_parameter_fault(f, outer, outer == GL_LLRP_ANTENNA_CONFIGURATION ? 0 : GL_LLRP_ANTENNA_CONFIGURATION, 1,
                                      GL_LLRP_A_OUT_OF_RANGE, "antenna %u of %d", antenna, s->antennas);
    while (gl_llrp_next(&c, &p) > 0) {
        int rc = 0;
        struct gl_cursor v = p.value;
        if (p.type == GL_LLRP_RF_TRANSMITTER) rc = check_transmitter(v, outer, f);
        if (p.type == GL_LLRP_C1G2_INVENTORY_COMMAND) rc = check_inventory_command(v, outer, f);
        uint16_t sensitivity = p.type == PARAM_RF_RECEIVER ? gl_get_u16(&v) : 1;
        if (sensitivity < 1 || sensitivity > SENSITIVITIES)
            return gl_sim_parameter_fault(f, outer, PARAM_RF_RECEIVER, 1, GL_LLRP_A_OUT_OF_RANGE, "no sensitivity with index %u",
                                          sensitivity);
        if (rc != 0) return rc;
    }
    return 0;
}

static int set_keepalive(struct gl_cursor c, struct gl_sim_config *to, struct gl_sim_fault *f) {
    bool periodic = gl_get_u8(&c) == 1;
    uint32_t ms = gl_get_u32(&c);
    if (periodic && ms < LEAST_KEEPALIVE_MS)
        return gl_sim_parameter_fault(f, GL_LLRP_KEEPALIVE_SPEC, 0, 2, GL_LLRP_A_OUT_OF_RANGE,
                                      "a period of %" PRIu32 " ms, least is %d", ms, LEAST_KEEPALIVE_MS);
    to->keepalive_ms = periodic ? ms : 0;
    return 0;
}

static void set_events(struct gl_cursor c, struct gl_sim_config *to) {
    struct gl_llrp_param p;
    while (gl_llrp_next(&c, &p) > 0) {
        uint16_t bit = (uint16_t)(1u << gl_get_u16(&p.value));
        to->events = gl_get_u8(&p.value) ? to->events | bit : to->events & (uint16_t)~bit;
    }
}

static int set_port(struct gl_cursor c, uint16_t type, uint32_t *bits, struct gl_sim_fault *f) {
    uint16_t port = gl_get_u16(&c);
    if (port < 1 || port > GL_SIM_PORTS)
        return gl_sim_parameter_fault(f, type, 0, 1, GL_LLRP_A_OUT_OF_RANGE, "port %u of %d", port, GL_SIM_PORTS);
    uint32_t bit = 1u << (port - 1);
    *bits = gl_get_u8(&c) ? *bits | bit : *bits & ~bit;
    return 0;
}

static int set_hold(struct gl_sim *s, struct gl_cursor c, struct gl_sim_config *to, struct gl_sim_fault *f) {
    bool hold = gl_get_u8(&c) != 0;
    if (hold && !s->can_hold)
        return gl_sim_parameter_fault(f, GL_LLRP_EVENTS_AND_REPORTS, 0, 0, GL_SIM_P_UNSUPPORTED_PARAMETER,
                                      "events and reports cannot be held here");
    to->hold = hold;
    return 0;
}

/* Of another vendor's none comes this far. */
static void set_custom(struct gl_cursor c, struct gl_sim_config *to) {
    gl_get_u32(&c);
    if (gl_get_u32(&c) != GL_LLRP_IMPINJ_LINK_MONITOR) return;
    uint16_t mode = gl_get_u16(&c), threshold = gl_get_u16(&c);
    if (!c.failed) to->misses = mode == 1 ? threshold : 0;
}

static int set_one(struct gl_sim *s, const struct gl_llrp_param *p, struct gl_sim_config *to, struct gl_sim_fault *f) {
    struct gl_cursor c = p->value;
    switch (p->type) {
        case GL_LLRP_READER_EVENT_NOTIFICATION_SPEC: set_events(c, to); return 0;
        case GL_LLRP_ANTENNA_PROPERTIES:
            return gl_sim_parameter_fault(f, p->type, 0, 0, GL_SIM_P_UNSUPPORTED_PARAMETER,
                                          "the antennas' gain cannot be set here");
        case GL_LLRP_ANTENNA_CONFIGURATION: return gl_sim_check_antenna(s, c, p->type, f);
        case GL_LLRP_RO_REPORT_SPEC: to->report = gl_sim_read_report_spec(c); return 0;
        case PARAM_ACCESS_REPORT_SPEC: to->access_report = gl_get_u8(&c); return 0;
        case GL_LLRP_KEEPALIVE_SPEC: return set_keepalive(c, to, f);
        case PARAM_GPO_WRITE_DATA: return set_port(c, p->type, &to->gpo, f);
        case PARAM_GPI_STATE: return set_port(c, p->type, &to->gpi_enabled, f);
        case GL_LLRP_EVENTS_AND_REPORTS: return set_hold(s, c, to, f);
        default: set_custom(c, to); return 0;
    }
}

static void tell_outputs(const struct gl_sim_config *before, const struct gl_sim_config *after) {
    for (unsigned i = 0; i < GL_SIM_PORTS; i++)
        if ((before->gpo ^ after->gpo) & 1u << i) gl_sim_say("output %u %s", i + 1, after->gpo & 1u << i ? "on" : "off");
}

int gl_sim_set_config(struct gl_sim *s, struct gl_cursor body, struct gl_sim_fault *f) {
    bool reset = gl_get_u8(&body) != 0;
    struct gl_sim_config next = reset ? s->factory : s->config;
    struct gl_llrp_param p;
    while (gl_llrp_next(&body, &p) > 0) {
        int rc = set_one(s, &p, &next, f);
        if (rc != 0) return rc;
    }
    tell_outputs(&s->config, &next);
    if (next.keepalive_ms != s->config.keepalive_ms || reset) s->missed = 0;
    s->keepalive_due = s->now.mono + next.keepalive_ms;
    s->config = next;
    s->config_state++;
    return 0;
}

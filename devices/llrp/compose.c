/* What the client asks of a reader, as messages. The ROSpec is endless, and reports each tag as it is seen: to stop and start it leaves gaps
 * through which a lorry passes.
 *
 *     ROSpec 177            id, priority 0, disabled
 *       ROBoundarySpec 178    start 179: immediate; stop 182: never
 *       AISpec 183            antenna 0 = all; stop 184: never
 *         InventoryParameterSpec 186     1, EPCglobal Class 1 Gen 2
 *           AntennaConfiguration 222       antenna 0 = all
 *             RFTransmitter 224              hop table, channel, power; only when a power is wanted: many readers refuse others' numbers
 *             C1G2InventoryCommand 330
 *               C1G2SingulationControl 336     session
 *       ROReportSpec 237      at once, after 1 tag
 *         TagReportContentSelector 238     antenna, strength, first and last seen, count
 *           C1G2EPCMemorySelector 348        protocol control word: without it no one knows whether the tag is an EPC at all */
#include "llrp/llrp.h"

enum {
    EVERYTHING = 0,         /* GET_READER_CAPABILITIES: requested data */
    ANTENNA_PROPERTIES = 2, /* GET_READER_CONFIG: requested data */
    ON = 0x80,              /* a flag in the first bit of its octet */
    PERIODIC = 1,
    LINK_MONITOR_MISSES = 3, /* keepalives without an answer after which an Impinj reader gives the connection up */
    START_IMMEDIATE = 1,
    STOP_NEVER = 0,
    GEN2 = 1,
    INVENTORY_SPEC = 1,
    TAG_POPULATION = 32,
    REPORT_AFTER_N_TAGS = 1,
    CONTENT = 0x1780,
    PC_WORDS = 0x40,
    BANK_EPC = 1,
    BANK_TID = 2,
    MATCH = 0x20,
    EPC_AT_BIT = 32,  /* behind the CRC and the PC word */
    WITH_THE_TAG = 0, /* results are reported in the tag's own report */
};

void gl_llrp_compose_capabilities(const struct gl_llrp_plan *plan GL_UNUSED, uint32_t id, struct gl_buf *out) {
    size_t m = gl_llrp_begin_message(out, GL_LLRP_GET_READER_CAPABILITIES, id);
    gl_buf_u8(out, EVERYTHING);
    gl_llrp_end_message(out, m);
}

void gl_llrp_compose_antennas(const struct gl_llrp_plan *plan GL_UNUSED, uint32_t id, struct gl_buf *out) {
    size_t m = gl_llrp_begin_message(out, GL_LLRP_GET_READER_CONFIG, id);
    gl_buf_u16(out, 0); /* all antennas */
    gl_buf_u8(out, ANTENNA_PROPERTIES);
    gl_buf_u16(out, 0); /* GPI port */
    gl_buf_u16(out, 0); /* GPO port */
    gl_llrp_end_message(out, m);
}

void gl_llrp_compose_extensions(const struct gl_llrp_plan *plan GL_UNUSED, uint32_t id, struct gl_buf *out) {
    size_t m = gl_llrp_begin_message(out, GL_LLRP_CUSTOM_MESSAGE, id);
    gl_buf_u32(out, GL_LLRP_VENDOR_IMPINJ);
    gl_buf_u8(out, GL_LLRP_IMPINJ_ENABLE_EXTENSIONS);
    gl_buf_u32(out, 0); /* reserved */
    gl_llrp_end_message(out, m);
}

static void put_events(const struct gl_llrp_plan *plan, struct gl_buf *out) {
    const struct {
        uint16_t event;
        bool wanted;
    } events[] = {{GL_LLRP_ON_ROSPEC, true},
                  {GL_LLRP_ON_BUFFER_FILL, plan->fill_warning},
                  {GL_LLRP_ON_EXCEPTION, true},
                  {GL_LLRP_ON_ANTENNA, true}};
    size_t spec = gl_llrp_begin(out, GL_LLRP_READER_EVENT_NOTIFICATION_SPEC);
    for (size_t i = 0; i < GL_COUNT(events); i++) {
        if (!events[i].wanted) continue;
        size_t p = gl_llrp_begin(out, GL_LLRP_EVENT_NOTIFICATION_STATE);
        gl_buf_u16(out, events[i].event);
        gl_buf_u8(out, ON);
        gl_llrp_end(out, p);
    }
    gl_llrp_end(out, spec);
}

static void put_link_monitor(struct gl_buf *out) {
    size_t p = gl_llrp_begin(out, GL_LLRP_CUSTOM);
    gl_buf_u32(out, GL_LLRP_VENDOR_IMPINJ);
    gl_buf_u32(out, GL_LLRP_IMPINJ_LINK_MONITOR);
    gl_buf_u16(out, 1); /* on */
    gl_buf_u16(out, LINK_MONITOR_MISSES);
    gl_llrp_end(out, p);
}

void gl_llrp_compose_config(const struct gl_llrp_plan *plan, uint32_t id, struct gl_buf *out) {
    size_t m = gl_llrp_begin_message(out, GL_LLRP_SET_READER_CONFIG, id), p;
    gl_buf_u8(out, 0); /* no reset to factory defaults: the reader's network and region settings are its owner's */
    if (plan->events) put_events(plan, out);
    p = gl_llrp_begin(out, GL_LLRP_KEEPALIVE_SPEC);
    gl_buf_u8(out, PERIODIC);
    gl_buf_u32(out, plan->keepalive_ms);
    gl_llrp_end(out, p);
    if (plan->hold) {
        p = gl_llrp_begin(out, GL_LLRP_EVENTS_AND_REPORTS);
        gl_buf_u8(out, ON);
        gl_llrp_end(out, p);
    }
    if (plan->link_monitor) put_link_monitor(out);
    gl_llrp_end_message(out, m);
}

void gl_llrp_compose_no_access_specs(const struct gl_llrp_plan *plan GL_UNUSED, uint32_t id, struct gl_buf *out) {
    gl_llrp_put_u32(out, GL_LLRP_DELETE_ACCESSSPEC, id, 0); /* all */
}

void gl_llrp_compose_no_rospecs(const struct gl_llrp_plan *plan GL_UNUSED, uint32_t id, struct gl_buf *out) {
    gl_llrp_put_u32(out, GL_LLRP_DELETE_ROSPEC, id, 0); /* all */
}

static void put_boundary(struct gl_buf *out) {
    size_t boundary = gl_llrp_begin(out, GL_LLRP_RO_BOUNDARY_SPEC);
    size_t p = gl_llrp_begin(out, GL_LLRP_ROSPEC_START_TRIGGER);
    gl_buf_u8(out, START_IMMEDIATE);
    gl_llrp_end(out, p);
    p = gl_llrp_begin(out, GL_LLRP_ROSPEC_STOP_TRIGGER);
    gl_buf_u8(out, STOP_NEVER);
    gl_buf_u32(out, 0);
    gl_llrp_end(out, p);
    gl_llrp_end(out, boundary);
}

static void put_antenna_configuration(const struct gl_llrp_plan *plan, struct gl_buf *out) {
    if (!plan->power && !plan->singulation) return;
    size_t antenna = gl_llrp_begin(out, GL_LLRP_ANTENNA_CONFIGURATION);
    gl_buf_u16(out, 0); /* all antennas */
    if (plan->power) {
        size_t p = gl_llrp_begin(out, GL_LLRP_RF_TRANSMITTER);
        gl_buf_u16(out, plan->hop_table);
        gl_buf_u16(out, plan->channel);
        gl_buf_u16(out, plan->power_index);
        gl_llrp_end(out, p);
    }
    if (plan->singulation) {
        size_t command = gl_llrp_begin(out, GL_LLRP_C1G2_INVENTORY_COMMAND);
        gl_buf_u8(out, 0); /* not state-aware: few readers are */
        size_t p = gl_llrp_begin(out, GL_LLRP_C1G2_SINGULATION_CONTROL);
        gl_buf_u8(out, (uint8_t)(plan->session << 6));
        gl_buf_u16(out, TAG_POPULATION);
        gl_buf_u32(out, 0); /* transit time: not told */
        gl_llrp_end(out, p);
        gl_llrp_end(out, command);
    }
    gl_llrp_end(out, antenna);
}

static void put_inventory(const struct gl_llrp_plan *plan, struct gl_buf *out) {
    size_t ai = gl_llrp_begin(out, GL_LLRP_AI_SPEC);
    gl_buf_u16(out, 1); /* so many antenna ids */
    gl_buf_u16(out, 0); /* 0 = all */
    size_t p = gl_llrp_begin(out, GL_LLRP_AI_SPEC_STOP_TRIGGER);
    gl_buf_u8(out, STOP_NEVER);
    gl_buf_u32(out, 0);
    gl_llrp_end(out, p);
    p = gl_llrp_begin(out, GL_LLRP_INVENTORY_PARAMETER_SPEC);
    gl_buf_u16(out, INVENTORY_SPEC);
    gl_buf_u8(out, GEN2);
    put_antenna_configuration(plan, out);
    gl_llrp_end(out, p);
    gl_llrp_end(out, ai);
}

static void put_report(const struct gl_llrp_plan *plan, struct gl_buf *out) {
    size_t report = gl_llrp_begin(out, GL_LLRP_RO_REPORT_SPEC);
    gl_buf_u8(out, REPORT_AFTER_N_TAGS);
    gl_buf_u16(out, 1);
    size_t content = gl_llrp_begin(out, GL_LLRP_TAG_REPORT_CONTENT_SELECTOR);
    gl_buf_u16(out, CONTENT);
    if (plan->pc_words) {
        size_t p = gl_llrp_begin(out, GL_LLRP_C1G2_EPC_MEMORY_SELECTOR);
        gl_buf_u8(out, PC_WORDS);
        gl_llrp_end(out, p);
    }
    gl_llrp_end(out, content);
    gl_llrp_end(out, report);
}

void gl_llrp_compose_rospec(const struct gl_llrp_plan *plan, uint32_t id, struct gl_buf *out) {
    size_t m = gl_llrp_begin_message(out, GL_LLRP_ADD_ROSPEC, id);
    size_t spec = gl_llrp_begin(out, GL_LLRP_ROSPEC);
    gl_buf_u32(out, plan->rospec);
    gl_buf_u8(out, 0); /* the highest priority */
    gl_buf_u8(out, 0); /* disabled, as it must be when it is added */
    put_boundary(out);
    put_inventory(plan, out);
    put_report(plan, out);
    gl_llrp_end(out, spec);
    gl_llrp_end_message(out, m);
}

/* Of every tag (an empty mask), for ever: the first words of its TID bank, without a password.
 *
 *     AccessSpec 207            id, antenna 0 = all, disabled, the ROSpec
 *       AccessSpecStopTrigger 208   never: one that counts reads the TID of the first tags and then of none
 *       AccessCommand 209
 *         C1G2TagSpec 338
 *           C1G2TargetTag 339         bank EPC, mask and data of no bits
 *         C1G2Read 341              bank TID, from word 0
 *       AccessReportSpec 239        with the tag */
static void put_access_command(const struct gl_llrp_plan *plan, struct gl_buf *out) {
    size_t command = gl_llrp_begin(out, GL_LLRP_ACCESS_COMMAND);
    size_t tags = gl_llrp_begin(out, GL_LLRP_C1G2_TAG_SPEC);
    size_t p = gl_llrp_begin(out, GL_LLRP_C1G2_TARGET_TAG);
    gl_buf_u8(out, BANK_EPC << 6 | MATCH);
    gl_buf_u16(out, EPC_AT_BIT);
    gl_buf_u16(out, 0); /* bits of the mask */
    gl_buf_u16(out, 0); /* and of what it is held against */
    gl_llrp_end(out, p);
    gl_llrp_end(out, tags);
    p = gl_llrp_begin(out, GL_LLRP_C1G2_READ);
    gl_buf_u16(out, GL_LLRP_READ_TID);
    gl_buf_u32(out, 0); /* password */
    gl_buf_u8(out, BANK_TID << 6);
    gl_buf_u16(out, 0); /* from word */
    gl_buf_u16(out, plan->tid_words);
    gl_llrp_end(out, p);
    gl_llrp_end(out, command);
}

void gl_llrp_compose_access_spec(const struct gl_llrp_plan *plan, uint32_t id, struct gl_buf *out) {
    size_t m = gl_llrp_begin_message(out, GL_LLRP_ADD_ACCESSSPEC, id);
    size_t spec = gl_llrp_begin(out, GL_LLRP_ACCESS_SPEC), p;
    gl_buf_u32(out, GL_LLRP_READ_TID);
    gl_buf_u16(out, 0); /* all antennas */
    gl_buf_u8(out, GEN2);
    gl_buf_u8(out, 0); /* disabled, as it must be when it is added */
    gl_buf_u32(out, plan->rospec);
    p = gl_llrp_begin(out, GL_LLRP_ACCESS_SPEC_STOP_TRIGGER);
    gl_buf_u8(out, STOP_NEVER);
    gl_buf_u16(out, 0);
    gl_llrp_end(out, p);
    put_access_command(plan, out);
    p = gl_llrp_begin(out, GL_LLRP_ACCESS_REPORT_SPEC);
    gl_buf_u8(out, WITH_THE_TAG);
    gl_llrp_end(out, p);
    gl_llrp_end(out, spec);
    gl_llrp_end_message(out, m);
}

void gl_llrp_compose_enable_access(const struct gl_llrp_plan *plan GL_UNUSED, uint32_t id, struct gl_buf *out) {
    gl_llrp_put_u32(out, GL_LLRP_ENABLE_ACCESSSPEC, id, GL_LLRP_READ_TID);
}

void gl_llrp_compose_enable(const struct gl_llrp_plan *plan, uint32_t id, struct gl_buf *out) {
    gl_llrp_put_u32(out, GL_LLRP_ENABLE_ROSPEC, id, plan->rospec);
}
